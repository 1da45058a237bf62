"""metrics.jsonl grows line by line, and is cut back."""

import errno
import json
import math

import pytest

from bandroid.errors import MachineError
from bandroid.training.judging import Evaluation
from bandroid.training.metrics import Board, MetricsFile, read_evaluations
from bandroid.training.run_folder import RunFacts, opened


def test_lines_are_held_back_until_written(tmp_path):
    path = tmp_path / "run" / "metrics.jsonl"
    metrics = MetricsFile(path)
    metrics.add("step", step=1, loss=math.nan)
    assert not path.exists()
    metrics.write()
    assert json.loads(path.read_text()) == {"kind": "step", "step": 1, "loss": None}
    assert metrics.length_byte == path.stat().st_size


def test_what_came_later_is_cut_off(tmp_path):
    path = tmp_path / "metrics.jsonl"
    metrics = MetricsFile(path)
    lengths = []
    for step in (1, 2, 3):
        metrics.add("step", step=step)
        metrics.write()
        lengths.append(metrics.length_byte)
    again = MetricsFile(path, lengths[0])
    again.add("step", step=4)
    again.write()
    assert [json.loads(line)["step"] for line in path.read_text().splitlines()] == [1, 4]


def test_a_file_that_somebody_emptied_is_not_filled_with_zeros(tmp_path):
    path = tmp_path / "metrics.jsonl"
    metrics = MetricsFile(path, 1000)
    metrics.add("step", step=1)
    metrics.write()
    assert json.loads(path.read_bytes())["step"] == 1


def test_a_full_disk_loses_no_line(tmp_path, monkeypatch):
    path = tmp_path / "metrics.jsonl"
    metrics = MetricsFile(path)
    metrics.add("step", step=1)
    metrics.write()
    metrics.add("step", step=2)

    def no_room(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("pathlib.Path.open", no_room)
        with pytest.raises(MachineError):
            metrics.write()
    with path.open("ab") as file:
        file.write(b'{"kind": "st')  # half a line, as a full disk leaves it
    metrics.write()
    assert [json.loads(line)["step"] for line in path.read_text().splitlines()] == [1, 2]


def test_tests_are_read_back():
    one = Evaluation(5, 0.5, 1.0, None, math.nan, 0.5, 0.1, "is silent", 0.1, 1.0)
    with opened("mine", RunFacts("tiny", {}, ()), "new") as run:
        assert read_evaluations(run) == ()
        metrics = MetricsFile(run.metrics_file)
        metrics.add("step", step=5, loss=1.0)
        metrics.add("test", **one.as_json())
        metrics.write()
        with run.metrics_file.open("ab") as file:
            file.write(b'{"kind": "test", "step": 10}\n{"ki')
        (again,) = read_evaluations(run)
    assert again.step == 5 and math.isnan(again.held_out_loss) and again.problem == "is silent"


def test_tensorboard_reads_the_board():
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    with opened("mine", RunFacts("tiny", {}, ()), "new") as run:
        board = Board(run, 0)
        board.add(5, **{"loss/held_out": 1.5, "accuracy/held_out": None, "loss/learnt": math.nan})
        board.close()
    events = EventAccumulator(str(run.tensorboard))
    events.Reload()
    assert events.Tags()["scalars"] == ["loss/held_out"]
    (scalar,) = events.Scalars("loss/held_out")
    assert (scalar.step, scalar.value) == (5, 1.5)


def test_without_tensorboard_it_is_silent(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "torch.utils.tensorboard", None)
    with opened("mine", RunFacts("tiny", {}, ()), "new") as run:
        board = Board(run, 0)
        board.add(1, loss=1.0)
        board.close()
    assert not run.tensorboard.exists()
