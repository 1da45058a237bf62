"""The room: a hall made of decaying noise, the same one every time."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

_BANDS = ((180.0, 700.0, 1.5), (700.0, 3_500.0, 1.3), (3_500.0, 9_000.0, 0.7))
"""(from Hz, to Hz, seconds to fall by 60 dB): little bass, so that the mix stays clear, and a soft top"""
_LENGTH_SECOND = 1.6
_DELAY_SECOND = 0.018
"""before the room answers: about 3 m to the nearest wall and back"""
_RISE_SECOND = 0.03
_SEED = 1685
"""any number would do; this is the year in which Bach was born"""
_TRANSFORM_SECOND = 5.0
_CUBIC = (-1 / 16, 9 / 16, 9 / 16, -1 / 16)
"""weights of the four points round a gap, for the value in its middle"""


def add_reverb(mix: NDArray[np.float32], amount: float, rate_hz: int) -> None:
    """Add the room's answer to a mix, in place.

    mix: float32[3, frames]: left, right, and what is sent into the room. amount: 0 to 1; at 1 the room is as loud as
    what is sent into it. What would sound after the last frame is left out.
    """
    if amount <= 0.0:
        return
    # At half the sample rate: the room has nothing to say above 9 kHz, and half the work is enough.
    half_hz = rate_hz / 2.0
    size = 1 << (round(_TRANSFORM_SECOND * half_hz) - 1).bit_length()
    room = _room(half_hz, size)
    step = size - round(_LENGTH_SECOND * half_hz)
    # From the end backwards: the answer goes forwards in time only, so no block hears another one's.
    for start in reversed(range(0, -(-mix.shape[1] // 2), step)):
        spectrum = np.fft.rfft(_halve(mix[2], start, start + step) * np.float32(amount), size)
        for row, channel in zip(mix, room, strict=False):
            _add_doubled(row[2 * start :], np.fft.irfft(spectrum * channel, size))


def _halve(wave: NDArray[np.float32], start: int, stop: int) -> NDArray[np.float32]:
    """Return float32[stop - start]: every other frame, from 2 * start on, after a half-band filter of seven points."""
    piece = np.zeros(2 * (stop - start) + 8, dtype=np.float32)  # frames 2 * start - 4 to 2 * stop + 4
    first = 2 * start - 4
    there = wave[max(first, 0) : first + piece.size]
    piece[max(-first, 0) : max(-first, 0) + there.size] = there
    n_frames = stop - start
    half = np.multiply(piece[4 : 4 + 2 * n_frames : 2], np.float32(0.5))
    for shift, weight in zip((1, 3, 5, 7), _CUBIC, strict=True):
        half += piece[shift : shift + 2 * n_frames : 2] * np.float32(weight / 2.0)
    return half


def _add_doubled(row: NDArray[np.float32], half: NDArray[np.floating[Any]]) -> None:
    """Add a wave of half the sample rate to a row, in place, as far as it goes; it begins and ends in silence."""
    wide = np.pad(half, (1, 3))
    for first, taps in ((0, ((1, 1.0),)), (1, tuple(enumerate(_CUBIC)))):
        target = row[first : 2 * half.size : 2]
        for shift, weight in taps:
            target += wide[shift : shift + target.size] * np.float32(weight)


@lru_cache(maxsize=2)
def _room(rate_hz: float, size: int) -> NDArray[np.complex64]:
    """Return complex64[2, size // 2 + 1]: the spectrum of the room's answer on the left and on the right."""
    generator = np.random.default_rng(_SEED)
    n_frames = round(_LENGTH_SECOND * rate_hz)
    second = np.arange(n_frames) / rate_hz
    frequency = np.fft.rfftfreq(n_frames, 1.0 / rate_hz)
    answer = np.zeros((2, n_frames))
    for low_hz, high_hz, fall_second in _BANDS:
        noise = np.fft.rfft(generator.standard_normal((2, n_frames)), axis=1)
        octave = np.log2(np.maximum(frequency, 1.0))
        inside = np.clip((octave - np.log2(low_hz)) * 2 + 0.5, 0, 1) * np.clip(
            (np.log2(high_hz) - octave) * 2 + 0.5, 0, 1
        )
        band = np.fft.irfft(noise * inside, n_frames, axis=1)
        answer += band * 10.0 ** (-3.0 * second / fall_second)
    answer *= np.clip((second - _DELAY_SECOND) / _RISE_SECOND, 0.0, 1.0)
    answer *= np.clip((second[-1] - second) / 0.2, 0.0, 1.0)
    answer /= np.sqrt((answer**2).sum(axis=1, keepdims=True))
    spectrum: NDArray[np.complex64] = np.fft.rfft(answer.astype(np.float32), size, axis=1).astype(np.complex64)
    return spectrum
