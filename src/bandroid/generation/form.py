"""The form of a piece: which stretches of bars are the same music again, as letters A, B, A."""

from __future__ import annotations

from bandroid.generation.plan import SECTION_BARS
from bandroid.representations.score_cursor import Content

_SAME_FROM = 0.5
"""share of equal cells from which a stretch counts as an earlier one again"""


def sections(history: list[list[Content]]) -> list[tuple[int, str]]:
    """Return (first bar from 0, letter) for each stretch of eight bars; `history` holds each part's cell per bar.

    A stretch that goes on like the one before begins no new section.
    """
    n_bars = len(history[0]) if history else 0
    found: list[tuple[int, str]] = []
    firsts: list[int] = []
    for start in range(0, n_bars, SECTION_BARS):
        likeness = [_likeness(history, start, first) for first in firsts]
        if likeness and max(likeness) >= _SAME_FROM:
            letter = _letter(likeness.index(max(likeness)))
        else:
            letter = _letter(len(firsts))
            firsts.append(start)
        if not found or found[-1][1] != letter:
            found.append((start, letter))
    return found


def _likeness(history: list[list[Content]], start: int, first: int) -> float:
    """Return the share of sounding cells of a stretch that stand at the same place of an earlier one."""
    same = sounding = 0
    for cells in history:
        for cell, earlier in zip(
            cells[start : start + SECTION_BARS], cells[first : first + SECTION_BARS], strict=False
        ):
            sounding += bool(cell)
            same += bool(cell) and cell == earlier
    return same / sounding if sounding else 0.0


def _letter(number: int) -> str:
    """0 -> A, 25 -> Z, 26 -> A1."""
    turn, letter = divmod(number, 26)
    return chr(ord("A") + letter) + (str(turn) if turn else "")
