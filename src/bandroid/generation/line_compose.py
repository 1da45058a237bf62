"""Compose one line: a style and a wish -> a new song, step by step, each bar looked at before the next begins.

frame (who plays, tempo, metre, key, chords, what is given) -> steps -> notes -> swing, given notes, accompaniment
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from bandroid.critique.copies import copies
from bandroid.critique.habits import measure
from bandroid.errors import WishError
from bandroid.generation.chart import Chart, accompaniment, symbols_of
from bandroid.generation.compose import Piece, Wish, choose_line_up, trimmed
from bandroid.generation.form import sections
from bandroid.generation.lesson import shift_from_c
from bandroid.generation.line_given import Given, given_of
from bandroid.generation.line_guard import LineGuard
from bandroid.generation.line_style import LineStyle
from bandroid.generation.line_writer import LineWriter
from bandroid.generation.lineup import LineUp
from bandroid.generation.sampling import AS_LEARNT, Sampling, draw
from bandroid.music.notes import Notes
from bandroid.music.song import KeyChange, MetreChange, Part, Song, TempoChange, TextEvent
from bandroid.music.swing import swung
from bandroid.music.theory import key_name
from bandroid.representations.grid import FIRST_NOTE, STEPS_PER_QUARTER, DrumGrid
from bandroid.representations.line import Line
from bandroid.representations.sheet import Sheet, part_names, sheet_and_loss

TICKS_PER_QUARTER = 480
"""resolution of a finished piece at least"""
_MOST_TRIES = 6
"""that a bar is written in; then it stays as it is"""
_DARING = 1.2
"""the temperature of each next try, as a multiple; and at least _LEAST_DARING, where the wish is to play safe"""
_LEAST_DARING = 0.4


@dataclass(frozen=True, slots=True, eq=False)
class _Frame:
    """What is known before the first new step."""

    line_up: LineUp
    """in the piece's own tempo, metre and key"""
    line: Line
    """bars, chords and key; the given symbols"""
    n_steps: int
    given: Given | None
    has_key: bool
    """whether the key means anything: drums have none"""

    @property
    def n_given_steps(self) -> int:
        return self.given.n_steps if self.given else 0

    @property
    def shift_semitone(self) -> int:
        """How much higher than C the piece is, -5 to 6."""
        shift = (shift_from_c(self.line.tonic, self.line.is_minor) + 5) % 12 - 5
        return shift if self.has_key else 0


def compose_line(
    style: LineStyle,
    wish: Wish,
    seed: int,
    variation: int = 1,
    report: Callable[[int, int], None] = lambda done, total: None,
) -> Piece:
    """Compose one piece; the same style, wish, seed and variation give the same piece.

    `report` is called after each bar with bars done and bars in all. Raises WishError where the wish cannot be met.
    """
    rng = np.random.default_rng([seed, variation])
    frame = _frame(style, wish, rng, seed, variation)
    writer = LineWriter(style.runtime, frame.line, frame.n_steps)
    n_bars = frame.line.bar_step.size - 1
    first_bar = int(np.searchsorted(frame.line.bar_step, frame.n_given_steps, side="right")) - 1

    def sheet_of(first: int, end: int) -> Sheet:
        return _sheet(style, frame, writer.line, first, end)

    guard = LineGuard(
        style,
        frame.line_up,
        frame.shift_semitone,
        n_bars,
        sheet_of,
        heeds_copies=wish.copy_guard,
        first_bar=first_bar,
    )
    _hear_given(writer, frame)
    for bar in range(first_bar, n_bars):
        _write_bar(style, wish.sampling, writer, guard, bar, min(int(frame.line.bar_step[bar + 1]), frame.n_steps), rng)
        report(bar + 1, n_bars)
    song = _song(style, frame, writer.line, f"{style.name} {seed}-{variation}")
    new = _sheet(style, frame, writer.line, min(first_bar, n_bars - 1), n_bars)
    return Piece(
        song=song,
        habits=measure(new),
        key=key_name(frame.line.tonic, frame.line.is_minor) if frame.has_key else "drums",
        steered=guard.fired,
        copies=None if style.index is None or not new.notes.size else copies(new, style.index),
        comment=_comment(style, wish, seed, variation),
        first_new_bar=first_bar + 1,
    )


def _frame(style: LineStyle, wish: Wish, rng: np.random.Generator, seed: int, variation: int) -> _Frame:
    """Settle who plays, in which tempo, metre and key, how long, over which chords; raises WishError."""
    kind = style.kind
    if wish.programs is not None and len(wish.programs) != 1:
        raise WishError(f"--instruments: style {style.name} writes one part; name one instrument")
    if wish.chart is not None and not kind.has_chords:
        raise WishError(f"--chords: style {style.name} plays no leads over chords; learn one with --preset jazz")
    given = given_of(wish.primer, kind, style.name) if wish.primer is not None else None
    asked = replace(wish, programs=None, metre=wish.metre or (given.metre if given else None))
    line_up = choose_line_up(style.line_ups, asked, rng, seed, variation)
    player = line_up.players[0]
    if kind.is_drums and (wish.key is not None or (wish.programs is not None and wish.programs[0] < 128)):
        flag = "--key" if wish.key is not None else "--instruments"
        raise WishError(f"{flag}: style {style.name} plays drums alone; leave it out")
    if wish.programs is not None and not kind.is_drums:
        player = replace(player, program=wish.programs[0])
    elif given is not None and given.program is not None:
        player = replace(player, program=given.program)
    tonic, is_minor = wish.key or (given.key if given and given.key else (line_up.tonic, line_up.is_minor))
    tempo_qpm = wish.tempo_qpm or (given.tempo_qpm if given and given.tempo_qpm else line_up.tempo_qpm)
    swing = given.swing if given is not None and not given.swing.is_straight else line_up.swing
    line_up = replace(
        line_up, players=(player,), tempo_qpm=round(tempo_qpm), tonic=tonic, is_minor=is_minor, swing=swing
    )
    numerator, denominator = line_up.metre
    length = 16 * numerator // denominator
    n_steps, bar_step = _bars(wish, given, length)
    chord = np.zeros(int(bar_step[-1]), dtype=np.int32)
    if kind.has_chords:
        chord = _chords(style, wish, given, bar_step, tonic, is_minor, rng)
    n_given, n_voices = (given.n_steps if given else 0), kind.grid.n_voices
    symbols, velocity = np.zeros(n_steps, dtype=np.int32), np.zeros((n_steps, n_voices), dtype=np.int32)
    if given is not None:
        symbols[:n_given], velocity[:n_given] = given.symbols, given.velocity
    frame = Line(symbols, velocity, bar_step, chord[:n_steps], tonic, is_minor)
    return _Frame(line_up, frame, n_steps, given, has_key=not kind.is_drums)


def _bars(wish: Wish, given: Given | None, length: int) -> tuple[int, NDArray[np.int64]]:
    """Return how many steps the piece has, and where its bars begin: the given ones, then those of the metre."""
    before = given.bar_step if given is not None else np.zeros(1, dtype=np.int64)
    if wish.n_steps is not None:
        n_steps = wish.n_steps
        n_more = max(-(-(n_steps - int(before[-1])) // length), 0)
    else:
        n_more = wish.n_bars - (before.size - 1)
        n_steps = int(before[-1]) + n_more * length
    if given is not None and n_steps <= given.n_steps:
        long = f"--bars {wish.n_bars}" if wish.n_steps is None else f"--steps {wish.n_steps}"
        raise WishError(f"{long}: the primer alone takes {before.size - 1} bars ({given.n_steps} steps); ask for more")
    return n_steps, np.concatenate([before, before[-1] + length * np.arange(1, n_more + 1)])


def _chords(
    style: LineStyle,
    wish: Wish,
    given: Given | None,
    bar_step: NDArray[np.int64],
    tonic: int,
    is_minor: bool,
    rng: np.random.Generator,
) -> NDArray[np.int32]:
    n_given_bars = given.bar_step.size - 1 if given is not None else 0
    if wish.chart is not None:
        chart = wish.chart
    elif style.harmony is not None:
        chart = style.harmony.draw(bar_step.size - 1 - n_given_bars, tonic, is_minor, rng)
    else:
        chart = Chart(((0,),))
    if given is None or wish.chart is not None:
        return chart.steps(bar_step)
    first = int(bar_step[n_given_bars])
    behind = chart.steps(bar_step[n_given_bars:] - first)
    return np.concatenate([given.chord[:first], np.zeros(max(first - given.chord.size, 0), np.int32), behind])


def _hear_given(writer: LineWriter, frame: _Frame) -> None:
    """Lead the net over what is given."""
    for step in range(frame.n_given_steps):
        writer.forecast()
        writer.accept(int(frame.line.symbols[step]), frame.line.velocity[step])


def _write_bar(
    style: LineStyle,
    sampling: Sampling,
    writer: LineWriter,
    guard: LineGuard,
    bar: int,
    end_step: int,
    rng: np.random.Generator,
) -> None:
    """Write a bar, again and a little more daring where the guard objects."""
    place, daring = writer.place(), sampling
    for tries in range(1, _MOST_TRIES + 1):
        while writer.step < end_step:
            shares = guard.steer(writer.line, writer.step, writer.forecast())
            symbol = _drawn(style, shares, daring, rng)
            writer.accept(symbol, _velocity(style, writer, symbol, rng))
        objection = guard.objection(writer.line, bar) if tries < _MOST_TRIES else None
        if objection is None:
            break
        guard.fired[objection] += 1
        writer.go_back(place)
        temperature = max(daring.temperature * _DARING, _LEAST_DARING)
        daring = replace(daring, temperature=min(temperature, max(2.0, sampling.temperature)))
    guard.took(bar)


def _drawn(style: LineStyle, shares: NDArray[np.float64], sampling: Sampling, rng: np.random.Generator) -> int:
    """Draw a symbol: whether anything begins as learnt, always; what begins, as the wish says.

    Most steps hold or rest. To cut what is unlikely there would leave nothing but long notes and silence.
    """
    n_still = 1 if style.kind.is_drums else FIRST_NOTE
    still = draw(np.append(shares[:n_still], shares[n_still:].sum()), AS_LEARNT, rng)
    return still if still < n_still else n_still + draw(shares[n_still:], sampling, rng)


def _velocity(style: LineStyle, writer: LineWriter, symbol: int, rng: np.random.Generator) -> NDArray[np.int32]:
    """Draw how hard each voice of a symbol is struck, as learnt: int32[voices]."""
    velocity = np.zeros(style.kind.grid.n_voices, dtype=np.int32)
    voices, shares = writer.loudness(symbol)
    for voice, share in zip(voices.tolist(), shares, strict=True):
        velocity[voice] = style.typical[voice, draw(share, AS_LEARNT, rng)]
    return velocity


def _sheet(style: LineStyle, frame: _Frame, line: Line, first: int, end: int) -> Sheet:
    """Return some bars of the line in C, as training songs are compared. Without notes: an empty sheet."""
    start, stop = int(line.bar_step[first]), min(int(line.bar_step[end]), len(line))
    notes = _decoded(style, frame, line.symbols[start:stop], line.velocity[start:stop])
    player = frame.line_up.players[0]
    metres = _metres((line.bar_step[first : end + 1] - start).tolist(), frame.line_up.metre)
    part = Part("", player.program, player.is_drum, notes.transpose(-frame.shift_semitone))
    if not len(notes):
        return Sheet((), (), np.zeros(0, dtype=np.int64))
    return sheet_and_loss(Song(STEPS_PER_QUARTER, (part,), (), metres))[0]


def _decoded(style: LineStyle, frame: _Frame, symbols: NDArray[np.int32], velocity: NDArray[np.int32]) -> Notes:
    grid = style.kind.grid
    if not isinstance(grid, DrumGrid):
        return grid.decode(symbols, velocity)
    drums = frame.line_up.players[0].drums
    kit = tuple(next((pitch for pitch in pitches if pitch in drums), pitches[0]) for pitches in grid.classes)
    return grid.decode(symbols, velocity, kit)


def _metres(bar_step: list[int], metre: tuple[int, int]) -> tuple[MetreChange, ...]:
    """Return the metres of bars that begin at these steps: the piece's own where the length is its, else in 16ths."""
    length = 16 * metre[0] // metre[1]
    changes: list[MetreChange] = []
    for first, end in itertools.pairwise(bar_step):
        numerator, denominator = metre if end - first == length else (end - first, 16)
        if not changes or (changes[-1].numerator, changes[-1].denominator) != (numerator, denominator):
            changes.append(MetreChange(first, numerator, denominator))
    return tuple(changes)


def _song(style: LineStyle, frame: _Frame, line: Line, title: str) -> Song:
    """Return the finished piece: new notes swung, given ones as they are, chords below a lead."""
    given, line_up = frame.given, frame.line_up
    own = given.song.ticks_per_quarter if given is not None else STEPS_PER_QUARTER
    ticks = own * -(-TICKS_PER_QUARTER // own)
    per_step = ticks // STEPS_PER_QUARTER if ticks % STEPS_PER_QUARTER == 0 else ticks / STEPS_PER_QUARTER
    n_given = frame.n_given_steps
    notes = _decoded(style, frame, line.symbols, line.velocity)
    notes = notes.select(notes.onset_tick >= n_given)
    notes = _scaled(notes, per_step)
    notes = trimmed(swung(notes, ticks, line_up.swing), round(frame.n_steps * per_step))
    player = line_up.players[0]
    if given is not None:
        notes = _behind(_scaled(given.notes, ticks // own), notes)
    name = part_names([(player.program, player.is_drum)])[0]
    parts = [Part(name, player.program, player.is_drum, notes, volume=player.volume, pan=player.pan)]
    has_flats = (7 * shift_from_c(line.tonic, line.is_minor) + 5) % 12 - 5 < 0
    chords: tuple[TextEvent, ...] = ()
    if style.kind.has_chords:
        chord = frame.line.chord
        chords = symbols_of(chord, int(per_step), has_flats=has_flats)
        below = accompaniment(chord, frame.line.bar_step, int(per_step))
        parts += [replace(part, notes=swung(part.notes, ticks, line_up.swing)) for part in below if len(part.notes)]
    metres = _metres(line.bar_step.tolist(), line_up.metre)
    fifths = (7 * shift_from_c(line.tonic, line.is_minor) + 5) % 12 - 5
    bars = [tuple(line.symbols[a:b].tolist()) for a, b in itertools.pairwise(line.bar_step)]
    letters = sections([[bar if any(bar) else () for bar in bars]])
    return Song(
        ticks_per_quarter=ticks,
        parts=tuple(parts),
        tempos=(TempoChange(0, float(line_up.tempo_qpm)),),
        metres=tuple(replace(change, onset_tick=round(change.onset_tick * per_step)) for change in metres),
        keys=(KeyChange(0, fifths, line.is_minor),) if frame.has_key else (),
        chords=chords,
        markers=tuple(TextEvent(round(int(line.bar_step[bar]) * per_step), letter) for bar, letter in letters),
        title=title,
    )


def _scaled(notes: Notes, scale: float) -> Notes:
    """Bring notes to a finer resolution."""
    onset = np.floor(notes.onset_tick * scale + 0.5).astype(np.int64)
    return Notes(onset, np.floor(notes.end_tick * scale + 0.5).astype(np.int64) - onset, notes.pitch, notes.velocity)


def _behind(given: Notes, new: Notes) -> Notes:
    """Put new notes behind given ones, which stay as they are."""
    pairs = zip(
        (given.onset_tick, given.length_tick, given.pitch, given.velocity),
        (new.onset_tick, new.length_tick, new.pitch, new.velocity),
        strict=True,
    )
    return Notes(*(np.concatenate(pair) for pair in pairs))


def _comment(style: LineStyle, wish: Wish, seed: int, variation: int) -> str:
    """Return what it takes to make the piece again."""
    comment = {
        "style": style.name,
        "style_hash": style.style_hash,
        "seed": seed,
        "variation": variation,
        "bars": wish.n_bars if wish.n_steps is None else None,
        "steps": wish.n_steps,
        "tempo_qpm": wish.tempo_qpm,
        "metre": wish.metre,
        "key": wish.key,
        "programs": wish.programs,
        "chords": None if wish.chart is None else wish.chart.bars,
        "primer": None if wish.primer is None else wish.primer.song.title or "given",
        "temperature": wish.sampling.temperature,
        "top_p": wish.sampling.top_p,
        "min_p": wish.sampling.min_p,
        "copy_guard": wish.copy_guard,
    }
    return json.dumps({name: value for name, value in comment.items() if value is not None})
