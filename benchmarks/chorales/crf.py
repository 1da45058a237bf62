"""One voice of a chorale, whole: a linear-chain conditional random field over what is given around it.

    what is given -> table rows (around.py)
                  -> gated convolutions over some bars before and after, wider and wider (van den Oord et al. 2016)
    of each frame -> a score for each symbol: by itself, by its degree, by its interval from each voice that is given;
                     and a score for each interval that the voice may move by into this frame

A line's score is the sum of both along it, and its probability that score among those of all lines there could be
(Lafferty, McCallum and Pereira 2001): exact, though there are 47^T of them, by the forward algorithm. So a note is
right or wrong as a whole, and its octave is that of the notes around it; a net that says each frame by itself, or one
after another, goes astray there.

Letters: B pieces, T frames, N = 47 symbols, I = 92 intervals, F, H numbers.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from bandroid.models.chorale import (
    TINY,
    dropped,
    fact_tables,
    looked_up,
    score_by_degree,
    score_by_interval,
    told_tables,
    width_of,
)
from bandroid.representations.chorale import N_PITCHES, N_SYMBOLS, N_VOICES, REST, TONIC
from bandroid.representations.chorale_rows import LONGEST_RUN, N_DEGREES, N_INTERVALS, PAIRS, given_cells
from benchmarks.chorales.around import around_rows

DILATIONS = (1, 2, 4, 8, 16, 32, 1, 2)
"""frames between what a convolution compares: four bars of 4/4 either way"""
_LEAST = 1e-30
"""so that no logarithm is of nothing"""


@dataclass(frozen=True, slots=True)
class CrfModel:
    """How large the net is, and what it does without while it learns."""

    width: int = 256
    embedding: int = 32
    head: int = 256
    dropout: float = 0.45
    feature_dropout: float = 0.4


class Around(NamedTuple):
    """What the net is told."""

    rows: Tensor
    """int64[B, T, N_AROUND]"""
    given: Tensor
    """int64[B, T, V]: cells that are given, NO_PITCH elsewhere"""
    tonic: Tensor
    """int64[B, T]"""
    asked: Tensor
    """int64[B]: the voice that is asked for"""


class Scores(NamedTuple):
    """What the net says of one voice."""

    cells: Tensor
    """float[B, T, N]: of each symbol in each frame"""
    moves: Tensor
    """float[B, T, I]: of each interval from the frame before, the last one for those from or to a rest"""


def around_as_tensors(frames: NDArray[np.int64], given: NDArray[np.bool_], asked: NDArray[np.int64]) -> Around:
    """int64[B, T, C], bool[B, T, S], int64[B] -> what the net is told."""
    arrays = around_rows(frames, given, asked), given_cells(frames, given), frames[..., TONIC], asked
    return Around(*(torch.from_numpy(np.ascontiguousarray(array)) for array in arrays))


class VoiceCrf(nn.Module):
    """What is given in, scores of lines out."""

    def __init__(self, config: CrfModel) -> None:
        super().__init__()
        self.config = config
        small = config.embedding // 2
        came_from = [(N_SYMBOLS + 1, small), (LONGEST_RUN + 1, TINY), (N_INTERVALS, TINY)] * N_VOICES
        between = [(N_INTERVALS, small)] * len(PAIRS)
        around = [nn.Embedding(*shape) for shape in (*came_from, *between, (N_VOICES, small))]
        self.tables = nn.ModuleList([*told_tables(config.embedding), *fact_tables(config.embedding), *around])
        width = config.width
        self.enter = nn.Linear(width_of(self.tables), width)
        self.blocks = nn.ModuleList(Block(width, dilation) for dilation in DILATIONS)
        self.norm = nn.LayerNorm(width)
        self.think = nn.Linear(width + width_of(self.tables), config.head)
        self.say = nn.Linear(config.head, N_SYMBOLS + N_DEGREES + N_INTERVALS * (N_VOICES + 1))
        nn.init.normal_(self.say.weight, 0.0, 0.02)
        self.of_voice = nn.Embedding(N_VOICES, N_SYMBOLS)
        nn.init.zeros_(self.of_voice.weight)

    def forward(self, around: Around, is_there: Tensor) -> Scores:
        """Return the scores of the voice that is asked for; `is_there` bool[B, T]: frames that are the pieces' own."""
        told = self._drop(looked_up(self.tables, around.rows), self.config.feature_dropout)
        heard, own = self.enter(told), is_there[..., None].to(told.dtype)
        for block in self.blocks:
            heard = heard + self._drop(block(heard, own), self.config.dropout)
        heard = self._drop(self.norm(heard), self.config.dropout)
        thought = functional.relu(self.think(torch.cat([heard, told], dim=2)))
        thought = self._drop(thought, self.config.dropout)
        alone, by_degree, by_interval = self.say(thought).split(
            [N_SYMBOLS, N_DEGREES, N_INTERVALS * (N_VOICES + 1)], dim=2
        )
        by_voice = by_interval.unflatten(2, (N_VOICES + 1, N_INTERVALS))
        alone = alone + self.of_voice(around.asked)[:, None]
        scores = alone[..., :N_PITCHES] + score_by_degree(by_degree, around.tonic)
        for voice in range(N_VOICES):
            scores = scores + score_by_interval(by_voice[:, :, voice], around.given[..., voice])
        cells = torch.cat([scores, alone[..., N_PITCHES:]], dim=2)
        return Scores(cells.float(), by_voice[:, :, N_VOICES].float())

    def _drop(self, x: Tensor, share: float) -> Tensor:
        return dropped(x, share) if self.training else x


class Block(nn.Module):
    """A gated convolution over three frames, so many apart."""

    def __init__(self, width: int, dilation: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(width)
        self.convolve = nn.Conv1d(width, 2 * width, 3, padding=dilation, dilation=dilation)
        self.leave = nn.Conv1d(width, width, 1)

    def forward(self, x: Tensor, own: Tensor) -> Tensor:
        """float[B, T, H], float[B, T, 1]: 0 for frames that are no piece's -> float[B, T, H]."""
        heard = (self.norm(x) * own).transpose(1, 2)
        found: Tensor = self.leave(functional.glu(self.convolve(heard), dim=1)).transpose(1, 2)
        return found


def line_costs(scores: Scores, line: Tensor, is_there: Tensor) -> Tensor:
    """Return what each piece's line int64[B, T] costs: -log of its probability, nats, float[B]; differentiable."""
    chosen = (scores.cells.gather(2, line[..., None])[..., 0] * is_there).sum(dim=1)
    moved = scores.moves[:, 1:].gather(2, _move(line[:, :-1], line[:, 1:])[..., None])[..., 0]
    return log_partition(scores, is_there) - chosen - (moved * is_there[:, 1:]).sum(dim=1)


def log_partition(scores: Scores, is_there: Tensor) -> Tensor:
    """Return the log of the sum of exp(score) over all lines: float[B], by the forward algorithm.

    Each piece's own frames come first in `is_there`. What is summed is divided by its sum in each frame, so that
    nothing under- or overflows.
    """
    highest, farthest = scores.cells.amax(dim=2, keepdim=True), scores.moves.amax(dim=2, keepdim=True)
    cells = (scores.cells - highest).exp().unbind(dim=1)
    moves = (scores.moves - farthest).exp()
    by_interval, by_rest = moves[..., : N_INTERVALS - 1].unbind(dim=1), moves[..., N_INTERVALS - 1 :].unbind(dim=1)
    sums = [cells[0].sum(dim=1)]
    reached = cells[0] / sums[0][:, None]
    for frame in range(1, len(cells)):
        # Rows of intervals, each a semitone on: [from, to], the highest pitch first.
        into = by_interval[frame].unfold(1, N_PITCHES, 1)
        pitches = torch.bmm(reached[:, None, :N_PITCHES].flip(2), into)[:, 0] + reached[:, REST:] * by_rest[frame]
        reached = torch.cat([pitches, by_rest[frame]], dim=1) * cells[frame] + _LEAST
        sums.append(reached.sum(dim=1))
        reached = reached / sums[-1][:, None]
    whole = (torch.stack(sums, dim=1).log() + highest[..., 0]) * is_there
    return whole.sum(dim=1) + (farthest[:, 1:, 0] * is_there[:, 1:]).sum(dim=1)


def marginals(scores: Scores, is_there: Tensor) -> Tensor:
    """Return the probability of each symbol in each frame, over all lines: float[B, T, N].

    It is how much the log of their sum grows with the symbol's score.
    """
    with torch.enable_grad():
        cells = scores.cells.detach().requires_grad_()
        total = log_partition(scores._replace(cells=cells), is_there).sum()
        found: Tensor = torch.autograd.grad(total, cells)[0]
    return found


def _move(last: Tensor, line: Tensor) -> Tensor:
    is_move = (last < REST) & (line < REST)
    return torch.where(is_move, line - last + N_PITCHES - 1, N_INTERVALS - 1)
