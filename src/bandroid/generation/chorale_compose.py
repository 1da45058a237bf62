"""Compose with a style of four voices: phrases, fermatas and cadences from nothing but a length, a metre and a key."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from bandroid.critique.chorale_features import features_of
from bandroid.errors import WishError
from bandroid.generation.chorale_critic import last_chord_of, write_whole
from bandroid.generation.chorale_given import Given
from bandroid.generation.chorale_style import ChoraleStyle, Opening
from bandroid.generation.compose import TICKS_PER_QUARTER, Piece, Wish
from bandroid.generation.harmony import song_of
from bandroid.generation.lineup import DRUMS
from bandroid.generation.sampling import Sampling
from bandroid.generation.space_song import judged
from bandroid.music.choir import CHOIR_PROGRAM
from bandroid.music.song import MetreChange, Song, TempoChange
from bandroid.music.theory import key_name
from bandroid.representations.chorale import CELLS, ENDING, FERMATA, MODE, N_STREAMS, TONIC, endings, is_changed
from bandroid.representations.chorale_song import STEPS_PER_QUARTER, Key, empty_frames, frame_edges, nearest_edge

CANDIDATES = 40
"""that a piece is chosen from"""
MOST_BARS = 200
LONGEST_COPY_STEPS = 32
"""16ths of four voices in a row that may stand in a piece of the corpus: two bars of 4/4"""
_CELLS_OF_A_NOTE = 5
"""about: most notes last a quarter, some two eighths, some longer"""
_COPY_COST = 1000.0
_STILL_COST, _STILL_FRAMES = 1.0, 12
"""what a frame costs in which nobody moves, beyond three beats: before their last bar, three of four pieces of the
corpus wait no longer"""


def compose_chorale(
    style: ChoraleStyle,
    wish: Wish,
    seed: int,
    variation: int = 1,
    report: Callable[[int, int], None] = lambda done, total: None,
) -> Piece:
    """Compose one piece; the same style, wish, seed and variation give the same piece. Raises WishError."""
    for flag, value in (("--primer", wish.primer), ("--chords", wish.chart), ("--steps", wish.n_steps)):
        if value is not None:
            raise WishError(f"{flag}: style {style.name} writes four voices, and cannot heed it; leave it out")
    if wish.n_bars > MOST_BARS:
        raise WishError(f"--bars {wish.n_bars}: style {style.name} writes {MOST_BARS} at most")
    rng = np.random.default_rng([seed, variation])
    given = from_nothing(_opening(style.openings, wish, rng), wish)
    frames = chosen_of(style, given.frames, wish, rng)
    song = replace(song_of(given, frames, _program(wish)), title=f"{style.name} {seed}-{variation}")
    report(wish.n_bars, wish.n_bars)
    habits, found = judged(song, style.index)
    comment = {
        "style": style.name,
        "style_hash": style.style_hash,
        "seed": seed,
        "variation": variation,
        "bars": wish.n_bars,
        "tempo_qpm": wish.tempo_qpm,
        "metre": wish.metre,
        "key": wish.key,
        "programs": wish.programs,
        "temperature": wish.sampling.temperature,
        "top_p": wish.sampling.top_p,
        "min_p": wish.sampling.min_p,
        "copy_guard": wish.copy_guard,
    }
    return Piece(
        song=song,
        habits=habits,
        key=key_name(given.key.tonic, given.key.is_minor),
        steered={},
        copies=found,
        comment=json.dumps({name: value for name, value in comment.items() if value is not None}),
    )


def chosen_of(
    style: ChoraleStyle, frame: NDArray[np.int64], wish: Wish, rng: np.random.Generator, n_candidates: int = CANDIDATES
) -> NDArray[np.int64]:
    """Write candidates side by side into a frame, int64[T, C], and return the best.

    Not the likeliest: that is the one in which least happens. The one that would best be taken for one of the corpus,
    and copies none of it for long.
    """
    written = write_whole(style.runtime, frame, n_candidates, for_cells(wish.sampling), rng)
    cells = written[..., CELLS]
    cost = style.critic(np.array([features_of(one) for one in cells]))
    cost = cost + [_STILL_COST * max(longest_still(one[: last_chord_of(frame)]) - _STILL_FRAMES, 0) for one in cells]
    if wish.copy_guard:
        cost = cost + [_COPY_COST * (style.run_index.longest(one) > LONGEST_COPY_STEPS) for one in cells]
    best: NDArray[np.int64] = written[int(cost.argmin())]
    return best


def longest_still(cells: NDArray[np.int64]) -> int:
    """Return the most frames in a row of int64[T, 4] in which nobody moves."""
    moves = np.flatnonzero(is_changed(cells).any(axis=1))
    return int(np.diff(np.append(moves, len(cells))).max(initial=0))


def from_nothing(opening: Opening, wish: Wish) -> Given:
    """Return a task of which nothing is given but its frame. Raises WishError."""
    metre = wish.metre or opening.metre
    if 16 * metre[0] % metre[1]:
        raise WishError(f"--metre {metre[0]}/{metre[1]}: four voices move in 16ths, and its bars are none")
    bar_steps = 16 * metre[0] // metre[1]
    pickup = opening.pickup_step if metre == opening.metre else 0
    step = TICKS_PER_QUARTER // STEPS_PER_QUARTER
    metres = [MetreChange(0, *metre)] + ([MetreChange(pickup * step, *metre)] if pickup else [])
    key = Key(*wish.key) if wish.key is not None else Key(opening.tonic, opening.is_minor)
    song = Song(
        TICKS_PER_QUARTER,
        (),
        tempos=(TempoChange(0, float(wish.tempo_qpm or opening.tempo_qpm)),),
        metres=tuple(metres),
    )
    edges = frame_edges(song, wish.n_bars * bar_steps * step)
    edges = edges[: int(nearest_edge(edges, wish.n_bars * bar_steps * step)) + 1]
    frames = empty_frames(song, edges)
    frames[:, FERMATA], frames[:, ENDING] = 0, endings(len(frames))
    frames[:, TONIC], frames[:, MODE] = key.tonic, key.mode
    given = np.zeros((len(frames), N_STREAMS), dtype=np.bool_)
    return Given(song, edges, frames, given, {}, key, ())


def _opening(openings: tuple[Opening, ...], wish: Wish, rng: np.random.Generator) -> Opening:
    """Draw how a piece of the corpus begins: one of the wished metre and mode, where there are such."""
    fits = list(openings)
    if wish.metre is not None:
        fits = [one for one in fits if one.metre == wish.metre] or fits
    if wish.key is not None:
        fits = [one for one in fits if one.is_minor == wish.key[1]] or fits
    return fits[int(rng.integers(len(fits)))]


def for_cells(how: Sampling) -> Sampling:
    """Return how cells are drawn where notes are to be drawn so: what is cut off a note is shared by its cells."""
    return replace(how, top_p=1 - (1 - how.top_p) / _CELLS_OF_A_NOTE)


def _program(wish: Wish) -> int:
    if wish.programs is None:
        return CHOIR_PROGRAM
    if len(set(wish.programs)) > 1 or DRUMS in wish.programs:
        raise WishError("--instruments: four voices sound alike; name one instrument, such as organ or strings")
    return wish.programs[0]
