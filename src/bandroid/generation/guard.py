"""A guard that keeps a piece within the band's habits while it is being written: not silent, not stuck.

What is longer than the band ever makes it (rests of everybody, literal loops, runs of one pitch) is ruled out, as long
as anything else may stand there. A real ostinato is a habit too, and stays free as far as the band goes with its own.
Others steer before it: plan_guard.py (or share_guard.py, where there is no plan) and player_guard.py; copy_guard.py
comes last.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from bandroid.critique.habits import LOOP_PERIODS_BAR
from bandroid.generation.choices import Choice
from bandroid.generation.lineup import LineUp
from bandroid.representations.score_cursor import Content, Cursor
from bandroid.representations.score_vocabulary import N_RECENT

_PITCH, _POSITION = 256, 128 * 256  # what they are worth in a note's code
_SILENT, _NEW = 0, 1  # outcomes of the choice of a cell
_CELL_END = 0  # outcome of the choice of a position
_ENDLESS = 1000
"""a run is counted no further"""
_LEAST_RUN = 4  # four equal notes are nothing in any part
_MOST_SONGS_PERCENT = 75  # one song's endless drone is not the band's habit
# What is no fault in any style: a bar of eighths on one note, a bar played four times.
_LEAST_LIMITS = {"longest_rest_bars": 0, "longest_loop_bars": 1, "longest_part_loop_bars": 4, "longest_pitch_run": 8}


class Guard:
    """Steers the choices of one piece. `fired` counts what was ruled out, by habit."""

    def __init__(
        self,
        line_up: LineUp,
        band: Sequence[LineUp],
        n_bars: int | None = None,
        everybody_by_bar: int | None = None,
    ) -> None:
        """Keep a piece to the song whose line-up it borrows, except where that song overdoes what the band does.

        In a piece of `n_bars` no loop takes more than half: songs are longer, and so are their loops. Whoever has not
        played before bar `everybody_by_bar` (from 0) comes in there.
        """
        self._everybody_by_bar = everybody_by_bar
        self._players = line_up.players
        self._limits = {
            name: max(
                least,
                min(
                    int(getattr(line_up.habits, name)),
                    int(np.percentile([getattr(other.habits, name) for other in band], _MOST_SONGS_PERCENT)),
                ),
            )
            for name, least in _LEAST_LIMITS.items()
        }
        if n_bars is not None:
            for name in ("longest_loop_bars", "longest_part_loop_bars"):
                self._limits[name] = min(self._limits[name], max(n_bars // 2, _LEAST_LIMITS[name]))
        chord_runs = [max(player.longest_chord_run for player in other.players) for other in band]
        self._most_chords = max(int(np.percentile(chord_runs, _MOST_SONGS_PERCENT)), _LEAST_LIMITS["longest_pitch_run"])
        self.fired = {"silence": 0, "loop": 0, "pitch": 0}

    def steer(self, cursor: Cursor, choice: Choice, probabilities: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return float64[choice.size] in place of the model's probabilities; they need not sum to 1."""
        if choice.name == "cell":
            return self._steer_cell(cursor, choice, probabilities)
        if choice.name == "pitch":
            return self._steer_pitch(cursor, probabilities)
        if choice.name == "position":
            return self._steer_position(cursor, probabilities)
        return probabilities

    def _steer_cell(self, cursor: Cursor, choice: Choice, probabilities: NDArray[np.float64]) -> NDArray[np.float64]:
        steered = probabilities.copy()
        if self._would_rest_too_long(cursor) or self._has_to_come_in(cursor):
            steered[_SILENT] = 0.0
        recent = cursor.recent[cursor.part]
        repeat, transposed = _NEW + 1, _NEW + 1 + N_RECENT
        stuck = self._loop_contents(cursor)
        is_pitched = not cursor.parts[cursor.part].is_drum
        for rank, content in enumerate(recent):
            if content in stuck:
                steered[repeat + rank] = 0.0
                self.fired["loop"] += 1
            elif (
                is_pitched
                and steered[repeat + rank] > 0.0
                and (
                    self._run_with(cursor, content) > self._longest_run(cursor.part)
                    or self._chord_run_with(cursor, content) > self._longest_chord_run(cursor.part)
                )
            ):
                steered[repeat + rank] = steered[transposed + rank] = 0.0
                self.fired["pitch"] += 1
        if () in stuck:
            steered[_SILENT] = 0.0
        return steered if steered.any() else probabilities

    def _steer_position(self, cursor: Cursor, probabilities: NDArray[np.float64]) -> NDArray[np.float64]:
        if tuple(cursor.content) not in self._loop_contents(cursor):
            return probabilities
        # Written anew, note for note, it would be the loop all the same: so the cell goes on.
        steered = probabilities.copy()
        steered[_CELL_END] = 0.0
        return steered if steered.any() else probabilities

    def _steer_pitch(self, cursor: Cursor, probabilities: NDArray[np.float64]) -> NDArray[np.float64]:
        if cursor.is_chord_note:
            return probabilities
        pitch, run = _run_at_end(cursor.content, cursor.history[cursor.part])
        if run < self._longest_run(cursor.part):
            # A chord that has come often enough comes no more without its lowest note.
            chord, run = _chords_at_end(cursor.content, cursor.history[cursor.part])
            if run < self._longest_chord_run(cursor.part):
                return probabilities
            pitch = chord[0]
        self.fired["pitch"] += 1
        steered = probabilities.copy()
        steered[pitch] = 0.0
        return steered if steered.any() else probabilities

    def _would_rest_too_long(self, cursor: Cursor) -> bool:
        """Whether everybody has rested as long as the band ever does, and this is the last part that could play."""
        bar = len(cursor.bars) - 1
        if cursor.part < len(cursor.parts) - 1 or any(history[bar] for history in cursor.history[:-1]):
            return False
        rest = 0
        while rest < bar and not any(history[bar - 1 - rest] for history in cursor.history):
            rest += 1
        # A piece begins with music.
        is_too_long = rest == bar or rest >= self._limits["longest_rest_bars"]
        self.fired["silence"] += is_too_long
        return is_too_long

    def _has_to_come_in(self, cursor: Cursor) -> bool:
        """Whether this part has not played at all, and its time has come."""
        is_time = self._everybody_by_bar is not None and len(cursor.bars) > self._everybody_by_bar
        return is_time and not cursor.recent[cursor.part]

    def _loop_contents(self, cursor: Cursor) -> list[Content]:
        """Return the cells that would make a loop longer than the band's: the whole band's, or this part's own."""
        part, bar = cursor.part, len(cursor.bars) - 1
        is_pitched = not cursor.parts[part].is_drum
        contents = []
        for period in LOOP_PERIODS_BAR:
            if bar < period:
                break
            candidate = cursor.history[part][bar - period]
            is_last = part == len(cursor.parts) - 1
            if (is_last and self._band_loop(cursor, period) >= self._limits["longest_loop_bars"]) or (
                is_pitched
                and candidate
                and _loop_so_far(cursor.history[part], period) >= max(self._limits["longest_part_loop_bars"], period)
            ):
                contents.append(candidate)
        return contents

    def _band_loop(self, cursor: Cursor, period: int) -> int:
        """Return for how many bars everybody has played the bars of a period before; -1 where this bar breaks it."""
        bar = len(cursor.bars) - 1
        others = cursor.history[:-1]
        if any(history[bar] != history[bar - period] for history in others):
            return -1
        loop = 0
        while bar - 1 - loop >= period:
            at = bar - 1 - loop
            if any(history[at] != history[at - period] for history in cursor.history):
                break
            loop += 1
        return loop

    def _longest_run(self, part: int) -> int:
        """Return how often a part may strike one pitch in a row: no more than it did, nor than the band does."""
        own, most = self._players[part].longest_pitch_run, self._limits["longest_pitch_run"]
        return min(max(own, _LEAST_RUN), most) if own else most

    def _longest_chord_run(self, part: int) -> int:
        """Return how often a part may strike the same note or chord in a row; without end where that is not known."""
        own = self._players[part].longest_chord_run
        return min(max(own, _LEAST_RUN), self._most_chords) if own else _ENDLESS

    def _chord_run_with(self, cursor: Cursor, content: Content) -> int:
        """Return the longest run of one chord that a cell would make after what the part has played."""
        chord, run = _chords_at_end([], cursor.history[cursor.part])
        longest = 0
        for other in _chords(content):
            run = run + 1 if other == chord else 1
            chord, longest = other, max(longest, run)
        return longest

    def _run_with(self, cursor: Cursor, content: Content) -> int:
        """Return the longest run of one pitch that a cell would make after what the part has played."""
        pitches = [code // _PITCH % 128 for code in content]
        pitch, run = _run_at_end([], cursor.history[cursor.part])
        longest = 0
        for other in pitches:
            run = run + 1 if other == pitch else 1
            pitch, longest = other, max(longest, run)
        return longest


def _loop_so_far(history: list[Content], period: int) -> int:
    """Return how many bars up to the last one equal the bars of a period before."""
    loop = 0
    while loop < len(history) - period and history[-1 - loop] == history[-1 - loop - period] != ():
        loop += 1
    return loop


def _chords(content: Sequence[int]) -> list[tuple[int, ...]]:
    """Return the pitches of each onset of a cell, ascending."""
    return [
        tuple(code // _PITCH % 128 for code in codes)
        for _, codes in itertools.groupby(content, key=lambda code: code // _POSITION)
    ]


def _chords_at_end(content: list[int], history: list[Content]) -> tuple[tuple[int, ...], int]:
    """Return what a part has struck last and how often in a row; ((), 0) before its first note."""
    last: tuple[int, ...] = ()
    run = 0
    for cell in (content, *reversed(history)):
        for chord in reversed(_chords(cell)):
            if run and chord != last:
                return last, run
            last, run = chord, run + 1
            if run >= _ENDLESS:
                return last, run
    return last, run


def _run_at_end(content: list[int], history: list[Content]) -> tuple[int, int]:
    """Return the last pitch of a part and how often it has sounded in a row; (-1, 0) before its first note."""
    pitch, run = -1, 0
    for cell in (content, *reversed(history)):
        for code in reversed(cell):
            if run and code // _PITCH % 128 != pitch:
                return pitch, run
            pitch, run = code // _PITCH % 128, run + 1
            if run >= _ENDLESS:
                return pitch, run
    return pitch, run
