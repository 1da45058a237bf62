"""The latent spaces: one variational autoencoder (Kingma and Welling 2014) over windows of any voices and bars.

    half bars -> a vector per voice, added up -> a recurrence both ways over the half bars
              -> z: a part for the whole window, a slice for each half bar (mean and variance of each number)
    z         -> a conductor, both ways over the half bars -> per voice what the cell is: silent, new, a repeat
              -> per half bar: what stands at each step (features), where the small decoder begins
    decoder   -> step by step in new cells, all half bars side by side: hears all voices' last step

After MusicVAE (Roberts et al. 2018), whose conductor this is, but for three things. A half bar is one vector, so the
recurrences are short. Each step has features of its own, so that nothing has to be remembered to be said. And a half
bar that came before is not written again (representations/window.py).

Letters: B windows, P half bars, V voices, L steps of a half bar, C channels of velocity, Z numbers of z, H, D units.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from bandroid.models.config import SpaceModel
from bandroid.representations.grid import DrumGrid
from bandroid.representations.window import NEW, PATCH_STEPS, Voice, WindowKind

LOUD_SPREAD = 0.25
"""standard deviation of a velocity of 0 to 1 around what is foretold: what its error is weighed by"""
FIRST_LOG_VARIANCE = -6.0
"""z is sharp at first, so that the decoder learns to listen to it"""
LOG_VARIANCE_RANGE = (-10.0, 4.0)
"""what the log variance of a number of z is kept within"""


class Windows(NamedTuple):
    """A batch on the device: see representations/window.Patches."""

    symbols: Tensor
    """int64[B, P, V, L]"""
    velocity: Tensor
    """float32[B, P, L, C]"""
    cells: Tensor
    """int64[B, P, V]"""
    lengths: Tensor
    """int64[B, P]"""
    is_there: Tensor
    """bool[B, V]"""


class Costs(NamedTuple):
    """What windows cost, in nats, each float[B]."""

    cells: Tensor
    steps: Tensor
    loudness: Tensor
    kl: Tensor
    """float[B, Z]"""


class VoiceTable(nn.Module):
    """A voice's symbols as vectors: float[size + 1, E], the last row for what is not heard. Drums by their classes."""

    bits: Tensor

    def __init__(self, voice: Voice, width: int) -> None:
        super().__init__()
        self.is_drums = isinstance(voice.grid, DrumGrid)
        n_rows = voice.grid.n_voices + 2 if self.is_drums else voice.grid.size + 1
        self.rows = nn.Parameter(0.3 * torch.randn(n_rows, width))
        if self.is_drums:
            # Of each symbol: which classes are struck, whether any is heard, and whether none is.
            struck = torch.tensor(voice.grid.struck(np.arange(voice.grid.size, dtype=np.int32))).float()
            known = torch.zeros(voice.grid.size + 1, n_rows)
            known[:-1, : voice.grid.n_voices] = struck
            known[:-1, -2] = (~struck.bool().any(dim=1)).float()
            known[-1, -1] = 1.0
            self.register_buffer("bits", known, persistent=False)

    def table(self) -> Tensor:
        """Return float[size + 1, E]."""
        return self.bits @ self.rows if self.is_drums else self.rows


class SpaceNet(nn.Module):
    """The whole net."""

    def __init__(self, config: SpaceModel, kind: WindowKind) -> None:
        super().__init__()
        self.config, self.kind = config, kind
        width, embedding, size = config.width, config.embedding, config.z_window + config.z_slice
        self.symbols = nn.ModuleList(VoiceTable(voice, embedding) for voice in kind.voices)
        self.loudness = nn.ModuleList(nn.Linear(voice.grid.n_voices, embedding, bias=False) for voice in kind.voices)
        self.patches = nn.ModuleList(
            nn.Sequential(
                nn.Linear(PATCH_STEPS * embedding, 2 * width), nn.GELU(), nn.Linear(2 * width, width), nn.GELU()
            )
            for _ in kind.voices
        )
        self.lengths = nn.Embedding(PATCH_STEPS + 1, width)
        self.drop = nn.Dropout(config.dropout)
        self.hear = nn.GRU(width, width, batch_first=True, bidirectional=True)
        self.of_window = nn.Linear(2 * width, 2 * config.z_window)
        self.of_slice = nn.Linear(2 * width, 2 * config.z_slice)
        self.enter = nn.Linear(size, width)
        self.conduct = nn.GRU(width, width, batch_first=True, bidirectional=True)
        self.cells = nn.Linear(2 * width, len(kind.voices) * kind.n_cells)
        self.expand = nn.Linear(2 * width, 2 * width)
        self.features = nn.Linear(2 * width, PATCH_STEPS * config.features)
        self.begin = nn.Linear(2 * width, 2 * config.decoder)
        self.before = nn.ModuleList(VoiceTable(voice, embedding) for voice in kind.voices)
        self.write = nn.LSTM(config.features + embedding, config.decoder, batch_first=True)
        self.skip = nn.Linear(config.features, config.decoder)
        self.say = nn.Linear(config.decoder, sum(voice.grid.size for voice in kind.voices))
        self.strike = nn.Linear(config.decoder, kind.n_channels)
        with torch.no_grad():
            for head, n in ((self.of_window, config.z_window), (self.of_slice, config.z_slice)):
                head.bias[n:].fill_(FIRST_LOG_VARIANCE)

    @property
    def z_size(self) -> int:
        return self.config.z_window + self.kind.n_patches * self.config.z_slice

    def encode(self, symbols: Tensor, velocity: Tensor, lengths: Tensor, is_there: Tensor) -> tuple[Tensor, Tensor]:
        """int64[B, P, V, L], float[B, P, L, C], int64[B, P], bool[B, V] -> mean and log variance float[B, Z]."""
        n, n_patches = lengths.shape
        heard = self.lengths(lengths)
        for index, channel in enumerate(self.kind.channels):
            vectors = functional.embedding(symbols[:, :, index], _table(self.symbols, index)[:-1])
            vectors = vectors + self.loudness[index](velocity[..., channel])
            of_voice = self.patches[index](vectors.reshape(n, n_patches, -1))
            heard = heard + of_voice * is_there[:, index, None, None]
        states, _ = self.hear(self.drop(heard))
        width = self.config.width
        ends = torch.cat([states[:, -1, :width], states[:, 0, width:]], dim=1)
        window_mean, window_log = self.of_window(self.drop(ends)).float().chunk(2, dim=1)
        slice_mean, slice_log = self.of_slice(self.drop(states)).float().chunk(2, dim=2)
        mean = torch.cat([window_mean, slice_mean.reshape(n, -1)], dim=1)
        log_variance = torch.cat([window_log, slice_log.reshape(n, -1)], dim=1)
        return mean, log_variance.clamp(*LOG_VARIANCE_RANGE)

    def plan(self, z: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """float[B, Z], int64[B, P] -> features float[B, P, L, F], states float[B, P, 2 D], cells float[B, P, V, n]."""
        n, n_patches = lengths.shape
        whole = z[:, : self.config.z_window]
        slices = z[:, self.config.z_window :].reshape(n, n_patches, -1)
        entered = self.enter(torch.cat([whole[:, None].expand(-1, n_patches, -1), slices], dim=2))
        conducted, _ = self.conduct(self.drop(functional.relu(entered + self.lengths(lengths))))
        conducted = self.drop(conducted)
        features = self.features(functional.gelu(self.expand(conducted)))
        states = torch.tanh(self.begin(conducted))
        cells = self.cells(conducted).reshape(n, n_patches, len(self.kind.voices), self.kind.n_cells)
        return features.reshape(n, n_patches, PATCH_STEPS, -1), states, cells

    def steps(self, features: Tensor, states: Tensor, before: Tensor) -> tuple[Tensor, Tensor]:
        """float[M, T, F], float[M, 2 D], int64[M, V, T] -> scores of all voices float[M, T, sizes], loudness [M, T, C].

        `before` holds each voice's symbol one step before; a voice's size stands for what is not heard.
        """
        heard = torch.zeros_like(features[:, :, :1])
        for index in range(len(self.kind.voices)):
            heard = heard + functional.embedding(before[:, index], _table(self.before, index))
        hidden, cell = states[None].chunk(2, dim=2)
        written, _ = self.write(torch.cat([features, heard], dim=2), (hidden.contiguous(), cell.contiguous()))
        written = written + self.skip(features)
        return self.say(written), torch.sigmoid(self.strike(written))

    def forward(self, batch: Windows, hearing: float) -> tuple[Costs, Tensor]:
        """Return what windows cost, teacher-forced, and the share of onsets foreseen; z is drawn.

        `hearing` is the share of last steps that the decoder hears while it learns: less, and it listens to z.
        """
        mean, log_variance = self.encode(batch.symbols, batch.velocity, batch.lengths, batch.is_there)
        z = mean + torch.exp(0.5 * log_variance) * torch.randn_like(mean)
        features, states, cell_scores = self.plan(z, batch.lengths)
        n, n_patches, n_voices, _ = batch.symbols.shape
        counts = batch.is_there[:, None].float()
        cell_nats = functional.cross_entropy(
            cell_scores.float().flatten(0, 2), batch.cells.flatten(), reduction="none"
        ).reshape(n, n_patches, n_voices)
        is_new = (batch.cells == NEW) & batch.is_there[:, None]
        at = is_new.any(dim=2).flatten().nonzero()[:, 0]
        symbols = batch.symbols.flatten(0, 1)[at]
        before = self._before(batch, hearing)[at]
        scores, loudness = self.steps(features.flatten(0, 1)[at], states.flatten(0, 1)[at], before)
        steps = torch.arange(PATCH_STEPS, device=at.device)
        counted = is_new.flatten(0, 1)[at][:, :, None] & (steps < batch.lengths.flatten()[at][:, None])[:, None]
        step_nats = scores.new_zeros(n, dtype=torch.float32)
        loud_nats, right, n_onsets = step_nats.clone(), step_nats.new_zeros(()), step_nats.new_zeros(())
        velocity = batch.velocity.flatten(0, 1)[at]
        window = at // n_patches
        first = 0
        for index, (voice, channel) in enumerate(zip(self.kind.voices, self.kind.channels, strict=True)):
            these = scores[:, :, first : first + voice.grid.size].float()
            first += voice.grid.size
            nats = functional.cross_entropy(these.transpose(1, 2), symbols[:, index], reduction="none")
            step_nats = step_nats.index_add(0, window, (nats * counted[:, index]).sum(dim=1))
            is_struck = (velocity[:, :, channel] > 0) & counted[:, index, :, None]
            error = (loudness[:, :, channel].float() - velocity[:, :, channel]) / LOUD_SPREAD
            loud_nats = loud_nats.index_add(0, window, (0.5 * error**2 * is_struck).sum(dim=(1, 2)))
            begins = is_struck.any(dim=2)
            right = right + ((these.argmax(dim=2) == symbols[:, index]) & begins).sum()
            n_onsets = n_onsets + begins.sum()
        kl = 0.5 * (mean**2 + log_variance.exp() - 1 - log_variance)
        costs = Costs((cell_nats * counts).sum(dim=(1, 2)), step_nats, loud_nats, kl)
        return costs, right / n_onsets.clamp(min=1)

    def _before(self, batch: Windows, hearing: float) -> Tensor:
        """Return int64[B * P, V, L]: each voice's last symbol, or that it is not heard."""
        n_voices = batch.symbols.shape[2]
        last = batch.symbols.gather(3, (batch.lengths - 1)[:, :, None, None].expand(-1, -1, n_voices, 1))
        ahead = torch.cat([torch.zeros_like(last[:, :1]), last[:, :-1]], dim=1)
        before = torch.cat([ahead, batch.symbols[..., :-1]], dim=3)
        is_heard = batch.is_there[:, None, :, None].expand_as(before).clone()
        is_heard[:, 0, :, 0] = False
        if hearing < 1.0:
            is_heard &= torch.rand(before.shape, device=before.device) < hearing
        sizes = torch.tensor([voice.grid.size for voice in self.kind.voices], device=before.device)
        return torch.where(is_heard, before, sizes[:, None]).flatten(0, 1)


def _table(voices: nn.ModuleList, index: int) -> Tensor:
    voice = voices[index]
    assert isinstance(voice, VoiceTable)
    return voice.table()


def capacity(kl: Tensor, beta: float, free_bits: float) -> Tensor:
    """float[B, Z] -> float[]: what z costs in training: beta times what it holds beyond `free_bits`, in nats."""
    return beta * torch.relu(kl.sum(dim=1).mean() - free_bits * math.log(2))
