"""`bandroid presets` and `bandroid compare` as a user meets them."""

import json
import math

import pytest

from bandroid import terminal
from bandroid.cli import app
from bandroid.presets import PRESETS
from bandroid.training.judging import Evaluation, Yardsticks
from bandroid.training.metrics import MetricsFile
from bandroid.training.run_folder import RunFacts, RunSong, opened


def bandroid(*words: object) -> int:
    """Run a command in this process, as __main__ does."""
    return terminal.run(lambda: app([str(word) for word in words], standalone_mode=False, prog_name="bandroid"))


def a_run(name: str, *, learning_rate: float, losses: list[float], songs: str = "ab") -> None:
    """Leave a run as training would have left it."""
    facts = RunFacts(
        "tiny",
        {"learning_rate": learning_rate, "layers": [16]},
        tuple(RunSong(f"{song}.mid", song, "train") for song in songs),
        yardsticks=Yardsticks(copy_habit=0.05, ngram_loss=2.0).as_json(),
        outcome={"ended_because": "the time is up"} if losses else None,
    )
    with opened(name, facts, "new") as run:
        metrics = MetricsFile(run.metrics_file)
        for n, loss in enumerate(losses, 1):
            one = Evaluation(100 * n, float(n), loss, 0.5, loss, 0.6, 0.02, None, learning_rate, 10.0 * n)
            metrics.add("test", **one.as_json())
        metrics.write()


def test_presets_are_listed(capsys):
    assert bandroid("presets", "list") == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == [preset.name for preset in PRESETS]
    assert "default" in lines[1] and "pip install 'bandroid[learn]'" in lines[1]
    assert bandroid("presets", "list", "--json") == 0
    assert json.loads(capsys.readouterr().out)["default"] == "quick"


def test_a_preset_is_shown_with_all_its_settings(capsys):
    assert bandroid("presets", "show", "quick") == 0
    out = capsys.readouterr().out
    for setting in PRESETS[1].settings.values():
        assert f"\n{setting.name} " in out and setting.allowed in out
    assert max(map(len, out.splitlines())) <= 100
    assert bandroid("presets", "show", "quick", "--json") == 0
    assert json.loads(capsys.readouterr().out)["settings"]["dropout"]["may_be"] == "0 to 0.9"
    assert bandroid("presets", "show", "instant") == 0
    assert "nothing to set" in capsys.readouterr().out


def test_unknown_presets(capsys):
    assert bandroid("presets", "show", "quik") == 2
    assert "did you mean quick" in capsys.readouterr().err


@pytest.fixture
def two_runs():
    a_run("one", learning_rate=0.01, losses=[2.0, 1.5, 1.6])
    a_run("two", learning_rate=0.02, losses=[2.0, 1.8, 1.25], songs="abc")


def test_two_runs_are_compared(two_runs, capsys):
    assert bandroid("compare", "one", "two") == 0
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert ["learning_rate", "0.01", "0.02"] in lines
    assert not [line for line in lines if line[:1] == ["layers"]]
    assert ["kept", "step", "200", "300"] in lines
    assert ["held-out", "loss,", "bits", "per", "note", "1.5", "1.25"] in lines
    assert ["songs:", "2", "and", "3,", "2", "of", "them", "in", "both"] in lines


def test_two_runs_as_json(two_runs, capsys):
    assert bandroid("compare", "one", "two", "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert found["settings"] == {"learning_rate": [0.01, 0.02]}
    assert found["figures"]["steps in all"] == [300, 300]


def test_two_runs_in_one_picture(two_runs, tmp_path, capsys):
    assert bandroid("compare", "one", "two", "-o", tmp_path / "out") == 0
    assert (tmp_path / "out" / "one-and-two.svg").read_text().startswith("<svg")
    assert (tmp_path / "out" / "one-and-two.png").read_bytes().startswith(b"\x89PNG")
    assert bandroid("compare", "one", "two", "-o", tmp_path / "out") == 2
    assert "--force" in capsys.readouterr().err
    assert bandroid("compare", "one", "two", "-o", tmp_path / "out", "--force") == 0


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("one", "tow"), "there is no run called 'tow'; did you mean two?"),
        (("one", "one"), "one twice: name two trainings"),
        (("one", "empty", "-o", "out"), "run empty has no test to draw yet"),
    ],
)
def test_what_cannot_be_compared(two_runs, words, message, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    a_run("empty", learning_rate=0.01, losses=[])
    assert bandroid("compare", *words) == 2
    assert message in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_runs_that_have_not_come_far(two_runs, capsys):
    a_run("empty", learning_rate=0.01, losses=[])
    a_run("lost", learning_rate=0.01, losses=[math.nan])
    assert bandroid("compare", "empty", "lost") == 0
    out = capsys.readouterr().out
    assert "empty: nothing to keep yet; not at its end yet" in out and "the same settings" in out
