"""Learning by counting gives a style that travels, and that knows its own band best."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from bandroid.bundle.manifest import TrainingSong
from bandroid.bundle.store import open_style, save_style
from bandroid.errors import CorpusError, StyleError
from bandroid.generation.compose import Wish, compose
from bandroid.generation.style import check_golden, load_style
from bandroid.music.read import read_songs
from bandroid.training.instant import Learnt, bits_per_note, learn_instant
from bandroid.training.score_bundle import score_style
from small_band import small_band, small_song

CREDIT = TrainingSong("Song", "Somebody", "CC0-1.0", "song.mid", "0" * 64, "train")


@pytest.fixture(scope="module")
def learnt() -> Learnt:
    return learn_instant(small_band())


def test_a_style_comes_back_from_the_disk(learnt: Learnt, tmp_path: Path) -> None:
    manifest, files = score_style(learnt, preset="instant", name="small", summary="three songs", songs=[CREDIT])
    bundle = save_style(manifest, files, into=tmp_path)
    style = load_style(bundle)
    check_golden(style, bundle)
    assert style.line_ups == learnt.line_ups
    assert compose(style, Wish(4), seed=1).song.n_notes > 0


def test_learning_again_gives_the_same_bytes(learnt: Learnt) -> None:
    again = learn_instant(small_band())
    one, other = (score_style(x, preset="instant", name="small", summary="", songs=[CREDIT]) for x in (learnt, again))
    assert one == other


def test_a_style_that_was_tampered_with_is_refused(learnt: Learnt, tmp_path: Path) -> None:
    manifest, files = score_style(learnt, preset="instant", name="small", summary="", songs=[CREDIT])
    save_style(manifest, files, into=tmp_path)
    counts = tmp_path / "small" / "counts.npz"
    counts.write_bytes(counts.read_bytes()[:-1] + b"x")
    with pytest.raises(StyleError, match="damaged"):
        load_style(open_style(tmp_path / "small"))


def test_what_was_learnt_shortens_songs_of_the_band(learnt: Learnt) -> None:
    stranger = learn_instant([small_song(0, 2)])
    assert bits_per_note(learnt, [small_song(9)]) < bits_per_note(stranger, [small_song(9)])


def test_keys_do_not_matter(learnt: Learnt) -> None:
    one, other = (bits_per_note(learnt, [small_song(key)]) for key in (1, 6))
    assert one == pytest.approx(other, abs=0.1)


def test_one_song_is_enough() -> None:
    assert len(learn_instant([small_song()]).line_ups) == 1


def test_no_song_is_not() -> None:
    with pytest.raises(CorpusError, match="not one song"):
        learn_instant([])


def test_progress_ends_at_the_end() -> None:
    calls: list[tuple[int, int]] = []
    learn_instant(small_band(), lambda done, total: calls.append((done, total)))
    assert calls[-1] == (3, 3)
    assert calls == sorted(calls)


def test_a_real_song_is_learnt(data: Path) -> None:
    songs = read_songs(data / "freedoom/band_lola_harvey/d_e3m8__The_Zenith.mid")
    learnt = learn_instant(songs)
    assert learnt.n_notes > 1000
    assert 0.3 < learnt.line_ups[0].habits.silent_share < 0.7


def test_weights_of_one_change_nothing() -> None:
    one, other = learn_instant(small_band()), learn_instant(small_band(), weights=[1.0, 1.0, 1.0])
    assert all(np.array_equal(one.counts[name], other.counts[name]) for name in one.counts)
    assert one.line_ups == other.line_ups


def test_a_song_that_weighs_more_is_learnt_better() -> None:
    songs = small_band()
    plain, weighted = learn_instant(songs), learn_instant(songs, weights=[1, 1, 2.5])
    assert len(weighted.line_ups) == 4
    assert weighted.line_ups[2] == weighted.line_ups[3] == plain.line_ups[2]
    assert weighted.counts["count"].sum() > plain.counts["count"].sum()
