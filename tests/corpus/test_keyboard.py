"""One keyboard part out of any song, and what is said about it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from bandroid.corpus.collect import collect
from bandroid.corpus.keyboard import keyboard_song
from bandroid.corpus.report import report_text
from bandroid.errors import CorpusError
from bandroid.music.midi_writer import write_midi
from bandroid.music.notes import Notes
from bandroid.music.song import MetreChange, Part, Song, TempoChange

Row = tuple[int, int, int, int]
"""onset, length, pitch, velocity; a quarter has 24 ticks"""
RIGHT: tuple[Row, ...] = tuple((24 * beat, 24, 72 + beat % 5, 90) for beat in range(16))
LEFT: tuple[Row, ...] = tuple((96 * bar, 96, 48 + 2 * bar, 60) for bar in range(4))
HARP, VIOLIN, FLUTE, CHURCH_ORGAN = 46, 40, 73, 19


def song(*parts: tuple[int, tuple[Row, ...]], drums: tuple[Row, ...] = ()) -> Song:
    played = [Part(f"Part {n}", program, False, Notes.from_rows(rows)) for n, (program, rows) in enumerate(parts)]
    if drums:
        played.append(Part("Drums", 0, True, Notes.from_rows(drums)))
    return Song(24, tuple(played), (TempoChange(0, 90.0),), (MetreChange(0, 4, 4),))


def rows(one: Song) -> list[Row]:
    (part,) = one.parts
    notes = part.notes
    columns = (notes.onset_tick, notes.length_tick, notes.pitch, notes.velocity)
    return list(zip(*(column.tolist() for column in columns), strict=True))


def in_order(*notes: Row) -> list[Row]:
    return sorted(notes, key=lambda row: (row[0], row[2]))


def test_two_hands_are_one_part_and_keep_lengths_and_velocities() -> None:
    whole = song((0, RIGHT), (0, LEFT))
    one = keyboard_song(whole)
    assert rows(one) == in_order(*RIGHT, *LEFT)
    assert (one.tempos, one.metres) == (whole.tempos, whole.metres)
    assert (one.parts[0].program, one.parts[0].is_drum) == (0, False)
    assert one.remarks == ("its 2 keyboard parts are taken as one",)


def test_one_keyboard_part_needs_no_words() -> None:
    assert keyboard_song(song((6, RIGHT))).remarks == ()


def test_the_singer_is_left_out_where_there_is_a_piano_and_said() -> None:
    one = keyboard_song(song((FLUTE, RIGHT), (0, RIGHT), (0, LEFT)))
    assert len(one.parts[0].notes) == 20
    assert one.remarks == ("its 2 keyboard parts are taken as one; not used: 16 notes of 1 other part",)


def test_without_a_keyboard_all_pitched_parts_are_taken() -> None:
    one = keyboard_song(song((VIOLIN, RIGHT), (HARP, LEFT), drums=((0, 6, 36, 100),)))
    assert rows(one) == in_order(*RIGHT, *LEFT)
    assert one.remarks == ("no keyboard part: its 2 pitched parts are taken as one", "not used: 1 note of drums")
    assert keyboard_song(song((VIOLIN, RIGHT))).remarks == ("no keyboard part: its Violin is taken for one",)


def test_a_continuo_is_not_the_piece() -> None:
    one = keyboard_song(song((VIOLIN, RIGHT), (6, LEFT)))
    assert len(one.parts[0].notes) == 20
    assert one.remarks == ("its keyboard only accompanies: its 2 pitched parts are taken as one",)


def test_organs_count_where_no_piano_plays() -> None:
    assert len(keyboard_song(song((CHURCH_ORGAN, RIGHT), (VIOLIN, LEFT))).parts[0].notes) == 16
    assert len(keyboard_song(song((CHURCH_ORGAN, RIGHT), (0, RIGHT[:10]))).parts[0].notes) == 10


def test_a_key_struck_twice_at_once_sounds_once_and_as_long_as_the_longer() -> None:
    one = keyboard_song(song((0, ((0, 12, 60, 90), (48, 24, 64, 90))), (0, ((0, 48, 60, 50), (48, 24, 64, 95)))))
    assert rows(one) == [(0, 48, 60, 50), (48, 24, 64, 95)]
    assert one.remarks[-1] == "struck by two parts at once, and once on a keyboard: 2 notes"


def test_a_key_struck_again_ends_what_it_played() -> None:
    one = keyboard_song(song((0, ((0, 96, 60, 80),)), (0, ((24, 12, 60, 70), (36, 12, 62, 70)))))
    assert rows(one) == [(0, 24, 60, 80), (24, 12, 60, 70), (36, 12, 62, 70)]


def test_of_a_chord_for_more_than_two_hands_the_middle_is_left_out_and_said() -> None:
    one = keyboard_song(
        song(
            (48, tuple((0, 24, 40 + 2 * n, 80) for n in range(7))),
            (60, ((0, 24, 41, 80),)),
            *((56, ((0, 24, 70 + n, 80),)) for n in range(4)),
        )
    )
    assert [row[2] for row in rows(one)] == [40, 41, 42, 44, 46, 52, 70, 71, 72, 73]
    assert one.remarks[-1] == "not used: 2 notes in the middle of chords for more than ten fingers"


@pytest.mark.parametrize(
    ("silent", "reason"),
    [(song(drums=((0, 6, 36, 100),)), "has only drums, and a keyboard cannot play them"), (song(), "has no notes")],
)
def test_nothing_pitched_is_refused(silent: Song, reason: str) -> None:
    with pytest.raises(CorpusError, match=f"^{reason}$"):
        keyboard_song(silent)


def test_a_folder_read_for_keyboards_says_of_each_file_what_was_taken(tmp_path: Path) -> None:
    pitches = np.random.default_rng(1).integers(60, 84, 128).tolist()
    tune = tuple((24 * beat, 24, pitch, 90) for beat, pitch in enumerate(pitches))
    write_midi(song((VIOLIN, tune), (HARP, LEFT)), tmp_path / "duo.mid")
    write_midi(song(drums=tuple((24 * n, 6, 36 + n % 3, 90) for n in range(20))), tmp_path / "loop.mid")
    # The duo's violin by itself: the same music, whatever of it is learnt.
    write_midi(song((VIOLIN, tune)), tmp_path / "violin.mid")
    corpus = collect([tmp_path], parts="keyboard")
    (used,) = corpus.used
    assert (used.name, len(used.song.parts), len(used.roles), used.song.n_notes) == ("duo.mid", 1, 1, 132)
    assert {refusal.name: refusal.reason for refusal in corpus.refused} == {
        "loop.mid": "has only drums, and a keyboard cannot play them",
        "violin.mid": "100% of its notes are those of duo.mid",
    }
    assert "note: no keyboard part: its 2 pitched parts are taken as one" in report_text(corpus)
    assert len(collect([tmp_path]).used[0].song.parts) == 2
