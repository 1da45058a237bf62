"""What is chosen next: the choices that a score is made of, each over a block of neighbouring token ids."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bandroid.representations.score_cursor import Cursor
from bandroid.representations.score_vocabulary import VOCABULARY


@dataclass(frozen=True, slots=True)
class Choice:
    """One of `size` outcomes; outcome i is token `first` + i."""

    index: int
    name: str
    first: int
    size: int


_SPANS = (
    ("part", "part", "bar"),  # a part, one more of its velocities, or on to the first bar
    ("bar", "bar", "metre"),  # one more bar; the outcome after it stands for the end of the song
    ("frame", "metre", "silent"),  # metre, cut, tempo; "silent" stands for: nothing more, the cells follow
    ("cell", "silent", "transposed"),
    ("interval", "interval", "interval"),
    ("position", "cell_end", "position"),
    ("pitch", "pitch", "pitch"),
    ("drum", "drum", "drum"),
    ("length", "length", "length"),
    ("velocity", "velocity", "velocity"),
)


def _choice(index: int, name: str, first_family: str, last_family: str) -> Choice:
    first = VOCABULARY.starts[first_family]
    stop = VOCABULARY.starts[last_family] + VOCABULARY.family(last_family).size
    return Choice(index, name, first, stop - first)


CHOICES = {span[0]: _choice(index, *span) for index, span in enumerate(_SPANS)}
"""all choices by name; the index of one never changes, styles on disk count on it"""
_BAR, _END = VOCABULARY.token("bar", 0), VOCABULARY.token("end", 0)
_SILENT = VOCABULARY.token("silent", 0)
_FIRST_OF_CELL, _AFTER_CELL = CHOICES["cell"].first, CHOICES["cell"].first + CHOICES["cell"].size


def next_choice(cursor: Cursor) -> Choice:
    """Return the choice that a cursor stands before (in a bar's frame: whether the frame goes on)."""
    if cursor.stage == "pitch" and cursor.parts[cursor.part].is_drum:
        return CHOICES["drum"]
    return CHOICES[cursor.stage]


def outcomes(cursor: Cursor, token: int) -> list[tuple[Choice, int]]:
    """Split a token into the choices that lead to it: the first cell of a bar also says that the frame is done.

    Returns (choice, outcome) pairs; none for the first token of a song, which is no choice.
    """
    match cursor.stage:
        case "start":
            return []
        case "frame" if _FIRST_OF_CELL <= token < _AFTER_CELL:
            frame, cell = CHOICES["frame"], CHOICES["cell"]
            return [(frame, _SILENT - frame.first), (cell, token - cell.first)]
        case "bar":
            return [(CHOICES["bar"], 0 if token == _BAR else 1)]
        case _:
            choice = next_choice(cursor)
            return [(choice, token - choice.first)]


def allowed_mask(cursor: Cursor, choice: Choice) -> NDArray[np.bool_]:
    """Return bool[choice.size]: which outcomes the grammar allows."""
    if choice.name == "bar":
        return np.ones(choice.size, dtype=np.bool_)
    mask = np.zeros(choice.size, dtype=np.bool_)
    for first, stop in cursor.allowed():
        low, high = max(first - choice.first, 0), min(stop - choice.first, choice.size)
        if low < high:
            mask[low:high] = True
    return mask
