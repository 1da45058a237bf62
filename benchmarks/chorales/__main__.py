"""How well does one net foresee Bach's chorales, fill his voices in, keep his rules, and pass for him?

python -m benchmarks.chorales [--train] [--json] [--data FOLDER]
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from bandroid.bundle.export_chorale import export_chorale
from bandroid.critique.chorale_runs import longest_runs
from bandroid.generation.chorale_net import ChoraleRuntime
from bandroid.models.chorale import ChoraleNet
from bandroid.models.config import ChoraleModel
from bandroid.representations.chorale import CELLS, is_changed
from benchmarks.chorales import lines, writing
from benchmarks.chorales import net as nets
from benchmarks.chorales.crf import CrfModel, VoiceCrf
from benchmarks.chorales.jsb import pieces
from benchmarks.chorales.net import Pieces
from benchmarks.chorales.tell import Ngram, cells_of_pieces, shuffled, tell, transitions_of
from benchmarks.figures import DATA, Figure, log, run
from benchmarks.stored import load, save

FOLDER = Path(__file__).resolve().parent
SEEDS = (1, 2)
"""the first is the one net; all of them are mixed"""
LINES = {"bass": lines.TO_THREE, "atb": lines.TO_SOPRANO}
"""what nets that sing voices whole sing, and to what"""
TRAIN_CPU_SECOND, TRAIN_LINES_CPU_SECOND = 900.0, 1200.0
SEES_AUC = 0.9
"""a classifier that does not tell what is plainly not Bach by so much says nothing of what might be"""


def measure(options: argparse.Namespace) -> list[Figure]:
    """Score the stored nets by the chain rule, then let the first write, and the style that ships."""
    data = options.data or DATA
    if options.train:
        for seed in SEEDS:
            train(data, lambda: ChoraleNet(ChoraleModel()), nets.CHAIN, f"net-{seed}", seed, TRAIN_CPU_SECOND)
        for name, given in LINES.items():
            train(
                data, lambda: VoiceCrf(CrfModel()), lines.recipe(given), f"crf-{name}", SEEDS[0], TRAIN_LINES_CPU_SECOND
            )
    torch.set_num_threads(1)
    stored = [seed for seed in SEEDS if (FOLDER / f"net-{seed}.npz").is_file()]
    loaded = [load(ChoraleNet(ChoraleModel()), FOLDER / f"net-{seed}.npz") for seed in stored]
    valid, test = pieces(data, "valid"), pieces(data, "test")
    cpu_minutes = json.loads((FOLDER / f"net-{stored[0]}.json").read_text())["cpu_second"] / 60
    return [
        *_likelihood(loaded, valid, test),
        Figure("train_cpu_min", cpu_minutes, "min", "lower", floor=120.0, goal=15.0),
        *_missing_voices(valid, test),
        *_voices(ChoraleRuntime(export_chorale(loaded[0], is_int8=True)), test),
        *_whole_pieces(cells_of_pieces(pieces(data, "train")), cells_of_pieces(test)),
    ]


def _likelihood(loaded: Sequence[ChoraleNet], valid: Pieces, test: Pieces) -> list[Figure]:
    """Nats per cell, micro average over all cells of all pieces."""
    of_valid = [nets.shares(one, valid) for one in loaded]
    mixed = [np.mean(each, axis=0) for each in zip(*of_valid, strict=True)]
    changed = np.concatenate([is_changed(piece[:, CELLS]).ravel() for piece in valid])
    first = _nats(of_valid[0])
    log("nats per cell of each net:", ", ".join(f"{_nats(one).mean():.4f}" for one in of_valid))
    return [
        Figure("nll_valid", float(first.mean()), "nats/cell", "lower", floor=0.385, goal=0.335),
        Figure.report("nll_test", float(_nats(nets.shares(loaded[0], test)).mean()), "nats/cell"),
        Figure.report("nll_changed", float(first[changed].mean()), "nats/cell"),
        Figure("nll_valid_mixture", float(_nats(mixed).mean()), "nats/cell", "lower", floor=0.365, goal=0.335),
        Figure.report("nets_mixed", float(len(loaded)), "nets"),
    ]


def _missing_voices(valid: Pieces, test: Pieces) -> list[Figure]:
    """How many cells are not Bach's, each the likeliest over all lines that a voice could sing."""
    figures = []
    for name, floor, goal in (("bass", 0.28, 0.20), ("atb", 0.78, 0.65)):
        crf = load(VoiceCrf(CrfModel()), FOLDER / f"crf-{name}.npz")
        error, of_valid = (lines.token_error(crf, split, LINES[name]) for split in (test, valid))
        log(f"{name}, told whole: {error:.3f} of the cells are not Bach's, {of_valid:.3f} of validation pieces'")
        figures += [
            Figure(f"{name}_token_error", error, "share", "lower", floor=floor, goal=goal),
            Figure.report(f"{name}_token_error_valid", of_valid, "share"),
        ]
    return figures


def _voices(runtime: ChoraleRuntime, test: Pieces) -> list[Figure]:
    """What the first net writes to voices of the test pieces."""
    rng = np.random.default_rng(0)
    bass = writing.token_error(runtime, test, (0, 1, 2), rng)
    log(f"bass: {bass:.3f} of its cells are not Bach's")
    three = writing.token_error(runtime, test, (0,), rng)
    log(f"three voices: {three:.3f} of their cells are not Bach's")
    ours, bachs = writing.marks([writing.harmonised(runtime, piece, rng) for piece in test]), writing.marks(test)
    log(f"marked in ours: {ours}\nmarked in Bach: {bachs}")
    names = (("parallels_per_100", "per 100"), ("crossings_pct", "%"), ("range_faults_pct", "%"))
    figures = [
        Figure.report("bass_token_error_by_votes", bass, "share"),
        Figure.report("atb_token_error_by_votes", three, "share"),
    ]
    for name, unit in names:
        own, bach = getattr(ours, name), getattr(bachs, name)
        figures += [
            Figure(name, own, unit, "lower", floor=2 * bach, goal=bach),
            Figure.report(f"{name}_bach", bach, unit),
        ]
    seconds = min(writing.seconds_for_16_bars(runtime, test[0], rng) for _ in range(3))
    return [*figures, Figure("harmonise_16_bars_s", seconds, "s", "lower", floor=10.0, goal=2.0)]


def _whole_pieces(learnt: list[NDArray[np.int64]], test: list[NDArray[np.int64]]) -> list[Figure]:
    """What the style that ships composes from nothing, held against pieces that it has not learnt."""
    rng, style = np.random.default_rng(0), writing.shipped_style()
    bach, composed = writing.composed(style, seed=1)
    half = len(bach) // 2
    ngram = Ngram([*learnt, *style.pieces])
    seen = {
        "tell_auc_ngram": tell(bach, [ngram.write(len(piece), rng) for piece in bach]),
        "tell_auc_shuffled": tell(bach, [shuffled(piece, rng) for piece in bach]),
        "tell_auc_bach_himself": tell(bach[:half], bach[half:]),
        "tell_auc_by_transitions": tell(bach, composed, transitions_of),
    }
    told = tell(bach, composed)
    log(f"told from {len(bach)} pieces of Bach: {told}; {seen}")
    sees = min(seen["tell_auc_ngram"].auc, seen["tell_auc_shuffled"].auc) >= SEES_AUC
    runs, own_runs = longest_runs(composed, [*style.pieces, *learnt]), longest_runs(test, learnt)
    return [
        Figure("tell_auc", told.auc if sees else float("nan"), "share", "lower", floor=0.85, goal=0.65),
        Figure.report("tell_auc_low", told.low, "share"),
        Figure.report("tell_auc_high", told.high, "share"),
        *(Figure.report(name, one.auc, "share") for name, one in seen.items()),
        Figure("longest_copied_run_p95", float(np.percentile(runs, 95)), "16ths", "lower", floor=32.0, goal=28.0),
        Figure.report("longest_copied_run_p95_bach", float(np.percentile(own_runs, 95)), "16ths"),
    ]


def train(
    data: Path, make: Callable[[], nn.Module], recipe: nets.Recipe, name: str, seed: int, cpu_second: float
) -> None:
    """Train one net on the training pieces alone and store it, with how it was made."""
    curve: list[str] = []

    def say(line: str) -> None:
        curve.append(line)
        log(line)

    torch.manual_seed(seed)
    net = make()
    nets.train(net, recipe, pieces(data, "train"), seed, cpu_second, say)
    save(net, FOLDER / f"{name}.npz")
    made = {"seed": seed, "cpu_second": cpu_second, "curve": curve}
    (FOLDER / f"{name}.json").write_text(json.dumps(made, indent=1) + "\n")


def _nats(shares: Sequence[NDArray[np.float64]]) -> NDArray[np.float64]:
    return -np.log(np.concatenate([share.ravel() for share in shares]))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.chorales")
    parser.add_argument("--train", action="store_true", help="train the nets again: 15 minutes of a core each")
    return parser


if __name__ == "__main__":
    run("chorales", measure, packages=("bandroid", "numpy", "torch"), parser=_parser())
