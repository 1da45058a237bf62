"""The `line` model: a small recurrent net over one voice on the grid of 16ths, for drums, melodies and leads over
chords.

An LSTM (Hochreiter and Schmidhuber 1997) follows the line; each step brings facts (generation/line_facts.py) and the
scores of what may come:

    scores = from the state and the facts
           + drums: for each class of drums, whether it is struck; melodies: by degree of the key, by interval from the
             last pitch; over chords: by interval over the root, by the note's role against the chord
           + lookback: for each outcome that stood at this place 1, 2, 4 or 8 bars ago, as it was or as a sequence

Degrees, intervals and chords are scored from where the music is, so what is learnt in one key holds in all. Lookback
and attention stand for those of Melody RNN (Waite 2016): the first is what repeats by bars, the second finds by itself
which earlier steps were like this one, and mixes in what followed there (a pointer sentinel, Merity et al. 2016). A
second, smaller head says how hard each voice is struck.

Letters: B lines, T steps, V outcomes, P pointers, S units of all layers, A numbers of attention, M struck voices.
"""

from __future__ import annotations

import itertools
import math
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from bandroid.generation.line_facts import N_LOUD, LineKind
from bandroid.generation.line_net import LONGEST_MEMORY_STEP
from bandroid.models.config import LineModel
from bandroid.music.chords import QUALITIES, ROLES
from bandroid.representations.grid import FIRST_NOTE, HIGHEST_PITCH, LOWEST_PITCH

N_INTERVALS = 128
"""of scores by interval from the last pitch: -64 to 63 semitones"""
MIDDLE_C = 60 - LOWEST_PITCH + FIRST_NOTE
"""the symbol that stands for the last pitch where there is none"""
N_PITCHES = HIGHEST_PITCH - LOWEST_PITCH + 1
N_ROLES = 4
LOUD_WIDTH = 48
"""units of the head of velocities"""
_SPREAD = 0.1  # of embeddings at the start
_LEAST_PROBABILITY = 1e-12


class Lines(NamedTuple):
    """A batch: B lines of T steps; shorter ones end with steps that `is_there` leaves out."""

    symbols: Tensor
    """int64[B, T]: the outcomes"""
    columns: Tensor
    """int64[B, T, columns]"""
    pointers: Tensor
    """int64[B, T, P]"""
    bases: Tensor
    """int64[B, T, 4]"""
    is_there: Tensor
    """bool[B, T]"""
    loud_at: Tensor
    """int64[M]: which step a struck voice belongs to, line * T + step"""
    loud_columns: Tensor
    """int64[M, columns]"""
    loud: Tensor
    """int64[M]: its velocity class"""


class Heard(NamedTuple):
    """What an LSTM and the head make of steps."""

    scores: Tensor
    """float[B, T, V]"""
    states: Tensor
    """float[B, T, last layer]"""
    attention: Tensor
    """float[B, T, 2 A + 1]: query, key, and the score of looking nowhere; empty without attention"""
    after: tuple[Tensor, Tensor]
    """float[B, S] each: hidden and cell state after the last step"""


class LineNet(nn.Module):
    """The whole net."""

    offset: Tensor
    loud_offset: Tensor
    bits: Tensor
    roles: Tensor

    def __init__(self, config: LineModel, kind: LineKind) -> None:
        super().__init__()
        self.config, self.kind = config, kind
        width, size = config.width, kind.grid.size
        self.embedding = nn.Embedding(sum(kind.sizes), config.embedding)
        sizes = (config.embedding, *config.layers)
        if kind.is_drums:
            n_columns = len(kind.symbol_columns)
            self.of_voice = nn.Parameter(_SPREAD * torch.randn(n_columns, kind.grid.n_voices, config.embedding))
        self.layers = nn.ModuleList(nn.LSTM(a, b, batch_first=True) for a, b in itertools.pairwise(sizes))
        self.drop = nn.Dropout(config.dropout)
        self.hidden = nn.Linear(sizes[-1] + config.embedding, width)
        self.hidden2 = nn.Linear(width, width)
        self.out = nn.Linear(width, size)
        relatives = {"struck": kind.grid.n_voices} if kind.is_drums else {"degree": 12, "interval": N_INTERVALS}
        if kind.has_chords:
            relatives |= {"over_root": 12, "role": N_ROLES}
        if config.lookback:
            relatives["pointers"] = kind.n_pointers
        if config.attention:
            relatives["attention"] = 2 * config.attention + 1
        self.relatives = nn.ModuleDict({name: nn.Linear(width, n) for name, n in relatives.items()})
        self.loud_embedding = nn.Embedding(sum(kind.loud_sizes), LOUD_WIDTH)
        self.loud_state = nn.Linear(sizes[-1], LOUD_WIDTH)
        self.loud_out = nn.Linear(LOUD_WIDTH, N_LOUD - 1)
        for table in (self.embedding, self.loud_embedding):
            nn.init.normal_(table.weight, 0.0, _SPREAD)
        if config.lookback:
            for parameter in self.relatives["pointers"].parameters():
                nn.init.zeros_(parameter)
        self.register_buffer("offset", _offsets(kind.sizes), persistent=False)
        self.register_buffer("loud_offset", _offsets(kind.loud_sizes), persistent=False)
        self.register_buffer("bits", torch.from_numpy(voices_of(kind)), persistent=False)
        self.register_buffer("roles", torch.tensor(role_table()), persistent=False)

    @property
    def state_size(self) -> int:
        """Units of all layers together."""
        return sum(self.config.layers)

    def hear(
        self, columns: Tensor, pointers: Tensor, bases: Tensor, state: tuple[Tensor, Tensor] | None = None
    ) -> Heard:
        """int64[B, T, columns], int64[B, T, P], int64[B, T, 4], a state of float[B, S] twice -> Heard."""
        rows = columns + self.offset
        if not self.config.lookback:
            rows = rows[:, :, self.used_columns]
        facts = functional.embedding(rows, self.table()).sum(dim=2)
        if state is None:
            state = (facts.new_zeros(len(facts), self.state_size),) * 2
        x, afters = facts, []
        for lstm, h, c in zip(
            self.layers, *(torch.split(s, list(self.config.layers), dim=1) for s in state), strict=True
        ):
            x, (h, c) = lstm(self.drop(x), (h[None].contiguous(), c[None].contiguous()))
            afters.append((h[0], c[0]))
        states = x
        z = self.drop(functional.relu(self.hidden(self.drop(torch.cat([states, facts], dim=2)))))
        z = self.drop(functional.relu(self.hidden2(z)))
        scores = self.out(z)
        if self.kind.is_drums:
            scores = scores + self.relatives["struck"](z) @ self.bits.T
        else:
            scores = scores + functional.pad(self._by_pitch(z, bases), (FIRST_NOTE, 0))
        if self.config.lookback:
            strength = self.relatives["pointers"](z) * (pointers > 0)
            scores = scores.scatter_add(2, (pointers - 1).clamp(min=0), strength)
        attention = self.relatives["attention"](z) if self.config.attention else z[:, :, :0]
        after = torch.cat([h for h, _ in afters], dim=1), torch.cat([c for _, c in afters], dim=1)
        return Heard(scores, states, attention, after)

    def table(self) -> Tensor:
        """Return all rows of facts, float[rows, embedding]: of drums that are struck together, what each of them adds
        too.

        So what is learnt of a kick holds for the 256 symbols that it is in.
        """
        if not self.kind.is_drums:
            return self.embedding.weight
        table = self.embedding.weight.clone()
        added = functional.pad(self.bits @ self.of_voice, (0, 0, 1, 0))
        for i, column in enumerate(self.kind.symbol_columns):
            start = int(self.offset[column])
            table[start : start + len(self.bits) + 1] += added[i]
        return table

    @property
    def used_columns(self) -> list[int]:
        """Which columns a net without lookback sees."""
        left_out = self.kind.lookback_columns
        return [index for index in range(len(self.kind.sizes)) if index not in left_out]

    def _by_pitch(self, z: Tensor, bases: Tensor) -> Tensor:
        """Score each pitch by degree, interval, and what it is over the chord: float[B, T, pitches]."""
        pitch = torch.arange(N_PITCHES, device=z.device)
        last, tonic, root, quality = (base[:, :, None] for base in bases.unbind(dim=2))
        last = torch.where(last == 0, MIDDLE_C, last) - FIRST_NOTE
        interval = (pitch - last + N_INTERVALS // 2).clamp(0, N_INTERVALS - 1)
        degree = (pitch + LOWEST_PITCH - tonic) % 12
        scores: Tensor = self.relatives["interval"](z).gather(2, interval)
        scores = scores + self.relatives["degree"](z).gather(2, degree)
        if self.kind.has_chords:
            over_root = (pitch + LOWEST_PITCH - root) % 12
            role = self.roles[quality - 1, over_root]
            over = self.relatives["over_root"](z).gather(2, over_root) + self.relatives["role"](z).gather(2, role)
            scores = scores + over * (quality > 0)
        return scores

    def logs(self, batch: Lines) -> tuple[Tensor, Tensor]:
        """Return log probabilities of all outcomes, float[B, T, V], and the states behind them."""
        heard = self.hear(batch.columns, batch.pointers, batch.bases)
        logs = functional.log_softmax(heard.scores.float(), dim=2)
        if not self.config.attention:
            return logs, heard.states
        weight = self._looks(heard.attention)
        came = functional.one_hot(batch.symbols, self.kind.grid.size).to(weight.dtype)
        mixed = logs.exp() * weight[:, :, :1] + weight[:, :, 1:] @ came
        return torch.log(mixed + _LEAST_PROBABILITY), heard.states

    def _looks(self, attention: Tensor) -> Tensor:
        """float[B, T, 2 A + 1] -> how much each step looks nowhere, then at each earlier step: float[B, T, 1 + T]."""
        size = self.config.attention
        query, key, nowhere = torch.split(attention.float(), [size, size, 1], dim=2)
        # A place is found by the key that the net had there, before it heard what came.
        likeness = query @ key.transpose(1, 2) / math.sqrt(size)
        step = torch.arange(likeness.shape[1], device=likeness.device)
        back = step[:, None] - step
        likeness = likeness.masked_fill((back <= 0) | (back > LONGEST_MEMORY_STEP), -torch.inf)
        return torch.softmax(torch.cat([nowhere, likeness], dim=2), dim=2)

    def loud_scores(self, states: Tensor, columns: Tensor) -> Tensor:
        """float[M, last layer], int64[M, columns] -> scores of velocity classes float[M, 16]."""
        z = self.loud_embedding(columns + self.loud_offset).sum(dim=1) + self.loud_state(self.drop(states))
        scores: Tensor = self.loud_out(functional.relu(z))
        return scores

    def forward(self, batch: Lines) -> tuple[Tensor, Tensor, Tensor]:
        """Return losses in nats: float[n] of the steps that are there, and whether the likeliest came; float[M] of
        velocities.

        Of attention only what it says of the outcome that came is looked at, so the likeliest is the net's own.
        """
        heard = self.hear(batch.columns, batch.pointers, batch.bases)
        there = batch.is_there
        scores, target = heard.scores[there].float(), batch.symbols[there]
        losses = functional.cross_entropy(scores, target, reduction="none")
        if self.config.attention:
            weight = self._looks(heard.attention)
            is_same = batch.symbols[:, :, None] == batch.symbols[:, None, :]
            found = (weight[:, :, 1:] * is_same).sum(dim=2)
            mixed = torch.exp(-losses) * weight[:, :, 0][there] + found[there]
            losses = -torch.log(mixed + _LEAST_PROBABILITY)
        loud = self.loud_scores(heard.states.flatten(0, 1)[batch.loud_at], batch.loud_columns).float()
        return losses, scores.argmax(dim=1) == target, functional.cross_entropy(loud, batch.loud, reduction="none")


def voices_of(kind: LineKind) -> np.ndarray[tuple[int, int], np.dtype[np.float32]]:
    """Return float32[V, voices]: which voices each symbol strikes."""
    return kind.grid.struck(np.arange(kind.grid.size, dtype=np.int32)).astype(np.float32)


def role_table() -> list[list[int]]:
    """Return [quality][interval over the root] -> role."""
    assert len(ROLES) == len(QUALITIES)
    return [list(row) for row in ROLES]


def _offsets(sizes: tuple[int, ...]) -> Tensor:
    """Return int64[columns]: where each column's rows begin in the one table that holds them all."""
    return torch.tensor([0, *sizes[:-1]]).cumsum(0)
