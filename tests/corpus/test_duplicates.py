"""The same music under other names, in other keys, at other tempos, in other arrangements."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bandroid.corpus.duplicates import SAME_SHARE, fingerprint, sameness, similar_pairs
from bandroid.music.notes import Notes
from bandroid.music.read import read_songs
from bandroid.music.song import Part, Song

Band = Callable[..., Song]
Transpose = Callable[[Song, int], Song]


def found_same(one: Song, other: Song) -> bool:
    """Whether the two-step search of `collect` calls them the same."""
    is_candidate = bool(similar_pairs([fingerprint(one), fingerprint(other)]))
    return is_candidate and sameness(one, other).share >= SAME_SHARE


def thinned(song: Song, share: float) -> Song:
    """Leave out a share of the notes here and there."""
    random = np.random.default_rng(0)
    return song.with_parts(
        tuple(replace(p, notes=p.notes.select(random.random(len(p.notes)) >= share)) for p in song.parts)
    )


def merged(song: Song) -> Song:
    """Give all pitched notes to one part."""
    rows = [
        row
        for part in song.parts
        if not part.is_drum
        for row in zip(
            part.notes.onset_tick, part.notes.length_tick, part.notes.pitch, part.notes.velocity, strict=True
        )
    ]
    return song.with_parts((Part("all", 0, False, Notes.from_rows(rows)),))


VARIANTS: dict[str, Callable[[Song], Song]] = {
    "a copy": lambda song: song,
    "without its melody": lambda song: song.with_parts(song.parts[1:]),
    "without drums": lambda song: song.with_parts(song.parts[:-1]),
    "other instruments": lambda song: song.with_parts(tuple(replace(p, program=5, name="") for p in song.parts)),
    "parts in another order": lambda song: song.with_parts(song.parts[::-1]),
    "all in one part": merged,
    "at double tempo": lambda song: replace(song, ticks_per_quarter=song.ticks_per_quarter * 2),
    "at half tempo": lambda song: replace(song, ticks_per_quarter=song.ticks_per_quarter // 2),
    "begins later": lambda song: song.with_parts(tuple(replace(p, notes=p.notes.shift(1920)) for p in song.parts)),
    "a twentieth of the notes missing": lambda song: thinned(song, 0.05),
    "its first half": lambda song: song.with_parts(
        tuple(replace(p, notes=p.notes.select(p.notes.onset_tick < song.end_tick // 2)) for p in song.parts)
    ),
}


@pytest.mark.parametrize("variant", VARIANTS)
def test_variants_are_found(band: Band, variant: str) -> None:
    song = band(3, 32)
    assert found_same(song, VARIANTS[variant](song))
    assert found_same(VARIANTS[variant](song), song)


@settings(max_examples=20, deadline=None)
@given(interval=st.integers(-12, 12), seed=st.integers(0, 5))
def test_transpositions_are_found_and_measured(band: Band, transpose: Transpose, interval: int, seed: int) -> None:
    song = band(seed)
    assert found_same(song, transpose(song, interval))
    same = sameness(transpose(song, interval), song)
    assert (same.share, same.interval_semitone) == (1.0, interval)


def test_different_songs_are_different(band: Band) -> None:
    songs = [band(seed) for seed in range(12)]
    assert not any(found_same(songs[i], songs[j]) for i in range(12) for j in range(i))


def test_a_repeated_pitch_is_in_every_song() -> None:
    def drone(pitch: int, n: int) -> Song:
        return Song(480, (Part("", 0, False, Notes.from_rows([(i * 240, 200, pitch, 80) for i in range(n)])),))

    assert not found_same(drone(40, 100), drone(50, 140))
    assert found_same(drone(40, 100), drone(50, 100))


def test_drum_songs_are_compared_by_their_drums() -> None:
    def groove(seed: int) -> Song:
        random = np.random.default_rng(seed)
        rows = [(step * 120, 60, int(random.choice((36, 38, 42, 46))), 90) for step in range(256)]
        return Song(480, (Part("", 0, True, Notes.from_rows(rows)),))

    assert found_same(groove(1), groove(1))
    assert not found_same(groove(1), groove(2))


def test_empty_and_tiny_songs_do_no_harm() -> None:
    tiny = [Song(480, (Part("", 0, False, Notes.from_rows([(0, 480, 60 + n, 80)] * n)),)) for n in range(4)]
    prints = [fingerprint(song) for song in [*tiny, Song(480, ())]]
    assert all(i < j for i, j in similar_pairs(prints))
    assert sameness(tiny[0], tiny[3]).share == 0.0


def test_real_doubles(data: Path) -> None:
    def read(name: str) -> Song:
        return read_songs(data / f"mutopia/midi/{name}.mid")[0]

    high = read("SchumannR__O25__schumann-widmung__schumann-widmung")
    low = read("SchumannR__O25__schumann-widmung-low__schumann-widmung-low")
    assert found_same(high, low)
    assert sameness(high, low).interval_semitone == 3
    assert found_same(read("BachJS__BWV248__Bach_BrichAn__Bach_BrichAn"), read("SchopJ__ermuntre_dich__ermuntre_dich"))
    assert not found_same(high, read("BrahmsJ__LullabyBrahms-C__LullabyBrahms-C"))
