"""The room: a hall made of decaying noise, the same one every time."""

from __future__ import annotations

from functools import lru_cache

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


def add_reverb(mix: NDArray[np.float32], amount: float, rate_hz: int) -> None:
    """Add the room's answer to a mix, in place.

    mix: float32[3, frames]: left, right, and what is sent into the room. amount: 0 to 1; at 1 the room is as loud as
    what is sent into it. What would sound after the last frame is left out.
    """
    if amount <= 0.0:
        return
    # At half the sample rate: the room has nothing to say above 9 kHz, and half the work is enough.
    sent = _halve(mix[2])
    half_hz = rate_hz / 2.0
    n_frames = sent.size
    size = 1 << (round(_TRANSFORM_SECOND * half_hz) - 1).bit_length()
    room = _room(half_hz, size)
    step = size - round(_LENGTH_SECOND * half_hz)
    answers = np.zeros((2, n_frames), dtype=np.float32)
    for start in range(0, n_frames, step):
        spectrum = np.fft.rfft(sent[start : start + step] * np.float32(amount), size)
        for answer, channel in zip(answers, room, strict=True):
            target = answer[start : start + size]
            target += np.fft.irfft(spectrum * channel, size)[: target.size]
    for row, answer in zip(mix, answers, strict=False):
        _add_doubled(row, answer)


def _halve(wave: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return float32[ceil(frames / 2)]: every other frame, after a half-band filter of seven points."""
    even, odd = wave[0::2], np.pad(wave[1::2], (2, 2))
    half = np.multiply(even, np.float32(0.5))
    n_frames = half.size
    for shift, weight in ((0, -1), (1, 9), (2, 9), (3, -1)):
        half += odd[shift : shift + n_frames] * np.float32(weight / 32)
    return half


def _add_doubled(row: NDArray[np.float32], half: NDArray[np.float32]) -> None:
    """Add a wave of half the sample rate to a row, in place; frames between two are interpolated from four."""
    row[0::2] += half
    between = row[1::2]
    wide = np.pad(half, (1, 3))
    for shift, weight in ((0, -1), (1, 9), (2, 9), (3, -1)):
        between += wide[shift : shift + between.size] * np.float32(weight / 16)


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
