"""What the messages of MIDI channels say: programs, banks, volume, pan, and which channels are drums."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from bandroid.music.midi_events import SYSEX, ChannelEvents, Message
from bandroid.music.midi_notes import Ints

_BANK, _VOLUME, _PAN = 0, 7, 10
_DEFAULT_VOLUME, _DEFAULT_PAN = 100, 64
"""General MIDI's"""
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


Changes = list[tuple[int, int]]
"""(tick, value) in order"""


_EVERY_TRACK = -1


class Table:
    """Changes of one kind, by track and channel, and by channel over all tracks."""

    def __init__(self) -> None:
        self._changes: dict[tuple[int, int], Changes] = defaultdict(list)

    def add(self, events: ChannelEvents, channel: Ints, at: Ints, data: NDArray[np.uint8]) -> None:
        """Take in the events at the indices `at`, in the file's order; `data` holds their values."""
        columns = (events.track[at], channel[at], events.tick[at], data[at])
        for track, one, tick, value in zip(*(column.tolist() for column in columns), strict=True):
            self._changes[track, one].append((tick, value))
            self._changes[_EVERY_TRACK, one].append((tick, value))

    def of(self, track: int, channel: int) -> Changes:
        """Return the track's own changes on a channel, or those of all tracks where it has none, by tick."""
        own = self._changes.get((track, channel)) or self._changes.get((_EVERY_TRACK, channel)) or []
        return sorted(own, key=_tick_of)


def _tick_of(change: tuple[int, int]) -> int:
    return change[0]


@dataclass(slots=True)
class Channels:
    """What the channels' own messages say."""

    programs: Table = field(default_factory=Table)
    banks: Table = field(default_factory=Table)
    """bank select, most significant byte"""
    volumes: Table = field(default_factory=Table)
    pans: Table = field(default_factory=Table)
    rhythm: dict[int, bool] = field(default_factory=dict)
    """by channel: what a Roland GS message makes of it, drums or not"""
    drum_banks: frozenset[int] = frozenset((_GM2_DRUM_BANK, *_XG_DRUM_BANKS))
    unused: Counter[str] = field(default_factory=Counter)
    """messages that a Song has no place for, by name"""

    def volume_of(self, track: int, channel: int) -> int:
        """Return the first volume above 0: one of 0 begins a fade-in, unless it stays."""
        volumes = [volume for _, volume in self.volumes.of(track, channel)]
        return next(filter(None, volumes), 0) if volumes else _DEFAULT_VOLUME

    def pan_of(self, track: int, channel: int) -> int:
        """Return the first pan."""
        pans = self.pans.of(track, channel)
        return pans[0][1] if pans else _DEFAULT_PAN

    def is_drum(self, channel: int, program: int | None, bank: int | None, name: str, pitch: Ints) -> bool:
        """Say whether a voice is drums: by Roland's message, by channel 10, by bank, or by its name."""
        if channel in self.rhythm:
            return self.rhythm[channel]
        if channel & 15 == _DRUM_CHANNEL or bank in self.drum_banks:
            return True
        if program is None and _DRUM_NAME.search(name) and not _NOT_DRUM_NAME.search(name):
            # General MIDI 2 has drums from 27 to 87; a melody called 'drum solo' leaves them or has no kick or snare
            return bool(np.mean((pitch >= 27) & (pitch <= 87)) > 0.95)
        return False


def read_channels(events: ChannelEvents, channel: Ints, messages: list[Message]) -> Channels:
    """Collect programs, banks, volumes and pans; count what is not used."""
    channels = Channels()
    kind = events.status >> 4
    counts = np.bincount(kind, minlength=16)
    channels.programs.add(events, channel, np.flatnonzero(kind == 0xC), events.data1)
    control = np.flatnonzero(kind == 0xB)
    number = events.data1[control]
    channels.banks.add(events, channel, control[number == _BANK], events.data2)
    channels.pans.add(events, channel, _first_of_each(events, channel, control[number == _PAN]), events.data2)
    volume = control[number == _VOLUME]
    for at in (volume, volume[events.data2[volume] > 0]):
        channels.volumes.add(events, channel, _first_of_each(events, channel, at), events.data2)
    channels.unused["pitch bend"] = int(counts[0xE])
    channels.unused["controller change"] = int(np.count_nonzero(~_IS_USED[number]))
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


def _first_of_each(events: ChannelEvents, channel: Ints, at: Ints) -> Ints:
    """Return, of the events at the indices `at`, the first of each track and channel: a fade has hundreds."""
    lane = events.track[at] << 11 | channel[at]
    first = np.full(int(lane.max(initial=0)) + 1, -1)
    first[lane[::-1]] = at[::-1]  # of equal lanes the last one written stays: the first event
    return first[first >= 0]
