"""A vocabulary is a table: blocks of ids, names and back."""

from __future__ import annotations

import pytest

from bandroid.representations.score_vocabulary import VOCABULARY
from bandroid.representations.vocabulary import Family, Vocabulary


def test_every_token_splits_and_joins() -> None:
    for token in range(VOCABULARY.size):
        assert VOCABULARY.token(*VOCABULARY.split(token)) == token


def test_blocks_lie_side_by_side() -> None:
    small = Vocabulary((Family("a", 2), Family("b", 3, first_value=10)))
    assert [small.name(token) for token in range(small.size)] == ["a:0", "a:1", "b:10", "b:11", "b:12"]
    assert small.family_index.tolist() == [0, 0, 1, 1, 1]


def test_a_table_says_it_all() -> None:
    small = Vocabulary((Family("a", 2), Family("b", 3, first_value=10)))
    assert small.table() == [["a", 2, 0], ["b", 3, 10]]


def test_wrong_values_are_refused() -> None:
    small = Vocabulary((Family("a", 2),))
    for value in (-1, 2):
        with pytest.raises(ValueError):
            small.token("a", value)
        with pytest.raises(ValueError):
            small.split(value)
    with pytest.raises(ValueError, match="share a name"):
        Vocabulary((Family("a", 1), Family("a", 1)))
    with pytest.raises(ValueError, match="at least one value"):
        Family("a", 0)
