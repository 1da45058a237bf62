"""The course of a training: what decides every next step, beside the tensors. Plain values, kept in a checkpoint."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from bandroid.training.judging import Evaluation, has_jumped

_N_RECENT = 50
"""losses whose median a jump is seen against"""
_JUMPS_IN_A_ROW = 3
"""one odd batch is no collapse"""


@dataclass(slots=True)
class Course:
    """Where a training stands. Numbers survive JSON exactly: Python writes floats so that they read back the same."""

    step: int = 0
    evaluations: list[Evaluation] = field(default_factory=list)
    every: int = 0
    """steps from test to test; 0: not known yet"""
    next_test: int = 0
    """the step after which it is tested next"""
    n_collapses: int = 0
    rate_factor: float = 1.0
    """of the learning rate that the settings say"""
    warm_from: int = 0
    """the step that the learning rate warms up from"""
    n_before: int = 0
    """tests before the last collapse: they wear no patience out"""
    recent: list[float] = field(default_factory=list)
    """training losses of the last steps"""
    n_jumps: int = 0
    """steps in a row whose loss was far above those before"""
    sums: dict[str, float] = field(default_factory=dict)
    n_summed: int = 0
    """figures of the steps since the last test"""
    elapsed_second: float = 0.0

    def take(self, loss: float, figures: Mapping[str, float], unigram_loss: float | None) -> bool:
        """Take a step's figures in; return whether the loss has been far above those before for several steps."""
        for name, value in {"loss": loss, **figures}.items():
            self.sums[name] = self.sums.get(name, 0.0) + value
        self.n_summed += 1
        if has_jumped(self.recent, loss, unigram_loss):
            self.n_jumps += 1
            return self.n_jumps >= _JUMPS_IN_A_ROW
        self.n_jumps = 0
        self.recent = [*self.recent[1 - _N_RECENT :], loss]
        return False

    def means(self) -> tuple[float, float | None]:
        """Return the mean training loss and accuracy since the last test; nan and None where there were no steps."""
        if not self.n_summed:
            return float("nan"), None
        accuracy = self.sums["accuracy"] / self.n_summed if "accuracy" in self.sums else None
        return self.sums["loss"] / self.n_summed, accuracy

    def add(self, evaluation: Evaluation) -> None:
        """Take a test in."""
        self.evaluations.append(evaluation)
        self.sums, self.n_summed = {}, 0

    def go_back(self) -> None:
        """After a collapse: half the rate, a new warming up, patience anew. Steps count on: no batch comes twice."""
        self.n_collapses += 1
        self.rate_factor /= 2
        self.warm_from = self.step
        self.n_before = len(self.evaluations)
        self.recent, self.n_jumps = [], 0

    def copy(self) -> Course:
        """Return a course of its own that goes on from here."""
        return replace(self, evaluations=list(self.evaluations), recent=list(self.recent), sums=dict(self.sums))

    def as_json(self) -> dict[str, Any]:
        values = asdict(self)
        values["evaluations"] = [one.as_json() for one in self.evaluations]
        return values

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Course:
        """Read `as_json`'s values; raises KeyError, TypeError for others."""
        return cls(**{**values, "evaluations": [Evaluation.from_json(one) for one in values["evaluations"]]})
