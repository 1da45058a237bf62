"""Primers: what a new piece begins with, note for note. Typed as lists, as Drums RNN and Melody RNN take them, or a
file.

"[60, -2, 62, -2]"            a 16th each: a pitch, -2 to hold (or to go on resting), -1 to end the note
"[(36, 42), (), (42,)]"       a 16th each: which drums are struck together
beat.mid, tune.abc            its drums, or its melody; new music begins with the bar after its last note
"""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import Any

import numpy as np

from bandroid.errors import WishError
from bandroid.music.clock import bar_grid
from bandroid.music.notes import Notes
from bandroid.music.song import Part, Song
from bandroid.representations.grid import (
    HIGHEST_PITCH,
    HOLD,
    LOWEST_PITCH,
    REST,
    STEPS_PER_QUARTER,
    VELOCITY,
    MelodyGrid,
)

MOST_STEPS = 32_000
_LONGEST_TEXT = 400_000
_NO_EVENT, _NOTE_OFF = -2, -1
_EARLY_QUARTER = 0.25
"""a note held this little beyond a bar line begins no new bar"""


@dataclass(frozen=True, slots=True)
class Primer:
    """What a piece begins with."""

    song: Song
    end_tick: int
    """where new music begins, in the song's own ticks"""
    is_typed: bool = False
    """whether it came as a list, without tempo, metre or instrument"""
    lead: int | None = None
    """which of the song's parts has the tune, where that is known"""

    @property
    def n_steps(self) -> int:
        """How many 16ths it takes."""
        return round(self.end_tick * STEPS_PER_QUARTER / self.song.ticks_per_quarter)


def primer_from_song(song: Song, lead: int | None = None) -> Primer:
    """Take a whole song; new music begins with the bar after its last onset. Raises WishError for one without notes.

    `lead` says which of its parts has the tune.
    """
    if not song.n_notes:
        raise WishError("--primer: it holds no notes")
    grid = bar_grid(song)
    last_onset = max(int(part.notes.onset_tick[-1]) for part in song.parts if len(part.notes))
    end_tick = max(song.end_tick - int(_EARLY_QUARTER * song.ticks_per_quarter), last_onset + 1)
    return Primer(song, int(grid.onset_tick[int(grid.bar_of(end_tick - 1)) + 1]), lead=lead)


def is_typed(text: str) -> bool:
    """Say whether a primer is a list rather than a file's name."""
    return text.lstrip().startswith(("[", "("))


def read_primer(text: str) -> Primer:
    """Read a typed primer; raises WishError for what is none."""
    steps = _steps(text)
    n_steps = len(steps)
    if all(isinstance(step, int) for step in steps):
        notes, is_drum, program = _melody(steps), False, 0
    elif all(isinstance(step, tuple | list) for step in steps):
        notes, is_drum, program = _drums(steps), True, 0
    else:
        raise WishError(
            f"--primer {_short(text)}: it mixes pitches and drums; a melody is a list of numbers, drums of tuples"
        )
    if not len(notes):
        raise WishError(f"--primer {_short(text)}: it holds no notes")
    part = Part("Primer", program, is_drum, notes)
    return Primer(Song(STEPS_PER_QUARTER, (part,)), n_steps, is_typed=True)


def _steps(text: str) -> list[Any]:
    shown = _short(text)
    if len(text) > _LONGEST_TEXT:
        raise WishError("--primer is too long to be typed: put it into a file")
    try:
        # Literals alone: nothing in it is ever run.
        steps = ast.literal_eval(text.strip())
    except (ValueError, SyntaxError, MemoryError, RecursionError, TypeError):
        raise WishError(
            f"--primer {shown}: write a melody as [60, -2, 62, -2] and drums as [(36, 42), (), (42,)], a 16th each, "
            "or name a file"
        ) from None
    steps = list(steps) if isinstance(steps, list | tuple) else [steps]
    if not 1 <= len(steps) <= MOST_STEPS:
        raise WishError(f"--primer {shown}: it takes 1 to {MOST_STEPS} steps, not {len(steps)}")
    return steps


def _melody(steps: list[Any]) -> Notes:
    symbols = np.zeros(len(steps), dtype=np.int32)
    for at, pitch in enumerate(steps):
        if pitch == _NO_EVENT:
            symbols[at] = HOLD
        elif pitch == _NOTE_OFF:
            symbols[at] = REST
        elif isinstance(pitch, bool) or not LOWEST_PITCH <= pitch <= HIGHEST_PITCH:
            raise WishError(
                f"--primer: step {at + 1} is {pitch}; pitches lie from {LOWEST_PITCH} to {HIGHEST_PITCH} "
                "(60 is middle C), -2 holds, -1 ends a note"
            )
        else:
            symbols[at] = pitch - LOWEST_PITCH + 2
    return MelodyGrid().decode(symbols)


def _drums(steps: list[Any]) -> Notes:
    rows = []
    for at, struck in enumerate(steps):
        for pitch in dict.fromkeys(struck):
            if isinstance(pitch, bool) or not isinstance(pitch, int) or not 0 <= pitch <= 127:
                raise WishError(
                    f"--primer: step {at + 1} holds {pitch!r}; drums are numbers from 0 to 127 (36 is a kick)"
                )
            rows.append((at, 1, pitch, VELOCITY))
    return Notes.from_rows(rows)


def _short(text: str) -> str:
    return repr(text if len(text) <= 40 else f"{text[:37]}...")
