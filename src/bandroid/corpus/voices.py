"""Which voices a song offers to a latent space: melodies, basses, drums, or all its parts, on the song's own bars.

A window (representations/window.py) takes one line of each voice: every bar is a start, every combination of lines
counts, whatever programs play them, and a song without a bass still gives its lead and its drums. Where voices are
parts of any kind, each is one of the song's, basses first, then leads, then the others from the highest down.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from bandroid.corpus.lines import FINE_TICKS_PER_QUARTER, MELODIC_ROLES, polyphony_remark, scaled, together
from bandroid.corpus.roles import PartRole, guess_roles
from bandroid.errors import CorpusError
from bandroid.music.quantize import snap
from bandroid.music.song import Part, Song
from bandroid.music.swing import Swing, straightened, swing_of
from bandroid.representations.grid import STEPS_PER_QUARTER, DrumGrid
from bandroid.representations.line import song_bar_steps
from bandroid.representations.window import (
    MOST_BAR_STEPS,
    NOBODY,
    Voice,
    Window,
    WindowKind,
    cut,
    player_number,
)

FEWEST_ONSETS = {1: 1, 2: 2, 16: 8}
"""of a voice in a window of so many bars; with fewer it is not there. A part is there with any"""


class VoiceLine(NamedTuple):
    """T steps of one voice, from the song's beginning on."""

    symbols: NDArray[np.int64]
    """int64[T]: see representations/grid.py, chord_grid.py"""
    velocity: NDArray[np.int32]
    """int32[T, channels]: 1 to 127 where something is struck, else 0"""


@dataclass(frozen=True, slots=True, eq=False)
class SongVoices:
    """What one song offers."""

    lines: tuple[tuple[VoiceLine, ...], ...]
    """per voice: whole parts, all on the same bars"""
    parts: tuple[tuple[Part, ...], ...]
    """per voice: who plays them, with their notes on the grid at four ticks a quarter"""
    bar_step: NDArray[np.int64]
    """int64[bars + 1]"""
    song: Song
    """the same parts in one song on the grid: to be compared, and to know who plays"""
    swing: Swing
    starts: tuple[tuple[int, tuple[tuple[int, ...], ...]], ...]
    """where windows begin: a bar, and per voice which of its lines play there"""
    remarks: tuple[str, ...]

    @property
    def n_windows(self) -> int:
        """How many windows there are, all combinations counted."""
        return sum(int(np.prod([max(len(lines), 1) for lines in playing])) for _, playing in self.starts)

    def window(self, kind: WindowKind, bar: int, lines: Sequence[int | None]) -> Window:
        """Return the window from a bar on, of one line per voice; None where a voice is not there."""
        return self.span(kind, bar, bar + kind.n_bars, lines)

    def span(self, kind: WindowKind, bar: int, end_bar: int, lines: Sequence[int | None]) -> Window:
        """Return any number of bars of one length, from `bar` to before `end_bar`."""
        start, end = int(self.bar_step[bar]), int(self.bar_step[end_bar])
        symbols = np.zeros((len(kind.voices), end - start), dtype=np.int64)
        velocity = np.zeros((end - start, kind.n_channels), dtype=np.int32)
        players = np.full(len(kind.voices), NOBODY, dtype=np.int64)
        for index, (line, channel, voice) in enumerate(zip(lines, kind.channels, kind.voices, strict=True)):
            if line is not None:
                symbols[index], velocity[:, channel] = cut(*self.lines[index][line], start, end, voice)
                players[index] = player_number(self.parts[index][line].program)
        return Window(symbols, velocity, int(self.bar_step[bar + 1]) - start, players)


def song_voices(song: Song, kind: WindowKind, roles: Sequence[PartRole] = ()) -> SongVoices:
    """Return the voices of a song. `roles` are the song's, one per part; guessed where not given.

    Raises CorpusError, with a reason that names no file, where no window has a voice that plays.
    """
    voices = voices_of(song, kind, roles)
    if not voices.starts:
        raise CorpusError(f"nothing in it plays through {kind.n_bars} bars of one length, a whole note at most")
    return voices


def judging_windows(songs: Sequence[SongVoices], kind: WindowKind, most: int) -> list[Window]:
    """Return windows of songs to judge by: as many of each song where there are enough, evenly spread, never drawn."""
    share = -(-most // max(len(songs), 1))
    windows = []
    for song in songs:
        for number in np.unique(np.linspace(0, len(song.starts) - 1, min(share, len(song.starts))).round()).astype(int):
            bar, playing = song.starts[number]
            windows.append(song.window(kind, bar, [lines[number % len(lines)] if lines else None for lines in playing]))
    return windows


def voices_of(song: Song, kind: WindowKind, roles: Sequence[PartRole] = ()) -> SongVoices:
    """Do the same for a song that may be shorter than a window; raises CorpusError where it has none of the voices."""
    chosen, remarks = voice_parts(song, kind, roles or guess_roles(song))
    if not any(chosen):
        raise CorpusError("has no notes" if kind.has_parts else f"has no {' or '.join(kind.names)}")
    fine = snap(song, FINE_TICKS_PER_QUARTER).song if song.ticks_per_quarter < FINE_TICKS_PER_QUARTER else song
    tpq = fine.ticks_per_quarter
    at_hand = [scaled(parts, song.ticks_per_quarter, tpq) for parts in chosen]
    swing = swing_of(together([part.notes for parts in at_hand for part in parts]), tpq)
    encoded = [
        [_encoded(part, voice, tpq, swing) for part in parts] for voice, parts in zip(kind.voices, at_hand, strict=True)
    ]
    n_steps = max((line.symbols.size for lines in encoded for line in lines), default=0)
    bar_step = song_bar_steps(fine, n_steps)
    lines, players = [], []
    for voice, parts, found in zip(kind.voices, at_hand, encoded, strict=True):
        kept = [(part, line) for part, line in zip(parts, found, strict=True) if line.symbols.size]
        lines.append(tuple(line for _, line in kept))
        players.append(tuple(_on_grid(part, voice, line) for part, line in kept))
    starts = _starts(lines, kind, bar_step)
    if swing.eighth > 0.5:
        remarks = (*remarks, f"swings: second eighths at {swing.eighth:.0%} of the beat")
    elif swing.sixteenth > 0.5:
        remarks = (*remarks, f"swings: second 16ths at {swing.sixteenth:.0%} of the eighth")
    frame = snap(song.with_parts(()), STEPS_PER_QUARTER).song
    on_grid = frame.with_parts(tuple(part for parts in players for part in parts))
    return SongVoices(tuple(lines), tuple(players), bar_step, on_grid, swing, starts, remarks)


def voice_parts(song: Song, kind: WindowKind, roles: Sequence[PartRole]) -> tuple[list[list[Part]], tuple[str, ...]]:
    """Choose the parts of each voice, all drums as one; and say what is left of polyphonic ones."""
    heard = [(part, role) for part, role in zip(song.parts, roles, strict=True) if len(part.notes)]
    ranked, remark = _ranked(heard, sum(voice.is_part for voice in kind.voices))
    drums = [part for part, _ in heard if part.is_drum]
    pitched = [(part, role.role) for part, role in heard if not part.is_drum]
    chosen, remarks = [], [remark] if remark else []
    for voice in kind.voices:
        if voice.is_part:
            chosen.append([ranked.pop(0)] if ranked else [])
            continue
        if voice.is_drums:
            chosen.append([replace(drums[0], notes=together([part.notes for part in drums]))] if drums else [])
            continue
        parts = [part for part, role in pitched if (role == "bass" if voice.name == "bass" else role in MELODIC_ROLES)]
        if not parts and voice.name != "bass":
            others = [part for part, role in pitched if role != "bass"]
            if len(kind.voices) == 1:
                others = others or [part for part, _ in pitched]
            parts = sorted(others, key=lambda part: -float(part.notes.pitch.mean()))[:1]
        chosen.append(parts)
        remarks += [word for part in parts if (word := polyphony_remark(part))]
    return chosen, tuple(remarks)


def _ranked(heard: Sequence[tuple[Part, PartRole]], most: int) -> tuple[list[Part], str]:
    """Return the parts with a pitch in their order, those with most to say where there are too many; and say so."""
    pitched = [(part, role.role) for part, role in heard if not part.is_drum]
    if not most:
        return [], ""
    kept = sorted(range(len(pitched)), key=lambda index: (-len(pitched[index][0].notes), index))[:most]
    order = ["bass", *MELODIC_ROLES]

    def rank(index: int) -> tuple[int, float]:
        part, role = pitched[index]
        return order.index(role) if role in order else len(order), -float(part.notes.pitch.mean())

    n_left = len(pitched) - len(kept)
    remark = f"{len(pitched)} parts with a pitch where the space has {most}: the {n_left} of fewest notes are left out"
    return [pitched[index][0] for index in sorted(kept, key=rank)], remark if n_left else ""


def _encoded(part: Part, voice: Voice, ticks_per_quarter: int, swing: Swing) -> VoiceLine:
    symbols, velocity = voice.grid.encode(straightened(part.notes, ticks_per_quarter, swing), ticks_per_quarter)
    return VoiceLine(symbols.astype(np.int64), velocity)


def _on_grid(part: Part, voice: Voice, line: VoiceLine) -> Part:
    if isinstance(voice.grid, DrumGrid):
        return replace(part, notes=voice.grid.decode(*line, voice.grid.kit_of(part.notes)), lyrics=())
    return replace(part, notes=voice.grid.decode(*line), lyrics=())


def _starts(
    lines: Sequence[Sequence[VoiceLine]], kind: WindowKind, bar_step: NDArray[np.int64]
) -> tuple[tuple[int, tuple[tuple[int, ...], ...]], ...]:
    """Find the bars where windows begin, and who plays in each."""
    lengths = np.diff(bar_step)
    fewest = FEWEST_ONSETS[kind.n_bars]
    onsets = [
        [np.append(0, np.cumsum(voice.grid.struck(line.symbols).any(axis=1))) for line in of_voice]
        for voice, of_voice in zip(kind.voices, lines, strict=True)
    ]
    starts = []
    for bar in range(lengths.size - kind.n_bars + 1):
        these = lengths[bar : bar + kind.n_bars]
        if (these != these[0]).any() or not 2 <= these[0] <= MOST_BAR_STEPS:
            continue
        first, end = int(bar_step[bar]), int(bar_step[bar + kind.n_bars])
        playing = tuple(
            tuple(
                number
                for number, sums in enumerate(of_voice)
                if sums[min(end, sums.size - 1)] - sums[min(first, sums.size - 1)] >= (1 if voice.is_part else fewest)
            )
            for voice, of_voice in zip(kind.voices, onsets, strict=True)
        )
        if any(playing):
            starts.append((bar, playing))
    return tuple(starts)
