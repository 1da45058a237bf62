"""A guard that keeps a piece within the band's habits while it is being written: not silent, not stuck.

A model that hears its own output drifts: a rest makes the next rest likelier, a repeat the next repeat. So shares of
silence are steered softly back towards what the band does, and what is longer than the band ever makes it (rests of
everybody, literal loops, runs of one pitch) is ruled out, as long as anything else may stand there. A real ostinato is
a habit too, and stays free as far as the band goes with its own.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from bandroid.critique.habits import LOOP_PERIODS_BAR
from bandroid.generation import plan as plan_of_music
from bandroid.generation.choices import Choice
from bandroid.generation.lineup import LineUp
from bandroid.generation.plan import Plan
from bandroid.representations.score_cursor import Content, Cursor
from bandroid.representations.score_vocabulary import MAX_TRANSPOSITION, N_RECENT, VOCABULARY
from bandroid.representations.sheet import TICKS_PER_QUARTER

_PITCH, _POSITION = 256, 128 * 256  # what they are worth in a note's code
_SILENT, _NEW = 0, 1  # outcomes of the choice of a cell
_CELL_END = 0  # outcome of the choice of a position
_SILENT_TOKEN, _NEW_TOKEN = VOCABULARY.token("silent", 0), VOCABULARY.token("new", 0)
_TRANSPOSED_TOKEN = VOCABULARY.token("transposed", 0)
_STEER_AFTER_BARS = 2  # sooner, a share of silence says nothing
_GAIN, _TOLERANCE = 8.0, 0.04
"""log odds per share beyond the tolerance: 13 % too much silence halves its odds"""
_FILL = 10.0
"""how many times likelier a bar goes on that has fewer notes than the part's bars, or ends that has more"""
_LEAST_RUN = 4  # four equal notes are nothing in any part
_HEED = 1000.0
"""how many times likelier a plan makes what it wishes; the model may still insist on something else"""
_REACH_SEMITONE = 2  # a player may go this much beyond what the part has reached before
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
        first_bar: int = 0,
        plan: Plan | None = None,
    ) -> None:
        """Keep a piece to the song whose line-up it borrows, except where that song overdoes what the band does.

        In a piece of `n_bars` no loop takes more than half: songs are longer, and so are their loops. Whoever has not
        played before bar `everybody_by_bar` (from 0) comes in there. Bars before `first_bar` were given: loops and runs
        go on from there, but shares of silence and of new bars count what is written. A `plan` takes the place of those
        shares: it says where to rest, where to begin something new, and what to take up again.
        """
        self._plan = plan
        self._first_bar = first_bar
        self._everybody_by_bar = everybody_by_bar
        self._players = line_up.players
        self._silent_share = line_up.habits.silent_share
        self._new_share = line_up.habits.new_share
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
        self.fired = {"silence": 0, "loop": 0, "pitch": 0}

    def steer(self, cursor: Cursor, choice: Choice, probabilities: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return float64[choice.size] in place of the model's probabilities; they need not sum to 1."""
        if choice.name == "cell":
            return self._steer_cell(cursor, choice, probabilities)
        if choice.name == "interval":
            return self._steer_interval(cursor, probabilities)
        if choice.name == "drum":
            return self._steer_drum(cursor, probabilities)
        if choice.name == "pitch":
            return self._steer_pitch(cursor, self._doubled(cursor, probabilities, is_pitch=True))
        if choice.name == "position":
            return self._steer_position(cursor, self._doubled(cursor, probabilities, is_pitch=False))
        return probabilities

    def _steer_cell(self, cursor: Cursor, choice: Choice, probabilities: NDArray[np.float64]) -> NDArray[np.float64]:
        steered = probabilities.copy()
        if self._plan is None:
            steered[_SILENT] *= self._silence_factor(cursor)
            steered[_NEW] *= self._novelty_factor(cursor)
        else:
            self._heed(self._plan, cursor, steered)
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
                and self._run_with(cursor, content) > self._longest_run(cursor.part)
            ):
                steered[repeat + rank] = steered[transposed + rank] = 0.0
                self.fired["pitch"] += 1
        if () in stuck:
            steered[_SILENT] = 0.0
        return steered if steered.any() else probabilities

    def _heed(self, plan: Plan, cursor: Cursor, steered: NDArray[np.float64]) -> None:
        """Raise the odds of what the plan wishes for a cell, in place."""
        part = cursor.part
        match plan.wish(part, len(cursor.bars) - 1):
            case None:
                return
            case plan_of_music.SILENT:
                steered[_SILENT] *= _HEED
            case plan_of_music.NEW:
                steered[_NEW] *= _HEED
                steered[_NEW + 1 + N_RECENT :] *= _HEED
            case bar:
                content = cursor.history[part][bar]
                if content in cursor.recent[part]:
                    steered[_NEW + 1 + cursor.recent[part].index(content)] *= _HEED
                else:  # it became a rest, or was forgotten
                    steered[_SILENT if not content else _NEW] *= _HEED

    def _doubled(self, cursor: Cursor, probabilities: NDArray[np.float64], is_pitch: bool) -> NDArray[np.float64]:
        """Raise the odds of the note that goes on to double the part which the plan says is doubled."""
        double = self._plan.doublings.get((cursor.part, len(cursor.bars) - 1)) if self._plan else None
        if double is None:
            return probabilities
        other, interval = double
        # A repeat took the place of what was to be new there, or a rest: then there is nothing to double.
        theirs = cursor.history[other][-1] if len(cursor.history[other]) == len(cursor.bars) else ()
        n_written = len(cursor.content)
        if not theirs or [code // _POSITION for code in cursor.content] != [c // _POSITION for c in theirs[:n_written]]:
            return probabilities
        if n_written == len(theirs):
            outcome = _CELL_END
        elif is_pitch:
            outcome = theirs[n_written] // _PITCH % 128 + interval
        else:
            outcome = _CELL_END + 1 + theirs[n_written] // _POSITION
        if not 0 <= outcome < probabilities.size:
            return probabilities
        steered = probabilities.copy()
        steered[outcome] *= _HEED
        return steered

    def _steer_drum(self, cursor: Cursor, probabilities: NDArray[np.float64]) -> NDArray[np.float64]:
        """Strike what the drummer of this line-up has before him."""
        drums = self._players[cursor.part].drums
        if not drums:
            return probabilities
        steered = np.zeros_like(probabilities)
        steered[list(drums)] = probabilities[list(drums)]
        return self._few_different(cursor, steered) if steered.any() else probabilities

    def _few_different(self, cursor: Cursor, probabilities: NDArray[np.float64]) -> NDArray[np.float64]:
        """Stay with the pitches or drums of this bar once there are as many as the part uses in a bar."""
        used = {code // _PITCH % 128 for code in cursor.content}
        if len(used) < self._players[cursor.part].most_different:
            return probabilities
        steered = np.zeros_like(probabilities)
        steered[list(used)] = probabilities[list(used)]
        return steered if steered.any() else probabilities

    def _steer_interval(self, cursor: Cursor, probabilities: NDArray[np.float64]) -> NDArray[np.float64]:
        """Transpose within the player's reach: step by step, a figure would climb out of any instrument."""
        low, high = self._reach(cursor)
        pitches = [code // _PITCH % 128 for code in cursor.recent[cursor.part][cursor.rank]]
        interval = np.arange(-MAX_TRANSPOSITION, MAX_TRANSPOSITION + 1)
        is_within = (min(pitches) + interval >= low) & (max(pitches) + interval <= high)
        steered = np.where(is_within, probabilities, 0.0)
        return steered if steered.any() else probabilities

    def _steer_position(self, cursor: Cursor, probabilities: NDArray[np.float64]) -> NDArray[np.float64]:
        steered = probabilities.copy()
        if tuple(cursor.content) in self._loop_contents(cursor):
            # Written anew, note for note, it would be the loop all the same: so the cell goes on.
            steered[_CELL_END] = 0.0
        n_notes = len(cursor.content) * 4 * TICKS_PER_QUARTER / cursor.bar.length_tick
        if n_notes < self._players[cursor.part].fewest_notes:
            steered[_CELL_END] /= _FILL
        elif n_notes >= self._players[cursor.part].most_notes:
            steered[_CELL_END] *= _FILL
        at_once = sum(code // _POSITION == cursor.position for code in cursor.content)
        if at_once >= self._players[cursor.part].most_at_once:
            steered[_CELL_END + 1 + cursor.position] = 0.0
        return steered if steered.any() else probabilities

    def _steer_pitch(self, cursor: Cursor, probabilities: NDArray[np.float64]) -> NDArray[np.float64]:
        low, high = self._reach(cursor)
        steered = probabilities.copy()
        steered[:low] = steered[high + 1 :] = 0.0
        if not cursor.is_chord_note:
            pitch, run = _run_at_end(cursor.content, cursor.history[cursor.part])
            if run >= self._longest_run(cursor.part):
                steered[pitch] = 0.0
                self.fired["pitch"] += 1
        return self._few_different(cursor, steered) if steered.any() else probabilities

    def _reach(self, cursor: Cursor) -> tuple[int, int]:
        """Return the lowest and the highest pitch that the part may play."""
        player = self._players[cursor.part]
        return max(player.lowest - _REACH_SEMITONE, 0), min(player.highest + _REACH_SEMITONE, 127)

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

    def _run_with(self, cursor: Cursor, content: Content) -> int:
        """Return the longest run of one pitch that a cell would make after what the part has played."""
        pitches = [code // _PITCH % 128 for code in content]
        pitch, run = _run_at_end([], cursor.history[cursor.part])
        longest = 0
        for other in pitches:
            run = run + 1 if other == pitch else 1
            pitch, longest = other, max(longest, run)
        return longest


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


def _loop_so_far(history: list[Content], period: int) -> int:
    """Return how many bars up to the last one equal the bars of a period before."""
    loop = 0
    while loop < len(history) - period and history[-1 - loop] == history[-1 - loop - period] != ():
        loop += 1
    return loop


def _run_at_end(content: list[int], history: list[Content]) -> tuple[int, int]:
    """Return the last pitch of a part and how often it has sounded in a row; (-1, 0) before its first note."""
    pitch, run = -1, 0
    for cell in (content, *reversed(history)):
        for code in reversed(cell):
            if run and code // _PITCH % 128 != pitch:
                return pitch, run
            pitch, run = code // _PITCH % 128, run + 1
            if run > 1000:
                return pitch, run
    return pitch, run
