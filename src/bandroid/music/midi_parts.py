"""Notes of tracks and channels -> parts: which instrument plays what, under which name, and what is drums."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from bandroid.music.general_midi import PROGRAM_NAMES
from bandroid.music.midi_channels import Changes, Channels
from bandroid.music.midi_notes import Ints, RawNotes, stable_order
from bandroid.music.midi_text import counted
from bandroid.music.midi_timeline import Timeline
from bandroid.music.notes import Notes
from bandroid.music.song import DRUM_PROGRAM, Part, TextEvent

MAX_PARTS = 128
"""more than any score has; those with the fewest notes are left out, with a remark"""


class _Voice(NamedTuple):
    """What makes notes one part."""

    track: int
    channel: int
    is_drum: bool
    program: int


def make_parts(raw: RawNotes, channels: Channels, line: Timeline, n_tracks: int) -> tuple[tuple[Part, ...], list[str]]:
    """Split notes by track, channel and program; returns parts in the file's order, and remarks."""
    voices, voice_of_note = _find_voices(raw, channels, line)
    n_notes = np.bincount(voice_of_note, minlength=len(voices))
    kept = np.sort(np.argsort(-n_notes, kind="stable")[:MAX_PARTS]).tolist()
    remarks = []
    if len(kept) < len(voices):
        n_lost = int(n_notes.sum() - n_notes[kept].sum())
        remarks.append(
            f"{len(voices)} parts are more than the limit of {MAX_PARTS}: those with the fewest notes "
            f"({counted(n_lost, 'note')}) were left out"
        )
    notes = _notes_by_voice(raw, voice_of_note, n_notes, kept)
    voices = [voices[n] for n in kept]
    parts = [
        Part(
            name=name,
            program=voice.program,
            is_drum=voice.is_drum,
            notes=own,
            volume=channels.volume_of(voice.track, voice.channel),
            pan=channels.pan_of(voice.track, voice.channel),
        )
        for voice, name, own in zip(voices, _names(voices, line, n_tracks), notes, strict=True)
    ]
    for n, texts in _assign_lyrics(parts, [voice.track for voice in voices], line).items():
        parts[n] = replace(parts[n], lyrics=texts)
    return tuple(parts), remarks


def _find_voices(raw: RawNotes, channels: Channels, line: Timeline) -> tuple[list[_Voice], Ints]:
    """Return the voices, and int64[N]: the voice of each note."""
    lane = (raw.track << 11) | raw.channel
    order = stable_order(lane)
    first = np.flatnonzero(np.diff(lane[order], prepend=-1))
    ends = [*first[1:].tolist(), lane.size]
    voices: dict[_Voice, int] = {}
    voice_of_note = np.zeros(lane.size, dtype=np.int64)
    for one, begin, end in zip(lane[order[first]].tolist(), first.tolist(), ends, strict=True):
        track, channel = one >> 11, one & 0x7FF
        name = line.names.get(track, "")
        for program, bank, notes in _sounds(channels, track, channel, raw.onset_tick, order[begin:end]):
            is_drum = channels.is_drum(channel, program, bank, name, raw.pitch[notes])
            stated = DRUM_PROGRAM if is_drum else 0
            voice = _Voice(track, channel, is_drum, stated if program is None else program)
            voice_of_note[notes] = voices.setdefault(voice, len(voices))
    return list(voices), voice_of_note


def _sounds(
    channels: Channels, track: int, channel: int, onset_tick: Ints, notes: Ints
) -> Iterator[tuple[int | None, int | None, Ints]]:
    """Split the notes of one track and channel by (program, bank), None where the file states none."""
    programs, banks = channels.programs.of(track, channel), channels.banks.of(track, channel)
    if len({value for _, value in programs}) <= 1 and len({value for _, value in banks}) <= 1:
        yield programs[0][1] if programs else None, banks[0][1] if banks else None, notes
        return
    sound = _value_at(programs, onset_tick[notes]) << 8 | _value_at(banks, onset_tick[notes])
    found, first = np.unique(sound, return_index=True)
    for one in found[np.argsort(first)].tolist():
        yield one >> 8 if programs else None, one & 255 if banks else None, notes[sound == one]


def _value_at(changes: Changes, onset_tick: Ints) -> Ints:
    """Return the value that holds at each onset; before the first change the first one's."""
    if not changes:
        return np.zeros(onset_tick.size, dtype=np.int64)
    tick, value = np.array(changes, dtype=np.int64).T
    index: Ints = np.maximum(np.searchsorted(tick, onset_tick, side="right") - 1, 0)
    return np.asarray(value[index], dtype=np.int64)


def _notes_by_voice(raw: RawNotes, voice: Ints, n_notes: Ints, kept: list[int]) -> list[Notes]:
    """Cut the notes into the voices kept, each sorted by onset and pitch. `n_notes`: of each voice."""
    bits = int(raw.onset_tick.max()).bit_length()
    index_bits = int(voice.size).bit_length()
    key = ((voice << bits | raw.onset_tick) << 7) | raw.pitch
    if int(n_notes.size).bit_length() + bits + 7 + index_bits < 63:
        # sorting (key, index) as one number is several times quicker than an indirect sort
        key = np.sort(key << index_bits | np.arange(voice.size))
        order = key & ((1 << index_bits) - 1)
    else:
        order = np.argsort(key, kind="stable")
    arrays = [a[order] for a in (raw.onset_tick, raw.end_tick - raw.onset_tick, raw.pitch, raw.velocity)]
    for array in arrays:
        array.flags.writeable = False
    ends = np.cumsum(n_notes)
    begins = ends - n_notes
    return [Notes(*(array[begins[n] : ends[n]] for array in arrays)) for n in kept]


def _names(voices: list[_Voice], line: Timeline, n_tracks: int) -> list[str]:
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
