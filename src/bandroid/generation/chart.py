"""Chords for a lead: a chart as musicians write it, or one drawn after the style's own songs; and who plays it.

    "Dm7 G7 Cmaj7"          a bar each
    "Dm7 G7 | Cmaj7 | %"    bars between lines, chords share their bar, % is the bar before again

A style knows which bar of chords follows which two, counted from the key's tonic, and draws eight bars as often as a
form of AABA needs them.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bandroid.errors import WishError
from bandroid.music.chords import QUALITIES, Chord, read_chord
from bandroid.music.notes import Notes
from bandroid.music.song import Part, Song, TextEvent
from bandroid.music.theory import estimate_key
from bandroid.representations.grid import STEPS_PER_QUARTER
from bandroid.representations.line import Line

MOST_BARS = 512
_SECTION_BARS, _FORM = 8, (0, 0, 1, 0)
_TRIES = 24
"""charts that are drawn until one ends on its tonic"""
_PIANO, _BASS = 0, 32
_PIANO_VELOCITY, _BASS_VELOCITY = 58, 74
_VOICING_CENTRE, _BASS_LOWEST = 60, 33


@dataclass(frozen=True, slots=True)
class Chart:
    """Chords bar by bar; each bar holds one or more that share it evenly, as numbers (music/chords.py), 0 for none."""

    bars: tuple[tuple[int, ...], ...]

    @property
    def key(self) -> tuple[int, bool] | None:
        """The key that its chords seem to be in, as tonic and whether minor; None for a chart without chords."""
        bar_step = 16 * np.arange(len(self.bars) + 1)
        found = estimate_key(Song(STEPS_PER_QUARTER, accompaniment(self.steps(bar_step), bar_step, 1)))
        return None if found is None else (found.tonic, found.is_minor)

    def steps(self, bar_step: NDArray[np.int64]) -> NDArray[np.int32]:
        """Lay the chart over bars, from its beginning again where it is shorter: int32[steps] chord numbers."""
        chord = np.zeros(int(bar_step[-1]), dtype=np.int32)
        for bar, (first, end) in enumerate(zip(bar_step[:-1].tolist(), bar_step[1:].tolist(), strict=True)):
            numbers = self.bars[bar % len(self.bars)]
            edges = first + (end - first) * np.arange(len(numbers) + 1) // len(numbers)
            for number, begin, stop in zip(numbers, edges[:-1].tolist(), edges[1:].tolist(), strict=True):
                chord[begin:stop] = number
        return chord


def read_chart(text: str) -> Chart:
    """Read a chart; raises WishError for what is none."""
    has_bars = "|" in text
    words = [part.split() for part in text.strip().strip("|").split("|")] if has_bars else [[w] for w in text.split()]
    words = [[word for word in bar if word not in (":", "||")] for bar in words]
    if not words or not words[0] or any(len(bar) > 16 for bar in words) or len(words) > MOST_BARS:
        raise WishError(f"--chords {text[:40]!r}: write it as 'Dm7 G7 Cmaj7', a bar each, or as 'Dm7 G7 | Cmaj7 | %'")
    bars: list[tuple[int, ...]] = []
    for bar in words:
        if not bar or bar == ["%"]:
            if not bars:
                raise WishError(f"--chords {text[:40]!r} begins with a repeat: there is no bar before it")
            bars.append(bars[-1])
            continue
        bars.append(tuple(chord.number if (chord := read_chord(word)) else 0 for word in bar))
    return Chart(tuple(bars))


@dataclass(frozen=True, slots=True, eq=False)
class Harmony:
    """The chords of a style's songs, counted from the tonic. Raises ValueError for nonsense."""

    bars: NDArray[np.int16]
    """int16[N, 2]: chord numbers of the halves of each bar, roots over the tonic, song after song"""
    first: NDArray[np.int32]
    """int32[songs + 1]: where each song's bars begin; the last one is where all end"""
    is_minor: NDArray[np.bool_]
    """bool[songs]"""

    def __post_init__(self) -> None:
        n = len(self.bars)
        if self.bars.shape != (n, 2) or self.first[0] != 0 or self.first[-1] != n or (np.diff(self.first) < 1).any():
            raise ValueError("these are no chords of songs")
        if self.bars.min() < 0 or self.bars.max() > 12 * len(QUALITIES) or self.is_minor.size != self.first.size - 1:
            raise ValueError("these are no chords of songs")

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[np.generic]]) -> Harmony:
        """Read what `to_arrays` gave; raises ValueError, KeyError where it does not fit."""
        bars, first, is_minor = (arrays[name] for name in ("bars", "first", "is_minor"))
        return cls(bars.astype(np.int16), first.astype(np.int32), is_minor.astype(np.bool_))

    def to_arrays(self) -> dict[str, NDArray[np.generic]]:
        """Return all there is as arrays, for an .npz."""
        return {"bars": self.bars, "first": self.first, "is_minor": self.is_minor}

    def draw(self, n_bars: int, tonic: int, is_minor: bool, rng: np.random.Generator) -> Chart:
        """Return a chart in a key, in sections of eight bars, A A B A; it ends on the tonic where it can."""
        songs = np.flatnonzero(self.is_minor == is_minor)
        songs = songs if songs.size else np.arange(self.is_minor.size)
        follows = self._follows(songs)
        openings = [self._bar(int(self.first[song])) for song in songs.tolist()]
        drawn = [self._section(follows, openings, rng) for _ in range(max(_FORM) + 1)]
        n_sections = -(-n_bars // _SECTION_BARS)
        bars = [bar for number in range(n_sections) for bar in drawn[_FORM[number % len(_FORM)]]][:n_bars]
        home = 1 + (1 if is_minor else 0)
        if bars[-1][-1] == 0 or (bars[-1][-1] - 1) // len(QUALITIES) != 0:
            bars[-1] = (home,)
        return Chart(tuple(tuple(_over(number, tonic) for number in bar) for bar in bars))

    def _section(
        self,
        follows: dict[tuple[tuple[int, ...], ...], list[tuple[int, ...]]],
        openings: list[tuple[int, ...]],
        rng: np.random.Generator,
    ) -> list[tuple[int, ...]]:
        for _ in range(_TRIES):
            bars = [openings[rng.integers(len(openings))]]
            while len(bars) < _SECTION_BARS:
                choices = follows.get(tuple(bars[-2:]), ())
                if len(set(choices)) < 2:  # one song alone went on so: its chart would be copied bar by bar
                    choices = [*choices, *follows.get((bars[-1],), ())]
                bars.append(choices[rng.integers(len(choices))] if choices else openings[rng.integers(len(openings))])
            last = bars[-1][-1]
            if last and (last - 1) // len(QUALITIES) == 0:
                break
        return bars

    def _follows(self, songs: NDArray[np.int64]) -> dict[tuple[tuple[int, ...], ...], list[tuple[int, ...]]]:
        follows: dict[tuple[tuple[int, ...], ...], list[tuple[int, ...]]] = {}
        for song in songs.tolist():
            bars = [self._bar(index) for index in range(int(self.first[song]), int(self.first[song + 1]))]
            for at in range(1, len(bars)):
                follows.setdefault((bars[at - 1],), []).append(bars[at])
                if at > 1:
                    follows.setdefault((bars[at - 2], bars[at - 1]), []).append(bars[at])
        return follows

    def _bar(self, index: int) -> tuple[int, ...]:
        first, second = self.bars[index].tolist()
        return (first,) if first == second else (first, second)


def harmony_of(lines: Sequence[Line]) -> Harmony | None:
    """Return the chords above some lines, None where there are none at all."""
    rows, first, is_minor = [], [0], []
    for line in lines:
        starts = line.bar_step[:-1][line.bar_step[:-1] < len(line)]
        halves = np.minimum(starts + np.diff(line.bar_step)[: starts.size] // 2, len(line) - 1)
        pairs = np.stack([line.chord[starts], line.chord[halves]], axis=1)
        # A bar without a symbol goes on with the chord before; a song begins with its first one.
        pairs = pairs[int(np.argmax(pairs[:, 0] > 0)) :] if (pairs[:, 0] > 0).any() else pairs[:0]
        if not len(pairs):
            continue
        rows.append([[_over(int(number), -line.tonic) for number in pair] for pair in pairs])
        first.append(first[-1] + len(pairs))
        is_minor.append(line.is_minor)
    if not rows:
        return None
    bars = np.array([row for song in rows for row in song], dtype=np.int16)
    return Harmony(bars, np.array(first, dtype=np.int32), np.array(is_minor, dtype=np.bool_))


def symbols_of(chord: NDArray[np.int32], ticks_per_step: int, *, has_flats: bool) -> tuple[TextEvent, ...]:
    """Return the chord symbols of int32[T] chord numbers, one per change."""
    return tuple(
        TextEvent(first * ticks_per_step, "N.C." if one is None else one.name(has_flats=has_flats))
        for one, first, _ in _segments(chord)
    )


def accompaniment(
    chord: NDArray[np.int32], bar_step: NDArray[np.int64], ticks_per_step: int, beat_steps: int = 4
) -> tuple[Part, ...]:
    """Return a piano and a bass that play int32[T] chords, so that the lead is heard over them.

    The piano strikes each chord where it begins and once a bar, its voices led by the shortest way; the bass plays the
    root, and the fifth on the first beat of a long chord's second half: the third of a waltz's.
    """
    piano, bass = [], []
    voicing: list[int] = []
    bar_starts = set(bar_step.tolist())
    for one, first, end in _segments(chord):
        if one is None:
            continue
        voicing = _led(one, voicing)
        strikes = [first, *(step for step in range(first + 1, end) if step in bar_starts)]
        for begin, stop in zip(strikes, [*strikes[1:], end], strict=True):
            at, length = begin * ticks_per_step, (stop - begin) * ticks_per_step
            piano += [(at, length, pitch, _PIANO_VELOCITY) for pitch in voicing]
            low = _BASS_LOWEST + (one.root - _BASS_LOWEST) % 12
            if stop - begin < 8:
                bass.append((at, length, low, _BASS_VELOCITY))
                continue
            half = -(-(stop - begin) // (2 * beat_steps)) * beat_steps
            fifth = 6 if one.quality in _DIMINISHED else 8 if QUALITIES[one.quality].suffix == "+" else 7
            bass.append((at, half * ticks_per_step, low, _BASS_VELOCITY))
            bass.append((at + half * ticks_per_step, length - half * ticks_per_step, low + fifth, _BASS_VELOCITY - 6))
    return (
        Part("Piano", _PIANO, False, Notes.from_rows(piano), volume=84),
        Part("Bass", _BASS, False, Notes.from_rows(bass), volume=92),
    )


_DIMINISHED = {number for number, quality in enumerate(QUALITIES) if quality.suffix in ("m7b5", "dim7")}


def _segments(chord: NDArray[np.int32]) -> list[tuple[Chord | None, int, int]]:
    """Return (chord, first step, end) of each stretch of one chord."""
    edges = [0, *(np.flatnonzero(np.diff(chord)) + 1).tolist(), int(chord.size)]
    return [(Chord.of(int(chord[a])), a, b) for a, b in itertools.pairwise(edges) if b > a]


def _led(chord: Chord, before: Sequence[int]) -> list[int]:
    """Return the pitches of a chord around middle C: of all inversions, the one that moves least."""
    classes = [(chord.root + tone) % 12 for tone in QUALITIES[chord.quality].tones]
    voicings = []
    for lowest in range(_VOICING_CENTRE - 10, _VOICING_CENTRE + 3):
        if lowest % 12 in classes:
            voicings.append(sorted(lowest + (c - lowest) % 12 for c in classes))

    def way(pitches: Sequence[int]) -> float:
        from_before = sum(min(abs(pitch - other) for other in before) for pitch in pitches) if before else 0
        return from_before + 0.2 * abs(sum(pitches) / len(pitches) - _VOICING_CENTRE)

    return min(voicings, key=way)


def _over(number: int, interval: int) -> int:
    """Move a chord's number by semitones; 0 stays."""
    if not number:
        return 0
    root, quality = divmod(number - 1, len(QUALITIES))
    return 1 + (root + interval) % 12 * len(QUALITIES) + quality
