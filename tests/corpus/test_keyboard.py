"""Two hands out of any song, and what is said about it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from bandroid.corpus.collect import collect
from bandroid.corpus.keyboard import HANDS, keyboard_song
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


def hand(one: Song, name: str) -> list[Row]:
    """The notes of one hand; none where it does not play."""
    notes = next((part.notes for part in one.parts if part.name == name), Notes.empty())
    columns = (notes.onset_tick, notes.length_tick, notes.pitch, notes.velocity)
    return list(zip(*(column.tolist() for column in columns), strict=True))


def hands(one: Song) -> tuple[list[Row], list[Row]]:
    right, left = (hand(one, name) for name in HANDS)
    return right, left


def test_two_hands_are_two_parts_and_keep_lengths_and_velocities() -> None:
    whole = song((6, LEFT), (0, RIGHT))
    one = keyboard_song(whole)
    assert hands(one) == (list(RIGHT), list(LEFT))
    assert (one.tempos, one.metres) == (whole.tempos, whole.metres)
    assert [(part.program, part.is_drum) for part in one.parts] == [(0, False)] * 2
    assert one.remarks == ("its 2 keyboard parts are taken as one player's",)


def test_one_line_is_one_hand_and_needs_no_words() -> None:
    one = keyboard_song(song((6, RIGHT)))
    assert (hands(one), one.remarks) == ((list(RIGHT), []), ())
    assert hands(keyboard_song(song((0, LEFT)))) == ([], list(LEFT))


def test_one_track_of_two_hands_is_parted_where_the_gap_is() -> None:
    low_tune = tuple((onset, length, pitch - 14, velocity) for onset, length, pitch, velocity in RIGHT)  # from A#3 on
    low_chords = tuple((onset, 96, pitch, 60) for onset, _, root, _ in LEFT for pitch in (root - 12, root - 5))
    assert hands(keyboard_song(song((0, (*low_tune, *low_chords))))) == (list(low_tune), list(low_chords))


def test_the_singer_is_left_out_where_there_is_a_piano_and_said() -> None:
    one = keyboard_song(song((FLUTE, RIGHT), (0, RIGHT), (0, LEFT)))
    assert one.n_notes == 20
    assert one.remarks == ("its 2 keyboard parts are taken as one player's; not used: 16 notes of 1 other part",)


def test_without_a_keyboard_all_pitched_parts_are_taken() -> None:
    one = keyboard_song(song((VIOLIN, RIGHT), (HARP, LEFT), drums=((0, 6, 36, 100),)))
    assert hands(one) == (list(RIGHT), list(LEFT))
    assert one.remarks == (
        "no keyboard part: its 2 pitched parts are taken for one player's",
        "not used: 1 note of drums",
    )
    assert keyboard_song(song((VIOLIN, RIGHT))).remarks == ("no keyboard part: its Violin is taken for one",)


def test_voices_stay_whole_and_go_to_a_hand_by_their_mean() -> None:
    high, low = ((tuple((24 * n, 24, base + n % 2 * 9, 80) for n in range(8))) for base in (64, 52))
    one = keyboard_song(song((52, low), (52, high), (52, tuple((o, d, p - 12, v) for o, d, p, v in low))))
    assert hand(one, "Right hand") == list(high)
    assert len(hand(one, "Left hand")) == 16
    # Where all are high, they are shared out all the same.
    one = keyboard_song(song((52, high), (52, tuple((o, d, p + 12, v) for o, d, p, v in high))))
    assert hand(one, "Left hand") == list(high)


def test_a_continuo_is_not_the_piece() -> None:
    one = keyboard_song(song((VIOLIN, RIGHT), (6, LEFT)))
    assert one.n_notes == 20
    assert one.remarks == ("its keyboard only accompanies: its 2 pitched parts are taken for one player's",)


def test_organs_count_where_no_piano_plays() -> None:
    assert keyboard_song(song((CHURCH_ORGAN, RIGHT), (VIOLIN, LEFT))).n_notes == 16
    assert keyboard_song(song((CHURCH_ORGAN, RIGHT), (0, RIGHT[:10]))).n_notes == 10


def test_a_key_struck_twice_at_once_sounds_once_and_as_long_as_the_longer() -> None:
    low: tuple[Row, ...] = ((0, 24, 40, 80),)
    one = keyboard_song(
        song((0, ((0, 12, 60, 90), (48, 24, 64, 90))), (0, ((0, 48, 60, 50), (48, 24, 64, 95))), (0, low))
    )
    assert hands(one) == ([(0, 48, 60, 50), (48, 24, 64, 95)], list(low))
    assert one.remarks[-1] == "struck by two parts at once, and once on a keyboard: 2 notes"


def test_a_key_is_struck_by_one_hand_only() -> None:
    one = keyboard_song(song((0, ((0, 24, 60, 90), (24, 24, 72, 90))), (0, ((0, 96, 60, 50), (24, 24, 48, 50)))))
    assert hands(one) == ([(0, 24, 60, 90), (24, 24, 72, 90)], [(24, 24, 48, 50)])


def test_a_key_struck_again_ends_what_it_played() -> None:
    high = ((0, 96, 80, 80), (24, 96, 81, 80))
    one = keyboard_song(song((0, high), (0, ((0, 96, 60, 80), (24, 12, 60, 70), (36, 12, 62, 70)))))
    assert hand(one, "Left hand") == [(0, 24, 60, 80), (24, 12, 60, 70), (36, 12, 62, 70)]


def test_of_chords_for_more_than_five_fingers_a_hand_strikes_the_outer_keys_and_it_is_said() -> None:
    low, high = (tuple((0, 24, base + 2 * n, 80) for n in range(7)) for base in (30, 70))
    one = keyboard_song(song((48, low), (48, high)))
    assert [[row[2] for row in rows] for rows in hands(one)] == [[74, 76, 78, 80, 82], [30, 32, 34, 36, 38]]
    assert one.remarks[-1] == "not used: 4 notes in chords for more than five fingers"


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
    assert (used.name, used.song.n_notes) == ("duo.mid", 132)
    assert [part.name for part in used.song.parts] == list(HANDS) and len(used.roles) == 2
    assert {refusal.name: refusal.reason for refusal in corpus.refused} == {
        "loop.mid": "has only drums, and a keyboard cannot play them",
        "violin.mid": "100% of its notes are those of duo.mid",
    }
    assert "note: no keyboard part: its 2 pitched parts are taken for one player's" in report_text(corpus)
    assert [part.program for part in collect([tmp_path]).used[0].song.parts] == [VIOLIN, HARP]
