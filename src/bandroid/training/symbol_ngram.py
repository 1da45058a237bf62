"""A plain n-gram over symbols, after Witten and Bell (1991, method C): what a net over lines has to beat.

p(x | last k symbols) = (n(x) + t p(x | last k - 1)) / (n + t), counts n and t different outcomes of the context, down
to a uniform guess. It does not adapt while it reads; its order is chosen on songs that are not counted.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

LONGEST_ORDER = 12


class SymbolNgram:
    """Counts of what follows up to 12 symbols."""

    def __init__(self, size: int, longest_order: int = LONGEST_ORDER) -> None:
        self.size, self.longest_order = size, longest_order
        self._counts: list[dict[tuple[int, ...], dict[int, int]]] = [{} for _ in range(longest_order + 1)]

    def count(self, sequences: Iterable[NDArray[np.integer]]) -> None:
        """Count sequences, each int[T]."""
        for sequence in sequences:
            symbols = [-1] * self.longest_order + sequence.tolist()
            for at in range(self.longest_order, len(symbols)):
                for order, counts in enumerate(self._counts):
                    outcomes = counts.setdefault(tuple(symbols[at - order : at]), {})
                    outcomes[symbols[at]] = outcomes.get(symbols[at], 0) + 1

    def nats(self, sequences: Iterable[NDArray[np.integer]]) -> NDArray[np.float64]:
        """Return what sequences cost by order, float64[orders]: all together, in nats."""
        costs = np.zeros(self.longest_order + 1)
        for sequence in sequences:
            symbols = [-1] * self.longest_order + sequence.tolist()
            for at in range(self.longest_order, len(symbols)):
                share = 1.0 / self.size
                for order, counts in enumerate(self._counts):
                    outcomes = counts.get(tuple(symbols[at - order : at]))
                    if outcomes:
                        n, t = sum(outcomes.values()), len(outcomes)
                        share = (outcomes.get(symbols[at], 0) + t * share) / (n + t)
                    costs[order] -= np.log(share)
        return costs


def best_order(size: int, learn: Sequence[NDArray[np.integer]], validate: Sequence[NDArray[np.integer]]) -> int:
    """Return the order that costs least on sequences that are not counted."""
    ngram = SymbolNgram(size)
    ngram.count(learn)
    return int(ngram.nats(validate).argmin())
