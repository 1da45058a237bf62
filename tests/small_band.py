"""A band small enough to learn within a test: drums, bass and guitar over four chords, in two keys."""

from __future__ import annotations

import numpy as np

from bandroid.music.notes import Notes
from bandroid.music.song import MetreChange, Part, Song, TempoChange

QUARTER = 48
BAR = 4 * QUARTER
TONES = (0, 2, 4, 5, 7, 9, 11)
"""of C major"""


def small_song(key: int = 0, n_bars: int = 16, tempo_qpm: float = 120.0) -> Song:
    """A beat, a bass on the roots, a guitar that rests every other four bars; the fourth bar is a fill."""
    roots = [key + root for root in (0, 9, 5, 7)]
    drums, bass, guitar = [], [], []
    for bar in range(n_bars):
        start, root = bar * BAR, 36 + roots[bar % 4] % 12
        for beat in range(4):
            onset = start + beat * QUARTER
            drums.append((onset, QUARTER // 4, 38 if beat % 2 else 36, 100 - 10 * (beat % 2)))
            drums += [(onset + half * QUARTER // 2, QUARTER // 4, 42, 70) for half in range(2)]
            bass.append((onset, QUARTER, root + (12 if beat == 3 else 0), 90))
        if bar % 4 == 3:
            drums += [(start + 3 * QUARTER + i * QUARTER // 4, 6, 45 + i, 110) for i in range(4)]
        if bar % 8 < 4:
            guitar += [(start, 2 * QUARTER, root + 12 + third, 80) for third in (0, 4, 7)]
            guitar += [(start + 2 * QUARTER, QUARTER, root + 24, 85), (start + 3 * QUARTER, QUARTER, root + 26, 85)]
    parts = (
        Part("Drums", 0, True, Notes.from_rows(drums), volume=110),
        Part("Bass", 33, False, Notes.from_rows(bass), pan=70),
        Part("Guitar", 27, False, Notes.from_rows(guitar), volume=90, pan=40),
    )
    return Song(QUARTER, parts, (TempoChange(0, tempo_qpm),), (MetreChange(0, 4, 4),))


def small_band() -> list[Song]:
    """Three songs."""
    return [small_song(0), small_song(2, 12, 96.0), small_song(5, 20, 140.0)]


def varied_song(number: int, n_bars: int = 8) -> Song:
    """A song unlike the others: bass and piano walk about by chance, over one beat of drums."""
    rng = np.random.default_rng(number)
    bass, piano, drums = [], [], []
    motif = [(int(tone), int(octave)) for tone, octave in zip(rng.choice(TONES, 4), rng.integers(0, 2, 4), strict=True)]
    for bar in range(n_bars):
        start = bar * BAR
        if bar % 4 == 2:
            motif = [(int(tone), octave) for tone, (_, octave) in zip(rng.choice(TONES, 4), motif, strict=True)]
        for beat, (tone, octave) in enumerate(motif):
            bass.append((start + beat * QUARTER, QUARTER, 36 + tone + 12 * octave, 90))
            drums.append((start + beat * QUARTER, QUARTER // 4, 38 if beat % 2 else 36, 100))
        if bar % 4 != 3:
            onsets = np.flatnonzero(rng.random(8) < 0.6).tolist() or [0]
            piano += [(start + o * QUARTER // 2, QUARTER // 2, 60 + int(rng.choice(TONES)), 80) for o in onsets]
    parts = (
        Part("Drums", 0, True, Notes.from_rows(drums)),
        Part("Bass", 33, False, Notes.from_rows(bass)),
        Part("Piano", 0, False, Notes.from_rows(piano)),
    )
    return Song(QUARTER, parts, (TempoChange(0, 100.0 + number % 40),), (MetreChange(0, 4, 4),), title=f"Song {number}")


def varied_band(n_songs: int, n_bars: int = 8) -> list[Song]:
    """Songs that have little but their style in common."""
    return [varied_song(number, n_bars) for number in range(1, n_songs + 1)]
