"""The JSB chorales at 16ths, four voices apart: 229 pieces to learn, 76 and 77 to judge (Boulanger-Lewandowski)."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bandroid.representations.chorale import cells_of, frames_of

FILE = "jsb/Jsb16thSeparated.json"


@cache
def pieces(data: Path, split: str) -> tuple[NDArray[np.int64], ...]:
    """Return the chorales of "train", "valid" or "test", int64[T, 14] each: pitches are all that is known."""
    table = json.loads((data / FILE).read_text())
    return tuple(frames_of(cells_of(np.array(rows))) for rows in table[split])
