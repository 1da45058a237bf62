"""Songs of four voices <-> frames: which parts sing what, where bars and beats lie, in what key.

A beat has four places whatever it is divided into, so that a bar of 6/8 looks to the net like two quarters and one of
5/4 like five: metres that nobody taught it are felt by their beats.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bandroid.music.choir import VOICES, mean_pitch
from bandroid.music.clock import BarGrid, bar_grid
from bandroid.music.notes import Notes
from bandroid.music.song import Part, Song
from bandroid.music.theory import estimate_key
from bandroid.representations.chorale import (
    BEAT_PLACES,
    BEATS,
    CELLS,
    FERMATA,
    HIGHEST_PITCH,
    LOWEST_PITCH,
    MAJOR,
    MINOR,
    MODE,
    MOST_BEATS,
    N_COLUMNS,
    PLACE,
    REST,
    STRUCK,
    TONIC,
    UNKNOWN_FERMATA,
    UNKNOWN_MODE,
    UNKNOWN_TONIC,
)

Ints = NDArray[np.int64]
STEPS_PER_QUARTER = 4
_SURE = 0.8
"""confidence from which on notes are believed more than a key signature"""
_ENDS_ON = 0.7
"""what the last note of the lowest part counts against a mode that is stated"""


@dataclass(frozen=True, slots=True)
class Key:
    """A key: its tonic's pitch class, 0 (C) to 11 (B), and its mode."""

    tonic: int
    is_minor: bool

    @property
    def mode(self) -> int:
        return MINOR if self.is_minor else MAJOR


def frames_of_song(song: Song, parts: Sequence[int], first: int = 0, n_frames: int | None = None) -> Ints:
    """Return four parts of a song as frames, int64[T, C], from the 16th `first` on; pitches are folded into cells."""
    step = song.ticks_per_quarter / STEPS_PER_QUARTER
    end = max((int(song.parts[index].notes.end_tick.max(initial=0)) for index in parts), default=0)
    total = max(round(end / step) - first, 1) if n_frames is None else n_frames
    frames = empty_frames(song, first, total)
    for voice, index in enumerate(parts):
        frames[:, voice], frames[:, STRUCK.start + voice] = cells_of_line(song.parts[index].notes, step, first, total)
    frames[:, FERMATA] = fermatas_of(song, frames, first)
    if (key := key_of(song)) is not None:
        frames[:, TONIC], frames[:, MODE] = key.tonic, key.mode
    return frames


def empty_frames(song: Song, first: int, n_frames: int) -> Ints:
    """Return frames that hold a song's bars and beats and nothing else, int64[T, C]."""
    frames = np.zeros((n_frames, N_COLUMNS), dtype=np.int64)
    frames[:, CELLS] = REST
    frames[:, FERMATA], frames[:, TONIC], frames[:, MODE] = UNKNOWN_FERMATA, UNKNOWN_TONIC, UNKNOWN_MODE
    frames[:, PLACE], frames[:, BEATS] = places_of(song, first, n_frames)
    return frames


def cells_of_line(notes: Notes, step_tick: float, first: int, n_frames: int) -> tuple[Ints, Ints]:
    """Return a line's cells and strokes, int64[T] each; of notes within one 16th, the one that fills most of it."""
    cells, struck = np.full(n_frames, REST, dtype=np.int64), np.zeros(n_frames, dtype=np.int64)
    filled = np.zeros(n_frames)
    for onset, end, pitch in zip(notes.onset_tick.tolist(), notes.end_tick.tolist(), notes.pitch.tolist(), strict=True):
        start, stop = onset / step_tick - first, end / step_tick - first
        begin = int(np.floor(start + 0.5))
        finish = max(int(np.floor(stop + 0.5)), begin + 1)
        for frame in range(max(begin, 0), min(finish, n_frames)):
            share = min(stop, frame + 1) - max(start, frame)
            if frame == max(begin, 0) and filled[frame] > share:
                continue
            cells[frame] = _folded(pitch) - LOWEST_PITCH
            struck[frame] = frame == begin
            filled[frame] = share
    return cells, struck


def places_of(song: Song, first: int, n_frames: int) -> tuple[Ints, Ints]:
    """Return each 16th's place in its bar, and how many beats that has, int64[T] each."""
    step = song.ticks_per_quarter / STEPS_PER_QUARTER
    tick = np.round((np.arange(n_frames) + first) * step).astype(np.int64)
    grid = bar_grid(song, int(tick[-1]) + 1 if n_frames else 1)
    bar = grid.bar_of(tick)
    beat_tick, n_beats = _beats(grid, song.ticks_per_quarter)
    within = tick - grid.onset_tick[bar] + _left_out(grid, song.ticks_per_quarter)[bar]
    beat = np.minimum(within // beat_tick[bar], MOST_BEATS - 1)
    place = np.minimum(within % beat_tick[bar] * BEAT_PLACES // beat_tick[bar], BEAT_PLACES - 1)
    return (beat * BEAT_PLACES + place).astype(np.int64), np.minimum(n_beats[bar], MOST_BEATS)


def fermatas_of(song: Song, frames: Ints, first: int) -> Ints | int:
    """Return where fermatas sound, int64[T]: as long as the soprano's note; unknown where a song has none."""
    if not song.fermatas:
        return UNKNOWN_FERMATA
    found = np.zeros(len(frames), dtype=np.int64)
    step = song.ticks_per_quarter / STEPS_PER_QUARTER
    for at_tick in song.fermatas:
        frame = round(at_tick / step) - first
        if 0 <= frame < len(frames):
            later = np.flatnonzero((frames[frame + 1 :, STRUCK.start] == 1) | (frames[frame + 1 :, 0] == REST))
            found[frame : frame + 1 + (int(later[0]) if later.size else len(frames))] = 1
    return found


def key_of(song: Song) -> Key | None:
    """Return a song's key; None without pitches.

    A signature leaves two keys: the mode that it states, the notes, and the note that the lowest part ends on decide
    between them. Where the notes are sure of another, as where a sequencer wrote C major into every file, it is theirs.
    """
    estimate = estimate_key(song)
    if estimate is None:
        return None
    own = Key(estimate.tonic, estimate.is_minor)
    if not song.keys:
        return own
    fifths = song.keys[0].fifths
    pair = [Key(fifths * 7 % 12, False), Key((fifths * 7 + 9) % 12, True)]
    if own not in pair and estimate.confidence >= _SURE:
        return own
    lowest = min((part.notes for part in song.parts if not part.is_drum and len(part.notes)), key=mean_pitch)
    ends_on = int(lowest.pitch[-1]) % 12

    def votes(key: Key) -> float:
        is_stated = key.is_minor == song.keys[0].is_minor
        return is_stated + estimate.confidence * (key == own) + _ENDS_ON * (key.tonic == ends_on)

    return max(pair, key=votes)


def once_through(frames: Ints) -> Ints:
    """Return frames without a first half that is played twice, as the Stollen of a bar form are."""
    for half in range(len(frames) // 2, 4 * STEPS_PER_QUARTER, -1):
        if np.array_equal(frames[:half, CELLS], frames[half : 2 * half, CELLS]):
            return frames[half:]
    return frames


def notes_of(cells: Ints, struck: Ints, step_tick: int, velocity: int, first: int = 0) -> Notes:
    """Return a voice's notes: int64[T] twice -> ticks; a pitch that is not struck anew is held."""
    edges = np.flatnonzero((struck == 1) | (np.diff(cells, prepend=-1) != 0))
    ends = np.append(edges[1:], len(cells))
    rows = [
        ((first + start) * step_tick, (end - start) * step_tick, int(cells[start]) + LOWEST_PITCH, velocity)
        for start, end in zip(edges.tolist(), ends.tolist(), strict=True)
        if cells[start] < REST
    ]
    return Notes.from_rows(rows)


def voice_part(voice: int, notes: Notes, program: int) -> Part:
    """Return a part of a choir, from left to right as choirs stand."""
    return Part(VOICES[voice].capitalize(), program, False, notes, pan=(40, 56, 72, 88)[voice])


def _beats(grid: BarGrid, ticks_per_quarter: int) -> tuple[Ints, Ints]:
    """Return per bar: the ticks of a beat, and how many beats the metre has."""
    numerator, denominator = grid.numerator, grid.denominator
    is_compound = (numerator % 3 == 0) & (numerator > 3) & (denominator >= 8)
    unit = ticks_per_quarter * 4 // denominator
    # A bar of halves is counted in quarters: chorales in 3/2 move as those in 4/4 do.
    quarter = np.minimum(np.maximum(unit, 1), ticks_per_quarter)
    beat = np.where(is_compound, 3 * unit, quarter)
    whole = numerator * ticks_per_quarter * 4 // denominator
    return np.maximum(beat, 1), np.maximum(whole // np.maximum(beat, 1), 1)


def _left_out(grid: BarGrid, ticks_per_quarter: int) -> Ints:
    """Return what a pickup leaves out at the start of its bar, ticks per bar."""
    missing = np.zeros(grid.n_bars, dtype=np.int64)
    whole = int(grid.numerator[0]) * ticks_per_quarter * 4 // int(grid.denominator[0])
    if grid.n_bars > 1:
        missing[0] = max(whole - int(grid.length_tick[0]), 0)
    return missing


def _folded(pitch: int) -> int:
    """Return a pitch that a cell holds: moved by octaves where it lies outside."""
    while pitch < LOWEST_PITCH:
        pitch += 12
    while pitch > HIGHEST_PITCH:
        pitch -= 12
    return pitch
