"""Habits are counted as their names say."""

from __future__ import annotations

import json

import pytest

from bandroid.critique.habits import Habits, measure
from bandroid.music.notes import Notes
from bandroid.music.song import Part, Song
from bandroid.representations.sheet import sheet_and_loss
from small_band import BAR, small_song


def _measure(song: Song) -> Habits:
    return measure(sheet_and_loss(song)[0])


def test_the_small_band() -> None:
    habits = _measure(small_song(n_bars=16))
    assert habits.silent_share == pytest.approx(8 / 48)
    assert habits.longest_rest_bars == 0
    assert habits.longest_loop_bars == 8  # bars 9 to 16 are bars 1 to 8 again
    assert habits.longest_part_loop_bars == 12  # the bass, every four bars
    assert habits.longest_pitch_run == 3
    assert habits.new_share == pytest.approx((2 + 4 + 4) / 40)


def test_rests_and_drones() -> None:
    rows = [(0, 12, 60, 80)] + [(3 * BAR + i * 12, 12, 60, 80) for i in range(4)]
    habits = _measure(Song(48, (Part("line", 0, False, Notes.from_rows(rows)),)))
    assert habits.longest_rest_bars == 2
    assert habits.longest_pitch_run == 5
    assert habits.silent_share == 0.5


def test_drums_do_not_drone() -> None:
    rows = [(i * 12, 12, 42, 80) for i in range(64)]
    assert _measure(Song(48, (Part("hats", 0, True, Notes.from_rows(rows)),))).longest_pitch_run == 0


def test_json_brings_it_back() -> None:
    habits = Habits.from_json(_measure(small_song()).as_json())
    assert Habits.from_json(json.loads(json.dumps(habits.as_json()))) == habits


@pytest.mark.parametrize("table", [{}, {"silent_share": 1}, {**_measure(small_song()).as_json(), "new_share": "x"}])
def test_nonsense_is_refused(table: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="not a song's habits"):
        Habits.from_json(table)
