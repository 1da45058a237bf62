"""What a net is told that sings one voice from beginning to end: everything that is given around it, as table rows.

told        as `chorale_rows.told_rows` has it: each voice's pitch, degree, stroke, and what it goes on to
came from   of each voice that is given: the pitch before this one, how long ago that was left, by which interval
between     intervals between the voices that are given
asked       which voice is asked for
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bandroid.representations.chorale import N_VOICES
from bandroid.representations.chorale_rows import N_TOLD, PAIRS, coming_of, given_cells, interval, told_rows

N_AROUND = N_TOLD + 3 * N_VOICES + len(PAIRS) + 1

Ints = NDArray[np.int64]


def around_rows(frames: Ints, given: NDArray[np.bool_], asked: Ints) -> Ints:
    """int64[B, T, C], bool[B, T, S], int64[B]: voices that are asked for -> int64[B, T, N_AROUND]."""
    told = given_cells(frames, given)
    back = coming_of(told[:, ::-1], np.zeros_like(told))
    last, since = back.next[:, ::-1], back.left[:, ::-1]
    came_from = np.stack([last, since, interval(told, last)], axis=-1).reshape(*told.shape[:-1], -1)
    upper, lower = (told[..., [pair[side] for pair in PAIRS]] for side in (0, 1))
    which = np.broadcast_to(asked[:, None, None], (*told.shape[:2], 1))
    return np.concatenate([told_rows(frames, given), came_from, interval(upper, lower), which], axis=-1)
