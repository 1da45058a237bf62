"""How likely windows are to a latent space, and what that is good for: a choice among windows near a point.

A point between two pieces of music may be written in many ways, and the likeliest step after step is not the likeliest
window. So points near it are written too, and the window is taken that costs the space's ear least: a small language
model that does not hear through z. A space of several voices has none, and looks at what a window costs itself.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from bandroid.generation.attributes import measure_windows
from bandroid.generation.latent import moved
from bandroid.generation.space_net import Posterior, SpaceRuntime
from bandroid.generation.space_style import SpaceStyle
from bandroid.generation.space_symbols import nats_of, outcome_nats
from bandroid.representations.window import NEW, PATCH_STEPS, Frames, Patches, Window, WindowKind, patches_of

N_NEAR, N_NEAR_OF_EAR = 16, 160
"""points near each one that is written, itself among them: an ear judges many as fast as the space judges some"""
_SHAKEN, _SHAKEN_FOR_EAR = 1.0, 1.5
"""how far from a point they are, in what a window's z is uncertain by"""
_OUTSIDE_NATS = 8.0
"""what an onset fewer than the emptier end has, or more than the fuller, costs a window of a path: two likely notes"""
_EMPTIER = 0.7
"""of the emptier end's onsets that a step between may have and cost nothing"""
_STRENGTHS = (0.25, 0.5, 0.75, 1.0, 1.25, 1.5, 2.0, 2.5, 3.0, 4.0)
"""a slider is moved by so much more or less than its direction says, and what comes nearest to the wish is taken"""
_SPILL_COUNTS = 0.2
"""how much a deviation by which another attribute changes counts against one by which the wish is missed"""


def music_nats(runtime: SpaceRuntime, patches: Patches, z: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return what cells and symbols of windows cost, written from z with the last steps told: nats, float64[N]."""
    kind = runtime.kind
    features, states, cells = runtime.plan(z, patches.frames)
    nats: NDArray[np.float64] = (outcome_nats(cells, patches.cells) * patches.is_there[:, None]).sum(axis=(1, 2))
    before = np.tile(np.array([voice.grid.size for voice in kind.voices], dtype=np.int64), (len(patches), 1))
    for patch in range(kind.n_patches):
        hidden, cell = np.split(states[:, patch], 2, axis=1)
        is_new = (patches.cells[:, patch] == NEW) & patches.is_there
        for step in range(PATCH_STEPS):
            scores, _, hidden, cell = runtime.write(features[:, patch, step], before, hidden, cell, patches.players)
            is_inside, first = (step < patches.lengths[:, patch])[:, None], 0
            for group in kind.groups:
                voice, own = kind.voices[group[0]], slice(group[0], group[-1] + 1)
                symbols, size = patches.symbols[:, patch, own, step], len(group) * voice.grid.n_scores
                found = nats_of(voice, scores[:, first : first + size].reshape(*symbols.shape, -1), symbols)
                first += size
                nats += (found * (is_inside & is_new[:, own])).sum(axis=1)
                before[:, own] = np.where(is_inside, symbols, before[:, own])
    return nats


def kl_nats(posterior: Posterior) -> NDArray[np.float64]:
    """Return how many nats z holds of each window: float64[N]."""
    mean, log_variance = (part.astype(np.float64) for part in posterior)
    nats: NDArray[np.float64] = 0.5 * (mean**2 + np.exp(log_variance) - 1 - log_variance).sum(axis=1)
    return nats


def cost_nats(runtime: SpaceRuntime, windows: list[Window]) -> NDArray[np.float64]:
    """Return what windows cost a space in all, from the mean of z: nats, float64[N]. Less is likelier."""
    costs = []
    for at in range(0, len(windows), runtime.most_at_once):
        patches = patches_of(windows[at : at + runtime.most_at_once], runtime.kind)
        posterior = runtime.encode(patches)
        costs.append(music_nats(runtime, patches, posterior.mean) + kl_nats(posterior))
    return np.concatenate(costs)


def walked(style: SpaceStyle, z: NDArray[np.float32], frames: Frames, rng: np.random.Generator) -> list[Window]:
    """Write a path: both ends the likeliest as they are, of the points between the likeliest window near each.

    None has more in common with the first than the one before it: a path does not turn back. And silence is likelier
    than any music, so what is emptier than both ends, or fuller, is the dearer the more it is.
    """
    n, has_ear = len(z), style.runtime.has_ear
    n_near, spread = (N_NEAR_OF_EAR, _SHAKEN_FOR_EAR) if has_ear else (N_NEAR, _SHAKEN)
    near = np.repeat(z, n_near, axis=0)
    shaken = rng.standard_normal(near.shape).astype(np.float32) * style.place.uncertain * np.float32(spread)
    shaken[::n_near] = 0.0
    shaken[:n_near] = shaken[-n_near:] = 0.0
    windows = style.runtime.decode(near + shaken, frames.times(n_near))
    costs = style.runtime.ear_nats(patches_of(windows, style.kind)) if has_ear else cost_nats(style.runtime, windows)
    onsets = np.array([_n_onsets(window, style.kind) for window in windows])
    fewest, most = _EMPTIER * min(onsets[0], onsets[-1]), max(onsets[0], onsets[-1])
    costs = costs + _OUTSIDE_NATS * (np.maximum(fewest - onsets, 0) + np.maximum(onsets - most, 0))
    same = np.array([float((window.symbols == windows[0].symbols).mean()) for window in windows])
    chosen, so_far, at_end = [0], 1.0, same[(n - 1) * n_near]
    for number in range(1, n - 1):
        among = np.arange(number * n_near, (number + 1) * n_near)
        fits = among[(same[among] <= so_far) & (same[among] >= min(at_end, so_far))]
        among = fits if fits.size else among
        chosen.append(int(among[np.argmin(costs[among])]))
        so_far = min(so_far, same[chosen[-1]])
    return [windows[index] for index in ([*chosen, (n - 1) * n_near] if n > 1 else chosen)]


def _n_onsets(window: Window, kind: WindowKind) -> int:
    voices = zip(kind.voices, window.symbols, strict=True)
    return sum(int(voice.grid.struck(symbols).any(axis=1).sum()) for voice, symbols in voices)


def steered(
    style: SpaceStyle, z: NDArray[np.float32], frames: Frames, wishes: Mapping[str, float]
) -> NDArray[np.float32]:
    """Move points, float32[N, Z], alike, so that what is written changes as wished: attributes by their deviations.

    What a direction does differs from place to place, so several strengths are tried and measured. What else changes
    counts against a strength, but for what goes with the wish in the style's songs.
    """
    names, place = style.attributes, style.place
    wanted = np.array([wishes.get(name, 0.0) for name in names])
    weight = np.where(np.isin(names, list(wishes)), 1.0, _SPILL_COUNTS)
    tried = []
    for strength in _STRENGTHS:
        scaled = {name: strength * amount for name, amount in wishes.items()}
        tried.append(np.array([moved(point, scaled, names, place) for point in z], dtype=np.float32))
    times = 1 + len(tried)
    all_frames = Frames(np.tile(frames.lengths, (times, 1)), np.tile(frames.players, (times, 1)))
    written = style.runtime.decode(np.concatenate([z, *tried]), all_frames)
    means = measure_windows(written, style.kind).reshape(1 + len(tried), len(z), -1).mean(axis=1)
    change = (means[1:] - means[0]) / place.deviation
    missed = (weight * np.abs(change - wanted)).sum(axis=1)
    return tried[int(np.argmin(missed))]
