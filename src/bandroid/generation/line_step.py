"""The facts of one step alone, in plain Python: what composing asks for step by step, where arrays of one row are slow.

`line_facts` says the same of many steps at once; a test holds the two together.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from bandroid.generation.line_facts import (
    FARTHEST,
    LENGTHS,
    LONGEST_MATCH_STEP,
    LOOKBACK_BARS,
    N_BARS,
    PLACES,
    SINCE,
    Facts,
    LineKind,
    chord_columns,
)
from bandroid.representations.grid import FIRST_NOTE, LOWEST_PITCH, REST
from bandroid.representations.line import Line


def step_facts(line: Line, kind: LineKind, step: int) -> Facts:
    """Return the one row of a step."""
    bars = line.bar_step
    bar = int(np.searchsorted(bars, step, side="right")) - 1
    edges = bars[max(bar - LOOKBACK_BARS[-1] - 1, 0) : bar + 2].tolist()
    """of the bars that may matter; the one before the last begins the step's own"""
    begin, here = edges[0], len(edges) - 2
    x = line.symbols[begin:step].tolist()
    least = 1 if kind.is_drums else FIRST_NOTE
    before = x[-1] if x else -1
    last = next((at for at in range(len(x) - 1, -1, -1) if x[at] >= least), None)
    since = SINCE - 1 if last is None else min(len(x) - last, SINCE - 1)
    place = step - edges[here]
    plain = [since, min(place, PLACES - 1), min(edges[here + 1] - edges[here], LENGTHS - 1), bar % N_BARS]
    pitch = 0 if kind.is_drums else _pitch_before(line, x, step, begin)
    back, heights, pointers = [], [], []
    for n_bars in LOOKBACK_BARS:
        there = _bars_ago(edges, here, step, n_bars)
        symbol = x[there - begin] if there >= 0 else -1
        match = _match(x, edges, here, step, begin, n_bars)
        pointers.append(symbol + 1)
        if kind.is_drums:
            back += [symbol + 1, match]
            continue
        back += [_kind_of(symbol, pitch), match]
        pitch_there = _pitch_before(line, x, there, begin) if there >= 0 else 0
        heights.append(_kind_of(symbol, pitch_there))
        moved = symbol + pitch - pitch_there
        is_note = symbol >= FIRST_NOTE and pitch > 0 and pitch_there > 0 and FIRST_NOTE <= moved < kind.grid.size
        pointers.append(moved + 1 if is_note else 0)
    root, quality = 0, 0
    if kind.is_drums:
        columns = [before + 1, *plain, *back]
    else:
        degree = ((pitch - FIRST_NOTE + LOWEST_PITCH - line.tonic) % 12 + 1 if pitch else 0) + 13 * line.is_minor
        earlier = _pitch_before(line, x, step - 1, begin) if step else 0
        columns = [_kind_of(before, earlier), *plain, degree, *back, *heights]
        if kind.has_chords:
            roots, qualities, more = chord_columns(line, step, step + 1, np.array([pitch]))
            root, quality = int(roots[0]), int(qualities[0])
            columns += [int(column[0]) for column in more]
    return Facts(
        np.array([columns], dtype=np.int64),
        np.array([pointers], dtype=np.int64),
        np.array([[pitch, line.tonic, root, quality]], dtype=np.int64),
    )


def _pitch_before(line: Line, x: Sequence[int], step: int, begin: int) -> int:
    """Return the symbol of the last note before a step, 0 where there is none; `x` begins at `begin`."""
    for at in range(step - begin - 1, -1, -1):
        if x[at] >= FIRST_NOTE:
            return x[at]
    notes = np.flatnonzero(line.symbols[: min(begin, max(step, 0))] >= FIRST_NOTE)
    return int(line.symbols[notes[-1]]) if notes.size else 0


def _bars_ago(edges: Sequence[int], bar: int, step: int, n_bars: int) -> int:
    """Return the step at the same place some bars ago, -1 where there is none; `bar` counts among the edges."""
    if bar < n_bars:
        return -1
    at = edges[bar - n_bars] + step - edges[bar]
    return at if at < edges[bar - n_bars + 1] else -1


def _match(x: Sequence[int], edges: Sequence[int], bar: int, step: int, begin: int, n_bars: int) -> int:
    """Return for how many steps right before this one what came was what stood some bars ago: 0 to 15."""
    n = 0
    while n < LONGEST_MATCH_STEP and step - n - 1 >= begin:
        at = step - n - 1
        while edges[bar] > at:
            bar -= 1
        there = _bars_ago(edges, bar, at, n_bars)
        if there < begin or x[at - begin] != x[there - begin]:
            break
        n += 1
    return n


def _kind_of(symbol: int, pitch: int) -> int:
    """Say a symbol (-1 for none) against a pitch's symbol, as line_facts does."""
    if symbol <= REST:
        return symbol + 1
    return (max(-FARTHEST, min(FARTHEST, symbol - pitch)) if pitch else 0) + FARTHEST + 3
