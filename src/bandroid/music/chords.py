"""Chord symbols read: "F#m7b5" -> root F sharp, half-diminished; and what a note is against them.

Ten qualities are told apart, those whose chord tones or scales differ; whatever else a symbol says (tensions,
alterations) colours the chord and stays one of the ten. A note's role is one of four, after the jazz grammars of
Gillick, Tang and Keller ("Learning Jazz Grammars", SMC 2009): chord tone, scale tone, approach (a semitone below or
above a chord tone), outside.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from bandroid.errors import WishError

CHORD_TONE, SCALE_TONE, APPROACH, OUTSIDE = range(4)
"""roles of a note"""


@dataclass(frozen=True, slots=True)
class Quality:
    """A kind of chord: how it is written, its tones and its scale's, in semitones over the root."""

    suffix: str
    tones: tuple[int, ...]
    scale: tuple[int, ...]


QUALITIES = (
    Quality("", (0, 4, 7), (0, 2, 4, 5, 7, 9, 11)),
    Quality("m", (0, 3, 7), (0, 2, 3, 5, 7, 8, 10)),
    Quality("7", (0, 4, 7, 10), (0, 2, 4, 5, 7, 9, 10)),
    Quality("maj7", (0, 4, 7, 11), (0, 2, 4, 5, 7, 9, 11)),
    Quality("m7", (0, 3, 7, 10), (0, 2, 3, 5, 7, 9, 10)),
    Quality("m7b5", (0, 3, 6, 10), (0, 1, 3, 5, 6, 8, 10)),
    Quality("dim7", (0, 3, 6, 9), (0, 2, 3, 5, 6, 8, 9, 11)),
    Quality("+", (0, 4, 8), (0, 2, 4, 6, 8, 10)),
    Quality("sus4", (0, 5, 7), (0, 2, 5, 7, 9, 10)),
    Quality("6", (0, 4, 7, 9), (0, 2, 4, 5, 7, 9, 11)),
)
"""in the order of their numbers"""
_NUMBER = {quality.suffix: number for number, quality in enumerate(QUALITIES)}

_LETTERS = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11, "H": 11}
_SIGNS = {"": 0, "#": 1, "b": -1, "♯": 1, "♭": -1}
_SYMBOL = re.compile(r"([A-Ha-h])([#b♯♭]?)([^/]*?)(?:/[A-Ha-h](?:##|bb|[#b♯♭]?))?")
_NO_CHORD = re.compile(r"n\.?\s?c\.?|none|-", re.IGNORECASE)
# The first that fits counts, so the special ones stand before the plain ones.
_KINDS: tuple[tuple[str, str], ...] = (
    ("m7b5", r"(?:m|mi|min|-)7?\(?[b♭]5\)?.*|(?:m|mi|min|-)(?:7|9|11)\(?[b♭]5\)?.*|ø.*|h.*"),
    ("dim7", r"dim.*|o.*|°.*"),
    ("sus4", r".*sus.*"),
    ("maj7", r"(?:maj|ma|major|M|Maj|MA|j)(?:7|9|11|13).*|Δ.*|\^.*"),
    ("m7", r"(?:m|mi|min|minor|-)\(?(?:maj|Maj|M|ma|#)?\)?(?:7|9|11|13).*"),
    ("m", r"(?:m|mi|min|minor|-)(?!a|M)(?:6|69|6/9|add.*)?.*"),
    ("+", r"(?:\+|aug|#5)(?!\d).*|\(?#5\)?.*"),
    ("7", r"(?:dom)?(?:7|9|11|13).*|(?:\+|aug)(?:7|9|11|13).*"),
    ("6", r"6.*|69.*"),
    ("", r"(?:maj|major|M|Maj)?|5|2|add.*|pedal|\(.*\)|[b#]\d+.*"),
)
_PATTERNS = tuple((_NUMBER[suffix], re.compile(pattern)) for suffix, pattern in _KINDS)


@dataclass(frozen=True, slots=True)
class Chord:
    """A chord. Raises ValueError out of range."""

    root: int
    """pitch class, 0 (C) to 11 (B)"""
    quality: int
    """number in QUALITIES"""

    def __post_init__(self) -> None:
        if not (0 <= self.root < 12 and 0 <= self.quality < len(QUALITIES)):
            raise ValueError(f"not a chord: {self}")

    @property
    def number(self) -> int:
        """1 ... 120; 0 stands for no chord."""
        return 1 + self.root * len(QUALITIES) + self.quality

    @classmethod
    def of(cls, number: int) -> Chord | None:
        """Return the chord of a number, None for 0."""
        return cls(*divmod(number - 1, len(QUALITIES))) if number else None

    def name(self, *, has_flats: bool = False) -> str:
        """Spell it: "F#m7b5", with flats "Gbm7b5"."""
        names = _FLATS if has_flats else _SHARPS
        return names[self.root] + QUALITIES[self.quality].suffix


_SHARPS = ("C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B")
_FLATS = ("C", "Db", "D", "Eb", "E", "F", "Gb", "G", "Ab", "A", "Bb", "B")
N_CHORDS = 12 * len(QUALITIES) + 1
"""how many numbers there are, that of no chord too"""


def read_chord(text: str) -> Chord | None:
    """Read a chord symbol; None for no chord (N.C.). A bass of its own, as in C/G, is passed over.

    Raises WishError for what is none.
    """
    text = text.strip()
    if _NO_CHORD.fullmatch(text):
        return None
    found = _SYMBOL.fullmatch(text.replace("6/9", "69"))
    if found:
        letter, sign, kind = found.groups()
        for number, pattern in _PATTERNS:
            if pattern.fullmatch(kind.strip()):
                return Chord((_LETTERS[letter.upper()] + _SIGNS[sign]) % 12, number)
    raise WishError(f"{text!r} is no chord: write it as C, Am, F#m7b5, Bbmaj7, G7, Dsus4, E+ or C/G; N.C. for none")


def role_of(pitch_class: int, chord: Chord) -> int:
    """Return what a note is against a chord: CHORD_TONE, SCALE_TONE, APPROACH or OUTSIDE."""
    return ROLES[chord.quality][(pitch_class - chord.root) % 12]


def _roles(quality: Quality) -> tuple[int, ...]:
    def role(interval: int) -> int:
        if interval in quality.tones:
            return CHORD_TONE
        if interval in quality.scale:
            return SCALE_TONE
        near = {(interval - 1) % 12, (interval + 1) % 12}
        return APPROACH if near & set(quality.tones) else OUTSIDE

    return tuple(role(interval) for interval in range(12))


ROLES = tuple(_roles(quality) for quality in QUALITIES)
"""[quality][interval over the root] -> role"""
