"""How well a style knows songs: bits that it needs for them, kind of choice by kind of choice. No torch.

The definition, one for every model: all choices that write a song's score are paid for, -log2 of what the model gave to
the outcome that came; so are its key (one of twelve, since songs are moved to C) and its end. The model adapts along a
song and begins anew with each.

    bits per note   all of that, for a note of the score
    bits_new        the notes of cells that are written out: their choices, cell ends included, for a note of them
    bits_repeat     the cells: silent, new, which earlier one again, how far transposed; for a cell
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from bandroid.generation.choices import CHOICES, allowed_mask
from bandroid.generation.lesson import Lesson, lesson
from bandroid.generation.stepper import Stepper, walk
from bandroid.music.song import Song

KEY_BITS = math.log2(12)
_OF_NEW_NOTES = ("position", "pitch", "drum", "length", "velocity")
_OF_CELLS = ("cell", "interval")


@dataclass(frozen=True, slots=True)
class Figures:
    """Bits of one song, or the sum over several."""

    n_songs: int
    n_notes: int
    """notes of the score"""
    bits: float
    """everything together, the keys too"""
    bits_of: Mapping[str, float]
    """by kind of choice"""
    n_of: Mapping[str, int]
    """how many choices there were, by kind"""
    uniform_bits: float
    """what it would cost if all that the grammar allows were equally likely"""

    def __add__(self, other: Figures) -> Figures:
        return Figures(
            self.n_songs + other.n_songs,
            self.n_notes + other.n_notes,
            self.bits + other.bits,
            {name: self.bits_of[name] + other.bits_of[name] for name in CHOICES},
            {name: self.n_of[name] + other.n_of[name] for name in CHOICES},
            self.uniform_bits + other.uniform_bits,
        )

    @property
    def bits_per_note(self) -> float:
        return self.bits / max(self.n_notes, 1)

    @property
    def uniform_bits_per_note(self) -> float:
        return self.uniform_bits / max(self.n_notes, 1)

    @property
    def n_new_notes(self) -> int:
        """Notes in cells that are written out; each has one velocity."""
        return self.n_of["velocity"]

    @property
    def bits_new(self) -> float:
        """Bits for a note that is written out."""
        return sum(self.bits_of[name] for name in _OF_NEW_NOTES) / max(self.n_new_notes, 1)

    @property
    def bits_repeat(self) -> float:
        """Bits for the choice of a cell."""
        return sum(self.bits_of[name] for name in _OF_CELLS) / max(self.n_of["cell"], 1)

    def as_json(self) -> dict[str, object]:
        """Return plain data, with the bits of each kind of choice for one of them."""
        by_choice = {
            name: {"n": self.n_of[name], "bits": round(self.bits_of[name] / self.n_of[name], 4)}
            for name in CHOICES
            if self.n_of[name]
        }
        return {
            "songs": self.n_songs,
            "notes": self.n_notes,
            "new_notes": self.n_new_notes,
            "bits_per_note": round(self.bits_per_note, 4),
            "bits_new": round(self.bits_new, 4),
            "bits_repeat": round(self.bits_repeat, 4),
            "uniform_bits_per_note": round(self.uniform_bits_per_note, 4),
            "by_choice": by_choice,
        }


NOTHING = Figures(0, 0, 0.0, dict.fromkeys(CHOICES, 0.0), dict.fromkeys(CHOICES, 0), 0.0)
"""to begin a sum with"""


def evaluate(model: Callable[[], Stepper], songs: Iterable[Song]) -> Figures:
    """Return what songs cost a style together; `model` returns a model at the start of a song."""
    return sum((song_figures(model(), song) for song in songs), NOTHING)


def song_figures(model: Stepper, song: Song) -> Figures:
    """Return what a song costs a model that stands at the start of one. Raises ValueError for a song without notes."""
    return lesson_figures(model, lesson(song))


def lesson_figures(model: Stepper, one: Lesson) -> Figures:
    """Return what a song that is ready to be walked through costs a model that stands at the start of one."""
    bits_of, n_of = dict.fromkeys(CHOICES, 0.0), dict.fromkeys(CHOICES, 0)
    uniform_bits = KEY_BITS
    for prediction, outcome in walk(model, one.tokens):
        name = prediction.choice.name
        bits_of[name] -= math.log2(prediction.probabilities[outcome])
        n_of[name] += 1
        uniform_bits += math.log2(int(allowed_mask(model.cursor, prediction.choice).sum()))
    bits = KEY_BITS + sum(bits_of.values())
    return Figures(1, int(one.sheet.notes.size), bits, bits_of, n_of, uniform_bits)
