"""Write sound files: WAV by ourselves, the rest through libsndfile; whole or not at all."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import BinaryIO, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bandroid.errors import MachineError, WishError
from bandroid.files import replacing
from bandroid.render.resample import resample


class _Format(NamedTuple):
    name: str
    subtype: str
    rates_hz: tuple[int, ...]
    """sample rates that it holds; empty: any"""


_MPEG_RATES_HZ = (8_000, 11_025, 12_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000)
_FORMATS = {
    ".wav": _Format("WAV", "", ()),
    ".flac": _Format("FLAC", "", ()),
    ".ogg": _Format("OGG", "VORBIS", ()),
    ".opus": _Format("OGG", "OPUS", (8_000, 12_000, 16_000, 24_000, 48_000)),
    ".mp3": _Format("MP3", "MPEG_LAYER_III", _MPEG_RATES_HZ),
}
SUFFIXES = tuple(_FORMATS)
"""of the sound files that `write_audio` writes"""

_BLOCK = 1 << 16
"""libsndfile 1.2.2 crashes the process on one long write of Vorbis (python-soundfile issues 233, 396, 426)"""


def write_audio(path: Path, samples: ArrayLike, sample_rate_hz: int, *, bits: int = 16) -> None:
    """Write float samples, -1 to 1, to a file whose suffix says what it becomes.

    samples: [frames] mono or [frames, channels]; what lies beyond full scale is clipped. bits: 16 or 24, and 32
    (floating point) for WAV; formats that compress with loss have no bits. WAV, FLAC and MP3 files of the same samples
    are the same, byte for byte. A sample rate that the format lacks becomes its next higher one.
    Raises WishError for an unknown suffix or number of bits, UserError or MachineError where nothing can be written.
    """
    kind = _FORMATS.get(path.suffix.lower())
    if kind is None:
        known = ", ".join(SUFFIXES)
        raise WishError(f"{path}: no sound file ends in {path.suffix or 'nothing'!r}; choose one of {known}")
    _check_bits(path, bits)
    wave = np.asarray(samples, dtype=np.float32)
    if wave.ndim not in (1, 2):
        raise WishError(f"{path}: sound has frames and channels, not {wave.ndim} dimensions")
    if wave.ndim == 1:
        wave = wave[:, np.newaxis]
    if kind.name == "WAV":
        with replacing(path) as beside, beside.open("wb") as file:
            _write_wav(file, wave, sample_rate_hz, bits)
        return
    if kind.rates_hz and sample_rate_hz not in kind.rates_hz:
        rate_hz = min((r for r in kind.rates_hz if r > sample_rate_hz), default=kind.rates_hz[-1])
        wave, sample_rate_hz = resample(wave, sample_rate_hz, rate_hz), rate_hz
    subtype = kind.subtype or f"PCM_{bits}"
    with replacing(path) as beside:
        _write_encoded(beside, path, wave, sample_rate_hz, kind.name, subtype)


def to_mono(samples: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return float32[frames]: the mean of all channels."""
    return np.asarray(samples.mean(axis=1), dtype=np.float32)


def _check_bits(path: Path, bits: int) -> None:
    allowed = {".wav": (16, 24, 32), ".flac": (16, 24)}.get(path.suffix.lower(), (16, 24, 32))
    if bits not in allowed:
        raise WishError(f"{path}: --bits {bits} cannot be had here; choose one of {', '.join(map(str, allowed))}")


def _write_wav(file: BinaryIO, wave: NDArray[np.float32], rate_hz: int, bits: int) -> None:
    """Write a RIFF WAVE file: PCM, or IEEE floating point for 32 bits; no time stamp, nothing that could differ."""
    n_frames, n_channels = wave.shape
    frame_bytes = n_channels * bits // 8
    n_bytes = n_frames * frame_bytes
    code = 3 if bits == 32 else 1
    layout = struct.pack("<HHIIHH", code, n_channels, rate_hz, rate_hz * frame_bytes, frame_bytes, bits)
    chunks = b"fmt " + struct.pack("<I", len(layout)) + layout
    if bits == 32:
        chunks += b"fact" + struct.pack("<II", 4, n_frames)
    padding = n_bytes & 1
    if len(chunks) + n_bytes + 12 > 0xFFFF_FFFF:
        raise WishError("a WAV file holds at most 4 GB: write .flac instead")
    file.write(b"RIFF" + struct.pack("<I", 4 + len(chunks) + 8 + n_bytes + padding) + b"WAVE" + chunks)
    file.write(b"data" + struct.pack("<I", n_bytes))
    for at in range(0, n_frames, _BLOCK):
        file.write(_pcm(wave[at : at + _BLOCK], bits))
    file.write(b"\0" * padding)


def _pcm(wave: NDArray[np.float32], bits: int) -> bytes:
    """Return little-endian samples: full scale is 2 ** (bits - 1), rounded to the nearest step."""
    if bits == 32:
        return np.ascontiguousarray(wave, dtype="<f4").tobytes()
    full = float(1 << (bits - 1))
    steps = np.clip(np.rint(wave.astype(np.float64) * full), -full, full - 1)
    if bits == 16:
        return steps.astype("<i2").tobytes()
    return steps.astype("<i4")[..., np.newaxis].view("u1")[..., :3].tobytes()


def _write_encoded(beside: Path, path: Path, wave: NDArray[np.float32], rate_hz: int, name: str, subtype: str) -> None:
    """Write through libsndfile in blocks; `path` is the name that the user knows."""
    import soundfile  # only here: WAV needs no native library

    try:
        with soundfile.SoundFile(
            beside, "w", samplerate=rate_hz, channels=wave.shape[1], format=name, subtype=subtype
        ) as file:
            for at in range(0, wave.shape[0], _BLOCK):
                # Integers are quantized here, so that a sample beyond full scale is clipped, and never wraps round.
                file.write(np.clip(wave[at : at + _BLOCK], -1.0, 1.0))
    except AssertionError as error:  # soundfile asserts that all frames were taken
        raise MachineError(f"{path}: could not be written whole; is there room left on the disk?") from error
    except soundfile.LibsndfileError as error:
        if error.code == 2:  # SF_ERR_SYSTEM: the operating system refused
            raise MachineError(
                f"{path}: could not be written ({error.error_string.strip()}); is there room left?"
            ) from error
        raise WishError(
            f"{path}: {wave.shape[1]} channels at {rate_hz} Hz cannot be written so ({error.error_string.strip()})"
        ) from error
