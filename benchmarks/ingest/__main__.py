"""How fast does a folder become score tokens, and does every readable file survive? python -m benchmarks.ingest"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import time
import venv
from pathlib import Path

import numpy as np

from bandroid.corpus.collect import collect
from bandroid.corpus.report import report_text
from bandroid.errors import MusicFileError
from bandroid.music.read import SUFFIXES, read_songs
from bandroid.representations.score import decode, encode, snap
from benchmarks.figures import DATA, ROOT, Figure, log, run

FOLDER = "freedoom"
ROUNDS = 3
NOTE_SEQ = ROOT / ".venv-note-seq"
HERE = Path(__file__).resolve().parent


def measure(options: argparse.Namespace) -> list[Figure]:
    """Compare notes per CPU second with note-seq's, in turns, then send every readable file there and back."""
    data: Path = options.data or DATA
    paths = sorted((data / FOLDER).rglob("*.mid"))
    python = _note_seq_python()
    ratios = []
    for number in range(ROUNDS):
        ours, theirs = _our_notes_per_second(data / FOLDER), _note_seq_notes_per_second(python, paths)
        ratios.append(ours / theirs)
        log(f"round {number + 1}: {ours:,.0f} and note-seq {theirs:,.0f} notes per CPU second")
    return [
        Figure("x_note_seq", round(statistics.median(ratios), 1), "x", "higher", floor=10, goal=50),
        Figure("roundtrip_share", _roundtrip_share(data), "share", "higher", floor=1.0, goal=1.0),
    ]


def _our_notes_per_second(folder: Path) -> float:
    """Take the very path of `bandroid learn`: collect a folder with its report, then encode what is used."""
    started_second = time.process_time()
    corpus = collect([folder])
    tokens = [encode(song.song) for song in corpus.used]
    report = report_text(corpus)
    cpu_second = time.process_time() - started_second
    n_notes = sum(song.song.n_notes for song in corpus.used)
    if not (tokens and report and all(song.size for song in tokens)):
        raise SystemExit("nothing was read")
    log(f"{len(corpus.used)} songs used, {len(corpus.refused)} refused, {n_notes:,} notes in {cpu_second:.2f} s")
    return n_notes / cpu_second


def _note_seq_python() -> Path:
    """Return the Python of note-seq's environment, made from requirements.txt at the first run."""
    python = NOTE_SEQ / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
    if not python.exists():
        log("installing note-seq into an environment of its own ...")
        venv.create(NOTE_SEQ, with_pip=True)
        requirements = HERE / "requirements.txt"
        subprocess.run([python, "-m", "pip", "install", "-q", "-r", requirements], check=True, stdout=sys.stderr)
    return python


def _note_seq_notes_per_second(python: Path, paths: list[Path]) -> float:
    script = HERE / "note_seq_reader.py"
    done = subprocess.run([python, script, *paths], check=True, capture_output=True, text=True)
    row = json.loads(done.stdout.splitlines()[-1])
    return float(row["notes"] / row["cpu_second"])


def _roundtrip_share(data: Path) -> float:
    """Return the share of songs of all readable files below a folder for which decode(encode(x)) == snap(x)."""
    n_songs = n_same = 0
    for path in sorted(path for path in data.rglob("*") if path.suffix.lower() in SUFFIXES):
        try:
            songs = read_songs(path)
        except MusicFileError:
            continue
        for song in songs:
            tokens = encode(song)
            again = decode(tokens)
            is_same = again == snap(song) and np.array_equal(encode(again), tokens)
            n_songs, n_same = n_songs + 1, n_same + is_same
            if not is_same:
                log(f"{path} does not come back")
    log(f"{n_same} of {n_songs} songs come back")
    return n_same / n_songs


if __name__ == "__main__":
    run("ingest", measure)
