"""What a shipped space does with songs that it has never seen: what they cost, what comes back, what sliders do."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bandroid.bundle.store import SHIPPED_FOLDER, open_style
from bandroid.corpus.voices import SongVoices, judging_windows
from bandroid.generation.attributes import measure_windows
from bandroid.generation.latent import moved, path
from bandroid.generation.line_style import LineStyle, line_probabilities
from bandroid.generation.space_style import SpaceStyle, load_space_style
from bandroid.representations.line import Line
from bandroid.representations.window import NEW, PATCH_STEPS, Patches, Window, patches_of
from bandroid.training.space_evaluation import accuracy_by_voice, copied_bars, right_by_voice, wrong_z
from recipes.__main__ import corpus_of, load_recipe

MOST_WINDOWS = 1000
AMOUNTS = (-2.0, -1.0, 0.0, 1.0, 2.0)
"""of a slider, in deviations"""


@dataclass(frozen=True, slots=True, eq=False)
class Held:
    """A space, and windows of the songs that its recipe holds out."""

    style: SpaceStyle
    songs: tuple[SongVoices, ...]
    windows: list[Window]
    patches: Patches
    mean: NDArray[np.float32]
    log_variance: NDArray[np.float32]


def held_out(name: str) -> Held:
    """Open a shipped space and read what it has not seen; raises AssertionError where it has seen any of it."""
    bundle = open_style(SHIPPED_FOLDER / name)
    corpus = corpus_of(load_recipe(name))
    learnt = {song.sha256 for song in bundle.manifest.training.songs if song.split == "train"}
    assert not learnt & {used.sha256 for used in corpus.held_out}, f"{name} was trained on songs that are held out"
    style = load_space_style(bundle)
    # Songs that lack voices teach, and say little of what all of them do together.
    songs = tuple(used.voices for used in corpus.held_out if used.voices is not None and all(used.voices.lines))
    windows = judging_windows(songs, style.kind, MOST_WINDOWS)
    patches = patches_of(windows, style.kind)
    found = [style.runtime.encode(patches.rows(slice(at, at + 250))) for at in range(0, len(patches), 250)]
    mean = np.concatenate([one.mean for one in found])
    return Held(style, songs, windows, patches, mean, np.concatenate([one.log_variance for one in found]))


def right(held: Held) -> dict[str, dict[str, float]]:
    """Return per voice: right of all steps and of onsets, the same with a wrong z, and for every bar as the last."""
    kind, patches = held.style.kind, held.patches
    rows = {
        "": accuracy_by_voice(held.style.runtime, patches, held.mean),
        "wrong_": accuracy_by_voice(held.style.runtime, patches, wrong_z(held.mean)),
        "copy_": right_by_voice(copied_bars(patches), patches, kind),
    }
    return {
        voice.name: {
            f"{prefix}{what}": row[index, 2 + n] / max(row[index, n], 1)
            for prefix, row in rows.items()
            for n, what in ((0, "free"), (1, "onset"))
        }
        for index, voice in enumerate(kind.voices)
    }


def bound(held: Held) -> tuple[float, float]:
    """Return nats a window (cells, symbols and z together, z drawn once, the last steps told) and KL in bits."""
    runtime, patches = held.style.runtime, held.patches
    kl = 0.5 * (held.mean**2 + np.exp(held.log_variance) - 1 - held.log_variance).sum(axis=1)
    noise = np.random.default_rng(0).standard_normal(held.mean.shape).astype(np.float32)
    z = held.mean + np.exp(0.5 * held.log_variance) * noise
    features, states, cells = runtime.plan(z, patches.lengths)
    there = patches.is_there[:, None, :]
    nats = (_nats(cells, patches.cells) * there).sum(axis=(1, 2))
    before = np.tile(np.array([voice.grid.size for voice in held.style.kind.voices]), (len(patches), 1))
    for patch in range(patches.lengths.shape[1]):
        hidden, cell = np.split(states[:, patch], 2, axis=1)
        is_new = (patches.cells[:, patch] == NEW) & patches.is_there
        for step in range(PATCH_STEPS):
            scores, _, hidden, cell = runtime.write(features[:, patch, step], before, hidden, cell)
            is_inside = step < patches.lengths[:, patch]
            first = 0
            for index, voice in enumerate(held.style.kind.voices):
                symbols = patches.symbols[:, patch, index, step]
                found = _nats(scores[:, first : first + voice.grid.size], symbols)
                first += voice.grid.size
                nats += found * (is_inside & is_new[:, index])
                before[:, index] = np.where(is_inside, symbols, before[:, index])
    return float((nats + kl).mean()), float(kl.mean()) / math.log(2)


def _nats(scores: NDArray[np.float32], outcome: NDArray[np.int64]) -> NDArray[np.float64]:
    exact = scores.astype(np.float64)
    largest = exact.max(axis=-1, keepdims=True)
    total = np.log(np.exp(exact - largest).sum(axis=-1)) + largest[..., 0]
    found: NDArray[np.float64] = total - np.take_along_axis(exact, outcome[..., None], axis=-1)[..., 0]
    return found


def interpolation_valid(held: Held, judge: LineStyle, n_pairs: int, n_steps: int = 9) -> float:
    """Return the share of pairs whose path beats a cross-fade at every step, and leaves A without turning back.

    The cross-fade takes each 16th from A or from B, by chance, as often as the path is far. The judge is an LSTM of
    one line: mean log-probability of the window's symbols.
    """
    rng = np.random.default_rng(0)
    windows = [window for window in held.windows if window.bar_steps == 16]
    starts = {id(window): number for number, window in enumerate(held.windows)}
    n_valid = 0
    for _ in range(n_pairs):
        a, b = (windows[int(number)] for number in rng.choice(len(windows), 2, replace=False))
        z = path(held.mean[starts[id(a)]], held.mean[starts[id(b)]], n_steps)
        walk = held.style.runtime.decode(z, held.style.lengths(n_steps, 16))
        is_likelier = True
        for number in range(1, n_steps - 1):
            from_b = rng.random(walk[0].n_steps) < number / (n_steps - 1)
            faded = np.where(from_b, walk[-1].symbols[0], walk[0].symbols[0]).astype(np.int32)
            if _likelihood(judge, walk[number].symbols[0]) <= _likelihood(judge, faded):
                is_likelier = False
                break
        same = [float((window.symbols == walk[0].symbols).mean()) for window in walk]
        n_valid += is_likelier and all(one >= other for one, other in itertools.pairwise(same))
    return n_valid / n_pairs


def _likelihood(judge: LineStyle, symbols: NDArray[np.int32]) -> float:
    grid = judge.kind.grid
    velocity = np.where(grid.struck(symbols), 80, 0).astype(np.int32)
    line = Line(symbols, velocity, np.arange(0, symbols.size + 1, 16), np.zeros(symbols.size, np.int32))
    return float(np.log(np.maximum(line_probabilities(judge, line), 1e-12)).mean())


@dataclass(frozen=True, slots=True)
class Sliders:
    """What moving attributes did."""

    rho: dict[str, float]
    """correlation of the change that was asked for with the change that came"""
    spill: dict[str, float]
    """the largest change of another attribute, in its deviations, for one deviation asked: its mean over windows, what
    the two have in common in the corpus taken out"""


def sliders(held: Held, n_windows: int = 200) -> Sliders:
    """Move each attribute of windows by -2 to +2 deviations and measure what comes."""
    style, names = held.style, held.style.attributes
    chosen = np.linspace(0, len(held.windows) - 1, min(n_windows, len(held.windows))).astype(int)
    own = measure_windows(held.windows, style.kind)
    common = np.corrcoef(own.T)
    lengths = held.patches.lengths[chosen]
    base = _measured(style, held.mean[chosen], lengths)
    rho, spill = {}, {}
    for index, name in enumerate(names):
        asked, changes = [], []
        for amount in AMOUNTS:
            z = np.array([moved(point, {name: amount}, names, style.place) for point in held.mean[chosen]])
            changes.append((_measured(style, z, lengths) - base) / style.place.deviation)
            asked.append(np.full(len(chosen), amount))
        change = np.concatenate(changes)
        rho[name] = float(np.corrcoef(np.concatenate(asked), change[:, index])[0, 1])
        one_up = changes[AMOUNTS.index(1.0)]
        others = [other for other in range(len(names)) if other != index]
        left = [abs(float((one_up[:, other] - common[index, other] * one_up[:, index]).mean())) for other in others]
        spill[name] = max(left)
    return Sliders(rho, spill)


def _measured(style: SpaceStyle, z: NDArray[np.float32], lengths: NDArray[np.int64]) -> NDArray[np.float64]:
    return measure_windows(style.runtime.decode(z.astype(np.float32), lengths), style.kind)


def symbols_of(windows: Sequence[Window], n_steps: int) -> NDArray[np.int64]:
    """Return int64[N, n_steps]: the symbols of windows of one voice and that length."""
    return np.array([window.symbols[0] for window in windows if window.n_steps == n_steps], dtype=np.int64)
