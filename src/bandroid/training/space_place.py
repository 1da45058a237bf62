"""Find out where windows lie in a trained space, and which way each attribute goes."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bandroid.generation.attributes import measure_windows
from bandroid.generation.space_net import SpaceRuntime
from bandroid.generation.space_style import Place
from bandroid.representations.window import Patches, Window, patches_of

N_WINDOWS = 3000
"""that are looked at; more move nothing"""
_BATCH = 500
_SHRINK = 0.05
"""share of the covariance that is its diagonal: what a few thousand windows say of how numbers hang together"""
_RIDGE = 1.0
"""windows' worth of doubt that any number of z says anything of an attribute, per number"""


def place_of(runtime: SpaceRuntime, windows: list[Window]) -> Place:
    """Measure a space on windows drawn as for training (at least two)."""
    mean, log_variance = located(runtime, patches_of(windows, runtime.kind))
    centre = mean.mean(axis=0)
    inner: NDArray[np.float64] = np.cov((mean - centre).T)
    whole = inner + np.diag(np.exp(log_variance).mean(axis=0))
    whole = (1 - _SHRINK) * whole + _SHRINK * np.diag(np.diag(whole))
    spread = np.linalg.cholesky(whole + 1e-6 * np.eye(len(whole)))
    values = measure_windows(windows, runtime.kind)
    deviation = np.maximum(values.std(axis=0), 1e-6)
    wanted = (values - values.mean(axis=0)) / deviation
    weight, direction = _sliders(mean - centre, wanted, inner)
    return Place(
        mean=centre.astype(np.float32),
        spread=spread.astype(np.float32),
        weight=weight.astype(np.float32),
        direction=direction.astype(np.float32),
        centre=values.mean(axis=0),
        deviation=deviation,
    )


def located(runtime: SpaceRuntime, patches: Patches) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return mean and log variance of windows, float64[N, Z] each."""
    found = [runtime.encode(patches.rows(slice(first, first + _BATCH))) for first in range(0, len(patches), _BATCH)]
    mean = np.concatenate([one.mean for one in found]).astype(np.float64)
    return mean, np.concatenate([one.log_variance for one in found]).astype(np.float64)


def _sliders(
    z: NDArray[np.float64], wanted: NDArray[np.float64], covariance: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return what z says of each attribute, float64[A, Z], and the likeliest steps that move one of them alone.

    Weights are by ridge regression. Among all steps with weight @ step = (0, ..., 1, ..., 0) the likeliest is the one
    of least length as the space itself measures: covariance @ weight.T @ (weight @ covariance @ weight.T)^-1.
    """
    size = z.shape[1]
    scale = np.sqrt(np.maximum(np.diag(covariance), 1e-9))
    scaled = z / scale
    weight = np.linalg.solve(scaled.T @ scaled + _RIDGE * size * np.eye(size), scaled.T @ wanted).T / scale
    across = weight @ covariance @ weight.T
    across += 1e-3 * np.trace(across) / len(across) * np.eye(len(across))
    direction = np.linalg.solve(across, weight @ covariance).astype(np.float64)
    return weight, direction
