"""Note-ons and note-offs -> notes with lengths, all tracks at once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bandroid.music.midi_events import ChannelEvents, TrackState

Ints = NDArray[np.int64]

_PEDAL, _SOUND_OFF, _NOTES_OFF = 64, 120, 123
_PEDAL_DOWN = 64
"""controller values from here on hold the sustain pedal down (MIDI 1.0)"""
_DRUM_CHANNEL = 9
"""channel 10, counted from 0"""
_TAIL_QUARTER = 4
"""a note never switched off ends with its track, but at most so many quarters after the track's last note event"""


@dataclass(frozen=True, slots=True, eq=False)
class RawNotes:
    """The notes of a file in the order of their note-ons, and what pairing had to repair."""

    track: Ints
    """int64[N]"""
    channel: Ints
    """int64[N], 16 times the port, and 0 to 15"""
    onset_tick: Ints
    end_tick: Ints
    """int64[N], later than the onset"""
    pitch: Ints
    velocity: Ints
    n_stray_off: int
    """note-offs that end nothing"""
    n_hanging: int
    """notes that nothing ends"""
    n_zero_length: int
    n_pedalled: int
    """notes that the sustain pedal made longer"""


def channel_of(events: ChannelEvents, port_of_track: Ints) -> Ints:
    """Return int64[N]: each event's channel, 16 times the track's port, and 0 to 15."""
    channel = (events.status & 15).astype(np.int64)
    return channel + port_of_track[events.track] * 16 if port_of_track.any() else channel


def pair_notes(events: ChannelEvents, channel: Ints, tracks: list[TrackState], ticks_per_quarter: int) -> RawNotes:
    """Pair note-ons with note-offs of the same track, channel and pitch, first in, first out.

    `channel` as `channel_of` gives it. Velocity 0 switches off.
    """
    chosen = np.flatnonzero(events.status < 0xA0)
    track = events.track[chosen]
    tick = events.tick[chosen]
    pitch = events.data1[chosen].astype(np.int64)
    velocity = events.data2[chosen].astype(np.int64)
    is_on = (events.status[chosen] >= 0x90) & (velocity > 0)
    group = (track << 11) | ((channel[chosen] & 15) << 7) | pitch
    order = stable_order(group)
    group_sorted, is_on_sorted, tick_sorted = group[order], is_on[order], tick[order]
    begin, end, n_stray = _fifo(group_sorted, is_on_sorted)
    end_tick_at = np.full(chosen.size, -1, dtype=np.int64)
    end_tick_at[order[begin]] = tick_sorted[end]
    n_hanging = int(np.count_nonzero(is_on)) - begin.size
    if n_hanging:
        hanging = np.flatnonzero(is_on_sorted & (end_tick_at[order] < 0))
        begin, end_tick = _strike_again(group_sorted, is_on_sorted, tick_sorted, hanging)
        end_tick_at[order[begin]] = end_tick

    on = np.flatnonzero(is_on)
    onset_tick, end_tick = tick[on], end_tick_at[on]
    group, track = group[on], track[on]
    hanging = np.flatnonzero(end_tick < 0)
    if hanging.size:
        last_tick = np.zeros(len(tracks), dtype=np.int64)
        np.maximum.at(last_tick, track, np.maximum(onset_tick, end_tick))
        close_tick = np.array([state.end_tick for state in tracks], dtype=np.int64)
        close_tick = np.minimum(close_tick, last_tick + _TAIL_QUARTER * ticks_per_quarter)
        end_tick[hanging] = np.maximum(close_tick[track[hanging]], onset_tick[hanging] + 1)
    zero = end_tick == onset_tick
    n_zero = int(np.count_nonzero(zero))
    if n_zero:
        end_tick[zero] += 1
    channel_on = channel[chosen[on]]
    n_pedalled = _apply_controllers(events, channel, group, channel_on, onset_tick, end_tick)
    return RawNotes(
        track=track,
        channel=channel_on,
        onset_tick=onset_tick,
        end_tick=end_tick,
        pitch=pitch[on],
        velocity=velocity[on],
        n_stray_off=n_stray,
        n_hanging=n_hanging,
        n_zero_length=n_zero,
        n_pedalled=n_pedalled,
    )


def stable_order(group: Ints) -> Ints:
    """Return the order that sorts by group and keeps the order within; one sort of (group, index) is quick."""
    bits = max(int(group.size - 1).bit_length(), 1)
    key = (group << bits) | np.arange(group.size)
    key.sort()
    return key & ((1 << bits) - 1)


def _fifo(group: Ints, is_on: NDArray[np.bool_]) -> tuple[Ints, Ints, int]:
    """Pair within groups; all arrays sorted by group. Returns (indices of ons, indices of their offs, stray offs)."""
    n = group.size
    if n % 2 == 0 and is_on[0::2].all() and not is_on[1::2].any() and (group[0::2] == group[1::2]).all():
        every = np.arange(n)
        return every[0::2], every[1::2], 0  # on, off, on, off: nearly every file
    is_first = np.concatenate([[True], group[1:] != group[:-1]])
    number = np.cumsum(is_first) - 1
    # Depth: how many notes of the group sound. A floor per group, far below the last one's, lets one
    # running minimum serve all groups: an off that goes below every depth before it is stray.
    step = np.where(is_on, 1, -1)
    total = np.cumsum(step)
    starts = np.flatnonzero(is_first)
    depth = total - (total[starts] - step[starts])[number]
    floor = -number * (n + 1)
    lowest = np.minimum.accumulate(np.minimum(depth, 0) + floor)
    lowest_before = np.where(is_first, floor, np.concatenate([[0], lowest[:-1]]))
    is_stray = ~is_on & (lowest < lowest_before)
    on, off = np.flatnonzero(is_on), np.flatnonzero(~is_on & ~is_stray)
    # The k-th off of a group ends its k-th on.
    n_on_before = np.concatenate([[0], np.cumsum(np.bincount(number[on], minlength=starts.size))])
    n_off_before = np.concatenate([[0], np.cumsum(np.bincount(number[off], minlength=starts.size))])
    rank = np.arange(off.size) - n_off_before[number[off]]
    return on[n_on_before[number[off]] + rank], off, int(np.count_nonzero(is_stray))


def _strike_again(group: Ints, is_on: NDArray[np.bool_], tick: Ints, hanging: Ints) -> tuple[Ints, Ints]:
    """Where a pitch misses note-offs, let each of its notes end at the next note-off or the next onset.

    First in, first out would hand the gap on: every later note of the pitch would end with its follower.
    All arrays sorted by group. Returns (indices of the notes concerned, their end ticks, -1 where nothing follows).
    """
    chosen = np.flatnonzero(np.isin(group, group[hanging]))
    group, is_on, tick = group[chosen], is_on[chosen], tick[chosen]
    n = chosen.size
    never = np.iinfo(np.int64).max
    off = np.minimum.accumulate(np.where(is_on, n, np.arange(n))[::-1])[::-1]
    has_off = (off < n) & (np.append(group, -1)[off] == group)
    off_tick = np.where(has_off, np.append(tick, never)[off], never)

    on = np.flatnonzero(is_on)
    bits = int(tick.max()).bit_length() + 1
    key = (group[on] << bits) | tick[on]
    following = np.append(on, n)[np.searchsorted(key, key, side="right")]
    is_same = np.append(group, -1)[following] == group[on]
    on_tick = np.where(is_same, np.append(tick, never)[following], never)
    end_tick = np.minimum(off_tick[on], on_tick)
    return chosen[on], np.where(end_tick == never, -1, end_tick)


def _apply_controllers(
    events: ChannelEvents, channel: Ints, group: Ints, channel_on: Ints, onset_tick: Ints, end_tick: Ints
) -> int:
    """Let the sustain pedal lengthen notes, and 'all notes off' end them, in `end_tick`; returns notes lengthened.

    A pedal or an 'all notes off' holds for its channel in all tracks.
    """
    is_control = (events.status & 0xF0) == 0xB0
    if not is_control.any() or not onset_tick.size:
        return 0
    n_pedalled = 0
    at = np.flatnonzero(is_control & (events.data1 == _PEDAL))
    if at.size:
        for one in np.unique(channel[at]).tolist():
            notes = np.flatnonzero(channel_on == one)
            if one & 15 != _DRUM_CHANNEL and notes.size:
                pedal = at[channel[at] == one]
                n_pedalled += _sustain(
                    notes, group, onset_tick, end_tick, events.tick[pedal], events.data2[pedal] >= _PEDAL_DOWN
                )
    at = np.flatnonzero(is_control & ((events.data1 == _SOUND_OFF) | (events.data1 == _NOTES_OFF)))
    for one in np.unique(channel[at]).tolist():
        notes = np.flatnonzero(channel_on == one)
        off_tick = np.sort(events.tick[at[channel[at] == one]])
        following = np.searchsorted(off_tick, onset_tick[notes], side="right")
        off_tick = np.append(off_tick, np.iinfo(np.int64).max)
        end_tick[notes] = np.minimum(end_tick[notes], off_tick[following])
    return n_pedalled


def _sustain(
    notes: Ints, group: Ints, onset_tick: Ints, end_tick: Ints, pedal_tick: Ints, is_down: NDArray[np.bool_]
) -> int:
    """Lengthen the notes of one channel up to the pedal's release, or to the next note of their pitch."""
    order = np.argsort(pedal_tick, kind="stable")
    pedal_tick, is_down = pedal_tick[order], is_down[order]
    ends = end_tick[notes]
    before = np.searchsorted(pedal_tick, ends, side="left") - 1
    upto = np.searchsorted(pedal_tick, ends, side="right") - 1
    held = np.flatnonzero((before >= 0) & is_down[before] & is_down[upto])
    if not held.size:
        return 0
    last_tick = int(ends.max())
    # For each pedal event, the tick of the next release behind it.
    release = np.where(is_down, last_tick, pedal_tick)
    release = np.append(np.minimum.accumulate(release[::-1])[::-1], last_tick)
    longer = np.maximum(release[upto[held] + 1], ends[held])
    # Sorted by (group, onset), the first onset at or behind a note's own end is the next of its pitch.
    bits = int(max(onset_tick.max(), end_tick.max())).bit_length() + 1
    key = np.sort((group[notes] << bits) | onset_tick[notes])
    mine = group[notes[held]] << bits
    following = np.searchsorted(key, mine | ends[held], side="left")
    key = np.append(key, np.iinfo(np.int64).max)
    same_pitch = (key[following] >> bits) == group[notes[held]]
    longer = np.where(same_pitch, np.minimum(longer, np.maximum(key[following] - mine, ends[held])), longer)
    n_longer = int(np.count_nonzero(longer > ends[held]))
    end_tick[notes[held]] = longer
    return n_longer
