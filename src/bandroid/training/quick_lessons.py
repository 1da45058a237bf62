"""From songs to what the `quick` net learns from: counts of all of them, recordings of most, a few held out.

The songs held out here are the folder's own: the counts know them (as the style will), and while one is recorded it is
left out of the counts like any other; but no step of the training ever sees it. So they tell when to stop.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bandroid.critique.copies import CopyHabit, habit
from bandroid.critique.fingerprints import fingerprints
from bandroid.errors import CorpusError
from bandroid.generation.counts import Counts
from bandroid.generation.lesson import Lesson, lesson
from bandroid.generation.ngram import LONGEST_ORDER, Ngram
from bandroid.music.clock import bar_grid
from bandroid.music.excerpt import cut_in_two
from bandroid.music.song import Song
from bandroid.training.instant import MOST_BYTE, MOST_CONTEXTS_IN_MEMORY, Learnt, frozen_within, some_line_ups
from bandroid.training.recording import Common, Contexts, Passage, Recording, contexts_of, count, leaving_one_out

HELD_OUT_SHARE, MOST_HELD_OUT = 0.12, 10
FEWEST_SONGS = 3
"""with fewer, the songs are cut into stretches, so that one can be held out and the others explain one another"""
_STRETCHES = 4
MOST_CHOICES = 400_000
"""that are recorded: about 0.5 GB, or ninety songs of a band; the counts hold every song all the same"""
_FEWEST_RECORDED = 2  # one to learn from, one to test on
LONGEST_PASSAGE = 400
"""events of one part that the recurrence follows in one go while it learns"""

Report = Callable[[int, int], None]


@dataclass(frozen=True, slots=True, eq=False)
class QuickLessons:
    """All that the net and its style are made from."""

    learnt: Learnt
    """what counting found"""
    copy_habit: CopyHabit
    passages: tuple[Passage, ...]
    chance: NDArray[np.float64]
    """float64[passages]: how likely each is to be drawn; sums to 1"""
    held_out: tuple[Recording, ...]
    n_recorded: int
    """how many songs (or stretches, of one or two songs) were recorded, those held out too: with as many again the
    lessons are the same"""
    n_songs: int
    """how many there were"""

    @property
    def ngram_bits_per_note(self) -> float:
        """What the counts alone need for a note of the songs held out, their headers not counted."""
        return sum(one.ngram_bits for one in self.held_out) / max(sum(one.n_notes for one in self.held_out), 1)


def prepare(
    songs: Sequence[Song],
    weights: Sequence[float],
    report: Report = lambda done, total: None,
    *,
    most_byte: int = MOST_BYTE,
    most_recorded: int | None = None,
    is_time_up: Callable[[], bool] = lambda: False,
) -> QuickLessons:
    """Count and record songs. `weights`, at least 1, say how much each counts, and how often it is drawn.

    All are counted, and of the counts at most `most_byte` kept. `most_recorded` of them at most are recorded, and none
    any more once `is_time_up` says so (but for the first two). `report` is called with steps done and steps in
    all. Raises CorpusError for no songs.
    """
    pairs = [(song, weight) for song, weight in zip(songs, weights, strict=True) if song.n_notes]
    if not pairs:
        raise CorpusError("there is not one song to learn from")
    whole = [lesson(song) for song, _ in pairs]
    if len(pairs) < FEWEST_SONGS:
        pairs = [(stretch, weight) for song, weight in pairs for stretch in _stretches(song, _STRETCHES // len(pairs))]
        lessons = [lesson(song) for song, _ in pairs]
    else:
        lessons = whole
    weight_of = [weight for _, weight in pairs]
    # Songs of one author often lie side by side.
    order = np.random.default_rng(0).permutation(len(lessons)).tolist()
    counts, recordable = _count_all(lessons, weight_of, order, report)
    recordable = recordable[:most_recorded]
    frozen, least_total = frozen_within(counts, most_byte)

    model = Ngram(Common(counts, least_total))
    recordings: list[Recording] = []
    todo = [(index, lessons[index], contexts, weight_of[index]) for index, contexts in recordable]
    for one in leaving_one_out(counts, model, todo, LONGEST_PASSAGE):
        recordings.append(one)
        report(len(order) + len(recordings) * 6, len(order) + len(recordable) * 6)
        if len(recordings) >= _FEWEST_RECORDED and is_time_up():
            break
    n_held_out = min(max(round(len(lessons) * HELD_OUT_SHARE), 1), MOST_HELD_OUT)
    # Where only a few of many songs could be recorded, most of them are for learning.
    n_held_out = min(n_held_out, max(len(recordings) // 4, 1), len(recordings) - 1)
    # Of a song too short to be cut there is one stretch: it has to be both.
    held_out, learnt_from = recordings[:n_held_out] or recordings, recordings[n_held_out:]
    passages = tuple(passage for one in learnt_from for passage in one.passages if passage.n_choices)
    chance = np.array([weight_of[passage.song] for passage in passages], dtype=np.float64)
    index = fingerprints([one.sheet for one in whole])
    return QuickLessons(
        learnt=Learnt(
            counts=frozen,
            weights=model.weights,
            order=LONGEST_ORDER,
            line_ups=some_line_ups(whole, [1.0] * len(whole) if len(whole) < FEWEST_SONGS else weight_of),
            n_notes=sum(int(one.sheet.notes.size) for one in whole),
            index=index,
        ),
        copy_habit=habit(index),
        passages=passages,
        chance=chance / chance.sum(),
        held_out=tuple(held_out),
        n_recorded=len(recordings),
        n_songs=len(lessons),
    )


def _count_all(
    lessons: Sequence[Lesson], weight_of: Sequence[float], order: Sequence[int], report: Report
) -> tuple[Counts, list[tuple[int, Contexts]]]:
    """Count every song; return the counts, and the contexts of as many songs as will be recorded."""
    counts, recordable, n_choices = Counts(), list[tuple[int, Contexts]](), 0
    for done, index in enumerate(order):
        contexts = contexts_of(lessons[index])
        count(counts, contexts, weight_of[index])
        if n_choices + len(contexts) <= MOST_CHOICES or len(recordable) < 2:
            recordable.append((index, contexts))
            n_choices += len(contexts)
        if len(counts) > MOST_CONTEXTS_IN_MEMORY:
            counts.forget_rare()
        report(done, len(order) + 6 * max(len(recordable), len(order)))
    return counts, recordable


def _stretches(song: Song, n: int) -> list[Song]:
    """Cut a song into up to `n` stretches of about equal length that all hold notes."""
    n_bars = bar_grid(song).n_bars
    stretches, rest, taken = [], song, 0
    for number in range(1, n):
        bar = n_bars * number // n - taken
        if bar > 0:
            first, rest = cut_in_two(rest, bar)
            stretches.append(first)
            taken += bar
    return [stretch for stretch in (*stretches, rest) if stretch.n_notes]
