"""What a net is told before each step of a line, and before each velocity: small integers, an embedding table each.

Everything is said in a way that does not change when the music is transposed: pitches as intervals from the last one,
keys and chords as distances from it. What has to be named as it is (outcomes that something points at, the last
pitch, tonic and root, from which scores are counted) stands apart, and `transposed` moves it. Every row looks back
only.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bandroid.music.chords import QUALITIES
from bandroid.representations.grid import FIRST_NOTE, LOWEST_PITCH, ONE_DRUM, REST, DrumGrid, Grid, MelodyGrid
from bandroid.representations.line import Line

FACTS_VERSION = 1
"""raised when a column changes: a net that learnt other columns means nothing any more"""
LOOKBACK_BARS = (1, 2, 4, 8)
"""the same place so many bars ago is told, and how long what followed there has come true again"""
LONGEST_MATCH_STEP = 15
FARTHEST = 24
_KINDS = 3 + 2 * FARTHEST + 1
"""of a melody's symbol: nothing, hold, rest, an interval"""
PLACES, LENGTHS, N_BARS, SINCE, _AHEAD = 48, 65, 16, 32, 17
_CHORDS = len(QUALITIES) + 1
N_LOUD = 17
"""velocity classes of eight, and 0 for none"""


@dataclass(frozen=True, slots=True, eq=False)
class Facts:
    """Rows for N steps."""

    columns: NDArray[np.int64]
    """int64[N, columns]: see `sizes`"""
    pointers: NDArray[np.int64]
    """int64[N, pointers]: outcomes that something points at, plus 1; 0 for none"""
    bases: NDArray[np.int64]
    """int64[N, 4]: the last pitch's symbol (0: none yet), the tonic, the chord's root and its quality plus 1 (0: no
    chord)"""

    def rows(self, first: int, end: int) -> Facts:
        """Return some of the rows."""
        return Facts(self.columns[first:end], self.pointers[first:end], self.bases[first:end])


@dataclass(frozen=True, slots=True)
class LineKind:
    """What a line is: its grid, and whether chords stand above it."""

    grid: Grid
    has_chords: bool = False

    @property
    def is_drums(self) -> bool:
        return isinstance(self.grid, DrumGrid)

    @property
    def sizes(self) -> tuple[int, ...]:
        """Rows of each column's table: what came, since when nothing begins, place, bar's length, bar; melodies: the
        last pitch's degree by mode; per bar looked back to: what stands there, for how long it has come true, and for
        melodies by what step it was reached; chords: this one, the last pitch over it, the next, its root, steps to
        it.
        """
        symbols = self.grid.size + 1 if self.is_drums else _KINDS
        plain = (symbols, SINCE, PLACES, LENGTHS, N_BARS)
        back = (symbols, LONGEST_MATCH_STEP + 1) * len(LOOKBACK_BARS)
        if self.is_drums:
            return (*plain, *back)
        chords = (_CHORDS, 13, _CHORDS, 13, _AHEAD) if self.has_chords else ()
        return (*plain, 26, *back, *(_KINDS,) * len(LOOKBACK_BARS), *chords)

    @property
    def lookback_columns(self) -> tuple[int, ...]:
        """Which columns tell what stood some bars ago."""
        n_plain, n = (5 if self.is_drums else 6), len(LOOKBACK_BARS)
        return tuple(range(n_plain, n_plain + (2 if self.is_drums else 3) * n))

    @property
    def symbol_columns(self) -> tuple[int, ...]:
        """Which columns of drums are symbols plus 1."""
        return (0, *self.lookback_columns[::2])

    @property
    def n_pointers(self) -> int:
        return len(LOOKBACK_BARS) * (1 if self.is_drums else 2)

    @property
    def loud_sizes(self) -> tuple[int, ...]:
        """Rows of each column of a velocity: voice, place, what is struck, the voice's last two, anybody's last, the
        voice's one bar ago."""
        what = self.grid.size if self.is_drums else _KINDS
        return (self.grid.n_voices, PLACES, what, N_LOUD, N_LOUD, N_LOUD, N_LOUD)


LINE_KINDS: dict[str, LineKind] = {
    "drums": LineKind(DrumGrid()),
    "one-drum": LineKind(DrumGrid(ONE_DRUM)),
    "melody": LineKind(MelodyGrid()),
    "lead": LineKind(MelodyGrid(), has_chords=True),
}
"""the parts of songs that are learnt as lines (presets.LearntParts), as what"""


def line_facts(line: Line, kind: LineKind, first: int, last: int) -> Facts:
    """Return the rows of steps `first` to before `last`. What stands at a row's own step or later is not looked at."""
    # Everything may be needed that eight bars and a match reach back to.
    begin = max(_reach(line, first), 0)
    x = line.symbols[begin:last].astype(np.int64)
    step = np.arange(begin, last)
    bar = np.searchsorted(line.bar_step, step, side="right") - 1
    place = step - line.bar_step[bar]
    before = np.concatenate([[line.symbols[begin - 1] if begin else -1], x[:-1]])
    onset = np.where(before >= FIRST_NOTE if not kind.is_drums else before > 0, step - 1, -1)
    since = np.minimum(step - np.maximum.accumulate(np.where(onset >= 0, onset, begin - SINCE)), SINCE - 1)
    length = np.minimum(np.diff(line.bar_step)[bar], LENGTHS - 1)
    plain = [since, np.minimum(place, PLACES - 1), length, bar % N_BARS]
    pitch = np.zeros(0, dtype=np.int64) if kind.is_drums else _last_pitch(line, begin, last)
    back_columns, heights, pointers = [], [], []
    for n_bars in LOOKBACK_BARS:
        there = _bars_ago(line, step, bar, place, n_bars)
        is_there = there >= begin
        symbol = np.where(is_there, x[np.maximum(there - begin, 0)], -1)
        match = _match_length(x, symbol)
        pointers.append(symbol + 1)
        if kind.is_drums:
            back_columns += [symbol + 1, match]
            continue
        back_columns += [_kinds(symbol, pitch), match]
        pitch_there = np.where(is_there, pitch[np.maximum(there - begin, 0)], 0)
        heights.append(_kinds(symbol, pitch_there))
        moved = symbol + pitch - pitch_there
        is_note = (symbol >= FIRST_NOTE) & (pitch > 0) & (pitch_there > 0)
        is_note &= (moved >= FIRST_NOTE) & (moved < kind.grid.size)
        pointers.append(np.where(is_note, moved + 1, 0))
    tonic = np.full(step.size, line.tonic)
    root, quality = np.zeros_like(step), np.zeros_like(step)
    if kind.is_drums:
        columns = [before + 1, *plain, *back_columns]
        pitch = np.zeros_like(step)
    else:
        degree = np.where(pitch > 0, (pitch - FIRST_NOTE + LOWEST_PITCH - line.tonic) % 12 + 1, 0) + 13 * line.is_minor
        columns = [_kinds(before, _pitch_before(pitch, x, before)), *plain, degree, *back_columns, *heights]
        if kind.has_chords:
            root, quality, more = chord_columns(line, begin, last, pitch)
            columns += more
    rows = slice(first - begin, None)
    return Facts(
        np.stack(columns, axis=1)[rows],
        np.stack(pointers, axis=1)[rows],
        np.stack([pitch, tonic, root, quality], axis=1)[rows],
    )


def loud_facts(line: Line, kind: LineKind, first: int, last: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the struck voices of steps `first` to before `last`: int64[M] their steps, and int64[M, 7] columns.

    A voice is told what is struck with it, and how loud it and all others were before.
    """
    begin = max(_reach(line, first), 0)
    x = line.symbols[begin:last]
    step = np.arange(begin, last)
    bar = np.searchsorted(line.bar_step, step, side="right") - 1
    place = step - line.bar_step[bar]
    # The last row is being written: its own velocities are not known.
    loud = np.where(line.velocity[begin:last] > 0, line.velocity[begin:last] // 8 + 1, 0)
    loudest = loud.max(axis=1, initial=0)
    there = _bars_ago(line, step, bar, place, 1)
    at, voice = np.nonzero(kind.grid.struck(x[first - begin :]))
    at += first - begin
    what = x[at] if kind.is_drums else _kinds(x.astype(np.int64), _last_pitch(line, begin, last))[at]
    rows = []
    for row, one in zip(at.tolist(), voice.tolist(), strict=True):
        mine = loud[:row, one]
        own = mine[mine > 0][-2:].tolist()
        all_ = loudest[:row]
        others = all_[all_ > 0][-1:].tolist()
        ago = int(loud[there[row] - begin, one]) if there[row] >= begin else 0
        rows.append((*([0, 0, *own][-2:][::-1]), *(others or [0]), ago))
    before = np.array(rows, dtype=np.int64).reshape(-1, 4)
    columns = np.column_stack([voice, np.minimum(place[at], PLACES - 1), what, before])
    return at + begin, columns.astype(np.int64)


def transposed(facts: Facts, kind: LineKind, interval: int) -> Facts:
    """Move what names pitches as they are; the columns stay, for they are said in intervals."""
    if kind.is_drums or interval == 0:
        return facts
    pointers = np.where(facts.pointers > FIRST_NOTE, facts.pointers + interval, facts.pointers)
    # A sequence that would leave the keyboard points nowhere.
    pointers = np.where(pointers > kind.grid.size, 0, pointers)
    bases = facts.bases.copy()
    bases[:, 0] += np.where(bases[:, 0] > 0, interval, 0)
    bases[:, 1:3] = (bases[:, 1:3] + interval) % 12
    return Facts(facts.columns, pointers, bases)


def _reach(line: Line, first: int) -> int:
    """Return the step that rows from `first` on look back to at most."""
    bar = int(np.searchsorted(line.bar_step, first, side="right")) - 1
    return int(line.bar_step[max(bar - LOOKBACK_BARS[-1] - 1, 0)])


def _last_pitch(line: Line, begin: int, last: int) -> NDArray[np.int64]:
    """Return int64[last - begin]: the symbol of the last note before each step, 0 where there is none."""
    x = line.symbols[:last].astype(np.int64)
    at = np.maximum.accumulate(np.where(x >= FIRST_NOTE, np.arange(last), -1))
    earlier = np.concatenate([[-1], at[:-1]])[begin:]
    return np.where(earlier >= 0, x[earlier], 0)


def _pitch_before(pitch: NDArray[np.int64], x: NDArray[np.int64], before: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return for each step the last pitch as it was one step earlier: what the symbol before was reached from."""
    return np.concatenate([pitch[:1] if before[0] < FIRST_NOTE else [0], pitch[:-1]])


def _kinds(symbol: NDArray[np.int64], pitch: NDArray[np.int64]) -> NDArray[np.int64]:
    """Say symbols (-1 for none) against a pitch's symbol: 0 nothing, 1 hold, 2 rest, else 3 + interval, clipped.

    A note without a pitch before it counts as an interval of nothing.
    """
    interval = np.where(pitch > 0, np.clip(symbol - pitch, -FARTHEST, FARTHEST), 0)
    return np.where(symbol > REST, interval + FARTHEST + 3, symbol + 1)


def _bars_ago(
    line: Line, step: NDArray[np.int64], bar: NDArray[np.int64], place: NDArray[np.int64], n_bars: int
) -> NDArray[np.int64]:
    """Return the step at the same place some bars ago, -1 where there is none."""
    there = np.maximum(bar - n_bars, 0)
    at = line.bar_step[there] + place
    return np.where((bar >= n_bars) & (at < line.bar_step[there + 1]), at, -1)


def _match_length(x: NDArray[np.int64], symbol: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return for how many steps right before each step what came was what stood there: 0 to 15."""
    differs = np.concatenate([[True], x[:-1] != symbol[:-1]])
    at = np.arange(x.size)
    return np.minimum(at - np.maximum.accumulate(np.where(differs, at, 0)), LONGEST_MATCH_STEP)


def chord_columns(
    line: Line, begin: int, last: int, pitch: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64], list[NDArray[np.int64]]]:
    """Return root and quality plus 1 of each step's chord, and five columns. Chords ahead are known: the chart is
    given.
    """
    chord = line.chord.astype(np.int64)
    changes = np.append(np.flatnonzero(np.diff(chord)) + 1, chord.size)
    step = np.arange(begin, last)
    follows = changes[np.searchsorted(changes, step, side="right").clip(max=changes.size - 1)]
    root, quality = _root_and_quality(chord[step])
    next_root, next_quality = _root_and_quality(chord[np.minimum(follows, chord.size - 1)])
    over_root = np.where((pitch > 0) & (quality > 0), (pitch - FIRST_NOTE + LOWEST_PITCH - root) % 12 + 1, 0)
    root_step = np.where((quality > 0) & (next_quality > 0), (next_root - root) % 12 + 1, 0)
    ahead = np.clip(follows - step, 0, _AHEAD - 1)
    return root, quality, [quality, over_root, next_quality, root_step, ahead]


def _root_and_quality(chord: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    root, quality = np.divmod(np.maximum(chord - 1, 0), len(QUALITIES))
    return root, np.where(chord > 0, quality + 1, 0)
