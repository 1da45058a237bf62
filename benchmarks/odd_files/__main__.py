"""Is every odd file read or refused as its row in the index expects, quickly and in little memory?

Each file is read in a process of its own, so that a crash, a hang or a flood of memory shows and stays there.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks.figures import Figure, log, run
from benchmarks.odd_files.expectations import Outcome, holds

FOLDER = "odd_midi"
LIMIT_SECOND = 2.0
LIMIT_MB = 500.0
_GIVE_UP_SECOND = 30.0


def measure(options: argparse.Namespace) -> Iterator[Figure]:
    """Read every file of the index's odd folder."""
    rows = [json.loads(line) for line in (options.data / "index.jsonl").read_text(encoding="utf-8").splitlines()]
    rows = [row for row in rows if row["file"].startswith(f"{FOLDER}/")]
    if not rows:
        raise SystemExit(f"{options.data}/index.jsonl names no file in {FOLDER}/")
    outcome_of(options.data / rows[0]["file"])  # so that the first file does not pay for a cold disk
    n_bad, slowest_second = 0, 0.0
    for row in rows:
        path = options.data / row["file"]
        outcome = outcome_of(path)
        slowest_second = max(slowest_second, outcome.second)
        is_good = holds(row["expect"], outcome) and outcome.second <= LIMIT_SECOND and outcome.peak_mb <= LIMIT_MB
        n_bad += not is_good
        if not is_good or options.verbose:
            verdict = "good" if is_good else "BAD"
            done = f"{outcome.n_notes} notes, {outcome.n_parts} parts" if outcome.is_read else "refused"
            spent = f"{outcome.second:.2f} s, {outcome.peak_mb:.0f} MB"
            log(f"{verdict}: {path.name}: expected: {row['expect']}; {done}; {outcome.text}; {spent}")
    log(f"{len(rows)} files")
    yield Figure("bad_share", n_bad / len(rows), "share", "lower", floor=0, goal=0)
    yield Figure("slowest_s", round(slowest_second, 3), "s", "lower", floor=LIMIT_SECOND, goal=0.5)


def outcome_of(path: Path) -> Outcome:
    """Read one file in a fresh process; a crash or a hang is an outcome without words."""
    begin_second = time.perf_counter()
    command = [sys.executable, "-m", "benchmarks.odd_files", "--one", str(path)]
    try:
        child = subprocess.run(command, capture_output=True, timeout=_GIVE_UP_SECOND, check=False)
        found = json.loads(child.stdout) if child.returncode == 0 else {}
    except subprocess.TimeoutExpired:
        found = {}
    return Outcome(
        n_notes=found.get("n_notes", 0),
        n_parts=found.get("n_parts", 0),
        n_programs=found.get("n_programs", 0),
        has_drums=found.get("has_drums", False),
        text=found.get("text", ""),
        second=time.perf_counter() - begin_second,
        peak_mb=found.get("peak_mb", 0.0),
    )


def read_one(path: Path) -> None:
    """The child: read one file as every verb does, and print what came of it."""
    from bandroid.errors import UserError
    from bandroid.music.read import read_songs

    found: dict[str, object]
    try:
        songs = read_songs(path)
    except UserError as error:
        found = {"text": str(error)}
    else:
        parts = [part for song in songs for part in song.parts]
        found = {
            "n_notes": sum(song.n_notes for song in songs),
            "n_parts": len(parts),
            "n_programs": len({part.program for part in parts}),
            "has_drums": any(part.is_drum for part in parts),
            "text": "; ".join(remark for song in songs for remark in song.remarks),
        }
    print(json.dumps(found | {"peak_mb": _peak_mb()}))


def _peak_mb() -> float:
    """Return the most memory this process has held; 0 on Windows, where Python cannot say."""
    try:
        import resource
    except ImportError:
        return 0.0
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 1e6 if sys.platform == "darwin" else peak / 1e3  # bytes there, kilobytes elsewhere


if __name__ == "__main__":
    if sys.argv[1:2] == ["--one"]:
        read_one(Path(sys.argv[2]))
    else:
        parser = argparse.ArgumentParser(prog="python -m benchmarks.odd_files")
        parser.add_argument("--verbose", action="store_true", help="a line for every file, not only for bad ones")
        run("odd_files", measure, parser=parser)
