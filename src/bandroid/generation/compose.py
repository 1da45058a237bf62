"""Compose: a style and a wish -> a new song, bar by bar."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from bandroid.critique.copies import Copies, copies
from bandroid.critique.habits import Habits, measure
from bandroid.errors import WishError
from bandroid.generation.chart import Chart
from bandroid.generation.choices import CHOICES, next_choice
from bandroid.generation.form import sections
from bandroid.generation.guard import Guard
from bandroid.generation.lesson import shift_from_c
from bandroid.generation.lineup import LineUp, cast
from bandroid.generation.plan import make_plan
from bandroid.generation.plan_guard import PlanGuard
from bandroid.generation.player_guard import PlayerGuard
from bandroid.generation.primer import Primer
from bandroid.generation.sampling import AS_LEARNT, USUAL, Sampling, draw
from bandroid.generation.share_guard import ShareGuard
from bandroid.generation.stepper import Steering, Stepper, Style
from bandroid.music.notes import Notes
from bandroid.music.quantize import snap
from bandroid.music.song import KeyChange, Song, TextEvent
from bandroid.music.theory import key_name
from bandroid.representations.score_cursor import Cursor
from bandroid.representations.score_vocabulary import METRES, VOCABULARY
from bandroid.representations.sheet import TEMPO_RANGE_QPM, part_names, song_from_sheet

TICKS_PER_QUARTER = 480
"""resolution of a finished piece"""
MAX_BARS = 2000
MAX_STEPS = 16 * MAX_BARS
MAX_PARTS = 32
_BAR, _END = VOCABULARY.token("bar", 0), VOCABULARY.token("end", 0)
# Cells are drawn as learnt, always: cutting their tail removes the rare exits that keep a piece from circling.
_OF_CELLS = frozenset({"cell", "interval"})


@dataclass(frozen=True, slots=True)
class Wish:
    """What a new piece shall be; None leaves it to the style. Raises WishError where a value is out of range."""

    n_bars: int = 16
    tempo_qpm: float | None = None
    metre: tuple[int, int] | None = None
    key: tuple[int, bool] | None = None
    """tonic's pitch class, 0 (C) to 11 (B), and whether minor"""
    programs: tuple[int, ...] | None = None
    """the line-up: General MIDI programs, or lineup.DRUMS"""
    sampling: Sampling = USUAL
    """of notes; which cells come is always drawn as learnt"""
    copy_guard: bool = True
    """whether to steer away from the training songs where the band itself would not quote them"""
    n_steps: int | None = None
    """its length in 16ths, in place of bars"""
    primer: Primer | None = None
    """what it begins with, note for note; part of its length"""
    chart: Chart | None = None
    """the chords that a lead is played over"""

    def __post_init__(self) -> None:
        low, high = TEMPO_RANGE_QPM
        if not 1 <= self.n_bars <= MAX_BARS:
            raise WishError(f"--bars {self.n_bars} is out of range: 1 to {MAX_BARS}")
        if self.n_steps is not None and not 1 <= self.n_steps <= MAX_STEPS:
            raise WishError(f"--steps {self.n_steps} is out of range: 1 to {MAX_STEPS} 16ths")
        if self.tempo_qpm is not None and not low <= self.tempo_qpm <= high:
            raise WishError(f"--tempo {self.tempo_qpm:g} is out of range: {low} to {high} quarter notes a minute")
        if self.metre is not None and self.metre not in METRES:
            raise WishError(f"--metre {self.metre[0]}/{self.metre[1]} cannot be: 4/4, 3/4, 6/8, 7/8 and the like can")
        if self.programs is not None and not 1 <= len(self.programs) <= MAX_PARTS:
            raise WishError(f"--instruments: name 1 to {MAX_PARTS} of them, not {len(self.programs)}")


@dataclass(frozen=True, slots=True)
class Piece:
    """A new song, and what is to be said about it."""

    song: Song
    habits: Habits
    """to be held against the band's own"""
    key: str
    steered: dict[str, int]
    """how often something was ruled out, by the habit that it would have broken"""
    comment: str
    """seed, style, hash and options as JSON: what it takes to make the piece again"""
    copies: Copies | None = None
    """what stands in a training song all the same; None for a style that travels without their fingerprints"""
    first_new_bar: int = 1
    """counted from 1; the bars before it were given"""


def compose(
    style: Style,
    wish: Wish,
    seed: int,
    variation: int = 1,
    report: Callable[[int, int], None] = lambda done, total: None,
) -> Piece:
    """Compose one piece; the same style, wish, seed and variation give the same piece.

    `report` is called after each bar with bars done and bars in all. Raises WishError where the wish cannot be met.
    """
    rng = np.random.default_rng([seed, variation])
    line_up = choose_line_up(style.line_ups, wish, rng, seed, variation)
    guards = guards_of(style, line_up, wish, rng)
    writing = write_bars(style, line_up, wish.sampling, guards, rng)
    for done in range(1, wish.n_bars + 1):
        cursor = next(writing)
        report(done, wish.n_bars)
    cursor.push(_END)
    sheet = cursor.sheet()
    song = _finished(song_from_sheet(sheet), cursor, line_up, wish)
    comment = {
        "style": style.name,
        "style_hash": style.style_hash,
        "seed": seed,
        "variation": variation,
        "bars": wish.n_bars,
        "tempo_qpm": wish.tempo_qpm,
        "metre": wish.metre,
        "key": wish.key,
        "programs": wish.programs,
        "temperature": wish.sampling.temperature,
        "top_p": wish.sampling.top_p,
        "min_p": wish.sampling.min_p,
        "copy_guard": wish.copy_guard,
    }
    tonic, is_minor = wish.key or (line_up.tonic, line_up.is_minor)
    return Piece(
        song=replace(song, title=f"{style.name} {seed}-{variation}"),
        habits=measure(sheet),
        key=key_name(tonic, is_minor),
        steered=fired(guards),
        copies=None if style.index is None else copies(sheet, style.index),
        comment=json.dumps({name: value for name, value in comment.items() if value is not None}),
    )


def guards_of(style: Style, line_up: LineUp, wish: Wish, rng: np.random.Generator) -> tuple[Steering, ...]:
    """Return who steers a new piece: a plan of its form, its players, the band's habits, and who watches for copies."""
    is_cast = wish.programs is not None
    forms, doubles = zip(*((player.form, player.doubles) for player in line_up.players), strict=True)
    first: Steering = ShareGuard(line_up.habits)
    if any(forms):
        first = PlanGuard(make_plan(forms, wish.n_bars, rng, doubles=doubles, is_everybody_heard=is_cast))
    # Whoever was asked for by name is heard, by the middle of the piece.
    habits = Guard(line_up, style.line_ups, wish.n_bars, wish.n_bars // 2 if is_cast else None)
    return (first, PlayerGuard(line_up.players), habits, *copy_guards(style, wish))


def copy_guards(style: Style, wish: Wish) -> tuple[Steering, ...]:
    """Return who watches for copies, where that is wished and possible."""
    guard = style.copy_guard() if wish.copy_guard else None
    return () if guard is None else (guard,)


def fired(guards: Sequence[Steering]) -> dict[str, int]:
    """Return how often something was ruled out, by why."""
    return {why: n for guard in guards for why, n in guard.fired.items()}


def write_bars(
    style: Style, line_up: LineUp, sampling: Sampling, guards: Sequence[Steering], rng: np.random.Generator
) -> Iterator[Cursor]:
    """Write a new song, bar after bar without end; yields the cursor whenever a bar is whole.

    The caller may push the song's end into the cursor and stop asking.
    """
    model = style.model()
    for token in line_up.tokens():
        model.advance(token)
    return go_on(model, sampling, guards, rng)


def go_on(model: Stepper, sampling: Sampling, guards: Sequence[Steering], rng: np.random.Generator) -> Iterator[Cursor]:
    """Write from where a model stands, in a bar or at its end, without end; yields the cursor after each whole bar.

    Metre and tempo stay what they are there.
    """
    cursor = model.cursor
    while True:
        if cursor.stage == "bar":
            model.advance(_BAR)
        while cursor.stage != "bar":
            # The line-up states metre and tempo once, for the whole piece.
            choice = CHOICES["cell"] if cursor.stage == "frame" else next_choice(cursor)
            prediction = model.predict(choice)
            likely = prediction.probabilities
            for guard in guards:
                likely = guard.steer(cursor, choice, likely)
            outcome = draw(likely, AS_LEARNT if choice.name in _OF_CELLS else sampling, rng)
            model.observe(prediction, outcome)
            model.advance(choice.first + outcome)
        yield cursor


def choose_line_up(
    line_ups: Sequence[LineUp], wish: Wish, rng: np.random.Generator, seed: int, variation: int = 1
) -> LineUp:
    """Take one of the band's line-ups, one that fits the wish if there is any, and change it as wished.

    The variations of a seed take one after the other, so that a dozen pieces show as many sides of the band.
    """
    fits = [line_up for line_up in line_ups if wish.metre is None or line_up.metre == wish.metre]
    if wish.key is not None:
        fits = [line_up for line_up in fits if line_up.is_minor == wish.key[1]] or fits
    fits = fits or list(line_ups)
    # A band that mostly has a drummer brings the drummer along, whatever its few quiet pieces do.
    with_drums = [line_up for line_up in fits if any(player.is_drum for player in line_up.players)]
    fits = with_drums if 2 * len(with_drums) >= len(fits) else fits
    order = np.random.default_rng(seed).permutation(len(fits))
    line_up = fits[int(order[(variation - 1) % len(fits)])]
    return replace(
        line_up,
        players=line_up.players if wish.programs is None else cast(wish.programs, line_ups, rng),
        tempo_qpm=line_up.tempo_qpm if wish.tempo_qpm is None else int(wish.tempo_qpm + 0.5),
        metre=wish.metre or line_up.metre,
    )


def _finished(song: Song, cursor: Cursor, line_up: LineUp, wish: Wish) -> Song:
    """Move a piece from C into its key, end it with its last bar, set the mix, name its sections."""
    tonic, is_minor = wish.key or (line_up.tonic, line_up.is_minor)
    shift = (shift_from_c(tonic, is_minor) + 5) % 12 - 5  # at most five down, six up
    bar_onset = np.concatenate([[0], np.cumsum([bar.length_tick for bar in cursor.bars])])
    parts = tuple(
        replace(
            part,
            notes=trimmed(part.notes.transpose(0 if part.is_drum else shift), int(bar_onset[-1])),
            volume=player.volume,
            pan=player.pan,
        )
        for part, player in zip(song.parts, line_up.players, strict=True)
    )
    heard = [part for part in parts if len(part.notes)]
    names = part_names([(part.program, part.is_drum) for part in heard])
    fifths = (7 * shift_from_c(tonic, is_minor) + 5) % 12 - 5
    finished = replace(
        song,
        parts=tuple(replace(part, name=name) for part, name in zip(heard, names, strict=True)),
        keys=(KeyChange(0, fifths, is_minor),),
        markers=tuple(TextEvent(int(bar_onset[bar]), name) for bar, name in sections(cursor.history)),
    )
    # To be edited: sequencers work at 480, and some round what is coarser.
    return snap(finished, TICKS_PER_QUARTER).song


def trimmed(notes: Notes, end_tick: int) -> Notes:
    """End every note of a part before it is struck again, and at the end of the piece."""
    length = np.minimum(notes.length_tick, end_tick - notes.onset_tick)
    order = np.lexsort((notes.onset_tick, notes.pitch))
    onset, pitch, length, velocity = (a[order] for a in (notes.onset_tick, notes.pitch, length, notes.velocity))
    gap = np.append(np.diff(onset), end_tick)
    is_struck_again = np.append(pitch[1:] == pitch[:-1], False)
    length = np.where(is_struck_again, np.minimum(length, gap), length)
    # Where octaves fell together, two notes stand on one onset and pitch: one is enough.
    stays = length > 0
    return Notes(onset[stays], length[stays], pitch[stays], velocity[stays])
