"""Read a MIDI file of any kind, also a damaged one, into a Song.

    bytes -> chunks (midi_chunks) -> events (midi_events) -> notes (midi_notes) -> parts (midi_parts)
                                                         -> tempo, metre, key, words (midi_timeline)

What was repaired or left out stands in the song's remarks. docs/decisions/0003-own-midi-reader.md says why we read
MIDI ourselves.
"""

from __future__ import annotations

import stat
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np

from bandroid.errors import MidiError
from bandroid.music.clock import duration_second
from bandroid.music.midi_channels import read_channels
from bandroid.music.midi_chunks import Chunks, find_chunks
from bandroid.music.midi_events import FileEvents, TooManyEventsError, read_events
from bandroid.music.midi_notes import RawNotes, channel_of, pair_notes
from bandroid.music.midi_parts import make_parts
from bandroid.music.midi_text import counted, numbered
from bandroid.music.midi_timeline import Timeline, drop_on_bar_lines, read_timeline, whole_tick_factor
from bandroid.music.song import Song, TempoChange

MAX_BYTE = 16 << 20
MAX_NOTES = 500_000
MAX_SECOND = 6 * 3600.0
_MAX_TICK = 1 << 36
"""6 hours at 10,000 quarters a minute and 19,000 ticks per quarter: beyond, only damage lies"""
_DEFAULT_TICKS_PER_QUARTER = 480


def read_midi(path: Path) -> Song:
    """Read a MIDI file.

    Times are the file's own ticks. Parts are split by track, channel and program. An empty `tempos` or `metres` means
    that the file states none. Raises MidiError with a plain reason.
    """
    path = Path(path)
    content = read_bytes(path)
    return song_from_bytes(content, path)


def read_comment(path: Path) -> str | None:
    """Return what bandroid wrote into a file about how it was made (seed, style, options); None elsewhere."""
    path = Path(path)
    content = read_bytes(path)
    events = _events(content, find_chunks(content, path), path)
    return read_timeline(events.messages).comment


def read_bytes(path: Path) -> bytes:
    """Return a file's bytes, within the limit; raises MidiError."""
    try:
        status = path.stat()
        size = status.st_size
        if not stat.S_ISREG(status.st_mode):
            raise MidiError(path, "is a folder or a device, not a file")
        if size > MAX_BYTE:
            raise MidiError(path, f"is too large for a MIDI file ({size / 1e6:.0f} MB; the limit is 16 MB)")
        return path.read_bytes()
    except FileNotFoundError as error:
        raise MidiError(path, "does not exist") from error
    except OSError as error:
        raise MidiError(path, f"cannot be read ({error.strerror or error})") from error


def song_from_bytes(content: bytes, path: Path) -> Song:
    """Make a song of a MIDI file's bytes; `path` is for messages only. Raises MidiError."""
    chunks = find_chunks(content, path)
    events = _events(content, chunks, path)
    remarks = [*chunks.remarks, *_track_remarks(chunks, events, path)]
    if chunks.kind == 2 and len(events.tracks) > 1:
        events = _one_after_another(events)
        remarks.append(f"{len(events.tracks)} patterns (type 2) were put one after another")
    line = read_timeline(events.messages)
    division = _time_division(chunks.division)
    ticks_per_quarter = division.ticks_per_quarter
    factor = whole_tick_factor(line.metres, ticks_per_quarter)
    if factor > 1:
        remarks.append(f"all ticks were multiplied by {factor}, so that every bar has a whole number of them")
        ticks_per_quarter *= factor
    if factor * division.factor > 1:
        events = _with_ticks_times(events, factor * division.factor)
        line = read_timeline(events.messages)
    if division.tempo_qpm:
        if line.tempos:
            remarks.append("the file counts in film time (SMPTE), so its tempo changes were left out")
        line.tempos = [TempoChange(0, division.tempo_qpm)]
    if chunks.division == 0:
        remarks.append(f"the header states 0 ticks per quarter; read as {ticks_per_quarter}")

    _check_size(events, path)
    ports = np.zeros(len(events.tracks), dtype=np.int64)
    for track, port in line.ports.items():
        ports[track] = port
    channel = channel_of(events.channel, ports)
    raw = pair_notes(events.channel, channel, events.tracks, ticks_per_quarter)
    if not raw.onset_tick.size:
        raise MidiError(path, "has no notes")
    channels = read_channels(events.channel, channel, events.messages)
    parts, part_remarks = make_parts(raw, channels, line, len(events.tracks))
    song = Song(
        ticks_per_quarter=ticks_per_quarter,
        parts=parts,
        tempos=tuple(line.tempos),
        metres=drop_on_bar_lines(line.metres, ticks_per_quarter),
        keys=tuple(line.keys),
        chords=tuple(line.chords),
        markers=tuple(line.markers),
        fermatas=tuple(sorted(line.fermatas)),
        title=_title(line, bool((raw.track == 0).any()), len(events.tracks)),
    )
    if duration_second(song) > MAX_SECOND:
        raise MidiError(path, "lasts longer than 6 hours")
    if all(part.volume == 0 for part in parts):
        raise MidiError(path, "has no notes that sound: the volume of every part is 0")
    remarks += [*_note_remarks(raw), *part_remarks, *_rest_remarks(line.left_out, line.unused + channels.unused)]
    return replace(song, remarks=tuple(remarks))


def _events(content: bytes, chunks: Chunks, path: Path) -> FileEvents:
    try:
        return read_events(content, chunks.spans)
    except TooManyEventsError:
        raise MidiError(path, "has too many events that are not notes for a song") from None


def _track_remarks(chunks: Chunks, events: FileEvents, path: Path) -> list[str]:
    """Say what became of damaged tracks; raises MidiError where most of the file is damaged."""
    n_byte = sum(end - begin for begin, end in chunks.spans)
    is_whole = not chunks.is_truncated
    n_lost = sum(t.lost_byte for t in events.tracks if t.is_cut or (t.is_unfinished and is_whole))
    if 2 * n_lost > n_byte:
        raise MidiError(path, "is damaged: most of it is no readable music")
    remarks = ["the file is cut off; what is there was read"] if chunks.is_truncated else []
    for number, state in enumerate(events.tracks, start=1):
        if state.is_cut:
            remarks.append(f"track {number} is damaged: its last {counted(state.lost_byte, 'byte')} left out")
    for thing, fate, counts in (
        ("damaged event", "repaired or left out", [0 if t.is_cut else t.n_damaged for t in events.tracks]),
        ("message of live playing", "left out", [t.n_misplaced for t in events.tracks]),
        ("unfinished event", "left out", [t.is_unfinished and is_whole for t in events.tracks]),
    ):
        numbers = [number for number, count in enumerate(counts, start=1) if count]
        if numbers:
            remarks.append(f"{numbered('track', numbers)}: {counted(sum(counts), thing)}, {fate}")
    return remarks


def _one_after_another(events: FileEvents) -> FileEvents:
    """Shift the patterns of a type 2 file so that each begins where the one before it ends."""
    lengths = [state.end_tick for state in events.tracks]
    begin = np.concatenate([[0], np.cumsum(lengths)])
    channel = replace(events.channel, tick=events.channel.tick + begin[events.channel.track])
    messages = [m._replace(tick=m.tick + int(begin[m.track])) for m in events.messages]
    tracks = [replace(state, end_tick=int(begin[n + 1])) for n, state in enumerate(events.tracks)]
    return FileEvents(channel, messages, tracks)


class _Division(NamedTuple):
    ticks_per_quarter: int
    factor: int
    """by how much the file's ticks must be multiplied to be ticks of that resolution"""
    tempo_qpm: float
    """the tempo at which ticks have the length that the header states in seconds; 0: it states none"""


def _time_division(division: int) -> _Division:
    """Read the header's time division: ticks per quarter, or for film time (SMPTE) ticks per second.

    25 frames of 40 ticks are 1000 ticks a second: 500 per quarter at 120 quarters a minute.
    """
    if division & 0x8000 == 0:
        return _Division(division or _DEFAULT_TICKS_PER_QUARTER, 1, 0.0)
    frames = 256 - (division >> 8)
    tempo_qpm = 120.0
    if frames == 29:  # stands for 29.97 a second: 30, slowed by 1000/1001
        frames, tempo_qpm = 30, 120.0 * 1000 / 1001
    ticks_per_second = max(frames * (division & 255), 1)
    if ticks_per_second % 2:
        return _Division(ticks_per_second, 2, tempo_qpm)
    return _Division(ticks_per_second // 2, 1, tempo_qpm)


def _with_ticks_times(events: FileEvents, factor: int) -> FileEvents:
    channel = replace(events.channel, tick=events.channel.tick * factor)
    messages = [message._replace(tick=message.tick * factor) for message in events.messages]
    tracks = [replace(state, end_tick=state.end_tick * factor) for state in events.tracks]
    return FileEvents(channel, messages, tracks)


def _check_size(events: FileEvents, path: Path) -> None:
    is_note = events.channel.status < 0xA0
    n_on = int(np.count_nonzero((events.channel.status & 0xF0 == 0x90) & (events.channel.data2 > 0)))
    if n_on > MAX_NOTES:
        raise MidiError(path, f"has {n_on} notes, more than the limit of {MAX_NOTES}")
    if is_note.any() and int(events.channel.tick[is_note].max()) > _MAX_TICK:
        raise MidiError(path, "lasts longer than 6 hours")


def _title(line: Timeline, is_first_playing: bool, n_tracks: int) -> str:
    """Return the karaoke title, or the first track's name where that track is no part of its own."""
    if line.title:
        return line.title
    return line.names.get(0, "") if n_tracks == 1 or not is_first_playing else ""


def _note_remarks(raw: RawNotes) -> list[str]:
    remarks = []
    for count, words in (
        (raw.n_hanging, "never switched off: ended with the next of its pitch, or with its track"),
        (raw.n_zero_length, "of no length: made one tick long"),
        (raw.n_pedalled, "held by the sustain pedal: made longer"),
    ):
        if count:
            remarks.append(f"{counted(count, 'note')} {words}")
    if raw.n_stray_off:
        remarks.append(f"{counted(raw.n_stray_off, 'note-off')} without a note: left out")
    return remarks


def _rest_remarks(left_out: Counter[str], unused: Counter[str]) -> list[str]:
    """Say what a Song has no place for."""
    remarks = [f"{counted(count, thing)}: left out" for thing, count in left_out.items()]
    named = ", ".join(counted(count, thing) for thing, count in unused.items() if count)
    return [*remarks, f"not used: {named}"] if named else remarks
