"""What `benchmarks.classics` calls stuck on one note, and what `benchmarks.lines` holds styles against."""

from __future__ import annotations

import numpy as np
import pytest

from bandroid.music.notes import Notes
from bandroid.music.song import Part, Song
from bandroid.training.symbol_ngram import SymbolNgram, best_order
from benchmarks.classics.one_note import longest_run


def part(rows: list[tuple[int, int]], is_drum: bool = False) -> Part:
    return Part("", 0, is_drum, Notes.from_rows([(tick, 1, pitch, 80) for tick, pitch in rows]))


def test_one_pitch_again_and_again() -> None:
    tune = part([(0, 60), (4, 62), (8, 62), (12, 62), (16, 60)])
    assert longest_run(Song(4, (tune,))) == 3


def test_one_chord_again_and_again() -> None:
    chords = part([(tick, pitch) for tick in (0, 4, 8, 12) for pitch in (60, 64)])
    assert longest_run(Song(4, (chords,))) == 4


def test_drums_count_where_all_that_sounds_is_the_same() -> None:
    beat = part([(0, 36), (0, 42), (4, 42), (8, 42), (12, 38), (12, 42)], is_drum=True)
    assert longest_run(Song(4, (beat,))) == 2


def test_an_ngram_by_hand() -> None:
    ngram = SymbolNgram(4, 1)
    ngram.count([np.array([0, 1, 1])])
    unigram = {x: (n + 2 / 4) / 5 for x, n in ((0, 1), (1, 2))}
    costs = ngram.nats([np.array([1, 1])])
    assert costs[0] == pytest.approx(-2 * np.log(unigram[1]))
    # The line's begin has been followed by 0 once; 1 by 1 once.
    assert costs[1] == pytest.approx(-np.log(unigram[1] / 2) - np.log((1 + unigram[1]) / 2))


def test_the_order_is_chosen_on_what_is_not_counted() -> None:
    pattern = np.tile([0, 1, 2, 1], 20)
    assert best_order(3, [pattern], [pattern[3:]]) >= 2
    rng = np.random.default_rng(0)
    assert best_order(3, [rng.integers(0, 3, 400)], [rng.integers(0, 3, 100)]) <= 1
