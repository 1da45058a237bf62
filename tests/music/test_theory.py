"""Key, chords and polyphony of small pieces that anyone can check by ear."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bandroid.music.notes import Notes
from bandroid.music.read import read_songs
from bandroid.music.song import MetreChange, Part, Song
from bandroid.music.theory import (
    NO_CHORD,
    chord_symbols,
    estimate_key,
    key_name,
    pitch_name,
    polyphony,
    signature_name,
)

SHAPES = {
    "": (0, 4, 7),
    "m": (0, 3, 7),
    "7": (0, 4, 7, 10),
    "maj7": (0, 4, 7, 11),
    "m7": (0, 3, 7, 10),
    "m7b5": (0, 3, 6, 10),
    "dim": (0, 3, 6),
    "aug": (0, 4, 8),
    "sus4": (0, 5, 7),
    "5": (0, 7),
}


def song_of_chords(*chords: tuple[int, str], length_quarter: int = 4) -> Song:
    """Hold each chord (root pitch, quality) for a while, root lowest."""
    rows = [
        (index * length_quarter * 480, length_quarter * 480, root + interval, 80)
        for index, (root, quality) in enumerate(chords)
        for interval in SHAPES[quality]
    ]
    return Song(480, (Part("Piano", 0, False, Notes.from_rows(rows)),))


def names(song: Song) -> list[str]:
    return [event.text for event in chord_symbols(song)]


@pytest.mark.parametrize("quality", SHAPES)
def test_held_chords_get_their_names(quality: str) -> None:
    # aug and m6/m7b5 are ambiguous by their notes alone: the lowest note decides.
    assert names(song_of_chords((48, quality))) == [f"C{quality}"]


def test_a_cadence_with_its_bars() -> None:
    song = song_of_chords((48, ""), (53, ""), (55, "7"), (48, ""))
    assert [(event.onset_tick, event.text) for event in chord_symbols(song)] == [
        (0, "C"),
        (1920, "F"),
        (3840, "G7"),
        (5760, "C"),
    ]


def test_two_chords_in_one_bar_of_common_time() -> None:
    assert names(song_of_chords((48, ""), (57, "m"), length_quarter=2)) == ["C", "Am"]


def test_a_bar_of_three_holds_one_chord() -> None:
    from dataclasses import replace

    waltz = replace(song_of_chords((48, ""), (55, ""), length_quarter=3), metres=(MetreChange(0, 3, 4),))
    assert [event.onset_tick for event in chord_symbols(waltz)] == [0, 3 * 480]


def test_flat_keys_are_spelt_with_flats() -> None:
    assert names(song_of_chords((53, ""), (58, ""), (48, "7"), (53, "")))[1] == "Bb"


def test_silence_and_drums_have_no_chord() -> None:
    quiet = Notes.from_rows([(1920, 1920, pitch, 80) for pitch in (48, 52, 55)])
    assert names(Song(480, (Part("", 0, False, quiet),))) == [NO_CHORD, "C"]
    drums = Notes.from_rows([(tick, 120, 36, 80) for tick in range(0, 4800, 480)])
    assert names(Song(480, (Part("", 0, True, drums),))) == []
    assert estimate_key(Song(480, (Part("", 0, True, drums),))) is None


@given(tonic=st.integers(0, 11), is_minor=st.booleans())
def test_a_scale_with_its_cadence_tells_the_key(tonic: int, is_minor: bool) -> None:
    chords = ((48, "m"), (53, "m"), (55, ""), (48, "m")) if is_minor else ((48, ""), (53, ""), (55, ""), (48, ""))
    key = estimate_key(song_of_chords(*((root + tonic, quality) for root, quality in chords)))
    assert key is not None
    assert (key.tonic, key.is_minor) == (tonic, is_minor)
    assert 0.3 < key.confidence <= 1.0


def test_spelling() -> None:
    assert key_name(10, False) == "Bb major"
    assert key_name(6, True) == "F# minor"
    assert signature_name(-2, False) == "Bb major"
    assert signature_name(3, True) == "F# minor"
    assert signature_name(-7, False) == "Cb major"
    assert [pitch_name(pitch) for pitch in (0, 60, 127)] == ["C-1", "C4", "G9"]


def test_polyphony_counts_what_sounds_together() -> None:
    chord_then_note = Notes.from_rows([(0, 480, 60, 80), (0, 480, 64, 80), (480, 480, 65, 80)])
    counted = polyphony(chord_then_note)
    assert (counted.most, counted.mean) == (2, 1.5)
    rests_do_not_count = Notes.from_rows([(0, 480, 60, 80), (9600, 480, 60, 80)])
    assert polyphony(rests_do_not_count).mean == 1.0
    assert polyphony(Notes.empty()).most == 0


def test_key_of_a_real_piece(data: Path) -> None:
    song = read_songs(data / "mutopia/midi/BrahmsJ__LullabyBrahms-C__LullabyBrahms-C.mid")[0]
    key = estimate_key(song)
    assert key is not None and key.name == "C major"


def test_twelve_tones_alike_have_no_key():
    row = Notes.from_rows([(480 * step, 480, 60 + step, 80) for step in range(12)])
    key = estimate_key(Song(480, (Part("Row", 0, False, row),)))
    assert key is not None
    assert key.confidence == 0.0
