"""One voice of an ABC tune: from tokens to the notes of its bars."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from bandroid.music.abc_fields import ALTERATIONS, STEPS, Key
from bandroid.music.abc_tokens import GRACE_COLUMN, NOTE, align_syllables, parse_multiplier
from bandroid.music.bar_lines import metre_length_unit
from bandroid.music.written import (
    DEFAULT_VELOCITY,
    TIE_STARTS,
    UNITS_PER_WHOLE,
    Metre,
    WrittenNote,
    WrittenPart,
    WrittenSyllable,
)

Letter = tuple[str | None, str | None, str, str]
"""a note as it is spelt: accidental, part of a tone, letter, octave marks"""
OVERLAYS = 16
"""lines (&) that a bar of one voice may hold, each its own run of notes"""
_TUPLET_TIME = {2: 3, 3: 2, 4: 3, 6: 2, 8: 3}
"""p notes in the time of q, where ABC fixes q (4.13); for the others the metre decides"""


class Voice:
    """Where one voice stands while it is read, and what it has played so far."""

    def __init__(self, name: str, key: Key, metre: Metre | None, unit_length: Fraction) -> None:
        self.part = WrittenPart(name)
        self.key = key
        self.metre = metre
        self.set_unit_length(unit_length)
        self.velocity = DEFAULT_VELOCITY
        self.shift_semitone = 0
        self.accidental_scope = "pitch"
        self.bar = 0
        self.position_unit = 0
        self.reach_unit = 0  # of the fullest overlay of this bar
        self.bar_length_unit: list[int] = []
        self.line: list[tuple[int, int]] = []  # (bar, unit) of the notes that a w: line sings
        self.n_verses = 0  # w: lines since the last line of music
        self.n_quarter_tones = 0
        self.n_out_of_range = 0
        self._overlay = 0
        self._accidentals: dict[str, int] = {}
        self._tied: dict[str, int] = {}  # accidentals that a tie carries over the bar line
        self._last: list[str] = []  # letter and octave of the notes before, for a tie
        self._last_notes = range(0)  # rows of the note or chord before
        self._last_length_unit = 0
        self._broken = (1, 1)  # what > or < does to the next note
        self._tuplet = (0, 1, 1)  # notes left, times q, over p
        self._graces: list[list[int]] = []

    def set_unit_length(self, unit_length: Fraction) -> None:
        """Count notes in another share of a whole note from here on (L:)."""
        self.unit_length = unit_length
        self._unit_length_unit = int(unit_length * UNITS_PER_WHOLE)

    @property
    def is_untouched(self) -> bool:
        """Whether nothing was played in it yet."""
        return not self.bar_length_unit and not self.reach_unit

    def start_line(self) -> None:
        """Begin a line of music: w: lines sing what follows."""
        self.line = []
        self.n_verses = 0

    # ------------------------------------------------------------------ sound

    def play(self, letters: Sequence[Letter], numerator: int, denominator: int) -> list[int]:
        """Play (accidental, part of a tone, letter, octave marks) together; return their rows in part.notes."""
        length_unit = self._length(numerator, denominator)
        first = len(self.part.notes)
        self._last = []
        pitches = [self._pitch(*letter) for letter in letters]
        self._tied = {}
        self._place_graces()
        if not length_unit:
            return []
        voice = self._overlay
        notes = [
            WrittenNote(self.bar, self.position_unit, length_unit, pitch, self.velocity, voice, 0, 0)
            for pitch in pitches
            if 0 <= pitch <= 127
        ]
        self.n_out_of_range += len(pitches) - len(notes)
        self.part.notes += notes
        self._last_notes = range(first, len(self.part.notes))
        self.line.append((self.bar, self.position_unit))
        self._advance(length_unit)
        return list(self._last_notes)

    def rest(self, numerator: int, denominator: int) -> None:
        """Be silent for a multiple of the unit length."""
        self._place_graces()
        length_unit = self._length(numerator, denominator)
        self._last_notes = range(0)
        self._last = []
        self._tied = {}
        self._advance(length_unit)

    def rest_bars(self, count: int) -> None:
        """Be silent for whole bars (Z4); the bar line that follows closes the last of them."""
        whole_unit = metre_length_unit(self.metre) if self.metre else UNITS_PER_WHOLE
        for number in range(count):
            if number:
                self.end_bar()
            self._last_notes = range(0)
            self._advance(whole_unit)

    def tie(self) -> None:
        """Tie the note or chord before to the next one."""
        for row in self._last_notes:
            note = self.part.notes[row]
            self.part.notes[row] = note._replace(ties=note.ties | TIE_STARTS)
        self._tied = {
            place: self._accidentals[scope]
            for place in self._last
            if (scope := self._scope(place)) in self._accidentals
        }

    def tie_row(self, row: int) -> None:
        """Tie one note of a chord."""
        note = self.part.notes[row]
        self.part.notes[row] = note._replace(ties=note.ties | TIE_STARTS)

    def break_rhythm(self, signs: str) -> None:
        """Lengthen the note before and shorten the next: > makes 3/2 and 1/2 of them, >> 7/4 and 1/4, < the reverse."""
        shares = 2 ** min(len(signs), 8)
        longer, shorter = (2 * shares - 1, shares), (1, shares)
        before, after = (longer, shorter) if signs[0] == ">" else (shorter, longer)
        change_unit = self._last_length_unit * before[0] // before[1] - self._last_length_unit
        for row in self._last_notes:
            note = self.part.notes[row]
            self.part.notes[row] = note._replace(length_unit=note.length_unit + change_unit)
        is_furthest = self.position_unit == self.reach_unit
        self.position_unit += change_unit
        self.reach_unit = self.position_unit if is_furthest else max(self.reach_unit, self.position_unit)
        self._last_length_unit += change_unit
        self._broken = after

    def start_tuplet(self, p: int, q: int, r: int) -> None:
        """Play the next r notes p in the time of q; 0 for what the text leaves out."""
        is_compound = self.metre is not None and self.metre[0] in (6, 9, 12) and self.metre[1] >= 8
        q = q or _TUPLET_TIME.get(p, 3 if is_compound else 2)
        self._tuplet = (min(r or p, 99), min(q, 99), p)

    def add_graces(self, text: str) -> None:
        """Keep grace notes for the note that they ornament: {gef}, {/g}, {[eg]f}."""
        for column in GRACE_COLUMN.finditer(text):
            pitches = [self._pitch(found[1], found[2], found[3], found[4]) for found in NOTE.finditer(column[0])]
            if pitches:
                self._graces.append([pitch for pitch in pitches if 0 <= pitch <= 127])

    def overlay(self) -> None:
        """Go back to the start of the bar and play another line over it."""
        self._place_graces()
        self.position_unit = 0
        self._overlay = (self._overlay + 1) % OVERLAYS
        self._last_notes = range(0)

    # ------------------------------------------------------------------- bars

    def end_bar(self) -> bool:
        """Close the bar; return whether there was anything in it to close."""
        if not self.reach_unit:
            return False
        self._place_graces()
        self.bar_length_unit.append(self.reach_unit)
        self.bar += 1
        self.position_unit = self.reach_unit = self._overlay = 0
        self._accidentals = {}
        return True

    def sing(self, words: str) -> None:
        """Lay one w: line under the notes of the line of music before it (section 5.1)."""
        self.n_verses += 1
        at = 0
        for text in align_syllables(words):
            if text == "|":
                bar = self.line[at - 1][0] if at else (self.line[0][0] - 1 if self.line else 0)
                while at < len(self.line) and self.line[at][0] <= bar:
                    at += 1
            elif at >= len(self.line):
                break
            else:
                if text:
                    self.part.syllables.append(WrittenSyllable(*self.line[at], self.n_verses, text[:100]))
                at += 1

    # ---------------------------------------------------------------- details

    def _length(self, numerator: int, denominator: int) -> int:
        length_unit = self._unit_length_unit * numerator // denominator
        left, q, p = self._tuplet
        if left:
            length_unit = length_unit * q // p
            self._tuplet = (left - 1, q, p)
        if self._broken != (1, 1):
            length_unit = length_unit * self._broken[0] // self._broken[1]
            self._broken = (1, 1)
        return length_unit

    def _advance(self, length_unit: int) -> None:
        self._last_length_unit = length_unit
        self.position_unit += length_unit
        self.reach_unit = max(self.reach_unit, self.position_unit)

    def _pitch(self, accidental: str | None, part_of_tone: str | None, letter: str, octave_marks: str) -> int:
        step = letter.upper()
        octave = 5 if letter.islower() else 4
        if octave_marks:
            octave += octave_marks.count("'") - octave_marks.count(",")
        place = f"{step}{octave}"
        self._last.append(place)
        scope = self._scope(place)
        if accidental:
            alter = ALTERATIONS[accidental]
            if part_of_tone:
                self.n_quarter_tones += 1
                upper, lower = parse_multiplier(part_of_tone)
                alter = round(alter * upper / lower)
            if self.accidental_scope != "not":
                self._accidentals[scope] = alter
        elif place in self._tied:
            alter = self._tied[place]
        elif scope in self._accidentals:
            alter = self._accidentals[scope]
        else:
            alter = self.key.alterations.get(step, 0)
        return 12 * (octave + 1) + STEPS[step] + alter + self.shift_semitone

    def _scope(self, place: str) -> str:
        """Return what an accidental at a place holds for until the bar line; by default for all octaves (11.3)."""
        return place[0] if self.accidental_scope == "pitch" else place

    def _place_graces(self) -> None:
        if not self._graces:
            return
        count = len(self._graces)
        self.part.notes += [
            WrittenNote(self.bar, self.position_unit, 0, pitch, self.velocity, self._overlay, 0, count - column)
            for column, pitches in enumerate(self._graces)
            for pitch in pitches
        ]
        self._graces = []
