"""What is kept on the disk, and what happens when it is full."""

import errno
from dataclasses import replace

import pytest
import torch
from tiny_task import FACTS, HABIT, LONG, TinyTask, learn, lines_of, same_weights

from bandroid import files
from bandroid.training.checkpoint import size_byte, steps_in
from bandroid.training.loop import Budget, Listener, train
from bandroid.training.run_folder import find_run, opened


@pytest.fixture
def disk(monkeypatch):
    """A disk that is full for whoever writes more than nothing, between fill() and free()."""

    class Disk:
        is_full = False
        path_open = staticmethod(files.Path.write_bytes)

    def write_bytes(path, content):
        if Disk.is_full:
            Disk.path_open(path, content[: len(content) // 2])
            raise OSError(errno.ENOSPC, "No space left on device")
        return Disk.path_open(path, content)

    monkeypatch.setattr(files.Path, "write_bytes", write_bytes)
    return Disk


class FillingTask(TinyTask):
    """Fills the disk at some steps and frees it at others."""

    disk = None
    fill_at, free_at = 23, 10**9

    def loss(self, step, batch_size):
        if step == self.fill_at:
            self.disk.is_full = True
        if step == self.free_at:
            self.disk.is_full = False
        return super().loss(step, batch_size)


def test_a_full_disk_costs_a_line_not_the_training(unbroken, disk):
    outcome, lines = unbroken
    task = FillingTask()
    task.disk = disk
    again, said = learn(task, steps=62)
    assert again.choice.because == outcome.choice.because
    assert same_weights(again.weights, outcome.weights)
    about = [line for line in said if "room" in line]
    assert about == [
        "there is no room left on the disk: training goes on with the best in memory; should it be broken off now, "
        "--resume goes on from step 20"
    ]
    disk.is_full = False
    resumed, said = learn(TinyTask(), how="resume", steps=62)
    assert "going on from step 20" in said
    assert lines_of("mine") == lines
    assert same_weights(resumed.weights, outcome.weights)


def test_what_could_not_be_written_is_written_when_there_is_room_again(unbroken, disk):
    outcome, lines = unbroken
    task = FillingTask()
    task.disk, task.free_at = disk, 43
    again, said = learn(task, steps=62)
    assert any("there is room on the disk again" in line for line in said)
    assert lines_of("mine") == lines
    assert outcome.choice.step in find_run("mine").milestone_steps()
    assert same_weights(again.weights, outcome.weights)


def test_milestones_are_thinned_to_the_megabytes_allowed():
    class LargeTask(TinyTask):
        def __post_init__(self):
            super().__post_init__()
            # Forty kilobytes of weights that learn nothing: two checkpoints of 80 leave room for 20 milestones.
            self.model.append(torch.nn.Linear(4, 4))
            self.model[-1].register_buffer("ballast", torch.zeros(10_000))

    settings = replace(LONG, disk_mb=1, evaluate_every=1)
    outcome, said = learn(LargeTask(), settings=settings, steps=50)
    run = find_run("mine")
    steps = run.milestone_steps()
    assert size_byte(run.checkpoints) + size_byte(run.milestones) <= 1_000_000
    assert len(steps_in(run.checkpoints)) == 2
    assert 10 < len(steps) < 25
    assert steps[0] == 1 and outcome.choice.step in steps
    assert all(any(step <= other <= 1.5 * step + 1 for other in steps if other != step) for step in steps[:-1])
    assert not any("too little" in line for line in said)


def test_a_budget_that_is_too_small_is_said_once():
    task = TinyTask()
    task.model.register_buffer("ballast", torch.zeros(200_000))
    settings = replace(LONG, disk_mb=1)
    outcome, said = learn(task, settings=settings, steps=30)
    assert [line for line in said if "disk_mb" in line] == [
        "disk_mb is too little for this model: the last checkpoint and the best alone are kept"
    ]
    run = find_run("mine")
    assert steps_in(run.checkpoints) == [30]
    assert outcome.choice.step in run.milestone_steps()


def test_a_run_that_is_forced_anew_leaves_nothing_of_the_old_one():
    learn(TinyTask(), steps=30)
    with opened("mine", FACTS, "anew") as run:
        train(TinyTask(), LONG, run, HABIT, Budget(steps=5), Listener())
    assert run.milestone_steps() == [5] and steps_in(run.checkpoints) == [5]
