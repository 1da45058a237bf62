"""Train the `quick` preset: its batches, its test, its samples (training/task.py), and the style that comes out."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from bandroid.bundle.export import export_quick
from bandroid.errors import WishError
from bandroid.generation.choices import CHOICES
from bandroid.generation.compose import Piece, Wish, compose
from bandroid.generation.counts import FrozenCounts
from bandroid.generation.features import EVENT_SIZES, SIZES
from bandroid.generation.net import Net
from bandroid.generation.style import ScoreStyle
from bandroid.models.config import QuickModel
from bandroid.models.quick import Choices, QuickNet
from bandroid.music.midi_writer import write_midi
from bandroid.presets import TrainingSettings
from bandroid.training.judging import Sample, Yardsticks
from bandroid.training.quick_lessons import QuickLessons
from bandroid.training.recording import Passage

SAMPLE_BARS = 16
LEAST_COPY_RATE = 0.04  # a band that never quotes itself may still be met by chance
_SILENT_SHARE, _LEAST_PITCHES = 0.9, 3


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """Some passages side by side."""

    events: Tensor
    """int64[B, T, columns]; shorter passages end with rows of zeros, which no choice looks behind"""
    choices: dict[str, Choices]


class QuickTask:
    """What the training loop asks for. Losses are bits for a note of the songs, whether written out or repeated."""

    def __init__(
        self, lessons: QuickLessons, config: QuickModel, settings: TrainingSettings, device: torch.device, name: str
    ) -> None:
        torch.manual_seed(settings.seed)
        self.model = QuickNet(config).to(device)
        self.batches_per_epoch = max(-(-len(lessons.passages) // settings.batch_size), 1)
        self._lessons, self._seed, self._device, self._name = lessons, settings.seed, device, name
        held_out = [passage for one in lessons.held_out for passage in one.passages]
        self._held_out = [batch([passage], device) for passage in held_out]
        self._n_held_out_notes = sum(one.n_notes for one in lessons.held_out)
        # What a choice costs in nats, as bits for a note: the held-out songs' relation holds for all.
        n_choices = sum(one.n_choices for one in lessons.held_out)
        self._bits_for_nats = n_choices / self._n_held_out_notes / math.log(2)

    @property
    def yardsticks(self) -> Yardsticks:
        """What the figures are held against."""
        return Yardsticks(
            copy_habit=max(self._lessons.copy_habit.share_p95, LEAST_COPY_RATE),
            unigram_loss=_unigram_loss(self._lessons.passages) * self._bits_for_nats,
            ngram_loss=self._lessons.ngram_bits_per_note,
        )

    def loss(self, step: int, batch_size: int) -> tuple[Tensor, Mapping[str, float]]:
        """Draw passages and return what their choices cost on average."""
        passages, rng = self._lessons.passages, np.random.default_rng([self._seed, step])
        drawn = rng.choice(len(passages), min(batch_size, len(passages)), replace=False, p=self._lessons.chance)
        these = batch([passages[index] for index in drawn], self._device)
        found = self.model(these.events, these.choices)
        losses = torch.cat([losses for losses, _ in found.values()])
        right = torch.cat([right for _, right in found.values()])
        return losses.mean() * self._bits_for_nats, {"accuracy": float(right.float().mean())}

    def evaluate(self) -> Mapping[str, float]:
        """Return bits per note and accuracy on the songs held out."""
        nats, n_right, n_choices = 0.0, 0, 0
        for these in self._held_out:
            for losses, right in self.model(these.events, these.choices).values():
                nats += float(losses.double().sum())
                n_right += int(right.sum())
                n_choices += len(right)
        return {"loss": nats / math.log(2) / self._n_held_out_notes, "accuracy": n_right / max(n_choices, 1)}

    def sample(self, step: int, folder: Path | None) -> Sample:
        """Compose a short piece, without the guard against copying: that is what is to be seen."""
        style = self.style(export_quick(self.model, is_int8=False))
        piece = compose(style, Wish(n_bars=SAMPLE_BARS, copy_guard=False), self._seed, step)
        return sample_of(piece, problem_of(piece), folder and folder / f"{self._name}-step-{step}.mid")

    def style(self, graphs: Mapping[str, bytes]) -> ScoreStyle:
        """Return the style as it is with these graphs."""
        learnt = self._lessons.learnt
        return ScoreStyle(
            name=self._name,
            style_hash="",
            counts=FrozenCounts(learnt.counts),
            weights=learnt.weights,
            order=learnt.order,
            line_ups=learnt.line_ups,
            net=Net(graphs),
            index=learnt.index,
            copy_habit=self._lessons.copy_habit,
        )


def batch(passages: Sequence[Passage], device: torch.device) -> Batch:
    """Lay passages side by side."""
    n_events = max(len(passage.events) for passage in passages)
    events = np.zeros((len(passages), n_events, len(EVENT_SIZES)), dtype=np.int64)
    for row, passage in enumerate(passages):
        events[row, : len(passage.events)] = passage.events
    choices = {}
    for name in SIZES:
        those = [(row, passage.rows[name]) for row, passage in enumerate(passages) if name in passage.rows]
        if those:
            at = np.concatenate([row * (n_events + 1) + rows.n_heard for row, rows in those])
            columns = zip(*((rows.target, rows.features, rows.logs, rows.allowed) for _, rows in those), strict=True)
            target, features, logs, allowed = (torch.from_numpy(np.concatenate(column)) for column in columns)
            tensors = (torch.from_numpy(at), target, features.long(), logs, allowed)
            choices[name] = Choices(*(tensor.to(device) for tensor in tensors))
    return Batch(torch.from_numpy(events).to(device), choices)


def sample_of(piece: Piece, problem: str | None, path: Path | None) -> Sample:
    """Say how much a piece copies, and write it down where there is a path."""
    if path is not None:
        write_midi(piece.song, path, comment=piece.comment)
    return Sample(piece.copies.share if piece.copies else 0.0, problem, () if path is None else (path,))


def problem_of(piece: Piece) -> str | None:
    """Say what is plainly wrong with a piece, after "its sample"; None where nothing is."""
    pitched = [part.notes.pitch for part in piece.song.parts if not part.is_drum and len(part.notes)]
    if piece.song.n_notes < SAMPLE_BARS or piece.habits.silent_share > _SILENT_SHARE:
        return "is nearly silent"
    if pitched and np.unique(np.concatenate(pitched)).size < _LEAST_PITCHES:
        return "plays one note only"
    return None


def check_size(net_of: Callable[[], nn.Module]) -> None:
    """Raise WishError for a net of a size that is no use."""
    with torch.device("meta"):  # sizes alone: the net itself might not fit into memory
        n_parameters = sum(parameter.numel() for parameter in net_of().parameters())
    if n_parameters > 40_000_000:
        raise WishError(
            f"a net of {n_parameters / 1e6:.0f} million numbers is too large for a folder of songs: make layers, "
            "embedding or width smaller with --set"
        )


def _unigram_loss(passages: Sequence[Passage]) -> float:
    """Return nats for a choice when outcomes are guessed by their frequency among the songs themselves."""
    nats, n_choices = 0.0, 0
    for name in SIZES:
        targets = [passage.rows[name].target for passage in passages if name in passage.rows]
        if targets:
            n = np.bincount(np.concatenate(targets), minlength=CHOICES[name].size)
            n = n[n > 0]
            nats -= float((n * np.log(n / n.sum())).sum())
            n_choices += int(n.sum())
    return nats / max(n_choices, 1)
