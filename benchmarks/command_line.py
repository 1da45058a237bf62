"""bandroid as its users run it: whole processes with a home of their own, and the pieces that they leave."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from bandroid.music.read import read_songs
from bandroid.representations.sheet import Sheet, sheet_and_loss


def environment(home: Path) -> dict[str, str]:
    """Return this process's environment with another home for styles and runs."""
    return {**os.environ, "BANDROID_HOME": str(home)}


def command(*words: object) -> list[str]:
    """Return the words of one command, for the Python that runs the benchmark."""
    return [sys.executable, "-m", "bandroid", *map(str, words)]


def bandroid(home: Path, *words: object) -> dict[str, Any]:
    """Run one command with `--json` and return what it printed; stops the benchmark where it fails."""
    done = subprocess.run(command(*words, "--json"), env=environment(home), capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"bandroid {' '.join(map(str, words))}: exit status {done.returncode}\n{done.stderr[-2000:]}")
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def composed_sheets(home: Path, style: str, *, n_bars: int, n_pieces: int, seed: int) -> list[Sheet]:
    """Compose pieces by the command line and read their MIDI files back, as anyone would who got only these."""
    with tempfile.TemporaryDirectory() as folder:
        wish = ("--bars", n_bars, "--variations", n_pieces, "--seed", seed, "--audio", "none", "--no-score")
        answer = bandroid(home, "compose", style, *wish, "-o", folder)
        return read_sheets(Path(piece["midi"]) for piece in answer["pieces"])


def read_sheets(paths: Iterable[Path]) -> list[Sheet]:
    """Read one song per file, on the score's grid."""
    return [sheet_and_loss(read_songs(path)[0])[0] for path in paths]
