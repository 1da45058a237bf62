"""The styles that ship load, work here as where they were made, and never saw the songs of the examination."""

from __future__ import annotations

import hashlib
import json
import tomllib
from pathlib import Path

import numpy as np
import pytest

from bandroid.bundle.store import DEFAULT_STYLE, SHIPPED_FOLDER, open_style
from bandroid.critique.chorale_runs import RunIndex
from bandroid.generation.chorale_style import load_chorale_style
from bandroid.generation.compose import Wish
from bandroid.generation.style import ScoreStyle
from bandroid.generation.styles import check_any_golden, compose_any, load_any_style
from bandroid.representations.chorale import cells_of
from bandroid.representations.window import WINDOW_KINDS

RECIPES = Path(__file__).resolve().parent.parent / "recipes"
NAMES = tuple(sorted(path.stem for path in RECIPES.glob("*.toml")))
PIANISTS = ("bach", "beethoven", "folk", "handel", "mozart", "schubert")


def test_every_style_that_ships_has_its_recipe() -> None:
    assert tuple(sorted(file.parent.name for file in SHIPPED_FOLDER.glob("*/manifest.json"))) == NAMES
    assert {"classical", "folk", "grooves", "rock", *(f"piano-{name}" for name in PIANISTS)} <= set(NAMES)
    assert DEFAULT_STYLE == "rock"


@pytest.mark.parametrize("name", NAMES)
def test_a_style_works_here_as_where_it_was_made(name: str) -> None:
    bundle = open_style(SHIPPED_FOLDER / name)
    bundle.check()
    check_any_golden(bundle)
    style = load_any_style(bundle)
    piece = compose_any(style, Wish(n_bars=8), seed=1)
    assert piece.song.n_notes >= 8
    if isinstance(style, ScoreStyle):
        assert piece.habits.longest_rest_bars <= 1
    # The classics ship small.
    sizes = {"instant": 10e6, "quick": 10e6, **dict.fromkeys(WINDOW_KINDS, 10e6)}
    assert bundle.size_byte < sizes.get(bundle.manifest.preset, 4e6)


@pytest.mark.parametrize("name", [f"piano-{name}" for name in PIANISTS])
def test_a_pianist_has_two_hands_and_never_struck_what_he_was_tested_on(name: str) -> None:
    bundle = open_style(SHIPPED_FOLDER / name)
    assert (bundle.manifest.preset, bundle.manifest.learnt_parts) == ("piano", "keyboard")
    songs = bundle.manifest.training.songs
    learnt, held_out = ({song.sha256 for song in songs if song.split == split} for split in ("train", "held-out"))
    assert held_out and not learnt & held_out
    piece = compose_any(load_any_style(bundle), Wish(n_bars=8), seed=2)
    assert [part.program for part in piece.song.parts] in ([0, 0], [0])


@pytest.mark.parametrize("name", NAMES)
def test_a_style_names_its_data_as_its_recipe_does(name: str) -> None:
    training = open_style(SHIPPED_FOLDER / name).manifest.training
    recipe = tomllib.loads((RECIPES / f"{name}.toml").read_text(encoding="utf-8"))
    assert [source.commit for source in training.sources] == [source["commit"] for source in recipe["sources"]]
    assert all(source.commit and source.licence for source in training.sources)
    assert all(song.licence and song.author for song in training.songs)
    if "held_out" in recipe:  # else its data brings a split of its own
        assert 0.05 < sum(song.split == "held-out" for song in training.songs) / len(training.songs) < 0.15
    measured = ("bits_per_note_held_out", "onsets_right_held_out", "nats_per_cell_held_out")
    assert any(training.figures.get(figure, 0) > 0 for figure in measured)


def test_the_chorale_style_has_not_seen_the_test_pieces(data: Path) -> None:
    """Found by their notes, whatever the file and key: a passage may recur, a setting may not."""
    style = load_chorale_style(open_style(SHIPPED_FOLDER / "chorale"))
    assert len(style.pieces) > 250 and len(style.held_out) > 80
    pieces = json.loads((data / "jsb" / "Jsb16thSeparated.json").read_text())["test"]
    index = RunIndex(style.pieces)
    for rows in pieces:
        cells = cells_of(np.array(rows))
        assert index.longest(cells) < max(0.4 * len(cells), 64)


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


def test_spaces_ship_one_a_preset_and_never_saw_what_they_are_measured_on() -> None:
    """No song that any style holds out of the lead sheets or the classical music has taught a space."""
    manifests = {name: open_style(SHIPPED_FOLDER / name).manifest for name in NAMES}
    spaces = [manifest for manifest in manifests.values() if manifest.representation.get("name") == "window"]
    assert {manifest.preset for manifest in spaces} == set(WINDOW_KINDS)
    held_out = {
        song.sha256
        for name, manifest in manifests.items()
        if name in ("melody", "melody-2bar") or name.startswith("piano-")
        for song in manifest.training.songs
        if song.split == "held-out" and song.file.startswith(("openewld/", "mutopia/"))
    }
    for manifest in spaces:
        assert not held_out & {song.sha256 for song in manifest.training.songs if song.split == "train"}, manifest.name
        assert not any(song.file.startswith(("nottingham", "openmsx", "liquidwar")) for song in manifest.training.songs)


def test_spaces_are_small_together() -> None:
    assert sum(open_style(SHIPPED_FOLDER / name).size_byte for name in WINDOW_KINDS) < 30e6
