"""The styles that ship load, work here as where they were made, and never saw the songs of the examination."""

from __future__ import annotations

import hashlib
import tomllib
from pathlib import Path

import pytest

from bandroid.bundle.store import DEFAULT_STYLE, SHIPPED_FOLDER, open_style
from bandroid.generation.compose import Wish, compose
from bandroid.generation.style import check_golden, load_style

RECIPES = Path(__file__).resolve().parent.parent / "recipes"
NAMES = ("classical", "folk", "grooves", "rock")


def test_four_styles_ship_each_with_its_recipe() -> None:
    assert tuple(sorted(folder.name for folder in SHIPPED_FOLDER.iterdir() if folder.is_dir())) == NAMES
    assert tuple(sorted(path.stem for path in RECIPES.glob("*.toml"))) == NAMES
    assert DEFAULT_STYLE == "rock"


@pytest.mark.parametrize("name", NAMES)
def test_a_style_works_here_as_where_it_was_made(name: str) -> None:
    bundle = open_style(SHIPPED_FOLDER / name)
    bundle.check()
    style = load_style(bundle)
    check_golden(style, bundle)
    piece = compose(style, Wish(n_bars=8), seed=1)
    assert piece.song.n_notes >= 8
    assert piece.habits.longest_rest_bars <= 1
    assert bundle.size_byte < 10e6


@pytest.mark.parametrize("name", NAMES)
def test_a_style_names_its_data_as_its_recipe_does(name: str) -> None:
    training = open_style(SHIPPED_FOLDER / name).manifest.training
    recipe = tomllib.loads((RECIPES / f"{name}.toml").read_text(encoding="utf-8"))
    assert [source.commit for source in training.sources] == [source["commit"] for source in recipe["sources"]]
    assert all(source.commit and source.licence for source in training.sources)
    assert all(song.licence and song.author for song in training.songs)
    assert 0.05 < sum(song.split == "held-out" for song in training.songs) / len(training.songs) < 0.15
    assert training.figures["bits_per_note_held_out"] > 0


def test_no_style_has_seen_the_examination(data: Path) -> None:
    unseen = [
        *(data / "freedoom/band_lola_harvey").glob("*.mid"),
        *(data / "freedoom/band_korp").glob("*.mid"),
        *(data / "simutrans/band_shunter").glob("*.mid"),
        data / "freedoom/history_other/d_e1m1__fc6d4106.mid",
    ]
    hashes = {hashlib.sha256(path.read_bytes()).hexdigest() for path in unseen}
    assert len(hashes) > 60
    for name in NAMES:
        songs = open_style(SHIPPED_FOLDER / name).manifest.training.songs
        assert not hashes & {song.sha256 for song in songs}, name
