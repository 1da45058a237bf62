"""What a chorale net learns from, step by step: whole pieces of about one length, moved into any key, partly given."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from bandroid.corpus.tunes import tune_groups
from bandroid.critique.copies import CopyHabit, habit
from bandroid.critique.fingerprints import Index, fingerprints
from bandroid.critique.habits import Habits, measure
from bandroid.errors import CorpusError
from bandroid.generation.chorale_style import Opening
from bandroid.generation.lesson import lesson
from bandroid.music.choir import BASS
from bandroid.music.clock import bar_grid
from bandroid.music.song import Song
from bandroid.representations.chorale import (
    BEATS,
    CELLS,
    ENDING,
    FERMATA,
    MINOR,
    MODE,
    N_STREAMS,
    N_VOICES,
    REST,
    TONIC,
    UNKNOWN_BEATS,
    UNKNOWN_FERMATA,
    UNKNOWN_MODE,
    UNKNOWN_TONIC,
    endings,
    frames_of,
    room,
    transposed,
)
from bandroid.representations.chorale_rows import RANK
from bandroid.representations.chorale_song import STEPS_PER_QUARTER

FEWEST_PIECES = 2
HELD_OUT_SHARE = 0.1
USUAL_TEMPO_QPM = 72.0
"""where a piece states none: a slow pulse, as chorales are sung"""
FARTHEST = 6
"""semitones that a piece is moved by"""
GIVEN_SHARE = 0.45
"""of the steps of which something is given"""
ANY_ORDER_SHARE = 0.5
"""of the pieces whose frames are written in any order"""
ENDING_SHARE = 0.3
"""of the pieces of which nothing is given that are told where they end"""
_UNTOLD_SHARE = 0.2
"""of the pieces of which a fact that is known is not told"""
_LENGTH_BLUR = 40
"""16ths by which pieces of one batch may differ, about"""


def padded(batch: Sequence[NDArray[np.int64]]) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Return frames int64[B, T, C], shorter pieces filled with rests, and bool[B, T]: which frames are theirs."""
    n_frames = max(len(piece) for piece in batch)
    nothing = frames_of(np.full((n_frames, N_VOICES), REST))
    frames = np.repeat(nothing[None], len(batch), axis=0)
    is_there = np.zeros((len(batch), n_frames), dtype=np.bool_)
    for row, piece in enumerate(batch):
        frames[row, : len(piece)] = piece
        is_there[row, : len(piece)] = True
    return frames, is_there


def drawn(
    pieces: Sequence[NDArray[np.int64]],
    size: int,
    rng: np.random.Generator,
    chance: NDArray[np.float64] | None = None,
) -> list[NDArray[np.int64]]:
    """Draw pieces of about one length, each moved into some key, some of their facts not told.

    `chance` says how often the piece that decides the length is each; all alike where it is not given.
    """
    length = len(pieces[int(rng.choice(len(pieces), p=chance))])
    order = np.argsort([abs(len(piece) - length) + rng.integers(0, _LENGTH_BLUR) for piece in pieces])[:size]
    batch = []
    for index in order:
        down, up = room(pieces[index])
        piece = transposed(pieces[index], int(rng.integers(-min(down, FARTHEST), min(up, FARTHEST) + 1)))
        if rng.random() < _UNTOLD_SHARE:
            piece[:, TONIC], piece[:, MODE] = UNKNOWN_TONIC, UNKNOWN_MODE
        if rng.random() < _UNTOLD_SHARE:
            piece[:, FERMATA] = UNKNOWN_FERMATA
        if rng.random() < _UNTOLD_SHARE:
            piece[:, BEATS] = UNKNOWN_BEATS
        batch.append(piece)
    return batch


class Step(NamedTuple):
    """What one step learns from."""

    frames: NDArray[np.int64]
    """int64[B, T, C]"""
    given: NDArray[np.bool_]
    """bool[B, T, S]"""
    rank: NDArray[np.int64]
    """int64[B, V]: the order in which each piece's frames are written"""
    is_there: NDArray[np.bool_]
    """bool[B, T]: which frames are the pieces' own"""


def step_of(
    pieces: Sequence[NDArray[np.int64]],
    size: int,
    rng: np.random.Generator,
    chance: NDArray[np.float64] | None = None,
) -> Step:
    """Draw what a step learns from.

    In many steps nothing is given and nobody knows where pieces end: what an exact likelihood in time order is made of.
    Every other piece is written in an order of its own, so that a voice learns to fit any others of its frame.
    """
    batch = drawn(pieces, size, rng, chance)
    is_given = rng.random() < GIVEN_SHARE
    for piece in batch:
        if rng.random() < (1 - _UNTOLD_SHARE if is_given else ENDING_SHARE):
            piece[:, ENDING] = endings(len(piece))
    frames, is_there = padded(batch)
    given = np.zeros((*frames.shape[:2], N_STREAMS), dtype=np.bool_)
    if is_given:
        for row, piece in enumerate(batch):
            given[row, : len(piece)] = drawn_given(len(piece), rng)
    own_order = rng.random(len(batch)) < ANY_ORDER_SHARE
    rank = np.array([rng.permutation(N_VOICES) if own else RANK for own in own_order], dtype=np.int64)
    return Step(frames, given, rank, is_there)


def drawn_given(n_frames: int, rng: np.random.Generator) -> NDArray[np.bool_]:
    """Draw what is given of a piece, bool[T, S]: nothing; some voices; or all but passages of some voices."""
    given = np.zeros((n_frames, N_STREAMS), dtype=np.bool_)
    if rng.random() < 0.1:
        return given
    given[:, N_VOICES] = rng.random() < 0.5
    if rng.random() < 0.7:
        # A tune is asked for most, and a bass to the three others: both are what a choir lacks.
        kind = rng.random()
        if kind < 0.4:
            given[:, 0] = True
        elif kind < 0.7:
            given[:, :BASS] = True
        else:
            given[:, rng.permutation(N_VOICES)[: rng.integers(1, N_VOICES)]] = True
        return given
    asked = [0] * (rng.random() < 0.5) + rng.permutation(np.arange(1, N_VOICES))[: rng.integers(1, N_VOICES)].tolist()
    share, length = rng.random(), int(rng.integers(4, 49))
    given[:, :N_VOICES] = True
    for voice in [*asked, *([N_VOICES] if rng.random() < 0.3 else [])]:
        # Passages of its own, or the same for all, as when blocks are written anew.
        is_open = rng.random(-(-n_frames // length)) < max(share, 0.1)
        given[:, voice] &= ~np.repeat(is_open, length)[:n_frames]
    return given


@dataclass(frozen=True, slots=True, eq=False)
class ChoraleLessons:
    """All that a net of four voices and its style are made from."""

    pieces: tuple[NDArray[np.int64], ...]
    """frames to learn from, int64[T, C] each"""
    chance: NDArray[np.float64]
    """float64[pieces]: how often each is learnt"""
    held_out: tuple[NDArray[np.int64], ...]
    openings: tuple[Opening, ...]
    habits: tuple[Habits, ...]
    """of each song: how much it rests, loops and drones"""
    index: Index
    copy_habit: CopyHabit
    n_notes: int

    @property
    def all_cells(self) -> tuple[NDArray[np.int64], ...]:
        """Cells of all pieces, int64[T, 4] each: what a new one must not copy."""
        return tuple(piece[:, CELLS] for piece in (*self.pieces, *self.held_out))


def prepare(
    songs: Sequence[Song],
    frames: Sequence[NDArray[np.int64]],
    weights: Sequence[float],
    report: Callable[[int, int], None] = lambda done, total: None,
) -> ChoraleLessons:
    """Divide pieces by their tunes, gather what the style keeps. Raises CorpusError where one alone cannot teach."""
    if len(songs) < FEWEST_PIECES:
        raise CorpusError("four voices need two pieces at least: one to learn from, one to judge by")
    groups = tune_groups(frames)
    order = np.random.default_rng(0).permutation(sorted(set(groups))).tolist()
    wanted, out = max(round(len(songs) * HELD_OUT_SHARE), 1), set[int]()
    for group in order:
        own = [index for index, number in enumerate(groups) if number == group]
        if len(out) + len(own) <= max(wanted, min(len(songs) // 2, len(own))) and len(out) < wanted:
            out |= set(own)
    # Where all sing one tune, one of them judges all the same.
    out = out or {len(songs) - 1}
    learnt = [index for index in range(len(songs)) if index not in out]
    sheets = []
    for done, song in enumerate(songs, 1):
        sheets.append(lesson(song).sheet)
        report(done, len(songs))
    index = fingerprints(sheets)
    chance = np.array([weights[one] * len(frames[one]) ** 0.5 for one in learnt])
    return ChoraleLessons(
        pieces=tuple(frames[one] for one in learnt),
        chance=chance / chance.sum(),
        held_out=tuple(frames[one] for one in sorted(out)),
        openings=tuple(opening_of(song, own) for song, own in zip(songs, frames, strict=True)),
        habits=tuple(measure(sheet) for sheet in sheets),
        index=index,
        copy_habit=habit(index),
        n_notes=sum(song.n_notes for song in songs),
    )


def opening_of(song: Song, frames: NDArray[np.int64]) -> Opening:
    """Return how a piece begins."""
    metre = song.metres[0] if song.metres else None
    numerator, denominator = (metre.numerator, metre.denominator) if metre else (4, 4)
    grid = bar_grid(song)
    whole = 16 * numerator // denominator
    first = round(int(grid.length_tick[0]) * STEPS_PER_QUARTER / song.ticks_per_quarter)
    tonic, mode = int(frames[0, TONIC]), int(frames[0, MODE])
    tempo_qpm = song.tempos[0].tempo_qpm if song.tempos else USUAL_TEMPO_QPM
    return Opening(
        (numerator, denominator),
        first if grid.n_bars > 1 and 0 < first < whole else 0,
        mode == MINOR,
        0 if tonic == UNKNOWN_TONIC else tonic,
        round(min(max(tempo_qpm, 40.0), 160.0), 3),
    )
