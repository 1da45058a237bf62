"""How well a style of one line knows songs: bits that it needs for each step, and for how hard each note is struck.

All steps are paid for, -log2 of what the style gave to the symbol that came, and the class of each velocity likewise; a
line's bars, key and chords are given. The net hears the line from its beginning.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from bandroid.generation.line_facts import N_LOUD, LineKind
from bandroid.generation.line_style import LineStyle
from bandroid.generation.line_writer import LineWriter
from bandroid.representations.line import Line


@dataclass(frozen=True, slots=True)
class LineFigures:
    """Bits of some lines together."""

    n_songs: int
    n_steps: int
    n_notes: int
    """notes that begin, or drums that are struck"""
    symbol_bits: float
    loud_bits: float

    def __add__(self, other: LineFigures) -> LineFigures:
        return LineFigures(
            self.n_songs + other.n_songs,
            self.n_steps + other.n_steps,
            self.n_notes + other.n_notes,
            self.symbol_bits + other.symbol_bits,
            self.loud_bits + other.loud_bits,
        )

    @property
    def bits_per_note(self) -> float:
        return (self.symbol_bits + self.loud_bits) / max(self.n_notes, 1)

    @property
    def nats_per_step(self) -> float:
        """Of the symbols alone: what Melody RNN and Drums RNN call loss."""
        return self.symbol_bits * math.log(2) / max(self.n_steps, 1)

    @property
    def loud_bits_per_note(self) -> float:
        return self.loud_bits / max(self.n_notes, 1)

    def as_json(self) -> dict[str, float]:
        """Return plain data."""
        return {
            "songs": self.n_songs,
            "steps": self.n_steps,
            "notes": self.n_notes,
            "bits_per_note": round(self.bits_per_note, 4),
            "nats_per_step": round(self.nats_per_step, 4),
            "loudness_bits_per_note": round(self.loud_bits_per_note, 4),
        }


NO_LINES = LineFigures(0, 0, 0, 0.0, 0.0)
"""to begin a sum with"""


def evaluate_lines(style: LineStyle, lines: Iterable[Line]) -> LineFigures:
    """Return what the lines of one song cost a style."""
    n_steps, n_notes, symbol_bits, loud_bits = 0, 0, 0.0, 0.0
    for line in lines:
        writer = LineWriter(style.runtime, line, len(line))
        for step, symbol in enumerate(line.symbols.tolist()):
            symbol_bits -= math.log2(max(float(writer.forecast()[symbol]), 1e-12))
            voices, shares = writer.loudness(symbol)
            for voice, share in zip(voices.tolist(), shares, strict=True):
                loud_bits -= math.log2(max(float(share[line.velocity[step, voice] // 8]), 1e-12))
            writer.accept(symbol, line.velocity[step])
            n_notes += len(voices)
        n_steps += len(line)
    return LineFigures(1, n_steps, n_notes, symbol_bits, loud_bits)


def blind_figures(kind: LineKind, lines: Iterable[Line]) -> LineFigures:
    """Return what the lines of one song cost whoever takes all symbols, and all classes of velocity, for equally
    likely.
    """
    n_steps = n_notes = 0
    for line in lines:
        n_steps += len(line)
        n_notes += int(kind.grid.struck(line.symbols).sum())
    return LineFigures(1, n_steps, n_notes, n_steps * math.log2(kind.grid.size), n_notes * math.log2(N_LOUD - 1))
