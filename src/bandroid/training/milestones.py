"""Milestones: the averaged weights of some steps on the way, each of which can be made into a style and heard."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Mapping

import safetensors.torch
from safetensors import SafetensorError
from torch import Tensor

from bandroid.errors import RunError
from bandroid.files import WITH_HOME, write_atomically
from bandroid.training.judging import Evaluation
from bandroid.training.run_folder import RunFolder

_WEIGHTS, _FACTS = "weights.safetensors", "milestone.json"


def save_milestone(run: RunFolder, evaluation: Evaluation, weights: Mapping[str, Tensor]) -> None:
    """Write the averaged weights of a step, with how it did; raises MachineError, UserError."""
    folder = run.milestone(evaluation.step)
    content = safetensors.torch.save({name: tensor.contiguous() for name, tensor in weights.items()})
    facts = {"sha256": hashlib.sha256(content).hexdigest(), "evaluation": evaluation.as_json()}
    write_atomically(folder / _WEIGHTS, content, WITH_HOME)
    write_atomically(folder / _FACTS, json.dumps(facts, indent=2).encode(), WITH_HOME)


def load_milestone(run: RunFolder, step: int) -> tuple[dict[str, Tensor], Evaluation]:
    """Return the averaged weights of a step, and how it did; raises RunError where they are missing or damaged."""
    folder = run.milestone(step)
    try:
        facts = json.loads((folder / _FACTS).read_bytes())
        content = (folder / _WEIGHTS).read_bytes()
        evaluation = Evaluation.from_json(facts["evaluation"])
        is_whole = hashlib.sha256(content).hexdigest() == facts["sha256"]
    except (OSError, ValueError, KeyError, TypeError):
        there = ", ".join(map(str, run.milestone_steps())) or "none"
        raise RunError(f"run {run.name}: there is no milestone of step {step} (there is: {there})") from None
    try:
        if is_whole:
            weights: dict[str, Tensor] = safetensors.torch.load(content)
            return weights, evaluation
    except SafetensorError:
        pass
    raise RunError(f"run {run.name}: the milestone of step {step} is cut off or was changed (wrong sha256)")


def remove_milestone(run: RunFolder, step: int) -> None:
    """Delete the weights of a step; its sample stays."""
    shutil.rmtree(run.milestone(step), ignore_errors=True)
