"""compose and continue say what they copy, and steer away from it unless told not to."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import bandroid as api
from bandroid import terminal
from bandroid.cli import app
from bandroid.music.midi_writer import write_midi
from small_band import small_band


def bandroid(*words: object) -> int:
    return terminal.run(lambda: app([str(word) for word in words], standalone_mode=False, prog_name="bandroid"))


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with a style of the small band, whose songs are among themselves nearly the same."""
    home = tmp_path_factory.mktemp("copying")
    for number, song in enumerate(small_band()):
        write_midi(song, home / "band" / f"song{number}.mid")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BANDROID_HOME", str(home))
        assert bandroid("learn", home / "band", "--name", "mine", "--preset", "instant") == 0
    return home


@pytest.fixture(autouse=True)
def _at_home(home: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("BANDROID_HOME", str(home))
    monkeypatch.chdir(tmp_path)


QUICK = ("--seed", 3, "--bars", 16, "--audio", "none", "--no-score", "-o", "out", "--force")


def test_what_is_copied_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert bandroid("compose", "mine", *QUICK, "--no-copy-guard", "--json") == 0
    (free,) = json.loads(capsys.readouterr().out)["pieces"]
    assert free["copies"]["windows_copied"] > 0
    match = free["copies"]["matches"][0]
    assert match["part"] in free["parts"] and match["file"].startswith("song")
    assert 1 <= match["bars"][0] <= match["bars"][1] <= 16

    assert bandroid("compose", "mine", *QUICK, "--json") == 0
    (guarded,) = json.loads(capsys.readouterr().out)["pieces"]
    assert guarded["copies"]["copied_share"] < free["copies"]["copied_share"]

    assert bandroid("compose", "mine", *QUICK, "--no-copy-guard") == 0
    out = capsys.readouterr().out
    assert f"copies {free['copies']['copied_share']:.1%} of its pairs of bars" in out
    assert f"    {match['part']}, bars {match['bars'][0]}-{match['bars'][1]}" in out


def test_bars_of_a_song_that_goes_on_are_counted_from_its_beginning(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ("continue", home / "band" / "song0.mid", "--style", "mine", *QUICK, "--no-copy-guard", "--json")
    assert bandroid(*words) == 0
    (piece,) = json.loads(capsys.readouterr().out)["pieces"]
    assert piece["first_new_bar"] == 17 and piece["copies"]["matches"]
    assert all(17 <= match["bars"][0] <= match["bars"][1] <= 32 for match in piece["copies"]["matches"])


def test_the_guard_travels_in_the_comment() -> None:
    (free,) = api.compose("mine", bars=1, seed=1, copy_guard=False)
    (guarded,) = api.compose("mine", bars=1, seed=1)
    assert [json.loads(piece.comment)["copy_guard"] for piece in (free, guarded)] == [False, True]
