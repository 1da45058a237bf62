"""How a sound moves in time: the SoundFont's envelopes and low-frequency oscillators (specification 2.04, 9.1)."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from bandroid.render.soundfont import Region
from bandroid.render.workspace import PIECE

SILENT_DB = 96.0
"""An envelope falls by this much, which is silence: as deep as FluidSynth's. The specification says 100."""
_INSTANT_TIMECENT = -12_000


def seconds(timecent: float) -> float:
    """Return a time: 0 timecents -> 1.0, 1200 -> 2.0, -12000 or less -> 0."""
    return 0.0 if timecent <= _INSTANT_TIMECENT else 2.0 ** (timecent / 1_200.0)


@dataclass(frozen=True, slots=True)
class Envelope:
    """Delay, attack, hold, decay, sustain, release; times in frames, levels in centibels or parts of 1."""

    attack_frame: int
    """frames before the attack starts, the delay"""
    hold_frame: int
    """frame at which the attack is over"""
    decay_frame: int
    """frame at which the hold is over"""
    decay_length: float
    """frames from full level to silence"""
    sustain: float
    """0 (full level) to 1 (silence)"""
    release_length: int
    """frames from full level to silence"""

    @classmethod
    def of(cls, region: Region, which: str, key: int, rate_hz: int) -> Envelope:
        """Read the `vol_env` or `mod_env` of a region for one key."""
        keys_down = 60 - key
        delay, attack, release = (seconds(region[f"{which}_{stage}"]) for stage in ("delay", "attack", "release"))
        hold = seconds(region[f"{which}_hold"]) * 2.0 ** (region[f"key_to_{which}_hold"] * keys_down / 1_200)
        decay = seconds(region[f"{which}_decay"]) * 2.0 ** (region[f"key_to_{which}_decay"] * keys_down / 1_200)
        attack_frame = round(delay * rate_hz)
        hold_frame = attack_frame + max(round(attack * rate_hz), 1)
        return cls(
            attack_frame,
            hold_frame,
            hold_frame + round(hold * rate_hz),
            max(decay * rate_hz, 1.0),
            min(region[f"{which}_sustain"] / 1_000.0, 1.0),
            max(round(release * rate_hz), 1),
        )

    @property
    def settled_frame(self) -> int:
        """Frame from which the sustain level holds."""
        return self.decay_frame + int(self.sustain * self.decay_length) + 1

    def apply(self, wave: NDArray[np.float32], start: int = 0) -> None:
        """Shape a wave, in place, that begins `start` frames after the strike: the key is held all the while.

        The attack is a straight line of amplitude, the decay one of decibels (section 9.1.7).
        """
        stop = start + wave.size
        edges = (0, self.attack_frame, self.hold_frame, self.decay_frame, self.settled_frame, max(stop, 0))
        fills = (self._silence, self._rise, None, self._decay, self._sustained)
        for (first, last), fill in zip(pairwise(edges), fills, strict=True):
            if fill is None:
                continue
            for at in range(max(first, start), min(last, stop), PIECE):
                until = min(at + PIECE, last, stop)
                wave[at - start : until - start] *= fill(np.arange(at, until))

    def release(self, fading: NDArray[np.float32]) -> None:
        """Fill an array with what the level is multiplied by, frame by frame, once the key is let go."""
        for at in range(0, fading.size, PIECE):
            piece = fading[at : at + PIECE]
            piece[:] = _fall(np.arange(at, at + piece.size) / self.release_length)

    def level(self, frame: int) -> float:
        """Return the amplitude, 0 to 1, at one frame while the key is held: the same as `apply` gives."""
        if frame < self.attack_frame:
            return 0.0
        if frame < self.hold_frame:
            return (frame - self.attack_frame + 1) / (self.hold_frame - self.attack_frame)
        if frame >= self.settled_frame and self.sustain >= 1.0:
            return 0.0
        fallen = min(max(frame - self.decay_frame, 0) / self.decay_length, self.sustain)
        return math.pow(10.0, -SILENT_DB / 20.0 * fallen)

    def audible_frame(self, depth_db: float) -> float:
        """Return the frame at which a held key has fallen by so much; infinite where it sustains above that."""
        share = depth_db / SILENT_DB
        return self.decay_frame + share * self.decay_length if self.sustain >= share else math.inf

    def curve(self, frame: NDArray[np.int64] | NDArray[np.float64]) -> NDArray[np.float64]:
        """Return float64, 0 to 1, at each frame: a modulation envelope, with a convex attack and a straight decay."""
        rise = np.clip(1.0 + 400.0 / 960.0 * np.log10(np.clip(self._rise(frame), 1e-6, 1.0)), 0.0, 1.0)
        fall = np.clip((frame - self.decay_frame) / self.decay_length, 0.0, self.sustain)
        return np.asarray(np.where(frame < self.hold_frame, rise, 1.0 - fall))

    def _rise(self, frame: NDArray[np.int64] | NDArray[np.float64]) -> NDArray[np.float64]:
        return np.asarray((frame - self.attack_frame + 1) / (self.hold_frame - self.attack_frame))

    def _decay(self, frame: NDArray[np.int64]) -> NDArray[np.float32]:
        return _fall((frame - self.decay_frame) / self.decay_length)

    def _sustained(self, frame: NDArray[np.int64]) -> float:
        return 0.0 if self.sustain >= 1.0 else float(_fall(np.array(self.sustain)))

    def _silence(self, frame: NDArray[np.int64]) -> float:
        return 0.0


def _fall(share: NDArray[np.float64]) -> NDArray[np.float32]:
    """Return the amplitude after a share of the fall to silence."""
    return np.exp((share * (-SILENT_DB / 20.0 * math.log(10.0))).astype(np.float32))


def oscillator(
    region: Region, which: str, frame: NDArray[np.int64] | NDArray[np.float64], rate_hz: int
) -> NDArray[np.float64]:
    """Return float64, -1 to 1, at each frame: the triangle of `mod_lfo` or `vib_lfo`, which starts at 0, upwards."""
    rate = 440.0 * 2.0 ** ((region[f"{which}_rate"] - 6_900) / 1_200)  # absolute cents; 0 is 8.176 Hz
    turn = np.maximum(frame / rate_hz - seconds(region[f"{which}_delay"]), 0.0) * rate
    return np.asarray(1.0 - np.abs((turn + 0.75) % 1.0 * 4.0 - 2.0))
