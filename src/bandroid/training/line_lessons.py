"""From the lines of songs to what the `line` net learns from: facts of every step once, a few songs held out.

The songs held out here are the folder's own; no step of the training sees them, so they tell when to stop.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from bandroid.corpus.lines import SongLines
from bandroid.critique.copies import CopyHabit, habit
from bandroid.critique.fingerprints import Index, fingerprints
from bandroid.critique.habits import longest_run
from bandroid.errors import CorpusError
from bandroid.generation.chart import Harmony, harmony_of
from bandroid.generation.lesson import lesson
from bandroid.generation.line_facts import Facts, LineKind, line_facts, loud_facts
from bandroid.generation.lineup import LineUp
from bandroid.representations.grid import FIRST_NOTE
from bandroid.representations.line import Line, excerpt
from bandroid.training.symbol_ngram import SymbolNgram

HELD_OUT_SHARE, MOST_HELD_OUT = 0.12, 24
FEWEST_SONGS = 3
"""with fewer, the lines are cut into stretches, so that one can be held out"""
_STRETCHES = 4
_NGRAM_ORDER = 4
"""of the yardstick: the best one on the melodies and drums that we know (benchmarks/lines)"""
MOST_LINE_UPS = 200
_LEAST_RUN, _LEAST_GAP_STEP = 2, 8

Report = Callable[[int, int], None]


@dataclass(frozen=True, slots=True, eq=False)
class Recorded:
    """One line, with all that the net is told of it."""

    line: Line
    facts: Facts
    loud_step: NDArray[np.int64]
    """int64[M]: the step of each struck voice, ascending"""
    loud_columns: NDArray[np.int64]
    loud: NDArray[np.int64]
    """int64[M]: its velocity class"""
    weight: float
    """how much its song counts"""

    @property
    def n_notes(self) -> int:
        return int(self.loud.size)

    def room(self, kind: LineKind) -> tuple[int, int]:
        """Return how many semitones it may be moved down and up within the keyboard; drums stay where they are."""
        notes = self.line.symbols[self.line.symbols >= FIRST_NOTE]
        if kind.is_drums or not notes.size:
            return 0, 0
        return int(notes.min()) - FIRST_NOTE, kind.grid.size - 1 - int(notes.max())


@dataclass(frozen=True, slots=True, eq=False)
class LineLearnt:
    """What a style holds beside its net."""

    line_ups: tuple[LineUp, ...]
    typical: NDArray[np.int64]
    """int64[voices, 16]: the most frequent velocity of each class"""
    longest_run: int
    """how many notes of one pitch, strokes of the same drums, nine lines of ten have in a row at most"""
    longest_gap_step: int
    """how long nine lines of ten let pass without a new note"""
    n_notes: int
    index: Index
    harmony: Harmony | None
    """which chords follow which, for leads over chords"""


@dataclass(frozen=True, slots=True, eq=False)
class LineLessons:
    """All that the net and its style are made from."""

    kind: LineKind
    learnt: LineLearnt
    copy_habit: CopyHabit
    lines: tuple[Recorded, ...]
    held_out: tuple[Recorded, ...]
    ngram_bits_per_note: float
    """what counting alone needs for a note of the songs held out, loudness guessed by its frequency"""
    n_songs: int


def prepare(
    songs: Sequence[SongLines],
    weights: Sequence[float],
    kind: LineKind,
    report: Report = lambda done, total: None,
) -> LineLessons:
    """Record the lines of songs. `weights`, at least 1, say how much each song counts. Raises CorpusError for no
    lines.
    """
    if not any(song.lines for song in songs):
        raise CorpusError("there is not one line to learn from")
    groups = [[(line, weight) for line in song.lines] for song, weight in zip(songs, weights, strict=True)]
    groups = [group for group in groups if group]
    if len(groups) < FEWEST_SONGS:
        groups = [[(part, weight)] for group in groups for line, weight in group for part in _stretches(line)]
    # Songs of one author often lie side by side.
    order = np.random.default_rng(0).permutation(len(groups)).tolist()
    n_held_out = min(max(round(len(groups) * HELD_OUT_SHARE), 1), MOST_HELD_OUT, max(len(groups) - 1, 1))
    recorded = []
    for done, index in enumerate(order, 1):
        recorded.append([recorded_line(line, kind, weight) for line, weight in groups[index]])
        report(done, len(order))
    held_out = tuple(one for group in recorded[:n_held_out] for one in group)
    # Of a song too short to be cut there is one stretch: it has to be both.
    lines = tuple(one for group in recorded[n_held_out:] for one in group) or held_out
    whole = [lesson(song.song) for song in songs]
    index = fingerprints([one.sheet for one in whole])
    stride = -(-len(whole) // MOST_LINE_UPS)
    return LineLessons(
        kind=kind,
        learnt=LineLearnt(
            line_ups=tuple(
                replace(one.line_up, swing=song.swing) for one, song in list(zip(whole, songs, strict=True))[::stride]
            ),
            typical=_typical([one.line for one in (*lines, *held_out)], kind),
            longest_run=max(_limit([_longest_run(one.line, kind) for one in (*lines, *held_out)], 90), _LEAST_RUN),
            longest_gap_step=max(
                _limit([_longest_gap(one.line, kind) for one in (*lines, *held_out)], 90), _LEAST_GAP_STEP
            ),
            n_notes=sum(one.n_notes for group in recorded for one in group),
            index=index,
            harmony=harmony_of([one.line for one in (*lines, *held_out)]) if kind.has_chords else None,
        ),
        copy_habit=habit(index),
        lines=lines,
        held_out=held_out,
        ngram_bits_per_note=_ngram_bits(lines, held_out, kind),
        n_songs=len(songs),
    )


def _stretches(line: Line) -> list[Line]:
    """Cut a line into up to four stretches of about equal length."""
    n_bars = int(np.searchsorted(line.bar_step, len(line)))
    cuts = sorted({n_bars * number // _STRETCHES for number in range(_STRETCHES + 1)})
    return [excerpt(line, first, last) for first, last in itertools.pairwise(cuts)]


def recorded_line(line: Line, kind: LineKind, weight: float = 1.0) -> Recorded:
    """Gather all that the net is told of a line."""
    step, columns = loud_facts(line, kind, 0, len(line))
    loud = line.velocity[step, columns[:, 0]] // 8
    return Recorded(line, line_facts(line, kind, 0, len(line)), step, columns, loud.astype(np.int64), weight)


def _struck(line: Line, kind: LineKind) -> NDArray[np.int64]:
    return np.flatnonzero(kind.grid.struck(line.symbols).any(axis=1))


def _longest_run(line: Line, kind: LineKind) -> int:
    return longest_run(line.symbols[_struck(line, kind)].astype(np.int64))


def _longest_gap(line: Line, kind: LineKind) -> int:
    return int(np.diff(_struck(line, kind)).max(initial=0))


def _limit(values: Sequence[int], percentile: float) -> int:
    return int(np.percentile(values, percentile, method="lower"))


def _typical(lines: Sequence[Line], kind: LineKind) -> NDArray[np.int64]:
    """Return int64[voices, 16]: per voice and class the most frequent velocity, the class's middle where none was
    met.
    """
    counts = np.zeros((kind.grid.n_voices, 128), dtype=np.int64)
    for line in lines:
        step, voice = np.nonzero(line.velocity)
        np.add.at(counts, (voice, line.velocity[step, voice]), 1)
    by_class = counts.reshape(kind.grid.n_voices, 16, 8)
    best = np.where(by_class.any(axis=2), by_class.argmax(axis=2), 4)
    typical: NDArray[np.int64] = np.maximum(best + 8 * np.arange(16), 1)
    return typical


def _ngram_bits(lines: Sequence[Recorded], held_out: Sequence[Recorded], kind: LineKind) -> float:
    ngram = SymbolNgram(kind.grid.size, _NGRAM_ORDER)
    ngram.count(in_c(one.line, kind) for one in lines)
    nats = float(ngram.nats(in_c(one.line, kind) for one in held_out)[_NGRAM_ORDER])
    share = np.bincount(np.concatenate([one.loud for one in lines]), minlength=16) + 1.0
    nats -= sum(float(np.log(share / share.sum())[one.loud].sum()) for one in held_out)
    return nats / math.log(2) / max(sum(one.n_notes for one in held_out), 1)


def in_c(line: Line, kind: LineKind) -> NDArray[np.int64]:
    """Return a line's symbols moved to C major or A minor, where that stays on the keyboard: for counting."""
    symbols = line.symbols.astype(np.int64)
    if kind.is_drums:
        return symbols
    shift = -((line.tonic + 3 * line.is_minor) % 12)
    shift = shift if shift >= -6 else shift + 12
    moved = np.where(symbols >= FIRST_NOTE, symbols + shift, symbols)
    notes = moved[symbols >= FIRST_NOTE]
    is_inside = not notes.size or (notes.min() >= FIRST_NOTE and notes.max() < kind.grid.size)
    return moved if is_inside else symbols
