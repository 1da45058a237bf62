"""A song made ready for a model: on the beat, in C major or A minor, as tokens; and who plays in it.

Learning, measuring and continuing all read a song this way, so that a model meets the same music everywhere.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from bandroid.critique.habits import Habits, longest_chord_run, longest_run, measure
from bandroid.generation.lineup import LineUp, Player
from bandroid.generation.plan import doubles_of, forms_of
from bandroid.music.quantize import is_played, on_the_beat
from bandroid.music.song import Part, Song
from bandroid.music.theory import estimate_key
from bandroid.representations.score import tokens_from_sheet
from bandroid.representations.sheet import CELL, TICKS_PER_QUARTER, Sheet, sheet_and_loss


@dataclass(frozen=True, slots=True, eq=False)
class Lesson:
    """One song, ready to be walked through."""

    sheet: Sheet
    line_up: LineUp
    tokens: list[int]
    shift_semitone: int
    """by how much its pitches were moved, -6 to 5; what would leave MIDI's range came back in by an octave"""


def lesson(song: Song) -> Lesson:
    """Make a song ready; raises ValueError for a song without notes, or of more bars than a score can have."""
    # A hand's timing scatters one rhythm over many; counting would take each for another.
    song = on_the_beat(song) if is_played(song) else song
    key = estimate_key(song)
    tonic, is_minor = (key.tonic, key.is_minor) if key else (0, False)
    shift_semitone = shift_to_c(tonic, is_minor)
    sheet, _ = sheet_and_loss(_moved(song, shift_semitone))
    return Lesson(sheet, line_up_of(song, sheet, tonic, is_minor), tokens_from_sheet(sheet).tolist(), shift_semitone)


def shift_from_c(tonic: int, is_minor: bool) -> int:
    """Return by how many semitones, 0 to 11, music without sharps or flats moves into a key: (9, True) A minor -> 0."""
    return (tonic + 3 * is_minor) % 12


def shift_to_c(tonic: int, is_minor: bool) -> int:
    """Return by how many semitones, -6 to 5, music of a key moves to C major or A minor: (7, False) G major -> 5."""
    shift = shift_from_c(tonic, is_minor)
    return -shift if shift <= 6 else 12 - shift


def line_up_of(song: Song, sheet: Sheet, tonic: int, is_minor: bool) -> LineUp:
    """Note who plays in a song; its tempo and metre are those of most of its bars."""
    mixes = {(part.program, part.is_drum): (part.volume, part.pan) for part in reversed(song.parts)}
    pitch, of_part = sheet.notes // 256 % 128, sheet.notes // CELL % len(sheet.parts)
    onset = sheet.notes // (128 * 256)  # bar, part and position as one number
    forms, doubles = forms_of(sheet), doubles_of(sheet)
    bar = sheet.notes // (CELL * len(sheet.parts))
    bar_tick = np.array([one.length_tick for one in sheet.bars])
    players = []
    for index, part in enumerate(sheet.parts):
        mine = of_part == index
        different = np.unique(bar[mine] * 128 + pitch[mine]) // 128
        sounding, n_notes = np.unique(bar[mine], return_counts=True)
        density = n_notes * 4 * TICKS_PER_QUARTER / bar_tick[sounding]
        volume, pan = mixes[part.program, part.is_drum]
        player = Player(
            program=part.program,
            is_drum=part.is_drum,
            velocities=part.velocities,
            lowest=int(pitch[mine].min()),
            highest=int(pitch[mine].max()),
            most_at_once=int(np.unique(onset[mine], return_counts=True)[1].max()),
            volume=volume,
            pan=pan,
            drums=tuple(np.unique(pitch[mine]).tolist()) if part.is_drum else (),
            most_different=int(np.percentile(np.unique(different, return_counts=True)[1], 90, method="lower")),
            fewest_notes=int(np.percentile(density, 10)),
            most_notes=int(np.ceil(np.percentile(density, 90))),
            longest_pitch_run=0 if part.is_drum else longest_run(pitch[mine]),
            longest_chord_run=0 if part.is_drum else longest_chord_run(onset[mine], pitch[mine]),
            form=forms[index],
            doubles=doubles[index],
        )
        players.append(player)
    metres = [(bar.numerator, bar.denominator) for bar in sheet.bars]
    tempos = [bar.tempo_qpm for bar in sheet.bars]
    habits = Habits.from_json(measure(sheet).as_json())
    return LineUp(tuple(players), _commonest(tempos), _commonest(metres), tonic, is_minor, habits)


def _moved(song: Song, shift_semitone: int) -> Song:
    def moved(part: Part) -> Part:
        if part.is_drum or shift_semitone == 0:
            return part
        return replace(part, notes=part.notes.transpose(shift_semitone))

    return song.with_parts(tuple(moved(part) for part in song.parts))


def _commonest(values: list[Any]) -> Any:
    """Return the most frequent value, the first met of equally frequent ones."""
    return max(dict.fromkeys(values), key=values.count)
