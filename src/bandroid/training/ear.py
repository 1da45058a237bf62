"""Train a latent space's ear (models/ear.py): a minute or two, on the windows that the space learnt from.

It takes the steps of the one training loop without its checkpoints and tests: whoever is broken off here has lost
that, and an ear that has heard a little too much still hears.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from bandroid.bundle.export_ear import check_ear_parity, export_ear
from bandroid.models.ear import Ear
from bandroid.presets import TrainingSettings
from bandroid.representations.window import Patches
from bandroid.training.course import Course
from bandroid.training.net_files import eight_bit_copy
from bandroid.training.probe import Probe
from bandroid.training.space_lessons import Report, SpaceLessons
from bandroid.training.stepping import Stepper

MOST_STEPS, BATCH = 2500, 128
"""of windows of two bars; of longer ones a batch has as many half bars"""
_SETTINGS = TrainingSettings(
    learning_rate=4e-3, batch_growth=1, weight_decay=0.0, ema_decay=0.99, warmup_steps=50, precision="fp32", threads=1
)


class EarLearner:
    """What a step of training asks for. Losses are bits a step."""

    def __init__(self, lessons: SpaceLessons, seed: int) -> None:
        torch.manual_seed(seed)
        self.model = Ear(lessons.kind.voices[0])
        self._lessons, self._seed = lessons, seed

    def loss(self, step: int, batch_size: int) -> tuple[Tensor, Mapping[str, float]]:
        """Draw windows and return what they cost."""
        return self.bits(self._lessons.draw(np.random.default_rng([self._seed, step, 1]), batch_size)), {}

    def bits(self, patches: Patches) -> Tensor:
        """Return what a step of windows costs."""
        nats = self.model(torch.from_numpy(patches.symbols[:, :, 0]), torch.from_numpy(patches.lengths))
        bits: Tensor = nats.sum() / float(patches.lengths.sum()) / math.log(2)
        return bits


def learn_ear(lessons: SpaceLessons, n_steps: int, seed: int, report: Report) -> tuple[dict[str, bytes], float]:
    """Return the ear of a space of one voice as a graph by its file name, and the bits a step that held-out windows
    cost it; nothing for spaces of several voices, which judge by themselves."""
    if len(lessons.kind.voices) > 1:
        return {}, math.nan
    n_steps = min(n_steps, MOST_STEPS)
    batch_size = max(BATCH * 4 // lessons.kind.n_patches, 8)
    settings = replace(_SETTINGS, decay_steps=n_steps, batch_size=batch_size, seed=seed)
    learner = EarLearner(lessons, seed)
    stepper, course = Stepper(learner, settings, Probe("fp32", 1, batch_size, 0.0)), Course()
    for _ in range(n_steps):
        course.step += 1
        stepper.step(course)
        report(course.step, n_steps)
    learner.model = net = eight_bit_copy(learner.model).eval()
    graphs = export_ear(net, lessons.kind, is_int8=True)
    check_ear_parity(net, lessons.kind, graphs)
    with torch.no_grad():
        return graphs, float(learner.bits(lessons.held_out))
