"""What is counted in a piece of four voices, so that two heaps of pieces can be told apart: by anyone, or by nobody."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bandroid.critique.voice_leading import faults_of
from bandroid.representations.chorale import N_VOICES, REST, frames_of, is_changed
from bandroid.representations.chorale_rows import PAIRS

Ints = NDArray[np.int64]
_LENGTHS = (1, 2, 3, 4, 6, 8, 12, 16)
_BAR_STEPS = 16


def features_of(cells: Ints) -> NDArray[np.float64]:
    """Return what is counted in a piece: steps, lengths, intervals, chords, beats, faults, its end, what returns."""
    changed, sounds = is_changed(cells), cells < REST
    parts: list[NDArray[np.float64]] = []
    for voice in range(N_VOICES):
        own = cells[:, voice]
        edges = np.flatnonzero(changed[:, voice])
        lengths = np.diff(np.append(edges, len(own)))
        parts.append(_shares(np.searchsorted(_LENGTHS, lengths), len(_LENGTHS) + 1))
        steps = np.diff(own[edges][own[edges] < REST])
        parts.append(_shares(np.clip(steps, -13, 13) + 13, 27))
        parts.append(
            np.array(
                [own[sounds[:, voice]].std() if sounds[:, voice].any() else 0.0, steps.std() if steps.size else 0.0]
            )
        )
        places = (changed[place::_BAR_STEPS, voice] for place in range(_BAR_STEPS))
        parts.append(np.array([there.mean() if there.size else 0.0 for there in places]))
    moved = changed.any(axis=1)
    for upper, lower in PAIRS:
        both = moved & sounds[:, upper] & sounds[:, lower]
        parts.append(_shares((cells[both, upper] - cells[both, lower]) % 12, 12))
    parts.append(_chords(cells[moved]))
    parts.append(_shares(changed[moved].sum(axis=1), N_VOICES + 1))
    faults = faults_of(frames_of(cells))
    kinds = ("parallel fifths", "parallel octaves", "crossing", "spacing", "range")
    parts.append(np.array([faults.count(kind) / max(faults.n_changes, 1) for kind in kinds]))
    last = cells[-1][sounds[-1]]
    triad = np.isin((last - last[-1]) % 12, (0, 3, 4, 7)).mean() if last.size else 0.0
    still = len(cells) - 1 - int(np.flatnonzero(moved)[-1]) if moved.any() else len(cells)
    parts.append(np.array([triad, min(still, 16), _returns(cells)]))
    return np.concatenate(parts)


def _chords(cells: Ints) -> NDArray[np.float64]:
    """Return how often each sort of chord stands over the bass: which of the 11 semitones sound; folded into 64."""
    there = cells[(cells < REST).all(axis=1)]
    above = (there[:, :-1] - there[:, -1:]) % 12
    sets = np.bitwise_or.reduce(1 << above, axis=1) | 1
    common = {0b10010001: 0, 0b10001001: 1, 0b1000010001: 2, 0b100001001: 3, 0b1000100001: 4, 0b100100001: 5}
    numbers = np.array([common.get(int(one), 6 + int(one) % 58) for one in sets], dtype=np.int64)
    return _shares(numbers, 64)


def _returns(cells: Ints) -> float:
    """Return the share of beats that come again note for note."""
    beats = [cells[at : at + 4].tobytes() for at in range(0, len(cells) - 3, 4)]
    return 1 - len(set(beats)) / max(len(beats), 1)


def _shares(numbers: Ints, size: int) -> NDArray[np.float64]:
    counts = np.bincount(numbers, minlength=size).astype(np.float64)
    # Square roots: a kind that is rare tells as much as one that is common.
    shares: NDArray[np.float64] = np.sqrt(counts / max(counts.sum(), 1.0))
    return shares


N_FEATURES = len(features_of(np.full((4, N_VOICES), REST)))
