"""`bandroid evaluate`, and what `learn` says of few songs and of several folders."""

import json
from pathlib import Path

import pytest

from bandroid import terminal
from bandroid.bundle.store import find_style
from bandroid.cli import app
from bandroid.music.midi_writer import write_midi
from small_band import small_song


def bandroid(*words: object) -> int:
    return terminal.run(lambda: app([str(word) for word in words], standalone_mode=False, prog_name="bandroid"))


@pytest.fixture
def style(tmp_path) -> str:
    write_midi(small_song(0), tmp_path / "band" / "one.mid")
    assert bandroid("learn", tmp_path / "band", "--preset", "instant", "--name", "mine") == 0
    return "mine"


@pytest.fixture
def others(tmp_path) -> Path:
    """The song that was learnt, and drums of another."""
    write_midi(small_song(0), tmp_path / "others" / "copy.mid")
    song = small_song(3, 12)
    write_midi(song.with_parts(song.parts[:1]), tmp_path / "others" / "drums.mid")
    return tmp_path / "others"


def test_songs_that_were_learnt_are_told_apart(style, others, capsys):
    capsys.readouterr()
    assert bandroid("evaluate", style, others) == 0
    out = capsys.readouterr().out
    assert next(line for line in out.splitlines() if line.startswith("copy.mid")).endswith("learnt: says nothing")
    assert not next(line for line in out.splitlines() if line.startswith("drums.mid")).endswith("nothing")
    assert "1 song that it has not learnt" in out
    assert "the same without any style" in out


def test_as_json(style, others, capsys):
    capsys.readouterr()
    assert bandroid("evaluate", style, others, "--json") == 0
    report = json.loads(capsys.readouterr().out)
    assert [(song["name"], song["learnt"]) for song in report["songs"]] == [("copy.mid", True), ("drums.mid", False)]
    assert report["unseen"]["songs"] == report["learnt"]["songs"] == 1
    assert report["unseen"]["bits_per_note"] == report["songs"][1]["bits_per_note"]
    assert report["learnt"]["bits_per_note"] < report["untaught"]["bits_per_note"]
    assert report["unseen"]["by_choice"]["drum"]["n"] > 0


def test_figures_that_say_nothing(style, tmp_path, capsys):
    assert bandroid("evaluate", style, tmp_path / "band") == 0
    assert "take others" in capsys.readouterr().out
    assert bandroid("evaluate", style, tmp_path / "band", "--json") == 0
    assert json.loads(capsys.readouterr().out)["unseen"] is None


def test_nothing_to_evaluate(style, tmp_path, capsys):
    (tmp_path / "bad").mkdir()
    (tmp_path / "bad" / "x.mid").write_bytes(b"MThd")
    for words, message in ((["mine", tmp_path / "bad"], "none of 1 music files"), (["min", "x"], "did you mean mine")):
        assert bandroid("evaluate", *words) == 2
        assert message in capsys.readouterr().err


def test_learn_says_what_to_expect_of_one_song(style, tmp_path, capsys):
    capsys.readouterr()
    assert bandroid("learn", tmp_path / "band", "--preset", "instant", "--name", style, "--force") == 0
    out = capsys.readouterr().out
    assert "one song: what comes of it will sound much like it" in out
    assert find_style("mine").manifest.training.notes == (out.splitlines()[-2],)
    assert bandroid("compose", style, "--bars", 2, "--audio", "none", "--no-score", "-o", tmp_path / "out") == 0


def test_learn_balances_two_folders(tmp_path, capsys):
    write_midi(small_song(0, 24), tmp_path / "long" / "song.mid")
    drums = small_song(0, 8)
    write_midi(drums.with_parts(drums.parts[:1]), tmp_path / "short" / "drums.mid")
    words = ("--preset", "instant", "--name", "both", "--json")
    assert bandroid("learn", tmp_path / "long", tmp_path / "short", *words) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["notes"][0] == "short: each song counts 3 times, so that every folder has an equal share"
    assert report["notes"][1].startswith("2 songs: ")
    line_ups = find_style("both").manifest.defaults["line_ups"]
    assert [len(line_up["players"]) for line_up in line_ups] == [3, 1, 1, 1]
