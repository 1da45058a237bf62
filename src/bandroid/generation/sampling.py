"""The only sampler: from probabilities to one outcome."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bandroid.errors import WishError


@dataclass(frozen=True, slots=True)
class Sampling:
    """How freely outcomes are drawn. Raises WishError where a value is out of range."""

    temperature: float = 1.0
    """1 draws as learnt; lower is safer, higher is wilder; 0 always takes the likeliest"""
    top_p: float = 0.95
    """keep only the likeliest outcomes that together reach this probability (Holtzman et al. 2020): a wrong note in
    twenty is one that no band would play"""
    min_p: float = 0.0
    """drop outcomes less likely than this share of the likeliest one (Nguyen et al. 2024)"""

    def __post_init__(self) -> None:
        if not 0.0 <= self.temperature <= 5.0:
            raise WishError(f"--temperature {self.temperature:g} is out of range: 0 (safe) to 5 (wild), 1 is as learnt")
        if not 0.0 < self.top_p <= 1.0:
            raise WishError(f"--top-p {self.top_p:g} is out of range: above 0, at most 1")
        if not 0.0 <= self.min_p < 1.0:
            raise WishError(f"--min-p {self.min_p:g} is out of range: 0 or more, below 1")


AS_LEARNT = Sampling(top_p=1.0)
USUAL = Sampling()


def draw(probabilities: NDArray[np.float64], sampling: Sampling, rng: np.random.Generator) -> int:
    """Draw an index. `probabilities` float64[N] need not sum to 1; raises ValueError where none is above 0."""
    likeliest = float(probabilities.max(initial=0.0))
    if not likeliest > 0.0:
        raise ValueError("nothing can be drawn where every probability is 0")
    if sampling.temperature == 0.0:
        return int(probabilities.argmax())
    kept = np.where(probabilities >= sampling.min_p * likeliest, probabilities / likeliest, 0.0)
    if sampling.temperature != 1.0:
        kept = kept ** (1.0 / sampling.temperature)
    if sampling.top_p < 1.0:
        order = np.argsort(-kept, kind="stable")
        before = np.cumsum(kept[order]) - kept[order]
        kept[order[before >= sampling.top_p * kept.sum()]] = 0.0
    cumulated = np.cumsum(kept)
    return int(np.searchsorted(cumulated, rng.random() * cumulated[-1], side="right"))


def draw_rows(log_shares: NDArray[np.floating], sampling: Sampling, rng: np.random.Generator) -> NDArray[np.int64]:
    """Draw an index for each row, as `draw` does for one: float[N, K] log-probabilities -> int64[N]."""
    kept = np.exp(log_shares.astype(np.float64) - log_shares.max(axis=1, keepdims=True))
    if sampling.temperature == 0.0:
        likeliest: NDArray[np.int64] = kept.argmax(axis=1)
        return likeliest
    kept = np.where(kept >= sampling.min_p, kept, 0.0)
    if sampling.temperature != 1.0:
        kept = kept ** (1.0 / sampling.temperature)
    if sampling.top_p < 1.0:
        order = np.argsort(-kept, axis=1, kind="stable")
        ordered = np.take_along_axis(kept, order, axis=1)
        before = np.cumsum(ordered, axis=1) - ordered
        ordered = np.where(before >= sampling.top_p * kept.sum(axis=1, keepdims=True), 0.0, ordered)
        np.put_along_axis(kept, order, ordered, axis=1)
    cumulated = np.cumsum(kept, axis=1)
    drawn = (cumulated <= rng.random((len(kept), 1)) * cumulated[:, -1:]).sum(axis=1)
    within: NDArray[np.int64] = np.minimum(drawn, kept.shape[1] - 1)
    return within
