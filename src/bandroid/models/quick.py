"""The `quick` model: a small recurrent net over scores that weighs what the counts propose.

Each part of a song is one stream of events: its cells (silent, repeated, new) and the notes that it wrote. A GRU (Cho
et al. 2014) follows the stream. Before each choice, the net looks at its state and at facts about the place (what led
here, what the other parts play), and scores every outcome:

    scores = from the state and the facts
           + by interval from the last pitch, from the partner's pitch, from the bass; by step from the last onset
           + for each outcome that something points to: what followed there and then, what a partner does now
           + by how each pitch agrees with what sounds in the other parts, and with what sounded lately
           + a weight for each chain of counts, times what that chain says of the outcome, as log probability

The last line mixes in the band's counts and the song's own (generation/ngram.py), with weights that the net chooses
for each place anew. So the net begins as an even mixture of the counts, and learns whom to trust where.
"""

from __future__ import annotations

import itertools
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from bandroid.generation.choices import CHOICES
from bandroid.generation.features import (
    EVENT_SIZES,
    PITCH_BASS,
    PITCH_LAST,
    PITCH_PARTNER,
    POINTERS,
    POSITION_LAST,
    SIZES,
    TONES,
)
from bandroid.generation.ngram import N_CHAINS, SUM_OF_WEIGHTS
from bandroid.models.config import QuickModel

MIDDLE_C = 60
"""stands for the last pitch where there is none"""
TONE_KERNEL = 24
"""how much is liked of each of twelve tones counted from a pitch: of what sounds now, of what sounded lately"""
_SPREAD = 0.1  # of embeddings at the start


class Choices(NamedTuple):
    """N choices of one kind, out of any streams of a batch."""

    at: Tensor
    """int64[N]: which state they are made from, stream * (events + 1) + events heard so far"""
    target: Tensor
    """int64[N]: the outcome that came"""
    features: Tensor
    """int64[N, columns]: see generation/features.py"""
    logs: Tensor
    """float16[N, chains, outcomes]: log probabilities by the counts"""
    allowed: Tensor
    """bool[N, outcomes]"""


class Recurrence(nn.Module):
    """Events -> states."""

    offset: Tensor

    def __init__(self, config: QuickModel) -> None:
        super().__init__()
        self.embedding = nn.Embedding(sum(EVENT_SIZES), config.embedding)
        sizes = (config.embedding, *config.layers)
        self.sizes = list(config.layers)
        self.layers = nn.ModuleList(nn.GRU(a, b, batch_first=True) for a, b in itertools.pairwise(sizes))
        self.drop = nn.Dropout(config.dropout)
        self.register_buffer("offset", _offsets(EVENT_SIZES), persistent=False)
        nn.init.normal_(self.embedding.weight, 0.0, _SPREAD)

    def forward(self, events: Tensor, state: Tensor | None = None) -> Tensor:
        """int64[B, T, columns], float[B, sum(layers)] -> float[B, T + 1, sum(layers)]: from before the first event."""
        x = self.embedding(events + self.offset).sum(dim=2)
        if state is None:
            state = x.new_zeros(len(x), sum(self.sizes))
        tracks = []
        starts = torch.split(state, self.sizes, dim=1)
        for gru, first in zip(self.layers, starts, strict=True):
            x, _ = gru(self.drop(x), first[None].contiguous())
            tracks.append(torch.cat([first[:, None], x], dim=1))
        return torch.cat(tracks, dim=2)


class Head(nn.Module):
    """State, features and counts -> a score for each outcome of one kind of choice."""

    offset: Tensor

    def __init__(self, config: QuickModel, name: str) -> None:
        super().__init__()
        width, self.choice = config.width, CHOICES[name]
        self.embedding = nn.Embedding(sum(SIZES[name]), width)
        self.state = nn.Linear(sum(config.layers), width)
        self.hidden = nn.Linear(width, width)
        self.out = nn.Linear(width, self.choice.size)
        self.gate = nn.Linear(width, N_CHAINS[name])
        self.drop = nn.Dropout(config.dropout)
        self.register_buffer("offset", _offsets(SIZES[name]), persistent=False)
        relatives = {
            "pitch": {"interval": 128, "over_bass": 12, "over_partner": 128, "tones": TONE_KERNEL},
            "position": {"step": self.choice.size},
        }.get(name, {})
        if POINTERS[name]:
            relatives["pointers"] = len(POINTERS[name])
        self.relatives = nn.ModuleDict({which: nn.Linear(width, size) for which, size in relatives.items()})
        nn.init.normal_(self.embedding.weight, 0.0, _SPREAD)
        for layer in (self.out, self.gate, *self.relatives.values()):
            for parameter in layer.parameters():
                nn.init.zeros_(parameter)
        nn.init.constant_(self.gate.bias, SUM_OF_WEIGHTS / N_CHAINS[name])

    def forward(self, state: Tensor, features: Tensor, logs: Tensor) -> Tensor:
        """float[N, sum(layers)], int64[N, columns], float[N, chains, outcomes] -> float[N, outcomes]."""
        z = self.embedding(features + self.offset).sum(dim=1) + self.state(self.drop(state))
        z = self.drop(functional.relu(z))
        z = self.drop(functional.relu(self.hidden(z)))
        scores: Tensor = self.out(z) + (self.gate(z)[:, None] @ logs.to(z.dtype))[:, 0]
        if "pointers" in self.relatives:
            scores = scores + self._by_pointer(z, features)
        if self.choice.name == "pitch":
            scores = scores + self._by_interval(z, features) + self._by_tone(z, features)
        elif self.choice.name == "position":
            scores = scores + self._by_step(z, features)
        return scores

    def _by_pointer(self, z: Tensor, features: Tensor) -> Tensor:
        outcome = torch.arange(1, self.choice.size + 1, device=z.device)
        is_meant = features[:, list(POINTERS[self.choice.name]), None] == outcome
        scores: Tensor = (self.relatives["pointers"](z)[:, None] @ is_meant.to(z.dtype))[:, 0]
        return scores

    def _by_interval(self, z: Tensor, features: Tensor) -> Tensor:
        pitch = torch.arange(128, device=z.device)
        last, bass = features[:, PITCH_LAST, None] - 1, features[:, PITCH_BASS, None] - 1
        partner = features[:, PITCH_PARTNER, None] - 1
        interval = pitch - torch.where(last < 0, MIDDLE_C, last)
        scores: Tensor = self.relatives["interval"](z).gather(1, (interval + 64).clamp(0, 127))
        over_bass = self.relatives["over_bass"](z).gather(1, (pitch - bass) % 12)
        over_partner = self.relatives["over_partner"](z).gather(1, (pitch - partner + 64).clamp(0, 127))
        both: Tensor = scores + over_bass * (bass >= 0) + over_partner * (partner >= 0)
        return both

    def _by_tone(self, z: Tensor, features: Tensor) -> Tensor:
        """Correlate what sounds, counted from each pitch, with what the net likes to hear there."""
        tones = features[:, TONES : TONES + 24].to(z.dtype).view(-1, 2, 12)
        liked = self.relatives["tones"](z).view(-1, 2, 12)
        turn = torch.arange(12, device=z.device)
        # From pitch class p, tone class j lies at p + j.
        around = tones[:, :, (turn[:, None] + turn) % 12]
        by_class = (around * liked[:, :, None]).sum(dim=(1, 3))
        scores: Tensor = by_class[:, torch.arange(128, device=z.device) % 12]
        return scores

    def _by_step(self, z: Tensor, features: Tensor) -> Tensor:
        last = features[:, POSITION_LAST, None] - 1
        n_positions = self.choice.size - 1  # outcome 0 is the cell's end
        step = (torch.arange(n_positions, device=z.device) - last).clamp(0, n_positions)
        return functional.pad(self.relatives["step"](z).gather(1, step), (1, 0))


class QuickNet(nn.Module):
    """The whole net: one recurrence, one head for each kind of choice."""

    def __init__(self, config: QuickModel) -> None:
        super().__init__()
        self.config = config
        self.recurrence = Recurrence(config)
        self.heads = nn.ModuleDict({name: Head(config, name) for name in SIZES})

    def forward(self, events: Tensor, choices: dict[str, Choices]) -> dict[str, tuple[Tensor, Tensor]]:
        """Return, per kind of choice: float[N] losses in nats, and bool[N] whether the likeliest outcome came.

        `events` int64[B, T, columns]; what stands behind a stream's end is heard, and no choice looks at it.
        """
        states = self.recurrence(events).flatten(0, 1)
        found = {}
        for name, these in choices.items():
            scores = self.heads[name](states[these.at], these.features, these.logs)
            scores = scores.float().masked_fill(~these.allowed, -torch.inf)
            losses = functional.cross_entropy(scores, these.target, reduction="none")
            found[name] = losses, scores.argmax(dim=1) == these.target
        return found


def _offsets(sizes: tuple[int, ...]) -> Tensor:
    """Return int64[columns]: where each column's rows begin in the one table that holds them all."""
    return torch.tensor([0, *sizes[:-1]]).cumsum(0)
