"""Ways through a latent space: between points, around a point, along what a slider or a folder means.

z are points as numbers, float32[Z]; nothing here knows of music.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from bandroid.errors import WishError
from bandroid.generation.space_place import Place

Point = NDArray[np.float32]
_PARALLEL = 1e-6
"""of an angle: nearer than this, a straight line is as good"""


def slerp(a: Point, b: Point, share: float) -> Point:
    """Return the point a share of the way from a (0) to b (1) on the arc between them (Shoemake 1985).

    The lengths of a and b are blended apart, so that both ends are met exactly whatever they are.
    """
    length_a, length_b = float(np.linalg.norm(a)), float(np.linalg.norm(b))
    if min(length_a, length_b) < _PARALLEL:
        return ((1 - share) * a + share * b).astype(np.float32)
    cosine = float(np.clip(np.dot(a / length_a, b / length_b), -1.0, 1.0))
    angle = float(np.arccos(cosine))
    if angle < _PARALLEL or np.pi - angle < _PARALLEL:
        return ((1 - share) * a + share * b).astype(np.float32)
    way = (np.sin((1 - share) * angle) * a / length_a + np.sin(share * angle) * b / length_b) / np.sin(angle)
    found: Point = (((1 - share) * length_a + share * length_b) * way).astype(np.float32)
    return found


def path(a: Point, b: Point, n: int) -> NDArray[np.float32]:
    """Return float32[n, Z]: from a to b, both among them where n is 2 or more."""
    if n < 2:
        return np.array([a], dtype=np.float32)
    return np.array([slerp(a, b, share) for share in np.linspace(0.0, 1.0, n)], dtype=np.float32)


def grid(corners: Sequence[Point], n: int) -> NDArray[np.float32]:
    """Return float32[n, n, Z]: rows from the first two corners (A left, B right) to the last two (C left, D right)."""
    a, b, c, d = corners
    left, right = path(a, c, n), path(b, d, n)
    return np.array([path(one, other, n) for one, other in zip(left, right, strict=True)], dtype=np.float32)


def towards(z: NDArray[np.float32], other: NDArray[np.float32], amount: float, place: Place) -> NDArray[np.float32]:
    """Return points, float32[..., Z], moved towards others: 0 leaves them, 1 is the others.

    sqrt(1 - amount^2) of the one and amount of the other, from the space's middle: so points stay spread as they are.
    """
    kept = float(np.sqrt(1.0 - amount**2))
    middle = place.mean
    found: NDArray[np.float32] = (middle + kept * (z - middle) + amount * (other - middle)).astype(np.float32)
    return found


def moved(z: Point, wishes: Mapping[str, float], names: Sequence[str], place: Place) -> Point:
    """Return z with attributes changed by so many of their deviations; raises WishError for others."""
    found = z.astype(np.float32)
    for name, amount in wishes.items():
        if name not in names:
            raise WishError(f"--set {name}: this space has {', '.join(names)}")
        found = found + np.float32(amount) * place.direction[list(names).index(name)]
    return found


def direction_between(more: NDArray[np.float32], less: NDArray[np.float32]) -> Point:
    """Return what sets some points apart from others, float32[N, Z] and float32[M, Z]: the way between their means."""
    way: NDArray[np.float32] = (more.mean(axis=0) - less.mean(axis=0)).astype(np.float32)
    return way
