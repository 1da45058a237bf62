"""Attributes say what a musician would."""

from __future__ import annotations

import numpy as np

from bandroid.generation.attributes import ATTRIBUTES, attributes_of, measure_windows
from bandroid.representations.grid import FIRST_NOTE, LOWEST_PITCH
from bandroid.representations.window import WINDOW_KINDS, Window

MELODY, DRUMS, TRIO = (WINDOW_KINDS[name] for name in ("melody-2bar", "drums-2bar", "trio-16bar"))


def measured(notes: dict[int, int], velocity: int = 80, bar_steps: int = 16) -> dict[str, float]:
    """Notes by step."""
    symbols = np.zeros((1, 2 * bar_steps), dtype=np.int32)
    for step, pitch in notes.items():
        symbols[0, step] = pitch - LOWEST_PITCH + FIRST_NOTE
    loud = np.where(symbols.T >= FIRST_NOTE, velocity, 0).astype(np.int32)
    row = measure_windows([Window(symbols, loud, bar_steps, np.array([True]))], MELODY)[0]
    return dict(zip(ATTRIBUTES, row.tolist(), strict=True))


def test_density_height_range_velocity() -> None:
    found = measured({0: 60, 8: 64, 16: 72}, velocity=50)
    assert found["density"] == 3 / 32
    assert found["height"] == (60 + 64 + 72) / 3
    assert found["range"] == 12
    assert found["velocity"] == 50


def test_syncopation() -> None:
    on_beats = measured({0: 60, 4: 60, 8: 60, 12: 60, 16: 60, 20: 60, 24: 60, 28: 60})
    off_beats = measured({2: 60, 6: 60, 10: 60, 14: 60, 18: 60, 22: 60, 26: 60, 30: 60})
    eighths = measured(dict.fromkeys(range(0, 32, 2), 60))
    assert on_beats["syncopation"] == eighths["syncopation"] == 0
    # The last one has nothing behind it that it could have waited for.
    assert off_beats["syncopation"] == 7 / 8


def test_a_waltz_on_its_beats_is_not_syncopated() -> None:
    assert measured({0: 60, 4: 62, 8: 64, 12: 60, 16: 62, 20: 64}, bar_steps=12)["syncopation"] == 0


def test_silence_has_numbers() -> None:
    assert set(measured({}).values()) == {0.0}


def test_drums_have_no_pitch() -> None:
    assert attributes_of(DRUMS) == ("density", "syncopation", "velocity")
    assert attributes_of(TRIO) == ATTRIBUTES
