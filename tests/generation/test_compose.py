"""Composing keeps to the wish, to the band's habits, and to the seed."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from bandroid.critique.habits import Habits
from bandroid.errors import WishError
from bandroid.generation.choices import CHOICES
from bandroid.generation.compose import Wish, compose, write_bars
from bandroid.generation.form import sections
from bandroid.generation.guard import Guard
from bandroid.generation.lineup import DRUMS, LineUp, Player
from bandroid.generation.player_guard import PlayerGuard
from bandroid.generation.sampling import AS_LEARNT, Sampling
from bandroid.generation.style import ScoreStyle
from bandroid.music.clock import bar_grid
from bandroid.music.midi_writer import midi_bytes
from bandroid.representations.score import decode, encode, snap
from bandroid.representations.score_cursor import Cursor
from bandroid.representations.score_vocabulary import VOCABULARY


def test_the_same_seed_gives_the_same_bytes(small_style: ScoreStyle) -> None:
    one, again, other = (compose(small_style, Wish(8), seed=seed) for seed in (7, 7, 8))
    assert midi_bytes(one.song, one.comment) == midi_bytes(again.song, again.comment)
    assert midi_bytes(one.song) != midi_bytes(other.song)


def test_a_variation_does_not_depend_on_how_many_there_are(small_style: ScoreStyle) -> None:
    assert compose(small_style, Wish(4), 7, 2).song == compose(small_style, Wish(4), 7, 2).song
    assert compose(small_style, Wish(4), 7, 1).song != compose(small_style, Wish(4), 7, 2).song


@pytest.mark.parametrize("n_bars", [1, 5, 16, 40])
def test_a_piece_has_the_bars_wished(small_style: ScoreStyle, n_bars: int) -> None:
    song = compose(small_style, Wish(n_bars), seed=3).song
    grid = bar_grid(song)
    assert grid.n_bars <= n_bars
    assert song.end_tick <= n_bars * int(grid.length_tick[0])
    assert any(len(part.notes) for part in song.parts)
    assert decode(encode(song)) == snap(song)


def test_wishes_are_met(small_style: ScoreStyle) -> None:
    wish = Wish(8, tempo_qpm=90.0, metre=(3, 4), key=(9, True), programs=(30, DRUMS, 33, 30))
    piece = compose(small_style, wish, seed=1)
    song = piece.song
    assert song.tempos[0].tempo_qpm == 90.0
    assert (song.metres[0].numerator, song.metres[0].denominator) == (3, 4)
    assert piece.key == "A minor"
    assert (song.keys[0].fifths, song.keys[0].is_minor) == (0, True)
    assert {part.program for part in song.parts if not part.is_drum} <= {30, 33}
    assert sum(part.is_drum for part in song.parts) <= 1


def test_a_piece_moves_into_its_key(small_style: ScoreStyle) -> None:
    in_c = compose(small_style, Wish(8, key=(0, False)), seed=5).song
    in_d = compose(small_style, Wish(8, key=(2, False)), seed=5).song
    for one, other in zip(in_c.parts, in_d.parts, strict=True):
        moved = np.sort(other.notes.pitch - (0 if one.is_drum else 2))
        assert np.array_equal(moved % 12, np.sort(one.notes.pitch) % 12) or len(one.notes) == len(other.notes)
    assert in_d.keys[0].fifths == 2


def test_the_mix_is_the_bands(small_style: ScoreStyle) -> None:
    song = compose(small_style, Wish(8), seed=2).song
    volumes = {(part.program, part.is_drum): (part.volume, part.pan) for part in song.parts}
    assert volumes[0, True] == (110, 64)
    assert volumes[33, False] == (100, 70)


def test_no_note_rings_into_its_own_repeat(small_style: ScoreStyle) -> None:
    for seed in range(4):
        for part in compose(small_style, Wish(8, sampling=Sampling(2.0)), seed).song.parts:
            notes = part.notes
            for pitch in set(notes.pitch.tolist()):
                mine = notes.select(notes.pitch == pitch)
                assert np.all(mine.end_tick[:-1] <= mine.onset_tick[1:])


def test_the_comment_says_how_to_make_it_again(small_style: ScoreStyle) -> None:
    comment = json.loads(compose(small_style, Wish(4, tempo_qpm=100.0), seed=9, variation=2).comment)
    assert comment["seed"] == 9
    assert comment["variation"] == 2
    assert comment["style_hash"] == "0" * 64
    assert comment["tempo_qpm"] == 100.0


def test_pieces_are_neither_silent_nor_stuck(small_style: ScoreStyle) -> None:
    habits = [compose(small_style, Wish(32), seed).habits for seed in range(6)]
    longest_loop = max(line_up.habits.longest_loop_bars for line_up in small_style.line_ups)
    assert all(piece.longest_rest_bars == 0 for piece in habits)
    assert all(piece.silent_share < 0.6 for piece in habits)
    assert all(piece.longest_loop_bars <= longest_loop for piece in habits)


def test_a_piece_goes_on_as_long_as_one_asks(small_style: ScoreStyle) -> None:
    line_up = small_style.line_ups[0]
    guard = Guard(line_up, small_style.line_ups)
    writing = write_bars(small_style, line_up, AS_LEARNT, [guard], np.random.default_rng(0))
    for number in range(1, 101):
        assert len(next(writing).bars) == number


class TestGuard:
    def test_a_drone_is_cut_at_the_bands_longest_run(self, small_style: ScoreStyle) -> None:
        # A band whose songs rest never, loop two bars at most, and strike no pitch more than eight times in a row.
        habits = Habits(0.0, 0, 2, 4, 8, 8.0, 0.3)
        line_ups = tuple(replace(line_up, habits=habits) for line_up in small_style.line_ups)
        style = replace(small_style, line_ups=line_ups)
        for seed in range(5):
            piece = compose(style, Wish(24, programs=(33,)), seed)
            assert piece.habits.longest_pitch_run <= 8
            assert piece.habits.longest_loop_bars <= 2
            assert piece.habits.longest_rest_bars == 0

    def test_a_player_strikes_no_more_at_once_and_reaches_no_further_than_before(self, small_style: ScoreStyle) -> None:
        for seed in range(6):
            song = compose(small_style, Wish(12, key=(0, False), sampling=Sampling(3.0, 1.0)), seed).song
            for part in song.parts:
                together = np.unique(part.notes.onset_tick, return_counts=True)[1].max()
                assert together <= {"Drums": 3, "Electric Bass (finger)": 1}.get(part.name, 3)
                if part.name == "Electric Bass (finger)":
                    assert part.notes.pitch.min() >= 36 - 2 - 6
                    assert part.notes.pitch.max() <= 59 + 2 + 6

    def test_nobody_goes_on_upwards_from_the_highest_that_he_has(self, small_style: ScoreStyle) -> None:
        """Notes of a chord ascend: after the highest drum of the kit, or note of the reach, only strangers are left."""
        line_up = small_style.line_ups[0]
        for part, player in enumerate(line_up.players):
            highest = max(player.drums) if player.is_drum else player.highest + 2
            cursor = Cursor()
            for token in line_up.tokens():
                cursor.push(token)
            words = [*[("silent", 0)] * part, ("new", 0), ("position", 12)]
            words += [("drum", highest)] if player.is_drum else [("pitch", highest), ("length", 7)]
            for family, value in words:
                cursor.push(VOCABULARY.token(family, value))
            cursor.push(VOCABULARY.token("velocity", player.velocities[0] // 8))
            choice = CHOICES["position"]
            steered = PlayerGuard(line_up.players).steer(cursor, choice, np.ones(choice.size))
            assert steered[1 + 12] == 0 and steered[1 + 13] > 0, player

    def test_no_loop_takes_more_than_half_of_a_piece(self, small_style: ScoreStyle) -> None:
        for seed in range(8):
            assert compose(small_style, Wish(8, programs=(33,)), seed).habits.longest_part_loop_bars <= 4

    def test_a_piece_begins_with_music(self, small_style: ScoreStyle) -> None:
        for seed in range(10):
            song = compose(small_style, Wish(2, programs=(27,)), seed).song
            assert min(int(part.notes.onset_tick[0]) for part in song.parts) < 4 * song.ticks_per_quarter


def test_whoever_was_asked_for_is_heard(small_style: ScoreStyle) -> None:
    for seed in range(5):
        song = compose(small_style, Wish(2, programs=(27, 27, 33, DRUMS, 0)), seed).song
        assert sorted(part.program for part in song.parts if not part.is_drum) == [0, 27, 27, 33]
        assert sum(part.is_drum for part in song.parts) == 1


def test_progress_counts_bars(small_style: ScoreStyle) -> None:
    calls: list[tuple[int, int]] = []
    compose(small_style, Wish(3), 1, report=lambda done, total: calls.append((done, total)))
    assert calls == [(1, 3), (2, 3), (3, 3)]


class TestForm:
    def test_sections_are_letters(self) -> None:
        verse, chorus = [(1,)] * 8, [(2,)] * 8
        assert sections([verse + chorus + verse]) == [(0, "A"), (8, "B"), (16, "A")]
        assert sections([verse + verse]) == [(0, "A")]
        assert sections([[()] * 8]) == [(0, "A")]
        assert sections([]) == []


class TestLineUp:
    def test_json_brings_it_back(self, small_style: ScoreStyle) -> None:
        for line_up in small_style.line_ups:
            assert LineUp.from_json(json.loads(json.dumps(line_up.as_json()))) == line_up

    @pytest.mark.parametrize("change", [{"tonic": 12}, {"metre": [4, 3]}, {"tempo_qpm": 0}, {"players": []}])
    def test_nonsense_is_refused(self, small_style: ScoreStyle, change: dict[str, object]) -> None:
        with pytest.raises(ValueError):
            LineUp.from_json({**small_style.line_ups[0].as_json(), **change})

    @pytest.mark.parametrize("velocities", [(), (0,), (80, 70), (80, 81), (128,)])
    def test_velocities_stand_one_in_a_class(self, velocities: tuple[int, ...]) -> None:
        with pytest.raises(ValueError):
            Player(0, False, velocities)


@pytest.mark.parametrize(
    "wish",
    [
        {"n_bars": 0},
        {"n_bars": 10**6},
        {"tempo_qpm": 1.0},
        {"metre": (4, 3)},
        {"programs": ()},
        {"programs": (1,) * 99},
    ],
)
def test_wishes_out_of_range_are_said(wish: dict[str, object]) -> None:
    with pytest.raises(WishError):
        Wish(**wish)  # type: ignore[arg-type]
