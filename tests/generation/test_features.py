"""Columns for a net: each within its table whatever the music, and none that knows what comes."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given, settings

from bandroid.generation.choices import CHOICES, outcomes
from bandroid.generation.counts import Counts
from bandroid.generation.events import event_after
from bandroid.generation.features import (
    EVENT_SIZES,
    PITCH_BASS,
    PITCH_LAST,
    PITCH_PARTNER,
    POINTERS,
    POSITION_LAST,
    SIZES,
    TONES,
    features,
)
from bandroid.generation.lesson import lesson
from bandroid.generation.ngram import N_CHAINS, Ngram
from bandroid.music.notes import Notes
from bandroid.music.song import MetreChange, Part, Song, TempoChange
from music_strategies import songs
from small_band import QUARTER, small_song, varied_song


def check(song: Song) -> dict[str, int]:
    """Walk a song and hold every column against its table; return how many choices of each kind there were."""
    one = lesson(song)
    model, seen = Ngram(Counts()), dict.fromkeys(SIZES, 0)
    n_cells = n_notes = 0
    for token in one.tokens:
        for choice, outcome in outcomes(model.cursor, token):
            prediction = model.predict(choice)
            model.observe(prediction, outcome)
            assert (prediction.facts is not None) == (choice.name in SIZES)
            if prediction.facts is not None:
                columns = features(prediction.facts)
                assert len(columns) == len(SIZES[choice.name])
                for column, (value, size) in enumerate(zip(columns, SIZES[choice.name], strict=True)):
                    assert 0 <= value < size, f"column {column} of {choice.name}: {value} of {size}"
                assert all(columns[column] <= choice.size for column in POINTERS[choice.name])
                assert prediction.logs.shape == (N_CHAINS[choice.name], choice.size)
                assert np.isfinite(prediction.logs).all()
                seen[choice.name] += 1
        event = event_after(model.cursor, token)
        if event is not None:
            assert len(event) == len(EVENT_SIZES)
            for column, (value, size) in enumerate(zip(event, EVENT_SIZES, strict=True)):
                assert 0 <= value < size, f"column {column} of an event: {value} of {size}"
            n_cells, n_notes = n_cells + (event[0] == 0), n_notes + (event[0] == 1)
        model.advance(token)
    assert n_cells == seen["cell"] == len(one.sheet.parts) * len(one.sheet.bars)
    assert n_notes == seen["velocity"]
    return seen


@given(songs())
@settings(max_examples=40, deadline=None)
def test_every_column_stays_in_its_table(song: Song) -> None:
    assume(song.n_notes)
    try:
        lesson(song)
    except ValueError:  # of more bars than a score can have
        assume(False)
    check(song)


def test_every_kind_of_choice_is_met() -> None:
    song = small_song()
    # A piano that moves its figure about: that is what intervals are for.
    figure = [(0, 60), (24, 64), (48, 67), (96, 72)]
    rows = [(192 * bar + t, 24, p + 2 * (bar % 3), 80) for bar in range(12) for t, p in figure]
    moving = Part("Piano", 0, False, Notes.from_rows(rows))
    seen = check(song.with_parts((*song.parts, moving)))
    assert all(seen[name] > 0 for name in SIZES)


def test_more_parts_and_longer_songs_than_a_table_has_rows() -> None:
    line = [(QUARTER * step, 40 * QUARTER, 127 if step % 2 else 0, 1 + step % 127) for step in range(40)]
    chord = [(7, 1, pitch, 127) for pitch in range(128)]
    parts = tuple(
        Part(f"Part {n}", 8 * n % 128, n % 5 == 4, Notes.from_rows(chord if n == 3 else line)) for n in range(20)
    )
    metres = (MetreChange(0, 4, 1), MetreChange(16 * 4 * QUARTER, 1, 16))
    check(Song(QUARTER, parts, (TempoChange(0, 100.0),), metres))


def test_a_song_of_the_band() -> None:
    seen = check(varied_song(1, 24))
    assert seen["pitch"] == seen["length"] > 100


def test_tables_match_what_reads_them() -> None:
    assert SIZES.keys() == POINTERS.keys() == N_CHAINS.keys()
    assert len(SIZES["pitch"]) == TONES + 24
    for column in (PITCH_LAST, PITCH_PARTNER):
        assert SIZES["pitch"][column] == 129
    assert SIZES["pitch"][PITCH_BASS] == 13
    assert SIZES["position"][POSITION_LAST] == CHOICES["position"].size


@pytest.mark.parametrize("name", SIZES)
def test_pointers_can_name_every_outcome(name: str) -> None:
    for column in POINTERS[name]:
        assert SIZES[name][column] >= CHOICES[name].size + (name == "position")
