"""What a piece copies from the songs that its style was learnt from, held against how the band copies itself.

The band's own habit is found by leaving each song out in turn: how many of its windows stand in the others, and for how
many bars in a row. See critique/fingerprints.py for what a window is, and what counts as the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, get_type_hints

import numpy as np
from numpy.typing import NDArray

from bandroid.critique.fingerprints import SILENT, Index, Print, fingerprints
from bandroid.critique.trail import Trail
from bandroid.errors import StyleError
from bandroid.representations.sheet import CELL, Sheet, part_names

if TYPE_CHECKING:
    from bandroid.bundle.store import Bundle

HABIT_NAME = "copy_habit"
"""under which name a style's manifest keeps the band's habit, among its defaults"""
Verdict: TypeAlias = Literal["green", "amber", "red"]


@dataclass(frozen=True, slots=True)
class Match:
    """Bars of a piece that stand in a training song. Parts and bars count from 0, the last bar is one of them."""

    part: int
    first_bar: int
    last_bar: int
    n_sounding_bars: int
    """how many of these bars hold notes"""
    song: int
    song_part: int
    """counts the parts of that song"""
    song_program: int
    """fingerprints.DRUMS for drums"""
    song_first_bar: int
    transposition_semitone: int
    """how much higher the piece plays it, both in C; 0 for drums"""


@dataclass(frozen=True, slots=True)
class Copies:
    """What one piece copies. Windows are pairs of bars of one part that hold enough to be compared."""

    n_windows: int
    n_copied: int
    """windows that stand in a training song"""
    n_repeated: int
    """windows that began in an earlier bar of the piece itself already"""
    longest_run_bars: int
    """bars with notes in a row that one part of a training song plays just so; 0 where no window is copied"""
    matches: tuple[Match, ...]
    parts: tuple[str, ...] = ()
    """names of the piece's parts, numbered as in its file: those that never play have none"""

    @property
    def share(self) -> float:
        """Share of copied windows, 0 to 1."""
        return self.n_copied / self.n_windows if self.n_windows else 0.0

    @property
    def repeat_share(self) -> float:
        """How much the piece repeats itself, 0 to 1."""
        return self.n_repeated / self.n_windows if self.n_windows else 0.0


@dataclass(frozen=True, slots=True)
class CopyHabit:
    """How much the songs of a band copy from one another: over songs, each against all others."""

    n_songs: int
    share_median: float
    share_p75: float
    share_p95: float
    run_median_bars: float
    run_p95_bars: float
    run_most_bars: int
    """the longest run that two songs share"""
    repeat_share_median: float
    """how much a song repeats itself"""

    def as_json(self) -> dict[str, float]:
        """Return plain data; shares to four digits, since the last bits differ between machines."""
        return {name: round(value, 4) for name, value in asdict(self).items()}

    @classmethod
    def from_json(cls, table: Mapping[str, Any]) -> CopyHabit:
        """Read plain data back; raises ValueError where it does not fit."""
        kinds = get_type_hints(cls)
        if set(table) != set(kinds) or not all(isinstance(value, int | float) for value in table.values()):
            raise ValueError(f"not a band's habit of copying: {table}")
        return cls(**{name: kinds[name](value) for name, value in table.items()})

    def verdict(self, copies: Copies) -> Verdict:
        """Judge a piece: green as three in four songs of the band, red beyond nearly all of them."""
        if copies.share > self.share_p95 or copies.longest_run_bars > self.run_most_bars:
            return "red"
        return "green" if copies.share <= self.share_p75 else "amber"


def load_habit(bundle: Bundle) -> CopyHabit | None:
    """Return how much a style's songs copy from one another, or None where it does not say; raises StyleError."""
    table = bundle.manifest.defaults.get(HABIT_NAME)
    try:
        return None if table is None else CopyHabit.from_json(table)
    except (ValueError, TypeError) as error:
        raise StyleError(f"style {bundle.name}: its manifest.json is damaged ({error})") from None


def copies(sheet: Sheet, index: Index) -> Copies:
    """Find what a piece copies from the songs of an index."""
    piece = fingerprints([sheet])
    n_bars = len(sheet.bars)
    is_copied = np.isin(piece.key, index.key) & (piece.key != 0)
    matches: list[Match] = []
    for part in np.unique(piece.cell_part[is_copied]).tolist():
        mine = slice(part * n_bars, (part + 1) * n_bars)
        prints = list(zip(piece.shape[mine].tolist(), piece.base[mine].tolist(), strict=True))
        matches += _matches_of_part(part, prints, is_copied[mine], index)
    return Copies(
        n_windows=int(np.count_nonzero(piece.key)),
        n_copied=int(np.count_nonzero(is_copied)),
        n_repeated=int(_repeats(piece).sum()),
        longest_run_bars=max((match.n_sounding_bars for match in matches), default=0),
        matches=tuple(sorted(matches, key=lambda match: (match.part, match.first_bar))),
        parts=_names_of_heard(sheet),
    )


def _names_of_heard(sheet: Sheet) -> tuple[str, ...]:
    """Name the parts of a piece; "" for those without notes, which a finished piece leaves out."""
    heard = np.unique(sheet.notes // CELL % len(sheet.parts)).tolist()
    names = part_names([(sheet.parts[part].program, sheet.parts[part].is_drum) for part in heard])
    named = dict(zip(heard, names, strict=True))
    return tuple(named.get(part, "") for part in range(len(sheet.parts)))


def _matches_of_part(part: int, prints: list[Print], is_copied: NDArray[np.bool_], index: Index) -> list[Match]:
    """Find the fewest long stretches that hold all copied windows of a part."""
    trail = Trail(index)
    found: list[Match] = []
    for bar, cell in enumerate(prints):
        trail.step(cell)
        if trail.stretches.longest_bars:
            found.append(_match(part, bar, prints, trail, index))
    found.sort(key=lambda match: (-match.n_sounding_bars, match.first_bar))
    kept: list[Match] = []
    left = set((np.flatnonzero(is_copied) + 1).tolist())
    for match in found:
        # A window of silence and a bar belongs to the stretch that begins with the bar.
        ends = {*range(match.first_bar, match.last_bar + 2)} & left
        if ends:
            kept.append(match)
            left -= ends
    return kept


def _match(part: int, bar: int, prints: list[Print], trail: Trail, index: Index) -> Match:
    """Describe the longest stretch of copied bars that ends in this bar, the least transposed if there are several."""
    stretches = trail.stretches
    longest = np.flatnonzero(stretches.holds_window & (stretches.sounding == stretches.longest_bars)).tolist()
    first_bars = [bar - int(stretches.place[at] - stretches.first[at]) for at in longest]
    shifts = [prints[b][1] - int(index.base[stretches.first[at]]) for b, at in zip(first_bars, longest, strict=True)]
    best = min(range(len(longest)), key=lambda i: abs(shifts[i]))
    first_bar, first_place = first_bars[best], int(stretches.first[longest[best]])
    last_bar = bar
    while prints[last_bar][0] == SILENT:
        last_bar -= 1
    where = int(index.cell_part[first_place])
    song = int(index.part_song[where])
    return Match(
        part=part,
        first_bar=first_bar,
        last_bar=last_bar,
        n_sounding_bars=stretches.longest_bars,
        song=song,
        song_part=where - int(np.argmax(index.part_song == song)),
        song_program=int(index.part_program[where]),
        song_first_bar=first_place - int(index.part_first[where]),
        transposition_semitone=shifts[best],
    )


def habit(index: Index) -> CopyHabit:
    """Measure how much the songs of a band copy from one another, and repeat themselves."""
    key, song = index.key, index.part_song[index.cell_part]
    is_window = key != 0
    n_windows = np.maximum(np.bincount(song[is_window], minlength=index.n_songs), 1)
    is_shared = _in_several_songs(key, song) & is_window
    share = np.bincount(song[is_shared], minlength=index.n_songs) / n_windows
    repeat_share = np.bincount(song[_repeats(index)], minlength=index.n_songs) / n_windows
    run = _longest_shared_runs(index)
    median, p75, p95 = np.percentile(share, (50, 75, 95)).tolist()
    return CopyHabit(
        n_songs=index.n_songs,
        share_median=median,
        share_p75=p75,
        share_p95=p95,
        run_median_bars=float(np.median(run)),
        run_p95_bars=float(np.percentile(run, 95)),
        run_most_bars=int(run.max()),
        repeat_share_median=float(np.median(repeat_share)),
    )


def _repeats(index: Index) -> NDArray[np.bool_]:
    """Return bool[cells]: windows that an earlier bar of the same song has begun with, in whatever part."""
    key, song = index.key, index.part_song[index.cell_part]
    bar = np.arange(key.size) - index.part_first[:-1][index.cell_part]
    order = np.lexsort((bar, key, song))
    is_first = np.append(True, (np.diff(key[order]) != 0) | (np.diff(song[order]) != 0))
    first_bar = bar[order][is_first][np.cumsum(is_first) - 1]
    repeats = np.zeros(key.size, dtype=np.bool_)
    repeats[order] = bar[order] > first_bar
    repeats &= key != 0
    return repeats


def _longest_shared_runs(index: Index) -> NDArray[np.int64]:
    """Return int64[songs]: over how many bars with notes a part of each song is the same as a part of another song.

    All stretches of 2 bars are compared, those that two songs share are lengthened to 3, and so on.
    """
    song = index.part_song[index.cell_part]
    longest = np.zeros(index.n_songs, dtype=np.int64)
    part_end = index.part_first[1:][index.cell_part]
    has_notes = np.not_equal(index.shape, SILENT)
    # A cell and the interval that leads to it as one number; to the first cell of a stretch none leads.
    step = _mixed(index.shape.astype(np.uint64) << np.uint64(10) | (index.interval % 1024).astype(np.uint64))
    step[~has_notes] = 1
    first = np.flatnonzero(has_notes)
    key = _mixed(index.shape[first].astype(np.uint64))
    holds_window = np.zeros(first.size, dtype=np.bool_)
    sounding = np.ones(first.size, dtype=np.int64)
    for length in range(2, index.shape.size + 1):
        last = first + length - 1
        stays = np.flatnonzero(last < part_end[first])
        grown = _mixed(key[stays] + step[last[stays]])
        is_shared = _in_several_songs(grown, song[first[stays]])
        key, stays = grown[is_shared], stays[is_shared]
        if not stays.size:
            break
        first, last = first[stays], last[stays]
        holds_window = holds_window[stays] | np.not_equal(index.key[last - 1], 0)
        sounding = sounding[stays] + has_notes[last]
        np.maximum.at(longest, song[first[holds_window]], sounding[holds_window])
    return longest


def _in_several_songs(key: NDArray[np.uint64], song: NDArray[np.int32]) -> NDArray[np.bool_]:
    """Return bool[N]: which keys more than one song has."""
    different, number = np.unique(key, return_inverse=True)
    lowest, highest = np.full(different.size, np.iinfo(np.int32).max), np.full(different.size, -1)
    np.minimum.at(lowest, number, song)
    np.maximum.at(highest, number, song)
    several: NDArray[np.bool_] = np.not_equal(lowest, highest)[number]
    return several


def _mixed(number: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Scatter 64-bit numbers, so that sums of them hardly ever fall together (Steele et al. 2014, SplitMix64)."""
    number = (number ^ number >> np.uint64(30)) * np.uint64(0xBF58476D1CE4E5B9)
    number = (number ^ number >> np.uint64(27)) * np.uint64(0x94D049BB133111EB)
    return number ^ number >> np.uint64(31)
