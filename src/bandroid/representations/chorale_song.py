"""Songs of four voices <-> frames: which parts sing what, where bars and beats lie, in what key.

A frame is a 16th; but a beat of 6/8 and its like has four frames, too, two eighths and two 16ths: so it looks to the
net like a quarter, and what the net writes as two eighths becomes a quarter and an eighth. Bars of 5/4 have five such
beats: metres that nobody taught the net are felt by them. Where frames lie is said by their **edges**, in ticks.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import gcd

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bandroid.music.choir import VOICES, mean_pitch
from bandroid.music.clock import BarGrid, bar_grid
from bandroid.music.notes import Notes
from bandroid.music.quantize import snap
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
_PLACE_OF_SIXTH = (0, 0, 1, 1, 2, 3)
"""of a beat of three eighths"""
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


def frame_edges(song: Song, end_tick: int) -> Ints:
    """Return where frames begin, ticks from the song's start, int64[T + 1]: the last bar is whole.

    The song's quarter is a whole number of 16ths (`in_whole_steps`).
    """
    grid = bar_grid(song, end_tick)
    beat_tick, _ = _beats(grid, song.ticks_per_quarter)
    left_out = _left_out(grid, song.ticks_per_quarter)
    edges: list[int] = []
    for bar in range(grid.n_bars):
        onset, length = int(grid.onset_tick[bar]), int(grid.length_tick[bar])
        beat, skipped = int(beat_tick[bar]), int(left_out[bar])
        is_compound = _is_compound(int(grid.numerator[bar]), int(grid.denominator[bar]))
        step = song.ticks_per_quarter // STEPS_PER_QUARTER
        within = [beat * sixth // 6 for sixth in (0, 2, 4, 5)] if is_compound else list(range(0, beat, step))
        places = [at * beat + place for at in range(-(-(length + skipped) // beat)) for place in within]
        edges += [onset + place - skipped for place in places if skipped <= place < skipped + length]
    return np.array([*edges, int(grid.onset_tick[-1])], dtype=np.int64)


def in_whole_steps(song: Song) -> Song:
    """Return a song whose 16th is a whole number of ticks, every note exactly where it was."""
    factor = STEPS_PER_QUARTER // gcd(song.ticks_per_quarter, STEPS_PER_QUARTER)
    if factor == 1:
        return song
    return replace(snap(song, factor * song.ticks_per_quarter).song, remarks=song.remarks)


def nearest_edge(edges: Ints, tick: ArrayLike) -> Ints:
    """Return which edge each tick is nearest to, the later of two."""
    middles = (edges[:-1] + edges[1:]) / 2
    found: Ints = np.searchsorted(middles, np.asarray(tick), side="right").astype(np.int64)
    return found


def frames_of_song(song: Song, parts: Sequence[int]) -> Ints:
    """Return four parts of a song as frames, int64[T, C], from its start; pitches are folded into cells."""
    song = in_whole_steps(song)
    end = max((int(song.parts[index].notes.end_tick.max(initial=1)) for index in parts), default=1)
    edges = frame_edges(song, end)
    edges = edges[: max(int(nearest_edge(edges, end)), 1) + 1]
    frames = empty_frames(song, edges)
    for voice, index in enumerate(parts):
        frames[:, voice], frames[:, STRUCK.start + voice] = cells_of_line(song.parts[index].notes, edges)
    frames[:, FERMATA] = fermatas_of(song, frames, edges)
    if (key := key_of(song)) is not None:
        frames[:, TONIC], frames[:, MODE] = key.tonic, key.mode
    return frames


def empty_frames(song: Song, edges: Ints) -> Ints:
    """Return frames that hold a song's bars and beats and nothing else, int64[T, C]."""
    frames = np.zeros((len(edges) - 1, N_COLUMNS), dtype=np.int64)
    frames[:, CELLS] = REST
    frames[:, FERMATA], frames[:, TONIC], frames[:, MODE] = UNKNOWN_FERMATA, UNKNOWN_TONIC, UNKNOWN_MODE
    frames[:, PLACE], frames[:, BEATS] = places_of(song, edges)
    return frames


def cells_of_line(notes: Notes, edges: Ints) -> tuple[Ints, Ints]:
    """Return a line's cells and strokes, int64[T] each; of notes within one frame, the one that fills most of it."""
    n_frames = len(edges) - 1
    cells, struck = np.full(n_frames, REST, dtype=np.int64), np.zeros(n_frames, dtype=np.int64)
    filled = np.zeros(n_frames)
    onsets, ends = notes.onset_tick.tolist(), notes.end_tick.tolist()
    begins, finishes = nearest_edge(edges, onsets).tolist(), nearest_edge(edges, ends).tolist()
    each = zip(onsets, ends, begins, finishes, notes.pitch.tolist(), strict=True)
    for onset, end, begin, finish, pitch in each:
        for frame in range(begin, min(max(finish, begin + 1), n_frames)):
            share = min(end, int(edges[frame + 1])) - max(onset, int(edges[frame]))
            if frame == begin and filled[frame] > share:
                continue
            cells[frame] = _folded(pitch) - LOWEST_PITCH
            struck[frame] = frame == begin
            filled[frame] = share
    return cells, struck


def places_of(song: Song, edges: Ints) -> tuple[Ints, Ints]:
    """Return each frame's place in its bar, and how many beats that has, int64[T] each."""
    tick = edges[:-1]
    grid = bar_grid(song, int(edges[-1]))
    bar = grid.bar_of(tick)
    beat_tick, n_beats = _beats(grid, song.ticks_per_quarter)
    within = tick - grid.onset_tick[bar] + _left_out(grid, song.ticks_per_quarter)[bar]
    beat = np.minimum(within // beat_tick[bar], MOST_BEATS - 1)
    sixth = within % beat_tick[bar] * 6 // beat_tick[bar]
    plain = np.minimum(within % beat_tick[bar] * BEAT_PLACES // beat_tick[bar], BEAT_PLACES - 1)
    is_compound = np.array(
        [_is_compound(*metre) for metre in zip(grid.numerator.tolist(), grid.denominator.tolist(), strict=True)]
    )
    place = np.where(is_compound[bar], np.array(_PLACE_OF_SIXTH)[sixth], plain)
    return (beat * BEAT_PLACES + place).astype(np.int64), np.minimum(n_beats[bar], MOST_BEATS)


def fermatas_of(song: Song, frames: Ints, edges: Ints) -> Ints | int:
    """Return where fermatas sound, int64[T]: as long as the soprano's note; unknown where a song has none."""
    if not song.fermatas:
        return UNKNOWN_FERMATA
    found = np.zeros(len(frames), dtype=np.int64)
    for frame in nearest_edge(edges, song.fermatas).tolist():
        if frame < len(frames):
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


def notes_of(cells: Ints, struck: Ints, edges: Ints, velocity: int) -> Notes:
    """Return a voice's notes: int64[T] twice, int64[T + 1] -> ticks; a pitch that is not struck anew is held."""
    begins = np.flatnonzero((struck == 1) | (np.diff(cells, prepend=-1) != 0))
    ends = np.append(begins[1:], len(cells))
    rows = [
        (int(edges[begin]), int(edges[end] - edges[begin]), int(cells[begin]) + LOWEST_PITCH, velocity)
        for begin, end in zip(begins.tolist(), ends.tolist(), strict=True)
        if cells[begin] < REST
    ]
    return Notes.from_rows(rows)


def voice_part(voice: int, notes: Notes, program: int) -> Part:
    """Return a part of a choir, from left to right as choirs stand."""
    return Part(VOICES[voice].capitalize(), program, False, notes, pan=(40, 56, 72, 88)[voice])


def _beats(grid: BarGrid, ticks_per_quarter: int) -> tuple[Ints, Ints]:
    """Return per bar: the ticks of a beat, and how many beats the metre has."""
    numerator, denominator = grid.numerator, grid.denominator
    is_compound = np.array(
        [_is_compound(*metre) for metre in zip(numerator.tolist(), denominator.tolist(), strict=True)]
    )
    unit = ticks_per_quarter * 4 // denominator
    # A bar of halves is counted in quarters: chorales in 3/2 move as those in 4/4 do.
    quarter = np.minimum(np.maximum(unit, 1), ticks_per_quarter)
    beat = np.where(is_compound, 3 * unit, quarter)
    whole = numerator * ticks_per_quarter * 4 // denominator
    return np.maximum(beat, 1), np.maximum(whole // np.maximum(beat, 1), 1)


def _is_compound(numerator: int, denominator: int) -> bool:
    """Say whether a metre's beats have three parts each: 6/8, 9/8, 12/8, 6/16 ..."""
    return numerator % 3 == 0 and numerator > 3 and denominator >= 8


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
