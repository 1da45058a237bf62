"""Two bands in equal shares, and one band as ever."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from bandroid.corpus.balance import balance_remarks, song_weights
from bandroid.corpus.collect import Corpus, collect
from bandroid.music.midi_writer import write_midi
from bandroid.music.song import Song


@pytest.fixture
def two_bands(tmp_path: Path, band: Callable[..., Song]) -> Path:
    """A band of three songs of sixteen bars, and one of one song of eight."""
    for number in range(3):
        write_midi(band(number), tmp_path / "many" / "live" / f"song{number}.mid")
    write_midi(band(9, 8), tmp_path / "few" / "only.mid")
    return tmp_path


def bars_by_folder(corpus: Corpus) -> dict[str, float]:
    bars: dict[str, float] = {}
    for song, weight in zip(corpus.train, song_weights(corpus.train), strict=True):
        bars[song.folder.name] = bars.get(song.folder.name, 0.0) + weight * song.n_bars
    return bars


def test_every_folder_weighs_alike(two_bands: Path) -> None:
    corpus = collect([two_bands / "many", two_bands / "few"])
    bars = bars_by_folder(corpus)
    assert bars == pytest.approx({"many": 48, "few": 48})
    assert sorted(song_weights(corpus.train)) == pytest.approx([1, 1, 1, 6])
    assert balance_remarks(corpus) == ("few: each song counts 6 times, so that every folder has an equal share",)


def test_one_folder_weighs_as_ever(two_bands: Path) -> None:
    corpus = collect([two_bands])
    assert song_weights(corpus.train) == (1, 1, 1, 1)
    assert balance_remarks(corpus) == ()
    assert song_weights(()) == ()


def test_only_songs_to_learn_count(two_bands: Path) -> None:
    corpus = collect([two_bands / "many", two_bands / "few"], hold_out=["song1", "song2"])
    assert bars_by_folder(corpus) == pytest.approx({"many": 16, "few": 16})
