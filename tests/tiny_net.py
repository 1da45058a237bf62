"""A small band recorded, and small nets for it: one fresh, one with weights by chance, none of them zero."""

from __future__ import annotations

from functools import lru_cache

import torch

from bandroid.models.config import QuickModel
from bandroid.models.quick import QuickNet
from bandroid.training.quick_lessons import QuickLessons, prepare
from small_band import varied_band

CONFIG = QuickModel(layers=(12, 8), embedding=6, width=10, dropout=0.2)


@lru_cache(maxsize=1)
def recorded() -> QuickLessons:
    """Three songs, one of them held out."""
    return prepare(varied_band(3, n_bars=6), [1, 1, 1])


def fresh_net(config: QuickModel = CONFIG) -> QuickNet:
    """A net before its first step."""
    torch.manual_seed(1)
    return QuickNet(config).eval()


def random_net(config: QuickModel = CONFIG, seed: int = 1) -> QuickNet:
    """A net in which every weight has a say: heads begin with zeros, behind which mistakes would hide."""
    torch.manual_seed(seed)
    net = QuickNet(config).eval()
    with torch.no_grad():
        for parameter in net.parameters():
            parameter.normal_(0.0, 0.3)
    return net
