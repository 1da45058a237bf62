"""The whole way on the preset `tiny`: a folder of songs, a trained style, new music, and what can be said of it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from bandroid import terminal
from bandroid.bundle import store
from bandroid.cli import app
from bandroid.generation.style import load_style, try_out
from bandroid.music.midi_writer import write_midi
from bandroid.music.read import read_songs
from bandroid.training.run_folder import find_run
from small_band import varied_band, varied_song


def bandroid(*words: object) -> int:
    return terminal.run(lambda: app([str(word) for word in words], standalone_mode=False, prog_name="bandroid"))


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with a band of four songs, and a style trained on three of them."""
    home = tmp_path_factory.mktemp("tiny")
    for number, song in enumerate(varied_band(4), 1):
        write_midi(song, home / "band" / f"song{number}.mid")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BANDROID_HOME", str(home))
        words = ("--name", "mine", "--preset", "tiny", "--hold-out", "song2", "--set", "patience=3", "--steps", 18)
        assert bandroid("learn", home / "band", *words) == 0
    return home


@pytest.fixture(autouse=True)
def _at_home(home: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("BANDROID_HOME", str(home))
    monkeypatch.chdir(tmp_path)


def test_a_style_comes_out_that_works() -> None:
    bundle = store.find_style("mine")
    try_out(bundle)
    assert load_style(bundle).net is not None
    assert {"weights.safetensors", "curves.svg", "golden.npz", "counts.npz", "fingerprints.npz", "hear.onnx"} <= set(
        bundle.manifest.files
    )
    training = bundle.manifest.training
    assert [song.split for song in training.songs] == ["train", "held-out", "train", "train"]
    assert training.figures["songs"] == 3 and training.figures["held_out_songs"] == 1
    assert training.figures["bits_per_note_held_out"] > 0
    assert any("18 steps were asked for" in note for note in training.notes)
    assert any(note.startswith("3 songs: ") for note in training.notes)


def test_the_run_holds_the_way_there() -> None:
    run = find_run("mine")
    kinds = [json.loads(line)["kind"] for line in run.metrics_file.read_text().splitlines()]
    assert kinds.count("step") == 18 and kinds.count("test") >= 3
    assert run.curves_svg.read_bytes().lstrip().startswith(b"<svg") and run.curves_png.read_bytes()[1:4] == b"PNG"
    assert run.milestone_steps() and any(run.tensorboard.iterdir())
    samples = list(run.folder.glob("samples/*/*.mid"))
    assert samples and all(read_songs(sample)[0].n_notes for sample in samples)
    assert (run.facts().outcome or {})["step"] in run.milestone_steps()


def test_it_composes(tmp_path: Path) -> None:
    words = ("compose", "mine", "--bars", 8, "--seed", 3, "--variations", 2, "--audio", "none", "--no-score")
    assert bandroid(*words, "-o", tmp_path / "a") == 0
    assert bandroid(*words, "-o", tmp_path / "b") == 0
    pieces = [path.read_bytes() for path in sorted((tmp_path / "a").glob("*.mid"))]
    assert len(set(pieces)) == 2
    assert pieces == [path.read_bytes() for path in sorted((tmp_path / "b").glob("*.mid"))]
    assert all(read_songs(path)[0].n_notes > 8 for path in (tmp_path / "a").glob("*.mid"))


def test_it_goes_on_with_a_song(home: Path, tmp_path: Path) -> None:
    words = ("--style", "mine", "--bars", 2, "--seed", 1, "--audio", "none", "--no-score", "-o", tmp_path)
    assert bandroid("continue", home / "band" / "song2.mid", *words) == 0


def test_it_is_evaluated_on_songs_that_it_does_not_know(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_midi(varied_song(99), tmp_path / "other" / "new.mid")
    assert bandroid("evaluate", "mine", tmp_path / "other", "--json") == 0
    report = json.loads(capsys.readouterr().out)
    assert 0 < report["unseen"]["bits_per_note"] < report["untaught"]["bits_per_note"]


def test_it_travels(home: Path, tmp_path: Path) -> None:
    assert bandroid("styles", "export", "mine", "-o", tmp_path) == 0
    assert bandroid("styles", "import", tmp_path / "mine.bandroid", "--name", "theirs") == 0
    assert store.find_style("theirs").read("hear.onnx") == store.find_style("mine").read("hear.onnx")


def without_torch(*words: object) -> subprocess.CompletedProcess[str]:
    """Run a command in a process for which the extra `learn` is not installed."""
    hidden = "import sys; sys.modules.update(dict.fromkeys(('torch', 'onnx', 'safetensors', 'tensorboard')))"
    program = f"{hidden}; from bandroid.__main__ import main; sys.exit(main())"
    command = [sys.executable, "-c", program, *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True)


def test_composing_needs_no_torch(tmp_path: Path) -> None:
    words = ("compose", "mine", "--bars", 4, "--seed", 3, "--audio", "none", "--no-score")
    done = without_torch(*words, "-o", tmp_path / "a")
    assert done.returncode == 0 and done.stderr == ""
    assert bandroid(*words, "-o", tmp_path / "b") == 0
    assert (tmp_path / "a" / "mine-3-1.mid").read_bytes() == (tmp_path / "b" / "mine-3-1.mid").read_bytes()


def test_learning_says_how_to_get_torch(home: Path) -> None:
    for words in (("--name", "other"), ("--name", "mine", "--resume"), ("--name", "other", "--preset", "tiny")):
        done = without_torch("learn", home / "band", *words)
        assert done.returncode == 1 and done.stdout == "" and done.stderr.count("\n") == 1
        assert "pip install 'bandroid[learn]'" in done.stderr and "--preset instant" in done.stderr
    done = without_torch("learn", home / "band", "--name", "other", "--preset", "instant")
    assert done.returncode == 0
