"""Lay the notes of parts into a mix.

Hops: notes -> strikes (which region of the font, how loud) -> seats (where from, how much of the room) -> voices (one
wave per region and key, made once) -> the mix. All notes that share a wave are added while it is at hand, notes of one
length and strength are made once, and no more than one wave is in memory at a time.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from bandroid.music.clock import tick_to_second
from bandroid.music.song import Part, Song
from bandroid.render.envelopes import SILENT_DB, Envelope
from bandroid.render.soundfont import SoundFont
from bandroid.render.voices import Strike, Voice, make_voice, strike
from bandroid.render.workspace import PIECE, Workspace

TAIL_SECOND = 6.0
"""A note may ring this long after its key is let go."""
_AUDIBLE_DB = 60.0
"""A note that has been let go is followed until it is this far below its own full level."""
_CUT_SECOND = 0.012
"""how fast a hi-hat is choked"""
_BASE_SEND = 0.25
"""share of every sound that goes into the room, before what the font adds"""
_LONG_PIECE = 1 << 18
"""frames of a note added at a time"""
_BUS_COST = 3.0
"""A mono bus of a seat costs about as much as adding this many times its length straight to the mix (measured)."""

_LONGEST_BUS_SECOND = 600.0
"""A bus would take another third of the mix's memory."""


@dataclass(frozen=True, slots=True, eq=False)
class _Line:
    """A part's notes in frames."""

    onset: NDArray[np.int64]
    held: NDArray[np.int64]
    """frames for which the key is held"""
    stops: dict[int, NDArray[np.int64]]
    """exclusive class -> frame at which the next note of that class chokes each note"""
    gain: float
    """of the part's volume"""


class _Struck(NamedTuple):
    """A strike, and which notes of a line strike so."""

    strike: Strike
    line: _Line
    members: NDArray[np.int64]


class _Seat(NamedTuple):
    """Where a sound comes from."""

    pan: float
    """-500 left to 500 right"""
    reverb: float
    """0 to 1"""

    def gains(self) -> tuple[float, float, float]:
        """Return the factors for left, right and the room: equal power from side to side."""
        angle = (self.pan + 500.0) / 1_000.0 * math.pi / 2.0
        return math.cos(angle), math.sin(angle), min(_BASE_SEND + self.reverb, 1.0)


_VoiceKey = tuple[tuple[int, int], tuple[int, int, int]]
"""preset, and the voice within it"""
_Seats = dict[_Seat, dict[_VoiceKey, list[_Struck]]]
_Rows = list[tuple[NDArray[np.float32], float]]
"""arrays of the same length that a sound is added to, and the gain for each"""


class Mixer:
    """Adds parts to mixes."""

    def __init__(self, font: SoundFont, rate_hz: int) -> None:
        self._font = font
        self._rate_hz = rate_hz
        self._workspace = Workspace()

    def add(self, mix: NDArray[np.float32], song: Song, parts: Iterable[Part]) -> None:
        """Add parts of a song to float32[3, frames], in place: left, right, and what goes into the room."""
        seats: _Seats = {}
        for part in parts:
            if len(part.notes) and part.volume:
                self._seat(song, part, seats)
        for seat, voices in seats.items():
            rows: _Rows = list(zip(mix, seat.gains(), strict=True))
            is_long = mix.shape[1] > _LONGEST_BUS_SECOND * self._rate_hz
            if is_long or self._sounding(voices) < _BUS_COST * mix.shape[1]:
                self._add_voices(rows, voices)
                continue
            # Many notes sound from one place: add them up in mono, and place the sum.
            bus = self._workspace.zeros("bus", mix.shape[1])
            self._add_voices([(bus, 1.0)], voices)
            for at in range(0, bus.size, PIECE):
                self._add(rows, at, bus[at : at + PIECE])

    def _seat(self, song: Song, part: Part, seats: _Seats) -> None:
        """Sort the notes of a part by seat and voice."""
        preset = self._font.choose(part.program, part.is_drum)
        if preset is None:
            return
        notes = part.notes
        begin, end = tick_to_second(song, np.stack([notes.onset_tick, notes.end_tick])) * self._rate_hz
        line = _Line(
            np.rint(begin).astype(np.int64),
            np.maximum(np.rint(end - begin), 1.0).astype(np.int64),
            {},
            (part.volume / 127.0) ** 2,  # SoundFont 2.04, 8.4.5: the same curve as velocity
        )
        part_pan = (part.pan - 64) / 63.0 * 500.0
        classes: dict[int, list[NDArray[np.int64]]] = {}
        for code, members in _group(notes.pitch * 128 + notes.velocity):
            key, velocity = divmod(code, 128)
            for region in self._font.regions(*preset):
                if not region.sounds_at(key, velocity):
                    continue
                one = strike(region, key, velocity)
                seat = _Seat(min(max(one.pan + part_pan, -500.0), 500.0), one.reverb)
                voices = seats.setdefault(seat, {})
                voices.setdefault((preset, one.voice), []).append(_Struck(one, line, members))
                if region["exclusive_class"]:
                    classes.setdefault(region["exclusive_class"], []).append(members)
        for name, chokers in classes.items():
            line.stops[name] = _next_onsets(line.onset, np.concatenate(chokers))

    def _sounding(self, voices: dict[_VoiceKey, list[_Struck]]) -> float:
        """Return about how many frames all notes of some voices last together."""
        total = 0.0
        for strucks in voices.values():
            for one in strucks:
                total += float(one.line.held[one.members].sum()) + one.members.size * self._rate_hz  # a second of tail
        return total

    def _add_voices(self, rows: _Rows, voices: dict[_VoiceKey, list[_Struck]]) -> None:
        for strucks in voices.values():
            region, key = strucks[0].strike.region, strucks[0].strike.key
            envelope = Envelope.of(region, "vol_env", key, self._rate_hz)
            audible = envelope.audible_frame(_AUDIBLE_DB)
            groups = [
                (one, n_held, one.members[places])
                for one in strucks
                for n_held, places in _group(np.minimum(one.line.held[one.members], audible).astype(np.int64))
            ]
            ringing = {n_held: self._ringing(envelope, n_held) for _, n_held, _ in groups}
            longest = max(n_held + n_ringing for n_held, n_ringing in ringing.items())
            voice = make_voice(
                self._font, strucks[0].strike, longest, max(ringing.values()), self._rate_hz, self._workspace
            )
            for one, n_held, notes in groups:
                stop = one.line.stops.get(region["exclusive_class"])
                for start, wave in self._note(voice, n_held, ringing[n_held], one.strike.gain * one.line.gain):
                    for note in notes.tolist():
                        at = int(one.line.onset[note]) + start
                        self._add(rows, at, wave if stop is None else self._choke(wave, int(stop[note]) - at))

    def _ringing(self, envelope: Envelope, n_held: int) -> int:
        """Return for how many frames a note is heard after its key is let go."""
        audible_db = _AUDIBLE_DB + 20.0 * math.log10(max(envelope.level(n_held - 1), 1e-9))
        ringing = int(envelope.release_length * max(audible_db, 0.0) / SILENT_DB)
        return min(ringing, round(TAIL_SECOND * self._rate_hz))

    def _note(
        self, voice: Voice, n_held: int, n_ringing: int, gain: float
    ) -> Iterator[tuple[int, NDArray[np.float32]]]:
        """Give the pieces of a note, float32 workspace memory, and the frame of each: held so long, then let go."""
        at = 0
        while True:
            until = min(at + _LONG_PIECE, n_held)
            wave = voice.cut_held(at, until)
            if until == n_held or wave.size < until - at:
                break
            yield at, np.multiply(wave, np.float32(gain), out=self._workspace.array("note", wave.size))
            at = until
        ended = wave.size < n_held - at  # the sample is over before the key is let go
        ringing = wave[:0] if ended else voice.cut_released(n_held, n_ringing)
        note = self._workspace.array("note", wave.size + ringing.size)
        np.multiply(wave, np.float32(gain), out=note[: wave.size])
        rest = np.multiply(ringing, voice.fading[: ringing.size], out=note[wave.size :])
        rest *= np.float32(gain * voice.envelope.level(n_held - 1))
        yield at, note

    def _choke(self, wave: NDArray[np.float32], stop: int) -> NDArray[np.float32]:
        """Fade a wave out from frame `stop` on, where another note of its class begins."""
        if wave.size <= stop:
            return wave
        fade = round(_CUT_SECOND * self._rate_hz)
        wave = wave[: max(stop + fade, 0)].copy()
        first = max(stop, 0)
        wave[first:] *= 1.0 - np.arange(first - stop, wave.size - stop, dtype=np.float32) / fade
        return wave

    def _add(self, rows: _Rows, start: int, wave: NDArray[np.float32]) -> None:
        """Add a wave to each row with its gain, as far as the row goes."""
        wave = wave[: max(rows[0][0].size - start, 0)]
        scaled = self._workspace.array("scaled", wave.size)
        for row, gain in rows:
            target = row[start : start + wave.size]
            target += wave if gain == 1.0 else np.multiply(wave, np.float32(gain), out=scaled)


def _group(values: NDArray[np.int64]) -> Iterator[tuple[int, NDArray[np.int64]]]:
    """Give each value that occurs, in order, and the places, int64, where it does."""
    order = np.argsort(values, kind="stable")
    for places in np.split(order, np.flatnonzero(np.diff(values[order])) + 1):
        yield int(values[places[0]]), places


def _next_onsets(onset: NDArray[np.int64], members: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return int64[notes]: the onset of the next member after each note; far away where none follows."""
    onsets = np.append(np.unique(onset[members]), np.int64(1) << 40)
    return np.asarray(onsets[np.searchsorted(onsets[:-1], onset, side="right")])
