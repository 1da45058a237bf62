"""A primer as a line hears it: its own notes kept aside, and the same on the grid."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bandroid.errors import WishError
from bandroid.generation.line_facts import LineKind
from bandroid.generation.primer import Primer
from bandroid.music.clock import bar_grid
from bandroid.music.notes import Notes
from bandroid.music.quantize import snap
from bandroid.music.song import Song
from bandroid.music.swing import STRAIGHT, Swing, straightened, swing_of
from bandroid.music.theory import estimate_key
from bandroid.representations.grid import DrumGrid
from bandroid.representations.line import song_bar_steps, song_chords
from bandroid.representations.score_vocabulary import METRES
from bandroid.representations.sheet import TEMPO_RANGE_QPM

_FINE_TICKS_PER_QUARTER = 960
_FEWEST_KEY_NOTES = 8
"""fewer pitches say nothing of a key"""


@dataclass(frozen=True, slots=True, eq=False)
class Given:
    """What a piece begins with."""

    song: Song
    notes: Notes
    """as they are, in the song's ticks"""
    symbols: NDArray[np.int32]
    velocity: NDArray[np.int32]
    bar_step: NDArray[np.int64]
    """int64[bars + 1], up to where new bars begin, at the primer's end; 0 alone for a typed one, which has no metre"""
    chord: NDArray[np.int32]
    program: int | None
    metre: tuple[int, int] | None
    tempo_qpm: float | None
    key: tuple[int, bool] | None
    swing: Swing

    @property
    def n_steps(self) -> int:
        return int(self.symbols.size)


def given_of(primer: Primer, kind: LineKind, style_name: str) -> Given:
    """Bring a primer onto a style's grid; raises WishError where it holds nothing that the style plays."""
    song, n_steps = primer.song, primer.n_steps
    part = _part_of(song, kind, primer.lead)
    if part is None:
        what = "drums" if kind.is_drums else "melody"
        raise WishError(f"--primer: it holds no {what}, and style {style_name} plays nothing else")
    fine = snap(song, _FINE_TICKS_PER_QUARTER).song if song.ticks_per_quarter < _FINE_TICKS_PER_QUARTER else song
    fine_notes = _part_of(fine, kind, primer.lead)
    assert fine_notes is not None
    swing = STRAIGHT if primer.is_typed else swing_of(fine_notes, fine.ticks_per_quarter)
    symbols, velocity = kind.grid.encode(
        straightened(fine_notes, fine.ticks_per_quarter, swing), fine.ticks_per_quarter
    )
    if not symbols.size:
        raise WishError(f"--primer: style {style_name} plays none of its drums")
    key = estimate_key(song)
    grid = bar_grid(song, primer.end_tick)
    last = int(grid.numerator[-1]), int(grid.denominator[-1])
    program = None
    if not primer.is_typed and not kind.is_drums:
        program = next(one.program for one in song.parts if one.notes is part)
    tempo = song.tempos[-1].tempo_qpm if song.tempos else None
    low, high = TEMPO_RANGE_QPM
    return Given(
        song=song,
        notes=part,
        symbols=_fitted(symbols, n_steps),
        velocity=_fitted(velocity, n_steps),
        bar_step=np.zeros(1, dtype=np.int64) if primer.is_typed else song_bar_steps(song, n_steps),
        chord=song_chords(song, n_steps) if kind.has_chords else np.zeros(n_steps, dtype=np.int32),
        program=program,
        metre=last if song.metres and last in METRES else None,
        tempo_qpm=None if tempo is None else min(max(tempo, low), high),
        key=(key.tonic, key.is_minor) if key is not None and len(part) >= _FEWEST_KEY_NOTES else None,
        swing=swing,
    )


def _part_of(song: Song, kind: LineKind, lead: int | None) -> Notes | None:
    """Return the notes that a style goes on from: all drums, or the tune, if need be the part that is most like one."""
    if lead is not None and not kind.is_drums and len(song.parts[lead].notes):
        return song.parts[lead].notes
    heard = [part for part in song.parts if len(part.notes) and part.is_drum == kind.is_drums]
    if not heard:
        return None
    if not isinstance(kind.grid, DrumGrid):
        return max(heard, key=lambda part: (_is_one_voice(part.notes), len(part.notes))).notes
    if len(heard) == 1:
        return heard[0].notes
    names = ("onset_tick", "length_tick", "pitch", "velocity")
    return Notes(*(np.concatenate([getattr(part.notes, name) for part in heard]) for name in names))


def _is_one_voice(notes: Notes) -> bool:
    return bool(np.unique(notes.onset_tick).size > 0.9 * len(notes))


def _fitted(array: NDArray[np.int32], n_steps: int) -> NDArray[np.int32]:
    """Cut or fill up to a number of steps."""
    cut = array[:n_steps]
    missing = np.zeros((n_steps - len(cut), *array.shape[1:]), dtype=np.int32)
    return np.concatenate([cut, missing])
