"""What is said of a window in a musician's words: how dense, how high, how wide, how syncopated, how loud it is.

Each is a number of the notes alone, so that what a slider did can be measured on what came out.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from bandroid.representations.grid import DrumGrid
from bandroid.representations.window import Window, WindowKind

DENSITY, HEIGHT, RANGE, SYNCOPATION, VELOCITY = "density", "height", "range", "syncopation", "velocity"
ATTRIBUTES = (DENSITY, HEIGHT, RANGE, SYNCOPATION, VELOCITY)


def attributes_of(kind: WindowKind) -> tuple[str, ...]:
    """Return which attributes windows of a kind have: drums have no pitch."""
    return tuple(
        name for name in ATTRIBUTES if name not in (HEIGHT, RANGE) or not all(voice.is_drums for voice in kind.voices)
    )


def measure_windows(windows: Sequence[Window], kind: WindowKind) -> NDArray[np.float64]:
    """Return float64[N, attributes]: each window's, over the voices that are there.

    density: onsets a step. height: mean pitch. range: semitones from the lowest to the highest note, averaged over
    voices. syncopation: share of onsets whose place is lighter than the next place, which nobody strikes (after
    Longuet-Higgins and Lee 1984). velocity: mean of the notes', 1 to 127. Windows without notes have zeros.
    """
    return np.array([_measure(window, kind) for window in windows]).reshape(len(windows), -1)


def _measure(window: Window, kind: WindowKind) -> list[float]:
    n_onsets = n_offbeat = n_there = 0
    pitches, spans = [], []
    weights = _weights(window.bar_steps)
    weight = np.tile(weights, window.n_steps // window.bar_steps)
    for index, voice in enumerate(kind.voices):
        if not window.is_there[index]:
            continue
        n_there += 1
        begins = voice.grid.struck(window.symbols[index]).any(axis=1)
        onsets = np.flatnonzero(begins)
        n_onsets += onsets.size
        for onset, following in itertools.pairwise([*onsets.tolist(), window.n_steps]):
            # The heaviest place that passes until the next onset: heavier than the onset's own is a syncopation.
            passing = weight[onset + 1 : following]
            n_offbeat += bool(passing.size and passing.max() > weight[onset])
        if not isinstance(voice.grid, DrumGrid) and onsets.size:
            notes = voice.grid.pitches(window.symbols[index]).astype(np.float64)
            pitches.append(notes)
            spans.append(float(np.ptp(notes)))
    struck = window.velocity[window.velocity > 0]
    values = {
        DENSITY: n_onsets / max(window.n_steps * n_there, 1),
        HEIGHT: float(np.concatenate(pitches).mean()) if pitches else 0.0,
        RANGE: float(np.mean(spans)) if spans else 0.0,
        SYNCOPATION: n_offbeat / max(n_onsets, 1),
        VELOCITY: float(struck.mean()) if struck.size else 0.0,
    }
    return [values[name] for name in attributes_of(kind)]


def _weights(bar_steps: int) -> NDArray[np.int64]:
    """Return int64[bar_steps]: how heavy each place of a bar is, by how many of bar, half, beat and eighth begin there.

    16: 5 1 2 1 3 1 2 1 4 1 ...; bars in three have beats of equal weight but for the first.
    """
    step = np.arange(bar_steps)
    weight = 1 + (step % 2 == 0).astype(np.int64) + (step % 4 == 0)
    if bar_steps % 8 == 0:
        weight = weight + (step % 8 == 0)
    return np.where(step == 0, 5, weight)
