"""Steers a piece along its plan: who rests, what begins anew, what comes again, who doubles whom."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bandroid.generation import plan as plans
from bandroid.generation.choices import Choice
from bandroid.representations.score_cursor import Cursor
from bandroid.representations.score_vocabulary import N_RECENT

_PITCH, _POSITION = 256, 128 * 256  # what they are worth in a note's code
_SILENT, _NEW, _REPEAT = 0, 1, 2  # outcomes of the choice of a cell
_TRANSPOSED = _REPEAT + N_RECENT
_CELL_END = 0  # outcome of the choice of a position
_HEED = 1000.0
"""how many times likelier a plan makes what it wishes; the model may still insist on something else"""


class PlanGuard:
    """Steers the choices of one piece; nothing is ruled out."""

    def __init__(self, plan: plans.Plan) -> None:
        self._plan = plan
        self.fired: dict[str, int] = {}

    def steer(self, cursor: Cursor, choice: Choice, probabilities: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return float64[choice.size] in place of the model's probabilities; they need not sum to 1."""
        match choice.name:
            case "cell":
                outcomes = self._cells(cursor)
            case "position" | "pitch":
                outcomes = self._doubling(cursor, choice.name == "pitch")
            case _:
                return probabilities
        if not outcomes:
            return probabilities
        steered = probabilities.copy()
        steered[outcomes] *= _HEED
        return steered

    def _cells(self, cursor: Cursor) -> list[int]:
        """Return the kinds of a cell that the plan wishes."""
        part = cursor.part
        match self._plan.wish(part, len(cursor.bars) - 1):
            case None:
                return []
            case plans.SILENT:
                return [_SILENT]
            case plans.NEW:
                return [_NEW, *range(_TRANSPOSED, _TRANSPOSED + N_RECENT)]
            case bar:
                content = cursor.history[part][bar]
                if content in cursor.recent[part]:
                    return [_REPEAT + cursor.recent[part].index(content)]
                # It became a rest, or was forgotten.
                return [_NEW if content else _SILENT]

    def _doubling(self, cursor: Cursor, is_pitch: bool) -> list[int]:
        """Return what goes on to double the part that is doubled here, as long as it has been doubled so far."""
        double = self._plan.doublings.get((cursor.part, len(cursor.bars) - 1))
        if double is None:
            return []
        other, interval = double
        theirs, n_written = cursor.history[other][-1], len(cursor.content)
        if not theirs or [code // _POSITION for code in cursor.content] != [c // _POSITION for c in theirs[:n_written]]:
            return []
        if n_written == len(theirs):
            return [] if is_pitch else [_CELL_END]
        if not is_pitch:
            return [_CELL_END + 1 + theirs[n_written] // _POSITION]
        pitch = theirs[n_written] // _PITCH % 128 + interval
        return [pitch] if 0 <= pitch < 128 else []
