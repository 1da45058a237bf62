"""How many notes of a band come back from a space of parts, and how many would if each bar were the one before."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bandroid.bundle.store import SHIPPED_FOLDER, open_style
from bandroid.corpus.collect import UsedSong
from bandroid.corpus.voices import voice_parts
from bandroid.generation.space_song import space_song
from bandroid.generation.space_style import SpaceStyle, load_space_style
from bandroid.palette.fragment import Fragment, fragment
from bandroid.palette.ways import places
from bandroid.representations.window import Window, frames_of
from bandroid.training.space_evaluation import wrong_z
from recipes.__main__ import corpus_of, load_recipe

FEWEST_PARTS = 5
"""that play in a window, drums among them"""
MOST_WINDOWS_A_SONG = 8
TOLERANCE_STEP = 1.0
"""a note is found where its part has the same pitch within a 16th"""


@dataclass(frozen=True, slots=True, eq=False)
class Played:
    """One part's notes in a window."""

    is_drums: bool
    onset_step: NDArray[np.float64]
    """float64[N], 16ths from the window's beginning"""
    pitch: NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Heard:
    """A window of a song as it stands in the file, and as the space hears it."""

    fragment: Fragment
    parts: dict[int, Played]
    """per voice that plays"""
    bar_steps: int


def band_figures(name: str) -> dict[str, float]:
    """Return F1 of notes of held-out songs that come back from the mean of z, over all of them and by kind.

    `copy_` is what every bar as the one before would have, `wrong_` what comes from another window's z, `grid_` what
    the grid of 16ths can say at all. Raises AssertionError where the space has seen any of the songs.
    """
    bundle = open_style(SHIPPED_FOLDER / name)
    corpus = corpus_of(load_recipe(name))
    learnt = {song.sha256 for song in bundle.manifest.training.songs if song.split == "train"}
    assert not learnt & {used.sha256 for used in corpus.held_out}, f"{name} was trained on songs that are held out"
    style = load_space_style(bundle)
    heard = [one for used in corpus.held_out for one in windows_of(style, used)]
    windows = [one.fragment.windows[0] for one in heard]
    z, frames = places(style, windows), frames_of(windows, style.kind)
    found = {"": style.runtime.decode(z, frames), "wrong_": style.runtime.decode(wrong_z(z), frames)}
    said = {
        prefix: [_written(style, *pair) for pair in zip(heard, each, strict=True)] for prefix, each in found.items()
    }
    said["grid_"] = [_written(style, one, one.fragment.windows[0]) for one in heard]
    said["copy_"] = [_copied(one, style.kind.n_bars) for one in heard]
    figures = {"windows": float(len(heard))}
    for prefix, each in said.items():
        pairs = [
            (real, other.get(voice))
            for one, other in zip(heard, each, strict=True)
            for voice, real in one.parts.items()
        ]
        figures[f"{prefix}f1"] = f1(pairs)
        for kind in (True, False):
            figures[f"{prefix}f1_{'drums' if kind else 'pitched'}"] = f1([p for p in pairs if p[0].is_drums == kind])
    return figures


def windows_of(style: SpaceStyle, used: UsedSong) -> Iterator[Heard]:
    """Yield windows of a song in which five parts play or more, evenly spread, as a musician would name them."""
    kind, voices = style.kind, used.voices
    assert voices is not None
    full = [bar for bar, playing in voices.starts if sum(map(bool, playing)) >= FEWEST_PARTS]
    each, _ = voice_parts(used.song, kind, used.roles)
    per_step = used.song.ticks_per_quarter / 4
    for number in np.unique(np.linspace(0, len(full) - 1, min(MOST_WINDOWS_A_SONG, len(full))).round()).astype(int):
        bar = full[number]
        start, end = int(voices.bar_step[bar]), int(voices.bar_step[bar + kind.n_bars])
        parts = {}
        for index, (voice, own) in enumerate(zip(kind.voices, each, strict=True)):
            onset_step = own[0].notes.onset_tick / per_step if own else np.zeros(0)
            inside = (onset_step >= start - 0.5) & (onset_step < end - 0.5)
            if inside.any():
                parts[index] = Played(voice.is_drums, onset_step[inside] - start, own[0].notes.pitch[inside])
        heard = fragment(style, used.song, (bar + 1, bar + kind.n_bars), used.name, only_one=True)
        yield Heard(heard, parts, heard.windows[0].bar_steps)


def _written(style: SpaceStyle, heard: Heard, window: Window) -> dict[int, Played]:
    """Return what the space writes, as a song that a musician would get."""
    song = space_song(style, [window], heard.fragment.band, "")
    per_step = song.ticks_per_quarter / 4
    there = np.flatnonzero(window.is_there).tolist()
    return {
        index: Played(part.is_drum, part.notes.onset_tick / per_step, part.notes.pitch)
        for index, part in zip(there, song.parts, strict=True)
    }


def _copied(heard: Heard, n_bars: int) -> dict[int, Played]:
    """Return each bar as the one before was, the first one silent."""
    end = n_bars * heard.bar_steps
    copied = {}
    for index, one in heard.parts.items():
        later = one.onset_step + heard.bar_steps
        copied[index] = Played(one.is_drums, later[later < end - 0.5], one.pitch[later < end - 0.5])
    return copied


def f1(pairs: Sequence[tuple[Played, Played | None]]) -> float:
    """Return F1 of all notes together: each real note is found once at most, by one of its pitch within a 16th."""
    count: Counter[str] = Counter()
    for real, found in pairs:
        count["real"] += real.pitch.size
        if found is None:
            continue
        count["found"] += found.pitch.size
        for pitch in np.intersect1d(real.pitch, found.pitch):
            count["right"] += _matched(
                np.sort(real.onset_step[real.pitch == pitch]), np.sort(found.onset_step[found.pitch == pitch])
            )
    return 2 * count["right"] / max(count["real"] + count["found"], 1)


def _matched(real: NDArray[np.float64], found: NDArray[np.float64]) -> int:
    """Return how many of two sorted lists of onsets can be paired within the tolerance; the earliest first is best."""
    n, first, second = 0, 0, 0
    while first < real.size and second < found.size:
        apart = real[first] - found[second]
        if abs(apart) <= TOLERANCE_STEP + 1e-6:
            n, first, second = n + 1, first + 1, second + 1
        elif apart < 0:
            first += 1
        else:
            second += 1
    return n
