"""What benchmarks/resume compares."""

import json
from pathlib import Path

import pytest

from benchmarks.resume.outcome import differences, read_outcome

LINES = (
    {"kind": "step", "step": 1, "loss": 3.5},
    {"kind": "test", "step": 1, "held_out_loss": 3.4, "elapsed_second": 1.0},
)


def left(home: Path, lines=LINES, weights: bytes = b"weights", last: str = "") -> Path:
    run, style = home / "runs" / "x", home / "styles" / "x"
    run.mkdir(parents=True)
    style.mkdir(parents=True)
    text = "".join(json.dumps(line) + "\n" for line in lines) + last
    (run / "metrics.jsonl").write_text(text, encoding="utf-8")
    (style / "manifest.json").write_text("{}", encoding="utf-8")
    (style / "weights.safetensors").write_bytes(weights)
    return home


def test_times_do_not_count(tmp_path):
    slower = (LINES[0], {**LINES[1], "elapsed_second": 9.0})
    one, other = left(tmp_path / "a"), left(tmp_path / "b", slower)
    assert differences(read_outcome(one, "x"), read_outcome(other, "x")) == []


def test_a_loss_that_differs_is_named(tmp_path):
    other = ({**LINES[0], "loss": 3.5000001}, LINES[1])
    found = differences(read_outcome(left(tmp_path / "a"), "x"), read_outcome(left(tmp_path / "b", other), "x"))
    assert len(found) == 1
    assert "line 1" in found[0] and "3.5000001" in found[0]


def test_a_step_that_was_counted_twice_is_named(tmp_path):
    twice = (LINES[0], LINES[0], LINES[1])
    found = differences(read_outcome(left(tmp_path / "a"), "x"), read_outcome(left(tmp_path / "b", twice), "x"))
    assert "line 2" in found[0]


def test_other_weights_are_named(tmp_path):
    one, other = left(tmp_path / "a"), left(tmp_path / "b", weights=b"other")
    assert differences(read_outcome(one, "x"), read_outcome(other, "x")) == ["the style's weights.safetensors differ"]


def test_a_line_cut_off_is_no_outcome(tmp_path):
    with pytest.raises(RuntimeError, match="cannot be read"):
        read_outcome(left(tmp_path, last='{"kind": "st'), "x")


def test_no_style_is_no_outcome(tmp_path):
    home = left(tmp_path)
    (home / "styles" / "x" / "manifest.json").unlink()
    with pytest.raises(RuntimeError, match="no style"):
        read_outcome(home, "x")
