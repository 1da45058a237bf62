"""How much of a song repeats: bar by bar, part by part.

A part-bar is what one part plays in one bar. It repeats where an earlier bar of the same part has the same pitches at
the same places (on twelfths of a quarter); its lengths and velocities are not looked at. With transposition, it also
repeats where only the height differs; drums have no height.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bandroid.music.clock import BarGrid, bar_grid
from bandroid.music.song import Song
from bandroid.music.table import UNITS_PER_QUARTER, note_table


@dataclass(frozen=True, slots=True)
class PartRepeats:
    """The part-bars of one part that are not silent, and how many of them repeat."""

    n_bars: int
    n_repeats: int
    n_repeats_transposed: int
    """exact repeats included"""
    n_notes: int
    """one per onset and pitch"""
    n_notes_in_repeats: int
    n_notes_in_repeats_transposed: int

    def __add__(self, other: PartRepeats) -> PartRepeats:
        return PartRepeats(
            self.n_bars + other.n_bars,
            self.n_repeats + other.n_repeats,
            self.n_repeats_transposed + other.n_repeats_transposed,
            self.n_notes + other.n_notes,
            self.n_notes_in_repeats + other.n_notes_in_repeats,
            self.n_notes_in_repeats_transposed + other.n_notes_in_repeats_transposed,
        )

    @property
    def bar_share(self) -> float:
        """Share of part-bars that repeat exactly, 0 to 1."""
        return self.n_repeats / max(self.n_bars, 1)

    @property
    def bar_share_transposed(self) -> float:
        """Share of part-bars that repeat exactly or transposed."""
        return self.n_repeats_transposed / max(self.n_bars, 1)

    @property
    def note_share(self) -> float:
        """Share of notes in part-bars that repeat exactly."""
        return self.n_notes_in_repeats / max(self.n_notes, 1)

    @property
    def note_share_transposed(self) -> float:
        """Share of notes in part-bars that repeat exactly or transposed."""
        return self.n_notes_in_repeats_transposed / max(self.n_notes, 1)


NO_REPEATS = PartRepeats(0, 0, 0, 0, 0, 0)


def part_repeats(song: Song, grid: BarGrid | None = None) -> tuple[PartRepeats, ...]:
    """Count the repeats of each part, in the song's metre."""
    grid = bar_grid(song) if grid is None else grid
    edge = (grid.onset_tick * (2 * UNITS_PER_QUARTER) + song.ticks_per_quarter) // (2 * song.ticks_per_quarter)
    table = note_table(song)
    bar = np.clip(np.searchsorted(edge, table.onset_unit, side="right") - 1, 0, grid.n_bars - 1)
    code = (table.onset_unit - edge[bar]) * 128 + table.pitch
    counts = []
    for index in range(table.n_parts):
        rows = slice(table.first_row[index], table.first_row[index + 1])
        counts.append(_count(bar[rows], code[rows], bool(table.is_drum[index])))
    return tuple(counts)


def _count(bar: NDArray[np.int64], code: NDArray[np.int64], is_drum: bool) -> PartRepeats:
    """Count over one part's notes, sorted by time: their bars, and 128 x place in the bar + pitch."""
    if not bar.size:
        return NO_REPEATS
    starts = np.flatnonzero(np.append(True, bar[1:] != bar[:-1])).tolist()
    seen: set[bytes] = set()
    seen_shapes: set[bytes] = set()
    count = NO_REPEATS
    for start, stop in zip(starts, [*starts[1:], bar.size], strict=True):
        content = np.unique(code[start:stop])
        shape = content if is_drum else content - content[0] % 128
        exact, transposed = content.tobytes() in seen, shape.tobytes() in seen_shapes
        seen.add(content.tobytes())
        seen_shapes.add(shape.tobytes())
        size = content.size
        count += PartRepeats(1, exact, transposed, size, exact * size, transposed * size)
    return count
