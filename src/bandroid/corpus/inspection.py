"""What is in a song, as facts to print: parts and their roles, metre, tempo, key, chords, repeats, and what is lost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import groupby
from typing import Any

import numpy as np

from bandroid.corpus.roles import PartRole
from bandroid.music.clock import BarGrid, bar_grid, duration_second, tempo_at
from bandroid.music.general_midi import program_name
from bandroid.music.notes import Notes
from bandroid.music.song import KeyChange, Part, Song
from bandroid.music.theory import chord_symbols, estimate_key, key_name, polyphony
from bandroid.representations.sheet import TICKS_PER_QUARTER, Loss, sheet_and_loss

_NOTE_NAMES = ("C", "C#", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B")


@dataclass(frozen=True, slots=True)
class PartFacts:
    """One part."""

    name: str
    role: str
    why: str
    instrument: str
    program: int
    notes: int
    lowest: str
    """name of the lowest pitch, C4 is middle C; empty for drums and silence"""
    highest: str
    sounding_at_most: int
    sounding_mean: float
    repeat_share: float
    """share of its notes in bars that repeat one of its earlier bars, note for note"""


@dataclass(frozen=True, slots=True)
class SongFacts:
    """A song."""

    title: str
    bars: int
    seconds: float
    notes: int
    parts: tuple[PartFacts, ...]
    metres: tuple[str, ...]
    """in the order in which they come, each once"""
    tempos_qpm: tuple[float, float, float]
    """at the start, slowest, fastest"""
    key_stated: str
    key_heard: str
    key_sureness: float
    chords: tuple[str, ...]
    """those written, else those heard, one per change"""
    are_chords_written: bool
    sections: tuple[str, ...]
    repeat_share: float
    loss: LossFacts
    remarks: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True, slots=True)
class LossFacts:
    """What the score representation cannot keep, in notes."""

    notes: int = 0
    off_grid: int = 0
    merged: int = 0
    length_changed: int = 0

    def __add__(self, other: LossFacts) -> LossFacts:
        return LossFacts(
            self.notes + other.notes,
            self.off_grid + other.off_grid,
            self.merged + other.merged,
            self.length_changed + other.length_changed,
        )

    def sentence(self) -> str:
        """Say it in shares of the notes."""
        notes = max(self.notes, 1)
        return (
            f"{self.off_grid / notes:.1%} of notes stand off the grid of 12 per quarter, "
            f"{self.merged / notes:.1%} fall on another of their part, "
            f"{self.length_changed / notes:.1%} change their length by more than a quarter"
        )


def loss_facts(song: Song) -> LossFacts:
    """Count what writing a song as a score loses; nothing for a song without notes."""
    return _loss_facts(sheet_and_loss(song)[1]) if song.n_notes else LossFacts()


def inspect_song(song: Song, roles: Sequence[PartRole]) -> SongFacts:
    """Gather the facts of a song; `roles` holds one role per part."""
    grid = bar_grid(song)
    repeated = [_repeated_notes(part.notes, grid, song.ticks_per_quarter) for part in song.parts]
    key = estimate_key(song)
    tempos = [tempo_at(song, 0), *(change.tempo_qpm for change in song.tempos)]
    chords = [event.text for event in song.chords or chord_symbols(song)]
    metres = [f"{n}/{d}" for n, d in zip(grid.numerator.tolist(), grid.denominator.tolist(), strict=True)]
    return SongFacts(
        title=song.title,
        bars=grid.n_bars,
        seconds=round(duration_second(song), 3),
        notes=song.n_notes,
        parts=tuple(_part_facts(part, role, n) for part, role, n in zip(song.parts, roles, repeated, strict=True)),
        metres=tuple(dict.fromkeys(metres)),
        tempos_qpm=(round(tempos[0], 2), round(min(tempos), 2), round(max(tempos), 2)),
        key_stated=_key(song.keys[0]) if song.keys else "",
        key_heard=key.name if key else "",
        key_sureness=round(key.confidence, 2) if key else 0.0,
        chords=tuple(chord for chord, _ in groupby(chords)),
        are_chords_written=bool(song.chords),
        sections=tuple(marker.text for marker in song.markers),
        repeat_share=round(sum(repeated) / max(song.n_notes, 1), 4),
        loss=loss_facts(song),
        remarks=song.remarks,
    )


def _part_facts(part: Part, role: PartRole, n_repeated: int) -> PartFacts:
    voices = polyphony(part.notes)
    pitches = part.notes.pitch if len(part.notes) and not part.is_drum else None
    return PartFacts(
        name=part.name,
        role=role.role,
        why=role.why,
        instrument=program_name(part.program, part.is_drum),
        program=part.program,
        notes=len(part.notes),
        lowest=pitch_name(int(pitches.min())) if pitches is not None else "",
        highest=pitch_name(int(pitches.max())) if pitches is not None else "",
        sounding_at_most=voices.most,
        sounding_mean=round(voices.mean, 2),
        repeat_share=round(n_repeated / max(len(part.notes), 1), 4),
    )


def _repeated_notes(notes: Notes, grid: BarGrid, ticks_per_quarter: int) -> int:
    """Count the notes of bars that repeat an earlier bar of the part, onset for onset and pitch for pitch."""
    bar = grid.bar_of(notes.onset_tick)
    position = np.rint((notes.onset_tick - grid.onset_tick[bar]) * (TICKS_PER_QUARTER / ticks_per_quarter))
    content = position.astype(np.int64) * 128 + notes.pitch
    seen: set[bytes] = set()
    n_repeated = 0
    for cell in np.split(content, np.flatnonzero(np.diff(bar)) + 1):
        key = np.unique(cell).tobytes()
        n_repeated += cell.size if key in seen else 0
        seen.add(key)
    return n_repeated


def _loss_facts(loss: Loss) -> LossFacts:
    return LossFacts(loss.n_notes, loss.n_off_grid, loss.n_merged, loss.n_length_changed)


def pitch_name(pitch: int) -> str:
    """Name a pitch: 60 -> "C4"."""
    return f"{_NOTE_NAMES[pitch % 12]}{pitch // 12 - 1}"


def _key(change: KeyChange) -> str:
    """Name a key signature: two sharps, minor -> "B minor"."""
    tonic = (7 * change.fifths + 9 * change.is_minor) % 12
    return key_name(tonic, change.is_minor)
