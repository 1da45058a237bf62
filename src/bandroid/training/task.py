"""What a preset hands to the one training loop."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

from torch import Tensor, nn

from bandroid.training.judging import Sample


class Learner(Protocol):
    """What a step of training asks for."""

    @property
    def model(self) -> nn.Module:
        """Return what is trained."""

    def loss(self, step: int, batch_size: int) -> tuple[Tensor, Mapping[str, float]]:
        """Return the loss of a batch (a scalar with gradients) and figures such as "accuracy", 0 to 1.

        The batch is drawn from (the settings' seed, step) alone. The model is in training mode.
        """


class Task(Learner, Protocol):
    """Something to train: a model, its songs, and how to hear what it has learnt.

    The model stands on its device already, its weights drawn from the seed. Nothing may be remembered from call to
    call, so that a training that was broken off goes on as if it had not been: what is random comes from torch, which
    the loop seeds anew before every call, or from `step`.
    """

    @property
    def batches_per_epoch(self) -> int:
        """Return how many batches of the settings' batch_size hold all songs once."""

    def evaluate(self) -> Mapping[str, float]:
        """Return "loss" and, where it makes sense, "accuracy" on the songs held out. The model has averaged weights."""

    def sample(self, step: int, folder: Path | None) -> Sample:
        """Compose a short piece with the averaged weights and say how much it copies; write it into the folder.

        The folder need not exist yet. None: the disk is full, write nothing.
        """
