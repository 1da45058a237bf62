"""Cut a song at a bar line; both halves are songs of their own, with the same parts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TypeVar

from bandroid.music.clock import bar_grid
from bandroid.music.notes import Notes
from bandroid.music.song import KeyChange, MetreChange, Part, Song, TempoChange, TextEvent

_EARLY_QUARTER = 24
"""a note struck less than 1/24 quarter before a bar line means the bar line: half a step of the score's grid"""

_Change = TypeVar("_Change", TempoChange, MetreChange, KeyChange, TextEvent)


def cut_in_two(song: Song, bar: int) -> tuple[Song, Song]:
    """Cut a song where a bar begins: (song, 8) -> its first eight bars, and what comes after them, from tick 0.

    Notes that ring across the cut end there. The second song begins with the tempo, metre, key and chord that are in
    force at the cut. Raises ValueError where the song has no such bar.
    """
    grid = bar_grid(song)
    if not 0 <= bar <= grid.n_bars:
        raise ValueError(f"a song of {grid.n_bars} bars cannot be cut at bar {bar + 1}")
    cut_tick = int(grid.onset_tick[bar])
    beginning = replace(
        song,
        parts=tuple(_part_before(part, cut_tick, song.ticks_per_quarter) for part in song.parts),
        tempos=_before(song.tempos, cut_tick),
        metres=_before(song.metres, cut_tick),
        keys=_before(song.keys, cut_tick),
        chords=_before(song.chords, cut_tick),
        markers=_before(song.markers, cut_tick),
        fermatas=tuple(at for at in song.fermatas if at < cut_tick),
    )
    ending = replace(
        song,
        parts=tuple(_part_from(part, cut_tick, song.ticks_per_quarter) for part in song.parts),
        tempos=_in_force_from(song.tempos, cut_tick),
        metres=_in_force_from(song.metres, cut_tick),
        keys=_in_force_from(song.keys, cut_tick),
        chords=_in_force_from(song.chords, cut_tick),
        markers=_from(song.markers, cut_tick),
        fermatas=tuple(at - cut_tick for at in song.fermatas if at >= cut_tick),
    )
    return beginning, ending


def _part_before(part: Part, cut_tick: int, ticks_per_quarter: int) -> Part:
    notes = part.notes.select(part.notes.onset_tick < _earliest(cut_tick, ticks_per_quarter))
    length = notes.length_tick.clip(max=cut_tick - notes.onset_tick)
    return replace(
        part,
        notes=Notes(notes.onset_tick, length, notes.pitch, notes.velocity),
        lyrics=_before(part.lyrics, cut_tick),
    )


def _part_from(part: Part, cut_tick: int, ticks_per_quarter: int) -> Part:
    notes = part.notes.select(part.notes.onset_tick >= _earliest(cut_tick, ticks_per_quarter))
    onset = (notes.onset_tick - cut_tick).clip(min=0)
    return replace(
        part,
        notes=Notes(onset, notes.length_tick, notes.pitch, notes.velocity),
        lyrics=_from(part.lyrics, cut_tick),
    )


def _earliest(cut_tick: int, ticks_per_quarter: int) -> float:
    """Return from which tick on a note belongs to the bar after the cut."""
    return cut_tick - ticks_per_quarter / _EARLY_QUARTER


def _before(changes: Sequence[_Change], cut_tick: int) -> tuple[_Change, ...]:
    return tuple(change for change in changes if change.onset_tick < cut_tick)


def _from(changes: Sequence[_Change], cut_tick: int) -> tuple[_Change, ...]:
    later = (change for change in changes if change.onset_tick >= cut_tick)
    return tuple(replace(change, onset_tick=change.onset_tick - cut_tick) for change in later)


def _in_force_from(changes: Sequence[_Change], cut_tick: int) -> tuple[_Change, ...]:
    """Return the changes from the cut on, the one in force there first."""
    later, earlier = list(_from(changes, cut_tick)), _before(changes, cut_tick)
    if earlier and not (later and later[0].onset_tick == 0):
        later.insert(0, replace(earlier[-1], onset_tick=0))
    return tuple(later)
