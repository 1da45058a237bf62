"""Pieces that got stuck on one note: Skuldur's fault, and that of many a composer trained at home."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from bandroid.generation.compose import Wish
from bandroid.generation.sampling import Sampling
from bandroid.generation.styles import AnyStyle, compose_any
from bandroid.music.song import Part, Song
from benchmarks.figures import log

RUN = 16
"""equal pitches in a row"""
TEMPERATURE = 0.2
"""where whoever follows the likeliest note gets stuck first"""
BARS = 16


def longest_run(song: Song) -> int:
    """Return the longest run of one pitch in a part: note by note where it has pitches, and of all on an onset."""
    return max((max(_notes_run(part), _chords_run(part)) for part in song.parts), default=0)


def one_note_share(style: AnyStyle, songs: Sequence[Song], n_pieces: int) -> float:
    """Return the share of pieces, composed at a low temperature, with a run of 16 that no training song has.

    A piece's run counts where it is longer than that of every training song, too. Of a lead over chords the lead
    counts.
    """
    longest_of_songs = max(map(longest_run, songs))
    wish = Wish(n_bars=BARS, sampling=Sampling(temperature=TEMPERATURE))
    runs = []
    for seed in range(1, n_pieces + 1):
        song = compose_any(style, wish, seed).song
        runs.append(longest_run(song.with_parts(song.parts[:1]) if song.chords else song))
    log(f"longest runs of one pitch: songs {longest_of_songs}, pieces {sorted(runs)[-5:]}")
    return sum(run >= RUN and run > longest_of_songs for run in runs) / n_pieces


def _notes_run(part: Part) -> int:
    """Drums are struck together in any order: only what sounds at once is compared."""
    return 0 if part.is_drum else _longest([int(pitch) for pitch in part.notes.pitch])


def _chords_run(part: Part) -> int:
    first = np.flatnonzero(np.diff(part.notes.onset_tick, prepend=-1))
    return _longest([tuple(chord.tolist()) for chord in np.split(part.notes.pitch, first[1:])])


def _longest(values: Sequence[object]) -> int:
    longest = run = 0
    for at, value in enumerate(values):
        run = run + 1 if at and value == values[at - 1] else 1
        longest = max(longest, run)
    return longest
