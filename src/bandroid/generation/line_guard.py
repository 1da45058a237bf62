"""What keeps a line within bounds while it is written: step by step, what may not come; bar by bar, what is done again.

Single steps: pitches stay within the reach of the song that the line-up is of; no pitch (no stroke of drums) comes more
often in a row than in most songs of the style; no gap is longer than most songs'. Whole bars: one that completes a copy
of a training song beyond the band's habit, or goes on with a loop that is longer than the song's own, is written anew,
a little more daring each time.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from bandroid.critique.fingerprints import fingerprints
from bandroid.generation.line_facts import LineKind
from bandroid.generation.line_style import LineStyle
from bandroid.generation.lineup import LineUp
from bandroid.representations.grid import FIRST_NOTE, LOWEST_PITCH
from bandroid.representations.line import Line
from bandroid.representations.sheet import Sheet

LOOP_PERIODS_BAR = (1, 2, 4)
_REACH_SEMITONE = 2
"""beyond what the part reached in its song"""
_FEWEST_LOOP_BARS = 4


class LineGuard:
    """Watches over one piece. `fired` counts what was ruled out, or written again, by why."""

    def __init__(
        self,
        style: LineStyle,
        line_up: LineUp,
        shift_semitone: int,
        n_bars: int,
        sheet_of: Callable[[int, int], Sheet],
        *,
        heeds_copies: bool,
        first_bar: int,
        given: NDArray[np.int32],
    ) -> None:
        """`shift_semitone` is how much higher than C the piece is; `sheet_of(first, end)` gives bars written so far;
        `given` int32[steps] holds the symbols that it begins with."""
        self._style, self._sheet_of, self._first_bar = style, sheet_of, first_bar
        self._kind: LineKind = style.kind
        player = line_up.players[0]
        low, high = player.lowest + shift_semitone - _REACH_SEMITONE, player.highest + shift_semitone + _REACH_SEMITONE
        self._low, self._high = (pitch - LOWEST_PITCH + FIRST_NOTE for pitch in (low, high))
        notes = given[given >= FIRST_NOTE]
        if notes.size:  # where a primer goes, what follows may go
            self._low, self._high = min(self._low, int(notes.min())), max(self._high, int(notes.max()))
        self._most_loop_bars = max(min(line_up.habits.longest_loop_bars, n_bars // 2), _FEWEST_LOOP_BARS)
        self._heeds_copies = heeds_copies and style.index is not None and style.copy_habit is not None
        self._n_windows = self._n_copied = 0
        self.fired = {"reach": 0, "pitch run": 0, "gap": 0, "loop": 0, "copy": 0}

    def steer(self, line: Line, step: int, shares: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return float64[V] in place of the probabilities of a step; they need not sum to 1."""
        steered = shares
        if not self._kind.is_drums:
            steered = steered.copy()
            steered[FIRST_NOTE : max(self._low, FIRST_NOTE)] = 0.0
            steered[max(self._high + 1, FIRST_NOTE) :] = 0.0
            self.fired["reach"] += int(shares.argmax()) >= FIRST_NOTE and not steered[shares.argmax()]
        is_note = line.symbols[:step] >= FIRST_NOTE if not self._kind.is_drums else line.symbols[:step] > 0
        notes = np.flatnonzero(is_note)
        # A piece begins within its first bar.
        longest = self._style.longest_gap_step
        if not notes.size:
            longest = min(longest, int(line.bar_step[1]), len(line) - 1)
        gap = step - (int(notes[-1]) if notes.size else -1)
        if gap > longest:
            wanted = steered.copy()
            wanted[: FIRST_NOTE if not self._kind.is_drums else 1] = 0.0
            if wanted.any():
                self.fired["gap"] += 1
                steered = wanted
        limit = self._style.longest_run
        recent = line.symbols[notes[-limit:]] if limit else notes[:0]
        if recent.size and recent.size == limit and (recent == recent[0]).all() and steered[recent[0]] > 0:
            wanted = steered.copy()
            wanted[recent[0]] = 0.0
            if wanted.any():
                self.fired["pitch run"] += 1
                steered = wanted
        return steered if steered.any() else shares

    def objection(self, line: Line, bar: int) -> str | None:
        """Say why a bar that has just been written should not stay: "loop" or "copy"; None where it may."""
        if self._loop_bars(line, bar) > self._most_loop_bars:
            return "loop"
        if self._heeds_copies and bar > self._first_bar and self._is_copy(bar):
            return "copy"
        return None

    def took(self, bar: int) -> None:
        """Take note of a bar that stays."""
        if not self._heeds_copies or bar <= self._first_bar:
            return
        found = self._copied(bar)
        self._n_windows += found[0]
        self._n_copied += found[1]

    def _is_copy(self, bar: int) -> bool:
        n_windows, n_copied = self._copied(bar)
        habit = self._style.copy_habit
        assert habit is not None
        return n_copied > 0 and self._n_copied + n_copied > habit.share_median * (self._n_windows + n_windows)

    def _copied(self, bar: int) -> tuple[int, int]:
        """Return whether the last two bars can be compared, and whether a training song has them: 0 or 1 each."""
        assert self._style.index is not None
        sheet = self._sheet_of(bar - 1, bar + 1)
        if not sheet.notes.size:
            return 0, 0
        keys = fingerprints([sheet]).key
        keys = keys[keys != 0]
        return min(keys.size, 1), int(any(key in self._style.index.windows for key in keys.tolist()))

    def _loop_bars(self, line: Line, bar: int) -> int:
        """Return for how many bars up to this one the line has gone round in a loop of one, two or four."""
        longest = 0
        for period in LOOP_PERIODS_BAR:
            n, at = 0, bar
            while at - period >= 0 and self._sounds(line, at) and self._same(line, at, at - period):
                n, at = n + 1, at - 1
            longest = max(longest, n)
        return longest

    def _same(self, line: Line, bar: int, other: int) -> bool:
        return np.array_equal(self._bar(line, bar), self._bar(line, other))

    def _sounds(self, line: Line, bar: int) -> bool:
        return bool(self._kind.grid.struck(self._bar(line, bar)).any())

    @staticmethod
    def _bar(line: Line, bar: int) -> NDArray[np.int32]:
        return line.symbols[int(line.bar_step[bar]) : int(line.bar_step[bar + 1])]
