"""Metres that are stated, missing, wrong, or begin with a pickup."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from bandroid.music.clock import bar_grid
from bandroid.music.metre import guess_metre, with_guessed_metre
from bandroid.music.notes import Notes
from bandroid.music.read import read_songs
from bandroid.music.song import MetreChange, Part, Song

TPQ = 480


def song_in(bar_eighth: int, accents: tuple[int, ...], n_bars: int = 24, pickup_eighth: int = 0, seed: int = 1) -> Song:
    """Make a piece of bass, chords and melody whose bars of `bar_eighth` eighths come back as A A B A C C B A.

    `accents` are the eighths of the bar on which the bass plays; `pickup_eighth` cuts the first bar down to so many.
    """
    random = np.random.default_rng(seed)
    melodies = {
        letter: [(place, 1, int(pitch)) for place, pitch in enumerate(random.integers(60, 84, bar_eighth))]
        for letter in "ABC"
    }
    lost = (bar_eighth - pickup_eighth) % bar_eighth
    melody, bass = [], []
    for bar in range(n_bars):
        letter = "AABACCBA"[bar % 8]
        start = bar * bar_eighth - lost
        melody += [(start + place, length, pitch) for place, length, pitch in melodies[letter]]
        for number, place in enumerate(accents):
            until = accents[number + 1] if number + 1 < len(accents) else bar_eighth
            bass.append((start + place, until - place, 36 + "ABC".index(letter) + (0 if place == 0 else 7)))
    parts = []
    for name, program, notes in (("", 0, melody), ("", 0, bass)):
        rows = [(e * TPQ // 2, length * TPQ // 2, pitch, 80) for e, length, pitch in notes if e >= 0]
        parts.append(Part(name, program, False, Notes.from_rows(rows)))
    return Song(TPQ, tuple(parts))


@pytest.mark.parametrize(
    ("bar_eighth", "accents", "metre"),
    [
        (8, (0, 4), (4, 4)),
        (6, (0, 2, 4), (3, 4)),
        (6, (0, 3), (6, 8)),
        (10, (0, 6), (5, 4)),
        (7, (0, 4), (7, 8)),
    ],
)
def test_an_unstated_metre_is_found(bar_eighth: int, accents: tuple[int, ...], metre: tuple[int, int]) -> None:
    guess = guess_metre(song_in(bar_eighth, accents))
    assert (guess.numerator, guess.denominator, guess.offset_tick) == (*metre, 0)
    assert guess.is_guessed
    assert guess.repeat_share > 0.7


@pytest.mark.parametrize("pickup_quarter", [1, 2, 3])
def test_a_pickup_is_found(pickup_quarter: int) -> None:
    song = with_guessed_metre(song_in(8, (0, 3), pickup_eighth=2 * pickup_quarter))
    assert song.metres == (MetreChange(0, 4, 4), MetreChange(pickup_quarter * TPQ, 4, 4))
    assert bar_grid(song).onset_tick[:3].tolist() == [0, pickup_quarter * TPQ, (pickup_quarter + 4) * TPQ]
    assert f"first bar of {pickup_quarter} beat" in song.remarks[-1]


def test_a_right_statement_stands_without_a_word() -> None:
    song = replace(song_in(8, (0, 4)), metres=(MetreChange(0, 4, 4),))
    assert with_guessed_metre(song) is song


@pytest.mark.parametrize("stated", [(3, 4), (7, 8), (2, 4), (12, 8)])
def test_an_uncommon_statement_is_never_overruled(stated: tuple[int, int]) -> None:
    song = replace(song_in(8, (0, 4)), metres=(MetreChange(0, *stated),))
    guess = guess_metre(song)
    assert (guess.numerator, guess.denominator) == stated


def test_changes_of_metre_are_never_overruled() -> None:
    song = replace(song_in(6, (0, 2, 4)), metres=(MetreChange(0, 4, 4), MetreChange(4 * TPQ, 3, 4)))
    assert with_guessed_metre(song) is song
    late = replace(song, metres=(MetreChange(4 * TPQ, 3, 4),))
    assert with_guessed_metre(late) is late


def test_a_clearly_wrong_common_time_is_overruled_and_said() -> None:
    song = with_guessed_metre(replace(song_in(6, (0, 2, 4), n_bars=13), metres=(MetreChange(0, 4, 4),)))
    assert song.metres == (MetreChange(0, 3, 4),)
    assert song.remarks[-1] == "states 4/4, but repeats in 3/4: read as that"


def test_what_is_not_stated_is_said() -> None:
    assert with_guessed_metre(song_in(8, (0, 4))).remarks[-1].startswith("states no metre: read as 4/4 (")


def test_too_few_notes_are_read_in_common_time() -> None:
    song = with_guessed_metre(Song(TPQ, (Part("", 0, False, Notes.from_rows([(0, 480, 60, 80)])),)))
    assert song.metres == (MetreChange(0, 4, 4),)
    assert with_guessed_metre(Song(TPQ, ())).metres == (MetreChange(0, 4, 4),)


def test_empty_parts_odd_resolutions_and_far_times_do_no_harm() -> None:
    song = song_in(7, (0, 4))
    empty = Part("nobody", 0, False, Notes.empty())
    assert guess_metre(song.with_parts((empty, *song.parts, empty))).numerator == 7
    # At one tick per quarter there is no 7/8; whatever is guessed must be a metre that the song can hold.
    coarse = Song(1, tuple(replace(p, notes=Notes.from_rows([(t, 1, 60, 80) for t in range(200)])) for p in song.parts))
    assert with_guessed_metre(coarse).metres
    lone = Notes.from_rows([(t * TPQ, 240, 60 + t % 5, 80) for t in (*range(64), 4_000_000)])
    assert guess_metre(Song(TPQ, (Part("", 0, False, lone),))).numerator >= 2


def test_the_guess_does_not_depend_on_key_tempo_or_resolution() -> None:
    song = song_in(6, (0, 3), pickup_eighth=3)
    finer = tuple(
        replace(
            part,
            notes=Notes(
                part.notes.onset_tick * 2, part.notes.length_tick * 2, part.notes.pitch + 3, part.notes.velocity
            ),
        )
        for part in song.parts
    )
    one, other = guess_metre(song), guess_metre(Song(2 * TPQ, finer))
    assert (one.numerator, one.denominator, one.offset_tick * 2) == (
        other.numerator,
        other.denominator,
        other.offset_tick,
    )


@pytest.mark.parametrize(
    ("file", "metre", "offset_quarter"),
    [
        ("freedoom/other_current/d_dm29__SevenFour.mid", (7, 8), 0),
        ("simutrans/band_shunter/02-Gotta-catch-that-train.mid", (4, 4), 1),
        ("mutopia/midi/BrahmsJ__LullabyBrahms-C__LullabyBrahms-C.mid", (3, 4), 1),
        ("freedoom/band_lola_harvey/d_map02__Dark_Underworld.mid", (4, 4), 0),
    ],
)
def test_real_songs(data: Path, file: str, metre: tuple[int, int], offset_quarter: int) -> None:
    song = read_songs(data / file)[0]
    guess = guess_metre(song)
    assert (guess.numerator, guess.denominator) == metre
    assert guess.offset_tick == offset_quarter * song.ticks_per_quarter
