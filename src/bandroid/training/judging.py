"""Judge a training while it runs: which step is best, and when to stop. No torch, no clock.

The old rule, to look where training accuracy saturates, chooses the onset of memorising by construction. Here songs
that are never trained on decide, and how much a piece composed at that step copies:

1. leave out steps whose sample is silent or stuck, or copies more than the band quotes itself;
2. of the rest take the lowest held-out loss; within 1 % of it the earlier step, which has seen the songs less often;
3. where nothing is left, say so, and take the lowest held-out loss.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

CLOSE_SHARE = 0.01
"""held-out losses this near to each other are alike: another seed makes more of a difference"""
LEAST_GAIN_SHARE = 0.001
"""a held-out loss must fall by this much to count as better, so that every training ends"""


@dataclass(frozen=True, slots=True)
class Sample:
    """A short piece composed at some step."""

    copy_rate: float
    """share of it that stands in the training songs, 0 to 1"""
    problem: str | None = None
    """what is wrong with it, after "its sample": "is silent", "plays one note only"; None where nothing is"""
    files: tuple[Path, ...] = ()


@dataclass(frozen=True, slots=True)
class Yardsticks:
    """What figures are held against; None where it is not known."""

    copy_habit: float = 1.0
    """how much the band quotes itself: the same share for its own songs, each against the others"""
    unigram_loss: float | None = None
    """loss of guessing by frequency alone: above it, nothing is left of what was learnt"""
    ngram_loss: float | None = None
    """held-out loss of counting what follows what: a net below it is worth its time"""
    loss_unit: str = "bits per note"

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Yardsticks:
        """Read `as_json`'s values; what is missing is not known, what is more is passed over."""
        names = {field.name for field in fields(cls)}
        return cls(**{name: value for name, value in values.items() if name in names})


@dataclass(frozen=True, slots=True)
class Evaluation:
    """One test on the way."""

    step: int
    epoch: float
    train_loss: float
    train_accuracy: float | None
    """means over the steps since the test before; 0 to 1"""
    held_out_loss: float
    held_out_accuracy: float | None
    copy_rate: float
    problem: str | None
    learning_rate: float
    elapsed_second: float
    """time spent on training so far, breaks not counted"""
    watched: Mapping[str, float] = field(default_factory=dict)
    """what else the task's test says"""

    @property
    def is_sound(self) -> bool:
        """Say whether the loss is a number and the sample is music."""
        return math.isfinite(self.held_out_loss) and self.problem is None

    def as_json(self) -> dict[str, Any]:
        """Return plain values; what is no number becomes None, which JSON can hold."""
        return {
            name: None if isinstance(value, float) and not math.isfinite(value) else value
            for name, value in asdict(self).items()
        }

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> Evaluation:
        """Read `as_json`'s values; raises TypeError, KeyError for others."""
        losses = {name: math.nan for name in ("train_loss", "held_out_loss") if values[name] is None}
        return cls(**{**values, **losses})


@dataclass(frozen=True, slots=True)
class Choice:
    """Which step is kept, and why, in one sentence."""

    evaluation: Evaluation
    because: str

    @property
    def step(self) -> int:
        return self.evaluation.step


def candidates(evaluations: Sequence[Evaluation], copy_habit: float) -> tuple[Evaluation, ...]:
    """Return the steps that are the choice now or may become it later: their weights must be kept.

    The choice is the first. Each is better than all before it, and within 1 % of the best.
    """
    pool = _pool(evaluations, copy_habit)
    if not pool:
        return ()
    limit = min(one.held_out_loss for one in pool) * (1 + CLOSE_SHARE)
    found: list[Evaluation] = []
    for one in pool:
        if one.held_out_loss <= limit and (not found or one.held_out_loss < found[-1].held_out_loss):
            found.append(one)
    return tuple(found)


def choose(evaluations: Sequence[Evaluation], yardsticks: Yardsticks) -> Choice | None:
    """Return the step to keep with the reason; None where there is no test whose loss is a number."""
    habit = yardsticks.copy_habit
    found = candidates(evaluations, habit)
    if not found:
        return None
    chosen, lowest = found[0], found[-1]
    unit = yardsticks.loss_unit
    if chosen.step != lowest.step:
        because = (
            f"within 1 % of the lowest held-out loss ({chosen.held_out_loss:.3f} {unit}, {lowest.held_out_loss:.3f} at "
            f"step {lowest.step}), and earlier: it has had less time to learn the songs by heart"
        )
    else:
        because = f"lowest held-out loss ({chosen.held_out_loss:.3f} {unit})"
        lower = [one for one in evaluations if one.is_sound and one.held_out_loss < chosen.held_out_loss]
        if lower and min(one.step for one in lower) > chosen.step:
            because += " before copies rise above the band's own habit of quoting itself"
        elif lower:
            because += " where copies stay within the band's own habit of quoting itself"
    if not chosen.is_sound:
        because += f"; but its sample {chosen.problem}, as all do: more songs or another setting may help"
    elif chosen.copy_rate > habit:
        because += (
            f"; but no step keeps to the band's own habit of quoting itself ({_percent(habit)}): "
            f"this one copies {_percent(chosen.copy_rate)}"
        )
    return Choice(chosen, f"step {chosen.step}: {because}")


def reason_to_stop(
    evaluations: Sequence[Evaluation],
    yardsticks: Yardsticks,
    *,
    patience: int,
    copy_patience: int,
    n_before: int = 0,
) -> str | None:
    """Say why training should stop after these tests, or None. The first `n_before` tests wear no patience out.

    Training loss and accuracy have no say: they are best where everything is learnt by heart.
    """
    lowest = math.inf
    best = -1
    for index, one in enumerate(evaluations):
        if one.is_sound and one.held_out_loss < lowest * (1 - LEAST_GAIN_SHARE):
            lowest, best = one.held_out_loss, index
    n_waited = len(evaluations) - max(best + 1, n_before)
    if n_waited >= patience:
        since = f" since step {evaluations[best].step}" if best >= 0 else ""
        return f"it did not get better on the songs held out{since} ({counted_tests(n_waited)})"
    last = evaluations[n_before:][-copy_patience:] if copy_patience else ()
    if copy_patience and len(last) == copy_patience and all(one.copy_rate > yardsticks.copy_habit for one in last):
        return (
            f"it copies more than the band quotes itself ({_percent(last[-1].copy_rate)} against "
            f"{_percent(yardsticks.copy_habit)}, {counted_tests(copy_patience)} in a row)"
        )
    return None


def has_jumped(recent: Collection[float], loss: float, unigram_loss: float | None) -> bool:
    """Say whether a training loss is far above those before it: three times their median, and worse than guessing."""
    if len(recent) < 10 or (unigram_loss is not None and loss <= unigram_loss):
        return False
    ordered = sorted(recent)
    return loss > 3 * ordered[len(ordered) // 2]


def line_of(evaluation: Evaluation, yardsticks: Yardsticks, *, is_best: bool) -> str:
    """Write a test as one line for the terminal."""
    one = evaluation
    words = [
        f"step {one.step:>5}  epoch {one.epoch:>5.1f}",
        f"held out {one.held_out_loss:.3f}{_right(one.held_out_accuracy)}",
        f"learnt {one.train_loss:.3f}{_right(one.train_accuracy)}",
        f"copies {_percent(one.copy_rate)} (the band {_percent(yardsticks.copy_habit)})",
    ]
    if one.problem:
        words.append(f"its sample {one.problem}")
    elif is_best:
        words.append("best so far")
    return "  ".join(words)


def counted_tests(count: int) -> str:
    """(1) -> "1 test"; (6) -> "6 tests"."""
    return f"{count} test{'' if count == 1 else 's'}"


def _pool(evaluations: Sequence[Evaluation], copy_habit: float) -> list[Evaluation]:
    """Return the tests to choose from: those within the habit, else all that are sound, else all with a loss."""
    finite = [one for one in evaluations if math.isfinite(one.held_out_loss)]
    sound = [one for one in finite if one.is_sound]
    return [one for one in sound if one.copy_rate <= copy_habit] or sound or finite


def _right(accuracy: float | None) -> str:
    return f" ({100 * accuracy:.0f} % right)" if accuracy is not None else ""


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %" if share >= 0.1 or share == 0 else f"{100 * share:.1f} %"
