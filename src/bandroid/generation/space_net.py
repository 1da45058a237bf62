"""A trained latent space at work, on onnxruntime: windows to z, z to windows. Nothing here knows of songs.

encode.onnx   half bars -> mean and log variance of z
plan.onnx     z -> per half bar: what each cell is, what stands at each step, where the decoder begins
write.onnx    one step of the decoder: features, all voices' last symbols, its state -> scores, loudness, state
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from bandroid.errors import StyleError
from bandroid.generation.net import first_line, open_graph, shapes_of
from bandroid.generation.sampling import Sampling, draw
from bandroid.representations.grid import FIRST_NOTE, REST
from bandroid.representations.window import (
    FIRST_REPEAT,
    NEW,
    PATCH_STEPS,
    SILENT,
    Patches,
    Window,
    WindowKind,
    window_of,
)

MOST_AT_ONCE = 512
"""windows that are written side by side: a trio of 16 bars takes 200 kB of plans"""
ENCODE_GRAPH, PLAN_GRAPH, WRITE_GRAPH = "encode.onnx", "plan.onnx", "write.onnx"


class Posterior(NamedTuple):
    """Where windows lie in the space."""

    mean: NDArray[np.float32]
    """float32[N, Z]"""
    log_variance: NDArray[np.float32]
    """float32[N, Z]"""


class SpaceRuntime:
    """The graphs of a latent space, ready to run."""

    def __init__(self, graphs: Mapping[str, bytes], kind: WindowKind) -> None:
        """`graphs` holds ONNX models by file name; raises StyleError for what is none of ours."""
        self.kind = kind
        self._encode, self._plan, self._write = (
            open_graph(graphs, name) for name in (ENCODE_GRAPH, PLAN_GRAPH, WRITE_GRAPH)
        )
        size = shapes_of(self._encode).get("mean", [None])[-1]
        state = shapes_of(self._write).get("hidden", [None])[-1]
        features = shapes_of(self._write).get("features", [None])[-1]
        if not (isinstance(size, int) and isinstance(state, int) and isinstance(features, int)):
            raise StyleError(f"its {ENCODE_GRAPH} is none of ours")
        self.z_size = size
        n_patches, n_voices = kind.n_patches, len(kind.voices)
        sizes = sum(voice.grid.size for voice in kind.voices)
        wanted: dict[str, dict[str, list[int | str]]] = {
            ENCODE_GRAPH: {
                "symbols": ["batch", n_patches, n_voices, PATCH_STEPS],
                "velocity": ["batch", n_patches, PATCH_STEPS, kind.n_channels],
                "lengths": ["batch", n_patches],
                "is_there": ["batch", n_voices],
                "mean": ["batch", size],
                "log_variance": ["batch", size],
            },
            PLAN_GRAPH: {
                "z": ["batch", size],
                "lengths": ["batch", n_patches],
                "features": ["batch", n_patches, PATCH_STEPS, features],
                "states": ["batch", n_patches, 2 * state],
                "cells": ["batch", n_patches, n_voices, kind.n_cells],
            },
            WRITE_GRAPH: {
                "features": ["batch", features],
                "before": ["batch", n_voices],
                **{name: ["batch", state] for name in ("hidden", "cell", "hidden_after", "cell_after")},
                "scores": ["batch", sizes],
                "loudness": ["batch", kind.n_channels],
            },
        }
        found = zip((self._encode, self._plan, self._write), wanted.items(), strict=True)
        for session, (name, shapes) in found:
            if shapes_of(session) != shapes:
                raise StyleError(f"its {name} does not fit the others")

    def encode(self, patches: Patches) -> Posterior:
        """Return where windows lie."""
        inputs: dict[str, NDArray[Any]] = {
            "symbols": patches.symbols,
            "velocity": patches.velocity,
            "lengths": patches.lengths,
            "is_there": patches.is_there.astype(np.float32),
        }
        return Posterior(*run_graph(self._encode, ENCODE_GRAPH, inputs))

    def decode(
        self,
        z: NDArray[np.float32],
        lengths: NDArray[np.int64],
        how: Sampling | None = None,
        rng: np.random.Generator | None = None,
    ) -> list[Window]:
        """Write float32[N, Z] down: int64[N, P] are the lengths of the half bars. Without `how` the likeliest, always.

        Cells are the likeliest always: they are the window's form, and z says it.
        """
        if len(z) > MOST_AT_ONCE:
            cuts = range(0, len(z), MOST_AT_ONCE)
            each = [self.decode(z[at : at + MOST_AT_ONCE], lengths[at : at + MOST_AT_ONCE], how, rng) for at in cuts]
            return [window for windows in each for window in windows]
        features, states, cells = self.plan(z, lengths)
        writing = _Writing(self.kind, lengths, cells)
        for patch in range(self.kind.n_patches):
            hidden, cell = np.split(states[:, patch], 2, axis=1)
            for step in range(PATCH_STEPS):
                scores, loudness, hidden, cell = self.write(features[:, patch, step], writing.before, hidden, cell)
                writing.take(patch, step, scores, loudness, how, rng)
        return list(writing.windows())

    def plan(
        self, z: NDArray[np.float32], lengths: NDArray[np.int64]
    ) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
        """float32[N, Z], int64[N, P] -> features [N, P, L, F], states [N, P, 2 D], scores of cells [N, P, V, cells]."""
        found = run_graph(self._plan, PLAN_GRAPH, {"z": z.astype(np.float32), "lengths": lengths})
        return found[0], found[1], found[2]

    def write(
        self,
        features: NDArray[np.float32],
        before: NDArray[np.int64],
        hidden: NDArray[np.float32],
        cell: NDArray[np.float32],
    ) -> tuple[NDArray[np.float32], ...]:
        """One step: float32[N, F], int64[N, V], state twice -> scores [N, sizes], loudness [N, C], state twice."""
        inputs: dict[str, NDArray[Any]] = {"features": features, "before": before, "hidden": hidden, "cell": cell}
        return tuple(run_graph(self._write, WRITE_GRAPH, inputs))


class _Writing:
    """Windows that are being written, all at the same step."""

    def __init__(self, kind: WindowKind, lengths: NDArray[np.int64], cells: NDArray[np.float32]) -> None:
        n, n_patches = lengths.shape
        n_voices = len(kind.voices)
        self._kind, self._lengths = kind, lengths
        self._cells = _likeliest(cells, lengths)
        self._symbols = np.zeros((n, n_patches, n_voices, PATCH_STEPS), dtype=np.int64)
        self._velocity = np.zeros((n, n_patches, PATCH_STEPS, kind.n_channels), dtype=np.int32)
        self.before = np.tile(np.array([voice.grid.size for voice in kind.voices], dtype=np.int64), (n, 1))
        """int64[N, V]: each voice's last symbol; its size stands for nothing yet"""
        self._is_sounding = np.zeros((n, n_voices), dtype=np.bool_)

    def take(
        self,
        patch: int,
        step: int,
        scores: NDArray[np.float32],
        loudness: NDArray[np.float32],
        how: Sampling | None,
        rng: np.random.Generator | None,
    ) -> None:
        """Write a step of all voices."""
        is_inside = step < self._lengths[:, patch]
        first, rows = 0, np.arange(len(is_inside))
        for index, (voice, channel) in enumerate(zip(self._kind.voices, self._kind.channels, strict=True)):
            size = voice.grid.size
            these, first = scores[:, first : first + size], first + size
            cells = self._cells[:, patch, index]
            symbols = these.argmax(axis=1)
            if how is not None and rng is not None:
                for row in np.flatnonzero(is_inside & (cells == NEW)):
                    symbols[row] = draw(_shares(these[row]), how, rng)
            source = np.clip(patch - (cells - FIRST_REPEAT + 1), 0, patch)
            repeated = self._symbols[rows, source, index, step]
            ending = np.zeros_like(symbols)
            if not voice.is_drums and step == 0:
                ending[self._is_sounding[:, index]] = REST
            symbols = np.where(cells == NEW, symbols, np.where(cells == SILENT, ending, repeated))
            symbols = np.where(is_inside, symbols, 0)
            self._symbols[:, patch, index, step] = symbols
            struck = voice.grid.struck(symbols.astype(np.int32)) & is_inside[:, None]
            loud = np.clip(np.rint(127 * loudness[:, channel]), 1, 127).astype(np.int32)
            again = self._velocity[rows, source, step, channel]
            loud = np.where((cells >= FIRST_REPEAT)[:, None] & (again > 0), again, loud)
            self._velocity[:, patch, step, channel] = np.where(struck, loud, 0)
            self.before[:, index] = np.where(is_inside, symbols, self.before[:, index])
            if not voice.is_drums:
                sounding = np.where(symbols >= FIRST_NOTE, True, (symbols != REST) & self._is_sounding[:, index])
                self._is_sounding[:, index] = np.where(is_inside, sounding, self._is_sounding[:, index])

    def windows(self) -> Iterator[Window]:
        """Yield them, whole."""
        for symbols, velocity, lengths in zip(self._symbols, self._velocity, self._lengths, strict=True):
            yield window_of(symbols, velocity, lengths)


def _likeliest(cells: NDArray[np.float32], lengths: NDArray[np.int64]) -> NDArray[np.int64]:
    """float32[N, P, V, cells] -> int64[N, P, V]: of what can be, since nothing repeats what was not, or was longer."""
    scores = cells.copy()
    n_patches = lengths.shape[1]
    for patch in range(n_patches):
        scores[:, patch, :, FIRST_REPEAT + patch :] = -np.inf
        for distance in range(1, patch + 1):
            is_other = lengths[:, patch - distance] != lengths[:, patch]
            scores[is_other, patch, :, FIRST_REPEAT + distance - 1] = -np.inf
    likeliest: NDArray[np.int64] = scores.argmax(axis=3)
    return likeliest


def _shares(scores: NDArray[np.float32]) -> NDArray[np.float64]:
    odds = np.exp(scores.astype(np.float64) - scores.max())
    shares: NDArray[np.float64] = odds / odds.sum()
    return shares


def run_graph(session: Any, name: str, inputs: Mapping[str, NDArray[Any]]) -> Sequence[NDArray[np.float32]]:
    """Run a graph and return what it gives; raises StyleError where it cannot be run."""
    try:
        found: Sequence[NDArray[np.float32]] = session.run(None, dict(inputs))
    except Exception as error:  # a graph that is not what it says it is
        raise StyleError(f"its {name} cannot be run here ({first_line(error)})") from None
    return found
