"""Change the sample rate of a sound."""

from __future__ import annotations

from math import gcd

import numpy as np
from numpy.typing import NDArray

_HALF_WIDTH = 32
"""zero crossings of the windowed sinc on either side: flat to 0.9 of the band, aliases 80 dB down"""
_KAISER_BETA = 8.0


def resample(samples: NDArray[np.float32], from_hz: int, to_hz: int) -> NDArray[np.float32]:
    """Return float32[frames * to_hz / from_hz, channels] of float32[frames, channels]: the same sound at another rate.

    A polyphase windowed sinc: output frame k lies at input frame k * from_hz / to_hz, and every to_hz / gcd-th frame
    has the same place between two input frames, so each such phase is one product with one row of weights.
    """
    common = gcd(from_hz, to_hz)
    up, down = to_hz // common, from_hz // common
    if up == down:
        return samples
    n_frames = -(-samples.shape[0] * up // down)
    band = min(1.0, up / down) * 0.95
    reach = int(np.ceil(_HALF_WIDTH / band))
    padded = np.pad(samples, ((reach, reach + down), (0, 0)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, 2 * reach, axis=0)  # [frames, channels, taps]
    out = np.empty((n_frames, samples.shape[1]), dtype=np.float32)
    for phase in range(min(up, n_frames)):
        first, fraction = divmod(phase * down, up)
        distance = np.arange(1 - reach, reach + 1) - fraction / up
        inside = np.sqrt(np.maximum(1.0 - (distance / reach) ** 2, 0.0))
        weights = band * np.sinc(band * distance) * np.i0(_KAISER_BETA * inside) / np.i0(_KAISER_BETA)
        rows = out[phase::up]
        rows[:] = windows[first + 1 :: down][: rows.shape[0]] @ weights.astype(np.float32)
    return out
