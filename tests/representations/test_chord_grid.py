"""Parts as one number a step: what comes back, what is folded, what a symbol is made of."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bandroid.music.notes import Notes
from bandroid.representations.chord_grid import (
    LENGTH_STEPS,
    N_ABOVE,
    ChordGrid,
    above_of,
    length_class_of,
    lowest_of,
    symbols_from,
)

GRID = ChordGrid()
ROWS = st.lists(
    st.tuples(st.integers(0, 60), st.integers(1, 90), st.integers(0, 127), st.integers(1, 127)), min_size=1, max_size=24
)


def test_a_chord_is_one_number() -> None:
    symbols, velocity = GRID.encode(Notes.from_rows([(0, 4, 60, 70), (0, 4, 67, 90), (8, 2, 48, 50)]), 4)
    assert symbols[0] == 41 | 3 << 8 | 1 << 18 and symbols[8] == 29 | 1 << 8
    assert symbols[1:8].any() == False and symbols.size == 10  # noqa: E712
    assert velocity[[0, 8], 0].tolist() == [90, 50]


@given(ROWS)
def test_what_was_read_once_is_read_again(rows: list[tuple[int, int, int, int]]) -> None:
    notes = GRID.decode(*GRID.encode(Notes.from_rows(rows), 4))
    assert GRID.decode(*GRID.encode(notes, 4)) == notes


@given(ROWS)
def test_onsets_and_pitch_classes_stay(rows: list[tuple[int, int, int, int]]) -> None:
    notes = Notes.from_rows(rows)
    found = GRID.decode(*GRID.encode(notes, 4))
    asked = {(tick, pitch % 12) for tick, pitch in zip(notes.onset_tick.tolist(), notes.pitch.tolist(), strict=True)}
    come = {(tick, pitch % 12) for tick, pitch in zip(found.onset_tick.tolist(), found.pitch.tolist(), strict=True)}
    assert come == asked


@given(st.integers(2, 80), st.integers(0, 15), st.integers(0, 2**N_ABOVE - 1), st.integers(-2, 9))
def test_a_symbol_is_its_parts_and_moves_as_a_whole(lowest: int, length: int, mask: int, shift: int) -> None:
    above = np.array([[mask >> bit & 1 for bit in range(N_ABOVE)]], dtype=np.bool_)
    symbol = symbols_from(np.array([lowest]), above, np.array([length]))
    assert 0 <= symbol[0] < GRID.size
    assert (lowest_of(symbol)[0], length_class_of(symbol)[0]) == (lowest, length)
    np.testing.assert_array_equal(above_of(symbol), above)
    if 2 <= lowest + shift <= 89:
        moved = symbol + shift
        assert lowest_of(moved)[0] == lowest + shift and length_class_of(moved)[0] == length
        np.testing.assert_array_equal(above_of(moved), above)


def test_a_note_ends_where_it_is_struck_again_and_others_ring_on() -> None:
    notes = Notes.from_rows([(0, 16, 40, 80), (4, 4, 64, 80), (8, 4, 40, 80)])
    found = GRID.decode(*GRID.encode(notes, 4))
    assert [*zip(found.onset_tick.tolist(), found.length_tick.tolist(), found.pitch.tolist(), strict=True)] == [
        (0, 8, 40),
        (4, 4, 64),
        (8, 4, 40),
    ]


@pytest.mark.parametrize(("length", "written"), [(1, 1), (9, 10), (33, 48), (500, 64)])
def test_lengths_are_classes(length: int, written: int) -> None:
    found = GRID.decode(*GRID.encode(Notes.from_rows([(0, length, 60, 80)]), 4))
    assert found.length_tick.tolist() == [written] and written in LENGTH_STEPS


def test_notes_far_above_and_beyond_the_piano_move_by_octaves() -> None:
    found = GRID.decode(*GRID.encode(Notes.from_rows([(0, 4, 22, 80), (0, 4, 100, 80), (4, 1, 5, 80)]), 4))
    assert found.pitch.tolist() == [22, 64, 29]


def test_a_number_that_is_no_symbol_is_refused() -> None:
    for wrong in (1, 90, 256, 1 << 60):
        with pytest.raises(ValueError, match="lowest note"):
            GRID.decode(np.array([0, wrong]))


def test_silence() -> None:
    symbols, velocity = GRID.encode(Notes.empty(), 480)
    assert symbols.shape == (0,) and velocity.shape == (0, 1)
    assert len(GRID.decode(np.zeros(8, dtype=np.int64))) == 0
