"""How loud: bring a mix to a listening level, and keep its peaks below full scale."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bandroid.render.workspace import PIECE

CEILING = 10.0 ** (-1.0 / 20.0)
"""-1 dBFS: MP3 and Vorbis overshoot a little"""
_LOUD_RMS = 10.0 ** (-17.0 / 20.0)
"""level of the loud passages of a levelled mix"""
_MOST_LIMITED = 10.0 ** (4.0 / 20.0)
"""a levelled mix needs at most 4 dB of limiting"""
_MOST_GAIN = 10.0 ** (24.0 / 20.0)
"""even one soft note is not brought up by more"""
_BLOCK_SECOND = 0.4
"""about as long as the ear takes to judge a loudness (ITU-R BS.1770 uses the same)"""
_STEP = 64
"""frames that share one value of the limiter's gain curve; divides a piece"""
_LOOK_SECOND = 0.02
"""the limiter starts this long before a peak, and lets go as slowly"""


def levelling_gain(mix: NDArray[np.float32], rate_hz: int) -> float:
    """Return the factor that brings the loud passages of float32[2, frames] to -17 dBFS; 1.0 for silence."""
    block = max(round(_BLOCK_SECOND * rate_hz), 1)
    powers = [
        float(np.square(mix[:, at : at + block]).sum(dtype=np.float64)) / (2 * block)
        for at in range(0, mix.shape[1], block)
    ]
    peak = _peak(mix)
    if peak == 0.0:
        return 1.0
    loud = float(np.sqrt(np.quantile(powers, 0.9)))
    return min(_LOUD_RMS / max(loud, 1e-9), CEILING * _MOST_LIMITED / peak, _MOST_GAIN)


def limit(mix: NDArray[np.float32], rate_hz: int, is_loop: bool) -> None:
    """Keep every frame of float32[2, frames] within the ceiling, in place, by turning down around the peaks.

    A loop is limited as if it went round, so that the seam stays unheard.
    """
    n_steps = -(-mix.shape[1] // _STEP)
    if n_steps == 0 or _peak(mix) <= CEILING:
        return
    peaks = np.zeros(n_steps, dtype=np.float32)
    for at in range(0, mix.shape[1], PIECE):
        loud = np.abs(mix[:, at : at + PIECE]).max(axis=0)
        loud = np.pad(loud, (0, -loud.size % _STEP)).reshape(-1, _STEP).max(axis=1)
        peaks[at // _STEP : at // _STEP + loud.size] = loud
    needed = np.minimum(1.0, CEILING / np.maximum(peaks, 1e-9))
    reach = max(round(_LOOK_SECOND * rate_hz / _STEP), 2)
    wide = np.pad(needed, 2 * reach, mode="wrap" if is_loop else "edge")
    lowest = np.lib.stride_tricks.sliding_window_view(wide, 2 * reach + 1).min(axis=1)
    bell = np.hanning(2 * reach + 1)[1:-1]  # one step narrower: what it averages always includes the step itself
    smooth = np.convolve(lowest, bell / bell.sum(), mode="same")[reach:-reach]
    centre = np.arange(n_steps) * _STEP + _STEP / 2
    for at in range(0, mix.shape[1], PIECE):
        part = mix[:, at : at + PIECE]
        part *= np.interp(np.arange(at, at + part.shape[1]), centre, smooth).astype(np.float32)
        np.clip(part, -CEILING, CEILING, out=part)


def _peak(mix: NDArray[np.float32]) -> float:
    return float(max(mix.max(initial=0.0), -mix.min(initial=0.0)))
