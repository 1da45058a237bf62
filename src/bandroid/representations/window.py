"""The `window` representation: some voices over a fixed number of bars on the grid of 16ths, cut into half bars.

    song -> lines on the grid (line.py) -> windows of 2 or 16 bars -> half bars, each of them a cell per voice

A cell is **silent**, **new**, or the **repeat** of the same voice's cell so many half bars before, symbol for symbol:
the latent spaces write a half bar once. Voices are single lines that each have a meaning (a lead, a bass), or **parts**
of any number of notes at once (chord_grid.py), told apart by who plays them alone. Bars are the song's own, of one
length throughout a window and of 16 steps at most; a half bar has 8 steps at most, and the first half the odd one (7/8:
7 and 7, 5/8: 5 and 5, 5/16: 3 and 2).
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from bandroid.representations.chord_grid import LENGTH_STEPS, N_ABOVE, ChordGrid
from bandroid.representations.grid import FIRST_NOTE, HOLD, REST, DrumGrid, MelodyGrid

PATCH_STEPS = 8
"""a half bar has so many at most"""
MOST_BAR_STEPS = 2 * PATCH_STEPS
SILENT, NEW, FIRST_REPEAT = 0, 1, 2
"""a cell; FIRST_REPEAT + d repeats the cell d + 1 half bars before"""
NOBODY = 0
"""who plays a voice; else 1 + the family of his program"""
N_PLAYERS = 17
_PROGRAMS_PER_FAMILY = 8

VoiceGrid: TypeAlias = MelodyGrid | DrumGrid | ChordGrid


def player_number(program: int) -> int:
    """Return who a voice's player is to a net: 1 (pianos) to 16 (effects), General MIDI's families of instruments."""
    return 1 + program // _PROGRAMS_PER_FAMILY


def lowest_program(number: int) -> int:
    """Return the first program of a player's family."""
    return (number - 1) * _PROGRAMS_PER_FAMILY


@dataclass(frozen=True, slots=True)
class Voice:
    """One of a window's voices."""

    name: str
    """"melody", "lead", "bass", "drums", "part 1" and so on"""
    grid: VoiceGrid

    @property
    def is_drums(self) -> bool:
        return isinstance(self.grid, DrumGrid)

    @property
    def is_part(self) -> bool:
        """Whether it may be any part of a song: all such voices are one kind, and whoever lacks one lacks nothing."""
        return isinstance(self.grid, ChordGrid)

    @property
    def is_line(self) -> bool:
        """Whether its notes end by rests."""
        return isinstance(self.grid, MelodyGrid)


@dataclass(frozen=True, slots=True)
class WindowKind:
    """What windows are made of."""

    voices: tuple[Voice, ...]
    n_bars: int

    @property
    def has_parts(self) -> bool:
        """Whether some voices may be any part of a song: then it must be told who plays."""
        return any(voice.is_part for voice in self.voices)

    @property
    def is_large(self) -> bool:
        """Whether a window is a hundred times one of two bars of one voice: fewer are looked at."""
        return self.has_parts and self.n_bars > 1

    @property
    def names(self) -> tuple[str, ...]:
        """What a musician is told of the voices: parts are named once."""
        n_parts = sum(voice.is_part for voice in self.voices)
        alone = tuple(voice.name for voice in self.voices if not voice.is_part)
        return (f"up to {n_parts} parts", *alone) if n_parts else alone

    @property
    def groups(self) -> tuple[tuple[int, ...], ...]:
        """Which voices are alike, in order: all parts together, everyone else alone."""
        parts = tuple(index for index, voice in enumerate(self.voices) if voice.is_part)
        alone = tuple((index,) for index, voice in enumerate(self.voices) if not voice.is_part)
        return (parts, *alone) if parts else alone

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


class Frames(NamedTuple):
    """What N windows are written into."""

    lengths: NDArray[np.int64]
    """int64[N, P]: steps of each half bar"""
    players: NDArray[np.int64]
    """int64[N, V]: see player_number; whom nobody plays is silent"""

    def rows(self, index: NDArray[np.int64] | slice) -> Frames:
        """Return some of them."""
        return Frames(self.lengths[index], self.players[index])

    def times(self, n: int) -> Frames:
        """Return each of them n times, one after another."""
        return Frames(np.repeat(self.lengths, n, axis=0), np.repeat(self.players, n, axis=0))


@dataclass(frozen=True, slots=True, eq=False)
class Window:
    """Some bars of some voices. Raises ValueError where arrays do not fit together."""

    symbols: NDArray[np.int64]
    """int64[V, T]: see grid.py and chord_grid.py; a hold at the very beginning of a line is a rest"""
    velocity: NDArray[np.int32]
    """int32[T, channels]: 1 to 127 where something is struck, else 0"""
    bar_steps: int
    """length of each bar"""
    players: NDArray[np.int64]
    """int64[V]: who plays each voice (player_number); NOBODY where the song has none: what is unknown"""

    def __post_init__(self) -> None:
        n_steps = self.symbols.shape[1]
        if not 2 <= self.bar_steps <= MOST_BAR_STEPS or n_steps % self.bar_steps or self.velocity.shape[0] != n_steps:
            raise ValueError(f"a window has whole bars of 2 to {MOST_BAR_STEPS} steps")
        if self.players.shape != self.symbols.shape[:1]:
            raise ValueError("a window says of each voice who plays it")

    @property
    def is_there(self) -> NDArray[np.bool_]:
        """bool[V]: which voices the song has."""
        found: NDArray[np.bool_] = self.players != NOBODY
        return found

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
    players: NDArray[np.int64]
    """int64[N, V]"""

    def __len__(self) -> int:
        return int(self.symbols.shape[0])

    @property
    def is_there(self) -> NDArray[np.bool_]:
        """bool[N, V]"""
        found: NDArray[np.bool_] = self.players != NOBODY
        return found

    @property
    def frames(self) -> Frames:
        """What they would be written into."""
        return Frames(self.lengths, self.players)

    def rows(self, index: NDArray[np.int64] | slice) -> Patches:
        """Return some of the windows."""
        return Patches(
            self.symbols[index],
            self.velocity[index],
            self.cells[index],
            self.lengths[index],
            self.players[index],
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
            if window.players[index] != NOBODY:
                cells[row, :, index] = _cells(symbols[row, :, index], lengths[row], voice)
    return Patches(symbols, velocity, cells, lengths, np.array([window.players for window in windows], dtype=np.int64))


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
    if not voice.is_line:
        return not symbols.any(), False
    is_silent = bool(np.array_equal(symbols, silent_symbols(symbols.size, voice, is_sounding)))
    changes = symbols[symbols != HOLD]
    return is_silent, bool(changes[-1] >= FIRST_NOTE) if changes.size else is_sounding


def silent_symbols(n_steps: int, voice: Voice, is_sounding: bool) -> NDArray[np.int64]:
    """Return int64[n_steps]: a silent cell's symbols; where a note sounds, it ends first."""
    symbols = np.zeros(n_steps, dtype=np.int64)
    if is_sounding and voice.is_line:
        symbols[0] = REST
    return symbols


def frames_of(windows: Sequence[Window], kind: WindowKind) -> Frames:
    """Return what windows would be written into."""
    lengths = [patch_lengths(window.bar_steps, kind.n_bars) for window in windows]
    return Frames(np.array(lengths), np.array([window.players for window in windows], dtype=np.int64))


def window_of(
    symbols: NDArray[np.int64], velocity: NDArray[np.int32], lengths: NDArray[np.int64], players: NDArray[np.int64]
) -> Window:
    """Put half bars together again: int64[P, V, L], int32[P, L, channels], int64[P], int64[V] -> a window."""
    parts = [(symbols[p, :, :n], velocity[p, :n]) for p, n in enumerate(lengths.tolist())]
    return Window(
        np.concatenate([part for part, _ in parts], axis=1),
        np.concatenate([loud for _, loud in parts]).astype(np.int32),
        int(lengths[0] + lengths[1]),
        players,
    )


def cut(
    symbols: NDArray[np.int64], velocity: NDArray[np.int32], start: int, end: int, voice: Voice
) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
    """Return int64[T] symbols and int32[T, channels] velocities of some steps of a voice; behind it is rest."""
    symbols, velocity = symbols[start:end].copy(), velocity[start:end]
    n_missing = end - start - symbols.size
    if n_missing:
        symbols = np.append(symbols, np.zeros(n_missing, dtype=np.int64))
        symbols[-n_missing] = REST if voice.is_line else 0
        velocity = np.concatenate([velocity, np.zeros((n_missing, velocity.shape[1]), np.int32)])
    if voice.is_line:  # what began before the window is not heard in it, so it does not end there either
        notes = np.flatnonzero(symbols >= FIRST_NOTE)
        symbols[: notes[0] if notes.size else end - start] = HOLD
    return symbols, velocity


def _parts(n: int) -> tuple[Voice, ...]:
    return tuple(Voice(f"part {number}", ChordGrid()) for number in range(1, n + 1))


DRUMS_VOICE = Voice("drums", DrumGrid())
WINDOW_KINDS: dict[str, WindowKind] = {
    "melody-2bar": WindowKind((Voice("melody", MelodyGrid()),), 2),
    "drums-2bar": WindowKind((DRUMS_VOICE,), 2),
    "melody-16bar": WindowKind((Voice("melody", MelodyGrid()),), 16),
    "trio-16bar": WindowKind((Voice("lead", MelodyGrid()), Voice("bass", MelodyGrid()), DRUMS_VOICE), 16),
    "ensemble-1bar": WindowKind((*_parts(8), DRUMS_VOICE), 1),
    "band-16bar": WindowKind((*_parts(15), DRUMS_VOICE), 16),
}
"""what the presets of latent spaces learn, by their names"""


def parts_of(kind: WindowKind) -> str:
    """Return what of songs windows of a kind are made of (presets.LearntParts)."""
    return next(name for name, one in WINDOW_KINDS.items() if one == kind)


def kind_to_json(kind: WindowKind) -> dict[str, Any]:
    """Return what turns symbols into music again, for a manifest's `representation`."""
    voices: list[dict[str, Any]] = []
    for voice in kind.voices:
        match voice.grid:
            case DrumGrid():
                said: dict[str, Any] = {"classes": [list(pitches) for pitches in voice.grid.classes]}
            case ChordGrid():
                said = {"above": N_ABOVE, "length_steps": list(LENGTH_STEPS)}
            case MelodyGrid():
                said = {"symbols": voice.grid.size}
        voices.append({"name": voice.name, **said})
    return {"name": "window", "version": 1, "bars": kind.n_bars, "patch_steps": PATCH_STEPS, "voices": voices}
