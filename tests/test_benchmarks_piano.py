"""What `benchmarks.piano` holds a style against: a plain n-gram."""

from __future__ import annotations

import numpy as np
import pytest

from bandroid.generation.lesson import lesson
from bandroid.representations.score_vocabulary import VOCABULARY
from benchmarks.piano.plain_ngram import PlainNgram, best_order
from small_band import small_song

SONG = [0, *[5, 6, 7, 8] * 6]


def test_probabilities_of_the_yardstick_sum_to_one() -> None:
    model = PlainNgram(2)
    model.count(SONG)
    for before in ([0, 5, 6], [0, 7, 5], [0, 9, 9]):
        total = sum(2.0 ** (model.bits(before) - model.bits([*before, x])) for x in range(VOCABULARY.size))
        assert total == pytest.approx(1.0)


def test_the_grammar_forbids_nothing_that_a_song_says_and_saves_bits() -> None:
    tokens = lesson(small_song()).tokens
    model = PlainNgram(2)
    model.count(tokens)
    assert 0 < model.bits_within_grammar(tokens) < model.bits(tokens)


def test_by_hand() -> None:
    model = PlainNgram(1)
    model.count([0, 1, 1])
    # After 1: once 1. After nothing: twice 1. Each with one kind of token: (n + t p) / (n + t).
    unigram = (2 + 1 / VOCABULARY.size) / 3
    assert model.bits([1, 1]) == pytest.approx(-np.log2((1 + unigram) / 2))


def test_a_song_that_was_counted_while_it_was_read_can_be_forgotten() -> None:
    model = PlainNgram(3)
    model.count(SONG)
    other = [0, *np.random.default_rng(1).integers(5, 12, 60).tolist()]
    before = model.bits(other)
    assert model.adaptive_bits(other) < before
    assert model.bits(other) < before
    model.forget(other)
    assert model.bits(other) == before


def test_the_order_is_the_one_that_helps() -> None:
    # Of two tokens together it follows what comes; of one, it does not.
    period = [1, 1, 2, 1, 3, 1, 1, 2, 4, 1, 3, 2]
    assert best_order([[0, *period * 20]], [[0, *period * 5]]) > 1
