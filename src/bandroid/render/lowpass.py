"""A low-pass filter whose cutoff may move: the SoundFont's resonant two-pole filter, worked out block by block.

A recursive filter goes sample by sample, which numpy cannot do fast. So the wave is cut into overlapping blocks, each
is filtered by its own constant filter with one Fourier transform, and the blocks are faded into each other. The filter
only ever looks back, so nothing sounds before it should.
"""

from __future__ import annotations

import math
from functools import lru_cache
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from bandroid.render.workspace import Workspace

HOP = 512
"""frames between two cutoffs, 12 ms at 44.1 kHz: a sweep moves in steps that are faded over half of it"""
_FADE = HOP // 2
_TRANSFORMS = (1024, 2048, 4096, 8192, 16384)
_LONGEST_RINGING = 8192
_BATCH = 1 << 14
"""frames filtered at a time, so that their spectra stay in the cache"""
_STEP_CENT = 200
"""cutoffs are rounded to a tone, so that blocks of one cutoff are filtered together"""
OPEN_CENT = 13_500
"""cutoff at which there is no filter (20 kHz, the default of the specification)"""
_OPEN_STEP = OPEN_CENT // _STEP_CENT


def sweep(
    wave: NDArray[np.float32],
    cutoff_cent: NDArray[np.float64],
    resonance_cb: int,
    rate_hz: int,
    workspace: Workspace,
) -> NDArray[np.float32]:
    """Return float32[n], the filtered wave: either `wave` itself, where there is nothing to do, or workspace memory.

    wave: float32[n]. cutoff_cent: float64[ceil(n / HOP)], absolute cents (6900 is 440 Hz) for each hop.
    resonance_cb: height of the peak at the cutoff over the level at 0 Hz, in centibels.
    """
    steps = np.minimum(np.rint(cutoff_cent / _STEP_CENT).astype(np.int64), _OPEN_STEP)
    if wave.size == 0 or (not resonance_cb and int(steps.min()) == _OPEN_STEP):
        return wave
    filtered = workspace.zeros("filtered", wave.size + _TRANSFORMS[-1])
    for size, blocks in _blocks(steps, resonance_cb, rate_hz).items():
        n_rows = _BATCH // size
        for at in range(0, len(blocks), n_rows):
            rows = blocks[at : at + n_rows]
            spectrum = np.fft.rfft(_cut(wave, rows, size), axis=1)
            for line, (first, _) in zip(spectrum, rows, strict=True):
                line *= _response(int(steps[first]), resonance_cb, rate_hz, size)
            for block, (first, _) in zip(np.fft.irfft(spectrum, size, axis=1), rows, strict=True):
                filtered[first * HOP : first * HOP + size] += block
    return filtered[: wave.size]


def _blocks(steps: NDArray[np.int64], resonance_cb: int, rate_hz: int) -> dict[int, list[tuple[int, int]]]:
    """Return per transform size the blocks of one cutoff each, as (first hop, number of hops)."""
    blocks: dict[int, list[tuple[int, int]]] = {}
    edges = [0, *(np.flatnonzero(np.diff(steps)) + 1).tolist(), int(steps.size)]
    for at, stop in pairwise(edges):
        besides = _FADE + _ringing(int(steps[at]), resonance_cb, rate_hz)
        while at < stop:
            size = next((s for s in _TRANSFORMS if (stop - at) * HOP + besides <= s), _TRANSFORMS[-1])
            n_hops = min(stop - at, (size - besides) // HOP)
            blocks.setdefault(size, []).append((at, n_hops))
            at += n_hops
    return blocks


def _ringing(step: int, resonance_cb: int, rate_hz: int) -> int:
    """Return for how many frames the filter rings on, until it is 60 dB down."""
    quality = 10.0 ** ((resonance_cb / 10.0 - 3.01) / 20.0)
    cutoff_hz = 440.0 * 2.0 ** ((step * _STEP_CENT - 6_900) / 1_200)
    return min(int(math.log(1_000.0) * quality * rate_hz / (math.pi * cutoff_hz)) + 64, _LONGEST_RINGING)


def _cut(wave: NDArray[np.float32], blocks: list[tuple[int, int]], size: int) -> NDArray[np.float32]:
    """Return float32[blocks, size]: pieces of the wave, faded in (but for the first) and out, then silence."""
    batch = np.zeros((len(blocks), size), dtype=np.float32)
    rise = (np.arange(_FADE, dtype=np.float32) + 0.5) / _FADE
    for row, (first, n_hops) in zip(batch, blocks, strict=True):
        length = n_hops * HOP
        piece = wave[first * HOP : first * HOP + length + _FADE]
        row[: piece.size] = piece
        if first:
            row[:_FADE] *= rise
        row[length : length + _FADE] *= 1.0 - rise
    return batch


@lru_cache(maxsize=512)
def _response(step: int, resonance_cb: int, rate_hz: int, size: int) -> NDArray[np.complex64]:
    """Return complex64[size // 2 + 1]: the filter's response at each bin.

    The filter is R. Bristow-Johnson's low-pass biquad. As section 8.1.3 wants, a resonance of 0 is flat (Q = 3 dB
    below 1), and the gain at 0 Hz sinks by half of the peak's height.
    """
    cutoff_hz = min(440.0 * 2.0 ** ((step * _STEP_CENT - 6_900) / 1_200), 0.45 * rate_hz)
    quality = 10.0 ** ((resonance_cb / 10.0 - 3.01) / 20.0)
    gain = 10.0 ** (-resonance_cb / 400.0)
    omega = 2.0 * np.pi * cutoff_hz / rate_hz
    alpha = np.sin(omega) / (2.0 * quality)
    delay, delay_twice = _delays(size)
    above = (1.0 - np.cos(omega)) / 2.0 * gain * (1.0 + 2.0 * delay + delay_twice)
    below = (1.0 + alpha) - 2.0 * np.cos(omega) * delay + (1.0 - alpha) * delay_twice
    response: NDArray[np.complex64] = (above / below).astype(np.complex64)
    return response


@lru_cache(maxsize=8)
def _delays(size: int) -> tuple[NDArray[np.complex128], NDArray[np.complex128]]:
    delay = np.exp(-2j * np.pi * np.arange(size // 2 + 1) / size)
    return delay, delay * delay
