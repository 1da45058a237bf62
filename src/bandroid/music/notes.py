"""Notes as a struct of arrays, checked once when made, read-only afterwards."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray


@dataclass(frozen=True, slots=True, eq=False)
class Notes:
    """N notes, sorted by onset, then pitch, then length, then velocity.

    A C4 quarter at 480 ticks per quarter, mezzo-forte -> onset 0, length 480, pitch 60, velocity 80.

    Raises ValueError where arrays differ in length or leave their range.
    """

    onset_tick: NDArray[np.int64]
    """int64[N], ticks from the start of the song, 0 or later"""
    length_tick: NDArray[np.int64]
    """int64[N], ticks, at least 1"""
    pitch: NDArray[np.int64]
    """int64[N], MIDI note number 0 to 127 (60 is C4); on a drum part the General MIDI drum"""
    velocity: NDArray[np.int64]
    """int64[N], 1 to 127"""

    def __post_init__(self) -> None:
        arrays = [np.asarray(a, dtype=np.int64) for a in self._arrays()]
        onset, length, pitch, velocity = arrays
        if any(a.shape != (onset.size,) for a in arrays):
            raise ValueError("onset, length, pitch and velocity must be flat arrays of one length")
        if onset.size:
            if onset.min() < 0 or length.min() < 1:
                raise ValueError("onsets must be 0 or later, lengths at least 1 tick")
            if pitch.min() < 0 or pitch.max() > 127 or velocity.min() < 1 or velocity.max() > 127:
                raise ValueError("pitches must lie in 0..127 and velocities in 1..127")
            # One sort key: lexsort is several times slower, and most songs come sorted already.
            key = (onset << 7) | pitch
            if not np.all(key[1:] > key[:-1]):
                order = np.lexsort((velocity, length, pitch, onset))
                arrays = [a[order] for a in arrays]
        for name, array in zip(("onset_tick", "length_tick", "pitch", "velocity"), arrays, strict=True):
            if array.flags.writeable:
                array = array.view()
                array.flags.writeable = False
            object.__setattr__(self, name, array)

    @classmethod
    def from_rows(cls, rows: Iterable[tuple[int, int, int, int]]) -> Notes:
        """Make notes from (onset_tick, length_tick, pitch, velocity) rows."""
        table = np.array(list(rows), dtype=np.int64).reshape(-1, 4)
        return cls(table[:, 0], table[:, 1], table[:, 2], table[:, 3])

    @classmethod
    def empty(cls) -> Notes:
        """Make a Notes without notes."""
        return cls.from_rows(())

    def _arrays(self) -> tuple[ArrayLike, ArrayLike, ArrayLike, ArrayLike]:
        return self.onset_tick, self.length_tick, self.pitch, self.velocity

    def __len__(self) -> int:
        return int(self.onset_tick.size)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Notes):
            return NotImplemented
        pairs = zip(self._arrays(), other._arrays(), strict=True)
        return all(np.array_equal(a, b) for a, b in pairs)

    __hash__ = None  # type: ignore[assignment]

    @property
    def end_tick(self) -> NDArray[np.int64]:
        """int64[N]: the tick at which each note ends (exclusive)."""
        return self.onset_tick + self.length_tick

    def select(self, chosen: NDArray[np.bool_] | NDArray[np.int64]) -> Notes:
        """Keep the notes that a mask or an index array chooses."""
        return Notes(*(np.asarray(a)[chosen] for a in self._arrays()))

    def shift(self, offset_tick: int) -> Notes:
        """Move all notes by a number of ticks."""
        return Notes(self.onset_tick + offset_tick, self.length_tick, self.pitch, self.velocity)

    def transpose(self, interval_semitone: int) -> Notes:
        """Move all pitches by at most an octave; what would leave 0..127 comes back in by an octave."""
        pitch = self.pitch + interval_semitone
        pitch = np.where(pitch < 0, pitch + 12, np.where(pitch > 127, pitch - 12, pitch))
        return Notes(self.onset_tick, self.length_tick, pitch, self.velocity)
