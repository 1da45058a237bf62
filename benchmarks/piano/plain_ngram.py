"""The yardstick: a plain n-gram over score tokens, after Witten and Bell, which knows nothing but the last tokens.

Along the contexts of 0, 1 ... k last tokens, each estimate backs off to the shorter one (IEEE Trans. Information
Theory 37(4), 1991, method C): p(x | c_k) = (n(x, c_k) + t(c_k) p(x | c_k-1)) / (n(c_k) + t(c_k)), t the number of
different tokens that followed c_k; below the shortest, all tokens of the vocabulary are equally likely.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from bandroid.representations.score_cursor import Cursor
from bandroid.representations.score_vocabulary import VOCABULARY

ORDERS = tuple(range(1, 9))
"""how many last tokens count; three or four tokens are a note"""


class PlainNgram:
    """Counts of what followed the last 0 to `order` tokens."""

    def __init__(self, order: int) -> None:
        self._order = order
        self._counts: dict[tuple[int, ...], dict[int, int]] = {}
        self._totals: dict[tuple[int, ...], int] = {}

    def count(self, tokens: Sequence[int]) -> None:
        """Count a song."""
        for at in range(1, len(tokens)):
            self._count(tokens, at)

    def bits(self, tokens: Sequence[int], order: int | None = None) -> float:
        """Return what a song costs: -log2 of every token but the first, which every song begins with."""
        return sum(self._bits(tokens, at, order or self._order) for at in range(1, len(tokens)))

    def bits_within_grammar(self, tokens: Sequence[int]) -> float:
        """Return what a song costs when nothing is wasted on tokens that the score's grammar forbids."""
        cursor, bits = Cursor(), 0.0
        for at, token in enumerate(tokens):
            if at:
                probabilities = self._probabilities(tokens, at)
                allowed = sum(float(probabilities[first:stop].sum()) for first, stop in cursor.allowed())
                bits -= math.log2(float(probabilities[token]) / allowed)
            cursor.advance(token)
        return bits

    def adaptive_bits(self, tokens: Sequence[int]) -> float:
        """Return what a song costs when it is counted while it is read; it stays counted."""
        bits = 0.0
        for at in range(1, len(tokens)):
            bits += self._bits(tokens, at, self._order)
            self._count(tokens, at)
        return bits

    def forget(self, tokens: Sequence[int]) -> None:
        """Take a song out of the counts again."""
        for at in range(1, len(tokens)):
            for context in _contexts(tokens, at, self._order):
                followed = self._counts[context]
                followed[tokens[at]] -= 1
                if not followed[tokens[at]]:
                    del followed[tokens[at]]
                self._totals[context] -= 1
                if not followed:
                    del self._counts[context], self._totals[context]

    def _count(self, tokens: Sequence[int], at: int) -> None:
        for context in _contexts(tokens, at, self._order):
            followed = self._counts.setdefault(context, {})
            followed[tokens[at]] = followed.get(tokens[at], 0) + 1
            self._totals[context] = self._totals.get(context, 0) + 1

    def _probabilities(self, tokens: Sequence[int], at: int) -> NDArray[np.float64]:
        """Return float64[vocabulary]: how likely each token is at a place."""
        estimate = np.full(VOCABULARY.size, 1.0 / VOCABULARY.size)
        for context in _contexts(tokens, at, self._order):
            followed = self._counts.get(context)
            if followed is None:
                break
            estimate *= len(followed)
            estimate[list(followed)] += list(followed.values())
            estimate /= self._totals[context] + len(followed)
        return estimate

    def _bits(self, tokens: Sequence[int], at: int, order: int) -> float:
        probability = 1.0 / VOCABULARY.size
        for context in _contexts(tokens, at, order):
            followed = self._counts.get(context)
            if followed is None:
                break
            total, different = self._totals[context], len(followed)
            probability = (followed.get(tokens[at], 0) + different * probability) / (total + different)
        return -math.log2(probability)


def best_order(learnt_from: Iterable[Sequence[int]], validation: Sequence[Sequence[int]]) -> int:
    """Return the order that needs the fewest bits for songs that are not counted."""
    model = PlainNgram(max(ORDERS))
    for tokens in learnt_from:
        model.count(tokens)
    return min(ORDERS, key=lambda order: sum(model.bits(tokens, order) for tokens in validation))


def _contexts(tokens: Sequence[int], at: int, order: int) -> Iterable[tuple[int, ...]]:
    """Return the contexts of a token, the shortest first."""
    return (tuple(tokens[at - k : at]) for k in range(min(order, at) + 1))
