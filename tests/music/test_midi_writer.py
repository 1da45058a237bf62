"""What is written is read again the same, and by other readers too."""

from __future__ import annotations

import io
from pathlib import Path

import mido
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from midi_building import read

from bandroid.music.midi_reader import read_comment, read_midi
from bandroid.music.midi_timeline import microsecond_of, tempo_of
from bandroid.music.midi_writer import midi_bytes, write_midi
from bandroid.music.notes import Notes
from bandroid.music.song import KeyChange, MetreChange, Part, Song, TempoChange, TextEvent

TICK = st.integers(0, 5_000)
LETTER = st.one_of(st.characters(codec="utf-8", categories=("L", "M", "N", "P", "S")), st.just(" "))
WORDS = st.text(LETTER, min_size=1, max_size=20)
NAME = WORDS.map(str.strip)
SEVEN_BITS = st.integers(0, 127)


@st.composite
def some_notes(draw: st.DrawFn) -> Notes:
    """Notes that overlap in every way but one: of two notes of a pitch the first to begin is the first to end."""
    row = st.tuples(TICK, st.integers(1, 900), st.integers(0, 127), st.integers(1, 127))
    last_end_tick: dict[int, int] = {}
    kept = []
    for onset, length, pitch, velocity in sorted(draw(st.lists(row, min_size=1, max_size=20))):
        if onset + length >= last_end_tick.get(pitch, 0):
            last_end_tick[pitch] = onset + length
            kept.append((onset, length, pitch, velocity))
    return Notes.from_rows(kept)


@st.composite
def some_texts(draw: st.DrawFn, words: st.SearchStrategy[str] = WORDS) -> tuple[TextEvent, ...]:
    ticks = sorted(draw(st.lists(TICK, max_size=3)))
    return tuple(TextEvent(tick, text) for tick in ticks if (text := draw(words)).strip())


@st.composite
def some_part(draw: st.DrawFn) -> Part:
    return Part(
        name=draw(NAME),
        program=draw(SEVEN_BITS),
        is_drum=draw(st.booleans()),
        notes=draw(some_notes()),
        lyrics=draw(some_texts()),
        volume=draw(st.integers(1, 127)),
        pan=draw(SEVEN_BITS),
    )


def without_repeats(changes: list[tuple[int, ...]]) -> list[tuple[int, ...]]:
    """One change a tick, each different from the one before it."""
    rows = sorted({row[0]: row for row in changes}.values())
    return [row for n, row in enumerate(rows) if n == 0 or row[1:] != rows[n - 1][1:]]


@st.composite
def some_song(draw: st.DrawFn, max_parts: int = 4) -> Song:
    tempos = draw(st.lists(st.tuples(TICK, st.integers(4, 1_000)), max_size=3))
    denominators = st.sampled_from((1, 2, 4, 8, 16, 32))
    metres = draw(st.lists(st.tuples(TICK, st.integers(1, 255), denominators), max_size=3))
    keys = draw(st.lists(st.tuples(TICK, st.integers(-7, 7), st.integers(0, 1)), max_size=3))
    return Song(
        ticks_per_quarter=draw(st.sampled_from((24, 96, 480, 960))),
        parts=tuple(draw(st.lists(some_part(), min_size=1, max_size=max_parts))),
        tempos=tuple(TempoChange(tick, float(tempo)) for tick, tempo in without_repeats(tempos)),
        metres=tuple(MetreChange(*row) for row in without_repeats(metres)),
        keys=tuple(KeyChange(tick, fifths, bool(minor)) for tick, fifths, minor in without_repeats(keys)),
        chords=draw(some_texts(NAME)),
        markers=draw(some_texts(NAME)),
        title=draw(NAME),
    )


@settings(max_examples=50)
@given(some_song())
def test_a_song_comes_back_the_same(song: Song) -> None:
    assert read(midi_bytes(song)) == song


@settings(max_examples=30)
@given(some_song(max_parts=2), st.text(max_size=200))
def test_a_comment_travels_and_changes_nothing(song: Song, comment: str) -> None:
    assert read(midi_bytes(song, comment)) == song


SOUND = st.tuples(st.sampled_from((0, 25, 33, 90)), st.booleans(), st.integers(99, 101))


@settings(max_examples=30)
@given(st.lists(st.one_of(SOUND, st.tuples(SEVEN_BITS, st.booleans(), st.just(100))), min_size=20, max_size=40))
def test_more_parts_than_channels(sounds: list[tuple[int, bool, int]]) -> None:
    notes = Notes.from_rows([(0, 480, 60, 80), (480, 480, 62, 80)])
    parts = tuple(Part("", program, is_drum, notes, volume=volume) for program, is_drum, volume in sounds)
    assert read(midi_bytes(Song(480, parts))).parts == parts


@settings(max_examples=50)
@given(some_song())
def test_mido_reads_the_same_notes(song: Song) -> None:
    tracks = mido.MidiFile(file=io.BytesIO(midi_bytes(song)), charset="utf-8").tracks
    assert [track.name for track in tracks[1:]] == [part.name for part in song.parts]
    for part, track in zip(song.parts, tracks[1:], strict=True):
        tick, onsets = 0, []
        for message in track:
            tick += message.time
            if message.type == "note_on" and message.velocity:
                onsets.append((tick, message.note, message.velocity))
        columns = (part.notes.onset_tick, part.notes.pitch, part.notes.velocity)
        assert sorted(onsets) == sorted(zip(*(column.tolist() for column in columns), strict=True))


def a_part(n: int, program: int, is_drum: bool = False) -> Part:
    return Part(f"part {n}", program, is_drum, Notes.from_rows([(0, 480, 60, 80)]))


def channels(song: Song) -> list[tuple[int, int]]:
    """(port, channel) of each part"""
    places = []
    for track in mido.MidiFile(file=io.BytesIO(midi_bytes(song))).tracks[1:]:
        port = next((message.port for message in track if message.type == "midi_port"), 0)
        places.append((port, next(message.channel for message in track if message.type == "note_on")))
    return places


def test_drums_lie_on_channel_10_and_nothing_else_does() -> None:
    song = Song(480, tuple(a_part(n, n, is_drum=n in (3, 7)) for n in range(16)))
    places = channels(song)
    assert {channel for n, (_, channel) in enumerate(places) if n in (3, 7)} == {9}
    pitched = [place for n, place in enumerate(places) if n not in (3, 7)]
    assert (0, 9) not in pitched
    assert len(set(pitched)) == 14


def test_parts_beyond_the_15th_share_a_channel_of_their_program_first() -> None:
    song = Song(480, (*(a_part(n, n) for n in range(15)), a_part(15, 4), a_part(16, 99), a_part(17, 99)))
    places = channels(song)
    assert places[15] == places[4]
    assert places[16] == places[17] == (1, 0)
    assert len(set(places[:15])) == 15


def test_the_comment_is_found_again(tmp_path: Path) -> None:
    path = tmp_path / "a song.mid"
    song = Song(480, (a_part(0, 0),))
    write_midi(song, path, comment='{"seed": 7,\n "style": "rock – ☂"}')
    assert read_comment(path) == '{"seed": 7,\n "style": "rock – ☂"}'
    assert read_midi(path) == song
    write_midi(song, path)
    assert read_comment(path) is None
    assert [entry.name for entry in tmp_path.iterdir()] == ["a song.mid"]


def test_the_same_song_gives_the_same_bytes() -> None:
    song = Song(480, (a_part(0, 0), a_part(1, 5)), tempos=(TempoChange(0, 97.5),))
    assert midi_bytes(song, "seed 1") == midi_bytes(song, "seed 1")


def test_a_pause_longer_than_a_delta_time_is_written_in_pieces() -> None:
    notes = Notes.from_rows([(0, 10, 60, 80), (600_000_000, 10, 60, 80)])
    song = Song(32_767, (Part("", 0, False, notes),))
    assert read(midi_bytes(song)).parts == song.parts


def test_a_resolution_too_fine_for_midi_becomes_coarser() -> None:
    notes = Notes.from_rows([(0, 96_000, 60, 80), (192_000, 48_000, 60, 80)])
    song = read(midi_bytes(Song(96_000, (Part("", 0, False, notes),))))
    assert song.ticks_per_quarter == 9_600
    assert song.parts[0].notes == Notes.from_rows([(0, 9_600, 60, 80), (19_200, 4_800, 60, 80)])


def test_names_that_no_encoding_holds_are_written_all_the_same() -> None:
    assert read(midi_bytes(Song(480, (a_part(0, 0),), title="a\ud800b"))).title == "a?b"


@pytest.mark.parametrize("tempo_qpm", [3.6, 4.0, 60.0, 97.5, 103.0, 119.88, 128.0, 174.0, 999.0])
def test_round_tempos_survive_whole_microseconds(tempo_qpm: float) -> None:
    assert tempo_of(microsecond_of(tempo_qpm)) == tempo_qpm


@given(st.integers(6_000, 0xFFFFFF))
def test_every_tempo_of_a_file_is_written_as_it_was(microsecond: int) -> None:
    assert microsecond_of(tempo_of(microsecond)) == microsecond
