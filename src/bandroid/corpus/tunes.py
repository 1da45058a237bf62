"""Which pieces share a tune: chorales are set again and again, and a tune must not be learnt here and judged there."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from bandroid.representations.chorale import REST, STRUCK

_WINDOW_NOTES = 8
"""notes in a row: a line of a hymn"""
_SAME_SHARE = 0.25
"""of the shorter tune's windows: two settings of a tune share its lines, and vary some"""


def tune_groups(pieces: Sequence[NDArray[np.int64]]) -> list[int]:
    """Return a number for each piece, frames int64[T, C]; pieces whose sopranos sing one tune have the same."""
    windows = [_windows(piece) for piece in pieces]
    holders: dict[tuple[int, ...], list[int]] = {}
    for index, own in enumerate(windows):
        for window in own:
            holders.setdefault(window, []).append(index)
    shared: dict[tuple[int, int], int] = {}
    for there in holders.values():
        for place, one in enumerate(there):
            for other in there[place + 1 :]:
                shared[one, other] = shared.get((one, other), 0) + 1
    group = list(range(len(pieces)))
    for (one, other), count in sorted(shared.items()):
        if count >= _SAME_SHARE * max(min(len(windows[one]), len(windows[other])), 1):
            first, second = group[one], group[other]
            group = [min(first, second) if number in (first, second) else number for number in group]
    return group


def _windows(piece: NDArray[np.int64]) -> set[tuple[int, ...]]:
    """Return each stretch of notes of the soprano as intervals: rhythm and key differ between settings."""
    onsets = np.flatnonzero((piece[:, STRUCK.start] == 1) & (piece[:, 0] < REST))
    steps = np.diff(piece[onsets, 0]).tolist()
    size = _WINDOW_NOTES - 1
    # A repeated note says little: one held on in another setting.
    steps = [step for step in steps if step]
    return {tuple(steps[at : at + size]) for at in range(len(steps) - size + 1)}
