"""Tick, quarter, second, bar: the only place where one unit of time becomes another."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bandroid.music.song import MetreChange, Song, TempoChange

DEFAULT_TEMPO_QPM = 120.0
"""quarters a minute where a file states no tempo (Standard MIDI Files 1.0)"""


@dataclass(frozen=True, slots=True, eq=False)
class BarGrid:
    """The bars of a song, the last one whole, so that every note lies in a bar."""

    onset_tick: NDArray[np.int64]
    """int64[bars + 1]: start of each bar, and the end of the last"""
    numerator: NDArray[np.int64]
    """int64[bars]"""
    denominator: NDArray[np.int64]
    """int64[bars]"""

    @property
    def n_bars(self) -> int:
        return int(self.numerator.size)

    @property
    def length_tick(self) -> NDArray[np.int64]:
        """int64[bars]; a pickup, or a bar that a new metre cuts short, is shorter than its metre says."""
        return np.diff(self.onset_tick)

    def bar_of(self, onset_tick: ArrayLike) -> NDArray[np.int64]:
        """Return the bar index (from 0) of each tick; ticks after the end fall into the last bar."""
        bar = np.searchsorted(self.onset_tick, np.asarray(onset_tick), side="right") - 1
        return np.minimum(bar, self.n_bars - 1)


def metre_length_tick(metre: MetreChange, ticks_per_quarter: int) -> int:
    """Return a bar's length: 3/8 at 480 ticks per quarter -> 720."""
    return ticks_per_quarter * 4 * metre.numerator // metre.denominator


def bar_grid(song: Song, end_tick: int | None = None) -> BarGrid:
    """Lay bars over a song up to `end_tick` (default: its last note's end); at least one bar."""
    end_tick = max(song.end_tick if end_tick is None else end_tick, 1)
    metres = song.metres if song.metres and song.metres[0].onset_tick == 0 else (_COMMON_TIME, *song.metres)
    onsets: list[NDArray[np.int64]] = []
    numerators: list[NDArray[np.int64]] = []
    denominators: list[NDArray[np.int64]] = []
    for index, metre in enumerate(metres):
        if metre.onset_tick >= end_tick and index:
            break
        length_tick = metre_length_tick(metre, song.ticks_per_quarter)
        stop_tick = metres[index + 1].onset_tick if index + 1 < len(metres) else end_tick
        onset = np.arange(metre.onset_tick, min(stop_tick, end_tick), length_tick, dtype=np.int64)
        onsets.append(onset)
        numerators.append(np.full(onset.size, metre.numerator, dtype=np.int64))
        denominators.append(np.full(onset.size, metre.denominator, dtype=np.int64))
        close_tick = min(int(onset[-1]) + length_tick, stop_tick if index + 1 < len(metres) else 1 << 62)
    onsets.append(np.array([close_tick], dtype=np.int64))
    return BarGrid(np.concatenate(onsets), np.concatenate(numerators), np.concatenate(denominators))


_COMMON_TIME = MetreChange(0, 4, 4)


def _tempo_table(song: Song) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]]:
    """Return per tempo change: its tick, its second, and seconds per tick from there on."""
    tempos = song.tempos
    if not tempos or tempos[0].onset_tick > 0:
        tempos = (TempoChange(0, DEFAULT_TEMPO_QPM), *tempos)
    tick = np.array([t.onset_tick for t in tempos], dtype=np.int64)
    second_per_tick = 60.0 / (np.array([t.tempo_qpm for t in tempos]) * song.ticks_per_quarter)
    second = np.concatenate([[0.0], np.cumsum(np.diff(tick) * second_per_tick[:-1])])
    return tick, second, second_per_tick


def tick_to_second(song: Song, tick: ArrayLike) -> NDArray[np.float64]:
    """Return float64 seconds from the song's start for each tick, along its tempo map."""
    ticks = np.asarray(tick)
    table_tick, table_second, second_per_tick = _tempo_table(song)
    at = np.maximum(np.searchsorted(table_tick, ticks, side="right") - 1, 0)
    return table_second[at] + (ticks - table_tick[at]) * second_per_tick[at]


def duration_second(song: Song) -> float:
    """Return how long a song sounds, without the tail of its last sounds."""
    return float(tick_to_second(song, song.end_tick))
