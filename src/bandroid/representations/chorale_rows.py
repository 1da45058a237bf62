"""What a chorale net is told of each frame, as rows of its tables: computed once, for training and for writing alike.

heard       of the frames before: each voice's last pitch, the one before that, how long it has sounded, the
            interval between those two, its degree of the key; intervals between voices; whether a fermata sounded;
            then the facts of this frame: place, beats, mode, ending
told        of what is given, here and anywhere: each voice's pitch, degree, stroke, what it goes on to, when, by
            which interval, and to what from there; a fermata, how near the next one is; the facts
of a voice  of each other voice that is chosen or given in this frame: its pitch, the interval from our own last
            pitch to it, the interval that it moved by, its stroke
references  pitches that a voice's next one is measured by: its own last one, each other's of this frame, each
            other's last where that is not known
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from bandroid.representations.chorale import (
    BEATS,
    CELLS,
    ENDING,
    FERMATA,
    MODE,
    N_PITCHES,
    N_VOICES,
    NO_PITCH,
    PLACE,
    REST,
    STRUCK,
    TONIC,
    UNKNOWN_FERMATA,
    UNKNOWN_TONIC,
)

ORDER = (0, 3, 1, 2)
"""voices in the order in which a frame is written: soprano, bass, alto, tenor"""
RANK = tuple(ORDER.index(voice) for voice in range(N_VOICES))
"""when each voice is written"""
LONGEST_RUN = 16
"""16ths that a pitch has sounded; longer is as long"""
N_INTERVALS = 2 * N_PITCHES
"""a semitone each; the last stands for no interval"""
N_DEGREES = 13
"""semitones above the tonic; the last stands for no degree"""
NOT_TOLD, HELD, ANEW = 0, 1, 2
"""what a voice is told of another's stroke"""
PAIRS = ((0, 1), (0, 2), (0, 3), (1, 2), (1, 3), (2, 3))
OTHERS = tuple(tuple(other for other in range(N_VOICES) if other != voice) for voice in range(N_VOICES))

FACT_COLUMNS = (PLACE, BEATS, MODE, ENDING)
N_HEARD = 5 * N_VOICES + len(PAIRS) + 1 + len(FACT_COLUMNS)
N_TOLD = 7 * N_VOICES + 2 + len(FACT_COLUMNS)
N_OF_VOICE = 4 * (N_VOICES - 1)
N_REFERENCES = 1 + 2 * (N_VOICES - 1)

Ints = NDArray[np.int64]


class Past(NamedTuple):
    """What is known of the frames before a frame, int64[..., V] each."""

    last: Ints
    """each voice's last pitch"""
    before: Ints
    """the pitch that it left for that"""
    run: Ints
    """16ths that it has sounded, beyond the first, LONGEST_RUN at most"""


def past_of(frames: Ints) -> Past:
    """int64[B, T, C] -> what each frame knows of those before it."""
    cells, struck = frames[..., CELLS], frames[..., STRUCK]
    last = np.concatenate([np.full_like(cells[:, :1], NO_PITCH), cells[:, :-1]], axis=1)
    frame = np.arange(cells.shape[1])[None, :, None]
    is_new = np.ones(last.shape, dtype=np.bool_)
    is_new[:, 1:] = (last[:, 1:] != last[:, :-1]) | (struck[:, :-1] == 1)
    since = np.maximum.accumulate(np.where(is_new, frame, 0), axis=1)
    left = np.take_along_axis(last, np.maximum(since - 1, 0), axis=1)
    return Past(last, np.where(since > 0, left, NO_PITCH), np.minimum(frame - since, LONGEST_RUN))


def no_past(n_pieces: int) -> Past:
    """Return what the first frame knows, int64[B, V] each."""
    nothing = np.full((n_pieces, N_VOICES), NO_PITCH, dtype=np.int64)
    return Past(nothing, nothing, np.zeros_like(nothing))


def next_past(past: Past, cells: Ints, struck: Ints) -> Past:
    """Return what is known after one more frame: int64[B, V] each. The same as `past_of` has there."""
    is_new = (cells != past.last) | (struck == 1)
    return Past(
        cells,
        np.where(is_new, past.last, past.before),
        np.where(is_new, 0, np.minimum(past.run + 1, LONGEST_RUN)),
    )


def interval(upper: Ints, lower: Ints) -> Ints:
    """int64[...] twice -> the interval's number, N_INTERVALS - 1 where either is no pitch."""
    is_heard = (upper < REST) & (lower < REST)
    return np.where(is_heard, upper - lower + N_PITCHES - 1, N_INTERVALS - 1)


def degree(cells: Ints, tonic: Ints) -> Ints:
    """int64[...] twice -> semitones above the tonic, N_DEGREES - 1 for no pitch or no key."""
    is_known = (cells < REST) & (tonic < UNKNOWN_TONIC)
    return np.where(is_known, (cells - tonic) % 12, N_DEGREES - 1)


def heard_rows(past: Past, last_fermata: Ints, frames: Ints) -> Ints:
    """Past int64[..., V], int64[...], int64[..., C] -> int64[..., N_HEARD]; of the frame itself its facts alone."""
    tonic = frames[..., TONIC, None]
    of_voices = np.stack(
        [past.last, past.before, past.run, interval(past.last, past.before), degree(past.last, tonic)], axis=-1
    )
    upper, lower = (past.last[..., [pair[side] for pair in PAIRS]] for side in (0, 1))
    parts = [of_voices.reshape(*past.last.shape[:-1], -1), interval(upper, lower), last_fermata[..., None]]
    return np.concatenate([*parts, frames[..., FACT_COLUMNS]], axis=-1)


def told_rows(frames: Ints, given: NDArray[np.bool_]) -> Ints:
    """int64[B, T, C], bool[B, T, S] -> int64[B, T, N_TOLD]."""
    told = given_cells(frames, given)
    strokes = np.where(given[..., :N_VOICES], frames[..., STRUCK] + HELD, NOT_TOLD)
    coming = coming_of(told, strokes)
    later, move = coming.later, interval(coming.next, told)
    columns = [told, degree(told, frames[..., TONIC, None]), strokes, coming.next, coming.left, move, later]
    of_voices = np.stack(columns, axis=-1).reshape(*told.shape[:-1], -1)
    fermata = np.where(given[..., N_VOICES], frames[..., FERMATA], UNKNOWN_FERMATA)[..., None]
    return np.concatenate([of_voices, fermata, _until(fermata == 1), frames[..., FACT_COLUMNS]], axis=-1)


def given_cells(frames: Ints, given: NDArray[np.bool_]) -> Ints:
    """int64[B, T, C], bool[B, T, S] -> cells that are given, NO_PITCH elsewhere: int64[B, T, V]."""
    return np.where(given[..., :N_VOICES], frames[..., CELLS], NO_PITCH)


class Coming(NamedTuple):
    """What a voice that is given goes on to, int64[B, T, V] each; what is not told is NO_PITCH for as long as it is."""

    next: Ints
    """the pitch after this note"""
    left: Ints
    """16ths that this note still sounds after this one, LONGEST_RUN at most"""
    later: Ints
    """the pitch after that"""


def coming_of(told: Ints, strokes: Ints) -> Coming:
    """int64[B, T, V] twice: pitches, NO_PITCH where none is told, and strokes -> what they go on to."""
    n_frames = told.shape[1]
    frame = np.arange(n_frames)[None, :, None]
    is_end = np.ones(told.shape, dtype=np.bool_)
    is_end[:, :-1] = (told[:, 1:] != told[:, :-1]) | (strokes[:, 1:] == ANEW)
    ends = np.where(is_end, frame, n_frames)
    end = np.minimum.accumulate(ends[:, ::-1], axis=1)[:, ::-1]
    nothing = np.full_like(told[:, :1], NO_PITCH)
    following = np.take_along_axis(np.concatenate([told, nothing], axis=1), end + 1, axis=1)
    later = np.take_along_axis(np.concatenate([following, nothing], axis=1), end + 1, axis=1)
    return Coming(following, np.minimum(end - frame, LONGEST_RUN), later)


def _until(is_there: NDArray[np.bool_]) -> Ints:
    """bool[B, T, 1] -> how many 16ths it is until the next frame that it is there, LONGEST_RUN at most."""
    n_frames = is_there.shape[1]
    frame = np.arange(n_frames)[None, :, None]
    places = np.where(is_there, frame, n_frames + LONGEST_RUN)
    following = np.minimum.accumulate(places[:, ::-1], axis=1)[:, ::-1]
    return np.minimum(following - frame, LONGEST_RUN)


def voice_rows(
    voice: int, past: Past, frames: Ints, given: NDArray[np.bool_], rank: Ints | None = None
) -> tuple[Ints, Ints]:
    """Return what a voice is told of the others, int64[..., N_OF_VOICE], and its int64[..., N_REFERENCES].

    `frames` int64[..., C] hold what is chosen or given; of the rest nothing is read. `rank` int64[..., V] says when
    each voice is written, in another order than RANK's.
    """
    others, when = list(OTHERS[voice]), np.array(RANK) if rank is None else rank
    is_known = given[..., others] | (when[..., others] < when[..., voice, None])
    now = np.where(is_known, frames[..., others], NO_PITCH)
    own, last = past.last[..., voice, None], past.last[..., others]
    strokes = np.where(is_known, frames[..., STRUCK][..., others] + HELD, NOT_TOLD)
    rows = np.stack([now, interval(now, own), interval(now, last), strokes], axis=-1)
    references = [own, now, np.where(is_known, NO_PITCH, last)]
    return rows.reshape(*now.shape[:-1], -1), np.concatenate(references, axis=-1)


class Rows(NamedTuple):
    """All that a net is told of B pieces of T frames, for training and scoring."""

    heard: Ints
    """int64[B, T, N_HEARD]"""
    told: Ints
    """int64[B, T, N_TOLD]"""
    is_told: NDArray[np.bool_]
    """bool[B]: whether anything is given of a piece"""
    fermata: Ints
    """int64[B, T]"""
    of_voice: Ints
    """int64[B, T, V, N_OF_VOICE]"""
    references: Ints
    """int64[B, T, V, N_REFERENCES]"""
    tonic: Ints
    """int64[B, T]"""


def is_anything_given(given: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """bool[B, T, S] -> bool[B]."""
    found: NDArray[np.bool_] = np.logical_or.reduce(given.reshape(len(given), -1), axis=1)
    return found


def rows_of(frames: Ints, given: NDArray[np.bool_], rank: Ints | None = None) -> Rows:
    """int64[B, T, C], bool[B, T, S] -> all rows; `rank` int64[B, V]: an order of its own for each piece."""
    when = None if rank is None else rank[:, None]
    past = past_of(frames)
    fermata = frames[..., FERMATA]
    last_fermata = np.concatenate([np.full_like(fermata[:, :1], UNKNOWN_FERMATA), fermata[:, :-1]], axis=1)
    of_voices, references = zip(
        *(voice_rows(voice, past, frames, given, when) for voice in range(N_VOICES)), strict=True
    )
    return Rows(
        heard_rows(past, last_fermata, frames),
        told_rows(frames, given),
        is_anything_given(given),
        fermata,
        np.stack(of_voices, axis=2),
        np.stack(references, axis=2),
        frames[..., TONIC],
    )
