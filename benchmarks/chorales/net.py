"""The benchmark's nets: trained on the 229 training chorales alone, scored by the chain rule, stored in eight bits."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from bandroid.models.chorale import ChoraleNet, costs, rows_as_tensors
from bandroid.representations.chorale import N_STREAMS, N_VOICES
from bandroid.training.averaging import AveragedWeights
from bandroid.training.chorale_lessons import padded, step_of

BATCH = 16
LEAST_RATE, CLIP, EMA = 0.03, 1.0, 0.995

Pieces = Sequence[NDArray[np.int64]]


class Recipe(NamedTuple):
    """How one kind of net learns."""

    learning_rate: float
    weight_decay: float
    loss: Callable[[Any, Pieces, np.random.Generator], Tensor]
    """net, pieces -> what one step costs, nats a cell"""


def train(
    net: nn.Module, recipe: Recipe, learn: Pieces, seed: int, cpu_second: float, say: Callable[[str], None]
) -> None:
    """Train for so many seconds of one core."""
    torch.set_num_threads(1)
    rng, step, told = np.random.default_rng(seed), 0, 0.0
    optimizer = torch.optim.AdamW(net.parameters(), lr=recipe.learning_rate, weight_decay=recipe.weight_decay)
    average, started = AveragedWeights(net, EMA), time.process_time()
    while (elapsed := time.process_time() - started) < cpu_second:
        step += 1
        fallen = LEAST_RATE + (1 - LEAST_RATE) * 0.5 * (1 + math.cos(math.pi * elapsed / cpu_second))
        for group in optimizer.param_groups:
            group["lr"] = recipe.learning_rate * min(1.0, step / 30) * fallen
        loss = recipe.loss(net.train(), learn, rng)
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(net.parameters(), CLIP)
        optimizer.step()
        average.follow(step)
        if elapsed - told > cpu_second / 8:
            told = elapsed
            say(f"seed {seed}: {elapsed:.0f} s, step {step}, {float(loss.detach()):.3f} nats a cell")
    average.set_model(average.copy())
    net.eval()


def chain_loss(net: ChoraleNet, learn: Pieces, rng: np.random.Generator) -> Tensor:
    """Draw pieces, some of them partly given, and return what the rest costs in time order."""
    frames, given, rank, is_there = step_of(learn, BATCH, rng)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        said = net(rows_as_tensors(frames, given, rank))
    asked = torch.from_numpy(is_there[..., None] & ~given[..., :N_VOICES])
    cost = costs(said, torch.from_numpy(frames))
    # No pitch of this file is ever struck anew: that must be learnt, too.
    return ((cost.cells + cost.strokes) * asked).sum() / asked.sum()


CHAIN = Recipe(2e-3, 0.3, chain_loss)


@torch.no_grad()
def shares(net: ChoraleNet, judge: Pieces) -> list[NDArray[np.float64]]:
    """Return of each piece the probability of what stands in each cell, nothing given: float64[T, 4]."""
    order = sorted(range(len(judge)), key=lambda index: len(judge[index]))
    found: dict[int, NDArray[np.float64]] = {}
    for at in range(0, len(order), BATCH):
        rows = order[at : at + BATCH]
        frames, _ = padded([judge[index] for index in rows])
        nothing = np.zeros((*frames.shape[:2], N_STREAMS), dtype=np.bool_)
        nats = costs(net(rows_as_tensors(frames, nothing)), torch.from_numpy(frames)).cells
        for index, own in zip(rows, nats, strict=True):
            found[index] = np.exp(-own[: len(judge[index])].double().numpy())
    return [found[index] for index in range(len(judge))]
