"""A style of four voices in memory: its net, the pieces that it was learnt from, how they begin."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bandroid.bundle.store import Bundle
from bandroid.critique.chorale_features import N_FEATURES
from bandroid.critique.chorale_runs import RunIndex
from bandroid.critique.copies import CopyHabit, load_habit
from bandroid.critique.fingerprints import Index, load_index
from bandroid.critique.telling import Teller
from bandroid.errors import StyleError
from bandroid.generation.chorale_net import HEAR_GRAPH, REMEMBER_GRAPH, VOICE_GRAPHS, ChoraleRuntime
from bandroid.representations.chorale import CELLS, N_COLUMNS, N_STREAMS, N_VOICES

NAME = "chorale"
GOLDEN_NAME, PIECES_NAME, CRITIC_NAME = "golden.npz", "pieces.npz", "critic.npz"
CHORALE_VERSION = 1
"""raised when graphs or what they are told change"""
GRAPHS = (HEAR_GRAPH, REMEMBER_GRAPH, *VOICE_GRAPHS)


@dataclass(frozen=True, slots=True)
class Opening:
    """How a piece of the corpus begins: a new one may begin so. Raises ValueError where a value cannot be."""

    metre: tuple[int, int]
    pickup_step: int
    """16ths before the first bar"""
    is_minor: bool
    tonic: int
    """pitch class"""
    tempo_qpm: float

    def __post_init__(self) -> None:
        whole = 16 * self.metre[0] // max(self.metre[1], 1)
        if not (0 <= self.pickup_step < max(whole, 1) and 0 <= self.tonic < 12 and 10 <= self.tempo_qpm <= 400):
            raise ValueError(f"not an opening: {self}")

    def as_json(self) -> list[Any]:
        return [list(self.metre), self.pickup_step, self.is_minor, self.tonic, self.tempo_qpm]

    @classmethod
    def from_json(cls, row: Any) -> Opening:
        """Read plain data back; raises ValueError where it does not fit."""
        try:
            (numerator, denominator), pickup, is_minor, tonic, tempo_qpm = row
            return cls((int(numerator), int(denominator)), int(pickup), bool(is_minor), int(tonic), float(tempo_qpm))
        except TypeError as error:
            raise ValueError(f"not an opening: {row}") from error


@dataclass(frozen=True, eq=False)
class ChoraleStyle:
    """A style that writes four voices."""

    name: str
    style_hash: str
    runtime: ChoraleRuntime
    openings: tuple[Opening, ...]
    pieces: tuple[NDArray[np.int64], ...]
    """cells of the pieces that it was learnt from, int64[T, 4] each: what a new piece must not copy"""
    held_out: tuple[NDArray[np.int64], ...]
    """frames of some pieces that it was not learnt from, int64[T, C] each: what a quiz holds against it"""
    critic: Teller
    """tells pieces of the corpus from what the net writes"""
    index: Index | None = None
    copy_habit: CopyHabit | None = None

    @cached_property
    def run_index(self) -> RunIndex:
        """All runs of its pieces: what copies are found by."""
        return RunIndex(self.pieces)


def load_chorale_style(bundle: Bundle) -> ChoraleStyle:
    """Load a style of four voices from its bundle, every file checked; raises StyleError."""
    manifest = bundle.manifest
    if manifest.model.get("chorale") != CHORALE_VERSION:
        raise StyleError(f"style {bundle.name}: it was learnt by another version of bandroid; learn it again")
    try:
        runtime = ChoraleRuntime({name: bundle.read(name) for name in GRAPHS})
    except StyleError as error:
        raise StyleError(f"style {bundle.name}: {str(error).removeprefix(f'style {bundle.name}: ')}") from None
    try:
        openings = tuple(Opening.from_json(table["opening"]) for table in manifest.defaults["line_ups"])
        arrays = bundle.arrays(PIECES_NAME)
        pieces = pieces_from_arrays(arrays, "pieces", N_VOICES)
        held_out = pieces_from_arrays(arrays, "held_out", N_COLUMNS)
        critic = Teller.from_arrays(bundle.arrays(CRITIC_NAME), N_FEATURES)
        if not openings:
            raise ValueError("nothing begins")
    except (KeyError, TypeError, ValueError) as error:
        raise StyleError(f"style {bundle.name}: its content does not fit together ({error})") from error
    return ChoraleStyle(
        name=bundle.name,
        style_hash=bundle.style_hash,
        runtime=runtime,
        openings=openings,
        pieces=pieces,
        held_out=held_out,
        critic=critic,
        index=load_index(bundle),
        copy_habit=load_habit(bundle),
    )


def pieces_to_arrays(pieces: Sequence[NDArray[np.int64]], name: str, n_columns: int) -> dict[str, NDArray[np.generic]]:
    """Return pieces, int64[T, columns] each, as arrays for a file."""
    whole = np.concatenate([np.zeros((0, n_columns), dtype=np.int64), *pieces])
    return {name: whole.astype(np.int8), f"{name}_lengths": np.array([len(one) for one in pieces], dtype=np.int64)}


def pieces_from_arrays(
    arrays: Mapping[str, NDArray[np.generic]], name: str, n_columns: int
) -> tuple[NDArray[np.int64], ...]:
    """Read what `pieces_to_arrays` made; raises KeyError, ValueError."""
    whole, lengths = (np.asarray(arrays[key], dtype=np.int64) for key in (name, f"{name}_lengths"))
    is_whole = whole.ndim == 2 and whole.shape[1] == n_columns and lengths.ndim == 1 and not (lengths < 0).any()
    if not is_whole or lengths.sum() != len(whole) or (whole < 0).any():
        raise ValueError("pieces that are none")
    return tuple(np.split(whole, np.cumsum(lengths)[:-1])) if lengths.size else ()


def chorale_golden(style: ChoraleStyle, frames: NDArray[np.int64]) -> dict[str, NDArray[np.generic]]:
    """int64[T, C] -> what a style says of a passage, with nothing given and with a soprano."""
    given = np.zeros((2, len(frames), N_STREAMS), dtype=np.bool_)
    given[1, :, 0] = True
    nats = style.runtime.nats(np.stack([frames, frames]), given)
    return {"frames": frames, "cells": nats.cells, "strokes": nats.strokes, "fermatas": nats.fermatas}


def check_chorale_golden(style: ChoraleStyle, bundle: Bundle) -> None:
    """Make sure that a style works here as it did where it was made; raises StyleError."""
    try:
        arrays = bundle.arrays(GOLDEN_NAME)
        frames = np.asarray(arrays["frames"], dtype=np.int64)
        if frames.ndim != 2 or frames.shape[1] != N_COLUMNS or (frames[:, CELLS] < 0).any():
            raise ValueError("frames that are none")
        said = chorale_golden(style, frames)
        names = ("cells", "strokes", "fermatas")
        is_same = all(np.allclose(said[name], arrays[name], rtol=1e-3, atol=1e-3) for name in names)
    except (KeyError, ValueError, IndexError, TypeError, StyleError):
        is_same = False
    if not is_same:
        raise StyleError(f"style {bundle.name}: it does not work here as it did where it was made; learn it again")
