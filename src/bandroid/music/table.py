"""All notes of a song in one table, so that a question to the whole song is one pass over arrays."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bandroid.music.song import Song

UNITS_PER_QUARTER = 12
"""the score's grid: the 16th and both triplets fall on it"""


@dataclass(frozen=True, slots=True, eq=False)
class NoteTable:
    """N notes of P parts, sorted by part, then as `Notes` are; every part has its rows, also an empty one.

    A song of two parts with 3 and 2 notes -> `first_row` (0, 3, 5) and `part` (0, 0, 0, 1, 1).
    """

    part: NDArray[np.int64]
    """int64[N], index into the song's parts"""
    onset_unit: NDArray[np.int64]
    """int64[N], nearest twelfth of a quarter, halves upwards"""
    length_unit: NDArray[np.float64]
    """float64[N], twelfths of a quarter, not rounded"""
    pitch: NDArray[np.int64]
    """int64[N], 0 to 127"""
    first_row: NDArray[np.int64]
    """int64[P + 1]: where each part's rows begin, and N"""
    is_drum: NDArray[np.bool_]
    """bool[P]"""

    def __len__(self) -> int:
        return int(self.part.size)

    @property
    def n_parts(self) -> int:
        return int(self.is_drum.size)

    @property
    def n_notes_of_part(self) -> NDArray[np.int64]:
        """int64[P]"""
        return np.diff(self.first_row)


def note_table(song: Song) -> NoteTable:
    """Lay all notes of a song out as one table, onsets in twelfths of a quarter."""
    counts = [len(part.notes) for part in song.parts]
    first_row = np.zeros(len(counts) + 1, dtype=np.int64)
    np.cumsum(counts, out=first_row[1:])
    tpq = song.ticks_per_quarter
    onset_tick = _joined([part.notes.onset_tick for part in song.parts])
    length_tick = _joined([part.notes.length_tick for part in song.parts])
    return NoteTable(
        part=np.repeat(np.arange(len(counts)), counts),
        onset_unit=(onset_tick * (2 * UNITS_PER_QUARTER) + tpq) // (2 * tpq),
        length_unit=length_tick * np.float64(UNITS_PER_QUARTER / tpq),
        pitch=_joined([part.notes.pitch for part in song.parts]),
        first_row=first_row,
        is_drum=np.array([part.is_drum for part in song.parts], dtype=np.bool_),
    )


def _joined(arrays: list[NDArray[np.int64]]) -> NDArray[np.int64]:
    return np.concatenate(arrays) if arrays else np.zeros(0, dtype=np.int64)
