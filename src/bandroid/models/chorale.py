"""Chorales: one recurrent net that writes four voices frame by frame, and hears what is given past and future.

    frames so far -> each voice's last pitch, how long it has sounded, what it was before, intervals between voices,
                     place in the bar -> two LSTM layers (Hochreiter and Schmidhuber 1997)
    what is given -> a layer both ways over the whole piece, nothing at all where nothing is given
    a frame       -> voice after voice in a fixed order: a score for each pitch by itself, and by its interval from the
                     voice's own last pitch, from the voices of this frame that are chosen or given, from the last
                     pitch of those that are not

So the chain rule gives an exact likelihood in time order, and the same net harmonises. Scores by interval are the
same in every key. Weights between frames are dropped while it learns (Merity et al. 2018).

Letters: B pieces, T frames, V = 4 voices, N = 47 symbols, E, F, H numbers.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.func import functional_call
from torch.nn import functional

from bandroid.models.config import ChoraleModel
from bandroid.representations.chorale import N_PITCHES, N_SYMBOLS, N_VOICES, NO_PITCH, REST

ORDER = (0, 1, 2, 3)
"""voices in the order in which a frame is written: soprano, alto, tenor, bass"""
LONGEST_RUN = 16
"""16ths that a pitch has sounded; longer is as long"""
N_INTERVALS = 2 * N_PITCHES
"""a semitone each; the last stands for no interval"""
BAR_STEPS = 16
_PAIRS = ((0, 1), (0, 2), (0, 3), (1, 2), (1, 3), (2, 3))


class Past(NamedTuple):
    """What is known of the frames before each frame."""

    last: Tensor
    """int64[B, T, V]: each voice's last pitch"""
    before: Tensor
    """int64[B, T, V]: the pitch that it left for that"""
    run: Tensor
    """int64[B, T, V]: 16ths that it has sounded, beyond the first, LONGEST_RUN at most"""


def past_of(cells: Tensor) -> Past:
    """int64[B, T, V] -> what each frame knows of those before it."""
    n_frames = cells.shape[1]
    last = torch.cat([torch.full_like(cells[:, :1], NO_PITCH), cells[:, :-1]], dim=1)
    frame = torch.arange(n_frames, device=cells.device)[None, :, None]
    is_new = torch.ones_like(last, dtype=torch.bool)
    is_new[:, 1:] = last[:, 1:] != last[:, :-1]
    since = torch.where(is_new, frame, 0).cummax(dim=1).values
    left = last.gather(1, (since - 1).clamp(min=0))
    return Past(last, torch.where(since > 0, left, NO_PITCH), (frame - since).clamp(max=LONGEST_RUN))


def interval(upper: Tensor, lower: Tensor) -> Tensor:
    """int64[...] twice -> the interval's number, N_INTERVALS - 1 where either is no pitch."""
    is_heard = (upper < REST) & (lower < REST)
    return torch.where(is_heard, upper - lower + N_PITCHES - 1, N_INTERVALS - 1)


class Remembering(nn.Module):
    """An LSTM layer whose weights from frame to frame are dropped while it learns."""

    def __init__(self, n_in: int, width: int, weight_dropout: float) -> None:
        super().__init__()
        self.layer = nn.LSTM(n_in, width, batch_first=True)
        self._weight_dropout = weight_dropout

    def forward(self, x: Tensor) -> Tensor:
        """float[B, T, F] -> float[B, T, H]."""
        if not self.training or not self._weight_dropout:
            states: Tensor = self.layer(x)[0]
            return states
        weights: dict[str, Tensor] = dict(self.layer.named_parameters())
        weights["weight_hh_l0"] = functional.dropout(weights["weight_hh_l0"], self._weight_dropout)
        remembered: Tensor = functional_call(self.layer, weights, (x,))[0]
        return remembered


class ChoraleNet(nn.Module):
    """Cells in, nats out."""

    def __init__(self, config: ChoraleModel) -> None:
        super().__init__()
        self.config = config
        small, tiny = config.embedding // 2, 12
        self.last = nn.ModuleList(nn.Embedding(N_SYMBOLS + 1, config.embedding) for _ in range(N_VOICES))
        self.before = nn.ModuleList(nn.Embedding(N_SYMBOLS + 1, small) for _ in range(N_VOICES))
        self.runs = nn.ModuleList(nn.Embedding(LONGEST_RUN + 1, tiny) for _ in range(N_VOICES))
        self.moves = nn.ModuleList(nn.Embedding(N_INTERVALS, tiny) for _ in range(N_VOICES))
        self.between = nn.ModuleList(nn.Embedding(N_INTERVALS, small) for _ in _PAIRS)
        self.place = nn.Embedding(BAR_STEPS, small)
        n_heard = N_VOICES * (config.embedding + small + 2 * tiny) + len(_PAIRS) * small + small
        self.given = nn.ModuleList(nn.Embedding(N_SYMBOLS + 1, config.embedding) for _ in range(N_VOICES))
        self.hear = nn.LSTM(N_VOICES * config.embedding + small, config.context, batch_first=True, bidirectional=True)
        n_context = 2 * config.context
        self.enter = nn.Linear(n_heard + n_context, config.width)
        self.first = Remembering(config.width, config.width, config.weight_dropout)
        self.second = Remembering(config.width, config.width, config.weight_dropout)
        self.chosen = _each_pair(N_SYMBOLS + 1, config.embedding)
        self.chosen_from_own = _each_pair(N_INTERVALS, small)
        self.chosen_moves = _each_pair(N_INTERVALS, small)
        n_told = config.width + n_heard + n_context + (N_VOICES - 1) * (config.embedding + 2 * small)
        self.think = nn.ModuleList(nn.Linear(n_told, config.head) for _ in range(N_VOICES))
        # By itself, by its own last pitch, and by each other voice's pitch of this frame or of the last.
        n_said = N_SYMBOLS + N_INTERVALS * (1 + 2 * (N_VOICES - 1))
        heads = [nn.Linear(config.head, n_said) for _ in range(N_VOICES)]
        for head in heads:
            nn.init.normal_(head.weight, 0.0, 0.02)
        self.say = nn.ModuleList(heads)

    def forward(self, cells: Tensor, given: Tensor) -> Tensor:
        """int64[B, T, V], bool[B, T, V] -> log-probability of each symbol in each cell, float[B, T, V, N].

        Each cell is told all frames before it, the voices before it in ORDER in its own frame, and what is given
        anywhere: in a piece of which nothing is given, nothing else.
        """
        past = past_of(cells)
        heard = self._drop_heard(self._heard(past))
        context = self._context(cells, given)
        entered = functional.relu(self.enter(torch.cat([heard, context], dim=2)))
        remembered = self._drop(self.first(self._drop_heard(entered)))
        remembered = self._drop(self.second(remembered) + remembered)
        known = torch.cat([remembered, heard, context], dim=2)
        scores = [self._scores(voice, known, cells, given, past) for voice in range(N_VOICES)]
        return torch.log_softmax(torch.stack(scores, dim=2).float(), dim=3)

    def _heard(self, past: Past) -> Tensor:
        """Return what is heard of the past: float[B, T, F]."""
        n_frames = past.last.shape[1]
        parts = []
        for voice in range(N_VOICES):
            last, before = past.last[..., voice], past.before[..., voice]
            parts += [self.last[voice](last), self.before[voice](before), self.runs[voice](past.run[..., voice])]
            parts.append(self.moves[voice](interval(last, before)))
        parts += [
            table(interval(past.last[..., one], past.last[..., other]))
            for table, (one, other) in zip(self.between, _PAIRS, strict=True)
        ]
        place = self.place(torch.arange(n_frames, device=past.last.device) % BAR_STEPS)
        return torch.cat([*parts, place.expand(len(past.last), -1, -1)], dim=2)

    def _context(self, cells: Tensor, given: Tensor) -> Tensor:
        """Return what is heard of what is given: float[B, T, 2 context], 0 for a piece of which nothing is."""
        told = torch.where(given, cells, NO_PITCH)
        place = self.place(torch.arange(cells.shape[1], device=cells.device) % BAR_STEPS)
        parts = [table(told[..., voice]) for voice, table in enumerate(self.given)]
        heard, _ = self.hear(torch.cat([*parts, place.expand(len(cells), -1, -1)], dim=2))
        return self._drop_heard(heard) * given.any(dim=2).any(dim=1)[:, None, None]

    def _scores(self, voice: int, known: Tensor, cells: Tensor, given: Tensor, past: Past) -> Tensor:
        """Return scores of a voice's symbols, float[B, T, N]."""
        chosen = ORDER[: ORDER.index(voice)]
        others = [other for other in range(N_VOICES) if other != voice]
        own, told, references = past.last[..., voice], [known], []
        for number, other in enumerate(others):
            is_known = torch.ones_like(given[..., other]) if other in chosen else given[..., other]
            now, last = torch.where(is_known, cells[..., other], NO_PITCH), past.last[..., other]
            tables = (self.chosen, self.chosen_from_own, self.chosen_moves)
            numbers = (now, interval(now, own), interval(now, last))
            told += [_of_pair(table, voice, number)(one) for table, one in zip(tables, numbers, strict=True)]
            references.append((now, torch.where(is_known, NO_PITCH, last)))
        thought = self._drop(functional.relu(self.think[voice](torch.cat(told, dim=2))))
        said = self.say[voice](thought)
        alone, by_own, *by_others = said.split([N_SYMBOLS] + [N_INTERVALS] * (1 + 2 * len(others)), dim=2)
        scores = alone[..., :N_PITCHES] + _by_interval(by_own, own)
        for (now, last), by_now, by_last in zip(references, by_others[::2], by_others[1::2], strict=True):
            scores = scores + _by_interval(by_now, now) + _by_interval(by_last, last)
        return torch.cat([scores, alone[..., N_PITCHES:]], dim=2)

    def _drop(self, x: Tensor) -> Tensor:
        return functional.dropout(x, self.config.dropout, self.training)

    def _drop_heard(self, x: Tensor) -> Tensor:
        return functional.dropout(x, self.config.feature_dropout, self.training)


def cell_nats(log_shares: Tensor, cells: Tensor) -> Tensor:
    """float[B, T, V, N], int64[B, T, V] -> what each cell costs, nats, float[B, T, V]."""
    return -log_shares.gather(3, cells[..., None])[..., 0]


def _by_interval(scores: Tensor, reference: Tensor) -> Tensor:
    """float[B, T, N_INTERVALS], int64[B, T] -> a score for each pitch by its interval, float[B, T, N_PITCHES].

    Where the reference is no pitch all pitches have the same.
    """
    pitch = torch.arange(N_PITCHES, device=reference.device)
    return scores.gather(2, interval(pitch, reference[..., None]))


def _each_pair(n_rows: int, width: int) -> nn.ModuleList:
    """Return tables by voice and other voice."""
    return nn.ModuleList(
        nn.ModuleList(nn.Embedding(n_rows, width) for _ in range(N_VOICES - 1)) for _ in range(N_VOICES)
    )


def _of_pair(tables: nn.ModuleList, voice: int, number: int) -> nn.Module:
    row = tables[voice]
    assert isinstance(row, nn.ModuleList)
    return row[number]
