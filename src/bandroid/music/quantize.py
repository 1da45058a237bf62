"""Move a song onto a grid, and say what that costs."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from bandroid.music.notes import Notes
from bandroid.music.song import MetreChange, Part, Song, TextEvent


@dataclass(frozen=True, slots=True)
class Snapped:
    """A song on a grid, and how far its notes had to move."""

    song: Song
    largest_error_quarter: float
    """how far the worst onset moved, in quarter notes"""
    n_off_grid: int
    """onsets that moved by more than a quarter of a grid step: playing, or a finer rhythm than the grid has"""


def snap(song: Song, ticks_per_quarter: int) -> Snapped:
    """Round all onsets and lengths to a resolution of `ticks_per_quarter`; lengths stay at least 1 tick.

    A metre whose bars are no whole number of the new ticks becomes the next longer one that is: 5/32 at 12 ticks
    per quarter -> 3/16. Of two changes that fall on one tick the later wins.
    """
    scale = ticks_per_quarter / song.ticks_per_quarter
    worst, n_off_grid = 0.0, 0

    def moved(tick: int) -> int:
        return int(np.floor(tick * scale + 0.5))

    def texts(events: tuple[TextEvent, ...]) -> tuple[TextEvent, ...]:
        return tuple(TextEvent(moved(event.onset_tick), event.text) for event in events)

    parts = []
    for part in song.parts:
        exact = part.notes.onset_tick * scale
        onset = round_half_up(exact)
        error = np.abs(exact - onset)
        worst = max(worst, float(error.max(initial=0.0)))
        n_off_grid += int(np.count_nonzero(error > 0.25 + 1e-9))
        length = np.maximum(round_half_up(part.notes.length_tick * scale), 1)
        notes = Notes(onset, length, part.notes.pitch, part.notes.velocity)
        parts.append(replace(part, notes=notes, lyrics=texts(part.lyrics)))
    snapped = Song(
        ticks_per_quarter=ticks_per_quarter,
        parts=tuple(parts),
        tempos=tuple({(at := moved(c.onset_tick)): replace(c, onset_tick=at) for c in song.tempos}.values()),
        metres=tuple({(at := moved(c.onset_tick)): _metre(c, at, ticks_per_quarter) for c in song.metres}.values()),
        keys=tuple({(at := moved(c.onset_tick)): replace(c, onset_tick=at) for c in song.keys}.values()),
        chords=texts(song.chords),
        markers=texts(song.markers),
        fermatas=tuple(sorted({moved(at) for at in song.fermatas})),
        title=song.title,
        remarks=song.remarks,
    )
    return Snapped(snapped, worst / ticks_per_quarter, n_off_grid)


def round_half_up(exact: NDArray[np.floating]) -> NDArray[np.int64]:
    """Round to int64, halves upwards: numpy's own rule (halves to even) would make a swing of even and odd steps."""
    rounded: NDArray[np.int64] = np.floor(exact + 0.5).astype(np.int64)
    return rounded


def _metre(change: MetreChange, onset_tick: int, ticks_per_quarter: int) -> MetreChange:
    """Put a metre on a coarser grid: the next longer one in 16ths whose bars are whole there."""
    if ticks_per_quarter * 4 * change.numerator % change.denominator == 0:
        return replace(change, onset_tick=onset_tick)
    sixteenths = -(-16 * change.numerator // change.denominator)
    return MetreChange(onset_tick, sixteenths, 16)


PLAYED_GRID = 24
"""steps per quarter on which everything lies that was entered rather than played: 32nds, triplets of 16ths"""
_PLAYED_SHARE = 0.5
_TRIPLET_GAIN = 0.5  # a beat is read as a triplet where that halves the squared error of four 16ths
_LEVELS = 4  # loudnesses that a hand tells apart on purpose: ghost note, soft, normal, accent


def is_played(song: Song) -> bool:
    """Say whether a song was played by hand: more than half of its onsets lie beside a grid of 24 per quarter."""
    onset = np.concatenate([part.notes.onset_tick for part in song.parts]) if song.parts else np.zeros(0)
    exact = onset * (PLAYED_GRID / song.ticks_per_quarter)
    # Rounding to the file's own ticks is not playing.
    tolerance = 0.5 * PLAYED_GRID / song.ticks_per_quarter + 1e-9
    return bool(np.count_nonzero(np.abs(exact - np.round(exact)) > tolerance) > _PLAYED_SHARE * onset.size)


def on_the_beat(song: Song) -> Song:
    """Move what was played by hand to where it is meant: 16ths, or triplets in beats that they fit clearly better.

    Returns a song at 24 ticks per quarter. Lengths become 32nds; the velocities of a part (on drums, of each drum) one
    of four levels. So what is meant alike becomes alike; the hand's own timing and touch are lost.
    """
    quarter = song.ticks_per_quarter
    frame = snap(song, PLAYED_GRID).song
    parts: list[Part] = []
    for part, played in zip(frame.parts, song.parts, strict=True):
        source = played.notes
        at = source.onset_tick / quarter
        straight, triplet = np.floor(at * 4 + 0.5) / 4, np.floor(at * 3 + 0.5) / 3
        beat = np.floor(at + 0.125).astype(np.int64)
        error_straight = np.bincount(beat, (at - straight) ** 2)
        error_triplet = np.bincount(beat, (at - triplet) ** 2)
        is_triplet = (error_triplet < _TRIPLET_GAIN * error_straight)[beat]
        onset = round_half_up(np.where(is_triplet, triplet, straight) * PLAYED_GRID)
        length = np.maximum(round_half_up(source.length_tick / quarter * 8), 1) * (PLAYED_GRID // 8)
        group = (source.pitch if part.is_drum else 0) * _LEVELS + source.velocity * _LEVELS // 128
        velocity = np.zeros_like(source.velocity)
        for number in np.unique(group):
            velocity[group == number] = int(np.median(source.velocity[group == number]))
        parts.append(replace(part, notes=Notes(onset, length, source.pitch, velocity)))
    return frame.with_parts(tuple(parts))
