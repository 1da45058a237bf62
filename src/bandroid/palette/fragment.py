"""A song, or some bars of it -> the windows that a latent space hears in it, and what has to be said about that."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bandroid.corpus.voices import SongVoices, voices_of
from bandroid.critique.habits import measure
from bandroid.errors import CorpusError, WishError
from bandroid.generation.lesson import lesson
from bandroid.generation.space_style import SpaceBand, SpaceStyle, player_of
from bandroid.music.song import Song
from bandroid.representations.grid import STEPS_PER_QUARTER
from bandroid.representations.score_vocabulary import METRES
from bandroid.representations.sheet import TEMPO_RANGE_QPM
from bandroid.representations.window import MOST_BAR_STEPS, Window

_OFF_GRID_SHARE = 0.1
"""of the notes; fewer that stand between the 16ths need no word"""
_FAR_STEP = 0.2


@dataclass(frozen=True, slots=True, eq=False)
class Fragment:
    """What a space hears in some bars."""

    windows: tuple[Window, ...]
    """one after another; the last one filled up"""
    n_bars: int
    """of the song, in all windows together"""
    band: SpaceBand
    """who plays, how fast"""
    remarks: tuple[str, ...]

    @property
    def n_steps(self) -> int:
        return self.n_bars * self.windows[0].bar_steps


def fragment(style: SpaceStyle, song: Song, at: tuple[int, int] | None, name: str, *, only_one: bool) -> Fragment:
    """Hear bars of a song, `at` counted from 1, both included; without it from where the space's voices begin.

    `only_one`: one window, looped where the bars are fewer. Raises WishError, which names the song, where the space
    hears nothing.
    """
    kind = style.kind
    try:
        voices = voices_of(song, kind)
    except CorpusError as error:
        raise WishError(f"{name} {error}: {_what_fits(style)}") from None
    n_song_bars = voices.bar_step.size - 1
    first, end = _bars(voices, at, name, style)
    remarks = list(voices.remarks)
    lengths = np.diff(voices.bar_step[first : end + 1])
    if (lengths != lengths[0]).any():
        same = first + int(np.flatnonzero(np.append(lengths, -1) != lengths[0])[0])
        remarks.append(f"the metre changes in bar {same + 1}: taken up to there")
        end = same
    bar_steps = int(lengths[0])
    if not 2 <= bar_steps <= MOST_BAR_STEPS:
        raise WishError(f"{name}: its bars have {bar_steps} 16ths, and a latent space knows {MOST_BAR_STEPS} at most")
    if only_one and end - first > kind.n_bars:
        if at is not None or n_song_bars > kind.n_bars:
            last = first + kind.n_bars
            remarks.append(f"bars {first + 1} to {last} are taken; --at chooses others")
        end = first + kind.n_bars
    n_bars = end - first
    lines = _chosen(voices, int(voices.bar_step[first]), int(voices.bar_step[end]))
    if all(line is None for line in lines):
        raise WishError(f"{name}: nothing plays in bars {first + 1} to {end}")
    missing = [voice.name for voice, line in zip(kind.voices, lines, strict=True) if line is None]
    if missing and not kind.has_parts:
        remarks.append(f"has no {' and no '.join(missing)} there: the space writes what would go with it")
    if n_bars < kind.n_bars:
        remarks.append(
            f"{n_bars} bar{'s' if n_bars > 1 else ''} where the space has {kind.n_bars}: looped to fill them"
        )
    windows = _windows(voices, style, lines, first, end)
    if (share := _off_grid(song)) > _OFF_GRID_SHARE:
        remarks.append(f"{share:.0%} of its notes stand between the 16ths: moved onto them")
    return Fragment(tuple(windows), n_bars, _band(voices, style, lines, first), tuple(dict.fromkeys(remarks)))


def _what_fits(style: SpaceStyle) -> str:
    return f"style {style.name} hears {', '.join(style.kind.names)}"


def _bars(voices: SongVoices, at: tuple[int, int] | None, name: str, style: SpaceStyle) -> tuple[int, int]:
    """Return the first bar and the one behind the last, counted from 0."""
    n_bars = voices.bar_step.size - 1
    if at is not None:
        first, last = at
        if not 1 <= first <= last or first > n_bars:
            raise WishError(f"--at {first}-{last}: {name} has bars 1 to {n_bars} that style {style.name} hears")
        return first - 1, min(last, n_bars)
    if voices.starts:
        # Where most voices play, the earliest.
        most = max(sum(map(bool, playing)) for _, playing in voices.starts)
        bar = next(bar for bar, playing in voices.starts if sum(map(bool, playing)) == most)
        return bar, n_bars
    onsets = [int(np.flatnonzero(line.velocity.any(axis=1))[0]) for lines in voices.lines for line in lines]
    return int(np.searchsorted(voices.bar_step, min(onsets), side="right")) - 1, n_bars


def _chosen(voices: SongVoices, start: int, end: int) -> list[int | None]:
    """Choose of each voice the line that has most to say in some steps."""
    chosen: list[int | None] = []
    for lines in voices.lines:
        n_onsets = [int(line.velocity[start:end].any(axis=1).sum()) for line in lines]
        chosen.append(int(np.argmax(n_onsets)) if any(n_onsets) else None)
    return chosen


def _windows(voices: SongVoices, style: SpaceStyle, lines: list[int | None], first: int, end: int) -> list[Window]:
    """Cut bars into windows; what is missing of the last one, or of the only one, is filled by what there is."""
    kind = style.kind
    span = voices.span(kind, first, end, lines)
    symbols, velocity, bar_steps = span.symbols, span.velocity, span.bar_steps
    size = kind.n_bars * bar_steps
    n_windows = -(-symbols.shape[1] // size)
    if n_windows == 1:
        times = -(-size // symbols.shape[1])
        symbols, velocity = np.tile(symbols, times)[:, :size], np.tile(velocity, (times, 1))[:size]
    n_missing = n_windows * size - symbols.shape[1]
    symbols = np.pad(symbols, ((0, 0), (0, n_missing)))
    velocity = np.pad(velocity, ((0, n_missing), (0, 0)))
    return [
        Window(symbols[:, at : at + size], velocity[at : at + size], bar_steps, span.players)
        for at in range(0, symbols.shape[1], size)
    ]


def _band(voices: SongVoices, style: SpaceStyle, lines: list[int | None], first_bar: int) -> SpaceBand:
    """Return the song's frame from a bar on; a metre that cannot be written is put as so many quarters or eighths."""
    song, low_high = voices.song, TEMPO_RANGE_QPM
    tick = int(voices.bar_step[first_bar])  # the song's ticks are steps
    tempos = [change.tempo_qpm for change in song.tempos if change.onset_tick <= tick]
    metres = [(change.numerator, change.denominator) for change in song.metres if change.onset_tick <= tick]
    bar_steps = int(voices.bar_step[first_bar + 1]) - tick
    metre = metres[-1] if metres else (4, 4)
    if 16 * metre[0] != bar_steps * metre[1] or metre not in METRES:
        fitting = [one for one in METRES if 16 * one[0] == bar_steps * one[1]]
        metre = fitting[0] if fitting else (4, 4)
    players = [
        None if line is None else player_of(voice, parts[line])
        for voice, parts, line in zip(style.kind.voices, voices.parts, lines, strict=True)
    ]
    # Voices that the song lacks are played as in the style's own songs; whoever lacks a part lacks nothing.
    usual = next((band for band in style.bands if all(band.players)), style.bands[0])
    if not style.kind.has_parts:
        players = [own or other for own, other in zip(players, usual.players, strict=True)]
    tempo_qpm = min(max(tempos[-1] if tempos else 120.0, low_high[0]), low_high[1])
    return SpaceBand(tuple(players), tempo_qpm, metre, voices.swing, measure(lesson(song).sheet))


def _off_grid(song: Song) -> float:
    """Return the share of notes that stand a fifth of a 16th or more from the grid."""
    far = total = 0
    per_step = song.ticks_per_quarter / STEPS_PER_QUARTER
    for part in song.parts:
        at_step = part.notes.onset_tick / per_step
        far += int((np.abs(at_step - np.rint(at_step)) > _FAR_STEP).sum())
        total += len(part.notes)
    return far / total if total else 0.0
