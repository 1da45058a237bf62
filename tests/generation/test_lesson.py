"""A song made ready for a model is the same music, on the beat and without sharps or flats."""

from __future__ import annotations

import numpy as np
import pytest

from bandroid.generation.lesson import lesson, shift_from_c, shift_to_c
from bandroid.music.notes import Notes
from bandroid.music.song import Part, Song
from bandroid.representations.sheet import song_from_sheet
from small_band import small_song


@pytest.mark.parametrize("key", range(12))
def test_every_key_leads_to_c(key: int) -> None:
    one = lesson(small_song(key))
    assert -6 <= one.shift_semitone <= 5
    sheet_song = song_from_sheet(one.sheet)
    bass = next(part for part in sheet_song.parts if part.program == 33)
    original = small_song(key).parts[1].notes
    assert np.array_equal(np.sort(bass.notes.pitch % 12), np.sort((original.pitch + one.shift_semitone) % 12))
    assert (one.line_up.tonic + one.shift_semitone + 3 * one.line_up.is_minor) % 12 == 0


def test_to_c_and_from_c_are_inverse() -> None:
    for tonic in range(12):
        for is_minor in (False, True):
            assert (shift_to_c(tonic, is_minor) + shift_from_c(tonic, is_minor)) % 12 == 0


def test_drums_have_no_key() -> None:
    song = small_song(7)
    one = lesson(song.with_parts(song.parts[:1]))
    assert one.shift_semitone == 0
    assert set((one.sheet.notes // 256 % 128).tolist()) == set(song.parts[0].notes.pitch.tolist())


def test_what_was_played_by_hand_comes_onto_the_beat() -> None:
    rows = [(480 * beat + 17 - beat % 3, 470, 60 + beat * 5 % 12, 80) for beat in range(32)]
    one = lesson(Song(480, (Part("Piano", 0, False, Notes.from_rows(rows)),)))
    assert set((one.sheet.notes // (128 * 256) % 192 % 12).tolist()) == {0}


def test_a_song_without_notes_is_none() -> None:
    with pytest.raises(ValueError, match="without notes"):
        lesson(Song(480, ()))
