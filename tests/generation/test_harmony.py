"""Harmonising: what is given comes back, what is asked for is written, and odd wishes are answered."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from bandroid.bundle.export_chorale import export_chorale
from bandroid.errors import WishError
from bandroid.generation.chorale_compose import compose_chorale
from bandroid.generation.chorale_given import given_voices
from bandroid.generation.chorale_net import ChoraleRuntime
from bandroid.generation.chorale_rules import FREE, pitch_costs
from bandroid.generation.chorale_style import (
    ChoraleStyle,
    Opening,
    pieces_from_arrays,
    pieces_to_arrays,
)
from bandroid.generation.compose import Wish
from bandroid.generation.harmony import HarmonyWish, harmonise
from bandroid.generation.infill import infill
from bandroid.generation.sampling import AS_LEARNT, Sampling, draw, draw_rows
from bandroid.models.chorale import ChoraleNet
from bandroid.models.config import ChoraleModel
from bandroid.music.choir import four_voices, line_of
from bandroid.music.clock import bar_grid
from bandroid.music.notes import Notes
from bandroid.music.song import MetreChange, Part, Song
from bandroid.representations.chorale_song import Key, frames_of_song
from bandroid.training.chorale import NO_CRITIC
from small_choir import TICKS_PER_QUARTER, small_chorale, tune

SOPRANO, BASS = 0, 3


@pytest.fixture(scope="module")
def style() -> ChoraleStyle:
    """A net that has learnt nothing: what holds with it holds with any."""
    torch.manual_seed(0)
    net = ChoraleNet(ChoraleModel(width=12, embedding=8, head=10, context=6)).eval()
    pieces = tuple(frames_of_song(small_chorale(seed=seed), (0, 1, 2, 3)) for seed in range(3))
    opening = Opening((4, 4), 4, False, 0, 72.0)
    runtime = ChoraleRuntime(export_chorale(net, is_int8=False))
    return ChoraleStyle("choir", "0" * 64, runtime, (opening,), tuple(p[:, :4] for p in pieces), pieces, NO_CRITIC)


def test_the_given_comes_back_note_for_note(style: ChoraleStyle) -> None:
    song = tune()
    found = harmonise(style, given_voices(song, {SOPRANO: 0}), HarmonyWish(), seed=1, n_variations=3)
    assert len(found) == 3
    for one in found:
        assert four_voices(one.song) == (0, 1, 2, 3)
        assert one.song.parts[SOPRANO].notes == song.parts[0].notes
        assert all(len(part.notes) for part in one.song.parts)
    same = harmonise(style, given_voices(song, {SOPRANO: 0}), HarmonyWish(), seed=1, n_variations=3)
    assert [one.song for one in same] == [one.song for one in found]


def test_ornaments_shorter_than_a_16th_are_kept(style: ChoraleStyle) -> None:
    notes = Notes.from_rows([(0, 460, 72, 80), (460, 20, 74, 80), (480, 480, 72, 80), (1000, 37, 71, 80)])
    song = Song(TICKS_PER_QUARTER, (Part("Tune", 0, False, notes),))
    one = harmonise(style, given_voices(song, {SOPRANO: 0}), HarmonyWish(), seed=1)[0]
    assert one.song.parts[SOPRANO].notes == notes


@pytest.mark.parametrize("ticks", [7, 50, 96, 1024])
def test_any_clock_will_do(style: ChoraleStyle, ticks: int) -> None:
    notes = Notes.from_rows([(beat * ticks, ticks, 70 + beat, 80) for beat in range(4)])
    song = Song(ticks, (Part("Tune", 0, False, notes),))
    one = harmonise(style, given_voices(song, {SOPRANO: 0}), HarmonyWish(), seed=1)[0].song
    factor = one.ticks_per_quarter // ticks
    assert (one.parts[0].notes.onset_tick == factor * notes.onset_tick).all()
    assert (one.parts[0].notes.length_tick == factor * notes.length_tick).all()


def test_a_chord_gives_its_top_line_and_says_so(style: ChoraleStyle) -> None:
    rows = [(beat * 480, 480, pitch, 80) for beat in range(4) for pitch in (60, 64, 72 + beat)]
    song = Song(TICKS_PER_QUARTER, (Part("Piano", 0, False, Notes.from_rows(rows)),))
    task = given_voices(song, {SOPRANO: 0})
    assert task.notes[SOPRANO].pitch.tolist() == [72, 73, 74, 75]
    assert "top line" in task.remarks[0] and "8 notes below" in task.remarks[0]
    low = given_voices(song, {BASS: 0})
    assert low.notes[BASS].pitch.tolist() == [60] * 4 and "lowest line" in low.remarks[0]


def test_a_line_passes_over_what_accompanies_it() -> None:
    rows = [(0, 960, 76, 80), (240, 240, 60, 80), (960, 480, 74, 80), (960, 480, 55, 80)]
    line, n_left_out = line_of(Notes.from_rows(rows))
    assert line.pitch.tolist() == [76, 74] and n_left_out == 2


def test_out_of_range_is_harmonised_in_another_octave(style: ChoraleStyle) -> None:
    high = tune((96, 98, 100, 101))
    task = given_voices(high, {SOPRANO: 0})
    assert "two octaves lower" in task.remarks[0] or "2 octaves lower" in task.remarks[0]
    one = harmonise(style, task, HarmonyWish(), seed=1)[0]
    assert one.song.parts[SOPRANO].notes == high.parts[0].notes
    everywhere = tune((0, 127, 60, 30))
    assert len(harmonise(style, given_voices(everywhere, {SOPRANO: 0}), HarmonyWish(), seed=1)) == 1


def test_a_wrong_alto_stays_and_is_told(style: ChoraleStyle) -> None:
    song = Song(480, (tune((57, 57, 57)).parts[0], tune((60, 60, 60)).parts[0]))
    task = given_voices(song, {1: 0, 3: 1})
    assert any("alto lies below the given bass" in remark for remark in task.remarks)
    one = harmonise(style, task, HarmonyWish(), seed=1)[0].song
    assert one.parts[1].notes.pitch.tolist() == [57] * 3 and one.parts[3].notes.pitch.tolist() == [60] * 3


def test_nothing_to_do_is_said(style: ChoraleStyle) -> None:
    empty = Song(480, (Part("Tune", 0, False, Notes.empty()),))
    with pytest.raises(WishError, match="not one note"):
        given_voices(empty, {SOPRANO: 0})
    song = small_chorale()
    with pytest.raises(WishError, match="nothing is left"):
        harmonise(style, given_voices(song, {voice: voice for voice in range(4)}), HarmonyWish(), seed=1)
    with pytest.raises(WishError, match="longer than 400 bars"):
        given_voices(tune(quarters=5000.0), {SOPRANO: 0})


@pytest.mark.parametrize("metre", [(5, 4), (6, 8), (7, 8), (3, 2), (2, 4)])
def test_any_metre(style: ChoraleStyle, metre: tuple[int, int]) -> None:
    song = replace(tune(quarters=0.5), metres=(MetreChange(0, *metre),))
    one = harmonise(style, given_voices(song, {SOPRANO: 0}), HarmonyWish(), seed=1)[0]
    assert one.song.metres == song.metres


def test_all_breathe_with_a_tune_that_rests(style: ChoraleStyle) -> None:
    rows = [(0, 480, 72, 80), (480, 480, 74, 80), (1920, 480, 76, 80), (2400, 480, 72, 80)]
    song = Song(480, (Part("Tune", 0, False, Notes.from_rows(rows)),))
    one = harmonise(style, given_voices(song, {SOPRANO: 0}), HarmonyWish(), seed=1)[0].song
    for part in one.parts:
        sounds = (part.notes.onset_tick < 1920) & (part.notes.end_tick > 960)
        assert not sounds.any()


def test_strict_has_no_more_faults(style: ChoraleStyle) -> None:
    task = given_voices(tune(), {SOPRANO: 0}, Key(0, False))
    usual = harmonise(style, task, HarmonyWish(), seed=2)[0]
    strict = harmonise(style, task, HarmonyWish(is_strict=True), seed=2)[0]
    assert strict.faults.count() <= usual.faults.count()


def test_rules_forbid_what_they_name() -> None:
    last, now = np.array([[36, 31, 28, 12]]), np.array([[38, 47, 47, 14]])
    cost = pitch_costs(FREE, 1, last, now, np.array([0]), False)
    assert not cost.any()
    from bandroid.generation.chorale_rules import Rules

    cost = pitch_costs(Rules(), 1, last, now, np.array([0]), False)
    # A fifth from the alto up to the soprano was none before; a G over C that goes on to A over D is a parallel.
    assert cost[0, 33] >= 30 and cost[0, 29] == 0
    assert cost[0, 40] > 0, "the alto may not cross the soprano"


def test_compose(style: ChoraleStyle) -> None:
    piece = compose_chorale(style, Wish(n_bars=8, key=(7, True), metre=(3, 4)), seed=4)
    assert piece.key == "G minor" and piece.song.metres[0] == MetreChange(0, 3, 4)
    assert bar_grid(piece.song).n_bars == 8 and [part.name for part in piece.song.parts][:2] == ["Soprano", "Alto"]
    assert piece.song == compose_chorale(style, Wish(n_bars=8, key=(7, True), metre=(3, 4)), seed=4).song
    assert piece.song.keys[0].fifths == -2
    ends = [part.notes.end_tick[-1] for part in piece.song.parts]
    lengths = [part.notes.length_tick[-1] for part in piece.song.parts]
    assert set(ends) == {8 * 3 * 480} and set(lengths) == {3 * 480}, "it ends with a bar of one chord"
    assert piece.song.fermatas[-1] == 7 * 3 * 480
    pickup = compose_chorale(style, Wish(n_bars=4), seed=4).song
    assert [change.onset_tick for change in pickup.metres] == [0, 480]
    for wish in (Wish(n_bars=500), Wish(programs=(19, 40)), Wish(n_steps=7)):
        with pytest.raises(WishError):
            compose_chorale(style, wish, seed=1)


def test_infill_changes_what_is_asked_for_alone(style: ChoraleStyle) -> None:
    song = small_chorale(n_bars=8)
    one = infill(style, song, (3, 4), (2, 3), HarmonyWish(), seed=5)[0].song
    start, end = 2 * 4 * TICKS_PER_QUARTER, 4 * 4 * TICKS_PER_QUARTER
    for voice in (0, 1):
        assert one.parts[voice].notes == song.parts[voice].notes
    for voice in (2, 3):
        new, old = one.parts[voice].notes, song.parts[voice].notes
        for outside in (new.end_tick <= start, new.onset_tick >= end):
            rows = zip(new.onset_tick[outside], new.pitch[outside], strict=True)
            assert set(rows) <= set(zip(old.onset_tick, old.pitch, strict=True))
        assert new != old
    with pytest.raises(WishError, match="8 bars"):
        infill(style, song, (3, 40), (2,), HarmonyWish(), seed=5)
    with pytest.raises(WishError, match="four voices"):
        infill(style, tune(), (1, 2), (2,), HarmonyWish(), seed=5)


def test_many_draws_are_as_one() -> None:
    rng = np.random.default_rng(0)
    shares = rng.dirichlet(np.ones(20), 500)
    for how in (AS_LEARNT, Sampling(0.7, 0.9), Sampling(1.3, 0.8, 0.05)):
        many = draw_rows(np.log(shares), how, np.random.default_rng(3))
        one = np.random.default_rng(3)
        assert many.tolist() == [draw(row, how, one) for row in shares]
    assert (draw_rows(np.log(shares), Sampling(0.0), rng) == shares.argmax(axis=1)).all()


def test_pieces_travel() -> None:
    pieces = [np.arange(8).reshape(2, 4), np.zeros((0, 4), dtype=np.int64), np.arange(4).reshape(1, 4)]
    back = pieces_from_arrays(pieces_to_arrays(pieces, "cells", 4), "cells", 4)
    assert [piece.tolist() for piece in back] == [piece.tolist() for piece in pieces]
    with pytest.raises(ValueError, match="none"):
        pieces_from_arrays({"cells": np.zeros((3, 4)), "cells_lengths": np.array([2])}, "cells", 4)
    with pytest.raises(ValueError, match="opening"):
        Opening.from_json([[4, 4], 99, False, 0, 72])
