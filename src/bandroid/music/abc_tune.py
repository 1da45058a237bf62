"""Read one tune of ABC into a written score."""

from __future__ import annotations

import re
from collections import Counter
from fractions import Fraction

from bandroid.music import abc_fields as fields
from bandroid.music.abc_bars import MAX_BARS, TuneBars
from bandroid.music.abc_tokens import (
    NOTE,
    TOKEN,
    TuneText,
    body_field,
    parse_endings,
    parse_multiplier,
    plain_text,
    with_accents,
    without_comment,
)
from bandroid.music.abc_voice import Voice
from bandroid.music.written import DYNAMICS, MAX_NOTES, Metre, NotationError, WrittenScore

DEFAULT_VOICE = "1"
"""name of the voice in which the music of a tune without V: stands"""
MAX_VOICES = 64
_CHORD_SYMBOL = re.compile(
    r"\(?(?:[A-G](?:[#b♯♭=]|bb|##)?"
    r"(?:maj|min|mi|ma|dim|aug|sus|add|alt|omit|no|M|m|o|ø|°|Δ|\+|-|\^|[#b♯♭]|/?\d{1,2}|[(),]|\s)*+"
    r"(?:/\s*[A-Ga-g](?:[#b♯♭])?)?|N\.?C\.?)\)?"
)
_JUMPS = {
    "segno": "is_segno", "s": "is_segno", "coda": "is_coda", "o": "is_coda", "fine": "is_fine", "d.c.": "da_capo",
    "dacapo": "da_capo", "d.c.alfine": "da_capo", "d.c.alcoda": "da_capo", "d.s.": "dal_segno",
    "d.s.alfine": "dal_segno", "d.s.alcoda": "dal_segno", "dacoda": "to_coda", "tocoda": "to_coda",
}  # fmt: skip
"""decorations, and annotations of the same words, that steer playing"""
_ORNAMENT = "{n} trills, turns and rolls are played as plain notes"
_KEPT_IN_QUOTES = ("fine", "d.c.", "d.c.alfine", "d.s.alfine")
"""words over the notes that are as good as their decorations; a lone "Segno" is used for too many things"""
_DRUM_CHANNEL = 10


class TuneReader:
    """Reads one tune, line by line."""

    def __init__(self, tune: TuneText) -> None:
        self.text = tune
        self.title = ""
        self.bars = TuneBars()
        self.voices: dict[str, Voice] = {}
        self.faults: Counter[str] = Counter()
        """sentences with {n} in them -> how often"""
        self.key = fields.Key(is_stated=False)
        self.metre: Metre | None = None
        self.unit_length: Fraction | None = None
        self.program = 0
        self.is_drum = False
        self.shift_semitone = 0
        self.accidental_scope = "pitch"
        self.part_order: list[str] = []
        self.is_continued = False  # the line of music before ended in \
        self.was_bar = False  # whether the sign before was a bar line, so that a number is an ending
        self.is_default_voice = False

    def read(self) -> WrittenScore:
        """Return the tune as a written score; raises NotationError where it holds no music."""
        self._read_header()
        for line in self.text.body:
            self._read_line(line)
        for voice in self.voices.values():
            self.voice = voice
            self._end_bar()
        return self._score()

    # ----------------------------------------------------------------- fields

    def _read_header(self) -> None:
        tempo_text = ""
        voice_lines = []
        for line in self.text.header:
            if line.startswith("%%"):
                self._read_directive(line[2:], None)
                continue
            letter, value = line[:1], without_comment(line[2:]).strip()
            if line[1:2] != ":":
                continue
            if letter == "T" and not self.title:
                self.title = plain_text(value)
            elif letter == "M":
                self.metre = fields.parse_metre(value)
            elif letter == "L":
                self.unit_length = fields.parse_length(value) or self.unit_length
            elif letter == "Q":
                tempo_text = value
            elif letter == "P":
                self.part_order = fields.parse_part_order(value)
            elif letter == "I":
                self._read_directive(value, None)
            elif letter == "V":
                voice_lines.append(value)
            elif letter == "m":
                self.faults["macros (m:) were not expanded"] += 1
            elif letter == "K":
                self.key = fields.parse_key(value) or self.key
                self.shift_semitone = fields.parse_shift(value) or self.shift_semitone
        if self.unit_length is None:
            self.unit_length = fields.default_length(self.metre)
        for value in voice_lines:
            self._voice(value)
        if self.key.is_stated:
            self.bars[0].keys.append((0, (self.key.fifths, self.key.is_minor)))
        if tempo_text:
            self._read_tempo(tempo_text, 0, 0, self.unit_length)
        # A header's V: lines only introduce the voices; music starts in the first.
        is_default_voice = not self.voices
        self.voice = next(iter(self.voices.values()), None) or self._voice(DEFAULT_VOICE)
        self.is_default_voice = is_default_voice

    def _read_directive(self, text: str, voice: Voice | None) -> None:
        """Heed %%MIDI program, channel 10 and transpose, and %%propagate-accidentals; the rest is about printing."""
        words = text.replace("=", " ").split()
        if len(words) > 1 and words[0] == "propagate-accidentals":
            self.accidental_scope = words[1]
            for other in self.voices.values():
                other.accidental_scope = words[1]
        if len(words) < 3 or words[0].upper() != "MIDI" or not re.fullmatch(r"[+-]?\d{1,4}", words[-1]):
            return
        number = int(words[-1])
        if words[1] == "program" and 0 <= number <= 127:
            if voice is None:
                self.program = number
            else:
                voice.part.program = number
        elif words[1] == "channel":
            if voice is None:
                self.is_drum = number == _DRUM_CHANNEL
            else:
                voice.part.is_drum = number == _DRUM_CHANNEL
        elif words[1] == "transpose" and abs(number) < 128:
            if voice is None:
                self.shift_semitone = number
            else:
                voice.shift_semitone = number

    def _voice(self, text: str) -> Voice:
        """Return the voice that a V: field names, made when it is new."""
        words = text.split()
        identity = words[0] if words else "1"
        if identity not in self.voices:
            if self.is_default_voice and self.voice.is_untouched:
                self.voices.clear()  # the body introduces its own voices before any music
            self.is_default_voice = False
            if len(self.voices) == MAX_VOICES:
                raise NotationError(f"it has more than {MAX_VOICES} voices")
            length = self.unit_length or Fraction(1, 8)
            voice = Voice("", self.key, self.metre, length)
            voice.shift_semitone = self.shift_semitone
            voice.accidental_scope = self.accidental_scope
            voice.part.program, voice.part.is_drum = self.program, self.is_drum
            self.voices[identity] = voice
        voice = self.voices[identity]
        parameters = fields.parse_parameters(text)
        name = plain_text(parameters.get("name") or parameters.get("nm") or "")
        voice.part.name = name or voice.part.name
        shift = fields.parse_shift(" ".join(words[1:]))
        voice.shift_semitone = voice.shift_semitone if shift is None else shift
        if "perc" in words[1:] or parameters.get("clef") == "perc":
            voice.part.is_drum = True
        return voice

    def _read_field(self, letter: str, value: str) -> None:
        voice = self.voice
        if letter == "V":
            self.voice = self._voice(value)
        elif letter == "K":
            key = fields.parse_key(value)
            if key is not None:
                voice.key = key
                if key.is_stated and self._leads():
                    self.bars[voice.bar].keys.append((voice.position_unit, (key.fifths, key.is_minor)))
            shift = fields.parse_shift(value)
            voice.shift_semitone = voice.shift_semitone if shift is None else shift
        elif letter == "M":
            voice.metre = fields.parse_metre(value)
        elif letter == "L":
            length = fields.parse_length(value)
            if length is not None:
                voice.set_unit_length(length)
        elif letter == "Q":
            self._read_tempo(value, voice.bar, voice.position_unit, voice.unit_length)
        elif letter == "P":
            self._end_bar()
            if self._leads():
                self.bars.start_section(value, voice.bar)
        elif letter == "I":
            self._read_directive(value, voice)
        elif letter == "w":
            voice.sing(with_accents(value))
        elif letter == "W":
            self.faults["words below the tune (W:) were left out"] = 1
        elif letter == "m":
            self.faults["macros (m:) were not expanded"] = 1

    def _read_tempo(self, text: str, bar: int, at_unit: int, unit_length: Fraction) -> None:
        tempo_qpm = fields.parse_tempo(text, unit_length)
        if tempo_qpm is not None:
            self.bars[bar].tempos.append((at_unit, tempo_qpm))
        elif re.search(r"\d", re.sub(r'"[^"]*"', "", text)):
            self.faults["{n} tempos could not be read"] += 1

    # ------------------------------------------------------------------ lines

    def _read_line(self, line: str) -> None:
        if line.startswith("%%"):
            self._read_directive(line[2:], self.voice)
            return
        line = without_comment(line).rstrip()
        if not line:
            return
        found = body_field(line)
        if found:
            self._read_field(*found)
            return
        if not self.is_continued:
            self.voice.start_line()
        self.is_continued = line.endswith("\\")
        self._read_music(line.rstrip("\\"))
        if len(self.voice.part.notes) > MAX_NOTES:
            raise NotationError(f"it holds more than {MAX_NOTES:,} notes, the most that is read")

    def _read_music(self, line: str) -> None:
        for token in TOKEN.finditer(line):
            kind = token.lastgroup
            if kind == "note":
                self.voice.play([(token[2], token[3], token[4], token[5])], *parse_multiplier(token[6]))
            elif kind == "space":
                continue
            else:
                getattr(self, f"_read_{kind}")(token)
            self.was_bar = kind == "bar"

    def _read_rest(self, token: re.Match[str]) -> None:
        numerator, denominator = parse_multiplier(token["rest"][1:])
        if token["rest"][0] in "zx" or self.voice.reach_unit:  # Z among notes is a slip for z
            self.voice.rest(numerator, denominator)
        else:
            self.voice.rest_bars(min(numerator, MAX_BARS))

    def _read_chord(self, token: re.Match[str]) -> None:
        inside, outside = token["chord"][1:].rsplit("]", 1)
        notes = list(NOTE.finditer(inside))
        if not notes:
            self.faults["{n} signs that are not ABC were skipped"] += 1
            return
        # The first note's length counts for all (4.17), times the length after the bracket.
        upper, lower = parse_multiplier(notes[0][5])
        outer_upper, outer_lower = parse_multiplier(outside)
        rows = self.voice.play(
            [(note[1], note[2], note[3], note[4]) for note in notes], upper * outer_upper, lower * outer_lower
        )
        if len(rows) == len(notes):
            for row, note in zip(rows, notes, strict=True):
                if note[6]:
                    self.voice.tie_row(row)

    def _read_broken(self, token: re.Match[str]) -> None:
        self.voice.break_rhythm(token["broken"])

    def _read_tie(self, _: re.Match[str]) -> None:
        self.voice.tie()

    def _read_tuplet(self, token: re.Match[str]) -> None:
        p, q, r = (*token["tuplet"][1:].split(":"), "", "")[:3]
        if int(p) > 1:
            self.voice.start_tuplet(int(p), int(q[:3] or 0), int(r[:3] or 0))

    def _read_grace(self, token: re.Match[str]) -> None:
        self.voice.add_graces(token["grace"])

    def _read_overlay(self, _: re.Match[str]) -> None:
        self.voice.overlay()

    def _read_inline(self, token: re.Match[str]) -> None:
        text = token["inline"]
        self._read_field(text[1], text[3:-1].strip())
        if text[1] == "V":
            self.voice.start_line()

    def _read_quoted(self, token: re.Match[str]) -> None:
        text = token["quoted"][1:-1].strip()
        if text[:1] not in "^_<>@" and _CHORD_SYMBOL.fullmatch(text):
            self.bars[self.voice.bar].chords.append((self.voice.position_unit, plain_text(text)))
        elif (word := text.lstrip("^_<>@").replace(" ", "").lower()) in _KEPT_IN_QUOTES:
            self._mark_jump(_JUMPS[word])

    def _read_mark(self, token: re.Match[str]) -> None:
        name = token["mark"][1:-1]
        if name in DYNAMICS:
            self.voice.velocity = DYNAMICS[name]
        elif name.lower() in _JUMPS:
            self._mark_jump(_JUMPS[name.lower()])
        elif name in ("trill", "mordent", "lowermordent", "uppermordent", "pralltriller", "turn", "roll"):
            self.faults[_ORNAMENT] += 1
        elif name in ("fermata", "invertedfermata"):
            self._mark_fermata()

    def _mark_fermata(self) -> None:
        """Let the next note bear a fermata, where the first voice says so."""
        if self._leads():
            self.bars[self.voice.bar].fermatas.append(self.voice.position_unit)

    def _mark_jump(self, sign: str) -> None:
        """Set a sign on the bar that it stands in; after the bar line it belongs to the bar before, if it ends one."""
        if not self._leads():
            return
        is_start = sign in ("is_segno", "is_coda")
        bar = self.voice.bar if is_start or self.voice.reach_unit or not self.voice.bar else self.voice.bar - 1
        setattr(self.bars[bar].marks, sign, True)

    def _read_ornament(self, token: re.Match[str]) -> None:
        if token["ornament"] in "~TMP":
            self.faults[_ORNAMENT] += 1
        elif token["ornament"] == "H":
            self._mark_fermata()

    def _read_slur(self, _: re.Match[str]) -> None:
        """Slurs change no note that we keep."""

    def _read_other(self, token: re.Match[str]) -> None:
        if token["other"] not in "!\\]":
            self.faults["{n} signs that are not ABC were skipped"] += 1

    # ------------------------------------------------------------------- bars

    def _leads(self) -> bool:
        """Tell whether this is the voice whose signs count for all."""
        return self.voice is next(iter(self.voices.values()))

    def _end_bar(self) -> None:
        voice = self.voice
        if voice.reach_unit and self._leads():
            self.bars.metres[voice.bar] = voice.metre
            _ = self.bars[voice.bar]  # it exists, even if nothing else is said of it
        voice.end_bar()

    def _read_bar(self, token: re.Match[str]) -> None:
        self._end_bar()
        if not self._leads():
            return
        self.bars.read_bar_line(token["bar"], self.voice.bar)

    def _read_ending(self, token: re.Match[str]) -> None:
        if not self.was_bar and not token["ending"].startswith("["):
            self.faults["{n} signs that are not ABC were skipped"] += 1
            return
        self._end_bar()
        if self._leads():
            self.bars.start_ending(parse_endings(token["ending"]), self.voice.bar)

    # ------------------------------------------------------------------ score

    def _score(self) -> WrittenScore:
        voices = list(self.voices.values())
        _ = self.bars[max(voice.bar for voice in voices)]
        bars = self.bars.finish((voice.bar_length_unit for voice in voices), self.metre)
        for number, voice in enumerate(voices, 1):
            voice.part.name = voice.part.name or ("Melody" if len(voices) == 1 else f"Voice {number}")
            self.faults["{n} quarter tones were read as the semitone beside them"] += voice.n_quarter_tones
            self.faults["{n} notes too low or too high for MIDI were left out"] += voice.n_out_of_range
        sections, missing = self.bars.sections(self.part_order)
        if missing:
            self.faults[f"the parts {', '.join(missing)} that P: asks for are not there"] += 1
        remarks = [sentence.format(n=count) for sentence, count in self.faults.items() if count]
        return WrittenScore(self.title, bars, [v.part for v in voices if v.part.notes], sections, remarks)
