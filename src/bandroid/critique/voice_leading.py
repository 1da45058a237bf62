"""What a choirmaster would mark in four voices: parallels, crossings, spacing, ranges, leading tones, the last chord.

Rules are those of any textbook of four-part writing (Aldwell and Schachter, Harmony and Voice Leading); how often Bach
himself breaks them is measured in benchmarks/chorales.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from bandroid.music.choir import VOICES
from bandroid.representations.chorale import CELLS, LOWEST_PITCH, N_VOICES, REST, TONIC, UNKNOWN_TONIC
from bandroid.representations.chorale_rows import PAIRS

RANGES = ((60, 81), (55, 74), (48, 69), (40, 62))
"""MIDI pitches that a choir's soprano, alto, tenor and bass sing, lowest and highest: C4-A5, G3-D5, C3-A4, E2-D4"""
WIDEST_SPACING = 12
"""semitones between soprano and alto, alto and tenor"""
FIFTH, OCTAVE = 7, 0
LEADING = 11
"""semitones above the tonic"""

KINDS = {
    "parallel fifths": "{0} and {1} move in parallel fifths",
    "parallel octaves": "{0} and {1} move in parallel octaves",
    "crossing": "{0} and {1} cross",
    "spacing": "{0} and {1} are more than an octave apart",
    "range": "{0} leaves its range",
    "leading tone": "{0} doubles the leading tone of {1}",
    "last chord": "the last chord is not the tonic's",
}


class Fault(NamedTuple):
    """Something that a choirmaster would mark."""

    kind: str
    """of KINDS"""
    frame: int
    """where it begins, 16ths from the start"""
    voices: tuple[int, ...]

    @property
    def sentence(self) -> str:
        """Say it: "alto and bass move in parallel fifths"."""
        return KINDS[self.kind].format(*(VOICES[voice] for voice in self.voices))


@dataclass(frozen=True, slots=True)
class Faults:
    """All that was found in a piece, and what it is counted against."""

    each: tuple[Fault, ...]
    n_frames: int
    n_changes: int
    """frames in which any voice moves"""
    crossing_frames: int
    range_cells: int
    n_cells: int
    """cells that sound"""

    def count(self, *kinds: str) -> int:
        """Return how many there are of some kinds; of none named, of all."""
        counts = Counter(fault.kind for fault in self.each)
        return sum(counts[kind] for kind in (kinds or KINDS))


def faults_of(frames: NDArray[np.int64], free: NDArray[np.bool_] | None = None) -> Faults:
    """int64[T, C] -> what is wrong; with `free` bool[T, V] only where a cell that was not given has a share in it."""
    cells = frames[:, CELLS]
    sounds = cells < REST
    is_free = np.ones(cells.shape, dtype=np.bool_) if free is None else free
    moves = np.zeros(cells.shape, dtype=np.bool_)
    moves[1:] = (cells[1:] != cells[:-1]) & sounds[1:] & sounds[:-1]
    found: list[Fault] = []
    crossing = np.zeros(len(cells), dtype=np.bool_)
    for upper, lower in PAIRS:
        both = sounds[:, upper] & sounds[:, lower]
        asked = is_free[:, upper] | is_free[:, lower]
        # What was given a frame before had a share in how it moves.
        found += _parallels(cells, moves, upper, lower, asked)
        if lower == upper + 1:
            crosses = both & (cells[:, upper] < cells[:, lower]) & asked
            crossing |= crosses
            found += _runs("crossing", crosses, (upper, lower))
            if lower < N_VOICES - 1:
                wide = both & (cells[:, upper] - cells[:, lower] > WIDEST_SPACING) & asked
                found += _runs("spacing", wide, (upper, lower))
    outside = outside_range(cells) & is_free
    for voice in range(N_VOICES):
        found += _runs("range", outside[:, voice], (voice,))
    found += _leading_tones(frames, is_free)
    if is_free[-1:].any() and not ends_on_tonic(frames):
        found.append(Fault("last chord", len(frames) - 1, ()))
    changes = np.zeros(len(cells), dtype=np.bool_)
    changes[1:] = (cells[1:] != cells[:-1]).any(axis=1)
    return Faults(
        tuple(sorted(found, key=lambda fault: (fault.frame, fault.kind))),
        len(cells),
        int(changes.sum()),
        int(crossing.sum()),
        int(outside.sum()),
        int((sounds & is_free).sum()),
    )


def outside_range(cells: NDArray[np.int64]) -> NDArray[np.bool_]:
    """int64[..., V] -> where a voice sings what it cannot."""
    low, high = (np.array([limits[side] for limits in RANGES]) - LOWEST_PITCH for side in (0, 1))
    outside: NDArray[np.bool_] = (cells < REST) & ((cells < low) | (cells > high))
    return outside


def ends_on_tonic(frames: NDArray[np.int64]) -> bool:
    """Say whether the last chord stands on the tonic, and holds nothing but its triad; yes where nobody knows a key."""
    tonic = int(frames[-1, TONIC]) if len(frames) else UNKNOWN_TONIC
    last = frames[-1, CELLS] if len(frames) else np.array([], dtype=np.int64)
    last = last[last < REST]
    if tonic == UNKNOWN_TONIC or not last.size:
        return True
    degrees = (last - tonic) % 12
    return bool(degrees[-1] == 0 and np.isin(degrees, (0, 3, 4, 7)).all() and not {3, 4} <= set(degrees.tolist()))


def _parallels(
    cells: NDArray[np.int64], moves: NDArray[np.bool_], upper: int, lower: int, asked: NDArray[np.bool_]
) -> list[Fault]:
    """Find where two voices move the same way from one perfect interval to the same."""
    step = np.diff(cells, axis=0)
    same_way = moves[1:, upper] & moves[1:, lower] & (np.sign(step[:, upper]) == np.sign(step[:, lower])) & asked[1:]
    before, after = ((cells[cut, upper] - cells[cut, lower]) % 12 for cut in (slice(None, -1), slice(1, None)))
    found = []
    for kind, size in (("parallel fifths", FIFTH), ("parallel octaves", OCTAVE)):
        where = np.flatnonzero(same_way & (before == size) & (after == size)) + 1
        found += [Fault(kind, frame, (upper, lower)) for frame in where.tolist()]
    return found


def _leading_tones(frames: NDArray[np.int64], is_free: NDArray[np.bool_]) -> list[Fault]:
    """Find where two voices sing the leading tone at once."""
    cells, tonic = frames[:, CELLS], frames[:, TONIC]
    leads = (cells < REST) & (tonic < UNKNOWN_TONIC)[:, None] & ((cells - tonic[:, None]) % 12 == LEADING)
    found: list[Fault] = []
    for upper, lower in PAIRS:
        both = leads[:, upper] & leads[:, lower] & (is_free[:, upper] | is_free[:, lower])
        found += _runs("leading tone", both, (lower, upper))
    return found


def _runs(kind: str, where: NDArray[np.bool_], voices: Sequence[int]) -> list[Fault]:
    """Return one fault for each run of frames."""
    begins = np.flatnonzero(where & ~np.concatenate([[False], where[:-1]]))
    return [Fault(kind, frame, tuple(voices)) for frame in begins.tolist()]
