"""A band's habits: how much it rests, how long it loops, how often it strikes one pitch in a row.

Measured on songs they say what is usual; measured on a new piece they say whether it went silent or got stuck.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, get_type_hints

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bandroid.representations.sheet import CELL, Sheet

LOOP_PERIODS_BAR = (1, 2, 4, 8)
"""loops are looked for at these distances"""
EARLY_BARS = 32
"""songs differ in length, and a longer one has more to come back to: so new material is counted up to here"""


@dataclass(frozen=True, slots=True)
class Habits:
    """What one song does."""

    silent_share: float
    """share of cells (one part in one bar) without a note"""
    longest_rest_bars: int
    """longest stretch of bars in which nobody plays"""
    longest_loop_bars: int
    """longest stretch of bars that repeats the whole band's bars of 1, 2, 4 or 8 bars before, note for note"""
    longest_part_loop_bars: int
    """the same within one pitched part"""
    longest_pitch_run: int
    """longest run of notes of one and the same pitch in a pitched part"""
    notes_per_bar: float
    new_share: float
    """share of sounding cells, in the first 32 bars, that no earlier cell of the part equals"""

    def as_json(self) -> dict[str, float]:
        """Return plain data; shares to four digits, since the last bits of a mean differ between machines."""
        return {name: round(value, 4) for name, value in asdict(self).items()}

    @classmethod
    def from_json(cls, table: Mapping[str, Any]) -> Habits:
        """Read plain data back; raises ValueError where it does not fit."""
        kinds = get_type_hints(cls)
        if set(table) != set(kinds) or not all(isinstance(value, int | float) for value in table.values()):
            raise ValueError(f"not a song's habits: {table}")
        return cls(**{name: kinds[name](value) for name, value in table.items()})


def measure(sheet: Sheet) -> Habits:
    """Measure one song."""
    n_parts, n_bars = len(sheet.parts), len(sheet.bars)
    cell, inside = np.divmod(sheet.notes, CELL)
    contents = _content_numbers(sheet)
    sounding: NDArray[np.bool_] = contents > 0
    early = contents[:, :EARLY_BARS]
    pitched = [index for index, part in enumerate(sheet.parts) if not part.is_drum]
    runs = [longest_run(inside[cell % n_parts == index] // 256 % 128) for index in pitched]
    return Habits(
        silent_share=float(1 - sounding.mean()),
        longest_rest_bars=_longest_stretch(np.logical_not(sounding.any(axis=0))),
        longest_loop_bars=_longest_loop(contents),
        longest_part_loop_bars=max((_longest_loop(contents[[index]]) for index in pitched), default=0),
        longest_pitch_run=max(runs, default=0),
        notes_per_bar=sheet.notes.size / n_bars,
        new_share=sum(np.unique(row[row > 0]).size for row in early) / max(int(np.count_nonzero(early)), 1),
    )


def _content_numbers(sheet: Sheet) -> NDArray[np.int64]:
    """Return int64[parts, bars]: equal numbers for equal cells of a part, 0 for silence."""
    numbers = np.zeros((len(sheet.parts), len(sheet.bars)), dtype=np.int64)
    cell, inside = np.divmod(sheet.notes, CELL)
    first = np.flatnonzero(np.append(True, np.diff(cell) != 0))
    known: dict[bytes, int] = {}
    for start, stop in zip(first.tolist(), [*first[1:].tolist(), cell.size], strict=True):
        bar, part = divmod(int(cell[start]), len(sheet.parts))
        numbers[part, bar] = known.setdefault(inside[start:stop].tobytes(), len(known) + 1)
    return numbers


def _longest_loop(contents: NDArray[np.int64]) -> int:
    """Return the longest stretch of sounding bars that equal the bars one period before."""
    sounding = np.asarray(contents.any(axis=0))
    longest = 0
    for period in LOOP_PERIODS_BAR:
        repeats = np.equal(contents[:, period:], contents[:, :-period]).all(axis=0)
        longest = max(longest, _longest_stretch(repeats & sounding[period:]))
    return longest


def longest_run(values: NDArray[np.int64]) -> int:
    """Return the longest run of equal values: [60, 60, 62] -> 2."""
    return _longest_stretch(np.diff(values) == 0) + 1 if values.size else 0


def longest_chord_run(onset: NDArray[np.int64], pitch: NDArray[np.int64]) -> int:
    """Return the longest run of onsets that strike the same: C E, C E, C F -> 2. Sorted by onset, then pitch."""
    if not onset.size:
        return 0
    first = np.flatnonzero(np.diff(onset, prepend=-1))
    chords = [chord.tobytes() for chord in np.split(pitch, first[1:])]
    known = {chord: number for number, chord in enumerate(dict.fromkeys(chords))}
    return longest_run(np.array([known[chord] for chord in chords], dtype=np.int64))


def _longest_stretch(flags: ArrayLike) -> int:
    """Return the longest run of True in bool[N]."""
    padded = np.pad(np.asarray(flags, dtype=np.int8), 1)
    step = np.diff(padded)
    return int((np.flatnonzero(step == -1) - np.flatnonzero(step == 1)).max(initial=0))
