"""Train the presets of one line: their batches, their test, their samples (training/task.py)."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from bandroid.bundle.export_line import export_line
from bandroid.generation.compose import Piece, Wish
from bandroid.generation.line_compose import compose_line
from bandroid.generation.line_facts import transposed
from bandroid.generation.line_net import LineRuntime
from bandroid.generation.line_style import LineStyle
from bandroid.models.config import LineModel
from bandroid.models.line import LineNet, Lines
from bandroid.presets import TrainingSettings
from bandroid.representations.grid import FIRST_NOTE
from bandroid.representations.line import excerpt
from bandroid.training.judging import Sample, Yardsticks
from bandroid.training.line_lessons import LineLessons, Recorded, recorded_line
from bandroid.training.quick import LEAST_COPY_RATE, SAMPLE_BARS, sample_of

PASSAGE_STEPS = 256
"""a passage that a step of training follows: 16 bars of 4/4, from the beginning of any bar"""
_TEST_LINES = 8
"""lines of the songs held out that are heard side by side"""
_FRESH_SHARE = 0.5
"""of the passages begin as if nothing had been before: pieces begin so, and most songs' first bars are no beat yet"""
_FARTHEST_SHIFT = 6
"""semitones up or down that a passage is moved by, drawn anew each time"""


class LineTask:
    """What the training loop asks for. Losses are bits for a note: of its steps, and of how hard it is struck."""

    def __init__(
        self, lessons: LineLessons, config: LineModel, settings: TrainingSettings, device: torch.device, name: str
    ) -> None:
        torch.manual_seed(settings.seed)
        self.model = LineNet(config, lessons.kind).to(device)
        self._lessons, self._seed, self._device, self._name = lessons, settings.seed, device, name
        n_steps = sum(len(one.line) for one in lessons.lines)
        self.batches_per_epoch = max(round(n_steps / PASSAGE_STEPS / settings.batch_size), 1)
        n_bars = np.array([one.line.bar_step.size - 1 for one in lessons.lines])
        chance = n_bars * np.array([one.weight for one in lessons.lines])
        self._chance = chance / chance.sum()
        in_order = sorted(lessons.held_out, key=lambda one: len(one.line))
        groups = [in_order[first : first + _TEST_LINES] for first in range(0, len(in_order), _TEST_LINES)]
        self._held_out = [self._batch([(one, 0, len(one.line), 0) for one in group]) for group in groups]
        self._n_held_out_notes = max(sum(one.n_notes for one in lessons.held_out), 1)

    @property
    def yardsticks(self) -> Yardsticks:
        """What the figures are held against."""
        symbols = np.concatenate([one.line.symbols for one in self._lessons.lines])
        share = np.bincount(symbols) / symbols.size
        nats = -float((share[share > 0] * np.log(share[share > 0])).sum())
        n_notes = sum(one.n_notes for one in self._lessons.lines)
        return Yardsticks(
            copy_habit=max(self._lessons.copy_habit.share_p95, LEAST_COPY_RATE),
            # Loudness guessed among sixteen, besides.
            unigram_loss=(nats * symbols.size / max(n_notes, 1) + math.log(16)) / math.log(2),
            ngram_loss=self._lessons.ngram_bits_per_note,
        )

    def loss(self, step: int, batch_size: int) -> tuple[Tensor, Mapping[str, float]]:
        """Draw passages, each from some bar on and moved into some key, and return what they cost."""
        rng = np.random.default_rng([self._seed, step])
        kind, passages = self._lessons.kind, []
        for index in rng.choice(len(self._lessons.lines), batch_size, p=self._chance).tolist():
            one = self._lessons.lines[index]
            # Any bar is a start, but for the very last ones of a longer line.
            n_starts = int(np.searchsorted(one.line.bar_step, max(len(one.line) - PASSAGE_STEPS // 4, 1)))
            bar = int(rng.integers(max(n_starts, 1)))
            first = int(one.line.bar_step[bar])
            if rng.random() < _FRESH_SHARE:
                last_bar = min(
                    int(np.searchsorted(one.line.bar_step, first + PASSAGE_STEPS)), one.line.bar_step.size - 1
                )
                one, first = recorded_line(excerpt(one.line, bar, last_bar), kind), 0
            down, up = (min(room, _FARTHEST_SHIFT) for room in one.room(kind))
            passages.append((one, first, min(first + PASSAGE_STEPS, len(one.line)), int(rng.integers(-down, up + 1))))
        nats, right, n_notes = self._nats(self._batch(passages))
        return nats / max(n_notes, 1) / math.log(2), {"accuracy": float(right)}

    def evaluate(self) -> Mapping[str, float]:
        """Return bits per note and accuracy on the songs held out."""
        found = [self._nats(batch) for batch in self._held_out]
        n_steps = [int(batch.is_there.sum()) for batch in self._held_out]
        nats = sum(float(one) for one, _, _ in found)
        right = sum(float(share) * n for (_, share, _), n in zip(found, n_steps, strict=True)) / sum(n_steps)
        return {"loss": nats / math.log(2) / self._n_held_out_notes, "accuracy": right}

    def sample(self, step: int, folder: Path | None) -> Sample:
        """Compose a short piece, without the guard against copying: that is what is to be seen."""
        style = self.style(export_line(self.model, is_int8=False))
        piece = compose_line(style, Wish(n_bars=SAMPLE_BARS, copy_guard=False), self._seed, step)
        return sample_of(piece, _problem_of(piece), folder and folder / f"{self._name}-step-{step}.mid")

    def style(self, graphs: Mapping[str, bytes]) -> LineStyle:
        """Return the style as it is with these graphs."""
        learnt = self._lessons.learnt
        return LineStyle(
            name=self._name,
            style_hash="",
            runtime=LineRuntime(graphs, self._lessons.kind),
            line_ups=learnt.line_ups,
            typical=learnt.typical,
            longest_run=learnt.longest_run,
            longest_gap_step=learnt.longest_gap_step,
            harmony=learnt.harmony,
            index=learnt.index,
            copy_habit=self._lessons.copy_habit,
        )

    def _nats(self, batch: Lines) -> tuple[Tensor, Tensor, int]:
        """Return nats of steps and velocities together, the share of steps foreseen, and how many notes there are."""
        losses, right, loud = self.model(batch)
        return losses.sum() + loud.sum(), right.float().mean(), int(loud.numel())

    def _batch(self, passages: Sequence[tuple[Recorded, int, int, int]]) -> Lines:
        """Lay passages side by side: each a line, its first step, its end, and how far it is moved."""
        kind = self._lessons.kind
        n_steps = max(end - first for _, first, end, _ in passages)
        shape = (len(passages), n_steps)
        symbols, is_there = np.zeros(shape, dtype=np.int64), np.zeros(shape, dtype=np.bool_)
        columns = np.zeros((*shape, len(kind.sizes)), dtype=np.int64)
        pointers, bases = np.zeros((*shape, kind.n_pointers), np.int64), np.zeros((*shape, 4), np.int64)
        loud_at, loud_columns, loud = [], [], []
        for row, (one, first, end, shift) in enumerate(passages):
            n, facts = end - first, transposed(one.facts.rows(first, end), kind, shift)
            these = one.line.symbols[first:end].astype(np.int64)
            symbols[row, :n] = np.where(these >= FIRST_NOTE, these + shift, these)
            is_there[row, :n] = True
            columns[row, :n], pointers[row, :n], bases[row, :n] = facts.columns, facts.pointers, facts.bases
            begin, stop = np.searchsorted(one.loud_step, (first, end))
            loud_at.append(row * n_steps + one.loud_step[begin:stop] - first)
            loud_columns.append(one.loud_columns[begin:stop])
            loud.append(one.loud[begin:stop])
        arrays = (symbols, columns, pointers, bases, is_there, *map(np.concatenate, (loud_at, loud_columns, loud)))
        return Lines(*(torch.from_numpy(array).to(self._device) for array in arrays))


def _problem_of(piece: Piece) -> str | None:
    """Say what is plainly wrong with a piece, after "its sample"; None where nothing is.

    A net that has just begun writes poor tunes; two notes of its own are no collapse.
    """
    notes = piece.song.parts[0].notes
    if len(notes) < SAMPLE_BARS // 2:
        return "is nearly silent"
    if not piece.song.parts[0].is_drum and np.unique(notes.pitch).size < 2:
        return "plays one note only"
    return None
