"""The n-gram gives probabilities, learns, and knows only the past."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bandroid.generation.choices import CHOICES, allowed_mask, next_choice, outcomes
from bandroid.generation.counts import TOTAL, Counts, FrozenCounts, hash_chain
from bandroid.generation.ngram import Ngram
from bandroid.generation.style import ScoreStyle
from bandroid.music.song import Song
from bandroid.representations.score import encode
from bandroid.representations.score_cursor import Cursor
from music_strategies import songs
from small_band import small_song


def _bits(model: Ngram, song: Song) -> float:
    return -sum(math.log2(p.probabilities[o]) for p, o in model.walk(encode(song).tolist(), adjust=True))


@given(songs())
@settings(max_examples=25, deadline=None)
def test_probabilities_sum_to_one_and_leave_room_for_what_comes(song: Song) -> None:
    for prediction, outcome in Ngram(Counts()).walk(encode(song).tolist(), adjust=True):
        assert prediction.probabilities.sum() == pytest.approx(1.0)
        assert prediction.probabilities[outcome] > 0


def test_only_what_the_grammar_allows_has_a_probability(small_style: ScoreStyle) -> None:
    model = small_style.model()
    for token in encode(small_song()).tolist()[:400]:
        for choice, _ in outcomes(model.cursor, token):
            prediction = model.predict(choice)
            assert not np.any(prediction.probabilities[~allowed_mask(model.cursor, choice)])
        model.advance(token)


def test_a_song_like_those_learnt_needs_few_bits(small_style: ScoreStyle) -> None:
    song = small_song(7)
    assert _bits(small_style.model(), song) < 0.5 * _bits(Ngram(Counts()), song)


def test_the_future_does_not_change_the_past(small_style: ScoreStyle) -> None:
    one, other = encode(small_song(0, 8)).tolist(), encode(small_song(0, 12)).tolist()
    n_same = next(i for i, (a, b) in enumerate(zip(one, other, strict=False)) if a != b)
    walks = [list(small_style.model().walk(tokens[: n_same + 1], adjust=True)) for tokens in (one, other)]
    assert len(walks[0]) == len(walks[1]) > 100
    for (a, _), (b, _) in zip(*walks, strict=True):
        assert np.array_equal(a.probabilities, b.probabilities)


def test_repeating_makes_repeats_likelier() -> None:
    model = Ngram(Counts())
    song = small_song(0, 16)
    cells = [p.probabilities[o] for p, o in model.walk(encode(song).tolist(), adjust=False) if p.choice.name == "cell"]
    assert np.mean(cells[-12:]) > 0.85 > 0.6 > np.mean(cells[:12])


def test_a_token_is_an_outcome_of_the_choice_before_it() -> None:
    cursor = Cursor()
    for token in encode(small_song()).tolist():
        steps = outcomes(cursor, token)
        if steps and cursor.stage != "bar":  # where the end stands for what comes after the last bar
            choice, outcome = steps[-1]
            assert choice.first + outcome == token
            if len(steps) == 1:
                assert next_choice(cursor) == choice
        cursor.push(token)


def test_choices_keep_their_places_on_disk() -> None:
    names = ["part", "bar", "frame", "cell", "interval", "position", "pitch", "drum", "length", "velocity"]
    assert [choice.name for choice in CHOICES.values()] == names
    assert [choice.index for choice in CHOICES.values()] == list(range(10))


def test_hashes_are_the_same_everywhere() -> None:
    assert hash_chain(1, 5, -1, 300) == [687460375, 3860618283, 2761577077]
    assert hash_chain(1, 5, -1)[:1] == hash_chain(1, 5, 7)[:1]
    assert hash_chain(1, 5) != hash_chain(2, 5)


def test_frozen_counts_say_what_counts_said() -> None:
    counts = Counts()
    for context, outcome in ((5, 1), (5, 1), (5, 2), (9, 3), (2, 7), (2, 7)):
        counts.add([context], outcome)
    frozen = FrozenCounts(counts.frozen_arrays(least_total=2))
    assert frozen.get(5) == {1: 2, 2: 1, TOTAL: 3}
    assert frozen.get(2) == {7: 2, TOTAL: 2}
    assert frozen.get(9) is None
    assert frozen.get(4) is None


def test_what_was_met_once_can_be_forgotten() -> None:
    counts = Counts()
    for context in (1, 2, 2):
        counts.add([context], 5)
    assert len(counts) == 2
    counts.forget_rare()
    assert len(counts) == 1
    assert counts.get(1) is None


@given(
    st.lists(st.tuples(st.integers(0, 20), st.integers(0, 5), st.sampled_from((1, 1.5, 3))), max_size=120),
    st.integers(0, 400),
    st.integers(1, 4),
)
def test_what_does_not_fit_is_what_was_met_least(
    met: list[tuple[int, int, float]], most_byte: int, least_total: int
) -> None:
    counts = Counts()
    for context, outcome, weight in met:
        counts.add([context], outcome, weight)

    def size_byte(least: int) -> int:
        return sum(array.nbytes for array in counts.frozen_arrays(least).values())

    found = counts.least_total_within(most_byte, least_total)
    assert size_byte(found) <= most_byte
    assert found == least_total or (found > least_total and size_byte(found - 1) > most_byte)


def test_large_counts_are_scaled_into_a_byte() -> None:
    counts = Counts()
    for _ in range(1000):
        counts.add([5], 1)
    counts.add([5], 2)
    entry = FrozenCounts(counts.frozen_arrays(1)).get(5)
    assert entry is not None
    assert (entry[1], entry[2]) == (255, 1)


def test_tables_that_do_not_fit_are_refused() -> None:
    arrays = Counts().frozen_arrays(1)
    with pytest.raises(ValueError, match="do not fit"):
        FrozenCounts({**arrays, "size": np.array([1], dtype=np.uint16)})
