"""Do new pieces rest, loop and drone as the band does? python -m benchmarks.habits"""

from __future__ import annotations

import argparse
import statistics
from dataclasses import fields

import numpy as np

from bandroid.corpus.collect import collect
from bandroid.critique.habits import EARLY_BARS, Habits, measure
from bandroid.generation.compose import Wish, choose_line_up, guards_of, write_bars
from bandroid.generation.counts import FrozenCounts
from bandroid.generation.style import ScoreStyle
from bandroid.representations.score_vocabulary import VOCABULARY
from bandroid.representations.sheet import CELL, Sheet, sheet_and_loss
from bandroid.training.instant import learn_instant
from benchmarks.figures import DATA, Figure, log, run

BAND = "freedoom/band_lola_harvey"
N_PIECES = 12
NAMES = tuple(field.name for field in fields(Habits))


def measure_habits(options: argparse.Namespace) -> list[Figure]:
    """Learn a band by counting, compose with and without guards, and compare medians with the band's songs."""
    songs = [used.song for used in collect([(options.data or DATA) / BAND]).used]
    learnt = learn_instant(songs)
    counts = FrozenCounts(learnt.counts)
    style = ScoreStyle("band", "", counts, learnt.weights, learnt.order, learnt.line_ups)
    band = [measure(_opening(sheet_and_loss(song)[0])) for song in songs]
    guarded, free = _pieces(style, is_guarded=True), _pieces(style, is_guarded=False)
    log(f"{'median of':24}{'songs':>8}{'guarded':>9}{'free':>8}{'worst guarded':>15}{'worst free':>12}")
    for name in NAMES:
        rows = [[float(getattr(habits, name)) for habits in group] for group in (band, guarded, free)]
        medians = "".join(f"{statistics.median(row):9.2f}" for row in rows)
        log(f"{name:23}{medians}{max(rows[1]):15.2f}{max(rows[2]):12.2f}")
    return [
        Figure(f"{name}_ratio", round(_ratio(name, guarded, band), 3), "x", "lower", floor=1.5, goal=1.18)
        for name in ("silent_share", "notes_per_bar", "new_share", "longest_part_loop_bars", "longest_pitch_run")
    ]


def _pieces(style: ScoreStyle, *, is_guarded: bool) -> list[Habits]:
    wish, measured = Wish(EARLY_BARS), []
    for number in range(1, N_PIECES + 1):
        rng = np.random.default_rng([0, number])
        line_up = choose_line_up(style.line_ups, wish, rng, 0, number)
        guards = guards_of(style, line_up, wish, rng) if is_guarded else ()
        writing = write_bars(style, line_up, wish.sampling, guards, rng)
        for _ in range(EARLY_BARS):
            cursor = next(writing)
        cursor.push(VOCABULARY.token("end", 0))
        measured.append(measure(cursor.sheet()))
    return measured


def _opening(sheet: Sheet) -> Sheet:
    """Return the first 32 bars: as much as the pieces have."""
    notes = sheet.notes[sheet.notes // CELL < EARLY_BARS * len(sheet.parts)]
    return Sheet(sheet.parts, sheet.bars[:EARLY_BARS], notes)


def _ratio(name: str, pieces: list[Habits], band: list[Habits]) -> float:
    """Return how many times the pieces' median is too large or too small, 1 or more."""
    ours, theirs = (statistics.median(float(getattr(habits, name)) for habits in group) for group in (pieces, band))
    return max(ours / theirs, theirs / ours) if ours and theirs else float("inf")


if __name__ == "__main__":
    run("habits", measure_habits)
