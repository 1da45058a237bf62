"""From the voices of songs to what a latent space learns from: windows drawn afresh, a few songs held out.

Windows are drawn, never listed: a song, a bar of it, a line for each voice; moved into some key, now and then with a
voice of another song. The songs held out here are the folder's own; no step of the training sees them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bandroid.corpus.voices import SongVoices, judging_windows
from bandroid.critique.copies import CopyHabit, habit
from bandroid.critique.fingerprints import Index, fingerprints
from bandroid.critique.habits import Habits, measure
from bandroid.errors import CorpusError
from bandroid.generation.lesson import lesson
from bandroid.representations.grid import FIRST_NOTE, HIGHEST_PITCH, LOWEST_PITCH, DrumGrid
from bandroid.representations.window import Patches, Window, WindowKind, patches_of
from bandroid.training.line_lessons import HELD_OUT_SHARE, MOST_LINE_UPS

MOST_HELD_OUT, MOST_HELD_OUT_WINDOWS, MOST_HELD_OUT_BANDS = 60, 400, 96
"""songs, windows, and windows of 16 bars of parts, which are large"""
FARTHEST_SHIFT = 6
"""semitones up or down that a window is moved by, drawn anew each time"""
MIXED_SHARE = 0.3
"""of the windows of several voices have one from another song: few songs have many trios"""
_MIX_TRIES = 4
_FULL_BAND = 5
"""voices: a song of parts that has so many is whole, as one that has all voices where each has a meaning"""

Report = Callable[[int, int], None]


@dataclass(frozen=True, slots=True, eq=False)
class SpaceLessons:
    """All that the net and its style are made from."""

    kind: WindowKind
    songs: tuple[SongVoices, ...]
    chance: NDArray[np.float64]
    """float64[songs]: how often a window is taken from each"""
    held_out: Patches
    all_songs: tuple[SongVoices, ...]
    """those to learn from and some of those held out: who plays, how fast"""
    habits: tuple[Habits, ...]
    """of each of those"""
    index: Index
    copy_habit: CopyHabit
    n_notes: int

    @property
    def n_windows(self) -> int:
        return sum(len(song.starts) for song in self.songs)

    def draw(self, rng: np.random.Generator, n: int) -> Patches:
        """Draw windows to learn from."""
        return patches_of(self.windows(rng, n), self.kind)

    def windows(self, rng: np.random.Generator, n: int) -> list[Window]:
        """Draw windows to learn from, not yet cut."""
        return [self._window(rng) for _ in range(n)]

    def plain_windows(self, rng: np.random.Generator, n: int) -> list[Window]:
        """Draw windows as the songs have them, neither moved nor mixed."""
        return [self._of_a_song(rng) for _ in range(n)]

    def _window(self, rng: np.random.Generator) -> Window:
        window = self._of_a_song(rng)
        if len(self.kind.voices) > 1 and rng.random() < MIXED_SHARE:
            for _ in range(_MIX_TRIES):
                other = self._of_a_song(rng)
                if other.bar_steps == window.bar_steps:
                    return transposed(_mixed(window, other, self.kind, rng), self.kind, rng)
        return transposed(window, self.kind, rng)

    def _of_a_song(self, rng: np.random.Generator) -> Window:
        song = self.songs[int(rng.choice(len(self.songs), p=self.chance))]
        bar, playing = song.starts[int(rng.integers(len(song.starts)))]
        return song.window(self.kind, bar, [int(rng.choice(lines)) if lines else None for lines in playing])


def _mixed(window: Window, other: Window, kind: WindowKind, rng: np.random.Generator) -> Window:
    """Return a window with one voice of another: drums go with anything, so they are taken most easily."""
    there = np.flatnonzero(other.is_there)
    index = int(rng.choice(there))
    symbols, velocity, players = window.symbols.copy(), window.velocity.copy(), window.players.copy()
    symbols[index], players[index] = other.symbols[index], other.players[index]
    velocity[:, kind.channels[index]] = other.velocity[:, kind.channels[index]]
    return Window(symbols, velocity, window.bar_steps, players)


def transposed(window: Window, kind: WindowKind, rng: np.random.Generator) -> Window:
    """Return the window moved by up to six semitones, all voices alike, as far as the keyboard allows."""
    down = up = FARTHEST_SHIFT
    pitched = []
    for index, voice in enumerate(kind.voices):
        if not isinstance(voice.grid, DrumGrid):
            pitched.append(index)
            pitches = voice.grid.pitches(window.symbols[index])
            if pitches.size:
                down = min(down, int(pitches.min()) - LOWEST_PITCH)
                up = max(min(up, HIGHEST_PITCH - int(pitches.max())), 0)
    shift = int(rng.integers(-down, up + 1)) if pitched else 0
    symbols = window.symbols.copy()
    for index in pitched:
        # The lowest note stands in a symbol's first bits, so all that is struck with it moves alike.
        symbols[index] += np.where(symbols[index] >= FIRST_NOTE, shift, 0)
    return Window(symbols, window.velocity, window.bar_steps, window.players)


def is_whole(song: SongVoices, kind: WindowKind) -> bool:
    """Say whether a song shows what all voices do together."""
    return sum(map(bool, song.lines)) >= (_FULL_BAND if kind.has_parts else len(kind.voices))


def prepare(
    songs: Sequence[SongVoices], weights: Sequence[float], kind: WindowKind, report: Report = lambda done, total: None
) -> SpaceLessons:
    """Divide songs, gather what the style keeps of them. Raises CorpusError where one song alone cannot teach."""
    if len(songs) < 2:
        raise CorpusError("a latent space needs two songs at least: one to learn from, one to judge by")
    # Songs of one author often lie side by side.
    order = np.random.default_rng(0).permutation(len(songs)).tolist()
    whole = [index for index in order if is_whole(songs[index], kind)] or order
    out = set(whole[: min(max(round(len(whole) * HELD_OUT_SHARE), 1), MOST_HELD_OUT)])
    held_out = [songs[index] for index in order if index in out]
    learnt = [songs[index] for index in order if index not in out]
    # A song of many bars says more, but not as much more as it has bars; one of all voices says most.
    chance = np.array(
        [
            weights[index] * len(songs[index].starts) ** 0.5 * min(sum(map(bool, songs[index].lines)), _FULL_BAND) ** 2
            for index in order
            if index not in out
        ]
    )
    sheets = []
    for done, song in enumerate(songs, 1):
        sheets.append(lesson(song.song).sheet)
        report(done, len(songs))
    index = fingerprints(sheets)
    most = MOST_HELD_OUT_BANDS if kind.is_large else MOST_HELD_OUT_WINDOWS
    stride = -(-len(songs) // MOST_LINE_UPS)
    return SpaceLessons(
        kind=kind,
        songs=tuple(learnt),
        chance=chance / chance.sum(),
        held_out=patches_of(judging_windows(held_out, kind, most), kind),
        all_songs=tuple(songs[::stride]),
        habits=tuple(measure(sheet) for sheet in sheets[::stride]),
        index=index,
        copy_habit=habit(index),
        n_notes=sum(song.song.n_notes for song in songs),
    )
