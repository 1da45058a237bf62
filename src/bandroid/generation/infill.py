"""Fill in: some bars of some voices are written anew, all else stays note for note, before, behind and beside."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection
from dataclasses import replace

import numpy as np

from bandroid.critique.voice_leading import faults_of
from bandroid.errors import WishError
from bandroid.generation.chorale_style import ChoraleStyle
from bandroid.generation.chorale_writer import Task, write_again
from bandroid.generation.harmony import CANDIDATES, PASSES, Harmony, HarmonyWish, different
from bandroid.music.choir import VOICES, four_voices, is_line
from bandroid.music.clock import bar_grid
from bandroid.music.notes import Notes
from bandroid.music.song import Song
from bandroid.music.theory import key_name
from bandroid.representations.chorale import ENDING, FERMATA, N_STREAMS, N_VOICES, STRUCK, endings
from bandroid.representations.chorale_song import (
    STEPS_PER_QUARTER,
    Key,
    frame_edges,
    frames_of_song,
    in_whole_steps,
    key_of,
    nearest_edge,
    notes_of,
)


def infill(
    style: ChoraleStyle,
    song: Song,
    bars: tuple[int, int],
    voices: Collection[int],
    wish: HarmonyWish,
    seed: int,
    n_variations: int = 1,
    report: Callable[[int, int], None] = lambda done, total: None,
) -> tuple[Harmony, ...]:
    """Write bars of voices anew, counted from 1, both included; the best first. Raises WishError."""
    song = in_whole_steps(song)
    sung = four_voices(song)
    if sung is None:
        raise WishError("it is not in four voices: soprano, alto, tenor and bass, each a part of its own")
    for voice in sorted(voices):
        if not is_line(song.parts[sung[voice]].notes):
            raise WishError(f"its {VOICES[voice]} is no single line, and cannot be filled in")
    grid = bar_grid(song)
    first_bar, last_bar = bars
    if last_bar > grid.n_bars:
        raise WishError(f"--at {first_bar}-{last_bar}: it has {grid.n_bars} bars")
    frames = frames_of_song(song, sung)
    edges = frame_edges(song, song.end_tick)
    bounds = nearest_edge(edges, [grid.onset_tick[first_bar - 1], grid.onset_tick[last_bar]]).tolist()
    start, end = bounds[0], min(bounds[1], len(frames))
    if start >= end:
        raise WishError(f"--at {first_bar}-{last_bar}: nothing sounds there")
    frames[:, ENDING] = endings(len(frames))
    # What fermatas there are stay; where nobody knows of any, none is written.
    frames[:, FERMATA] = np.where(frames[:, FERMATA] == 1, 1, 0)
    given = np.ones((len(frames), N_STREAMS), dtype=np.bool_)
    given[start:end, sorted(voices)] = False
    n = max(CANDIDATES * n_variations, n_variations)
    task = Task(
        np.repeat(frames[None], n, axis=0),
        np.repeat(given[None], n, axis=0),
        last_chord=len(frames) - STEPS_PER_QUARTER,
    )
    rng = np.random.default_rng(seed)
    written, cost = write_again(style.runtime, task, wish.sampling, wish.rules, PASSES, rng, report)
    free = ~given[:, :N_VOICES]
    faults = [faults_of(one, free) for one in written]
    key = key_of(song) or Key(0, False)
    order = sorted(range(n), key=lambda index: cost[index])
    comment = {"style": style.name, "style_hash": style.style_hash, "seed": seed, "at": bars}
    comment["parts"] = [VOICES[voice] for voice in sorted(voices)]
    found = []
    for rank, index in enumerate(different(order, written, n_variations), 1):
        parts = list(song.parts)
        for voice in voices:
            own = written[index]
            cells, struck = own[start:end, voice], own[start:end, STRUCK.start + voice]
            new = notes_of(cells, struck, edges[start : end + 1], 1)
            begins_anew = bool(own[start, STRUCK.start + voice])
            goes_on_anew = end >= len(own) or bool(own[end, STRUCK.start + voice])
            old = parts[sung[voice]].notes
            joined = _joined(old, new, int(edges[start]), int(edges[end]), begins_anew, goes_on_anew)
            parts[sung[voice]] = replace(parts[sung[voice]], notes=joined)
        found.append(
            Harmony(
                song=replace(song, parts=tuple(parts)),
                frames=written[index],
                edges=edges,
                faults=faults[index],
                nats_each=float((cost[index] - wish.rules.cost_of(faults[index])) / max(int(free.sum()), 1)),
                key=key,
                comment=json.dumps({**comment, "rank": rank, "key": key_name(key.tonic, key.is_minor)}),
                remarks=(),
            )
        )
    return tuple(found)


def _joined(old: Notes, new: Notes, start: int, end: int, begins_anew: bool, goes_on_anew: bool) -> Notes:
    """Put new notes between what stood before and behind: ticks; notes that are held across a bar line stay one."""
    rows = list(zip(old.onset_tick, old.end_tick, old.pitch, old.velocity, strict=True))
    before = [[on, min(off, start), pitch, loud] for on, off, pitch, loud in rows if on < start]
    behind = [[max(on, end), off, pitch, loud, on < end] for on, off, pitch, loud in rows if off > end]
    loudness = round(float(np.mean([row[3] for row in rows]))) if rows else 80
    for on, off, pitch in zip(new.onset_tick, new.end_tick, new.pitch, strict=True):
        if on == start and not begins_anew and before and before[-1][1] == start and before[-1][2] == pitch:
            before[-1][1] = off
        else:
            before.append([on, off, pitch, loudness])
    for on, off, pitch, loud, is_cut in behind:
        held = is_cut and not goes_on_anew and before and before[-1][1] == on and before[-1][2] == pitch
        if held:
            before[-1][1] = off
        else:
            before.append([on, off, pitch, loud])
    return Notes.from_rows((int(on), int(off - on), int(pitch), int(loud)) for on, off, pitch, loud in before)
