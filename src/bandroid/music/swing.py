"""Swing: eighths (or 16ths) in pairs of long and short. Found in a song, taken out of it, and put back in.

A swing is where the second note of a pair falls, as a share of the pair: 0.5 is straight, 2/3 a triplet's shuffle.
Taking it out bends time within each pair, so that the second note falls on the half; everything in between moves
along. Grids of 16ths are blind to swing: a shuffle would round to a dotted rhythm that nobody played.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bandroid.music.notes import Notes
from bandroid.music.quantize import round_half_up

_LEAST, _MOST = 0.55, 0.75
"""less is a hand's unevenness, more is a dotted rhythm"""
_FEWEST_NOTES = 8
"""second notes of pairs; fewer say nothing"""
_AGREE, _AGREE_SHARE = 0.06, 0.7
"""of all notes between the beats, this share must lie this near (in pairs) to the swung place"""
_ON_BEAT = 0.15
"""a note this near (in pairs) to a pair's begin belongs to the beat"""


@dataclass(frozen=True, slots=True)
class Swing:
    """Where the second eighth of a quarter, and the second 16th of an eighth, fall. Raises ValueError out of range."""

    eighth: float = 0.5
    sixteenth: float = 0.5

    def __post_init__(self) -> None:
        if not (0.5 <= self.eighth < 1.0 and 0.5 <= self.sixteenth < 1.0):
            raise ValueError(f"a swing lies from 0.5 (straight) to below 1: {self}")

    @property
    def is_straight(self) -> bool:
        return self.eighth == self.sixteenth == 0.5


STRAIGHT = Swing()


def swing_of(notes: Notes, ticks_per_quarter: int) -> Swing:
    """Return the swing of a part's notes: of eighths if they swing, else of 16ths."""
    at_quarter = notes.onset_tick / ticks_per_quarter
    eighth = _second_place(at_quarter)
    if eighth != 0.5:
        return Swing(eighth=eighth)
    return Swing(sixteenth=_second_place(2 * at_quarter))


def straightened(notes: Notes, ticks_per_quarter: int, swing: Swing) -> Notes:
    """Take a swing out: second eighths at 2/3 of a quarter come to 1/2. The resolution should be fine: 480 or more."""
    if swing.is_straight:
        return notes
    return _bent(notes, ticks_per_quarter, swing.eighth, 0.5, swing.sixteenth, 0.5)


def swung(notes: Notes, ticks_per_quarter: int, swing: Swing) -> Notes:
    """Put a swing in: what stands on the half of a pair comes late."""
    if swing.is_straight:
        return notes
    return _bent(notes, ticks_per_quarter, 0.5, swing.eighth, 0.5, swing.sixteenth)


def _second_place(at_pair: NDArray[np.float64]) -> float:
    """Return where most second notes of pairs fall, as a share of the pair, 0.5 where they do not swing.

    `at_pair` float64[N] are onsets, counted in pairs.
    """
    phase = at_pair % 1.0
    between = phase[(phase > _ON_BEAT) & (phase < 1 - _ON_BEAT)]
    late = between[(between >= _LEAST - _AGREE) & (between <= _MOST + _AGREE)]
    if late.size < _FEWEST_NOTES:
        return 0.5
    place = float(np.median(late))
    # Triplets' own second notes stand at 1/3, and bend to a 16th.
    agrees = (np.abs(between - place) <= _AGREE) | (np.abs(between - place / 2) <= _AGREE)
    if not _LEAST <= place <= _MOST or np.count_nonzero(agrees) < _AGREE_SHARE * between.size:
        return 0.5
    return round(place, 3)


def _bent(
    notes: Notes, ticks_per_quarter: int, eighth: float, to_eighth: float, sixteenth: float, to_sixteenth: float
) -> Notes:
    def moved(tick: NDArray[np.int64]) -> NDArray[np.int64]:
        quarter = tick / ticks_per_quarter
        quarter = _bend(quarter, eighth, to_eighth)
        return round_half_up(_bend(2 * quarter, sixteenth, to_sixteenth) / 2 * ticks_per_quarter)

    onset = moved(notes.onset_tick)
    return Notes(onset, np.maximum(moved(notes.end_tick) - onset, 1), notes.pitch, notes.velocity)


def _bend(at_pair: NDArray[np.float64], place: float, to: float) -> NDArray[np.float64]:
    """Stretch the first part of each pair and shrink the second, or the other way round."""
    if place == to:
        return at_pair
    pair = np.floor(at_pair)
    phase = at_pair - pair
    bent: NDArray[np.float64] = pair + np.interp(phase, [0.0, place, 1.0], [0.0, to, 1.0])
    return bent
