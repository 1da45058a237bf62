"""Fingerprints of songs: enough to find what a piece copies, too little to play the songs from.

A cell (one part in one bar) is known by its shape, a checksum of its onsets and of its pitches from the first one on,
and by that first pitch: so a transposed cell has the same shape. Drums are never transposed. Lengths and velocities do
not count. What is compared are windows of two bars of one part that hold 6 notes and 3 different pitches or more;
emptier ones are alike in all music. The measures follow the idea of the Originality Report (Yin et al. 2022, SN
Computer Science 3:340): whether a piece copies is judged against how much the band's songs share with one another.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from numpy.typing import NDArray

from bandroid.errors import StyleError
from bandroid.representations.sheet import CELL, Sheet

if TYPE_CHECKING:
    from bandroid.bundle.store import Bundle

INDEX_NAME = "fingerprints.npz"
"""where a style keeps the fingerprints of its songs"""
FEWEST_NOTES, FEWEST_PITCHES = 6, 3
"""a window of two bars with less in it is nobody's"""
DRUMS = 128
"""stands for the drum kit among the programs of parts"""
SILENT = 0
"""the shape of a bar without a note"""

Print: TypeAlias = tuple[int, int]
"""a cell's shape and its first pitch (0 for drums and silence)"""

_PITCH = 256  # what a pitch is worth in a note's code; positions are worth 128 times that
_NO_INTERVAL = 999  # of the first cells of a part: nothing stands before them
_GOLDEN = 0x9E3779B97F4A7C15  # 2**64 / golden ratio: spreads small numbers over 64 bits
_64_BIT = (1 << 64) - 1


def cell_print(content: Sequence[int], is_drum: bool, bar_length_tick: int) -> Print:
    """Return the fingerprint of one cell, given as codes like score_cursor.Content."""
    if not content:
        return SILENT, 0
    base = 0 if is_drum else content[0] // _PITCH % 128
    # A position and a pitch relative to the first, -127 to 127, in 16 bits: 192 * 256 fits.
    notes = [code // _PITCH // 128 * 256 + code // _PITCH % 128 - base + 128 for code in content]
    return _shape(struct.pack(f"<{len(notes)}H", *notes), is_drum, bar_length_tick), base


def window_key(first: Print, second: Print) -> int:
    """Return one 64-bit number for two cells that follow one another, the same wherever both are moved together."""
    interval = (second[1] - first[1]) % 256 if first[0] != SILENT != second[0] else 0
    return ((first[0] << 32 | second[0]) + interval * _GOLDEN) & _64_BIT


def _shape(notes: bytes, is_drum: bool, bar_length_tick: int) -> int:
    return zlib.crc32(notes, 2 * bar_length_tick + is_drum) or 1


@dataclass(frozen=True, eq=False)
class Index:
    """Fingerprints of some songs, the cells of part after part laid end to end. Raises ValueError for nonsense."""

    shape: NDArray[np.uint32]
    """uint32[cells]; 0 is silence"""
    base: NDArray[np.uint8]
    """uint8[cells]: first pitch of each cell, the song moved to C; 0 for drums and silence"""
    is_window: NDArray[np.bool_]
    """bool[cells]: whether this cell and the next of its part hold enough to be compared"""
    part_first: NDArray[np.int32]
    """int32[parts + 1]: where the cells of each part begin; the last one is where all end"""
    part_song: NDArray[np.int32]
    """int32[parts]: number of the song, in the order in which the style names its training songs"""
    part_program: NDArray[np.uint8]
    """uint8[parts]: General MIDI program, or DRUMS"""

    def __post_init__(self) -> None:
        n_cells, n_parts = self.shape.size, self.part_song.size
        kinds = (np.uint32, np.uint8, np.bool_, np.int32, np.int32, np.uint8)
        sizes = (n_cells, n_cells, n_cells, n_parts + 1, n_parts, n_parts)
        arrays: list[NDArray[np.generic]] = [getattr(self, field.name) for field in fields(self)]
        if any(a.dtype != k or a.shape != (n,) for a, k, n in zip(arrays, kinds, sizes, strict=True)):
            raise ValueError("these arrays are no fingerprints")
        first = self.part_first
        if first[0] != 0 or first[-1] != n_cells or (np.diff(first) < 1).any() or (self.part_song < 0).any():
            raise ValueError("the parts of these fingerprints do not fit together")

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[np.generic]]) -> Index:
        """Read what `to_arrays` gave; raises ValueError where it does not fit together."""
        names = [field.name for field in fields(cls)]
        if set(arrays) != set(names):
            raise ValueError("these arrays are no fingerprints")
        return cls(**{name: arrays[name] for name in names})  # type: ignore[arg-type]  # checked when made

    def to_arrays(self) -> dict[str, NDArray[np.generic]]:
        """Return all there is as arrays, for an .npz: 6 bytes a cell."""
        return {field.name: getattr(self, field.name) for field in fields(self)}

    @property
    def n_songs(self) -> int:
        return int(self.part_song.max(initial=-1)) + 1

    @cached_property
    def cell_part(self) -> NDArray[np.int64]:
        """int64[cells]: which part a cell belongs to."""
        return np.repeat(np.arange(self.part_song.size), np.diff(self.part_first))

    @cached_property
    def interval(self) -> NDArray[np.int64]:
        """int64[cells]: semitones from the first pitch of the last cell with notes before it in its part."""
        first = self.part_first[:-1][self.cell_part].astype(np.int64)
        at = np.where(self.shape != SILENT, np.arange(self.shape.size), -1)
        before = np.append(-1, np.maximum.accumulate(at)[:-1])
        has_any = before >= first
        pitch = self.base.astype(np.int64)
        return np.where(has_any, pitch - pitch[before], _NO_INTERVAL)

    @cached_property
    def key(self) -> NDArray[np.uint64]:
        """uint64[cells]: `window_key` of each cell with the next one, 0 where they are no window."""
        shape, base = self.shape.astype(np.uint64), self.base.astype(np.int64)
        second, second_base = np.append(shape[1:], 0), np.append(base[1:], 0)
        both = (shape != SILENT) & (second != SILENT)
        interval = np.where(both, (second_base - base) % 256, 0).astype(np.uint64)
        key: NDArray[np.uint64] = (shape << np.uint64(32) | second.astype(np.uint64)) + interval * np.uint64(_GOLDEN)
        is_last = np.isin(np.arange(shape.size), self.part_first[1:] - 1)
        return np.where(self.is_window & ~is_last, key, np.uint64(0))

    @cached_property
    def is_silence_inside(self) -> NDArray[np.bool_]:
        """bool[cells + 1]: silent cells that another cell of their part stands before."""
        is_first = np.isin(np.arange(self.shape.size), self.part_first[:-1])
        return np.append((self.shape == SILENT) & ~is_first, False)

    @cached_property
    def windows(self) -> frozenset[int]:
        """The keys of all windows, to look one up in no time."""
        return frozenset(self.key[self.key != 0].tolist())

    @cached_property
    def shapes(self) -> frozenset[int]:
        """The shapes of all cells that stand in a window."""
        in_window = self.key != 0
        in_window[1:] |= in_window[:-1].copy()
        return frozenset(self.shape[in_window].tolist())

    def places(self, shape: int) -> NDArray[np.int64]:
        """Return int64[K], ascending: all cells of a shape."""
        order, sorted_shape = self._by_shape
        low, high = np.searchsorted(sorted_shape, np.array([shape, shape + 1], dtype=np.uint64))
        return order[low:high]

    @cached_property
    def _by_shape(self) -> tuple[NDArray[np.int64], NDArray[np.uint64]]:
        order = np.argsort(self.shape, kind="stable")
        return order, self.shape[order].astype(np.uint64)


def fingerprints(sheets: Sequence[Sheet]) -> Index:
    """Take the fingerprints of songs; a song's number is its place in the sequence."""
    prints = [_sheet_prints(sheet) for sheet in sheets]
    parts = [(number, part) for number, sheet in enumerate(sheets) for part in sheet.parts]
    n_bars = [len(sheets[number].bars) for number, _ in parts]
    shape, base, is_window = (np.concatenate([row.ravel() for row in rows]) for rows in zip(*prints, strict=True))
    return Index(
        shape=shape.astype(np.uint32),
        base=base.astype(np.uint8),
        is_window=is_window.astype(np.bool_),
        part_first=np.concatenate([[0], np.cumsum(n_bars)]).astype(np.int32),
        part_song=np.array([number for number, _ in parts], dtype=np.int32),
        part_program=np.array([DRUMS if part.is_drum else part.program for _, part in parts], dtype=np.uint8),
    )


def _sheet_prints(sheet: Sheet) -> tuple[NDArray[np.uint32], NDArray[np.uint8], NDArray[np.bool_]]:
    """Return [parts, bars] each: shape, first pitch, and whether a window begins there."""
    n_parts, n_bars = len(sheet.parts), len(sheet.bars)
    shape = np.zeros((n_parts, n_bars), dtype=np.uint32)
    base = np.zeros((n_parts, n_bars), dtype=np.uint8)
    n_notes = np.zeros((n_parts, n_bars + 1), dtype=np.int64)
    pitches = np.zeros((2, n_parts, n_bars + 1), dtype=np.uint64)  # which of the 128, as bits

    cell, inside = np.divmod(sheet.notes, CELL)
    start = np.flatnonzero(np.append(True, np.diff(cell) != 0))
    count = np.diff(np.append(start, cell.size))
    bar, part = np.divmod(cell[start], n_parts)
    is_drum = np.array([p.is_drum for p in sheet.parts])[part]
    position, pitch = np.divmod(inside // _PITCH, 128)
    first_pitch = np.where(is_drum, 0, pitch[start])
    notes = (position * 256 + pitch - np.repeat(first_pitch, count) + 128).astype("<u2").tobytes()
    length_tick = [sheet.bars[i].length_tick for i in bar.tolist()]
    ends = [*(2 * start).tolist(), len(notes)]
    shape[part, bar] = [
        _shape(notes[first:stop], drum, tick)
        for (first, stop), drum, tick in zip(pairwise(ends), is_drum.tolist(), length_tick, strict=True)
    ]
    base[part, bar] = first_pitch
    n_notes[part, bar] = count
    for half in (0, 1):
        bits = np.where(pitch // 64 == half, np.uint64(1) << (pitch % 64).astype(np.uint64), np.uint64(0))
        pitches[half, part, bar] = np.bitwise_or.reduceat(bits, start)
    together = n_notes[:, :-1] + n_notes[:, 1:]
    different = np.bitwise_count(pitches[:, :, :-1] | pitches[:, :, 1:]).sum(axis=0)
    is_window = (together >= FEWEST_NOTES) & (different >= FEWEST_PITCHES)
    is_window[:, -1] = False  # the last bar has no next
    return shape, base, is_window


def load_index(bundle: Bundle) -> Index | None:
    """Return the fingerprints of a style's songs, or None where it travels without; raises StyleError."""
    if INDEX_NAME not in bundle.manifest.files:
        return None
    try:
        return Index.from_arrays(bundle.arrays(INDEX_NAME))
    except ValueError as error:
        raise StyleError(f"style {bundle.name}: its {INDEX_NAME} does not fit together ({error})") from None
