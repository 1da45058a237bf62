"""What nets write: voices to those of Bach's test pieces, whole pieces, and how both compare with Bach himself."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from bandroid.bundle.store import SHIPPED_FOLDER, open_style
from bandroid.critique.voice_leading import faults_of
from bandroid.generation.chorale_compose import chosen_of
from bandroid.generation.chorale_net import ChoraleRuntime
from bandroid.generation.chorale_rules import FREE, USUAL_RULES, Rules
from bandroid.generation.chorale_style import ChoraleStyle, load_chorale_style
from bandroid.generation.chorale_writer import Task, write, write_again
from bandroid.generation.compose import Wish
from bandroid.generation.harmony import CANDIDATES, PASSES, USUAL_HARMONY
from bandroid.generation.sampling import AS_LEARNT, Sampling
from bandroid.representations.chorale import CELLS, ENDING, N_STREAMS, N_SYMBOLS, N_VOICES, STRUCK, endings

Ints = NDArray[np.int64]
VOTES = 32
"""drawings that vote on each cell"""
LONGEST_STEPS = 500
"""16ths of a piece that is composed in another's place: three are much longer than all others"""
_LAST_CHORD_STEPS = 4
_BARS = 16


class Marks(NamedTuple):
    """What a choirmaster marks in some pieces."""

    fifths_per_100: float
    """parallel fifths for 100 frames in which a voice moves"""
    octaves_per_100: float
    crossings_pct: float
    """of all frames"""
    range_faults_pct: float
    """of all cells that sound"""

    @property
    def parallels_per_100(self) -> float:
        return self.fifths_per_100 + self.octaves_per_100


def marks(pieces: Sequence[Ints]) -> Marks:
    """Return what is marked in pieces, int64[T, C] each."""
    each = [faults_of(piece) for piece in pieces]
    changes = max(sum(one.n_changes for one in each), 1)
    return Marks(
        100 * sum(one.count("parallel fifths") for one in each) / changes,
        100 * sum(one.count("parallel octaves") for one in each) / changes,
        100 * sum(one.crossing_frames for one in each) / sum(one.n_frames for one in each),
        100 * sum(one.range_cells for one in each) / sum(one.n_cells for one in each),
    )


def token_error(
    runtime: ChoraleRuntime,
    pieces: Sequence[Ints],
    given: Sequence[int],
    rng: np.random.Generator,
    how: Sampling = AS_LEARNT,
    rules: Rules = FREE,
) -> float:
    """Return the share of cells that are not Bach's, of the voices that are not given.

    The best decoding is not the likeliest piece but, for each cell, what most of many drawn pieces sing there: that is
    what loses fewest cells (minimum Bayes risk; Kumar and Byrne 2004).
    """
    wrong = total = 0
    for piece in pieces:
        task = task_of(piece, given, VOTES)
        drawn = write(runtime, task, how, rules, rng)
        for voice in set(range(N_VOICES)) - set(given):
            votes = np.stack([(drawn[:, :, voice] == symbol).sum(axis=0) for symbol in range(N_SYMBOLS)])
            wrong += int((votes.argmax(axis=0) != piece[:, voice]).sum())
            total += len(piece)
    return wrong / max(total, 1)


def harmonised(runtime: ChoraleRuntime, piece: Ints, rng: np.random.Generator, rules: Rules = USUAL_RULES) -> Ints:
    """Return a piece's soprano with three voices as `bandroid harmonise` writes them: the best of several."""
    written, cost = write_again(runtime, task_of(piece, (0,), CANDIDATES), USUAL_HARMONY, rules, PASSES, rng)
    best: Ints = written[int(cost.argmin())]
    return best


def seconds_for_16_bars(runtime: ChoraleRuntime, piece: Ints, rng: np.random.Generator) -> float:
    """Return how long 16 bars of 4/4 take, several candidates ranked."""
    whole = np.concatenate([piece] * (-(-16 * _BARS // len(piece))))[: 16 * _BARS]
    started = time.perf_counter()
    harmonised(runtime, whole, rng)
    return time.perf_counter() - started


def task_of(piece: Ints, given: Sequence[int], n: int) -> Task:
    """Return a task: n times a piece of which some voices are given."""
    frames = np.repeat(piece[None], n, axis=0)
    frames[:, :, ENDING] = endings(len(piece))
    is_given = np.zeros((*frames.shape[:2], N_STREAMS), dtype=np.bool_)
    is_given[:, :, list(given)] = True
    # Nobody knows of fermatas in this file.
    is_given[:, :, N_VOICES] = True
    strokes = np.flatnonzero(piece[:, STRUCK.start] == 1)
    last = int(strokes[-1]) if strokes.size else len(piece) - _LAST_CHORD_STEPS
    return Task(frames, is_given, last)


def shipped_style() -> ChoraleStyle:
    """Return the style that ships: it has not learnt the test pieces either."""
    return load_chorale_style(open_style(SHIPPED_FOLDER / "chorale"))


def composed(style: ChoraleStyle, seed: int) -> tuple[list[Ints], list[Ints]]:
    """Return cells of pieces that the style has not learnt, and of what it composes in their place, int64[T, 4] each.

    In their keys, metres and lengths, as `bandroid compose` writes pieces.
    """
    rng = np.random.default_rng(seed)
    theirs = [piece for piece in style.held_out if len(piece) <= LONGEST_STEPS]
    return [piece[:, CELLS] for piece in theirs], [chosen_of(style, piece, Wish(), rng)[:, CELLS] for piece in theirs]
