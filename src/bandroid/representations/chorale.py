"""The `chorale` representation: four voices on a grid of 16ths, each cell the pitch that sounds there.

    a frame   soprano, alto, tenor, bass, each 0 ... 45 for pitch 36 ... 81, or 46: a rest     47 symbols

These are the cells of the JSB chorales at 16ths (Boulanger-Lewandowski 2012's split), so that figures compare.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

N_VOICES = 4
VOICES = ("soprano", "alto", "tenor", "bass")
LOWEST_PITCH, HIGHEST_PITCH = 36, 81
N_PITCHES = HIGHEST_PITCH - LOWEST_PITCH + 1
REST = N_PITCHES
N_SYMBOLS = N_PITCHES + 1
NO_PITCH = N_SYMBOLS
"""stands for what came before the first frame, and for what is not told"""


def cells_of(pitches: NDArray[np.integer]) -> NDArray[np.int64]:
    """int[T, 4] pitches, -1 where a voice rests -> cells; raises ValueError for a pitch that no cell holds."""
    is_note = pitches >= 0
    if (is_note & ((pitches < LOWEST_PITCH) | (pitches > HIGHEST_PITCH))).any():
        raise ValueError(f"a chorale's pitches lie in {LOWEST_PITCH}..{HIGHEST_PITCH}")
    return np.where(is_note, pitches.astype(np.int64) - LOWEST_PITCH, REST)


def transposed(cells: NDArray[np.int64], shift: int) -> NDArray[np.int64]:
    """Return cells moved by semitones; the caller keeps within `room`."""
    return np.where(cells == REST, REST, cells + shift)


def room(cells: NDArray[np.int64]) -> tuple[int, int]:
    """Return how many semitones cells can be moved down and up and stay cells: (0 or more, 0 or more)."""
    pitches = cells[cells != REST]
    if not pitches.size:
        return 0, 0
    return int(pitches.min()), N_PITCHES - 1 - int(pitches.max())
