"""Turn a song into sound with a SoundFont: mixing.py lays out the notes, reverb.py the room, levels.py the loudness."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bandroid.errors import WishError
from bandroid.music.clock import bar_grid, tick_to_second
from bandroid.music.song import Part, Song
from bandroid.render.levels import levelling_gain, limit
from bandroid.render.mixing import TAIL_SECOND, Mixer
from bandroid.render.reverb import add_reverb
from bandroid.render.soundfont import DRUM_BANK, SoundFont

DEFAULT_REVERB = 0.25
LONGEST_SECOND = 30 * 60.0
"""A mix takes 12 bytes a frame: 30 minutes at 44.1 kHz take 1 GB in all (measured)."""
_FADE_SECOND = 0.5
_RATES_HZ = (8_000, 192_000)


def synthesize(
    song: Song,
    soundfont: SoundFont,
    *,
    sample_rate_hz: int = 44_100,
    gain_db: float = 0.0,
    reverb: float = DEFAULT_REVERB,
    loop: bool = False,
) -> NDArray[np.float32]:
    """Return float32[frames, 2], left and right, within -1 dBFS: the song at a listening level, then `gain_db`.

    reverb: 0 (dry) to 1. loop: exactly as long as the song's bars, with what rings on laid over the start, so that
    it goes round without a seam. Otherwise the sound lasts until it has died away.
    Raises WishError for impossible options and for songs of more than 30 minutes.
    """
    session = _Session.of(song, soundfont, sample_rate_hz, gain_db, reverb, loop)
    mix = session.mix(song.parts)
    mix *= np.float32(session.gain(mix))
    limit(mix, sample_rate_hz, loop)
    return session.trim(mix).T


def synthesize_stems(
    song: Song,
    soundfont: SoundFont,
    *,
    sample_rate_hz: int = 44_100,
    gain_db: float = 0.0,
    reverb: float = DEFAULT_REVERB,
    loop: bool = False,
) -> Iterator[NDArray[np.float32]]:
    """Return float32[frames, 2] for each part in turn, all of one length and gain: their sum is the mix unlimited.

    One stem is in memory at a time. A stem can go beyond full scale where its peak is left to the mix's limiter.
    Raises as `synthesize`.
    """
    session = _Session.of(song, soundfont, sample_rate_hz, gain_db, reverb, loop)
    whole = session.mix(song.parts)
    gain = np.float32(session.gain(whole))
    whole *= gain
    n_frames = session.trim(whole).shape[1]
    del whole

    def stems() -> Iterator[NDArray[np.float32]]:
        for part in song.parts:
            yield (session.mix((part,))[:, :n_frames] * gain).T

    return stems()


def substitutions(song: Song, soundfont: SoundFont) -> tuple[str, ...]:
    """Return a sentence for each part whose instrument the SoundFont lacks: what plays it instead."""
    sentences = []
    for part in song.parts:
        wanted = (DRUM_BANK, part.program) if part.is_drum else (0, part.program)
        chosen = soundfont.choose(part.program, part.is_drum)
        if chosen is None:
            sentences.append(f"part {part.name!r}: {soundfont.path.name} has no drums, so it stays silent")
        elif chosen != wanted:
            what = "kit" if part.is_drum else "program"
            name = soundfont.preset_name(*chosen)
            sentences.append(
                f"part {part.name!r}: {soundfont.path.name} has no {what} {part.program}, so {name!r} plays it"
            )
    return tuple(sentences)


@dataclass(frozen=True, slots=True)
class _Session:
    """What the parts of one song share while they are rendered."""

    song: Song
    rate_hz: int
    gain_db: float
    reverb: float
    is_loop: bool
    n_frames: int
    """of the song itself"""
    mixer: Mixer

    @classmethod
    def of(cls, song: Song, font: SoundFont, rate_hz: int, gain_db: float, reverb: float, is_loop: bool) -> _Session:
        if not _RATES_HZ[0] <= rate_hz <= _RATES_HZ[1]:
            raise WishError(f"a sample rate of {rate_hz} Hz cannot be had: choose one from 8000 to 192000, as 44100")
        if not -60.0 <= gain_db <= 60.0:
            raise WishError(f"a gain of {gain_db} dB is out of reach: choose one from -60 to 60")
        if not 0.0 <= reverb <= 1.0:
            raise WishError(f"a reverb of {reverb} cannot be had: choose one from 0 (dry) to 1")
        end_tick = int(bar_grid(song).onset_tick[-1]) if is_loop else song.end_tick
        length_second = float(tick_to_second(song, end_tick))
        if length_second > LONGEST_SECOND:
            raise WishError(
                f"the song lasts {length_second / 60:.0f} minutes, and sound is made of at most "
                f"{LONGEST_SECOND / 60:.0f}: render a part of it, or take --audio none"
            )
        n_frames = max(round(length_second * rate_hz), 1)
        return cls(song, rate_hz, gain_db, reverb, is_loop, n_frames, Mixer(font, rate_hz))

    def mix(self, parts: tuple[Part, ...]) -> NDArray[np.float32]:
        """Return float32[2, frames]: parts in their room, before any level; a loop folded, else with its tail."""
        tail = round(TAIL_SECOND * self.rate_hz)
        mix = np.zeros((3, self.n_frames + tail), dtype=np.float32)
        self.mixer.add(mix, self.song, parts)
        add_reverb(mix, self.reverb, self.rate_hz)
        fade = round(_FADE_SECOND * self.rate_hz)
        mix[:, -fade:] *= np.linspace(1.0, 0.0, fade, dtype=np.float32)
        stereo = mix[:2]
        if self.is_loop:
            for at in range(self.n_frames, stereo.shape[1], self.n_frames):
                rest = stereo[:, at : at + self.n_frames]
                stereo[:, : rest.shape[1]] += rest
            stereo = stereo[:, : self.n_frames]
        return stereo

    def gain(self, mix: NDArray[np.float32]) -> float:
        return float(levelling_gain(mix, self.rate_hz) * 10.0 ** (self.gain_db / 20.0))

    def trim(self, mix: NDArray[np.float32]) -> NDArray[np.float32]:
        """Leave out the silence after the last sound."""
        if self.is_loop:
            return mix
        step = max(self.rate_hz // 20, 1)
        end = mix.shape[1]
        while end - step > self.n_frames and np.abs(mix[:, end - step : end]).max() < 10.0 ** (-80.0 / 20.0):
            end -= step
        return mix[:, :end]
