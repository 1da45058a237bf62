"""Learn an instant style: count what follows what in the band's songs, in seconds, without a neural net."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
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
from bandroid.training.evaluation import Figures, evaluate, lesson_figures

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
    """What counting found; training/score_bundle.py writes it down as a style."""

    counts: dict[str, NDArray[np.generic]]
    weights: dict[WeightKey, NDArray[np.float64]]
    order: int
    line_ups: tuple[LineUp, ...]
    n_notes: int
    index: Index
    """fingerprints of the songs"""


def learn_instant(
    songs: Sequence[Song], report: Report = lambda done, total: None, weights: Sequence[float] | None = None
) -> Learnt:
    """Count songs. `report` is called with songs done and songs in all. Raises CorpusError for no songs.

    Each song is moved to C major or A minor first, so that what one song teaches holds for songs in other keys, and
    onto the beat where it was played by hand. How many features of the past count (the order) is chosen on a tenth of
    the songs, before those are counted too. `weights`, one per song and at least 1, say how much a song counts, and how
    often its line-up comes (corpus/balance.py); without them every song counts once.
    """
    lessons, weight_of = _lessons(songs, weights)
    # Songs of one author often lie side by side; the mixing weights should not end on one of them.
    shuffled = np.random.default_rng(0).permutation(len(lessons)).tolist()
    n_validation = min(int(len(lessons) * _VALIDATION_SHARE + 0.5), _MOST_VALIDATION_SONGS)
    validation, rest = shuffled[:n_validation], shuffled[n_validation:]

    counts = Counts()
    model = Ngram(counts)
    for done, index in enumerate(rest):
        _count(counts, model, lessons[index], weight_of[index])
        report(done, len(shuffled))
    order = LONGEST_ORDER
    if validation:
        order = _best_order(counts, model.weights, [lessons[index] for index in validation])
    for done, index in enumerate(validation, len(rest)):
        _count(counts, model, lessons[index], weight_of[index])
        report(done, len(shuffled))
    report(len(shuffled), len(shuffled))
    return Learnt(
        counts=frozen_within(counts)[0],
        weights=model.weights,
        order=order,
        line_ups=some_line_ups(lessons, weight_of),
        n_notes=sum(int(one.sheet.notes.size) for one in lessons),
        index=fingerprints([one.sheet for one in lessons]),
    )


def frozen_within(counts: Counts, most_byte: int = MOST_BYTE) -> tuple[dict[str, NDArray[np.generic]], int]:
    """Return the counts that a style keeps within some bytes, and how often a context was met at least to be kept."""
    least_total = counts.least_total_within(most_byte, 2)
    return counts.frozen_arrays(least_total), least_total


def some_line_ups(lessons: Sequence[Lesson], weights: Sequence[float]) -> tuple[LineUp, ...]:
    """Return the line-ups of some songs, each about as often as its weight, evenly chosen where there are too many."""
    line_ups = _as_often([one.line_up for one in lessons], weights)
    return tuple(line_ups[:: -(-len(line_ups) // _MOST_LINE_UPS)])


def figures_of(learnt: Learnt, songs: Iterable[Song]) -> Figures:
    """Return what songs that the style has not seen cost it (training/evaluation.py)."""
    counts = FrozenCounts(learnt.counts)
    return evaluate(lambda: Ngram(counts, learnt.weights, learnt.order), songs)


def bits_per_note(learnt: Learnt, songs: Iterable[Song]) -> float:
    """Return how many bits the style needs for a note of songs that it has not seen, everything paid for."""
    return figures_of(learnt, songs).bits_per_note


def _lessons(songs: Sequence[Song], weights: Sequence[float] | None) -> tuple[list[Lesson], list[float]]:
    """Make the songs that have notes ready, and return the weight of each."""
    weights = [1] * len(songs) if weights is None else [int(w) if w == int(w) else w for w in weights]
    pairs = [(lesson(song), weight) for song, weight in zip(songs, weights, strict=True) if song.n_notes]
    if not pairs:
        raise CorpusError("there is not one song to learn from")
    return [one for one, _ in pairs], [weight for _, weight in pairs]


def _as_often(line_ups: Sequence[LineUp], weights: Sequence[float]) -> list[LineUp]:
    """Repeat line-ups so that each stands there about as often as its weight: weights 1, 1.5, 1.5 -> 1, 1 and 2."""
    stop = np.floor(np.cumsum(weights) + 1e-9).astype(np.int64)
    return [line_up for line_up, n in zip(line_ups, np.diff(stop, prepend=0).tolist(), strict=True) for _ in range(n)]


def _count(counts: Counts, model: Ngram, one: Lesson, weight: float) -> None:
    """Predict a song with what is known so far, learn to mix from it, then count it."""
    # As arrays: lists of Python's integers would take gigabytes for the longest songs.
    met = [(np.array(p.contexts, dtype=np.uint32), outcome) for p, outcome in model.walk(one.tokens, adjust=True)]
    for contexts, outcome in met:
        counts.add(contexts.tolist(), outcome, weight)
    if len(counts) > MOST_CONTEXTS_IN_MEMORY:
        counts.forget_rare()


def _best_order(counts: Counts, weights: dict[WeightKey, NDArray[np.float64]], lessons: Sequence[Lesson]) -> int:
    """Return the order that needs the fewest bits for songs that are not counted yet."""

    def bits(order: int) -> float:
        return sum(lesson_figures(Ngram(counts, weights, order), one).bits for one in lessons)

    return min(ORDERS, key=bits)
