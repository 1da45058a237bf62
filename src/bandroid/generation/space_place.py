"""Where the training's windows lie in a latent space: a normal distribution of few factors, and the sliders in it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from bandroid.representations.window import N_PLAYERS, NOBODY

FROM_ANCHOR = 0.5
"""how far from an anchor points are drawn: 0 there, 1 anywhere"""
MOST_FACTORS = 128
"""directions in which numbers of z hang together; the rest is each number's own"""


@dataclass(frozen=True, slots=True, eq=False)
class Place:
    """Letters: Z numbers of z, K factors, A attributes."""

    mean: NDArray[np.float32]
    """float32[Z]"""
    factors: NDArray[np.float32]
    """float32[Z, K]"""
    rest: NDArray[np.float32]
    """float32[Z]: mean + factors @ K normal numbers + rest * Z normal numbers lies as the windows do"""
    anchors: NDArray[np.float32]
    """float32[N, Z]: some of the windows, where what is drawn begins; none where the factors say all that matters"""
    uncertain: NDArray[np.float32]
    """float32[Z]: how far a window's z is from certain, on average"""
    direction: NDArray[np.float32]
    """float32[A, Z]: the likeliest step that adds one deviation to an attribute and leaves the others"""
    centre: NDArray[np.float64]
    """float64[A]: the attributes' means"""
    deviation: NDArray[np.float64]
    """float64[A]: their standard deviations"""
    anchor_players: NDArray[np.int64] = field(default_factory=lambda: np.zeros((0, 0), dtype=np.int64))
    """int64[N, V]: who plays in each anchor (representations/window.player_number); nobody where voices are no parts"""

    def to_arrays(self) -> dict[str, NDArray[np.generic]]:
        """Return arrays for a file."""
        return {
            "mean": self.mean,
            "factors": self.factors.astype(np.float16),
            "rest": self.rest,
            "anchors": self.anchors.astype(np.float16),
            **({"anchor_players": self.anchor_players.astype(np.int8)} if self.anchor_players.size else {}),
            "uncertain": self.uncertain,
            "direction": self.direction.astype(np.float16),
            "centre": self.centre,
            "deviation": self.deviation,
        }

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[np.generic]], n_attributes: int, z_size: int) -> Place:
        """Read `to_arrays`'s; raises KeyError, ValueError where they do not fit."""
        n_factors = np.asarray(arrays["factors"]).shape[-1]
        n_anchors = np.asarray(arrays["anchors"]).shape[0]
        wanted = {
            "mean": (z_size,),
            "factors": (z_size, n_factors),
            "rest": (z_size,),
            "anchors": (n_anchors, z_size),
            "uncertain": (z_size,),
            "direction": (n_attributes, z_size),
            "centre": (n_attributes,),
            "deviation": (n_attributes,),
        }
        for name, shape in wanted.items():
            array = np.asarray(arrays[name])
            if array.shape != shape or not np.isfinite(array.astype(np.float64)).all():
                raise ValueError(f"its {name} is none")
        found = {name: np.asarray(arrays[name]) for name in wanted}
        players = np.asarray(arrays.get("anchor_players", np.zeros((0, 0)))).astype(np.int64)
        if players.size and not 0 <= players.min() <= players.max() < N_PLAYERS:
            raise ValueError("its anchor_players are none")
        return cls(
            mean=found["mean"].astype(np.float32),
            factors=found["factors"].astype(np.float32),
            rest=found["rest"].astype(np.float32),
            anchors=found["anchors"].astype(np.float32),
            anchor_players=players,
            uncertain=found["uncertain"].astype(np.float32),
            direction=found["direction"].astype(np.float32),
            centre=found["centre"].astype(np.float64),
            deviation=found["deviation"].astype(np.float64),
        )

    def draw_anchor(self, rng: np.random.Generator, n_pitched: int | None, is_part: NDArray[np.bool_]) -> int:
        """Draw one of the anchors: of those with `n_pitched` parts, or as few more as there are, where that is given.

        `is_part` bool[V]. The fuller a window, the likelier: it says more of the style.
        """
        n_parts = (self.anchor_players[:, is_part] != NOBODY).sum(axis=1)
        weight = n_parts.astype(np.float64)
        if n_pitched is not None:
            enough = n_parts[n_parts >= n_pitched]
            weight = np.where(n_parts == (enough.min() if enough.size else n_parts.max()), 1.0, 0.0)
        return int(rng.choice(len(weight), p=weight / weight.sum()))

    def draw(
        self, rng: np.random.Generator, n: int, anchor: int | None = None, how_far: float = FROM_ANCHOR
    ) -> NDArray[np.float32]:
        """Draw points where the training's windows lie: float32[n, Z].

        With anchors: from one of them on, or from that one, `how_far` along what windows have in common.
        """
        common = rng.standard_normal((n, self.factors.shape[1])).astype(np.float32)
        if len(self.anchors):
            which = rng.integers(len(self.anchors), size=n) if anchor is None else np.full(n, anchor)
            begun = self.anchors[which] - self.mean
            kept = float(np.sqrt(1.0 - how_far**2))
            found: NDArray[np.float32] = self.mean + kept * begun + np.float32(how_far) * (common @ self.factors.T)
            return found
        own = rng.standard_normal((n, self.mean.size)).astype(np.float32)
        drawn: NDArray[np.float32] = self.mean + common @ self.factors.T + own * self.rest
        return drawn

    def completed(self, z: NDArray[np.float32], is_known: NDArray[np.bool_]) -> NDArray[np.float32]:
        """float32[Z], bool[Z] -> float32[Z]: z, what is not known of it put as likely as what is known makes it."""
        if is_known.all():
            return z
        known = self.factors[is_known].astype(np.float64)
        weighed = known / np.maximum(self.rest[is_known, None].astype(np.float64) ** 2, 1e-6)
        precision = np.eye(known.shape[1]) + known.T @ weighed
        factors = np.linalg.solve(precision, weighed.T @ (z - self.mean)[is_known])
        likely = self.mean + self.factors @ factors
        return np.where(is_known, z, likely).astype(np.float32)
