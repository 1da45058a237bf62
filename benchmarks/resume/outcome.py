"""What a training leaves behind, without the times it took: the measure of `same_after_kill`."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from typing import Any

import bandroid

TIMES = ("_second", "_s")
"""endings of the names of values that differ from run to run"""


@dataclass(frozen=True, slots=True)
class Outcome:
    """A run's metrics and the style that came of it."""

    metrics: tuple[dict[str, Any], ...]
    """every line of metrics.jsonl: steps with their losses, tests, goings back"""
    style: dict[str, str]
    """sha256 of each of the style's files"""


def read_outcome(home: Path, name: str) -> Outcome:
    """Read what lies under a name; raises RuntimeError where a line of the metrics is broken or a file is missing."""
    try:
        lines = (home / "runs" / name / "metrics.jsonl").read_text(encoding="utf-8").splitlines()
        metrics = tuple(_without_times(json.loads(line)) for line in lines)
        folder = home / "styles" / name
        style = {path.name: _digest(path) for path in sorted(folder.iterdir())}
    except (OSError, ValueError) as error:
        raise RuntimeError(f"cannot be read: {error}") from error
    if not metrics or "manifest.json" not in style:
        raise RuntimeError("left no metrics or no style")
    return Outcome(metrics, style)


def differences(one: Outcome, other: Outcome) -> list[str]:
    """Return what differs, a phrase each; nothing where both are the same."""
    found = []
    for number, (mine, theirs) in enumerate(zip_longest(one.metrics, other.metrics), 1):
        if mine != theirs:
            found.append(f"line {number} of the metrics is {theirs}, not {mine}")
            break
    names = [name for name in sorted(one.style | other.style) if one.style.get(name) != other.style.get(name)]
    if names:
        found.append(f"the style's {', '.join(names)} differ")
    return found


def source_digest() -> str:
    """Return one sha256 of all of bandroid's source, to know whether it stayed as it was."""
    paths = sorted(Path(bandroid.__file__).parent.rglob("*.py"))
    return hashlib.sha256("".join(_digest(path) for path in paths).encode()).hexdigest()


def _without_times(line: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in line.items() if not name.endswith(TIMES)}


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
