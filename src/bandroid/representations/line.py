"""The `line` representation: one voice of a song on the grid of 16ths, with its bars, its key, and the chords above it.

    song's part -> swing taken out -> symbols and velocities (grid.py), bars, key, chords

What it keeps besides: loudness of every note, bars of any metre that are whole 16ths, swing as one number per pair of
eighths or 16ths (music/swing.py). What it loses: everything off the grid, all but the highest of several notes at once.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bandroid.errors import WishError
from bandroid.music.chords import read_chord
from bandroid.music.clock import bar_grid
from bandroid.music.song import Song
from bandroid.representations.grid import Grid, steps

MOST_SILENT_BARS = 2
"""a longer rest ends a stretch: whoever waits for the others says nothing of his own line"""
FEWEST_NOTES = 4
"""a stretch of fewer teaches nothing"""


@dataclass(frozen=True, slots=True, eq=False)
class Line:
    """T steps of one voice. Raises ValueError where arrays do not fit together."""

    symbols: NDArray[np.int32]
    """int32[T]: see grid.py"""
    velocity: NDArray[np.int32]
    """int32[T, voices]: 1 to 127 where a voice is struck, else 0"""
    bar_step: NDArray[np.int64]
    """int64[bars + 1]: the step at which each bar begins, from 0 on; the last one is the end of the last bar, at T or
    later"""
    chord: NDArray[np.int32]
    """int32[T]: number of the chord (music/chords.py), 0 for none"""
    tonic: int = 0
    """pitch class of the key's tonic, 0 (C) to 11 (B)"""
    is_minor: bool = False

    def __post_init__(self) -> None:
        n = self.symbols.size
        if self.velocity.shape[:1] != (n,) or self.chord.shape != (n,) or not 0 <= self.tonic < 12:
            raise ValueError("symbols, velocities and chords must have one length")
        if self.bar_step.size < 2 or self.bar_step[0] != 0 or self.bar_step[-1] < n or np.diff(self.bar_step).min() < 1:
            raise ValueError("bars must begin at step 0, one after another, up to the line's end")

    def __len__(self) -> int:
        return int(self.symbols.size)


def song_bar_steps(song: Song, n_steps: int) -> NDArray[np.int64]:
    """Return int64[bars + 1]: where a song's bars begin, in steps, until `n_steps` are covered."""
    end_tick = -(-max(n_steps, 1) * song.ticks_per_quarter // 4)
    onset = steps(bar_grid(song, end_tick).onset_tick, song.ticks_per_quarter)
    starts: NDArray[np.int64] = onset[np.append(True, np.diff(onset) > 0)]
    return starts


def song_chords(song: Song, n_steps: int) -> NDArray[np.int32]:
    """Return int32[n_steps]: the chord that a song's symbols name at each step, 0 where they name none."""
    chord = np.zeros(n_steps, dtype=np.int32)
    onsets = steps(np.array([event.onset_tick for event in song.chords], dtype=np.int64), song.ticks_per_quarter)
    for onset, event in zip(onsets.tolist(), song.chords, strict=True):
        try:
            found = read_chord(event.text)
        except WishError:  # a word of its own: as good as none
            found = None
        chord[onset:] = found.number if found else 0
    return chord


def stretches(line: Line, grid: Grid) -> Iterator[Line]:
    """Cut a line where it rests for more than two bars; each stretch begins at a bar line and holds notes."""
    is_struck = grid.struck(line.symbols).any(axis=1)
    n_in_bar = np.add.reduceat(is_struck, line.bar_step[:-1][line.bar_step[:-1] < len(line)])
    for first, last in _runs(n_in_bar > 0):
        if n_in_bar[first:last].sum() >= FEWEST_NOTES:
            yield excerpt(line, first, last)


def excerpt(line: Line, first_bar: int, last_bar: int) -> Line:
    """Return some bars of a line, from `first_bar` to before `last_bar`."""
    start, end = int(line.bar_step[first_bar]), min(int(line.bar_step[last_bar]), len(line))
    return Line(
        line.symbols[start:end],
        line.velocity[start:end],
        line.bar_step[first_bar : last_bar + 1] - start,
        line.chord[start:end],
        line.tonic,
        line.is_minor,
    )


def _runs(sounds: Sequence[bool] | NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Return [first, last) of runs of bars that sound, joined over short rests: 1 1 0 1 0 0 0 1 -> 0-4, 7-8."""
    runs: list[tuple[int, int]] = []
    for bar in np.flatnonzero(sounds).tolist():
        if runs and bar - runs[-1][1] <= MOST_SILENT_BARS:
            runs[-1] = (runs[-1][0], bar + 1)
        else:
            runs.append((bar, bar + 1))
    return runs
