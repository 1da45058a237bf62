"""What every benchmark shares: a figure with its floor and goal, the machine, the versions, one way to print.

A benchmark's `__main__.py` is a `measure` function and one call:

    def measure(options: argparse.Namespace) -> list[Figure]:
        return [Figure("help_s", 0.31, "s", "lower", floor=0.4, goal=0.15)]

    if __name__ == "__main__":
        run("startup", measure)

Logs go to stderr; stdout holds a table, or with `--json` one JSON object (ARCHITECTURE.md, section 9).
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Literal

ROOT = Path(__file__).resolve().parent.parent
DATA = Path(os.environ.get("BANDROID_DATA", ROOT.parent / "shared" / "data"))
"""real music beside the repository"""
ANY_VALUE = 1e9
"""floor and goal of a figure that is only reported: the protocol wants numbers, and every real measurement is below"""


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured number, named as in the issue, with the floor it must hold and the goal it may reach."""

    name: str
    value: float
    unit: str
    """s, MB, share, bits/note, x ..."""
    better: Literal["lower", "higher"]
    floor: float
    goal: float

    @classmethod
    def report(cls, name: str, value: float, unit: str) -> Figure:
        """Make a figure that the issue sets no bounds for. It holds them as soon as it is measured: NaN does not."""
        return cls(name, value, unit, "lower", floor=ANY_VALUE, goal=ANY_VALUE)

    @property
    def is_report(self) -> bool:
        return self.floor == self.goal == ANY_VALUE

    def holds(self, bound: float) -> bool:
        """Say whether the value is at least as good as a bound; NaN never is."""
        return self.value <= bound if self.better == "lower" else self.value >= bound

    def row(self) -> dict[str, str | float | bool]:
        """Return the figure as the protocol writes it."""
        return {
            "name": self.name,
            "value": self.value,
            "unit": self.unit,
            "better": self.better,
            "floor": self.floor,
            "goal": self.goal,
            "holds_floor": self.holds(self.floor),
            "holds_goal": self.holds(self.goal),
        }


def log(*words: object) -> None:
    """Tell how far a benchmark is, on stderr."""
    print(*words, file=sys.stderr, flush=True)


def hardware() -> dict[str, str | int | float]:
    """Return what the figures were measured on."""
    return {
        "processor": _processor(),
        "cores": os.cpu_count() or 1,
        "memory_gb": round(_memory_bytes() / 1e9, 1),
        "system": platform.platform(),
        "load_1min": round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else -1.0,
    }


def versions(packages: Iterable[str] = ("bandroid", "numpy")) -> dict[str, str]:
    """Return the versions of Python and of the named packages, as far as they are installed."""
    found = {"python": platform.python_version()}
    for package in packages:
        try:
            found[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            found[package] = "not installed"
    return found


def median_second(work: Callable[[], object], repeats: int = 5) -> float:
    """Return the median wall time of several calls, in seconds."""
    return statistics.median(wall_second(work) for _ in range(repeats))


def wall_second(work: Callable[[], object]) -> float:
    """Return the wall time of one call, in seconds."""
    begin_second = time.perf_counter()
    work()
    return time.perf_counter() - begin_second


def run(
    benchmark: str,
    measure: Callable[[argparse.Namespace], Iterable[Figure]],
    *,
    packages: Iterable[str] = ("bandroid", "numpy"),
    parser: argparse.ArgumentParser | None = None,
) -> None:
    """Read `--json`, `--data` and what `parser` adds; measure; print; exit with 1 where a floor is missed."""
    parser = parser or argparse.ArgumentParser(prog=f"python -m benchmarks.{benchmark}")
    parser.add_argument("--json", action="store_true", help="one JSON object on stdout instead of a table")
    parser.add_argument("--data", type=Path, default=DATA, help="other data of the same kind")
    options = parser.parse_args()
    machine = hardware()  # before the work, so that load_1min tells what else ran
    figures = list(measure(options))
    report = {
        "benchmark": benchmark,
        "versions": versions(packages),
        "hardware": machine,
        "figures": [figure.row() for figure in figures],
    }
    print(json.dumps(report, indent=2) if options.json else _table(figures))
    sys.exit(0 if all(figure.holds(figure.floor) for figure in figures) else 1)


def _table(figures: list[Figure]) -> str:
    rows = [("figure", "value", "floor", "goal", "")]
    for figure in figures:
        verdict = "floor missed"
        if figure.holds(figure.floor):
            verdict = "goal" if figure.holds(figure.goal) else "floor"
        value = f"{figure.value:.4g} {figure.unit}"
        bounds = (f"{figure.floor:g}", f"{figure.goal:g}")
        if figure.is_report:
            bounds, verdict = ("", ""), "report" if figure.holds(figure.floor) else "not measured"
        rows.append((figure.name, value, *bounds, verdict))
    widths = [max(len(row[column]) for row in rows) for column in range(5)]
    lines = ("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in rows)
    return "\n".join(line.rstrip() for line in lines)


def _processor() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


def _memory_bytes() -> int:
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):  # Windows
        return 0
