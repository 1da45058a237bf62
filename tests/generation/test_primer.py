"""Primers: typed as Melody RNN and Drums RNN take them, or songs."""

from __future__ import annotations

import pytest

from bandroid.errors import WishError
from bandroid.generation.primer import is_typed, primer_from_song, read_primer
from bandroid.music.notes import Notes
from bandroid.music.song import MetreChange, Part, Song


def test_a_typed_melody() -> None:
    primer = read_primer("[60, -2, 62, -1, -2, 64]")
    notes = primer.song.parts[0].notes
    assert notes.pitch.tolist() == [60, 62, 64]
    assert notes.onset_tick.tolist() == [0, 2, 5] and notes.length_tick.tolist() == [2, 1, 1]
    assert primer.n_steps == 6 and not primer.song.parts[0].is_drum


def test_typed_drums_keep_their_silence() -> None:
    primer = read_primer("[(36, 42), (), (42,), ()]")
    assert primer.n_steps == 4 and primer.song.parts[0].is_drum
    assert primer.song.parts[0].notes.pitch.tolist() == [36, 42, 42]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[60, 62", "write a melody as"),
        ("[__import__('os')]", "write a melody as"),
        ("[60, (36,)]", "mixes pitches and drums"),
        ("[5]", "pitches lie from 21"),
        ("[200]", "pitches lie from 21"),
        ("[True]", "pitches lie from 21"),
        ("[]", "takes 1 to"),
        ("[-2, -1]", "holds no notes"),
        ("[(), ()]", "holds no notes"),
        ("[(300,)]", "drums are numbers"),
        ("[(36.5,)]", "drums are numbers"),
        ("['a']", "mixes pitches and drums"),
        ("(" * 5000, "write a melody as"),
        ("[" + "60," * 40_000 + "]", "takes 1 to"),
    ],
)
def test_what_is_no_primer_is_refused_in_plain_words(text: str, words: str) -> None:
    assert is_typed(text)
    with pytest.raises(WishError, match=words):
        read_primer(text)


def test_a_song_ends_with_its_last_bar() -> None:
    song = Song(
        480,
        (Part("", 0, False, Notes.from_rows([(0, 480, 60, 80), (2000, 240, 62, 80)])),),
        (),
        (MetreChange(0, 3, 4),),
    )
    assert primer_from_song(song).end_tick == 2 * 1440
    held = song.with_parts((Part("", 0, False, Notes.from_rows([(0, 1450, 60, 80)])),))
    assert primer_from_song(held).end_tick == 1440
    with pytest.raises(WishError, match="holds no notes"):
        primer_from_song(song.with_parts(()))
