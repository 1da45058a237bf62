"""A part of any number of notes at once on the grid of 16ths: what it strikes on a step, as one number.

    bits  0 to  7   0 nothing, else the lowest note: 2 ... 89 for pitch 21 ... 108, as a melody's symbol
    bits  8 to 11   how long it sounds: a class of LENGTH_STEPS, one for all that is struck together
    bits 12 to 59   what is struck above the lowest: bit 12 a semitone above it ... bit 59 four octaves above

C4 and G4 for a quarter -> 41 | 3 << 8 | 1 << 18. As numbers steps compare, repeat and move by semitones (+ 1) like a
melody's symbols. Kept apart from them is how long a note sounds: others may be struck while it does. In our band songs
78 % of steps strike one note, and 99 % strike notes of one length.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bandroid.music.notes import Notes
from bandroid.representations.grid import FIRST_NOTE, HIGHEST_PITCH, LOWEST_PITCH, VELOCITY, steps

LENGTH_STEPS = (1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 16, 20, 24, 32, 48, 64)
"""a length is the shortest of these that is no shorter"""
N_LOWEST = FIRST_NOTE + HIGHEST_PITCH - LOWEST_PITCH + 1
"""what the lowest note may be: nothing (0), never 1, a note"""
N_LENGTHS, N_ABOVE = len(LENGTH_STEPS), 48
_LENGTH_BIT, _ABOVE_BIT = 8, 12
_LENGTHS = np.array(LENGTH_STEPS)
_OCTAVE = 12
_HIGHEST = 127

Symbols = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class ChordGrid:
    """A part as one number per 16th. It has one voice: all that is struck together is as loud."""

    @property
    def size(self) -> int:
        """All symbols are smaller."""
        return 1 << (_ABOVE_BIT + N_ABOVE)

    @property
    def n_scores(self) -> int:
        """How many scores a net gives: of the lowest note, of each interval above it, of the length."""
        return N_LOWEST + N_ABOVE + N_LENGTHS

    @property
    def n_voices(self) -> int:
        return 1

    def encode(self, notes: Notes, ticks_per_quarter: int) -> tuple[Symbols, NDArray[np.int32]]:
        """Write a part as int64[T] symbols and int32[T, 1] velocities (0: nothing is struck), up to its last note's
        end.

        What is struck together has the length of its longest note and the velocity of its loudest; more than four
        octaves above the lowest note, and outside of the piano, notes move by octaves.
        """
        if not len(notes):
            return np.zeros(0, dtype=np.int64), np.zeros((0, 1), dtype=np.int32)
        onset_step = steps(notes.onset_tick, ticks_per_quarter)
        length = np.maximum(steps(notes.end_tick, ticks_per_quarter) - onset_step, 1)
        n_steps = int((onset_step + length).max())
        lowest = np.full(n_steps, _HIGHEST, dtype=np.int64)
        longest, velocity = np.zeros(n_steps, dtype=np.int64), np.zeros((n_steps, 1), dtype=np.int32)
        np.minimum.at(lowest, onset_step, _folded(notes.pitch))
        np.maximum.at(longest, onset_step, length)
        np.maximum.at(velocity[:, 0], onset_step, notes.velocity.astype(np.int32))
        above = _folded(notes.pitch) - lowest[onset_step]
        above -= _OCTAVE * np.maximum(-(-(above - N_ABOVE) // _OCTAVE), 0)
        is_above = above > 0
        mask = np.zeros(n_steps, dtype=np.int64)
        np.bitwise_or.at(mask, onset_step[is_above], np.int64(1) << (above[is_above] - 1))
        length_class = np.minimum(np.searchsorted(_LENGTHS, longest), N_LENGTHS - 1)
        symbols = (lowest - LOWEST_PITCH + FIRST_NOTE) | length_class << _LENGTH_BIT | mask << _ABOVE_BIT
        return np.where(longest > 0, symbols, 0), velocity

    def decode(self, symbols: NDArray[np.integer[Any]], velocity: NDArray[np.int32] | None = None) -> Notes:
        """Read int64[T] symbols (and int32[T, 1] velocities) as notes at 4 ticks per quarter.

        A note ends where its pitch is struck again. Raises ValueError for a number that is no symbol.
        """
        written = symbols.astype(np.int64)
        low = lowest_of(written)
        if (low[written != 0] < FIRST_NOTE).any() or (low >= N_LOWEST).any() or (written >= self.size).any():
            raise ValueError("a part's symbols have a lowest note of 2 to 89 in their first eight bits")
        step, pitch = _struck_notes(written)
        length = _LENGTHS[length_class_of(written)][step]
        order = np.lexsort((step, pitch))
        again = np.append(np.diff(step[order]), 1 << 30)
        again[np.append(np.diff(pitch[order]) != 0, True)] = 1 << 30
        length[order] = np.minimum(length[order], again)
        loud = np.full(step.size, VELOCITY) if velocity is None else np.asarray(velocity)[step, 0]
        return Notes(step, length, pitch, loud)

    def struck(self, symbols: NDArray[np.integer[Any]]) -> NDArray[np.bool_]:
        """Return bool[T, 1]: where something begins."""
        begins: NDArray[np.bool_] = np.asarray(symbols)[:, None] != 0
        return begins

    def pitches(self, symbols: NDArray[np.integer[Any]]) -> NDArray[np.int64]:
        """Return int64[notes]: the pitches of all that is struck."""
        return _struck_notes(symbols.astype(np.int64))[1]

    def without_length(self, symbols: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return what is struck, however long it sounds."""
        found: NDArray[np.int64] = symbols & ~np.int64((N_LENGTHS - 1) << _LENGTH_BIT)
        return found


def lowest_of(symbols: Symbols) -> NDArray[np.int64]:
    """Return the lowest note as a melody's symbol, 0 where nothing is struck."""
    found: NDArray[np.int64] = symbols & 0xFF
    return found


def length_class_of(symbols: Symbols) -> NDArray[np.int64]:
    """Return which of LENGTH_STEPS is meant."""
    found: NDArray[np.int64] = symbols >> _LENGTH_BIT & (N_LENGTHS - 1)
    return found


def above_of(symbols: Symbols) -> NDArray[np.bool_]:
    """Return bool[..., 48]: which notes are struck above the lowest, a semitone above it first."""
    found: NDArray[np.bool_] = (symbols[..., None] >> (_ABOVE_BIT + np.arange(N_ABOVE)) & 1).astype(np.bool_)
    return found


def symbols_from(lowest: Symbols, above: NDArray[np.bool_], length_class: Symbols) -> Symbols:
    """Put symbols together from their three parts; 0 where the lowest is none."""
    mask = (above.astype(np.int64) << np.arange(N_ABOVE)).sum(axis=-1)
    found: Symbols = lowest | length_class << _LENGTH_BIT | mask << _ABOVE_BIT
    return np.where(lowest >= FIRST_NOTE, found, 0)


def _struck_notes(symbols: Symbols) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return step and pitch of each note, int64[notes] twice; what lies above all MIDI is left out."""
    struck = np.flatnonzero(symbols)
    together = np.concatenate([np.ones((struck.size, 1), np.bool_), above_of(symbols[struck])], axis=1)
    row, interval = np.nonzero(together)
    pitch = lowest_of(symbols[struck])[row] - FIRST_NOTE + LOWEST_PITCH + interval
    is_heard = pitch <= _HIGHEST
    return struck[row[is_heard]].astype(np.int64), pitch[is_heard]


def _folded(pitch: NDArray[np.int64]) -> NDArray[np.int64]:
    """Move pitches outside of the piano into it by octaves."""
    below, above = np.maximum(LOWEST_PITCH - pitch, 0), np.maximum(pitch - HIGHEST_PITCH, 0)
    found: NDArray[np.int64] = pitch + _OCTAVE * -(-below // _OCTAVE) - _OCTAVE * -(-above // _OCTAVE)
    return found
