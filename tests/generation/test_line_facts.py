"""Facts about a step look back only, do not depend on where one begins to look, and do not change when transposed."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bandroid.generation.line_facts import LineKind, line_facts, loud_facts, transposed
from bandroid.generation.line_step import step_facts
from bandroid.representations.grid import FIRST_NOTE, DrumGrid, MelodyGrid
from bandroid.representations.line import Line

KINDS = (LineKind(DrumGrid()), LineKind(MelodyGrid()), LineKind(MelodyGrid(), has_chords=True))


def some_line(kind: LineKind, seed: int, n_bars: int = 14) -> Line:
    rng = np.random.default_rng(seed)
    lengths = rng.choice([12, 16, 16, 16], n_bars)
    bar_step = np.concatenate([[0], np.cumsum(lengths)])
    n = int(bar_step[-1])
    symbols = rng.integers(0, 512, n) if kind.is_drums else rng.choice([0, 0, 1, *range(35, 50)], n)
    struck = kind.grid.struck(symbols.astype(np.int32))
    velocity = np.where(struck, rng.integers(1, 128, struck.shape), 0)
    chord = np.repeat(rng.integers(0, 121, n // 8 + 1), 8)[:n]
    return Line(symbols.astype(np.int32), velocity.astype(np.int32), bar_step, chord.astype(np.int32), tonic=7)


@pytest.mark.parametrize("kind", KINDS, ids=("drums", "melody", "jazz"))
@given(seed=st.integers(0, 1000), where=st.floats(0, 1))
@settings(max_examples=30, deadline=None)
def test_a_step_alone_is_told_the_same(kind: LineKind, seed: int, where: float) -> None:
    line = some_line(kind, seed)
    at = int(where * (len(line) - 1))
    whole = line_facts(line, kind, 0, len(line))
    for alone in (line_facts(line, kind, at, at + 1), step_facts(line, kind, at)):
        assert np.array_equal(whole.columns[at], alone.columns[0])
        assert np.array_equal(whole.pointers[at], alone.pointers[0])
        assert np.array_equal(whole.bases[at], alone.bases[0])
    sizes = np.array(kind.sizes)
    assert np.all((whole.columns >= 0) & (whole.columns < sizes))
    assert whole.pointers.shape[1] == kind.n_pointers and whole.pointers.max() <= kind.grid.size
    steps, loud = loud_facts(line, kind, 0, len(line))
    _, loud_alone = loud_facts(line, kind, at, at + 1)
    assert np.array_equal(loud[steps == at], loud_alone)
    assert np.all((loud >= 0) & (loud < np.array(kind.loud_sizes)))


@pytest.mark.parametrize("kind", KINDS, ids=("drums", "melody", "jazz"))
def test_nothing_is_told_of_what_comes(kind: LineKind) -> None:
    line, at = some_line(kind, 3), 100
    symbols, velocity = line.symbols.copy(), line.velocity.copy()
    symbols[at:] = 1
    velocity[at:] = kind.grid.struck(symbols[at:])
    changed = replace(line, symbols=symbols, velocity=velocity)
    one, other = line_facts(line, kind, 0, at + 1), line_facts(changed, kind, 0, at + 1)
    assert np.array_equal(one.columns, other.columns) and np.array_equal(one.pointers, other.pointers)
    assert np.array_equal(one.bases, other.bases)


@pytest.mark.parametrize("kind", KINDS[1:], ids=("melody", "jazz"))
@pytest.mark.parametrize("interval", (-5, 3, 6))
def test_transposed_facts_are_the_facts_of_transposed_music(kind: LineKind, interval: int) -> None:
    line = some_line(kind, 5)
    symbols = np.where(line.symbols >= FIRST_NOTE, line.symbols + interval, line.symbols).astype(np.int32)
    root, quality = np.divmod(line.chord - 1, 10)
    chord = np.where(line.chord > 0, 1 + (root + interval) % 12 * 10 + quality, 0).astype(np.int32)
    moved = replace(line, symbols=symbols, chord=chord, tonic=(line.tonic + interval) % 12)
    wanted = line_facts(moved, kind, 0, len(line))
    found = transposed(line_facts(line, kind, 0, len(line)), kind, interval)
    assert np.array_equal(found.columns, wanted.columns) and np.array_equal(found.pointers, wanted.pointers)
    assert np.array_equal(found.bases[:, :2], wanted.bases[:, :2])
    has_chord = wanted.bases[:, 3] > 0
    assert np.array_equal(found.bases[has_chord], wanted.bases[has_chord])
