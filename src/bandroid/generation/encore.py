"""Keep a song that goes on from being played all over again: only so many bars in a row may be as they were before.

A model that has just read a verse twice is nearly sure of a third one. Loops of up to eight bars are the habits' affair
(generation/guard.py); here it is any earlier stretch of the song, at whatever distance, of all parts together.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bandroid.generation.choices import Choice
from bandroid.representations.score_cursor import Content, Cursor

_SILENT, _REPEAT = 0, 2  # outcomes of the choice of a cell: silent, new, repeats
_CELL_END = 0  # outcome of the choice of a position


class EncoreGuard:
    """Steers the choices from bar `first_bar` (from 0) on: at most `most_bars` in a row as the song had them."""

    def __init__(self, first_bar: int, most_bars: int) -> None:
        self._first_bar, self._most_bars = first_bar, most_bars
        self._bar = -1
        self._encores: frozenset[Content] = frozenset()
        self.fired = {"encore": 0}

    def steer(self, cursor: Cursor, choice: Choice, probabilities: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return float64[choice.size] in place of the model's probabilities; they need not sum to 1."""
        # Whether a bar is an earlier one again shows when its last part comes.
        if choice.name not in ("cell", "position") or cursor.part < len(cursor.parts) - 1:
            return probabilities
        bar = len(cursor.bars) - 1
        if bar != self._bar:
            self._bar, self._encores = bar, self._contents_to_avoid(cursor, bar)
        if not self._encores:
            return probabilities
        steered = probabilities.copy()
        if choice.name == "position":
            if tuple(cursor.content) in self._encores:
                steered[_CELL_END] = 0.0
        else:
            if () in self._encores:
                steered[_SILENT] = 0.0
            for rank, content in enumerate(cursor.recent[cursor.part]):
                if content in self._encores:
                    steered[_REPEAT + rank] = 0.0
        if not steered.any():
            return probabilities
        self.fired["encore"] += bool(np.any(steered != probabilities))
        return steered

    def _contents_to_avoid(self, cursor: Cursor, bar: int) -> frozenset[Content]:
        """Return the last part's cells with which this bar would be one too many as it was before."""
        if bar - self._first_bar < self._most_bars:
            return frozenset()
        others, last = cursor.history[:-1], cursor.history[-1]
        return frozenset(
            last[at]
            for at in range(self._most_bars, bar)
            if all(cells[at] == cells[bar] for cells in others)
            and all(
                cells[at - back] == cells[bar - back]
                for back in range(1, self._most_bars + 1)
                for cells in cursor.history
            )
        )
