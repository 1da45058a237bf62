"""A classifier that tells two heaps apart by what is counted in each: logistic regression, its weights kept small."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
_ROUNDS = 400
_PULL = 3.0
"""of weights towards nothing: there are more features than pieces"""
_FARTHEST = 5.0
"""spreads from the mean: what lies beyond counts as that"""


@dataclass(frozen=True, slots=True, eq=False)
class Teller:
    """What a classifier has learnt."""

    mean: Floats
    """float64[F]"""
    spread: Floats
    """float64[F]"""
    weights: Floats
    """float64[F]"""
    bias: float

    def __call__(self, features: Floats) -> Floats:
        """float64[N, F] -> log-odds that each is of the second heap, float64[N]."""
        odds: Floats = _scaled(features, self.mean, self.spread) @ self.weights + self.bias
        return odds

    def to_arrays(self) -> dict[str, NDArray[np.generic]]:
        """Return arrays for a file."""
        return {"mean": self.mean, "spread": self.spread, "weights": self.weights, "bias": np.array([self.bias])}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[np.generic]], n_features: int) -> Teller:
        """Read what `to_arrays` made; raises KeyError, ValueError."""
        rows = [np.asarray(arrays[name], dtype=np.float64) for name in ("mean", "spread", "weights")]
        bias = np.asarray(arrays["bias"], dtype=np.float64)
        is_sound = all(row.shape == (n_features,) and np.isfinite(row).all() for row in rows) and bias.shape == (1,)
        if not is_sound or (rows[1] <= 0).any():
            raise ValueError("a classifier that is none")
        return cls(rows[0], rows[1], rows[2], float(bias[0]))


def learn_teller(ones: Floats, others: Floats) -> Teller:
    """float64[N, F], float64[M, F] -> a classifier; both heaps weigh the same, however large they are."""
    features = np.concatenate([ones, others])
    sign = np.concatenate([-np.ones(len(ones)), np.ones(len(others))])
    weight = np.concatenate([np.full(len(ones), 0.5 / len(ones)), np.full(len(others), 0.5 / len(others))])
    mean, spread = features.mean(axis=0), features.std(axis=0) + 1e-6
    x = _scaled(features, mean, spread)
    weights, bias, pull = np.zeros(x.shape[1]), 0.0, _PULL / len(features)
    rate = 1.0 / (0.25 * (x**2).sum(axis=1).mean() + pull)
    for _ in range(_ROUNDS):
        slope = -sign * weight / (1.0 + np.exp(np.clip(sign * (x @ weights + bias), -50, 50)))
        weights = weights - rate * (x.T @ slope + pull * weights)
        bias -= rate * float(slope.sum())
    return Teller(mean, spread, weights, bias)


def _scaled(features: Floats, mean: Floats, spread: Floats) -> Floats:
    scaled: Floats = np.clip((features - mean) / spread, -_FARTHEST, _FARTHEST)
    return scaled
