"""Fingerprints tell cells and windows apart exactly as their notes do, and travel as arrays."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from plain_copies import small_sheets, windows

from bandroid.critique.fingerprints import (
    DRUMS,
    SILENT,
    Index,
    cell_print,
    fingerprints,
    window_key,
)
from bandroid.representations.score import tokens_from_sheet
from bandroid.representations.score_cursor import Cursor
from bandroid.representations.sheet import Sheet, sheet_and_loss
from small_band import small_song


def _codes(*notes: tuple[int, int], rest: int = 0) -> list[int]:
    return [position * 128 * 256 + pitch * 256 + rest for position, pitch in notes]


def test_a_transposed_cell_has_the_same_shape() -> None:
    here, there = _codes((0, 60), (0, 64), (24, 55)), _codes((0, 67), (0, 71), (24, 62))
    assert cell_print(here, False, 48)[0] == cell_print(there, False, 48)[0]
    assert (cell_print(here, False, 48)[1], cell_print(there, False, 48)[1]) == (60, 67)


@pytest.mark.parametrize(
    "other",
    [_codes((0, 60), (0, 64), (24, 56)), _codes((0, 60), (1, 64), (24, 55)), _codes((0, 60), (0, 64)), _codes()],
)
def test_other_notes_have_another_shape(other: list[int]) -> None:
    assert cell_print(other, False, 48)[0] != cell_print(_codes((0, 60), (0, 64), (24, 55)), False, 48)[0]


def test_lengths_and_velocities_do_not_count() -> None:
    assert cell_print(_codes((0, 60), rest=255), False, 48) == cell_print(_codes((0, 60)), False, 48)


def test_drums_are_not_transposed_and_are_no_pitches() -> None:
    beat = cell_print(_codes((0, 36), (24, 38)), True, 48)
    assert beat != cell_print(_codes((0, 38), (24, 40)), True, 48)
    assert beat[0] != cell_print(_codes((0, 36), (24, 38)), False, 48)[0]


def test_a_bar_of_another_length_is_another_bar() -> None:
    assert cell_print(_codes((0, 60)), False, 36) != cell_print(_codes((0, 60)), False, 48)


def test_a_sheet_and_its_cells_one_by_one_agree() -> None:
    sheet = sheet_and_loss(small_song(2))[0]
    cursor = Cursor()
    for token in tokens_from_sheet(sheet).tolist():
        cursor.push(token)
    index = fingerprints([sheet])
    prints = [
        cell_print(content, sheet.parts[part].is_drum, 48)
        for part, history in enumerate(cursor.history)
        for content in history
    ]
    assert list(zip(index.shape.tolist(), index.base.tolist(), strict=True)) == prints
    keys = [window_key(*prints[cell : cell + 2]) for cell in np.flatnonzero(index.is_window).tolist()]
    assert index.key[index.is_window].tolist() == keys
    assert index.windows == set(keys)


def test_an_index_knows_songs_parts_and_programs() -> None:
    index = fingerprints([sheet_and_loss(small_song(key, 4))[0] for key in (0, 2)])
    assert index.n_songs == 2
    assert index.part_song.tolist() == [0, 0, 0, 1, 1, 1]
    assert index.part_program.tolist() == 2 * [DRUMS, 33, 27]
    assert index.part_first.tolist() == [0, 4, 8, 12, 16, 20, 24]
    silent = index.places(SILENT)
    assert index.places(int(index.shape[3])).tolist() == [3, 15]  # the drums' fill
    assert silent.size == 0


@given(st.lists(small_sheets(), min_size=1, max_size=3))
def test_windows_are_told_apart_as_their_notes_are(sheets: list[Sheet]) -> None:
    index = fingerprints(sheets)
    plain = [(song, *window) for song, sheet in enumerate(sheets) for window in windows(sheet)]
    first_part = [int(np.argmax(index.part_song == song)) for song in range(len(sheets))]
    cells = [int(index.part_first[first_part[song] + part]) + bar for song, part, bar, _ in plain]
    assert sorted(cells) == np.flatnonzero(index.key).tolist()
    keys = index.key[cells].tolist()
    assert len(set(keys)) == len({what for *_, what in plain}) == len({*zip(keys, (p[-1] for p in plain), strict=True)})


def test_arrays_bring_it_back() -> None:
    index = fingerprints([sheet_and_loss(small_song())[0]])
    again = Index.from_arrays(index.to_arrays())
    assert again.key.tolist() == index.key.tolist()
    assert sum(array.nbytes for array in index.to_arrays().values()) < 7 * index.shape.size + 100


@pytest.mark.parametrize(
    ("name", "array"),
    [
        ("shape", np.zeros(3, dtype=np.uint32)),
        ("base", np.zeros(48, dtype=np.int64)),
        ("part_first", np.array([0, 60, 16, 48], dtype=np.int32)),
        ("part_song", np.array([0, -1, 0], dtype=np.int32)),
        ("else", np.zeros(3)),
    ],
)
def test_nonsense_is_refused(name: str, array: np.ndarray) -> None:
    arrays = fingerprints([sheet_and_loss(small_song())[0]]).to_arrays()
    with pytest.raises(ValueError, match="fingerprints"):
        Index.from_arrays({**arrays, name: array})
