"""Find out where windows lie in a trained space, and which way each attribute goes."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bandroid.generation.attributes import measure_windows
from bandroid.generation.space_net import SpaceRuntime
from bandroid.generation.space_place import MOST_FACTORS, Place
from bandroid.representations.window import Patches, Window, WindowKind, patches_of

N_WINDOWS, MOST_WINDOWS_OF_PARTS = 2000, 800
"""that are looked at; more move nothing. Of parts fewer: their z is long"""
N_ANCHORS, MOST_BARS_WITHOUT_ANCHORS = 48, 4
"""a few factors say how two bars hang together, and not how 16 do"""
N_ANCHORS_OF_PARTS, MOST_FACTORS_OF_ANCHORS, FULL_BAND = 24, 32, 4
"""z of 16 bars is long, so less is kept of it"""
_BATCH = 250
_RIDGE = 0.02
"""of the mean variance: how much doubt there is that a direction of few windows says anything of an attribute"""


def place_of(runtime: SpaceRuntime, windows: list[Window]) -> Place:
    """Measure a space on windows drawn as for training (at least two)."""
    mean, log_variance = located(runtime, patches_of(windows, runtime.kind))
    centre = mean.mean(axis=0)
    from_centre = mean - centre
    # The windows' own directions: as many as windows at most, so no matrix of Z by Z is needed.
    _, lengths, directions = np.linalg.svd(from_centre / np.sqrt(len(mean)), full_matrices=False)
    anchors = _anchors(windows, runtime.kind)
    n_factors = min(MOST_FACTORS_OF_ANCHORS if anchors else MOST_FACTORS, len(lengths))
    factors = directions[:n_factors].T * lengths[:n_factors]
    beyond = np.maximum((from_centre**2).mean(axis=0) - (factors**2).sum(axis=1), 0.0)
    rest = np.sqrt(beyond + np.exp(log_variance).mean(axis=0))
    values = measure_windows(windows, runtime.kind)
    deviation = np.maximum(values.std(axis=0), 1e-6)
    direction = _sliders(from_centre, (values - values.mean(axis=0)) / deviation, factors, beyond)
    return Place(
        mean=centre.astype(np.float32),
        factors=factors.astype(np.float32),
        rest=rest.astype(np.float32),
        anchors=mean[anchors].astype(np.float32),
        anchor_players=(
            np.array([windows[index].players for index in anchors], dtype=np.int64)
            if runtime.kind.has_parts
            else np.zeros((0, 0), dtype=np.int64)
        ),
        uncertain=np.exp(0.5 * log_variance).mean(axis=0).astype(np.float32),
        direction=direction.astype(np.float32),
        centre=values.mean(axis=0),
        deviation=deviation,
    )


def most_windows(kind: WindowKind, most: int) -> int:
    """Return how many windows of a kind are looked at where `most` would be of others."""
    return min(most, MOST_WINDOWS_OF_PARTS) if kind.has_parts else most


def _anchors(windows: list[Window], kind: WindowKind) -> list[int]:
    """Choose windows to begin at: of parts, those of whole bands with drums, since whoever draws them wants one."""
    if not kind.has_parts:
        return list(range(min(N_ANCHORS, len(windows)) if kind.n_bars > MOST_BARS_WITHOUT_ANCHORS else 0))
    is_kit = np.array([voice.is_drums for voice in kind.voices])

    def lacks(index: int) -> tuple[bool, bool]:
        there = windows[index].is_there
        return not there[is_kit].all(), int(there.sum()) < FULL_BAND

    return sorted(sorted(range(len(windows)), key=lacks)[:N_ANCHORS_OF_PARTS])


def located(runtime: SpaceRuntime, patches: Patches) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return mean and log variance of windows, float64[N, Z] each."""
    found = [runtime.encode(patches.rows(slice(first, first + _BATCH))) for first in range(0, len(patches), _BATCH)]
    mean = np.concatenate([one.mean for one in found]).astype(np.float64)
    return mean, np.concatenate([one.log_variance for one in found]).astype(np.float64)


def _sliders(
    z: NDArray[np.float64], wanted: NDArray[np.float64], factors: NDArray[np.float64], beyond: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return the likeliest steps that move one attribute alone, float64[A, Z].

    What z says of each attribute is found by ridge regression (weight). Among all steps with weight @ step =
    (0, ..., 1, ..., 0) the likeliest is the shortest as the space itself measures: C @ weight.T @ (weight @ C @
    weight.T)^-1, with the windows' covariance C = factors @ factors.T + diag(beyond).
    """
    across = z @ z.T
    doubt = _RIDGE * np.trace(across) / len(across) * np.eye(len(across))
    weight = (z.T @ np.linalg.solve(across + doubt, wanted)).T
    moved = (weight @ factors) @ factors.T + weight * beyond
    between = moved @ weight.T
    between += 1e-3 * np.trace(between) / len(between) * np.eye(len(between))
    steps: NDArray[np.float64] = np.linalg.solve(between, moved).astype(np.float64)
    return steps
