"""How much of a song repeats."""

from __future__ import annotations

from pathlib import Path

import pytest

from bandroid.music.notes import Notes
from bandroid.music.part_bars import NO_REPEATS, part_repeats
from bandroid.music.read import read_songs
from bandroid.music.song import Part, Song


def bars(*contents: tuple[int, ...], is_drum: bool = False) -> Part:
    """One 4/4 bar per tuple, its pitches on successive quarters."""
    rows = [(4 * b + q, 1, pitch, 80) for b, content in enumerate(contents) for q, pitch in enumerate(content)]
    return Part("", 0, is_drum, Notes.from_rows([(q * 480, 240, pitch, v) for q, _, pitch, v in rows]))


def test_exact_and_transposed_repeats() -> None:
    (counted,) = part_repeats(Song(480, (bars((60, 62), (65,), (60, 62), (62, 64), ()),)))
    assert (counted.n_bars, counted.n_repeats, counted.n_repeats_transposed) == (4, 1, 2)
    assert (counted.n_notes, counted.n_notes_in_repeats, counted.n_notes_in_repeats_transposed) == (7, 2, 4)
    assert counted.bar_share == 0.25


def test_drums_have_no_height() -> None:
    (counted,) = part_repeats(Song(480, (bars((36, 38), (38, 40), is_drum=True),)))
    assert counted.n_repeats_transposed == 0


def test_parts_do_not_repeat_each_other_and_empty_ones_count_nothing() -> None:
    counts = part_repeats(Song(480, (bars((60,)), bars((60,)), bars())))
    assert [count.n_repeats for count in counts] == [0, 0, 0]
    assert counts[2] == NO_REPEATS and counts[2].note_share == 0.0


@pytest.mark.parametrize("tick", [-6, 6])
def test_human_timing_within_the_grid_still_repeats(tick: int) -> None:
    late = Notes.from_rows([(480 + tick, 100, 60, 80), (480 * 5, 100, 60, 70), (480 * 9, 300, 60, 70)])
    assert part_repeats(Song(480, (Part("", 0, False, late),)))[0].n_repeats == 2


def test_band_a_repeats_as_measured_before(data: Path) -> None:
    total = NO_REPEATS
    for path in sorted((data / "freedoom/band_lola_harvey").glob("*.mid")):
        for song in read_songs(path):
            total = sum(part_repeats(song), total)
    # The trials behind the design: 0.67, 0.72 with transposition; of the notes 0.72 and 0.75.
    assert total.bar_share == pytest.approx(0.67, abs=0.02)
    assert total.bar_share_transposed == pytest.approx(0.72, abs=0.02)
    assert total.note_share == pytest.approx(0.72, abs=0.02)
    assert total.note_share_transposed == pytest.approx(0.75, abs=0.02)
