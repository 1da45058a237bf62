"""What somebody gives to be harmonised: voices of a song, as frames for the net, and note for note for the result."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bandroid.critique.voice_leading import RANGES
from bandroid.errors import WishError
from bandroid.music.choir import BASS, VOICES, is_line, line_of
from bandroid.music.notes import Notes
from bandroid.music.song import Song
from bandroid.representations.chorale import (
    CELLS,
    ENDING,
    FERMATA,
    MODE,
    N_STREAMS,
    N_VOICES,
    REST,
    STRUCK,
    TONIC,
    UNKNOWN_FERMATA,
    endings,
)
from bandroid.representations.chorale_song import (
    Key,
    cells_of_line,
    empty_frames,
    fermatas_of,
    frame_edges,
    in_whole_steps,
    key_of,
    nearest_edge,
)

MOST_STEPS = 16 * 400
"""16ths that are harmonised at once: 400 bars of 4/4"""
MOST_QUARTERS = 10_000
"""where what is harmonised must have ended"""
_BREATH_STEPS = 4
"""where all that is given rests for so long, all rest"""


@dataclass(frozen=True, slots=True, eq=False)
class Given:
    """A task: what stands, and what is to be written."""

    song: Song
    """bars, tempo, key, words: what the result stands on"""
    edges: NDArray[np.int64]
    """int64[T + 1]: where frames begin, ticks of the song"""
    frames: NDArray[np.int64]
    """int64[T, C]"""
    given: NDArray[np.bool_]
    """bool[T, S]"""
    notes: Mapping[int, Notes]
    """of each voice that is given, note for note"""
    key: Key
    remarks: tuple[str, ...]
    """what was done to it, one sentence each"""


def given_voices(song: Song, parts: Mapping[int, int], key: Key | None = None) -> Given:
    """Take parts of a song as voices: {voice: part's index}; raises WishError where nothing can be harmonised.

    A part that is no single line gives its top line, to a bass its lowest. One that lies too high or too low for its
    voice is harmonised in another octave, and given back where it was.
    """
    song = in_whole_steps(song)
    remarks: list[str] = []
    notes: dict[int, Notes] = {}
    for voice, index in sorted(parts.items()):
        part = song.parts[index]
        notes[voice] = part.notes
        if not is_line(part.notes):
            notes[voice], n_left_out = line_of(part.notes, lowest=voice == BASS)
            which, side = ("lowest", "above") if voice == BASS else ("top", "below")
            remarks.append(
                f"part {part.name!r} is no single line: its {which} line was taken as the {VOICES[voice]}, "
                f"{n_left_out} notes {side} it were left out"
            )
    sounding = [one for one in notes.values() if len(one)]
    if not sounding:
        raise WishError("there is not one note to harmonise")
    edges = _edges(song, sounding)
    n_frames = len(edges) - 1
    frames = empty_frames(song, edges)
    given = np.zeros((n_frames, N_STREAMS), dtype=np.bool_)
    for voice, one in notes.items():
        octaves = _octaves_to_range(one, voice)
        if octaves:
            way = "higher" if octaves > 0 else "lower"
            times = "an octave" if abs(octaves) == 1 else f"{abs(octaves)} octaves"
            remarks.append(f"the {VOICES[voice]} was harmonised {times} {way}, where a {VOICES[voice]} sings")
        sung = Notes(one.onset_tick, one.length_tick, np.clip(one.pitch + 12 * octaves, 0, 127), one.velocity)
        frames[:, voice], frames[:, STRUCK.start + voice] = cells_of_line(sung, edges)
        given[:, voice] = True
    frames[:, FERMATA] = fermatas_of(song, frames, edges)
    given[:, N_VOICES] = frames[:, FERMATA] != UNKNOWN_FERMATA
    # Where nobody says, the net places fermatas itself.
    frames[:, FERMATA] = np.where(given[:, N_VOICES], frames[:, FERMATA], 0)
    frames[:, ENDING] = endings(n_frames)
    found = key or key_of(song.with_parts(tuple(song.parts[index] for index in parts.values())))
    if found is None:
        raise WishError("there is not one note with a pitch to harmonise")
    frames[:, TONIC], frames[:, MODE] = found.tonic, found.mode
    _let_all_breathe(frames, given)
    remarks += _crossings(frames, given)
    return Given(song, edges, frames, given, notes, found, tuple(remarks))


def _edges(song: Song, sounding: Sequence[Notes]) -> NDArray[np.int64]:
    """Return where frames begin and end that hold some notes; raises WishError where they would be too many."""
    too_long = WishError(f"it is longer than {MOST_STEPS // 16} bars, the most that is harmonised at once")
    end_tick = max(int(one.end_tick.max()) for one in sounding)
    if end_tick > MOST_QUARTERS * song.ticks_per_quarter:
        raise too_long
    edges = frame_edges(song, end_tick)
    first = min(int(nearest_edge(edges, one.onset_tick[0])) for one in sounding)
    edges = edges[first : max(int(nearest_edge(edges, end_tick)), first + 1) + 1]
    if len(edges) > MOST_STEPS + 1:
        raise too_long
    return edges


def _octaves_to_range(notes: Notes, voice: int) -> int:
    """Return by how many octaves a line is moved so that a voice can sing most of it; 0 where it can."""
    low, high = RANGES[voice]

    def outside(octaves: int) -> tuple[int, int]:
        pitch = notes.pitch + 12 * octaves
        beyond = np.maximum(low - pitch, 0) + np.maximum(pitch - high, 0)
        return int((beyond * notes.length_tick).sum()), abs(octaves)

    return min(range(-6, 7), key=outside)


def _let_all_breathe(frames: NDArray[np.int64], given: NDArray[np.bool_]) -> None:
    """Let all voices rest where all that is given rests for a quarter or longer."""
    voices = given[:, :N_VOICES]
    rests = np.where(voices, frames[:, CELLS] == REST, True).all(axis=1)
    edges = np.flatnonzero(np.diff(np.concatenate([[False], rests, [False]]).astype(np.int8)))
    for start, end in edges.reshape(-1, 2).tolist():
        if end - start >= _BREATH_STEPS:
            frames[start:end, CELLS] = REST
            frames[start:end, STRUCK] = 0
            given[start:end, :N_VOICES] = True


def _crossings(frames: NDArray[np.int64], given: NDArray[np.bool_]) -> list[str]:
    """Say where voices that are given cross: nobody can mend that but who gave them."""
    cells, found = frames[:, CELLS], []
    there = [voice for voice in range(N_VOICES) if given[:, voice].all()]
    for place, upper in enumerate(there):
        for lower in there[place + 1 :]:
            crosses = (cells[:, upper] < cells[:, lower]) & (cells[:, lower] < REST)
            if crosses.any():
                found.append(
                    f"the given {VOICES[upper]} lies below the given {VOICES[lower]} in "
                    f"{100 * crosses.mean():.0f} % of the piece, and stays there"
                )
    return found
