"""Train four voices: their batches, their test, their samples (training/task.py)."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from bandroid.bundle.export_chorale import export_chorale
from bandroid.critique.chorale_features import N_FEATURES
from bandroid.critique.telling import Teller
from bandroid.generation.chorale_compose import compose_chorale
from bandroid.generation.chorale_net import ChoraleRuntime
from bandroid.generation.chorale_style import ChoraleStyle
from bandroid.generation.compose import Wish
from bandroid.models.chorale import ChoraleNet, costs, rows_as_tensors
from bandroid.models.config import ChoraleModel
from bandroid.presets import TrainingSettings
from bandroid.representations.chorale import CELLS, N_STREAMS, N_SYMBOLS, N_VOICES, is_changed
from bandroid.training.chorale_lessons import ChoraleLessons, padded, step_of
from bandroid.training.judging import Sample, Yardsticks
from bandroid.training.quick import LEAST_COPY_RATE, SAMPLE_BARS, problem_of, sample_of

MOST_HELD_OUT = 40
"""pieces that a style brings for a quiz"""
NO_CRITIC = Teller(np.zeros(N_FEATURES), np.ones(N_FEATURES), np.zeros(N_FEATURES), 0.0)
"""to whom all pieces are alike: on the way there is no time to learn one"""
_AT_ONCE = 16
"""pieces that are tested side by side"""


class ChoraleTask:
    """What the training loop asks for. Losses are bits for a cell: a 16th of a voice, its strokes and fermatas too."""

    def __init__(
        self, lessons: ChoraleLessons, config: ChoraleModel, settings: TrainingSettings, device: torch.device, name: str
    ) -> None:
        torch.manual_seed(settings.seed)
        self.model = ChoraleNet(config).to(device)
        self._lessons, self._seed, self._device, self._name = lessons, settings.seed, device, name
        self.batches_per_epoch = max(round(len(lessons.pieces) / settings.batch_size), 1)

    @property
    def yardsticks(self) -> Yardsticks:
        """What the figures are held against."""
        cells = np.concatenate([piece[:, CELLS].ravel() for piece in self._lessons.pieces])
        share = np.bincount(cells, minlength=N_SYMBOLS) / cells.size
        bits = -float((share[share > 0] * np.log2(share[share > 0])).sum())
        return Yardsticks(
            copy_habit=max(self._lessons.copy_habit.share_p95, LEAST_COPY_RATE),
            unigram_loss=bits + 1.0,
            loss_unit="bits per cell",
        )

    def loss(self, step: int, batch_size: int) -> tuple[Tensor, Mapping[str, float]]:
        """Draw pieces and return what a cell of them costs that is not given."""
        rng = np.random.default_rng([self._seed, step])
        frames, given, rank, is_there = step_of(self._lessons.pieces, batch_size, rng, self._lessons.chance)
        said = self.model(rows_as_tensors(frames, given, rank, self._device))
        target = torch.from_numpy(frames).to(self._device)
        cost = costs(said, target)
        asked = torch.from_numpy(is_there[..., None] & ~given[..., :N_VOICES]).to(self._device)
        is_open = torch.from_numpy(is_there & ~given[..., N_VOICES]).to(self._device)
        total = ((cost.cells + cost.strokes) * asked).sum() + (cost.fermatas * is_open).sum()
        n_cells = asked.sum().clamp(min=1)
        right = ((said.symbols.argmax(dim=3) == target[..., CELLS]) & asked).sum() / n_cells
        return total / n_cells / math.log(2), {"accuracy": float(right)}

    def evaluate(self) -> Mapping[str, float]:
        """Return bits per cell of the pieces held out with nothing given, and how many cells that change are right.

        `nats_per_cell` leaves strokes and fermatas out; `nats_given_soprano` is the same of three voices to a fourth.
        """
        alone, with_soprano = self._measured(()), self._measured((0,))
        n_cells = sum(piece.shape[0] * N_VOICES for piece in self._lessons.held_out)
        return {
            "loss": alone["all"] / n_cells / math.log(2),
            "accuracy": alone["right"] / max(alone["changed"], 1),
            "nats_per_cell": alone["cells"] / n_cells,
            "nats_given_soprano": with_soprano["cells"] / (n_cells * (N_VOICES - 1) / N_VOICES),
        }

    def _measured(self, given_voices: Sequence[int]) -> dict[str, float]:
        total = dict.fromkeys(("all", "cells", "right", "changed"), 0.0)
        pieces = sorted(self._lessons.held_out, key=len)
        for at in range(0, len(pieces), _AT_ONCE):
            batch = pieces[at : at + _AT_ONCE]
            frames, is_there = padded(batch)
            given = np.zeros((*is_there.shape, N_STREAMS), dtype=np.bool_)
            given[:, :, list(given_voices)] = is_there[..., None]
            said = self.model(rows_as_tensors(frames, given, device=self._device))
            cost = costs(said, torch.from_numpy(frames).to(self._device))
            free = torch.from_numpy(is_there[..., None] & ~given[..., :N_VOICES]).to(self._device)
            there = torch.from_numpy(is_there).to(self._device)
            cells = float((cost.cells * free).sum())
            total["cells"] += cells
            total["all"] += cells + float((cost.strokes * free).sum() + (cost.fermatas * there).sum())
            changed = np.stack([is_changed(one[:, CELLS]) for one in frames]) & free.cpu().numpy()
            total["right"] += float(((said.symbols.argmax(dim=3).cpu().numpy() == frames[..., CELLS]) & changed).sum())
            total["changed"] += float(changed.sum())
        return total

    def sample(self, step: int, folder: Path | None) -> Sample:
        """Compose a short piece, without the guard against copying: that is what is to be seen."""
        style = self.style(export_chorale(self.model, is_int8=False))
        piece = compose_chorale(style, Wish(n_bars=SAMPLE_BARS, copy_guard=False), self._seed, step)
        return sample_of(piece, problem_of(piece), folder and folder / f"{self._name}-step-{step}.mid")

    def style(self, graphs: Mapping[str, bytes]) -> ChoraleStyle:
        """Return the style as it is with these graphs."""
        lessons, runtime = self._lessons, ChoraleRuntime(graphs)
        return ChoraleStyle(
            name=self._name,
            style_hash="",
            runtime=runtime,
            openings=lessons.openings,
            pieces=lessons.all_cells,
            held_out=lessons.held_out[:MOST_HELD_OUT],
            critic=NO_CRITIC,
            index=lessons.index,
            copy_habit=lessons.copy_habit,
        )


def nats_per_cell(runtime: ChoraleRuntime, pieces: Sequence[NDArray[np.int64]]) -> float:
    """Return what a cell of unseen pieces costs, strokes and fermatas too, nats."""
    total = n_cells = 0.0
    for piece in pieces[:_AT_ONCE]:
        nats = runtime.nats(piece[None], np.zeros((1, len(piece), N_STREAMS), dtype=np.bool_))
        total += float(nats.cells.sum() + nats.strokes.sum() + nats.fermatas.sum())
        n_cells += len(piece) * N_VOICES
    return total / max(n_cells, 1.0)
