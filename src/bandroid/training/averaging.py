"""Averaged weights: an exponential moving average of a model's weights, steadier than the weights of any one step.

With it the learning rate need not fall along a schedule, which would have to know when training ends. (Polyak and
Juditsky 1992; as used since, with a short memory at the start: Tensorflow's ExponentialMovingAverage.)
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import torch
from torch import Tensor, nn


class AveragedWeights:
    """The average of a model's weights; everything else in its state (counters, masks) is copied."""

    def __init__(self, model: nn.Module, decay: float) -> None:
        self._live: dict[str, Tensor] = {name: tensor.detach() for name, tensor in model.state_dict().items()}
        self._decay = decay
        self._average = {name: tensor.clone() for name, tensor in self._live.items()}

    @torch.no_grad()
    def follow(self, n_steps: int) -> None:
        """Take the weights after a step in; `n_steps` so far, this one too. The first steps are soon forgotten."""
        decay = min(self._decay, n_steps / (n_steps + 9))
        for name, live in self._live.items():
            if live.is_floating_point():
                self._average[name].lerp_(live, 1.0 - decay)
            else:
                self._average[name].copy_(live)

    def copy(self) -> dict[str, Tensor]:
        """Return the average as tensors of its own, on the processor."""
        return {name: tensor.to("cpu", copy=True) for name, tensor in self._average.items()}

    @torch.no_grad()
    def set(self, weights: Mapping[str, Tensor]) -> None:
        """Put other weights in the average's place; raises KeyError, RuntimeError where they do not fit."""
        for name, tensor in self._average.items():
            tensor.copy_(weights[name])

    @torch.no_grad()
    def set_model(self, weights: Mapping[str, Tensor]) -> None:
        """Put weights into the model itself; raises KeyError, RuntimeError where they do not fit."""
        for name, live in self._live.items():
            live.copy_(weights[name])

    def copy_model(self) -> dict[str, Tensor]:
        """Return the model's own weights as tensors of their own, on the processor."""
        return {name: tensor.to("cpu", copy=True) for name, tensor in self._live.items()}

    @contextmanager
    def in_the_model(self) -> Iterator[None]:
        """Let the model have the averaged weights while the block works."""
        live = {name: tensor.clone() for name, tensor in self._live.items()}
        self.set_model(self._average)
        try:
            yield
        finally:
            self.set_model(live)
