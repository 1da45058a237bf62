"""The JSB chorales at 16ths, four voices apart: 229 pieces to learn, 76 and 77 to judge (Boulanger-Lewandowski)."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from bandroid.representations.chorale import REST, cells_of

FILE = "jsb/Jsb16thSeparated.json"
BATCH = 16


@cache
def pieces(data: Path, split: str) -> tuple[NDArray[np.int64], ...]:
    """Return the chorales of "train", "valid" or "test", int64[T, 4] each."""
    table = json.loads((data / FILE).read_text())
    return tuple(cells_of(np.array(rows)) for rows in table[split])


def padded(batch: list[NDArray[np.int64]]) -> tuple[Tensor, Tensor]:
    """Return cells int64[B, T, 4], shorter pieces filled with rests, and bool[B, T]: which frames are theirs."""
    n_frames = max(len(piece) for piece in batch)
    cells = np.full((len(batch), n_frames, 4), REST, dtype=np.int64)
    is_there = np.zeros((len(batch), n_frames), dtype=np.bool_)
    for row, piece in enumerate(batch):
        cells[row, : len(piece)] = piece
        is_there[row, : len(piece)] = True
    return torch.from_numpy(cells), torch.from_numpy(is_there)
