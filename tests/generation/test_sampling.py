"""The sampler draws what it is told to."""

from __future__ import annotations

import numpy as np
import pytest

from bandroid.errors import WishError
from bandroid.generation.sampling import AS_LEARNT, Sampling, draw

HALF = np.array([0.5, 0.3, 0.15, 0.05, 0.0])


def _shares(sampling: Sampling, n: int = 4000) -> list[float]:
    rng = np.random.default_rng(1)
    counts = np.bincount([draw(HALF, sampling, rng) for _ in range(n)], minlength=5)
    return [round(float(share), 2) for share in counts / n]


def test_as_learnt_draws_the_probabilities() -> None:
    assert _shares(AS_LEARNT) == pytest.approx(HALF.tolist(), abs=0.02)


def test_temperature_sharpens_and_flattens() -> None:
    assert _shares(Sampling(0.0, 1.0)) == [1, 0, 0, 0, 0]
    assert _shares(Sampling(0.5, 1.0))[0] > 0.6
    assert _shares(Sampling(3.0, 1.0))[3] > 0.12


def test_top_p_keeps_the_likeliest() -> None:
    assert _shares(Sampling(1.0, 0.8))[2:] == [0, 0, 0]
    assert _shares(Sampling(1.0, 0.01)) == [1, 0, 0, 0, 0]


def test_min_p_drops_the_unlikely() -> None:
    assert _shares(Sampling(1.0, 1.0, min_p=0.5))[2:] == [0, 0, 0]


def test_what_cannot_be_is_never_drawn() -> None:
    assert _shares(Sampling(5.0, 1.0))[4] == 0
    with pytest.raises(ValueError, match="nothing can be drawn"):
        draw(np.zeros(3), AS_LEARNT, np.random.default_rng(0))


@pytest.mark.parametrize("wish", [(-0.1, 1.0, 0.0), (9.0, 1.0, 0.0), (1.0, 0.0, 0.0), (1.0, 1.1, 0.0), (1.0, 1.0, 1.0)])
def test_values_out_of_range_are_said(wish: tuple[float, float, float]) -> None:
    with pytest.raises(WishError, match="out of range"):
        Sampling(*wish)
    with pytest.raises(WishError):
        Sampling(float("nan"))
