"""What did the LSTM Composer's users suffer, and how much of it is left? Training time, composing time, one note, size.

python -m benchmarks.classics --keras PYTHON [--pieces 100]
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from bandroid.bundle.store import SHIPPED_FOLDER, Bundle, find_style, open_style
from bandroid.corpus.collect import collect
from bandroid.generation.compose import Wish
from bandroid.generation.styles import compose_any, load_any_style
from bandroid.music.song import Song
from bandroid.presets import PRESETS
from benchmarks.classics.one_note import one_note_share
from benchmarks.figures import DATA, Figure, log, run

FOLDER = Path(__file__).resolve().parent
LAYERS = (512, 256)
"""of the LSTM Composer's net"""
WINDOW_STEPS = 100
"""of music in one of its windows"""
ROUNDS, STEPS_EACH = 3, 3
"""Keras and we take turns"""
NOTES, SYMBOL_PIECES, SYMBOLS_EACH = 1000, 10, 512
CLASSICS = ("drums", "one-drum", "melody", "melody-lookback", "melody-attention", "jazz", "piano")
BAND = "freedoom/band_lola_harvey"
"""what presets that no shipped style shows are trained on, for a short time"""
LEARN_MINUTES = 0.75


def measure(options: argparse.Namespace) -> list[Figure]:
    """Take all four measures."""
    data = options.data or DATA
    figures = []
    if options.keras:
        figures += _against_keras(options.keras, data)
    else:
        log("no --keras PYTHON: x_keras_train and x_naive_compose are not measured (see README)")
    styles = _shipped()
    figures.append(Figure("style_mb", max(_size_mb(style) for style in styles), "MB", "lower", floor=4.0, goal=2.0))
    # Of the composers at the piano, Mozart stands for all: a piano piece takes a second to compose.
    shown = {style.manifest.preset: style for style in sorted(styles, key=lambda one: one.name == "piano-mozart")}
    with _home() as home:
        wanted = CLASSICS if options.pieces else ()
        bundles = [shown[preset] if preset in shown else _learnt(preset, data, home) for preset in wanted]
        shares = [_stuck(bundle, data, options.pieces) for bundle in bundles]
    if shares:
        figures.append(Figure("one_note_share", max(shares), "share", "lower", floor=0.0, goal=0.0))
    return figures


def _against_keras(python: str, data: Path) -> list[Figure]:
    """Train and compose by turns in both environments; seconds are of the process, on one thread."""
    train = _Trainer(data)
    ours: list[float] = []
    in_fp32: list[float] = []
    keras: list[dict[str, Any]] = []
    for number in range(1, ROUNDS + 1):
        ours.append(train.windows_per_second(train.precision))
        in_fp32.append(ours[-1] if train.precision == "fp32" else train.windows_per_second("fp32"))
        script = [python, str(FOLDER / "keras_lstm.py"), "--batches", "3", "--notes", "10"]
        keras.append(json.loads(subprocess.run(script, capture_output=True, text=True, check=True).stdout))
        log(
            f"round {number}: {ours[-1]:.1f} windows/s ({train.precision}), {in_fp32[-1]:.1f} in fp32, "
            f"Keras {keras[-1]['windows_per_s']:.1f}, {keras[-1]['versions']}"
        )
    keras_train = statistics.median(row["windows_per_s"] for row in keras)
    naive = statistics.median(row["notes_per_s"] for row in keras)
    notes, steps = _notes_per_second(find_style("piano-mozart")), train.composed_per_second()
    return [
        Figure("x_keras_train", statistics.median(ours) / keras_train, "x", "higher", floor=0.8, goal=1.5),
        Figure.report("x_keras_train_fp32", statistics.median(in_fp32) / keras_train, "x"),
        Figure.report("windows_per_s", statistics.median(ours), "1/s"),
        Figure.report("keras_windows_per_s", keras_train, "1/s"),
        Figure("x_naive_compose", steps / naive, "x", "higher", floor=100, goal=500),
        Figure.report("symbols_per_s", steps, "1/s"),
        Figure.report("piano_mozart_notes_per_s", notes, "1/s"),
        Figure.report("keras_notes_per_s", naive, "1/s"),
    ]


class _Trainer:
    """The preset melody at the LSTM Composer's size, on real tunes: whole steps, optimizer and all."""

    def __init__(self, data: Path) -> None:
        import torch

        from bandroid.generation.line_facts import LINE_KINDS
        from bandroid.models.config import LineModel
        from bandroid.presets import find_preset
        from bandroid.training.line import LineTask
        from bandroid.training.line_lessons import prepare
        from bandroid.training.probe import probe

        torch.set_num_threads(1)
        preset = find_preset("melody")
        assert isinstance(preset.model, LineModel) and preset.training is not None
        corpus = collect(sorted((data / "openewld").rglob("*.mxl"))[:60], parts="melody")
        lines = [used.lines for used in corpus.train if used.lines is not None]
        lessons = prepare(lines, [1.0] * len(lines), LINE_KINDS["melody"])
        # Keras's net there has no dropout either.
        model = replace(preset.model, layers=LAYERS, dropout=0.0)
        # As much music a step as Keras has: 128 windows of 100 steps are 50 passages of 256.
        self._settings = replace(preset.training, threads=1, batch_size=50)
        self._task = LineTask(lessons, model, self._settings, torch.device("cpu"), "x")
        n_parameters = sum(parameter.numel() for parameter in self._task.model.parameters())
        log(f"ours has {n_parameters:,} parameters")
        self._step = 0
        # What `learn` would find out before it trains here: bf16 where the processor has units for it.
        self.precision = probe(self._task, self._settings).precision

    def windows_per_second(self, precision: str) -> float:
        """Train some steps; a window is 100 steps of music, each of which is foretold."""
        from bandroid.training.course import Course
        from bandroid.training.line import PASSAGE_STEPS
        from bandroid.training.probe import Probe
        from bandroid.training.stepping import Stepper

        batch = self._settings.batch_size
        stepper = Stepper(self._task, self._settings, Probe(precision, 1, batch, 1.0))
        course, seconds = Course(), []
        for _ in range(1 + STEPS_EACH):
            self._step += 1
            course.step = self._step
            started_second = time.process_time()
            stepper.step(course)
            seconds.append(time.process_time() - started_second)
        return batch * PASSAGE_STEPS / WINDOW_STEPS / statistics.median(seconds[1:])

    def composed_per_second(self) -> float:
        """Compose with the trained net, guards and all; a symbol is what Keras's net predicts, too: one step."""
        from bandroid.bundle.export_line import export_line

        style = self._task.style(export_line(self._task.model.eval(), is_int8=False))
        compose_any(style, Wish(n_bars=2), 0)
        started_second = time.process_time()
        for seed in range(1, 1 + SYMBOL_PIECES):
            compose_any(style, Wish(n_steps=SYMBOLS_EACH), seed)
        return SYMBOL_PIECES * SYMBOLS_EACH / (time.process_time() - started_second)


def _notes_per_second(bundle: Bundle) -> float:
    """Compose until there are enough notes, guards and all."""
    style, n_notes, seed = load_any_style(bundle), 0, 0
    compose_any(style, Wish(n_bars=4), seed)
    started_second = time.process_time()
    while n_notes < NOTES:
        seed += 1
        n_notes += compose_any(style, Wish(n_bars=32), seed).song.n_notes
    return n_notes / (time.process_time() - started_second)


def _shipped() -> list[Bundle]:
    bundles = [
        open_style(folder) for folder in sorted(SHIPPED_FOLDER.iterdir()) if (folder / "manifest.json").is_file()
    ]
    return [bundle for bundle in bundles if bundle.manifest.preset in CLASSICS]


def _size_mb(bundle: Bundle) -> float:
    return sum(file.stat().st_size for file in bundle.folder.iterdir()) / 1e6


def _stuck(bundle: Bundle, data: Path, n_pieces: int) -> float:
    """Return the share of a style's pieces that are stuck on one note as none of its songs is."""
    songs = _songs_of(bundle, data)
    share = one_note_share(load_any_style(bundle), songs, n_pieces)
    log(f"{bundle.name} ({bundle.manifest.preset}): {share:.0%} of {n_pieces} pieces stuck on one note")
    return share


def _songs_of(bundle: Bundle, data: Path) -> list[Song]:
    """Read the songs that a style was learnt from, as it learnt them."""
    learnt = [song for song in bundle.manifest.training.songs if song.split == "train"]
    places = [place for song in learnt for place in (data / song.file, data / BAND / song.file) if place.is_file()]
    corpus = collect(places, parts=bundle.manifest.learnt_parts)
    return [used.song if used.lines is None else used.lines.song for used in corpus.used]


def _learnt(preset: str, data: Path, home: Path) -> Bundle:
    """Learn a style of a band for less than a minute."""
    from bandroid import api

    log(f"learning {preset} from {BAND}")
    return api.learn([data / BAND], name=f"x-{preset}", preset=preset, minutes=LEARN_MINUTES, force=True)


@contextmanager
def _home() -> Iterator[Path]:
    """Keep styles and runs in a folder that is thrown away."""
    before = os.environ.get("BANDROID_HOME")
    with tempfile.TemporaryDirectory() as folder:
        os.environ["BANDROID_HOME"] = folder
        try:
            yield Path(folder)
        finally:
            os.environ.pop("BANDROID_HOME")
            if before is not None:
                os.environ["BANDROID_HOME"] = before


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.classics")
    parser.add_argument("--keras", metavar="PYTHON", help="the Python of an environment with requirements.txt")
    parser.add_argument(
        "--pieces", type=int, default=100, help="of each preset, to look for a repeated note in; 0: none"
    )
    return parser


if __name__ == "__main__":
    assert {preset.name for preset in PRESETS} >= set(CLASSICS)
    run("classics", measure, packages=("bandroid", "numpy", "torch", "onnxruntime"), parser=_parser())
