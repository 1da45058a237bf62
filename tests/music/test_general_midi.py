"""The names of instruments and drums, and the words that musicians use for them."""

from __future__ import annotations

import pytest

from bandroid.errors import WishError
from bandroid.music.general_midi import (
    DRUM_NAMES,
    DRUMS,
    FAMILY_NAMES,
    PROGRAM_NAMES,
    drum_name,
    parse_program,
    program_name,
)


def test_tables_are_whole() -> None:
    assert len(PROGRAM_NAMES) == 128 and len(set(PROGRAM_NAMES)) == 128
    assert len(FAMILY_NAMES) == 16
    assert len(DRUM_NAMES) == 87 - 27 + 1 and len(set(DRUM_NAMES)) == len(DRUM_NAMES)


def test_known_places_of_the_tables() -> None:
    assert program_name(30) == "Distortion Guitar"
    assert program_name(0, is_drum=True) == "Drums"
    assert [drum_name(pitch) for pitch in (35, 36, 38, 42, 49, 81)] == [
        "Acoustic Bass Drum",
        "Bass Drum",
        "Acoustic Snare",
        "Closed Hi-hat",
        "Crash Cymbal 1",
        "Open Triangle",
    ]
    assert drum_name(12) == "Drum 12"


@pytest.mark.parametrize("program", range(128))
def test_every_name_means_its_program(program: int) -> None:
    assert parse_program(PROGRAM_NAMES[program]) == program
    assert parse_program(PROGRAM_NAMES[program].upper()) == program
    assert parse_program(str(program)) == program


@pytest.mark.parametrize(
    ("words", "program"),
    [
        ("guitar", 27),
        ("distortion guitar", 30),
        ("Distorted Guitar", 30),
        ("overdrive guitar", 29),
        ("bass", 33),
        ("slap bass", 36),
        ("drums", DRUMS),
        ("Drum Kit", DRUMS),
        ("piano", 0),
        ("piano 2", 1),
        ("guitar 7", 30),
        ("synth lead 3", 82),
        ("electric piano 2", 5),
        ("church", 19),
        ("strings", 48),
        ("tenor saxophone", 66),
        ("  Rock-Organ ", 18),
    ],
)
def test_everyday_words(words: str, program: int) -> None:
    assert parse_program(words) == program


@pytest.mark.parametrize(
    ("words", "hint"),
    [("gitar", "guitar"), ("distorsion guitar", "Distortion Guitar"), ("acoustic", "Acoustic Grand Piano")],
)
def test_near_names_are_offered(words: str, hint: str) -> None:
    with pytest.raises(WishError, match=hint):
        parse_program(words)


@pytest.mark.parametrize("words", ["", "xyzzy", "128", "???"])
def test_nonsense_is_a_wish_error(words: str) -> None:
    with pytest.raises(WishError):
        parse_program(words)
