"""A space within a space: a small variational autoencoder over points of a latent space, after MidiMe (Dinculescu,
Engel and Roberts 2019). It learns in seconds where a folder's music lies, and draws from there alone.

Letters: B windows, Z numbers of the large space, K of the small one.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from bandroid.models.config import PersonalModel

_LOG_VARIANCE_RANGE = (-10.0, 4.0)


class PersonalNet(nn.Module):
    """The whole net. `centre` and `scale` float[Z] are what the folder's points are put in order by."""

    centre: Tensor
    scale: Tensor

    def __init__(self, config: PersonalModel, z_size: int) -> None:
        super().__init__()
        self.config = config
        self.register_buffer("centre", torch.zeros(z_size))
        self.register_buffer("scale", torch.ones(z_size))
        self.enter = nn.Linear(z_size, config.width)
        self.narrow = nn.Linear(config.width, 2 * config.z_personal)
        self.widen = nn.Linear(config.z_personal, config.width)
        self.leave = nn.Linear(config.width, z_size)
        self.drop = nn.Dropout(config.dropout)
        with torch.no_grad():
            self.narrow.bias[config.z_personal :].fill_(-4.0)

    def encode(self, z: Tensor) -> tuple[Tensor, Tensor]:
        """float[B, Z] -> mean and log variance float[B, K]."""
        hidden = functional.gelu(self.enter((z - self.centre) / self.scale))
        mean, log_variance = self.narrow(self.drop(hidden)).float().chunk(2, dim=1)
        return mean, log_variance.clamp(*_LOG_VARIANCE_RANGE)

    def decode(self, personal: Tensor) -> Tensor:
        """float[B, K] -> float[B, Z]."""
        hidden = functional.gelu(self.widen(personal))
        return self.leave(self.drop(hidden)) * self.scale + self.centre  # type: ignore[no-any-return]
