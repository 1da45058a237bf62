"""A style of one line in memory: its net, who plays, how loud, what its habits are, which chords it knows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bandroid.bundle.store import Bundle
from bandroid.critique.copies import CopyHabit, load_habit
from bandroid.critique.fingerprints import Index, load_index
from bandroid.errors import StyleError
from bandroid.generation.chart import Harmony
from bandroid.generation.line_facts import FACTS_VERSION, LineKind
from bandroid.generation.line_net import LINE_GRAPH, LOUD_GRAPH, LineRuntime
from bandroid.generation.line_writer import LineWriter
from bandroid.generation.lineup import LineUp
from bandroid.representations.grid import LOWEST_PITCH, STEPS_PER_QUARTER, DrumGrid, Grid, MelodyGrid
from bandroid.representations.line import Line

GOLDEN_NAME, CHORDS_NAME = "golden.npz", "chords.npz"
NAME, VERSION = "line", 1


@dataclass(frozen=True, slots=True, eq=False)
class LineStyle:
    """A style that writes one voice on the grid of 16ths."""

    name: str
    style_hash: str
    runtime: LineRuntime
    line_ups: tuple[LineUp, ...]
    typical: NDArray[np.int64]
    """int64[voices, 16]: what each class of velocities is played as"""
    longest_run: int
    """how many notes of one pitch (strokes of the same drums) the most of its songs have in a row at most"""
    longest_gap_step: int
    """how long most of its songs let pass without a new note"""
    harmony: Harmony | None = None
    index: Index | None = None
    copy_habit: CopyHabit | None = None

    @property
    def kind(self) -> LineKind:
        return self.runtime.kind


def kind_to_json(kind: LineKind) -> dict[str, Any]:
    """Return what turns symbols into music again, for a manifest's `representation`."""
    table = {"name": NAME, "version": VERSION, "steps_per_quarter": STEPS_PER_QUARTER, "has_chords": kind.has_chords}
    if isinstance(kind.grid, DrumGrid):
        return table | {"grid": "drums", "classes": [list(pitches) for pitches in kind.grid.classes]}
    return table | {"grid": "melody", "symbols": kind.grid.size, "lowest_pitch": LOWEST_PITCH}


def kind_from_json(table: Mapping[str, Any]) -> LineKind:
    """Read `kind_to_json`'s table; raises StyleError for one of another version."""
    try:
        grid: Grid = MelodyGrid()
        if table["grid"] == "drums":
            grid = DrumGrid(tuple(tuple(int(pitch) for pitch in pitches) for pitches in table["classes"]))
        kind = LineKind(grid, bool(table["has_chords"]))
        if 1 <= grid.n_voices <= 12 and kind_to_json(kind) == dict(table):
            return kind
    except (KeyError, TypeError, ValueError):
        pass
    raise StyleError("it writes music in a way that this version of bandroid does not read")


def load_line_style(bundle: Bundle) -> LineStyle:
    """Load a style of one line from its bundle, every file checked; raises StyleError."""
    manifest = bundle.manifest
    model: Mapping[str, Any] = manifest.model
    if model.get("facts") != FACTS_VERSION:
        raise StyleError(f"style {bundle.name}: it was learnt by another version of bandroid; learn it again")
    try:
        kind = kind_from_json(manifest.representation)
        runtime = LineRuntime({name: bundle.read(name) for name in (LINE_GRAPH, LOUD_GRAPH)}, kind)
    except StyleError as error:
        raise StyleError(f"style {bundle.name}: {str(error).removeprefix(f'style {bundle.name}: ')}") from None
    try:
        typical = np.array(manifest.defaults["velocities"], dtype=np.int64)
        if typical.shape != (kind.grid.n_voices, 16) or typical.min() < 1 or typical.max() > 127:
            raise ValueError("its velocities are none")
        return LineStyle(
            name=bundle.name,
            style_hash=bundle.style_hash,
            runtime=runtime,
            line_ups=tuple(LineUp.from_json(table) for table in manifest.defaults["line_ups"]),
            typical=typical,
            longest_run=int(model["longest_run"]),
            longest_gap_step=int(model["longest_gap_step"]),
            harmony=Harmony.from_arrays(bundle.arrays(CHORDS_NAME)) if CHORDS_NAME in manifest.files else None,
            index=load_index(bundle),
            copy_habit=load_habit(bundle),
        )
    except (KeyError, TypeError, ValueError, IndexError) as error:
        raise StyleError(f"style {bundle.name}: its content does not fit together ({error})") from error


def line_golden(style: LineStyle, line: Line) -> dict[str, NDArray[np.generic]]:
    """Return what a style says of a line: its symbols int32[T], its bars, and the probability of each symbol."""
    return {
        "symbols": line.symbols,
        "velocity": line.velocity,
        "bar_step": line.bar_step,
        "chord": line.chord,
        "key": np.array([line.tonic, line.is_minor]),
        "probability": line_probabilities(style, line),
    }


def line_probabilities(style: LineStyle, line: Line) -> NDArray[np.float64]:
    """Return the probability that a style gives to each symbol of a line, float64[T]."""
    writer = LineWriter(style.runtime, line, len(line))
    found = np.zeros(len(line))
    for step, symbol in enumerate(line.symbols.tolist()):
        found[step] = writer.forecast()[symbol]
        writer.accept(symbol, line.velocity[step])
    return found


def golden_line(bundle: Bundle) -> Line:
    """Return the line that a style keeps what it said of; raises StyleError, KeyError, ValueError where it is none."""
    arrays = bundle.arrays(GOLDEN_NAME)
    tonic, is_minor = np.asarray(arrays["key"], dtype=np.int64).tolist()
    return Line(
        np.asarray(arrays["symbols"], dtype=np.int32),
        np.asarray(arrays["velocity"], dtype=np.int32),
        np.asarray(arrays["bar_step"], dtype=np.int64),
        np.asarray(arrays["chord"], dtype=np.int32),
        tonic,
        bool(is_minor),
    )


def check_line_golden(style: LineStyle, bundle: Bundle) -> None:
    """Make sure that a style predicts here what it predicted where it was made; raises StyleError."""
    try:
        said = bundle.arrays(GOLDEN_NAME)["probability"]
        is_same = np.allclose(line_probabilities(style, golden_line(bundle)), said, rtol=1e-3, atol=1e-6)
    except (KeyError, ValueError, IndexError, TypeError, StyleError):
        is_same = False
    if not is_same:
        raise StyleError(f"style {bundle.name}: it does not work here as it did where it was made; learn it again")
