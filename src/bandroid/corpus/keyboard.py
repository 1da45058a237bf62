"""Any song as one keyboard part: what the preset `piano` learns from, for it knows one player with two hands.

Pianists' songs come as two parts, one for each hand; songs with a singer bring an accompaniment, quartets no keyboard
at all. So a song's keyboard parts become one part; where they are none, or no more than a continuo under the others,
all pitched parts do, as a pianist plays from a score.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from bandroid.errors import CorpusError
from bandroid.music.general_midi import program_name
from bandroid.music.notes import Notes
from bandroid.music.song import Part, Song

KEYBOARD_PROGRAM = 0
"""the grand piano: what all keyboards are learnt as, so that a harpsichord and an organ teach the same player"""
_PIANOS, _ORGANS = range(8), range(16, 21)
"""General MIDI: pianos with harpsichord and clavinet; organs, which are often a voice's stand-in, so only second"""
_FINGERS = 5
"""of a hand: of more than ten keys at once, the lowest five and the highest five are played"""
_LEAST_SHARE = 0.3
"""of the pitched notes: keyboards with fewer accompany, and the piece is elsewhere"""


def keyboard_song(song: Song) -> Song:
    """Return a song of one keyboard part on the same timeline; its remarks say what was taken for it.

    Raises CorpusError, with a reason that names no file, for a song without any pitched note.
    """
    pitched = [part for part in song.parts if len(part.notes) and not part.is_drum]
    n_drum_notes = sum(len(part.notes) for part in song.parts if part.is_drum)
    if not pitched:
        raise CorpusError("has only drums, and a keyboard cannot play them" if n_drum_notes else "has no notes")
    taken, remark = _taken(pitched)
    struck = _on_one_keyboard([part.notes for part in taken])
    notes = _within_two_hands(struck)
    remarks = [remark] if remark else []
    if n_drum_notes:
        remarks.append(f"not used: {_counted(n_drum_notes, 'note')} of drums")
    n_doubled = sum(len(part.notes) for part in taken) - len(struck)
    if n_doubled:
        remarks.append(f"struck by two parts at once, and once on a keyboard: {_counted(n_doubled, 'note')}")
    if len(notes) < len(struck):
        remarks.append(
            f"not used: {_counted(len(struck) - len(notes), 'note')} in the middle of chords for more than ten fingers"
        )
    name = program_name(KEYBOARD_PROGRAM)
    part = Part(name, KEYBOARD_PROGRAM, False, notes, volume=max(part.volume for part in taken))
    return song.with_parts((part,)).with_remarks(*remarks)


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
        together = f"its {len(keyboards)} keyboard parts are taken as one" if len(keyboards) > 1 else ""
        return keyboards, "; ".join(words for words in (together, left_out) if words)
    has_keyboard = any(part.program in (*_PIANOS, *_ORGANS) for part in pitched)
    why = "its keyboard only accompanies" if has_keyboard else "no keyboard part"
    if len(pitched) == 1:
        return pitched, f"{why}: its {program_name(pitched[0].program)} is taken for one"
    return pitched, f"{why}: its {len(pitched)} pitched parts are taken as one"


def _on_one_keyboard(parts: Sequence[Notes]) -> Notes:
    """Put the notes of some parts on one keyboard: C4 struck by two parts at once -> one C4, the longer.

    A key that is struck again before its note has ended ends it there.
    """
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


def _within_two_hands(notes: Notes) -> Notes:
    """Leave out what is in the middle of chords that ten fingers cannot strike."""
    # Sorted by onset, then pitch: a note's place in its chord is how far the chord's first note is.
    first = np.searchsorted(notes.onset_tick, notes.onset_tick, side="left")
    stop = np.searchsorted(notes.onset_tick, notes.onset_tick, side="right")
    place = np.arange(len(notes))
    stays = (place - first < _FINGERS) | (stop - place <= _FINGERS)
    return Notes(*(column[stays] for column in (notes.onset_tick, notes.length_tick, notes.pitch, notes.velocity)))


def _counted(count: int, word: str) -> str:
    return f"{count:,} {word}{'' if count == 1 else 's'}"
