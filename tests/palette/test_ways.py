"""Songs heard again, varied, blended and joined: lengths, ends, parts, and the same again for the same seed."""

from __future__ import annotations

import numpy as np
import pytest

from bandroid.errors import WishError
from bandroid.generation.sampling import Sampling
from bandroid.generation.space_style import SpaceStyle
from bandroid.music.song import MetreChange, Song
from bandroid.palette import ways
from bandroid.palette.fragment import Fragment, fragment
from bandroid.palette.ways import Turn
from tests.small_band import small_song

HOW = Sampling(temperature=0.0)


def heard(style: SpaceStyle, song: Song, at: tuple[int, int] | None = None, *, only_one: bool = False) -> Fragment:
    return fragment(style, song, at, "song.mid", only_one=only_one)


def bars_of(song: Song) -> float:
    length = 4 * song.ticks_per_quarter
    return max(int(part.notes.end_tick.max(initial=0)) for part in song.parts) / length


@pytest.mark.parametrize("n_bars", [2, 5, 16])
def test_a_reconstruction_is_as_long_as_the_song(drums: SpaceStyle, n_bars: int) -> None:
    piece = ways.reconstruct(drums, heard(drums, small_song(n_bars=n_bars)), "again")
    assert bars_of(piece.song) <= n_bars
    assert piece.song.tempos[0].tempo_qpm == 120.0


def test_no_amount_is_the_reconstruction(drums: SpaceStyle) -> None:
    one = heard(drums, small_song())
    varied = ways.vary(drums, one, Turn(), "x", HOW, 1, 1)
    assert varied.song.parts == ways.reconstruct(drums, one, "x").song.parts


def test_variations_differ_and_come_again(trio: SpaceStyle) -> None:
    one = heard(trio, small_song(n_bars=16))
    daring = Sampling(temperature=1.5)
    first, second, again = (ways.vary(trio, one, Turn(0.8), "x", daring, 7, number) for number in (1, 2, 1))
    assert first.song == again.song
    assert first.song.parts != second.song.parts


def test_a_path_has_its_steps_and_its_ends(drums: SpaceStyle) -> None:
    a, b = heard(drums, small_song(), (1, 2)), heard(drums, small_song(2), (3, 4))
    whole, each = ways.interpolate(drums, a, b, 5, "path", keep_ends=False)
    assert len(each) == 5
    assert [marker.text for marker in whole.song.markers] == ["1", "2", "3", "4", "5"]
    assert each[0].song.parts == ways.reconstruct(drums, a, "x").song.parts
    # All play in A's frame; the notes at the end are what the space hears in B.
    end = ways.reconstruct(drums, b, "x").song
    assert [len(part.notes) for part in each[-1].song.parts] == [len(part.notes) for part in end.parts]


def test_ends_can_be_the_songs_themselves(drums: SpaceStyle) -> None:
    a, b = heard(drums, small_song(), (1, 2)), heard(drums, small_song(2), (3, 4))
    _, each = ways.interpolate(drums, a, b, 3, "path", keep_ends=True)
    own = small_song().parts[0].notes
    assert len(each[0].song.parts[0].notes) == int((own.onset_tick < 2 * 192).sum())


def test_a_grid_has_its_corners(drums: SpaceStyle) -> None:
    four = [heard(drums, small_song(), at) for at in ((1, 2), (3, 4), (5, 6), (7, 8))]
    rows = ways.corners(drums, four, 3, "grid")
    assert [len(row) for row in rows] == [3, 3, 3]
    assert rows[0][0].song.parts == ways.reconstruct(drums, four[0], "x").song.parts
    assert rows[2][2].song.parts == ways.reconstruct(drums, four[3], "x").song.parts


def test_a_chain_keeps_the_songs_and_leads_from_one_to_the_next(drums: SpaceStyle) -> None:
    songs = [heard(drums, small_song(key), at) for key, at in ((0, (1, 2)), (2, (3, 4)))]
    piece = ways.chain(drums, songs, 2, "chain")
    assert [marker.text for marker in piece.song.markers] == ["A", "A-B", "", "B"]
    own = small_song().parts[0].notes
    first = piece.song.parts[0].notes
    bar = 4 * piece.song.ticks_per_quarter
    assert int((first.onset_tick < 2 * bar).sum()) == int((own.onset_tick < 2 * 192).sum())


def test_a_walk_between_drawn_points(trio: SpaceStyle) -> None:
    band = ways.usual_band(trio, 3)
    whole, each = ways.wander(trio, 3, 4, band, "walk", 5)
    assert len(each) == 7
    assert whole.song == ways.wander(trio, 3, 4, band, "walk", 5)[0].song


def test_more_like_one_folder_and_less_like_another(drums: SpaceStyle) -> None:
    one, other = (list(heard(drums, small_song(), at).windows) for at in ((1, 4), (4, 4)))
    way = ways.more_like(drums, one, other)
    np.testing.assert_allclose(ways.more_like(drums, other, one), -way, atol=1e-5)
    turned = ways.vary(drums, heard(drums, small_song()), Turn(direction=way, strength=2.0), "x", HOW, 1, 1)
    assert turned.song.parts
    with pytest.raises(WishError, match="neither folder"):
        ways.more_like(drums, [], [])


@pytest.mark.parametrize(("amount", "words"), [(1.5, "--amount"), (-0.1, "--amount")])
def test_amounts_out_of_range(amount: float, words: str) -> None:
    with pytest.raises(WishError, match=words):
        Turn(amount)
    with pytest.raises(WishError, match="--set density=9"):
        Turn(attributes={"density": 9.0})


def test_songs_of_different_metres_do_not_blend(drums: SpaceStyle) -> None:
    from dataclasses import replace

    waltz = replace(small_song(), metres=(MetreChange(0, 3, 4),))
    with pytest.raises(WishError, match="16 16ths and 12 16ths"):
        ways.interpolate(drums, heard(drums, small_song()), heard(drums, waltz), 3, "x", keep_ends=False)


@pytest.mark.parametrize("n_steps", [0, 1, 2000])
def test_paths_too_short_or_too_long(drums: SpaceStyle, n_steps: int) -> None:
    one = heard(drums, small_song())
    with pytest.raises(WishError, match="--steps"):
        ways.interpolate(drums, one, one, n_steps, "x", keep_ends=False)
