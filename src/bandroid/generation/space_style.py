"""A latent space in memory: its net, what z is like, what its sliders do, who plays."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bandroid.bundle.store import Bundle
from bandroid.critique.copies import CopyHabit, load_habit
from bandroid.critique.fingerprints import Index, load_index
from bandroid.critique.habits import Habits
from bandroid.errors import StyleError
from bandroid.generation.attributes import attributes_of
from bandroid.generation.personal_net import NARROW_GRAPH, WIDEN_GRAPH, PersonalRuntime
from bandroid.generation.space_net import EAR_GRAPH, ENCODE_GRAPH, PLAN_GRAPH, WRITE_GRAPH, SpaceRuntime
from bandroid.generation.space_place import FROM_ANCHOR, Place
from bandroid.music.song import Part
from bandroid.music.swing import Swing
from bandroid.representations.grid import DrumGrid
from bandroid.representations.score_vocabulary import METRES
from bandroid.representations.sheet import TEMPO_RANGE_QPM
from bandroid.representations.window import (
    MOST_BAR_STEPS,
    NOBODY,
    WINDOW_KINDS,
    Frames,
    Patches,
    Voice,
    WindowKind,
    kind_to_json,
    lowest_program,
    patch_lengths,
    player_number,
)

NAME = "window"
PLACE_NAME, GOLDEN_NAME = "place.npz", "golden.npz"
SPACE_VERSION = 1
"""raised when graphs or what they are told change: a space that learnt otherwise means nothing any more"""


@dataclass(frozen=True, slots=True)
class SpacePlayer:
    """Who plays a voice. Raises ValueError where a value is out of range."""

    program: int
    volume: int = 100
    pan: int = 64
    drums: tuple[int, ...] = ()
    """the drum of each class, for drums"""

    def __post_init__(self) -> None:
        if not all(0 <= value <= 127 for value in (self.program, self.volume, self.pan, *self.drums)):
            raise ValueError(f"not a player: {self}")


def player_of(voice: Voice, part: Part) -> SpacePlayer:
    """Return who plays a part as a voice, with the drums that he strikes most of each class."""
    kit = voice.grid.kit_of(part.notes) if isinstance(voice.grid, DrumGrid) else ()
    return SpacePlayer(part.program, part.volume, part.pan, kit)


@dataclass(frozen=True, slots=True)
class SpaceBand:
    """One song's frame: who played its voices, how fast, in what metre. Raises ValueError out of range."""

    players: tuple[SpacePlayer | None, ...]
    """one per voice; None where the song has none"""
    tempo_qpm: float
    metre: tuple[int, int]
    swing: Swing
    habits: Habits
    """how much the song rests, loops and drones"""

    def __post_init__(self) -> None:
        low, high = TEMPO_RANGE_QPM
        if not low <= self.tempo_qpm <= high or self.metre not in METRES or self.bar_steps > MOST_BAR_STEPS:
            raise ValueError(f"not a frame: {self}")

    @property
    def player_numbers(self) -> NDArray[np.int64]:
        """int64[V]: who plays each voice, as nets know it."""
        return np.array([NOBODY if one is None else player_number(one.program) for one in self.players])

    @property
    def bar_steps(self) -> int:
        """How many 16ths a bar has."""
        return 16 * self.metre[0] // self.metre[1]

    def as_json(self) -> dict[str, Any]:
        """Return plain data for a manifest."""
        players = [
            None if one is None else [one.program, one.volume, one.pan, " ".join(map(str, one.drums))]
            for one in self.players
        ]
        swing = {} if self.swing.is_straight else {"eighth": self.swing.eighth, "sixteenth": self.swing.sixteenth}
        table = {"players": players, "tempo_qpm": self.tempo_qpm, "metre": list(self.metre), "swing": swing}
        return {**table, "habits": self.habits.as_json()}

    @classmethod
    def from_json(cls, table: Mapping[str, Any]) -> SpaceBand:
        """Read plain data back; raises ValueError where it does not fit."""
        try:
            players = tuple(None if one is None else _player(one) for one in table["players"])
            numerator, denominator = map(int, table["metre"])
            swing, habits = Swing(**table["swing"]), Habits.from_json(table["habits"])
            return cls(players, float(table["tempo_qpm"]), (numerator, denominator), swing, habits)
        except (KeyError, TypeError, AttributeError, IndexError) as error:
            raise ValueError(f"not a frame: {error}") from error


def _player(row: Sequence[Any]) -> SpacePlayer:
    program, volume, pan = map(int, row[:3])
    return SpacePlayer(program, volume, pan, tuple(map(int, row[3].split())))


@dataclass(frozen=True, eq=False)
class SpaceStyle:
    """A style that is a latent space."""

    name: str
    style_hash: str
    runtime: SpaceRuntime
    place: Place
    bands: tuple[SpaceBand, ...]
    index: Index | None = None
    copy_habit: CopyHabit | None = None

    @property
    def kind(self) -> WindowKind:
        return self.runtime.kind

    @cached_property
    def attributes(self) -> tuple[str, ...]:
        """What `--set` knows."""
        return attributes_of(self.kind)

    def frames(self, n: int, bar_steps: int, players: NDArray[np.int64] | None = None) -> Frames:
        """Return what n windows in one metre are written into, `players` int64[V]: everybody where not given."""
        who = np.ones(len(self.kind.voices), dtype=np.int64) if players is None else players
        return Frames(np.tile(patch_lengths(bar_steps, self.kind.n_bars), (n, 1)), np.tile(who, (n, 1)))

    def draw(
        self,
        rng: np.random.Generator,
        n: int,
        band: SpaceBand,
        n_pitched: int | None = None,
        how_far: float = FROM_ANCHOR,
    ) -> tuple[NDArray[np.float32], SpaceBand]:
        """Draw points where the training's windows lie, float32[n, Z], and who plays there.

        Where voices are parts, all points lie around one window, `how_far` from it; its players, `n_pitched` of them
        where that is given, take over from the band's.
        """
        if not self.kind.has_parts:
            return self.place.draw(rng, n), band
        anchor = self.place.draw_anchor(rng, n_pitched, np.array([voice.is_part for voice in self.kind.voices]))
        numbers = self.place.anchor_players[anchor]
        players = [self._player(rng, int(number), own) for number, own in zip(numbers, band.players, strict=True)]
        return self.place.draw(rng, n, anchor, how_far), replace(band, players=tuple(players))

    def _player(self, rng: np.random.Generator, number: int, own: SpacePlayer | None) -> SpacePlayer | None:
        """Return one of the songs' players of a family: the band's own where he is one."""
        if number == NOBODY or (own is not None and player_number(own.program) == number):
            return own if number != NOBODY else None
        alike = [one for band in self.bands for one in band.players if one and player_number(one.program) == number]
        return alike[int(rng.integers(len(alike)))] if alike else SpacePlayer(lowest_program(number))


def load_space_style(bundle: Bundle) -> SpaceStyle:
    """Load a latent space from its bundle, every file checked; raises StyleError."""
    manifest = bundle.manifest
    if manifest.model.get("space") != SPACE_VERSION:
        raise StyleError(f"style {bundle.name}: it was learnt by another version of bandroid; learn it again")
    kind = next((kind for kind in WINDOW_KINDS.values() if kind_to_json(kind) == manifest.representation), None)
    if kind is None:
        raise StyleError(f"style {bundle.name}: it writes music in a way that this version of bandroid does not read")
    try:
        is_personal = NARROW_GRAPH in manifest.files
        names = [ENCODE_GRAPH, PLAN_GRAPH, WRITE_GRAPH, *((NARROW_GRAPH, WIDEN_GRAPH) if is_personal else ())]
        names += [EAR_GRAPH] if EAR_GRAPH in manifest.files else []
        graphs = {name: bundle.read(name) for name in names}
        runtime = PersonalRuntime(graphs, kind) if is_personal else SpaceRuntime(graphs, kind)
    except StyleError as error:
        raise StyleError(f"style {bundle.name}: {str(error).removeprefix(f'style {bundle.name}: ')}") from None
    try:
        bands = tuple(SpaceBand.from_json(table) for table in manifest.defaults["line_ups"])
        if not bands or any(len(band.players) != len(kind.voices) for band in bands):
            raise ValueError("nobody plays")
        place = Place.from_arrays(bundle.arrays(PLACE_NAME), len(attributes_of(kind)), runtime.z_size)
        if kind.has_parts and place.anchor_players.shape != (len(place.anchors), len(kind.voices)):
            raise ValueError("nobody plays in its anchors")
    except (KeyError, TypeError, ValueError) as error:
        raise StyleError(f"style {bundle.name}: its content does not fit together ({error})") from error
    return SpaceStyle(bundle.name, bundle.style_hash, runtime, place, bands, load_index(bundle), load_habit(bundle))


def space_golden(style: SpaceStyle, patches: Patches) -> dict[str, NDArray[np.generic]]:
    """Return what a space makes of some windows: where they lie, what is planned there, at the first step in full."""
    mean = style.runtime.encode(patches).mean
    features, states, cells = style.runtime.plan(mean, patches.frames)
    return {
        "symbols": patches.symbols,
        "velocity": patches.velocity,
        "cells": patches.cells,
        "lengths": patches.lengths,
        "is_there": patches.players,  # 0: nobody
        "mean": mean,
        "features": features[:, 0, 0],
        "states": states[:, 0],
        "cell_scores": cells,
    }


def check_space_golden(style: SpaceStyle, bundle: Bundle) -> None:
    """Make sure that a space works here as it did where it was made; raises StyleError."""
    try:
        arrays = bundle.arrays(GOLDEN_NAME)
        patches = Patches(
            np.asarray(arrays["symbols"], dtype=np.int64),
            np.asarray(arrays["velocity"], dtype=np.float32),
            np.asarray(arrays["cells"], dtype=np.int64),
            np.asarray(arrays["lengths"], dtype=np.int64),
            np.asarray(arrays["is_there"], dtype=np.int64),
        )
        said = space_golden(style, patches)
        is_same = all(
            np.allclose(said[name], arrays[name], rtol=1e-3, atol=1e-3)
            for name in ("mean", "features", "states", "cell_scores")
        )
    except (KeyError, ValueError, IndexError, TypeError, StyleError):
        is_same = False
    if not is_same:
        raise StyleError(f"style {bundle.name}: it does not work here as it did where it was made; learn it again")
