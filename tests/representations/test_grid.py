"""The grid says melodies and drums in 16ths."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bandroid.music.notes import Notes
from bandroid.music.read import read_songs
from bandroid.representations.grid import (
    NINE_DRUMS,
    ONE_DRUM,
    DrumGrid,
    MelodyGrid,
)
from music_strategies import TICKS_PER_QUARTER, notes

GRID = MelodyGrid()
SYMBOLS = st.lists(st.integers(0, 89), max_size=40).map(lambda values: np.array(values, dtype=np.int32))


def test_a_quarter_is_a_note_and_three_holds() -> None:
    line = Notes.from_rows([(0, 480, 60, 80), (960, 240, 62, 100)])
    symbols, velocity = GRID.encode(line, 480)
    assert symbols.tolist() == [41, 0, 0, 0, 1, 0, 0, 0, 43, 0]
    assert np.flatnonzero(velocity).tolist() == [0, 8] and velocity.max() == 100
    assert GRID.decode(symbols, velocity).velocity.tolist() == [80, 100]
    assert GRID.size == 90


@given(notes())
@settings(max_examples=100, deadline=None)
def test_a_decoded_melody_is_written_the_same_again(line: Notes) -> None:
    symbols, velocity = GRID.encode(line, TICKS_PER_QUARTER)
    melody = GRID.decode(symbols, velocity)
    again, loud = GRID.encode(melody, 4)
    assert np.array_equal(again, symbols) and np.array_equal(loud, velocity)
    assert np.array_equal(GRID.struck(symbols), velocity > 0)
    assert np.all(melody.end_tick[:-1] <= melody.onset_tick[1:])


@given(SYMBOLS)
@settings(max_examples=100, deadline=None)
def test_any_symbols_are_a_melody(symbols: np.ndarray) -> None:  # type: ignore[type-arg]
    melody = GRID.decode(symbols)
    assert GRID.decode(GRID.encode(melody, 4)[0]) == melody


@pytest.mark.parametrize("classes", [NINE_DRUMS, ONE_DRUM])
@given(line=notes())
@settings(max_examples=60, deadline=None)
def test_decoded_drums_are_written_the_same_again(classes: tuple[tuple[int, ...], ...], line: Notes) -> None:
    grid = DrumGrid(classes)
    symbols, velocity = grid.encode(line, TICKS_PER_QUARTER)
    again, loud = grid.encode(grid.decode(symbols, velocity, grid.kit_of(line)), 4)
    assert np.array_equal(again, symbols) and np.array_equal(loud, velocity)


def test_every_symbol_of_nine_drums_is_a_chord_of_drums() -> None:
    grid = DrumGrid()
    assert grid.size == 512
    symbols = np.append(np.arange(512), 1).astype(np.int32)
    assert np.array_equal(grid.encode(grid.decode(symbols), 4)[0], symbols)


def test_a_kit_is_what_the_drummer_strikes_most() -> None:
    grid = DrumGrid()
    kit = grid.kit_of(Notes.from_rows([(0, 1, 37, 80), (4, 1, 37, 80), (8, 1, 38, 80), (8, 1, 36, 80)]))
    assert kit[:3] == (36, 37, 42)
    assert grid.decode(np.array([2], dtype=np.int32), kit=kit).pitch.tolist() == [37]


def test_a_real_groove(data: Path) -> None:
    (song,) = read_songs(data / "gmd/drummer1/session1/1_funk_80_beat_4-4.mid")
    grid = DrumGrid()
    symbols, velocity = grid.encode(song.parts[0].notes, song.ticks_per_quarter)
    kicks = int(np.count_nonzero(symbols & 1))
    assert 50 < kicks < symbols.size / 2
    assert np.unique(velocity).size > 20
    assert np.array_equal(grid.encode(grid.decode(symbols), 4)[0], symbols)


def test_symbols_out_of_range_are_refused() -> None:
    with pytest.raises(ValueError, match="melody symbols"):
        GRID.decode(np.array([90], dtype=np.int32))
    with pytest.raises(ValueError, match="drum symbols"):
        DrumGrid(ONE_DRUM).decode(np.array([2], dtype=np.int32))
