"""MusicVAE's small two-bar models, written from their published description: what ours are measured against.

Roberts et al., "A Hierarchical Latent Vector Model for Learning Long-Term Structure in Music" (ICML 2018), in the sizes
of `cat-mel_2bar_small` and `cat-drums_2bar_small`: a bidirectional LSTM of 512 units each way, z of 256, a decoder of
two LSTM layers of 256 whose first state is tanh of a linear layer of z and which hears its last symbol and z at each
step. Scheduled sampling by the inverse sigmoid (k = 1000), Adam at 1e-3 falling by 0.9999 a step to 1e-5, gradients
cut at 1, batches of 512. Melodies: beta (1 - 0.99999^step) * 0.2; drums: beta 0.2 beyond 48 free bits. Melodies are
moved by up to five semitones. No velocities.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

BATCH = 512
N_STEPS = 32


@dataclass(frozen=True, slots=True)
class Schedule:
    """How z is paid for."""

    max_beta: float
    beta_rate: float
    free_bits: float

    def beta(self, step: int) -> float:
        return (1.0 - self.beta_rate**step) * self.max_beta if self.beta_rate else self.max_beta


SCHEDULES = {"melody-2bar": Schedule(0.2, 0.99999, 0.0), "drums-2bar": Schedule(0.2, 0.0, 48.0)}
SIZES = {"melody-2bar": 90, "drums-2bar": 512}


class SmallMusicVae(nn.Module):
    """cat-mel_2bar_small, cat-drums_2bar_small."""

    bits: Tensor

    def __init__(self, size: int, units: int = 512, z: int = 256, decoder: int = 256) -> None:
        super().__init__()
        self.size = size
        # Drums are heard as nine bits and one for nothing, and said as one of 512; melodies are one-hot both ways.
        table = torch.eye(size)
        if size == 512:
            struck = torch.tensor([[number >> bit & 1 for bit in range(9)] for number in range(512)]).float()
            table = torch.cat([struck, (struck.sum(dim=1, keepdim=True) == 0).float()], dim=1)
        self.register_buffer("bits", table, persistent=False)
        self.hear = nn.LSTM(table.shape[1], units, batch_first=True, bidirectional=True)
        self.mean, self.spread = nn.Linear(2 * units, z), nn.Linear(2 * units, z)
        self.begin = nn.Linear(z, 4 * decoder)
        self.write = nn.LSTM(size + z, decoder, num_layers=2, batch_first=True)
        self.say = nn.Linear(decoder, size)
        for head in (self.mean, self.spread):
            nn.init.normal_(head.weight, 0.0, 0.001)

    def encode(self, symbols: Tensor) -> tuple[Tensor, Tensor]:
        """int64[B, T] -> mean and standard deviation float[B, Z]."""
        _, (last, _) = self.hear(self.bits[symbols])
        ends = torch.cat([last[0], last[1]], dim=1)
        return self.mean(ends), functional.softplus(self.spread(ends)) + 1e-6

    def start(self, z: Tensor) -> tuple[Tensor, Tensor]:
        c0, h0, c1, h1 = torch.tanh(self.begin(z)).chunk(4, dim=1)
        return torch.stack([h0, h1]), torch.stack([c0, c1])

    def teacher_forced(self, z: Tensor, symbols: Tensor) -> Tensor:
        """float[B, Z], int64[B, T] -> scores float[B, T, size]."""
        before = functional.one_hot(symbols[:, :-1], self.size).float()
        before = torch.cat([before.new_zeros(len(z), 1, self.size), before], dim=1)
        written, _ = self.write(torch.cat([before, z[:, None].expand(-1, before.shape[1], -1)], dim=2), self.start(z))
        return self.say(written)  # type: ignore[no-any-return]

    def sampled(self, z: Tensor, symbols: Tensor, share: float) -> Tensor:
        """Return scores where a share of the last symbols are the model's own draws: scheduled sampling."""
        state, before, scores = self.start(z), z.new_zeros(len(z), self.size), []
        for step in range(symbols.shape[1]):
            written, state = self.write(torch.cat([before, z], dim=1)[:, None], state)
            scores.append(self.say(written[:, 0]))
            own = torch.distributions.Categorical(logits=scores[-1].detach()).sample()
            is_own = torch.rand(len(z)) < share
            before = functional.one_hot(torch.where(is_own, own, symbols[:, step]), self.size).float()
        return torch.stack(scores, dim=1)

    @torch.no_grad()
    def free(self, z: Tensor) -> Tensor:
        """float[B, Z] -> int64[B, T]: the likeliest, step after step."""
        state, before, found = self.start(z), z.new_zeros(len(z), self.size), []
        for _ in range(N_STEPS):
            written, state = self.write(torch.cat([before, z], dim=1)[:, None], state)
            found.append(self.say(written[:, 0]).argmax(dim=1))
            before = functional.one_hot(found[-1], self.size).float()
        return torch.stack(found, dim=1)


def train(
    name: str,
    draw: Callable[[np.random.Generator, int], NDArray[np.int64]],
    cpu_second: float,
    say: Callable[[str], None],
    batch: int = BATCH,
) -> SmallMusicVae:
    """Train for so many seconds of one core; `draw` gives int64[n, 32] windows."""
    torch.manual_seed(1)
    torch.set_num_threads(1)
    rng, schedule = np.random.default_rng(1), SCHEDULES[name]
    net = SmallMusicVae(SIZES[name])
    optimizer = torch.optim.Adam(net.parameters())
    started, step, told = time.process_time(), 0, 0.0
    while (elapsed := time.process_time() - started) < cpu_second:
        step += 1
        for group in optimizer.param_groups:
            group["lr"] = (1e-3 - 1e-5) * 0.9999**step + 1e-5
        loss = step_loss(net, torch.from_numpy(draw(rng, batch)), step, schedule)
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        if torch.nn.utils.clip_grad_norm_(net.parameters(), 1.0) < 10_000:
            optimizer.step()
        if elapsed - told > cpu_second / 10:
            told = elapsed
            say(f"{name} baseline: {elapsed:.0f} s, step {step}, loss {float(loss.detach()):.2f}")
    return net.eval()


def step_loss(net: SmallMusicVae, symbols: Tensor, step: int, schedule: Schedule) -> Tensor:
    """Return the loss of a batch: nats a window."""
    mean, spread = net.encode(symbols)
    z = mean + spread * torch.randn_like(spread)
    share = 1.0 - 1000.0 / (1000.0 + math.exp(min(step / 1000.0, 50.0)))
    scores = net.sampled(z, symbols, share)
    nats = functional.cross_entropy(scores.transpose(1, 2), symbols, reduction="none").sum(dim=1).mean()
    kl = _kl(mean, spread)
    return nats + schedule.beta(step) * torch.relu(kl - schedule.free_bits * math.log(2)).mean()


@torch.no_grad()
def scored(net: SmallMusicVae, symbols: NDArray[np.int64], struck: NDArray[np.bool_]) -> dict[str, float]:
    """Return bound, KL, free-running accuracy of windows int64[N, 32]; `struck` bool[N, 32] where onsets are."""
    windows = torch.from_numpy(symbols)
    mean, spread = net.encode(windows)
    scores = net.teacher_forced(mean + spread * torch.randn_like(spread), windows)
    nats = functional.cross_entropy(scores.transpose(1, 2), windows, reduction="none").sum(dim=1).mean()
    kl = _kl(mean, spread).mean()
    right = (net.free(mean) == windows).numpy()
    return {
        "bound_nats": float(nats + kl),
        "kl_bits": float(kl) / math.log(2),
        "free": float(right.mean()),
        "onset": float(right[struck].mean()),
    }


def _kl(mean: Tensor, spread: Tensor) -> Tensor:
    return 0.5 * (mean**2 + spread**2 - 1 - 2 * spread.log()).sum(dim=1)
