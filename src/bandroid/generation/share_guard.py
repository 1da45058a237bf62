"""Pulls the shares of silence and of new material back to the band's, for music that has no plan.

A model that hears its own output drifts: a rest makes the next rest likelier, a repeat the next repeat.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bandroid.critique.habits import Habits
from bandroid.generation.choices import Choice
from bandroid.representations.score_cursor import Cursor
from bandroid.representations.score_vocabulary import VOCABULARY

_SILENT, _NEW = 0, 1  # outcomes of the choice of a cell
_SILENT_TOKEN, _NEW_TOKEN = VOCABULARY.token("silent", 0), VOCABULARY.token("new", 0)
_TRANSPOSED_TOKEN = VOCABULARY.token("transposed", 0)
_STEER_AFTER_BARS = 2  # sooner, a share of silence says nothing
_GAIN, _TOLERANCE = 8.0, 0.04
"""log odds per share beyond the tolerance: 13 % too much silence halves its odds"""


class ShareGuard:
    """Steers the choices of one piece; nothing is ruled out. Bars before `first_bar` (from 0) were given."""

    def __init__(self, habits: Habits, first_bar: int = 0) -> None:
        self._silent_share, self._new_share, self._first_bar = habits.silent_share, habits.new_share, first_bar
        self.fired: dict[str, int] = {}

    def steer(self, cursor: Cursor, choice: Choice, probabilities: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return float64[choice.size] in place of the model's probabilities; they need not sum to 1."""
        if choice.name != "cell":
            return probabilities
        steered = probabilities.copy()
        steered[_SILENT] *= self._silence_factor(cursor)
        steered[_NEW] *= self._novelty_factor(cursor)
        return steered

    def _silence_factor(self, cursor: Cursor) -> float:
        """Return what to multiply the odds of a rest with: 1 while the share of rests is about right."""
        kinds = _kinds(cursor, self._first_bar)
        if len(kinds) < _STEER_AFTER_BARS * len(cursor.parts):
            return 1.0
        return _pull(kinds.count(_SILENT_TOKEN) / len(kinds), self._silent_share)

    def _novelty_factor(self, cursor: Cursor) -> float:
        """Return what to multiply the odds of a new cell with: 1 while there is about as much new as the band has."""
        new, sounding = new_cells(cursor, self._first_bar)
        if sounding < 2 * _STEER_AFTER_BARS * len(cursor.parts):
            return 1.0
        return _pull(new / sounding, self._new_share)


def new_cells(cursor: Cursor, first_bar: int = 0) -> tuple[int, int]:
    """Return how many cells from a bar on are new or transposed, and how many sound."""
    kinds = [kind for kind in _kinds(cursor, first_bar) if kind != _SILENT_TOKEN]
    return sum(kind == _NEW_TOKEN or kind >= _TRANSPOSED_TOKEN for kind in kinds), len(kinds)


def _kinds(cursor: Cursor, first_bar: int) -> list[int]:
    """Return the tokens that wrote the cells from a bar on."""
    return [kind for line in cursor.kinds for kind in line[first_bar:]]


def _pull(share: float, wanted: float) -> float:
    """Return a factor on odds that pulls a share back to about what is wanted."""
    excess = share - wanted
    beyond = max(abs(excess) - _TOLERANCE, 0.0)
    return float(np.exp(-_GAIN * np.copysign(beyond, excess)))
