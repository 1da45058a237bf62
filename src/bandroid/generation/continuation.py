"""The song goes on: a model reads a song to its end and writes what comes next, in its key, metre, tempo and parts.

The song itself stays as it is, note for note; the new bars begin where its last bar ends. Its last bar counts as
whole, whatever of it is filled, and a final chord that rings on for some bars is given them.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from math import gcd
from statistics import median_low
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from bandroid.critique.habits import measure
from bandroid.errors import WishError
from bandroid.generation.compose import MAX_PARTS, Piece, Wish, fired, go_on, guards_of, trimmed
from bandroid.generation.guard import Guard, new_cells
from bandroid.generation.lesson import Lesson, lesson
from bandroid.generation.lineup import LineUp
from bandroid.generation.stepper import Stepper, Style, walk
from bandroid.music.clock import BarGrid, bar_grid
from bandroid.music.excerpt import cut_in_two
from bandroid.music.notes import Notes
from bandroid.music.quantize import is_played, on_the_beat, round_half_up, snap
from bandroid.music.song import KeyChange, MetreChange, Song, TempoChange, TextEvent
from bandroid.music.theory import key_name
from bandroid.representations.score_cursor import Cursor
from bandroid.representations.score_vocabulary import VOCABULARY
from bandroid.representations.sheet import LENGTH_CLASSES_TICK, TICKS_PER_QUARTER, score_order

CONTEXT_BARS = 64
"""how much of the song is read: what lies further back says little of what comes, and reading takes time"""
RINGING_BARS = 4
"""a last chord rings on for so many bars at most; beyond, it is a note that was never let go"""
MARKER = "Continued"
"""stands where the new bars begin"""
_TEMPO_BARS = 8
"""the tempo is that of most of the last bars: a song that slows down at its end does not go on crawling"""
_COARSE_TICKS = 96
"""a song of fewer ticks per quarter gets a finer clock where new notes need one; above, rounding is not heard"""
_BAR, _END, _SILENT = (VOCABULARY.token(family, 0) for family in ("bar", "end", "silent"))

_Change = TypeVar("_Change", TempoChange, MetreChange, KeyChange, TextEvent)


@dataclass(frozen=True, slots=True, eq=False)
class _Context:
    """The end of a song, ready to be read."""

    lesson: Lesson
    part_indices: tuple[int, ...]
    """which of the song's parts each part of the score is"""
    n_ringing_bars: int
    """bars after the last onset that belong to the song"""
    end_tick: int
    """where the new bars begin, in the song's own ticks"""
    n_bars: int
    """of the whole song"""


def continue_song(
    style: Style,
    song: Song,
    wish: Wish,
    seed: int,
    variation: int = 1,
    report: Callable[[int, int], None] = lambda done, total: None,
) -> Piece:
    """Return the song with `wish.n_bars` new bars; the same style, song, wish, seed and variation give the same.

    Of the wish, bars and sampling count: all else is the song's. `report` is called with bars read and written, and
    bars in all. Raises WishError for a song without notes, or a wish that says more.
    """
    if not song.n_notes:
        raise WishError("a song without notes cannot go on")
    if (wish.tempo_qpm, wish.metre, wish.key, wish.programs) != (None, None, None, None):
        raise WishError("a song goes on in its own tempo, metre, key and line-up")
    context = _context(song)
    n_read = len(context.lesson.sheet.bars)
    model = style.model()
    _read(model, context, lambda done: report(done, n_read + wish.n_bars))
    cursor = model.cursor
    n_before = len(cursor.bars)
    own = _habits(context.lesson.line_up, cursor, wish.n_bars)
    guard = Guard(own, (own,), n_before + wish.n_bars)
    guards = guards_of(style, wish, guard)
    writing = go_on(model, wish.sampling, guards, np.random.default_rng([seed, variation]))
    for done in range(1, wish.n_bars + 1):
        next(writing)
        report(n_read + done, n_read + wish.n_bars)
    cursor.push(_END)
    line_up = context.lesson.line_up
    comment = {
        "style": style.name,
        "style_hash": style.style_hash,
        "seed": seed,
        "variation": variation,
        "continues": song.title,
        "bars": wish.n_bars,
        "from_bar": context.n_bars + 1,
        "temperature": wish.sampling.temperature,
        "top_p": wish.sampling.top_p,
        "min_p": wish.sampling.min_p,
        "copy_guard": wish.copy_guard,
    }
    return Piece(
        song=_joined(song, context, cursor, n_before),
        habits=measure(cursor.sheet()),
        key=key_name(line_up.tonic, line_up.is_minor),
        steered=fired(guards),
        comment=json.dumps(comment),
        first_new_bar=context.n_bars + 1,
    )


def _context(song: Song) -> _Context:
    """Take the last bars of a song on the beat and in C, with its busiest parts where there are too many."""
    on_beat = on_the_beat(song) if is_played(song) else song
    grid = bar_grid(on_beat)
    last_onset = max(int(part.notes.onset_tick[-1]) for part in on_beat.parts if len(part.notes))
    # As the score has it, what comes a hair before a bar line means the bar line.
    last_bar = int(grid.bar_of(last_onset + on_beat.ticks_per_quarter // (2 * TICKS_PER_QUARTER)))
    # A note held a hair too long is no new bar.
    end_bar = int(grid.bar_of(max(on_beat.end_tick - on_beat.ticks_per_quarter // 2, 0)))
    n_ringing_bars = min(max(end_bar - last_bar, 0), RINGING_BARS)
    n_bars = last_bar + 1 + n_ringing_bars
    _, ending = cut_in_two(on_beat, max(0, last_bar + 1 - CONTEXT_BARS))
    ending = _busiest(ending)
    return _Context(
        lesson=lesson(ending),
        part_indices=tuple(score_order(ending.parts)),
        n_ringing_bars=n_ringing_bars,
        end_tick=_bar_onset_tick(song, n_bars),
        n_bars=n_bars,
    )


def _bar_onset_tick(song: Song, n_bars: int) -> int:
    """Return where the first bar after `n_bars` begins."""
    grid: BarGrid = bar_grid(song)
    missing = max(n_bars - grid.n_bars, 0)
    return int(grid.onset_tick[n_bars - missing]) + missing * int(grid.length_tick[-1])


def _busiest(song: Song) -> Song:
    """Silence all but the parts that play most, where there are more than a score should have."""
    sizes = [len(part.notes) for part in song.parts]
    order = sorted(range(len(sizes)), key=lambda index: -sizes[index])
    silenced = {index for index in order[MAX_PARTS:] if sizes[index]}
    if not silenced:
        return song
    return song.with_parts(
        tuple(replace(p, notes=Notes.empty()) if index in silenced else p for index, p in enumerate(song.parts))
    )


def _habits(line_up: LineUp, cursor: Cursor, n_bars: int) -> LineUp:
    """Return the line-up with the habits to keep to: the song's own, as they are where it ends.

    Habits count what is new in the first bars; here the song is known, and less is new than there. No rest of everybody
    may be as long as all the new bars.
    """
    new, sounding = new_cells(cursor)
    longest_rest_bars = min(line_up.habits.longest_rest_bars, n_bars // 2)
    habits = replace(line_up.habits, new_share=new / sounding, longest_rest_bars=longest_rest_bars)
    return replace(line_up, habits=habits)


def _read(model: Stepper, context: _Context, report: Callable[[int], None]) -> None:
    """Lead a model to the end of the song, before its first new bar."""
    tokens = context.lesson.tokens
    n_bars = 0
    for _ in walk(model, tokens[:-1]):  # all but the end
        if len(model.cursor.bars) > n_bars:
            n_bars = len(model.cursor.bars)
            report(n_bars)
    for _ in range(context.n_ringing_bars):
        model.advance(_BAR)
        for _ in context.part_indices:
            model.advance(_SILENT)


def _joined(song: Song, context: _Context, cursor: Cursor, n_before: int) -> Song:
    """Put the bars that a cursor has after the first `n_before` behind the song."""
    finer = 1 if song.ticks_per_quarter >= _COARSE_TICKS else TICKS_PER_QUARTER // gcd(song.ticks_per_quarter, 12)
    remarks = _left_out(song, context.end_tick)
    song = snap(song, song.ticks_per_quarter * finer).song if finer > 1 else song
    seam_tick = context.end_tick * finer
    scale = song.ticks_per_quarter / TICKS_PER_QUARTER
    parts = list(song.parts)
    for index, cells, velocities in zip(
        context.part_indices, cursor.history, [part.velocities for part in cursor.parts], strict=True
    ):
        new = _notes(cells[n_before:], [bar.length_tick for bar in cursor.bars[n_before:]], velocities)
        part = parts[index]
        if not part.is_drum:
            new = new.transpose(-context.lesson.shift_semitone)
        parts[index] = replace(part, notes=_with_new(part.notes, new, seam_tick, scale))
    tempo_qpm = _usual_tempo(song, seam_tick)
    tempos = _until(song.tempos, seam_tick)
    if tempo_qpm is not None and tempos[-1].tempo_qpm != tempo_qpm:
        tempos = (*_until(tempos, seam_tick - 1), TempoChange(seam_tick, tempo_qpm))
    joined = replace(
        song,
        parts=tuple(parts),
        tempos=tempos,
        metres=_metres(song, seam_tick, (cursor.bars[-1].numerator, cursor.bars[-1].denominator)),
        keys=_until(song.keys, seam_tick - 1),
        chords=_until(song.chords, seam_tick - 1),
        markers=(*_until(song.markers, seam_tick - 1), TextEvent(seam_tick, MARKER)),
    )
    return joined.with_remarks(*remarks)


def _notes(cells: Sequence[Sequence[int]], lengths_tick: Sequence[int], velocities: Sequence[int]) -> Notes:
    """Return cells as notes in the score's ticks, from 0 on, none longer than the bars."""
    bar_onset = np.concatenate([[0], np.cumsum(lengths_tick)])
    rows = [(int(onset), code) for onset, cell in zip(bar_onset, cells, strict=False) for code in cell]
    onset, code = np.array(rows, dtype=np.int64).reshape(-1, 2).T
    typical = np.zeros(16, dtype=np.int64)
    typical[[velocity // 8 for velocity in velocities]] = velocities
    length: NDArray[np.int64] = LENGTH_CLASSES_TICK[code // 16 % 16]
    notes = Notes(onset + code // (128 * 256), length, code // 256 % 128, typical[code % 16])
    return trimmed(notes, int(bar_onset[-1]))


def _with_new(old: Notes, new: Notes, seam_tick: int, scale: float) -> Notes:
    """Put new notes, in the score's ticks from the seam on, behind a part's own."""
    onset = seam_tick + round_half_up(new.onset_tick * scale)
    end = np.maximum(seam_tick + round_half_up(new.end_tick * scale), onset + 1)
    # Of two notes of one pitch, MIDI lets the first to begin be the first to end: so the song's own note ends first.
    overhang = old.select((old.end_tick > seam_tick) & (old.end_tick <= seam_tick + scale * TICKS_PER_QUARTER / 2))
    for pitch, end_tick in zip(overhang.pitch.tolist(), overhang.end_tick.tolist(), strict=True):
        end = np.where((new.pitch == pitch) & (onset < end_tick), np.maximum(end, end_tick), end)
    return Notes(
        np.concatenate([old.onset_tick, onset]),
        np.concatenate([old.length_tick, end - onset]),
        np.concatenate([old.pitch, new.pitch]),
        np.concatenate([old.velocity, new.velocity]),
    )


def _usual_tempo(song: Song, seam_tick: int) -> float | None:
    """Return the middle one of the tempos of the last bars before the seam; None where the song states none."""
    grid = bar_grid(song, seam_tick)
    onsets = [onset for onset in grid.onset_tick[:-1].tolist() if onset < seam_tick][-_TEMPO_BARS:]
    in_force = [[t.tempo_qpm for t in song.tempos if t.onset_tick <= onset] for onset in onsets]
    known = [tempos[-1] for tempos in in_force if tempos]
    return median_low(known) if known else None


def _metres(song: Song, seam_tick: int, metre: tuple[int, int]) -> tuple[MetreChange, ...]:
    """Return the song's metres, and the new bars' own where it differs or where the last bar was cut short."""
    metres = _until(song.metres, seam_tick - 1)
    grid = bar_grid(replace(song, metres=metres), seam_tick)
    is_same = (int(grid.numerator[-1]), int(grid.denominator[-1])) == metre
    if is_same and int(grid.onset_tick[-1]) == seam_tick:
        return metres
    return (*metres, MetreChange(seam_tick, *metre))


def _until(changes: Sequence[_Change], last_tick: int) -> tuple[_Change, ...]:
    return tuple(change for change in changes if change.onset_tick <= last_tick)


def _left_out(song: Song, seam_tick: int) -> list[str]:
    """Say what of the song's timeline lay behind its last note and would now stand among the new ones."""
    kinds = {
        "tempo": [change.onset_tick for change in song.tempos],
        "metre": [change.onset_tick for change in song.metres],
        "key": [change.onset_tick for change in song.keys],
        "chord": [event.onset_tick for event in song.chords],
        "marker": [event.onset_tick for event in song.markers],
    }
    counts = {kind: sum(tick >= seam_tick for tick in ticks) for kind, ticks in kinds.items()}
    named = [f"{n} {kind}{'s' if n > 1 else ''}" for kind, n in counts.items() if n]
    return [f"what it stated after its last bar was left out: {', '.join(named)}"] if named else []
