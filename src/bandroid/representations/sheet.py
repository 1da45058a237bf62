"""A song as a sheet of cells: bars by parts, each cell the notes that one part plays in one bar.

The sheet is the normal form behind the `score` tokens: everything that the tokens can say, and nothing else. Onsets
lie at 12 per quarter, lengths in 16 classes, velocities in 16 classes with one typical value each per part, drums
have no length, and a part plays each pitch at most once per onset. Parts are real parts, never merged into
families: drums first, then bass, then the others in their own order.

A note is one int64 code, so that sorting, joining and comparing cells are plain integer work:
((((bar * parts + part) * 192 + position) * 128 + pitch) * 16 + length class) * 16 + velocity class.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bandroid.music.clock import bar_grid, tick_to_second
from bandroid.music.general_midi import program_name
from bandroid.music.notes import Notes
from bandroid.music.quantize import round_half_up
from bandroid.music.song import MetreChange, Part, Song, TempoChange

TICKS_PER_QUARTER = 12
"""the grid: 16ths and triplets of 8ths and 16ths fall on it exactly"""
LENGTH_CLASSES_TICK = np.array([1, 2, 3, 4, 6, 8, 9, 12, 15, 18, 24, 36, 48, 72, 96, 144])
"""note lengths, in 1/12 of a quarter: from a 32nd triplet to three bars of 4/4"""
DRUM_LENGTH_TICK = 3
"""what a drum hit is written as: a 16th; the sheet itself keeps no length for drums"""
N_POSITIONS = 192
"""the longest bar: four whole notes"""
TEMPO_RANGE_QPM = (10, 400)
MAX_BARS = 60_000

CELL = N_POSITIONS * 128 * 256
"""a note's code modulo CELL says where in its cell it stands and how it sounds"""
_BASS_PROGRAMS = range(32, 40)


@dataclass(frozen=True, slots=True)
class SheetPart:
    """Who plays: a General MIDI program, and how hard."""

    program: int
    is_drum: bool
    velocities: tuple[int, ...]
    """this part's typical velocity of each class that it uses, ascending"""


@dataclass(frozen=True, slots=True)
class SheetBar:
    """One bar's frame."""

    numerator: int
    denominator: int
    length_tick: int
    """shorter than the metre's in a pickup, or where a new metre cuts the bar"""
    tempo_qpm: int

    @property
    def full_length_tick(self) -> int:
        return 4 * TICKS_PER_QUARTER * self.numerator // self.denominator


@dataclass(frozen=True, slots=True, eq=False)
class Sheet:
    """A song in normal form; `notes` int64[N] holds sorted, distinct codes."""

    parts: tuple[SheetPart, ...]
    bars: tuple[SheetBar, ...]
    notes: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Loss:
    """What the sheet could not keep of a song, in counts of notes."""

    n_notes: int
    n_off_grid: int
    """onsets more than a quarter of a grid step (1/48 quarter) away from the grid"""
    n_merged: int
    """notes that fell on another of the same part, onset and pitch"""
    n_length_changed: int
    """pitched notes whose length moved by more than a quarter of itself"""


def sheet_and_loss(song: Song) -> tuple[Sheet, Loss]:
    """Bring a song into normal form and count what that costs.

    Raises ValueError for a song without notes or of more than 60,000 bars.
    """
    parts = [song.parts[index] for index in score_order(song.parts)]
    if not parts:
        raise ValueError("a song without notes has no score")
    sizes = [len(part.notes) for part in parts]
    index = np.repeat(np.arange(len(parts)), sizes)
    is_drum = np.repeat([part.is_drum for part in parts], sizes)
    pitch = np.concatenate([part.notes.pitch for part in parts])
    velocity = np.concatenate([part.notes.velocity for part in parts])

    scale = TICKS_PER_QUARTER / song.ticks_per_quarter
    exact = np.concatenate([part.notes.onset_tick for part in parts]) * scale
    onset = round_half_up(exact)
    shift = np.abs(exact - onset)
    bar_onset, bars = _bars(song, onset)
    bar = np.searchsorted(bar_onset, onset, side="right") - 1

    exact_length = np.concatenate([part.notes.length_tick for part in parts]) * scale
    length_class = np.searchsorted(_LENGTH_BORDERS, exact_length)
    length_class[is_drum] = 0
    length_error = np.abs(LENGTH_CLASSES_TICK[length_class] - exact_length)
    velocity_class = velocity // 8

    code = (((bar * len(parts) + index) * N_POSITIONS + onset - bar_onset[bar]) * 128 + pitch) * 256
    code += length_class * 16 + velocity_class
    code.sort()
    # Of notes on one onset and pitch the last in order, the longest, stays.
    stays = np.append(np.diff(code >> 8) != 0, True)
    loss = Loss(
        n_notes=int(code.size),
        n_off_grid=int(np.count_nonzero(shift > 0.25 + 1e-9)),
        n_merged=int(code.size - np.count_nonzero(stays)),
        n_length_changed=int(np.count_nonzero(~is_drum & (length_error > 0.25 * exact_length))),
    )
    notes = code[stays]
    return Sheet(_sheet_parts(parts, index, velocity, notes), bars, notes), loss


def score_order(parts: Sequence[Part]) -> list[int]:
    """Return which parts a sheet holds, in its order: those with notes; drums, then bass, then the others."""
    heard = [index for index, part in enumerate(parts) if len(part.notes)]
    return sorted(
        heard, key=lambda index: 0 if parts[index].is_drum else 1 if parts[index].program in _BASS_PROGRAMS else 2
    )


# Half way between two classes, a length belongs to the shorter.
_LENGTH_BORDERS = (LENGTH_CLASSES_TICK[1:] + LENGTH_CLASSES_TICK[:-1]) / 2


def _sheet_parts(
    parts: list[Part], index: NDArray[np.int64], velocity: NDArray[np.int64], notes: NDArray[np.int64]
) -> tuple[SheetPart, ...]:
    """Find each part's typical velocities: per class the most frequent one, the softer of two."""
    counts = np.bincount(index * 128 + velocity, minlength=128 * len(parts)).reshape(-1, 16, 8)
    typical = counts.argmax(axis=2) + 8 * np.arange(16)
    # Only classes that the notes of the sheet use: merging may have dropped the only note of one.
    part = notes // CELL % len(parts)
    used = np.bincount(part * 16 + notes % 16, minlength=16 * len(parts)).reshape(-1, 16) > 0
    return tuple(SheetPart(p.program, p.is_drum, tuple(typical[i, used[i]].tolist())) for i, p in enumerate(parts))


def _bars(song: Song, onset: NDArray[np.int64]) -> tuple[NDArray[np.int64], tuple[SheetBar, ...]]:
    """Lay bars on the grid, up to the one that holds the last onset.

    Returns int64[bars], the grid ticks at which they begin, and the bars.
    """
    if any(48 * m.numerator > N_POSITIONS * m.denominator for m in song.metres):
        song = Song(song.ticks_per_quarter, song.parts, song.tempos, _shortened(song.metres))
    last_tick = max(int(part.notes.onset_tick[-1]) for part in song.parts if len(part.notes))
    grid = bar_grid(song, last_tick + 4 * song.ticks_per_quarter)
    start = round_half_up(grid.onset_tick * (TICKS_PER_QUARTER / song.ticks_per_quarter))
    keep = np.flatnonzero(np.diff(start) > 0)
    keep = keep[: int(np.searchsorted(start[keep], onset.max(), side="right"))]
    if keep.size > MAX_BARS:
        raise ValueError(f"a song of {keep.size} bars is too long for a score")
    length = np.diff(start)[keep]
    second = tick_to_second(song, grid.onset_tick)
    quarters = np.diff(grid.onset_tick)[keep] / song.ticks_per_quarter
    tempo = round_half_up(np.clip(60 * quarters / np.diff(second)[keep], *TEMPO_RANGE_QPM))
    bars = [
        _bar(n, d, ticks, qpm)
        for n, d, ticks, qpm in zip(
            grid.numerator[keep].tolist(),
            grid.denominator[keep].tolist(),
            length.tolist(),
            tempo.tolist(),
            strict=True,
        )
    ]
    # Nothing follows the last bar that could cut it short.
    last = bars[-1]
    bars[-1] = SheetBar(last.numerator, last.denominator, last.full_length_tick, last.tempo_qpm)
    return start[keep], tuple(bars)


def _bar(numerator: int, denominator: int, length_tick: int, tempo_qpm: int) -> SheetBar:
    """Frame a bar; a metre whose bars are not whole on the grid becomes the next longer one in 16ths."""
    if 16 % denominator:
        numerator, denominator = -(-length_tick // 3), 16
    return SheetBar(numerator, denominator, length_tick, tempo_qpm)


def _shortened(metres: tuple[MetreChange, ...]) -> tuple[MetreChange, ...]:
    """Read bars that are longer than a sheet's bar can be as 4/4."""
    return tuple(
        MetreChange(m.onset_tick, 4, 4) if 48 * m.numerator > N_POSITIONS * m.denominator else m for m in metres
    )


def song_from_sheet(sheet: Sheet) -> Song:
    """Write a sheet out as a song at 12 ticks per quarter."""
    bar_onset = np.concatenate([[0], np.cumsum([bar.length_tick for bar in sheet.bars])])
    metres: list[MetreChange] = []
    tempos: list[TempoChange] = []
    before: SheetBar | None = None
    for onset_tick, bar in zip(bar_onset.tolist(), sheet.bars, strict=False):
        same_metre = before and (before.numerator, before.denominator) == (bar.numerator, bar.denominator)
        if not (before and same_metre and before.length_tick == before.full_length_tick):
            metres.append(MetreChange(onset_tick, bar.numerator, bar.denominator))
        if not before or before.tempo_qpm != bar.tempo_qpm:
            tempos.append(TempoChange(onset_tick, float(bar.tempo_qpm)))
        before = bar
    cell, inside = np.divmod(sheet.notes, CELL)
    bar_index, part_index = np.divmod(cell, len(sheet.parts))
    onset = bar_onset[bar_index] + inside // (128 * 256)
    pitch = inside // 256 % 128
    parts = []
    names = part_names([(part.program, part.is_drum) for part in sheet.parts])
    for i, part in enumerate(sheet.parts):
        mine = part_index == i
        length = LENGTH_CLASSES_TICK[inside[mine] // 16 % 16]
        if part.is_drum:
            length = np.full_like(length, DRUM_LENGTH_TICK)
        velocity = np.zeros(16, dtype=np.int64)
        velocity[[v // 8 for v in part.velocities]] = part.velocities
        parts.append(
            Part(
                name=names[i],
                program=part.program,
                is_drum=part.is_drum,
                notes=Notes(onset[mine], length, pitch[mine], velocity[inside[mine] % 16]),
            )
        )
    return Song(TICKS_PER_QUARTER, tuple(parts), tuple(tempos), tuple(metres))


def part_names(players: Sequence[tuple[int, bool]]) -> list[str]:
    """Name parts by (program, whether drums), equal ones by number: Celesta, Celesta #2."""
    plain = [program_name(program, is_drum) for program, is_drum in players]
    numbers = [plain[: i + 1].count(name) for i, name in enumerate(plain)]
    return [name if number == 1 else f"{name} #{number}" for name, number in zip(plain, numbers, strict=True)]
