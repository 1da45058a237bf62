"""What may tell the next note of a new cell: facts about its position, pitch, length and velocity.

Each kind of facts hashes itself into chains of contexts, the most telling fact first (generation/ngram.py); a net is
told the facts themselves (generation/features.py). -1 stands for nothing. generation/note_contexts.py finds them.
"""

from __future__ import annotations

from typing import NamedTuple

from bandroid.generation.cell_contexts import DRUM_FAMILY, Chains
from bandroid.generation.counts import hash_chain


class PositionFacts(NamedTuple):
    """What may tell where the next note stands, or that the cell ends; places in 1/12 of a quarter, -1 for none."""

    part: int
    family: int
    end: int
    """where the last onset's longest note ends"""
    last: int
    """the last onset"""
    chord: int
    """how many notes stand on it"""
    step: int
    """how far it is from the onset before"""
    chord_before: int
    step_before: int
    first: int
    """where the cell that the new one resembles most goes on; 999 where it ends"""
    second: int
    partner: int
    """the next onset of the part with the same rhythm"""
    likeness: int
    """how much the same, 0 to 3"""
    pitch: int
    """the last note's"""
    drums: tuple[int, ...]
    """of drums: the two notes before the last, as positions and pitches in one"""
    bar_length: int
    bar: int
    kick: int
    """where the bass drum strikes next; 999 where it does not"""

    def chains(self) -> Chains:
        """Contexts of: where the next note stands, or the end of the cell."""
        f, is_drum = self, self.family == DRUM_FAMILY
        if is_drum:
            lately = hash_chain(20, f.last, f.pitch, *f.drums)
        else:
            lately = hash_chain(19, f.family, f.end, f.last, f.chord, f.step, f.chord_before, f.step_before)
        return [
            lately,
            hash_chain(21, is_drum, f.first, f.second, f.last, f.chord),
            hash_chain(22, is_drum, f.partner, f.last, f.chord, f.chord_before, f.likeness),
            hash_chain(23, f.part, f.last, f.chord, f.end, f.chord_before, f.step, f.pitch),
            hash_chain(24, is_drum, f.likeness, f.partner, f.first, f.second),
            hash_chain(25, is_drum, f.end, f.chord, f.chord_before, f.first),
            hash_chain(26, f.last, f.bar % 8, f.pitch, f.part)
            if is_drum
            else hash_chain(27, f.kick, f.last, f.family, f.chord, f.end),
        ]


class PitchFacts(NamedTuple):
    """What may tell a pitch; pitches of others, -1 for none."""

    part: int
    family: int
    position: int
    n_here: int
    """how many notes of this onset are written"""
    lately: tuple[int, ...]
    """the last three notes; 1000 more where the line goes on from an earlier bar"""
    first: int
    """the next pitch of the cell that the new one resembles most; 200 more where it stands later"""
    second: int
    partner: int
    """what the part with the same rhythm plays here, else the neighbour"""
    bass: int
    voice: int
    """the note of the chord before that this one follows"""
    sequence: int
    """what would go on a sequence"""
    shared: int
    """how many intervals it shares with what it follows"""
    sounding: tuple[int, ...]
    """per pitch class from C, how many notes of the parts before sound at this position"""
    lately_sounded: tuple[int, ...]
    """per pitch class from C, how many notes of all parts the last eight bars have"""

    def chains(self) -> Chains:
        """Contexts of: a pitch."""
        f, in_chord, lately = self, self.n_here > 0, self.lately
        return [
            hash_chain(30, f.family, in_chord, *lately),
            hash_chain(31, in_chord, f.first, f.second, lately[0]),
            hash_chain(32, in_chord, f.partner, lately[0], f.family),
            hash_chain(33, f.part, in_chord, lately[0], lately[1], f.first),
            hash_chain(34, in_chord, f.bass, lately[0], f.family),
            hash_chain(35, f.n_here, lately[0], f.voice, f.first),
            hash_chain(36, in_chord, f.sequence, f.shared, lately[0]),
            hash_chain(37, in_chord, sum(bool(n) << tone for tone, n in enumerate(f.sounding)), lately[0], f.family),
        ]


class DrumFacts(NamedTuple):
    """What may tell a drum."""

    part: int
    position: int
    stack: int
    """the drums of this onset so far, as one number"""
    lately: tuple[int, ...]
    """the last three drums of earlier onsets; fewer at a cell's start"""
    last: int
    first: int
    second: int
    bar: int

    def chains(self) -> Chains:
        """Contexts of: a drum."""
        f = self
        return [
            hash_chain(40, f.stack, f.position % 12, f.position),
            hash_chain(41, f.first, f.second, f.stack),
            hash_chain(42, f.stack, *f.lately),
            hash_chain(43, f.first, f.position, f.stack, f.last),
            hash_chain(44, f.part, f.position, f.stack),
            hash_chain(45, f.position, f.stack, f.bar % 8, f.first),
        ]


class LengthFacts(NamedTuple):
    """What may tell a length class."""

    part: int
    family: int
    position: int
    pitch: int
    in_chord: bool
    lately: tuple[int, ...]
    first: int
    """the length in the cell that the new one resembles most"""
    second: int
    partner: int
    gap: int
    """how far the next onset of that cell is, 999 for the last"""
    partner_gap: int
    same_pitch: int
    """the length that this pitch had last"""
    left: int
    """how far the end of the bar is"""

    def chains(self) -> Chains:
        """Contexts of: a length class."""
        f, lately = self, self.lately
        return [
            hash_chain(50, f.family, f.in_chord, lately[0], lately[1], f.position, lately[2]),
            hash_chain(51, f.in_chord, f.first, lately[0], f.second, f.position),
            hash_chain(52, f.in_chord, f.partner, f.partner_gap, lately[0]),
            hash_chain(53, f.part, f.in_chord, lately[0], f.position, f.pitch),
            hash_chain(54, f.in_chord, lately[0], f.same_pitch, f.gap, f.first),
            hash_chain(55, f.position, f.in_chord, lately[0], f.pitch, f.family),
        ]


class VelocityFacts(NamedTuple):
    """What may tell a velocity class."""

    part: int
    family: int
    position: int
    pitch: int
    in_chord: bool
    lately: tuple[int, ...]
    """the last three; 20 more where the line goes on from an earlier bar"""
    first: int
    second: int
    same_pitch: tuple[int, ...]
    """the last two of this pitch; 30 more from an earlier bar"""
    n_typical: int
    loud: int
    middle: int

    def chains(self) -> Chains:
        """Contexts of: a velocity class."""
        f, lately = self, self.lately
        what = f.pitch if f.family == DRUM_FAMILY else f.family
        return [
            hash_chain(60, f.part, lately[0], lately[1], f.in_chord, lately[2]),
            hash_chain(61, f.part, f.first, f.second, lately[0], f.in_chord),
            hash_chain(62, f.part, what, *f.same_pitch, f.position % 12),
            hash_chain(63, f.part, f.position, f.pitch, lately[0]),
            hash_chain(64, f.n_typical, f.loud, f.middle, lately[0]),
            hash_chain(65, f.part, f.in_chord, f.same_pitch[0], f.first, f.pitch),
        ]
