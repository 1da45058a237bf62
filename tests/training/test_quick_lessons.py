"""From songs to lessons: counts of all, recordings of most, a few held out; with one, two and three songs."""

from __future__ import annotations

import numpy as np
import pytest

from bandroid.errors import CorpusError
from bandroid.generation.counts import FrozenCounts
from bandroid.music.notes import Notes
from bandroid.music.song import Part, Song
from bandroid.training import quick_lessons
from bandroid.training.quick_lessons import LONGEST_PASSAGE, QuickLessons, prepare
from small_band import varied_band, varied_song


def check(lessons: QuickLessons) -> None:
    """What must hold however few songs there are."""
    assert lessons.passages and lessons.held_out
    assert lessons.chance.shape == (len(lessons.passages),) and lessons.chance.sum() == pytest.approx(1.0)
    assert all(passage.n_choices and len(passage.events) <= LONGEST_PASSAGE for passage in lessons.passages)
    learnt = {passage.song for passage in lessons.passages}
    held_out = {passage.song for one in lessons.held_out for passage in one.passages}
    assert not learnt & held_out
    assert np.isfinite(lessons.ngram_bits_per_note) and lessons.ngram_bits_per_note > 0
    FrozenCounts(lessons.learnt.counts)


@pytest.mark.parametrize("n_songs", [1, 2, 3, 9])
def test_however_few_songs(n_songs: int) -> None:
    songs = varied_band(n_songs)
    steps: list[tuple[int, int]] = []
    lessons = prepare(songs, [1.0] * n_songs, lambda done, total: steps.append((done, total)))
    check(lessons)
    # Fingerprints and line-ups are those of the songs, whatever was cut to learn from.
    assert lessons.learnt.index.n_songs == n_songs == lessons.copy_habit.n_songs
    assert lessons.learnt.n_notes == pytest.approx(sum(song.n_notes for song in songs), rel=0.02)
    assert len(lessons.learnt.line_ups) == n_songs
    assert all(0 <= done <= total for done, total in steps) and steps == sorted(steps)
    assert steps[-1][0] == steps[-1][1]


@pytest.mark.parametrize("n_bars", [1, 2, 3])
def test_one_song_of_hardly_a_bar(n_bars: int) -> None:
    notes = Notes.from_rows([(192 * bar + 48 * beat, 48, 60 + beat, 80) for bar in range(n_bars) for beat in range(4)])
    song = Song(48, (Part("Piano", 0, False, notes),))
    lessons = prepare([song], [1.0])
    assert lessons.passages and lessons.chance.sum() == pytest.approx(1.0)
    # A song that cannot be cut tests itself.
    assert lessons.held_out and lessons.ngram_bits_per_note > 0


def test_songs_without_notes_are_none() -> None:
    empty = Song(48, ())
    with pytest.raises(CorpusError, match="not one song"):
        prepare([empty], [1.0])
    check(prepare([empty, *varied_band(2)], [1.0, 1.0, 1.0]))


def test_the_same_songs_give_the_same_lessons() -> None:
    one, other = (prepare(varied_band(3, 4), [1.0, 2.0, 1.0]) for _ in range(2))
    assert all(np.array_equal(one.learnt.counts[name], other.learnt.counts[name]) for name in one.learnt.counts)
    assert one.ngram_bits_per_note == other.ngram_bits_per_note
    assert all(np.array_equal(a.events, b.events) for a, b in zip(one.passages, other.passages, strict=True))


def test_a_song_is_drawn_as_often_as_it_weighs() -> None:
    lessons = prepare(varied_band(4, 4), [1.0, 3.0, 1.0, 1.0])
    by_song = {
        song: [chance for p, chance in zip(lessons.passages, lessons.chance, strict=True) if p.song == song]
        for song in {passage.song for passage in lessons.passages}
    }
    assert 1 in by_song, "the seed holds another one out"
    others = next(chances for song, chances in by_song.items() if song != 1)
    assert by_song[1][0] == pytest.approx(3 * others[0])


def test_of_very_many_songs_all_are_counted_and_some_recorded(monkeypatch: pytest.MonkeyPatch) -> None:
    songs = varied_band(8, 4)
    everything = prepare(songs, [1.0] * 8)
    monkeypatch.setattr(quick_lessons, "MOST_CHOICES", sum(p.n_choices for p in everything.passages) // 2)
    some = prepare(songs, [1.0] * 8)
    check(some)
    assert 2 <= some.n_recorded < everything.n_recorded == everything.n_songs == some.n_songs
    assert all(
        np.array_equal(some.learnt.counts[name], everything.learnt.counts[name]) for name in everything.learnt.counts
    )
    assert some.learnt.index.n_songs == 8


def test_when_the_time_is_up_two_are_enough_and_the_same_two_again() -> None:
    songs, calls = varied_band(6, 4), []

    def is_time_up() -> bool:
        calls.append(None)
        return len(calls) >= 2

    first = prepare(songs, [1.0] * 6, is_time_up=is_time_up)
    check(first)
    assert first.n_recorded == 3
    again = prepare(songs, [1.0] * 6, most_recorded=3)
    assert again.n_recorded == 3 and again.ngram_bits_per_note == first.ngram_bits_per_note
    assert all(np.array_equal(a.events, b.events) for a, b in zip(first.passages, again.passages, strict=True))
    assert all(np.array_equal(a, b) for a, b in zip(*(x.learnt.weights.values() for x in (first, again)), strict=True))
    hurried = prepare(songs, [1.0] * 6, is_time_up=lambda: True)
    check(hurried)
    assert hurried.n_recorded == 2 and hurried.learnt.index.n_songs == 6


def test_one_song_longer_than_all_that_is_recorded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quick_lessons, "MOST_CHOICES", 10)
    check(prepare([varied_song(number, 6) for number in (1, 2, 3)], [1.0] * 3))
