"""Turn a song into sound with a SoundFont.

Hops: notes -> strikes (which region of the font, how loud) -> voices (one wave per region and key, made once) -> the
mix -> the room -> the level. All notes that share a wave are added while it is at hand, so a repeated note costs one
multiplication and one addition, and no more than one wave is in memory at a time.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from bandroid.errors import WishError
from bandroid.music.clock import bar_grid, tick_to_second
from bandroid.music.song import Part, Song
from bandroid.render.envelopes import SILENT_DB, Envelope
from bandroid.render.levels import levelling_gain, limit
from bandroid.render.reverb import add_reverb
from bandroid.render.soundfont import DRUM_BANK, SoundFont
from bandroid.render.voices import Strike, Voice, make_voice, strike
from bandroid.render.workspace import PIECE, Workspace

DEFAULT_REVERB = 0.25
LONGEST_SECOND = 30 * 60.0
"""A mix takes 12 bytes a frame: 30 minutes at 44.1 kHz fill 950 MB."""
TAIL_SECOND = 6.0
"""The last sounds may ring this long after the last note."""
_FADE_SECOND = 0.5
_AUDIBLE_DB = 60.0
"""A note that has been let go is followed until it is this far below its own full level."""
_CUT_SECOND = 0.012
"""how fast a hi-hat is choked"""
_BASE_SEND = 0.25
"""share of every sound that goes into the room, before what the font adds"""
_LONG_PIECE = 1 << 18
"""frames of a note added at a time"""
_NOTE_SECOND = 0.5
"""about how long a note sounds, to guess which way of mixing is cheaper"""
_RATES_HZ = (8_000, 192_000)

_VoiceKey = tuple[int, int, int]
_Struck = tuple[Strike, NDArray[np.int64]]
"""a strike, and which notes (by index) strike so"""

_log = logging.getLogger(__name__)


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
    font: SoundFont
    rate_hz: int
    gain_db: float
    reverb: float
    is_loop: bool
    n_frames: int
    """of the song itself"""
    workspace: Workspace = field(default_factory=Workspace)

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
                f"{LONGEST_SECOND / 60:.0f}: render a part of it"
            )
        for sentence in substitutions(song, font):
            _log.warning(sentence)
        return cls(song, font, rate_hz, gain_db, reverb, is_loop, max(round(length_second * rate_hz), 1))

    def mix(self, parts: tuple[Part, ...]) -> NDArray[np.float32]:
        """Return float32[2, frames]: parts in their room, before any level; a loop folded, else with its tail."""
        tail = round(TAIL_SECOND * self.rate_hz)
        mix = np.zeros((3, self.n_frames + tail), dtype=np.float32)
        for part in parts:
            if len(part.notes) and part.volume:
                self._add_part(mix, part)
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

    def _add_part(self, mix: NDArray[np.float32], part: Part) -> None:
        place = self.font.choose(part.program, part.is_drum)
        if place is None:
            return
        begin, end = tick_to_second(self.song, np.stack([part.notes.onset_tick, part.notes.end_tick])) * self.rate_hz
        onset = np.rint(begin).astype(np.int64)
        held = np.maximum(np.rint(end - begin), 1.0).astype(np.int64)
        voices, stops = self._strikes(part, place, onset)
        volume = (part.volume / 127.0) ** 2  # SoundFont 2.04, 8.4.5: the same curve as velocity
        seats: dict[tuple[float, float], list[list[_Struck]]] = {}
        for struck_notes in voices.values():
            one = struck_notes[0][0]
            seats.setdefault((one.pan, one.reverb), []).append(struck_notes)
        for (pan, reverb), seated in seats.items():
            gains = [volume * gain for gain in _place(pan, part.pan, reverb)]
            n_notes = sum(members.size for struck_notes in seated for _, members in struck_notes)
            if n_notes * _NOTE_SECOND * self.rate_hz < mix.shape[1]:
                rows = list(zip(mix, gains, strict=True))
                for struck_notes in seated:
                    self._add_voice(rows, struck_notes, onset, held, stops)
                continue
            # Many notes sound from one place: add them up in mono, and place the sum.
            bus = self.workspace.zeros("bus", mix.shape[1])
            for struck_notes in seated:
                self._add_voice([(bus, 1.0)], struck_notes, onset, held, stops)
            rows = list(zip(mix, gains, strict=True))
            for at in range(0, bus.size, PIECE):
                self._add(rows, at, bus[at : at + PIECE])

    def _add_voice(
        self,
        rows: list[tuple[NDArray[np.float32], float]],
        struck_notes: list[_Struck],
        onset: NDArray[np.int64],
        held: NDArray[np.int64],
        stops: dict[int, NDArray[np.int64]],
    ) -> None:
        """Add all notes of one voice to rows, each with its own gain."""
        struck = struck_notes[0][0]
        envelope = Envelope.of(struck.region, "vol_env", struck.key, self.rate_hz)
        notes = np.concatenate([members for _, members in struck_notes])
        audible = int(min(envelope.audible_frame(_AUDIBLE_DB), held.max())) + 1
        length = np.unique(np.minimum(held[notes], audible)).tolist()
        ringing = [self._ringing(envelope, envelope.level(n_held - 1)) for n_held in length]
        longest = max(n_held + n_ringing for n_held, n_ringing in zip(length, ringing, strict=True))
        voice = make_voice(self.font, struck, longest, max(ringing), self.rate_hz, self.workspace)
        stop = stops.get(struck.region["exclusive_class"])
        for one, members in struck_notes:
            for n_held, alike in _group(np.minimum(held[members], audible), members):
                # Notes of one length and strength are made once.
                for start, wave in self._note(voice, n_held, one.gain):
                    for note in alike:
                        at = int(onset[note]) + start
                        self._add(rows, at, wave if stop is None else self._choke(wave, int(stop[note]) - at))

    def _add(self, rows: list[tuple[NDArray[np.float32], float]], start: int, wave: NDArray[np.float32]) -> None:
        """Add a wave to each row with its gain, as far as the row goes."""
        wave = wave[: max(rows[0][0].size - start, 0)]
        scaled = self.workspace.array("scaled", wave.size)
        for row, gain in rows:
            target = row[start : start + wave.size]
            target += wave if gain == 1.0 else np.multiply(wave, np.float32(gain), out=scaled)

    def _strikes(
        self, part: Part, place: tuple[int, int], onset: NDArray[np.int64]
    ) -> tuple[dict[_VoiceKey, list[_Struck]], dict[int, NDArray[np.int64]]]:
        """Return which notes share which voice, and per exclusive class the frame at which each note is choked."""
        regions = self.font.regions(*place)
        pair, member = np.unique(part.notes.pitch * 128 + part.notes.velocity, return_inverse=True)
        groups = np.split(np.argsort(member, kind="stable"), np.cumsum(np.bincount(member))[:-1])
        voices: dict[_VoiceKey, list[_Struck]] = {}
        classes: dict[int, list[NDArray[np.int64]]] = {}
        for code, members in zip(pair.tolist(), groups, strict=True):
            key, velocity = divmod(code, 128)
            for region in regions:
                if region.sounds_at(key, velocity):
                    struck = strike(region, key, velocity)
                    voices.setdefault(struck.voice, []).append((struck, members))
                    if region["exclusive_class"]:
                        classes.setdefault(region["exclusive_class"], []).append(members)
        stops = {name: _next_onsets(onset, np.concatenate(members)) for name, members in classes.items()}
        return voices, stops

    def _ringing(self, envelope: Envelope, level: float) -> int:
        """Return for how many frames a note is heard after its key is let go at a level of its envelope."""
        audible_db = _AUDIBLE_DB + 20.0 * math.log10(max(level, 1e-9))
        ringing = int(envelope.release_length * max(audible_db, 0.0) / SILENT_DB)
        return min(ringing, round(TAIL_SECOND * self.rate_hz))

    def _note(self, voice: Voice, n_held: int, gain: float) -> Iterator[tuple[int, NDArray[np.float32]]]:
        """Give the pieces of a note, float32 workspace memory, and the frame of each: held so long, then let go."""
        at = 0
        while True:
            until = min(at + _LONG_PIECE, n_held)
            wave = voice.cut_held(at, until)
            if until == n_held or wave.size < until - at:
                break
            yield at, np.multiply(wave, np.float32(gain), out=self.workspace.array("note", wave.size))
            at = until
        ringing = wave[:0]
        last = voice.envelope.level(n_held - 1)
        if wave.size == n_held - at:  # otherwise the sample ends before the key is let go
            ringing = voice.cut_released(n_held, min(self._ringing(voice.envelope, last), voice.fading.size))
        note = self.workspace.array("note", wave.size + ringing.size)
        np.multiply(wave, np.float32(gain), out=note[: wave.size])
        rest = np.multiply(ringing, voice.fading[: ringing.size], out=note[wave.size :])
        rest *= np.float32(gain * last)
        yield at, note

    def _choke(self, wave: NDArray[np.float32], stop: int) -> NDArray[np.float32]:
        """Fade a wave out from frame `stop` on, where another note of its class begins."""
        if wave.size <= stop:
            return wave
        fade = round(_CUT_SECOND * self.rate_hz)
        wave = wave[: max(stop + fade, 0)].copy()
        first = max(stop, 0)
        wave[first:] *= 1.0 - np.arange(first - stop, wave.size - stop, dtype=np.float32) / fade
        return wave


def _group(length: NDArray[np.int64], members: NDArray[np.int64]) -> Iterator[tuple[int, list[int]]]:
    """Give each length, and which members have it."""
    order = np.argsort(length, kind="stable")
    edges = np.flatnonzero(np.diff(length[order])) + 1
    for places in np.split(order, edges):
        yield int(length[places[0]]), members[places].tolist()


def _place(pan: float, part_pan: int, reverb: float) -> tuple[float, float, float]:
    """Return the factors for left, right and the room: equal power from side to side."""
    place = min(max(pan + (part_pan - 64) / 63.0 * 500.0, -500.0), 500.0)
    angle = (place + 500.0) / 1_000.0 * math.pi / 2.0
    return math.cos(angle), math.sin(angle), min(_BASE_SEND + reverb, 1.0)


def _next_onsets(onset: NDArray[np.int64], members: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return int64[notes]: the onset of the next member after each note; far away where none follows."""
    onsets = np.append(np.unique(onset[members]), np.int64(1) << 40)
    return np.asarray(onsets[np.searchsorted(onsets[:-1], onset, side="right")])
