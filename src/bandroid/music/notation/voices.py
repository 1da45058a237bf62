"""Split the notes of a staff into at most two voices, each a line of chords that never overlap.

Times are written ticks. What cannot be said in two voices is shortened: a guitar that lets every note ring is
read from a held bass and a moving line, not from five voices.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

_OVERLAP = 3
"""written ticks: a 32nd of overlap is legato, not a second voice"""
_MIDDLE_C = 60


class Chord(NamedTuple):
    """Notes that begin and end together; on a drum staff hits that begin together."""

    start: int
    end: int
    notes: tuple[int, ...]
    """indices into the part's written notes, pitches ascending"""


Voices = tuple[list[Chord], list[Chord]]
"""the upper (or only) and the lower voice of a staff"""


def split_voices(onset: Sequence[int], end: Sequence[int], pitch: Sequence[int], members: Sequence[int]) -> Voices:
    """Split the notes `members` of a part, which are sorted by onset, then pitch."""
    upper: list[Chord] = []
    lower: list[Chord] = []
    voices = (upper, lower)
    groups = _groups(onset, members)
    means = [_mean(pitch, group) for group in groups]
    for number, group in enumerate(groups):
        start = onset[group[0]]
        for voice in voices:
            # End a chord that only just reaches into this one.
            if voice and start < voice[-1].end <= start + _OVERLAP:
                voice[-1] = voice[-1]._replace(end=start)
        free = [voice for voice in voices if not voice or voice[-1].end <= start]
        if not free:
            free = [_cut_short(voices, start, means[number], pitch)]
        chords = _chords(group, end, start) if len(free) == 2 else [_chord(group, end, start)]
        if len(chords) == 2:
            low, high = sorted(chords, key=lambda chord: _mean(pitch, chord.notes))
            upper.append(high)
            lower.append(low)
            continue
        chord, voice = chords[0], free[0]
        if len(free) == 2 and number + 1 < len(groups) and onset[groups[number + 1][0]] < chord.end - _OVERLAP:
            # It rings on while the next one begins: where that is higher, this is the lower voice.
            voice = lower if means[number + 1] > means[number] else upper
        voice.append(chord)
    return voices


def split_feet(onset: Sequence[int], pitch: Sequence[int], feet: frozenset[int]) -> Voices:
    """Return what a drummer's hands and feet play, each as hits without length."""
    voices: Voices = ([], [])
    for group in _groups(onset, range(len(onset))):
        for voice, is_feet in zip(voices, (False, True), strict=True):
            hits = tuple(i for i in group if (pitch[i] in feet) == is_feet)
            if hits:
                voice.append(Chord(onset[hits[0]], onset[hits[0]], hits))
    return voices


def assign_hands(onset: Sequence[int], pitch: Sequence[int]) -> NDArray[np.int64]:
    """int64[N]: the staff of a keyboard part on which each note stands, 0 upper or 1 lower.

    Chords wider than an octave are shared between the hands at their widest gap near middle C; narrower ones stay
    with the hand that is there.
    """
    staff = np.zeros(len(onset), dtype=np.int64)
    hand = 0
    for group in _groups(onset, range(len(onset))):
        low, high = pitch[group[0]], pitch[group[-1]]
        if high - low <= 12:
            # Four semitones of patience: a line that dips below middle C keeps its staff.
            hand = int((low + high) / 2 < _MIDDLE_C + (4 if hand else -4))
            staff[group[0] : group[-1] + 1] = hand
            continue
        middles = [(pitch[i + 1] + pitch[i]) / 2 for i in group[:-1]]
        gaps = [
            (pitch[i + 1] - pitch[i], -abs(middle - _MIDDLE_C), i + 1)
            for i, middle in zip(group[:-1], middles, strict=True)
            if _MIDDLE_C - 10 <= middle <= _MIDDLE_C + 10
        ]
        split = max(gaps)[2] if gaps else next((i for i in group if pitch[i] >= _MIDDLE_C), group[-1] + 1)
        staff[group[0] : split] = 1
    return staff


def _groups(onset: Sequence[int], members: Sequence[int]) -> list[list[int]]:
    """Gather the members that begin together."""
    groups: list[list[int]] = []
    last = -1
    for i in members:
        if onset[i] != last:
            groups.append([])
            last = onset[i]
        groups[-1].append(i)
    return groups


def _cut_short(voices: Voices, start: int, mean: float, pitch: Sequence[int]) -> list[Chord]:
    """End one of two sounding chords for the next one's sake: the one that began last, or lies nearest."""
    upper, lower = voices
    if upper[-1].start != lower[-1].start:
        voice = upper if upper[-1].start > lower[-1].start else lower
    else:
        voice = min(voices, key=lambda v: abs(_mean(pitch, v[-1].notes) - mean))
    voice[-1] = voice[-1]._replace(end=start)
    return voice


def _chord(group: Sequence[int], end: Sequence[int], start: int) -> Chord:
    return Chord(start, min(end[i] for i in group), tuple(group))


def _chords(group: Sequence[int], end: Sequence[int], start: int) -> list[Chord]:
    """Make one chord of notes that begin together, or two where their lengths differ, with the least shortening."""
    ends = sorted({end[i] for i in group})
    if ends[-1] - ends[0] <= _OVERLAP:
        return [_chord(group, end, start)]

    def shortened(border: int) -> int:
        return sum(end[i] - (ends[0] if end[i] < border else border) for i in group)

    border = min(ends[1:], key=shortened)
    short = tuple(i for i in group if end[i] < border)
    long = tuple(i for i in group if end[i] >= border)
    return [Chord(start, ends[0], short), Chord(start, border, long)]


def _mean(pitch: Sequence[int], notes: Sequence[int]) -> float:
    return sum(pitch[i] for i in notes) / len(notes)
