"""`bandroid runs`: what a training was like on the way, as figures and as styles."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bandroid import terminal
from bandroid.bundle import store
from bandroid.cli import app
from bandroid.generation.style import load_style, try_out
from bandroid.music.midi_writer import write_midi
from bandroid.training import extra
from bandroid.training.lock import locked
from bandroid.training.run_folder import find_run, runs_folder
from small_band import varied_band


def bandroid(*words: object) -> int:
    return terminal.run(lambda: app([str(word) for word in words], standalone_mode=False, prog_name="bandroid"))


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A home with a training of twenty steps, tested every five."""
    home = tmp_path_factory.mktemp("runs")
    for number, song in enumerate(varied_band(3), 1):
        write_midi(song, home / "band" / f"song{number}.mid")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BANDROID_HOME", str(home))
        words = ("--preset", "tiny", "--steps", 20, "--set", "copy_patience=0", "--set", "patience=9")
        assert bandroid("learn", home / "band", "--name", "mine", *words) == 0
        yield home


@pytest.fixture(autouse=True)
def _at_home(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BANDROID_HOME", str(home))


def json_of(capsys: pytest.CaptureFixture[str], *words: object) -> dict[str, Any]:
    capsys.readouterr()
    assert bandroid(*words, "--json") == 0
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


def complaint(capsys: pytest.CaptureFixture[str], *words: object) -> str:
    capsys.readouterr()
    assert bandroid(*words) in (1, 2)
    said = capsys.readouterr()
    assert said.out == "" and said.err.count("\n") == 1
    return said.err


def test_runs_are_listed_and_shown(capsys: pytest.CaptureFixture[str]) -> None:
    (row,) = json_of(capsys, "runs", "list")["runs"]
    assert row["name"] == "mine" and row["is_finished"] and row["songs"] == 3 and row["size_byte"] > 10_000
    shown = json_of(capsys, "runs", "show", "mine")
    assert [test["step"] for test in shown["tests"]] == [5, 10, 15, 20]
    assert all(test["milestone"] for test in shown["tests"])
    assert bandroid("runs", "show", "mine") == 0
    out = capsys.readouterr().out
    assert "copy_patience=0" in out and "20 steps were asked for" in out
    assert out.count("milestone") == 4 and out.count(", kept\n") == 1


def test_the_step_that_was_kept_is_the_style_itself() -> None:
    kept = (find_run("mine").facts().outcome or {})["step"]
    assert bandroid("runs", "export", "mine", "--step", kept, "--name", "again") == 0
    one, other = store.find_style("mine"), store.find_style("again")
    same = {name for name in one.manifest.files if one.read(name) == other.read(name)}
    assert set(one.manifest.files) - same == {"CARD.md"}
    for name in ("representation", "model", "defaults", "preset"):
        assert getattr(one.manifest, name) == getattr(other.manifest, name)


def test_a_milestone_is_another_net_over_the_same_counts(capsys: pytest.CaptureFixture[str]) -> None:
    report = json_of(capsys, "runs", "export", "mine", "--step", 5)
    assert report["style"] == "mine-step-5"
    tests = json_of(capsys, "runs", "show", "mine")["tests"]
    assert report["figures"]["bits_per_note_own_held_out"] == pytest.approx(tests[0]["held_out_loss"], abs=1e-3)
    mine, early = store.find_style("mine"), store.find_style("mine-step-5")
    try_out(early)
    assert load_style(early).net is not None
    assert mine.read("counts.npz") == early.read("counts.npz")
    for name in ("hear.onnx", "cell.onnx", "weights.safetensors", "golden.npz"):
        assert mine.read(name) != early.read(name)
    assert any("step 5, epoch" in note for note in early.manifest.training.notes)
    assert not any("20 steps were asked for" in note for note in early.manifest.training.notes)
    assert "already" in complaint(capsys, "runs", "export", "mine", "--step", 5)
    assert bandroid("runs", "export", "mine", "--step", 5, "--force") == 0


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("show", "mime"), "did you mean mine"),
        (("export", "mime", "--step", 5), "did you mean mine"),
        (("export", "mine"), "There is 5, 10, 15, 20"),
        (("export", "mine", "--step", 7), "there is: 5, 10, 15, 20"),
        (("export", "mine", "--step", 5, "--name", "mine"), "choose another"),
        (("export", "mine", "--step", 5, "--name", "rock"), "ships with bandroid"),
        (("export", "mine", "--step", 5, "--name", "My Band"), "my-band"),
        (("remove", "mime"), "did you mean mine"),
    ],
)
def test_wishes_that_cannot_be(capsys: pytest.CaptureFixture[str], words: tuple[object, ...], message: str) -> None:
    assert message in complaint(capsys, "runs", *words)


def test_without_torch(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(extra, "find_spec", lambda name: None)
    assert "pip install 'bandroid[learn]'" in complaint(capsys, "runs", "export", "mine", "--step", 10)
    assert bandroid("runs", "list") == 0 and bandroid("runs", "show", "mine") == 0


def test_a_run_without_its_style_says_resume(capsys: pytest.CaptureFixture[str]) -> None:
    run = find_run("mine")
    facts = run.facts()
    run.change_facts(outcome=None)
    try:
        assert "--name mine --resume" in complaint(capsys, "runs", "export", "mine", "--step", 10)
        assert bandroid("runs", "show", "mine") == 0
        assert "--resume" in capsys.readouterr().out
        run.change_facts(outcome={**(facts.outcome or {}), "step": 3})
        assert "did not come from run mine" in complaint(capsys, "runs", "export", "mine", "--step", 10)
    finally:
        run.write_facts(facts)


def test_a_milestone_that_was_cut_off(capsys: pytest.CaptureFixture[str]) -> None:
    weights = find_run("mine").milestone(15) / "weights.safetensors"
    content = weights.read_bytes()
    weights.write_bytes(content[:-7])
    try:
        assert "wrong sha256" in complaint(capsys, "runs", "export", "mine", "--step", 15)
    finally:
        weights.write_bytes(content)


def test_a_damaged_run_is_listed_as_such(capsys: pytest.CaptureFixture[str]) -> None:
    broken = runs_folder() / "broken"
    broken.mkdir()
    (broken / "run.json").write_text("{")
    assert [row["name"] for row in json_of(capsys, "runs", "list")["damaged"]] == ["broken"]
    assert bandroid("runs", "remove", "broken") == 0
    assert not broken.exists()


def test_a_run_is_removed_but_not_while_it_trains(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    copy = runs_folder() / "other"
    (copy / "checkpoints").mkdir(parents=True)
    (copy / "run.json").write_bytes((runs_folder() / "mine" / "run.json").read_bytes())
    with locked(runs_folder() / ".other.lock"):
        assert "at this moment" in complaint(capsys, "runs", "remove", "other")
    assert copy.exists()
    assert bandroid("runs", "remove", "other") == 0
    assert not copy.exists() and "mine" in store.style_names()
