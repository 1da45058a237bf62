"""One region of a SoundFont at one key: its wave, at its pitch, filtered, before the volume envelope."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bandroid.render import lowpass
from bandroid.render.envelopes import Envelope, oscillator
from bandroid.render.generators import GENERATORS, modulation
from bandroid.render.soundfont import Region, SoundFont
from bandroid.render.workspace import PIECE, Workspace

LONGEST_WAVE_SECOND = 20.0
"""A note that sustains longer goes round in the last part of its wave: memory stays small for a drone of an hour."""
_WAYS_ROUND = 256
"""Among so many lengths there is one that is a whole number of frames to within 1/500 of one."""
_STEADY_SECOND = 0.5
_NEVER_STEADY = ("mod_lfo_to_pitch", "vib_lfo_to_pitch", "mod_lfo_to_cutoff")
_JOIN_FRAME = 2_048
"""what is left of a difference, also of the phase of a vibrato, is spread over 46 ms"""
_CONTROL = 64
"""frames between two values of a moving pitch, as in FluidSynth"""
_RATIOS = (2.0**-10, 2.0**6)
"""sample points per frame: beyond, nothing can be heard, and a damaged font would fill the memory"""
_END_FADE = 64
"""frames, 1.5 ms: a sample that ends on the way is faded out, not cut"""
_EMU_ATTENUATION = 0.4
"""Fonts state attenuation in units of the EMU8000 chip, where a decibel is 0.4 dB; FluidSynth reads them alike."""


@dataclass(frozen=True, slots=True)
class Strike:
    """What velocity makes of a region at one key."""

    region: Region
    key: int
    cutoff_cent: int
    """the filter's resting cutoff"""
    gain: float
    pan: float
    """-500 left to 500 right"""
    reverb: float
    """0 to 1"""

    @property
    def voice(self) -> tuple[int, int, int]:
        """Strikes of one voice share one wave."""
        return self.region.index, self.key, self.cutoff_cent


def strike(region: Region, key: int, velocity: int) -> Strike:
    """Apply the modulators and fixed controllers of a region to a key and a velocity."""
    velocity = region["velocity"] if region["velocity"] > 0 else velocity
    moved = modulation(region.modulators, key, velocity)

    def value(name: str) -> float:
        row = GENERATORS[name]
        return float(np.clip(region[name] + moved[row.number], row.least, row.most))

    cut_cb = _EMU_ATTENUATION * region["attenuation"] + moved[GENERATORS["attenuation"].number]
    return Strike(
        region,
        region["key"] if region["key"] >= 0 else key,
        round(value("cutoff") / 100.0) * 100,
        10.0 ** (-max(cut_cb, 0.0) / 200.0),
        value("pan"),
        value("reverb_send") / 1_000.0,
    )


def pitch_ratio(region: Region, key: int, rate_hz: int) -> float:
    """Return sample points per frame at rest: scale tuning, coarse and fine tune and the sample's own correction."""
    cent = (
        (key - region.root_key) * region["scale_tuning"]
        + region["coarse_tune"] * 100
        + region["fine_tune"]
        + region.correction_cent
    )
    return float(np.clip(2.0 ** (cent / 1_200.0) * region.rate_hz / rate_hz, *_RATIOS))


@dataclass(frozen=True, slots=True, eq=False)
class Voice:
    """A wave that notes of any length are cut from. Its arrays are workspace memory: use them before the next voice."""

    wave: NDArray[np.float32]
    """float32[frames] from the strike on, without the volume envelope"""
    held: NDArray[np.float32]
    """float32[frames]: the same under the envelope of a key that is held"""
    fading: NDArray[np.float32]
    """float32[frames]: factor after the key is let go"""
    envelope: Envelope
    round_start: int
    """frame to which a sustained wave goes back at its end; -1: it ends there"""
    loop_frame: float
    """frames of one loop; 0 where none"""
    first_loop_frame: float
    """frame at which the first loop ends"""
    after_loop: NDArray[np.float32] | None
    """float32[frames] that follow the loop once the key is let go (loop mode 3)"""

    def cut(self, start: int, stop: int) -> NDArray[np.float32]:
        """Return float32[up to stop - start]: the wave without envelope from a frame on, as far as it goes."""
        if stop <= self.wave.size or self.round_start < 0:
            return self.wave[start:stop]
        frame = np.arange(start, stop)
        again = self.round_start + (frame - self.round_start) % (self.wave.size - self.round_start)
        return self.wave[np.where(frame < self.wave.size, frame, again)]

    def cut_held(self, start: int, stop: int) -> NDArray[np.float32]:
        """Return float32[up to stop - start]: the wave under the envelope of a held key."""
        if stop <= self.wave.size or self.round_start < 0:
            return self.held[start:stop]
        piece = self.cut(start, stop)
        self.envelope.apply(piece, start)
        return piece

    def cut_released(self, released: int, n_frames: int) -> NDArray[np.float32]:
        """Return float32[up to n_frames]: the wave without envelope after the key is let go at frame `released`."""
        if self.after_loop is None:
            return self.cut(released, released + n_frames)
        rest = self.first_loop_frame - released
        if rest < 0.0:
            rest %= self.loop_frame
        last = self.cut(released, released + min(round(rest), n_frames))
        return np.concatenate([last, self.after_loop[: n_frames - last.size]])


def make_voice(
    font: SoundFont, struck: Strike, n_frames: int, n_fading: int, rate_hz: int, workspace: Workspace
) -> Voice:
    """Make the wave of a region at a key, `n_frames` long or as long as its sample lasts, and `n_fading` of its end."""
    region, key = struck.region, struck.key
    ratio = pitch_ratio(region, key, rate_hz)
    longest = round(LONGEST_WAVE_SECOND * rate_hz)
    first_loop_frame = (region.loop_end - region.start) / ratio
    round_start, loop_frame = -1, 0.0
    if region.loops:
        loop_frame = (region.loop_end - region.loop_start) / ratio
        if n_frames > longest:
            round_start = _round_start(loop_frame, longest - first_loop_frame, longest)
            n_frames = longest if round_start >= 0 else n_frames
    else:
        n_frames = max(min(n_frames, int((region.end - region.start - 1) / ratio)), 1)
    n_made, again = _steady_part(region, key, loop_frame, first_loop_frame, n_frames, rate_hz)
    position, step = _positions(region, key, ratio, n_made, rate_hz)
    if not region.loops:
        n_made = min(n_made, int(np.searchsorted(position, region.end - region.start - 1)) * _CONTROL)
    last = float(position[-1] + step[-1] * _CONTROL)
    wave = workspace.array("wave", n_made)
    _interpolate(_source(font, region, int(last) + 4, workspace), position, step, wave)
    if not region.loops:
        _fade_end(wave)
    wave = _filter(wave, struck, rate_hz, workspace)
    if n_made < n_frames and region.loops:
        _join_round(wave, again)
        wave = _go_round(wave, again, workspace.array("whole", n_frames))
    _tremble(wave, region, rate_hz)
    if round_start >= 0:
        _join_round(wave, round_start)
    envelope = Envelope.of(region, "vol_env", key, rate_hz)
    held = workspace.array("held", wave.size)
    held[:] = wave
    envelope.apply(held)
    fading = workspace.array("fading", n_fading)
    envelope.release(fading)
    after_loop = _after_loop(font, region, ratio) if region.loops else None
    return Voice(wave, held, fading, envelope, round_start, loop_frame, first_loop_frame, after_loop)


def _after_loop(font: SoundFont, region: Region, ratio: float) -> NDArray[np.float32] | None:
    """Return float32[frames]: what follows the loop in loop mode 3."""
    if region["sample_modes"] != 3 or region.end - region.loop_end < 4:
        return None
    points = np.pad(font.points(region.loop_end - 1, region.end), (0, 4))
    after_loop = np.empty(int((points.size - 6) / ratio), dtype=np.float32)
    frame = np.arange(0.0, after_loop.size, _CONTROL)
    _interpolate(points, frame * ratio, np.full_like(frame, ratio), after_loop)
    _fade_end(after_loop)
    return after_loop


def _steady_part(
    region: Region, key: int, loop_frame: float, first_loop_frame: float, n_frames: int, rate_hz: int
) -> tuple[int, int]:
    """Return how much of a looped wave has to be made, in frames, and the frame from which the rest repeats it.

    Once the filter has come to rest, a loop sounds the same each time, and copying is cheaper than making.
    """
    if not region.loops or any(region[name] for name in _NEVER_STEADY):
        return n_frames, -1
    steady = int(first_loop_frame) + 2 * _JOIN_FRAME
    if region["mod_env_to_cutoff"] or region["mod_env_to_pitch"]:
        steady += Envelope.of(region, "mod_env", key, rate_hz).settled_frame
    room = round(_STEADY_SECOND * rate_hz)
    again = _round_start(loop_frame, room, steady + room)
    if again < 0 or n_frames < steady + 2 * room:
        return n_frames, -1
    return steady + room, again


def _go_round(wave: NDArray[np.float32], again: int, whole: NDArray[np.float32]) -> NDArray[np.float32]:
    """Fill an array with a wave, whose part from frame `again` on is repeated as often as needed; return it."""
    whole[: wave.size] = wave
    part = wave[again:]
    for at in range(wave.size, whole.size, part.size):
        rest = whole[at : at + part.size]
        rest[:] = part[: rest.size]
    return whole


def _round_start(loop_frame: float, room_frame: float, n_frames: int) -> int:
    """Return where a wave of `n_frames` goes back to: a nearly whole number of loops before its end.

    The way round is at most `room_frame` long; -1 where not even one loop is that short.
    """
    most = int(room_frame / loop_frame)
    if most < 1:
        return -1
    length = np.arange(max(most // 2, most - _WAYS_ROUND, 1), most + 1) * loop_frame
    nearest = length[np.argmin(np.abs(length - np.rint(length)))]
    return n_frames - round(float(nearest))


def _join_round(wave: NDArray[np.float32], round_start: int) -> None:
    """Fade the end of a wave, in place, into what leads to the frame that it goes back to."""
    n_frames = min(_JOIN_FRAME, round_start)
    share = np.linspace(0.0, 1.0, n_frames, dtype=np.float32)
    end = wave[wave.size - n_frames :]
    end += share * (wave[round_start - n_frames : round_start] - end)


def _positions(
    region: Region, key: int, ratio: float, n_frames: int, rate_hz: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the sample point, from the region's start, that every 64th frame plays, and the step between frames.

    Both float64[ceil(n_frames / 64)].
    """
    frame = np.arange(0.0, n_frames, _CONTROL)
    depths = [region[f"{source}_to_pitch"] for source in ("mod_lfo", "vib_lfo", "mod_env")]
    if not any(depths):
        return frame * ratio, np.full_like(frame, ratio)
    cent = np.zeros(frame.size)
    for which, depth in zip(("mod_lfo", "vib_lfo"), depths[:2], strict=True):
        if depth:
            cent += depth * oscillator(region, which, frame, rate_hz)
    if depths[2]:
        cent += depths[2] * Envelope.of(region, "mod_env", key, rate_hz).curve(frame)
    step = np.clip(ratio * 2.0 ** (cent / 1_200.0), *_RATIOS)
    position = np.cumsum(step) * _CONTROL
    position -= step * _CONTROL
    return position, step


def _source(font: SoundFont, region: Region, needed: int, workspace: Workspace) -> NDArray[np.float32]:
    """Return float32: one point of silence, the sample with its loop laid out as often as needed, some silence."""
    if not region.loops:
        points = font.points(region.start, min(region.end, region.start + needed))
        source = workspace.zeros("source", points.size + 5)
        source[1 : 1 + points.size] = points
        return source
    points = font.points(region.start, region.loop_end)
    source = workspace.array("source", max(needed, points.size) + 1)
    source[0] = 0.0
    source[1 : 1 + points.size] = points
    loop = points[region.loop_start - region.start :]
    rest = source[1 + points.size :]
    whole = rest.size // loop.size
    rest[: whole * loop.size].reshape(whole, loop.size)[:] = loop
    rest[whole * loop.size :] = loop[: rest.size - whole * loop.size]
    return source


def _interpolate(
    source: NDArray[np.float32],
    position: NDArray[np.float64],
    step: NDArray[np.float64],
    wave: NDArray[np.float32],
) -> None:
    """Fill a wave from between the points of a source, by 4-point cubic (Catmull-Rom) interpolation.

    source: one point more before position 0, and at least two after the last. position, step: see `_positions`.
    """
    half, more = np.float32(0.5), np.float32(1.5)
    within = np.arange(_CONTROL, dtype=np.float64)
    n_controls = PIECE // _CONTROL
    for first in range(0, position.size, n_controls):
        out = wave[first * _CONTROL : (first + n_controls) * _CONTROL]
        moves = step[first : first + n_controls, np.newaxis] * within
        moves += position[first : first + n_controls, np.newaxis]
        at = moves.ravel()[: out.size]
        index = at.astype(np.int64)
        at -= index
        x = at.astype(np.float32)
        before, here, next_, after = (source[shift:].take(index, mode="clip") for shift in range(4))
        slope = next_ - before
        slope *= half
        back = here - next_
        cubic = after - before
        cubic *= half
        cubic += more * back
        # The curve meets `next_` at x = 1: that gives the square from the rest.
        back += slope
        back += cubic
        np.multiply(cubic, x, out=out)
        out -= back
        out *= x
        out += slope
        out *= x
        out += here


def _filter(wave: NDArray[np.float32], struck: Strike, rate_hz: int, workspace: Workspace) -> NDArray[np.float32]:
    region = struck.region
    to_envelope, to_oscillator = region["mod_env_to_cutoff"], region["mod_lfo_to_cutoff"]
    frame = np.arange(0, wave.size, lowpass.HOP) + lowpass.HOP // 2
    cutoff_cent = np.full(frame.size, float(struck.cutoff_cent))
    if to_envelope:
        cutoff_cent += to_envelope * Envelope.of(region, "mod_env", struck.key, rate_hz).curve(frame)
    if to_oscillator:
        cutoff_cent += to_oscillator * oscillator(region, "mod_lfo", frame, rate_hz)
    row = GENERATORS["cutoff"]
    np.clip(cutoff_cent, row.least, row.most, out=cutoff_cent)
    return lowpass.sweep(wave, cutoff_cent, region["resonance"], rate_hz, workspace)


def _tremble(wave: NDArray[np.float32], region: Region, rate_hz: int) -> None:
    """Move the volume with the modulation oscillator, in place."""
    depth_cb = region["mod_lfo_to_volume"]
    if not depth_cb:
        return
    frame = np.arange(0, wave.size + _CONTROL, _CONTROL)
    factor = 10.0 ** (depth_cb * oscillator(region, "mod_lfo", frame, rate_hz) / 200.0)
    for at in range(0, wave.size, PIECE):
        piece = wave[at : at + PIECE]
        piece *= np.interp(np.arange(at, at + piece.size), frame, factor).astype(np.float32)


def _fade_end(wave: NDArray[np.float32]) -> None:
    n_frames = min(_END_FADE, wave.size)
    wave[wave.size - n_frames :] *= np.linspace(1.0, 0.0, n_frames, dtype=np.float32)
