"""A song: parts with notes, and a timeline of tempo, metre, key, chords and section markers.

All times are ticks of the song's own resolution. `music/clock.py` turns them into bars, quarters and seconds.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field, replace

from bandroid.music.notes import Notes

DRUM_PROGRAM = 0
"""Program of a drum part whose file names none: the standard kit."""


@dataclass(frozen=True, slots=True)
class TempoChange:
    """From `onset_tick` on, `tempo_qpm` quarter notes a minute."""

    onset_tick: int
    tempo_qpm: float

    def __post_init__(self) -> None:
        if self.onset_tick < 0 or not 1.0 <= self.tempo_qpm <= 10_000.0:
            raise ValueError(f"impossible tempo {self.tempo_qpm} at tick {self.onset_tick}")


@dataclass(frozen=True, slots=True)
class MetreChange:
    """From `onset_tick` on, bars of `numerator`/`denominator`. A change always starts a new bar.

    So a pickup of one quarter in 4/4 is (0, 4, 4) and (1 quarter, 4, 4): the first bar is cut short.
    """

    onset_tick: int
    numerator: int
    denominator: int

    def __post_init__(self) -> None:
        if self.onset_tick < 0 or not 1 <= self.numerator <= 255:
            raise ValueError(f"impossible metre {self.numerator}/{self.denominator}")
        if self.denominator not in (1, 2, 4, 8, 16, 32, 64):
            raise ValueError(f"the lower number of a metre must be 1, 2, 4 ... 64, not {self.denominator}")


@dataclass(frozen=True, slots=True)
class KeyChange:
    """From `onset_tick` on, a key signature: `fifths` -7 (seven flats) to 7 (seven sharps)."""

    onset_tick: int
    fifths: int
    is_minor: bool

    def __post_init__(self) -> None:
        if self.onset_tick < 0 or not -7 <= self.fifths <= 7:
            raise ValueError(f"a key has at most seven sharps or flats, not {self.fifths}")


@dataclass(frozen=True, slots=True)
class TextEvent:
    """Words at a time: a syllable, a chord symbol, the name of a section."""

    onset_tick: int
    text: str


@dataclass(frozen=True, slots=True)
class Part:
    """One instrument's line."""

    name: str
    program: int
    """General MIDI program, 0 to 127 (0 is the grand piano); on a drum part the kit"""
    is_drum: bool
    notes: Notes
    lyrics: tuple[TextEvent, ...] = ()
    volume: int = 100
    """MIDI channel volume, 0 to 127; 100 is General MIDI's default"""
    pan: int = 64
    """MIDI pan, 0 left, 64 middle, 127 right"""

    def __post_init__(self) -> None:
        if not (0 <= self.program <= 127 and 0 <= self.volume <= 127 and 0 <= self.pan <= 127):
            raise ValueError(f"program, volume and pan of part {self.name!r} must lie in 0..127")


@dataclass(frozen=True, slots=True)
class Song:
    """A piece of music. Times are ticks; `ticks_per_quarter` says how long one is.

    An empty `tempos` or `metres` means that the source states none: read it as 120 quarters a minute and 4/4.
    Changes are sorted by onset, at most one of a kind per tick. Raises ValueError otherwise.
    """

    ticks_per_quarter: int
    parts: tuple[Part, ...]
    tempos: tuple[TempoChange, ...] = ()
    metres: tuple[MetreChange, ...] = ()
    keys: tuple[KeyChange, ...] = ()
    chords: tuple[TextEvent, ...] = ()
    """chord symbols as their source spells them: C, Dm7, F#/A#"""
    markers: tuple[TextEvent, ...] = ()
    """names of sections: Intro, Verse"""
    fermatas: tuple[int, ...] = ()
    """ticks at which a note with a fermata begins, ascending: all parts wait there"""
    title: str = ""
    remarks: tuple[str, ...] = field(default=(), compare=False)
    """what the reader repaired, guessed or left out, one plain sentence each"""

    def __post_init__(self) -> None:
        if self.ticks_per_quarter < 1:
            raise ValueError("a quarter note needs at least one tick")
        for changes in (self.tempos, self.metres, self.keys):
            onsets = [change.onset_tick for change in changes]
            if any(a >= b for a, b in itertools.pairwise(onsets)):
                raise ValueError("changes of tempo, metre and key must be sorted, one per tick")
        if any(a >= b for a, b in itertools.pairwise((-1, *self.fermatas))):
            raise ValueError("fermatas must be sorted, one per tick, from tick 0 on")
        for metre in self.metres:
            if self.ticks_per_quarter * 4 * metre.numerator % metre.denominator:
                raise ValueError(
                    f"a bar of {metre.numerator}/{metre.denominator} is no whole number of ticks at "
                    f"{self.ticks_per_quarter} per quarter"
                )

    @property
    def n_notes(self) -> int:
        """Notes of all parts."""
        return sum(len(part.notes) for part in self.parts)

    @property
    def end_tick(self) -> int:
        """The tick at which the last note ends; 0 for a song without notes."""
        return max((int(part.notes.end_tick.max()) for part in self.parts if len(part.notes)), default=0)

    def with_parts(self, parts: tuple[Part, ...]) -> Song:
        """Put other parts on the same timeline."""
        return replace(self, parts=parts)

    def with_remarks(self, *remarks: str) -> Song:
        """Add sentences to what the reader has to say."""
        return replace(self, remarks=self.remarks + remarks)
