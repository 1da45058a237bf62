"""The song goes on: a model reads a song to its end and writes what comes next, in its key, metre, tempo and parts.

The song itself stays as it is, note for note; the new bars begin where its last bar ends. Its last bar counts as
whole, whatever of it is filled, and a final chord that rings on for some bars is given them.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from bandroid.critique.copies import copies
from bandroid.critique.habits import measure
from bandroid.errors import WishError
from bandroid.generation.compose import MAX_PARTS, Piece, Wish, copy_guards, fired, go_on
from bandroid.generation.encore import EncoreGuard
from bandroid.generation.guard import Guard
from bandroid.generation.joining import Seam, joined
from bandroid.generation.lesson import Lesson, lesson
from bandroid.generation.lineup import LineUp
from bandroid.generation.player_guard import PlayerGuard
from bandroid.generation.share_guard import ShareGuard, new_cells
from bandroid.generation.stepper import Steering, Stepper, Style, walk
from bandroid.music.clock import BarGrid, bar_grid
from bandroid.music.excerpt import cut_in_two
from bandroid.music.notes import Notes
from bandroid.music.quantize import is_played, on_the_beat
from bandroid.music.song import Song
from bandroid.music.theory import key_name
from bandroid.representations.score_cursor import Cursor
from bandroid.representations.score_vocabulary import VOCABULARY
from bandroid.representations.sheet import CELL, TICKS_PER_QUARTER, Sheet, score_order

CONTEXT_BARS = 64
"""how much of the song is read: what lies further back says little of what comes, and reading takes time"""
RINGING_BARS = 4
"""a last chord rings on for so many bars at most; beyond, it is a note that was never let go"""
MOST_BARS_AGAIN = 8
"""so many bars in a row may be played as they were before, and no more than half of the new ones"""
_BAR, _END, _SILENT = (VOCABULARY.token(family, 0) for family in ("bar", "end", "silent"))


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
    guards: tuple[Steering, ...] = (
        ShareGuard(own.habits, first_bar=n_before),
        PlayerGuard(own.players),
        EncoreGuard(n_before, min(max(wish.n_bars // 2, 2), MOST_BARS_AGAIN)),
        Guard(own, (own,), n_before + wish.n_bars),
        *copy_guards(style, wish),
    )
    writing = go_on(model, wish.sampling, guards, np.random.default_rng([seed, variation]))
    for done in range(1, wish.n_bars + 1):
        next(writing)
        report(n_read + done, n_read + wish.n_bars)
    cursor.push(_END)
    new = _sheet(cursor, n_before)
    seam = Seam(context.end_tick, n_before, context.part_indices, context.lesson.shift_semitone)
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
        song=joined(song, seam, cursor),
        habits=measure(new),
        key=key_name(line_up.tonic, line_up.is_minor),
        steered=fired(guards),
        comment=json.dumps(comment),
        copies=None if style.index is None else copies(new, style.index),
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
    """Return the line-up with the habits to keep to: the song's own, as they are all along it.

    Habits count what is new in the first bars; a song that is known brings less that is new. No rest of everybody may
    be as long as all the new bars.
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


def _sheet(cursor: Cursor, n_before: int) -> Sheet:
    """Return the bars after the first `n_before` alone, to be measured; all bars where these are silent."""
    sheet = cursor.sheet()
    n_cells = n_before * len(sheet.parts)
    first_note = int(np.searchsorted(sheet.notes, n_cells * CELL))
    if first_note == sheet.notes.size:
        return sheet
    return Sheet(sheet.parts, sheet.bars[n_before:], sheet.notes[first_note:] - n_cells * CELL)
