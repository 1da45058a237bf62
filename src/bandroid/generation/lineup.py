"""Line-ups: who played in a song of the band, how loud, in which tempo, metre and key, with which habits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from bandroid.critique.habits import Habits
from bandroid.music.swing import STRAIGHT, Swing
from bandroid.representations.score_vocabulary import METRES, VOCABULARY
from bandroid.representations.sheet import TEMPO_RANGE_QPM

DRUMS = 128
"""stands for the drum kit where programs 0 to 127 stand for pitched instruments"""


@dataclass(frozen=True, slots=True)
class Player:
    """One part of a line-up. Raises ValueError where a value is out of range."""

    program: int
    is_drum: bool
    velocities: tuple[int, ...]
    """typical velocity of each class of eight that the part uses, ascending"""
    lowest: int = 0
    highest: int = 127
    """the pitches that the part reaches, its song moved to C major or A minor"""
    most_at_once: int = 16
    """how many notes the part strikes together at most"""
    volume: int = 100
    pan: int = 64
    drums: tuple[int, ...] = ()
    """what a drummer strikes, ascending; empty for pitched instruments, and where anything goes"""
    most_different: int = 128
    """how many different pitches or drums nine bars in ten of the part have at most"""
    fewest_notes: int = 0
    """how many notes nine in ten of the part's sounding bars have at least, if bars were a whole note long"""
    most_notes: int = 1_000_000
    """how many nine in ten have at most"""
    longest_pitch_run: int = 0
    """the longest run of notes of one pitch; 0 where it is not known"""
    longest_chord_run: int = 0
    """the longest run of onsets that strike the same, a note or a chord; 0 where it is not known"""
    form: tuple[int, ...] = ()
    """per bar of the song 0 for a rest, else the number of what is played there (generation/plan.py)"""

    doubles: tuple[tuple[int, int, int], ...] = ()
    """of the form: (number, part of the line-up that it doubles, interval in semitones)"""

    def __post_init__(self) -> None:
        classes = [velocity // 8 for velocity in self.velocities]
        values = (self.program, self.volume, self.pan, self.lowest, self.highest, *self.drums, self.most_different - 1)
        in_range = all(0 <= value <= 127 for value in values) and self.lowest <= self.highest and self.most_at_once >= 1
        if not (in_range and classes and sorted(set(classes)) == classes and min(self.velocities) >= 1):
            raise ValueError(f"not a player: {self}")
        if min(self.form, default=0) < 0:
            raise ValueError("a form counts from 0")
        if max(self.velocities) > 127:
            raise ValueError(f"a velocity is at most 127: {self}")


@dataclass(frozen=True, slots=True)
class LineUp:
    """One song's frame. Raises ValueError where a value is out of range."""

    players: tuple[Player, ...]
    tempo_qpm: int
    metre: tuple[int, int]
    tonic: int
    """pitch class of the key's tonic, 0 (C) to 11 (B)"""
    is_minor: bool
    habits: Habits
    """how much this song rests, loops and drones"""
    swing: Swing = STRAIGHT

    def __post_init__(self) -> None:
        low, high = TEMPO_RANGE_QPM
        if not (self.players and 0 <= self.tonic <= 11 and low <= self.tempo_qpm <= high and self.metre in METRES):
            raise ValueError(f"not a line-up: {self}")

    def as_json(self) -> dict[str, Any]:
        """Return plain data for a manifest; forms as words, which take a line each instead of one per bar."""
        table = {**asdict(self), "habits": self.habits.as_json()}
        if self.swing.is_straight:
            del table["swing"]
        for player in table["players"]:
            player["form"] = " ".join(map(str, player["form"]))
            player["doubles"] = " ".join(":".join(map(str, double)) for double in player["doubles"])
        return table

    @classmethod
    def from_json(cls, table: dict[str, Any]) -> LineUp:
        """Read plain data back; raises ValueError where it does not fit."""
        try:
            players = tuple(_player(table_of_one) for table_of_one in table["players"])
            numerator, denominator = map(int, table["metre"])
            return cls(
                players,
                int(table["tempo_qpm"]),
                (numerator, denominator),
                int(table["tonic"]),
                bool(table["is_minor"]),
                Habits.from_json(table["habits"]),
                Swing(**table.get("swing", {})),
            )
        except (KeyError, TypeError, AttributeError) as error:
            raise ValueError(f"not a line-up: {error}") from error

    def tokens(self) -> list[int]:
        """Return the score's tokens up to the first cell: start, parts, first bar."""
        tokens = [VOCABULARY.token("start", 0)]
        for player in self.players:
            tokens.append(VOCABULARY.token("kit" if player.is_drum else "part", player.program))
            tokens += [VOCABULARY.token("typical_velocity", velocity) for velocity in player.velocities]
        metre = VOCABULARY.token("metre", METRES.index(self.metre))
        return [*tokens, VOCABULARY.token("bar", 0), metre, VOCABULARY.token("tempo", self.tempo_qpm)]


def _player(table: dict[str, Any]) -> Player:
    numbers = {name: int(table[name]) for name in ("lowest", "highest", "most_at_once", "volume", "pan")}
    return Player(
        program=int(table["program"]),
        is_drum=bool(table["is_drum"]),
        velocities=tuple(map(int, table["velocities"])),
        drums=tuple(map(int, table.get("drums", ()))),
        most_different=int(table.get("most_different", 128)),
        fewest_notes=int(table.get("fewest_notes", 0)),
        most_notes=int(table.get("most_notes", 1_000_000)),
        longest_pitch_run=int(table.get("longest_pitch_run", 0)),
        longest_chord_run=int(table.get("longest_chord_run", 0)),
        form=tuple(map(int, table.get("form", "").split())),
        doubles=tuple(_triple(word) for word in table.get("doubles", "").split()),
        **numbers,
    )


def _triple(word: str) -> tuple[int, int, int]:
    number, part, interval = map(int, word.split(":"))
    return number, part, interval


def cast(programs: Sequence[int], line_ups: Sequence[LineUp], rng: np.random.Generator) -> tuple[Player, ...]:
    """Find players for the wished instruments among all that the band has, else in the same family, else any pitched.

    `programs` holds General MIDI programs or DRUMS. Players stand in the score's order: drums, bass, the others.
    """
    everybody = [player for line_up in line_ups for player in line_up.players]
    players = []
    for wish in programs:
        if wish == DRUMS:
            fits = [player for player in everybody if player.is_drum]
            players.append(fits[rng.integers(len(fits))] if fits else Player(0, True, (60, 76, 92, 108)))
            continue
        pitched = [player for player in everybody if not player.is_drum]
        fits = [player for player in pitched if player.program == wish]
        fits = fits or [player for player in pitched if player.program // 8 == wish // 8] or pitched
        chosen = fits[rng.integers(len(fits))] if fits else Player(wish, False, (60, 76, 92))
        # Whom he doubled in his own song is not here.
        players.append(replace(chosen, program=wish, doubles=()))
    return tuple(sorted(players, key=lambda p: 0 if p.is_drum else 1 if 32 <= p.program < 40 else 2))
