"""Read SoundFont 2 files: presets, instruments, zones and samples.

Source: SoundFont Technical Specification 2.04, sections 4 to 9. The file is mapped, not read: samples that no note
needs are never touched, and opening a font takes milliseconds.
"""

from __future__ import annotations

import importlib.util
import mmap
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bandroid.errors import MachineError, UserError
from bandroid.render.generators import (
    DEFAULT_MODULATORS,
    DEFAULTS,
    GENERATORS,
    INSTRUMENT,
    INSTRUMENT_ONLY,
    KEY_RANGE,
    LEAST,
    MOST,
    SAMPLE,
    VELOCITY_RANGE,
    Modulator,
)

DRUM_BANK = 128
DEFAULT_FONT = ("pretty_midi", "TimGM6mb.sf2")
"""Package and file of the font that every installation has (GPL-2; used where it lies, never copied)."""

_RECORDS: dict[bytes, list[Any]] = {
    b"phdr": [("name", "S20"), ("program", "<u2"), ("bank", "<u2"), ("bag", "<u2"), ("rest", "<u4", 3)],
    b"pbag": [("generator", "<u2"), ("modulator", "<u2")],
    b"pmod": [(name, kind) for name, kind in zip("sdawt", ("<u2", "<u2", "<i2", "<u2", "<u2"), strict=True)],
    b"pgen": [("number", "<u2"), ("amount", "<i2")],
    b"inst": [("name", "S20"), ("bag", "<u2")],
    b"shdr": [
        ("name", "S20"),
        ("start", "<u4"),
        ("end", "<u4"),
        ("loop_start", "<u4"),
        ("loop_end", "<u4"),
        ("rate_hz", "<u4"),
        ("key", "u1"),
        ("correction_cent", "i1"),
        ("link", "<u2"),
        ("kind", "<u2"),
    ],
}
for _preset_chunk, _instrument_chunk in ((b"pbag", b"ibag"), (b"pmod", b"imod"), (b"pgen", b"igen")):
    _RECORDS[_instrument_chunk] = _RECORDS[_preset_chunk]

_ROM_SAMPLE = 0x8000
_VORBIS_SAMPLE = 0x10


@dataclass(frozen=True, slots=True, eq=False)
class Region:
    """One sample, for a range of keys and velocities of a preset, with all that shapes its sound."""

    index: int
    """place among its preset's regions"""
    lowest_key: int
    highest_key: int
    lowest_velocity: int
    highest_velocity: int
    values: NDArray[np.int64]
    """int64[61]: generators by number, preset and instrument added up, in the units of the specification"""
    modulators: tuple[Modulator, ...]
    start: int
    """first sample point, counted in the font's sample chunk; `end` is exclusive, loops likewise"""
    end: int
    loop_start: int
    loop_end: int
    rate_hz: int
    root_key: int
    correction_cent: int

    def __getitem__(self, name: str) -> int:
        """Return a generator by its name in `GENERATORS`."""
        return int(self.values[GENERATORS[name].number])

    def sounds_at(self, key: int, velocity: int) -> bool:
        return self.lowest_key <= key <= self.highest_key and self.lowest_velocity <= velocity <= self.highest_velocity

    @property
    def loops(self) -> bool:
        """Whether the sample goes round while the key is held (loop modes 1 and 3)."""
        return self["sample_modes"] in (1, 3) and self.loop_end - self.loop_start >= 2


@dataclass(frozen=True, slots=True)
class _Zone:
    """A zone as the file has it: generators by number, key and velocity range, modulators."""

    amounts: dict[int, int]
    modulators: dict[tuple[int, int, int], Modulator]

    def range_of(self, number: int) -> tuple[int, int]:
        packed = self.amounts.get(number, 127 << 8) & 0xFFFF
        return packed & 0xFF, packed >> 8


class SoundFont:
    """A SoundFont 2 file, open for reading; made by `load_soundfont`."""

    def __init__(self, path: Path, content: memoryview) -> None:
        """Read the tables; raises ValueError with the reason where they are not those of a SoundFont."""
        self.path = path
        chunks = _chunks(content)
        for name in (b"phdr", b"pbag", b"pmod", b"pgen", b"inst", b"ibag", b"imod", b"igen", b"shdr"):
            if name not in chunks:
                raise ValueError(f"its table {name.decode()} is missing")
        self._tables = {name: _table(chunks[name], name) for name in _RECORDS}
        if b"smpl" not in chunks:
            raise ValueError("it holds no samples")
        self._points = np.frombuffer(chunks[b"smpl"], dtype="<i2", count=len(chunks[b"smpl"]) // 2)
        low = chunks.get(b"sm24", memoryview(b""))
        self._low_points = np.frombuffer(low, dtype="u1") if len(low) >= self._points.size else None
        headers = self._tables[b"phdr"]
        self.presets = {
            (int(bank), int(program)): index
            for index, (bank, program) in reversed(
                list(enumerate(zip(headers["bank"][:-1], headers["program"][:-1], strict=True)))
            )
        }
        """(bank, program) -> place in the file; the first one counts where two claim a place"""
        if not self.presets:
            raise ValueError("it holds no instruments")
        self._regions: dict[tuple[int, int], tuple[Region, ...]] = {}

    def preset_name(self, bank: int, program: int) -> str:
        name: bytes = self._tables[b"phdr"]["name"][self.presets[bank, program]]
        return name.split(b"\0")[0].decode("latin-1").strip()

    def choose(self, program: int, is_drum: bool) -> tuple[int, int] | None:
        """Return (bank, program) of the preset that plays a part; None where a font has no drums for a drum part.

        A missing program is played by the first of its General MIDI family, then by the piano, then by whatever the
        font has; a missing kit by the standard kit.
        """
        if is_drum:
            wishes = [(DRUM_BANK, program), (DRUM_BANK, 0)]
            rest = sorted(place for place in self.presets if place[0] == DRUM_BANK)
        else:
            wishes = [(0, program), (0, program // 8 * 8), (0, 0)]
            rest = sorted(place for place in self.presets if place[0] != DRUM_BANK)
        return next((place for place in (*wishes, *rest) if place in self.presets), None)

    def regions(self, bank: int, program: int) -> tuple[Region, ...]:
        """Return the regions of a preset, in the order of the file; worked out once."""
        place = (bank, program)
        if place not in self._regions:
            self._regions[place] = tuple(self._preset_regions(self.presets[place]))
        return self._regions[place]

    def points(self, start: int, end: int) -> NDArray[np.float32]:
        """Return float32[end - start], -1 to 1: sample points as the font holds them."""
        wave = self._points[start:end].astype(np.float32) * np.float32(1 / 32768)
        if self._low_points is not None:
            wave += self._low_points[start:end].astype(np.float32) * np.float32(1 / (1 << 23))
        return wave

    def _preset_regions(self, preset: int) -> Iterator[Region]:
        headers = self._tables[b"phdr"]["bag"]
        zones = self._zones(b"p", int(headers[preset]), int(headers[preset + 1]))
        index = 0
        for zone in _with_global_zone(zones, INSTRUMENT):
            instrument = zone.amounts[INSTRUMENT] & 0xFFFF
            for inner in self._instrument_zones(instrument):
                region = self._region(index, zone, inner)
                if region is not None:
                    yield region
                    index += 1

    def _instrument_zones(self, instrument: int) -> list[_Zone]:
        headers = self._tables[b"inst"]["bag"]
        if instrument + 1 >= headers.size:
            return []
        return _with_global_zone(self._zones(b"i", int(headers[instrument]), int(headers[instrument + 1])), SAMPLE)

    def _zones(self, level: bytes, first: int, last: int) -> list[_Zone]:
        """Return the zones of bags `first` to `last` (exclusive) of the presets (b"p") or instruments (b"i")."""
        bags = self._tables[level + b"bag"]
        generators = self._tables[level + b"gen"]
        modulators = self._tables[level + b"mod"]
        zones = []
        for bag in range(first, min(last, bags.size - 1)):
            rows = generators[int(bags["generator"][bag]) : int(bags["generator"][bag + 1])]
            amounts = dict(zip(rows["number"].tolist(), rows["amount"].tolist(), strict=True))
            rows = modulators[int(bags["modulator"][bag]) : int(bags["modulator"][bag + 1])]
            made = [Modulator(*row) for row in rows.tolist()]
            zones.append(_Zone(amounts, {modulator.identity: modulator for modulator in made}))
        return zones

    def _region(self, index: int, outer: _Zone, inner: _Zone) -> Region | None:
        """Join a preset's and an instrument's zone (section 9.4); None where they never sound together."""
        lowest_key, highest_key, lowest_velocity, highest_velocity = (
            pick(a, b)
            for number in (KEY_RANGE, VELOCITY_RANGE)
            for pick, a, b in zip((max, min), outer.range_of(number), inner.range_of(number), strict=True)
        )
        headers = self._tables[b"shdr"]
        sample = inner.amounts[SAMPLE] & 0xFFFF
        if sample >= headers.size - 1 or lowest_key > highest_key or lowest_velocity > highest_velocity:
            return None
        header = headers[sample]
        if int(header["kind"]) & _ROM_SAMPLE:
            return None
        values = DEFAULTS.copy()
        for number, amount in inner.amounts.items():
            if number < values.size:
                values[number] = amount
        for number, amount in outer.amounts.items():
            if number < values.size and number not in INSTRUMENT_ONLY:
                values[number] += amount
        np.clip(values, LEAST, MOST, out=values)
        modulators = {m.identity: m for m in DEFAULT_MODULATORS} | inner.modulators
        for identity, extra in outer.modulators.items():  # a preset's modulators are added, not put in place
            below = modulators.get(identity)
            modulators[identity] = extra if below is None else below._replace(amount=below.amount + extra.amount)
        return _make_region(
            index,
            (lowest_key, highest_key, lowest_velocity, highest_velocity),
            values,
            tuple(modulators.values()),
            header,
            self._points.size,
        )


def _make_region(
    index: int,
    ranges: tuple[int, int, int, int],
    values: NDArray[np.int64],
    modulators: tuple[Modulator, ...],
    header: np.void,
    n_points: int,
) -> Region | None:
    """Put a zone on its sample, the ends kept inside the sample chunk; None where nothing is left of it."""

    def place(name: str, field: str) -> int:
        fine = values[GENERATORS[f"{name}_offset"].number]
        coarse = values[GENERATORS[f"{name}_coarse_offset"].number]
        return int(header[field]) + int(fine) + 32_768 * int(coarse)

    end = min(place("end", "end"), n_points)
    start = max(place("start", "start"), 0)
    if end - start < 4 or int(header["rate_hz"]) == 0:
        return None
    loop_end = min(max(place("loop_end", "loop_end"), start), end)
    loop_start = min(max(place("loop_start", "loop_start"), start), loop_end)
    root_key = int(values[GENERATORS["root_key"].number])
    if root_key < 0:
        root_key = int(header["key"])
    return Region(
        index,
        *ranges,
        values,
        modulators,
        start,
        end,
        loop_start,
        loop_end,
        int(header["rate_hz"]),
        root_key if root_key <= 127 else 60,  # 255 marks a sample without pitch (section 7.10)
        int(header["correction_cent"]),
    )


def _with_global_zone(zones: list[_Zone], link: int) -> list[_Zone]:
    """Return the zones that link to something, over the first zone where that is a global one (section 9.4)."""
    if zones and link not in zones[0].amounts:
        shared, zones = zones[0], zones[1:]
    else:
        shared = _Zone({}, {})
    return [
        _Zone(shared.amounts | zone.amounts, shared.modulators | zone.modulators)
        for zone in zones
        if link in zone.amounts
    ]


def _chunks(content: memoryview) -> dict[bytes, memoryview]:
    """Return the chunks inside the three lists of a SoundFont; raises ValueError where it is none."""
    if len(content) < 12 or bytes(content[:4]) != b"RIFF" or bytes(content[8:12]) != b"sfbk":
        raise ValueError("it does not begin as a SoundFont does")
    chunks: dict[bytes, memoryview] = {}
    for name, body in _riff(content[12:]):
        if name == b"LIST":
            chunks.update(_riff(body[4:]))
    version = chunks.get(b"ifil")
    if version is not None and len(version) >= 2 and struct.unpack("<H", version[:2])[0] > 2:
        raise ValueError("it is an SF3 font, whose samples are compressed; convert it to SF2 or take another")
    return chunks


def _riff(content: memoryview) -> Iterator[tuple[bytes, memoryview]]:
    at = 0
    while at + 8 <= len(content):
        name, length = struct.unpack("<4sI", content[at : at + 8])
        if at + 8 + length > len(content):
            raise ValueError("it is cut short")
        yield name, content[at + 8 : at + 8 + length]
        at += 8 + length + (length & 1)


def _table(chunk: memoryview, name: bytes) -> NDArray[np.void]:
    kind = np.dtype(_RECORDS[name])
    if len(chunk) % kind.itemsize or len(chunk) < kind.itemsize:
        raise ValueError(f"its table {name.decode()} is damaged")
    return np.frombuffer(chunk, dtype=kind)


def default_soundfont_path() -> Path:
    """Return where the font of this installation lies, found without importing the package that brings it."""
    package, name = DEFAULT_FONT
    spec = importlib.util.find_spec(package)
    for folder in (spec.submodule_search_locations or ()) if spec else ():
        path = Path(folder) / name
        if path.is_file():
            return path
    raise MachineError(
        f"the SoundFont {name} is missing: install it again with `pip install {package}`, or give one with --soundfont"
    )


def load_soundfont(path: Path | None = None) -> SoundFont:
    """Open a SoundFont 2 file; without a path, the one that is installed with bandroid.

    Raises UserError where the file is missing or no SoundFont 2, MachineError where the installed one is gone.
    """
    path = default_soundfont_path() if path is None else path
    try:
        with path.open("rb") as file:
            content = memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
    except FileNotFoundError as error:
        raise UserError(f"{path}: there is no such SoundFont") from error
    except (OSError, ValueError) as error:  # an empty file cannot be mapped: ValueError
        raise UserError(f"{path}: this SoundFont cannot be read ({error})") from error
    try:
        font = SoundFont(path, content)
    except ValueError as error:
        raise UserError(f"{path}: this is no SoundFont 2 that can be played: {error}") from error
    if any(int(kind) & _VORBIS_SAMPLE for kind in font._tables[b"shdr"]["kind"][:-1] if not kind & _ROM_SAMPLE):
        raise UserError(f"{path}: its samples are compressed (SF3); convert it to SF2 or take another")
    return font
