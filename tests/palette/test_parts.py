"""Spaces whose voices are any parts of a song: who is heard, who comes and goes, chords and all."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from bandroid.errors import WishError
from bandroid.generation.compose import Wish
from bandroid.generation.lineup import DRUMS
from bandroid.generation.space_compose import compose_space
from bandroid.generation.space_style import SpaceStyle
from bandroid.music.notes import Notes
from bandroid.music.song import Part, Song
from bandroid.palette import ways
from bandroid.palette.fragment import Fragment, fragment
from bandroid.representations.window import player_number
from tests.small_band import BAR, QUARTER, small_song


def heard(style: SpaceStyle, song: Song, at: tuple[int, int] | None = None) -> Fragment:
    return fragment(style, song, at, "song.mid", only_one=False)


def onsets_and_pitches(part: Part, ticks_per_quarter: int) -> list[tuple[float, int]]:
    notes = part.notes
    return [(tick / ticks_per_quarter, pitch) for tick, pitch in zip(notes.onset_tick, notes.pitch, strict=True)]


def test_all_parts_are_heard_basses_first(ensemble: SpaceStyle) -> None:
    one = heard(ensemble, small_song(), (1, 1))
    assert one.windows[0].players.tolist() == [player_number(33), player_number(27), *[0] * 6, player_number(0)]
    assert not any("the space writes" in remark for remark in one.remarks)
    assert [None if player is None else player.program for player in one.band.players[:3]] == [33, 27, None]


def test_chords_lengths_and_velocities_come_through(ensemble: SpaceStyle) -> None:
    """What is not written anew comes out as it went in, every note of it."""
    song = small_song()
    a, b = heard(ensemble, song, (1, 1)), heard(ensemble, small_song(2), (2, 2))
    _, each = ways.interpolate(ensemble, a, b, 3, "path", keep_ends=True)
    guitar = song.parts[2].notes
    inside = guitar.onset_tick < BAR
    own = next(part for part in each[0].song.parts if part.program == 27)
    assert onsets_and_pitches(own, each[0].song.ticks_per_quarter) == [
        (tick / QUARTER, pitch) for tick, pitch in zip(guitar.onset_tick[inside], guitar.pitch[inside], strict=True)
    ]
    assert own.notes.velocity.tolist() == guitar.velocity[inside].tolist()
    assert (own.notes.length_tick / each[0].song.ticks_per_quarter).tolist() == [2, 2, 2, 1, 1]


def test_many_parts_leave_out_those_of_fewest_notes(ensemble: SpaceStyle) -> None:
    song = small_song()
    guitar = song.parts[2]
    one_note = replace(guitar, notes=Notes.from_rows([(0, 10, 60, 80)]), name="Stab")
    many = [replace(guitar, name=f"Guitar {number}") for number in range(12)]
    one = heard(ensemble, song.with_parts((*song.parts[:2], one_note, *many)), (1, 1))
    assert one.windows[0].is_there.all()
    assert "14 parts with a pitch where the space has 8: the 6 of fewest notes are left out" in one.remarks


def test_drums_alone_and_parts_alone_are_heard(ensemble: SpaceStyle) -> None:
    song = small_song()
    drums, rest = song.with_parts(song.parts[:1]), song.with_parts(song.parts[1:])
    assert heard(ensemble, drums).windows[0].is_there.tolist() == [False] * 8 + [True]
    assert heard(ensemble, rest).windows[0].is_there.tolist() == [True, True, *[False] * 7]
    silent = song.with_parts((replace(song.parts[0], notes=Notes.empty()),))
    with pytest.raises(WishError, match=r"song\.mid has no notes: style ensemble-1bar hears up to 8 parts, drums"):
        heard(ensemble, silent)


def test_players_come_and_go_at_the_middle_of_a_path(ensemble: SpaceStyle) -> None:
    song = small_song()
    duo = song.with_parts((song.parts[1], replace(song.parts[2], program=48)))
    a, b = heard(ensemble, song, (1, 1)), heard(ensemble, duo, (1, 1))
    whole, each = ways.interpolate(ensemble, a, b, 5, "path", keep_ends=False)
    has_drums = [any(part.is_drum for part in step.song.parts) for step in each]
    assert has_drums[2:] == [False] * 3
    # Whoever both have plays all along, with A's instrument.
    assert 27 in {part.program for part in whole.song.parts} and 48 not in {part.program for part in whole.song.parts}


def test_a_chain_keeps_all_that_its_songs_play(ensemble: SpaceStyle) -> None:
    song = small_song()
    duo = song.with_parts(song.parts[1:])
    piece = ways.chain(ensemble, [heard(ensemble, song, (1, 2)), heard(ensemble, duo, (1, 2))], 1, "chain")
    own = next(part for part in piece.song.parts if part.program == 33)
    notes = onsets_and_pitches(own, piece.song.ticks_per_quarter)
    bass = onsets_and_pitches(song.parts[1], QUARTER)
    assert [note for note in notes if note[0] < 8] == [note for note in bass if note[0] < 8]
    assert [(at - 12, pitch) for at, pitch in notes if at >= 12] == [note for note in bass if note[0] < 8]


def test_what_is_drawn_has_its_players(ensemble: SpaceStyle) -> None:
    one, again = (compose_space(ensemble, Wish(n_bars=4, copy_guard=False), 3).song for _ in range(2))
    assert one == again and one.n_notes
    assert {part.program for part in one.parts if not part.is_drum} <= {33, 27}
    whole, each = ways.wander(ensemble, 2, 3, ways.usual_band(ensemble, 1), "walk", 5)
    assert len(each) == 3 and whole.song.n_notes


def test_wished_instruments_play_and_nobody_else(ensemble: SpaceStyle) -> None:
    song = compose_space(ensemble, Wish(n_bars=4, programs=(30, 35, DRUMS), copy_guard=False), 1).song
    assert {(part.program, part.is_drum) for part in song.parts} <= {(30, False), (35, False), (0, True)}
    with pytest.raises(WishError, match="up to 8 parts and drums"):
        compose_space(ensemble, Wish(n_bars=4, programs=tuple(range(40, 49))), 1)
    with pytest.raises(WishError, match="up to 8 parts and drums"):
        compose_space(ensemble, Wish(n_bars=4, programs=(DRUMS, DRUMS)), 1)


def test_sliders_move_parts(ensemble: SpaceStyle) -> None:
    assert ensemble.attributes == ("density", "height", "range", "syncopation", "velocity")
    louder = ways.Turn(attributes={"velocity": 2.0})
    one = heard(ensemble, small_song(), (1, 4))
    how = ways.Sampling(temperature=0.0)
    before, after = (ways.vary(ensemble, one, turn, "x", how, 1, 1).song for turn in (ways.Turn(), louder))
    mean = [float(np.concatenate([part.notes.velocity for part in song.parts]).mean()) for song in (before, after)]
    assert mean[1] > mean[0]
