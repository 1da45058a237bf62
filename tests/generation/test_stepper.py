"""A walk through music that is there: every choice is predicted once, and the model ends where the music ends."""

from __future__ import annotations

from bandroid.generation.choices import CHOICES, outcomes
from bandroid.generation.counts import Counts
from bandroid.generation.lesson import lesson
from bandroid.generation.ngram import Ngram
from bandroid.generation.stepper import walk
from bandroid.generation.style import ScoreStyle
from bandroid.representations.score import Cursor
from small_band import small_song


def test_a_walk_meets_every_choice_of_the_song_once(small_style: ScoreStyle) -> None:
    tokens = lesson(small_song()).tokens
    cursor = Cursor()
    expected = []
    for token in tokens:
        expected += [(choice.name, outcome) for choice, outcome in outcomes(cursor, token)]
        cursor.push(token)
    model = small_style.model()
    assert [(prediction.choice.name, outcome) for prediction, outcome in walk(model, tokens)] == expected
    assert model.cursor.stage == "done"
    assert model.cursor.history == cursor.history


def test_a_walk_teaches_the_model_the_song() -> None:
    tokens = lesson(small_song(0, 16)).tokens
    model = Ngram(Counts())  # knows nothing but what it walks through
    cells = [(p, o) for p, o in walk(model, tokens) if p.choice is CHOICES["cell"]]
    expected = [float(p.probabilities[o]) for p, o in cells]
    assert sum(expected[-12:]) > 1.5 * sum(expected[:12])
