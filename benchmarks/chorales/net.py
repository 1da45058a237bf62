"""The benchmark's nets: trained on the 229 training chorales alone, scored by the chain rule, stored in eight bits."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from bandroid.models.chorale import ChoraleNet, cell_nats
from bandroid.models.config import ChoraleModel
from bandroid.representations.chorale import room, transposed
from bandroid.training.averaging import AveragedWeights
from benchmarks.chorales.jsb import BATCH, padded

LEARNING_RATE, LEAST_RATE, WEIGHT_DECAY, CLIP, EMA = 2e-3, 0.03, 0.1, 1.0, 0.995
GIVEN_SHARE = 0.3
"""of the pieces in a batch of which something is given"""
FARTHEST = 6
"""semitones that a piece is moved by"""


def train(learn: Sequence[NDArray[np.int64]], seed: int, cpu_second: float, say: Callable[[str], None]) -> ChoraleNet:
    """Train for so many seconds of one core."""
    torch.manual_seed(seed)
    torch.set_num_threads(1)
    rng, net, step, told = np.random.default_rng(seed), ChoraleNet(ChoraleModel()), 0, 0.0
    optimizer = torch.optim.AdamW(net.parameters(), lr=LEARNING_RATE, weight_decay=WEIGHT_DECAY)
    average, started = AveragedWeights(net, EMA), time.process_time()
    while (elapsed := time.process_time() - started) < cpu_second:
        step += 1
        fallen = LEAST_RATE + (1 - LEAST_RATE) * 0.5 * (1 + math.cos(math.pi * elapsed / cpu_second))
        for group in optimizer.param_groups:
            group["lr"] = LEARNING_RATE * min(1.0, step / 30) * fallen
        loss = step_loss(net.train(), drawn(learn, rng), rng)
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(net.parameters(), CLIP)
        optimizer.step()
        average.follow(step)
        if elapsed - told > cpu_second / 8:
            told = elapsed
            say(f"seed {seed}: {elapsed:.0f} s, step {step}, {float(loss.detach()):.3f} nats a cell")
    average.set_model(average.copy())
    return net.eval()


def drawn(learn: Sequence[NDArray[np.int64]], rng: np.random.Generator) -> list[NDArray[np.int64]]:
    """Draw pieces of about one length, each moved into some key."""
    length = len(learn[int(rng.integers(len(learn)))])
    order = np.argsort([abs(len(piece) - length) + rng.integers(0, 40) for piece in learn])[:BATCH]
    moved = []
    for index in order:
        down, up = room(learn[index])
        moved.append(transposed(learn[index], int(rng.integers(-min(down, FARTHEST), min(up, FARTHEST) + 1))))
    return moved


def step_loss(net: ChoraleNet, batch: list[NDArray[np.int64]], rng: np.random.Generator) -> Tensor:
    """Return nats a cell that is not given."""
    cells, is_there = padded(batch)
    given = torch.from_numpy(np.stack([_given(rng, len(piece), cells.shape[1]) for piece in batch]))
    asked = is_there[..., None] & ~given
    return (cell_nats(net(cells, given), cells) * asked).sum() / asked.sum()


def _given(rng: np.random.Generator, n_own: int, n_frames: int) -> NDArray[np.bool_]:
    """Draw what is given of a piece, bool[T, 4]: mostly nothing; some voices; or all but some bars of some voices."""
    given = np.zeros((n_frames, 4), dtype=np.bool_)
    if rng.random() >= GIVEN_SHARE:
        return given
    voices = rng.permutation(4)[: rng.integers(1, 4)]
    if rng.random() < 0.5:
        given[:n_own, voices] = True
        return given
    given[:n_own] = True
    start, length = int(rng.integers(n_own)), int(rng.integers(8, 65))
    given[start : start + length, voices if rng.random() < 0.7 else slice(None)] = False
    return given


@torch.no_grad()
def shares(net: ChoraleNet, judge: Sequence[NDArray[np.int64]]) -> list[NDArray[np.float64]]:
    """Return of each piece the probability of what stands in each cell, nothing given: float64[T, 4]."""
    order = sorted(range(len(judge)), key=lambda index: len(judge[index]))
    found: dict[int, NDArray[np.float64]] = {}
    for at in range(0, len(order), BATCH):
        rows = order[at : at + BATCH]
        cells, _ = padded([judge[index] for index in rows])
        nats = cell_nats(net(cells, torch.zeros_like(cells, dtype=torch.bool)), cells)
        for index, own in zip(rows, nats, strict=True):
            found[index] = np.exp(-own[: len(judge[index])].double().numpy())
    return [found[index] for index in range(len(judge))]
