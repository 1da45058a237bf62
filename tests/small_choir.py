"""Four voices for tests: plain cadences in any key, and a tune."""

from __future__ import annotations

import numpy as np

from bandroid.music.notes import Notes
from bandroid.music.song import KeyChange, MetreChange, Part, Song, TempoChange

TICKS_PER_QUARTER = 480
_CHORDS = (
    (72, 67, 64, 48), (69, 65, 60, 53), (71, 67, 62, 55), (76, 67, 60, 48), (74, 65, 62, 50), (72, 64, 57, 45),
    (67, 64, 59, 52), (77, 69, 60, 53), (79, 67, 59, 55),
)  # fmt: skip
"""chords of C major, spaced as choirs are; the first is the last"""


def small_chorale(shift: int = 0, n_bars: int = 8, seed: int = 0) -> Song:
    """Return four parts, a chord on every quarter, now and then two eighths in the tenor."""
    rng = np.random.default_rng(seed)
    rows: list[list[tuple[int, int, int, int]]] = [[], [], [], []]
    for beat in range(4 * n_bars):
        chord = _CHORDS[int(rng.integers(len(_CHORDS))) if 0 < beat < 4 * n_bars - 1 else 0]
        for voice, pitch in enumerate(chord):
            onset, length = beat * TICKS_PER_QUARTER, TICKS_PER_QUARTER
            if voice == 2 and rng.random() < 0.3:
                rows[voice].append((onset, length // 2, pitch + shift, 80))
                rows[voice].append((onset + length // 2, length // 2, pitch + shift - 2, 80))
            else:
                rows[voice].append((onset, length, pitch + shift, 80))
    names = ("Soprano", "Alto", "Tenor", "Bass")
    parts = tuple(Part(name, 52, False, Notes.from_rows(own)) for name, own in zip(names, rows, strict=True))
    fifths = (7 * (shift % 12) + 5) % 12 - 5
    return Song(
        TICKS_PER_QUARTER,
        parts,
        (TempoChange(0, 72.0),),
        (MetreChange(0, 4, 4),),
        (KeyChange(0, fifths, False),),
        fermatas=tuple(range(15 * TICKS_PER_QUARTER, 4 * n_bars * TICKS_PER_QUARTER, 16 * TICKS_PER_QUARTER)),
        title=f"Chorale {seed}",
    )


def tune(pitches: tuple[int, ...] = (72, 74, 76, 77, 79, 77, 76, 74), quarters: float = 1.0) -> Song:
    """Return one part, its notes as long as each other."""
    length = round(quarters * TICKS_PER_QUARTER)
    rows = [(number * length, length, pitch, 90) for number, pitch in enumerate(pitches)]
    return Song(TICKS_PER_QUARTER, (Part("Tune", 73, False, Notes.from_rows(rows)),), metres=(MetreChange(0, 4, 4),))
