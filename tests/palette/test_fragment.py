"""What a space hears in songs, whatever they are like; each case is said in a line, or refused in one."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from bandroid.errors import WishError
from bandroid.generation.space_style import SpaceStyle
from bandroid.music.notes import Notes
from bandroid.music.song import MetreChange, Part, Song, TempoChange
from bandroid.palette.fragment import fragment
from bandroid.representations.grid import FIRST_NOTE
from tests.small_band import BAR, QUARTER, small_song


def said(style: SpaceStyle, song: Song, at: tuple[int, int] | None = None, *, only_one: bool = False) -> str:
    return "; ".join(fragment(style, song, at, "song.mid", only_one=only_one).remarks)


def test_a_whole_song_is_windows_one_after_another(drums: SpaceStyle) -> None:
    heard = fragment(drums, small_song(n_bars=7), None, "song.mid", only_one=False)
    assert (heard.n_bars, len(heard.windows)) == (7, 4)
    assert heard.band.tempo_qpm == 120.0 and heard.band.metre == (4, 4)


def test_bars_are_counted_from_1(drums: SpaceStyle) -> None:
    song = small_song()
    fill, plain = (fragment(drums, song, at, "song.mid", only_one=True).windows[0] for at in ((3, 4), (5, 6)))
    assert not np.array_equal(fill.symbols, plain.symbols)
    whole = fragment(drums, song, None, "song.mid", only_one=False)
    np.testing.assert_array_equal(whole.windows[1].symbols, fill.symbols)


def test_shorter_than_the_window_is_looped(drums: SpaceStyle) -> None:
    heard = fragment(drums, small_song(), (1, 1), "song.mid", only_one=True)
    assert "1 bar where the space has 2: looped" in "; ".join(heard.remarks)
    symbols = heard.windows[0].symbols[0]
    np.testing.assert_array_equal(symbols[:16], symbols[16:])


def test_longer_than_the_window_says_which_bars(drums: SpaceStyle) -> None:
    assert "bars 1 to 2 are taken; --at chooses others" in said(drums, small_song(), only_one=True)


@pytest.mark.parametrize("at", [(99, 100), (0, 4), (5, 3)])
def test_bars_that_are_not_there(drums: SpaceStyle, at: tuple[int, int]) -> None:
    with pytest.raises(WishError, match="bars 1 to 16"):
        fragment(drums, small_song(), at, "song.mid", only_one=True)


def test_a_missing_part_is_said_and_written(trio: SpaceStyle) -> None:
    song = small_song(n_bars=20)
    assert "has no bass there: the space writes what would go with it" in said(
        trio, song.with_parts((song.parts[0], song.parts[2])), only_one=True
    )


def test_nothing_to_hear_is_refused_in_one_line(drums: SpaceStyle, melody: SpaceStyle) -> None:
    song = small_song()
    with pytest.raises(WishError, match=r"song\.mid has no drums: style drums-2bar hears drums"):
        fragment(drums, song.with_parts(song.parts[1:]), None, "song.mid", only_one=True)
    with pytest.raises(WishError, match="has no melody"):
        fragment(melody, song.with_parts(song.parts[:1]), None, "song.mid", only_one=True)


def test_silent_bars_are_refused(melody: SpaceStyle) -> None:
    song = small_song()
    guitar = song.with_parts((replace(song.parts[2], program=80),))
    with pytest.raises(WishError, match="nothing plays in bars 5 to 6"):
        fragment(melody, guitar, (5, 6), "song.mid", only_one=True)


def test_polyphony_gives_its_top_line(melody: SpaceStyle) -> None:
    chords = Notes.from_rows([(beat * QUARTER, QUARTER, pitch, 80) for beat in range(16) for pitch in (60, 64, 67)])
    heard = fragment(melody, Song(QUARTER, (Part("Pads", 89, False, chords),)), None, "song.mid", only_one=True)
    assert "Pads plays chords: its top line is taken" in heard.remarks
    notes = heard.windows[0].symbols[heard.windows[0].symbols >= FIRST_NOTE]
    assert set(notes.tolist()) == {67 - 21 + FIRST_NOTE}


def test_off_the_grid_is_said(drums: SpaceStyle) -> None:
    strokes = Notes.from_rows([(beat * QUARTER + 4, 6, 36, 90) for beat in range(32)])
    assert "stand between the 16ths" in said(drums, Song(QUARTER, (Part("Kit", 0, True, strokes),)))


def test_thirty_parts(trio: SpaceStyle) -> None:
    song = small_song(n_bars=20)
    many = [replace(song.parts[2], program=80, name=f"Lead {number}") for number in range(28)]
    heard = fragment(trio, song.with_parts((*song.parts[:2], *many)), None, "song.mid", only_one=True)
    assert heard.windows[0].is_there.all()


def test_a_change_of_metre_ends_the_fragment(drums: SpaceStyle) -> None:
    song = replace(small_song(), metres=(MetreChange(0, 4, 4), MetreChange(4 * BAR, 3, 4)))
    heard = fragment(drums, song, None, "song.mid", only_one=False)
    assert heard.n_bars == 4
    assert "the metre changes in bar 5: taken up to there" in heard.remarks


def test_tempo_and_metre_are_those_of_the_bars(drums: SpaceStyle) -> None:
    song = replace(small_song(), tempos=(TempoChange(0, 100.0), TempoChange(8 * BAR, 140.0)))
    assert fragment(drums, song, (9, 10), "song.mid", only_one=True).band.tempo_qpm == 140.0
