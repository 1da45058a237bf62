"""The only training loop: it knows a loss, a test and a sample, and nothing else of what it trains.

Everything random is seeded anew from (seed, step), every decision but the end of the time is made from the run's own
figures, and every test leaves a checkpoint: so a training that is broken off, however, goes on with the same steps
and the same losses as if it had not been. A test that the end of the time makes necessary leaves no trace in what a
later `--resume` goes on from.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import torch
from torch import Tensor

from bandroid.errors import BandroidError, WishError
from bandroid.presets import TrainingSettings
from bandroid.training.judging import (
    Choice,
    Evaluation,
    Sample,
    Yardsticks,
    candidates,
    choose,
    line_of,
    reason_to_stop,
)
from bandroid.training.keeping import Keeper
from bandroid.training.metrics import Board
from bandroid.training.probe import Probe, on_cores, probe
from bandroid.training.run_folder import RunFolder
from bandroid.training.stepping import Stepper
from bandroid.training.task import Task

MOST_COLLAPSES = 3
_SAVE_SECOND = 60.0
"""between two tests a checkpoint is written this often"""
_TESTING_SHARE = 0.2
"""tests may take this much of the time, where the settings do not say how often they come"""
_WORTH_TESTING_SHARE = 0.2
"""at the end of the time: of the steps between two tests, this many must be new for another test"""


@dataclass(frozen=True, slots=True)
class Budget:
    """When to end at the latest; None: when the songs held out say so."""

    steps: int | None = None
    deadline_second: float | None = None
    """by time.monotonic(): training, its last test included, is over by then"""


@dataclass(frozen=True, slots=True)
class Listener:
    """Who hears how it goes."""

    say: Callable[[str], None] = lambda line: None
    """a line for the user"""
    progress: Callable[[int, int], None] = lambda done, total: None
    """how much is done, of how much: tenths of a second, or steps"""


@dataclass(frozen=True, slots=True)
class Outcome:
    """A training that is over: the task's model has the chosen weights now."""

    choice: Choice
    ended_because: str
    """one sentence"""
    n_steps: int
    evaluations: tuple[Evaluation, ...]
    weights: dict[str, Tensor] = field(repr=False)
    """averaged weights of the chosen step, on the processor"""
    probe: Probe

    @property
    def sentences(self) -> tuple[str, str]:
        """Say how it ended and what is kept."""
        steps = f"{self.n_steps} step{'' if self.n_steps == 1 else 's'}"
        return (f"training ended after {steps}: {self.ended_because}", f"kept {self.choice.because}")


def train(
    task: Task,
    settings: TrainingSettings,
    run: RunFolder,
    yardsticks: Yardsticks,
    budget: Budget,
    listener: Listener = Listener(),
) -> Outcome:
    """Train until it is good, at an end of its budget, or beyond help; goes on from the run's last checkpoint.

    `run` is held by `run_folder.opened`. Raises WishError where it falls apart before its first test, MachineError
    where there is no memory; a full disk costs a line, not the training. Ctrl-C passes through: what is on the disk by
    then is gone on from.
    """
    chosen = _probed(task, settings, run, listener)
    run.change_facts(yardsticks=yardsticks.as_json())
    with on_cores(chosen.threads):
        return _Training(task, settings, run, yardsticks, chosen, listener).run_until(budget)


def _probed(task: Task, settings: TrainingSettings, run: RunFolder, listener: Listener) -> Probe:
    """Return what the probe chose when the run began, or choose now."""
    facts = run.facts()
    if facts.probe:
        return Probe(**facts.probe)
    chosen = probe(task, settings)
    run.change_facts(probe=chosen.as_json())
    listener.say(
        f"computing with {chosen.precision}, {chosen.threads} core{'' if chosen.threads == 1 else 's'}, "
        f"{chosen.batch_size} passages a step, {chosen.step_second * 1000:.0f} ms each"
    )
    return chosen


class _Training:
    """One training: what the loop holds between steps. `course` alone decides what comes next."""

    def __init__(
        self,
        task: Task,
        settings: TrainingSettings,
        run: RunFolder,
        yardsticks: Yardsticks,
        chosen: Probe,
        listener: Listener,
    ) -> None:
        self.task, self.settings, self.run = task, settings, run
        self.yardsticks, self.chosen, self.listener = yardsticks, chosen, listener
        self.stepper = Stepper(task, settings, chosen)
        self.keeper = Keeper(run, settings.disk_mb, listener.say)
        self.course = self.keeper.go_on(self.stepper)
        self.board = Board(run, self.course.step)
        self.epoch_steps = task.batches_per_epoch * settings.batch_size / chosen.batch_size
        self.test_second = 0.0
        """what the last test took, with its sample and its checkpoint"""
        self.step_second = chosen.step_second
        self.begun_second = time.monotonic()
        self.started_second = self.begun_second - self.course.elapsed_second
        """when it would have begun without breaks"""
        self.saved_second = time.monotonic()
        if self.course.every == 0:
            self._plan_next_test()

    def run_until(self, budget: Budget) -> Outcome:
        """Step, test and keep until there is a reason to end."""
        try:
            ended_because = self._reason_to_end(budget)
            while ended_because is None:
                self._step()
                if self.course.step >= self.course.next_test:
                    self._test_and_keep()
                elif time.monotonic() - self.saved_second > _SAVE_SECOND:
                    self._save()
                self._report_progress(budget)
                ended_because = self._reason_to_end(budget)
            return self._end(ended_because)
        except KeyboardInterrupt:
            self.listener.say(f"broken off after step {self.course.step}: --resume goes on {self.keeper.from_where}")
            raise
        finally:
            self.board.close()

    # --- a step ---

    def _step(self) -> None:
        """Learn from one batch, or go back where the loss says that all is lost."""
        course = self.course
        start = time.perf_counter()
        course.step += 1
        done = self.stepper.step(course)
        self.keeper.metrics.add("step", step=course.step, loss=done.loss, learning_rate=done.learning_rate)
        self.board.add(course.step, **{"loss/step": done.loss})
        if not done.is_finite:
            self._go_back("the loss is no number any more")
        elif course.take(done.loss, done.figures, self.yardsticks.unigram_loss):
            self._go_back(f"the loss jumped to {done.loss:.2f}")
        self.step_second += 0.1 * (time.perf_counter() - start - self.step_second)

    def _go_back(self, why: str) -> None:
        """Take up the best weights again with half the learning rate; steps count on, so that batches are new ones."""
        course = self.course
        best = choose(course.evaluations, self.yardsticks)
        to_step = best.step if best else 0
        self.stepper.take_up(self.keeper.weights_of(to_step))
        course.go_back()
        self.keeper.metrics.add("back", step=course.step, to_step=to_step, because=why)
        self.listener.say(
            f"step {course.step:>5}  {why}: back to step {to_step} with "
            f"{self.settings.learning_rate * course.rate_factor:g} as learning rate"
        )

    # --- a test ---

    def _test_and_keep(self) -> None:
        """Test, judge, and write a checkpoint."""
        start = time.monotonic()
        one = self._test()
        course = self.course
        was_sound = any(before.is_sound for before in course.evaluations)
        course.add(one)
        self._note(one)
        if was_sound and not one.is_sound:
            self._go_back(f"its sample {one.problem}" if one.problem else "the held-out loss is no number any more")
        self._draw(None)
        self.test_second = time.monotonic() - start
        self._plan_next_test()
        self._save()
        self.test_second = time.monotonic() - start

    def _plan_next_test(self) -> None:
        """Set how often tests come: as the settings say, else by what the first two took. Kept with the checkpoint.

        The clock has a say in this alone, and not for long: from the second test on, a run goes on as it would have.
        """
        course = self.course
        if self.settings.evaluate_every:
            course.every = self.settings.evaluate_every
        elif len(course.evaluations) <= 2:
            pause_second = self.test_second * (1 / _TESTING_SHARE - 1)
            course.every = max(math.ceil(self.epoch_steps), math.ceil(pause_second / max(self.step_second, 1e-6)), 1)
        course.next_test = course.step + course.every

    def _test(self) -> Evaluation:
        """Return how the averaged weights do now."""
        course, model = self.course, self.task.model
        model.eval()
        with self.stepper.average.in_the_model(), torch.no_grad():
            self.stepper.seed(course.step, "test")
            figures = self.task.evaluate()
            sample = self._sample()
        loss, accuracy = course.means()
        return Evaluation(
            step=course.step,
            epoch=course.step / self.epoch_steps,
            train_loss=loss,
            train_accuracy=accuracy,
            held_out_loss=float(figures["loss"]),
            held_out_accuracy=float(figures["accuracy"]) if "accuracy" in figures else None,
            copy_rate=sample.copy_rate,
            problem=sample.problem,
            learning_rate=self.stepper.learning_rate(course),
            elapsed_second=round(time.monotonic() - self.started_second, 3),
            watched={name: float(value) for name, value in figures.items() if name not in ("loss", "accuracy")},
        )

    def _sample(self) -> Sample:
        step = self.course.step
        folder = None if self.keeper.is_full else self.run.sample(step)
        self.stepper.seed(step, "sample")
        try:
            return self.task.sample(step, folder)
        except (BandroidError, OSError) as error:
            if folder is None:
                raise
            self.keeper.complain(error)
            self.stepper.seed(step, "sample")
            return self.task.sample(step, None)

    def _note(self, one: Evaluation) -> None:
        """Tell of a test, and hold the weights that may be chosen."""
        evaluations = self.course.evaluations
        found = candidates(evaluations, self.yardsticks.copy_habit)
        self.keeper.hold(one, self.stepper.average.copy(), [other.step for other in found])
        self.keeper.metrics.add("test", **one.as_json())
        self.board.add(
            one.step,
            **{
                "loss/learnt": one.train_loss,
                "loss/held_out": one.held_out_loss,
                "accuracy/learnt": one.train_accuracy,
                "accuracy/held_out": one.held_out_accuracy,
                "copy_rate": one.copy_rate,
                "learning_rate": one.learning_rate,
                **{f"watched/{name}": value for name, value in one.watched.items()},
            },
        )
        self.listener.say(line_of(one, self.yardsticks, is_best=bool(found) and found[0] is one))

    def _save(self) -> None:
        self.course.elapsed_second = round(time.monotonic() - self.started_second, 3)
        self.keeper.save(self.course, self.stepper)
        self.saved_second = time.monotonic()

    # --- the end ---

    def _reason_to_end(self, budget: Budget) -> str | None:
        """Say why to end now: what the tests say first, then what the budget says."""
        course, settings = self.course, self.settings
        if course.n_collapses >= MOST_COLLAPSES:
            return f"it fell apart {MOST_COLLAPSES} times, and going back with a lower learning rate did not help"
        if why := reason_to_stop(
            course.evaluations,
            self.yardsticks,
            patience=settings.patience,
            copy_patience=settings.copy_patience,
            n_before=course.n_before,
        ):
            return why
        if budget.steps is not None and course.step >= budget.steps:
            return f"{budget.steps} steps were asked for"
        if budget.deadline_second is not None and course.step > 0:
            # Before the first test nobody knows what one takes; as much as twenty steps is a fair guess.
            needed_second = (self.test_second or 20 * self.step_second) + self.step_second
            if time.monotonic() + needed_second >= budget.deadline_second:
                return "the time is up"
        return None

    def _end(self, ended_because: str) -> Outcome:
        """Choose, with one more test where steps came after the last one, and leave the model with the choice."""
        course = self.course
        self._save()
        since = course.step - (course.evaluations[-1].step if course.evaluations else 0)
        is_beyond_help = course.n_collapses >= MOST_COLLAPSES
        if not is_beyond_help and (since > _WORTH_TESTING_SHARE * course.every or (since and not course.evaluations)):
            self.course = course.copy()
            one = self._test()
            self.course.add(one)
            self._note(one)
            self.keeper.save_held()
        choice = choose(self.course.evaluations, self.yardsticks)
        if choice is None:
            raise WishError(
                f"training came to nothing ({ended_because}): try again with a lower learning rate, "
                f"--set learning_rate={self.settings.learning_rate / 10:g}"
            )
        weights = self.keeper.weights_of(choice.step)
        self.stepper.average.set_model(weights)
        self.task.model.eval()
        outcome = Outcome(choice, ended_because, course.step, tuple(self.course.evaluations), weights, self.chosen)
        self.keeper.end(outcome.choice, ended_because, course.step)
        self._draw(choice)
        return outcome

    def _draw(self, choice: Choice | None) -> None:
        """Draw the curves; as SVG on the way, as PNG too at the end."""
        from bandroid.training.curves import write_curves

        try:
            write_curves(self.run, self.course.evaluations, self.yardsticks, choice)
        except BandroidError as error:
            self.keeper.complain(error)

    def _report_progress(self, budget: Budget) -> None:
        """Tell how far it is: of the time, of the steps, or of what patience allows at least."""
        course = self.course
        if budget.deadline_second is not None:
            total = budget.deadline_second - self.begun_second
            done = min(time.monotonic() - self.begun_second, total)
            self.listener.progress(int(10 * done), max(int(10 * total), 1))
        elif budget.steps is not None:
            self.listener.progress(course.step, budget.steps)
        else:
            best = choose(course.evaluations, self.yardsticks)
            likely = (best.step if best else 0) + self.settings.patience * course.every
            self.listener.progress(course.step, max(likely, course.step))
