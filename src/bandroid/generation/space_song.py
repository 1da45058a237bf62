"""Windows that a latent space wrote -> music: parts with their players, tempo, metre and swing."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from bandroid.critique.copies import Copies, copies
from bandroid.critique.fingerprints import Index
from bandroid.critique.habits import Habits, measure
from bandroid.errors import WishError
from bandroid.generation.compose import TICKS_PER_QUARTER, trimmed
from bandroid.generation.lesson import lesson
from bandroid.generation.space_style import SpaceBand, SpacePlayer, SpaceStyle
from bandroid.music.notes import Notes
from bandroid.music.song import KeyChange, MetreChange, Part, Song, TempoChange, TextEvent
from bandroid.music.swing import swung
from bandroid.music.theory import estimate_key
from bandroid.representations.grid import DrumGrid
from bandroid.representations.sheet import part_names
from bandroid.representations.window import Voice, Window

_PROGRAMS = {"melody": 0, "lead": 0, "bass": 33, "drums": 0}
"""who plays where a song had nobody"""


def space_song(
    style: SpaceStyle,
    windows: Sequence[Window],
    band: SpaceBand,
    title: str,
    *,
    labels: Sequence[str] = (),
    n_bars: int | None = None,
) -> Song:
    """Return windows of one metre, one after another, as a song; `labels` mark where each begins.

    Parts that no window has are left out. `n_bars` cuts the end off.
    """
    n_steps = sum(window.n_steps for window in windows)
    bar_steps = windows[0].bar_steps
    end_step = n_steps if n_bars is None else min(n_bars * bar_steps, n_steps)
    per_step = TICKS_PER_QUARTER // 4
    symbols = np.concatenate([window.symbols for window in windows], axis=1)
    velocity = np.concatenate([window.velocity for window in windows])
    starts = np.cumsum([0, *(window.n_steps for window in windows)])
    parts = []
    for index, (voice, channel) in enumerate(zip(style.kind.voices, style.kind.channels, strict=True)):
        if not any(window.is_there[index] for window in windows):
            continue
        player = band.players[index] or SpacePlayer(_PROGRAMS.get(voice.name, 0))
        # A line that rings on at a window's end does not go on in the next, which was written alone. A part's notes
        # have lengths, and do.
        cuts = [0, symbols.shape[1]] if voice.is_part else starts.tolist()
        notes = _joined(
            [
                _decoded(voice, player, symbols[index, first:end], velocity[first:end, channel], first)
                for first, end in itertools.pairwise(cuts)
            ]
        )
        notes = swung(_scaled(notes, per_step), TICKS_PER_QUARTER, band.swing)
        parts.append(
            Part(
                name="",
                program=player.program,
                is_drum=voice.is_drums,
                notes=trimmed(notes, end_step * per_step),
                volume=player.volume,
                pan=player.pan,
            )
        )
    names = part_names([(part.program, part.is_drum) for part in parts])
    song = Song(
        ticks_per_quarter=TICKS_PER_QUARTER,
        parts=tuple(replace(part, name=name) for part, name in zip(parts, names, strict=True)),
        tempos=(TempoChange(0, float(band.tempo_qpm)),),
        metres=(_metre(band, bar_steps),),
        markers=tuple(
            TextEvent(int(start) * per_step, label)
            for start, label in zip(starts, labels, strict=False)
            if start < end_step
        ),
        title=title,
    )
    key = estimate_key(song)
    if key is None:
        return song
    fifths = (7 * ((key.tonic + 3 * key.is_minor) % 12) + 5) % 12 - 5
    return replace(song, keys=(KeyChange(0, fifths, key.is_minor),))


def _metre(band: SpaceBand, bar_steps: int) -> MetreChange:
    if band.bar_steps == bar_steps:
        return MetreChange(0, *band.metre)
    numerator, denominator = bar_steps, 16
    while numerator % 2 == 0 and denominator > 4:
        numerator, denominator = numerator // 2, denominator // 2
    return MetreChange(0, numerator, denominator)


def _decoded(
    voice: Voice, player: SpacePlayer, symbols: NDArray[np.int64], velocity: NDArray[np.int32], start: int
) -> Notes:
    if isinstance(voice.grid, DrumGrid):
        notes = voice.grid.decode(symbols, velocity, player.drums)
    else:
        notes = voice.grid.decode(symbols, velocity)
    return Notes(notes.onset_tick + start, notes.length_tick, notes.pitch, notes.velocity)


def _joined(each: Sequence[Notes]) -> Notes:
    names = ("onset_tick", "length_tick", "pitch", "velocity")
    return Notes(*(np.concatenate([getattr(one, name) for one in each]) for name in names))


def _scaled(notes: Notes, per_step: int) -> Notes:
    return Notes(notes.onset_tick * per_step, notes.length_tick * per_step, notes.pitch, notes.velocity)


def cast_band(style: SpaceStyle, band: SpaceBand, programs: Sequence[int] | None, drums: int) -> SpaceBand:
    """Give the voices the wished instruments: `drums` among the programs stands for the kit; raises WishError."""
    if programs is None:
        return band
    if style.kind.has_parts:
        return _cast_parts(style, band, programs, drums)
    pitched = [index for index, voice in enumerate(style.kind.voices) if not voice.is_drums]
    wished = [program for program in programs if program != drums]
    n_kits = len(programs) - len(wished)
    if len(wished) != len(pitched) or n_kits > len(style.kind.voices) - len(pitched):
        names = ", ".join(style.kind.names)
        raise WishError(f"--instruments: style {style.name} has these voices: {names}; name one for each with a pitch")
    # A bass among them plays the bass.
    if any(style.kind.voices[index].name == "bass" for index in pitched):
        wished.sort(key=lambda program: 32 <= program < 40)
        pitched.sort(key=lambda index: style.kind.voices[index].name == "bass")
    players = list(band.players)
    for index, program in zip(pitched, wished, strict=True):
        players[index] = replace(players[index] or SpacePlayer(program), program=program)
    return replace(band, players=tuple(players))


def _cast_parts(style: SpaceStyle, band: SpaceBand, programs: Sequence[int], drums: int) -> SpaceBand:
    """Give the first parts that somebody plays the wished instruments, basses first; all others are silent."""
    wished = sorted((program for program in programs if program != drums), key=lambda one: not 32 <= one < 40)
    slots = [index for index, voice in enumerate(style.kind.voices) if voice.is_part]
    if len(wished) > len(slots) or len(programs) - len(wished) > 1:
        raise WishError(f"--instruments: style {style.name} has {' and '.join(style.kind.names)}; name no more")
    there = sorted(slots, key=lambda index: (band.players[index] is None, index))
    players: list[SpacePlayer | None] = [None] * len(band.players)
    for index, program in zip(sorted(there[: len(wished)]), wished, strict=True):
        players[index] = replace(band.players[index] or SpacePlayer(program), program=program)
    for index, voice in enumerate(style.kind.voices):
        if voice.is_drums and drums in programs:
            players[index] = band.players[index] or SpacePlayer(0)
    return replace(band, players=tuple(players))


def judged(song: Song, index: Index | None) -> tuple[Habits, Copies | None]:
    """Measure a song: its habits, and what stands in the training songs."""
    if not song.n_notes:
        raise WishError("the space wrote silence there: take another --seed")
    sheet = lesson(song).sheet
    return measure(sheet), None if index is None else copies(sheet, index)
