"""Write down what was learnt of scores as a style: its manifest and its files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from bandroid import __version__
from bandroid.bundle.arrays import arrays_to_bytes
from bandroid.bundle.manifest import Json, Manifest, Source, Training, TrainingSong
from bandroid.critique.copies import HABIT_NAME, habit
from bandroid.critique.fingerprints import INDEX_NAME
from bandroid.generation.compose import write_bars
from bandroid.generation.counts import FrozenCounts
from bandroid.generation.net import Net
from bandroid.generation.ngram import CONTEXTS_VERSION
from bandroid.generation.sampling import AS_LEARNT
from bandroid.generation.style import (
    COUNTS_NAME,
    GOLDEN_NAME,
    REPRESENTATION,
    ScoreStyle,
    golden,
    weights_as_arrays,
    weights_from_arrays,
)
from bandroid.presets import find_preset
from bandroid.representations.score import tokens_from_sheet
from bandroid.representations.score_vocabulary import VOCABULARY
from bandroid.training.instant import Learnt

_GOLDEN_BARS = 4


def score_style(
    learnt: Learnt,
    *,
    preset: str,
    name: str,
    summary: str,
    songs: Sequence[TrainingSong],
    sources: Sequence[Source] = (),
    figures: Mapping[str, float] | None = None,
    notes: Sequence[str] = (),
    graphs: Mapping[str, bytes] | None = None,
    net: Mapping[str, Json] | None = None,
    more_files: Mapping[str, bytes] | None = None,
) -> tuple[Manifest, dict[str, bytes]]:
    """Return a style's manifest and files, for bundle.store.save_style.

    A style with a net brings its `graphs` by file name and says in `net` what the net is.
    """
    graphs = graphs or {}
    parts = find_preset(preset).parts
    of_songs = {} if parts == "all" else {"parts": parts}
    arrays: dict[str, NDArray[np.generic]] = {**learnt.counts, **weights_as_arrays(learnt.weights)}
    manifest = Manifest(
        name=name,
        preset=preset,
        summary=summary,
        representation=REPRESENTATION,
        model={"contexts": CONTEXTS_VERSION, "order": learnt.order, **of_songs, **(net or {})},
        defaults={
            "line_ups": [line_up.as_json() for line_up in learnt.line_ups],
            HABIT_NAME: habit(learnt.index).as_json(),
        },
        training=Training(tuple(songs), tuple(sources), dict(figures or {}), tuple(notes)),
        created_by=f"bandroid {__version__}",
    )
    counts = FrozenCounts(arrays)
    runtime = Net(graphs) if graphs else None
    # As whoever loads it will have them: rounded.
    style = ScoreStyle(name, "", counts, weights_from_arrays(arrays), learnt.order, learnt.line_ups, runtime)
    files = {
        **graphs,
        **(more_files or {}),
        COUNTS_NAME: arrays_to_bytes(arrays),
        GOLDEN_NAME: arrays_to_bytes(golden(style, _golden_tokens(style))),
        INDEX_NAME: arrays_to_bytes(learnt.index.to_arrays()),
    }
    return manifest, files


def _golden_tokens(style: ScoreStyle) -> list[int]:
    """Write a few bars in the style, to be predicted again by whoever loads it."""
    line_up = style.line_ups[0]
    writing = write_bars(style, line_up, AS_LEARNT, (), np.random.default_rng(0))
    for _ in range(_GOLDEN_BARS):
        cursor = next(writing)
    cursor.push(VOCABULARY.token("end", 0))
    tokens: list[int] = tokens_from_sheet(cursor.sheet()).tolist()
    return tokens
