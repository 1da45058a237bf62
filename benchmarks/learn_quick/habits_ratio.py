"""Are medians of new pieces those of the band? The ratios of silence, notes per bar and loops.

A piece of 32 bars is a file with the parts that sound in it. Like with like, a song is read as a file of its first 32
bars, with the parts that sound in them. In Band A 0.30 of the cells of such an opening are silent (0.32 of those of 32
bars anywhere in a song), but 0.41 of a whole song, where parts come and go over a longer time: held against that, a
piece in which everybody rests too much would pass. The table shows whole songs beside.
"""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import fields

from bandroid.critique.habits import Habits, measure
from bandroid.representations.sheet import Sheet
from benchmarks.learn_quick.openings import window

N_BARS = 32
FIGURES = {
    "silent_share_ratio": "silent_share",
    "notes_per_bar_ratio": "notes_per_bar",
    # A part's loop, not the band's: whole bars of a band hardly ever return in a row (median of Band A's openings: 2
    # bars, of a quarter of them none), and a ratio of such small numbers says nothing. The band's own is logged.
    "longest_loop_ratio": "longest_part_loop_bars",
}
"""which habit each figure compares"""
NAMES = tuple(field.name for field in fields(Habits))


def opening_habits(sheets: Sequence[Sheet]) -> list[Habits]:
    """Measure the first 32 bars of each song or piece, with the parts that sound in them."""
    return [measure(window(sheet, 0, N_BARS)) for sheet in sheets]


def median(habits: Sequence[Habits], name: str) -> float:
    return statistics.median(float(getattr(one, name)) for one in habits)


def ratio(pieces: Sequence[Habits], songs: Sequence[Habits], name: str) -> float:
    """Return the pieces' median over the songs'; 1 where both are 0, infinite where only the songs' is."""
    ours, theirs = median(pieces, name), median(songs, name)
    if theirs == 0:
        return 1.0 if ours == 0 else float("inf")
    return ours / theirs


def off_by(raw: float) -> float:
    """Return how many times too large or too small a ratio is: 0.8 -> 1.25, 1.25 -> 1.25, 0 -> infinite."""
    return max(raw, 1 / raw) if raw > 0 else float("inf")


def table(pieces: Sequence[Habits], songs: Sequence[Habits], whole_songs: Sequence[Habits]) -> list[str]:
    """Return the medians of all habits as lines: pieces, songs' openings, the ratio, and whole songs beside them."""
    lines = [f"{'median of':24}{'pieces':>9}{'songs':>9}{'ratio':>8}{'whole songs':>13}"]
    for name in NAMES:
        row = f"{name:24}{median(pieces, name):9.2f}{median(songs, name):9.2f}{ratio(pieces, songs, name):8.2f}"
        lines.append(row + f"{median(whole_songs, name):13.2f}")
    # Both sides plus one, since the band's loops are 0 to 4 bars.
    ours, theirs = (1 + median(group, "longest_loop_bars") for group in (pieces, songs))
    lines.append(f"longest_loop of the whole band, (1 + pieces) / (1 + songs): {ours / theirs:.2f}")
    return lines
