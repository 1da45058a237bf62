"""Write what is not given of chorales, frame after frame, many pieces side by side; and again, in passages.

One pass from left to right hears what is given from the first frame on, but what it writes itself only afterwards. So
passages of what it wrote are opened again, everything else given, and written anew: block Gibbs sampling with the same
net, fewer passages each time, as CoCoNet's annealed masks are (Huang et al. 2017). A passage that costs more than what
stood there, by the net and by the rules, is put back.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from bandroid.critique.voice_leading import faults_of
from bandroid.generation.chorale_net import ChoraleRuntime, Nats
from bandroid.generation.chorale_rules import Rules, nothing_known, pitch_costs
from bandroid.generation.sampling import Sampling, draw_rows
from bandroid.representations.chorale import (
    CELLS,
    FERMATA,
    N_PITCHES,
    N_VOICES,
    REST,
    STRUCK,
    TONIC,
    UNKNOWN_FERMATA,
)
from bandroid.representations.chorale_rows import (
    ORDER,
    heard_rows,
    is_anything_given,
    next_past,
    no_past,
    told_rows,
    voice_rows,
)

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
_LONGEST_PASSAGE = 33
"""16ths, and one"""


@dataclass(frozen=True, slots=True)
class Task:
    """What is to be written: B pieces of T frames."""

    frames: Ints
    """int64[B, T, C]: facts, and cells where they are given"""
    given: Bools
    """bool[B, T, S]"""
    last_chord: int
    """frame from which on the last chord sounds"""
    is_last_held: bool = False
    """whether nobody moves in it"""


def write(runtime: ChoraleRuntime, task: Task, how: Sampling, rules: Rules, rng: np.random.Generator) -> Ints:
    """Return the task's frames with all that is not given written anew, in one pass: int64[B, T, C].

    No voice rests of its own accord.
    """
    frames, given = task.frames.copy(), task.given
    n_pieces, n_frames = frames.shape[:2]
    context = runtime.hear(told_rows(frames, given), is_anything_given(given))
    state, past = runtime.start(n_pieces), no_past(n_pieces)
    last_fermata = np.full(n_pieces, UNKNOWN_FERMATA)
    for t in range(n_frames):
        frame, known = frames[:, t], given[:, t]
        found = runtime.remember(heard_rows(past, last_fermata, frame)[:, None], context[:, t, None], state)
        state, about = found.after, found.known[:, 0]
        is_open = ~known[:, N_VOICES] & (frame[:, FERMATA] != UNKNOWN_FERMATA)
        odds = 1.0 / (1.0 + np.exp(-found.fermata[:, 0].astype(np.float64)))
        frame[:, FERMATA] = np.where(is_open, rng.random(n_pieces) < odds, frame[:, FERMATA])
        now = np.where(known[:, :N_VOICES], frame[:, CELLS], nothing_known(n_pieces))
        for voice in ORDER:
            rows = np.flatnonzero(~known[:, voice])
            if not rows.size:
                continue
            others, references = voice_rows(voice, past, frame, known)
            tonic = frame[:, TONIC]
            said, anew = runtime.say(
                voice, about[rows], frame[rows, FERMATA], others[rows], references[rows], tonic[rows]
            )
            is_last = t >= task.last_chord
            said[:, :N_PITCHES] -= pitch_costs(rules, voice, past.last[rows], now[rows], tonic[rows], is_last)
            is_held = task.is_last_held and t > task.last_chord
            if is_held:
                said[:, :N_PITCHES] -= rules.last_chord * (np.arange(N_PITCHES) != past.last[rows, voice, None])
            said[:, REST] = -np.inf
            cells = draw_rows(said, how, rng)
            stays = (cells == past.last[rows, voice]) & (cells < REST)
            strike = (rng.random(rows.size) < 1.0 / (1.0 + np.exp(-anew.astype(np.float64)))) & (not is_held)
            frame[rows, voice] = now[rows, voice] = cells
            frame[rows, STRUCK.start + voice] = np.where(stays, strike, cells < REST)
        past, last_fermata = next_past(past, frame[:, CELLS], frame[:, STRUCK]), frame[:, FERMATA]
    return frames


def write_again(
    runtime: ChoraleRuntime,
    task: Task,
    how: Sampling,
    rules: Rules,
    n_passes: int,
    rng: np.random.Generator,
    report: Callable[[int, int], None] = lambda done, total: None,
) -> tuple[Ints, NDArray[np.float64]]:
    """Write in one pass, then passages anew, `n_passes` in all: int64[B, T, C], and what each piece costs, nats."""
    frames = write(runtime, task, how, rules, rng)
    cost = cost_of(runtime, frames, task.given, rules)
    report(1, n_passes)
    for number in range(1, n_passes):
        share = 1.0 - 0.8 * number / n_passes
        opened = np.stack([_passages(frames.shape[1], share, rng) for _ in frames])
        again = write(runtime, replace(task, frames=frames, given=task.given | ~opened), how, rules, rng)
        again_cost = cost_of(runtime, again, task.given, rules)
        is_better = again_cost <= cost
        frames = np.where(is_better[:, None, None], again, frames)
        cost = np.where(is_better, again_cost, cost)
        report(number + 1, n_passes)
    return frames, cost


def cost_of(runtime: ChoraleRuntime, frames: Ints, given: Bools, rules: Rules) -> NDArray[np.float64]:
    """Return what pieces cost by the net, of all that is not given, and by the rules: nats, float64[B]."""
    nats = runtime.nats(frames, given)
    faults = [rules.cost_of(faults_of(one, ~own[:, :N_VOICES])) for one, own in zip(frames, given, strict=True)]
    total: NDArray[np.float64] = own_nats(nats, given) + np.array(faults)
    return total


def own_nats(nats: Nats, given: Bools) -> NDArray[np.float64]:
    """Return what all that is not given costs, nats, float64[B]."""
    free, is_open = ~given[..., :N_VOICES], ~given[..., N_VOICES]
    total: NDArray[np.float64] = ((nats.cells + nats.strokes) * free).sum(axis=(1, 2)) + (nats.fermatas * is_open).sum(
        axis=1
    )
    return total


def _passages(n_frames: int, share: float, rng: np.random.Generator) -> Bools:
    """Return which frames of which streams are written anew: passages of a few beats, at times of some voices alone."""
    length = int(rng.integers(8, _LONGEST_PASSAGE))
    shift = int(rng.integers(length))
    is_open = rng.random(-(-(n_frames + shift) // length)) < share
    opened = np.repeat(is_open, length)[shift : shift + n_frames, None] & np.ones(N_VOICES + 1, dtype=np.bool_)
    if rng.random() < 0.5:
        opened[:, rng.permutation(N_VOICES)[: rng.integers(1, N_VOICES - 1)]] = False
    return opened
