"""Where each drum stands on the percussion staff.

Places and heads of the drum set follow Norman Weinberg, "Guidelines for Drumset Notation", Percussive Notes 32/3
(June 1994): cymbals are crosses, feet are lowest, the snare lies in the third space. Hand percussion, for which no
standard exists, lies on the lines by height, with pluses and diamonds for what has no skin.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple


class DrumPlace(NamedTuple):
    """A place on the staff, as on a treble staff, and the shape of the head (note-head-value of MusicXML 4.0)."""

    step: str
    octave: int
    head: str = "normal"


FEET = frozenset({35, 36, 44})
"""bass drums and pedal hi-hat: the lower voice, stems down"""

_FLOOR_TOMS = (43, 41)
_RACK_TOMS = (50, 48, 47, 45)
_RACK_PLACES = {1: ("E5",), 2: ("E5", "D5"), 3: ("E5", "D5", "B4"), 4: ("F5", "E5", "D5", "B4")}

_PLACES: dict[int, DrumPlace] = {
    27: DrumPlace("E", 5, "diamond"),
    28: DrumPlace("E", 5, "diamond"),
    29: DrumPlace("D", 5, "diamond"),
    30: DrumPlace("B", 4, "diamond"),
    31: DrumPlace("E", 5, "x"),
    32: DrumPlace("C", 6, "x"),
    33: DrumPlace("C", 6, "x"),
    34: DrumPlace("C", 6, "diamond"),
    35: DrumPlace("F", 4),
    36: DrumPlace("F", 4),
    37: DrumPlace("C", 5, "x"),
    38: DrumPlace("C", 5),
    39: DrumPlace("D", 5, "x"),
    40: DrumPlace("C", 5),
    41: DrumPlace("A", 4),
    42: DrumPlace("G", 5, "x"),
    43: DrumPlace("A", 4),
    44: DrumPlace("D", 4, "x"),
    45: DrumPlace("B", 4),
    46: DrumPlace("G", 5, "circle-x"),
    47: DrumPlace("D", 5),
    48: DrumPlace("D", 5),
    49: DrumPlace("A", 5, "x"),
    50: DrumPlace("E", 5),
    51: DrumPlace("F", 5, "x"),
    52: DrumPlace("C", 6, "x"),
    53: DrumPlace("F", 5, "diamond"),
    54: DrumPlace("G", 5, "cross"),
    55: DrumPlace("B", 5, "diamond"),
    56: DrumPlace("E", 5, "cross"),
    57: DrumPlace("B", 5, "x"),
    58: DrumPlace("B", 4, "x"),
    59: DrumPlace("F", 5, "x"),
    60: DrumPlace("F", 5),
    61: DrumPlace("E", 5),
    62: DrumPlace("D", 5, "x"),
    63: DrumPlace("D", 5),
    64: DrumPlace("B", 4),
    65: DrumPlace("F", 5),
    66: DrumPlace("D", 5),
    67: DrumPlace("F", 5, "cross"),
    68: DrumPlace("D", 5, "cross"),
    69: DrumPlace("B", 5, "cross"),
    70: DrumPlace("A", 5, "cross"),
    71: DrumPlace("C", 6, "diamond"),
    72: DrumPlace("C", 6, "diamond"),
    73: DrumPlace("A", 4, "x"),
    74: DrumPlace("A", 4, "x"),
    75: DrumPlace("E", 5, "x"),
    76: DrumPlace("E", 5, "cross"),
    77: DrumPlace("B", 4, "cross"),
    78: DrumPlace("D", 5, "x"),
    79: DrumPlace("D", 5, "diamond"),
    80: DrumPlace("C", 6, "x"),
    81: DrumPlace("C", 6, "cross"),
    82: DrumPlace("A", 5, "cross"),
    83: DrumPlace("C", 6, "cross"),
    84: DrumPlace("C", 6, "diamond"),
    85: DrumPlace("E", 5, "x"),
    86: DrumPlace("A", 4, "x"),
    87: DrumPlace("A", 4),
}
_UNKNOWN = DrumPlace("E", 5, "diamond")


def drum_places(pitches: Iterable[int]) -> dict[int, DrumPlace]:
    """Return the place of each drum of a part; toms and bass drums move so that two of them never share one."""
    used = set(pitches)
    places = {pitch: _PLACES.get(pitch, _UNKNOWN) for pitch in used}
    racks = [pitch for pitch in _RACK_TOMS if pitch in used]
    if len(racks) > 1:
        for pitch, place in zip(racks, _RACK_PLACES[len(racks)], strict=True):
            places[pitch] = DrumPlace(place[0], int(place[1]))
    if used.issuperset(_FLOOR_TOMS):
        places[41] = DrumPlace("G", 4)
    if {35, 36} <= used:
        places[35] = DrumPlace("E", 4)
    return places
