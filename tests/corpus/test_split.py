"""Dividing by song."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bandroid.corpus.split import HELD_OUT, TRAIN, last_bars, parse_share, split_songs
from bandroid.errors import WishError
from bandroid.music.clock import bar_grid
from bandroid.music.notes import Notes
from bandroid.music.song import Part, Song

KEYS = [f"song {number}" for number in range(20)]


@pytest.mark.parametrize(("text", "share"), [("10%", 0.1), ("0.25", 0.25), (" 12,5 % ", 0.125), ("0", 0.0)])
def test_shares(text: str, share: float) -> None:
    assert parse_share(text) == share


@pytest.mark.parametrize("text", ["ten", "-5%", "100%", "10", "", "5%%"])
def test_shares_that_cannot_be(text: str) -> None:
    with pytest.raises(WishError, match="--held-out"):
        parse_share(text)


def test_nothing_is_held_out_unasked() -> None:
    assert set(split_songs(KEYS)) == {TRAIN}


@given(share=st.floats(0.01, 0.9), seed=st.integers(0, 100))
def test_a_share_holds_out_that_many(share: float, seed: int) -> None:
    assert split_songs(KEYS, share=share, seed=seed).count(HELD_OUT) == max(1, round(share * 20))


def test_the_draw_depends_on_songs_and_seed_alone() -> None:
    one = dict(zip(KEYS, split_songs(KEYS, share=0.3, seed=7), strict=True))
    other = dict(zip(KEYS[::-1], split_songs(KEYS[::-1], share=0.3, seed=7), strict=True))
    assert one == other
    assert one != dict(zip(KEYS, split_songs(KEYS, share=0.3, seed=8), strict=True))


def test_named_songs_count_towards_the_share() -> None:
    split = split_songs(KEYS, named=[3, 4], share=0.2)
    assert split[3] == split[4] == HELD_OUT and split.count(HELD_OUT) == 4


def test_something_must_be_left_to_learn_from() -> None:
    with pytest.raises(WishError, match="leave at least one"):
        split_songs(["only"], share=0.1)


class TestLastBars:
    def test_a_quarter_of_a_song(self, band: Callable[..., Song]) -> None:
        song = band(1)
        beginning, ending = last_bars(song, 0.25)
        assert bar_grid(beginning).n_bars == 12
        assert bar_grid(ending).n_bars == 4
        assert beginning.n_notes + ending.n_notes == song.n_notes
        assert (ending.tempos, ending.metres) == (song.tempos, song.metres)
        assert [part.program for part in ending.parts] == [part.program for part in song.parts]

    @pytest.mark.parametrize(("share", "n_ending"), [(0.0, 1), (0.01, 1), (0.5, 2), (1.0, 3)])
    def test_both_have_at_least_a_bar(self, band: Callable[..., Song], share: float, n_ending: int) -> None:
        _, ending = last_bars(band(1, 4), share)
        assert bar_grid(ending).n_bars == n_ending

    def test_silence_around_the_music_does_not_count(self) -> None:
        # Music from bar 5 to bar 8; its last note rings to bar 20.
        rows = [(1920 * bar, 480, 60, 80) for bar in range(4, 7)] + [(1920 * 7, 1920 * 12, 60, 80)]
        beginning, ending = last_bars(Song(480, (Part("", 0, False, Notes.from_rows(rows)),)), 0.5)
        assert (beginning.n_notes, ending.n_notes) == (2, 2)

    def test_one_bar_cannot_be_cut(self, band: Callable[..., Song]) -> None:
        for song in (band(1, 1), Song(480, ())):
            with pytest.raises(ValueError, match="bar"):
                last_bars(song, 0.5)
