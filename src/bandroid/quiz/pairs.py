"""Pairs for a blind test: a passage of the band's own music, and one that a style wrote in its place."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from bandroid.errors import WishError
from bandroid.generation.chorale_compose import chosen_of
from bandroid.generation.chorale_given import Given
from bandroid.generation.chorale_style import ChoraleStyle
from bandroid.generation.compose import Wish
from bandroid.generation.harmony import HarmonyWish, harmonise, song_of
from bandroid.generation.styles import AnyStyle, compose_any
from bandroid.music.choir import CHOIR_PROGRAM, VOICES
from bandroid.music.clock import bar_grid
from bandroid.music.excerpt import cut_in_two
from bandroid.music.song import MetreChange, Song, TempoChange
from bandroid.representations.chorale import (
    BEATS,
    ENDING,
    FERMATA,
    MINOR,
    MODE,
    N_STREAMS,
    N_VOICES,
    PLACE,
    TONIC,
    UNKNOWN_TONIC,
    endings,
)
from bandroid.representations.chorale_song import Key

TICKS_PER_QUARTER = 480
TEMPO_QPM = 80.0
_REPLACED = ((0, 1, 2, 3), (1, 2, 3), (3,), (1,), (2,))
"""voices that the machine writes, in turn: all, three to Bach's soprano, one to the other three"""
_MOST_TRIES = 200


@dataclass(frozen=True, slots=True)
class Pair:
    """Two passages, one of each kind."""

    kind: str
    """which voices the machine wrote: "all voices", "bass" """
    real: Song
    machine: Song
    source: str
    """where the real one comes from, to be told afterwards"""


def chorale_pairs(style: ChoraleStyle, n_pairs: int, n_bars: int, seed: int) -> Iterator[Pair]:
    """Yield pairs from pieces that the style has not learnt; raises WishError where it brings none."""
    if not style.held_out:
        raise WishError(f"style {style.name} brings no pieces that it has not learnt: name some with --songs FOLDER")
    rng = np.random.default_rng(seed)
    order = rng.permutation(len(style.held_out)).tolist()
    for number in range(n_pairs):
        piece = style.held_out[order[number % len(order)]]
        frames = passage(piece, n_bars)
        written = _REPLACED[number % len(_REPLACED)]
        given = _given(frames, [voice for voice in range(N_VOICES) if voice not in written])
        real = song_of(given, frames, CHOIR_PROGRAM)
        if len(written) == N_VOICES:
            kind = "all voices"
            machine = song_of(given, chosen_of(style, frames, Wish(), rng), CHOIR_PROGRAM)
        else:
            kind = " and ".join(VOICES[voice] for voice in written)
            machine = harmonise(style, given, HarmonyWish(), int(rng.integers(2**31)))[0].song
        yield Pair(kind, _plain(real), _plain(machine), f"a piece that {style.name} has not learnt")


def style_pairs(
    style: AnyStyle, songs: Sequence[tuple[str, Song]], n_pairs: int, n_bars: int, seed: int
) -> Iterator[Pair]:
    """Yield pairs of passages of songs, (name, song) each, and pieces of a style; raises WishError for short songs."""
    rng = np.random.default_rng(seed)
    for number in range(1, n_pairs + 1):
        for _ in range(_MOST_TRIES):
            name, song = songs[int(rng.integers(len(songs)))]
            n_there = bar_grid(song).n_bars
            if n_there < n_bars:
                continue
            first = int(rng.integers(n_there - n_bars + 1))
            real = cut_in_two(cut_in_two(song, first)[1], n_bars)[0]
            if sum(len(part.notes) > 0 for part in real.parts) and real.n_notes >= n_bars:
                break
        else:
            raise WishError(f"--bars {n_bars}: no song has so many bars with music in them")
        machine = compose_any(style, Wish(n_bars=n_bars), seed, number).song
        yield Pair("all voices", _plain(real), _plain(machine), f"{name}, from bar {first + 1} on")


def passage(piece: NDArray[np.int64], n_bars: int) -> NDArray[np.int64]:
    """Return the beginning of a piece, about so many bars: to the end of a phrase where one ends near by."""
    bar_steps = 4 * max(int(piece[0, BEATS]), 2)
    wanted = min(n_bars * bar_steps, len(piece))
    ends = np.flatnonzero((piece[:-1, FERMATA] == 1) & (piece[1:, FERMATA] != 1)) + 1
    near = [int(end) for end in ends if 0.6 * wanted <= end <= 1.2 * wanted]
    return piece[: min(near, key=lambda end: abs(end - wanted)) if near else wanted]


def _given(frames: NDArray[np.int64], voices: Sequence[int]) -> Given:
    """Return a task: a passage of which some voices stand."""
    frames = frames.copy()
    frames[:, ENDING] = endings(len(frames))
    frames[:, FERMATA] = frames[:, FERMATA] == 1
    tonic = int(frames[0, TONIC])
    key = Key(0 if tonic == UNKNOWN_TONIC else tonic, int(frames[0, MODE]) == MINOR)
    given = np.zeros((len(frames), N_STREAMS), dtype=np.bool_)
    given[:, list(voices)] = True
    given[:, N_VOICES] = bool(voices)
    n_beats = max(int(frames[0, BEATS]), 1)
    pickup = (4 * n_beats - int(frames[0, PLACE])) % (4 * n_beats)
    metre = (n_beats, 4)
    metres = [MetreChange(0, *metre)] + ([MetreChange(pickup * TICKS_PER_QUARTER // 4, *metre)] if pickup else [])
    song = Song(TICKS_PER_QUARTER, (), tempos=(TempoChange(0, TEMPO_QPM),), metres=tuple(metres))
    edges = np.arange(len(frames) + 1) * (TICKS_PER_QUARTER // 4)
    return Given(song, edges, frames, given, {}, key, ())


def _plain(song: Song) -> Song:
    """Return a song of which nothing but its notes can be heard: one loudness, no title."""
    return replace(song, title="", markers=(), fermatas=())
