"""A style over scores in memory: what it counted, its net if it has one, who plays in it, and what its habits are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bandroid.bundle.store import Bundle
from bandroid.critique.copies import CopyHabit, load_habit
from bandroid.critique.fingerprints import Index, load_index
from bandroid.errors import StyleError
from bandroid.generation.choices import CHOICES, outcomes
from bandroid.generation.copy_guard import CopyGuard
from bandroid.generation.counts import FrozenCounts
from bandroid.generation.features import FEATURES_VERSION
from bandroid.generation.lineup import LineUp
from bandroid.generation.net import Net, NetModel
from bandroid.generation.ngram import CONTEXTS_VERSION, Ngram, WeightKey
from bandroid.representations.score_vocabulary import VOCABULARY

COUNTS_NAME = "counts.npz"
GOLDEN_NAME = "golden.npz"
REPRESENTATION = {"name": "score", "version": 1, "vocabulary": VOCABULARY.table()}
_MOST_CHAINS = 8


@dataclass(frozen=True, slots=True, eq=False)
class ScoreStyle:
    """A style over scores: by counting alone, or with a net that weighs the counts."""

    name: str
    style_hash: str
    counts: FrozenCounts
    weights: Mapping[WeightKey, NDArray[np.float64]]
    order: int
    line_ups: tuple[LineUp, ...]
    net: Net | None = None
    index: Index | None = None
    """fingerprints of its songs; None for styles that travel without"""
    copy_habit: CopyHabit | None = None

    def model(self) -> Ngram | NetModel:
        """Return a model at the start of a song."""
        counts = Ngram(self.counts, self.weights, self.order)
        return counts if self.net is None else NetModel(self.net, counts)

    def copy_guard(self) -> CopyGuard | None:
        """Return a guard for one piece, or None where the style knows too little for one."""
        return CopyGuard(self.index, self.copy_habit) if self.index and self.copy_habit else None


def load_style(bundle: Bundle) -> ScoreStyle:
    """Load a style from its bundle, every file checked; raises StyleError."""
    manifest = bundle.manifest
    if dict(manifest.representation) != REPRESENTATION:
        raise StyleError(f"style {bundle.name}: it writes music in a way that this version of bandroid does not read")
    model: Mapping[str, Any] = manifest.model
    if model.get("contexts") != CONTEXTS_VERSION or model.get("features", FEATURES_VERSION) != FEATURES_VERSION:
        raise StyleError(f"style {bundle.name}: it was learnt by another version of bandroid; learn it again")
    graphs = {name: bundle.read(name) for name in manifest.files if name.endswith(".onnx")}
    try:
        net = Net(graphs) if graphs else None
    except StyleError as error:
        raise StyleError(f"style {bundle.name}: {error}") from None
    try:
        arrays = bundle.arrays(COUNTS_NAME)
        return ScoreStyle(
            name=bundle.name,
            style_hash=bundle.style_hash,
            counts=FrozenCounts(arrays),
            weights=weights_from_arrays(arrays),
            order=int(model["order"]),
            line_ups=tuple(LineUp.from_json(table) for table in manifest.defaults["line_ups"]),
            net=net,
            index=load_index(bundle),
            copy_habit=load_habit(bundle),
        )
    except (KeyError, TypeError, ValueError, IndexError) as error:
        raise StyleError(f"style {bundle.name}: its content does not fit together ({error})") from error


def golden(style: ScoreStyle, tokens: list[int]) -> dict[str, NDArray[np.generic]]:
    """Return what a style says of some tokens: `tokens` int32[T], and `probability` float64[choices] of each choice."""
    model, probability = style.model(), []
    for token in tokens:
        for choice, outcome in outcomes(model.cursor, token):
            prediction = model.predict(choice)
            model.observe(prediction, outcome)
            probability.append(prediction.probabilities[outcome])
        model.advance(token)
    return {"tokens": np.array(tokens, dtype=np.int32), "probability": np.array(probability)}


def try_out(bundle: Bundle) -> None:
    """Load a style and make sure that it works here; raises StyleError."""
    check_golden(load_style(bundle), bundle)


def check_golden(style: ScoreStyle, bundle: Bundle) -> None:
    """Make sure that a style predicts here what it predicted where it was made; raises StyleError."""
    arrays = bundle.arrays(GOLDEN_NAME)
    try:
        again = golden(style, arrays["tokens"].tolist())["probability"]
        is_same = np.allclose(again, arrays["probability"], rtol=1e-3, atol=1e-9)
    except (KeyError, ValueError, IndexError, TypeError, StyleError):
        is_same = False
    if not is_same:
        raise StyleError(f"style {bundle.name}: it does not work here as it did where it was made; learn it again")


def weights_as_arrays(weights: Mapping[WeightKey, NDArray[np.float64]]) -> dict[str, NDArray[np.generic]]:
    """Return mixing weights as arrays: `weight_choice` uint8[K], `weight_depths` int32[K], `weight` float32[K, 8].

    Rows of choices with fewer than 8 chains are filled with NaN.
    """
    keys = sorted(weights, key=lambda key: (CHOICES[key[0]].index, key[1]))
    table = np.full((len(keys), _MOST_CHAINS), np.nan, dtype=np.float32)
    for row, key in enumerate(keys):
        # Rounded, so that the last bits of a sum, which differ between machines, do not reach the file.
        table[row, : weights[key].size] = np.round(weights[key], 4)
    return {
        "weight_choice": np.array([CHOICES[name].index for name, _ in keys], dtype=np.uint8),
        "weight_depths": np.array([depths for _, depths in keys], dtype=np.int32),
        "weight": table,
    }


def weights_from_arrays(arrays: Mapping[str, NDArray[np.generic]]) -> dict[WeightKey, NDArray[np.float64]]:
    """Return mixing weights from arrays; raises KeyError, ValueError, IndexError for what is none."""
    names = list(CHOICES)
    table = np.asarray(arrays["weight"], dtype=np.float64)
    if table.ndim != 2 or np.isinf(table).any():
        raise ValueError("its mixing weights are none")
    keys = zip(arrays["weight_choice"].tolist(), arrays["weight_depths"].tolist(), table, strict=True)
    return {(names[choice], int(depths)): row[~np.isnan(row)] for choice, depths, row in keys}
