"""The latent spaces: one variational autoencoder (Kingma and Welling 2014) over windows of any voices and bars.

    half bars -> a vector each -> a recurrence both ways over the half bars
              -> z: a part for the whole window, a slice for each half bar (mean and variance of each number)
    z         -> a conductor, both ways over the half bars -> what each cell is: silent, new, a repeat
              -> per half bar: what stands at each step (features), where the small decoder begins
    decoder   -> step by step in new cells, all half bars side by side: hears all voices' last step

Each voice has such a net of its own, a few layers add what it hears of the others: so a space of three voices begins
with spaces of one, and few songs with all three go a long way.

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

LOUD_SPREAD = 0.35
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


class VoiceNet(nn.Module):
    """What is one voice's own: by itself a space of one voice, so that voices are learnt once and put together."""

    def __init__(self, config: SpaceModel, voice: Voice, n_cells: int) -> None:
        super().__init__()
        width, embedding = config.width, config.embedding
        self.symbols = VoiceTable(voice, embedding)
        self.loudness = nn.Linear(voice.grid.n_voices, embedding, bias=False)
        self.patch = nn.Linear(PATCH_STEPS * embedding, 2 * width)
        self.patch2 = nn.Linear(2 * width, width)
        self.lengths = nn.Embedding(PATCH_STEPS + 1, width)
        self.hear = nn.GRU(width, width, batch_first=True, bidirectional=True)
        self.of_window = nn.Linear(2 * width, 2 * config.z_window)
        self.of_slice = nn.Linear(2 * width, 2 * config.z_slice)
        self.enter = nn.Linear(config.z_window + config.z_slice, width)
        self.conduct = nn.GRU(width, width, batch_first=True, bidirectional=True)
        self.cells = nn.Linear(2 * width, n_cells)
        self.expand = nn.Linear(2 * width, 2 * width)
        self.features = nn.Linear(2 * width, PATCH_STEPS * config.features)
        self.begin = nn.Linear(2 * width, 2 * config.decoder)
        self.before = VoiceTable(voice, embedding)
        self.write = nn.LSTM(config.features + embedding, config.decoder, batch_first=True)
        self.skip = nn.Linear(config.features, config.decoder)
        self.say = nn.Linear(config.decoder, voice.grid.size)
        self.strike = nn.Linear(config.decoder, voice.grid.n_voices)
        with torch.no_grad():
            for head, n in ((self.of_window, config.z_window), (self.of_slice, config.z_slice)):
                head.bias[n:].fill_(FIRST_LOG_VARIANCE)

    def half_bars(self, symbols: Tensor, velocity: Tensor) -> Tensor:
        """int64[B, P, L], float[B, P, L, C] -> a vector for each half bar, float[B, P, H]."""
        vectors = functional.embedding(symbols, self.symbols.table()[:-1]) + self.loudness(velocity)
        return functional.gelu(self.patch2(functional.gelu(self.patch(vectors.flatten(2)))))

    def steps(self, features: Tensor, states: Tensor, before: Tensor, others: Tensor | float) -> tuple[Tensor, Tensor]:
        """float[M, T, F], float[M, 2 D], int64[M, T] -> scores float[M, T, size], loudness float[M, T, C].

        `before` holds the symbol one step before, its size where nothing is heard; `others` float[M, T, E] what is
        heard of the other voices.
        """
        heard = functional.embedding(before, self.before.table()) + others
        hidden, cell = states[None].chunk(2, dim=2)
        written, _ = self.write(torch.cat([features, heard], dim=2), (hidden.contiguous(), cell.contiguous()))
        written = written + self.skip(features)
        return self.say(written), torch.sigmoid(self.strike(written))


class SpaceNet(nn.Module):
    """Voices side by side. What one hears of the others is added, and is nothing at first."""

    def __init__(self, config: SpaceModel, kind: WindowKind) -> None:
        super().__init__()
        self.config, self.kind = config, kind
        self.voices = nn.ModuleList(VoiceNet(config, voice, kind.n_cells) for voice in kind.voices)
        self.drop = nn.Dropout(config.dropout)
        n_others = len(kind.voices) if len(kind.voices) > 1 else 0
        self.hear_others = nn.ModuleList(nn.Linear(config.width, config.width, bias=False) for _ in range(n_others))
        self.conduct_others = nn.ModuleList(nn.Linear(config.width, config.width, bias=False) for _ in range(n_others))
        self.write_others = nn.ModuleList(
            nn.ModuleList(VoiceTable(voice, config.embedding) for voice in kind.voices) for _ in range(n_others)
        )
        with torch.no_grad():
            for parameter in (*self.hear_others.parameters(), *self.conduct_others.parameters()):
                parameter.zero_()
            for parameter in self.write_others.parameters():
                parameter.zero_()

    @property
    def z_voice(self) -> int:
        """How many numbers of z each voice has."""
        return self.config.z_window + self.kind.n_patches * self.config.z_slice

    @property
    def z_size(self) -> int:
        return len(self.kind.voices) * self.z_voice

    def voice(self, index: int) -> VoiceNet:
        """Return a voice's net."""
        net = self.voices[index]
        assert isinstance(net, VoiceNet)
        return net

    def encode(self, symbols: Tensor, velocity: Tensor, lengths: Tensor, is_there: Tensor) -> tuple[Tensor, Tensor]:
        """int64[B, P, V, L], float[B, P, L, C], int64[B, P], float[B, V] -> mean and log variance float[B, Z].

        Of a voice that is not there both are 0: nothing is known of it but what such voices are like.
        """
        there = [is_there[:, index, None, None] for index in range(len(self.kind.voices))]
        half_bars = [
            self.voice(index).half_bars(symbols[:, :, index], velocity[..., channel]) * there[index]
            for index, channel in enumerate(self.kind.channels)
        ]
        everything = torch.stack(half_bars).sum(dim=0)
        means, logs = [], []
        for index, own in enumerate(half_bars):
            voice = self.voice(index)
            heard = own + voice.lengths(lengths)
            if len(self.hear_others):
                heard = heard + self.hear_others[index](everything - own)
            states, _ = voice.hear(self.drop(heard))
            ends = torch.cat([states[:, -1, : self.config.width], states[:, 0, self.config.width :]], dim=1)
            window_mean, window_log = voice.of_window(self.drop(ends)).float().chunk(2, dim=1)
            slice_mean, slice_log = voice.of_slice(self.drop(states)).float().chunk(2, dim=2)
            known = there[index][:, 0]
            means.append(torch.cat([window_mean, slice_mean.flatten(1)], dim=1) * known)
            log_variance = torch.cat([window_log, slice_log.flatten(1)], dim=1)
            logs.append(log_variance.clamp(*LOG_VARIANCE_RANGE) * known)
        return torch.cat(means, dim=1), torch.cat(logs, dim=1)

    def plan(self, z: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """float[B, Z], int64[B, P] -> features float[B, P, L, V F], states float[B, P, 2 V D], cells [B, P, V, n].

        States hold the hidden states of all voices, then their cells.
        """
        n_patches = lengths.shape[1]
        entered = []
        for index, of_voice in enumerate(z.split(self.z_voice, dim=1)):  # type: ignore[no-untyped-call]
            voice = self.voice(index)
            whole, slices = of_voice[:, : self.config.z_window], of_voice[:, self.config.z_window :]
            slices = slices.reshape(len(z), n_patches, self.config.z_slice)
            both = torch.cat([whole[:, None].expand(-1, n_patches, -1), slices], dim=2)
            entered.append(functional.relu(voice.enter(both) + voice.lengths(lengths)))
        everything = torch.stack(entered).sum(dim=0)
        features, hidden, cell, cells = [], [], [], []
        for index, own in enumerate(entered):
            voice = self.voice(index)
            if len(self.conduct_others):
                own = own + self.conduct_others[index](everything - own)
            conducted = self.drop(voice.conduct(self.drop(own))[0])
            expanded = voice.features(functional.gelu(voice.expand(conducted)))
            features.append(expanded.reshape(len(z), n_patches, PATCH_STEPS, self.config.features))
            first, second = torch.tanh(voice.begin(conducted)).chunk(2, dim=2)
            hidden.append(first)
            cell.append(second)
            cells.append(voice.cells(conducted))
        return torch.cat(features, dim=3), torch.cat([*hidden, *cell], dim=2), torch.stack(cells, dim=2)

    def steps(self, index: int, features: Tensor, states: Tensor, before: Tensor) -> tuple[Tensor, Tensor]:
        """Write one voice: float[M, T, F], float[M, 2 D], int64[M, V, T] of all voices -> scores, loudness."""
        others: Tensor | float = 0.0
        if len(self.write_others):
            tables = self.write_others[index]
            assert isinstance(tables, nn.ModuleList)
            for other in range(len(self.kind.voices)):
                if other != index:
                    others = others + functional.embedding(before[:, other], _table(tables, other))
        return self.voice(index).steps(features, states, before[:, index], others)

    def forward(self, batch: Windows, hearing: float) -> tuple[Costs, Tensor]:
        """Return what windows cost, teacher-forced, and the share of onsets foreseen; z is drawn.

        `hearing` is the share of last steps that the decoder hears while it learns: less, and it listens to z.
        """
        mean, log_variance = self.encode(batch.symbols, batch.velocity, batch.lengths, batch.is_there.float())
        z = mean + torch.exp(0.5 * log_variance) * torch.randn_like(mean)
        features, states, cell_scores = self.plan(z, batch.lengths)
        n, n_patches, n_voices, _ = batch.symbols.shape
        before = self._before(batch, hearing)
        step_nats = features.new_zeros(n, dtype=torch.float32)
        cell_nats, loud_nats = step_nats.clone(), step_nats.clone()
        right, n_onsets = step_nats.new_zeros(()), step_nats.new_zeros(())
        each_features = features.flatten(0, 1).split(self.config.features, dim=2)  # type: ignore[no-untyped-call]
        each_state = states.flatten(0, 1).split(self.config.decoder, dim=1)  # type: ignore[no-untyped-call]
        steps = torch.arange(PATCH_STEPS, device=features.device)
        for index, channel in enumerate(self.kind.channels):
            there = batch.is_there[:, index]
            nats = functional.cross_entropy(
                cell_scores[:, :, index].float().flatten(0, 1), batch.cells[:, :, index].flatten(), reduction="none"
            )
            cell_nats = cell_nats + nats.reshape(n, n_patches).sum(dim=1) * there
            is_new = (batch.cells[:, :, index] == NEW) & there[:, None]
            at = is_new.flatten().nonzero()[:, 0]
            own_state = torch.cat([each_state[index][at], each_state[n_voices + index][at]], dim=1)
            scores, loudness = self.steps(index, each_features[index][at], own_state, before[at])
            symbols, window = batch.symbols[:, :, index].flatten(0, 1)[at], at // n_patches
            counted = steps < batch.lengths.flatten()[at][:, None]
            nats = functional.cross_entropy(scores.float().transpose(1, 2), symbols, reduction="none")
            step_nats = step_nats.index_add(0, window, (nats * counted).sum(dim=1))
            velocity = batch.velocity[..., channel].flatten(0, 1)[at]
            is_struck = (velocity > 0) & counted[:, :, None]
            error = (loudness.float() - velocity) / LOUD_SPREAD
            loud_nats = loud_nats.index_add(0, window, (0.5 * error**2 * is_struck).sum(dim=(1, 2)))
            begins = is_struck.any(dim=2)
            right = right + ((scores.argmax(dim=2) == symbols) & begins).sum()
            n_onsets = n_onsets + begins.sum()
        kl = 0.5 * (mean**2 + log_variance.exp() - 1 - log_variance)
        return Costs(cell_nats, step_nats, loud_nats, kl), right / n_onsets.clamp(min=1)

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
