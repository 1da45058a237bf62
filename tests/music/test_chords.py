"""Chord symbols are read as musicians write them, and notes have roles against them."""

from __future__ import annotations

import pytest

from bandroid.errors import WishError
from bandroid.music.chords import (
    APPROACH,
    CHORD_TONE,
    N_CHORDS,
    OUTSIDE,
    QUALITIES,
    ROLES,
    SCALE_TONE,
    Chord,
    read_chord,
    role_of,
)


@pytest.mark.parametrize(
    ("text", "root", "suffix"),
    [
        ("C", 0, ""), ("Cmaj", 0, ""), ("CM", 0, ""), ("Am", 9, "m"), ("A-", 9, "m"), ("Amin6", 9, "m"),
        ("Cmi", 0, "m"),
        ("G7", 7, "7"), ("G9", 7, "7"), ("G13b9", 7, "7"), ("C7+", 0, "7"), ("G7(b9)", 7, "7"), ("Cmaj7", 0, "maj7"),
        ("CM7", 0, "maj7"), ("CMaj9", 0, "maj7"), ("CΔ", 0, "maj7"), ("Dm7", 2, "m7"), ("D-7", 2, "m7"),
        ("Dmi11", 2, "m7"),
        ("F#m7b5", 6, "m7b5"), ("Bø", 11, "m7b5"), ("Bm7(b5)", 11, "m7b5"), ("Bdim", 11, "dim7"), ("Bo7", 11, "dim7"),
        ("E+", 4, "+"), ("Eaug", 4, "+"), ("Dsus4", 2, "sus4"), ("D7sus", 2, "sus4"), ("F6", 5, "6"), ("F6/9", 5, "6"),
        ("Bb", 10, ""), ("Ebm", 3, "m"), ("H7", 11, "7"), ("C♯m", 1, "m"), ("Cadd9", 0, ""), ("C5", 0, ""),
    ],
)  # fmt: skip
def test_symbols_are_read(text: str, root: int, suffix: str) -> None:
    chord = read_chord(text)
    assert chord is not None
    assert (chord.root, QUALITIES[chord.quality].suffix) == (root, suffix)


def test_bass_notes_are_passed_over_and_no_chord_is_none() -> None:
    assert read_chord("Dm7/G") == read_chord("Dm7")
    assert read_chord("C/Bbb") == Chord(0, 0)
    assert read_chord("N.C.") is None and read_chord("NC") is None


@pytest.mark.parametrize("text", ["", "X7", "Hello", "C4", "12", "C//G", "C" * 100])
def test_what_is_no_chord_is_refused(text: str) -> None:
    with pytest.raises(WishError, match="is no chord"):
        read_chord(text)


def test_numbers_go_there_and_back() -> None:
    assert Chord.of(0) is None
    for number in range(1, N_CHORDS):
        chord = Chord.of(number)
        assert chord is not None and chord.number == number
        assert read_chord(chord.name()) == read_chord(chord.name(has_flats=True)) == chord


def test_every_note_has_a_role() -> None:
    g7 = Chord(7, 2)
    assert [role_of(pitch, g7) for pitch in (7, 11, 5, 9, 6, 8)] == [
        CHORD_TONE, CHORD_TONE, CHORD_TONE, SCALE_TONE, APPROACH, APPROACH
    ]  # fmt: skip
    assert all(len(row) == 12 and set(row) <= {CHORD_TONE, SCALE_TONE, APPROACH, OUTSIDE} for row in ROLES)
