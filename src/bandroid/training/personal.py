"""Train a folder's own space within a large one (training/task.py): points in, points out. Seconds, not minutes."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from bandroid.bundle.export_personal import export_personal
from bandroid.errors import WishError
from bandroid.generation.compose import Wish
from bandroid.generation.personal_net import PersonalRuntime
from bandroid.generation.space_compose import compose_space
from bandroid.generation.space_net import SpaceRuntime
from bandroid.generation.space_style import SpaceStyle
from bandroid.models.config import PersonalModel
from bandroid.models.personal import PersonalNet
from bandroid.presets import TrainingSettings
from bandroid.representations.window import patches_of
from bandroid.training.judging import Sample, Yardsticks
from bandroid.training.quick import LEAST_COPY_RATE, SAMPLE_BARS, sample_of
from bandroid.training.space import bands_of
from bandroid.training.space_evaluation import accuracy
from bandroid.training.space_lessons import SpaceLessons
from bandroid.training.space_place import located, most_windows, place_of

MOST_WINDOWS = 4000
"""of a folder that are learnt from"""
_FUZZ = 0.3
"""standard deviation that a number of z may be missed by for nothing, besides its own"""
_LOOKS = 300


class PersonalTask:
    """What the training loop asks for. Losses are bits for a window's point."""

    def __init__(
        self,
        lessons: SpaceLessons,
        base: Mapping[str, bytes],
        config: PersonalModel,
        settings: TrainingSettings,
        device: torch.device,
        name: str,
    ) -> None:
        torch.manual_seed(settings.seed)
        self._lessons, self._base, self._config, self._device = lessons, dict(base), config, device
        self._seed, self._name = settings.seed, name
        runtime = SpaceRuntime(base, lessons.kind)
        n_windows = min(most_windows(lessons.kind, MOST_WINDOWS), 4 * lessons.n_windows)
        windows = lessons.windows(np.random.default_rng([settings.seed, 0]), n_windows)
        mean, log_variance = located(runtime, patches_of(windows, lessons.kind))
        self._points = torch.from_numpy(mean.astype(np.float32)).to(device)
        self._spread = torch.from_numpy(np.exp(log_variance).astype(np.float32)).to(device)
        held_out, held_out_log = located(runtime, lessons.held_out)
        self._held_out = torch.from_numpy(held_out.astype(np.float32)).to(device)
        self._held_out_spread = torch.from_numpy(np.exp(held_out_log).astype(np.float32)).to(device)
        self.model = PersonalNet(config, mean.shape[1]).to(device)
        self.model.centre.copy_(self._points.mean(dim=0))
        self.model.scale.copy_(self._points.std(dim=0).clamp(min=0.05))
        self.batches_per_epoch = max(round(n_windows / settings.batch_size), 1)

    @property
    def yardsticks(self) -> Yardsticks:
        """What the figures are held against."""
        habit = max(self._lessons.copy_habit.share_p95, LEAST_COPY_RATE)
        return Yardsticks(copy_habit=habit, loss_unit="bits per window")

    def loss(self, step: int, batch_size: int) -> tuple[Tensor, Mapping[str, float]]:
        """Draw points and return what they cost."""
        rows = torch.from_numpy(np.random.default_rng([self._seed, step]).integers(0, len(self._points), batch_size))
        return self._cost(self._points[rows], self._spread[rows], is_drawn=True), {}

    def evaluate(self) -> Mapping[str, float]:
        """Return bits per window of the songs held out, and how many of their onsets come back."""
        runtime = PersonalRuntime({**self._base, **export_personal(self.model)}, self._lessons.kind)
        patches = self._lessons.held_out
        right, onsets = accuracy(runtime, patches, runtime.encode(patches).mean)
        cost = self._cost(self._held_out, self._held_out_spread, is_drawn=False)
        return {"loss": float(cost), "accuracy": onsets, "accuracy_all_steps": right}

    def sample(self, step: int, folder: Path | None) -> Sample:
        """Compose a short piece, without the guard against copying: that is what is to be seen."""
        style = self.style({**self._base, **export_personal(self.model)}, _LOOKS)
        try:
            piece = compose_space(style, Wish(n_bars=SAMPLE_BARS, copy_guard=False), self._seed, step)
        except WishError:
            return Sample(0.0, "is silent")
        return sample_of(piece, None, folder and folder / f"{self._name}-step-{step}.mid")

    def style(self, graphs: Mapping[str, bytes], n_windows: int = 1000) -> SpaceStyle:
        """Return the style as it is with these graphs."""
        lessons, runtime = self._lessons, PersonalRuntime(graphs, self._lessons.kind)
        n_windows = min(most_windows(lessons.kind, n_windows), 4 * lessons.n_windows)
        windows = lessons.windows(np.random.default_rng([self._seed, 0]), n_windows)
        place, bands = place_of(runtime, windows), bands_of(lessons)
        return SpaceStyle(self._name, "", runtime, place, bands, lessons.index, lessons.copy_habit)

    def _cost(self, z: Tensor, spread: Tensor, *, is_drawn: bool) -> Tensor:
        """float[B, Z] twice -> bits for a point: how far it is missed, by what it may be, and the own space."""
        mean, log_variance = self.model.encode(z)
        noise = torch.randn_like(mean) if is_drawn else torch.zeros_like(mean)
        found = self.model.decode(mean + torch.exp(0.5 * log_variance) * noise).float()
        missed = (0.5 * (found - z) ** 2 / (spread + _FUZZ**2)).sum(dim=1)
        kl = 0.5 * (mean**2 + log_variance.exp() - 1 - log_variance).sum(dim=1)
        return (missed + self._config.beta * kl).mean() / math.log(2)
