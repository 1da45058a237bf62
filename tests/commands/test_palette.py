"""The verbs of latent spaces as a user meets them: what they print and write, and what they say when they cannot."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bandroid import api, terminal
from bandroid.cli import app
from bandroid.errors import WishError
from bandroid.music.midi_writer import write_midi
from bandroid.music.read import read_songs
from tests.small_band import small_song

SMALL = (
    "z_window=4", "z_slice=3", "width=12", "decoder=10", "embedding=6", "features=5", "batch_size=4", "threads=1",
    "precision=fp32", "evaluate_every=75", "learning_rate=0.01", "beta_full_step=200",
)  # fmt: skip
QUIET = ("--audio", "none", "--no-score")


def bandroid(*words: object) -> int:
    """Run a command in this process, as __main__ does."""
    return terminal.run(lambda: app([str(word) for word in words], standalone_mode=False, prog_name="bandroid"))


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with one space of drums."""
    folder, band = tmp_path_factory.mktemp("home"), tmp_path_factory.mktemp("band")
    for number, key in enumerate((0, 2, 5, 7)):
        write_midi(small_song(key, n_bars=20), band / f"song-{number}.mid")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BANDROID_HOME", str(folder))
        api.learn([band], name="beats", preset="drums-2bar", steps=150, settings=SMALL, device="cpu")
    return folder


@pytest.fixture(autouse=True)
def _at_home(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BANDROID_HOME", str(home))


@pytest.fixture
def songs(tmp_path: Path) -> list[Path]:
    paths = [tmp_path / f"{letter}.mid" for letter in "abcd"]
    for path, key in zip(paths, (0, 2, 5, 7), strict=True):
        write_midi(small_song(key, n_bars=8), path)
    return paths


def test_reconstruct(songs: list[Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "out"
    assert bandroid("reconstruct", songs[0], "--style", "beats", "-o", out) == 0
    said = capsys.readouterr().out
    assert "a.mid as beats hears it" in said
    names = {path.relative_to(out).as_posix() for path in out.rglob("*") if path.is_file()}
    assert {"a-reconstructed.mid", "a-reconstructed.wav", "pictures/a-reconstructed.svg"} <= names
    assert "score/a-reconstructed.musicxml" in names


def test_vary(songs: list[Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "out"
    words = ("vary", songs[0], "--style", "beats", "--set", "density=+1.5", "--variations", 2, "--seed", 4, "-o", out)
    assert bandroid(*words, *QUIET, "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert [Path(piece["midi"]).name for piece in found["pieces"]] == ["a-varied-4-1.mid", "a-varied-4-2.mid"]
    assert found["style"] == "beats" and found["style_hash"]
    assert bandroid(*words, *QUIET) == 2
    assert "--force replaces it" in capsys.readouterr().err


def test_more_like_a_folder(songs: list[Path], tmp_path: Path) -> None:
    folder = tmp_path / "more"
    write_midi(small_song(4, n_bars=12), folder / "one.mid")
    words = ("vary", songs[0], "--style", "beats", "--more-like", folder, "--strength", 2)
    assert bandroid(*words, *QUIET, "-o", tmp_path / "out") == 0
    assert bandroid(*words[:-3], tmp_path / "none", *QUIET, "-o", tmp_path / "out2") == 2


def test_interpolate_writes_the_path_and_each_step(songs: list[Path], tmp_path: Path) -> None:
    out = tmp_path / "out"
    words = ("interpolate", *songs[:2], "--style", "beats", "--steps", 4, "--keep-ends", "--at", "3-4")
    assert bandroid(*words, *QUIET, "-o", out) == 0
    assert [path.name for path in sorted((out / "steps").glob("*.mid"))] == [f"a-b-path-0{n}.mid" for n in range(1, 5)]
    whole = read_songs(out / "a-b-path.mid")[0]
    assert [marker.text for marker in whole.markers] == ["1", "2", "3", "4"]


def test_a_grid_has_a_picture(songs: list[Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "out"
    words = (
        "interpolate",
        *songs,
        "--corners",
        "--size",
        3,
        "--style",
        "beats",
        "--at",
        4,
        *QUIET,
        "-o",
        out,
        "--json",
    )
    assert bandroid(*words) == 0
    found = json.loads(capsys.readouterr().out)
    assert [len(row) for row in found["rows"]] == [3, 3, 3]
    assert Path(found["picture"]).read_text(encoding="utf-8").count('fill="#f3f4f6"') == 9
    assert len(list(out.glob("*.mid"))) == 9


def test_a_walk_is_the_same_for_the_same_seed(tmp_path: Path) -> None:
    words = ("interpolate", "--random", 2, "--steps", 3, "--style", "beats", "--seed", 3, *QUIET)
    assert bandroid(*words, "-o", tmp_path / "one") == bandroid(*words, "-o", tmp_path / "two") == 0
    one, two = ((tmp_path / name / "beats-path-3.mid").read_bytes() for name in ("one", "two"))
    assert one == two


def test_chain(songs: list[Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "out"
    assert bandroid("chain", *songs[:3], "--style", "beats", "--at", "1-4", *QUIET, "-o", out) == 0
    assert "3 songs joined in beats" in capsys.readouterr().out
    markers = [marker.text for marker in read_songs(out / "a-chain.mid")[0].markers if marker.text]
    assert markers == ["A", "A-B", "B", "B-C", "C"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("vary", "a.mid", "--style", "rock"), "these do: band-16bar, beats"),
        (("vary", "a.mid", "--style", "nothing"), "no style called"),
        (("vary", "a.mid", "--style", "beats", "--set", "height=1"), "density, syncopation, velocity"),
        (("vary", "a.mid", "--style", "beats", "--set", "density"), "density=+1.5"),
        (("vary", "a.mid", "--style", "beats", "--amount", "2"), "0 (the same) to 1"),
        (("vary", "a.mid", "--style", "beats", "--at", "x"), "write bars as 9-24"),
        (("vary", "a.mid", "--style", "beats", "--at", "90-91"), "bars 1 to 8"),
        (("interpolate", "a.mid", "--style", "beats"), "name two songs, not 1"),
        (("interpolate", "a.mid", "b.mid", "--corners", "--style", "beats"), "name four songs, not 2"),
        (("interpolate", "a.mid", "--random", "2", "--style", "beats"), "name no song"),
        (("interpolate", "--random", "2"), "name a latent space"),
        (("interpolate", "a.mid", "b.mid", "--style", "beats", "--steps", "1"), "--steps 1 is out of range"),
        (("chain", "a.mid", "--style", "beats"), "name two songs at least"),
        (("chain", "a.mid", "b.mid", "--style", "beats", "--between", "99"), "--between 99"),
        (("continue", "a.mid", "--style", "beats"), "latent space"),
        (("compose", "beats", "--primer", "[(36,)]"), "latent space"),
    ],
)
def test_what_cannot_be_is_said_in_one_line(
    songs: list[Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    words: tuple[str, ...],
    said: str,
) -> None:
    monkeypatch.chdir(songs[0].parent)
    assert bandroid(*words) == 2
    complaint = capsys.readouterr().err.strip().splitlines()[-1]
    assert complaint.startswith("bandroid: ") and said in complaint
    assert not list(tmp_path.rglob("bandroid-out/*/*"))


def test_a_song_is_never_written_over(songs: list[Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    song = tmp_path / "x-reconstructed.mid"
    write_midi(small_song(n_bars=8), song)
    again = tmp_path / "x.mid"
    again.hardlink_to(song)
    before = song.read_bytes()
    assert bandroid("reconstruct", again, "--style", "beats", "-o", tmp_path, "--force", *QUIET) == 2
    assert "would be written over" in capsys.readouterr().err
    assert song.read_bytes() == before


def test_the_same_verbs_in_python(songs: list[Path]) -> None:
    a, b = songs[:2]
    assert api.reconstruct(a, "beats").song.parts
    assert len(api.vary(a, "beats", amount=0.2, variations=2, seed=1)) == 2
    whole, each = api.interpolate(a, b, "beats", steps=3)
    assert len(each) == 3 and whole.song.n_notes == sum(one.song.n_notes for one in each)
    assert [len(row) for row in api.corners(songs, "beats", size=2)] == [2, 2]
    assert len(api.wander("beats", points=2, steps=3, seed=1)[1]) == 3
    assert api.chain([a, b], "beats").song.markers
    with pytest.raises(WishError):
        api.vary(a, "beats", settings={"height": 1.0})
