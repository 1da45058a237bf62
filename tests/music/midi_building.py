"""MIDI files from single bytes, for tests: a few words per event, no library."""

from __future__ import annotations

from pathlib import Path

from bandroid.music.midi_reader import song_from_bytes
from bandroid.music.song import Song

NOWHERE = Path("test.mid")
END = b"\x00\xff\x2f\x00"


def number(value: int) -> bytes:
    """A variable length quantity: 480 -> 83 60."""
    digits = [value & 0x7F]
    while value := value >> 7:
        digits.append(value & 0x7F | 0x80)
    return bytes(reversed(digits))


def header(kind: int = 1, n_tracks: int = 1, division: int = 480) -> bytes:
    return b"MThd" + bytes([0, 0, 0, 6, 0, kind]) + n_tracks.to_bytes(2) + division.to_bytes(2)


def track(*events: bytes, length: int | None = None) -> bytes:
    """A track chunk; `length` overrides the stated length."""
    body = b"".join(events)
    return b"MTrk" + (len(body) if length is None else length).to_bytes(4) + body


def file(*tracks: bytes, kind: int = 1, division: int = 480) -> bytes:
    """A whole file of finished tracks' events (without END)."""
    return header(kind, len(tracks), division) + b"".join(track(events, END) for events in tracks)


def on(delta: int, pitch: int, velocity: int = 80, channel: int = 0) -> bytes:
    return number(delta) + bytes([0x90 | channel, pitch, velocity])


def off(delta: int, pitch: int, channel: int = 0) -> bytes:
    return number(delta) + bytes([0x80 | channel, pitch, 64])


def note(pitch: int, length: int = 480, delta: int = 0, velocity: int = 80, channel: int = 0) -> bytes:
    return on(delta, pitch, velocity, channel) + off(length, pitch, channel)


def control(delta: int, which: int, value: int, channel: int = 0) -> bytes:
    return number(delta) + bytes([0xB0 | channel, which, value])


def program(delta: int, value: int, channel: int = 0) -> bytes:
    return number(delta) + bytes([0xC0 | channel, value])


def meta(delta: int, kind: int, content: bytes) -> bytes:
    return number(delta) + bytes([0xFF, kind]) + number(len(content)) + content


def name(text: str) -> bytes:
    return meta(0, 3, text.encode())


def tempo(delta: int, microsecond: int) -> bytes:
    return meta(delta, 0x51, microsecond.to_bytes(3))


def metre(delta: int, numerator: int, power: int) -> bytes:
    return meta(delta, 0x58, bytes([numerator, power, 24, 8]))


def sysex(delta: int, content: bytes) -> bytes:
    return number(delta) + b"\xf0" + number(len(content) + 1) + content + b"\xf7"


def read(content: bytes) -> Song:
    return song_from_bytes(content, NOWHERE)


def rows(song: Song, part: int = 0) -> list[tuple[int, int, int, int]]:
    """A part's notes as (onset, length, pitch, velocity)."""
    notes = song.parts[part].notes
    columns = (notes.onset_tick, notes.length_tick, notes.pitch, notes.velocity)
    return list(zip(*(column.tolist() for column in columns), strict=True))
