"""Put bars of a score behind a song: the song stays as it is, note for note, and the bars take on its clock and key."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import gcd
from statistics import median_low
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from bandroid.generation.compose import trimmed
from bandroid.music.clock import bar_grid
from bandroid.music.notes import Notes
from bandroid.music.quantize import round_half_up, snap
from bandroid.music.song import KeyChange, MetreChange, Song, TempoChange, TextEvent
from bandroid.representations.score_cursor import Cursor
from bandroid.representations.sheet import LENGTH_CLASSES_TICK, TICKS_PER_QUARTER

MARKER = "Continued"
"""stands where the new bars begin"""
_TEMPO_BARS = 8
"""the tempo is the middle one of the last bars: a song that slows down at its end does not go on crawling"""
_COARSE_TICKS = 96
"""a song of fewer ticks per quarter gets a finer clock where new notes need one; above, rounding is not heard"""

_Change = TypeVar("_Change", TempoChange, MetreChange, KeyChange, TextEvent)


@dataclass(frozen=True, slots=True)
class Seam:
    """Where a score's new bars meet a song."""

    end_tick: int
    """where the song's last bar ends, in its own ticks"""
    n_before: int
    """bars of the score that the song has already"""
    part_indices: tuple[int, ...]
    """which of the song's parts each part of the score is"""
    shift_semitone: int
    """how much higher than the song the score is"""


def joined(song: Song, seam: Seam, cursor: Cursor) -> Song:
    """Return the song with a cursor's new bars behind it.

    They keep the last metre, and the tempo that the last bars mostly have. Of what the song states after its last bar
    nothing stays, and a remark says so.
    """
    finer = 1 if song.ticks_per_quarter >= _COARSE_TICKS else TICKS_PER_QUARTER // gcd(song.ticks_per_quarter, 12)
    remarks = _left_out(song, seam.end_tick)
    song = snap(song, song.ticks_per_quarter * finer).song if finer > 1 else song
    seam_tick = seam.end_tick * finer
    scale = song.ticks_per_quarter / TICKS_PER_QUARTER
    parts = list(song.parts)
    for number, index in enumerate(seam.part_indices):
        new = _new_notes(cursor, number, seam)
        parts[index] = replace(parts[index], notes=_with_new(parts[index].notes, new, seam_tick, scale))
    tempo_qpm = _usual_tempo(song, seam_tick)
    tempos = _until(song.tempos, seam_tick)
    if tempo_qpm is not None and tempos[-1].tempo_qpm != tempo_qpm:
        tempos = (*_until(tempos, seam_tick - 1), TempoChange(seam_tick, tempo_qpm))
    whole = replace(
        song,
        parts=tuple(parts),
        tempos=tempos,
        metres=_metres(song, seam_tick, (cursor.bars[-1].numerator, cursor.bars[-1].denominator)),
        keys=_until(song.keys, seam_tick - 1),
        chords=_until(song.chords, seam_tick - 1),
        markers=(*_until(song.markers, seam_tick - 1), TextEvent(seam_tick, MARKER)),
    )
    return whole.with_remarks(*remarks)


def _new_notes(cursor: Cursor, number: int, seam: Seam) -> Notes:
    """Return a part's new notes at the song's height, in the score's ticks from the seam on, none beyond the end."""
    bar_onset = np.concatenate([[0], np.cumsum([bar.length_tick for bar in cursor.bars[seam.n_before :]])])
    cells = cursor.history[number][seam.n_before :]
    rows = [(int(onset), code) for onset, cell in zip(bar_onset, cells, strict=False) for code in cell]
    onset, code = np.array(rows, dtype=np.int64).reshape(-1, 2).T
    part = cursor.parts[number]
    typical = np.zeros(16, dtype=np.int64)
    typical[[velocity // 8 for velocity in part.velocities]] = part.velocities
    length: NDArray[np.int64] = LENGTH_CLASSES_TICK[code // 16 % 16]
    notes = Notes(onset + code // (128 * 256), length, code // 256 % 128, typical[code % 16])
    return trimmed(notes if part.is_drum else notes.transpose(-seam.shift_semitone), int(bar_onset[-1]))


def _with_new(old: Notes, new: Notes, seam_tick: int, scale: float) -> Notes:
    """Put new notes, in the score's ticks from the seam on, behind a part's own."""
    onset = seam_tick + round_half_up(new.onset_tick * scale)
    end = np.maximum(seam_tick + round_half_up(new.end_tick * scale), onset + 1)
    # Of two notes of one pitch, MIDI lets the first to begin be the first to end: so the song's own note ends first.
    overhang = old.select((old.end_tick > seam_tick) & (old.end_tick <= seam_tick + scale * TICKS_PER_QUARTER / 2))
    for pitch, end_tick in zip(overhang.pitch.tolist(), overhang.end_tick.tolist(), strict=True):
        end = np.where((new.pitch == pitch) & (onset < end_tick), np.maximum(end, end_tick), end)
    return Notes(
        np.concatenate([old.onset_tick, onset]),
        np.concatenate([old.length_tick, end - onset]),
        np.concatenate([old.pitch, new.pitch]),
        np.concatenate([old.velocity, new.velocity]),
    )


def _usual_tempo(song: Song, seam_tick: int) -> float | None:
    """Return the middle one of the tempos of the last bars before the seam; None where the song states none."""
    grid = bar_grid(song, seam_tick)
    onsets = [onset for onset in grid.onset_tick[:-1].tolist() if onset < seam_tick][-_TEMPO_BARS:]
    in_force = [[t.tempo_qpm for t in song.tempos if t.onset_tick <= onset] for onset in onsets]
    known = [tempos[-1] for tempos in in_force if tempos]
    return median_low(known) if known else None


def _metres(song: Song, seam_tick: int, metre: tuple[int, int]) -> tuple[MetreChange, ...]:
    """Return the song's metres, and the new bars' own where it differs or where the last bar was cut short."""
    metres = _until(song.metres, seam_tick - 1)
    grid = bar_grid(replace(song, metres=metres), seam_tick)
    is_same = (int(grid.numerator[-1]), int(grid.denominator[-1])) == metre
    if is_same and int(grid.onset_tick[-1]) == seam_tick:
        return metres
    return (*metres, MetreChange(seam_tick, *metre))


def _until(changes: Sequence[_Change], last_tick: int) -> tuple[_Change, ...]:
    return tuple(change for change in changes if change.onset_tick <= last_tick)


def _left_out(song: Song, seam_tick: int) -> list[str]:
    """Say what of the song's timeline lay behind its last note and would now stand among the new ones."""
    kinds = {
        "tempo": [change.onset_tick for change in song.tempos],
        "metre": [change.onset_tick for change in song.metres],
        "key": [change.onset_tick for change in song.keys],
        "chord": [event.onset_tick for event in song.chords],
        "marker": [event.onset_tick for event in song.markers],
    }
    counts = {kind: sum(tick >= seam_tick for tick in ticks) for kind, ticks in kinds.items()}
    named = [f"{n} {kind}{'s' if n > 1 else ''}" for kind, n in counts.items() if n]
    return [f"what it stated after its last bar was left out: {', '.join(named)}"] if named else []
