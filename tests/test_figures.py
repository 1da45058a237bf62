"""The benchmarks' shared protocol."""

import json
import sys

import pytest

from benchmarks import figures
from benchmarks.figures import Figure


def test_lower_is_better_holds_at_the_bound():
    row = Figure("help_s", 0.4, "s", "lower", floor=0.4, goal=0.15).row()
    assert row["holds_floor"] is True
    assert row["holds_goal"] is False


def test_higher_is_better():
    row = Figure("x_realtime", 324.0, "x", "higher", floor=100, goal=300).row()
    assert row["holds_floor"] and row["holds_goal"]


def test_nothing_measured_holds_nothing():
    row = Figure("x", float("nan"), "x", "higher", floor=0, goal=0).row()
    assert not row["holds_floor"] and not row["holds_goal"]


def test_json_is_one_object(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["benchmark", "--json"])
    with pytest.raises(SystemExit) as end:
        figures.run("demo", lambda options: [Figure("a", 3.0, "s", "lower", 2.0, 1.0)])
    assert end.value.code == 1
    report = json.loads(capsys.readouterr().out)
    assert report["benchmark"] == "demo"
    assert set(report) == {"benchmark", "versions", "hardware", "figures"}
    assert report["figures"][0]["holds_floor"] is False


def test_table_says_what_holds(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["benchmark"])
    with pytest.raises(SystemExit) as end:
        figures.run("demo", lambda options: [Figure("a", 0.5, "s", "lower", 2.0, 1.0)])
    assert end.value.code == 0
    assert capsys.readouterr().out.splitlines()[1].endswith("goal")


def test_a_report_holds_once_it_is_measured():
    row = Figure.report("bits_new", 4.7, "bits/note").row()
    assert row["holds_floor"] and row["holds_goal"]
    assert isinstance(row["floor"], float) and isinstance(row["goal"], float)
    assert not Figure.report("bits_new", float("nan"), "bits/note").row()["holds_floor"]


def test_every_benchmark_says_what_it_asks_and_stands_in_the_index():
    index = (figures.ROOT / "benchmarks" / "README.md").read_text(encoding="utf-8")
    names = [path.parent.name for path in (figures.ROOT / "benchmarks").glob("*/__main__.py")]
    assert "learn_quick" in names
    for name in names:
        page = (figures.ROOT / "benchmarks" / name / "README.md").read_text(encoding="utf-8")
        assert "?" in page.splitlines()[0], name
        assert f"python -m benchmarks.{name}" in page
        assert f"({name}/README.md)" in index
