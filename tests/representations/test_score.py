"""The score representation says a song in normal form exactly, and nothing else."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings

from bandroid.music.notes import Notes
from bandroid.music.read import read_songs
from bandroid.music.song import MetreChange, Part, Song, TempoChange
from bandroid.representations.score import VOCABULARY, Cursor, decode, encode, snap
from bandroid.representations.sheet import sheet_and_loss
from music_strategies import songs


def _song(*rows: tuple[int, int, int, int], **changes: object) -> Song:
    part = Part("line", 30, False, Notes.from_rows(rows))
    return Song(12, (part,), **changes)  # type: ignore[arg-type]


def _names(song: Song) -> list[str]:
    return [VOCABULARY.name(token) for token in encode(song).tolist()]


@given(songs())
@settings(max_examples=150, deadline=None)
def test_decoding_gives_the_normal_form_back(song: Song) -> None:
    tokens = encode(song)
    assert decode(tokens) == snap(song)
    assert snap(snap(song)) == snap(song)
    assert np.array_equal(encode(decode(tokens)), tokens)


@given(songs())
@settings(max_examples=40, deadline=None)
def test_the_grammar_allows_what_encode_writes(song: Song) -> None:
    cursor = Cursor()
    for token in encode(song).tolist():
        assert any(first <= token < stop for first, stop in cursor.allowed())
        cursor.push(token)
    assert cursor.allowed() == []


@pytest.mark.parametrize(
    "path",
    [
        "freedoom/band_lola_harvey/d_e3m1__Intrare_In_Infernum.mid",
        "freedoom/band_korp/d_dm03__Dynamite.mid",
        "mutopia/midi/AbtF__Vocalise1__Vocalise1.mid",
        "gmd/drummer1/session1/1_funk_80_beat_4-4.mid",
        "odd_midi/generated/tempo_changes_1000.mid",
        "odd_midi/generated/tpq_1.mid",
    ],
)
def test_real_songs_come_back(data: Path, path: str) -> None:
    for song in read_songs(data / path):
        assert decode(encode(song)) == snap(song)


@pytest.mark.slow
def test_every_readable_file_comes_back(data: Path) -> None:
    from bandroid.errors import MusicFileError
    from bandroid.music.read import SUFFIXES

    paths = sorted(path for path in data.rglob("*") if path.suffix.lower() in SUFFIXES)
    n_songs = 0
    for path in paths:
        try:
            read = read_songs(path)
        except MusicFileError:
            continue
        for song in read:
            assert decode(encode(song)) == snap(song), path
            n_songs += 1
    assert n_songs > 5000


def test_a_bar_is_written_once() -> None:
    song = _song((0, 12, 60, 80), (48, 12, 60, 80), (96, 12, 62, 80), (192, 12, 60, 80))
    cells = [name for name in _names(song) if name.split(":")[0] in ("silent", "new", "repeat", "transposed")]
    assert cells == ["new:0", "repeat:0", "transposed:0", "silent:0", "repeat:1"]
    assert _names(song).count("pitch:60") == 1
    assert "interval:2" in _names(song)


def test_a_pickup_is_a_bar_cut_short() -> None:
    song = _song((0, 12, 60, 80), (12, 12, 62, 80), metres=(MetreChange(0, 4, 4), MetreChange(12, 4, 4)))
    assert "cut:12" in _names(song)
    assert decode(encode(song)).metres == song.metres


def test_the_normal_form_snaps_merges_and_keeps_typical_velocities() -> None:
    rows = [(0, 480, 60, 81), (10, 480, 60, 87), (480, 700, 62, 81), (960, 481, 64, 82), (1440, 470, 65, 81)]
    song = Song(480, (Part("line", 30, False, Notes.from_rows(rows)),))
    sheet, loss = sheet_and_loss(song)
    assert (loss.n_notes, loss.n_merged, loss.n_off_grid) == (5, 1, 0)
    part = snap(song).parts[0]
    assert part.notes == Notes.from_rows([(0, 12, 60, 81), (12, 18, 62, 81), (24, 12, 64, 81), (36, 12, 65, 81)])
    assert sheet.parts[0].velocities == (81,)


def test_drums_come_first_and_keep_no_length() -> None:
    guitar = Part("g", 30, False, Notes.from_rows([(0, 48, 60, 80)]))
    drums = Part("d", 0, True, Notes.from_rows([(0, 48, 36, 80)]))
    bass = Part("b", 33, False, Notes.from_rows([(0, 48, 36, 80)]))
    song = snap(Song(12, (guitar, drums, bass)))
    assert [part.name for part in song.parts] == ["Drums", "Electric Bass (finger)", "Distortion Guitar"]
    assert song.parts[0].notes.length_tick.tolist() == [3]


def test_tempo_is_kept_by_the_bar() -> None:
    song = _song((0, 12, 60, 80), (60, 12, 60, 80), tempos=(TempoChange(0, 90.0), TempoChange(48, 121.4)))
    assert decode(encode(song)).tempos == (TempoChange(0, 90.0), TempoChange(48, 121.0))


def test_a_song_without_notes_has_no_score() -> None:
    with pytest.raises(ValueError, match="without notes"):
        encode(Song(480, ()))


@pytest.mark.parametrize("tokens", [[], [0, 0], [VOCABULARY.token("start", 0), VOCABULARY.token("bar", 0)], [10**6]])
def test_tokens_that_break_the_grammar_are_refused(tokens: list[int]) -> None:
    with pytest.raises(ValueError):
        decode(np.array(tokens, dtype=np.int32))


def test_tokens_may_not_stop_early() -> None:
    tokens = encode(_song((0, 12, 60, 80)))
    with pytest.raises(ValueError, match="stop before the end"):
        decode(tokens[:-1])
