"""How fast does a style compose? python -m benchmarks.compose"""

from __future__ import annotations

import argparse
import os
import statistics
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from benchmarks.figures import Figure, log, run

if TYPE_CHECKING:
    from bandroid.generation.choices import Choice
    from bandroid.generation.stepper import Forecast, Stepper, Style

N_BARS = 64
N_PIECES = 7
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast one piece was written."""

    steps_per_s: float
    notes_per_s: float


class CountingStyle:
    """A style whose models count the choices that they are asked for; everything else is the style's own."""

    def __init__(self, style: Style) -> None:
        self._style = style
        self.n_choices = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._style, name)

    def model(self) -> Any:
        """Return a model at the start of a song, as the style does."""
        return _CountingModel(self._style.model(), self)


class _CountingModel:
    def __init__(self, model: Stepper, style: CountingStyle) -> None:
        self._model, self._counts = model, style

    def __getattr__(self, name: str) -> Any:
        return getattr(self._model, name)

    def predict(self, choice: Choice) -> Forecast:
        self._counts.n_choices += 1
        return self._model.predict(choice)


def measure(options: argparse.Namespace) -> list[Figure]:
    """Compose with the style that ships as default, and with another one if asked for."""
    os.environ.update(dict.fromkeys(THREADS, "1"))  # before numpy and onnxruntime are imported
    from bandroid.bundle.store import DEFAULT_STYLE

    figures = _figures("", _paces(DEFAULT_STYLE))
    if options.style:
        figures += _figures("_given_style", _paces(options.style))
    return figures


def _figures(suffix: str, paces: list[Pace]) -> list[Figure]:
    steps, notes = (
        statistics.median(values) for values in zip(*((p.steps_per_s, p.notes_per_s) for p in paces), strict=True)
    )
    return [
        Figure(f"steps_per_s{suffix}", round(steps), "1/s", "higher", floor=1500, goal=5000),
        Figure(f"notes_per_s{suffix}", round(notes), "1/s", "higher", floor=1000, goal=5000),
    ]


def _paces(name: str) -> list[Pace]:
    """Compose several pieces, one after another, each from its first choice to the finished song."""
    from bandroid.bundle.store import find_style
    from bandroid.generation.compose import Wish, compose
    from bandroid.generation.style import load_style

    style = CountingStyle(load_style(find_style(name)))
    compose(style, Wish(n_bars=4), seed=0)  # once unmeasured: modules loaded, caches filled
    paces = []
    for seed in range(N_PIECES):
        n_before = style.n_choices
        # Processor time of all threads: one thread's wall time, whatever else the machine does.
        begin_second, begin_wall_second = time.process_time(), time.perf_counter()
        piece = compose(style, Wish(n_bars=N_BARS), seed=seed)
        second, wall_second = time.process_time() - begin_second, time.perf_counter() - begin_wall_second
        n_choices, n_notes = style.n_choices - n_before, piece.song.n_notes
        log(f"{name} {seed}: {n_choices} choices, {n_notes} notes in {second:.2f} s ({wall_second:.2f} s by the clock)")
        paces.append(Pace(n_choices / second, n_notes / second))
    return paces


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.compose")
    parser.add_argument("--style", help="one more style, by its name")
    return parser


if __name__ == "__main__":
    run("compose", measure, packages=("bandroid", "numpy", "onnxruntime"), parser=_parser())
