"""Chords and voices: what a reader sees of notes that overlap."""

from __future__ import annotations

from bandroid.music.notation.voices import Chord, assign_hands, split_feet, split_voices

Row = tuple[int, int, int]
"""(start, end, pitch)"""


def _split(*rows: Row) -> tuple[list[Row], list[Row]]:
    onset, end, pitch = zip(*rows, strict=True)
    voices = split_voices(onset, end, pitch, range(len(rows)))

    def said(voice: list[Chord]) -> list[Row]:
        return [(chord.start, chord.end, pitch[i]) for chord in voice for i in chord.notes]

    return said(voices[0]), said(voices[1])


def test_notes_of_one_length_are_a_chord() -> None:
    assert _split((0, 24, 60), (0, 24, 64), (24, 48, 62)) == ([(0, 24, 60), (0, 24, 64), (24, 48, 62)], [])


def test_a_held_bass_is_the_lower_voice() -> None:
    upper, lower = _split((0, 96, 40), (24, 48, 60), (48, 96, 62))
    assert (upper, lower) == ([(24, 48, 60), (48, 96, 62)], [(0, 96, 40)])


def test_a_held_melody_is_the_upper_voice() -> None:
    upper, lower = _split((0, 24, 40), (0, 96, 72), (24, 48, 43), (48, 96, 45))
    assert (upper, lower) == ([(0, 96, 72)], [(0, 24, 40), (24, 48, 43), (48, 96, 45)])


def test_a_little_legato_is_no_second_voice() -> None:
    assert _split((0, 27, 60), (24, 48, 62)) == ([(0, 24, 60), (24, 48, 62)], [])


def test_strings_that_ring_on_leave_a_bass_and_a_line() -> None:
    upper, lower = _split((0, 96, 40), (12, 96, 52), (24, 96, 57), (36, 96, 61))
    assert lower == [(0, 96, 40)]
    assert upper == [(12, 24, 52), (24, 36, 57), (36, 96, 61)]


def test_hands_share_wide_chords_and_keep_their_lines() -> None:
    onset, pitch = [0, 0, 0, 0, 24, 48, 72], [36, 43, 67, 72, 59, 57, 50]
    assert assign_hands(onset, pitch).tolist() == [1, 1, 0, 0, 0, 0, 1]


def test_feet_are_the_lower_voice() -> None:
    upper, lower = split_feet([0, 0, 12], [36, 42, 42], frozenset({36}))
    assert upper == [Chord(0, 0, (1,)), Chord(12, 12, (2,))]
    assert lower == [Chord(0, 0, (0,))]
