"""One step of training: a batch's loss, its gradients, the optimizer; and the way back to earlier weights."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from bandroid.presets import TrainingSettings
from bandroid.training.averaging import AveragedWeights
from bandroid.training.course import Course
from bandroid.training.probe import Probe, in_precision
from bandroid.training.task import Learner

_LEAST_RATE = 0.05
"""share of the learning rate that is left where it has fallen"""


@dataclass(frozen=True, slots=True)
class Step:
    """What a step came to."""

    loss: float
    figures: Mapping[str, float]
    learning_rate: float
    is_finite: bool
    """whether loss and gradients were numbers; else no weight was changed"""


class Stepper:
    """A model that learns: its optimizer and the average of its weights.

    On a processor the same step from the same weights gives the same weights, bit for bit, with the same number of
    cores; graphics cards add up in an order of their own, so that breaks there may show in the last digits.
    """

    def __init__(self, task: Learner, settings: TrainingSettings, chosen: Probe) -> None:
        self._task, self._settings, self._chosen = task, settings, chosen
        self.device = next(task.model.parameters()).device
        self.average = AveragedWeights(task.model, settings.ema_decay)
        self.optimizer = _optimizer(task, settings)

    def step(self, course: Course) -> Step:
        """Learn from the batch of the course's step."""
        model = self._task.model
        model.train()
        self.seed(course.step, "step")
        with in_precision(self._chosen.precision, self.device):
            loss, figures = self._task.loss(course.step, self._chosen.batch_size)
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        norm = torch.nn.utils.clip_grad_norm_(model.parameters(), self._settings.gradient_clip)
        value, rate = float(loss.detach()), self.learning_rate(course)
        is_finite = math.isfinite(value) and math.isfinite(float(norm))
        if is_finite:
            for group in self.optimizer.param_groups:
                group["lr"] = rate
            self.optimizer.step()
            self.average.follow(course.step)
        return Step(value, figures, rate, is_finite)

    def learning_rate(self, course: Course) -> float:
        """Return the rate at the course's step: warming up, constant or falling, halved with every collapse."""
        warm = min((course.step - course.warm_from) / (self._settings.warmup_steps + 1), 1.0)
        fallen = 1.0
        if self._settings.decay_steps:
            done = min(course.step / self._settings.decay_steps, 1.0)
            fallen = _LEAST_RATE + (1 - _LEAST_RATE) * 0.5 * (1 + math.cos(math.pi * done))
        return self._settings.learning_rate * course.rate_factor * warm * fallen

    def take_up(self, weights: Mapping[str, Tensor]) -> None:
        """Go on from other weights, with nothing remembered of the way here."""
        self.average.set(weights)
        self.average.set_model(weights)
        self.optimizer.state.clear()

    def seed(self, step: int, what: str) -> None:
        """Seed torch for a step, a test or a sample, so that it draws the same whatever came before.

        Not by torch.manual_seed: where there is no graphics card it remembers every call, in case one comes up.
        """
        digest = hashlib.sha256(f"{self._settings.seed} {step} {what}".encode()).digest()
        number = int.from_bytes(digest[:8], "big") >> 1
        torch.default_generator.manual_seed(number)
        if self.device.type == "cuda":
            torch.cuda.manual_seed(number)
        elif self.device.type == "mps":
            torch.mps.manual_seed(number)


def _optimizer(task: Learner, settings: TrainingSettings) -> torch.optim.AdamW:
    """Return AdamW (Loshchilov and Hutter 2019); matrices decay, biases and scales do not."""
    matrices = [weight for weight in task.model.parameters() if weight.requires_grad and weight.ndim >= 2]
    others = [weight for weight in task.model.parameters() if weight.requires_grad and weight.ndim < 2]
    groups = [{"params": matrices, "weight_decay": settings.weight_decay}, {"params": others, "weight_decay": 0.0}]
    return torch.optim.AdamW([group for group in groups if group["params"]], lr=settings.learning_rate)
