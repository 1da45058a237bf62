"""Which lines a song offers to a preset of one voice: its drums, its melodies, its leads over chords.

Melodies are what the roles call vocal lines and leads; where there are none, the highest of what else has a pitch and
is no bass. Any program plays. Of chords the top line is taken, and the song's report says so.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from bandroid.corpus.roles import PartRole, guess_roles
from bandroid.errors import CorpusError
from bandroid.generation.line_facts import LineKind
from bandroid.music.general_midi import program_name
from bandroid.music.notes import Notes
from bandroid.music.quantize import snap
from bandroid.music.song import Part, Song
from bandroid.music.swing import Swing, straightened, swing_of
from bandroid.music.theory import chord_symbols, estimate_key
from bandroid.representations.grid import STEPS_PER_QUARTER, DrumGrid, Grid
from bandroid.representations.line import Line, song_bar_steps, song_chords, stretches

FINE_TICKS_PER_QUARTER = 960
"""swing is taken out at this resolution"""
_POLYPHONIC_SHARE = 0.05
"""of a part's onsets; fewer chords need no word"""
MELODIC_ROLES = ("vocal line", "lead")
"""what is taken for a melody"""


@dataclass(frozen=True, slots=True, eq=False)
class SongLines:
    """What one song offers."""

    lines: tuple[Line, ...]
    """stretches without long rests"""
    song: Song
    """the same parts, whole, as the grid has them: to be compared, and to know who plays"""
    swing: Swing
    remarks: tuple[str, ...]
    """what was left out"""


def song_lines(song: Song, kind: LineKind, roles: Sequence[PartRole] = ()) -> SongLines:
    """Return the lines of a song. `roles` are the song's, one per part; guessed where not given.

    A lead's chords are the song's own symbols; where it has none, they are worked out from its notes. Raises
    CorpusError, with a reason that names no file, where there is no line.
    """
    grid, with_chords = kind.grid, kind.has_chords
    parts, remarks = _parts(song, grid, roles or guess_roles(song))
    if not parts:
        raise CorpusError("has no drums" if kind.is_drums else "has no melody")
    fine = snap(song, FINE_TICKS_PER_QUARTER).song if song.ticks_per_quarter < FINE_TICKS_PER_QUARTER else song
    tpq = fine.ticks_per_quarter
    everything = together([part.notes for part in scaled(parts, song.ticks_per_quarter, tpq)])
    swing = swing_of(everything, tpq)
    key = estimate_key(song)
    with_symbols = fine
    if with_chords and not song.chords:
        with_symbols = replace(fine, chords=chord_symbols(fine))
        remarks = (*remarks, "chords worked out from the notes")
    lines: list[Line] = []
    on_grid: list[Part] = []
    for part in scaled(parts, song.ticks_per_quarter, tpq):
        symbols, velocity = grid.encode(straightened(part.notes, tpq, swing), tpq)
        if not symbols.size:
            continue
        chord = song_chords(with_symbols, symbols.size) if with_chords else np.zeros(symbols.size, dtype=np.int32)
        tonic, is_minor = (key.tonic, key.is_minor) if key else (0, False)
        line = Line(symbols, velocity, song_bar_steps(fine, symbols.size), chord, tonic, is_minor)
        lines += stretches(line, grid)
        notes = grid.decode(symbols, velocity)
        if isinstance(grid, DrumGrid):
            notes = grid.decode(symbols, velocity, grid.kit_of(part.notes))
        on_grid.append(replace(part, notes=notes, lyrics=()))
    if not lines:
        raise CorpusError("its drums play too little" if kind.is_drums else "its melody is too short")
    frame = snap(song.with_parts(()), STEPS_PER_QUARTER).song
    if swing.eighth > 0.5:
        remarks = (*remarks, f"swings: second eighths at {swing.eighth:.0%} of the beat")
    elif swing.sixteenth > 0.5:
        remarks = (*remarks, f"swings: second 16ths at {swing.sixteenth:.0%} of the eighth")
    return SongLines(tuple(lines), frame.with_parts(tuple(on_grid)), swing, remarks)


def _parts(song: Song, grid: Grid, roles: Sequence[PartRole]) -> tuple[tuple[Part, ...], tuple[str, ...]]:
    """Choose the parts, all drums as one; and say what is left of polyphonic ones."""
    heard = [(part, role) for part, role in zip(song.parts, roles, strict=True) if len(part.notes)]
    if isinstance(grid, DrumGrid):
        drums = [part for part, _ in heard if part.is_drum]
        if not drums:
            return (), ()
        return (replace(drums[0], notes=together([part.notes for part in drums])),), ()
    pitched = [(part, role.role) for part, role in heard if not part.is_drum]
    chosen = [part for part, role in pitched if role in MELODIC_ROLES]
    if not chosen:
        others = [part for part, role in pitched if role != "bass"] or [part for part, _ in pitched]
        chosen = sorted(others, key=lambda part: -float(part.notes.pitch.mean()))[:1]
    remarks = []
    for part in chosen:
        if word := polyphony_remark(part):
            remarks.append(word)
    return tuple(chosen), tuple(remarks)


def polyphony_remark(part: Part) -> str:
    """Say that only a part's top line is taken, where it plays chords; else nothing."""
    n_onsets = int(np.unique(part.notes.onset_tick).size)
    if len(part.notes) - n_onsets <= _POLYPHONIC_SHARE * n_onsets:
        return ""
    return f"{part.name.strip() or program_name(part.program, False)} plays chords: its top line is taken"


def scaled(parts: Sequence[Part], ticks_per_quarter: int, to: int) -> list[Part]:
    """Bring parts to a finer resolution."""
    if ticks_per_quarter == to:
        return list(parts)
    return list(snap(Song(ticks_per_quarter, tuple(parts)), to).song.parts)


def together(notes: Sequence[Notes]) -> Notes:
    """Put the notes of several parts into one."""
    return Notes(
        *(
            np.concatenate([getattr(one, name) for one in notes])
            for name in ("onset_tick", "length_tick", "pitch", "velocity")
        )
    )
