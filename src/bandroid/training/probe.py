"""Ten steps before training choose how to compute here: cores, precision, batch size. The choice is kept with the run.

Each is timed on the real task, not looked up: whether a processor's bf16 units pay, or a second core does, depends on
the model's size and on what else the machine does. The choice changes the numbers, so a run goes on with its own.
"""

from __future__ import annotations

import math
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from typing import Any

import torch

from bandroid.errors import MachineError, WishError
from bandroid.presets import TrainingSettings
from bandroid.training.task import Task

_BF16_GAIN = 1.25
"""bf16 must be this much faster: its eight bits of mantissa cost some accuracy"""
_BF16_TOLERANCE = 0.05
"""and its loss this near to fp32's, as a share"""
_GROWTH_GAIN = 1.4
"""a larger batch must learn from this much more music a second: it takes fewer steps in the same time"""
_THREADS_GAIN = 1.1
"""more cores must be this much faster: whoever works beside us has use for them"""
_STEPS_EACH = 2
"""the first warms up, the faster one counts: five choices at most are ten steps"""


@dataclass(frozen=True, slots=True)
class Probe:
    """How this run computes."""

    precision: str
    """"fp32" or "bf16\""""
    threads: int
    batch_size: int
    step_second: float
    """what a step took, without the optimizer's share"""

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def find_device(name: str) -> torch.device:
    """Return the device called auto, cpu, cuda or mps (auto: the fastest there is); raises WishError, MachineError."""
    there = {"cpu": True, "cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    if name == "auto":
        return torch.device(next(kind for kind in ("cuda", "mps", "cpu") if there[kind]))
    if name not in there:
        raise WishError(f"--device {name}: choose auto, cpu, cuda or mps")
    if not there[name]:
        what = "NVIDIA card that PyTorch can use" if name == "cuda" else "graphics processor of a Mac"
        raise MachineError(f"--device {name}: this machine has no {what}; --device auto takes what there is")
    return torch.device(name)


def probe(task: Task, settings: TrainingSettings) -> Probe:
    """Time a few steps of the task and return what is fastest; the model's weights stay as they are.

    What the settings fix is not tried. Raises MachineError where not even one passage fits into memory.
    """
    device = next(task.model.parameters()).device
    kept = {name: tensor.clone() for name, tensor in task.model.state_dict().items()}
    cores = usable_cores() if settings.threads == 0 else settings.threads
    best = _first(task, Probe(_plain(settings), cores, settings.batch_size, math.inf))
    if device.type == "cpu" and settings.threads == 0:
        for threads in sorted({max(cores // 2, 1), 1} - {cores}, reverse=True):
            found = _timed(task, replace(best, threads=threads))
            if found.step_second < best.step_second * (_THREADS_GAIN if found.threads < best.threads else 1.0):
                best = found
    if settings.precision == "auto" and device.type != "mps":
        half = _try(task, replace(best, precision="bf16"))
        if half and half.step_second * _BF16_GAIN <= best.step_second and _agree(task, best, half):
            best = half
    if settings.batch_growth > 1:
        larger = _try(task, replace(best, batch_size=best.batch_size * settings.batch_growth))
        if larger and best.step_second * settings.batch_growth >= larger.step_second * _GROWTH_GAIN:
            best = larger
    task.model.load_state_dict(kept)
    task.model.zero_grad(set_to_none=True)
    return replace(best, step_second=round(best.step_second, 5))


@contextmanager
def on_cores(threads: int) -> Iterator[None]:
    """Let torch use so many cores while the block works. Sums depend on it: they are added up in another order."""
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def in_precision(precision: str, device: torch.device) -> torch.autocast:
    """Return a block's context in which matrix products are computed with "fp32" or "bf16" numbers."""
    return torch.autocast(device.type, torch.bfloat16, enabled=precision == "bf16")


def usable_cores() -> int:
    """Return how many cores this process may use (fewer than the machine has, in a container)."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _plain(settings: TrainingSettings) -> str:
    return "bf16" if settings.precision == "bf16" else "fp32"


def _first(task: Task, wanted: Probe) -> Probe:
    """Time the plain choice; a batch too large for the memory is halved until it fits."""
    while True:
        found = _try(task, wanted)
        if found:
            return found
        if wanted.batch_size == 1:
            raise MachineError(
                "there is not enough memory to train this: make the model smaller with --set"
                if wanted.precision == "fp32"
                else "this machine cannot train it with --set precision=bf16: leave that out"
            )
        wanted = replace(wanted, batch_size=wanted.batch_size // 2)


def _try(task: Task, wanted: Probe) -> Probe | None:
    """Time a choice; None where it does not fit into the memory, or where the processor has no such numbers."""
    try:
        return _timed(task, wanted)
    except (torch.OutOfMemoryError, MemoryError):
        task.model.zero_grad(set_to_none=True)
        if torch.cuda.is_available():
            torch.cuda.empty_cache()
        return None
    except RuntimeError:
        # oneDNN raises this for recurrent layers in bf16 on processors without units for them.
        if wanted.precision != "bf16":
            raise
        task.model.zero_grad(set_to_none=True)
        return None


def _timed(task: Task, wanted: Probe) -> Probe:
    device = next(task.model.parameters()).device
    task.model.train()
    seconds = []
    with on_cores(wanted.threads), in_precision(wanted.precision, device):
        for step in range(1, _STEPS_EACH + 1):
            start = time.perf_counter()
            _loss_of(task, step, wanted.batch_size).backward()  # type: ignore[no-untyped-call]
            if device.type == "cuda":
                torch.cuda.synchronize(device)
            seconds.append(time.perf_counter() - start)
            task.model.zero_grad(set_to_none=True)
    return replace(wanted, step_second=min(seconds))


def _agree(task: Task, one: Probe, other: Probe) -> bool:
    """Say whether two ways to compute come to about the same loss."""
    device = next(task.model.parameters()).device
    losses = []
    for way in (one, other):
        with on_cores(way.threads), in_precision(way.precision, device), torch.no_grad():
            losses.append(float(_loss_of(task, 1, way.batch_size)))
    return math.isfinite(losses[1]) and abs(losses[1] - losses[0]) <= _BF16_TOLERANCE * abs(losses[0])


def _loss_of(task: Task, step: int, batch_size: int) -> torch.Tensor:
    torch.manual_seed(step)
    return task.loss(step, batch_size)[0]
