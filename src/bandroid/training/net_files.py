"""What a trained net adds to a style: graphs, in eight bits where that costs nothing, and weights to learn further."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeVar

import safetensors.torch
import torch
from torch import Tensor, nn

from bandroid.bundle.graph import rounded
from bandroid.bundle.manifest import Json
from bandroid.training.judging import Evaluation
from bandroid.training.task import Task

WEIGHTS_NAME = "weights.safetensors"
MOST_INT8_LOSS = 0.003
"""eight bits are taken where they cost less than this share of the held-out loss"""

Net = TypeVar("Net", bound=nn.Module)


@dataclass(frozen=True, slots=True, eq=False)
class NetFiles:
    """Graphs, what they are, and weights."""

    graphs: dict[str, bytes]
    model: Mapping[str, Json]
    """for the manifest: what the net is"""
    weights: bytes
    """for whoever wants to learn further: safetensors, float16"""


def exported(
    net: Net,
    small: Net,
    held_out_loss: Callable[[Net], float],
    export: Callable[[Net, bool], dict[str, bytes]],
    check: Callable[[Net, dict[str, bytes]], float],
    facts: Mapping[str, Json],
    most_loss: float = MOST_INT8_LOSS,
) -> NetFiles:
    """Export a net, or `small`, the same rounded to eight bits, where songs held out lose `most_loss` by it at most.

    `check` compares graphs with what they were made from; raises StyleError where they differ.
    """
    is_int8 = held_out_loss(small) <= held_out_loss(net) * (1 + most_loss)
    chosen = small if is_int8 else net
    graphs = export(chosen, is_int8)
    worst = check(chosen, graphs)
    model = {
        **facts,
        "parameters": sum(parameter.numel() for parameter in net.parameters()),
        "weights": "int8" if is_int8 else "float32",
        "parity": float(f"{worst:.0e}"),
    }
    return NetFiles(graphs, model, weights_to_bytes(net.state_dict()))


def eight_bit_copy(net: Net) -> Net:
    """Return a net whose matrices are rounded as graphs of eight-bit constants hold them."""
    small = copy.deepcopy(net)
    with torch.no_grad():
        for parameter in small.parameters():
            parameter.copy_(torch.from_numpy(rounded(parameter.detach().cpu().numpy())))
    return small


def loss_of(task: Task, net: nn.Module) -> float:
    """Return a net's held-out loss in place of the task's own net, whose place it takes meanwhile."""
    own = {name: tensor.clone() for name, tensor in task.model.state_dict().items()}
    was_training = task.model.training
    try:
        task.model.load_state_dict(net.state_dict())
        task.model.eval()
        with torch.no_grad():
            return float(task.evaluate()["loss"])
    finally:
        task.model.load_state_dict(own)
        task.model.train(was_training)


def weights_to_bytes(weights: Mapping[str, Tensor]) -> bytes:
    """Return weights as a safetensors file of float16, sorted by name."""
    halves = {name: weights[name].detach().cpu().half().contiguous() for name in sorted(weights)}
    content: bytes = safetensors.torch.save(halves)
    return content


def figures_of_step(one: Evaluation) -> dict[str, float]:
    """Return how a net did after a step, for the card."""
    return {
        "steps": float(one.step),
        "bits_per_note_own_held_out": round(one.held_out_loss, 4),
        "copy_rate_of_sample": round(one.copy_rate, 4),
    }
