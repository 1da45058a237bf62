"""The copy guard holds even somebody who knows a song by heart to the band's habit, and lets everybody else pass."""

from __future__ import annotations

import time

import numpy as np
import pytest
from numpy.typing import NDArray

from bandroid.critique.copies import Copies, CopyHabit, copies
from bandroid.critique.fingerprints import Index, fingerprints
from bandroid.generation.choices import CHOICES, Choice, allowed_mask, next_choice
from bandroid.generation.copy_guard import CopyGuard
from bandroid.generation.lesson import Lesson, lesson
from bandroid.representations.score_cursor import Content, Cursor
from bandroid.representations.score_vocabulary import VOCABULARY
from small_band import small_song

N_BARS = 24
NOBODY_QUOTES = CopyHabit(17, 0.0, 0.0, 0.0, 0.0, 0.0, 0, 0.6)


@pytest.fixture(scope="module")
def song() -> Lesson:
    return lesson(small_song(n_bars=N_BARS))


@pytest.fixture(scope="module")
def index(song: Lesson) -> Index:
    return fingerprints([song.sheet])


def _by_heart(song: Lesson, cursor: Cursor, choice: Choice, cells: list[list[Content]]) -> NDArray[np.float64]:
    """What somebody would do who knows a song by heart and errs now and then."""
    allowed = allowed_mask(cursor, choice).astype(np.float64)
    probabilities = 0.02 * allowed / allowed.sum()
    wanted = cells[cursor.part][len(cursor.bars) - 1]
    content = tuple(cursor.content)
    outcome = None
    if choice.name == "cell":
        recent = cursor.recent[cursor.part]
        outcome = 0 if not wanted else 2 + recent.index(wanted) if wanted in recent else 1
    elif content == wanted:
        outcome = 0  # the end of the cell, or any pitch
    elif wanted[: len(content)] == content:
        code = wanted[len(content)]
        fields = {"position": 1 + code // (128 * 256), "length": code // 16 % 16, "velocity": code % 16}
        outcome = fields.get(choice.name, code // 256 % 128)
    if outcome is not None and allowed[outcome]:
        probabilities[outcome] += 0.98
    return probabilities


def _recite(song: Lesson, guard: CopyGuard | None, seed: int = 0, n_known: int = 0, n_bars: int = N_BARS) -> Copies:
    """Write a song from memory from its bar `n_known` on (from 1), and measure the new ones against it."""
    whole = Cursor()
    for token in song.tokens:
        whole.push(token)
    rng = np.random.default_rng(seed)
    cursor = Cursor()
    for token in song.tokens:
        if len(cursor.bars) == n_known and cursor.stage in ("bar", "cell", "frame"):
            break
        cursor.push(token)
    if not n_known:
        cursor = Cursor()
        for token in song.line_up.tokens():
            cursor.push(token)
    while True:
        if cursor.stage == "bar":
            if len(cursor.bars) == n_bars:
                break
            cursor.push(VOCABULARY.token("bar", 0))
        choice = CHOICES["cell"] if cursor.stage == "frame" else next_choice(cursor)
        probabilities = _by_heart(song, cursor, choice, whole.history)
        steered = probabilities if guard is None else guard.steer(cursor, choice, probabilities)
        assert steered.any()
        assert not steered[probabilities == 0.0].any()
        outcome = int(rng.choice(choice.size, p=steered / steered.sum()))
        cursor.push(choice.first + outcome)
    cursor.push(VOCABULARY.token("end", 0))
    return copies(cursor.sheet(), fingerprints([song.sheet]))


def test_without_a_guard_a_parrot_copies(song: Lesson) -> None:
    found = _recite(song, None)
    assert found.share > 0.5
    assert found.longest_run_bars >= 8


@pytest.mark.parametrize("seed", range(3))
def test_where_nobody_quotes_nothing_is_quoted(song: Lesson, index: Index, seed: int) -> None:
    guard = CopyGuard(index, NOBODY_QUOTES)
    found = _recite(song, guard, seed)
    assert found.n_windows > 20
    assert found.n_copied == 0
    assert guard.fired["copy"] > 0


def test_as_much_as_the_band_quotes_and_as_long(song: Lesson, index: Index) -> None:
    habit = CopyHabit(17, 0.3, 0.4, 0.5, 2.0, 3.0, 5, 0.6)
    found = _recite(song, CopyGuard(index, habit))
    assert 0.05 < found.share <= 0.3 + 1 / found.n_windows
    assert found.longest_run_bars <= 3


def test_runs_are_kept_short_where_shares_are_large(song: Lesson, index: Index) -> None:
    habit = CopyHabit(17, 1.0, 1.0, 1.0, 2.0, 4.0, 5, 0.6)
    guard = CopyGuard(index, habit)
    found = _recite(song, guard)
    assert found.longest_run_bars == 4
    assert guard.fired["copied run"] > 0
    assert guard.fired["copy"] == 0


def test_a_song_that_goes_on_is_not_counted_but_goes_its_own_way(song: Lesson, index: Index) -> None:
    habit = CopyHabit(17, 0.2, 0.3, 0.5, 2.0, 3.0, 5, 0.6)
    free, guarded = (_recite(song, guard, 1, n_known=8) for guard in (None, CopyGuard(index, habit)))
    begun = _recite(song, None, 1, n_known=8, n_bars=8)
    assert free.n_copied - begun.n_copied > 20
    assert free.longest_run_bars > 7 == guarded.longest_run_bars  # as many as there were
    # The songs' own bars would use up the budget for ever, did they count.
    new = guarded.n_windows - begun.n_windows
    assert 0 < guarded.n_copied - begun.n_copied <= 0.2 * new + 4


def test_a_stranger_passes(song: Lesson) -> None:
    other = fingerprints([lesson(small_song(n_bars=2)).sheet])
    nothing = CopyGuard(other, NOBODY_QUOTES)
    probabilities = np.full(CHOICES["drum"].size, 1 / CHOICES["drum"].size)
    cursor = Cursor()
    for token in song.line_up.tokens():
        cursor.push(token)
    cell = np.full(CHOICES["cell"].size, 1.0)
    assert nothing.steer(cursor, CHOICES["cell"], cell) is cell
    for token in (VOCABULARY.token("new", 0), VOCABULARY.token("position", 0)):
        cursor.push(token)
    assert nothing.steer(cursor, CHOICES["drum"], probabilities) is probabilities
    assert nothing.fired == {"copy": 0, "copied run": 0}


def test_it_costs_next_to_nothing(song: Lesson, index: Index) -> None:
    guard = CopyGuard(index, NOBODY_QUOTES)
    spent, n_calls, steer = 0.0, 0, guard.steer

    def timed(cursor: Cursor, choice: Choice, probabilities: NDArray[np.float64]) -> NDArray[np.float64]:
        nonlocal spent, n_calls
        begin = time.perf_counter()
        steered = steer(cursor, choice, probabilities)
        spent, n_calls = spent + time.perf_counter() - begin, n_calls + 1
        return steered

    guard.steer = timed  # type: ignore[method-assign]
    _recite(song, guard)
    assert spent / n_calls < 200e-6  # seconds; 8e-6 on a machine that does nothing else
