"""How often what followed in which context: a table that learns, and its frozen form for a style on disk.

A context is a hash of the features that led to a choice. An entry of a table is a dict {outcome: count} with the
total under the key TOTAL.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np
from numpy.typing import NDArray

Entry = Mapping[int, float]
TOTAL = -1
_MASK = (1 << 64) - 1
_KEY_BITS = 32


def hash_chain(seed: int, *features: int) -> list[int]:
    """Hash features one by one: the k-th hash stands for the first k + 1 features. Same on every platform.

    Hashes keep 32 bits, which halves a style. A choice takes four of them for itself (generation/ngram.py): among
    100,000 contexts of one choice, one look-up in 2,700 of a context never met finds a wrong one, and is outvoted.
    """
    hashes, state = [], seed + 1
    for feature in features:
        # Steps of SplitMix64 (Steele, Lea and Flood 2014).
        state = ((state * 0x9E3779B97F4A7C15 + feature + 1) * 0xBF58476D1CE4E5B9) & _MASK
        state ^= state >> 31
        hashes.append(state >> (64 - _KEY_BITS))
    return hashes


class Counts:
    """A table that learns."""

    def __init__(self) -> None:
        self._entries: dict[int, dict[int, float]] = {}

    def get(self, context: int) -> Entry | None:
        return self._entries.get(context)

    def add(self, contexts: Iterable[int], outcome: int, weight: float = 1) -> None:
        """Count one outcome in several contexts, `weight` times. Whole numbers take much less memory."""
        for context in contexts:
            entry = self._entries.get(context)
            if entry is None:
                self._entries[context] = {TOTAL: weight, outcome: weight}
            else:
                entry[TOTAL] += weight
                entry[outcome] = entry.get(outcome, 0) + weight

    def remove(self, contexts: Iterable[int], outcome: int, weight: float = 1) -> None:
        """Take back what `add` counted; what was forgotten meanwhile stays forgotten."""
        # Sums of fractions are not exact: what is left of them is nothing.
        nothing = 1e-6 * weight
        for context in contexts:
            entry = self._entries.get(context)
            if entry is None or outcome not in entry:
                continue
            if entry[TOTAL] - weight <= nothing:
                del self._entries[context]
            else:
                entry[TOTAL] -= weight
                entry[outcome] -= weight
                if entry[outcome] <= nothing:
                    del entry[outcome]

    def __len__(self) -> int:
        """How many contexts were met."""
        return len(self._entries)

    def forget_rare(self) -> None:
        """Drop contexts that were met once: what is rare after thousands of songs is not what a style keeps."""
        self._entries = {context: entry for context, entry in self._entries.items() if entry[TOTAL] > 1}

    def least_total_within(self, most_byte: int, least_total: int) -> int:
        """Return how often a context must have been met to be kept so that the frozen table is no larger than that.

        At least `least_total`; exact, and quick for millions of contexts.
        """
        totals = np.fromiter((int(entry[TOTAL]) for entry in self._entries.values()), np.int64, len(self._entries))
        n_outcomes = np.fromiter((len(entry) - 1 for entry in self._entries.values()), np.int64, len(self._entries))
        # Six bytes a context, three an outcome: as `frozen_arrays` has them.
        byte_by_total = np.bincount(totals, 6 + 3 * n_outcomes)
        byte_from_total = np.append(np.cumsum(byte_by_total[::-1])[::-1], 0)
        fits = np.flatnonzero(byte_from_total <= most_byte)
        return max(int(fits[0]), least_total)

    def frozen_arrays(self, least_total: int) -> dict[str, NDArray[np.generic]]:
        """Return the table as arrays, without contexts that were met fewer than `least_total` times.

        `context` uint32[C] sorted, `size` uint16[C] outcomes per context, `outcome` uint16[E] and `count` uint8[E]
        (entries with larger counts are scaled down, no outcome to less than 1).
        """
        kept = sorted((context, entry) for context, entry in self._entries.items() if entry[TOTAL] >= least_total)
        outcomes: list[int] = []
        counts: list[float] = []
        for _, entry in kept:
            ordered = sorted((o, n) for o, n in entry.items() if o != TOTAL)
            scale = min(1.0, 255 / max(n for _, n in ordered))
            outcomes.extend(o for o, _ in ordered)
            counts.extend(max(1, int(n * scale + 0.5)) for _, n in ordered)
        return {
            "context": np.array([context for context, _ in kept], dtype=np.uint32),
            "size": np.array([len(entry) - 1 for _, entry in kept], dtype=np.uint16),
            "outcome": np.array(outcomes, dtype=np.uint16),
            "count": np.array(counts, dtype=np.uint8),
        }


class FrozenCounts:
    """A table read from a style; raises ValueError where the arrays do not fit each other."""

    def __init__(self, arrays: Mapping[str, NDArray[np.generic]]) -> None:
        context, size, outcome, count = (np.asarray(arrays[k]) for k in ("context", "size", "outcome", "count"))
        if not (context.size == size.size and outcome.size == count.size == int(size.sum(dtype=np.int64))):
            raise ValueError("the tables of counts do not fit each other")
        self._context = context.astype(np.uint32)
        self._stop = np.cumsum(size, dtype=np.int64)
        self._outcome, self._count = outcome, count
        self._known: dict[int, Entry | None] = {}

    def get(self, context: int) -> Entry | None:
        if context in self._known:
            return self._known[context]
        at = int(np.searchsorted(self._context, np.uint32(context)))
        entry: dict[int, float] | None = None
        if at < self._context.size and int(self._context[at]) == context:
            start = int(self._stop[at - 1]) if at else 0
            stop = int(self._stop[at])
            counts = self._count[start:stop].tolist()
            entry = dict(zip(self._outcome[start:stop].tolist(), counts, strict=True))
            entry[TOTAL] = sum(counts)
        self._known[context] = entry
        return entry
