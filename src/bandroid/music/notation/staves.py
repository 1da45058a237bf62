"""Put a part on its staves: clef, hands, voices, and each voice bar by bar."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bandroid.music.choir import TENOR, voice_named
from bandroid.music.notation.drum_staff import FEET, DrumPlace, drum_places
from bandroid.music.notation.metre_shape import WRITTEN_TICKS
from bandroid.music.notation.note_values import Bar, Stretch, Value, write_hits, write_voice
from bandroid.music.notation.paper import Paper, WrittenNotes
from bandroid.music.notation.spelling import Spelling, spell
from bandroid.music.notation.voices import Chord, Voices, assign_hands, split_feet, split_voices
from bandroid.music.song import Part


@dataclass(frozen=True, slots=True)
class Clef:
    """A clef, and the pitch in the middle of its staff."""

    sign: str
    line: int
    octave_change: int
    middle_pitch: int


TREBLE, BASS, ALTO = Clef("G", 2, 0, 71), Clef("F", 4, 0, 50), Clef("C", 3, 0, 60)
TREBLE_8, BASS_8 = Clef("G", 2, -1, 59), Clef("F", 4, -1, 38)
HIGH_TREBLE = Clef("G", 2, 1, 83)
PERCUSSION = Clef("percussion", 2, 0, 71)

_KEYBOARDS = frozenset([*range(9), *range(16, 22), 23, 46])
_ORCHESTRAL = frozenset([12, *range(48, 55), *range(80, 104)])
"""sounds that a keyboard player holds chords with: two staves where one would be crowded with ledger lines"""
_HAND_SEMITONE = 14
"""a ninth: what a hand spans"""
_COMFORT_SEMITONE = 9
"""what lies this far from a staff's middle needs no more than one ledger line"""


@dataclass(frozen=True, slots=True)
class Staff:
    """One staff of a part: per bar up to two voices of written values."""

    clef: Clef
    bars: tuple[tuple[list[Value], list[Value]], ...]


@dataclass(frozen=True, slots=True)
class StavedPart:
    """A part on paper."""

    notes: WrittenNotes
    staves: tuple[Staff, ...]
    spellings: tuple[Spelling, ...]
    """per note; () for drums"""
    drums: dict[int, DrumPlace]
    """per pitch of a drum part its place; {} for other parts"""


def stave_part(part: Part, paper: Paper, keys: Sequence[tuple[int, bool]]) -> StavedPart:
    """Put a part on paper; `keys` are (fifths, is_minor) per bar."""
    if part.is_drum:
        notes = paper.write_drums(part.notes)
        pitch = notes.pitch.tolist()
        voices = split_feet(notes.onset.tolist(), pitch, FEET)
        staff = Staff(PERCUSSION, _write_bars(voices, paper, is_drum=True))
        return StavedPart(notes, (staff,), (), drum_places(pitch))
    notes = paper.write(part.notes)
    onset, end, pitch = notes.onset.tolist(), notes.end.tolist(), notes.pitch.tolist()
    single = TREBLE_8 if voice_named(part.name) == TENOR else _clef(part.program, notes.pitch)
    if _needs_two_staves(part.program, notes, single):
        hand = assign_hands(onset, pitch)
        members = [np.flatnonzero(hand == staff).tolist() for staff in (0, 1)]
        clefs = [TREBLE, BASS]
    else:
        members, clefs = [list(range(len(pitch)))], [single]
    both = [split_voices(onset, end, pitch, chosen) for chosen in members]
    return StavedPart(
        notes,
        tuple(Staff(clef, _write_bars(voices, paper, is_drum=False)) for clef, voices in zip(clefs, both, strict=True)),
        _spell_lines([line for voices in both for line in voices], pitch, paper.bar_at(notes.onset).tolist(), keys),
        {},
    )


def stave_pair(parts: Sequence[Part], clef: Clef, paper: Paper, keys: Sequence[tuple[int, bool]]) -> StavedPart:
    """Put two voices on one staff, as hymn books do: the first with its stems up, the second with its stems down.

    `keys` are (fifths, is_minor) per bar. Each voice is one line; a note that another overlaps ends there.
    """
    written = [paper.write(part.notes) for part in parts]
    whose = np.repeat(np.arange(len(parts)), [one.onset.size for one in written])
    onset, end, pitch, velocity = (
        np.concatenate([getattr(one, name) for one in written]) for name in ("onset", "end", "pitch", "velocity")
    )
    order = np.argsort(onset, kind="stable")
    notes = WrittenNotes(onset[order], end[order], pitch[order], velocity[order])
    voices: Voices = ([], [])
    for index in np.lexsort((notes.pitch, notes.onset)).tolist():
        line, start = voices[int(whose[order[index]])], int(notes.onset[index])
        if line and line[-1].start == start:
            continue
        if line and line[-1].end > start:
            line[-1] = line[-1]._replace(end=start)
        line.append(Chord(start, int(notes.end[index]), (index,)))
    staff = Staff(clef, _write_bars(voices, paper, is_drum=False))
    spellings = _spell_lines(voices, notes.pitch.tolist(), paper.bar_at(notes.onset).tolist(), keys)
    return StavedPart(notes, (staff,), spellings, {})


def _clef(program: int, pitch: NDArray[np.int64]) -> Clef:
    """Choose the clef with the fewest ledger lines; an instrument that has one of its own keeps it if it can."""
    own: Clef | None = None
    if 24 <= program < 32:
        own = TREBLE_8
    elif 32 <= program < 40 or program == 43:
        own = BASS_8
    elif program == 41:
        own = ALTO
    clefs = [(own, 0.0)] if own else []
    # Semitones of ledger lines a note that another clef must save: a guitarist reads low E on three lines.
    stranger = 10.0 if own else 0.0
    clefs += [(TREBLE, stranger), (BASS, stranger), (HIGH_TREBLE, stranger + 4.0), (BASS_8, stranger + 4.0)]
    return min(clefs, key=lambda choice: _ledger_cost(choice[0], pitch) + choice[1])[0]


def _ledger_cost(clef: Clef, pitch: NDArray[np.int64]) -> float:
    away = np.abs(pitch - clef.middle_pitch) - _COMFORT_SEMITONE
    return float(np.maximum(away, 0).mean()) if pitch.size else 0.0


def _needs_two_staves(program: int, notes: WrittenNotes, single: Clef) -> bool:
    """Say whether both hands of a keyboard player are busy: wide chords, or two lines far apart."""
    if not notes.pitch.size or (program not in _KEYBOARDS and program not in _ORCHESTRAL):
        return False
    # A hand of its own has at least every eighth note.
    if np.mean(notes.pitch < 57) < 0.125 or np.mean(notes.pitch > 62) < 0.125:
        return False
    if _wide_share(notes) < 0.25:
        return False
    return _ledger_cost(single, notes.pitch) > (0.75 if program in _KEYBOARDS else 2.0)


def _wide_share(notes: WrittenNotes) -> float:
    """Return the share of quarters in which more sounds than one hand spans; a line that wanders is not wide."""
    first, last = notes.onset // WRITTEN_TICKS, (notes.end - 1) // WRITTEN_TICKS
    lowest, highest = np.full(int(last.max()) + 1, 128), np.full(int(last.max()) + 1, -1)
    for later in range(4):  # of a held note, a whole note's worth of quarters is enough to know
        slot = np.minimum(first + later, last)
        np.minimum.at(lowest, slot, notes.pitch)
        np.maximum.at(highest, slot, notes.pitch)
    spans = (highest - lowest)[highest >= 0]
    return float(np.mean(spans > _HAND_SEMITONE))


def _write_bars(voices: Voices, paper: Paper, is_drum: bool) -> tuple[tuple[list[Value], list[Value]], ...]:
    upper, lower = (_stretches(voice, paper) for voice in voices)
    written = []
    write = write_hits if is_drum else write_voice
    for high, low, bar in zip(upper, lower, paper.bars, strict=True):
        if not is_drum and not high and low and not any(s.is_tied_from or s.is_tied_on for s in low):
            high, low = low, high
        frame = Bar(bar.length, bar.skip, bar.shape)
        written.append((write(high, frame) if high else [], write(low, frame) if low else []))
    return tuple(written)


def _stretches(voice: Sequence[Chord], paper: Paper) -> list[list[Stretch]]:
    """Cut a voice at the bar lines."""
    by_bar: list[list[Stretch]] = [[] for _ in paper.bars]
    if not voice:
        return by_bar
    firsts = paper.bar_at(np.array([chord.start for chord in voice])).tolist()
    for (start, end, notes), first in zip(voice, firsts, strict=True):
        index = first
        while True:
            bar = paper.bars[index]
            stop = bar.onset + bar.length
            by_bar[index].append(
                Stretch(max(start - bar.onset, 0), min(end, stop) - bar.onset, notes, index > first, end > stop)
            )
            if end <= stop:
                break
            index += 1
    return by_bar


def _spell_lines(
    lines: Sequence[Sequence[Chord]], pitch: Sequence[int], bar_of: Sequence[int], keys: Sequence[tuple[int, bool]]
) -> tuple[Spelling, ...]:
    """Spell each note by its key and by the note of its line that follows a semitone away."""
    spelled: list[Spelling] = [Spelling("C", 0, 4)] * len(pitch)
    known: dict[tuple[int, int, bool, int | None], Spelling] = {}
    for line in lines:
        for number, chord in enumerate(line):
            following = {pitch[i] for i in line[number + 1].notes} if number + 1 < len(line) else set()
            fifths, is_minor = keys[bar_of[chord.notes[0]]]
            for i in chord.notes:
                leads_to = next((p for p in (pitch[i] + 1, pitch[i] - 1) if p in following), None)
                case = (pitch[i], fifths, is_minor, leads_to)
                if case not in known:
                    known[case] = spell(*case)
                spelled[i] = known[case]
    return tuple(spelled)
