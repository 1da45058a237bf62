"""Bits per note: everything is paid for, sums are sums, and what is known costs less."""

from __future__ import annotations

import math

import pytest

from bandroid.generation.choices import CHOICES
from bandroid.generation.counts import Counts, FrozenCounts
from bandroid.generation.lesson import lesson
from bandroid.generation.ngram import Ngram
from bandroid.representations.score import VOCABULARY
from bandroid.training.evaluation import KEY_BITS, NOTHING, Figures, evaluate, song_figures
from bandroid.training.instant import Learnt, bits_per_note, figures_of, learn_instant
from small_band import small_band, small_song


@pytest.fixture(scope="module")
def learnt() -> Learnt:
    return learn_instant(small_band())


def model_of(learnt: Learnt) -> Ngram:
    return Ngram(FrozenCounts(learnt.counts), learnt.weights, learnt.order)


def test_everything_is_paid_for(learnt: Learnt) -> None:
    song = small_song(9)
    figures = song_figures(model_of(learnt), song)
    model = model_of(learnt)
    bits = math.log2(12)
    bits -= sum(math.log2(p.probabilities[o]) for p, o in model.walk(lesson(song).tokens, adjust=True))
    assert figures.bits == pytest.approx(bits)
    assert figures.bits == pytest.approx(KEY_BITS + sum(figures.bits_of.values()))
    assert figures.n_notes == song.n_notes
    assert figures.bits_per_note == pytest.approx(bits_per_note(learnt, [song]))


def test_new_notes_and_cells_are_counted_apart(learnt: Learnt) -> None:
    song = small_song(9)
    figures = song_figures(model_of(learnt), song)
    tokens = lesson(song).tokens
    names = [VOCABULARY.name(token).partition(":")[0] for token in tokens]
    assert figures.n_of["cell"] == 3 * 16
    assert figures.n_new_notes == names.count("position")
    assert figures.n_of["position"] == names.count("position") + names.count("cell_end")
    new = sum(figures.bits_of[name] for name in ("position", "pitch", "drum", "length", "velocity"))
    assert figures.bits_new == pytest.approx(new / names.count("position"))
    assert figures.bits_repeat == pytest.approx((figures.bits_of["cell"] + figures.bits_of["interval"]) / 48)


def test_sums_over_songs(learnt: Learnt) -> None:
    songs = [small_song(1), small_song(8, 12)]
    one, other = (song_figures(model_of(learnt), song) for song in songs)
    both = figures_of(learnt, songs)
    assert both.n_songs == 2
    assert both.n_notes == one.n_notes + other.n_notes
    assert both.bits == pytest.approx(one.bits + other.bits)
    assert both.n_of == {name: one.n_of[name] + other.n_of[name] for name in CHOICES}


def test_the_band_is_cheaper_than_counting_alone_and_that_than_guessing(learnt: Learnt) -> None:
    song = small_song(9)
    band, alone = (evaluate(lambda model=model: model, [song]) for model in (model_of(learnt), Ngram(Counts())))
    assert band.bits < alone.bits < alone.uniform_bits == band.uniform_bits


def test_nothing_is_no_song() -> None:
    assert evaluate(lambda: Ngram(Counts()), []) == NOTHING
    assert NOTHING.bits_per_note == NOTHING.bits_new == NOTHING.bits_repeat == 0.0


def test_plain_data(learnt: Learnt) -> None:
    table = figures_of(learnt, [small_song(3)]).as_json()
    assert table["songs"] == 1
    by_choice = table["by_choice"]
    assert isinstance(by_choice, dict)
    assert set(by_choice) <= set(CHOICES)
    assert all(row["n"] > 0 and row["bits"] >= 0 for row in by_choice.values())
    assert isinstance(figures_of(learnt, [small_song(3)]), Figures)
