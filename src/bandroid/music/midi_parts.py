"""Notes of tracks and channels -> parts: which instrument plays what, under which name, and what is drums."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from bandroid.music.general_midi import PROGRAM_NAMES
from bandroid.music.midi_events import SYSEX, ChannelEvents, Message
from bandroid.music.midi_notes import Ints, RawNotes
from bandroid.music.midi_text import counted
from bandroid.music.midi_timeline import Timeline
from bandroid.music.notes import Notes
from bandroid.music.song import DRUM_PROGRAM, Part, TextEvent

MAX_PARTS = 128
"""more than any score has; those with the fewest notes are left out, with a remark"""

_BANK, _VOLUME, _PAN = 0, 7, 10
_DRUM_CHANNEL = 9
"""channel 10, counted from 0"""
_IS_USED = np.zeros(128, dtype=np.bool_)
_IS_USED[[_BANK, 32, _VOLUME, _PAN, 64, 120, 121, 123]] = True
"""controllers that leave their mark on a Song, or that only set things back"""
_GM2_DRUM_BANK = 120
_XG_DRUM_BANKS = (126, 127)
"""drums under Yamaha XG; under Roland GS the same numbers mean old synthesizers' sounds"""
_GS_RESET = bytes.fromhex("42 12 40 00 7f 00")
_DRUM_NAME = re.compile(r"\b(drums?|drum ?(kit|set|machine|track)|percussions?|schlagzeug|batterie|bateria)\b", re.I)
_NOT_DRUM_NAME = re.compile(r"\b(steel|bass and)\b", re.I)


@dataclass(slots=True)
class Channels:
    """What the channels' own messages say, by (track, channel) and by channel over all tracks."""

    programs: dict[tuple[int, int], list[tuple[int, int]]] = field(default_factory=dict)
    """(tick, program) in order; track -1: the channel's changes in all tracks"""
    banks: dict[tuple[int, int], list[tuple[int, int]]] = field(default_factory=dict)
    """(tick, bank select MSB) in order, the same way"""
    volume: dict[tuple[int, int], int] = field(default_factory=dict)
    pan: dict[tuple[int, int], int] = field(default_factory=dict)
    rhythm: dict[int, bool] = field(default_factory=dict)
    """by channel: what a Roland GS message makes of it, drums or not"""
    drum_banks: frozenset[int] = frozenset((_GM2_DRUM_BANK, *_XG_DRUM_BANKS))
    unused: Counter[str] = field(default_factory=Counter)
    """messages that a Song has no place for, by name"""


def read_channels(events: ChannelEvents, channel: Ints, messages: list[Message]) -> Channels:
    """Collect programs, banks, volumes and pans; count what is not used."""
    channels = Channels()
    kind = events.status >> 4
    counts = np.bincount(kind, minlength=16)
    if counts[0xC]:
        at = np.flatnonzero(kind == 0xC)
        channels.programs = _changes(events, channel, at, events.data1)
    n_controllers = int(counts[0xB])
    if n_controllers:
        control = np.flatnonzero(kind == 0xB)
        number = events.data1[control]
        at = control[number == _BANK]
        channels.banks = _changes(events, channel, at, events.data2)
        for one, table in ((_VOLUME, channels.volume), (_PAN, channels.pan)):
            at = control[number == one]
            _firsts(events, channel, at, table)
            if one == _VOLUME:
                # A volume of 0 begins a fade-in: the first one above it counts, if there is one.
                _firsts(events, channel, at[events.data2[at] > 0], table)
        n_controllers -= int(_IS_USED[number].sum())
    channels.unused["pitch bend"] = int(counts[0xE])
    channels.unused["controller change"] = n_controllers
    channels.unused["aftertouch message"] = int(counts[0xA] + counts[0xD])
    sysex = [message for message in messages if message.kind == SYSEX and message.content[:1] == b"\x41"]
    for message in sysex:
        content = message.content
        if content[2:8] == _GS_RESET:
            channels.drum_banks = frozenset((_GM2_DRUM_BANK,))
        # 41 device 42 12 40 1x 15 mode: 'use for rhythm part'; block x counts channel 10 first
        if content[2:5] == b"\x42\x12\x40" and len(content) > 7 and content[5] >> 4 == 1 and content[6] == 0x15:
            block = content[5] & 15
            one = _DRUM_CHANNEL if block == 0 else block - 1 if block < 10 else block
            channels.rhythm[one] = content[7] > 0
    return channels


def _changes(
    events: ChannelEvents, channel: Ints, at: Ints, data: NDArray[np.uint8]
) -> dict[tuple[int, int], list[tuple[int, int]]]:
    """Return (tick, value) lists by (track, channel), and by (-1, channel) for all tracks together."""
    changes: dict[tuple[int, int], list[tuple[int, int]]] = defaultdict(list)
    rows = zip(
        events.track[at].tolist(), channel[at].tolist(), events.tick[at].tolist(), data[at].tolist(), strict=True
    )
    for track, one, tick, value in rows:
        changes[track, one].append((tick, value))
        changes[-1, one].append((tick, value))
    for (track, _), rows_of_channel in changes.items():
        if track == -1:
            rows_of_channel.sort(key=lambda row: row[0])
    return dict(changes)


def _firsts(events: ChannelEvents, channel: Ints, at: Ints, table: dict[tuple[int, int], int]) -> None:
    """Note the first value of each (track, channel), and of each channel in the first track that has one."""
    # backwards, so that the first has the last word
    rows = zip(*(a[at][::-1].tolist() for a in (events.track, channel, events.data2)), strict=True)
    first = {(track, one): value for track, one, value in rows}
    table.update(first)
    table.update({(-1, one): value for (_, one), value in first.items()})


def make_parts(raw: RawNotes, channels: Channels, line: Timeline, n_tracks: int) -> tuple[tuple[Part, ...], list[str]]:
    """Split notes by track, channel and program; returns parts in the file's order, and remarks."""
    remarks: list[str] = []
    lane = (raw.track << 11) | raw.channel  # [N]
    counts = np.bincount(lane)
    lanes = np.flatnonzero(counts).tolist()
    # Each lane's voices (drum or not, program) are numbered in order; most lanes have one.
    voices: list[tuple[int, int, bool, int]] = []  # track, channel, is_drum, program
    voice_of_lane = np.zeros(counts.size, dtype=np.int64)
    split: list[tuple[NDArray[np.int64], NDArray[np.int64]]] = []
    for one in lanes:
        track, channel = one >> 11, one & 0x7FF
        programs = _own_or_shared(channels.programs, track, channel)
        banks = _own_or_shared(channels.banks, track, channel)
        if len({value for _, value in programs}) <= 1 and len({value for _, value in banks}) <= 1:
            program = programs[0][1] if programs else None
            bank = banks[0][1] if banks else None
            notes_of = None if program is not None else raw.pitch[lane == one]
            is_drum = _is_drum(channel, program, bank, channels, line.names.get(track, ""), notes_of)
            voice_of_lane[one] = len(voices)
            voices.append((track, channel, is_drum, program if program is not None else DRUM_PROGRAM if is_drum else 0))
            continue
        notes = np.flatnonzero(lane == one)
        program_of = _value_at(programs, raw.onset_tick[notes])
        bank_of = _value_at(banks, raw.onset_tick[notes])
        combined, first = np.unique(program_of << 8 | bank_of, return_index=True)
        voice = np.zeros(notes.size, dtype=np.int64)
        for value in combined[np.argsort(first)].tolist():
            program, bank = value >> 8, value & 255
            is_drum = _is_drum(channel, program, bank, channels, line.names.get(track, ""), None)
            key = (track, channel, is_drum, program)
            if key not in voices:
                voices.append(key)
            voice[(program_of << 8 | bank_of) == value] = voices.index(key)
        split.append((notes, voice))
    voice_of_note = voice_of_lane[lane]
    for notes, voice_of in split:
        voice_of_note[notes] = voice_of
    groups = _notes_by_voice(raw, voice_of_note, len(voices))
    kept = sorted(range(len(voices)), key=lambda n: -len(groups[n]))[:MAX_PARTS]
    if len(voices) > MAX_PARTS:
        n_lost = sum(len(notes) for notes in groups) - sum(len(groups[n]) for n in kept)
        remarks.append(
            f"{len(voices)} parts are more than the limit of {MAX_PARTS}: those with the fewest notes "
            f"({counted(n_lost, 'note')}) were left out"
        )
    kept.sort()
    names = _names([voices[n] for n in kept], line, n_tracks)
    parts = []
    for n, name in zip(kept, names, strict=True):
        track, channel, is_drum, program = voices[n]
        parts.append(
            Part(
                name=name,
                program=program,
                is_drum=is_drum,
                notes=groups[n],
                volume=_value(channels.volume, track, channel, 100),
                pan=_value(channels.pan, track, channel, 64),
            )
        )
    lyrics = _assign_lyrics(parts, [voices[n][0] for n in kept], line)
    for n, texts in lyrics.items():
        parts[n] = replace(parts[n], lyrics=texts)
    return tuple(parts), remarks


def _own_or_shared(
    changes: dict[tuple[int, int], list[tuple[int, int]]], track: int, channel: int
) -> list[tuple[int, int]]:
    """Return the track's own changes on a channel, or those of all tracks where it has none."""
    return changes.get((track, channel)) or changes.get((-1, channel)) or []


def _value(table: dict[tuple[int, int], int], track: int, channel: int, default: int) -> int:
    return table.get((track, channel), table.get((-1, channel), default))


def _value_at(changes: list[tuple[int, int]], onset_tick: Ints) -> Ints:
    """Return the value that holds at each onset; before the first change the first one's."""
    if not changes:
        return np.zeros(onset_tick.size, dtype=np.int64)
    tick, value = np.array(changes, dtype=np.int64).T
    index: Ints = np.maximum(np.searchsorted(tick, onset_tick, side="right") - 1, 0)
    return np.asarray(value[index], dtype=np.int64)


def _is_drum(
    channel: int, program: int | None, bank: int | None, channels: Channels, name: str, pitch: Ints | None
) -> bool:
    """Say whether a voice is drums: by Roland's message, by channel 10, by bank, or by its name."""
    if channel in channels.rhythm:
        return channels.rhythm[channel]
    if channel & 15 == _DRUM_CHANNEL or bank in channels.drum_banks:
        return True
    if program is None and pitch is not None and _DRUM_NAME.search(name) and not _NOT_DRUM_NAME.search(name):
        # General MIDI 2 has drums from 27 to 87; a melody called 'drum solo' leaves them or has no kick or snare
        return bool(np.mean((pitch >= 27) & (pitch <= 87)) > 0.95)
    return False


def _notes_by_voice(raw: RawNotes, voice: Ints, n_voices: int) -> list[Notes]:
    """Cut the notes into voices, each sorted by onset and pitch."""
    bits = int(raw.onset_tick.max()).bit_length()
    index_bits = int(voice.size).bit_length()
    key = ((voice << bits | raw.onset_tick) << 7) | raw.pitch
    if int(n_voices).bit_length() + bits + 7 + index_bits < 63:
        # sorting (key, index) as one number is several times quicker than an indirect sort
        key = np.sort(key << index_bits | np.arange(voice.size))
        order = key & ((1 << index_bits) - 1)
    else:
        order = np.argsort(key, kind="stable")
    arrays = [a[order] for a in (raw.onset_tick, raw.end_tick - raw.onset_tick, raw.pitch, raw.velocity)]
    for array in arrays:
        array.flags.writeable = False
    ends = np.cumsum(np.bincount(voice, minlength=n_voices)).tolist()
    begins = [0, *ends[:-1]]
    return [Notes(*(a[b:e] for a in arrays)) for b, e in zip(begins, ends, strict=True)]


def _names(voices: list[tuple[int, int, bool, int]], line: Timeline, n_tracks: int) -> list[str]:
    """Name each part after its track; where a track gives several parts, by its instrument too."""
    per_track = Counter(track for track, *_ in voices)
    names = []
    for track, _, is_drum, program in voices:
        name = "" if n_tracks == 1 and len(voices) > 1 else line.names.get(track, "")
        if per_track[track] > 1:
            instrument = "Drums" if is_drum else PROGRAM_NAMES[program]
            name = f"{name} ({instrument})" if name else instrument
        names.append(name)
    repeats = Counter(name for name in names if name)
    seen: Counter[str] = Counter()
    for n, (name, (track, *_)) in enumerate(zip(names, voices, strict=True)):
        if repeats[name] > 1 and per_track[track] > 1:
            seen[name] += 1
            names[n] = f"{name} {seen[name]}"
    return names


def _assign_lyrics(parts: list[Part], tracks: list[int], line: Timeline) -> dict[int, tuple[TextEvent, ...]]:
    """Give each track's words to the part that sings them: one of the track's own, else the one in step with them."""
    lyrics: dict[int, list[TextEvent]] = {}
    for track, texts in line.lyrics.items():
        if not texts:
            continue
        own = [n for n, owner in enumerate(tracks) if owner == track]
        among = own or list(range(len(parts)))
        tick = np.array([text.onset_tick for text in texts])

        def share(n: int, tick: Ints = tick) -> tuple[bool, float, int]:
            hits = float(np.mean(np.isin(tick, parts[n].notes.onset_tick)))
            # of parts equally in step (a melody and its doubling), the one with fewer notes, then the first
            return (not parts[n].is_drum, hits, -len(parts[n].notes))

        lyrics.setdefault(max(among, key=share), []).extend(texts)
    return {n: tuple(sorted(texts, key=lambda text: text.onset_tick)) for n, texts in lyrics.items()}
