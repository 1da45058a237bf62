"""The rules of four voices while they are written: what each pitch would break costs it so many nats.

A rule of so many nats makes what breaks it e^nats times less likely: 30 is never, unless everything else is as bad.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bandroid.critique.voice_leading import FIFTH, LEADING, OCTAVE, RANGES, WIDEST_SPACING, Faults
from bandroid.music.choir import BASS
from bandroid.representations.chorale import LOWEST_PITCH, N_PITCHES, N_VOICES, NO_PITCH, REST, UNKNOWN_TONIC

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Rules:
    """What breaking each rule costs, nats."""

    parallels: float = 30.0
    crossing: float = 8.0
    range: float = 30.0
    spacing: float = 4.0
    leading_tone: float = 6.0
    last_chord: float = 12.0

    def cost_of(self, faults: Faults) -> float:
        """Return what the faults of a whole piece cost, for ranking: each by what it would have cost to write it."""
        return (
            self.parallels * faults.count("parallel fifths", "parallel octaves")
            + self.crossing * faults.count("crossing")
            + self.range * faults.count("range")
            + self.spacing * faults.count("spacing")
            + self.leading_tone * faults.count("leading tone")
            + self.last_chord * faults.count("last chord")
        )


USUAL_RULES = Rules()
"""for voices that somebody will sing: what teachers mark is as good as forbidden"""
AS_BACH = Rules(parallels=4.0, crossing=0.5, range=4.0, spacing=0.0, leading_tone=1.0, last_chord=12.0)
"""for whole pieces: as seldom as Bach, who does all of it now and then; to be perfect gives a machine away"""
FREE = Rules(0.0, 0.0, 0.0, 0.0, 0.0, 0.0)
"""no rules: what the net has learnt alone"""


def pitch_costs(rules: Rules, voice: int, last: Ints, now: Ints, tonic: Ints, is_last_chord: bool) -> Floats:
    """Return what each pitch of a voice would break, nats, float64[B, N_PITCHES].

    int64[B, V] twice: each voice's last cell, and its cell in this frame, NO_PITCH where that is not known yet.
    """
    pitch = np.arange(N_PITCHES)
    low, high = (limit - LOWEST_PITCH for limit in RANGES[voice])
    cost = np.where((pitch < low) | (pitch > high), rules.range, 0.0) + np.zeros((len(last), 1))
    own = last[:, voice, None]
    is_leading = (tonic[:, None] < UNKNOWN_TONIC) & ((pitch - tonic[:, None]) % 12 == LEADING)
    for other in range(N_VOICES):
        if other == voice:
            continue
        there, before = now[:, other, None], last[:, other, None]
        is_known = there < REST
        if abs(other - voice) == 1:
            upper, lower = (pitch, there) if voice < other else (there, pitch)
            cost += rules.crossing * (is_known & (upper < lower))
            if {voice, other} != {N_VOICES - 2, N_VOICES - 1}:
                cost += rules.spacing * (is_known & (upper - lower > WIDEST_SPACING))
        both = is_known & (before < REST) & (own < REST) & (there != before)
        same_way = np.sign(pitch - own) == np.sign(there - before)
        for size in (FIFTH, OCTAVE):
            # A fifth above is no fifth below: which voice is the upper one decides.
            sign = 1 if voice < other else -1
            was, is_now = (sign * (own - before)) % 12 == size, (sign * (pitch - there)) % 12 == size
            cost += rules.parallels * (both & same_way & was & is_now)
        cost += rules.leading_tone * (is_known & is_leading & ((there - tonic[:, None]) % 12 == LEADING))
    if is_last_chord:
        cost += rules.last_chord * ~_fits_last_chord(voice, now, tonic, pitch)
    return cost


def _fits_last_chord(voice: int, now: Ints, tonic: Ints, pitch: Ints) -> NDArray[np.bool_]:
    """bool[B, N_PITCHES]: pitches of the tonic's triad; of the bass the tonic alone; no two thirds at once.

    Where nobody knows a key the bass is the root, and what is known of the others must be of its triad.
    """
    bass, known = now[:, BASS], now < REST
    is_keyless = tonic == UNKNOWN_TONIC
    root = np.where(is_keyless, bass, tonic)
    degrees = (now - root[:, None]) % 12
    has = [(known & (degrees == third)).any(axis=1)[:, None] for third in (3, 4)]
    degree = (pitch - root[:, None]) % 12
    if voice != BASS:
        fits = np.isin(degree, (0, 7)) | ((degree == 3) & ~has[1]) | ((degree == 4) & ~has[0])
        nobody = is_keyless & (bass >= REST)
    else:
        above = (now[:, :BASS, None] - pitch) % 12
        in_triad = (np.isin(above, (0, 3, 4, 7)) | ~known[:, :BASS, None]).all(axis=1)
        fits = np.where(is_keyless[:, None], in_triad, degree == 0)
        nobody = np.zeros(len(now), dtype=np.bool_)
    allowed: NDArray[np.bool_] = fits | nobody[:, None]
    return allowed


def nothing_known(n_pieces: int) -> Ints:
    """int64[B, V]: a frame of which no voice is chosen yet."""
    return np.full((n_pieces, N_VOICES), NO_PITCH, dtype=np.int64)
