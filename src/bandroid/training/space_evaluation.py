"""How much of music comes back from a latent space, and how much would without one. No torch."""

from __future__ import annotations

from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray

from bandroid.corpus.voices import SongVoices, judging_windows
from bandroid.generation.space_net import SpaceRuntime
from bandroid.representations.chord_grid import ChordGrid
from bandroid.representations.window import PATCH_STEPS, Patches, WindowKind, patches_of

_MOST_WINDOWS_A_SONG, _MOST_WINDOWS_A_BAND = 64, 8
"""the second of 16 bars of many parts, which take a hundred times as long as two bars of one"""


@dataclass(frozen=True, slots=True)
class SpaceFigures:
    """Figures of some windows; they add up."""

    n_songs: int
    n_windows: int
    n_steps: int
    n_onsets: int
    n_right: int
    n_right_onsets: int
    n_right_wrong_z: int

    def __add__(self, other: SpaceFigures) -> SpaceFigures:
        return SpaceFigures(*(a + b for a, b in zip(self._numbers(), other._numbers(), strict=True)))

    @property
    def right(self) -> float:
        """Share of steps that are right."""
        return self.n_right / max(self.n_steps, 1)

    @property
    def onsets_right(self) -> float:
        return self.n_right_onsets / max(self.n_onsets, 1)

    @property
    def right_wrong_z(self) -> float:
        """Share of steps that are right when they are written from another window's place."""
        return self.n_right_wrong_z / max(self.n_steps, 1)

    def as_json(self) -> dict[str, float]:
        return {
            **asdict(self),
            "steps_right": self.right,
            "onsets_right": self.onsets_right,
            "steps_right_wrong_z": self.right_wrong_z,
        }

    def _numbers(self) -> tuple[int, ...]:
        return tuple(asdict(self).values())


def evaluate_voices(runtime: SpaceRuntime, voices: SongVoices) -> SpaceFigures:
    """Measure a space on windows of a song."""
    patches = patches_of(judging_windows([voices], runtime.kind, _most_windows(runtime.kind)), runtime.kind)
    mean = runtime.encode(patches).mean
    steps, onsets, right, right_onsets = accuracy_by_voice(runtime, patches, mean).sum(axis=0).tolist()
    wrong = accuracy_by_voice(runtime, patches, wrong_z(mean)).sum(axis=0)
    return SpaceFigures(1, len(patches), steps, onsets, right, right_onsets, int(wrong[2]))


def previous_bar(kind: WindowKind, voices: SongVoices) -> SpaceFigures:
    """Measure what plays every bar as the one before, the first as silence."""
    patches = patches_of(judging_windows([voices], kind, _most_windows(kind)), kind)
    steps, onsets, right, right_onsets = right_by_voice(copied_bars(patches), patches, kind).sum(axis=0).tolist()
    return SpaceFigures(1, len(patches), steps, onsets, right, right_onsets, right)


def _most_windows(kind: WindowKind) -> int:
    return _MOST_WINDOWS_A_BAND if kind.is_large else _MOST_WINDOWS_A_SONG


def copied_bars(patches: Patches) -> NDArray[np.int64]:
    """Return int64[N, P, V, L]: every bar as the one before was, the first one silent."""
    return np.concatenate([np.zeros_like(patches.symbols[:, :2]), patches.symbols[:, :-2]], axis=1)


def wrong_z(z: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return each window's z exchanged for another's, far away in the list."""
    return np.roll(z, len(z) // 3 + 1, axis=0)


def accuracy(runtime: SpaceRuntime, patches: Patches, z: NDArray[np.float32]) -> tuple[float, float]:
    """Return the share of steps, and of onsets, that are right when windows are written from z, nothing told."""
    n_steps, n_onsets, right, right_onsets = accuracy_by_voice(runtime, patches, z).sum(axis=0).tolist()
    return right / max(n_steps, 1), right_onsets / max(n_onsets, 1)


def accuracy_by_voice(runtime: SpaceRuntime, patches: Patches, z: NDArray[np.float32]) -> NDArray[np.int64]:
    """Return int64[V, 4]: steps, onsets, steps that are right, onsets that are right, free-running and likeliest."""
    found = patches_of(runtime.decode(z, patches.frames), runtime.kind).symbols
    return right_by_voice(found, patches, runtime.kind)


def right_by_voice(found: NDArray[np.int64], patches: Patches, kind: WindowKind) -> NDArray[np.int64]:
    """Compare int64[N, P, V, L] symbols with windows: int64[V, 4] as `accuracy_by_voice`. Parts' lengths are free."""
    is_step = (np.arange(PATCH_STEPS) < patches.lengths[:, :, None])[:, :, None] & patches.is_there[:, None, :, None]
    rows = []
    for index, voice in enumerate(kind.voices):
        symbols, other = patches.symbols[:, :, index], found[:, :, index]
        if isinstance(voice.grid, ChordGrid):
            symbols, other = voice.grid.without_length(symbols), voice.grid.without_length(other)
        right = (other == symbols) & is_step[:, :, index]
        begins = voice.grid.struck(symbols.ravel().astype(np.int32)).any(axis=1).reshape(symbols.shape)
        begins &= is_step[:, :, index]
        rows.append([is_step[:, :, index].sum(), begins.sum(), right.sum(), (right & begins).sum()])
    return np.array(rows, dtype=np.int64)
