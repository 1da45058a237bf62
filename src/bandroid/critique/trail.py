"""The trail of one part: fed with its cells bar by bar, it knows which bars of training songs went the same way."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bandroid.critique.fingerprints import SILENT, Index, Print, window_key


@dataclass(frozen=True, slots=True, eq=False)
class Stretches:
    """Bars of training songs, ascending by place, that equal the last bars of a part, all transposed alike."""

    place: NDArray[np.int64]
    """int64[K]: the training cell that equals the last bar"""
    first: NDArray[np.int64]
    """int64[K]: the training cell where the stretch begins; it holds notes"""
    sounding: NDArray[np.int64]
    """int64[K]: bars with notes in it"""
    holds_window: NDArray[np.bool_]
    """bool[K]: whether it holds a window that is full enough to be compared"""

    @property
    def longest_bars(self) -> int:
        """Bars with notes in the longest stretch that is full enough; 0 where there is none."""
        return int(np.max(self.sounding, initial=0, where=self.holds_window))


_NOWHERE: NDArray[np.int64] = np.empty(0, dtype=np.int64)
_NONE = Stretches(_NOWHERE, _NOWHERE, _NOWHERE, np.empty(0, dtype=np.bool_))


class Trail:
    """Takes a part's cells one by one with `step`; `stretches` is what training songs have of the bars so far."""

    def __init__(self, index: Index) -> None:
        self._index = index
        self.stretches = _NONE
        self.last: Print | None = None
        """the last cell; None before the first"""
        self._last_pitch = 0
        """first pitch of the last cell with notes"""

    def step(self, cell: Print) -> None:
        """Take the next bar."""
        self.stretches = self.with_next(cell)
        self.last = cell
        if cell[0] != SILENT:
            self._last_pitch = cell[1]

    def with_next(self, cell: Print) -> Stretches:
        """Return what training songs would have of the bars so far and this cell."""
        shape, pitch = cell
        index, before = self._index, self.stretches
        key = window_key(self.last, cell) if self.last is not None else 0
        if shape == SILENT:
            # Silence is everywhere: no stretch begins with it.
            place = before.place + 1
            stays = np.flatnonzero(index.is_silence_inside[place])
            place, first, sounding = place[stays], before.first[stays], before.sounding[stays]
            holds_window = before.holds_window[stays]
        else:
            place = index.places(shape)
            first, sounding = place.copy(), np.ones(place.size, dtype=np.int64)
            holds_window = np.zeros(place.size, dtype=np.bool_)
            if before.place.size and place.size:
                came_from = np.searchsorted(before.place, place - 1).clip(max=before.place.size - 1)
                goes_on = np.equal(before.place[came_from], place - 1)
                goes_on &= index.interval[place] == pitch - self._last_pitch
                came_from = came_from[goes_on]
                first[goes_on] = before.first[came_from]
                sounding[goes_on] += before.sounding[came_from]
                holds_window[goes_on] = before.holds_window[came_from]
        if key in index.windows:
            holds_window = holds_window | np.equal(index.key[place - 1], np.uint64(key))
        return Stretches(place, first, sounding, holds_window)
