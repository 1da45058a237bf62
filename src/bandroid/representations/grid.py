"""The `grid` representation: one symbol per 16th, and how hard each voice is struck, for melodies and drums.

    melody   0 hold, 1 rest (note off), 2 ... 89 a note of pitch 21 ... 108       90 symbols, one voice
    drums    a sum of 2^class over the drums that are struck together              512 with nine classes, 2 with one

These are the symbols of Melody RNN, Drums RNN and MusicVAE (Roberts et al. 2018; classes after the General MIDI drum
map as grouped in Magenta's drum encoder), so that figures compare. Encoding and decoding are inverse on what the grid
can say: decode(encode(decode(x))) == decode(x), and encode(decode(symbols)) == symbols.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from bandroid.music.notes import Notes
from bandroid.music.quantize import round_half_up

STEPS_PER_QUARTER = 4
"""a step is a 16th"""
VELOCITY = 80
"""mezzo-forte, where nothing is said of loudness"""

HOLD, REST = 0, 1
LOWEST_PITCH, HIGHEST_PITCH = 21, 108
"""the piano's keyboard; other pitches move by octaves into it"""
FIRST_NOTE = 2
"""the symbol of the lowest pitch"""

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


@dataclass(frozen=True, slots=True)
class MelodyGrid:
    """A melody as one symbol per 16th. It has one voice."""

    @property
    def size(self) -> int:
        """How many symbols there are."""
        return FIRST_NOTE + HIGHEST_PITCH - LOWEST_PITCH + 1

    @property
    def n_scores(self) -> int:
        """How many scores a net gives of a step: one a symbol."""
        return self.size

    @property
    def n_voices(self) -> int:
        return 1

    def encode(self, notes: Notes, ticks_per_quarter: int) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
        """Write a part as int32[T] symbols and int32[T, 1] velocities (0: nothing begins), up to its last note's end.

        Of several notes on one step the highest is taken; a note ends where the next begins. C4 quarter -> [41, 0, 0,
        0].
        """
        if not len(notes):
            return np.zeros(0, dtype=np.int32), np.zeros((0, 1), dtype=np.int32)
        onset_step = steps(notes.onset_tick, ticks_per_quarter)
        # Notes are sorted by onset and pitch: the last one of a step is the highest.
        is_highest = np.append(np.diff(onset_step) != 0, True)
        onset_step = onset_step[is_highest]
        end_step = np.maximum(steps(notes.end_tick[is_highest], ticks_per_quarter), onset_step + 1)
        pitch = notes.pitch[is_highest]
        below, above = np.maximum(LOWEST_PITCH - pitch, 0), np.maximum(pitch - HIGHEST_PITCH, 0)
        pitch = pitch + 12 * (-(-below // 12)) - 12 * (-(-above // 12))
        end_step = np.minimum(end_step, np.append(onset_step[1:], end_step[-1]))
        symbols = np.zeros(int(end_step[-1]) + 1, dtype=np.int32)
        velocity = np.zeros((symbols.size, 1), dtype=np.int32)
        symbols[end_step] = REST
        symbols[onset_step] = pitch - LOWEST_PITCH + FIRST_NOTE
        velocity[onset_step, 0] = notes.velocity[is_highest]
        return symbols[:-1], velocity[:-1]

    def decode(self, symbols: NDArray[np.integer[Any]], velocity: NDArray[np.int32] | None = None) -> Notes:
        """Read int32[T] symbols (and int32[T, 1] velocities) as notes at 4 ticks per quarter.

        A hold before the first note is a rest. Raises ValueError for a symbol outside of 0 ... 89.
        """
        symbols = np.asarray(symbols)
        if symbols.size and (symbols.min() < 0 or symbols.max() >= self.size):
            raise ValueError(f"melody symbols lie in 0..{self.size - 1}")
        changes = np.flatnonzero(symbols != HOLD)
        length = np.diff(np.append(changes, symbols.size))
        is_note = symbols[changes] >= FIRST_NOTE
        onset = changes[is_note]
        pitch = symbols[onset].astype(np.int64) - FIRST_NOTE + LOWEST_PITCH
        loud = np.full(onset.size, VELOCITY) if velocity is None else np.asarray(velocity)[onset, 0]
        return Notes(onset, length[is_note], pitch, loud)

    def struck(self, symbols: NDArray[np.integer[Any]]) -> NDArray[np.bool_]:
        """Return bool[T, 1]: where a note begins."""
        begins: NDArray[np.bool_] = np.asarray(symbols)[:, None] >= FIRST_NOTE
        return begins

    def pitches(self, symbols: NDArray[np.integer[Any]]) -> NDArray[np.int64]:
        """Return int64[notes]: the pitches of all notes."""
        found: NDArray[np.int64] = symbols[symbols >= FIRST_NOTE].astype(np.int64) - FIRST_NOTE + LOWEST_PITCH
        return found


@dataclass(frozen=True)
class DrumGrid:
    """Drums as one symbol per 16th: which of some classes are struck. A class is a voice."""

    classes: tuple[tuple[int, ...], ...] = NINE_DRUMS

    @property
    def size(self) -> int:
        """How many symbols there are."""
        return 1 << len(self.classes)

    @property
    def n_scores(self) -> int:
        """How many scores a net gives of a step: one a symbol."""
        return self.size

    @property
    def n_voices(self) -> int:
        return len(self.classes)

    def encode(self, notes: Notes, ticks_per_quarter: int) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
        """Write a drum part as int32[T] symbols and int32[T, classes] velocities (0: not struck), up to its last
        stroke.

        Of several strokes of a class on one step the hardest counts; drums of no class are left out.
        """
        number = self._class_of()[notes.pitch]
        step = steps(notes.onset_tick, ticks_per_quarter)[number >= 0]
        n_steps = int(step.max()) + 1 if step.size else 0
        velocity = np.zeros((n_steps, self.n_voices), dtype=np.int32)
        np.maximum.at(velocity, (step, number[number >= 0]), notes.velocity[number >= 0].astype(np.int32))
        symbols = (velocity > 0) @ (1 << np.arange(self.n_voices, dtype=np.int32))
        return symbols.astype(np.int32), velocity

    def decode(
        self,
        symbols: NDArray[np.integer[Any]],
        velocity: NDArray[np.int32] | None = None,
        kit: tuple[int, ...] = (),
    ) -> Notes:
        """Read int32[T] symbols (and int32[T, classes] velocities) as strokes of one step at 4 ticks per quarter.

        `kit` names the drum of each class; without it the first of each class. Raises ValueError for a symbol that is
        none.
        """
        symbols = np.asarray(symbols)
        if symbols.size and (symbols.min() < 0 or symbols.max() >= self.size):
            raise ValueError(f"drum symbols lie in 0..{self.size - 1}")
        step, number = np.nonzero(self.struck(symbols))
        pitch = np.array(kit or [pitches[0] for pitches in self.classes])[number]
        loud = np.full((symbols.size, self.n_voices), VELOCITY) if velocity is None else np.asarray(velocity)
        return Notes(step, np.ones_like(step), pitch, loud[step, number].astype(np.int64))

    def struck(self, symbols: NDArray[np.integer[Any]]) -> NDArray[np.bool_]:
        """Return bool[T, classes]: which are struck."""
        found: NDArray[np.bool_] = (np.asarray(symbols)[:, None] >> np.arange(self.n_voices) & 1).astype(np.bool_)
        return found

    def kit_of(self, notes: Notes) -> tuple[int, ...]:
        """Return the drum of each class that a part strikes most; where it strikes none of them, the class's first."""
        struck = np.bincount(notes.pitch, minlength=128)
        return tuple(max(pitches, key=lambda pitch: int(struck[pitch])) for pitches in self.classes)

    def _class_of(self) -> NDArray[np.int64]:
        """Return int64[128]: the class of each drum, -1 for none."""
        class_of = np.full(128, -1)
        for index, pitches in enumerate(self.classes):
            class_of[list(pitches)] = index
        return class_of


Grid: TypeAlias = MelodyGrid | DrumGrid


def steps(tick: NDArray[np.int64], ticks_per_quarter: int) -> NDArray[np.int64]:
    """Return the nearest step of each tick."""
    return round_half_up(tick * (STEPS_PER_QUARTER / ticks_per_quarter))
