"""Checkpoints: tensors in safetensors, the rest in JSON with the tensors' sha256. No pickle, so no code.

The tensors are written first, beside their place, and renamed; then the JSON in the same way. A checkpoint counts only
when its JSON is whole and names the tensors' sha256: whatever is cut off where, the one before it is still there.
"""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import safetensors.torch
from safetensors import SafetensorError
from torch import Tensor

from bandroid.errors import RunError
from bandroid.files import WITH_HOME, write_atomically

FORMAT = 1


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """Everything that training goes on from."""

    step: int
    tensors: dict[str, Tensor]
    state: dict[str, Any]
    """plain values"""


def save_checkpoint(folder: Path, checkpoint: Checkpoint) -> int:
    """Write a checkpoint into a folder and return its size in bytes; raises MachineError, UserError.

    The one of the same step, if there is one, is replaced.
    """
    content = safetensors.torch.save({name: tensor.contiguous() for name, tensor in checkpoint.tensors.items()})
    facts = {
        "format": FORMAT,
        "step": checkpoint.step,
        "sha256": hashlib.sha256(content).hexdigest(),
        "state": checkpoint.state,
    }
    text = json.dumps(facts, allow_nan=False).encode()
    tensors, words = _paths(folder, checkpoint.step)
    write_atomically(tensors, content, WITH_HOME)
    write_atomically(words, text, WITH_HOME)
    return len(content) + len(text)


def load_checkpoint(folder: Path, step: int) -> Checkpoint | None:
    """Read the checkpoint of a step; None where it is missing, cut off or damaged. Raises RunError for a newer one."""
    tensors, words = _paths(folder, step)
    try:
        facts = json.loads(words.read_bytes())
        if int(facts["format"]) > FORMAT:
            raise RunError(f"the checkpoint of step {step} was written by a newer bandroid: update bandroid to go on")
        content = tensors.read_bytes()
        if hashlib.sha256(content).hexdigest() != facts["sha256"]:
            return None
        return Checkpoint(step, safetensors.torch.load(content), dict(facts["state"]))
    except (OSError, ValueError, KeyError, TypeError, SafetensorError):
        return None


def steps_in(folder: Path) -> list[int]:
    """Return the steps that a folder has checkpoints of, whole or not, in order."""
    found = (re.fullmatch(r"step-(\d+)\.json", path.name) for path in folder.glob("step-*.json"))
    return sorted(int(match[1]) for match in found if match)


def remove_checkpoints(folder: Path, *, keep: Collection[int]) -> None:
    """Delete all checkpoints but some, and what is left of any that were cut off."""
    wanted = {path.name for step in keep for path in _paths(folder, step)}
    for path in [*folder.glob("step-*"), *folder.glob(".step-*")]:
        if path.name not in wanted:
            path.unlink(missing_ok=True)


def size_byte(folder: Path) -> int:
    """Return how much room a folder's files take."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def first_to_go(steps: Iterable[int], keep: Collection[int]) -> int | None:
    """Return the step to do without next, so that the others stay most even on a log scale of steps.

    (100, 200, 300, 400, 800), keep {800} -> 300: of all it is the nearest to its neighbours. Beginnings differ more
    than ends: 100 from 200 as much as 400 from 800. The first step stays as long as another can go; None where all
    are to be kept.
    """
    ordered = sorted(steps)
    best: tuple[float, int] | None = None
    for index, step in enumerate(ordered):
        if step in keep:
            continue
        if 0 < index < len(ordered) - 1:
            gap = math.log(ordered[index + 1] / max(ordered[index - 1], 1))
        else:
            gap = math.inf
        if best is None or gap < best[0]:
            best = (gap, step)
    return best[1] if best else None


def split_tensors(tensors: Mapping[str, Tensor], room: str) -> dict[str, Tensor]:
    """Return the tensors of one room without its name: {"model/a": x, "average/a": y}, "model" -> {"a": x}."""
    prefix = f"{room}/"
    return {name.removeprefix(prefix): tensor for name, tensor in tensors.items() if name.startswith(prefix)}


def _paths(folder: Path, step: int) -> tuple[Path, Path]:
    return folder / f"step-{step:08d}.safetensors", folder / f"step-{step:08d}.json"
