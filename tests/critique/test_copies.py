"""Copies are found where they are, and judged by how much the songs of the band share."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from plain_copies import longest_run, small_sheets, windows

from bandroid.critique.copies import Copies, CopyHabit, copies, habit
from bandroid.critique.fingerprints import DRUMS, fingerprints
from bandroid.music.notes import Notes
from bandroid.music.song import Part, Song
from bandroid.representations.sheet import Sheet, sheet_and_loss
from small_band import BAR, QUARTER, small_song

RIFF = [60, 62, 64, 65, 67, 65, 64, 62]


def _song(*lines: tuple[bool, list[list[int]]]) -> Sheet:
    """Parts of bars of eighths; each line says whether it is drums."""
    parts = [
        Part(
            "",
            0,
            is_drum,
            Notes.from_rows(
                [
                    (bar * BAR + i * QUARTER // 2, 12, pitch, 80)
                    for bar, pitches in enumerate(bars)
                    for i, pitch in enumerate(pitches)
                ]
            ),
        )
        for is_drum, bars in lines
    ]
    return sheet_and_loss(Song(QUARTER, tuple(parts)))[0]


def _up(pitches: list[int], interval: int) -> list[int]:
    return [pitch + interval for pitch in pitches]


OTHER = [48, 55, 51, 58, 54, 61, 57, 50]
LAST = [40, 47, 41, 49, 42, 40, 41, 48]


def test_a_transposed_quotation_is_found_where_it_is() -> None:
    song = _song((False, [OTHER, RIFF, _up(RIFF, 5), LAST]))
    piece = _song((False, [LAST, LAST, _up(RIFF, -3), _up(RIFF, 2), OTHER]))
    found = copies(piece, fingerprints([_song((False, [OTHER, OTHER])), song]))
    assert (found.n_windows, found.n_copied, found.longest_run_bars) == (4, 1, 2)
    (match,) = found.matches
    assert (match.first_bar, match.last_bar, match.song, match.song_part, match.song_first_bar) == (2, 3, 1, 0, 1)
    assert match.transposition_semitone == -3


def test_bars_that_move_apart_are_no_quotation() -> None:
    song = _song((False, [RIFF, _up(RIFF, 5)]))
    assert copies(_song((False, [RIFF, _up(RIFF, 6)])), fingerprints([song])).n_copied == 0


def test_moved_drums_are_no_quotation_and_the_same_drums_are() -> None:
    index = fingerprints([_song((False, [LAST, LAST]), (True, [RIFF, OTHER]))])
    assert copies(_song((True, [_up(RIFF, 1), _up(OTHER, 1)])), index).n_copied == 0
    (match,) = copies(_song((True, [RIFF, OTHER])), index).matches
    # In a sheet the drums come first.
    assert (match.song_part, match.song_program, match.transposition_semitone) == (0, DRUMS, 0)


def test_what_holds_little_is_nobodys() -> None:
    drone, few = [60] * 8, [60, 64]
    index = fingerprints([_song((False, [drone, drone, few, few, [67]]))])
    found = copies(_song((False, [drone, drone, few, few])), index)
    assert (found.n_windows, found.n_copied, found.matches) == (0, 0, ())


def test_a_rest_does_not_end_a_run_nor_lengthen_it() -> None:
    bars = [RIFF, OTHER, [], [], LAST, RIFF]
    found = copies(_song((False, [[90], *bars])), fingerprints([_song((False, bars))]))
    assert found.longest_run_bars == 4
    (match,) = found.matches
    assert (match.first_bar, match.last_bar, match.n_sounding_bars) == (1, 6, 4)


def test_a_song_is_all_in_itself() -> None:
    sheet = sheet_and_loss(small_song())[0]
    found = copies(sheet, fingerprints([sheet]))
    assert found.share == 1.0
    assert found.longest_run_bars == 16
    assert {match.part for match in found.matches} == {0, 1, 2}
    assert all((match.song_part, match.transposition_semitone) == (match.part, 0) for match in found.matches)


def test_what_comes_again_is_counted() -> None:
    found = copies(_song((False, [RIFF, OTHER, _up(RIFF, 1), _up(OTHER, 1)])), fingerprints([_song((True, [LAST]))]))
    assert (found.n_windows, found.n_repeated) == (3, 1)
    together = copies(_song((False, [RIFF, OTHER]), (False, [RIFF, OTHER])), fingerprints([_song((True, [LAST]))]))
    assert together.n_repeated == 0  # at the same time is not again


def test_keys_do_not_hide_what_songs_share() -> None:
    quoting = habit(fingerprints([sheet_and_loss(small_song(key, n))[0] for key, n in ((0, 16), (2, 12))]))
    assert (quoting.n_songs, quoting.share_median, quoting.run_most_bars) == (2, 1.0, 12)
    alone = habit(fingerprints([sheet_and_loss(small_song())[0]]))
    assert (alone.share_p95, alone.run_most_bars) == (0.0, 0)


@given(st.lists(small_sheets(), min_size=1, max_size=3))
def test_the_habit_is_each_song_against_the_others(sheets: list[Sheet]) -> None:
    shares, runs = [], []
    for song, sheet in enumerate(sheets):
        others = sheets[:song] + sheets[song + 1 :]
        known = {what for other in others for *_, what in windows(other)}
        mine = [what in known for *_, what in windows(sheet)]
        shares.append(sum(mine) / max(len(mine), 1))
        runs.append(longest_run(sheet, others))
        if others:
            found = copies(sheet, fingerprints(others))
            assert (found.n_windows, found.n_copied) == (len(mine), sum(mine))
            assert found.longest_run_bars == runs[-1]
    measured = habit(fingerprints(sheets))
    assert measured.share_p75 == pytest.approx(np.percentile(shares, 75))
    assert (measured.run_most_bars, measured.run_median_bars) == (max(runs), np.median(runs))


HABIT = CopyHabit(17, 0.01, 0.02, 0.05, 2.0, 3.5, 4, 0.6)


@pytest.mark.parametrize(
    ("n_copied", "run_bars", "verdict"),
    [(0, 0, "green"), (2, 4, "green"), (3, 2, "amber"), (6, 2, "red"), (1, 5, "red")],
)
def test_the_verdict(n_copied: int, run_bars: int, verdict: str) -> None:
    assert HABIT.verdict(Copies(100, n_copied, 0, run_bars, ())) == verdict


def test_json_brings_the_habit_back() -> None:
    assert CopyHabit.from_json(json.loads(json.dumps(HABIT.as_json()))) == HABIT


@pytest.mark.parametrize("table", [{}, {**HABIT.as_json(), "share_p75": "x"}, {**HABIT.as_json(), "more": 1}])
def test_nonsense_is_refused(table: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="habit of copying"):
        CopyHabit.from_json(table)


def test_nothing_to_compare_is_green() -> None:
    assert replace(HABIT, share_p75=0.0).verdict(Copies(0, 0, 0, 0, ())) == "green"
