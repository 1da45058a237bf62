"""How a sound moves in time: the SoundFont's envelopes and low-frequency oscillators (specification 2.04, 9.1)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bandroid.render.soundfont import Region

SILENT_CB = 1_000.0
"""an envelope falls by 100 dB, which is silence"""
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

    def amplitude(self, start: int, stop: int) -> NDArray[np.float32]:
        """Return float32[stop - start], 0 to 1, while the key is held: a straight attack, a decay even in decibels."""
        level = np.empty(stop - start, dtype=np.float32)
        for first, last, fill in (
            (0, self.attack_frame, lambda t: 0.0),
            (self.attack_frame, self.hold_frame, self._rise),
            (self.hold_frame, self.decay_frame, lambda t: 1.0),
            (self.decay_frame, self.settled_frame, lambda t: _fall(t - self.decay_frame, self.decay_length)),
            (self.settled_frame, stop, lambda t: _fall(self.sustain, 1.0) if self.sustain < 0.96 else 0.0),
        ):
            first, last = max(first, start), min(last, stop)
            if first < last:
                level[first - start : last - start] = fill(np.arange(first, last, dtype=np.float32))
        return level

    def release(self, n_frames: int) -> NDArray[np.float32]:
        """Return float32[n_frames], 1 downwards: what the level is multiplied by once the key is let go."""
        return _fall(np.arange(n_frames, dtype=np.float32), self.release_length)

    def curve(self, frame: NDArray[np.int64]) -> NDArray[np.float64]:
        """Return float64, 0 to 1, at each frame: a modulation envelope, whose decay is a straight line."""
        rise = np.clip(self._rise(frame), 0.0, 1.0)
        fall = np.clip((frame - self.decay_frame) / self.decay_length, 0.0, self.sustain)
        return np.asarray(np.where(frame < self.hold_frame, rise, 1.0 - fall))

    def _rise(self, frame: NDArray[np.float32] | NDArray[np.int64]) -> NDArray[np.float64]:
        return np.asarray((frame - self.attack_frame + 1) / (self.hold_frame - self.attack_frame))


def _fall(distance: NDArray[np.float32] | float, length: float) -> NDArray[np.float32]:
    """Return the amplitude after a fall of 100 dB in `length`."""
    return np.asarray(np.exp(distance * np.float32(-SILENT_CB / 200.0 * np.log(10.0) / length)), dtype=np.float32)


def oscillator(region: Region, which: str, frame: NDArray[np.int64], rate_hz: int) -> NDArray[np.float64]:
    """Return float64, -1 to 1, at each frame: the triangle of `mod_lfo` or `vib_lfo`, which starts at 0, upwards."""
    rate = 440.0 * 2.0 ** ((region[f"{which}_rate"] - 6_900) / 1_200)  # absolute cents; 0 is 8.176 Hz
    turn = np.maximum(frame / rate_hz - seconds(region[f"{which}_delay"]), 0.0) * rate
    return np.asarray(1.0 - np.abs((turn + 0.75) % 1.0 * 4.0 - 2.0))
