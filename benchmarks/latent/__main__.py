"""How good are the latent spaces that ship, beside MusicVAE's small models trained as long on the same songs?

python -m benchmarks.latent [--train] [--json] [--data FOLDER]
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bandroid.bundle.store import find_style
from bandroid.generation.line_style import LineStyle, load_line_style
from bandroid.representations.grid import FIRST_NOTE
from bandroid.representations.window import WINDOW_KINDS
from benchmarks.figures import DATA, Figure, log, run
from benchmarks.latent.band import band_figures
from benchmarks.latent.spaces import Held, bound, held_out, interpolation_valid, right, sliders, symbols_of

FOLDER = Path(__file__).resolve().parent
TRAIN_SECOND = 20 * 60.0
"""of one core, for ours and for the baseline"""
N_PAIRS = 50
FLOORS = {
    "drums_2bar": {"free": (0.69, 0.80), "onset": (0.60, 0.74)},
    "melody_2bar": {"free": (0.78, 0.90), "onset": (0.45, 0.70)},
}
JUDGES = {"melody-2bar": "melody", "drums-2bar": "drums"}


def measure(options: argparse.Namespace) -> list[Figure]:
    """Take all measures."""
    figures: list[Figure] = []
    held: dict[str, Held] = {}
    for name in ("drums-2bar", "melody-2bar", "melody-16bar", "trio-16bar"):
        log(f"reading what {name} has not seen")
        held[name] = held_out(name)
    for name in ("drums-2bar", "melody-2bar"):
        figures += _of_two_bars(name, held[name], train=options.train)
    for name in ("melody-16bar", "trio-16bar"):
        figures += _of_16_bars(name, held[name])
    figures += _of_bands()
    figures += _wrong_z(held)
    figures += _interpolations(held)
    figures += _attributes(held)
    figures += _speeds(held)
    figures += _seconds(options.data or DATA)
    return figures


def _of_two_bars(name: str, held: Held, *, train: bool) -> list[Figure]:
    from benchmarks.latent import baseline
    from benchmarks.stored import load, save

    word, voice = name.replace("-", "_"), held.style.kind.voices[0]
    found = right(held)[voice.name]
    nats, kl_bits = bound(held)
    # Bars of other lengths are not what MusicVAE takes.
    plain = [number for number, window in enumerate(held.windows) if window.bar_steps == 16]
    rows = replace(
        held,
        windows=[held.windows[number] for number in plain],
        patches=held.patches.rows(np.array(plain)),
        mean=held.mean[plain],
        log_variance=held.log_variance[plain],
    )
    own_nats, _ = bound(rows)
    checkpoint = FOLDER / f"{name}-baseline.npz"
    if train:
        log(f"training the baseline of {name} for {TRAIN_SECOND / 60:.0f} minutes of a core")
        save(baseline.train(name, _drawer(name), TRAIN_SECOND, log), checkpoint)
    figures = [
        Figure(f"{word}_{what}", found[what], "share", "higher", *FLOORS[word][what]) for what in ("free", "onset")
    ]
    figures += [
        Figure(f"{word}_kl_bits", kl_bits, "bits", "lower", floor=60.0, goal=60.0),
        Figure.report(f"{word}_bound_nats", nats, "nats"),
    ]
    if not checkpoint.is_file():
        log(f"no baseline of {name} is stored: {word}_over_baseline is not measured (--train)")
        return figures
    symbols = symbols_of(rows.windows, 32)
    struck = np.array([voice.grid.struck(one.astype(np.int32)).any(axis=1) for one in symbols])
    theirs = baseline.scored(load(baseline.SmallMusicVae(baseline.SIZES[name]), checkpoint), symbols, struck)
    return [
        *figures,
        Figure(f"{word}_over_baseline", own_nats / theirs["bound_nats"], "x", "lower", floor=0.9, goal=0.6),
        *(Figure.report(f"{word}_baseline_{what}", value, "") for what, value in theirs.items()),
    ]


def _drawer(name: str) -> Callable[[np.random.Generator, int], NDArray[np.int64]]:
    """Return what draws int64[n, 32] windows of the training songs for the baseline."""
    from bandroid.training.space_lessons import prepare
    from recipes.__main__ import corpus_of, load_recipe

    corpus = corpus_of(load_recipe(name))
    songs = [used.voices for used in corpus.train if used.voices is not None]
    lessons = prepare(songs, [1.0] * len(songs), WINDOW_KINDS[name])
    lessons = replace(lessons, held_out=lessons.held_out.rows(slice(0, 1)))
    farthest = 5

    def draw(rng: np.random.Generator, n: int) -> NDArray[np.int64]:
        found: list[NDArray[np.int64]] = []
        while len(found) < n:
            found += list(symbols_of(lessons.plain_windows(rng, n), 32))
        symbols = np.array(found[:n])
        if name != "melody-2bar":
            return symbols
        shift = rng.integers(-farthest, farthest + 1, (n, 1))
        moved = np.where(symbols >= FIRST_NOTE, symbols + shift, symbols)
        fits = ((moved < 90) & ((symbols < FIRST_NOTE) | (moved >= FIRST_NOTE))).all(axis=1)
        return np.where(fits[:, None], moved, symbols)

    return draw


def _of_16_bars(name: str, held: Held) -> list[Figure]:
    """What a copy of the bar before would have right is the floor."""
    goals = {"lead": 0.6, "bass": 0.6, "drums": 0.85, "melody": 0.6}
    word, found = name.replace("-", "_"), right(held)
    figures = []
    for voice, shares in found.items():
        label = f"{word}_onset" if len(found) == 1 else f"{word}_onset_{voice}"
        figures.append(Figure(label, shares["onset"], "share", "higher", shares["copy_onset"], goals[voice]))
        figures.append(Figure.report(label.replace("onset", "free"), shares["free"], "share"))
        figures.append(Figure.report(f"{label}_copy", shares["copy_onset"], "share"))
    return [*figures, Figure.report(f"{word}_kl_bits", bound(held)[1], "bits")]


def _of_bands() -> list[Figure]:
    """Notes of whole bands that come back; what a copy of the bar before would have right is the floor of 16 bars."""
    figures = []
    for name in ("ensemble-1bar", "band-16bar"):
        log(f"reading what {name} has not seen")
        found, word = band_figures(name), name.replace("-", "_")
        if name == "band-16bar":
            figures.append(Figure(f"{word}_note_f1", found["f1"], "share", "higher", found["copy_f1"], 0.7))
        else:
            figures.append(Figure.report(f"{word}_note_f1", found["f1"], "share"))
        drop = (found["f1"] - found["wrong_f1"]) / found["f1"]
        figures.append(Figure(f"{word}_wrong_z_drop", drop, "share", "higher", floor=0.25, goal=0.5))
        kinds = [f"{prefix}f1_{kind}" for kind in ("pitched", "drums") for prefix in ("", "copy_")]
        kinds += [f"grid_f1{kind}" for kind in ("", "_pitched", "_drums")]
        figures += [Figure.report(f"{word}_{what}", found[what], "share") for what in ("copy_f1", *kinds)]
        figures.append(Figure.report(f"{word}_windows", found["windows"], "windows"))
    return figures


def _wrong_z(held: dict[str, Held]) -> list[Figure]:
    figures = []
    for name, one in held.items():
        shares = right(one).values()
        free = statistics.mean(share["free"] for share in shares)
        wrong = statistics.mean(share["wrong_free"] for share in shares)
        label = f"{name.replace('-', '_')}_wrong_z_drop"
        figures.append(Figure(label, (free - wrong) / free, "share", "higher", floor=0.25, goal=0.5))
    return figures


def _interpolations(held: dict[str, Held]) -> list[Figure]:
    found = {}
    for name, judge in JUDGES.items():
        style = load_line_style(find_style(judge))
        assert isinstance(style, LineStyle)
        found[name] = interpolation_valid(held[name], style, N_PAIRS)
        log(f"{name}: {found[name]:.0%} of {N_PAIRS} paths beat the cross-fade and leave A without turning back")
    worst = Figure("interpolation_valid", min(found.values()), "share", "higher", floor=0.8, goal=1.0)
    each = [Figure.report(f"interpolation_valid_{name.split('-')[0]}", one, "share") for name, one in found.items()]
    return [worst, *each]


def _attributes(held: dict[str, Held]) -> list[Figure]:
    rho, spill, each = [], [], []
    for name in ("melody-2bar", "drums-2bar"):
        found = sliders(held[name])
        rho += list(found.rho.values())
        spill += list(found.spill.values())
        short = name.split("-")[0]
        each += [Figure.report(f"rho_{short}_{what}", value, "") for what, value in found.rho.items()]
        each += [Figure.report(f"spill_{short}_{what}", value, "deviations") for what, value in found.spill.items()]
    return [
        Figure("attribute_rho", min(rho), "", "higher", floor=0.8, goal=0.95),
        Figure("attribute_spill", max(spill), "deviations", "lower", floor=0.5, goal=0.2),
        *each,
    ]


def _speeds(held: dict[str, Held]) -> list[Figure]:
    """Train some steps in fp32 on one thread, by turns with the baseline."""
    import torch

    from benchmarks.latent import baseline

    torch.set_num_threads(1)
    trio = _trainer("trio-16bar", held["trio-16bar"], 16)
    melody = _trainer("melody-2bar", held["melody-2bar"], 32)
    net = baseline.SmallMusicVae(90)
    optimizer = torch.optim.Adam(net.parameters())
    symbols = torch.from_numpy(symbols_of(held["melody-2bar"].windows, 32))

    def theirs() -> None:
        rows = torch.randint(len(symbols), (128,))
        loss = baseline.step_loss(net, symbols[rows], 1, baseline.SCHEDULES["melody-2bar"])
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()

    ours_s, theirs_s, trio_s = [], [], []
    for _ in range(5):
        ours_s.append(_cpu_second(melody) / 32)
        theirs_s.append(_cpu_second(theirs) / 128)
        trio_s.append(_cpu_second(trio) / 16)
    ours, other, of_trio = (1 / statistics.median(one) for one in (ours_s[1:], theirs_s[1:], trio_s[1:]))
    return [
        Figure("trio_windows_per_s", of_trio, "1/s", "higher", floor=20.0, goal=60.0),
        Figure("melody_windows_per_s", ours / other, "x", "higher", floor=1.5, goal=3.0),
        Figure.report("melody_windows_per_s_ours", ours, "1/s"),
        Figure.report("melody_windows_per_s_baseline", other, "1/s"),
    ]


def _trainer(name: str, held: Held, batch: int) -> Callable[[], None]:
    import torch

    from bandroid.models.config import SpaceModel
    from bandroid.presets import find_preset
    from bandroid.training.course import Course
    from bandroid.training.probe import Probe
    from bandroid.training.space import SpaceTask
    from bandroid.training.space_lessons import prepare
    from bandroid.training.stepping import Stepper

    preset = find_preset(name)
    assert isinstance(preset.model, SpaceModel) and preset.training is not None
    lessons = prepare(held.songs, [1.0] * len(held.songs), held.style.kind)
    settings = replace(preset.training, precision="fp32", threads=1, batch_size=batch)
    task = SpaceTask(lessons, preset.model, settings, torch.device("cpu"), "x")
    stepper, course = Stepper(task, settings, Probe("fp32", 1, batch, 1.0)), Course()

    def step() -> None:
        course.step += 1
        stepper.step(course)

    return step


def _cpu_second(work: Callable[[], None]) -> float:
    started = time.process_time()
    work()
    return time.process_time() - started


def _seconds(data: Path) -> list[Figure]:
    """What whole commands take, start-up and all."""
    with tempfile.TemporaryDirectory() as folder:
        compose = partial(_bandroid, "compose", "melody-2bar", "--variations", "32", "--audio", "none", "--no-score")
        sample = min(_wall_second(partial(compose, "-o", f"{folder}/{n}")) for n in range(3))
        home, band = Path(folder) / "home", Path(folder) / "band"
        band.mkdir()
        for file in sorted((data / "freedoom/band_lola_harvey").glob("*.mid"))[:15]:
            shutil.copy(file, band)
        personal = 0.0
        for base in ("drums-2bar", "melody-2bar"):
            learn = partial(
                _bandroid, "learn", str(band), "--personal", "--from", base, "--name", f"my-{base}", home=home
            )
            personal += _wall_second(learn)
    return [
        Figure("sample_32_s", sample, "s", "lower", floor=3.0, goal=1.0),
        Figure("personal_s", personal, "s", "lower", floor=60.0, goal=20.0),
    ]


def _bandroid(*words: str, home: Path | None = None) -> None:
    own = os.environ if home is None else {**os.environ, "BANDROID_HOME": str(home)}
    subprocess.run([sys.executable, "-m", "bandroid", *words], check=True, capture_output=True, env=own)


def _wall_second(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.latent")
    parser.add_argument("--train", action="store_true", help="train the baselines again: 20 minutes of a core each")
    return parser


if __name__ == "__main__":
    run("latent", measure, packages=("bandroid", "numpy", "torch", "onnxruntime"), parser=_parser())
