"""Sharps and flats by key and by where the line goes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bandroid.music.notation.spelling import key_alters, signature_of, spell

_NATURAL = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
_SIGN = {-2: "bb", -1: "b", 0: "", 1: "#", 2: "##"}


def _name(pitch: int, fifths: int, is_minor: bool = False, leads_to: int | None = None) -> str:
    step, alter, octave = spell(pitch, fifths, is_minor, leads_to)
    return f"{step}{_SIGN[alter]}{octave}"


@pytest.mark.parametrize(
    ("pitch", "fifths", "is_minor", "leads_to", "name"),
    [
        (66, 1, False, None, "F#4"),
        (66, -5, False, None, "Gb4"),
        (70, 0, False, None, "Bb4"),
        (68, 0, False, 67, "Ab4"),
        (68, 0, False, 69, "G#4"),
        (61, 0, False, 60, "Db4"),
        (61, 0, False, 62, "C#4"),
        (68, 0, True, 69, "G#4"),  # the raised seventh of A minor
        (68, 0, True, 67, "G#4"),
        (71, -3, True, None, "B4"),  # ... and of C minor
        (66, 5, True, None, "F#4"),
        (67, 5, True, None, "F##4"),  # ... and of G sharp minor
        (59, -7, False, None, "Cb4"),
        (60, 7, False, None, "B#3"),
    ],
)
def test_spelling(pitch: int, fifths: int, is_minor: bool, leads_to: int | None, name: str) -> None:
    assert _name(pitch, fifths, is_minor, leads_to) == name


@given(st.integers(0, 127), st.integers(-7, 7), st.booleans(), st.one_of(st.none(), st.integers(-1, 1)))
def test_a_spelling_sounds_as_its_pitch(pitch: int, fifths: int, is_minor: bool, step: int | None) -> None:
    spelling = spell(pitch, fifths, is_minor, None if step is None else pitch + step)
    assert _NATURAL[spelling.step] + spelling.alter + 12 * (spelling.octave + 1) == pitch
    assert abs(spelling.alter) <= 2


@pytest.mark.parametrize("fifths", range(-7, 8))
@pytest.mark.parametrize("is_minor", [False, True])
def test_notes_of_the_key_need_no_accidental(fifths: int, is_minor: bool) -> None:
    alters = key_alters(fifths)
    for step, natural in _NATURAL.items():
        spelling = spell(60 + (natural + alters[step]) % 12, fifths, is_minor)
        assert (spelling.step, spelling.alter) == (step, alters[step])


def test_signatures() -> None:
    assert [signature_of(tonic, False) for tonic in (0, 7, 5, 6)] == [0, 1, -1, -6]
    assert signature_of(9, True) == 0
