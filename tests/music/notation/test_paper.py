"""From what was played to what is written."""

from __future__ import annotations

import numpy as np
import pytest

from bandroid.music.notation.paper import Paper
from bandroid.music.notes import Notes
from bandroid.music.song import MetreChange, Part, Song, TempoChange

QUARTER = 480


def _written(
    *rows: tuple[float, float], metres: tuple[MetreChange, ...] = (), tempo_qpm: float = 120.0
) -> list[tuple[int, int]]:
    """Return (onset, end) in written ticks of notes given as (onset, length) in quarters."""
    notes = Notes.from_rows(
        [(round(o * QUARTER), round(n * QUARTER), 60 + i % 12, 80) for i, (o, n) in enumerate(rows)]
    )
    song = Song(QUARTER, (Part("", 0, False, notes),), (TempoChange(0, tempo_qpm),), metres)
    written = Paper(song).write(notes)
    return list(zip(written.onset.tolist(), written.end.tolist(), strict=True))


@pytest.mark.parametrize("parts_of_a_quarter", [1, 2, 3, 4, 6, 8])
def test_exact_divisions_stay_exact(parts_of_a_quarter: int) -> None:
    step = 24 // parts_of_a_quarter
    rows = [(i / parts_of_a_quarter, 1 / parts_of_a_quarter) for i in range(2 * parts_of_a_quarter)]
    assert _written(*rows) == [(i * step, (i + 1) * step) for i in range(2 * parts_of_a_quarter)]


def test_straight_and_triplet_beats_follow_each_other() -> None:
    rows = [(0, 0.5), (0.5, 0.5), (1, 1 / 3), (4 / 3, 1 / 3), (5 / 3, 1 / 3), (2, 1)]
    assert [onset for onset, _ in _written(*rows)] == [0, 12, 24, 32, 40, 48]


def test_a_player_is_late_and_early() -> None:
    scatter = np.random.default_rng(1).normal(0, 0.04, 64)
    rows = [(max(i / 2 + scatter[i], 0), 0.4) for i in range(64)]
    onsets = [onset for onset, _ in _written(*rows)]
    assert np.mean([onset == i * 12 for i, onset in enumerate(onsets)]) > 0.95


def test_a_players_gaps_are_closed_and_exact_lengths_stay() -> None:
    assert _written((0, 0.82), (1, 0.82), (2, 0.82))[:2] == [(0, 24), (24, 48)]
    assert _written((0, 0.75), (1, 0.75), (2, 0.75))[:2] == [(0, 18), (24, 42)]


def test_bars_that_are_cut_short_keep_their_notes() -> None:
    metres = (MetreChange(0, 4, 4), MetreChange(round(1.5 * QUARTER), 6, 8), MetreChange(round(4.5 * QUARTER), 5, 16))
    rows = [(0, 0.5), (0.5, 1), (1.5, 1.5), (3, 1.5), (4.5, 1.25)]
    assert _written(*rows, metres=metres) == [(0, 12), (12, 36), (36, 72), (72, 108), (108, 138)]


def test_nothing_is_written_behind_the_last_bar() -> None:
    notes = Notes.from_rows([(0, 10, 60, 80), (4 * QUARTER - 5, 4, 62, 80)])
    paper = Paper(Song(QUARTER, (Part("", 0, False, notes),)))
    written = paper.write(notes)
    assert int(written.end.max()) <= paper.end == 96
    assert len(written.onset) == 2
