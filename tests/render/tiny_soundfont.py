"""Write small SoundFont 2 files, so that tests know exactly what they should hear."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from bandroid.render.generators import GENERATORS

RATE_HZ = 44_100
SINE_PERIOD = 100
"""points of one period: 441 Hz at the root key 69"""
SINE_KEY = 69


@dataclass(frozen=True)
class Sample:
    """16-bit points, and where the loop lies in them."""

    points: np.ndarray
    loop: tuple[int, int] = (0, 0)
    root_key: int = SINE_KEY
    correction_cent: int = 0
    rate_hz: int = RATE_HZ


@dataclass(frozen=True)
class Zone:
    """Generators by name; `keys` and `velocities` as (lowest, highest); `link` is a sample or an instrument."""

    link: int | None = 0
    keys: tuple[int, int] | None = None
    velocities: tuple[int, int] | None = None
    values: dict[str, int] = field(default_factory=dict)
    modulators: tuple[tuple[int, int, int, int, int], ...] = ()


def sine(n_periods: int = 40, level: float = 0.5) -> Sample:
    """Return a sine of 441 Hz that loops over its second half."""
    n_points = n_periods * SINE_PERIOD
    points = np.rint(level * 32_767 * np.sin(2 * np.pi * np.arange(n_points) / SINE_PERIOD)).astype("<i2")
    return Sample(points, loop=(n_points // 2, n_points))


def write_soundfont(
    path: Path,
    *,
    samples: Sequence[Sample] = (),
    instruments: Sequence[Sequence[Zone]] = ((Zone(),),),
    presets: dict[tuple[int, int], Sequence[Zone]] | None = None,
    version: int = 2,
) -> Path:
    """Write a font: by default one sine, in one instrument, as program 0 of bank 0."""
    samples = samples or (sine(),)
    presets = {(0, 0): (Zone(),)} if presets is None else presets
    points, headers = b"", b""
    for number, sample in enumerate(samples):
        start = len(points) // 2
        points += sample.points.astype("<i2").tobytes() + bytes(92)
        end = start + sample.points.size
        headers += struct.pack(
            "<20s5IBbHH",
            f"sample {number}".encode(),
            start,
            end,
            start + sample.loop[0],
            start + sample.loop[1],
            sample.rate_hz,
            sample.root_key,
            sample.correction_cent,
            0,
            1,
        )
    headers += struct.pack("<20s5IBbHH", b"EOS", 0, 0, 0, 0, 0, 0, 0, 0, 0)
    preset_rows = [
        struct.pack("<20sHH", f"preset {bank}:{program}".encode(), program, bank) for bank, program in presets
    ]
    tables = [
        *_level(b"p", b"phdr", preset_rows, list(presets.values()), 41, bytes(12)),
        *_level(b"i", b"inst", [b"instrument".ljust(20, b"\0")] * len(instruments), instruments, 53, b""),
        (b"shdr", headers),
    ]
    content = b"sfbk"
    content += _list(b"INFO", [(b"ifil", struct.pack("<HH", version, 1)), (b"INAM", b"tiny\0\0")])
    content += _list(b"sdta", [(b"smpl", points)])
    content += _list(b"pdta", tables)
    path.write_bytes(b"RIFF" + struct.pack("<I", len(content)) + content)
    return path


def _level(
    letter: bytes, header: bytes, rows: list[bytes], owners: Sequence[Sequence[Zone]], link: int, rest: bytes
) -> list[tuple[bytes, bytes]]:
    heads, bags, generators, modulators = b"", b"", b"", b""
    n_bags = n_generators = n_modulators = 0
    for row, zones in zip(rows, owners, strict=True):
        heads += row + struct.pack("<H", n_bags) + rest
        for zone in zones:
            bags += struct.pack("<HH", n_generators, n_modulators)
            n_bags += 1
            pairs = []
            for number, span in ((43, zone.keys), (44, zone.velocities)):
                if span is not None:
                    pairs.append((number, span[1] << 8 | span[0]))
            pairs += [(GENERATORS[name].number, value) for name, value in zone.values.items()]
            if zone.link is not None:
                pairs.append((link, zone.link))
            for number, value in pairs:
                generators += struct.pack("<HH", number, value & 0xFFFF)
            n_generators += len(pairs)
            for modulator in zone.modulators:
                modulators += struct.pack("<HHhHH", *modulator)
            n_modulators += len(zone.modulators)
    empty_name = b"EOP".ljust(20, b"\0") + (bytes(4) if letter == b"p" else b"")
    heads += empty_name + struct.pack("<H", n_bags) + rest
    bags += struct.pack("<HH", n_generators, n_modulators)
    return [
        (header, heads),
        (letter + b"bag", bags),
        (letter + b"mod", modulators + bytes(10)),
        (letter + b"gen", generators + bytes(4)),
    ]


def _list(name: bytes, chunks: Sequence[tuple[bytes, bytes]]) -> bytes:
    body = name + b"".join(
        chunk + struct.pack("<I", len(content)) + content + bytes(len(content) & 1) for chunk, content in chunks
    )
    return b"LIST" + struct.pack("<I", len(body)) + body
