"""A classifier two-sample test in numpy: can songs be told from pieces, when every song and piece is judged unheard?

Windows of songs are labelled 1, windows of the other side 0. Folds are made of whole groups (a song, or all pieces that
borrow one line-up), so nothing that is judged was learnt from. Within each fold the AUC is the share of pairs (song
window, other window) that the classifier puts in the right order: 0.5 is guessing, 1 is certainty. AUCs are taken
inside folds and then averaged, over many divisions: scores of different folds have no common zero, and pooled they
would make an honest 0.5 look like less (Airola et al. 2011).

The classifier is the mean of two that see different things: logistic regression with a ridge (sums of small
differences) and boosted stumps (thresholds). Lopez-Paz and Oquab, "Revisiting classifier two-sample tests" (2017).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

RIDGE = 1.0
"""per window: with some hundred windows and 70 features less would learn them by heart"""
N_STUMPS, SHRINKAGE, N_THRESHOLDS = 100, 0.1, 15
N_FOLDS, N_DIVISIONS = 4, 10

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Side:
    """One side of a test: windows as rows of features, and which group each belongs to."""

    rows: Array
    """float64[N, F]; NaN where a window has no such feature"""
    groups: NDArray[np.int64]
    """int64[N]: windows of one group are never divided between learning and judging"""
    names: tuple[str, ...] = ()
    """of the features"""


@dataclass(frozen=True, slots=True)
class Verdict:
    """How well the two sides can be told apart."""

    auc: float
    """over windows"""
    whole_auc: float
    """over groups, each judged by the mean of its windows"""
    sd: float
    """standard deviation of `auc` over divisions into folds: not the whole uncertainty"""


def tell_apart(songs: Side, others: Side, rng: np.random.Generator, *, tied: bool = False) -> Verdict:
    """Test two sides; `tied` keeps equal group numbers of both sides in one fold (a song and its own shuffle).

    Raises ValueError where a side has fewer groups than there are folds.
    """
    tests = []
    for _ in range(N_DIVISIONS):
        song_fold = _folds(songs.groups, rng)
        other_fold = song_fold if tied else _folds(others.groups, rng)
        for fold in range(N_FOLDS):
            here, there = _inside(songs, song_fold, fold), _inside(others, other_fold, fold)
            judge = _judge(_part(songs, ~here), _part(others, ~there))
            tests.append(_tested(judge, _part(songs, here), _part(others, there)))
    return _verdict(tests)


def judge_unmet(unmet: Side, songs: Side, pieces: Side, rng: np.random.Generator) -> Verdict:
    """Learn to tell pieces from songs, then be asked about songs unmet and about pieces of groups unmet.

    Equal group numbers of `songs` and `pieces` stay together: where a group's pieces are judged, its song was not
    learnt from. Raises ValueError where there are fewer groups of pieces than folds.
    """
    tests = []
    for _ in range(N_DIVISIONS):
        fold_of = _folds(pieces.groups, rng)
        for fold in range(N_FOLDS):
            here, there = _inside(songs, fold_of, fold), _inside(pieces, fold_of, fold)
            judge = _judge(_part(songs, ~here), _part(pieces, ~there))
            tests.append(_tested(judge, unmet, _part(pieces, there)))
    return _verdict(tests)


def _inside(one: Side, fold_of: dict[int, int], fold: int) -> NDArray[np.bool_]:
    return np.array([fold_of.get(group) == fold for group in one.groups.tolist()])


def _part(one: Side, chosen: NDArray[np.bool_]) -> Side:
    return Side(one.rows[chosen], one.groups[chosen])


def _judge(songs: Side, others: Side) -> Classifier:
    labels = np.concatenate([np.ones(len(songs.rows)), np.zeros(len(others.rows))])
    weights = np.concatenate([_equal_groups(songs.groups), _equal_groups(others.groups)])
    return Classifier(np.concatenate([songs.rows, others.rows]), labels, weights)


def _tested(judge: Classifier, songs: Side, others: Side) -> tuple[float, float]:
    """Return the AUC over windows, and over groups."""
    right, wrong = judge.score(songs.rows), judge.score(others.rows)
    return area(right, wrong), area(_by_group(right, songs.groups), _by_group(wrong, others.groups))


def _verdict(tests: list[tuple[float, float]]) -> Verdict:
    windows, wholes = np.array(tests).T
    per_division = windows.reshape(N_DIVISIONS, N_FOLDS).mean(axis=1)
    return Verdict(float(windows.mean()), float(wholes.mean()), float(per_division.std()))


def area(right: Array, wrong: Array) -> float:
    """Return the share of pairs in the right order, ties as half: ([2, 3], [1, 2]) -> 0.875."""
    difference = right[:, None] - wrong[None, :]
    return float((np.sign(difference).mean() + 1) / 2)


class Classifier:
    """Learns from rows, labels 0 or 1, and weights; `score` is higher for what looks like label 1."""

    def __init__(self, rows: Array, labels: Array, weights: Array) -> None:
        self._known = ~np.isnan(rows).all(axis=0)
        rows = rows[:, self._known]
        self._mean, sd = np.nanmean(rows, axis=0), np.nanstd(rows, axis=0)
        self._scale = np.where(sd > 1e-9, sd, np.inf)
        table = self._standard(rows)
        self._slope, self._offset = _logistic(table, labels, weights)
        self._stumps = _boosted(table, labels, weights)
        self._spread = [max(float(part.std()), 1e-9) for part in self._parts(table)]

    def score(self, rows: Array) -> Array:
        """Return float64[N]."""
        parts = self._parts(self._standard(rows[:, self._known]))
        result: Array = np.mean([part / spread for part, spread in zip(parts, self._spread, strict=True)], axis=0)
        return result

    def _standard(self, rows: Array) -> Array:
        """Bring features to mean 0 and deviation 1; what is not known becomes the mean."""
        standard: Array = np.clip(np.nan_to_num((rows - self._mean) / self._scale), -4, 4)
        return standard

    def _parts(self, table: Array) -> tuple[Array, Array]:
        linear = table @ self._slope + self._offset
        stumps = sum((np.where(table[:, f] > at, high, low) for f, at, low, high in self._stumps), np.zeros(len(table)))
        return linear, stumps


def _logistic(table: Array, labels: Array, weights: Array) -> tuple[Array, float]:
    """Fit logistic regression by Newton's method, with a ridge on all but the offset."""
    wide = np.column_stack([table, np.ones(len(table))])
    ridge = np.diag([RIDGE] * table.shape[1] + [1e-6])
    slope = np.zeros(wide.shape[1])
    for _ in range(25):
        chance = 1 / (1 + np.exp(-wide @ slope))
        gradient = wide.T @ (weights * (labels - chance)) - ridge @ slope
        curvature = (wide * (weights * chance * (1 - chance))[:, None]).T @ wide + ridge
        step = np.linalg.solve(curvature, gradient)
        slope += step
        if np.abs(step).max() < 1e-6:
            break
    return slope[:-1], float(slope[-1])


def _boosted(table: Array, labels: Array, weights: Array) -> list[tuple[int, float, float, float]]:
    """Boost stumps on the logistic loss (Friedman 2001): (feature, threshold, value below, value above) each."""
    cuts = np.quantile(table, np.linspace(0.05, 0.95, N_THRESHOLDS), axis=0).T  # [F, thresholds]
    above = (table[:, :, None] > cuts[None]).reshape(len(table), -1).astype(np.float64)  # [N, F * thresholds]
    score = np.zeros(len(table))
    stumps = []
    for _ in range(N_STUMPS):
        chance = 1 / (1 + np.exp(-score))
        pull, mass = weights * (labels - chance), weights * chance * (1 - chance)
        high_pull, high_mass = pull @ above, mass @ above + 1.0
        low_pull, low_mass = pull.sum() - high_pull, mass.sum() - (high_mass - 1.0) + 1.0
        best = int(np.argmax(high_pull**2 / high_mass + low_pull**2 / low_mass))
        high, low = SHRINKAGE * high_pull[best] / high_mass[best], SHRINKAGE * low_pull[best] / low_mass[best]
        feature, cut = divmod(best, N_THRESHOLDS)
        stumps.append((feature, float(cuts[feature, cut]), float(low), float(high)))
        score += np.where(above[:, best] > 0, high, low)
    return stumps


def _folds(groups: NDArray[np.int64], rng: np.random.Generator) -> dict[int, int]:
    names = np.unique(groups)
    if names.size < N_FOLDS:
        raise ValueError(f"{names.size} groups cannot be divided into {N_FOLDS} folds")
    return {int(name): index % N_FOLDS for index, name in enumerate(rng.permutation(names))}


def _equal_groups(groups: NDArray[np.int64]) -> Array:
    """Return weights that make all groups count the same, 30 in sum: no side is larger than the other."""
    _, number, size = np.unique(groups, return_inverse=True, return_counts=True)
    weights = 1.0 / size[number]
    result: Array = weights * (30 / weights.sum())
    return result


def _by_group(scores: Array, groups: NDArray[np.int64]) -> Array:
    return np.array([scores[groups == group].mean() for group in np.unique(groups)])


def side(windows: Sequence[Sequence[dict[str, float]]], groups: Sequence[int] | None = None) -> Side:
    """Gather the features of each song's or piece's windows; each is a group of its own unless `groups` says more."""
    numbers = np.arange(len(windows)) if groups is None else np.array(groups, dtype=np.int64)
    every = [window for one in windows for window in one]
    rows = np.array([list(window.values()) for window in every], dtype=np.float64)
    return Side(rows, np.repeat(numbers, [len(one) for one in windows]), tuple(every[0]))
