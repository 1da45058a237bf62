"""A classifier that tells two heaps of chorales apart, piece by piece: the quiz's automatic twin.

A classifier two-sample test (Lopez-Paz and Oquab 2017): if nothing learnt on four fifths of the pieces tells the rest
better than chance, the heaps are alike as far as it can see. It counts only if it sees well enough to tell what an
n-gram writes, and Bach with his frames in another order.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from bandroid.critique.chorale_features import features_of
from bandroid.critique.telling import learn_teller
from bandroid.representations.chorale import CELLS, N_VOICES, REST, is_changed

Ints = NDArray[np.int64]
_FOLDS, _BOOTSTRAPS = 5, 500
_TRANSITIONS = 512


class Told(NamedTuple):
    """How well a classifier tells."""

    auc: float
    """chance that it takes the right one of a pair; 0.5 is guessing"""
    low: float
    high: float
    """of 95 in 100 draws of the pieces"""


def tell(
    ones: Sequence[Ints],
    others: Sequence[Ints],
    counted: Callable[[Ints], NDArray[np.float64]] = features_of,
    seed: int = 0,
) -> Told:
    """Cells int64[T, 4] each -> how well they are told apart on pieces that the classifier has not learnt."""
    features = np.array([counted(piece) for piece in (*ones, *others)])
    labels = np.array([0] * len(ones) + [1] * len(others))
    rng = np.random.default_rng(seed)
    scores = np.zeros(len(labels))
    fold = np.concatenate([rng.permutation(len(ones)), rng.permutation(len(others))]) % _FOLDS
    for number in range(_FOLDS):
        learnt, asked = fold != number, fold == number
        halves = (features[learnt & (labels == label)] for label in (0, 1))
        scores[asked] = learn_teller(*halves)(features[asked])
    drawn = []
    for _ in range(_BOOTSTRAPS):
        rows = np.concatenate(
            [rng.choice(np.flatnonzero(labels == label), (labels == label).sum()) for label in (0, 1)]
        )
        drawn.append(_auc(scores[rows], labels[rows]))
    low, high = np.percentile(drawn, [2.5, 97.5])
    return Told(_auc(scores, labels), float(low), float(high))


def transitions_of(cells: Ints) -> NDArray[np.float64]:
    """Return which chord follows which in a piece: what stands over the bass, and the bass's step, folded into 512.

    Other things than those by which the style that ships ranks its own pieces (generation/chorale_critic.py).
    """
    moved = is_changed(cells).any(axis=1)
    there = cells[moved & (cells < REST).all(axis=1)]
    above = np.bitwise_or.reduce(1 << ((there[:, :-1] - there[:, -1:]) % 12), axis=1)
    steps = np.diff(there[:, -1]) % 12
    numbers = (above[:-1] * 7919 + above[1:] * 104729 + steps * 1299709) % _TRANSITIONS
    counts = np.bincount(numbers, minlength=_TRANSITIONS)
    shares: NDArray[np.float64] = np.sqrt(counts / max(counts.sum(), 1))
    return shares


def _auc(scores: NDArray[np.float64], labels: Ints) -> float:
    """Return the area under the curve: chance that a one of label 1 scores higher, ties half (Mann and Whitney)."""
    ones, zeros = scores[labels == 1], scores[labels == 0]
    higher = (ones[:, None] > zeros[None]).mean() + 0.5 * (ones[:, None] == zeros[None]).mean()
    return float(higher)


def shuffled(cells: Ints, rng: np.random.Generator) -> Ints:
    """Return a piece with its frames in another order."""
    return cells[rng.permutation(len(cells))]


class Ngram:
    """What follows the last two frames, cell by cell, by counting: backing off where that was never met."""

    ORDERS = (9, 6, 4, 2, 0)
    """cells that are looked back at"""

    def __init__(self, pieces: Sequence[Ints]) -> None:
        self._counts: dict[tuple[int, ...], dict[int, int]] = {}
        for piece in pieces:
            flat = piece[:, (0, 3, 1, 2)].ravel().tolist()
            for at, symbol in enumerate(flat):
                for order in self.ORDERS:
                    if order <= at:
                        table = self._counts.setdefault((at % N_VOICES, *flat[at - order : at]), {})
                        table[symbol] = table.get(symbol, 0) + 1

    def write(self, n_frames: int, rng: np.random.Generator) -> Ints:
        """Write a piece, cells int64[T, 4]."""
        flat: list[int] = []
        for at in range(n_frames * N_VOICES):
            for order in self.ORDERS:
                table = self._counts.get((at % N_VOICES, *flat[max(at - order, 0) : at])) if order <= at else None
                # Witten and Bell 1991: a context that was followed by many things is left the sooner.
                if table and (order == 0 or rng.random() < sum(table.values()) / (sum(table.values()) + len(table))):
                    symbols, weights = list(table), np.array(list(table.values()), dtype=np.float64)
                    flat.append(symbols[int(rng.choice(len(symbols), p=weights / weights.sum()))])
                    break
        cells = np.array(flat, dtype=np.int64).reshape(n_frames, N_VOICES)
        return cells[:, (0, 2, 3, 1)]


def cells_of_pieces(pieces: Sequence[Ints]) -> list[Ints]:
    """Return the cells of frames, int64[T, 4] each."""
    return [piece[:, CELLS] for piece in pieces]
