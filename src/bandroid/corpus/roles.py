"""What each part does in the band: vocal line, lead, chords, bass, drums or other; and why we think so.

A part's name speaks first ("Bass", "Lead Vox", "Rhythm Gtr"), then its program, then how it plays: how low, how many
notes at once, how dense. Wrong guesses are put right in a text file beside the songs: corpus/role_rules.py.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np

from bandroid.music.general_midi import PROGRAM_NAMES
from bandroid.music.song import Part, Song
from bandroid.music.table import UNITS_PER_QUARTER, NoteTable, note_table

ROLES = ("vocal line", "lead", "chords", "bass", "drums", "other")


@dataclass(frozen=True, slots=True)
class PartRole:
    """What a part does, and what gave it away."""

    role: str
    """one of ROLES"""
    why: str


# Words are looked for as whole words, so that "bassoon" is no bass and "leader" no lead.
_NAME_WORDS: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (role, re.compile(rf"(?<![a-z])(?:{words})(?![a-z])"))
    for role, words in (
        ("drums", r"drums?|drumkit|percussion|perc|kit|snare|kick|hi-?hats?|cymbals?|toms"),
        ("vocal line", r"vocals?|vox|voice|sing|singer|singing|lyrics?|words|soprano|alto|tenor|baritone|karaoke"),
        ("bass", r"bass|bassline|bs|contrabass|kontrabass|cello|tuba"),
        ("lead", r"lead|ld|solo|melody|melodie|mel|tune|theme|riff"),
        ("chords", r"chords?|rhythm|rhy|rythm|strings?|pads?|harmony|accomp|accompaniment|comp|strum|organ"),
    )
)
_NOT_A_NAME = re.compile(r"(?<![a-z])(?:bass drum|bass clarinet|bass clef|alto sax|tenor sax|baritone sax|soprano sax)")

_BASS_PROGRAMS = frozenset((*range(32, 40), 43, 58))
_VOICE_PROGRAMS = frozenset((53, 54, 85))
_LEAD_PROGRAMS = frozenset((*range(80, 88), 40, 56, *range(64, 80), 105, 110, 22))
_PAD_PROGRAMS = frozenset((*range(88, 96), *range(48, 53), *range(16, 22)))
_EFFECT_PROGRAMS = frozenset((*range(119, 128), 55))

_LOW_PITCH = 50.0
"""a part whose mean pitch lies below D3 plays in the bass's register"""

_CHORDAL_SHARE = 0.35
"""where this share of a part's notes begins together with another, the part plays chords"""

_SPARSE_PER_QUARTER = 0.05
"""fewer onsets than one in five bars make a part of effects rather than a line"""


def guess_roles(song: Song, table: NoteTable | None = None) -> tuple[PartRole, ...]:
    """Return one role per part, in the song's order."""
    table = note_table(song) if table is None else table
    counts = table.n_notes_of_part
    safe = np.maximum(counts, 1)
    # A note belongs to a chord when it begins with its neighbour in the same part.
    together = np.zeros(len(table) + 1, dtype=np.bool_)
    together[1:-1] = (table.onset_unit[1:] == table.onset_unit[:-1]) & (table.part[1:] == table.part[:-1])
    in_chord = together[1:] | together[:-1]
    n_parts = table.n_parts
    mean_pitch = np.bincount(table.part, weights=table.pitch, minlength=n_parts) / safe
    chordal = np.bincount(table.part, weights=in_chord, minlength=n_parts) / safe
    n_onsets = counts - np.bincount(table.part, weights=together[:-1], minlength=n_parts)
    n_quarters = max(float(table.onset_unit.max(initial=0)) / UNITS_PER_QUARTER, 1.0)
    per_quarter = n_onsets / n_quarters
    guesses = [
        _guess(part, pitch, chord, density)
        for part, pitch, chord, density in zip(
            song.parts, mean_pitch.tolist(), chordal.tolist(), per_quarter.tolist(), strict=True
        )
    ]
    return _with_a_bass(guesses, mean_pitch.tolist(), chordal.tolist(), counts.tolist())


def _guess(part: Part, mean_pitch: float, chordal: float, per_quarter: float) -> PartRole:
    if part.is_drum:
        return PartRole("drums", "drum channel")
    if not len(part.notes):
        return PartRole("other", "no notes")
    if part.lyrics and chordal < _CHORDAL_SHARE:
        return PartRole("vocal line", "carries the words")
    name = _NOT_A_NAME.sub("", part.name.lower())
    for role, words in _NAME_WORDS:
        found = words.search(name)
        if found and not _contradicted(role, mean_pitch, chordal):
            return PartRole(role, f"named {part.name.strip()!r}")
    instrument = PROGRAM_NAMES[part.program]
    if part.program in _BASS_PROGRAMS and mean_pitch < _LOW_PITCH + 6:
        return PartRole("bass", f"{instrument}, low")
    if part.program in _EFFECT_PROGRAMS or per_quarter < _SPARSE_PER_QUARTER:
        return PartRole("other", instrument if part.program in _EFFECT_PROGRAMS else "plays now and then")
    if chordal >= _CHORDAL_SHARE:
        return PartRole("chords", f"{chordal:.0%} of its notes sound in chords")
    if part.program in _VOICE_PROGRAMS:
        return PartRole("vocal line", f"{instrument}, one note at a time")
    if mean_pitch < _LOW_PITCH and part.program not in _LEAD_PROGRAMS:
        return PartRole("other", "a single low line")
    if part.program in _PAD_PROGRAMS and chordal > 0.1:
        return PartRole("chords", instrument)
    return PartRole("lead", f"one note at a time, {'high' if mean_pitch >= 67 else 'middle'} register")


def _contradicted(role: str, mean_pitch: float, chordal: float) -> bool:
    """Tell whether what a part plays says that its name means something else."""
    if role == "bass":
        return mean_pitch > 60
    if role in ("lead", "vocal line"):
        return chordal > 0.8
    # An "organ" or a "harmony" line of single notes is a melody.
    return role == "chords" and chordal < 0.05


def _with_a_bass(
    guesses: list[PartRole], mean_pitch: list[float], chordal: list[float], counts: list[int]
) -> tuple[PartRole, ...]:
    """Where nobody is the bass, the lowest single line is."""
    if not any(guess.role == "bass" for guess in guesses):
        low_lines = [
            index
            for index, guess in enumerate(guesses)
            if guess.why == "a single low line" and counts[index] >= 8 and chordal[index] < 0.2
        ]
        if low_lines:
            guesses[min(low_lines, key=mean_pitch.__getitem__)] = PartRole("bass", "the lowest single line")
    return tuple(
        PartRole("lead", "a single line in low register") if guess.why == "a single low line" else guess
        for guess in guesses
    )
