"""Find songs that are the same music: copies, transposed or at another tempo, excerpts, near-equal arrangements.

The notes of a song are read as windows of eight in a row. Of each note only two things are kept: how far its pitch
lies from the note before it, and how its distance in time compares with the one before (equal, twice, half ...,
or at once). So a window says nothing of key, tempo, instrument or loudness. Windows are taken along each part, and
along all pitched parts together: the first find a song again that lost or won a part, the second one whose parts
were divided otherwise (a piano's two hands in one).

Two songs are the same music where `SAME_SHARE` of the notes of the smaller one lie in windows that both have. Which
pairs to compare is found by a sample of the windows' hashes, so that a folder of thousands is no trouble.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bandroid.music.song import Song
from bandroid.music.table import NoteTable, note_table

SAME_SHARE = 0.8
"""share of the smaller song's notes found in the other"""

_WINDOW = 8
"""notes: seven steps of pitch and time; shorter ones are common phrases"""

_FEWEST_PITCHED = 24
"""a song of fewer pitched notes is compared by its drums"""

_SAMPLE_ABOVE = 256
"""notes of a song from which on only every eighth (by its hash) is kept as a sample"""

_FEWEST_COMMON_SHARE = 0.25
"""share of the smaller sample that two songs must have in common to be compared note by note"""

_FEWEST_WINDOWS = 24
"""different windows that two songs must share; with fewer they must be equal note by note"""

_MOST_NEIGHBOURS = 64
"""songs that share one window are paired with so many others at most: common phrases must not cost squares"""


@dataclass(frozen=True, slots=True, eq=False)
class Fingerprint:
    """A song's windows, sampled; sorted, each once."""

    by_part: NDArray[np.uint64]
    """uint64[K]"""
    together: NDArray[np.uint64]
    """uint64[K]; the same where a song has just one pitched part"""
    n_notes: int
    """notes that windows are taken of"""
    is_sampled: bool


@dataclass(frozen=True, slots=True)
class Sameness:
    """How two songs are the same music."""

    share: float
    """share of the smaller song's notes that the other has too, 0 to 1"""
    interval_semitone: int
    """how much higher the first song lies than the second"""


@dataclass(frozen=True, slots=True, eq=False)
class _Stream:
    """Notes in one order, and the hash of the window that begins at each."""

    pitch: NDArray[np.int64]
    """int64[N]"""
    window: NDArray[np.uint64]
    """uint64[N]; 0 where no window begins"""


def fingerprint(song: Song, table: NoteTable | None = None) -> Fingerprint:
    """Take a song's windows."""
    table = note_table(song) if table is None else table
    streams = _streams(table)
    is_sampled = streams[0].pitch.size >= _SAMPLE_ABOVE
    by_part = _sample(streams[0], is_sampled)
    together = by_part if streams[1] is streams[0] else _sample(streams[1], is_sampled)
    return Fingerprint(by_part, together, streams[0].pitch.size, is_sampled)


def similar_pairs(prints: Sequence[Fingerprint]) -> tuple[tuple[int, int], ...]:
    """Return the pairs (i, j), i < j, that are worth comparing note by note."""
    pairs: set[tuple[int, int]] = set()
    for name in ("by_part", "together"):
        samples: list[NDArray[np.uint64]] = [getattr(p, name) for p in prints]
        pairs.update(_pairs_in_common(samples, [p.is_sampled for p in prints]))
    # Songs too short for windows can still be equal: compare those of one size.
    bare = [index for index, p in enumerate(prints) if not p.by_part.size]
    pairs.update((i, j) for i in bare for j in bare if i < j and prints[i].n_notes == prints[j].n_notes)
    return tuple(sorted(pairs))


def sameness(one: Song, other: Song) -> Sameness:
    """Compare two songs note by note."""
    best = Sameness(0.0, 0)
    for mine, its in zip(_streams(note_table(one)), _streams(note_table(other)), strict=True):
        if not mine.pitch.size or not its.pitch.size:
            continue
        share = _share_in_common(mine, its) if mine.pitch.size <= its.pitch.size else _share_in_common(its, mine)
        if share > best.share:
            best = Sameness(share, _interval(mine, its))
    return best


def _streams(table: NoteTable) -> tuple[_Stream, _Stream]:
    """Return the notes along each part, and along all parts together."""
    chosen = ~table.is_drum[table.part]
    part, unit, pitch = table.part[chosen], table.onset_unit[chosen], table.pitch[chosen]
    named = np.zeros(0, dtype=np.int64)
    if pitch.size < _FEWEST_PITCHED:
        part, unit, pitch = table.part, table.onset_unit, table.pitch
        # A drum is an instrument, not a pitch: its own number counts, not the distance to the one before.
        named = pitch
    along_parts = _Stream(pitch, _windows(pitch, unit, part, named))
    if not pitch.size or part[0] == part[-1]:
        return along_parts, along_parts
    order = np.argsort((unit << 7) | pitch)
    together = pitch[order]
    one_part = np.zeros(pitch.size, dtype=np.int64)
    return along_parts, _Stream(
        together, _windows(together, unit[order], one_part, named[order] if named.size else named)
    )


def _windows(
    pitch: NDArray[np.int64], unit: NDArray[np.int64], part: NDArray[np.int64], named: NDArray[np.int64]
) -> NDArray[np.uint64]:
    """uint64[N]: hash of the window that begins at each note; 0 where it would leave the part.

    `named` is empty, or one number per note that joins the window as it is.
    """
    window = np.zeros(pitch.size, dtype=np.uint64)
    n_windows = pitch.size - _WINDOW + 1
    if n_windows < 1:
        return window
    step = pitch[1:] - pitch[:-1]
    wait = unit[1:] - unit[:-1]
    before, after = wait[:-1], wait[1:]
    # A third more or less is another rhythm; less is playing, or rounding at another tempo.
    pace = (after * 3 > before * 4).view(np.int8) + 2 * (after * 4 < before * 3).view(np.int8)
    three = (_FIRST_STEP[step[:-1]] ^ _SECOND_STEP[step[1:]]) * _PACE[pace + 3 * (after == 0)]  # three notes in a row
    if named.size:
        three *= _NAMED[named[:-2]]
    hashes = three[:n_windows] * _PLACE[0]
    for place in range(1, _WINDOW - 2):
        hashes += three[place : place + n_windows] * _PLACE[place]
    hashes ^= hashes >> np.uint64(29)
    hashes |= _NOT_ZERO
    # A pitch that is merely repeated is in every song; its windows say nothing.
    n_moves = np.zeros(pitch.size, dtype=np.int64)
    np.cumsum(step != 0, out=n_moves[1:])
    says_something = n_moves[_WINDOW - 1 :] > n_moves[:n_windows]
    window[:n_windows] = hashes * (says_something & (part[_WINDOW - 1 :] == part[:n_windows]))
    return window


def _sample(stream: _Stream, is_sampled: bool) -> NDArray[np.uint64]:
    chosen = stream.window > 0
    if is_sampled:
        chosen &= stream.window & _SAMPLE_MASK == 0
    return _distinct(stream.window[chosen])


def _distinct(hashes: NDArray[np.uint64]) -> NDArray[np.uint64]:
    hashes = np.sort(hashes)
    return hashes[np.append(True, hashes[1:] != hashes[:-1])] if hashes.size else hashes


def _pairs_in_common(samples: Sequence[NDArray[np.uint64]], is_sampled: Sequence[bool]) -> set[tuple[int, int]]:
    """Return the pairs whose samples have enough in common."""
    sizes = np.array([sample.size for sample in samples], dtype=np.int64)
    if sizes.size < 2 or not sizes.any():
        return set()
    owner = np.repeat(np.arange(sizes.size), sizes)
    hashes = np.concatenate(samples)
    order = np.argsort(hashes, kind="stable")  # stable: owners ascend where hashes are equal
    owner, hashes = owner[order], hashes[order]
    codes = []
    for distance in range(1, _MOST_NEIGHBOURS + 1):
        same = np.flatnonzero(hashes[distance:] == hashes[:-distance])
        if not same.size:
            break
        codes.append(owner[same] * sizes.size + owner[same + distance])
    if not codes:
        return set()
    code, n_common = np.unique(np.concatenate(codes), return_counts=True)
    first, second = np.divmod(code, sizes.size)
    # Beside a sample of every eighth, a whole set has only an eighth of its windows to be met.
    sampled = np.array(is_sampled)
    mixed = sampled[first] != sampled[second]
    smaller = np.where(
        mixed, np.where(sampled[first], sizes[second], sizes[first]) / 8, np.minimum(sizes[first], sizes[second])
    )
    enough = n_common >= _FEWEST_COMMON_SHARE * smaller
    return set(zip(first[enough].tolist(), second[enough].tolist(), strict=True))


def _share_in_common(smaller: _Stream, larger: _Stream) -> float:
    """Return the share of the smaller stream's notes, of those in windows, whose window the larger has too."""
    counts = smaller.window > 0
    found = counts & np.isin(smaller.window, larger.window)
    if _distinct(smaller.window[found]).size < _FEWEST_WINDOWS:
        same_size = smaller.pitch.size == larger.pitch.size
        return float(same_size and np.array_equal(np.diff(smaller.pitch), np.diff(larger.pitch)))
    over = np.ones(_WINDOW, dtype=np.int64)
    n_found = np.count_nonzero(np.convolve(found, over)[: found.size])
    return float(n_found / np.count_nonzero(np.convolve(counts, over)[: found.size]))


def _interval(one: _Stream, other: _Stream) -> int:
    """Return the commonest distance between the pitches of equal windows, in semitones."""
    _, mine, its = np.intersect1d(one.window, other.window, return_indices=True)
    common = one.window[mine] > 0
    if not common.any():
        return int(one.pitch[0] - other.pitch[0])
    intervals, counts = np.unique(one.pitch[mine[common]] - other.pitch[its[common]], return_counts=True)
    return int(intervals[counts.argmax()])


# Fixed numbers, so that a fingerprint is the same everywhere. Steps of -127 to 127 index from the end where negative.
_RANDOM = np.random.Generator(np.random.PCG64(80_204_816))


def _odd_numbers(n: int) -> NDArray[np.uint64]:
    return _RANDOM.integers(0, 2**63, n, dtype=np.uint64) * np.uint64(2) + np.uint64(1)


_FIRST_STEP, _SECOND_STEP = _odd_numbers(255), _odd_numbers(255)
_PACE = _odd_numbers(6)
_NAMED = _odd_numbers(128)
_PLACE = _odd_numbers(_WINDOW - 2)
_SAMPLE_MASK = np.uint64(7)
_NOT_ZERO = np.uint64(1 << 63)
