"""What benchmarks/learn_quick measures with: windows, the copy oracle, ratios, features, the two-sample test."""

import math
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from bandroid.critique.copies import copies
from bandroid.critique.fingerprints import fingerprints
from bandroid.critique.habits import measure
from bandroid.music.notes import Notes
from bandroid.music.song import Part, Song
from bandroid.representations.sheet import Sheet, sheet_and_loss
from benchmarks.learn_quick.copies import copied_share, leave_one_out, windows
from benchmarks.learn_quick.features import features
from benchmarks.learn_quick.habits_ratio import median, off_by, ratio
from benchmarks.learn_quick.openings import reordered, window
from benchmarks.learn_quick.two_samples import Side, area, judge_unmet, side, tell_apart
from benchmarks.learn_quick.unseen import as_written
from small_band import BAR, small_band, small_song


def sheet(song: Song) -> Sheet:
    return sheet_and_loss(song)[0]


def random_song(rng: np.random.Generator, n_bars: int = 12, n_kinds: int = 4) -> Song:
    """Drums and a guitar whose bars come from a few kinds each."""

    def line(pitches: range) -> Notes:
        kinds = [
            [(int(at) * 12, 12, int(pitch), 80) for at, pitch in zip(onsets, rng.choice(pitches, 7), strict=True)]
            for onsets in (sorted(rng.choice(16, 7, replace=False)) for _ in range(n_kinds))
        ]
        rows = []
        for bar in range(n_bars):
            rows += [(bar * BAR + at, *rest) for at, *rest in kinds[rng.integers(n_kinds)]]
        return Notes.from_rows(rows)

    return Song(48, (Part("Drums", 0, True, line(range(35, 60))), Part("Guitar", 27, False, line(range(50, 70)))))


def moved(song: Song, interval_semitone: int, drums_too: bool = False) -> Song:
    def transposed(part: Part) -> Part:
        return part if part.is_drum and not drums_too else replace(part, notes=part.notes.transpose(interval_semitone))

    return song.with_parts(tuple(transposed(part) for part in song.parts))


def softer(song: Song) -> Song:
    return song.with_parts(
        tuple(replace(p, notes=replace(p.notes, velocity=p.notes.velocity // 2)) for p in song.parts)
    )


# Windows


def test_a_window_keeps_the_parts_that_sound_in_it():
    song = small_song(n_bars=16)  # the guitar rests in bars 4 to 7
    cut = window(sheet(song), 4, 4)
    assert [part.program for part in cut.parts] == [0, 33]
    assert len(cut.bars) == 4
    assert measure(cut).silent_share == 0
    assert [part.program for part in window(sheet(song), 4, 5).parts] == [0, 33, 27]


def test_a_window_of_silence_is_refused():
    song = small_song(n_bars=4)
    late = song.with_parts(tuple(Part(p.name, p.program, p.is_drum, p.notes.shift(2 * BAR)) for p in song.parts))
    with pytest.raises(ValueError, match="nothing sounds"):
        window(sheet(late), 0, 2)


def test_bars_in_another_order_and_back():
    song = sheet(small_song())
    order = np.random.default_rng(0).permutation(len(song.bars))
    shuffled = reordered(song, order)
    assert not np.array_equal(shuffled.notes, song.notes)
    assert np.array_equal(reordered(shuffled, np.argsort(order)).notes, song.notes)
    assert np.array_equal(window(shuffled, 0, 1).notes, window(song, int(order[0]), 1).notes)


# Copies


def test_a_transposed_song_is_a_copy():
    song = small_song()
    assert copied_share([sheet(moved(song, 5))], [sheet(song)]) == 1


def test_other_drums_are_no_copy():
    song = small_song()
    drums = [window for window in windows(sheet(song)) if window[0] is True]
    share = copied_share([sheet(moved(song, 1, drums_too=True))], [sheet(song)])
    assert share == pytest.approx(1 - len(drums) / len(windows(sheet(song))))


def test_thin_windows_do_not_count():
    thin = Song(48, (Part("Bass", 33, False, Notes.from_rows([(i * 48, 48, 40 + i % 2, 80) for i in range(16)])),))
    assert windows(sheet(thin)) == []  # many notes, two pitches
    assert copied_share([sheet(thin)], [sheet(thin)]) == 0


def test_lengths_and_velocities_do_not_count():
    song = small_song()
    shorter = song.with_parts(
        tuple(replace(p, notes=replace(p.notes, length_tick=np.full(len(p.notes), 7))) for p in song.parts)
    )
    assert copied_share([sheet(softer(shorter))], [sheet(song)]) == 1


def test_the_oracle_and_the_product_agree():
    rng = np.random.default_rng(3)
    songs = [sheet(random_song(rng)) for _ in range(5)]
    # A piece of other songs' halves: some windows are copies, those over the seams are not.
    piece = random_song(rng)
    borrowed = [sheet(random_song(np.random.default_rng(3)))]
    for one in (sheet(piece), *borrowed, *songs):
        found = copies(one, fingerprints(songs))
        assert found.n_windows == len(windows(one))
        assert found.share == pytest.approx(copied_share([one], songs))
    assert copied_share(borrowed, songs) == 1


def test_leave_one_out():
    first, second, other = sheet(small_song(0)), sheet(small_song(2)), sheet(random_song(np.random.default_rng(1)))
    assert leave_one_out([first, second, other]) == [1, 1, 0]


# Ratios


def test_ratios_go_both_ways():
    assert off_by(0.8) == off_by(1.25) == 1.25
    assert off_by(0) == math.inf
    habits = [measure(sheet(song)) for song in small_band()]
    assert ratio(habits, habits, "notes_per_bar") == 1
    assert median(habits, "longest_rest_bars") == 0
    assert ratio(habits, habits, "longest_rest_bars") == 1


# Features


def test_features_do_not_see_key_tempo_loudness():
    one = features(sheet(small_song(tempo_qpm=90)))
    other = features(sheet(softer(moved(small_song(tempo_qpm=180), 5))))
    assert other == pytest.approx(one, nan_ok=True)


def test_order_shows_in_the_likeness_of_bars():
    song = sheet(small_song())  # four chords over and over
    straight = features(song)
    shuffled = [
        features(reordered(song, np.random.default_rng(seed).permutation(len(song.bars))))["cell_likeness_4"]
        for seed in range(20)
    ]
    assert straight["cell_likeness_4"] > max(shuffled)
    assert abs(np.mean(shuffled)) < 0.1
    assert straight["cell_likeness_1"] < 0


def test_features_of_one_part_alone():
    song = small_song()
    for part in song.parts:
        found = features(sheet(song.with_parts((part,))))
        assert not any(math.isinf(value) for value in found.values())


# The two-sample test


def sides(rng: np.random.Generator, shift: float, n_groups: int = 12) -> tuple[Side, Side]:
    """Two sides of groups that differ among each other; the second is shifted in three of twenty features."""

    def one(by: float) -> Side:
        centre = rng.normal(size=(n_groups, 1, 20))
        rows = centre + 0.5 * rng.normal(size=(n_groups, 4, 20))
        rows[..., :3] += by
        rows[0, 0, 5] = np.nan
        return Side(rows.reshape(-1, 20), np.repeat(np.arange(n_groups), 4))

    return one(0.0), one(shift)


def test_what_differs_is_told_apart_and_what_does_not_is_not():
    verdict = tell_apart(*sides(np.random.default_rng(0), 3.0), np.random.default_rng(1))
    assert verdict.auc > 0.95
    same = [tell_apart(*sides(np.random.default_rng(seed), 0.0), np.random.default_rng(1)).auc for seed in range(4)]
    assert 0.3 < np.mean(same) < 0.6


def test_a_group_is_never_learnt_and_judged():
    """Each group has a feature of its own; whoever saw it in learning would know the label."""
    n_groups = 12
    rng = np.random.default_rng(0)
    marks = np.repeat(np.eye(2 * n_groups), 4, axis=0) * 10 + 0.01 * rng.normal(size=(8 * n_groups, 2 * n_groups))
    groups = np.repeat(np.arange(n_groups), 4)
    songs, others = Side(marks[: 4 * n_groups], groups), Side(marks[4 * n_groups :], groups)
    assert tell_apart(songs, others, np.random.default_rng(1)).auc < 0.65


def test_songs_unmet_are_judged_by_what_others_taught() -> None:
    songs, pieces = sides(np.random.default_rng(0), 3.0)
    unmet = Side(songs.rows[songs.groups < 4], songs.groups[songs.groups < 4])
    learnt = Side(songs.rows[songs.groups >= 4], songs.groups[songs.groups >= 4])
    assert judge_unmet(unmet, learnt, pieces, np.random.default_rng(1)).auc > 0.95
    # Pieces that are the learnt songs themselves cannot be told from them: to the judge both are songs.
    same = judge_unmet(unmet, learnt, learnt, np.random.default_rng(1))
    assert 0.2 < same.auc < 0.8


def test_a_song_as_written_is_written_so_again() -> None:
    song = small_song()
    longer = song.with_parts(
        tuple(replace(p, notes=replace(p.notes, length_tick=np.full(len(p.notes), 400))) for p in song.parts)
    )
    once = as_written(sheet(longer))
    assert not np.array_equal(once.notes, sheet(longer).notes)
    assert np.array_equal(as_written(once).notes, once.notes)
    assert np.array_equal(once.notes >> 8, sheet(longer).notes >> 8)


def test_shuffled_bars_are_told_apart():
    rng = np.random.default_rng(0)
    songs, shuffled = [], []
    for number in range(8):
        song = sheet(small_song(number, 24 + 4 * (number % 3)))
        songs.append([features(window(song, first, 8)) for first in (0, 8, 16)])
        other = reordered(song, rng.permutation(len(song.bars)))
        shuffled.append([features(window(other, first, 8)) for first in (0, 8, 16)])
    verdict = tell_apart(side(songs), side(shuffled), rng, tied=True)
    assert verdict.auc > 0.9


def test_too_few_groups_are_refused():
    songs, others = sides(np.random.default_rng(0), 0.0, n_groups=3)
    with pytest.raises(ValueError, match="3 groups"):
        tell_apart(songs, others, np.random.default_rng(0))


def test_area_counts_pairs():
    assert area(np.array([2.0, 3.0]), np.array([1.0, 2.0])) == 0.875
    assert area(np.array([1.0]), np.array([1.0])) == 0.5
    levels = [area(np.array([value]), np.array([0.0])) for value in (-1.0, 0.0, 1.0)]
    assert all(low < high for low, high in pairwise(levels))
