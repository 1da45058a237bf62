"""Write a Song as a MIDI file (type 1) that any player and `read_midi` understand; the same song gives the same bytes.

The first track holds title, tempo, metre, key, section markers, chord symbols, fermatas and the comment; then comes
one track a part. What MIDI cannot hold: a tempo that is no whole number of microseconds per quarter (120 is, 103
becomes 103.00005, which our reader rounds back), a tempo below 3.6, and which of two notes of one pitch ends first
where one lies inside the other: the first to begin is the first to end.
"""

from __future__ import annotations

import io
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from mido import Message, MetaMessage, MidiFile, MidiTrack

from bandroid.files import write_atomically
from bandroid.music.midi_timeline import CHORD_PREFIX, COMMENT_PREFIX, FERMATA_TEXT, microsecond_of
from bandroid.music.quantize import snap
from bandroid.music.song import KeyChange, MetreChange, Part, Song

MAX_TICKS_PER_QUARTER = 0x7FFF
"""15 bits of the header"""
_FINE_TICKS_PER_QUARTER = 9_600
"""for songs of a higher resolution than MIDI has: no ear notices 1/9600"""
_MAX_DELTA_TICK = 0x0FFFFFFF
"""28 bits: a longer pause is written in pieces"""

_DRUM_CHANNEL = 9
_PITCHED_CHANNELS = (0, 1, 2, 3, 4, 5, 6, 7, 8, 10, 11, 12, 13, 14, 15)
"""all but channel 10, counted from 0"""

# What comes first at one tick: notes end before others begin, and words stand before the note that they are sung on.
_OFF, _SETTING, _WORD, _ON = range(4)

Event = tuple[int, int, Any]
"""tick, order within the tick, message"""


def write_midi(song: Song, path: Path, *, comment: str = "") -> None:
    """Write a song to `path`, whole or not at all. `comment`: how it was made; `read_comment` gives it back."""
    write_atomically(Path(path), midi_bytes(song, comment))


def midi_bytes(song: Song, comment: str = "") -> bytes:
    """Return the bytes of a song's MIDI file."""
    if song.ticks_per_quarter > MAX_TICKS_PER_QUARTER:
        song = snap(song, _FINE_TICKS_PER_QUARTER).song
    file = MidiFile(type=1, ticks_per_beat=song.ticks_per_quarter, charset="utf-8")
    file.tracks.append(_track(song.title, _timeline(song, comment)))
    places = _places(song.parts)
    has_ports = any(port for port, _ in places)
    for part, (port, channel) in zip(song.parts, places, strict=True):
        events = _part(part, channel)
        if has_ports:
            events.insert(0, (0, _OFF, MetaMessage("midi_port", port=port)))
        file.tracks.append(_track(part.name, events))
    out = io.BytesIO()
    file.save(file=out)
    return out.getvalue()


def _places(parts: Iterable[Part]) -> list[tuple[int, int]]:
    """Give each part a (port, channel), drums on channel 10.

    Up to 15 pitched parts have a channel each. From the 16th on a part shares the channel of an earlier one of the
    same program, volume and pan; where there is none, it gets a channel on the next port (a port event, FF 21,
    says so; players that ignore ports play it on the channel of the same number).
    """
    places: list[tuple[int, int]] = []
    taken: dict[tuple[bool, int, int, int], tuple[int, int]] = {}
    n_used = {False: 0, True: 0}
    for part in parts:
        sound = (part.is_drum, part.program, part.volume, part.pan)
        channels = (_DRUM_CHANNEL,) if part.is_drum else _PITCHED_CHANNELS
        is_first_port_full = n_used[part.is_drum] >= len(channels)
        if is_first_port_full and sound in taken:
            places.append(taken[sound])
            continue
        port, index = divmod(n_used[part.is_drum], len(channels))
        n_used[part.is_drum] += 1
        places.append((port & 0x7F, channels[index]))
        taken.setdefault(sound, places[-1])
    return places


def _timeline(song: Song, comment: str) -> list[Event]:
    """Return the events of the first track."""
    events: list[Event] = []
    if comment:
        events.append((0, _OFF, MetaMessage("text", text=_clean(COMMENT_PREFIX + comment))))
    events += [
        (c.onset_tick, _SETTING, MetaMessage("set_tempo", tempo=microsecond_of(c.tempo_qpm))) for c in song.tempos
    ]
    events += [(c.onset_tick, _SETTING, _metre(c)) for c in song.metres]
    events += [(c.onset_tick, _SETTING, MetaMessage("key_signature", key=_key_name(c))) for c in song.keys]
    events += [(m.onset_tick, _WORD, MetaMessage("marker", text=_clean(m.text))) for m in song.markers]
    events += [(c.onset_tick, _WORD, MetaMessage("text", text=_clean(CHORD_PREFIX + c.text))) for c in song.chords]
    events += [(at_tick, _WORD, MetaMessage("text", text=FERMATA_TEXT)) for at_tick in song.fermatas]
    return events


def _part(part: Part, channel: int) -> list[Event]:
    """Return the events of a part's track."""
    events: list[Event] = [
        (0, _SETTING, Message("program_change", channel=channel, program=part.program)),
        (0, _SETTING, Message("control_change", channel=channel, control=7, value=part.volume)),
        (0, _SETTING, Message("control_change", channel=channel, control=10, value=part.pan)),
    ]
    events += [(lyric.onset_tick, _WORD, MetaMessage("lyrics", text=_clean(lyric.text))) for lyric in part.lyrics]
    notes = part.notes
    rows = zip(
        notes.onset_tick.tolist(), notes.end_tick.tolist(), notes.pitch.tolist(), notes.velocity.tolist(), strict=True
    )
    for onset_tick, end_tick, pitch, velocity in rows:
        events.append((onset_tick, _ON, Message("note_on", channel=channel, note=pitch, velocity=velocity)))
        # velocity 0 ends a note, and running status saves its status byte
        events.append((end_tick, _OFF, Message("note_on", channel=channel, note=pitch, velocity=0)))
    return events


def _track(name: str, events: list[Event]) -> MidiTrack:
    """Put events in order (equal ones as they come) and turn ticks into delta times."""
    track = MidiTrack()
    if name:
        track.append(MetaMessage("track_name", name=_clean(name)))
    now_tick = 0
    for tick, _, message in sorted(events, key=lambda event: event[:2]):
        while tick - now_tick > _MAX_DELTA_TICK:
            track.append(MetaMessage("text", text="", time=_MAX_DELTA_TICK))
            now_tick += _MAX_DELTA_TICK
        message.time = tick - now_tick
        track.append(message)
        now_tick = tick
    return track


def _metre(change: MetreChange) -> MetaMessage:
    return MetaMessage("time_signature", numerator=change.numerator, denominator=change.denominator)


_MAJOR_KEYS = ("Cb", "Gb", "Db", "Ab", "Eb", "Bb", "F", "C", "G", "D", "A", "E", "B", "F#", "C#")
_MINOR_KEYS = ("Abm", "Ebm", "Bbm", "Fm", "Cm", "Gm", "Dm", "Am", "Em", "Bm", "F#m", "C#m", "G#m", "D#m", "A#m")


def _key_name(change: KeyChange) -> str:
    return (_MINOR_KEYS if change.is_minor else _MAJOR_KEYS)[change.fifths + 7]


def _clean(text: str) -> str:
    """Replace what UTF-8 cannot hold (halves of surrogate pairs, from a broken file name)."""
    return text.encode("utf-8", "replace").decode("utf-8")
