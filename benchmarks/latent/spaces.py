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
from bandroid.generation.latent import path
from bandroid.generation.line_style import LineStyle, line_probabilities
from bandroid.generation.sampling import Sampling
from bandroid.generation.space_judge import kl_nats, music_nats, walked
from bandroid.generation.space_net import Posterior
from bandroid.generation.space_style import SpaceStyle, load_space_style
from bandroid.music.song import Part, Song
from bandroid.music.theory import estimate_key
from bandroid.palette.fragment import Fragment
from bandroid.palette.ways import Turn, turned
from bandroid.representations.line import Line
from bandroid.representations.window import Patches, Window, patches_of
from bandroid.training.space_evaluation import accuracy_by_voice, copied_bars, right_by_voice, wrong_z
from recipes.__main__ import corpus_of, load_recipe

MOST_WINDOWS = 1000
N_FADES = 8
LIKELIEST = Sampling(temperature=0.0)
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
    posterior = Posterior(held.mean, held.log_variance)
    noise = np.random.default_rng(0).standard_normal(held.mean.shape).astype(np.float32)
    z = held.mean + np.exp(0.5 * held.log_variance) * noise
    kl = kl_nats(posterior)
    nats = music_nats(held.style.runtime, held.patches, z)
    return float((nats + kl).mean()), float(kl.mean()) / math.log(2)


def interpolation_valid(held: Held, judge: LineStyle, n_pairs: int, n_steps: int = 9) -> float:
    """Return the share of pairs whose path beats a cross-fade at every step, and leaves A without turning back.

    The cross-fade takes each 16th from A or from B, by chance, as often as the path is far; the mean of N_FADES of them
    counts. The judge is an LSTM of one line, told the key that each window's notes suggest: mean log-probability of the
    window's symbols. Ends of both are the reconstructions of A and B.
    """
    rng = np.random.default_rng(0)
    plain = [number for number, window in enumerate(held.windows) if window.bar_steps == 16]
    n_valid = 0
    for _ in range(n_pairs):
        a, b = rng.choice(plain, 2, replace=False)
        z = path(held.mean[a], held.mean[b], n_steps)
        walk = walked(held.style, z, held.style.frames(n_steps, 16), np.random.default_rng(0))
        first, last = walk[0].symbols[0], walk[-1].symbols[0]
        is_likelier = True
        for number in range(1, n_steps - 1):
            fades = [np.where(rng.random(first.size) < number / (n_steps - 1), last, first) for _ in range(N_FADES)]
            faded = float(np.mean([_likelihood(judge, fade) for fade in fades]))
            if _likelihood(judge, walk[number].symbols[0]) <= faded:
                is_likelier = False
                break
        same = [float((window.symbols[0] == first).mean()) for window in walk]
        n_valid += is_likelier and all(one >= other for one, other in itertools.pairwise(same))
    return n_valid / n_pairs


def _likelihood(judge: LineStyle, symbols: NDArray[np.int32]) -> float:
    grid = judge.kind.grid
    velocity = np.where(grid.struck(symbols), 80, 0).astype(np.int32)
    notes, tonic, is_minor = grid.decode(symbols, velocity), 0, False
    key = estimate_key(Song(4, (Part("", 0, judge.kind.is_drums, notes),))) if len(notes) else None
    if key is not None:
        tonic, is_minor = key.tonic, key.is_minor
    bars = np.arange(0, symbols.size + 1, 16)
    line = Line(symbols, velocity, bars, np.zeros(symbols.size, np.int32), tonic, is_minor)
    return float(np.log(np.maximum(line_probabilities(judge, line), 1e-12)).mean())


@dataclass(frozen=True, slots=True)
class Sliders:
    """What moving attributes did."""

    rho: dict[str, float]
    """Spearman's rank correlation of what was asked for with what came, for each window, its mean over windows"""
    spill: dict[str, float]
    """the largest change of another attribute, in its deviations, for one deviation asked: its mean over windows, what
    the two have in common in the corpus taken out"""


def sliders(held: Held, n_windows: int = 100) -> Sliders:
    """Move each attribute of windows by -2 to +2 deviations, as `vary --set` does, and measure what comes."""
    style, names = held.style, held.style.attributes
    chosen = np.linspace(0, len(held.windows) - 1, min(n_windows, len(held.windows))).astype(int).tolist()
    common = np.corrcoef(measure_windows(held.windows, style.kind).T)
    rho, spill = {}, {}
    for index, name in enumerate(names):
        asked: list[float] = []
        orders: list[float] = []
        changes: list[NDArray[np.float64]] = []
        for number in chosen:
            heard = Fragment((held.windows[number],), style.kind.n_bars, style.bands[0], ())
            turns = [Turn(attributes={name: amount} if amount else {}) for amount in AMOUNTS]
            windows = [turned(style, heard, turn, LIKELIEST, 0, 0)[0] for turn in turns]
            values = measure_windows(windows, style.kind)
            changes += list((values - values[AMOUNTS.index(0.0)]) / style.place.deviation)
            asked += AMOUNTS
            orders.append(_rank_correlation(values[:, index]))
        change, wish = np.array(changes), np.array(asked)
        rho[name] = float(np.mean(orders))
        one_up = change[wish == 1.0]
        others = [other for other in range(len(names)) if other != index]
        left = [abs(float((one_up[:, other] - common[index, other] * one_up[:, index]).mean())) for other in others]
        spill[name] = max(left)
    return Sliders(rho, spill)


def _rank_correlation(values: NDArray[np.float64]) -> float:
    """Return Spearman's rank correlation of values with their order; equal ones share their ranks, no change is 0."""
    if np.ptp(values) == 0:
        return 0.0
    rank = np.array([(values < one).sum() + ((values == one).sum() - 1) / 2 for one in values])
    return float(np.corrcoef(rank, np.arange(len(values)))[0, 1])


def symbols_of(windows: Sequence[Window], n_steps: int) -> NDArray[np.int64]:
    """Return int64[N, n_steps]: the symbols of windows of one voice and that length."""
    return np.array([window.symbols[0] for window in windows if window.n_steps == n_steps], dtype=np.int64)
