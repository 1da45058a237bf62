"""Learn an instant style: count what follows what in the band's songs, in seconds, without a neural net."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bandroid.critique.habits import Habits, measure
from bandroid.errors import CorpusError
from bandroid.generation.compose import shift_from_c
from bandroid.generation.counts import Counts, FrozenCounts
from bandroid.generation.lineup import LineUp, Player
from bandroid.generation.ngram import LONGEST_ORDER, Ngram, WeightKey
from bandroid.music.quantize import is_played, on_the_beat
from bandroid.music.song import Part, Song
from bandroid.music.theory import estimate_key
from bandroid.representations.score import tokens_from_sheet
from bandroid.representations.sheet import CELL, Sheet, sheet_and_loss

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


@dataclass(frozen=True, slots=True, eq=False)
class _Lesson:
    """One song, ready to be counted."""

    sheet: Sheet
    line_up: LineUp
    tokens: list[int]


def learn_instant(songs: Sequence[Song], report: Report = lambda done, total: None) -> Learnt:
    """Count songs. `report` is called with songs done and songs in all. Raises CorpusError for no songs.

    Each song is moved to C major or A minor first, so that what one song teaches holds for songs in other keys, and
    onto the beat where it was played by hand. How many features of the past count (the order) is chosen on a tenth of
    the songs, before those are counted too.
    """
    lessons = [_lesson(song) for song in songs if song.n_notes]
    if not lessons:
        raise CorpusError("there is not one song to learn from")
    # Songs of one author often lie side by side; the mixing weights should not end on one of them.
    shuffled = [lessons[i] for i in np.random.default_rng(0).permutation(len(lessons))]
    n_validation = min(int(len(lessons) * _VALIDATION_SHARE + 0.5), _MOST_VALIDATION_SONGS)
    validation, rest = shuffled[:n_validation], shuffled[n_validation:]

    counts = Counts()
    model = Ngram(counts)
    for done, lesson in enumerate(rest):
        _count(counts, model, lesson)
        report(done, len(shuffled))
    order = _best_order(counts, model.weights, validation) if validation else LONGEST_ORDER
    for done, lesson in enumerate(validation, len(rest)):
        _count(counts, model, lesson)
        report(done, len(shuffled))
    report(len(shuffled), len(shuffled))
    least_total = 2
    frozen = counts.frozen_arrays(least_total)
    while sum(array.nbytes for array in frozen.values()) > MOST_BYTE:
        least_total += 1
        frozen = counts.frozen_arrays(least_total)
    line_ups = [lesson.line_up for lesson in lessons]
    return Learnt(
        counts=frozen,
        weights=model.weights,
        order=order,
        line_ups=tuple(line_ups[:: -(-len(line_ups) // _MOST_LINE_UPS)]),
        n_notes=sum(int(lesson.sheet.notes.size) for lesson in lessons),
    )


def bits_per_note(learnt: Learnt, songs: Sequence[Song]) -> float:
    """Return how many bits the style needs for a note of songs that it has not seen, everything paid for.

    Summed over all notes of all songs; a song's header, its cells, bars and notes cost, and its key one of twelve. The
    model adapts along a song, and begins anew with each.
    """
    counts = FrozenCounts(learnt.counts)
    bits, n_notes = 0.0, 0
    for lesson in map(_lesson, songs):
        bits += math.log2(12) + _bits(Ngram(counts, learnt.weights, learnt.order), lesson)
        n_notes += int(lesson.sheet.notes.size)
    return bits / n_notes


def _lesson(song: Song) -> _Lesson:
    # A hand's timing scatters one rhythm over many; counting would take each for another.
    song = on_the_beat(song) if is_played(song) else song
    key = estimate_key(song)
    tonic, is_minor = (key.tonic, key.is_minor) if key else (0, False)
    sheet, _ = sheet_and_loss(_in_c(song, shift_from_c(tonic, is_minor)))
    return _Lesson(sheet, _line_up(song, sheet, tonic, is_minor), tokens_from_sheet(sheet).tolist())


def _in_c(song: Song, shift_semitone: int) -> Song:
    """Move a song down by 0 to 6 semitones or up by 1 to 5, octaves back where MIDI's range ends."""
    shift = -shift_semitone if shift_semitone <= 6 else 12 - shift_semitone

    def moved(part: Part) -> Part:
        if part.is_drum or shift == 0:
            return part
        return replace(part, notes=part.notes.transpose(shift))

    return song.with_parts(tuple(moved(part) for part in song.parts))


def _line_up(song: Song, sheet: Sheet, tonic: int, is_minor: bool) -> LineUp:
    """Note who plays in a song; its tempo and metre are those of most of its bars."""
    mixes = {(part.program, part.is_drum): (part.volume, part.pan) for part in reversed(song.parts)}
    pitch, of_part = sheet.notes // 256 % 128, sheet.notes // CELL % len(sheet.parts)
    onset = sheet.notes // (128 * 256)  # bar, part and position as one number
    players = tuple(
        Player(
            part.program,
            part.is_drum,
            part.velocities,
            int(pitch[of_part == index].min()),
            int(pitch[of_part == index].max()),
            int(np.unique(onset[of_part == index], return_counts=True)[1].max()),
            *mixes[part.program, part.is_drum],
        )
        for index, part in enumerate(sheet.parts)
    )
    metres = [(bar.numerator, bar.denominator) for bar in sheet.bars]
    tempos = [bar.tempo_qpm for bar in sheet.bars]
    habits = Habits.from_json(measure(sheet).as_json())
    return LineUp(players, _commonest(tempos), _commonest(metres), tonic, is_minor, habits)


def _commonest(values: list[Any]) -> Any:
    """Return the most frequent value, the first met of equally frequent ones."""
    return max(dict.fromkeys(values), key=values.count)


def _count(counts: Counts, model: Ngram, lesson: _Lesson) -> None:
    """Predict a song with what is known so far, learn to mix from it, then count it."""
    # As arrays: lists of Python's integers would take gigabytes for the longest songs.
    met = [(np.array(p.contexts, dtype=np.uint32), outcome) for p, outcome in model.walk(lesson.tokens, adjust=True)]
    for contexts, outcome in met:
        counts.add(contexts.tolist(), outcome)
    if len(counts) > MOST_CONTEXTS_IN_MEMORY:
        counts.forget_rare()


def _best_order(counts: Counts, weights: dict[WeightKey, NDArray[np.float64]], lessons: Sequence[_Lesson]) -> int:
    """Return the order that needs the fewest bits for songs that are not counted yet."""
    return min(ORDERS, key=lambda order: sum(_bits(Ngram(counts, weights, order), lesson) for lesson in lessons))


def _bits(model: Ngram, lesson: _Lesson) -> float:
    return -sum(math.log2(p.probabilities[outcome]) for p, outcome in model.walk(lesson.tokens, adjust=True))
