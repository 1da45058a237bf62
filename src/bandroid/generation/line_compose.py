"""Compose one line: a style and a wish -> a new song, step by step, each bar looked at before the next begins.

frame (line_frame.py) -> steps (line_writer.py), guarded (line_guard.py) -> music (line_song.py)
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from bandroid.critique.copies import copies
from bandroid.critique.habits import measure
from bandroid.generation.compose import Piece, Wish
from bandroid.generation.line_frame import LineFrame, line_frame
from bandroid.generation.line_guard import LineGuard
from bandroid.generation.line_song import line_sheet, line_song
from bandroid.generation.line_style import LineStyle
from bandroid.generation.line_writer import LineWriter
from bandroid.generation.sampling import AS_LEARNT, Sampling, draw
from bandroid.music.theory import key_name
from bandroid.representations.grid import FIRST_NOTE
from bandroid.representations.sheet import Sheet

_MOST_TRIES = 6
"""that a bar is written in; then it stays as it is"""
_DARING = 1.2
"""the temperature of each next try, as a multiple; and at least _LEAST_DARING, where the wish is to play safe"""
_LEAST_DARING = 0.4


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
    frame = line_frame(style, wish, rng, seed, variation)
    writer = LineWriter(style.runtime, frame.line, frame.n_steps)
    n_bars = frame.line.bar_step.size - 1
    first_bar = int(np.searchsorted(frame.line.bar_step, frame.n_given_steps, side="right")) - 1

    def sheet_of(first: int, end: int) -> Sheet:
        return line_sheet(style, frame, writer.line, first, end)

    guard = LineGuard(
        style,
        frame.line_up,
        frame.shift_semitone,
        n_bars,
        sheet_of,
        heeds_copies=wish.copy_guard,
        first_bar=first_bar,
        given=frame.line.symbols[: frame.n_given_steps],
    )
    _hear_given(writer, frame)
    for bar in range(first_bar, n_bars):
        _write_bar(style, wish.sampling, writer, guard, bar, min(int(frame.line.bar_step[bar + 1]), frame.n_steps), rng)
        report(bar + 1, n_bars)
    song = line_song(style, frame, writer.line, f"{style.name} {seed}-{variation}")
    new = line_sheet(style, frame, writer.line, min(first_bar, n_bars - 1), n_bars)
    if not new.notes.size:  # a few steps behind a primer, that rest
        new = line_sheet(style, frame, writer.line, 0, n_bars)
    return Piece(
        song=song,
        habits=measure(new),
        key=key_name(frame.line.tonic, frame.line.is_minor) if frame.has_key else "drums",
        steered=guard.fired,
        copies=None if style.index is None or not new.notes.size else copies(new, style.index),
        comment=_comment(style, wish, seed, variation),
        first_new_bar=first_bar + 1,
    )


def _hear_given(writer: LineWriter, frame: LineFrame) -> None:
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
