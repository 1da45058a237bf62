"""Snapping to a grid, and telling playing from typing."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings

from bandroid.music.notes import Notes
from bandroid.music.quantize import is_played, on_the_beat, snap
from bandroid.music.read import read_songs
from bandroid.music.song import MetreChange, Part, Song
from music_strategies import songs
from small_band import small_song


def _song(*rows: tuple[int, int, int, int], is_drum: bool = False) -> Song:
    return Song(480, (Part("line", 0, is_drum, Notes.from_rows(rows)),))


def test_snapping_says_what_it_moved() -> None:
    snapped = snap(_song((0, 480, 60, 80), (490, 100, 62, 80), (979, 1, 64, 80)), 12)
    assert snapped.song.parts[0].notes == Notes.from_rows([(0, 12, 60, 80), (12, 3, 62, 80), (24, 1, 64, 80)])
    assert snapped.largest_error_quarter == pytest.approx(19 / 480)
    assert snapped.n_off_grid == 1


def test_a_metre_too_fine_for_the_grid_becomes_the_next_longer_one() -> None:
    song = Song(480, (), metres=(MetreChange(0, 5, 32),))
    assert snap(song, 12).song.metres == (MetreChange(0, 3, 16),)


@given(songs())
@settings(max_examples=40, deadline=None)
def test_snapping_again_changes_nothing(song: Song) -> None:
    once = snap(song, 12)
    again = snap(once.song, 12)
    assert again.song == once.song
    assert again.largest_error_quarter == 0.0


def test_what_was_typed_is_not_played() -> None:
    assert not is_played(small_song())
    assert not is_played(_song(*((tick, 60, 60, 80) for tick in range(0, 4800, 60))))  # 32nds
    assert not is_played(_song(*((tick, 60, 60, 80) for tick in range(0, 4800, 160))))  # triplets
    assert not is_played(Song(480, ()))


def test_a_hand_is_heard(data: Path) -> None:
    (groove,) = read_songs(data / "gmd/drummer1/session1/1_funk_80_beat_4-4.mid")
    (typed,) = read_songs(data / "freedoom/band_lola_harvey/d_map02__Dark_Underworld.mid")
    assert is_played(groove)
    assert not is_played(typed)


def test_late_and_early_notes_come_to_the_beat() -> None:
    rng = np.random.default_rng(1)
    meant = [beat * 480 + step * 120 for beat in range(8) for step in range(4)]
    played = [(max(tick + int(rng.integers(-25, 26)), 0), 100, 42, int(rng.integers(70, 90))) for tick in meant]
    song = _song(*played, is_drum=True)
    assert is_played(song)
    notes = on_the_beat(song).parts[0].notes
    assert notes.onset_tick.tolist() == [tick // 20 for tick in meant]
    assert len(set(notes.velocity.tolist())) == 1


def test_triplets_stay_triplets() -> None:
    meant = [beat * 480 + step * 160 for beat in range(4) for step in range(3)]
    song = _song(*((tick + 7, 100, 60, 80) for tick in meant))
    assert on_the_beat(song).parts[0].notes.onset_tick.tolist() == [tick // 20 for tick in meant]


def test_accents_stay_accents() -> None:
    rows = [(i * 240 + 9, 100, 38, 30 if i % 2 else 120 - i) for i in range(8)]
    velocity = on_the_beat(_song(*rows, is_drum=True)).parts[0].notes.velocity
    assert set(velocity[1::2].tolist()) == {30}
    assert velocity[::2].min() > 100


def test_a_groove_comes_onto_the_beat(data: Path) -> None:
    (groove,) = read_songs(data / "gmd/drummer1/session1/1_funk_80_beat_4-4.mid")
    straight = on_the_beat(groove)
    assert not is_played(straight)
    assert np.all((straight.parts[0].notes.onset_tick % 6 == 0) | (straight.parts[0].notes.onset_tick % 8 == 0))
    assert len(straight.parts[0].notes) == len(groove.parts[0].notes)
