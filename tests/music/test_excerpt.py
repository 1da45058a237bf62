"""A cut at a bar line gives two songs that together are the one."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bandroid.music.clock import bar_grid
from bandroid.music.excerpt import cut_in_two
from bandroid.music.notes import Notes
from bandroid.music.song import KeyChange, MetreChange, Part, Song, TempoChange, TextEvent
from small_band import BAR, small_song


@given(bar=st.integers(0, 16), key=st.integers(0, 11))
def test_no_note_is_lost_or_doubled(bar: int, key: int) -> None:
    song = small_song(key)
    beginning, ending = cut_in_two(song, bar)
    for whole, first, second in zip(song.parts, beginning.parts, ending.parts, strict=True):
        assert len(first.notes) + len(second.notes) == len(whole.notes)
        onsets = [*first.notes.onset_tick.tolist(), *(second.notes.onset_tick + bar * BAR).tolist()]
        assert onsets == whole.notes.onset_tick.tolist()
        assert (first.name, first.program, first.volume) == (whole.name, whole.program, whole.volume)


def test_a_note_that_rings_across_ends_at_the_cut() -> None:
    song = Song(12, (Part("Organ", 19, False, Notes.from_rows([(0, 200, 60, 80), (48, 12, 62, 80)])),))
    beginning, ending = cut_in_two(song, 1)
    assert beginning.parts[0].notes == Notes.from_rows([(0, 48, 60, 80)])
    assert ending.parts[0].notes == Notes.from_rows([(0, 12, 62, 80)])


def test_a_note_struck_a_hair_early_belongs_to_the_bar_line() -> None:
    rows = [(0, 480, 60, 80), (1905, 480, 62, 80), (2400, 480, 64, 80)]
    beginning, ending = cut_in_two(Song(480, (Part("Piano", 0, False, Notes.from_rows(rows)),)), 1)
    assert len(beginning.parts[0].notes) == 1
    assert ending.parts[0].notes.onset_tick.tolist() == [0, 480]


def test_what_is_in_force_stays_in_force() -> None:
    part = Part("Voice", 52, False, Notes.from_rows([(bar * 36, 36, 60, 80) for bar in range(4)]))
    words = (TextEvent(0, "A"), TextEvent(108, "men"))
    song = Song(
        12,
        (replace(part, lyrics=words),),
        tempos=(TempoChange(0, 90.0), TempoChange(108, 60.0)),
        metres=(MetreChange(0, 3, 4),),
        keys=(KeyChange(0, 2, False),),
        chords=(TextEvent(36, "D"), TextEvent(108, "G")),
        markers=(TextEvent(36, "Verse"), TextEvent(72, "End")),
    )
    beginning, ending = cut_in_two(song, 2)
    assert beginning.chords == (TextEvent(36, "D"),)
    assert beginning.parts[0].lyrics == words[:1]
    assert ending.tempos == (TempoChange(0, 90.0), TempoChange(36, 60.0))
    assert ending.metres == song.metres
    assert ending.keys == song.keys
    assert ending.chords == (TextEvent(0, "D"), TextEvent(36, "G"))
    assert ending.markers == (TextEvent(0, "End"),)
    assert ending.parts[0].lyrics == (TextEvent(36, "men"),)
    assert bar_grid(ending).n_bars == 2


@pytest.mark.parametrize("bar", [-1, 17])
def test_a_bar_that_is_not_there(bar: int) -> None:
    with pytest.raises(ValueError, match="16 bars"):
        cut_in_two(small_song(), bar)
