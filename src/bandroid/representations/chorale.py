"""The `chorale` representation: four voices on a grid of 16ths, a row of numbers for each 16th, a **frame**.

    cells      of soprano, alto, tenor, bass: 0 ... 45 for pitch 36 ... 81, or 46, a rest         47 symbols
    struck     of each voice, 1 where a note begins: a pitch that comes again is not one held on
    fermata    1 while a note with a fermata sounds, 0 where none does, 2 where nobody knows
    place      where in its bar, and `beats` in a bar; `tonic` and `mode` of the piece; how near its `ending` is:
               facts that are not written but known, each with a number for "not known"

Cells alone are those of the JSB chorales at 16ths (Boulanger-Lewandowski 2012's split), so that figures compare.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bandroid.music.choir import VOICES

N_VOICES = len(VOICES)
LOWEST_PITCH, HIGHEST_PITCH = 36, 81
N_PITCHES = HIGHEST_PITCH - LOWEST_PITCH + 1
REST = N_PITCHES
N_SYMBOLS = N_PITCHES + 1
NO_PITCH = N_SYMBOLS
"""stands for what came before the first frame, and for what is not told"""

CELLS, STRUCK, FERMATA = slice(0, 4), slice(4, 8), 8
PLACE, BEATS, TONIC, MODE, ENDING = 9, 10, 11, 12, 13
"""columns of a frame"""
N_COLUMNS = 14
N_STREAMS = 5
"""what may be given: four voices and the fermatas"""

UNKNOWN_FERMATA = 2
BEAT_PLACES = 4
"""places in a beat"""
MOST_BEATS = 8
N_PLACES = BEAT_PLACES * MOST_BEATS
UNKNOWN_BEATS, UNKNOWN_TONIC, UNKNOWN_MODE, UNKNOWN_ENDING = 0, 12, 0, 0
MAJOR, MINOR = 1, 2
ENDING_STEPS = 2
"""16ths that the nearness of the end is told by"""
N_ENDINGS = 34


def cells_of(pitches: NDArray[np.integer]) -> NDArray[np.int64]:
    """int[T, 4] pitches, -1 where a voice rests -> cells; raises ValueError for a pitch that no cell holds."""
    is_note = pitches >= 0
    if (is_note & ((pitches < LOWEST_PITCH) | (pitches > HIGHEST_PITCH))).any():
        raise ValueError(f"a chorale's pitches lie in {LOWEST_PITCH}..{HIGHEST_PITCH}")
    return np.where(is_note, pitches.astype(np.int64) - LOWEST_PITCH, REST)


def frames_of(cells: NDArray[np.int64]) -> NDArray[np.int64]:
    """int64[T, 4] -> int64[T, N_COLUMNS] of which nothing else is known: a note lasts until its pitch changes."""
    frames = np.zeros((len(cells), N_COLUMNS), dtype=np.int64)
    frames[:, CELLS] = cells
    frames[:, STRUCK] = is_changed(cells) & (cells != REST)
    frames[:, FERMATA] = UNKNOWN_FERMATA
    frames[:, PLACE] = np.arange(len(cells)) % 16
    frames[:, BEATS:] = UNKNOWN_BEATS, UNKNOWN_TONIC, UNKNOWN_MODE, UNKNOWN_ENDING
    return frames


def is_changed(cells: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Return bool[T, 4]: cells that differ from the one before; all of the first frame."""
    found = np.ones(cells.shape, dtype=np.bool_)
    found[1:] = cells[1:] != cells[:-1]
    return found


def endings(n_frames: int) -> NDArray[np.int64]:
    """Return how near the end each frame is, int64[T]: 1 at the end, more before, as much as counts."""
    return np.minimum(np.arange(n_frames)[::-1] // ENDING_STEPS + 1, N_ENDINGS - 1)


def transposed(frames: NDArray[np.int64], shift: int) -> NDArray[np.int64]:
    """Return frames moved by semitones, their key with them; the caller keeps within `room`."""
    moved = frames.copy()
    cells, tonic = moved[..., CELLS], moved[..., TONIC]
    moved[..., CELLS] = np.where(cells >= REST, cells, cells + shift)
    moved[..., TONIC] = np.where(tonic == UNKNOWN_TONIC, tonic, (tonic + shift) % 12)
    return moved


def room(frames: NDArray[np.int64]) -> tuple[int, int]:
    """Return how many semitones frames can be moved down and up and stay cells: (0 or more, 0 or more)."""
    cells = frames[..., CELLS]
    pitches = cells[cells < REST]
    if not pitches.size:
        return 0, 0
    return int(pitches.min()), N_PITCHES - 1 - int(pitches.max())
