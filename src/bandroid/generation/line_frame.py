"""What is settled before a line is written: who plays, tempo, metre, key, length, chords, and what is given."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from bandroid.errors import WishError
from bandroid.generation.chart import Chart
from bandroid.generation.compose import Wish, choose_line_up
from bandroid.generation.lesson import shift_from_c
from bandroid.generation.line_given import Given, given_of
from bandroid.generation.line_style import LineStyle
from bandroid.generation.lineup import DRUMS, LineUp
from bandroid.representations.line import Line


@dataclass(frozen=True, slots=True, eq=False)
class LineFrame:
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


def line_frame(style: LineStyle, wish: Wish, rng: np.random.Generator, seed: int, variation: int) -> LineFrame:
    """Settle who plays, in which tempo, metre and key, how long, over which chords; raises WishError."""
    kind = style.kind
    if wish.programs is not None and len(wish.programs) != 1:
        raise WishError(f"--instruments: style {style.name} writes one part; name one instrument")
    if wish.chart is not None and not kind.has_chords:
        raise WishError(f"--chords: style {style.name} plays no leads over chords; learn one with --preset jazz")
    given = given_of(wish.primer, kind, style.name) if wish.primer is not None else None
    key = wish.key or (given.key if given else None) or (wish.chart.key if wish.chart is not None else None)
    asked = replace(wish, programs=None, key=key, metre=wish.metre or (given.metre if given else None))
    line_up = choose_line_up(style.line_ups, asked, rng, seed, variation)
    player = line_up.players[0]
    if kind.is_drums and (wish.key is not None or (wish.programs is not None and wish.programs[0] != DRUMS)):
        flag = "--key" if wish.key is not None else "--instruments"
        raise WishError(f"{flag}: style {style.name} plays drums alone; leave it out")
    if not kind.is_drums and wish.programs == (DRUMS,):
        raise WishError(f"--instruments: style {style.name} plays pitches; name another instrument than drums")
    if wish.programs is not None and not kind.is_drums:
        player = replace(player, program=wish.programs[0])
    elif given is not None and given.program is not None:
        player = replace(player, program=given.program)
    tonic, is_minor = key or (line_up.tonic, line_up.is_minor)
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
    return LineFrame(line_up, frame, n_steps, given, has_key=not kind.is_drums)


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
        whole = f"{given.n_steps} 16th{'' if given.n_steps == 1 else 's'}"
        whole = f"{before.size - 1} bars ({whole})" if before.size > 1 else whole
        raise WishError(f"{long}: the primer alone takes {whole}; ask for more")
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
