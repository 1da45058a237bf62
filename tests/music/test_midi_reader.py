"""MIDI files of every kind become songs, and the remarks say what was repaired or left out."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from midi_building import (
    END,
    NOWHERE,
    control,
    file,
    header,
    meta,
    metre,
    name,
    note,
    off,
    on,
    program,
    read,
    rows,
    sysex,
    tempo,
    track,
)

from bandroid.errors import MidiError
from bandroid.music.clock import duration_second
from bandroid.music.midi_parts import MAX_PARTS
from bandroid.music.midi_reader import MAX_BYTE, MAX_NOTES, read_midi
from bandroid.music.song import KeyChange, MetreChange, TempoChange, TextEvent


def refusal(content: bytes) -> str:
    with pytest.raises(MidiError) as caught:
        read(content)
    assert caught.value.path == NOWHERE
    return caught.value.reason


# --- the file's shape


def test_type_0_holds_several_parts_in_one_track() -> None:
    song = read(file(on(0, 60) + on(0, 40, channel=1) + off(480, 60) + off(0, 40, channel=1), kind=0))
    assert [rows(song, part) for part in (0, 1)] == [[(0, 480, 60, 80)], [(0, 480, 40, 80)]]


def test_type_1_tracks_sound_together() -> None:
    song = read(file(name("Lead") + note(72), name("Bass") + note(36, channel=1)))
    assert [(part.name, rows(song, n)[0][0]) for n, part in enumerate(song.parts)] == [("Lead", 0), ("Bass", 0)]


def test_type_2_patterns_follow_one_another() -> None:
    song = read(file(note(60, 480) + metre(0, 3, 2), note(62, 480, delta=240) + metre(0, 4, 2), kind=2))
    assert [rows(song, part) for part in (0, 1)] == [[(0, 480, 60, 80)], [(720, 480, 62, 80)]]
    assert [change.onset_tick for change in song.metres] == [480, 1200]
    assert "2 patterns (type 2) were put one after another" in song.remarks


@pytest.mark.parametrize(
    ("frames", "ticks", "ticks_per_quarter", "length", "seconds"),
    [(25, 40, 500, 480, 0.48), (24, 80, 960, 480, 0.25), (25, 1, 25, 960, 19.2), (29, 100, 1500, 480, 0.16016)],
)
def test_film_time_keeps_its_seconds(
    frames: int, ticks: int, ticks_per_quarter: int, length: int, seconds: float
) -> None:
    song = read(file(tempo(0, 250_000) + note(60), division=(256 - frames) << 8 | ticks))
    assert song.ticks_per_quarter == ticks_per_quarter
    assert rows(song)[0][1] == length
    assert duration_second(song) == pytest.approx(seconds, rel=1e-4)
    assert any("film time" in remark for remark in song.remarks)


@pytest.mark.parametrize(
    "content",
    [
        b"\0" * 128 + file(note(60)),  # MacBinary
        b"RIFF\x40\0\0\0RMIDdata\x30\0\0\0" + file(note(60)),
        header() + track(note(60), END, length=500),
        header() + track(note(60), END, length=3),
        header() + track(note(60)),  # no end of track
        header(n_tracks=9) + track(note(60), END),
        header() + b"JUNK\0\0\0\x03abc" + track(note(60), END),
        header() + track(note(60), END) + b"\x8f garbage \xff" * 30,
        header()[:7] + b"\x08" + header()[8:] + b"\0\0" + track(note(60), END),  # a longer header
        header(kind=7) + track(note(60), END),
        header(division=0) + track(note(60), END),
    ],
)
def test_a_wrong_shell_does_not_hide_the_music(content: bytes) -> None:
    assert rows(read(content)) == [(0, 480, 60, 80)]


@pytest.mark.parametrize("length", [4, 30, 60, 99])
def test_wrong_length_of_a_track_leaves_the_next_one_whole(length: int) -> None:
    first = note(60) + note(62) + END
    content = header(n_tracks=2) + track(first, length=length) + track(note(48, channel=1), END)
    assert [rows(read(content), part) for part in (0, 1)] == [
        [(0, 480, 60, 80), (480, 480, 62, 80)],
        [(0, 480, 48, 80)],
    ]


def test_a_truncated_file_keeps_what_is_there() -> None:
    content = file(b"".join(note(60 + n) for n in range(12)))[:-20]
    song = read(content)
    assert song.n_notes >= 9
    assert "the file is cut off; what is there was read" in song.remarks


def test_resolution_grows_where_a_bar_is_no_whole_number_of_ticks() -> None:
    song = read(file(metre(0, 7, 3) + note(60, 2), division=1))
    assert song.ticks_per_quarter == 2
    assert rows(song) == [(0, 4, 60, 80)]


# --- notes


def test_velocity_zero_and_running_status_end_a_note() -> None:
    assert rows(read(file(b"\x00\x90\x3c\x50\x83\x60\x3c\x00"))) == [(0, 480, 60, 80)]


def test_overlapping_notes_of_a_pitch_end_in_the_order_they_began() -> None:
    events = on(0, 60, 70) + on(100, 60, 90) + off(100, 60) + off(100, 60)
    assert rows(read(file(events))) == [(0, 200, 60, 70), (100, 200, 60, 90)]


def test_stray_offs_are_dropped_and_counted() -> None:
    song = read(file(off(0, 60) + note(60) + off(0, 60)))
    assert rows(song) == [(0, 480, 60, 80)]
    assert "2 note-offs without a note: left out" in song.remarks


def test_hanging_notes_end_with_the_next_of_their_pitch_or_with_their_track() -> None:
    song = read(file(on(0, 60) + note(60, delta=480) + on(0, 64) + meta(240, 1, b"")))
    assert rows(song) == [(0, 480, 60, 80), (480, 480, 60, 80), (960, 240, 64, 80)]
    assert any(remark.startswith("2 notes never switched off") for remark in song.remarks)


def test_a_note_of_no_length_gets_one_tick() -> None:
    song = read(file(note(60, 0)))
    assert rows(song) == [(0, 1, 60, 80)]
    assert "1 note of no length: made one tick long" in song.remarks


CHANNEL_EVENT = st.tuples(st.integers(0, 2), st.booleans(), st.sampled_from((60, 61)), st.integers(0, 3))


@given(st.lists(CHANNEL_EVENT, max_size=30))
def test_pairing_is_first_in_first_out(events: list[tuple[int, bool, int, int]]) -> None:
    """Against the plain loop, for pitches that miss no note-off."""
    closing = [(1, False, pitch, channel) for _ in events for pitch in (60, 61) for channel in range(4)]
    body, tick = note(1, 1), 1
    waiting: dict[tuple[int, int], list[int]] = {}
    expected = [(0, 1, 1)]
    for delta, is_on, pitch, channel in [*events, *closing]:
        tick += delta
        body += on(delta, pitch, 80, channel) if is_on else off(delta, pitch, channel)
        if is_on:
            waiting.setdefault((channel, pitch), []).append(tick)
        elif waiting.get((channel, pitch)):
            onset = waiting[channel, pitch].pop(0)
            expected.append((onset, max(tick - onset, 1), pitch))
    song = read(file(body))
    assert sorted(row[:3] for part in range(len(song.parts)) for row in rows(song, part)) == sorted(expected)


def test_the_pedal_holds_notes_until_its_release_or_the_next_of_their_pitch() -> None:
    events = control(0, 64, 127) + note(60, 100) + note(64, 100) + note(60, 100) + control(100, 64, 0)
    song = read(file(events + note(67, 100)))
    assert rows(song) == [(0, 200, 60, 80), (100, 300, 64, 80), (200, 200, 60, 80), (400, 100, 67, 80)]
    assert "3 notes held by the sustain pedal: made longer" in song.remarks


def test_the_pedal_holds_in_all_tracks_of_its_channel_and_not_on_drums() -> None:
    pedal = control(0, 64, 127) + control(0, 64, 127, channel=9) + control(960, 64, 0) + control(0, 64, 0, channel=9)
    song = read(file(pedal, note(60), note(38, channel=9), note(62, channel=1)))
    assert [rows(song, part)[0][1] for part in range(3)] == [960, 480, 480]


def test_all_notes_off_ends_what_sounds() -> None:
    assert rows(read(file(on(0, 60) + control(120, 123, 0) + off(480, 60)))) == [(0, 120, 60, 80)]


# --- parts


def test_a_program_change_begins_a_new_part() -> None:
    events = program(0, 29) + note(60) + program(0, 56) + note(62) + program(0, 29) + note(64)
    song = read(file(b"", name("Solo") + events))
    assert [(part.name, part.program, len(part.notes)) for part in song.parts] == [
        ("Solo (Overdriven Guitar)", 29, 2),
        ("Solo (Trumpet)", 56, 1),
    ]


def test_a_track_without_program_takes_its_channels() -> None:
    song = read(file(program(0, 33, channel=2) + control(0, 7, 70, channel=2), note(40, channel=2)))
    assert (song.parts[0].program, song.parts[0].volume) == (33, 70)


def test_tracks_of_one_channel_keep_their_own_programs() -> None:
    song = read(file(program(0, 33) + note(40), program(0, 25) + note(60)))
    assert [part.program for part in song.parts] == [33, 25]


def test_ports_part_channels() -> None:
    port = meta(0, 0x21, b"\x01")
    song = read(file(program(0, 33) + control(0, 7, 1), port + note(60)))
    assert (song.parts[0].program, song.parts[0].volume) == (0, 100)


@pytest.mark.parametrize(
    ("events", "is_drum"),
    [
        (note(36, channel=9), True),
        (program(0, 16, channel=9) + note(36, channel=9), True),
        (control(0, 0, 127) + program(0, 0) + note(36), True),  # Yamaha XG
        (control(0, 0, 120) + program(0, 0) + note(36), True),  # General MIDI 2
        (sysex(0, bytes.fromhex("41104212400 07f0041".replace(" ", ""))) + control(0, 0, 127) + note(36), False),
        (sysex(0, bytes.fromhex("4110421240111502 18")) + note(36), True),  # Roland GS: channel 1 plays drums
        (sysex(0, bytes.fromhex("4110421240101500 1a")) + note(36, channel=9), False),
        (name("Drums") + note(36), True),
        (name("DRUMKIT") + note(36), True),
        (name("Steel drums") + note(60), False),
        (name("Drums") + program(0, 114) + note(60), False),
        (name("Drum solo for flute") + note(96), False),
        (note(36), False),
    ],
)
def test_what_is_drums(events: bytes, is_drum: bool) -> None:
    assert read(file(events)).parts[0].is_drum is is_drum


def test_volume_and_pan_are_the_first_ones() -> None:
    events = control(0, 7, 90) + control(0, 10, 20) + note(60) + control(0, 7, 5)
    part = read(file(events)).parts[0]
    assert (part.volume, part.pan) == (90, 20)


def test_a_fade_in_is_no_silence_but_lasting_silence_is() -> None:
    assert read(file(control(0, 7, 0) + control(10, 7, 66) + note(60))).parts[0].volume == 66
    assert refusal(file(control(0, 7, 0) + note(60))).startswith("has no notes that sound")


def test_a_conductor_track_gives_the_title() -> None:
    song = read(file(name("Greensleeves") + tempo(0, 500_000), name("Flute") + note(60)))
    assert (song.title, song.parts[0].name) == ("Greensleeves", "Flute")


def test_an_instrument_name_stands_in_for_a_track_name() -> None:
    assert read(file(meta(0, 4, b"Oboe") + note(60))).parts[0].name == "Oboe"


def test_the_channels_of_type_0_are_named_after_their_instruments() -> None:
    events = b"".join(program(0, 8 * n, n) + note(60, channel=n) for n in (0, 1, 9))
    song = read(file(name("A song") + events, kind=0))
    assert [part.name for part in song.parts] == ["Acoustic Grand Piano", "Celesta", "Drums"]
    assert song.title == "A song"


def test_many_parts_are_limited_and_the_limit_is_said() -> None:
    song = read(file(*(note(60) * (1 + (n < 10)) for n in range(300))))
    assert len(song.parts) == MAX_PARTS
    assert song.n_notes == MAX_PARTS + 10
    assert any(f"limit of {MAX_PARTS}" in remark for remark in song.remarks)


# --- timeline and words


def test_tempo_metre_and_key() -> None:
    events = tempo(0, 582_524) + metre(0, 6, 3) + meta(0, 0x59, b"\xfd\x01") + tempo(480, 500_000)
    song = read(file(events + note(60, 2000)))
    assert song.tempos == (TempoChange(0, 103.0), TempoChange(480, 120.0))
    assert song.metres == (MetreChange(0, 6, 8),)
    assert song.keys == (KeyChange(0, -3, True),)


def test_a_file_that_states_nothing_leaves_tempo_and_metre_empty() -> None:
    song = read(file(note(60)))
    assert (song.tempos, song.metres, song.keys, song.remarks) == ((), (), (), ())


def test_of_two_changes_at_one_tick_the_last_wins_and_repeats_go() -> None:
    events = metre(0, 3, 2) + metre(0, 4, 2) + metre(1920, 4, 2) + metre(100, 4, 2) + tempo(0, 1_000_000)
    song = read(file(events + tempo(5, 1_000_000) + note(60)))
    # the third 4/4 stands inside a bar, so it begins a new one: a pickup
    assert song.metres == (MetreChange(0, 4, 4), MetreChange(2020, 4, 4))
    assert song.tempos == (TempoChange(2020, 60.0),)


def test_impossible_changes_are_left_out() -> None:
    events = tempo(0, 0) + tempo(0, 1) + metre(0, 0, 2) + metre(0, 4, 31) + meta(0, 0x59, b"\x0c\x05")
    song = read(file(events + note(60)))
    assert (song.tempos, song.metres, song.keys) == ((), (), ())
    assert "2 impossible tempo changes: left out" in song.remarks
    assert "2 impossible metres: left out" in song.remarks
    assert "1 impossible key signature: left out" in song.remarks


def test_lyrics_go_to_the_part_that_sings_them() -> None:
    words = meta(0, 5, b"Hap-") + meta(480, 5, b"py ") + meta(480, 5, b"\r")
    song = read(file(words, note(36, 960), note(60) + note(62)))
    assert song.parts[0].lyrics == ()
    assert song.parts[1].lyrics == (TextEvent(0, "Hap-"), TextEvent(480, "py "))


def test_karaoke_text_is_lyrics() -> None:
    words = meta(0, 1, b"@KMIDI KARAOKE FILE") + meta(0, 1, b"@TMary") + meta(0, 1, b"\\Ma") + meta(480, 1, b"/ry")
    song = read(file(words, note(60) + note(62)))
    assert song.title == "Mary"
    assert song.parts[0].lyrics == (TextEvent(0, "Ma"), TextEvent(480, "ry"))


def test_markers_and_chords_are_kept() -> None:
    song = read(file(meta(0, 6, b"Intro") + meta(0, 1, b"chord: F#m7") + meta(480, 6, b"Verse"), note(60)))
    assert song.markers == (TextEvent(0, "Intro"), TextEvent(480, "Verse"))
    assert song.chords == (TextEvent(0, "F#m7"),)


def test_what_is_not_used_is_counted() -> None:
    bend = b"\0\xe0\0\x40"
    events = bend * 1200 + control(0, 1, 3) + b"\0\xa0\x3c\x05" + b"\0\xd0\x05" + meta(0, 1, b"hello")
    song = read(file(events + control(0, 64, 0) + sysex(0, b"\x7e\x7f\x09\x01") + note(60)))
    assert song.remarks == (
        "not used: 1 system message, 1 text, 1,200 pitch bends, 1 controller change, 2 aftertouch messages",
    )


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        (b"Fl\xf6te", "Flöte"),
        ("Flöte".encode(), "Flöte"),
        (b"Pr\xe4ludium", "Präludium"),
        ("曲名テスト".encode("cp932"), "曲名テスト"),
        (b"Bass\0\r\n ", "Bass"),
        (b"x" * 70_000, "x" * 100),
        ("ä".encode() * 3000, "ä" * 100),
        (b"\xff\xfe\x00(", "ÿþ("),
    ],
)
def test_names_of_any_encoding(raw: bytes, text: str) -> None:
    assert read(file(meta(0, 3, raw) + note(60))).parts[0].name == text


# --- refusals


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "is empty"),
        (b"MThd\0\0\0\6\0", "ends in the middle of its header"),
        (header(), "has a header but no tracks"),
        (b"hello, I am a song about trains", "is not a MIDI file: it has no MIDI header"),
        (b"\x1f\x8b\x08" + b"\0" * 50, "is packed with gzip: unpack it first (gunzip)"),
        (b"MUS\x1a" + b"\0" * 50, "is a Doom MUS file, not a MIDI file: convert it first"),
        (b"\n<html>Not found</html>", "is a text or web page, not a MIDI file"),
        (file(name("nothing")), "has no notes"),
        (file(off(0, 60)), "has no notes"),
        (file(note(60) + note(60, delta=0x0FFFFFFF)), "lasts longer than 6 hours"),
        (header() + track(note(60), bytes(range(128, 255)) * 20), "is damaged: most of it is no readable music"),
    ],
)
def test_refused_in_plain_words(content: bytes, reason: str) -> None:
    assert refusal(content) == reason


def test_too_many_notes_are_refused() -> None:
    assert f"more than the limit of {MAX_NOTES}" in refusal(file(b"\0\x90\x3c\x40" + b"\x01\x3c\x40" * MAX_NOTES))


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    huge = tmp_path / "huge.mid"
    with huge.open("wb") as out:
        out.truncate(MAX_BYTE + 1)
    cases = {tmp_path / "none.mid": "does not exist", tmp_path: "is a folder or a device", huge: "is too large"}
    if hasattr(os, "mkfifo"):
        os.mkfifo(tmp_path / "pipe.mid")
        cases[tmp_path / "pipe.mid"] = "is a folder or a device"
    for path, reason in cases.items():
        with pytest.raises(MidiError, match=reason):
            read_midi(path)


@given(st.data())
def test_a_damaged_file_is_read_or_refused(data: st.DataObject) -> None:
    events = name("Lead") + program(0, 30) + control(0, 64, 127) + b"".join(note(60 + n % 7, 120) for n in range(40))
    content = bytearray(file(tempo(0, 400_000) + metre(0, 3, 2) + meta(0, 5, b"la"), events, note(36, 960, channel=9)))
    for _ in range(data.draw(st.integers(1, 8))):
        at = data.draw(st.integers(0, len(content) - 1))
        match data.draw(st.sampled_from(("set", "drop", "add"))):
            case "set":
                content[at] = data.draw(st.integers(0, 255))
            case "drop":
                del content[at]
            case "add":
                content.insert(at, data.draw(st.integers(0, 255)))
    try:
        song = read(bytes(content))
    except MidiError as error:
        assert error.reason and "\n" not in error.reason
    else:
        assert song.n_notes and all(np.all(part.notes.length_tick >= 1) for part in song.parts)
