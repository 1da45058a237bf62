"""Which files are found, and which ones a user means."""

from __future__ import annotations

from pathlib import Path

import pytest

from bandroid.corpus.files import all_meant, find_files, indices_meant
from bandroid.errors import CorpusError, WishError

NAMES = (
    "rock/d_map02__Dark_Underworld.mid",
    "rock/d_map08.mid",
    "folk/Song.mid",
    "folk/Song 2.MID",
    "t.abc#1",
    "t.abc#2",
)


def make_files(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"x")


def test_walks_folders_and_leaves_the_rest(tmp_path: Path) -> None:
    make_files(tmp_path, "b.MID", "sub/deep/a.Kar", "sub/c.musicxml", "cover.jpg", ".hidden.mid", ".git/x.mid")
    make_files(tmp_path, "__MACOSX/b.mid", "notes.txt", "bandroid-roles.txt", "d.abc", "e.mxl")
    found = find_files([tmp_path])
    assert [file.name for file in found.files] == ["b.MID", "d.abc", "e.mxl", "sub/c.musicxml", "sub/deep/a.Kar"]
    assert found.n_ignored == 2


def test_links_in_circles_and_two_ways_to_a_file(tmp_path: Path) -> None:
    make_files(tmp_path, "one/a.mid")
    try:
        (tmp_path / "one" / "loop").symlink_to(tmp_path, target_is_directory=True)
        (tmp_path / "z.mid").symlink_to(tmp_path / "one" / "a.mid")
        (tmp_path / "broken.mid").symlink_to(tmp_path / "nowhere")
    except OSError:
        pytest.skip("no symbolic links here")
    assert [file.name for file in find_files([tmp_path]).files] == ["broken.mid", "one/a.mid"]
    assert [file.name for file in find_files([tmp_path / "one", tmp_path / "one/a.mid"]).files] == [
        "one/a.mid",
        "one/loop/broken.mid",
    ]


def test_several_places_are_told_apart(tmp_path: Path) -> None:
    make_files(tmp_path, "x/a.mid", "y/a.mid", "b.mid")
    found = find_files([tmp_path / "x", tmp_path / "y", tmp_path / "b.mid"])
    assert [file.name for file in found.files] == ["x/a.mid", "y/a.mid", "b.mid"]
    assert found.folders == (tmp_path / "x", tmp_path / "y", tmp_path)


def test_a_missing_place_is_said(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match="no such folder"):
        find_files([tmp_path / "nowhere"])


@pytest.mark.parametrize(
    ("wish", "meant"),
    [
        ("d_map08", (1,)),
        ("D_MAP08.mid", (1,)),
        ("d_map02", (0,)),
        ("d_map0", ()),
        ("song", (2,)),
        ("song 2", (3,)),
        ("rock", (0, 1)),
        ("rock/", (0, 1)),
        ("rock\\d_map08.mid", (1,)),
        ("*map*", (0, 1)),
        ("folk/*", (2, 3)),
        ("t.abc", (4, 5)),
        ("t", (4, 5)),
        ("t.abc#2", (5,)),
        ("", ()),
    ],
)
def test_what_a_name_means(wish: str, meant: tuple[int, ...]) -> None:
    assert indices_meant(wish, NAMES) == meant


def test_unknown_names_offer_near_ones() -> None:
    assert all_meant(["song", "rock"], NAMES, "--hold-out") == {0, 1, 2}
    with pytest.raises(WishError, match=r"--hold-out d_map8: .*did you mean d_map08"):
        all_meant(["d_map8"], NAMES, "--hold-out")
