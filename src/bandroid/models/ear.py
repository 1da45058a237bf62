"""A small language model over windows of one voice: how likely music is, whatever z says.

A path through a latent space passes points that no music lies at, and what is written there may be odd; the space
itself is a poor judge of that, since it hears through z. The ear hears symbols alone, one after another: a recurrent
net (LSTM, Hochreiter and Schmidhuber 1997) that is told where in its bar each step stands.

Letters: B windows, P half bars, L steps of a half bar, E, H units.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from bandroid.models.voice_symbols import VoiceTable
from bandroid.representations.window import PATCH_STEPS, Voice

WIDTH, EMBEDDING, PLACE = 96, 48, 16


class Ear(nn.Module):
    """Half bars in, nats out. Steps beyond a short half bar are heard as nothing and cost nothing."""

    def __init__(self, voice: Voice) -> None:
        super().__init__()
        self.voice = voice
        self.symbols = VoiceTable(voice, EMBEDDING)
        self.places = nn.Embedding(2 * PATCH_STEPS, PLACE)
        self.lengths = nn.Embedding(PATCH_STEPS + 1, PLACE)
        self.listen = nn.LSTM(EMBEDDING + PLACE, WIDTH, batch_first=True)
        self.say = nn.Linear(WIDTH, voice.grid.n_scores)

    def forward(self, symbols: Tensor, lengths: Tensor) -> Tensor:
        """int64[B, P, L], int64[B, P] -> what each window costs, nats, float[B]."""
        n_patches = lengths.shape[1]
        steps = torch.arange(PATCH_STEPS, device=symbols.device)
        is_inside = steps < lengths[..., None]
        shown = torch.where(is_inside, symbols, self.voice.grid.size).flatten(1)
        before = torch.cat([torch.full_like(shown[:, :1], self.voice.grid.size), shown[:, :-1]], dim=1)
        half = torch.arange(n_patches, device=symbols.device)[:, None] % 2 * PATCH_STEPS + steps
        where = self.places(half)[None] + self.lengths(lengths)[:, :, None]
        heard, _ = self.listen(torch.cat([self.symbols(before), where.flatten(1, 2)], dim=2))
        scores = self.say(heard).float()
        nats = functional.cross_entropy(scores.transpose(1, 2), symbols.flatten(1), reduction="none")
        return (nats * is_inside.flatten(1)).sum(dim=1)
