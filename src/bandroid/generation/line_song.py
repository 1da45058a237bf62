"""A line that has been written -> music: notes on their swing, what was given as it was, chords below a lead."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from bandroid.generation.chart import accompaniment, symbols_of
from bandroid.generation.compose import trimmed
from bandroid.generation.form import sections
from bandroid.generation.lesson import shift_from_c
from bandroid.generation.line_frame import LineFrame
from bandroid.generation.line_style import LineStyle
from bandroid.music.notes import Notes
from bandroid.music.song import KeyChange, MetreChange, Part, Song, TempoChange, TextEvent
from bandroid.music.swing import swung
from bandroid.representations.grid import STEPS_PER_QUARTER, DrumGrid
from bandroid.representations.line import Line
from bandroid.representations.sheet import Sheet, part_names, sheet_and_loss

TICKS_PER_QUARTER = 480
"""resolution of a finished piece at least"""


def line_sheet(style: LineStyle, frame: LineFrame, line: Line, first: int, end: int) -> Sheet:
    """Return some bars of the line in C, as training songs are compared. Without notes: an empty sheet."""
    start, stop = int(line.bar_step[first]), min(int(line.bar_step[end]), len(line))
    notes = _decoded(style, frame, line.symbols[start:stop], line.velocity[start:stop])
    player = frame.line_up.players[0]
    metres = _metres((line.bar_step[first : end + 1] - start).tolist(), frame.line_up.metre)
    part = Part("", player.program, player.is_drum, notes.transpose(-frame.shift_semitone))
    if not len(notes):
        return Sheet((), (), np.zeros(0, dtype=np.int64))
    return sheet_and_loss(Song(STEPS_PER_QUARTER, (part,), (), metres))[0]


def _decoded(style: LineStyle, frame: LineFrame, symbols: NDArray[np.int32], velocity: NDArray[np.int32]) -> Notes:
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


def line_song(style: LineStyle, frame: LineFrame, line: Line, title: str) -> Song:
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
        is_compound = line_up.metre[1] == 8 and line_up.metre[0] % 3 == 0
        below = accompaniment(chord, frame.line.bar_step, int(per_step), beat_steps=6 if is_compound else 4)
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
