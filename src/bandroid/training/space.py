"""Train the latent spaces: their batches, their test, their samples (training/task.py)."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from bandroid.bundle.export_space import export_space
from bandroid.errors import WishError
from bandroid.generation.compose import Wish
from bandroid.generation.space_compose import compose_space
from bandroid.generation.space_net import SpaceRuntime
from bandroid.generation.space_place import Place
from bandroid.generation.space_style import SpaceBand, SpaceStyle, player_of
from bandroid.models.config import SpaceModel
from bandroid.models.vae import Costs, SpaceNet, Windows, capacity
from bandroid.music.swing import STRAIGHT
from bandroid.presets import TrainingSettings
from bandroid.representations.score_vocabulary import METRES
from bandroid.representations.sheet import TEMPO_RANGE_QPM
from bandroid.representations.window import Patches
from bandroid.training.judging import Sample, Yardsticks
from bandroid.training.quick import LEAST_COPY_RATE, SAMPLE_BARS, sample_of
from bandroid.training.space_evaluation import accuracy, wrong_z
from bandroid.training.space_lessons import SpaceLessons
from bandroid.training.space_place import N_WINDOWS, most_windows, place_of

_AT_ONCE = 100
"""windows that are tested side by side"""
_QUICK_LOOK = 300
"""windows that tell where a space lies, for a sample on the way"""
_ACTIVE_NATS = 0.05
"""a number of z that holds more is in use"""


class SpaceTask:
    """What the training loop asks for. Losses are bits for a step of a voice: of the window, and of z as weighed."""

    def __init__(
        self, lessons: SpaceLessons, config: SpaceModel, settings: TrainingSettings, device: torch.device, name: str
    ) -> None:
        torch.manual_seed(settings.seed)
        self.model = SpaceNet(config, lessons.kind).to(device)
        self._lessons, self._config, self._seed, self._device = lessons, config, settings.seed, device
        self._name = name
        self.batches_per_epoch = max(round(lessons.n_windows / settings.batch_size), 1)

    @property
    def yardsticks(self) -> Yardsticks:
        """What the figures are held against."""
        patches = self._lessons.draw(np.random.default_rng(0), 256)
        nats = 0.0
        for index in range(len(self._lessons.kind.voices)):
            symbols = patches.symbols[:, :, index][patches.is_there[:, index]]
            share = np.unique(symbols, return_counts=True)[1] / max(symbols.size, 1)
            nats += -float((share * np.log(share)).sum())
        return Yardsticks(
            copy_habit=max(self._lessons.copy_habit.share_p95, LEAST_COPY_RATE),
            # Loudness costs as much again at the worst.
            unigram_loss=2 * nats / len(self._lessons.kind.voices) / math.log(2) + 1.0,
            loss_unit="bits per step",
        )

    def loss(self, step: int, batch_size: int) -> tuple[Tensor, Mapping[str, float]]:
        """Draw windows and return what they cost, z by as much as it weighs by now."""
        patches = self._lessons.draw(np.random.default_rng([self._seed, step]), batch_size)
        costs, right = self.model(self._windows(patches), self._config.hearing)
        config = self._config
        grown = (step - config.beta_from_step) / max(config.beta_full_step - config.beta_from_step, 1)
        beta = config.beta * min(max(grown, 0.0), 1.0)
        total = _music(costs).mean() + capacity(costs.kl, beta, config.free_bits)
        return total / _steps_each(patches) / math.log(2), {"accuracy": float(right)}

    def evaluate(self) -> Mapping[str, float]:
        """Return bits per step, free-running accuracy on onsets from the mean of z, and whether z is heeded.

        `accuracy_wrong_z` is what is right of a window when it is written from another window's z.
        """
        patches, model = self._lessons.held_out, self.model
        parts = [slice(at, at + _AT_ONCE) for at in range(0, len(patches), _AT_ONCE)]
        each = [model(self._windows(patches.rows(part)), 1.0)[0] for part in parts]
        costs = Costs(*map(torch.cat, zip(*each, strict=True)))
        kl = costs.kl.mean(dim=0)
        loss = _music(costs).mean() + capacity(costs.kl, self._config.beta, self._config.free_bits)
        runtime = SpaceRuntime(export_space(model, is_int8=False), self._lessons.kind)
        mean = runtime.encode(patches).mean
        right, onsets = accuracy(runtime, patches, mean)
        wrong, _ = accuracy(runtime, patches, wrong_z(mean))
        return {
            "loss": float(loss) / _steps_each(patches) / math.log(2),
            "accuracy": onsets,
            "accuracy_all_steps": right,
            "accuracy_wrong_z": wrong,
            "kl_bits": float(kl.sum()) / math.log(2),
            "kl_bits_largest": float(kl.max()) / math.log(2),
            "active_units": float((kl > _ACTIVE_NATS).sum()),
            "bound_nats": float((costs.cells + costs.steps + costs.kl.sum(dim=1)).mean()),
        }

    def sample(self, step: int, folder: Path | None) -> Sample:
        """Compose a short piece, without the guard against copying: that is what is to be seen."""
        style = self.style(export_space(self.model, is_int8=False), _QUICK_LOOK)
        try:
            piece = compose_space(style, Wish(n_bars=SAMPLE_BARS, copy_guard=False), self._seed, step)
        except WishError:
            return Sample(0.0, "is silent")
        return sample_of(piece, None, folder and folder / f"{self._name}-step-{step}.mid")

    def style(self, graphs: Mapping[str, bytes], n_windows: int = N_WINDOWS) -> SpaceStyle:
        """Return the style as it is with these graphs."""
        lessons, runtime = self._lessons, SpaceRuntime(graphs, self._lessons.kind)
        return SpaceStyle(
            name=self._name,
            style_hash="",
            runtime=runtime,
            place=self.place(runtime, n_windows),
            bands=bands_of(lessons),
            index=lessons.index,
            copy_habit=lessons.copy_habit,
        )

    def place(self, runtime: SpaceRuntime, n_windows: int) -> Place:
        """Return where the training's windows lie: the same every time."""
        n_windows = most_windows(runtime.kind, n_windows)
        return place_of(runtime, self._lessons.windows(np.random.default_rng([self._seed, 0]), n_windows))

    def _windows(self, patches: Patches) -> Windows:
        arrays = (patches.symbols, patches.velocity, patches.cells, patches.lengths, patches.players)
        return Windows(*(torch.from_numpy(array).to(self._device) for array in arrays))


def _music(costs: Costs) -> Tensor:
    return costs.cells + costs.steps + costs.loudness


def _steps_each(patches: Patches) -> float:
    """Return how many steps a window has on average, voices that are there counted apart."""
    return float((patches.lengths.sum(axis=1) * patches.is_there.sum(axis=1)).mean())


def bands_of(lessons: SpaceLessons) -> tuple[SpaceBand, ...]:
    """Return who plays in the songs, how fast, in which metre; songs of a metre that cannot be written are left out."""
    bands = []
    low, high = TEMPO_RANGE_QPM
    for song, habits in zip(lessons.all_songs, lessons.habits, strict=True):
        bar_steps = int(song.bar_step[song.starts[0][0] + 1] - song.bar_step[song.starts[0][0]])
        metre = next(
            (
                (change.numerator, change.denominator)
                for change in song.song.metres
                if 16 * change.numerator == bar_steps * change.denominator
            ),
            (4, 4) if bar_steps == 16 else (bar_steps, 16),
        )
        if metre not in METRES:
            continue
        tempo_qpm = song.song.tempos[0].tempo_qpm if song.song.tempos else 120.0
        players = tuple(
            player_of(voice, parts[0]) if parts else None
            for voice, parts in zip(lessons.kind.voices, song.parts, strict=True)
        )
        bands.append(SpaceBand(players, round(min(max(tempo_qpm, low), high), 3), metre, song.swing, habits))
    nobody = (None,) * len(lessons.kind.voices)
    return tuple(bands) or (SpaceBand(nobody, 120.0, (4, 4), STRAIGHT, lessons.habits[0]),)
