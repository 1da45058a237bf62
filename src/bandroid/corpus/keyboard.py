"""Any song as one player at a keyboard, right hand and left: what the preset `piano` learns from.

Pianists' songs come as two parts, one for each hand; songs with a singer bring an accompaniment, quartets no keyboard
at all. So a song's keyboard parts are what is played; where they are none, or no more than a continuo under the
others, all pitched parts are, as a pianist plays from a score. Voices stay whole: each part goes to one hand.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from bandroid.errors import CorpusError
from bandroid.music.clock import bar_grid
from bandroid.music.general_midi import program_name
from bandroid.music.notes import Notes
from bandroid.music.song import Part, Song

KEYBOARD_PROGRAM = 0
"""the grand piano: what all keyboards are learnt as, so that a harpsichord and an organ teach the same player"""
HANDS = ("Right hand", "Left hand")
"""names of the parts, in their order"""
_PIANOS, _ORGANS = range(8), range(16, 21)
"""General MIDI: pianos with harpsichord and clavinet; organs, which are often a voice's stand-in, so only second"""
_LEAST_SHARE = 0.3
"""of the pitched notes: keyboards with fewer accompany, and the piece is elsewhere"""
_FINGERS = 5
"""of a hand: of more keys at once it strikes the outer ones"""
_MIDDLE_C = 60
_SPLITS = range(50, 71)
"""where hands may part: between a fifth below and a sixth above middle C"""
_LEAST_GAP = 5
"""semitones between two hands that are told apart"""
_LINE_SHARE = 0.05
"""of a part's onsets: with fewer chords it is a single line, and one hand plays it"""


def keyboard_song(song: Song) -> Song:
    """Return a song of two hands, or of one, on the same timeline; its remarks say what was taken for it.

    Raises CorpusError, with a reason that names no file, for a song without any pitched note.
    """
    pitched = [part for part in song.parts if len(part.notes) and not part.is_drum]
    n_drum_notes = sum(len(part.notes) for part in song.parts if part.is_drum)
    if not pitched:
        raise CorpusError("has only drums, and a keyboard cannot play them" if n_drum_notes else "has no notes")
    taken, remark = _taken(pitched)
    right, left = _hands(song, taken)
    struck = [_on_one_keyboard(right), _on_one_keyboard(left)]
    struck[1] = _without(struck[1], struck[0])
    played = [_within_reach(struck[0], is_right=True), _within_reach(struck[1], is_right=False)]
    remarks = [remark] if remark else []
    if n_drum_notes:
        remarks.append(f"not used: {_counted(n_drum_notes, 'note')} of drums")
    n_struck, n_played = sum(map(len, struck)), sum(map(len, played))
    if n_doubled := sum(len(part.notes) for part in taken) - n_struck:
        remarks.append(f"struck by two parts at once, and once on a keyboard: {_counted(n_doubled, 'note')}")
    if n_played < n_struck:
        remarks.append(f"not used: {_counted(n_struck - n_played, 'note')} in chords for more than five fingers")
    volume = max(part.volume for part in taken)
    parts = tuple(
        Part(name, KEYBOARD_PROGRAM, False, notes, volume=volume)
        for name, notes in zip(HANDS, played, strict=True)
        if len(notes)
    )
    return song.with_parts(parts).with_remarks(*remarks)


def _taken(pitched: Sequence[Part]) -> tuple[Sequence[Part], str]:
    """Return the parts that make the keyboard part, and what is to be said about it."""
    n_notes = sum(len(part.notes) for part in pitched)
    for programs in (_PIANOS, _ORGANS):
        keyboards = [part for part in pitched if part.program in programs]
        n_mine = sum(len(part.notes) for part in keyboards)
        if not keyboards or n_mine < _LEAST_SHARE * n_notes:
            continue
        n_others = len(pitched) - len(keyboards)
        left_out = (
            f"not used: {_counted(n_notes - n_mine, 'note')} of {_counted(n_others, 'other part')}" if n_others else ""
        )
        together = f"its {len(keyboards)} keyboard parts are taken as one player's" if len(keyboards) > 1 else ""
        return keyboards, "; ".join(words for words in (together, left_out) if words)
    has_keyboard = any(part.program in (*_PIANOS, *_ORGANS) for part in pitched)
    why = "its keyboard only accompanies" if has_keyboard else "no keyboard part"
    if len(pitched) == 1:
        return pitched, f"{why}: its {program_name(pitched[0].program)} is taken for one"
    return pitched, f"{why}: its {len(pitched)} pitched parts are taken for one player's"


def _hands(song: Song, parts: Sequence[Part]) -> tuple[list[Notes], list[Notes]]:
    """Return what the right hand plays, and the left: of two parts the higher and the lower, of more by their mean."""
    if len(parts) == 1:
        return _one_part_in_hands(song, parts[0].notes)
    by_height = sorted((part.notes for part in parts), key=lambda notes: -float(notes.pitch.mean()))
    n_right = sum(float(notes.pitch.mean()) >= _MIDDLE_C for notes in by_height)
    if len(parts) == 2 or n_right in (0, len(parts)):
        n_right = (len(parts) + 1) // 2
    return by_height[:n_right], by_height[n_right:]


def _one_part_in_hands(song: Song, notes: Notes) -> tuple[list[Notes], list[Notes]]:
    """Part what one track holds, bar by bar, at the widest gap near middle C; a single line is one hand's."""
    n_at_once = np.unique(notes.onset_tick, return_counts=True)[1]
    if (n_at_once > 1).mean() < _LINE_SHARE:
        return ([notes], []) if notes.pitch.mean() >= _MIDDLE_C else ([], [notes])
    bar = np.searchsorted(bar_grid(song).onset_tick, notes.onset_tick, side="right")
    is_right, split = np.zeros(len(notes), dtype=np.bool_), _MIDDLE_C
    for first, stop in itertools.pairwise([*np.flatnonzero(np.diff(bar, prepend=-1)).tolist(), len(notes)]):
        split = _split(np.unique(notes.pitch[first:stop]), split)
        is_right[first:stop] = notes.pitch[first:stop] >= split
    return [_those(notes, is_right)], [_those(notes, np.logical_not(is_right))]


def _split(pitches: NDArray[np.int64], before: int) -> int:
    """Return the lowest key of the right hand, given int64[N] different keys in order: C3 E3 G3 C5 -> 60.

    Where no gap near middle C is wide enough to tell, the hands part where they did `before`.
    """
    gaps = [
        # Within a gap, as near to middle C as it allows.
        (high - low, min(max(low + 1, _MIDDLE_C), high))
        for low, high in itertools.pairwise(pitches.tolist())
        if high - low >= _LEAST_GAP and low + 1 <= _SPLITS[-1] and high >= _SPLITS[0]
    ]
    return max(gaps, key=lambda gap: (gap[0], -abs(gap[1] - _MIDDLE_C)))[1] if gaps else before


def _on_one_keyboard(parts: Sequence[Notes]) -> Notes:
    """Put the notes of some parts under one hand: C4 struck by two parts at once -> one C4, the longer.

    A key that is struck again before its note has ended ends it there.
    """
    if not sum(map(len, parts)):
        return Notes.empty()
    columns = [np.stack([n.pitch, n.onset_tick, n.length_tick, n.velocity]) for n in parts]
    table = np.concatenate(columns, axis=1)  # [4, N]
    pitch, onset, length, velocity = table[:, np.lexsort(table[::-1])]
    # Of notes on one key and onset the last in order stays: the longer, of equally long ones the louder.
    stays = np.append((np.diff(pitch) != 0) | (np.diff(onset) != 0), True)
    pitch, onset, length, velocity = (column[stays] for column in (pitch, onset, length, velocity))
    is_struck_again = np.append(np.diff(pitch) == 0, False)
    gap = np.append(np.diff(onset), 0)
    length = np.where(is_struck_again, np.minimum(length, gap), length)
    return Notes(onset, length, pitch, velocity)


def _without(notes: Notes, others: Notes) -> Notes:
    """Leave out what the other hand strikes at the same time."""
    return _those(
        notes, np.isin(notes.onset_tick * 128 + notes.pitch, others.onset_tick * 128 + others.pitch, invert=True)
    )


def _within_reach(notes: Notes, *, is_right: bool) -> Notes:
    """Leave out what five fingers cannot strike: the right hand keeps the highest keys, the left the lowest."""
    # Sorted by onset, then pitch: a note's place in its chord is how far the chord's first note is.
    first = np.searchsorted(notes.onset_tick, notes.onset_tick, side="left")
    stop = np.searchsorted(notes.onset_tick, notes.onset_tick, side="right")
    place = np.arange(len(notes))
    return _those(notes, stop - place <= _FINGERS if is_right else place - first < _FINGERS)


def _those(notes: Notes, stays: NDArray[np.bool_]) -> Notes:
    return Notes(*(column[stays] for column in (notes.onset_tick, notes.length_tick, notes.pitch, notes.velocity)))


def _counted(count: int, word: str) -> str:
    return f"{count:,} {word}{'' if count == 1 else 's'}"
