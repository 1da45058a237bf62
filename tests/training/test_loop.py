"""The one training loop: what it decides, and that a break leaves no trace."""

import math
import random
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from tiny_task import (
    FACTS,
    HABIT,
    LONG,
    SETTINGS,
    ScriptedTask,
    TinyTask,
    learn,
    lines_of,
    same_weights,
)

from bandroid.errors import RunError, WishError
from bandroid.training.loop import Budget, Listener, train
from bandroid.training.milestones import load_milestone
from bandroid.training.run_folder import find_run, opened


def test_it_learns_and_keeps_everything(unbroken):
    outcome, lines = unbroken
    assert outcome.n_steps == 62 and outcome.ended_because == "62 steps were asked for"
    assert outcome.choice.evaluation.held_out_loss < 0.6 < outcome.evaluations[0].held_out_loss
    assert [line["step"] for line in lines if line["kind"] == "step"] == list(range(1, 63))
    # Every five steps, and once more at the end, for the two steps since.
    assert [one.step for one in outcome.evaluations] == [*range(5, 61, 5), 62]


def test_the_run_s_folder_holds_it_all():
    outcome, _ = learn(TinyTask(), steps=20)
    run = find_run("mine")
    assert run.facts().outcome["step"] == outcome.choice.step
    assert run.facts().probe["threads"] == 1
    assert run.facts().yardsticks["ngram_loss"] == 0.9
    assert run.curves_svg.read_text().startswith("<svg")
    assert run.curves_png.read_bytes().startswith(b"\x89PNG")
    assert list(run.tensorboard.glob("events.*"))
    assert {path.name for path in run.milestones.iterdir()} == {f"step-{step:06d}" for step in (5, 10, 15, 20)}
    assert (run.sample(20) / "sample.txt").is_file()
    assert len(list(run.checkpoints.glob("*.json"))) == 2
    assert same_weights(load_milestone(run, outcome.choice.step)[0], outcome.weights)


def test_the_model_is_left_with_the_weights_that_are_kept():
    task = TinyTask()
    outcome, _ = learn(task, steps=12)
    assert same_weights(task.model.state_dict(), outcome.weights)
    assert not task.model.training


class Break(Exception):
    """Something that ends a process at a moment of its own choosing."""


class BreakingTask(TinyTask):
    """Breaks off in the n-th call of anything."""

    n_calls_left = 10**9

    def _count(self):
        self.n_calls_left -= 1
        if self.n_calls_left <= 0:
            raise Break

    def loss(self, step, batch_size):
        self._count()
        return super().loss(step, batch_size)

    def evaluate(self):
        self._count()
        return super().evaluate()

    def sample(self, step, folder):
        sample = super().sample(step, folder)
        self._count()
        return sample


@pytest.mark.parametrize("seed", range(4))
def test_breaks_leave_no_trace(unbroken, seed):
    """Broken off at random moments again and again: the same steps, losses, tests, choice and weights."""
    outcome, lines = unbroken
    chance = random.Random(seed)
    how = "new"
    for _ in range(chance.randint(2, 6)):
        task = BreakingTask()
        task.n_calls_left = chance.randint(1, 40)
        try:
            learn(task, how=how, steps=62)
        except Break:
            pass
        how = "resume"
    again, _ = learn(TinyTask(), how=how, steps=62)
    assert lines_of("mine") == lines
    assert again.choice.because == outcome.choice.because
    assert same_weights(again.weights, outcome.weights)


@pytest.mark.parametrize("n_writes", [1, 2, 3, 4, 7, 10])
def test_a_break_while_writing_leaves_no_trace(unbroken, n_writes, monkeypatch):
    """Broken off between any two of the files that a checkpoint consists of."""
    outcome, lines = unbroken
    from bandroid.training import checkpoint, milestones

    n_left = n_writes

    def breaking(write):
        def wrapped(path, content, *more):
            nonlocal n_left
            n_left -= 1
            if n_left <= 0:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.with_name(f".{path.name}-half").write_bytes(content[: len(content) // 2])
                raise Break
            write(path, content, *more)

        return wrapped

    with monkeypatch.context() as patch:
        for module in (checkpoint, milestones):
            patch.setattr(module, "write_atomically", breaking(module.write_atomically))
        with pytest.raises(Break):
            learn(TinyTask(), steps=62)
    again, _ = learn(TinyTask(), how="resume", steps=62)
    assert lines_of("mine") == lines
    assert same_weights(again.weights, outcome.weights)


def test_a_killed_process_leaves_no_trace(unbroken, tmp_path, monkeypatch):
    """A real kill -9, somewhere in the middle."""
    outcome, lines = unbroken
    monkeypatch.setenv("BANDROID_HOME", str(tmp_path))
    program = f"""
import sys
sys.path.insert(0, {str(Path(__file__).parent)!r})
from tiny_task import *
import time
class SlowTask(TinyTask):
    def loss(self, step, batch_size):
        time.sleep(0.01)
        return super().loss(step, batch_size)
learn(SlowTask(), steps=10_000)
"""
    with subprocess.Popen([sys.executable, "-c", program]) as child:
        checkpoints = tmp_path / "runs" / "mine" / "checkpoints"
        end_second = time.monotonic() + 60
        while not (checkpoints / "step-00000020.json").exists():
            assert child.poll() is None and time.monotonic() < end_second
            time.sleep(0.01)
        child.kill()
        child.wait()
    again, said = learn(TinyTask(), how="resume", steps=62)
    assert any(line.startswith("going on from step") for line in said)
    assert lines_of("mine") == lines
    assert same_weights(again.weights, outcome.weights)


def test_ctrl_c_says_where_it_goes_on():
    class InterruptedTask(TinyTask):
        def loss(self, step, batch_size):
            if step == 18:
                raise KeyboardInterrupt
            return super().loss(step, batch_size)

    said = []
    with pytest.raises(KeyboardInterrupt), opened("mine", FACTS, "new") as run:
        train(InterruptedTask(), LONG, run, HABIT, Budget(steps=62), Listener(said.append))
    assert said[-1] == "broken off after step 18: --resume goes on from step 15"


def test_more_steps_go_on_as_if_they_had_been_asked_for_at_once(unbroken):
    outcome, lines = unbroken
    learn(TinyTask(), steps=23)  # with a test at the end that the whole training would not have
    again, _ = learn(TinyTask(), how="resume", steps=62)
    assert lines_of("mine") == lines
    assert same_weights(again.weights, outcome.weights)


@pytest.mark.parametrize("suffix", [".json", ".safetensors"])
def test_a_cut_off_checkpoint_costs_only_what_came_after_the_one_before(unbroken, suffix):
    outcome, lines = unbroken
    learn(TinyTask(), steps=30)
    last = find_run("mine").checkpoints / f"step-00000030{suffix}"
    last.write_bytes(last.read_bytes()[:50])
    again, said = learn(TinyTask(), how="resume", steps=62)
    assert "the checkpoint of step 30 is cut off or damaged; it is passed over" in said
    assert "going on from step 25" in said
    assert lines_of("mine") == lines
    assert same_weights(again.weights, outcome.weights)


def test_a_lost_milestone_is_made_again(unbroken):
    outcome, lines = unbroken
    learn(TinyTask(), steps=30)
    (find_run("mine").milestone(30) / "weights.safetensors").unlink()
    again, _ = learn(TinyTask(), how="resume", steps=62)
    assert lines_of("mine") == lines
    assert same_weights(again.weights, outcome.weights)


def test_a_training_that_is_over_is_over():
    settings = replace(SETTINGS, patience=2)
    losses = dict(enumerate((2.0, 1.0, 1.5, 1.6), 1))
    first, _ = learn(ScriptedTask(losses=losses), settings=settings)
    again, _ = learn(ScriptedTask(losses={}), settings=settings, how="resume")
    assert again.ended_because == first.ended_because and again.n_steps == first.n_steps == 20
    assert same_weights(again.weights, first.weights)


def test_another_model_is_refused():
    learn(TinyTask(), steps=10)
    other = TinyTask()
    other.model = torch.nn.Linear(4, 4)
    with pytest.raises(RunError, match="does not fit this model"):
        learn(other, how="resume", steps=20)


def test_tests_take_a_fifth_of_the_time_where_nothing_is_said():
    class SlowToTestTask(TinyTask):
        def evaluate(self):
            time.sleep(0.1)
            return super().evaluate()

        def loss(self, step, batch_size):
            time.sleep(0.01)
            return super().loss(step, batch_size)

    settings = replace(LONG, evaluate_every=0)
    outcome, _ = learn(SlowToTestTask(), settings=settings, steps=100)
    steps = [one.step for one in outcome.evaluations]
    assert steps[0] == 10  # an epoch
    assert 15 < steps[1] - steps[0] < 100  # some 40, less on a machine that is slow at both


# --- when to stop ---


def test_it_stops_by_the_songs_held_out():
    losses = dict(enumerate((2.0, 1.5, 1.2, 1.3, 1.3, 1.3, 0.1), 1))
    outcome, _ = learn(ScriptedTask(losses=losses), settings=SETTINGS)
    assert outcome.n_steps == 30 and outcome.choice.step == 15
    assert outcome.sentences == (
        "training ended after 30 steps: it did not get better on the songs held out since step 15 (3 tests)",
        "kept step 15: lowest held-out loss (1.200 bits per note)",
    )


def test_it_stops_when_it_copies():
    losses = {n: 2 - 0.1 * n for n in range(1, 12)}
    copies = dict.fromkeys(range(20, 60, 5), 0.3)
    outcome, _ = learn(ScriptedTask(losses=losses, copy_rates=copies), settings=SETTINGS)
    assert outcome.n_steps == 35 and outcome.choice.step == 15
    assert "copies more than the band quotes itself" in outcome.ended_because
    assert "before copies rise" in outcome.choice.because


def test_it_stops_when_the_time_is_up():
    start = time.monotonic()
    outcome, _ = learn(TinyTask(), deadline_second=start + 0.5)
    assert outcome.ended_because == "the time is up"
    assert time.monotonic() - start < 1.5
    # One step in five is not worth another test.
    assert outcome.n_steps - outcome.evaluations[-1].step <= 1


def test_no_time_at_all_still_makes_something():
    outcome, _ = learn(TinyTask(), deadline_second=time.monotonic() - 1)
    assert outcome.n_steps == 1 and outcome.choice.step == 1


def test_progress_is_told():
    reports = []
    with opened("mine", FACTS, "new") as run:
        train(TinyTask(), LONG, run, HABIT, Budget(steps=7), Listener(progress=lambda *report: reports.append(report)))
    assert reports == [(step, 7) for step in range(1, 8)]


# --- collapse ---


def test_a_loss_that_is_no_number_goes_back():
    outcome, said = learn(TinyTask(factors={23: math.nan}), steps=60)
    backs = [line for line in lines_of("mine") if line["kind"] == "back"]
    assert backs == [{"kind": "back", "step": 23, "to_step": 20, "because": "the loss is no number any more"}]
    assert any("back to step 20 with 0.01 as learning rate" in line for line in said)
    assert math.isfinite(outcome.choice.evaluation.held_out_loss) and outcome.choice.step > 23
    rates = [line["learning_rate"] for line in lines_of("mine") if line["kind"] == "step"]
    assert rates[19] == 0.02 and max(rates[23:]) == 0.01 > rates[23]


def test_a_loss_that_jumps_goes_back_but_one_odd_batch_does_not():
    learn(TinyTask(factors={23: 100.0}), steps=40)
    assert not [line for line in lines_of("mine") if line["kind"] == "back"]
    learn(TinyTask(factors=dict.fromkeys((23, 24, 25), 100.0)), name="other", steps=40)
    (back,) = [line for line in lines_of("other") if line["kind"] == "back"]
    assert back["step"] == 25 and "the loss jumped to" in back["because"]


def test_a_silent_sample_goes_back_once_there_was_music():
    problems = {5: "is silent", 25: "is silent"}  # at 5 nothing has been learnt yet
    outcome, _said = learn(TinyTask(problems=problems), steps=40)
    (back,) = [line for line in lines_of("mine") if line["kind"] == "back"]
    assert (back["step"], back["to_step"], back["because"]) == (25, 20, "its sample is silent")
    assert outcome.choice.step not in problems


def test_after_three_collapses_it_gives_up_with_the_best():
    task = TinyTask(factors=dict.fromkeys((23, 28, 33), math.inf))
    outcome, _ = learn(task, steps=500)
    assert outcome.n_steps == 33 and "fell apart 3 times" in outcome.ended_because
    assert outcome.choice.step <= 30
    assert all(torch.isfinite(tensor).all() for tensor in outcome.weights.values())


def test_what_never_learns_anything_is_told():
    with pytest.raises(WishError, match=r"came to nothing .* --set learning_rate=0\.002"):
        learn(TinyTask(factors=dict.fromkeys(range(1, 99), math.nan)), steps=50)


def test_a_collapse_goes_on_after_a_break_as_without():
    learn(TinyTask(factors={23: math.nan}), name="whole", steps=60)
    task = BreakingTask(factors={23: math.nan})
    task.n_calls_left = 34
    with pytest.raises(Break):
        learn(task, steps=60)
    learn(TinyTask(factors={23: math.nan}), how="resume", steps=60)
    assert lines_of("mine") == lines_of("whole")
