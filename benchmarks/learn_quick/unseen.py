"""Can new pieces be told from songs that their style has not seen? The two-sample test on two halves of the band.

Three songs held out are too few for a test, so each half of the band is learnt on its own, and its pieces stand against
the songs of the other half: every song is unseen once. The same test with other sides says what its answer means:

- bar shuffle: unseen songs against themselves with their bars in random order; a judge that cannot tell these is blind
  to form;
- real: unseen songs against the songs that were learnt; what a perfect imitator would get. With eight songs a side it
  ends below 0.5, because each song that is judged is missing from its own side's mean.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bandroid.representations.sheet import Sheet
from benchmarks.command_line import bandroid, composed_sheets
from benchmarks.figures import log
from benchmarks.learn_quick.features import Features, features
from benchmarks.learn_quick.openings import reordered, window
from benchmarks.learn_quick.two_samples import Side, Verdict, area, side, tell_apart

N_BARS = 40
"""the shortest song of Band A; pieces are composed as long, songs are cut"""
WINDOW_BARS, HOP_BARS = 16, 8
N_PIECES = 24
N_SHUFFLES = 3
N_TELLING = 12


@dataclass(frozen=True, slots=True)
class Answer:
    """What the test says of one half."""

    pieces: Verdict
    bar_shuffle: Verdict
    real: Verdict
    telling: dict[str, float]
    """per feature alone: AUC of unseen songs over pieces, 0.5 says nothing"""


def learn_halves(home: Path, band: Path, options: Sequence[object]) -> list[tuple[str, list[Path], list[Path]]]:
    """Learn each half of a folder's songs from a folder of its own; returns style, songs learnt, songs unseen."""
    paths = sorted(path for path in band.iterdir() if path.suffix == ".mid")
    halves = []
    for number in (0, 1):
        learnt, unseen = paths[number::2], paths[1 - number :: 2]
        folder = home / f"half-{number}"
        folder.mkdir()
        for path in learnt:
            shutil.copy(path, folder)
        log(f"learning half {number}: {len(learnt)} songs")
        bandroid(home, "learn", folder, "--name", f"half-{number}", *options)
        halves.append((f"half-{number}", learnt, unseen))
    return halves


def ask(home: Path, style: str, learnt: Sequence[Sheet], unseen: Sequence[Sheet], seed: int) -> Answer:
    """Compose with a style and put its pieces to the test."""
    pieces = composed_sheets(home, style, n_bars=N_BARS, n_pieces=N_PIECES, seed=seed)
    rng = np.random.default_rng(seed)
    shuffled = [_shuffled(song, rng) for song in unseen for _ in range(N_SHUFFLES)]
    origin = [number for number in range(len(unseen)) for _ in range(N_SHUFFLES)]
    songs, known = _side(unseen), _side(learnt)
    # Pieces that borrow one song's line-up are one group: the line-up must not be learnt and judged. Its tempo tells.
    others = _side(pieces, [piece.bars[0].tempo_qpm for piece in pieces])
    names = list(features(window(unseen[0], 0, WINDOW_BARS)))
    alone = {name: _area_of(songs, others, column) for column, name in enumerate(names)}
    return Answer(
        pieces=tell_apart(songs, others, rng),
        bar_shuffle=tell_apart(songs, _side(shuffled, origin), rng, tied=True),
        real=tell_apart(songs, known, rng),
        telling=alone,
    )


def log_answers(answers: Sequence[Answer]) -> None:
    """Write what the figures leave out to stderr: both halves, pieces as wholes, and what gives pieces away."""
    for name in ("pieces", "bar_shuffle", "real"):
        verdicts: list[Verdict] = [getattr(answer, name) for answer in answers]
        windows = ", ".join(f"{verdict.auc:.3f} (sd {verdict.sd:.3f})" for verdict in verdicts)
        wholes = ", ".join(f"{verdict.piece_auc:.3f}" for verdict in verdicts)
        log(f"unseen songs against {name}: AUC of windows {windows}; of whole pieces {wholes}")
    means = {name: float(np.mean([answer.telling[name] for answer in answers])) for name in answers[0].telling}
    telling = sorted(means, key=lambda name: -abs(means[name] - 0.5))[:N_TELLING]
    log("what gives pieces away, one feature alone (0: songs have less of it, 1: more):")
    log("  " + ", ".join(f"{name} {means[name]:.2f}" for name in telling))


def mean_auc(verdicts: Sequence[Verdict]) -> float:
    return float(np.mean([verdict.auc for verdict in verdicts]))


def _side(sheets: Sequence[Sheet], groups: Sequence[int] | None = None) -> Side:
    return side([_windows(sheet) for sheet in sheets], groups)


def _windows(sheet: Sheet) -> list[Features]:
    """Measure overlapping windows of a sheet's first bars; leaves out those in which nothing sounds."""
    found = []
    for first_bar in range(0, N_BARS - WINDOW_BARS + 1, HOP_BARS):
        try:
            found.append(features(window(sheet, first_bar, WINDOW_BARS)))
        except ValueError:
            continue
    return found


def _shuffled(song: Sheet, rng: np.random.Generator) -> Sheet:
    opening = window(song, 0, N_BARS)
    return reordered(opening, rng.permutation(len(opening.bars)))


def _area_of(songs: Side, others: Side, column: int) -> float:
    ours, theirs = (one.rows[:, column][~np.isnan(one.rows[:, column])] for one in (songs, others))
    return area(ours, theirs) if ours.size and theirs.size else 0.5
