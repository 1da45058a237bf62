"""What a training keeps on the disk, and what it does when there is no room: checkpoints, milestones, metrics.

The last two checkpoints are kept (the one before, should the last be cut off), milestones as the megabytes allow, and
always those that are or may become the best. A full disk costs the user one line: the best stays in memory, training
goes on, and is written down as soon as there is room again.
"""

from __future__ import annotations

import errno
from collections.abc import Callable, Collection
from typing import Any

from torch import Tensor

from bandroid.errors import BandroidError, RunError
from bandroid.training.checkpoint import (
    Checkpoint,
    first_to_go,
    load_checkpoint,
    remove_checkpoints,
    save_checkpoint,
    size_byte,
    split_tensors,
    steps_in,
)
from bandroid.training.course import Course
from bandroid.training.judging import Choice, Evaluation
from bandroid.training.metrics import MetricsFile
from bandroid.training.milestones import load_milestone, remove_milestone, save_milestone
from bandroid.training.run_folder import RunFolder
from bandroid.training.stepping import Stepper


class Keeper:
    """Holds the weights that may be chosen, and writes everything down."""

    def __init__(self, run: RunFolder, disk_mb: int, say: Callable[[str], None]) -> None:
        self._run = run
        self._most_byte = disk_mb * 1_000_000
        self._say = say
        self._held: dict[int, dict[str, Tensor]] = {}
        self._pending: dict[int, Evaluation] = {}
        """tests whose milestones are not on the disk yet"""
        self._wanted: set[int] = {0}
        self._last_saved = 0
        self._has_warned = False
        self.is_full = False
        """the last thing that was to be written could not be"""
        self.metrics = MetricsFile(run.metrics_file)

    def go_on(self, stepper: Stepper) -> Course:
        """Return the course of the last whole checkpoint and load its tensors; a new one where there is none.

        Raises RunError where a checkpoint is of a newer version or does not fit the model.
        """
        self._held[0] = stepper.average.copy()
        if self._run.facts().outcome:
            self._run.change_facts(outcome=None)
        steps = steps_in(self._run.checkpoints)
        for step in reversed(steps):
            checkpoint = load_checkpoint(self._run.checkpoints, step)
            if checkpoint is not None and self._load_held(checkpoint.state["held"]):
                course = self._load(checkpoint, stepper)
                self._say(f"going on from step {step}")
                break
            self._say(f"the checkpoint of step {step} is cut off or damaged; it is passed over")
        else:
            course = Course()
            self.metrics = MetricsFile(self._run.metrics_file)
            if steps:
                self._say("no checkpoint is whole: beginning anew")
        self._last_saved = course.step
        # What lies behind this step is made again; a test at the end of the time would not be, so it goes.
        remove_checkpoints(self._run.checkpoints, keep=[step for step in steps if step <= course.step])
        tested = {one.step for one in course.evaluations}
        for step in self._run.milestone_steps():
            if step not in tested:
                remove_milestone(self._run, step)
        return course

    @property
    def from_where(self) -> str:
        """Say where a training that is broken off now would go on."""
        return f"from step {self._last_saved}" if self._last_saved else "from the beginning"

    def hold(self, one: Evaluation, weights: dict[str, Tensor], wanted: Collection[int]) -> None:
        """Take the weights of a test; hold those of the wanted steps in memory from now on."""
        self._held[one.step] = weights
        self._pending[one.step] = one
        self._wanted = {0, *wanted}
        self._trim()

    def weights_of(self, step: int) -> dict[str, Tensor]:
        """Return the averaged weights of a step that is wanted; 0: before training."""
        return self._held[step]

    def save(self, course: Course, stepper: Stepper) -> None:
        """Write milestones, metrics and a checkpoint, in this order: a checkpoint needs the others."""
        tensors = {f"model/{name}": tensor for name, tensor in stepper.average.copy_model().items()}
        tensors |= {f"average/{name}": tensor for name, tensor in stepper.average.copy().items()}
        for index, moments in stepper.optimizer.state_dict()["state"].items():
            tensors |= {f"optimizer/{index}/{name}": tensor.cpu() for name, tensor in moments.items()}
        try:
            self._write_pending()
            self.metrics.write()
            state: dict[str, Any] = {
                "course": course.as_json(),
                "metrics_byte": self.metrics.length_byte,
                "held": sorted(self._wanted - {0}),
            }
            save_checkpoint(self._run.checkpoints, Checkpoint(course.step, tensors, state))
        except BandroidError as error:
            self.complain(error)
            return
        if self.is_full:
            self._say("there is room on the disk again: everything is written down")
        self.is_full = False
        self._last_saved = course.step
        self._keep_within_budget()

    def save_held(self) -> None:
        """Write milestones and metrics alone."""
        try:
            self._write_pending()
            self.metrics.write()
        except BandroidError as error:
            self.complain(error)

    def end(self, choice: Choice, ended_because: str, n_steps: int) -> None:
        """Note down how it ended."""
        outcome = {"step": choice.step, "kept_because": choice.because, "ended_because": ended_because}
        try:
            self._run.change_facts(outcome={**outcome, "steps": n_steps, **choice.evaluation.as_json()})
        except BandroidError as error:
            self.complain(error)

    def complain(self, error: BaseException) -> None:
        """Say once that nothing can be written, until something could again."""
        if not self.is_full:
            cause = error if isinstance(error, OSError) else error.__cause__
            is_no_room = isinstance(cause, OSError) and cause.errno in (errno.ENOSPC, errno.EDQUOT)
            what = "there is no room left on the disk" if is_no_room else str(error)
            self._say(
                f"{what}: training goes on with the best in memory; should it be broken off now, "
                f"--resume goes on {self.from_where}"
            )
        self.is_full = True
        # What need not be held in memory is given up.
        self._pending = {step: one for step, one in self._pending.items() if step in self._wanted}
        self._trim()

    def _write_pending(self) -> None:
        for step, one in list(self._pending.items()):
            save_milestone(self._run, one, self._held[step])
            del self._pending[step]
        self._trim()

    def _trim(self) -> None:
        self._held = {
            step: weights for step, weights in self._held.items() if step in self._wanted or step in self._pending
        }

    def _load(self, checkpoint: Checkpoint, stepper: Stepper) -> Course:
        tensors = checkpoint.tensors
        moments: dict[int, dict[str, Tensor]] = {}
        for name, tensor in split_tensors(tensors, "optimizer").items():
            index, _, what = name.partition("/")
            moments.setdefault(int(index), {})[what] = tensor
        try:
            stepper.average.set_model(split_tensors(tensors, "model"))
            stepper.average.set(split_tensors(tensors, "average"))
            groups = stepper.optimizer.state_dict()["param_groups"]
            stepper.optimizer.load_state_dict({"state": moments, "param_groups": groups})
            course = Course.from_json(checkpoint.state["course"])
        except (KeyError, TypeError, ValueError, RuntimeError) as error:
            raise RunError(
                f"run {self._run.name}: its checkpoint does not fit this model; begin anew with --force"
            ) from error
        self.metrics = MetricsFile(self._run.metrics_file, int(checkpoint.state["metrics_byte"]))
        return course

    def _load_held(self, steps: Collection[int]) -> bool:
        """Load the milestones that may be chosen; say whether all are whole."""
        try:
            self._held |= {step: load_milestone(self._run, step)[0] for step in steps}
        except RunError:
            return False
        self._wanted = {0, *steps}
        self._trim()
        return True

    def _keep_within_budget(self) -> None:
        """Keep two checkpoints, and milestones as long as there is room for them."""
        checkpoints = self._run.checkpoints
        remove_checkpoints(checkpoints, keep=steps_in(checkpoints)[-2:])
        while size_byte(checkpoints) + size_byte(self._run.milestones) > self._most_byte:
            step = first_to_go(self._run.milestone_steps(), self._wanted)
            if step is not None:
                remove_milestone(self._run, step)
            elif len(steps := steps_in(checkpoints)) > 1:
                remove_checkpoints(checkpoints, keep=steps[-1:])
            else:
                if not self._has_warned:
                    self._say("disk_mb is too little for this model: the last checkpoint and the best alone are kept")
                self._has_warned = True
                return
