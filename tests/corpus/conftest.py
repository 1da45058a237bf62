"""Small bands for tests of what happens to folders of songs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from bandroid.music.notes import Notes
from bandroid.music.song import MetreChange, Part, Song, TempoChange

TPQ = 480


def make_band(seed: int, n_bars: int = 16) -> Song:
    """A band of melody, chords, bass and drums in 4/4; another seed is another song."""
    random = np.random.default_rng(seed)
    roots = random.integers(0, 12, n_bars)
    melody, chords, bass, drums = [], [], [], []
    for bar in range(n_bars):
        start = bar * 4 * TPQ
        for eighth in np.flatnonzero(random.random(8) < 0.75):
            melody.append((start + int(eighth) * 240, 200, 72 + int(random.integers(0, 12)), 90))
        for interval in (0, 4, 7):
            chords.append((start, 4 * TPQ, 52 + int(roots[bar]) + interval, 60))
        for beat in range(4):
            bass.append((start + beat * TPQ, 400, 33 + int(roots[bar]) + int(random.choice((0, 0, 7))), 80))
            drums.append((start + beat * TPQ, 100, 36 if beat % 2 == 0 else 38, 100))
    parts = (
        Part("Lead Synth", 80, False, Notes.from_rows(melody)),
        Part("Piano", 0, False, Notes.from_rows(chords)),
        Part("Bass", 33, False, Notes.from_rows(bass)),
        Part("Drums", 0, True, Notes.from_rows(drums)),
    )
    return Song(TPQ, parts, tempos=(TempoChange(0, 120.0),), metres=(MetreChange(0, 4, 4),))


def transposed(song: Song, interval_semitone: int) -> Song:
    """Move all pitched parts."""
    return song.with_parts(
        tuple(p if p.is_drum else replace(p, notes=p.notes.transpose(interval_semitone)) for p in song.parts)
    )


@pytest.fixture(scope="session")
def band() -> Callable[..., Song]:
    """`band(seed, n_bars=16)` makes a song."""
    return make_band


@pytest.fixture(scope="session")
def transpose() -> Callable[[Song, int], Song]:
    """`transpose(song, interval_semitone)` moves its pitched parts."""
    return transposed
