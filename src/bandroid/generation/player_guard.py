"""Keeps each part to what its player does: his kit, his reach, how many notes at once, in a bar, how many different."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from bandroid.generation.choices import Choice
from bandroid.generation.lineup import Player
from bandroid.representations.score_cursor import Cursor
from bandroid.representations.score_vocabulary import MAX_TRANSPOSITION
from bandroid.representations.sheet import TICKS_PER_QUARTER

_PITCH, _POSITION = 256, 128 * 256  # what they are worth in a note's code
_CELL_END = 0  # outcome of the choice of a position
_REACH_SEMITONE = 2  # a player may go this much beyond what the part has reached before
_FILL = 10.0
"""how many times likelier a bar goes on that has fewer notes than the part's bars, or ends that has more"""


class PlayerGuard:
    """Steers the notes of one piece, as long as anything is left to play."""

    def __init__(self, players: Sequence[Player]) -> None:
        self._players = players
        self.fired: dict[str, int] = {}

    def steer(self, cursor: Cursor, choice: Choice, probabilities: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return float64[choice.size] in place of the model's probabilities; they need not sum to 1."""
        match choice.name:
            case "interval":
                steered = self._steer_interval(cursor, probabilities)
            case "position":
                steered = self._steer_position(cursor, probabilities)
            case "pitch":
                low, high = self._reach(cursor)
                steered = probabilities.copy()
                steered[:low] = steered[high + 1 :] = 0.0
                steered = self._few_different(cursor, steered)
            case "drum":
                steered = self._few_different(cursor, self._steer_drum(cursor, probabilities))
            case _:
                return probabilities
        return steered if steered.any() else probabilities

    def _steer_interval(self, cursor: Cursor, probabilities: NDArray[np.float64]) -> NDArray[np.float64]:
        """Transpose within the player's reach: step by step, a figure would climb out of any instrument."""
        low, high = self._reach(cursor)
        pitches = [code // _PITCH % 128 for code in cursor.recent[cursor.part][cursor.rank]]
        interval = np.arange(-MAX_TRANSPOSITION, MAX_TRANSPOSITION + 1)
        is_within = (min(pitches) + interval >= low) & (max(pitches) + interval <= high)
        return np.where(is_within, probabilities, 0.0)

    def _steer_position(self, cursor: Cursor, probabilities: NDArray[np.float64]) -> NDArray[np.float64]:
        """Fill a bar about as far as the part's bars are filled."""
        player, steered = self._players[cursor.part], probabilities.copy()
        n_notes = len(cursor.content) * 4 * TICKS_PER_QUARTER / cursor.bar.length_tick
        if n_notes < player.fewest_notes:
            steered[_CELL_END] /= _FILL
        elif n_notes >= player.most_notes:
            steered[_CELL_END] *= _FILL
        here = [code // _PITCH % 128 for code in cursor.content if code // _POSITION == cursor.position]
        if len(here) >= player.most_at_once or (here and max(here) >= self._highest(cursor)):
            steered[_CELL_END + 1 + cursor.position] = 0.0
        return steered

    def _steer_drum(self, cursor: Cursor, probabilities: NDArray[np.float64]) -> NDArray[np.float64]:
        """Strike what the drummer of this line-up has before him."""
        drums = list(self._players[cursor.part].drums)
        if not drums or not probabilities[drums].any():
            return probabilities
        steered = np.zeros_like(probabilities)
        steered[drums] = probabilities[drums]
        return steered

    def _few_different(self, cursor: Cursor, probabilities: NDArray[np.float64]) -> NDArray[np.float64]:
        """Stay with the pitches or drums of this bar once there are as many as the part uses in a bar."""
        used = {code // _PITCH % 128 for code in cursor.content}
        if len(used) < self._players[cursor.part].most_different:
            return probabilities
        steered = np.zeros_like(probabilities)
        steered[list(used)] = probabilities[list(used)]
        return steered if steered.any() else probabilities

    def _highest(self, cursor: Cursor) -> int:
        """Return the highest that the player has: notes of a chord ascend, and above it there is nothing to play."""
        player = self._players[cursor.part]
        if player.is_drum:
            return max(player.drums, default=127)
        return self._reach(cursor)[1]

    def _reach(self, cursor: Cursor) -> tuple[int, int]:
        """Return the lowest and the highest pitch that the part may play."""
        player = self._players[cursor.part]
        return max(player.lowest - _REACH_SEMITONE, 0), min(player.highest + _REACH_SEMITONE, 127)
