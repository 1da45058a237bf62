"""How well does one net foresee Bach's chorales, cell after cell, and how well do several together?

python -m benchmarks.chorales [--train] [--json] [--data FOLDER]
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.chorales import net as nets
from benchmarks.chorales.jsb import pieces
from benchmarks.figures import DATA, Figure, log, run
from benchmarks.stored import load, save

FOLDER = Path(__file__).resolve().parent
SEEDS = (1, 2, 3, 4)
"""the first is the one net; all of them are mixed"""
TRAIN_CPU_SECOND = 600.0


def measure(options: argparse.Namespace) -> list[Figure]:
    """Score the stored nets by the chain rule, nats per cell, micro average over all cells of all pieces."""
    data = options.data or DATA
    if options.train:
        for seed in SEEDS:
            train(data, seed)
    stored = [seed for seed in SEEDS if (FOLDER / f"net-{seed}.npz").is_file()]
    loaded = [load(nets.ChoraleNet(nets.ChoraleModel()), FOLDER / f"net-{seed}.npz") for seed in stored]
    valid, test = pieces(data, "valid"), pieces(data, "test")
    of_valid = [nets.shares(one, valid) for one in loaded]
    mixed = [np.mean(each, axis=0) for each in zip(*of_valid, strict=True)]
    changed = np.concatenate([is_changed(piece).ravel() for piece in valid])
    first = _nats(of_valid[0])
    cpu_minutes = json.loads((FOLDER / f"net-{stored[0]}.json").read_text())["cpu_second"] / 60
    return [
        Figure("nll_valid", float(first.mean()), "nats/cell", "lower", floor=0.385, goal=0.335),
        Figure.report("nll_test", float(_nats(nets.shares(loaded[0], test)).mean()), "nats/cell"),
        Figure.report("nll_changed", float(first[changed].mean()), "nats/cell"),
        Figure("nll_valid_mixture", float(_nats(mixed).mean()), "nats/cell", "lower", floor=0.365, goal=0.335),
        Figure.report("nets_mixed", float(len(loaded)), "nets"),
        Figure("train_cpu_min", cpu_minutes, "min", "lower", floor=120.0, goal=15.0),
    ]


def train(data: Path, seed: int, cpu_second: float = TRAIN_CPU_SECOND) -> None:
    """Train one net on the training pieces alone and store it, with how it was made."""
    curve: list[str] = []

    def say(line: str) -> None:
        curve.append(line)
        log(line)

    net = nets.train(pieces(data, "train"), seed, cpu_second, say)
    save(net, FOLDER / f"net-{seed}.npz")
    recipe = {"seed": seed, "cpu_second": cpu_second, "curve": curve}
    (FOLDER / f"net-{seed}.json").write_text(json.dumps(recipe, indent=1) + "\n")


def is_changed(piece: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Return bool[T, 4]: cells that differ from the one before; all of the first frame."""
    found = np.ones(piece.shape, dtype=np.bool_)
    found[1:] = piece[1:] != piece[:-1]
    return found


def _nats(shares: Sequence[NDArray[np.float64]]) -> NDArray[np.float64]:
    return -np.log(np.concatenate([share.ravel() for share in shares]))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.chorales")
    parser.add_argument("--train", action="store_true", help="train the nets again: ten minutes of a core each")
    return parser


if __name__ == "__main__":
    run("chorales", measure, packages=("bandroid", "numpy", "torch"), parser=_parser())
