"""How well do `drums` and `melody` foresee lines that they have not learnt, beside an n-gram of the same songs?

python -m benchmarks.lines [--train [--steps 200]] [--home FOLDER]
"""

from __future__ import annotations

import argparse
import os
import tempfile
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bandroid import terminal
from bandroid.bundle.store import find_style
from bandroid.corpus.collect import Corpus, UsedSong
from bandroid.generation.line_facts import LINE_KINDS
from bandroid.generation.line_style import LineStyle, load_line_style
from bandroid.presets import find_preset
from bandroid.training.line_evaluation import NO_LINES, evaluate_lines
from bandroid.training.line_lessons import in_c
from bandroid.training.symbol_ngram import SymbolNgram, best_order
from benchmarks.figures import Figure, log, run
from recipes.__main__ import corpus_of, load_recipe

STYLES = {"drums": (0.97, 0.85), "melody": (0.95, 0.85)}
"""shipped styles that are measured, each with the floor and goal of its ratio to the n-gram"""
TABLE = {"drums": ("drums",), "melody": ("melody", "melody-lookback", "melody-attention")}
"""what --train trains, on the same songs"""
PLAIN = ["lookback=no", "attention=0"]
VALIDATION_SHARE = 0.1
"""of the training songs: on these the n-gram chooses its order"""


def measure(options: argparse.Namespace) -> list[Figure]:
    """Score the shipped styles on the songs that their recipes hold out, and n-grams of their training songs."""
    figures: list[Figure] = []
    for name, (floor, goal) in STYLES.items():
        style = load_line_style(find_style(name))
        corpus = corpus_of(load_recipe(name))
        _check(name, corpus)
        ngram = ngram_nats(corpus, name)
        nats = nats_per_step(style, corpus.held_out)
        log(f"{name}: {nats:.4f} nats a step, the n-gram {ngram:.4f}")
        figures += [
            Figure(f"{name}_over_ngram", nats / ngram, "x", "lower", floor=floor, goal=goal),
            Figure.report(f"{name}_nats_per_step", nats, "nats"),
            Figure.report(f"{name}_ngram_nats_per_step", ngram, "nats"),
        ]
        if options.train:
            figures += _table(name, corpus, ngram, options)
    return figures


def nats_per_step(style: LineStyle, songs: Sequence[UsedSong]) -> float:
    """Return what the symbols of songs cost a style, for a step: loudness is left out."""
    each = (evaluate_lines(style, used.lines.lines) for used in songs if used.lines is not None)
    return sum(each, NO_LINES).nats_per_step


def ngram_nats(corpus: Corpus, name: str) -> float:
    """Return what the held-out symbols cost a Witten-Bell n-gram of the training songs, for a step.

    Drums are counted twice: all songs that the style has learnt, and those of the held-out songs' own collection alone,
    which is nearer to them. The better of the two is the mark.
    """
    held_out = _symbols(corpus.held_out, name)
    n_steps = sum(sequence.size for sequence in held_out)
    folder = corpus.held_out[0].folder
    pools = [list(corpus.train), [used for used in corpus.train if used.folder == folder]]
    return (
        min(_pool_nats(pool, held_out, name) for pool in pools[: 1 if len(pools[0]) == len(pools[1]) else 2]) / n_steps
    )


def _pool_nats(songs: Sequence[UsedSong], held_out: Sequence[NDArray[np.int64]], name: str) -> float:
    size = LINE_KINDS[find_preset(load_recipe(name)["preset"]).parts].grid.size
    shuffled = np.random.default_rng(0).permutation(len(songs)).tolist()
    n_validation = max(round(len(songs) * VALIDATION_SHARE), 1)
    validation, rest = ([songs[index] for index in part] for part in (shuffled[:n_validation], shuffled[n_validation:]))
    order = best_order(size, _symbols(rest, name), _symbols(validation, name))
    ngram = SymbolNgram(size, order)
    ngram.count(_symbols(songs, name))
    nats = float(ngram.nats(held_out)[order])
    log(f"{name}: an n-gram of {len(songs)} songs looks back {order} steps: {nats / sum(s.size for s in held_out):.4f}")
    return nats


def _symbols(songs: Sequence[UsedSong], name: str) -> list[NDArray[np.int64]]:
    """Return the lines of songs as symbols, melodies moved to C, which helps the n-gram."""
    kind = LINE_KINDS[find_preset(load_recipe(name)["preset"]).parts]
    return [in_c(line, kind) for used in songs if used.lines is not None for line in used.lines.lines]


def _check(name: str, corpus: Corpus) -> None:
    """Make sure that the style was learnt from these songs, and not from those held out."""
    learnt = {song.sha256 for song in find_style(name).manifest.training.songs if song.split == "train"}
    if learnt != {used.sha256 for used in corpus.train} or learnt & {used.sha256 for used in corpus.held_out}:
        raise SystemExit(f"style {name} was learnt from other songs than its recipe names here")


def _table(name: str, corpus: Corpus, ngram: float, options: argparse.Namespace) -> list[Figure]:
    """Train each preset, and the best one without lookback and attention, on the same songs for as many steps."""
    from bandroid.training.loop import Budget
    from bandroid.training.run_folder import RunFacts, RunSong, opened
    from bandroid.training.with_net import learn_with_net

    os.environ["BANDROID_HOME"] = str(options.home or tempfile.mkdtemp())
    variants = [(preset, preset, []) for preset in TABLE[name]]
    if name == "drums":
        variants += [("drums-plain", "drums", PLAIN), ("drums-lookback", "drums", ["attention=0"])]
    else:
        variants.append(("melody-attention-alone", "melody-attention", ["lookback=no"]))
    figures = []
    for variant, preset_name, settings in variants:
        preset = find_preset(preset_name).with_settings([*settings, "threads=1", "patience=1000"])
        songs = tuple(RunSong(used.name, used.sha256, "train") for used in corpus.train)
        facts = RunFacts(preset.name, preset.settings_json(), songs)
        with opened(f"table-{variant}", facts, "anew") as run_folder:
            budget = Budget(steps=options.steps)
            progress = partial(terminal.progress, quiet=True)
            trained = learn_with_net(
                corpus.train, [1.0] * len(corpus.train), preset, run_folder, budget, device="cpu", progress=progress
            )
        nats = nats_per_step(trained.style, corpus.held_out)  # type: ignore[attr-defined]
        log(f"{variant}: {nats:.4f} nats a step after {options.steps} steps, {nats / ngram:.3f} of the n-gram")
        figures.append(Figure.report(f"{variant}_nats_per_step", nats, "nats"))
    return figures


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.lines")
    parser.add_argument(
        "--train", action="store_true", help="also train each preset on the same songs: a quarter of an hour"
    )
    parser.add_argument("--steps", type=int, default=200, help="of training for each preset")
    parser.add_argument("--home", type=Path, help="where its trainings lie; a folder that is thrown away, if left out")
    return parser


if __name__ == "__main__":
    run("lines", measure, packages=("bandroid", "numpy", "torch", "onnxruntime"), parser=_parser())
