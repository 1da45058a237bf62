"""A chord that is struck again and again is a run, as one note is; how long it may be is the band's affair."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from bandroid.critique.habits import longest_chord_run
from bandroid.generation.choices import CHOICES
from bandroid.generation.guard import Guard
from bandroid.generation.lesson import lesson
from bandroid.generation.lineup import LineUp
from bandroid.music.notes import Notes
from bandroid.music.song import MetreChange, Part, Song
from bandroid.representations.score_cursor import Cursor

EIGHTH, BAR = 24, 192
PITCH = CHOICES["pitch"]


def piece(n_equal: int) -> Song:
    """A bar of single notes, then one chord `n_equal` times, then another chord."""
    rows = [(EIGHTH * n, EIGHTH, 64 + n % 3, 80) for n in range(8)]
    for n in range(n_equal + 1):
        pitches = (60, 64, 67) if n < n_equal else (60, 65, 69)
        rows += [(BAR + EIGHTH * n, EIGHTH, pitch, 80) for pitch in pitches]
    return Song(48, (Part("Piano", 0, False, Notes.from_rows(rows)),), (), (MetreChange(0, 4, 4),))


def forbidden_after(n_equal: int, line_up: LineUp) -> list[int]:
    """Which pitches a guard rules out for the first note after the run."""
    guard, cursor = Guard(line_up, [line_up]), Cursor()
    n_before = 8 + 3 * n_equal
    for token in lesson(piece(n_equal)).tokens:
        n_written = sum(map(len, cursor.history[0])) + len(cursor.content) if cursor.history else 0
        if cursor.stage == "pitch" and n_written == n_before:
            steered = guard.steer(cursor, PITCH, np.full(PITCH.size, 1 / PITCH.size))
            return np.flatnonzero(steered == 0).tolist()
        cursor.advance(token)
    raise AssertionError("the run is not there")


def test_a_lesson_knows_the_longest_run() -> None:
    (player,) = lesson(piece(11)).line_up.players
    assert (player.longest_chord_run, player.longest_pitch_run) == (11, 1)


def test_runs_are_of_what_sounds_together() -> None:
    onset, pitch = np.array([0, 0, 1, 1, 2, 2, 3]), np.array([60, 64, 60, 64, 60, 65, 60])
    assert longest_chord_run(onset, pitch) == 2
    assert longest_chord_run(onset[:0], pitch[:0]) == 0


@pytest.mark.parametrize(
    ("own", "n_equal", "is_ruled_out"), [(11, 7, False), (11, 10, False), (11, 12, True), (0, 40, False)]
)
def test_a_chord_comes_no_more_often_than_in_its_song(own: int, n_equal: int, is_ruled_out: bool) -> None:
    line_up = lesson(piece(11)).line_up
    line_up = replace(line_up, players=(replace(line_up.players[0], longest_chord_run=own),))
    found = forbidden_after(n_equal, line_up)
    # The lowest of the chord, its song moved to C.
    assert len(found) == is_ruled_out
    assert LineUp.from_json(line_up.as_json()) == line_up
