"""The latent spaces: one variational autoencoder (Kingma and Welling 2014) over windows of any voices and bars.

    half bars -> a vector each -> a recurrence both ways over the half bars
              -> z: a part for the whole window, a slice for each half bar (mean and variance of each number)
    z         -> a conductor, both ways over the half bars -> what each cell is: silent, new, a repeat
              -> per half bar: what stands at each step (features), where the small decoder begins
    decoder   -> step by step in new cells, all half bars side by side: hears all voices' last step

Each voice has such a net of its own, all parts share one that is told who plays; a few layers add what a voice hears of
the others: so a space of three voices begins with spaces of one, and few songs with all three go a long way.

After MusicVAE (Roberts et al. 2018), whose conductor this is, but for three things. A half bar is one vector, so the
recurrences are short. Each step has features of its own, so that nothing has to be remembered to be said. And a half
bar that came before is not written again (representations/window.py).

Letters: B windows, P half bars, V voices, n voices of one net, L steps of a half bar, C channels of velocity, Z numbers
of z, E, F, H, D units.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from bandroid.models.config import SpaceModel
from bandroid.models.voice_symbols import VoiceTable, is_foreseen, symbol_nats
from bandroid.representations.window import N_PLAYERS, NEW, NOBODY, PATCH_STEPS, Voice, WindowKind

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
    players: Tensor
    """int64[B, V]"""


class Costs(NamedTuple):
    """What windows cost, in nats, each float[B]."""

    cells: Tensor
    steps: Tensor
    loudness: Tensor
    kl: Tensor
    """float[B, Z]"""


class VoiceNet(nn.Module):
    """What is one voice's own, or all parts': by itself a space of one voice, so that voices are learnt once."""

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
        self.say = nn.Linear(config.decoder, voice.grid.n_scores)
        self.strike = nn.Linear(config.decoder, voice.grid.n_voices)
        self.players = nn.Embedding(N_PLAYERS, width) if voice.is_part else None
        with torch.no_grad():
            if self.players is not None:
                self.players.weight.mul_(0.1)
            for head, n in ((self.of_window, config.z_window), (self.of_slice, config.z_slice)):
                head.bias[n:].fill_(FIRST_LOG_VARIANCE)

    def half_bars(self, symbols: Tensor, velocity: Tensor) -> Tensor:
        """int64[R, P, L], float[R, P, L, C] -> a vector for each half bar, float[R, P, H]."""
        vectors = self.symbols(symbols) + self.loudness(velocity)
        return functional.gelu(self.patch2(functional.gelu(self.patch(vectors.flatten(2)))))

    def about(self, lengths: Tensor, players: Tensor) -> Tensor:
        """int64[R, P], int64[R] -> what is known beforehand of each half bar, float[R, P, H]."""
        known: Tensor = self.lengths(lengths)
        return known if self.players is None else known + self.players(players)[:, None]

    def steps(self, features: Tensor, states: Tensor, before: Tensor, others: Tensor | float) -> tuple[Tensor, Tensor]:
        """float[M, T, F], float[M, 2 D], int64[M, T] -> scores float[M, T, size], loudness float[M, T, C].

        `before` holds the symbol one step before, its size where nothing is heard; `others` float[M, T, E] what is
        heard of the other voices.
        """
        heard = self.before(before) + others
        hidden, cell = states[None].chunk(2, dim=2)
        written, _ = self.write(torch.cat([features, heard], dim=2), (hidden.contiguous(), cell.contiguous()))
        written = written + self.skip(features)
        return self.say(written), torch.sigmoid(self.strike(written))


class _Rows:
    """The voices of one net as rows of a batch: all of them, or of parts those that somebody plays."""

    def __init__(self, group: tuple[int, ...], players: Tensor) -> None:
        """`players` int64[B, V]."""
        self._n, self._group = len(group), group
        own = players[:, group[0] : group[-1] + 1].flatten()
        self._at = (own != NOBODY).nonzero()[:, 0] if self._n > 1 else None
        self._n_rows = len(own)
        self.players = self.take(own)

    def take(self, x: Tensor) -> Tensor:
        """[B * n, ...] -> [R, ...]."""
        return x if self._at is None else x[self._at]

    def take_window(self, x: Tensor) -> Tensor:
        """[B, ...], the same for all voices -> [R, ...]."""
        return x if self._at is None else x[self._at // self._n]

    def take_voices(self, x: Tensor) -> Tensor:
        """[B, P, V, L] -> [R, P, L]."""
        own = x[:, :, self._group[0] : self._group[-1] + 1]
        return self.take(own.transpose(1, 2).flatten(0, 1))

    def put(self, x: Tensor) -> Tensor:
        """[R, ...] -> [B, n, ...], zeros where nobody plays."""
        if self._at is not None:
            x = x.new_zeros(self._n_rows, *x.shape[1:]).index_copy(0, self._at, x)
        return x.reshape(-1, self._n, *x.shape[1:])


class SpaceNet(nn.Module):
    """Voices side by side. What one hears of the others is added, and is nothing at first."""

    def __init__(self, config: SpaceModel, kind: WindowKind) -> None:
        super().__init__()
        self.config, self.kind, self.groups = config, kind, kind.groups
        alike = [kind.voices[group[0]] for group in self.groups]
        self.voices = nn.ModuleList(VoiceNet(config, voice, kind.n_cells) for voice in alike)
        self.drop = nn.Dropout(config.dropout)
        n_others = len(self.groups) if len(kind.voices) > 1 else 0
        self.hear_others = nn.ModuleList(nn.Linear(config.width, config.width, bias=False) for _ in range(n_others))
        self.conduct_others = nn.ModuleList(nn.Linear(config.width, config.width, bias=False) for _ in range(n_others))
        self.write_others = nn.ModuleList(
            nn.ModuleList(VoiceTable(voice, config.embedding) for voice in alike) for _ in range(n_others)
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

    def net(self, number: int) -> VoiceNet:
        """Return the net of a group of voices."""
        net = self.voices[number]
        assert isinstance(net, VoiceNet)
        return net

    def group_of(self, index: int) -> int:
        """Return which group a voice belongs to."""
        return next(number for number, group in enumerate(self.groups) if index in group)

    def encode(self, symbols: Tensor, velocity: Tensor, lengths: Tensor, players: Tensor) -> tuple[Tensor, Tensor]:
        """int64[B, P, V, L], float[B, P, L, C], int64[B, P], int64[B, V] -> mean and log variance float[B, Z].

        Of a voice that is not there both are 0: nothing is known of it but what such voices are like.
        """
        each = [_Rows(group, players) for group in self.groups]
        half_bars = []
        for number, (group, rows) in enumerate(zip(self.groups, each, strict=True)):
            loud = rows.take(_channels(velocity, self.kind, group))
            vectors = self.net(number).half_bars(rows.take_voices(symbols), loud)
            half_bars.append(vectors * (rows.players != NOBODY)[:, None, None])
        everything = _sum_of_all(each, half_bars)
        means, logs = [], []
        for number, (rows, own) in enumerate(zip(each, half_bars, strict=True)):
            net = self.net(number)
            heard = own + net.about(rows.take_window(lengths), rows.players)
            if len(self.hear_others):
                heard = heard + self.hear_others[number](rows.take_window(everything) - own)
            states, _ = net.hear(self.drop(heard))
            ends = torch.cat([states[:, -1, : self.config.width], states[:, 0, self.config.width :]], dim=1)
            window_mean, window_log = net.of_window(self.drop(ends)).float().chunk(2, dim=1)
            slice_mean, slice_log = net.of_slice(self.drop(states)).float().chunk(2, dim=2)
            known = (rows.players != NOBODY)[:, None]
            mean = torch.cat([window_mean, slice_mean.flatten(1)], dim=1) * known
            log_variance = torch.cat([window_log, slice_log.flatten(1)], dim=1).clamp(*LOG_VARIANCE_RANGE) * known
            means.append(rows.put(mean).flatten(1))
            logs.append(rows.put(log_variance).flatten(1))
        return torch.cat(means, dim=1), torch.cat(logs, dim=1)

    def plan(self, z: Tensor, lengths: Tensor, players: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """float[B, Z], int64[B, P], int64[B, V] -> features [B, P, L, V F], states [B, P, 2 V D], cells [B, P, V, n].

        States hold the hidden states of all voices, then their cells. Where voices are parts, those that nobody plays
        are heard by nobody; where each has a meaning, all are written.
        """
        n_patches = lengths.shape[1]
        each = [_Rows(group, players) for group in self.groups]
        of_voices = z.reshape(len(z), len(self.kind.voices), self.z_voice)
        entered = []
        for number, (group, rows) in enumerate(zip(self.groups, each, strict=True)):
            net = self.net(number)
            own = rows.take(of_voices[:, group[0] : group[-1] + 1].flatten(0, 1))
            whole, slices = own[:, : self.config.z_window], own[:, self.config.z_window :]
            slices = slices.reshape(len(own), n_patches, self.config.z_slice)
            both = torch.cat([whole[:, None].expand(-1, n_patches, -1), slices], dim=2)
            vectors = functional.relu(net.enter(both) + net.about(rows.take_window(lengths), rows.players))
            entered.append(vectors * (rows.players != NOBODY)[:, None, None] if self.kind.has_parts else vectors)
        everything = _sum_of_all(each, entered)
        features, hidden, cell, cells = [], [], [], []
        for number, (rows, own) in enumerate(zip(each, entered, strict=True)):
            net = self.net(number)
            if len(self.conduct_others):
                own = own + self.conduct_others[number](rows.take_window(everything) - own)
            conducted = self.drop(net.conduct(self.drop(own))[0])
            expanded = net.features(functional.gelu(net.expand(conducted)))
            of_steps = expanded.reshape(len(own), n_patches, PATCH_STEPS, self.config.features)
            features.append(rows.put(of_steps).permute(0, 2, 3, 1, 4).flatten(3))
            first, second = torch.tanh(net.begin(conducted)).chunk(2, dim=2)
            hidden.append(rows.put(first).transpose(1, 2).flatten(2))
            cell.append(rows.put(second).transpose(1, 2).flatten(2))
            cells.append(rows.put(net.cells(conducted)).transpose(1, 2))
        return torch.cat(features, dim=3), torch.cat([*hidden, *cell], dim=2), torch.cat(cells, dim=2)

    def heard(self, number: int, before: Tensor, players: Tensor) -> Tensor | float:
        """Return what a group hears of all voices' last steps: int64[M, V, T], int64[M, V] -> float[M, T, E].

        Other parts are among the voices that a part hears, and itself, which `own_part` takes out again.
        """
        found: Tensor | float = 0.0
        if not len(self.write_others):
            return found
        for other, group in enumerate(self.groups):
            if other == number and len(group) == 1:
                continue
            vectors = self.heard_table(number, other)(before[:, group[0] : group[-1] + 1])
            if self.kind.has_parts:
                vectors = vectors * (players[:, group[0] : group[-1] + 1] != NOBODY)[:, :, None, None]
            found = found + vectors.sum(dim=1)
        return found

    def own_part(self, number: int, before: Tensor) -> Tensor | float:
        """Return what of `heard` a voice says itself: int64[M, T] -> float[M, T, E]."""
        return self.heard_table(number, number)(before) if len(self.groups[number]) > 1 else 0.0

    def steps(
        self, index: int, features: Tensor, states: Tensor, before: Tensor, players: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Write one voice: float[M, T, F], float[M, 2 D], int64[M, V, T] and [M, V] of all -> scores, loudness."""
        number = self.group_of(index)
        others = self.heard(number, before, players) - self.own_part(number, before[:, index])
        return self.net(number).steps(features, states, before[:, index], others)

    def forward(self, batch: Windows, hearing: float) -> tuple[Costs, Tensor]:
        """Return what windows cost, teacher-forced, and the share of onsets foreseen; z is drawn.

        `hearing` is the share of last steps that the decoder hears while it learns: less, and it listens to z.
        """
        mean, log_variance = self.encode(batch.symbols, batch.velocity, batch.lengths, batch.players)
        z = mean + torch.exp(0.5 * log_variance) * torch.randn_like(mean)
        features, states, cell_scores = self.plan(z, batch.lengths, batch.players)
        n, n_patches, n_voices, _ = batch.symbols.shape
        before = self._before(batch, hearing)
        features = features.reshape(n * n_patches, PATCH_STEPS, n_voices, self.config.features)
        states = states.reshape(n * n_patches, 2, n_voices, self.config.decoder)
        step_nats = features.new_zeros(n, dtype=torch.float32)
        cell_nats, loud_nats = step_nats.clone(), step_nats.clone()
        right, n_onsets = step_nats.new_zeros(()), step_nats.new_zeros(())
        steps = torch.arange(PATCH_STEPS, device=features.device)
        of_patch = batch.players.repeat_interleave(n_patches, dim=0)
        for number, group in enumerate(self.groups):
            first, end, voice = group[0], group[-1] + 1, self.kind.voices[group[0]]
            there, cells = batch.players[:, None, first:end] != NOBODY, batch.cells[:, :, first:end]
            nats = functional.cross_entropy(
                cell_scores[:, :, first:end].float().flatten(0, 2), cells.flatten(), reduction="none"
            )
            cell_nats = cell_nats + (nats.reshape(cells.shape) * there).sum(dim=(1, 2))
            patch, which = ((cells == NEW) & there).flatten(0, 1).nonzero(as_tuple=True)
            which, window = which + first, patch // n_patches
            last = before[patch, which]
            others = self.heard(number, before, of_patch)
            if isinstance(others, Tensor):
                others = others[patch] - self.own_part(number, last)
            scores, loudness = self.net(number).steps(
                features[patch, :, which], states[patch, :, which].flatten(1), last, others
            )
            symbols = batch.symbols.flatten(0, 1)[patch, which]
            counted = steps < batch.lengths.flatten()[patch][:, None]
            nats = symbol_nats(voice, scores.float(), symbols)
            step_nats = step_nats.index_add(0, window, (nats * counted).sum(dim=1))
            velocity = _channels(batch.velocity, self.kind, group).flatten(0, 1)
            row = (window * len(group) + which - first) * n_patches + patch % n_patches
            struck = velocity[row]
            is_struck = (struck > 0) & counted[:, :, None]
            error = (loudness.float() - struck) / LOUD_SPREAD
            loud_nats = loud_nats.index_add(0, window, (0.5 * error**2 * is_struck).sum(dim=(1, 2)))
            begins = is_struck.any(dim=2)
            right = right + (is_foreseen(voice, scores, symbols) & begins).sum()
            n_onsets = n_onsets + begins.sum()
        kl = 0.5 * (mean**2 + log_variance.exp() - 1 - log_variance)
        return Costs(cell_nats, step_nats, loud_nats, kl), right / n_onsets.clamp(min=1)

    def _before(self, batch: Windows, hearing: float) -> Tensor:
        """Return int64[B * P, V, L]: each voice's last symbol, or that it is not heard."""
        n_voices = batch.symbols.shape[2]
        last = batch.symbols.gather(3, (batch.lengths - 1)[:, :, None, None].expand(-1, -1, n_voices, 1))
        ahead = torch.cat([torch.zeros_like(last[:, :1]), last[:, :-1]], dim=1)
        before = torch.cat([ahead, batch.symbols[..., :-1]], dim=3)
        is_heard = (batch.players != NOBODY)[:, None, :, None].expand_as(before).clone()
        is_heard[:, 0, :, 0] = False
        if hearing < 1.0:
            is_heard &= torch.rand(before.shape, device=before.device) < hearing
        sizes = torch.tensor([voice.grid.size for voice in self.kind.voices], device=before.device)
        return torch.where(is_heard, before, sizes[:, None]).flatten(0, 1)

    def heard_table(self, number: int, other: int) -> VoiceTable:
        """Return as what a group hears another's symbols."""
        tables = self.write_others[number]
        assert isinstance(tables, nn.ModuleList)
        table = tables[other]
        assert isinstance(table, VoiceTable)
        return table


def _channels(velocity: Tensor, kind: WindowKind, group: tuple[int, ...]) -> Tensor:
    """Return the velocities of a group's voices: float[B, P, L, channels] -> float[B * n, P, L, C]."""
    first, end = kind.channels[group[0]].start, kind.channels[group[-1]].stop
    own = velocity[..., first:end].reshape(*velocity.shape[:3], len(group), -1)
    return own.permute(0, 3, 1, 2, 4).flatten(0, 1)


def _sum_of_all(each: list[_Rows], vectors: list[Tensor]) -> Tensor:
    """Return the sum over all voices, float[B, P, H]."""
    return torch.stack([rows.put(own).sum(dim=1) for rows, own in zip(each, vectors, strict=True)]).sum(dim=0)


def capacity(kl: Tensor, beta: float, free_bits: float) -> Tensor:
    """float[B, Z] -> float[]: what z costs in training: beta times what it holds beyond `free_bits`, in nats."""
    return beta * torch.relu(kl.sum(dim=1).mean() - free_bits * math.log(2))
