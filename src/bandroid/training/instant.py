"""Learn an instant style: count what follows what in the band's songs, in seconds, without a neural net."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bandroid.critique.fingerprints import Index, fingerprints
from bandroid.errors import CorpusError
from bandroid.generation.counts import Counts, FrozenCounts
from bandroid.generation.lesson import Lesson, lesson
from bandroid.generation.lineup import LineUp
from bandroid.generation.ngram import LONGEST_ORDER, Ngram, WeightKey
from bandroid.music.song import Song

MOST_BYTE = 3_000_000
"""a style keeps as many contexts as fit in here, those that it met most often"""
MOST_CONTEXTS_IN_MEMORY = 4_000_000
"""about 1.5 GB, reached after some 900 pieces of classical music; from then on, what was met once is forgotten"""
ORDERS = (2, 3, 4, 5, LONGEST_ORDER)
_VALIDATION_SHARE, _MOST_VALIDATION_SONGS = 0.1, 12
_MOST_LINE_UPS = 200

Report = Callable[[int, int], None]


@dataclass(frozen=True, slots=True, eq=False)
class Learnt:
    """What counting found; training/instant_bundle.py writes it down as a style."""

    counts: dict[str, NDArray[np.generic]]
    weights: dict[WeightKey, NDArray[np.float64]]
    order: int
    line_ups: tuple[LineUp, ...]
    n_notes: int
    index: Index
    """fingerprints of the songs"""


def learn_instant(songs: Sequence[Song], report: Report = lambda done, total: None) -> Learnt:
    """Count songs. `report` is called with songs done and songs in all. Raises CorpusError for no songs.

    Each song is moved to C major or A minor first, so that what one song teaches holds for songs in other keys, and
    onto the beat where it was played by hand. How many features of the past count (the order) is chosen on a tenth of
    the songs, before those are counted too.
    """
    lessons = [lesson(song) for song in songs if song.n_notes]
    if not lessons:
        raise CorpusError("there is not one song to learn from")
    # Songs of one author often lie side by side; the mixing weights should not end on one of them.
    shuffled = [lessons[i] for i in np.random.default_rng(0).permutation(len(lessons))]
    n_validation = min(int(len(lessons) * _VALIDATION_SHARE + 0.5), _MOST_VALIDATION_SONGS)
    validation, rest = shuffled[:n_validation], shuffled[n_validation:]

    counts = Counts()
    model = Ngram(counts)
    for done, one in enumerate(rest):
        _count(counts, model, one)
        report(done, len(shuffled))
    order = _best_order(counts, model.weights, validation) if validation else LONGEST_ORDER
    for done, one in enumerate(validation, len(rest)):
        _count(counts, model, one)
        report(done, len(shuffled))
    report(len(shuffled), len(shuffled))
    least_total = 2
    frozen = counts.frozen_arrays(least_total)
    while sum(array.nbytes for array in frozen.values()) > MOST_BYTE:
        least_total += 1
        frozen = counts.frozen_arrays(least_total)
    line_ups = [one.line_up for one in lessons]
    return Learnt(
        counts=frozen,
        weights=model.weights,
        order=order,
        line_ups=tuple(line_ups[:: -(-len(line_ups) // _MOST_LINE_UPS)]),
        n_notes=sum(int(one.sheet.notes.size) for one in lessons),
        index=fingerprints([one.sheet for one in lessons]),
    )


def bits_per_note(learnt: Learnt, songs: Sequence[Song]) -> float:
    """Return how many bits the style needs for a note of songs that it has not seen, everything paid for.

    Summed over all notes of all songs; a song's header, its cells, bars and notes cost, and its key one of twelve. The
    model adapts along a song, and begins anew with each.
    """
    counts = FrozenCounts(learnt.counts)
    bits, n_notes = 0.0, 0
    for one in map(lesson, songs):
        bits += math.log2(12) + _bits(Ngram(counts, learnt.weights, learnt.order), one)
        n_notes += int(one.sheet.notes.size)
    return bits / n_notes


def _count(counts: Counts, model: Ngram, one: Lesson) -> None:
    """Predict a song with what is known so far, learn to mix from it, then count it."""
    # As arrays: lists of Python's integers would take gigabytes for the longest songs.
    met = [(np.array(p.contexts, dtype=np.uint32), outcome) for p, outcome in model.walk(one.tokens, adjust=True)]
    for contexts, outcome in met:
        counts.add(contexts.tolist(), outcome)
    if len(counts) > MOST_CONTEXTS_IN_MEMORY:
        counts.forget_rare()


def _best_order(counts: Counts, weights: dict[WeightKey, NDArray[np.float64]], lessons: Sequence[Lesson]) -> int:
    """Return the order that needs the fewest bits for songs that are not counted yet."""
    return min(ORDERS, key=lambda order: sum(_bits(Ngram(counts, weights, order), one) for one in lessons))


def _bits(model: Ngram, one: Lesson) -> float:
    return -sum(math.log2(p.probabilities[outcome]) for p, outcome in model.walk(one.tokens, adjust=True))
