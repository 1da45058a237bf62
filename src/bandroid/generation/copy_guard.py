"""A guard that keeps a piece from quoting the training songs more than these quote one another.

What it heeds is what `bandroid critique` measures (critique/copies.py): windows of two bars of one part, and how many
bars in a row are the same as a training song's. Copying a window is ruled out while the piece has copied as large a
share of its windows as the median song, or where the copied bars would be more in a row than nearly any song's.
A repeat of what was copied once counts again: so a cell that the band itself repeats is kept from being written whole,
before it can be repeated. As a rule that changes the last note of a bar; where the bar is complete all the same, it
gets one note more.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bandroid.critique.copies import CopyHabit
from bandroid.critique.fingerprints import (
    FEWEST_NOTES,
    FEWEST_PITCHES,
    SILENT,
    Index,
    Print,
    cell_print,
    window_key,
)
from bandroid.critique.trail import Trail
from bandroid.generation.choices import Choice
from bandroid.representations.score_cursor import Content, Cursor
from bandroid.representations.score_vocabulary import MAX_TRANSPOSITION, N_RECENT

_PITCH, _POSITION = 256, 128 * 256  # what they are worth in a note's code
_SILENT, _REPEAT = 0, 2  # outcomes of the choice of a cell: silent, new, repeats, transpositions
_TRANSPOSED = _REPEAT + N_RECENT
_CELL_END = 0  # outcome of the choice of a position
_LEAST_PROBABILITY = 0.02  # a note that is less likely than this is not looked at: the end of the cell is, anyway
_SILENCE: Print = (SILENT, 0)


class CopyGuard:
    """Steers the choices of one piece, after generation/guard.py. `fired` counts what was ruled out.

    What the cursor held before the first call, a song to be continued, is nobody's fault and does not count.
    """

    def __init__(self, index: Index, habit: CopyHabit) -> None:
        self._index = index
        self._most_share = habit.share_median
        self._most_bars = max(int(habit.run_p95_bars), 1)
        self._trails: list[Trail] = []
        self._n_followed: list[int] = []
        """per part: the bars that its trail has taken"""
        self._is_run_full: list[bool] = []
        """per part: whether it has copied as many bars in a row as it may"""
        self._first_bar = 0
        self._n_windows = self._n_copied = 0
        self._known: dict[tuple[int, int], dict[Content, tuple[Print, int, int]]] = {}
        """per part and length of bars: fingerprint, notes, and pitches as bits, of whole cells"""
        self.fired = {"copy": 0, "copied run": 0}

    def steer(self, cursor: Cursor, choice: Choice, probabilities: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return float64[choice.size] in place of the model's probabilities; they need not sum to 1."""
        match choice.name:
            case "cell":
                self._follow(cursor)
                outcomes = self._copying_cells(cursor, probabilities)
            case "interval":
                outcomes = self._copying_intervals(cursor, probabilities)
            case "pitch" | "drum":
                outcomes = self._copying_notes(cursor, probabilities)
            case "position":
                outcomes = [_CELL_END] if cursor.content and self._is_copy(cursor, self._print(cursor)) else []
            case _:
                return probabilities
        if not outcomes:
            return probabilities
        steered = probabilities.copy()
        steered[outcomes] = 0.0
        return steered if steered.any() else probabilities

    def _copying_cells(self, cursor: Cursor, probabilities: NDArray[np.float64]) -> list[int]:
        """Return the outcomes that go on with silence or with an earlier cell just as a training song does."""
        outcomes = []
        if self._is_too_much(cursor.part, _SILENCE):
            outcomes.append(_SILENT)
        for rank, content in enumerate(cursor.recent[cursor.part]):
            if probabilities[_REPEAT + rank] and self._is_too_much(cursor.part, self._facts(cursor, content)[0]):
                outcomes.append(_REPEAT + rank)
        return outcomes

    def _copying_intervals(self, cursor: Cursor, probabilities: NDArray[np.float64]) -> list[int]:
        shape, base = self._facts(cursor, cursor.recent[cursor.part][cursor.rank])[0]
        if shape not in self._index.shapes:
            return []
        return [
            outcome
            for outcome in np.flatnonzero(probabilities).tolist()
            if self._is_copy(cursor, (shape, base + outcome - MAX_TRANSPOSITION))
        ]

    def _copying_notes(self, cursor: Cursor, probabilities: NDArray[np.float64]) -> list[int]:
        """Return the pitches (or drums) with which the cell, if it ended then, would be a copy."""
        likely = np.flatnonzero(probabilities > _LEAST_PROBABILITY * probabilities.sum()).tolist()
        at = cursor.position * _POSITION
        return [pitch for pitch in likely if self._is_copy(cursor, self._print(cursor, at + pitch * _PITCH))]

    def _is_copy(self, cursor: Cursor, cell: Print) -> bool:
        """Whether a new cell copies too much, at once or when it is repeated."""
        if cell[0] not in self._index.shapes:
            return False
        return self._is_too_much(cursor.part, cell) or (
            window_key(cell, cell) in self._index.windows and self._is_over_budget()
        )

    def _is_too_much(self, part: int, cell: Print) -> bool:
        """Whether a part may not go on with a cell: a window too many, or a bar too many in a row."""
        trail = self._trails[part]
        if trail.last is None:
            return False
        is_window_copied = window_key(trail.last, cell) in self._index.windows
        if is_window_copied and self._is_over_budget():
            return True
        if (is_window_copied or self._is_run_full[part]) and trail.with_next(cell).longest_bars > self._most_bars:
            self.fired["copied run"] += 1
            return True
        return False

    def _is_over_budget(self) -> bool:
        """Whether one window more would be one too many."""
        is_over = self._n_copied + 1 > self._most_share * (self._n_windows + 1)
        self.fired["copy"] += is_over
        return is_over

    def _follow(self, cursor: Cursor) -> None:
        """Take note of the cells that the part has played since the last call."""
        if not self._trails:
            n_parts = len(cursor.parts)
            self._trails = [Trail(self._index) for _ in range(n_parts)]
            self._n_followed = [0] * n_parts
            self._is_run_full = [False] * n_parts
            self._first_bar = len(cursor.bars) - 1
        part, history = cursor.part, cursor.history[cursor.part]
        trail = self._trails[part]
        for bar in range(self._n_followed[part], len(history)):
            cell, n_notes, pitches = self._facts(cursor, history[bar], bar)
            if bar and bar >= self._first_bar:
                _, n_before, pitches_before = self._facts(cursor, history[bar - 1], bar - 1)
                if n_before + n_notes >= FEWEST_NOTES and (pitches_before | pitches).bit_count() >= FEWEST_PITCHES:
                    self._n_windows += 1
                    self._n_copied += trail.last is not None and window_key(trail.last, cell) in self._index.windows
            trail.step(cell)
            self._is_run_full[part] = trail.stretches.longest_bars >= self._most_bars
        self._n_followed[part] = len(history)

    def _facts(self, cursor: Cursor, content: Content, bar: int = -1) -> tuple[Print, int, int]:
        """Return a whole cell's fingerprint, how many notes it has, and its pitches as bits."""
        length_tick = cursor.bars[bar].length_tick
        known = self._known.setdefault((cursor.part, length_tick), {})
        facts = known.get(content)
        if facts is None:
            pitches = 0
            for code in content:
                pitches |= 1 << (code // _PITCH % 128)
            print_ = cell_print(content, cursor.parts[cursor.part].is_drum, length_tick)
            facts = known[content] = print_, len(content), pitches
        return facts

    def _print(self, cursor: Cursor, *more: int) -> Print:
        """Return the fingerprint of the cell being written, with some more notes."""
        return cell_print((*cursor.content, *more), cursor.parts[cursor.part].is_drum, cursor.bar.length_tick)
