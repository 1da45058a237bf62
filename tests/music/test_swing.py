"""Swing is found, taken out and put back in."""

from __future__ import annotations

import numpy as np
import pytest

from bandroid.music.notes import Notes
from bandroid.music.swing import STRAIGHT, Swing, straightened, swing_of, swung


def eighths(second: float, n_quarters: int = 16, scatter_tick: int = 0) -> Notes:
    rng = np.random.default_rng(1)
    rows = []
    for quarter in range(n_quarters):
        for place in (0.0, second):
            tick = round(480 * (quarter + place)) + int(rng.integers(-scatter_tick, scatter_tick + 1))
            rows.append((max(tick, 0), 120, 60, 80))
    return Notes.from_rows(rows)


@pytest.mark.parametrize("place", [0.58, 0.62, 2 / 3, 0.72])
def test_a_shuffle_is_found_and_taken_out(place: float) -> None:
    swing = swing_of(eighths(place, scatter_tick=8), 480)
    assert swing.eighth == pytest.approx(place, abs=0.02) and swing.sixteenth == 0.5
    exact = Swing(eighth=place)
    assert np.abs(straightened(eighths(place), 480, exact).onset_tick - eighths(0.5).onset_tick).max() <= 1
    assert np.abs(swung(eighths(0.5), 480, exact).onset_tick - eighths(place).onset_tick).max() <= 1


def test_sixteenths_swing_too() -> None:
    notes = Notes.from_rows([(240 * i + extra, 60, 60, 80) for i in range(24) for extra in (0, 150)])
    assert swing_of(notes, 480) == Swing(sixteenth=0.625)
    assert np.unique(straightened(notes, 480, Swing(sixteenth=0.625)).onset_tick % 120).tolist() == [0]


@pytest.mark.parametrize("notes", [eighths(0.5), eighths(0.75), eighths(0.25), eighths(2 / 3, n_quarters=4)])
def test_what_is_straight_dotted_or_short_does_not_swing(notes: Notes) -> None:
    found = swing_of(notes, 480)
    assert found.eighth in (0.5, 0.75)
    if found.eighth == 0.5:
        assert found == STRAIGHT


def test_straight_sixteenths_are_no_swing() -> None:
    assert swing_of(Notes.from_rows([(120 * i, 100, 60, 80) for i in range(64)]), 480) == STRAIGHT


def test_there_and_back_moves_nothing_by_more_than_a_tick() -> None:
    rng = np.random.default_rng(2)
    notes = Notes(
        np.sort(rng.integers(0, 9600, 50)), rng.integers(1, 900, 50), rng.integers(40, 80, 50), np.full(50, 80)
    )
    swing = Swing(eighth=0.64)
    again = straightened(swung(notes, 480, swing), 480, swing)
    assert np.abs(np.sort(again.onset_tick) - np.sort(notes.onset_tick)).max() <= 1


def test_a_swing_beyond_the_pair_is_refused() -> None:
    with pytest.raises(ValueError, match="straight"):
        Swing(eighth=1.0)
