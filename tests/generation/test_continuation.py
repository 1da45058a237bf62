"""A song that goes on: itself untouched, then new bars in its own key, metre, tempo and parts."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from bandroid.errors import WishError
from bandroid.generation.compose import Wish
from bandroid.generation.continuation import continue_song
from bandroid.generation.style import ScoreStyle
from bandroid.music.clock import bar_grid
from bandroid.music.midi_writer import midi_bytes, write_midi
from bandroid.music.notes import Notes
from bandroid.music.read import read_songs
from bandroid.music.song import KeyChange, MetreChange, Part, Song, TempoChange, TextEvent
from small_band import BAR, small_song


def seam(song: Song) -> int:
    """Where the new bars begin."""
    return next(marker.onset_tick for marker in song.markers if marker.text == "Continued")


def given_notes(song: Song, after: Song) -> None:
    """Make sure that all notes of a song stand in what came of it, at the same time in quarters, and nothing else."""
    finer = after.ticks_per_quarter // song.ticks_per_quarter
    assert len(song.parts) == len(after.parts)
    for one, other in zip(song.parts, after.parts, strict=True):
        old = other.notes.select(other.notes.onset_tick < seam(after))
        expected = Notes(
            one.notes.onset_tick * finer, one.notes.length_tick * finer, one.notes.pitch, one.notes.velocity
        )
        assert old == expected
        assert (other.name, other.program, other.volume, other.pan) == (one.name, one.program, one.volume, one.pan)


def melody(rows: list[tuple[int, int, int, int]], ticks_per_quarter: int = 480, **timeline: object) -> Song:
    part = Part("Flute", 73, False, Notes.from_rows(rows))
    return Song(ticks_per_quarter, (part,), **timeline)  # type: ignore[arg-type]


def scale(n_bars: int, beats: int = 4) -> list[tuple[int, int, int, int]]:
    """Quarters up and down a scale of G major."""
    steps = (67, 69, 71, 72, 74, 76, 78, 79)
    return [(480 * beat, 480, steps[beat * 5 % 8], 80) for beat in range(beats * n_bars)]


def test_the_song_stays_and_new_bars_come(small_style: ScoreStyle) -> None:
    song = small_song(2)
    piece = continue_song(small_style, song, Wish(8), seed=1)
    given_notes(song, piece.song)
    assert seam(piece.song) == 16 * BAR
    assert piece.first_new_bar == 17
    assert bar_grid(piece.song).n_bars <= 24
    assert piece.song.end_tick <= 24 * BAR
    assert piece.song.n_notes > song.n_notes
    assert (piece.song.tempos, piece.song.metres) == (song.tempos, song.metres)
    drums, bass, _guitar = (p.notes.select(p.notes.onset_tick >= seam(piece.song)) for p in piece.song.parts)
    # Everybody keeps to what he plays: the bass stays a bass, and its roots are those of the song's key.
    assert len(drums) and len(bass)
    assert set(drums.pitch.tolist()) <= set(song.parts[0].notes.pitch.tolist())
    assert bass.pitch.max() <= song.parts[1].notes.pitch.max() + 2
    assert np.isin(bass.pitch % 12, song.parts[1].notes.pitch % 12).mean() > 0.7
    assert set(bass.velocity.tolist()) == {90}


def test_the_midi_file_keeps_the_song_too(small_style: ScoreStyle, tmp_path: Path) -> None:
    song = small_song(5)
    piece = continue_song(small_style, song, Wish(4), seed=1)
    write_midi(piece.song, tmp_path / "on.mid", comment=piece.comment)
    (again,) = read_songs(tmp_path / "on.mid")
    given_notes(song, again)


def test_the_same_seed_gives_the_same_bytes(small_style: ScoreStyle) -> None:
    one, again, other, variation = (
        midi_bytes(continue_song(small_style, small_song(), Wish(6), seed, number).song)
        for seed, number in ((7, 1), (7, 1), (8, 1), (7, 2))
    )
    assert one == again
    assert len({one, other, variation}) == 3


def test_words_and_timeline_stay_and_what_comes_after_the_end_does_not(small_style: ScoreStyle) -> None:
    words = (TextEvent(0, "La"), TextEvent(480, "la"))
    song = melody(
        scale(8),
        tempos=(TempoChange(0, 100.0), TempoChange(40 * 480, 30.0)),
        metres=(MetreChange(0, 4, 4), MetreChange(32 * 480, 3, 4)),
        keys=(KeyChange(0, 1, False),),
        markers=(TextEvent(0, "Verse"), TextEvent(32 * 480, "The end")),
        title="Song",
    )
    song = song.with_parts((replace(song.parts[0], lyrics=words),))
    after = continue_song(small_style, song, Wish(4), seed=1).song
    given_notes(song, after)
    assert after.parts[0].lyrics == words
    assert after.title == "Song"
    assert after.tempos == song.tempos[:1]
    assert after.metres == song.metres[:1]
    assert [marker.text for marker in after.markers] == ["Verse", "Continued"]
    assert after.remarks[-1] == "what it stated after its last bar was left out: 1 tempo, 1 metre, 1 marker"


def test_an_incomplete_last_bar_counts_as_whole(small_style: ScoreStyle) -> None:
    after = continue_song(small_style, melody(scale(8)[:-3]), Wish(2), seed=1)
    assert seam(after.song) == 8 * 4 * 480
    assert after.first_new_bar == 9


def test_a_last_bar_that_is_cut_short_stays_short(small_style: ScoreStyle) -> None:
    # A pickup of one beat, and three beats at the end that make it up: so says the metre that is stated there.
    metres = (MetreChange(0, 4, 4), MetreChange(480, 4, 4), MetreChange(32 * 480, 2, 4))
    song = melody(scale(8), metres=metres)
    after = continue_song(small_style, song, Wish(2), seed=1).song
    assert seam(after) == 32 * 480
    assert after.metres == (*metres[:2], MetreChange(32 * 480, 4, 4))
    assert seam(after) in bar_grid(after).onset_tick.tolist()


def test_a_chord_that_rings_on_is_given_its_bars(small_style: ScoreStyle) -> None:
    rows = [*scale(8)[:-4], (28 * 480, 12 * 480, 67, 80)]
    assert continue_song(small_style, melody(rows), Wish(1), seed=1).first_new_bar == 11
    # A note held a hair too long rings into no new bar, one that was never let go not for ever.
    rows[-1] = (31 * 480, 490, 67, 80)
    assert continue_song(small_style, melody(rows), Wish(1), seed=1).first_new_bar == 9
    rows[-1] = (31 * 480, 480_000, 67, 80)
    assert continue_song(small_style, melody(rows), Wish(1), seed=1).first_new_bar == 13


def test_it_goes_on_in_the_last_metre(small_style: ScoreStyle) -> None:
    metres = (MetreChange(0, 4, 4), MetreChange(16 * 480, 3, 4))
    after = continue_song(small_style, melody(scale(4) + scale(10)[16:], metres=metres), Wish(4), seed=1)
    assert after.song.metres == metres
    assert seam(after.song) == 40 * 480
    assert after.song.end_tick <= (40 + 12) * 480
    waltz = melody(scale(12, 3), metres=(MetreChange(0, 3, 4),))
    assert continue_song(small_style, waltz, Wish(4), seed=1).song.end_tick <= (36 + 12) * 480


def test_a_song_that_slows_down_does_not_go_on_crawling(small_style: ScoreStyle) -> None:
    slower = tuple(TempoChange(480 * (28 + beat), 90.0 - 10 * beat) for beat in range(4))
    song = melody(scale(8), tempos=(TempoChange(0, 100.0), *slower))
    after = continue_song(small_style, song, Wish(2), seed=1).song
    assert after.tempos == (*song.tempos, TempoChange(32 * 480, 100.0))


def test_a_coarse_clock_becomes_finer_and_a_fine_one_stays(small_style: ScoreStyle) -> None:
    for ticks, finer in ((2, 6), (24, 1), (100, 1), (480, 1)):
        rows = [(ticks * beat, ticks, 60 + beat * 5 % 12, 80) for beat in range(32)]
        song = melody(rows, ticks)
        after = continue_song(small_style, song, Wish(4), seed=2).song
        assert after.ticks_per_quarter == ticks * finer
        given_notes(song, after)


def test_what_was_played_by_hand_keeps_its_timing(small_style: ScoreStyle) -> None:
    random = np.random.default_rng(3)
    rows = [
        (max(0, 480 * beat + int(random.integers(-25, 25))), 400, 60 + beat * 5 % 12, int(random.integers(60, 100)))
        for beat in range(64)
    ]
    song = melody(rows)
    after = continue_song(small_style, song, Wish(4), seed=1).song
    assert seam(after) == 64 * 480
    given_notes(song, after)
    new = after.parts[0].notes.onset_tick
    assert np.all(new[new >= seam(after)] % 40 == 0)


def test_drums_alone_go_on(small_style: ScoreStyle) -> None:
    song = small_song()
    song = song.with_parts(song.parts[:1])
    piece = continue_song(small_style, song, Wish(4), seed=1)
    given_notes(song, piece.song)
    assert piece.song.n_notes > song.n_notes


def test_parts_keep_their_places(small_style: ScoreStyle) -> None:
    song = small_song()
    silent = Part("Choir", 52, False, Notes.empty())
    drums, bass, guitar = song.parts
    song = song.with_parts((guitar, silent, bass, drums))
    after = continue_song(small_style, song, Wish(8), seed=1).song
    given_notes(song, after)
    assert not len(after.parts[1].notes)
    new = [part.notes.select(part.notes.onset_tick >= seam(after)) for part in after.parts]
    assert new[2].pitch.max() < 62  # the bass is still the bass
    assert set(new[3].pitch.tolist()) <= set(drums.notes.pitch.tolist())


def test_of_forty_parts_the_busiest_go_on(small_style: ScoreStyle) -> None:
    rows = scale(2)
    parts = tuple(Part(f"Voice {n}", n, False, Notes.from_rows(rows if n < 38 else rows[:1]), pan=n) for n in range(40))
    song = Song(480, parts)
    after = continue_song(small_style, song, Wish(1), seed=1).song
    given_notes(song, after)
    assert all(len(part.notes) == 1 for part in after.parts[38:])


def test_a_long_song_is_read_from_its_last_bars_on(small_style: ScoreStyle) -> None:
    calls: list[tuple[int, int]] = []
    song = small_song(0, 100)
    piece = continue_song(small_style, song, Wish(3), 1, report=lambda done, total: calls.append((done, total)))
    assert piece.first_new_bar == 101
    assert calls[-1] == (67, 67)
    assert calls == sorted(calls)
    given_notes(song, piece.song)


@pytest.mark.parametrize("n_bars", [1, 2, 3])
def test_however_few_bars_somebody_plays(small_style: ScoreStyle, n_bars: int) -> None:
    # A song that rests for four bars again and again.
    rows = [row for row in scale(64) if row[0] // 1920 % 8 < 4]
    for seed in range(6):
        assert continue_song(small_style, melody(rows), Wish(n_bars), seed).song.n_notes > len(rows)


def test_it_is_not_played_all_over_again(small_style: ScoreStyle) -> None:
    # Twelve different bars, three times: the third time teaches that there is a fourth.
    rows = [(480 * beat, 480, 60 + (beat % 48) * 7 % 24, 80) for beat in range(3 * 48)]
    song = melody(rows)
    for seed in range(4):
        piece = continue_song(small_style, song, Wish(12), seed)
        notes = piece.song.parts[0].notes
        new = notes.select(notes.onset_tick >= seam(piece.song)).shift(-seam(piece.song))
        assert new != notes.select(notes.onset_tick < 48 * 480)


def test_the_comment_says_how_to_make_it_again(small_style: ScoreStyle) -> None:
    comment = json.loads(continue_song(small_style, replace(small_song(), title="Mine"), Wish(2), 9, 3).comment)
    assert (comment["continues"], comment["seed"], comment["variation"], comment["bars"]) == ("Mine", 9, 3, 2)
    assert (comment["style"], comment["from_bar"]) == ("small", 17)


def test_what_cannot_go_on(small_style: ScoreStyle) -> None:
    with pytest.raises(WishError, match="without notes"):
        continue_song(small_style, Song(480, ()), Wish(4), 1)
    with pytest.raises(WishError, match="its own tempo"):
        continue_song(small_style, small_song(), Wish(4, tempo_qpm=90.0), 1)


@pytest.mark.parametrize(
    "file",
    [
        "freedoom/band_lola_harvey/d_map02__Dark_Underworld.mid",
        "openewld/mxl/Arthur_A_Penn_Smilin_Through_Smilin_Through.mxl",
        "gmd/drummer1/session1/3_funk_80_beat_4-4.mid",
    ],
)
def test_real_songs_go_on(small_style: ScoreStyle, data: Path, file: str) -> None:
    (song,) = read_songs(data / file)
    piece = continue_song(small_style, song, Wish(2), seed=1)
    given_notes(song, piece.song)
    assert piece.song.n_notes > song.n_notes
