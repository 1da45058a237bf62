"""How long until bandroid answers: its help, and a new piece in all four forms, each as a whole process."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.figures import Figure, log, median_second, run

FORMS = (".mid", ".wav", ".musicxml", ".svg")


def measure(options: argparse.Namespace) -> list[Figure]:
    """Time several whole processes each and take the medians."""
    script = Path(sys.executable).with_name("bandroid.exe" if sys.platform == "win32" else "bandroid")
    command = [str(script)] if script.exists() else [sys.executable, "-m", "bandroid"]
    _run([*command, "--help"])  # once unmeasured: files into the disk cache, modules compiled
    help_second = median_second(lambda: _run([*command, "--help"]), repeats=11)
    compose_second = median_second(lambda: _compose(command), repeats=options.repeats)
    return [
        Figure("help_s", round(help_second, 4), "s", "lower", floor=0.4, goal=0.15),
        Figure("compose_16_bars_s", round(compose_second, 3), "s", "lower", floor=10, goal=3),
    ]


def _compose(command: list[str]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        _run([*command, "compose", "--bars", "16", "-o", str(Path(folder) / "out")])
        forms = {path.suffix for path in Path(folder).rglob("*") if path.stat().st_size}
        missing = set(FORMS) - forms
        if missing:
            raise SystemExit(f"compose did not write {', '.join(sorted(missing))}")
        log(f"composed {len(forms)} kinds of files")


def _run(command: list[str]) -> None:
    environment = {name: value for name, value in os.environ.items() if name != "BANDROID_HOME"}
    with tempfile.TemporaryDirectory() as home:
        subprocess.run(
            command,
            check=True,
            env={**environment, "BANDROID_HOME": home},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
        )


if __name__ == "__main__":
    extra = argparse.ArgumentParser(prog="python -m benchmarks.startup")
    extra.add_argument("--repeats", type=int, default=5, help="pieces to compose; the median counts")
    run("startup", measure, packages=("bandroid", "numpy", "typer", "verovio"), parser=extra)
