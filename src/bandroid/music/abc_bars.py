"""The bars of an ABC tune: bar lines, repeats, endings and parts, as the leading voice writes them.

Source: the ABC music notation standard 2.1 (abcnotation.com, December 2011), sections 3.1.9 and 4.8 to 4.10.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from bandroid.music.abc_tokens import plain_text
from bandroid.music.written import Metre, NotationError, WrittenBar

MAX_BARS = 20_000


@dataclass(slots=True)
class _Ending:
    first_bar: int
    numbers: tuple[int, ...]
    stop_bar: int = -1
    """the bar after it; -1 while it is open"""
    is_closed: bool = False
    """whether a sign says that it ends there"""


class TuneBars:
    """Gathers what bar lines say while a tune is read; `finish` makes the bars of it."""

    def __init__(self) -> None:
        self.bars: list[WrittenBar] = []
        self.metres: dict[int, Metre | None] = {}
        """metre in force, by the bars that the leading voice has written"""
        self._endings: list[_Ending] = []
        self._sections: list[tuple[str, int]] = []  # (name, first bar) of the body's P: fields

    def __getitem__(self, number: int) -> WrittenBar:
        """Return a bar, made when it is new."""
        if number >= MAX_BARS:
            raise NotationError(f"it has more than {MAX_BARS:,} bars")
        while len(self.bars) <= number:
            self.bars.append(WrittenBar())
        return self.bars[number]

    def read_bar_line(self, sign: str, bar: int) -> None:
        """Note what a bar line before bar number `bar` says: |: opens a repeat, :| closes one, :: does both."""
        inner = sign.strip(".[]")
        closing = len(inner) - len(inner.lstrip(":"))
        opening = len(inner) - len(inner.rstrip(":"))
        if set(inner) == {":"}:  # "::" is ":||:"; a lone ":" is a repeat whose bar line was forgotten
            closing, opening = max(len(inner) // 2, 1), len(inner) // 2
        if closing and bar:
            self[bar - 1].marks.times = min(closing, 8) + 1  # ::| is played three times
        if opening:
            self[bar].marks.opens_repeat = True
        if closing or opening or "||" in sign or "[" in sign or "]" in sign:
            self._close_ending(bar, is_closed=True)

    def start_ending(self, numbers: tuple[int, ...], bar: int) -> None:
        """Begin an ending with a bar."""
        self._close_ending(bar, is_closed=False)
        self._endings.append(_Ending(bar, numbers))

    def start_section(self, text: str, bar: int) -> None:
        """Begin a part of the tune (P:A) with a bar."""
        name = plain_text(text)
        self._sections.append((name[:1], bar))
        if name:
            self[bar].markers.append((0, name))

    def finish(self, lengths_unit: Iterable[Sequence[int]], metre: Metre | None) -> list[WrittenBar]:
        """Return the bars, as long as the longest of all voices' bars; `metre` is that of the header."""
        for lengths in lengths_unit:
            for bar, length_unit in zip(self.bars, lengths, strict=False):
                bar.length_unit = max(bar.length_unit, length_unit)
        for number, bar in enumerate(self.bars):
            bar.metre = metre = self.metres.get(number, metre)
        self._close_ending(len(self.bars), is_closed=False)
        self._label_endings()
        return self.bars

    def sections(self, part_order: Sequence[str]) -> tuple[list[range] | None, list[str]]:
        """Return the ranges of bars in the order that the header wishes, and the names that are not there.

        None where it wishes nothing that there is.
        """
        if not self._sections:
            return None, []  # then P: is a remark, not an order
        ranges: dict[str, range] = {}
        for (name, first), (_, stop) in pairwise([*self._sections, ("", len(self.bars))]):
            ranges.setdefault(name, range(first, stop))
        missing = sorted({name for name in part_order if name not in ranges})
        wished = [ranges[name] for name in part_order if name in ranges]
        if not wished:
            return None, missing
        first_bar = self._sections[0][1]
        return ([range(first_bar)] if first_bar else []) + wished, missing

    def _close_ending(self, stop_bar: int, is_closed: bool) -> None:
        if self._endings and self._endings[-1].stop_bar == -1:
            self._endings[-1].stop_bar = stop_bar
            self._endings[-1].is_closed = is_closed

    def _label_endings(self) -> None:
        """Write the numbers of endings on their bars. A last one that no sign closes is as long as the one before."""
        for number, ending in enumerate(self._endings):
            before = self._endings[number - 1] if number else None
            stop_bar = ending.stop_bar
            if not ending.is_closed and before and before.stop_bar == ending.first_bar:
                stop_bar = min(stop_bar, ending.first_bar + before.stop_bar - before.first_bar)
            for bar in self.bars[ending.first_bar : stop_bar]:
                bar.marks.endings = ending.numbers
