"""The benchmark's nets: trained on the 229 training chorales alone, scored by the chain rule, stored in eight bits."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from bandroid.models.chorale import ChoraleNet, costs, rows_as_tensors
from bandroid.models.config import ChoraleModel
from bandroid.representations.chorale import N_STREAMS, N_VOICES
from bandroid.training.averaging import AveragedWeights
from bandroid.training.chorale_lessons import padded, step_of

BATCH = 16
LEARNING_RATE, LEAST_RATE, WEIGHT_DECAY, CLIP, EMA = 2e-3, 0.03, 0.3, 1.0, 0.995


def train(
    model: ChoraleModel, learn: Sequence[NDArray[np.int64]], seed: int, cpu_second: float, say: Callable[[str], None]
) -> ChoraleNet:
    """Train for so many seconds of one core."""
    torch.manual_seed(seed)
    torch.set_num_threads(1)
    rng, net, step, told = np.random.default_rng(seed), ChoraleNet(model), 0, 0.0
    optimizer = torch.optim.AdamW(net.parameters(), lr=LEARNING_RATE, weight_decay=WEIGHT_DECAY)
    average, started = AveragedWeights(net, EMA), time.process_time()
    while (elapsed := time.process_time() - started) < cpu_second:
        step += 1
        fallen = LEAST_RATE + (1 - LEAST_RATE) * 0.5 * (1 + math.cos(math.pi * elapsed / cpu_second))
        for group in optimizer.param_groups:
            group["lr"] = LEARNING_RATE * min(1.0, step / 30) * fallen
        frames, given, rank, is_there = step_of(learn, BATCH, rng)
        with torch.autocast("cpu", dtype=torch.bfloat16):
            said = net.train()(rows_as_tensors(frames, given, rank))
        asked = torch.from_numpy(is_there[..., None] & ~given[..., :N_VOICES])
        cost = costs(said, torch.from_numpy(frames))
        # No pitch of this file is ever struck anew: that must be learnt, too.
        loss = ((cost.cells + cost.strokes) * asked).sum() / asked.sum()
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


@torch.no_grad()
def shares(net: ChoraleNet, judge: Sequence[NDArray[np.int64]]) -> list[NDArray[np.float64]]:
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
