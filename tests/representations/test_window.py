"""Windows are cut into half bars and put together again; cells say what comes again."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bandroid.representations.grid import FIRST_NOTE, REST
from bandroid.representations.window import (
    FIRST_REPEAT,
    NEW,
    SILENT,
    WINDOW_KINDS,
    Window,
    cut,
    patch_lengths,
    patches_of,
    silent_symbols,
    window_of,
)

PART = WINDOW_KINDS["ensemble-1bar"].voices[0]
MELODY, DRUMS, TRIO = (WINDOW_KINDS[name] for name in ("melody-2bar", "drums-2bar", "trio-16bar"))


def melody(*symbols: int, bar_steps: int = 16) -> Window:
    row = np.array(symbols, dtype=np.int32)[None]
    return Window(row, np.where(row.T >= FIRST_NOTE, 80, 0).astype(np.int32), bar_steps, np.array([True]))


@st.composite
def windows(draw: st.DrawFn, name: str) -> Window:
    kind = WINDOW_KINDS[name]
    bar_steps = draw(st.integers(2, 16))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    n_steps = kind.n_bars * bar_steps
    symbols = np.array([rng.integers(0, voice.grid.size, n_steps) for voice in kind.voices], dtype=np.int32)
    velocity = rng.integers(1, 128, (n_steps, kind.n_channels)).astype(np.int32)
    return Window(symbols, velocity, bar_steps, np.ones(len(kind.voices), dtype=np.bool_))


@pytest.mark.parametrize("name", ["melody-2bar", "drums-2bar", "trio-16bar"])
@given(data=st.data())
def test_half_bars_hold_the_whole_window(name: str, data: st.DataObject) -> None:
    window = data.draw(windows(name))
    patches = patches_of([window], WINDOW_KINDS[name])
    loud = np.rint(patches.velocity[0] * 127).astype(np.int32)
    again = window_of(patches.symbols[0], loud, patches.lengths[0], patches.players[0])
    assert again.bar_steps == window.bar_steps
    np.testing.assert_array_equal(again.symbols, window.symbols)
    np.testing.assert_array_equal(again.velocity, window.velocity)


@given(window=windows("trio-16bar"))
def test_cells_alone_bring_back_what_is_not_new(window: Window) -> None:
    """Whoever writes new cells, and repeats and rests where the cells say so, has the window again."""
    patches = patches_of([window], TRIO)
    for index, voice in enumerate(TRIO.voices):
        is_sounding = False
        for patch, length in enumerate(patches.lengths[0].tolist()):
            own = patches.symbols[0, patch, index, :length]
            cell = int(patches.cells[0, patch, index])
            if cell == SILENT:
                np.testing.assert_array_equal(own, silent_symbols(length, voice, is_sounding))
            elif cell != NEW:
                source = patch - (cell - FIRST_REPEAT + 1)
                assert source >= 0 and patches.lengths[0, source] == length
                np.testing.assert_array_equal(own, patches.symbols[0, source, index, :length])
            if not voice.is_drums:
                changes = own[own != 0]
                is_sounding = bool(changes[-1] >= FIRST_NOTE) if changes.size else is_sounding


def test_cells_of_a_melody() -> None:
    half = [41, 0, 0, 0, 43, 0, 0, 0]
    found = patches_of([melody(*half, *half, *([REST] + [0] * 7), *half)], MELODY)
    # Again at once; a rest that ends the note; again from where it last stood, two half bars before.
    assert found.cells[0, :, 0].tolist() == [NEW, FIRST_REPEAT, SILENT, FIRST_REPEAT + 1]


def test_a_note_that_rings_on_is_no_silence() -> None:
    found = patches_of([melody(41, *[0] * 31)], MELODY)
    assert found.cells[0, :, 0].tolist() == [NEW, NEW, FIRST_REPEAT, FIRST_REPEAT]


def test_drums_rest_in_silence() -> None:
    symbols = np.zeros((1, 32), dtype=np.int32)
    symbols[0, [0, 16]] = 1
    window = Window(symbols, np.zeros((32, 9), dtype=np.int32), 16, np.array([True]))
    assert patches_of([window], DRUMS).cells[0, :, 0].tolist() == [NEW, SILENT, FIRST_REPEAT + 1, SILENT]


@pytest.mark.parametrize(("bar_steps", "halves"), [(16, [8, 8]), (12, [6, 6]), (14, [7, 7]), (5, [3, 2]), (2, [1, 1])])
def test_bars_are_halved(bar_steps: int, halves: list[int]) -> None:
    assert patch_lengths(bar_steps, 2).tolist() == halves * 2


@pytest.mark.parametrize("bar_steps", [0, 1, 17, 20, 32])
def test_bars_that_cannot_be_are_refused(bar_steps: int) -> None:
    with pytest.raises(ValueError, match="2 to 16"):
        Window(
            np.zeros((1, 2 * bar_steps), np.int32), np.zeros((2 * bar_steps, 1), np.int32), bar_steps, np.ones(1, bool)
        )


def test_a_cut_begins_at_rest_and_ends_in_rest() -> None:
    symbols = np.array([41, 0, 0, REST, 43, 0], dtype=np.int32)
    velocity = np.where(symbols >= FIRST_NOTE, 90, 0).astype(np.int32)[:, None]
    voice = MELODY.voices[0]
    # The first note began before the cut, so it is not heard in it, nor ends there.
    assert cut(symbols, velocity, 2, 8, voice)[0].tolist() == [0, 0, 43, 0, REST, 0]
    assert cut(symbols, velocity, 2, 8, voice)[1].shape == (6, 1)
    assert cut(symbols, velocity, 6, 10, voice)[0].tolist() == [0, 0, 0, 0]


def test_a_part_is_cut_as_it_is() -> None:
    symbols = np.array([41 | 9 << 8, 0, 43, 0], dtype=np.int64)
    velocity = np.where(symbols > 0, 90, 0).astype(np.int32)[:, None]
    assert cut(symbols, velocity, 1, 6, PART)[0].tolist() == [0, 43, 0, 0, 0]


def test_a_part_is_silent_where_it_strikes_nothing_and_repeats_with_its_lengths() -> None:
    kind = WINDOW_KINDS["ensemble-1bar"]
    symbols = np.zeros((9, 16), dtype=np.int64)
    symbols[0, [0, 8]] = 41 | 2 << 8
    symbols[1, [0, 8]] = [41 | 2 << 8, 41 | 3 << 8]
    symbols[2, 0] = 41 | 9 << 8
    players = np.array([4, 5, 6, 7, 0, 0, 0, 0, 0])
    patches = patches_of([Window(symbols, np.zeros((16, kind.n_channels), np.int32), 16, players)], kind)
    assert patches.cells[0, :, :4].T.tolist() == [[NEW, FIRST_REPEAT], [NEW, NEW], [NEW, SILENT], [SILENT, SILENT]]
    assert patches.is_there[0].tolist() == [True] * 4 + [False] * 5
