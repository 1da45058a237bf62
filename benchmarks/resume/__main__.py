"""Is a training that was killed, and resumed, the same as one without the break? python -m benchmarks.resume"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.command_line import command, environment
from benchmarks.figures import Figure, log, run
from benchmarks.resume.outcome import Outcome, differences, read_outcome, source_digest

BAND = "freedoom/band_lola_harvey"
SONGS = ("d_map01", "d_map05", "d_map15")
"""the three shortest of the band"""
NAME = "killed"
N_TRIALS = 20
TWICE_EVERY = 4
"""every fourth training is killed once more while it is resumed"""


@dataclass(frozen=True, slots=True)
class Bench:
    """What is trained, the same in every trial."""

    songs: Path
    preset: str
    n_steps: int

    def words(self, home: Path) -> list[object]:
        """Return the words that begin a training, or go on with it where one has begun."""
        has_begun = (home / "runs" / NAME / "run.json").exists()
        words: list[object] = ["learn", self.songs, "--preset", self.preset, "--steps", self.n_steps, "--name", NAME]
        return [*words, "--resume"] if has_begun else words


def measure(options: argparse.Namespace) -> list[Figure]:
    """Train once without a break, then kill trainings at random moments, resume them, and compare."""
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        bench = Bench(place / "songs", options.preset, options.steps)
        bench.songs.mkdir()
        for name in SONGS:
            for path in (options.data / BAND).glob(f"{name}*"):
                shutil.copy(path, bench.songs)
        source = source_digest()
        begin_second = time.monotonic()
        _to_the_end(bench, place / "reference")
        whole_second = time.monotonic() - begin_second
        reference = read_outcome(place / "reference", NAME)
        log(f"without a break: {whole_second:.1f} s, {len(reference.metrics)} lines of metrics")
        _to_the_end(bench, place / "again")
        for line in differences(reference, read_outcome(place / "again", NAME)):
            log(f"and once more, without a break either: {line}")
        rng = np.random.default_rng(options.seed)
        n_same = sum(
            _is_same(bench, place / f"trial-{number}", number, rng, whole_second, reference)
            for number in range(options.trials)
        )
        if source_digest() != source:
            raise SystemExit("bandroid's own source changed meanwhile: nothing of this can be compared; run it again")
    return [Figure("same_after_kill", n_same / options.trials, "share", "higher", floor=1.0, goal=1.0)]


def _is_same(
    bench: Bench, home: Path, number: int, rng: np.random.Generator, whole_second: float, reference: Outcome
) -> bool:
    """Kill a training once or twice, let it go on to the end, and say whether it came out as the reference did."""
    moments: list[str] = []
    n_kills = 2 if number % TWICE_EVERY == TWICE_EVERY - 1 else 1
    while len(moments) < n_kills:
        moment_second = float(rng.uniform(0, whole_second))
        if _killed(bench, home, moment_second):
            moments.append(f"{moment_second:.2f} s")
        elif not moments:
            shutil.rmtree(home)  # it was faster than the reference, and over before the kill: no trial
        else:
            break  # resumed, and over before the second kill
    try:
        _to_the_end(bench, home)
        found = differences(reference, read_outcome(home, NAME))
    except RuntimeError as error:
        found = [str(error)]
    log(f"{number + 1:3}: killed after {' and '.join(moments)}: {'; '.join(found) or 'the same'}")
    shutil.rmtree(home)
    return not found


def _killed(bench: Bench, home: Path, moment_second: float) -> bool:
    """Start, or go on, and kill after a while; False where it was over before."""
    home.mkdir(exist_ok=True)
    training = subprocess.Popen(
        command(*bench.words(home)), env=environment(home), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        training.wait(moment_second)
    except subprocess.TimeoutExpired:
        training.kill()  # SIGKILL; what is still in Python's hands is lost
        training.wait()
        return True
    return False


def _to_the_end(bench: Bench, home: Path) -> None:
    """Train, or go on, until it is over; raises RuntimeError where it fails."""
    home.mkdir(exist_ok=True)
    words = bench.words(home)
    done = subprocess.run(command(*words, "--json"), env=environment(home), capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(
            f"{' '.join(map(str, words[5:]))}: exit status {done.returncode}: {done.stderr.strip()[-500:]}"
        )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.resume")
    parser.add_argument("--preset", default="tiny", help="what is trained; quick takes longer")
    parser.add_argument("--steps", type=int, default=40)
    parser.add_argument("--trials", type=int, default=N_TRIALS)
    parser.add_argument("--seed", type=int, default=0, help="of the moments")
    return parser


if __name__ == "__main__":
    run("resume", measure, packages=("bandroid", "numpy", "torch"), parser=_parser())
