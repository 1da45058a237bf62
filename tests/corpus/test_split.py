"""Dividing by song."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bandroid.corpus.split import HELD_OUT, TRAIN, parse_share, split_songs
from bandroid.errors import WishError

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
