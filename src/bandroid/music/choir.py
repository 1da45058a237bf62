"""Which parts of a song sing soprano, alto, tenor and bass, and what single line a part plays."""

from __future__ import annotations

import re

import numpy as np

from bandroid.music.notes import Notes
from bandroid.music.song import Song

VOICES = ("soprano", "alto", "tenor", "bass")
SOPRANO, ALTO, TENOR, BASS = range(4)
CHOIR_PROGRAM = 52
"""General MIDI's choir aahs"""

_VOICE_WORDS = (
    ("soprano", "sopran", "s", "cantus", "discant", "treble"),
    ("alto", "alt", "a", "altus", "contralto"),
    ("tenor", "t"),
    ("bass", "b", "bassus", "basso"),
)
_MOST_WORDS = 2
"""in a voice's name: "Soprano 1" is one, "Bass Drum and Cymbals" none"""


def four_voices(song: Song) -> tuple[int, ...] | None:
    """Return which parts sing soprano, alto, tenor, bass; None where a song is not in four voices.

    Parts that are named so, or else the only four parts with a pitch, each of them one line, by their height.
    """
    pitched = [index for index, part in enumerate(song.parts) if not part.is_drum and len(part.notes)]
    named = [
        [index for index in pitched if voice_named(song.parts[index].name) == voice] for voice in range(len(VOICES))
    ]
    if all(named):
        return tuple(found[0] for found in named)
    if len(pitched) != len(VOICES) or not all(is_line(song.parts[index].notes) for index in pitched):
        return None
    return tuple(sorted(pitched, key=lambda index: -mean_pitch(song.parts[index].notes)))


def voice_named(name: str) -> int | None:
    """Return which voice a part's name stands for: "Soprano 1" -> 0, "Bass" -> 3; None where it stands for none."""
    words = re.findall(r"[a-z]+", name.lower())
    for voice, known in enumerate(_VOICE_WORDS):
        if words and words[0] in known and len(words) <= _MOST_WORDS:
            return voice
    return None


def is_line(notes: Notes) -> bool:
    """Say whether one note sounds at a time, but for ends that only just overlap."""
    overlap = np.minimum(notes.end_tick[:-1] - notes.onset_tick[1:], notes.length_tick[1:])
    return bool((overlap <= notes.length_tick[:-1] // 4).all())


def line_of(notes: Notes, *, lowest: bool = False) -> tuple[Notes, int]:
    """Return the top line of notes (or the lowest), and how many notes were left out of it.

    A note that begins and ends while a higher one sounds accompanies it. Notes end where the next one begins.
    """
    if not len(notes):
        return notes, 0
    onset, end, pitch = notes.onset_tick.tolist(), notes.end_tick.tolist(), notes.pitch.tolist()
    order = np.lexsort((notes.pitch if lowest else -notes.pitch, notes.onset_tick)).tolist()
    is_simple = is_line(notes)
    kept: list[int] = []
    for index in order:
        if kept:
            before = kept[-1]
            if onset[index] == onset[before]:
                continue
            is_hidden = pitch[index] > pitch[before] if lowest else pitch[index] < pitch[before]
            if not is_simple and is_hidden and end[index] <= end[before]:
                continue
        kept.append(index)
    line = notes.select(np.array(kept, dtype=np.int64))
    ends = np.append(np.minimum(line.end_tick[:-1], line.onset_tick[1:]), line.end_tick[-1:])
    return Notes(line.onset_tick, ends - line.onset_tick, line.pitch, line.velocity), len(notes) - len(line)


def mean_pitch(notes: Notes) -> float:
    """Return how high notes lie, long ones counting more."""
    return float(np.average(notes.pitch, weights=notes.length_tick))
