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
