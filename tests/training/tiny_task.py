"""A task that trains in milliseconds: a small net that learns which of four numbers is largest; and how to train it."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from bandroid.presets import TrainingSettings
from bandroid.training.judging import Sample, Yardsticks
from bandroid.training.loop import Budget, Listener, Outcome, train
from bandroid.training.run_folder import How, RunFacts, find_run, opened

SETTINGS = TrainingSettings(
    learning_rate=0.02,
    batch_size=8,
    batch_growth=1,
    warmup_steps=3,
    ema_decay=0.9,
    evaluate_every=5,
    patience=3,
    precision="fp32",
    threads=1,
)

LONG = replace(SETTINGS, patience=100)
FACTS = RunFacts("tiny", {}, ())
HABIT = Yardsticks(copy_habit=0.05, unigram_loss=math.log(4), ngram_loss=0.9)


@dataclass
class TinyTask:
    """What it does can be changed for one test: what a step's loss is multiplied by, what is wrong with samples."""

    seed: int = 1
    factors: dict[int, float] = field(default_factory=dict)
    """by step"""
    problems: dict[int, str] = field(default_factory=dict)
    copy_rates: dict[int, float] = field(default_factory=dict)
    """by step; 0.02 otherwise"""
    losses: dict[int, float] = field(default_factory=dict)
    """held-out losses by step, instead of true ones"""
    batches_per_epoch: int = 10

    def __post_init__(self) -> None:
        torch.manual_seed(self.seed)
        self.model: nn.Module = nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Dropout(0.1), nn.Linear(8, 4))

    def loss(self, step: int, batch_size: int) -> tuple[Tensor, Mapping[str, float]]:
        numbers = torch.randn(batch_size, 4, generator=torch.Generator().manual_seed(1000 + step))  # [B, 4]
        logits = self.model(numbers)  # [B, 4]
        loss = nn.functional.cross_entropy(logits, numbers.argmax(1)) * self.factors.get(step, 1.0)
        return loss, {"accuracy": float((logits.argmax(1) == numbers.argmax(1)).float().mean())}

    def evaluate(self) -> Mapping[str, float]:
        numbers = torch.randn(64, 4, generator=torch.Generator().manual_seed(7))
        logits = self.model(numbers)
        loss = float(nn.functional.cross_entropy(logits, numbers.argmax(1)))
        return {"loss": loss, "accuracy": float((logits.argmax(1) == numbers.argmax(1)).float().mean())}

    def sample(self, step: int, folder: Path | None) -> Sample:
        files: tuple[Path, ...] = ()
        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True)
            files = (folder / "sample.txt",)
            files[0].write_text(f"{torch.rand(1).item()}")
        return Sample(self.copy_rates.get(step, 0.02), self.problems.get(step), files)


class ScriptedTask(TinyTask):
    """Held-out losses as told."""

    def evaluate(self) -> Mapping[str, float]:
        self.n_tests = getattr(self, "n_tests", 0) + 1
        return {"loss": self.losses[self.n_tests]}


def learn(
    task: TinyTask, *, name: str = "mine", how: How = "new", settings: TrainingSettings = LONG, **budget: Any
) -> tuple[Outcome, list[str]]:
    """Train and return the outcome and what was said."""
    said: list[str] = []
    with opened(name, FACTS, how) as run:
        outcome = train(task, settings, run, HABIT, Budget(**budget), Listener(said.append))
    return outcome, said


def lines_of(name: str) -> list[dict[str, Any]]:
    """What metrics.jsonl holds, but for the clock."""
    lines = [json.loads(line) for line in find_run(name).metrics_file.read_text().splitlines()]
    return [{key: value for key, value in line.items() if key != "elapsed_second"} for line in lines]


def same_weights(one: Mapping[str, Tensor], other: Mapping[str, Tensor]) -> bool:
    return one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)
