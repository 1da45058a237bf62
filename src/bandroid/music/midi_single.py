"""One MIDI event at a time, and the way back into step behind damage."""

from __future__ import annotations

from typing import NamedTuple

END_OF_TRACK = 0x2F
"""the meta event that closes a track"""
_LOOKAHEAD_EVENT = 6
"""so many sound events in a row show that we are in step again after damage"""
_RESYNC_BYTE = 96
"""how far behind damage we look for sound events"""


class Single(NamedTuple):
    """One event, read by itself."""

    end: int
    delta: int
    status: int
    """0 where running status holds; 0xFF a meta event"""
    data1: int
    """of a meta event: its type"""
    data2: int
    content: tuple[int, int]
    """span of a meta event's or system message's content"""
    is_sound: bool
    """whether all its bytes are possible ones"""

    @property
    def is_end_of_track(self) -> bool:
        return self.status == 0xFF and self.data1 == END_OF_TRACK


def n_data_of(status: int) -> int:
    """Return how many data bytes a channel status has; 0 for anything else."""
    if 0x80 <= status < 0xF0:
        return 1 if 0xC0 <= status < 0xE0 else 2
    return 0


def _read_number(content: bytes, at: int, end: int) -> tuple[int, int]:
    """Read a variable length quantity; returns (value, end), the end -1 where it is cut off, value -1 if overlong."""
    value = 0
    begin = at
    while at < end:
        byte = content[at]
        at += 1
        value = value << 7 | byte & 0x7F
        if byte < 0x80:
            return (value if at - begin <= 4 else -1), at
        if at - begin > 8:
            return -1, at
    return 0, -1


def read_single(content: bytes, at: int, end: int, n_data: int) -> Single | None:
    """Read the event at byte `at`, masking impossible bits; None where it has no end within the track."""
    delta, at = _read_number(content, at, end)
    if at < 0 or at >= end:
        return None
    is_sound = delta >= 0
    delta = max(delta, 0)
    status = content[at]
    if status >= 0xF0:
        return _read_system(content, at, end, delta, is_sound)
    if status >= 0x80:
        at += 1
        n_data = n_data_of(status)
    else:
        is_sound = is_sound and n_data > 0
        status = 0
        n_data = n_data or 2
    if at + n_data > end:
        return None
    data1 = content[at]
    data2 = content[at + 1] if n_data == 2 else 0
    is_sound = is_sound and data1 < 0x80 and data2 < 0x80
    return Single(at + n_data, delta, status, data1 & 0x7F, data2 & 0x7F, (0, 0), is_sound)


def _read_system(content: bytes, at: int, end: int, delta: int, is_sound: bool) -> Single | None:
    status = content[at]
    kind = 0
    at += 1
    if status in (0xF0, 0xF7, 0xFF):
        if status == 0xFF:
            if at >= end:
                return None
            kind = content[at]
            at += 1
            is_sound = is_sound and kind < 0x80
        length, at = _read_number(content, at, end)
        if at < 0 or length < 0 or at + length > end:
            return None
        return Single(at + length, delta, status, kind & 0x7F, 0, (at, at + length), is_sound)
    at += {0xF1: 1, 0xF2: 2, 0xF3: 1}.get(status, 0)
    return Single(at, delta, status, 0, 0, (at, at), is_sound) if at <= end else None


def go_on_behind_damage(content: bytes, single: Single | None, at: int, end: int, n_data: int) -> int | None:
    """Return the byte where reading goes on behind a damaged event at byte `at`; None where nothing sound is near.

    That is the event's own end where sound events follow it: then its bytes were masked, and it counts.
    """
    if single is not None and _is_in_step(content, single.end, end, n_data_of(single.status) or n_data):
        return single.end
    return _resync(content, at, end)


def _is_in_step(content: bytes, at: int, end: int, n_data: int) -> bool:
    """Say whether sound events follow from here on, up to the lookahead or the track's end."""
    for _ in range(_LOOKAHEAD_EVENT):
        if at >= end:
            break
        single = read_single(content, at, end, n_data)
        if single is None or not single.is_sound:
            return False
        if single.is_end_of_track:
            break
        n_data = n_data_of(single.status) or n_data
        at = single.end
    return True


def _resync(content: bytes, at: int, end: int) -> int | None:
    """Find the next byte from which sound events follow, the first with a status of its own; None: nowhere near."""
    for candidate in range(at + 1, min(at + _RESYNC_BYTE, end - 3)):
        single = read_single(content, candidate, end, 0)
        if single is not None and single.is_sound and _is_in_step(content, candidate, end, 0):
            return candidate
    return None
