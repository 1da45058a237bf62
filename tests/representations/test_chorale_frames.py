"""Frames of four voices: what is in them, what is told of them, and songs there and back."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bandroid.bundle.export_chorale import random_frames
from bandroid.music.choir import four_voices
from bandroid.music.notes import Notes
from bandroid.music.song import KeyChange, MetreChange, Part, Song
from bandroid.representations.chorale import (
    BEATS,
    CELLS,
    FERMATA,
    MODE,
    N_STREAMS,
    NO_PITCH,
    PLACE,
    REST,
    STRUCK,
    TONIC,
    UNKNOWN_FERMATA,
    cells_of,
    endings,
    frames_of,
    room,
    transposed,
)
from bandroid.representations.chorale_rows import (
    N_HEARD,
    coming_of,
    degree,
    interval,
    next_past,
    no_past,
    past_of,
    rows_of,
)
from bandroid.representations.chorale_song import (
    Key,
    cells_of_line,
    frame_edges,
    frames_of_song,
    key_of,
    notes_of,
    once_through,
    places_of,
)
from small_choir import TICKS_PER_QUARTER, small_chorale, tune


def test_cells_move_within_their_room() -> None:
    cells = cells_of(np.array([[72, 65, 60, -1], [74, 65, 59, 36]]))
    assert cells[0].tolist() == [36, 29, 24, REST]
    frames = frames_of(cells)
    frames[:, TONIC] = 11
    assert room(frames) == (0, 7)
    moved = transposed(frames, 7)
    assert moved[1, CELLS].tolist() == [45, 36, 30, 7] and moved[0, 3] == REST
    assert set(moved[:, TONIC].tolist()) == {6}
    with pytest.raises(ValueError, match=r"36\.\.81"):
        cells_of(np.array([[82, 60, 60, 60]]))


def test_past_is_what_was() -> None:
    cells = np.repeat(np.array([5, 5, 7, 7, 7, 5])[:, None], 4, axis=1)
    past = past_of(frames_of(cells)[None])
    assert past.last[0, :, 0].tolist() == [NO_PITCH, 5, 5, 7, 7, 7]
    assert past.before[0, :, 0].tolist() == [NO_PITCH, NO_PITCH, NO_PITCH, 5, 5, 5]
    assert past.run[0, :, 0].tolist() == [0, 0, 1, 0, 1, 2]


def test_a_note_struck_again_is_a_new_one() -> None:
    frames = frames_of(np.full((6, 4), 9))
    frames[3, STRUCK] = 1
    past = past_of(frames[None])
    assert past.run[0, :, 0].tolist() == [0, 0, 1, 2, 0, 1]
    assert past.before[0, :, 0].tolist() == [NO_PITCH] * 4 + [9, 9]


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000))
def test_frame_by_frame_is_what_all_at_once_is(seed: int) -> None:
    frames = random_frames(3, 25, np.random.default_rng(seed))
    whole, past = past_of(frames), no_past(3)
    for frame in range(25):
        for one, other in zip(past, whole, strict=True):
            np.testing.assert_array_equal(one, other[:, frame])
        past = next_past(past, frames[:, frame, CELLS], frames[:, frame, STRUCK])


def test_intervals_and_degrees_of_rests_are_none() -> None:
    assert interval(np.array([0, 45, REST, NO_PITCH, 3]), np.array([45, 0, 3, 3, REST])).tolist() == [0, 90, 91, 91, 91]
    assert degree(np.array([12, 19, REST, 5]), np.array([0, 5, 0, 12])).tolist() == [0, 2, 12, 12]


def test_what_comes_is_told() -> None:
    told = np.array([5, 5, 7, 7, NO_PITCH, 9])[None, :, None]
    strokes = np.array([2, 1, 2, 1, 0, 2])[None, :, None]
    coming = coming_of(told, strokes)
    assert coming.next[0, :, 0].tolist() == [7, 7, NO_PITCH, NO_PITCH, 9, NO_PITCH]
    assert coming.left[0, :, 0].tolist() == [1, 0, 1, 0, 0, 0]
    assert coming.later[0, :, 0].tolist() == [NO_PITCH, NO_PITCH, 9, 9, NO_PITCH, NO_PITCH]


def test_rows_fit_their_tables() -> None:
    frames = random_frames(2, 9, np.random.default_rng(0))
    rows = rows_of(frames, np.ones((2, 9, N_STREAMS), dtype=np.bool_))
    assert rows.heard.shape == (2, 9, N_HEARD) and rows.heard.min() >= 0
    assert rows.is_told.all()


def test_endings_count_down() -> None:
    assert endings(5).tolist() == [3, 2, 2, 1, 1]
    assert endings(200).max() == 33


def test_a_song_there_and_back() -> None:
    song = small_chorale(seed=3)
    sung = four_voices(song)
    assert sung == (0, 1, 2, 3)
    frames = frames_of_song(song, sung)
    assert len(frames) == 8 * 16
    for voice in range(4):
        edges = np.arange(len(frames) + 1) * (TICKS_PER_QUARTER // 4)
        notes = notes_of(frames[:, voice], frames[:, STRUCK.start + voice], edges, 80)
        assert notes == song.parts[voice].notes
    assert (frames[60:64, FERMATA] == 1).all() and not (frames[:60, FERMATA] == 1).any()
    assert (frames[0, TONIC], frames[0, MODE], frames[0, BEATS]) == (0, 1, 4)
    assert frames[:20, PLACE].tolist() == [*range(16), 0, 1, 2, 3]


def test_without_fermatas_nobody_knows() -> None:
    song = small_chorale()
    plain = Song(song.ticks_per_quarter, song.parts, metres=song.metres)
    assert (frames_of_song(plain, (0, 1, 2, 3))[:, FERMATA] == UNKNOWN_FERMATA).all()


@pytest.mark.parametrize(
    ("metre", "places", "n_beats"),
    [
        ((3, 4), [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11], 3),
        ((6, 8), [0, 1, 2, 3, 4, 5, 6, 7], 2),
        ((5, 4), list(range(20)), 5),
        ((2, 2), list(range(16)), 4),
        ((3, 8), [0, 2, 4, 6, 8, 10], 3),
    ],
)
def test_a_beat_has_four_places(metre: tuple[int, int], places: list[int], n_beats: int) -> None:
    song = Song(480, (), metres=(MetreChange(0, *metre),))
    edges = frame_edges(song, 2 * 4 * 480 * metre[0] // metre[1])
    found, beats = places_of(song, edges)
    assert found.tolist() == places + places and set(beats.tolist()) == {n_beats}


def test_a_pickup_stands_at_the_end_of_its_bar() -> None:
    song = Song(480, (), metres=(MetreChange(0, 4, 4), MetreChange(480, 4, 4)))
    edges = frame_edges(song, 5 * 480)
    assert len(edges) == 21 and places_of(song, edges)[0][:6].tolist() == [12, 13, 14, 15, 0, 1]


def test_a_compound_beat_has_four_frames() -> None:
    """What looks like two eighths becomes a quarter and an eighth."""
    song = Song(480, (), metres=(MetreChange(0, 6, 8),))
    edges = frame_edges(song, 1440)
    assert edges.tolist() == [0, 240, 480, 600, 720, 960, 1200, 1320, 1440]
    jig = Notes.from_rows([(0, 240, 72, 80), (240, 240, 74, 80), (480, 240, 76, 80), (720, 720, 72, 80)])
    cells, struck = cells_of_line(jig, edges)
    assert cells.tolist() == [36, 38, 40, 40, 36, 36, 36, 36] and struck.tolist() == [1, 1, 1, 0, 1, 0, 0, 0]
    assert notes_of(cells, struck, edges, 80) == jig


def test_what_is_played_twice_is_learnt_once() -> None:
    frames = random_frames(1, 64, np.random.default_rng(0))[0]
    twice = np.concatenate([frames[:32], frames[:32], frames[32:]])
    assert np.array_equal(once_through(twice)[:, CELLS], frames[:, CELLS])
    assert once_through(frames) is frames


def test_the_signature_and_the_notes_decide_a_key_together() -> None:
    song = small_chorale(shift=-3)
    key = key_of(song)
    assert key is not None and (key.tonic, key.is_minor) == (9, False)
    minor = Song(480, song.parts, keys=(KeyChange(0, 0, True),))
    assert key_of(minor) == Key(9, False), "the notes are sure that the signature is wrong"
    # E minor by its notes, but neither by its signature's mode nor by its end.
    tune_in_g = Song(480, (tune((64, 71, 76, 71, 67, 64, 71, 64, 67)).parts[0],), keys=(KeyChange(0, 1, False),))
    assert key_of(tune_in_g) == Key(7, False)
    drums = Song(480, (Part("Drums", 0, True, Notes.from_rows([(0, 10, 36, 80)])),))
    assert key_of(drums) is None
