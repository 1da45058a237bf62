"""A plan of a piece: which parts play in which bar, and where a bar comes again, after the forms of the band's songs.

A model that decides bar by bar knows no form: parts come in at odd places, sections melt into each other. So a new
piece takes its form from a stretch of the song whose line-up it borrows: who plays there, where new material begins,
what comes back, who doubles whom. The notes are the model's own.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np

from bandroid.representations.sheet import CELL, Sheet

SECTION_BARS = 8
SILENT, NEW = -1, -2
"""what a plan may wish for a cell, beside a bar (0 or more) whose cell comes again"""
_LONGEST_FORM_BARS = 512
_POSITION, _PITCH = 128 * 256, 256  # what they are worth in a note's code
Doubles: TypeAlias = tuple[tuple[int, int, int], ...]
"""(number of a content, part that it doubles, interval in semitones)"""


def forms_of(sheet: Sheet) -> tuple[tuple[int, ...], ...]:
    """Return each part's form: per bar 0 for silence, else the number of its content by first appearance."""
    n_parts, n_bars = len(sheet.parts), min(len(sheet.bars), _LONGEST_FORM_BARS)
    cell, inside = np.divmod(sheet.notes, CELL)
    borders = np.flatnonzero(np.append(True, np.diff(cell) != 0)).tolist()
    forms = [[0] * n_bars for _ in range(n_parts)]
    known: list[dict[bytes, int]] = [{} for _ in range(n_parts)]
    for first, stop in zip(borders, [*borders[1:], cell.size], strict=True):
        bar, part = divmod(int(cell[first]), n_parts)
        if bar < n_bars:
            forms[part][bar] = known[part].setdefault(inside[first:stop].tobytes(), len(known[part]) + 1)
    return tuple(tuple(form) for form in forms)


def doubles_of(sheet: Sheet) -> tuple[Doubles, ...]:
    """Return, per part, which of its contents doubled a part before it when they first came, and at which interval."""
    n_parts = len(sheet.parts)
    cell, inside = np.divmod(sheet.notes, CELL)
    borders = np.flatnonzero(np.append(True, np.diff(cell) != 0)).tolist()
    contents = {
        divmod(int(cell[first]), n_parts): (inside[first:stop] // _POSITION, inside[first:stop] // _PITCH % 128)
        for first, stop in zip(borders, [*borders[1:], cell.size], strict=True)
    }
    found: list[Doubles] = []
    for part, form in enumerate(forms_of(sheet)):
        mine: list[tuple[int, int, int]] = []
        firsts = {number: bar for bar, number in reversed(list(enumerate(form))) if number}
        for number, bar in sorted(firsts.items()):
            position, pitch = contents[bar, part]
            for other in range(part):
                theirs = contents.get((bar, other))
                is_pitched = not (sheet.parts[part].is_drum or sheet.parts[other].is_drum)
                if is_pitched and theirs is not None and np.array_equal(theirs[0], position):
                    interval = np.unique(pitch - theirs[1])
                    if interval.size == 1:
                        mine.append((number, other, int(interval[0])))
                        break
        found.append(tuple(mine))
    return tuple(found)


@dataclass(frozen=True, slots=True)
class Plan:
    """What each part shall do in each bar: SILENT, NEW, or the bar whose cell comes again."""

    wishes: tuple[tuple[int, ...], ...]
    """per part, per bar"""
    doublings: Mapping[tuple[int, int], tuple[int, int]] = field(default_factory=dict)
    """for some new cells, by part and bar: which part they double, at which interval in semitones"""

    def wish(self, part: int, bar: int) -> int | None:
        """Return what a part shall do in a bar; None where the plan says nothing."""
        mine = self.wishes[part]
        return mine[bar] if bar < len(mine) else None


def make_plan(
    forms: Sequence[Sequence[int]],
    n_bars: int,
    rng: np.random.Generator,
    *,
    doubles: Sequence[Doubles] = (),
    is_everybody_heard: bool = False,
) -> Plan:
    """Take a plan of `n_bars` from forms of parts, from a section on that is drawn; beyond their end, from another.

    Parts of one song stay together; parts of several songs begin at the same share of their songs. A part without a
    form is left alone. `doubles` holds who doubles whom, for parts of one song. `is_everybody_heard`: a part that would
    be silent throughout takes its sounding sections only.
    """
    wishes, shares = [], rng.random(-(-n_bars // SECTION_BARS))
    doublings: dict[tuple[int, int], tuple[int, int]] = {}
    for part, form in enumerate(forms):
        numbers = _taken(form, n_bars, shares.tolist())
        if is_everybody_heard and not any(numbers):
            sections = [form[at : at + SECTION_BARS] for at in range(0, len(form), SECTION_BARS)]
            sounding = [number for section in sections if any(section) for number in section]
            numbers = _taken(sounding, n_bars, shares.tolist())
        wishes.append(_wishes(numbers))
        doubled = {number: (other, interval) for number, other, interval in (doubles[part] if doubles else ())}
        for bar, (number, wish) in enumerate(zip(numbers, wishes[-1], strict=True)):
            if wish == NEW and number in doubled:
                doublings[part, bar] = doubled[number]
    return Plan(tuple(wishes), doublings)


def _taken(form: Sequence[int], n_bars: int, shares: Sequence[float]) -> list[int]:
    """Take bars of a form in a row, beginning with a section; where the form ends, go on from another section."""
    numbers: list[int] = []
    for share in itertools.cycle(shares) if form else ():
        # As many bars as are still wanted, where the form is as long as that.
        n_starts = max((len(form) - (n_bars - len(numbers))) // SECTION_BARS, 0) + 1
        start = int(share * n_starts) * SECTION_BARS
        numbers += form[start : start + n_bars - len(numbers)]
        if len(numbers) == n_bars:
            break
    return numbers


def _wishes(numbers: Sequence[int]) -> tuple[int, ...]:
    """Return wishes for contents by number: [1, 1, 0, 2, 1] -> NEW, 0, SILENT, NEW, 1: the last bar that had it."""
    last: dict[int, int] = {}
    wishes = []
    for bar, number in enumerate(numbers):
        wishes.append(SILENT if number == 0 else last.get(number, NEW))
        last[number] = bar
    return tuple(wishes)
