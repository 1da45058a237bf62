"""A score as it is written, bar by bar: what the MusicXML and the ABC reader make, and `perform.py` plays.

Times inside a bar are counted in **units**, so small that every usual division of a note is a whole number of them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from bandroid.music.repeats import BarMarks

UNITS_PER_QUARTER = 2**12 * 3**4 * 5**2 * 7 * 11 * 13
"""8.3e9: 4096th notes, nested triplets and tuplets of 5, 7, 11, 13 are exact, and hours of them fit int64"""
UNITS_PER_WHOLE = 4 * UNITS_PER_QUARTER
MAX_NOTES = 500_000
"""more than any score that a person would write"""
MAX_QUARTERS = 60_000
"""eight hours at 120 quarters a minute"""
DEFAULT_VELOCITY = 80
"""mezzo-forte, where a score states no dynamics"""
DYNAMICS = {
    "pppp": 10, "ppp": 16, "pp": 33, "p": 49, "mp": 64, "mf": 80, "f": 96, "ff": 112, "fff": 126, "ffff": 127,
}  # fmt: skip
"""velocities of the dynamics marks, in the even steps with which notation programs play them"""

TIE_STARTS = 1
TIE_STOPS = 2
"""the note may continue a tied one of its pitch that ends where it begins"""

Metre = tuple[int, int]
"""(3, 4): three quarters"""


class NotationError(Exception):
    """A score cannot be used, and why; the reader that knows the file's name makes its own error of it."""


class WrittenNote(NamedTuple):
    """A note in its bar."""

    bar: int
    onset_unit: int
    """from the start of the bar; a grace note has the onset of the note that it ornaments"""
    length_unit: int
    """0 for a grace note"""
    pitch: int
    velocity: int
    voice: int
    """the notes of a voice follow each other; grace notes take their time from it"""
    ties: int
    """TIE_STARTS, TIE_STOPS, both, or 0"""
    grace: int
    """0, or how many grace notes are left up to the main note: 2, then 1, for two of them"""


class WrittenSyllable(NamedTuple):
    """A syllable under a note; one that goes on ends in a hyphen."""

    bar: int
    onset_unit: int
    verse: int
    """from 1"""
    text: str


@dataclass(slots=True)
class WrittenPart:
    """One instrument's line; program, volume and pan as in `song.Part`."""

    name: str
    program: int = 0
    is_drum: bool = False
    volume: int = 100
    pan: int = 64
    notes: list[WrittenNote] = field(default_factory=list)
    """bar by bar as written, and in order of time within a voice"""
    syllables: list[WrittenSyllable] = field(default_factory=list)


@dataclass(slots=True)
class WrittenBar:
    """What a bar says to all parts. The lists hold (units from the bar's start, what begins there)."""

    length_unit: int = 0
    metre: Metre | None = None
    """in force here; None where there is none"""
    marks: BarMarks = field(default_factory=BarMarks)
    keys: list[tuple[int, tuple[int, bool]]] = field(default_factory=list)
    """(fifths, is_minor) of key signatures"""
    tempos: list[tuple[int, float]] = field(default_factory=list)
    """quarters a minute"""
    chords: list[tuple[int, str]] = field(default_factory=list)
    markers: list[tuple[int, str]] = field(default_factory=list)
    fermatas: list[int] = field(default_factory=list)
    """units from the bar's start at which a note with a fermata begins"""


@dataclass(slots=True)
class WrittenScore:
    """A whole score, before repeats are unfolded and ties joined."""

    title: str
    bars: list[WrittenBar]
    parts: list[WrittenPart]
    sections: list[range] | None = None
    """ranges of bars in playing order (P:AABB in ABC); None: all bars, once through"""
    remarks: list[str] = field(default_factory=list)
