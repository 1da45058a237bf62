"""Spell pitches as notes: F sharp or G flat, by the key and by where the line goes.

A spelling is a place on the line of fifths ... Bb -2, F -1, C 0, G 1, D 2 ... After Temperley, The Cognition of Basic
Musical Structures (2001), chapter 5: pitches are spelt close together on that line, and a chromatic note as the
neighbour that it leads to.
"""

from __future__ import annotations

from typing import NamedTuple

_STEPS = "FCGDAEB"
_LOWEST_FIFTH, _HIGHEST_FIFTH = -7, 11
"""Cb to E#: what lies beyond is written only where the key itself, or its raised seventh, asks for it"""


class Spelling(NamedTuple):
    """A written pitch: F, 1, 4 is the F sharp above middle C."""

    step: str
    alter: int
    octave: int


def spell(pitch: int, fifths: int, is_minor: bool, next_pitch: int | None = None) -> Spelling:
    """Spell a MIDI pitch in a key; `next_pitch` is what the line goes to.

    66 in G major -> F sharp 4; 66 in D flat major -> G flat 4; 68 before 69 in C major -> G sharp 4.
    """
    # Notes of the key, and around them what it borrows: flat 3, 6, 7 and sharp 1, 4 in major; in minor the raised 6 and
    # 7. Flat keys take the raised 7 of their relative minor, too: B in E flat major, not C flat.
    place = _nearest(pitch, fifths - 3 if is_minor or fifths <= -2 else fifths - 4)
    lowest, highest = min(_LOWEST_FIFTH, fifths - 1), max(_HIGHEST_FIFTH, fifths + 5)
    is_chromatic = not fifths - 1 <= place <= fifths + 5
    if is_chromatic and next_pitch is not None and abs(next_pitch - pitch) == 1 and not (is_minor and place > fifths):
        other = place + 12 if next_pitch > pitch else place - 12
        is_sharp = place > fifths + 5
        if is_sharp != (next_pitch > pitch) and max(lowest, fifths - 5) <= other <= min(highest, fifths + 8):
            place = other
    if place > highest and not (is_minor and place == fifths + 8):
        place -= 12
    elif place < lowest:
        place += 12
    alter, step = divmod(place + 1, 7)
    # B sharp and C flat belong to the octave of the letter, not of the key on the piano.
    octave = (pitch - alter) // 12 - 1
    return Spelling(_STEPS[step], alter, octave)


def _nearest(pitch: int, low: int) -> int:
    """Return the place of a pitch on the line of fifths among the twelve from `low` on."""
    place = pitch * 7 % 12
    return place + -(-(low - place) // 12) * 12


def key_alters(fifths: int) -> dict[str, int]:
    """Return what a key signature does to each step: 1 -> F is sharp."""
    sharps = range(fifths) if fifths > 0 else range(0)
    alters = dict.fromkeys(_STEPS, 0)
    for i in sharps:
        alters[_STEPS[i % 7]] += 1
    for i in range(-fifths if fifths < 0 else 0):
        alters[_STEPS[6 - i % 7]] -= 1
    return alters


def signature_of(tonic: int, is_minor: bool) -> int:
    """Return the key signature of a tonic's pitch class: (9, True), A minor -> 0; six flats rather than six sharps."""
    fifths = (tonic + (3 if is_minor else 0)) * 7 % 12
    return fifths - 12 if fifths > 5 else fifths
