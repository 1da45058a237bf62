"""The bytes of MIDI tracks -> events as arrays.

The trick that makes it fast: in a run of channel messages with two data bytes (notes, controllers, pitch bends) the
*low* bytes (below 128) come in threes, last byte of the delta time, first and second data byte, whatever running status
and long delta times do; the high bytes between them are statuses and the fronts of long delta times. So one vectorised
pass over the file says for each low byte whether a sound two-byte message could stand round it, and a run of them is
taken in one step. What breaks a run (a program change, a meta event, damage) is read one by one.

00 90 3C 40 | 83 60 3C 00   ->   low bytes 00 3C 40, 60 3C 00: note on at delta 0, off at delta 480
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from bandroid.music.midi_single import END_OF_TRACK, Single, go_on_behind_damage, n_data_of, read_single

SYSEX = 0xF0
"""`Message.kind` of a system exclusive message; meta events have their own type, below 128"""

_NOTHING = -1
"""kind of an event that only takes its time"""
MAX_SINGLE_EVENTS = 200_000
"""events read one by one (about 1 microsecond each): more than that is no song"""
MAX_EVENTS = 2_000_000
"""all events of a file: four for each note of the largest song, so that memory stays bounded"""
_MAX_DAMAGED = 500
"""damaged events in all tracks that we try to get round (up to half a millisecond each)"""
_EVENT_BYTE = 4
"""about the length of an event: tells how many a damaged stretch held"""
_SINGLE_STATUSES = frozenset(bytes((status,)) for status in (*range(0xC0, 0xE0), *range(0xF0, 0x100)))
"""statuses of events that do not have two data bytes"""


class Message(NamedTuple):
    """A meta event or a system exclusive message."""

    track: int
    tick: int
    kind: int
    content: bytes


@dataclass(frozen=True, slots=True, eq=False)
class ChannelEvents:
    """All channel messages of a file, in the file's order."""

    track: NDArray[np.int64]
    """int64[N], index of the track"""
    tick: NDArray[np.int64]
    """int64[N], ticks from the track's start"""
    status: NDArray[np.uint8]
    """uint8[N], 0x80 to 0xEF"""
    data1: NDArray[np.uint8]
    """uint8[N], 0 to 127"""
    data2: NDArray[np.uint8]
    """uint8[N], 0 to 127; 0 where a message has only one data byte"""


@dataclass(slots=True)
class TrackState:
    """How the reading of one track went."""

    n_events: int = 0
    n_damaged: int = 0
    """events with an impossible byte, repaired or skipped"""
    n_misplaced: int = 0
    """system messages that do not belong into a file"""
    end_tick: int = 0
    is_cut: bool = False
    """whether reading stopped at damage"""
    is_unfinished: bool = False
    """whether the track ends in the middle of an event"""
    lost_byte: int = 0
    """bytes behind the place where reading stopped"""


@dataclass(frozen=True, slots=True, eq=False)
class FileEvents:
    """Everything the tracks of a file say."""

    channel: ChannelEvents
    messages: list[Message]
    tracks: list[TrackState]


class TooManyEventsError(Exception):
    """A file has more single events than any song."""


@dataclass(slots=True)
class _Gathered:
    """What the walk through the tracks collects; event numbers count all events of the file."""

    n_events: int = 0
    n_damaged: int = 0
    runs: list[tuple[int, int, int, int]] = field(default_factory=list)
    """event number of the first, index of its first low byte, how many, byte where it begins"""
    singles: list[tuple[int, int, int, int, int]] = field(default_factory=list)
    """event number, delta, status, data1, data2 of a channel message"""
    others: list[tuple[int, int, int, int, int, int]] = field(default_factory=list)
    """event number, delta, track, kind, content span of anything else"""


class _Scan:
    """The vectorised pass: for each low byte, whether a sound two-byte message stands round it."""

    def __init__(self, content: bytes) -> None:
        padded = np.frombuffer(content + b"\xff" * 8, dtype=np.uint8)
        size = len(content)
        is_high = padded >= 0x80
        has_two = (padded < 0xC0) | ((padded & 0xF0) == 0xE0)
        ahead = is_high[1 : size + 1], is_high[2 : size + 2], is_high[3 : size + 3]
        # Behind the delta's last byte: two low bytes, or a status and two low bytes.
        is_bad = ahead[1] | (ahead[0] & (ahead[2] | ~has_two[1 : size + 1]))
        # A delta time has at most four bytes.
        is_bad[4:] |= is_high[: size - 4] & is_high[1 : size - 3] & is_high[2 : size - 2] & is_high[3 : size - 1]
        is_low = ~is_high[:size]
        self.byte: NDArray[np.uint8] = padded
        self.low: NDArray[np.int64] = np.flatnonzero(is_low)
        self.rank: NDArray[np.int32] = np.cumsum(is_low, dtype=np.int32)
        bad = is_bad[self.low]
        # bytes.find is the quickest way to the next bad one; every third low byte begins a message
        self.bad = tuple(bad[residue::3].tobytes() for residue in range(3))

    def low_index(self, at: int) -> int:
        """Return the index of the first low byte at or behind byte `at` (which is never the first of the file)."""
        return int(self.rank[at - 1])

    def run(self, at: int, end: int, has_running: bool) -> tuple[int, int, int]:
        """Return (index of the first low byte, number of messages, end byte) of the run that begins at byte `at`."""
        index = self.low_index(at)
        n_possible = (self.low_index(end) - index) // 3
        if n_possible <= 0:
            return index, 0, at
        last_of_delta = int(self.low[index])
        if last_of_delta - at > 3 or not (has_running or self.byte[last_of_delta + 1] >= 0x80):
            return index, 0, at
        third, residue = divmod(index, 3)
        stop = self.bad[residue].find(b"\x01", third, third + n_possible)
        n_messages = n_possible if stop < 0 else stop - third
        if n_messages == 0:
            return index, 0, at
        return index, n_messages, int(self.low[index + 3 * n_messages - 1]) + 1


def read_events(content: bytes, spans: tuple[tuple[int, int], ...]) -> FileEvents:
    """Read the events of all tracks. `spans`: first byte and end of each track's events in `content`.

    Raises TooManyEventsError.
    """
    scan = _Scan(content)
    gathered = _Gathered()
    tracks = [_walk(content, scan, number, span, gathered) for number, span in enumerate(spans)]
    return _assemble(content, scan, gathered, tracks)


def _walk(content: bytes, scan: _Scan, track: int, span: tuple[int, int], gathered: _Gathered) -> TrackState:
    """Collect the events of one track."""
    at, end = span
    state = TrackState()
    first_event = gathered.n_events
    n_data = 0  # data bytes of the running status; 0: none yet
    before_damage: tuple[int, int, int, int, int] | None = None
    while at < end:
        # A short delta time and then a status that is read singly: no need to look for a run.
        if not (content[at] < 0x80 and content[at + 1 : at + 2] in _SINGLE_STATUSES):
            index, n_messages, run_end = scan.run(at, end, n_data == 2)
            if n_messages:
                gathered.runs.append((gathered.n_events, index, n_messages, at))
                gathered.n_events += n_messages
                at, n_data = run_end, 2
                continue
        single = read_single(content, at, end, n_data)
        if single is None or not single.is_sound:
            resumed = go_on_behind_damage(content, single, at, end, n_data)
            if single is None and resumed is None:
                # No event ends here: the track is cut off in the middle of its last one.
                state.is_unfinished = True
                state.lost_byte = end - at
                break
            before_damage = before_damage or (*_sizes(gathered), at)
            gathered.n_damaged += 1
            state.n_damaged += 1
            if gathered.n_damaged > _MAX_DAMAGED:
                break
            if resumed is None:
                state.is_cut = True
                state.lost_byte = end - at
                break
            if single is None or resumed != single.end:
                state.n_damaged += (resumed - at) // _EVENT_BYTE
                at = resumed
                continue
        at = single.end
        n_data = n_data_of(single.status) or n_data
        _take(single, track, gathered, state)
        if single.is_end_of_track:
            break
        if len(gathered.singles) + len(gathered.others) > MAX_SINGLE_EVENTS:
            raise TooManyEventsError
    if gathered.n_events > MAX_EVENTS:
        raise TooManyEventsError
    # More than about one damaged event in a hundred: what follows is not to be trusted.
    is_hopeless = gathered.n_damaged > _MAX_DAMAGED
    if before_damage and (is_hopeless or state.n_damaged > max(3, (gathered.n_events - first_event) // 100)):
        _cut_back(gathered, before_damage)
        state.is_cut = True
        state.lost_byte = end - before_damage[-1]
    state.n_events = gathered.n_events - first_event
    return state


def _take(single: Single, track: int, gathered: _Gathered, state: TrackState) -> None:
    """Put one event where it belongs."""
    number = gathered.n_events
    gathered.n_events += 1
    if single.status < 0xF0:
        gathered.singles.append((number, single.delta, single.status, single.data1, single.data2))
        return
    kind = single.data1
    if single.status != 0xFF:
        is_misplaced = single.status not in (0xF0, 0xF7)
        state.n_misplaced += is_misplaced
        kind = _NOTHING if is_misplaced else SYSEX
    gathered.others.append((number, single.delta, track, kind, *single.content))


def _sizes(gathered: _Gathered) -> tuple[int, int, int, int]:
    return gathered.n_events, len(gathered.runs), len(gathered.singles), len(gathered.others)


def _cut_back(gathered: _Gathered, sizes: tuple[int, int, int, int, int]) -> None:
    gathered.n_events, n_runs, n_singles, n_others, _ = sizes
    del gathered.runs[n_runs:], gathered.singles[n_singles:], gathered.others[n_others:]


def _assemble(content: bytes, scan: _Scan, gathered: _Gathered, tracks: list[TrackState]) -> FileEvents:
    """Turn what the walk collected into arrays, all values read at once."""
    n_events = gathered.n_events
    delta = np.zeros(n_events, dtype=np.int64)
    status = np.zeros(n_events, dtype=np.uint8)
    data1 = np.zeros(n_events, dtype=np.uint8)
    data2 = np.zeros(n_events, dtype=np.uint8)
    if gathered.runs:
        number, index, count, begin = np.array(gathered.runs, dtype=np.int64).T
        within = np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count)
        event = within + np.repeat(number, count)
        low = within * 3 + np.repeat(index, count)
        delta_end = scan.low[low]
        delta_begin = scan.low[low - 1] + 1
        delta_begin[within == 0] = begin
        first = scan.low[low + 1]
        delta[event] = _deltas(scan.byte, delta_begin, delta_end)
        status[event] = np.where(first - delta_end == 2, scan.byte[first - 1], 0)
        data1[event] = scan.byte[first]
        data2[event] = scan.byte[first + 1]
    if gathered.singles:
        event, *columns = np.array(gathered.singles, dtype=np.int64).T
        delta[event], status[event], data1[event], data2[event] = columns
    is_channel = np.ones(n_events, dtype=np.bool_)
    if gathered.others:
        event, column = np.array([other[:2] for other in gathered.others], dtype=np.int64).T
        delta[event] = column
        is_channel[event] = False
    # Running status: each event takes the last status stated.
    stated = np.where(status > 0, np.arange(n_events), 0)
    status = status[np.maximum.accumulate(stated)] if n_events else status
    counts = np.array([track.n_events for track in tracks], dtype=np.int64)
    tick = np.cumsum(delta)
    last = np.cumsum(counts)
    before = np.concatenate([[0], tick])[last - counts]
    tick -= np.repeat(before, counts)
    for track, n, end in zip(tracks, counts.tolist(), last.tolist(), strict=True):
        track.end_tick = int(tick[end - 1]) if n else 0
    messages = [
        Message(track, int(tick[event]), kind, content[begin:end])
        for event, _, track, kind, begin, end in gathered.others
        if kind not in (END_OF_TRACK, _NOTHING)
    ]
    track_of = np.repeat(np.arange(len(tracks)), counts)
    if gathered.others:
        track_of, tick = track_of[is_channel], tick[is_channel]
        status, data1, data2 = status[is_channel], data1[is_channel], data2[is_channel]
    return FileEvents(ChannelEvents(track_of, tick, status, data1, data2), messages, tracks)


def _deltas(byte: NDArray[np.uint8], begin: NDArray[np.int64], last: NDArray[np.int64]) -> NDArray[np.int64]:
    """Read delta times of 1 to 4 bytes that lie from `begin` to `last` (inclusive): int64[N] ticks."""
    delta = byte[last].astype(np.int64)
    n_more = last - begin
    for place in (1, 2, 3):
        longer = np.flatnonzero(n_more >= place)
        if not longer.size:
            break
        delta[longer] |= (byte[last[longer] - place].astype(np.int64) & 0x7F) << (7 * place)
    return delta
