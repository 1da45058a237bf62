"""Draw sound as a picture: time from left to right, frequency upwards by octaves, loudness as brightness."""

from __future__ import annotations

import base64
import struct
import zlib

import numpy as np
from numpy.typing import NDArray

from bandroid.render.engraving import svg_to_png

_WIDTH_PX, _HEIGHT_PX = 1600, 900
_LEFT_PX, _RIGHT_PX, _TOP_PX, _BOTTOM_PX = 76, 24, 24, 44
_WINDOW = 8192
"""samples; 5 Hz apart at 44.1 kHz, so that neighbouring semitones part from C3 upwards"""
_LOW_HZ, _HIGH_HZ = 30.0, 16_000.0
_RANGE_DB = 80.0
"""what lies this far below the loudest point is black"""
_INK = np.array(
    [(0, 0, 8), (43, 16, 92), (120, 28, 109), (196, 58, 82), (243, 126, 36), (252, 205, 73), (255, 253, 220)],
    dtype=np.float64,
)
"""red, green, blue from silent to loud; lightness rises evenly"""
_GRID_HZ = (50, 100, 200, 500, 1000, 2000, 5000, 10000)


def spectrogram_png(samples: NDArray[np.floating], sample_rate_hz: int) -> bytes:
    """Return a picture of sound as a PNG of 1600 x 900 pixels.

    `samples` float[N] or float[N, channels], -1 to 1; channels are added up.
    """
    mono = np.asarray(samples, dtype=np.float32)
    if mono.ndim == 2:
        mono = mono.mean(axis=1)
    width, height = _WIDTH_PX - _LEFT_PX - _RIGHT_PX, _HEIGHT_PX - _TOP_PX - _BOTTOM_PX
    picture = png_bytes(_colours(_levels(mono, sample_rate_hz, width, height)))
    return svg_to_png(_frame(picture, mono.size / sample_rate_hz, width, height), _WIDTH_PX)


def png_bytes(pixels: NDArray[np.uint8]) -> bytes:
    """Return pixels uint8[height, width, 3] as a PNG (PNG specification, third edition: 8-bit truecolour)."""
    height, width, _ = pixels.shape
    # Every line begins with its filter type: 0, none.
    lines = np.concatenate([np.zeros((height, 1), dtype=np.uint8), pixels.reshape(height, width * 3)], axis=1)
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(lines.tobytes(), 6)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data)) for name, data in chunks
    )


def _levels(mono: NDArray[np.float32], sample_rate_hz: int, width: int, height: int) -> NDArray[np.float64]:
    """float64[height, width]: decibels below the loudest point, 0 to -80, high frequencies on top."""
    padded = np.pad(mono, _WINDOW // 2)
    window = np.hanning(_WINDOW).astype(np.float32)
    centres = np.linspace(0, max(mono.size - 1, 0), width).astype(np.int64)
    bin_hz = sample_rate_hz / _WINDOW
    row_hz = np.geomspace(min(_HIGH_HZ, sample_rate_hz / 2), _LOW_HZ, height + 1)
    edges = np.minimum(np.round(row_hz / bin_hz).astype(np.int64), _WINDOW // 2)
    power = np.empty((height, width))
    for first in range(0, width, 64):  # 64 columns at a time: 2 MB, however long the sound
        chosen = centres[first : first + 64]
        frames = np.lib.stride_tricks.sliding_window_view(padded, _WINDOW)[chosen] * window
        spectrum = np.abs(np.fft.rfft(frames, axis=1)) ** 2
        for row in range(height):
            low, high = edges[row + 1], max(int(edges[row]), int(edges[row + 1]) + 1)
            power[row, first : first + 64] = spectrum[:, low:high].max(axis=1)
    loudest = max(float(power.max()), 1e-12)
    level_db: NDArray[np.float64] = np.maximum(10 * np.log10(np.maximum(power / loudest, 1e-12)), -_RANGE_DB)
    return level_db


def _colours(level_db: NDArray[np.float64]) -> NDArray[np.uint8]:
    place = (1 + level_db / _RANGE_DB) * (len(_INK) - 1)
    return np.stack([np.interp(place, np.arange(len(_INK)), _INK[:, channel]) for channel in range(3)], axis=-1).astype(
        np.uint8
    )


def _frame(picture: bytes, duration_second: float, width: int, height: int) -> str:
    """Put axes round the picture."""
    low, high = np.log2(_LOW_HZ), np.log2(_HIGH_HZ)
    image = base64.b64encode(picture).decode("ascii")
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" width="{_WIDTH_PX}" '
        f"height=\"{_HEIGHT_PX}\" font-family=\"Helvetica, Arial, 'Liberation Sans', 'DejaVu Sans', sans-serif\">",
        f'<image x="{_LEFT_PX}" y="{_TOP_PX}" width="{width}" height="{height}" '
        f'xlink:href="data:image/png;base64,{image}"/>',
    ]
    for frequency_hz in _GRID_HZ:
        y = _TOP_PX + height * (1 - (np.log2(frequency_hz) - low) / (high - low))
        name = f"{frequency_hz} Hz" if frequency_hz < 1000 else f"{frequency_hz // 1000} kHz"
        lines.append(f'<text x="{_LEFT_PX - 8}" y="{y + 4:.1f}" font-size="13" text-anchor="end">{name}</text>')
        lines.append(
            f'<path d="M{_LEFT_PX} {y:.1f}h{width}" stroke="#ffffff" stroke-opacity="0.25" stroke-width="0.8"/>'
        )
    step = next((s for s in (0.1, 0.5, 1, 5, 10, 30, 60, 300, 600) if duration_second / s <= 16), 3600)
    for number in range(int(duration_second / step) + 1 if duration_second else 0):
        second = number * step
        x = _LEFT_PX + width * second / duration_second
        words = f"{int(second // 60)}:{int(second % 60):02d}" if step >= 1 else f"{second:.1f} s"
        lines.append(
            f'<text x="{x:.1f}" y="{_TOP_PX + height + 22}" font-size="13" text-anchor="middle">{words}</text>'
        )
        lines.append(f'<path d="M{x:.1f} {_TOP_PX + height}v6" stroke="#2a2e35"/>')
    lines.append("</svg>")
    return "\n".join(lines)
