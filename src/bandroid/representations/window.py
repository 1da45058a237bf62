"""The `window` representation: some voices over a fixed number of bars on the grid of 16ths, cut into half bars.

    song -> lines on the grid (line.py) -> windows of 2 or 16 bars -> half bars, each of them a cell per voice

A cell is **silent**, **new**, or the **repeat** of the same voice's cell so many half bars before, symbol for symbol:
the latent spaces write a half bar once. Bars are the song's own, of one length throughout a window and of 16 steps at
most; a half bar has 8 steps at most, and the first half the odd one (7/8: 7 and 7, 5/8: 5 and 5, 5/16: 3 and 2).
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bandroid.representations.grid import FIRST_NOTE, HOLD, REST, DrumGrid, Grid, MelodyGrid
from bandroid.representations.line import Line

PATCH_STEPS = 8
"""a half bar has so many at most"""
MOST_BAR_STEPS = 2 * PATCH_STEPS
SILENT, NEW, FIRST_REPEAT = 0, 1, 2
"""a cell; FIRST_REPEAT + d repeats the cell d + 1 half bars before"""


@dataclass(frozen=True, slots=True)
class Voice:
    """One of a window's voices."""

    name: str
    """"melody", "lead", "bass", "drums\""""
    grid: Grid

    @property
    def is_drums(self) -> bool:
        return isinstance(self.grid, DrumGrid)


@dataclass(frozen=True, slots=True)
class WindowKind:
    """What windows are made of."""

    voices: tuple[Voice, ...]
    n_bars: int

    @property
    def n_patches(self) -> int:
        """How many half bars there are."""
        return 2 * self.n_bars

    @property
    def n_cells(self) -> int:
        """How many things a cell may be."""
        return FIRST_REPEAT + self.n_patches - 1

    @property
    def channels(self) -> tuple[slice, ...]:
        """Where each voice's velocities stand: a melody has one, drums one a class."""
        ends = np.cumsum([0, *(voice.grid.n_voices for voice in self.voices)]).tolist()
        return tuple(slice(first, end) for first, end in itertools.pairwise(ends))

    @property
    def n_channels(self) -> int:
        return sum(voice.grid.n_voices for voice in self.voices)


@dataclass(frozen=True, slots=True, eq=False)
class Window:
    """Some bars of some voices. Raises ValueError where arrays do not fit together."""

    symbols: NDArray[np.int32]
    """int32[V, T]: see grid.py; a hold at the very beginning is a rest"""
    velocity: NDArray[np.int32]
    """int32[T, channels]: 1 to 127 where something is struck, else 0"""
    bar_steps: int
    """length of each bar"""
    is_there: NDArray[np.bool_]
    """bool[V]: which voices the song has; what the others would play is not known"""

    def __post_init__(self) -> None:
        n_steps = self.symbols.shape[1]
        if not 2 <= self.bar_steps <= MOST_BAR_STEPS or n_steps % self.bar_steps or self.velocity.shape[0] != n_steps:
            raise ValueError(f"a window has whole bars of 2 to {MOST_BAR_STEPS} steps")
        if self.is_there.shape != self.symbols.shape[:1]:
            raise ValueError("a window says of each voice whether it is there")

    @property
    def n_steps(self) -> int:
        return int(self.symbols.shape[1])


@dataclass(frozen=True, slots=True, eq=False)
class Patches:
    """N windows cut into P half bars of V voices and L steps, padded with zeros: what nets see."""

    symbols: NDArray[np.int64]
    """int64[N, P, V, L]"""
    velocity: NDArray[np.float32]
    """float32[N, P, L, channels]: 0 to 1"""
    cells: NDArray[np.int64]
    """int64[N, P, V]"""
    lengths: NDArray[np.int64]
    """int64[N, P]: steps of each half bar"""
    is_there: NDArray[np.bool_]
    """bool[N, V]"""

    def __len__(self) -> int:
        return int(self.symbols.shape[0])

    def rows(self, index: NDArray[np.int64] | slice) -> Patches:
        """Return some of the windows."""
        return Patches(
            self.symbols[index],
            self.velocity[index],
            self.cells[index],
            self.lengths[index],
            self.is_there[index],
        )


def patch_lengths(bar_steps: int, n_bars: int) -> NDArray[np.int64]:
    """Return int64[P]: how many steps each half bar has."""
    return np.tile([bar_steps - bar_steps // 2, bar_steps // 2], n_bars).astype(np.int64)


def patches_of(windows: Sequence[Window], kind: WindowKind) -> Patches:
    """Cut windows into half bars and find out what each cell is."""
    n, n_patches, n_voices = len(windows), kind.n_patches, len(kind.voices)
    symbols = np.zeros((n, n_patches, n_voices, PATCH_STEPS), dtype=np.int64)
    velocity = np.zeros((n, n_patches, PATCH_STEPS, kind.n_channels), dtype=np.float32)
    cells = np.zeros((n, n_patches, n_voices), dtype=np.int64)
    lengths = np.zeros((n, n_patches), dtype=np.int64)
    for row, window in enumerate(windows):
        lengths[row] = patch_lengths(window.bar_steps, kind.n_bars)
        starts = np.cumsum(lengths[row]) - lengths[row]
        for patch, (start, length) in enumerate(zip(starts.tolist(), lengths[row].tolist(), strict=True)):
            symbols[row, patch, :, :length] = window.symbols[:, start : start + length]
            velocity[row, patch, :length] = window.velocity[start : start + length] / np.float32(127)
        for index, voice in enumerate(kind.voices):
            cells[row, :, index] = _cells(symbols[row, :, index], lengths[row], voice)
    return Patches(symbols, velocity, cells, lengths, np.array([window.is_there for window in windows]))


def _cells(patches: NDArray[np.int64], lengths: NDArray[np.int64], voice: Voice) -> NDArray[np.int64]:
    """Return int64[P]: what each half bar of a voice is, int64[P, L] its symbols."""
    found = np.full(len(patches), NEW, dtype=np.int64)
    latest: dict[tuple[int, bytes], int] = {}
    is_sounding = False
    for patch, (symbols, length) in enumerate(zip(patches, lengths.tolist(), strict=True)):
        silence, is_still_sounding = _silence(symbols[:length], voice, is_sounding)
        key = (length, symbols.tobytes())
        if silence:
            found[patch] = SILENT
        elif key in latest:
            found[patch] = FIRST_REPEAT + patch - latest[key] - 1
        latest[key] = patch
        is_sounding = is_still_sounding
    return found


def _silence(symbols: NDArray[np.int64], voice: Voice, is_sounding: bool) -> tuple[bool, bool]:
    """Say whether a half bar is silent as `silent_symbols` writes it, and whether its last note goes on after it."""
    if voice.is_drums:
        return not symbols.any(), False
    is_silent = bool(np.array_equal(symbols, silent_symbols(symbols.size, voice, is_sounding)))
    changes = symbols[symbols != HOLD]
    return is_silent, bool(changes[-1] >= FIRST_NOTE) if changes.size else is_sounding


def silent_symbols(n_steps: int, voice: Voice, is_sounding: bool) -> NDArray[np.int64]:
    """Return int64[n_steps]: a silent cell's symbols; where a note sounds, it ends first."""
    symbols = np.zeros(n_steps, dtype=np.int64)
    if is_sounding and not voice.is_drums:
        symbols[0] = REST
    return symbols


def window_of(symbols: NDArray[np.int64], velocity: NDArray[np.int32], lengths: NDArray[np.int64]) -> Window:
    """Put half bars together again: int64[P, V, L], int32[P, L, channels], int64[P] -> a window of all its voices."""
    parts = [(symbols[p, :, :n], velocity[p, :n]) for p, n in enumerate(lengths.tolist())]
    return Window(
        np.concatenate([part for part, _ in parts], axis=1).astype(np.int32),
        np.concatenate([loud for _, loud in parts]).astype(np.int32),
        int(lengths[0] + lengths[1]),
        np.ones(symbols.shape[1], dtype=np.bool_),
    )


def cut(line: Line, start: int, end: int) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Return int32[T] symbols and int32[T, channels] velocities of some steps; behind the line is rest."""
    symbols, velocity = line.symbols[start:end].copy(), line.velocity[start:end]
    n_missing = end - start - symbols.size
    is_melody = velocity.shape[1] == 1
    if n_missing:
        symbols = np.append(symbols, np.zeros(n_missing, dtype=np.int32))
        symbols[-n_missing] = REST if is_melody else 0
        velocity = np.concatenate([velocity, np.zeros((n_missing, velocity.shape[1]), np.int32)])
    if is_melody:  # what began before the window is not heard in it, so it does not end there either
        notes = np.flatnonzero(symbols >= FIRST_NOTE)
        symbols[: notes[0] if notes.size else end - start] = HOLD
    return symbols, velocity


DRUMS_VOICE = Voice("drums", DrumGrid())
WINDOW_KINDS: dict[str, WindowKind] = {
    "melody-2bar": WindowKind((Voice("melody", MelodyGrid()),), 2),
    "drums-2bar": WindowKind((DRUMS_VOICE,), 2),
    "melody-16bar": WindowKind((Voice("melody", MelodyGrid()),), 16),
    "trio-16bar": WindowKind((Voice("lead", MelodyGrid()), Voice("bass", MelodyGrid()), DRUMS_VOICE), 16),
}
"""what the presets of latent spaces learn, by their names"""


def parts_of(kind: WindowKind) -> str:
    """Return what of songs windows of a kind are made of (presets.LearntParts)."""
    return next(name for name, one in WINDOW_KINDS.items() if one == kind)


def kind_to_json(kind: WindowKind) -> dict[str, Any]:
    """Return what turns symbols into music again, for a manifest's `representation`."""
    voices = [
        {"name": voice.name, "classes": [list(pitches) for pitches in voice.grid.classes]}
        if isinstance(voice.grid, DrumGrid)
        else {"name": voice.name, "symbols": voice.grid.size}
        for voice in kind.voices
    ]
    return {"name": "window", "version": 1, "bars": kind.n_bars, "patch_steps": PATCH_STEPS, "voices": voices}
