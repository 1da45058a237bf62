"""Harmonise: voices that are given -> all four, in several passes, the best of several candidates."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from bandroid.critique.voice_leading import Faults, faults_of
from bandroid.errors import WishError
from bandroid.generation.chorale_given import Given
from bandroid.generation.chorale_rules import USUAL_RULES, Rules
from bandroid.generation.chorale_style import ChoraleStyle
from bandroid.generation.chorale_writer import Task, write_again
from bandroid.generation.sampling import Sampling
from bandroid.music.choir import CHOIR_PROGRAM, VOICES
from bandroid.music.notes import Notes
from bandroid.music.song import KeyChange, Song, TempoChange
from bandroid.music.theory import key_name
from bandroid.representations.chorale import CELLS, FERMATA, N_VOICES, STRUCK
from bandroid.representations.chorale_song import STEPS_PER_QUARTER, Key, nearest_edge, notes_of, voice_part

CANDIDATES = 4
"""that each result is the best of"""
STRICT_CANDIDATES = 64
PASSES = 5
USUAL_HARMONY = Sampling(temperature=0.8)
"""a given tune leaves less open than nothing does"""
VELOCITY = 80
"""mezzo-forte"""
TEMPO_QPM = 72.0
"""where a melody says none: a quarter as a slow pulse, as chorales are sung"""
_LAST_CHORD_STEPS = 4
"""a last chord is this long at least, where no soprano says"""


@dataclass(frozen=True, slots=True)
class Harmony:
    """Four voices, and what is to be said about them."""

    song: Song
    frames: NDArray[np.int64]
    """int64[T, C]"""
    edges: NDArray[np.int64]
    """int64[T + 1]: where they begin, ticks of the song"""
    faults: Faults
    """where a voice that was not given has a share in them"""
    nats_each: float
    """what a cell costs that was not given, rules not counted"""
    key: Key
    comment: str
    remarks: tuple[str, ...]

    @property
    def key_name(self) -> str:
        return key_name(self.key.tonic, self.key.is_minor)


@dataclass(frozen=True, slots=True)
class HarmonyWish:
    """How voices are harmonised."""

    sampling: Sampling = USUAL_HARMONY
    rules: Rules = USUAL_RULES
    is_strict: bool = False
    """many candidates, and of those the one with the fewest faults"""
    program: int = CHOIR_PROGRAM


def harmonise(
    style: ChoraleStyle,
    given: Given,
    wish: HarmonyWish,
    seed: int,
    n_variations: int = 1,
    report: Callable[[int, int], None] = lambda done, total: None,
) -> tuple[Harmony, ...]:
    """Write the voices that are not given; the best first. The same style, task, wish and seed give the same.

    Raises WishError where nothing is left to write.
    """
    if given.given[:, :N_VOICES].all():
        raise WishError("all four voices are given: nothing is left to write")
    n = max(STRICT_CANDIDATES if wish.is_strict else CANDIDATES, 1) * (1 if wish.is_strict else n_variations)
    n = max(n, n_variations)
    task = task_of(given, n)
    rng = np.random.default_rng(seed)
    frames, cost = write_again(style.runtime, task, wish.sampling, wish.rules, PASSES, rng, report)
    free = ~given.given[:, :N_VOICES]
    faults = [faults_of(one, free) for one in frames]
    order = sorted(range(n), key=lambda i: (faults[i].count() if wish.is_strict else 0, cost[i]))
    chosen = different(order, frames, n_variations)
    return tuple(
        Harmony(
            song=song_of(given, frames[i], wish.program),
            frames=frames[i],
            edges=given.edges,
            faults=faults[i],
            nats_each=float((cost[i] - wish.rules.cost_of(faults[i])) / max(int(free.sum()), 1)),
            key=given.key,
            comment=_comment(style, given, wish, seed, rank),
            remarks=given.remarks,
        )
        for rank, i in enumerate(chosen, 1)
    )


def task_of(given: Given, n: int) -> Task:
    """Return a task of n candidates for what is given."""
    soprano = np.flatnonzero(given.frames[:, STRUCK.start] == 1) if given.given[:, 0].all() else np.array([], dtype=int)
    last = int(soprano[-1]) if soprano.size else len(given.frames) - _LAST_CHORD_STEPS
    return Task(
        np.repeat(given.frames[None], n, axis=0),
        np.repeat(given.given[None], n, axis=0),
        max(last, 0),
    )


def song_of(given: Given, frames: NDArray[np.int64], program: int) -> Song:
    """Return frames as four parts on the timeline of what was given; given notes as they were."""
    parts = []
    for voice in range(N_VOICES):
        notes = given.notes.get(voice)
        if notes is None:
            own = frames[:, CELLS][:, voice]
            notes = notes_of(own, frames[:, STRUCK][:, voice], given.edges, VELOCITY)
        parts.append(voice_part(voice, notes, program))
    song = given.song
    # The words of what is given are sung by the soprano: all sing them at once.
    lyrics = next((part.lyrics for part in song.parts if part.lyrics), ())
    parts[0] = replace(parts[0], lyrics=lyrics)
    fifths = _signature(given.key, song)
    return replace(
        song,
        parts=tuple(parts),
        tempos=song.tempos or (TempoChange(0, TEMPO_QPM),),
        keys=(KeyChange(0, fifths, given.key.is_minor),),
        chords=(),
        fermatas=fermatas_in(frames, parts[0].notes, given),
        title=f"{song.title} in four voices".strip() if song.title else "Four voices",
        remarks=(),
    )


def fermatas_in(frames: NDArray[np.int64], soprano: Notes, given: Given) -> tuple[int, ...]:
    """Return the ticks of soprano notes that bear a fermata for most of their length.

    Where the net set them, one ends a phrase: of several notes in a row the last, and none that is shorter than a beat.
    """
    is_given = bool(given.given[:, N_VOICES].all())
    found: list[int] = []
    was_held = False
    for onset, end in zip(soprano.onset_tick.tolist(), soprano.end_tick.tolist(), strict=True):
        first, last = nearest_edge(given.edges, [onset, end]).tolist()
        own = frames[max(first, 0) : max(last, first + 1), FERMATA]
        is_held = bool(own.size) and bool((own == 1).mean() > 0.5)
        if is_held and was_held and not is_given:
            found.pop()
        was_held = is_held and (is_given or last - first >= STEPS_PER_QUARTER)
        if was_held:
            found.append(onset)
    return tuple(sorted(set(found)))


def different(order: list[int], frames: NDArray[np.int64], n: int) -> list[int]:
    """Return the first n that differ from one another; the same again only where there are no others."""
    chosen: list[int] = []
    for index in order:
        if all(not np.array_equal(frames[index], frames[other]) for other in chosen):
            chosen.append(index)
    return (chosen + [index for index in order if index not in chosen])[:n]


def _signature(key: Key, song: Song) -> int:
    """Return the key signature: the song's own where it is that key's, as flats or sharps, else the usual one."""
    fifths = (7 * ((key.tonic + 3 * key.is_minor) % 12) + 5) % 12 - 5
    if song.keys and (song.keys[0].fifths - fifths) % 12 == 0:
        return song.keys[0].fifths
    return fifths


def _comment(style: ChoraleStyle, given: Given, wish: HarmonyWish, seed: int, rank: int) -> str:
    values: Mapping[str, object] = {
        "style": style.name,
        "style_hash": style.style_hash,
        "harmonised": [VOICES[voice] for voice in sorted(given.notes)],
        "seed": seed,
        "rank": rank,
        "key": key_name(given.key.tonic, given.key.is_minor),
        "temperature": wish.sampling.temperature,
        "strict": wish.is_strict,
    }
    return json.dumps(values)
