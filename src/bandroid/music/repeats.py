"""The order in which the bars of a score are played: repeats, endings, D.C., D.S., Coda, Fine.

    |: A |1 B :|2 C | D  Fine | E  D.C. al Fine |   ->   A B A C D E A C D

The habits of players are followed: after a jump (D.C. or D.S.) repeats are not taken again and the last ending is
played, except in the coda, which is new; Fine and To Coda count only after a jump; a D.C. without either only says
"once more" and is not taken; a repeat without its opening sign goes back to the end of the repeat before it, or to the
beginning.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

MAX_TIMES = 32
"""how often a section is played at most, whatever its sign says"""
MAX_PLAYED_BARS = 50_000
"""unfolding stops being music long before"""


@dataclass(slots=True)
class BarMarks:
    """The signs at a bar that steer where playing goes on."""

    opens_repeat: bool = False
    """|: before the bar"""
    times: int = 0
    """:| after the bar: how often the section is played in all; 0 where there is no sign"""
    endings: tuple[int, ...] = ()
    """the numbers of the ending (volta) that the bar lies in"""
    is_segno: bool = False
    """the segno stands before the bar"""
    is_coda: bool = False
    """the coda begins with the bar"""
    to_coda: bool = False
    """after a jump, the coda follows on the bar"""
    is_fine: bool = False
    """after a jump, the piece ends with the bar"""
    da_capo: bool = False
    """after the bar, go to the beginning"""
    dal_segno: bool = False
    """after the bar, go to the segno"""

    @property
    def is_plain(self) -> bool:
        """Whether nothing stands here that would change the order."""
        return not (self.opens_repeat or self.times or self.endings or self.da_capo or self.dal_segno)


def play_order(bars: Sequence[BarMarks], limit: int = MAX_PLAYED_BARS) -> list[tuple[int, int]] | None:
    """Return (bar, time) pairs in playing order; `time` counts from 1 within a repeated section.

    Returns None where the unfolded piece would have more than `limit` bars.
    """
    if all(marks.is_plain for marks in bars):
        return [(bar, 1) for bar in range(len(bars))]
    endings, last_ending = _ending_groups(bars)
    order: list[tuple[int, int]] = []
    # A D.C. without an end elsewhere would only play the whole piece twice.
    may_da_capo = any(marks.is_fine or marks.to_coda for marks in bars)
    section_start, time = 0, 1
    has_jumped = is_in_coda = False
    bar = 0
    while bar < len(bars):
        marks = bars[bar]
        is_replaying = has_jumped and not is_in_coda
        if marks.opens_repeat and bar != section_start:
            section_start, time = bar, 1
        skipped = bool(endings[bar]) and (last_ending[bar] if is_replaying else time) not in endings[bar]
        if not skipped:
            if len(order) == limit:
                return None
            order.append((bar, time))
            if has_jumped:
                if marks.is_fine:
                    break
                coda = _find(bars, "is_coda", bar + 1)
                if marks.to_coda and coda is not None and not is_in_coda:
                    is_in_coda = True
                    bar = section_start = coda
                    time = 1
                    continue
            if marks.times or _lacks_its_sign(endings, bar, time):
                total = min(last_ending[bar] if marks.endings else marks.times, MAX_TIMES)
                if time < total and not is_replaying:
                    time += 1
                    bar = section_start
                    continue
                follows_on = bar + 1 < len(bars) and time in endings[bar + 1]  # a second ending without a first
                if not marks.endings and not follows_on:
                    section_start, time = bar + 1, 1
            if not has_jumped and (marks.dal_segno or (marks.da_capo and may_da_capo)):
                has_jumped = True
                segno = _find(bars, "is_segno", 0) if marks.dal_segno else None
                bar = section_start = segno or 0
                time = 1
                continue
        bar += 1
        if bars[bar - 1].endings and bar < len(bars) and not bars[bar].endings:
            section_start, time = bar, 1  # the endings are over: whatever repeats next begins here
    return order


def _find(bars: Sequence[BarMarks], sign: str, first: int) -> int | None:
    return next((bar for bar in range(first, len(bars)) if getattr(bars[bar], sign)), None)


def _lacks_its_sign(endings: Sequence[tuple[int, ...]], bar: int, time: int) -> bool:
    """Tell whether an ending closes here without :| although the next bar belongs to the next time."""
    there = endings[bar + 1] if bar + 1 < len(endings) else ()
    return bool(endings[bar]) and time not in there and time + 1 in there


def _ending_groups(bars: Sequence[BarMarks]) -> tuple[list[tuple[int, ...]], list[int]]:
    """Return per bar the times at which it is played, () for always, and the last time of its group of endings."""
    numbers = [marks.endings for marks in bars]
    last = [0] * len(bars)
    bar = 0
    while bar < len(bars):
        stop = bar
        while stop < len(bars) and bars[stop].endings and not (stop > bar and bars[stop].opens_repeat):
            stop += 1
        if stop > bar:
            numbers[bar:stop] = _mended_numbers(bars[bar:stop])
            last[bar:stop] = [max(2, *(max(n) for n in numbers[bar:stop]))] * (stop - bar)
        bar = max(stop, bar + 1)
    return numbers, last


def _mended_numbers(group: Sequence[BarMarks]) -> list[tuple[int, ...]]:
    """Return the endings of neighbouring bars such that there is one for each time.

    The mistakes that scores have: the first one is called 2, two are called 1, a number between is left out.
    """
    numbers: list[tuple[int, ...]] = []
    used: set[int] = set()
    here: tuple[int, ...] = ()
    for bar, marks in enumerate(group):
        if bar == 0 or marks.endings != group[bar - 1].endings or group[bar - 1].times:
            here = marks.endings
            if bar == 0 and 1 not in here and any(other.times for other in group):
                here = (1,)
            elif used & set(here):
                here = (max(used) + 1,)
            used |= set(here)
        numbers.append(here)
    for missing in set(range(1, max(used))) - used:
        before = max((number for number in used if number < missing), default=None)
        numbers = [(*n, missing) if before in n else n for n in numbers]
    return numbers
