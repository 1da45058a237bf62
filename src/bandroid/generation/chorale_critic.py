"""A style's ear for whole pieces: of several that its net wrote, which would be taken for one of the corpus?

A net that is right about each note still goes astray over many; a classifier that has heard the corpus and what the
net makes of nothing hears that, and the piece that it hears it least in is kept (discriminator rejection sampling,
Azadi et al. 2019).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from bandroid.critique.chorale_features import features_of
from bandroid.critique.telling import Teller, learn_teller
from bandroid.generation.chorale_net import ChoraleRuntime
from bandroid.generation.chorale_rules import AS_BACH
from bandroid.generation.chorale_writer import Task, write
from bandroid.generation.sampling import Sampling
from bandroid.representations.chorale import (
    BEAT_PLACES,
    BEATS,
    CELLS,
    ENDING,
    FERMATA,
    N_STREAMS,
    PLACE,
    REST,
    STRUCK,
    endings,
)

MOST_PIECES = 150
"""of the corpus whose frames are filled by the net, to be heard against it"""
_EACH = 4
_LAST_CHORD_FRAMES = 6
"""that the last chord of a piece has at least"""


def learn_critic(
    runtime: ChoraleRuntime,
    pieces: Sequence[NDArray[np.int64]],
    how: Sampling,
    seed: int,
    report: Callable[[int, int], None] = lambda done, total: None,
) -> Teller:
    """Return a classifier of pieces of the corpus, frames int64[T, C], and what the net writes in their place."""
    rng = np.random.default_rng(seed)
    chosen = rng.permutation(len(pieces))[:MOST_PIECES].tolist()
    own = []
    for done, index in enumerate(chosen, 1):
        written = write_whole(runtime, pieces[index], _EACH, how, rng)
        own += [features_of(one[:, CELLS]) for one in written]
        report(done, len(chosen))
    return learn_teller(np.array([features_of(piece[:, CELLS]) for piece in pieces]), np.array(own))


def write_whole(
    runtime: ChoraleRuntime, frame: NDArray[np.int64], n: int, how: Sampling, rng: np.random.Generator
) -> NDArray[np.int64]:
    """Write n pieces from nothing into the bars, key and length of one, int64[T, C] -> int64[n, T, C]."""
    frames = np.repeat(frame[None], n, axis=0)
    frames[..., CELLS], frames[..., STRUCK], frames[..., FERMATA] = REST, 0, 0
    frames[..., ENDING] = endings(len(frame))
    given = np.zeros((n, len(frame), N_STREAMS), dtype=np.bool_)
    last_chord = last_chord_of(frame)
    task = Task(frames, given, last_chord, is_last_held=True)
    written = write(runtime, task, how, AS_BACH, rng)
    written[:, last_chord:, FERMATA] = 1
    return written


def last_chord_of(frame: NDArray[np.int64]) -> int:
    """Return where the last chord of a piece begins, int64[T, C]: with a bar, or in the middle of one of four beats."""
    places, beats = frame[:, PLACE], frame[:, BEATS]
    is_strong = (places == 0) | ((places == 2 * BEAT_PLACES) & (beats == 4))
    found = np.flatnonzero(is_strong[: max(len(frame) - _LAST_CHORD_FRAMES + 1, 0)])
    return int(found[-1]) if found.size else max(len(frame) - _LAST_CHORD_FRAMES, 0)
