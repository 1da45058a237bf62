"""The SoundFont's generators and modulators: the numbers that say how a zone of a font sounds.

Source: SoundFont Technical Specification 2.04 (1996 to 2006), sections 8.1.3 (generators), 8.2 and 8.4 (modulators)
and 9.5 (curves). Where FluidSynth and the specification differ, we say so and follow FluidSynth, because fonts are
made by ear on it and its like.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray


class Generator(NamedTuple):
    """One row of the table in section 8.1.3."""

    number: int
    default: int
    least: int
    most: int


_TIME = (-12_000, -12_000, 5_000)  # timecents: default, least, most
_LONG_TIME = (-12_000, -12_000, 8_000)

GENERATORS = {
    "start_offset": Generator(0, 0, -(1 << 31), 1 << 31),
    "end_offset": Generator(1, 0, -(1 << 31), 1 << 31),
    "loop_start_offset": Generator(2, 0, -(1 << 31), 1 << 31),
    "loop_end_offset": Generator(3, 0, -(1 << 31), 1 << 31),
    "start_coarse_offset": Generator(4, 0, -(1 << 31), 1 << 31),
    "mod_lfo_to_pitch": Generator(5, 0, -12_000, 12_000),
    "vib_lfo_to_pitch": Generator(6, 0, -12_000, 12_000),
    "mod_env_to_pitch": Generator(7, 0, -12_000, 12_000),
    "cutoff": Generator(8, 13_500, 1_500, 13_500),
    "resonance": Generator(9, 0, 0, 960),
    "mod_lfo_to_cutoff": Generator(10, 0, -12_000, 12_000),
    "mod_env_to_cutoff": Generator(11, 0, -12_000, 12_000),
    "end_coarse_offset": Generator(12, 0, -(1 << 31), 1 << 31),
    "mod_lfo_to_volume": Generator(13, 0, -960, 960),
    "reverb_send": Generator(16, 0, 0, 1_000),
    "pan": Generator(17, 0, -500, 500),
    "mod_lfo_delay": Generator(21, *_TIME),
    "mod_lfo_rate": Generator(22, 0, -16_000, 4_500),
    "vib_lfo_delay": Generator(23, *_TIME),
    "vib_lfo_rate": Generator(24, 0, -16_000, 4_500),
    "mod_env_delay": Generator(25, *_TIME),
    "mod_env_attack": Generator(26, *_LONG_TIME),
    "mod_env_hold": Generator(27, *_TIME),
    "mod_env_decay": Generator(28, *_LONG_TIME),
    "mod_env_sustain": Generator(29, 0, 0, 1_000),
    "mod_env_release": Generator(30, *_LONG_TIME),
    "key_to_mod_env_hold": Generator(31, 0, -1_200, 1_200),
    "key_to_mod_env_decay": Generator(32, 0, -1_200, 1_200),
    "vol_env_delay": Generator(33, *_TIME),
    "vol_env_attack": Generator(34, *_LONG_TIME),
    "vol_env_hold": Generator(35, *_TIME),
    "vol_env_decay": Generator(36, *_LONG_TIME),
    "vol_env_sustain": Generator(37, 0, 0, 1_440),
    "vol_env_release": Generator(38, *_LONG_TIME),
    "key_to_vol_env_hold": Generator(39, 0, -1_200, 1_200),
    "key_to_vol_env_decay": Generator(40, 0, -1_200, 1_200),
    "loop_start_coarse_offset": Generator(45, 0, -(1 << 31), 1 << 31),
    "key": Generator(46, -1, -1, 127),
    "velocity": Generator(47, -1, -1, 127),
    "attenuation": Generator(48, 0, 0, 1_440),
    "loop_end_coarse_offset": Generator(50, 0, -(1 << 31), 1 << 31),
    "coarse_tune": Generator(51, 0, -120, 120),
    "fine_tune": Generator(52, 0, -99, 99),
    "sample_modes": Generator(54, 0, 0, 3),
    "scale_tuning": Generator(56, 100, 0, 1_200),
    "exclusive_class": Generator(57, 0, 0, 127),
    "root_key": Generator(58, -1, -1, 127),
}
"""name -> number, default and range; a range is held after preset and instrument are added up"""

INSTRUMENT, KEY_RANGE, VELOCITY_RANGE, SAMPLE = 41, 43, 44, 53
"""Generators that link and limit zones rather than shape a sound."""

N_GENERATORS = 61
DEFAULTS = np.zeros(N_GENERATORS, dtype=np.int64)
LEAST = np.full(N_GENERATORS, -(1 << 31), dtype=np.int64)
MOST = np.full(N_GENERATORS, 1 << 31, dtype=np.int64)
for _row in GENERATORS.values():
    DEFAULTS[_row.number], LEAST[_row.number], MOST[_row.number] = _row.default, _row.least, _row.most

INSTRUMENT_ONLY = frozenset({0, 1, 2, 3, 4, 12, 45, 46, 47, 50, 54, 57, 58})
"""Generators without meaning in a preset's zones (section 8.5)."""


class Modulator(NamedTuple):
    """A controller that moves a generator: `amount` x curve(source) x curve(amount_source)."""

    source: int
    """source enumeration of section 8.2: index, bit 7 MIDI controller, bit 8 falling, bit 9 bipolar, then the curve"""
    generator: int
    amount: int
    amount_source: int
    transform: int

    @property
    def identity(self) -> tuple[int, int, int]:
        """Two modulators of one identity are the same one, with the amount of the more local (section 9.5.1)."""
        return self.source, self.generator, self.amount_source


DEFAULT_MODULATORS = (
    # Velocity to attenuation, concave: 40 dB x log10(127 / velocity) (section 8.4.1). The other defaults either rest
    # at zero, or are the part's volume and pan, which the synthesizer applies itself. Velocity to filter (8.4.2) is
    # left out, as in FluidSynth, because its text is ambiguous and fonts are made without it.
    Modulator(0x0502, 48, 960, 0, 0),
)

_VELOCITY, _KEY = 2, 3
_PART_CONTROLLERS = frozenset({7, 10, 11})  # volume, pan, expression: the synthesizer's business
_CONTROLLER_AT_REST = 0


def modulation(modulators: tuple[Modulator, ...], key: int, velocity: int) -> NDArray[np.float64]:
    """Return float64[61]: what the modulators add to each generator for one note, its controllers at rest."""
    total = np.zeros(N_GENERATORS)
    for modulator in modulators:
        if 0 <= modulator.generator < N_GENERATORS:
            total[modulator.generator] += _contribution(modulator, key, velocity)
    return total


def _contribution(modulator: Modulator, key: int, velocity: int) -> float:
    if modulator.source == 0 or modulator.transform not in (0, 2):
        return 0.0
    for source in (modulator.source, modulator.amount_source):
        if source & 0x80 and source & 0x7F in _PART_CONTROLLERS:
            return 0.0
    value = modulator.amount * _curve(modulator.source, key, velocity)
    if modulator.amount_source:
        value *= _curve(modulator.amount_source, key, velocity)
    return abs(value) if modulator.transform == 2 else value


def _curve(source: int, key: int, velocity: int) -> float:
    """Map a source's value to 0..1, or -1..1 if bipolar: linear, concave, convex or switch (section 9.5.3)."""
    index = source & 0x7F
    is_bipolar = bool(source & 0x200)
    if source & 0x80:
        value = float(_CONTROLLER_AT_REST)
    elif index == 0:
        return 1.0
    elif index == _VELOCITY:
        value = float(velocity)
    elif index == _KEY:
        value = float(key)
    else:  # pressures and the pitch wheel rest
        return 0.0
    if source & 0x100:
        value = 127.0 - value
    curve = source >> 10
    if curve == 0:
        return value / 127.0 * 2.0 - 1.0 if is_bipolar else value / 127.0
    if curve == 3:
        high = value >= 64.0
        return (1.0 if high else -1.0) if is_bipolar else float(high)
    if is_bipolar:
        distance = abs(value - 63.5) * 2.0
        return math.copysign(_bend(distance, curve), value - 63.5)
    return _bend(value, curve)


def _bend(value: float, curve: int) -> float:
    """Return the concave (1) or convex (2) curve of a value in 0..127, 96 dB from end to end."""
    if curve == 2:
        return 1.0 - _bend(127.0 - value, 1)
    return 1.0 if value >= 127.0 else min(-400.0 / 960.0 * math.log10((127.0 - value) / 127.0), 1.0)
