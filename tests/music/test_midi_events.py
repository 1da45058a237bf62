"""Bytes of tracks become the very events that were written, whatever the running status, and damage stays local."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from midi_building import END, note, number, program

from bandroid.music.midi_events import (
    MAX_SINGLE_EVENTS,
    SYSEX,
    FileEvents,
    TooManyEventsError,
    read_events,
)

LEAD = b"MThd----"  # events never begin with the first byte of a file
DATA = st.integers(0, 127)
DELTA = st.one_of(st.integers(0, 200), st.integers(0, 0x0FFFFFFF))


@st.composite
def channel_event(draw: st.DrawFn) -> tuple[int, int, int, int]:
    """(delta, status, data1, data2)"""
    status = draw(st.integers(0x80, 0xEF))
    data2 = 0 if 0xC0 <= status < 0xE0 else draw(DATA)
    return draw(DELTA), status, draw(DATA), data2


@st.composite
def other_event(draw: st.DrawFn) -> tuple[int, int, bytes]:
    """(delta, kind, content): a meta event, or a system exclusive message"""
    return draw(DELTA), draw(st.sampled_from((1, 3, 0x51, 0x7F, SYSEX))), draw(st.binary(max_size=200))


Event = tuple[int, int, int, int] | tuple[int, int, bytes]


def written(events: list[Event], running: bool) -> bytes:
    """Write events, leaving a repeated status away where `running`."""
    out, last = b"", -1
    for event in events:
        if len(event) == 3:
            delta, kind, content = event
            head = b"\xf0" if kind == SYSEX else bytes((0xFF, kind))
            out += number(delta) + head + number(len(content)) + content
            last = -1
        else:
            delta, status, data1, data2 = event
            out += number(delta) + (b"" if running and status == last else bytes((status,)))
            out += bytes((data1,) if 0xC0 <= status < 0xE0 else (data1, data2))
            last = status
    return out


def parsed(*bodies: bytes) -> FileEvents:
    content, spans = LEAD, []
    for body in bodies:
        spans.append((len(content), len(content) + len(body)))
        content += body + b"MTrk\0\0\0\1"  # what stands between tracks must not matter
    return read_events(content, tuple(spans))


def channel_rows(events: FileEvents) -> list[tuple[int, int, int, int, int]]:
    channel = events.channel
    columns = (channel.track, channel.tick, channel.status, channel.data1, channel.data2)
    return list(zip(*(column.tolist() for column in columns), strict=True))


EVENTS = st.lists(st.one_of(channel_event(), channel_event(), other_event()), max_size=40)


@given(st.lists(EVENTS, min_size=1, max_size=3), st.booleans(), st.booleans())
def test_events_come_back_as_written(tracks: list[list[Event]], running: bool, closed: bool) -> None:
    events = parsed(*(written(events, running) + END * closed for events in tracks))
    channel, messages = [], []
    for index, track in enumerate(tracks):
        tick = 0
        for event in track:
            tick += event[0]
            if len(event) == 3:
                messages.append((index, tick, event[1], event[2]))
            else:
                channel.append((index, tick, *event[1:]))
    assert channel_rows(events) == channel
    assert events.messages == messages
    assert not any(track.n_damaged or track.is_cut or track.is_unfinished for track in events.tracks)


@given(st.binary(max_size=400))
def test_any_bytes_are_survived(body: bytes) -> None:
    events = parsed(body)
    channel = events.channel
    assert not channel.data1.size or (channel.data1.max() < 128 and channel.data2.max() < 128)
    assert not channel.tick.size or channel.tick.min() >= 0


SCALE = b"".join(note(60 + step % 12) for step in range(100))


def test_an_impossible_program_is_repaired_and_counted() -> None:
    events = parsed(program(0, 0xE6) + SCALE + END)
    assert channel_rows(events)[0] == (0, 0, 0xC0, 0x66, 0)
    assert events.tracks[0].n_damaged == 1
    assert events.channel.tick.size == 201


def test_a_lost_byte_costs_one_event() -> None:
    lost = SCALE + bytes((0, 0x90, 60)) + SCALE + END  # its velocity is missing
    events = parsed(lost)
    assert 1 <= events.tracks[0].n_damaged <= 2
    assert 399 <= events.channel.tick.size <= 402


def test_too_much_damage_cuts_the_track_at_its_first() -> None:
    events = parsed(SCALE + b"\0\xc0\xff" * 20 + SCALE + END)
    assert events.tracks[0].is_cut
    assert events.channel.tick.size == 200
    assert events.tracks[0].lost_byte == 60 + len(SCALE) + len(END)


def test_noise_cuts_the_track() -> None:
    noise = bytes((37 * n * n + 11 * n) % 251 for n in range(1, 3000))
    events = parsed(SCALE + noise)
    assert events.tracks[0].is_cut
    assert events.channel.tick.size < 220


@pytest.mark.parametrize("lacking", range(1, 5))
def test_a_track_may_break_off_in_its_last_event(lacking: int) -> None:
    body = SCALE + number(480) + bytes((0x90, 60, 64))
    events = parsed(body[:-lacking])
    assert events.channel.tick.size == 200
    assert not events.tracks[0].is_cut


def test_events_behind_the_end_of_the_track_do_not_count() -> None:
    assert parsed(SCALE + END + SCALE).channel.tick.size == 200


def test_a_flood_of_single_events_is_refused() -> None:
    with pytest.raises(TooManyEventsError):
        parsed(b"\0\xff\x01\0" * (MAX_SINGLE_EVENTS + 1))
