"""Recording: every choice once, each with what was known before it, and of the song itself nothing."""

from __future__ import annotations

import copy
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bandroid.generation.choices import outcomes
from bandroid.generation.counts import Counts
from bandroid.generation.features import EVENT_SIZES, SIZES
from bandroid.generation.lesson import Lesson, lesson
from bandroid.generation.ngram import Ngram
from bandroid.representations.score_cursor import Cursor
from bandroid.training.recording import (
    Common,
    Recording,
    Rows,
    contexts_of,
    count,
    leaving_one_out,
    record,
)
from small_band import varied_band, varied_song

WHOLE = 10**6


def counted(lessons: list[Lesson], weights: list[float]) -> Counts:
    counts = Counts()
    for one, weight in zip(lessons, weights, strict=True):
        count(counts, contexts_of(one), weight)
    return counts


def same_rows(one: Rows, other: Rows) -> bool:
    return all(np.array_equal(getattr(one, name), getattr(other, name)) for name in one.__dataclass_fields__)


def same(one: Recording, other: Recording) -> bool:
    return len(one.passages) == len(other.passages) and all(
        np.array_equal(a.events, b.events)
        and a.rows.keys() == b.rows.keys()
        and all(same_rows(a.rows[name], b.rows[name]) for name in a.rows)
        for a, b in zip(one.passages, other.passages, strict=True)
    )


@pytest.mark.parametrize("weights", [[1, 1, 1], [1, 1.5, 2.25]])
def test_leaving_one_out_puts_everything_back(weights: list[float]) -> None:
    lessons = [lesson(song) for song in varied_band(3, 4)]
    counts = counted(lessons, weights)
    before = copy.deepcopy(counts._entries)
    todo = [(i, one, contexts_of(one), weights[i]) for i, one in enumerate(lessons)]
    assert len(list(leaving_one_out(counts, Ngram(counts), todo, 400))) == 3
    assert counts._entries.keys() == before.keys()
    for context, entry in before.items():
        assert counts._entries[context] == pytest.approx(entry)


def test_a_recorded_song_is_recorded_as_if_it_had_never_been_counted() -> None:
    lessons = [lesson(song) for song in varied_band(3, 4)]
    all_counts, others = counted(lessons, [1, 1, 1]), counted(lessons[1:], [1, 1])
    todo = [(0, lessons[0], contexts_of(lessons[0]), 1.0)]
    (left_out,) = leaving_one_out(all_counts, Ngram(Common(all_counts, 2)), todo, 400)
    never_counted = record(Ngram(Common(others, 2)), lessons[0], 0, 400)
    assert same(left_out, never_counted) and left_out.ngram_bits == never_counted.ngram_bits
    assert not same(left_out, record(Ngram(Common(all_counts, 2)), lessons[0], 0, 400))


def test_what_a_style_would_drop_is_not_there() -> None:
    counts = counted([lesson(varied_song(1, 4))], [1])
    once = [context for context, entry in counts._entries.items() if entry[-1] == 1]
    often = [context for context, entry in counts._entries.items() if entry[-1] >= 2]
    common = Common(counts, 2)
    assert once and all(common.get(context) is None for context in once)
    assert often and all(common.get(context) is counts.get(context) for context in often)


@given(st.integers(1, 60), st.integers(1, 12))
@settings(max_examples=15, deadline=None)
def test_passages_cover_every_choice_once_and_never_look_ahead(longest: int, number: int) -> None:
    one = lesson(varied_song(number, 3))
    cut, whole = (record(Ngram(Counts()), one, 7, most) for most in (longest, WHOLE))
    assert len(whole.passages) == len(one.sheet.parts)
    n_choices = 0
    cursor = Cursor()
    for token in one.tokens:
        n_choices += sum(choice.name in SIZES for choice, _ in outcomes(cursor, token))
        cursor.advance(token)
    for recording in (cut, whole):
        assert sum(passage.n_choices for passage in recording.passages) == recording.n_choices == n_choices
        assert recording.n_notes == one.sheet.notes.size
    for passage in cut.passages:
        assert passage.song == 7 and len(passage.events) <= longest and passage.events.shape[1] == len(EVENT_SIZES)
        for rows in passage.rows.values():
            assert rows.n_heard.min() >= 0 and rows.n_heard.max() <= len(passage.events)
    # Laid end to end, what was cut is what was whole.
    for name in SIZES:
        laid, at_once = (
            [row for p in recording.passages if name in p.rows for row in p.rows[name].features.tolist()]
            for recording in (cut, whole)
        )
        assert laid == at_once


def test_nothing_recorded_knows_what_comes_after_it() -> None:
    one = lesson(varied_song(3, 8))
    whole = record(Ngram(Counts()), one, 0, WHOLE)
    for n_tokens in (len(one.tokens) // 3, len(one.tokens) // 2):
        begun = record(Ngram(Counts()), replace(one, tokens=one.tokens[:n_tokens]), 0, WHOLE)
        assert begun.n_choices > 50
        for first, longer in zip(begun.passages, whole.passages, strict=False):
            assert np.array_equal(first.events, longer.events[: len(first.events)])
            for name, rows in first.rows.items():
                n = len(rows.target)
                assert all(
                    np.array_equal(getattr(rows, field), getattr(longer.rows[name], field)[:n])
                    for field in Rows.__dataclass_fields__
                )


def test_a_choice_hears_what_came_before_it_and_not_its_own_event() -> None:
    one = lesson(varied_song(2, 4))
    for passage in record(Ngram(Counts()), one, 0, WHOLE).passages:
        is_cell = passage.events[:, 0] == 0
        # The n-th cell is chosen when the events before it have been heard: n cells, and their notes.
        assert passage.rows["cell"].n_heard.tolist() == np.flatnonzero(is_cell).tolist()
        if "velocity" in passage.rows:
            assert passage.rows["velocity"].n_heard.tolist() == np.flatnonzero(~is_cell).tolist()


def test_targets_are_allowed_and_logs_are_probabilities() -> None:
    for passage in record(Ngram(Counts()), lesson(varied_song(4, 4)), 0, 400).passages:
        for rows in passage.rows.values():
            assert rows.allowed[np.arange(len(rows.target)), rows.target].all()
            assert np.exp(rows.logs.astype(np.float64)).sum(axis=2) == pytest.approx(1.0, abs=2e-3)
