"""A trained latent space at work, on onnxruntime: windows to z, z to windows. Nothing here knows of songs.

encode.onnx   half bars -> mean and log variance of z
plan.onnx     z -> per half bar: what each cell is, what stands at each step, where the decoder begins
write.onnx    one step of the decoder: features, all voices' last symbols, its state -> scores, loudness, state
ear.onnx      symbols of a window -> what they cost a small language model that knows nothing of z; of one voice alone

Where voices are parts of any kind, all three are told who plays each of them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from bandroid.errors import StyleError
from bandroid.generation.net import first_line, open_graph, shapes_of
from bandroid.generation.sampling import Sampling
from bandroid.generation.space_symbols import drawn, likeliest
from bandroid.representations.grid import FIRST_NOTE, REST
from bandroid.representations.window import (
    FIRST_REPEAT,
    NEW,
    NOBODY,
    PATCH_STEPS,
    SILENT,
    Frames,
    Patches,
    Window,
    WindowKind,
    window_of,
)

MOST_PLANNED = 48_000_000
"""numbers of plans that are kept at once: 512 windows of a trio of 16 bars, which take 350 kB each"""
MOST_AT_ONCE = 512
ENCODE_GRAPH, PLAN_GRAPH, WRITE_GRAPH, EAR_GRAPH = "encode.onnx", "plan.onnx", "write.onnx", "ear.onnx"


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
        self.most_at_once = max(
            min(MOST_AT_ONCE, MOST_PLANNED // (n_patches * (PATCH_STEPS * features + 2 * state))), 1
        )
        """windows that are written side by side"""
        sizes = sum(voice.grid.n_scores for voice in kind.voices)
        who: dict[str, list[int | str]] = {"players": ["batch", n_voices]} if kind.has_parts else {}
        wanted: dict[str, dict[str, list[int | str]]] = {
            ENCODE_GRAPH: {
                "symbols": ["batch", n_patches, n_voices, PATCH_STEPS],
                "velocity": ["batch", n_patches, PATCH_STEPS, kind.n_channels],
                "lengths": ["batch", n_patches],
                "is_there": ["batch", n_voices],
                **who,
                "mean": ["batch", size],
                "log_variance": ["batch", size],
            },
            PLAN_GRAPH: {
                "z": ["batch", size],
                "lengths": ["batch", n_patches],
                **who,
                "features": ["batch", n_patches, PATCH_STEPS, features],
                "states": ["batch", n_patches, 2 * state],
                "cells": ["batch", n_patches, n_voices, kind.n_cells],
            },
            WRITE_GRAPH: {
                "features": ["batch", features],
                "before": ["batch", n_voices],
                **who,
                **{name: ["batch", state] for name in ("hidden", "cell", "hidden_after", "cell_after")},
                "scores": ["batch", sizes],
                "loudness": ["batch", kind.n_channels],
            },
        }
        sessions = [self._encode, self._plan, self._write]
        self._ear = open_graph(graphs, EAR_GRAPH) if EAR_GRAPH in graphs else None
        if self._ear is not None:
            wanted[EAR_GRAPH] = {
                "symbols": ["batch", n_patches, PATCH_STEPS],
                "lengths": ["batch", n_patches],
                "nats": ["batch"],
            }
            sessions.append(self._ear)
        found = zip(sessions, wanted.items(), strict=True)
        for session, (name, shapes) in found:
            if shapes_of(session) != shapes:
                raise StyleError(f"its {name} does not fit the others")

    @property
    def has_ear(self) -> bool:
        """Whether it can say how likely music is whatever z says."""
        return self._ear is not None

    def ear_nats(self, patches: Patches) -> NDArray[np.float64]:
        """Return what windows cost the ear, nats, float64[N]; only where there is one."""
        assert self._ear is not None
        inputs = {"symbols": patches.symbols[:, :, 0], "lengths": patches.lengths}
        return run_graph(self._ear, EAR_GRAPH, inputs)[0].astype(np.float64)

    def encode(self, patches: Patches) -> Posterior:
        """Return where windows lie."""
        if len(patches) > self.most_at_once:
            cuts = [slice(at, at + self.most_at_once) for at in range(0, len(patches), self.most_at_once)]
            each = [SpaceRuntime.encode(self, patches.rows(cut)) for cut in cuts]
            return Posterior(*(np.concatenate(parts) for parts in zip(*each, strict=True)))
        inputs: dict[str, NDArray[Any]] = {
            "symbols": patches.symbols,
            "velocity": patches.velocity,
            "lengths": patches.lengths,
            "is_there": patches.is_there.astype(np.float32),
            **self._who(patches.players),
        }
        return Posterior(*run_graph(self._encode, ENCODE_GRAPH, inputs))

    def decode(
        self,
        z: NDArray[np.float32],
        frames: Frames,
        how: Sampling | None = None,
        rng: np.random.Generator | None = None,
    ) -> list[Window]:
        """Write float32[N, Z] down, each into its frame. Without `how` the likeliest, always.

        Cells are the likeliest always: they are the window's form, and z says it.
        """
        if len(z) > self.most_at_once:
            cuts = [slice(at, at + self.most_at_once) for at in range(0, len(z), self.most_at_once)]
            return [window for cut in cuts for window in self.decode(z[cut], frames.rows(cut), how, rng)]
        features, states, cells = self.plan(z, frames)
        writing = _Writing(self.kind, frames, cells)
        for patch in range(self.kind.n_patches):
            hidden, cell = np.split(states[:, patch], 2, axis=1)
            for step in range(PATCH_STEPS):
                scores, loudness, hidden, cell = self.write(
                    features[:, patch, step], writing.before, hidden, cell, frames.players
                )
                writing.take(patch, step, scores, loudness, how, rng)
        return list(writing.windows())

    def plan(
        self, z: NDArray[np.float32], frames: Frames
    ) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
        """float32[N, Z] -> features [N, P, L, F], states [N, P, 2 D], scores of cells [N, P, V, cells]."""
        inputs: dict[str, NDArray[Any]] = {"z": z.astype(np.float32), "lengths": frames.lengths}
        inputs |= self._who(frames.players)
        found = run_graph(self._plan, PLAN_GRAPH, inputs)
        return found[0], found[1], found[2]

    def write(
        self,
        features: NDArray[np.float32],
        before: NDArray[np.int64],
        hidden: NDArray[np.float32],
        cell: NDArray[np.float32],
        players: NDArray[np.int64],
    ) -> tuple[NDArray[np.float32], ...]:
        """One step: [N, F], int64[N, V], state twice, int64[N, V] -> scores [N, sizes], loudness [N, C], state."""
        inputs: dict[str, NDArray[Any]] = {"features": features, "before": before, "hidden": hidden, "cell": cell}
        return tuple(run_graph(self._write, WRITE_GRAPH, {**inputs, **self._who(players)}))

    def _who(self, players: NDArray[np.int64]) -> dict[str, NDArray[np.int64]]:
        """Return what graphs are told of players, where they are."""
        return {"players": players} if self.kind.has_parts else {}


class _Writing:
    """Windows that are being written, all at the same step."""

    def __init__(self, kind: WindowKind, frames: Frames, cells: NDArray[np.float32]) -> None:
        n, n_patches = frames.lengths.shape
        n_voices = len(kind.voices)
        self._kind, self._frames = kind, frames
        self._cells = _likeliest(cells, frames.lengths)
        if kind.has_parts:
            self._cells = np.where(frames.players[:, None] == NOBODY, SILENT, self._cells)
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
        is_inside, first = (step < self._frames.lengths[:, patch])[:, None], 0
        for group in self._kind.groups:
            voice, own = self._kind.voices[group[0]], slice(group[0], group[-1] + 1)
            size = len(group) * voice.grid.n_scores
            these, first = scores[:, first : first + size].reshape(len(scores), len(group), -1), first + size
            cells = self._cells[:, patch, own]
            symbols = likeliest(voice, these)
            if how is not None and rng is not None:
                for row, column in zip(*np.nonzero(is_inside & (cells == NEW)), strict=True):
                    symbols[row, column] = drawn(voice, these[row, column], how, rng)
            source = np.clip(patch - (cells - FIRST_REPEAT + 1), 0, patch)
            at = (np.arange(len(cells))[:, None], source)
            repeated = self._symbols[(*at, np.array(group), step)]
            ending = np.zeros_like(symbols)
            if voice.is_line and step == 0:
                ending[self._is_sounding[:, own]] = REST
            symbols = np.where(cells == NEW, symbols, np.where(cells == SILENT, ending, repeated))
            symbols = np.where(is_inside, symbols, 0)
            self._symbols[:, patch, own, step] = symbols
            self._take_loudness(patch, step, group, symbols, loudness, at)
            self.before[:, own] = np.where(is_inside, symbols, self.before[:, own])
            if voice.is_line:
                sounding = np.where(symbols >= FIRST_NOTE, True, (symbols != REST) & self._is_sounding[:, own])
                self._is_sounding[:, own] = np.where(is_inside, sounding, self._is_sounding[:, own])

    def _take_loudness(
        self,
        patch: int,
        step: int,
        group: tuple[int, ...],
        symbols: NDArray[np.int64],
        loudness: NDArray[np.float32],
        source: tuple[NDArray[np.int64], NDArray[np.int64]],
    ) -> None:
        """Write how loud a step of a group is; repeats are as loud as what they repeat."""
        voice, channels = self._kind.voices[group[0]], self._kind.channels
        channel = slice(channels[group[0]].start, channels[group[-1]].stop)
        shape = (len(symbols), len(group), voice.grid.n_voices)
        struck = voice.grid.struck(symbols.ravel()).reshape(shape)
        loud = np.clip(np.rint(127 * loudness[:, channel]), 1, 127).astype(np.int32).reshape(shape)
        columns = np.arange(channel.start, channel.stop).reshape(shape[1:])
        again = self._velocity[(source[0][..., None], source[1][..., None], step, columns)]
        is_repeat = (self._cells[:, patch, group[0] : group[-1] + 1] >= FIRST_REPEAT)[..., None]
        loud = np.where(is_repeat & (again > 0), again, loud)
        self._velocity[:, patch, step, channel] = np.where(struck, loud, 0).reshape(len(symbols), -1)

    def windows(self) -> Iterator[Window]:
        """Yield them, whole."""
        for each in zip(self._symbols, self._velocity, self._frames.lengths, self._players(), strict=True):
            yield window_of(*each)

    def _players(self) -> NDArray[np.int64]:
        """Return who plays what is written: where each voice has a meaning, all are."""
        return self._frames.players if self._kind.has_parts else np.maximum(self._frames.players, 1)


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


def run_graph(session: Any, name: str, inputs: Mapping[str, NDArray[Any]]) -> Sequence[NDArray[np.float32]]:
    """Run a graph and return what it gives; raises StyleError where it cannot be run."""
    try:
        found: Sequence[NDArray[np.float32]] = session.run(None, dict(inputs))
    except Exception as error:  # a graph that is not what it says it is
        raise StyleError(f"its {name} cannot be run here ({first_line(error)})") from None
    return found
