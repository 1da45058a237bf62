"""The `grid` representation: one symbol per 16th and voice, for melodies and drums.

    melody   0 hold, 1 rest (note off), 2 ... 89 a note of pitch 21 ... 108       90 symbols
    drums    a sum of 2^class over the drums that are struck together              512 with nine classes, 2 with one

These are the symbols of Melody RNN, Drums RNN and MusicVAE (Roberts et al. 2018; classes after the General MIDI drum
map as grouped in Magenta's drum encoder), so that figures compare. Encoding and decoding are inverse on what the grid
can say: decode(encode(decode(x))) == decode(x), and encode(decode(symbols)) == symbols.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bandroid.music.notes import Notes
from bandroid.music.quantize import round_half_up

STEPS_PER_QUARTER = 4
"""a step is a 16th"""
VELOCITY = 80
"""the grid keeps no loudness: decoded notes are mezzo-forte"""

HOLD, REST = 0, 1
LOWEST_PITCH, HIGHEST_PITCH = 21, 108
"""the piano's keyboard; other pitches move by octaves into it"""
_FIRST_NOTE = 2

NINE_DRUMS: tuple[tuple[int, ...], ...] = (
    (36, 35),  # kick
    (38, 27, 28, 31, 32, 33, 34, 37, 39, 40, 56, 65, 66, 75, 85),  # snare, claps, blocks
    (42, 22, 44, 54, 68, 69, 70, 71, 73, 78, 80),  # closed hi-hat, shakers
    (46, 26, 67, 72, 74, 79, 81),  # open hi-hat
    (45, 29, 41, 43, 61, 64, 84),  # low tom
    (48, 47, 60, 63, 77, 86, 87),  # mid tom
    (50, 30, 62, 76, 83),  # high tom
    (49, 52, 55, 57, 58),  # crash
    (51, 53, 59, 82),  # ride
)
"""General MIDI drums of each class, the one that stands for it first"""
ONE_DRUM: tuple[tuple[int, ...], ...] = ((36, *(pitch for pitch in range(128) if pitch != 36)),)
"""every drum is one: rhythm alone"""


def melody_size() -> int:
    """Return how many symbols a melody has."""
    return _FIRST_NOTE + HIGHEST_PITCH - LOWEST_PITCH + 1


def encode_melody(notes: Notes, ticks_per_quarter: int) -> NDArray[np.int32]:
    """Write a part as int32[T] melody symbols, one per 16th, up to the end of its last note.

    Of several notes on one step the highest is taken; a note ends where the next begins. C4 quarter -> [41, 0, 0, 0].
    """
    if not len(notes):
        return np.zeros(0, dtype=np.int32)
    onset_step = _steps(notes.onset_tick, ticks_per_quarter)
    # Notes are sorted by onset and pitch: the last one of a step is the highest.
    is_highest = np.append(np.diff(onset_step) != 0, True)
    onset_step = onset_step[is_highest]
    end_step = np.maximum(_steps(notes.end_tick[is_highest], ticks_per_quarter), onset_step + 1)
    pitch = notes.pitch[is_highest]
    below, above = np.maximum(LOWEST_PITCH - pitch, 0), np.maximum(pitch - HIGHEST_PITCH, 0)
    pitch = pitch + 12 * (-(-below // 12)) - 12 * (-(-above // 12))
    end_step = np.minimum(end_step, np.append(onset_step[1:], end_step[-1]))
    symbols = np.zeros(int(end_step[-1]) + 1, dtype=np.int32)
    symbols[end_step] = REST
    symbols[onset_step] = pitch - LOWEST_PITCH + _FIRST_NOTE
    return symbols[:-1]


def decode_melody(symbols: NDArray[np.int32]) -> Notes:
    """Read int32[T] melody symbols as notes at 4 ticks per quarter; a hold before the first note is a rest.

    Raises ValueError for a symbol outside of 0 ... 89.
    """
    symbols = np.asarray(symbols)
    if symbols.size and (symbols.min() < 0 or symbols.max() >= melody_size()):
        raise ValueError(f"melody symbols lie in 0..{melody_size() - 1}")
    changes = np.flatnonzero(symbols != HOLD)
    length = np.diff(np.append(changes, symbols.size))
    is_note = symbols[changes] >= _FIRST_NOTE
    pitch = symbols[changes][is_note].astype(np.int64) - _FIRST_NOTE + LOWEST_PITCH
    return Notes(changes[is_note], length[is_note], pitch, np.full(pitch.size, VELOCITY))


@dataclass(frozen=True)
class DrumGrid:
    """Drums as one symbol per 16th: which of some classes are struck."""

    classes: tuple[tuple[int, ...], ...] = NINE_DRUMS

    @property
    def size(self) -> int:
        """How many symbols there are."""
        return 1 << len(self.classes)

    def encode(self, notes: Notes, ticks_per_quarter: int) -> NDArray[np.int32]:
        """Write a drum part as int32[T] symbols, up to its last stroke; drums of no class are left out."""
        class_of = np.full(128, -1)
        for index, pitches in enumerate(self.classes):
            class_of[list(pitches)] = index
        number = class_of[notes.pitch]
        step = _steps(notes.onset_tick, ticks_per_quarter)[number >= 0]
        if not step.size:
            return np.zeros(0, dtype=np.int32)
        symbols = np.zeros(int(step.max()) + 1, dtype=np.int32)
        np.bitwise_or.at(symbols, step, 1 << number[number >= 0])
        return symbols

    def decode(self, symbols: NDArray[np.int32]) -> Notes:
        """Read int32[T] symbols as strokes of one step at 4 ticks per quarter, by the first drum of each class.

        Raises ValueError for a symbol that is none.
        """
        symbols = np.asarray(symbols)
        if symbols.size and (symbols.min() < 0 or symbols.max() >= self.size):
            raise ValueError(f"drum symbols lie in 0..{self.size - 1}")
        step, number = np.nonzero(symbols[:, None] >> np.arange(len(self.classes)) & 1)
        pitch = np.array([pitches[0] for pitches in self.classes])[number]
        return Notes(step, np.ones_like(step), pitch, np.full(step.size, VELOCITY))


def _steps(tick: NDArray[np.int64], ticks_per_quarter: int) -> NDArray[np.int64]:
    return round_half_up(tick * (STEPS_PER_QUARTER / ticks_per_quarter))
