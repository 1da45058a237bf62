"""What fingerprints find, found the long way: windows as plain notes, runs by trying every pair of bars."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from hypothesis import strategies as st

from bandroid.critique.fingerprints import FEWEST_NOTES, FEWEST_PITCHES
from bandroid.music.notes import Notes
from bandroid.music.song import MetreChange, Part, Song
from bandroid.representations.sheet import CELL, Sheet, sheet_and_loss

Bar = tuple[tuple[int, int], ...]
"""position and pitch of each note"""
Window = tuple[bool, int, tuple[tuple[int, int], ...]]


def lines(sheet: Sheet) -> list[list[Bar]]:
    """Each part as its bars."""
    bars: list[list[list[tuple[int, int]]]] = [[[] for _ in sheet.bars] for _ in sheet.parts]
    for code in sheet.notes.tolist():
        bar, part = divmod(code // CELL, len(sheet.parts))
        bars[part][bar].append((code % CELL // (128 * 256), code // 256 % 128))
    return [[tuple(bar) for bar in line] for line in bars]


def windows(sheet: Sheet) -> list[tuple[int, int, Window]]:
    """Every window that counts: (part, bar, what it is)."""
    found = []
    for part, line in enumerate(lines(sheet)):
        for bar, (one, other) in enumerate(pairwise(line)):
            length = sheet.bars[bar].length_tick
            notes = [*one, *((position + length, pitch) for position, pitch in other)]
            if len(notes) >= FEWEST_NOTES and len({pitch for _, pitch in notes}) >= FEWEST_PITCHES:
                base = 0 if sheet.parts[part].is_drum else notes[0][1]
                what = tuple((position, pitch - base) for position, pitch in notes)
                found.append((part, bar, (sheet.parts[part].is_drum, length, what)))
    return found


def longest_run(sheet: Sheet, others: Sequence[Sheet]) -> int:
    """The most bars with notes in a row, silent ones between, that hold a window and stand in another song."""
    mine = {(part, bar) for part, bar, _ in windows(sheet)}
    longest = 0
    for part, line in enumerate(lines(sheet)):
        for other in others:
            for its_part, its_line in enumerate(lines(other)):
                if other.parts[its_part].is_drum != sheet.parts[part].is_drum:
                    continue
                for first in range(len(line)):
                    for its_first in range(len(its_line)):
                        n = _same_bars(line[first:], its_line[its_first:], sheet.parts[part].is_drum)
                        if any((part, first + k) in mine for k in range(n - 1)):
                            longest = max(longest, sum(map(bool, line[first : first + n])))
    return longest


def _same_bars(line: list[Bar], other: list[Bar], is_drum: bool) -> int:
    """How many bars of two lines are the same from their first, which holds notes, moved by one interval."""
    if not (line[0] and other[0]):
        return 0
    interval = 0 if is_drum else other[0][0][1] - line[0][0][1]
    n = 0
    for one, its in zip(line, other, strict=False):
        if tuple((position, pitch + interval) for position, pitch in one) != its:
            break
        n += 1
    return n


_BARS = [
    (),
    ((0, 60), (12, 64), (24, 67), (36, 72)),
    ((0, 62), (12, 66), (24, 69), (36, 74)),  # the same, two higher
    ((0, 60), (12, 64), (24, 67)),
    ((0, 60),),
    ((0, 67), (6, 65), (12, 64)),
    ((0, 36), (24, 38), (24, 42), (36, 46)),
]


@st.composite
def small_sheets(draw: st.DrawFn) -> Sheet:
    """Songs out of few bars, so that they share some."""
    parts = []
    for is_drum in draw(st.lists(st.booleans(), min_size=1, max_size=2)):
        chosen = draw(st.lists(st.sampled_from(range(len(_BARS))), min_size=2, max_size=8))
        shift = draw(st.sampled_from((0, 0, 3)))
        rows = [(48 * bar + at, 6, pitch + shift, 80) for bar, i in enumerate(chosen) for at, pitch in _BARS[i]]
        rows.append((48 * len(chosen), 6, 40, 80))
        parts.append(Part("", 0, is_drum, Notes.from_rows(rows)))
    return sheet_and_loss(Song(12, tuple(parts), metres=(MetreChange(0, 4, 4),)))[0]
