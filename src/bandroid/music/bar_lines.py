"""Find metre changes such that the bars of a score, short and overfull ones too, fall on the bars of a Song."""

from __future__ import annotations

from collections.abc import Sequence

from bandroid.music.written import UNITS_PER_QUARTER, UNITS_PER_WHOLE, Metre

LONGEST_FREE_BAR_QUARTERS = 8
"""music without metre is counted in 4/4 where its bar lines stand further apart than this"""
_COMMON_TIME: Metre = (4, 4)


def metre_length_unit(metre: Metre) -> int:
    """Return the length of a bar: (3, 8) -> one and a half quarters, in units."""
    return UNITS_PER_WHOLE * metre[0] // metre[1]


def metre_changes(bars: Sequence[tuple[int, Metre | None]]) -> list[tuple[int, Metre]]:
    """Return (onset_unit, metre) changes for played bars of (length_unit, metre in force or None).

    A pickup of one quarter in 4/4 -> 4/4 at 0 and 4/4 again one quarter later. Short bars that make up a whole one,
    as where a repeat stands in the middle of a bar, are counted as that one. A bar that is overfull by less than a
    bar has a metre of its own (5/4 among 4/4).
    """
    changes: list[tuple[int, Metre]] = []
    current: Metre | None = None
    is_cut = False  # whether the running grid of bars no longer fits and must start afresh
    onset_unit = 0
    index = 0
    while index < len(bars):
        length_unit, metre = bars[index]
        n_merged = _n_making_one_bar(bars, index)
        length_unit = sum(length for length, _ in bars[index : index + n_merged])
        index += n_merged
        if not length_unit:
            continue
        metre, is_whole = _metre_for(length_unit, metre)
        if metre != current or is_cut:
            changes.append((onset_unit, metre))
            current = metre
        is_cut = not is_whole
        onset_unit += length_unit
    return changes


def _n_making_one_bar(bars: Sequence[tuple[int, Metre | None]], first: int) -> int:
    """Count the short bars from `first` on that make up one whole bar together; 1 where they do not."""
    metre = bars[first][1]
    if metre is None:
        return 1
    whole_unit = metre_length_unit(metre)
    total_unit = 0
    for index in range(first, len(bars)):
        length_unit, its_metre = bars[index]
        total_unit += length_unit
        if its_metre != metre or total_unit > whole_unit or not 0 < length_unit < whole_unit:
            return 1
        if total_unit == whole_unit:
            return index - first + 1
    return 1


def _metre_for(length_unit: int, metre: Metre | None) -> tuple[Metre, bool]:
    """Return the metre in which a bar of this length is counted, and whether it fills its last bar."""
    if metre is None:
        if length_unit <= LONGEST_FREE_BAR_QUARTERS * UNITS_PER_QUARTER:
            own = _own_metre(length_unit, 4)
            if own:
                return own, True
        metre = _COMMON_TIME
    whole_unit = metre_length_unit(metre)
    if whole_unit < length_unit < 2 * whole_unit:
        own = _own_metre(length_unit, metre[1])
        if own:
            return own, True
    return metre, length_unit % whole_unit == 0


def _own_metre(length_unit: int, denominator: int) -> Metre | None:
    while denominator <= 16:
        numerator, rest = divmod(length_unit * denominator, UNITS_PER_WHOLE)
        if not rest and 1 <= numerator <= 255:
            return numerator, denominator
        denominator *= 2
    return None
