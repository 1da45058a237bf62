"""Guess a song's metre from how it repeats, where the file states none or a wrong one.

A bar is right when music comes back bar by bar. So each candidate cuts every part into bars, and counts the notes
that stand in a bar which repeats an earlier bar of the same part exactly. Accents speak too: bass, bass drum and long
notes come again after one bar. Together they are a candidate's support,

    support = share of notes in repeated part-bars + 0.5 x autocorrelation of the accents at one bar.

Measured on 571 files of Mutopia, Freedoom and Simutrans that state one plain duple or triple metre: reading them as
if they stated none, support tells the two kinds apart with an area under the curve of 0.995.

Everything is counted on eighths: one pass over the notes makes running sums of 64-bit note keys per part and eighth,
and a bar of any length from any eighth is then the difference of two of them, moved to the bar's start by a
multiplication (a polynomial hash modulo 2**64: the key of a note at unit t is its pitch's random number times g**t).
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from bandroid.music.song import MetreChange, Song
from bandroid.music.table import UNITS_PER_QUARTER, NoteTable, note_table

ACCENT_WEIGHT = 0.5
"""how much accents count against repeats; 0.3 to 1 make no difference on the files above"""

MARGIN_UNSTATED = 0.05
"""by how much a triple metre must beat 4/4 where the file states nothing"""

MARGIN_STATED = 0.25
"""by how much it must beat a stated 4/4: at 0.2 to 0.3, 2 of 390 files of the above that state a duple metre are
overruled (both look like a 4/4 that was never set), and none of 569 of the Groove MIDI Dataset"""

MARGIN_ODD = 0.15
"""by how much 5/4, 7/8 and 9/8 must beat the plain metres: they are rare"""

MARGIN_OFFSET_UNSTATED = 0.1
MARGIN_OFFSET_STATED = 0.2
"""by how much bars that begin later must beat bars that begin at once"""

_FEWEST_NOTES = 24
"""below this nothing is guessed"""

_FEWEST_EIGHTHS = 64
"""eight bars of 4/4: below this a stated 4/4 stands"""

_MOST_CELLS = 2_000_000
"""parts x eighths that are looked at: bounds memory (16 MB an array) for songs of hours"""

_UNITS_PER_EIGHTH = UNITS_PER_QUARTER // 2


@dataclass(frozen=True, slots=True)
class MetreGuess:
    """What a song's metre seems to be."""

    numerator: int
    denominator: int
    offset_tick: int
    """length of the cut first bar (a pickup); 0 where the first bar is whole"""
    repeat_share: float
    """share of notes in part-bars that repeat an earlier one, in this metre; 0 where nothing was counted"""
    is_guessed: bool
    """False: the file states this metre and these bars, and they stand"""


def guess_metre(song: Song, table: NoteTable | None = None) -> MetreGuess:
    """Return the metre in which a song repeats best; what the file states stands unless clearly beaten.

    A stated metre other than 4/4 is never overruled, nor any change of metre: nobody writes those by accident. But
    where there is a single metre the first bar may turn out to be a pickup.
    """
    stated = song.metres
    first = stated[0] if stated and stated[0].onset_tick == 0 else MetreChange(0, 4, 4)
    has_changes = len(stated) > 1 or (len(stated) == 1 and stated[0].onset_tick > 0)
    if has_changes or song.n_notes < _FEWEST_NOTES:
        return MetreGuess(first.numerator, first.denominator, 0, 0.0, not stated)
    eighths = _eighths(note_table(song) if table is None else table)
    numerator, denominator = first.numerator, first.denominator
    if (numerator, denominator) == (4, 4) and (not stated or eighths.accent.size >= _FEWEST_EIGHTHS):
        numerator, denominator = _best_metre(eighths, song.ticks_per_quarter, bool(stated))
    length, rest = divmod(numerator * 8, denominator)
    if rest or length < 2:
        return MetreGuess(numerator, denominator, 0, 0.0, False)
    offset = _best_offset(eighths, length, denominator, MARGIN_OFFSET_STATED if stated else MARGIN_OFFSET_UNSTATED)
    changed = offset > 0 or (numerator, denominator) != (first.numerator, first.denominator)
    return MetreGuess(
        numerator,
        denominator,
        offset * song.ticks_per_quarter // 2,
        eighths.repeat_share(length, offset),
        changed or not stated,
    )


def with_guessed_metre(song: Song, table: NoteTable | None = None) -> Song:
    """Return the song with the metre it seems to have, and a remark that says so; as it is where the file's stands."""
    guess = guess_metre(song, table)
    if not guess.is_guessed:
        return song
    metres = [MetreChange(0, guess.numerator, guess.denominator)]
    if guess.offset_tick:
        metres.append(MetreChange(guess.offset_tick, guess.numerator, guess.denominator))
    return replace(song, metres=tuple(metres)).with_remarks(_remark(song, guess))


def _remark(song: Song, guess: MetreGuess) -> str:
    name = f"{guess.numerator}/{guess.denominator}"
    pickup = ""
    if guess.offset_tick:
        beats = guess.offset_tick * guess.denominator / (4 * song.ticks_per_quarter)
        pickup = f" with a first bar of {beats:g} beat{'' if beats == 1 else 's'}"
    if not song.metres:
        why = f" ({guess.repeat_share:.0%} of its notes repeat an earlier bar)" if guess.repeat_share else ""
        return f"states no metre: read as {name}{pickup}{why}"
    stated = f"{song.metres[0].numerator}/{song.metres[0].denominator}"
    return f"states {stated}, but repeats in {name}{pickup}: read as that"


def _best_metre(eighths: _Eighths, ticks_per_quarter: int, is_stated: bool) -> tuple[int, int]:
    """Choose between 4/4 and the others; the more a metre is out of the way, the more it must win by."""
    share_common, common = eighths.repeat_share(8), eighths.support(8)
    margin = MARGIN_STATED if is_stated else MARGIN_UNSTATED
    best, best_support = (4, 4), common
    if eighths.most_support(6) > common + margin and (triple := eighths.support(6)) > common + margin:
        best, best_support = _triple_metre(eighths), triple
    margin = max(margin, MARGIN_ODD)
    for numerator, denominator, length in ((5, 4, 10), (7, 8, 7), (9, 8, 9)):
        # At an odd number of ticks per quarter an eighth is no whole number of ticks.
        if length % 2 and ticks_per_quarter % 2:
            continue
        if eighths.most_support(length) <= best_support + margin:
            continue
        repeats_more = eighths.repeat_share(length) > share_common + 0.05
        if repeats_more and (support := eighths.support(length)) > best_support + margin:
            best, best_support = (numerator, denominator), support
    return best


def _triple_metre(eighths: _Eighths) -> tuple[int, int]:
    """Tell 3/4 from 6/8 and 12/8 by their accents: after three eighths or after two."""
    # Right for 148 of 152 stated 3/4 and 6/8 (97 %).
    if eighths.accent_after(3) <= eighths.accent_after(2) + 0.06:
        return 3, 4
    return (12, 8) if eighths.support(12) > eighths.support(6) + 0.02 else (6, 8)


def _best_offset(eighths: _Eighths, length: int, denominator: int, margin: float) -> int:
    """Return after how many eighths the first whole bar begins."""
    step = 2 if denominator <= 4 else 1
    share_at_once = eighths.repeat_share(length)
    accents = eighths.accents_on_beats(length, step)
    best, best_gain = 0, margin
    for offset in range(step, length, step):
        beat = offset // step
        # Repeats alone hardly tell one beat from the next: a bar line must carry its share of the accents.
        if accents[beat] < max(accents[0], 1.0 / accents.size):
            continue
        gain_by_accents = ACCENT_WEIGHT * float(accents[beat] - accents[0])
        if 1.0 - share_at_once + gain_by_accents <= best_gain:
            continue
        share = eighths.repeat_share(length, offset)
        gain = share - share_at_once + gain_by_accents
        if gain > best_gain and share >= max(share_at_once, 0.05):
            best, best_gain = offset, gain
    return best


@dataclass(frozen=True, slots=True, eq=False)
class _Eighths:
    """Running sums over a song's eighths, P parts x E eighths."""

    n_before: NDArray[np.int64]
    """int64[P, E + 1]: notes of all parts before this one, and of this one before this eighth"""
    key_before: NDArray[np.uint64]
    """uint64[P, E + 1]: sum of the keys of those notes, modulo 2**64"""
    accent: NDArray[np.float64]
    """float64[E]: how heavy the notes are that begin exactly on each eighth"""
    share_of: dict[tuple[int, int], float] = field(default_factory=dict)
    """repeat shares by length and offset, as they are asked for"""

    def repeat_share(self, length: int, offset: int = 0) -> float:
        """Return the share of notes in part-bars of `length` eighths that repeat an earlier one of their part.

        The notes before `offset` count as not repeating.
        """
        known = self.share_of.get((length, offset))
        if known is None:
            known = self.share_of[length, offset] = self._count_repeats(length, offset)
        return known

    def _count_repeats(self, length: int, offset: int) -> float:
        last = self.accent.size
        edge = np.minimum(np.arange(offset, last + length, length), last)
        n_notes = np.diff(self.n_before[:, edge], axis=1)  # [P, bars]
        key = np.diff(self.key_before[:, edge], axis=1)
        key *= _TO_BAR_START[edge[:-1] % _N_POWERS]
        key *= _PART_SALT[np.arange(len(key)) % _PART_SALT.size, None]
        # The low 16 bits carry the bar's notes, so that one plain sort of numbers finds first bars and their notes.
        key = (key & ~_LOW_BITS) | n_notes.astype(np.uint64)
        heard = key[n_notes > 0]
        if not heard.size:
            return 0.0
        heard.sort()
        is_first = np.ones(heard.size, dtype=np.bool_)
        np.not_equal(heard[1:], heard[:-1], out=is_first[1:])
        n_counted = int(self.n_before[-1, last])
        n_repeated = int(n_notes.sum()) - int((heard[is_first] & _LOW_BITS).sum())
        return n_repeated / n_counted

    def accent_after(self, distance: int) -> float:
        """Return the autocorrelation of the accents at a distance in eighths, -1 to 1."""
        centred = self.accent - self.accent.mean()
        power = float(centred @ centred)
        if distance >= centred.size or power == 0.0:
            return 0.0
        return float(centred[distance:] @ centred[:-distance]) / power

    def accents_on_beats(self, length: int, step: int) -> NDArray[np.float64]:
        """float64[beats]: how the accents on beats, every `step` eighths, fall on the beats of a bar of `length`."""
        in_bar = np.bincount(np.arange(self.accent.size) % length, weights=self.accent, minlength=length)
        sums = in_bar[::step]
        total = float(sums.sum())
        return sums / total if total else np.full(sums.size, 1.0 / sums.size)

    def support(self, length: int) -> float:
        """Return how well bars of `length` eighths fit; see the top of this file."""
        return self.repeat_share(length) + ACCENT_WEIGHT * self.accent_after(length)

    def most_support(self, length: int) -> float:
        """Return what the support would be if every note repeated: to drop candidates before the notes are counted."""
        return 1.0 + ACCENT_WEIGHT * self.accent_after(length)


def _eighths(table: NoteTable) -> _Eighths:
    n_parts = table.n_parts
    eighth = table.onset_unit // _UNITS_PER_EIGHTH
    n_eighths = min(int(eighth.max()) + 1, max(_MOST_CELLS // n_parts, 1))
    key = _PITCH_KEY[table.pitch] * _unit_power(table.onset_unit)
    part, pitch, on_eighth = table.part, table.pitch, table.onset_unit % _UNITS_PER_EIGHTH == 0
    length_quarter = np.minimum(table.length_unit * (1.0 / UNITS_PER_QUARTER), 2.0)
    if n_eighths <= int(eighth.max()):
        inside = eighth < n_eighths
        eighth, key, part, pitch = eighth[inside], key[inside], part[inside], pitch[inside]
        on_eighth, length_quarter = on_eighth[inside], length_quarter[inside]
    key_sum = np.zeros(key.size + 1, dtype=np.uint64)
    np.cumsum(key, out=key_sum[1:])
    counts = np.bincount(part * n_eighths + eighth, minlength=n_parts * n_eighths).reshape(n_parts, n_eighths)
    n_before = np.zeros((n_parts, n_eighths + 1), dtype=np.int64)
    np.cumsum(counts, axis=1, out=n_before[:, 1:])
    n_before[1:] += np.cumsum(n_before[:-1, -1])[:, None]
    weight = length_quarter * _part_weight(table)[part]
    if table.is_drum.any():
        kick = (pitch == 35) | (pitch == 36)
        weight = np.where(table.is_drum[part], kick, weight)
    accent = np.bincount(eighth, weights=weight * on_eighth, minlength=n_eighths).astype(np.float64)
    return _Eighths(n_before, key_sum[n_before], accent)


def _part_weight(table: NoteTable) -> NDArray[np.float64]:
    """float64[P]: 2 for the lowest pitched part, the bass, else 1."""
    counts = table.n_notes_of_part
    weight = np.ones(table.n_parts)
    pitched = ~table.is_drum & (counts > 0)
    if pitched.any():
        mean = np.bincount(table.part, weights=table.pitch, minlength=table.n_parts) / np.maximum(counts, 1)
        weight[np.where(pitched, mean, np.inf).argmin()] = 2.0
    return weight


def _unit_power(unit: NDArray[np.int64]) -> NDArray[np.uint64]:
    """uint64[N]: the generator to the power of a time in units."""
    if unit.size and int(unit.max()) >= _N_POWERS * _UNITS_PER_EIGHTH:
        unit = unit % (_N_POWERS * _UNITS_PER_EIGHTH)
    return _POWER[unit]


def _powers(base: int, n: int) -> NDArray[np.uint64]:
    table = np.full(n, base % 2**64, dtype=np.uint64)
    table[0] = 1
    return np.multiply.accumulate(table)


# Fixed numbers, so that a guess is the same everywhere; any odd generator will do. 32,768 eighths are over two hours at
# 120 quarters a minute; times beyond wrap round, and a bar across the wrap merely counts as new.
_N_POWERS = 1 << 15
_GENERATOR = 0x9E3779B97F4A7C15
_POWER = _powers(_GENERATOR, _N_POWERS * _UNITS_PER_EIGHTH)
_TO_BAR_START = _powers(pow(_GENERATOR, -_UNITS_PER_EIGHTH, 2**64), _N_POWERS)
_RANDOM = np.random.Generator(np.random.PCG64(20261120))
_PITCH_KEY = _RANDOM.integers(0, 2**63, 128, dtype=np.uint64) * np.uint64(2) + np.uint64(1)
_PART_SALT = _RANDOM.integers(0, 2**63, 4096, dtype=np.uint64) * np.uint64(2) + np.uint64(1)
_LOW_BITS = np.uint64(0xFFFF)
