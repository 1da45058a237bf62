"""What a net over scores learns from: songs as streams of events and choices, with what the counts said of each.

The counts that a net learns to weigh must be as good as they will be on new songs, no better. So each song is taken
out of the counts while it is recorded (leave one out), and contexts that a style would drop as too rare are not there.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bandroid.generation.choices import outcomes
from bandroid.generation.counts import TOTAL, Counts, Entry
from bandroid.generation.events import event_after
from bandroid.generation.features import EVENT_SIZES, SIZES, features
from bandroid.generation.lesson import Lesson
from bandroid.generation.ngram import Ngram

Contexts = list[tuple[NDArray[np.uint32], int]]
"""of one song: the contexts of each choice, and its outcome"""


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """N choices of one kind in one passage."""

    n_heard: NDArray[np.int64]
    """int64[N]: how many of the passage's events were heard before"""
    target: NDArray[np.int64]
    """int64[N]: the outcome that came"""
    features: NDArray[np.int16]
    """int16[N, columns]"""
    logs: NDArray[np.float16]
    """float16[N, chains, outcomes]"""
    allowed: NDArray[np.bool_]
    """bool[N, outcomes]"""


@dataclass(frozen=True, slots=True, eq=False)
class Passage:
    """A stretch of one part: what a batch is made of."""

    song: int
    events: NDArray[np.int16]
    """int16[T, columns]"""
    rows: dict[str, Rows]

    @property
    def n_choices(self) -> int:
        return sum(len(rows.target) for rows in self.rows.values())


@dataclass(frozen=True, slots=True, eq=False)
class Recording:
    """One song, recorded."""

    passages: tuple[Passage, ...]
    n_notes: int
    n_choices: int
    """that a net is asked for; those above the cells are not"""
    ngram_bits: float
    """what the counts alone need for those choices"""


class Common:
    """A table of counts without what was met too rarely to be kept in a style."""

    def __init__(self, counts: Counts, least_total: int) -> None:
        self._counts, self._least_total = counts, least_total

    def get(self, context: int) -> Entry | None:
        entry = self._counts.get(context)
        return entry if entry is not None and entry[TOTAL] >= self._least_total else None


def contexts_of(one: Lesson) -> Contexts:
    """Return the contexts of all choices of a song, with what came."""
    model, found = Ngram(Counts()), []
    for token in one.tokens:
        for choice, outcome in outcomes(model.cursor, token):
            found.append((np.array(model.contexts(choice), dtype=np.uint32), outcome))
        model.advance(token)
    return found


def count(counts: Counts, contexts: Contexts, weight: float) -> None:
    """Count a song, `weight` times."""
    for of_choice, outcome in contexts:
        counts.add(of_choice.tolist(), outcome, weight)


def leaving_one_out(
    counts: Counts, model: Ngram, songs: Sequence[tuple[int, Lesson, Contexts, float]], longest_passage: int
) -> Iterator[Recording]:
    """Record songs that `counts` holds, each as if it were not in there; `model` looks into them, and learns to mix.

    `songs` holds (number, lesson, contexts, weight); passages have at most `longest_passage` events.
    """
    for number, one, contexts, weight in songs:
        for of_choice, outcome in contexts:
            counts.remove(of_choice.tolist(), outcome, weight)
        yield record(model, one, number, longest_passage)
        count(counts, contexts, weight)


def record(model: Ngram, one: Lesson, number: int, longest_passage: int) -> Recording:
    """Lead a model by counts through a song, and note what it says."""
    model.begin()
    cursor = model.cursor
    taken: list[dict[str, list[_Taken]]] = [{} for _ in one.sheet.parts]
    events: list[list[tuple[int, ...]]] = [[] for _ in one.sheet.parts]
    ngram_bits, n_choices = 0.0, 0
    for token in one.tokens:
        for choice, outcome in outcomes(cursor, token):
            prediction = model.predict(choice)
            model.observe(prediction, outcome)
            model.adjust(prediction, outcome)
            if prediction.facts is not None:
                mine = taken[cursor.part].setdefault(choice.name, [])
                logs, allowed = prediction.logs.astype(np.float16), prediction.probabilities > 0
                mine.append((len(events[cursor.part]), outcome, features(prediction.facts), logs, allowed))
                ngram_bits -= float(np.log2(prediction.probabilities[outcome]))
                n_choices += 1
        part, event = cursor.part, event_after(cursor, token)
        if event is not None:
            events[part].append(event)
        model.advance(token)
    passages = [
        passage
        for part, rows in enumerate(taken)
        for passage in _passages(
            number, events[part], {name: _rows(some) for name, some in rows.items()}, longest_passage
        )
    ]
    return Recording(tuple(passages), int(one.sheet.notes.size), n_choices, ngram_bits)


_Taken = tuple[int, int, tuple[int, ...], NDArray[np.float16], NDArray[np.bool_]]
"""one choice: the fields of Rows"""


def _rows(taken: list[_Taken]) -> Rows:
    n_heard, target, columns, logs, allowed = zip(*taken, strict=True)
    return Rows(
        np.array(n_heard), np.array(target), np.array(columns, dtype=np.int16), np.stack(logs), np.stack(allowed)
    )


def _passages(number: int, events: list[tuple[int, ...]], rows: dict[str, Rows], longest: int) -> Iterator[Passage]:
    """Cut a part's stream into passages of about equal length."""
    heard = np.array(events, dtype=np.int16).reshape(-1, len(EVENT_SIZES))
    n_passages = max(1, -(-len(heard) // longest))
    borders = np.linspace(0, len(heard), n_passages + 1).astype(int)
    for first, stop in zip(borders[:-1].tolist(), borders[1:].tolist(), strict=True):
        is_last = stop == len(heard)
        inside = {}
        for name in SIZES:
            if name in rows:
                mine = rows[name]
                kept = (mine.n_heard >= first) & ((mine.n_heard < stop) | is_last)
                if kept.any():
                    inside[name] = Rows(
                        mine.n_heard[kept] - first,
                        *(a[kept] for a in (mine.target, mine.features, mine.logs, mine.allowed)),
                    )
        yield Passage(number, heard[first:stop], inside)
