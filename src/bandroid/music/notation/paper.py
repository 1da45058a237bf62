"""From sounding to written times: each beat of each part becomes straight or triplet, whichever fits its notes.

A musician's eighths lie a little before or behind the beat, a sequencer's notes end a little early. What is written
stands on 24 ticks a quarter (`metre_shape.WRITTEN_TICKS`), and within one beat on one of four grids: 16ths, triplets
of 8ths, 32nds, triplets of 16ths.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bandroid.music.clock import bar_grid, tick_to_second
from bandroid.music.notation.metre_shape import WRITTEN_TICKS, MetreShape, metre_shape, written_metre
from bandroid.music.notes import Notes
from bandroid.music.quantize import round_half_up
from bandroid.music.song import Song

_GRIDS = (6, 8, 3, 4, 12)
"""written ticks between positions: 16ths, triplets of 8ths, 32nds, triplets of 16ths, 8ths"""
_EXACT_COST = np.array([0.0, 0.5, 1.0, 5.0, 0.1])
_LOOSE_COST = np.array([1.5, 4.0, 14.0, 16.0, 0.0])
"""what a grid costs beside its squared errors, for a beat that fits it exactly and for one that does not. A lone note 4
ticks from the beat is more likely late or early than a triplet of 16ths."""
_LOST_ONSET_COST = 8.0
"""per onset that falls together with another: chords stay chords, runs stay runs"""
_SCATTER_SECOND = 0.026
"""how far players are from the grid (standard deviation, measured on the Groove MIDI Dataset); errors count by it"""
_PLAYED_SHARE = 0.85
"""a part of which fewer onsets than this lie on any of the grids was played, and what fits exactly does so by chance"""
_EXACT = 0.3
_STRUM = 1.2
"""written ticks: onsets nearer than this are one stroke"""


@dataclass(frozen=True, slots=True)
class WrittenBar:
    """One bar's frame on paper; times are written ticks."""

    onset: int
    length: int
    skip: int
    """what a pickup leaves out at the start of its metre"""
    numerator: int
    denominator: int
    shape: MetreShape


@dataclass(frozen=True, slots=True, eq=False)
class WrittenNotes:
    """The notes of one part on paper, sorted by onset, then pitch; a pitch never overlaps itself."""

    onset: NDArray[np.int64]
    """int64[N], written ticks from the start of the song"""
    end: NDArray[np.int64]
    """int64[N], written ticks"""
    pitch: NDArray[np.int64]
    """int64[N], MIDI note number"""
    velocity: NDArray[np.int64]
    """int64[N], 1 to 127"""


class Paper:
    """The bars of a song, and how its own times fall into them."""

    def __init__(self, song: Song) -> None:
        last_tick = max(
            [song.end_tick]
            + [event.onset_tick + 1 for events in (song.chords, song.markers) for event in events]
            + [event.onset_tick + 1 for part in song.parts for event in part.lyrics]
        )
        grid = bar_grid(song, last_tick)
        scale = WRITTEN_TICKS / song.ticks_per_quarter
        bars: list[WrittenBar] = []
        onset = 0
        lengths_tick = grid.length_tick.tolist()
        for index, (numerator, denominator) in enumerate(
            zip(grid.numerator.tolist(), grid.denominator.tolist(), strict=True)
        ):
            metre = written_metre(numerator, denominator)
            shape = metre_shape(*metre)
            # A bar that is cut short ends on a 32nd, or it could not be written.
            length = min(max(round(lengths_tick[index] * scale / 3) * 3, 3), shape.length)
            if lengths_tick[index] * denominator >= song.ticks_per_quarter * 4 * numerator:
                length = shape.length
            is_pickup = index == 0 and length < shape.length and grid.n_bars > 1
            bars.append(WrittenBar(onset, length, shape.length - length if is_pickup else 0, *metre, shape))
            onset += length
        self.bars = tuple(bars)
        self._scale = scale
        self._source_tick = grid.onset_tick
        self._onset = np.array([bar.onset for bar in bars] + [onset], dtype=np.int64)
        self._skip = np.array([bar.skip for bar in bars], dtype=np.int64)
        self._span = np.array([bar.shape.span for bar in bars], dtype=np.int64)
        n_spans = -(-(np.diff(self._onset) + self._skip) // self._span)
        self._first_span = np.concatenate([[0], np.cumsum(n_spans)])
        quarters_a_second = last_tick / song.ticks_per_quarter / max(float(tick_to_second(song, last_tick)), 1e-6)
        scatter = max(_SCATTER_SECOND * quarters_a_second * WRITTEN_TICKS, 1.0)
        self._error_weight = 1.5 / scatter**2  # so that at 120 a minute an error of one tick costs about 1

    @property
    def end(self) -> int:
        """The written tick at which the last bar ends."""
        return int(self._onset[-1])

    def position(self, tick: NDArray[np.int64]) -> NDArray[np.float64]:
        """float64[N]: written ticks, fractions kept, of times in the song's own ticks."""
        bar = self._bar_of_tick(tick)
        within = (tick - self._source_tick[bar]) * self._scale
        exact = self._onset[bar] + np.minimum(within, self._onset[bar + 1] - self._onset[bar])
        return np.asarray(exact, dtype=np.float64)

    def bar_at(self, written: NDArray[np.int64]) -> NDArray[np.int64]:
        """int64[N]: the bar in which each written tick lies."""
        bar = np.searchsorted(self._onset, written, side="right") - 1
        return np.minimum(bar, len(self.bars) - 1)

    def write(self, notes: Notes) -> WrittenNotes:
        """Put notes on paper: onsets on the grid of their beat, ends on the grid of theirs."""
        exact = self.position(notes.onset_tick)
        span, start, length = self._span_of(exact)
        unit = self._units(exact, span, start, length)
        onset = np.minimum(_to_unit(exact, start, length, unit[span]), self.end - 3)

        exact_end = self.position(notes.end_tick)
        end_span, end_start, end_length = self._span_of(exact_end)
        end = _to_unit(exact_end, end_start, end_length, self._end_units(unit, span, exact_end)[end_span])
        shortest = np.where(unit[span] == 12, 6, unit[span])
        end = np.where(end > onset, end, onset + shortest)
        end = _close_gaps(onset, end, exact_end)
        return _without_self_overlap(onset, np.minimum(end, self.end), notes.pitch, notes.velocity)

    def write_drums(self, notes: Notes) -> WrittenNotes:
        """Put drum hits on paper; a hit has no length of its own and ends where it begins."""
        exact = self.position(notes.onset_tick)
        span, start, length = self._span_of(exact)
        unit = self._units(exact, span, start, length)
        onset = np.minimum(_to_unit(exact, start, length, unit[span]), self.end - 3)
        return _without_self_overlap(onset, onset, notes.pitch, notes.velocity)

    def _bar_of_tick(self, tick: NDArray[np.int64]) -> NDArray[np.int64]:
        bar = np.searchsorted(self._source_tick, tick, side="right") - 1
        return np.minimum(bar, len(self.bars) - 1)

    def _span_of(self, exact: NDArray[np.float64]) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
        """Return per time: its span's number, where that span starts, how long it is."""
        bar = np.minimum(np.searchsorted(self._onset, exact, side="right") - 1, len(self.bars) - 1)
        metre_onset = self._onset[bar] - self._skip[bar]
        within = ((exact - metre_onset) // self._span[bar]).astype(np.int64)
        within = np.minimum(within, np.diff(self._first_span)[bar] - 1)
        start = np.maximum(metre_onset + within * self._span[bar], self._onset[bar])
        end = np.minimum(metre_onset + (within + 1) * self._span[bar], self._onset[bar + 1])
        return self._first_span[bar] + within, start, end - start

    def _units(
        self,
        exact: NDArray[np.float64],
        span: NDArray[np.int64],
        start: NDArray[np.int64],
        length: NDArray[np.int64],
    ) -> NDArray[np.int64]:
        """int64[spans]: the grid of each span for a part's onsets, played or exact."""
        offset = exact - start
        nearest = np.minimum(np.abs(offset - np.round(offset / 3) * 3), np.abs(offset - np.round(offset / 4) * 4))
        is_played = offset.size >= 8 and np.count_nonzero(nearest <= _EXACT) < _PLAYED_SHARE * offset.size
        exact_cost = np.full(len(_GRIDS), np.inf) if is_played else _EXACT_COST
        return _best_units(span, offset, length, int(self._first_span[-1]), exact_cost, _LOOSE_COST, self._error_weight)

    def _end_units(
        self, unit: NDArray[np.int64], onset_span: NDArray[np.int64], exact_end: NDArray[np.float64]
    ) -> NDArray[np.int64]:
        """Where no note begins in a span, let exact ends choose its grid, so that a held triplet ends as one."""
        span, start, length = self._span_of(exact_end)
        coarse_cost = np.array([0.0, np.inf, np.inf, np.inf, np.inf])
        chosen = _best_units(span, exact_end - start, length, unit.size, _EXACT_COST, coarse_cost, 1.0)
        has_onset = np.zeros(unit.size, dtype=bool)
        has_onset[onset_span] = True
        return np.where(has_onset, unit, chosen)


def _best_units(
    span: NDArray[np.int64],
    offset: NDArray[np.float64],
    length: NDArray[np.int64],
    n_spans: int,
    exact_cost: NDArray[np.float64],
    loose_cost: NDArray[np.float64],
    error_weight: float,
) -> NDArray[np.int64]:
    """int64[spans]: the grid, in written ticks, that suits the times in each span best.

    The costs are one per grid, for spans that fit it exactly and for those that do not.
    """
    if not span.size:
        return np.full(n_spans, _GRIDS[0], dtype=np.int64)
    order = np.lexsort((offset, span))
    span, offset, length = span[order], offset[order], length[order]
    begins = np.ones(span.size, dtype=bool)
    begins[1:] = (np.diff(span) != 0) | (np.diff(offset) > _STRUM)
    n_onsets = np.bincount(span[begins], minlength=n_spans)
    costs = np.empty((len(_GRIDS), n_spans))
    for row, unit in enumerate(_GRIDS):
        slot = np.minimum(np.floor(offset / unit + 0.5) * unit, length)
        error = np.abs(offset - slot)
        worst = np.zeros(n_spans)
        np.maximum.at(worst, span, error)
        first = np.ones(span.size, dtype=bool)
        first[1:] = (np.diff(span) != 0) | (np.diff(slot) != 0)
        n_lost = np.maximum(n_onsets - np.bincount(span[first], minlength=n_spans), 0)
        squared = np.bincount(span, weights=error * error, minlength=n_spans)
        is_exact = (worst <= _EXACT) & (n_lost == 0)
        loose = squared * error_weight + loose_cost[row] + _LOST_ONSET_COST * n_lost
        costs[row] = np.where(is_exact, np.minimum(exact_cost[row], loose), loose)
        costs[row, span[length % unit != 0]] = np.inf
    best = np.asarray(_GRIDS, dtype=np.int64)[np.argmin(costs, axis=0)]
    # A span too short for any of them (a bar cut to a 32nd) has its edges, and 32nds.
    return np.where(np.isinf(costs.min(axis=0)), 3, best)


def _to_unit(
    exact: NDArray[np.float64], start: NDArray[np.int64], length: NDArray[np.int64], unit: NDArray[np.int64]
) -> NDArray[np.int64]:
    slot: NDArray[np.int64] = start + np.minimum(round_half_up((exact - start) / unit) * unit, length)
    return slot


def _close_gaps(onset: NDArray[np.int64], end: NDArray[np.int64], exact_end: NDArray[np.float64]) -> NDArray[np.int64]:
    """Draw a played note out to the next onset where it stops a 16th or less before it.

    Only ends off the grid: they are a player's or a sequencer's articulation, and a staff full of tiny rests cannot be
    read. A length that was written exactly stays.
    """
    starts = np.unique(onset)
    after = np.searchsorted(starts, onset, side="right")
    following = np.where(after < starts.size, starts[np.minimum(after, starts.size - 1)], end)
    gap = following - end
    is_played = np.abs(exact_end - end) > _EXACT
    close = is_played & (gap > 0) & (gap <= 6) & (end - onset >= gap)
    return np.where(close, following, end)


def _without_self_overlap(
    onset: NDArray[np.int64], end: NDArray[np.int64], pitch: NDArray[np.int64], velocity: NDArray[np.int64]
) -> WrittenNotes:
    """Join notes that fall on one another (the longest stays); a pitch that is struck again ends there."""
    order = np.lexsort((-velocity, -end, onset, pitch))
    onset, end, pitch, velocity = onset[order], end[order], pitch[order], velocity[order]
    keep = np.ones(onset.size, dtype=bool)
    keep[1:] = (np.diff(onset) != 0) | (np.diff(pitch) != 0)
    onset, end, pitch, velocity = onset[keep], end[keep], pitch[keep], velocity[keep]
    if onset.size:
        again = pitch[1:] == pitch[:-1]
        end[:-1] = np.where(again, np.minimum(end[:-1], onset[1:]), end[:-1])
    order = np.lexsort((pitch, onset))
    return WrittenNotes(onset[order], end[order], pitch[order], velocity[order])
