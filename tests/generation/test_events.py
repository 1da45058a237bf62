"""Events: one for each cell, one for each note, in the order in which a part plays them."""

from __future__ import annotations

from bandroid.generation.cell_contexts import DRUM_FAMILY
from bandroid.generation.events import event_after
from bandroid.generation.lesson import lesson
from bandroid.music.song import Song
from bandroid.representations.score_cursor import Cursor
from small_band import small_song


def events_of(song: Song) -> list[list[tuple[int, ...]]]:
    """Per part of the score."""
    one = lesson(song)
    cursor, found = Cursor(), [list[tuple[int, ...]]() for _ in one.sheet.parts]
    for token in one.tokens:
        part, event = cursor.part, event_after(cursor, token)
        cursor.advance(token)
        if event is not None:
            found[part].append(event)
    return found


def test_cells_and_their_notes_follow_one_another() -> None:
    song = small_song(n_bars=4)
    drums, bass, guitar = sorted(events_of(song), key=lambda events: -events[0][1])
    assert drums[0][:4] == (0, DRUM_FAMILY, 2, 0)  # a new cell in bar 0
    # Bars 2 and 3 of the drums are bar 1 again; the fill of bar 4 is new.
    assert [(event[2], event[3]) for event in drums if event[0] == 0] == [(2, 0), (3, 1), (3, 2), (2, 3)]
    notes = [event for event in bass if event[0] == 1][:4]
    assert [event[4:6] for event in notes] == [(1, 0), (1, 1), (1, 2), (1, 3)]  # on the beats
    assert notes[0][8] == 0 and notes[1][8] == 25 and notes[3][8] == 25 + 12  # no interval, none, an octave up
    assert {event[1] for event in guitar} == {27 // 8} and {event[9] for event in drums if event[0] == 1} == {0}


def test_silence_is_an_event_too() -> None:
    (guitar,) = (events for events in events_of(small_song(n_bars=8)) if events[0][1] == 27 // 8)
    assert [event[2] for event in guitar if event[0] == 0][4:] == [1, 1, 1, 1]
