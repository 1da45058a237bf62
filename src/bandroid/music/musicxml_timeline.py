"""What a MusicXML score says to all its parts: metre, key, tempo, repeats, jumps, chord symbols, rehearsal marks.

Every part may say it again; what the first part says at a place counts.
"""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections import Counter
from fractions import Fraction

from bandroid.music.bar_lines import metre_length_unit
from bandroid.music.written import MAX_QUARTERS, UNITS_PER_QUARTER, UNITS_PER_WHOLE, Metre, WrittenBar

QUARTERS_OF_TYPE = {
    "maxima": Fraction(32), "long": Fraction(16), "breve": Fraction(8), "whole": Fraction(4), "half": Fraction(2),
    "quarter": Fraction(1), "eighth": Fraction(1, 2), "16th": Fraction(1, 4), "32nd": Fraction(1, 8),
    "64th": Fraction(1, 16), "128th": Fraction(1, 32),
}  # fmt: skip
"""note-type values of MusicXML in quarters"""

LONGEST_UNIT = (MAX_QUARTERS + 1) * UNITS_PER_QUARTER
"""longer than `perform` allows a whole song to be, and short enough to add up"""

_DA_CAPO = re.compile(r"\W*(d\. ?c\.|dc\b|da capo)", re.IGNORECASE)
_DAL_SEGNO = re.compile(r"\W*(d\. ?s\.|ds\b|d[ae]l segno)", re.IGNORECASE)
_TO_CODA = re.compile(r"\W*to (the )?coda\b", re.IGNORECASE)
_CODA = re.compile(r"\W*coda\W*$", re.IGNORECASE)
_SEGNO = re.compile(r"\W*segno\W*$", re.IGNORECASE)
_FINE = re.compile(r"\W*fine\W*$", re.IGNORECASE)
_NUMBER = re.compile(r"\d+(?:\.\d+)?")


class Timeline:
    """Gathers what all parts share while they are read, one after another; `finish` makes the bars of it."""

    def __init__(self, n_bars: int) -> None:
        self.bars = [WrittenBar() for _ in range(n_bars)]
        self.content_unit = [0] * n_bars
        """per bar: how far its fullest part reaches"""
        self.is_implicit = [False] * n_bars
        self.metres: dict[int, Metre | None] = {}
        self.keys: dict[tuple[int, int], tuple[int, bool]] = {}
        self.tempos: dict[tuple[int, int], float] = {}
        self.last_tempo_qpm: float | None = None
        """the tempo that was stated last, for marks like "quarter = dotted quarter\""""
        self.chords: dict[tuple[int, int], str] = {}
        self.markers: dict[tuple[int, int], str] = {}
        self.fermatas: set[tuple[int, int]] = set()
        """(bar, unit) of the notes that bear one, in the first part that has any"""
        self.faults: Counter[str] = Counter()
        """sentences with {n} in them -> how often"""
        self._codas: list[tuple[int, int]] = []  # coda signs: (bar, unit)
        self._endings: dict[int, tuple[int, tuple[int, ...]]] = {}  # first bar -> (last bar, numbers)
        self._open_ending: tuple[int, tuple[int, ...]] | None = None

    def add_tempo(self, bar: int, at_unit: int, tempo_qpm: float) -> None:
        """Note a tempo; one that no player could take is left out."""
        if 1.0 <= tempo_qpm <= 10_000.0:
            self.tempos.setdefault((bar, at_unit), tempo_qpm)
            self.last_tempo_qpm = tempo_qpm
        else:
            self.faults["{n} impossible tempos were left out"] += 1

    def read_barline(self, barline: ET.Element, bar: int) -> None:
        """Note repeats and endings; a sign at a bar's left edge belongs before it."""
        marks = self.bars[bar].marks
        is_left = barline.get("location", "right") == "left"
        ending = barline.find("ending")
        if ending is not None and ending.get("type") == "start":
            numbers = tuple(int(n) for n in re.findall(r"\d+", ending.get("number", ""))[:32] if len(n) < 3)
            self._close_ending(bar - 1)
            self._open_ending = (bar, numbers or (1,))
        repeat = barline.find("repeat")
        if repeat is not None and repeat.get("direction") == "forward":
            if is_left:
                marks.opens_repeat = True
            elif bar + 1 < len(self.bars):
                self.bars[bar + 1].marks.opens_repeat = True
        elif repeat is not None and repeat.get("direction") == "backward":
            times = repeat.get("times", "2")
            closed = max(bar - 1, 0) if is_left else bar
            self.bars[closed].marks.times = int(times) if times.isdigit() and int(times) > 1 else 2
            self._close_ending(closed)
        if ending is not None and ending.get("type") in ("stop", "discontinue"):
            self._close_ending(bar)
        if barline.find("segno") is not None:
            marks.is_segno = True
        if barline.find("coda") is not None:
            self._codas.append((bar, 0))

    def _close_ending(self, last_bar: int) -> None:
        if self._open_ending:
            first_bar, numbers = self._open_ending
            self._endings.setdefault(first_bar, (max(first_bar, last_bar), numbers))
            self._open_ending = None

    def end_part(self) -> None:
        """Close what a part left open."""
        self._close_ending(len(self.bars) - 1)

    def read_words(self, text: str, bar: int, at_unit: int) -> None:
        """Note a jump that is only written in words: D.C. al Fine, To Coda."""
        marks = self.bars[bar].marks
        if _DA_CAPO.match(text):
            marks.da_capo = True
        elif _DAL_SEGNO.match(text):
            marks.dal_segno = True
        elif _FINE.match(text):
            marks.is_fine = True
        elif _TO_CODA.match(text):
            self._add_to_coda(bar, at_unit)
        elif _CODA.match(text):
            self._codas.append((bar, at_unit))
        elif _SEGNO.match(text):
            marks.is_segno = True

    def read_sign(self, tag: str, bar: int, at_unit: int) -> None:
        """Note a segno or coda sign."""
        if tag == "segno":
            self.bars[bar].marks.is_segno = True
        else:
            self._codas.append((bar, at_unit))

    def read_jumps(self, sound: ET.Element, bar: int, at_unit: int) -> None:
        """Note the jumps of a <sound> element, which are meant for playing."""
        marks = self.bars[bar].marks
        marks.da_capo |= sound.get("dacapo") == "yes"
        marks.dal_segno |= "dalsegno" in sound.attrib
        marks.is_fine |= "fine" in sound.attrib
        marks.is_segno |= "segno" in sound.attrib
        marks.is_coda |= "coda" in sound.attrib
        if "tocoda" in sound.attrib:
            self._add_to_coda(bar, at_unit)

    def _add_to_coda(self, bar: int, at_unit: int) -> None:
        # Over the start of a bar it means: before this bar is played.
        self.bars[bar if at_unit or not bar else bar - 1].marks.to_coda = True

    def finish(self) -> list[WrittenBar]:
        """Return the bars, each with its length and its metre; one that says nothing is as long as its metre."""
        self._settle_codas()
        self._label_endings()
        for changes, name in (
            (self.keys, "keys"),
            (self.tempos, "tempos"),
            (self.chords, "chords"),
            (self.markers, "markers"),
        ):
            for (number, at_unit), value in sorted(changes.items()):
                getattr(self.bars[number], name).append((at_unit, value))
        for number, at_unit in sorted(self.fermatas):
            self.bars[number].fermatas.append(at_unit)
        metre: Metre | None = None
        for number, bar in enumerate(self.bars):
            bar.metre = metre = self.metres.get(number, metre)
            whole_unit = metre_length_unit(metre) if metre else UNITS_PER_WHOLE
            bar.length_unit = self.content_unit[number] or (0 if self.is_implicit[number] else whole_unit)
        return self.bars

    def _label_endings(self) -> None:
        """Write the numbers of endings on their bars.

        Some files close the bracket of a first ending before its repeat sign; it reaches up to the sign.
        """
        endings = sorted(self._endings.items())
        for index, (first_bar, (last_bar, numbers)) in enumerate(endings):
            next_bar = endings[index + 1][0] if index + 1 < len(endings) else 0
            between = self.bars[last_bar + 1 : next_bar]
            is_open = not any(bar.marks.times for bar in self.bars[first_bar : last_bar + 1])
            if is_open and between and between[-1].marks.times and not any(bar.marks.opens_repeat for bar in between):
                last_bar = next_bar - 1
            for bar in self.bars[first_bar : last_bar + 1]:
                bar.marks.endings = bar.marks.endings or numbers

    def _settle_codas(self) -> None:
        """Tell the coda sign that leads to the coda from the one that begins it."""
        signs = sorted({place for place in self._codas if not self._says_to_coda(place)})
        if any(bar.marks.is_coda for bar in self.bars) or not signs:
            return
        self.bars[signs[-1][0]].marks.is_coda = True
        if len(signs) > 1 and not any(bar.marks.to_coda for bar in self.bars):
            self._add_to_coda(*signs[0])

    def _says_to_coda(self, place: tuple[int, int]) -> bool:
        bar, at_unit = place
        return self.bars[bar if at_unit or not bar else bar - 1].marks.to_coda


def read_metre(time: ET.Element) -> Metre | None:
    """Return the metre of a <time> element: 3+2 over 8 -> (5, 8); None where there is none or no usual one."""
    total = Fraction(0)
    lower = 1
    beats = [(e.text or "").strip() for e in time.findall("beats")]
    types = [(e.text or "").strip() for e in time.findall("beat-type")]
    for numerator, denominator in zip(beats, types, strict=False):
        counts = [part.strip() for part in numerator.split("+")]
        if not all(re.fullmatch(r"\d{1,3}", part) for part in (*counts, denominator)) or not int(denominator):
            return None
        total += Fraction(sum(map(int, counts)), int(denominator))
        lower = max(lower, int(denominator))
    upper = total * lower
    if lower not in (1, 2, 4, 8, 16, 32, 64) or upper.denominator != 1 or not 1 <= upper <= 255:
        return None
    return int(upper), lower


def read_metronome(metronome: ET.Element, tempo_before: float | None) -> float | None:
    """Return quarters a minute of a <metronome>: dotted quarter = 60 -> 90; quarter = dotted quarter from 90 -> 135."""
    units: list[Fraction] = []
    for child in metronome:
        if child.tag == "beat-unit":
            units.append(QUARTERS_OF_TYPE.get((child.text or "").strip(), Fraction(1)))
        elif child.tag == "beat-unit-dot" and units:
            units[-1] *= Fraction(3, 2)
    number = _NUMBER.search(metronome.findtext("per-minute") or "")
    if units and number:
        return float(number[0]) * float(units[0])
    if len(units) == 2 and tempo_before is not None:
        return tempo_before * float(units[1] / units[0])
    return None


def duration_unit(text: str | None, divisions: int) -> int:
    """Return a <duration> in units: 3 at 2 divisions per quarter -> one and a half quarters. 0 where it is none."""
    text = (text or "").strip()
    if text.isdecimal() and len(text) < 12:
        return min(int(text) * UNITS_PER_QUARTER // divisions, LONGEST_UNIT)
    try:
        quarters = float(text) / divisions
    except ValueError:
        return 0
    return min(int(quarters * UNITS_PER_QUARTER), LONGEST_UNIT) if 0 < quarters < MAX_QUARTERS else 0
