"""Can new pieces be told from songs that their style has not seen? A two-sample test; every song is unseen once.

The band is divided into folds; the first is the three songs held out from the style whose figures these are. For each
of the others a style is learnt from a folder without its songs. A judge learns to tell the pieces of a style from
songs that the style has learnt, and is then asked about the songs of the fold, which neither has met, and about pieces
that borrow the line-ups of songs which the judge has not met either. (Whether a style copies is another question,
copies.py: a copy of a real song is real music to any judge.)

The same judge is asked to tell songs from themselves with their bars in random order: one that cannot is blind to form.
And songs from songs, in two random halves: what a perfect imitator would get.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bandroid.generation.compose import trimmed
from bandroid.representations.sheet import Sheet, sheet_and_loss, song_from_sheet
from benchmarks.command_line import bandroid, composed_sheets
from benchmarks.figures import log
from benchmarks.learn_quick.features import Features, features
from benchmarks.learn_quick.openings import reordered, window
from benchmarks.learn_quick.two_samples import Side, Verdict, area, judge_unmet, side, tell_apart

N_BARS = 40
"""the shortest song of Band A; pieces are composed as long, songs are cut"""
WINDOW_BARS, HOP_BARS = 16, 8
N_PIECES = 16
"""of each style"""
N_MORE_FOLDS = 3
N_SHUFFLES = 3
N_TELLING = 14


@dataclass(frozen=True, slots=True)
class Fold:
    """A style and the songs that it has not seen, by name."""

    style: str
    unseen: tuple[str, ...]


def learn_more_folds(
    home: Path, band: Path, names: Sequence[str], first: Fold, options: Sequence[object]
) -> list[Fold]:
    """Divide the songs that the first fold has learnt, and learn a style without each share, from a folder without."""
    folds = [first]
    others = sorted(name for name in names if name not in first.unseen)
    for number in range(N_MORE_FOLDS):
        fold = Fold(f"fold-{number + 1}", tuple(others[number::N_MORE_FOLDS]))
        folder = home / fold.style
        folder.mkdir()
        for name in names:
            if name not in fold.unseen:
                shutil.copy(band / name, folder)
        log(f"learning {len(names) - len(fold.unseen)} songs, without {', '.join(fold.unseen)}")
        bandroid(home, "learn", folder, "--name", fold.style, *options)
        folds.append(fold)
    return folds


@dataclass(frozen=True, slots=True)
class Answer:
    """What the judge says."""

    pieces: tuple[Verdict, ...]
    """per fold"""
    bar_shuffle: Verdict
    real: Verdict
    telling: Mapping[str, tuple[float, float, float]]
    """per feature alone: AUC of songs over pieces (0.5 says nothing), median of songs, median of pieces"""


def ask(home: Path, folds: Sequence[Fold], songs: Mapping[str, Sheet], seed: int) -> Answer:
    """Compose with the style of each fold and put all pieces to the test."""
    rng = np.random.default_rng(seed)
    songs = {name: as_written(sheet) for name, sheet in songs.items()}
    every = _side(list(songs.values()))
    pieces = [composed_sheets(home, fold.style, n_bars=N_BARS, n_pieces=N_PIECES, seed=seed) for fold in folds]
    verdicts = []
    for fold, composed in zip(folds, pieces, strict=True):
        unseen = _side([songs[name] for name in fold.unseen])
        learnt = [song for name, song in songs.items() if name not in fold.unseen]
        verdicts.append(judge_unmet(unseen, _by_line_up(learnt), _by_line_up(composed), rng))
    shuffled = [_shuffled(song, rng) for song in songs.values() for _ in range(N_SHUFFLES)]
    origin = [number for number in range(len(songs)) for _ in range(N_SHUFFLES)]
    halves = rng.permutation(len(songs)) % 2
    return Answer(
        pieces=tuple(verdicts),
        bar_shuffle=tell_apart(every, _side(shuffled, origin), rng, tied=True),
        real=tell_apart(_only(every, np.flatnonzero(halves == 0)), _only(every, np.flatnonzero(halves == 1)), rng),
        telling=_telling(every, _side([piece for composed in pieces for piece in composed])),
    )


def as_written(sheet: Sheet) -> Sheet:
    """Read a song as a piece is read: the product ends a note where it is struck again, and at the last bar line."""
    song = song_from_sheet(sheet)
    end_tick = sum(bar.length_tick for bar in sheet.bars)
    parts = tuple(replace(part, notes=trimmed(part.notes, end_tick)) for part in song.parts)
    return sheet_and_loss(song.with_parts(parts))[0]


def log_answer(folds: Sequence[Fold], answer: Answer) -> None:
    """Write what the figures leave out to stderr: each fold, pieces as wholes, and what gives pieces away."""
    named = [(f"pieces of {fold.style}", verdict) for fold, verdict in zip(folds, answer.pieces, strict=True)]
    for name, verdict in [*named, ("shuffled bars", answer.bar_shuffle), ("songs", answer.real)]:
        log(f"songs against {name}: AUC {verdict.auc:.3f} (sd {verdict.sd:.3f}), as wholes {verdict.whole_auc:.3f}")
    telling = sorted(answer.telling.items(), key=lambda item: -abs(item[1][0] - 0.5))[:N_TELLING]
    log("what gives pieces away, one feature alone: how often a song has more of it; medians of songs and of pieces")
    for name, (auc, of_songs, of_pieces) in telling:
        log(f"  {name:28}{auc:6.2f}{of_songs:9.3f}{of_pieces:9.3f}")


def mean_auc(folds: Sequence[Fold], answer: Answer) -> float:
    """Return the AUC over folds, each as heavy as the songs that it leaves out."""
    weights = [len(fold.unseen) for fold in folds]
    return float(np.average([verdict.auc for verdict in answer.pieces], weights=weights))


def _side(sheets: Sequence[Sheet], groups: Sequence[int] | None = None) -> Side:
    return side([_windows(sheet) for sheet in sheets], groups)


def _by_line_up(sheets: Sequence[Sheet]) -> Side:
    """Make a song and the pieces that borrow its line-up one group. The borrowed tempo tells which it is."""
    return _side(sheets, [sheet.bars[0].tempo_qpm for sheet in sheets])


def _only(one: Side, groups: NDArray[np.int64]) -> Side:
    chosen = np.isin(one.groups, groups)
    return Side(one.rows[chosen], one.groups[chosen])


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


def _telling(songs: Side, pieces: Side) -> dict[str, tuple[float, float, float]]:
    found = {}
    for column, name in enumerate(songs.names):
        ours, theirs = (one.rows[:, column][~np.isnan(one.rows[:, column])] for one in (songs, pieces))
        if ours.size and theirs.size:
            found[name] = (area(ours, theirs), float(np.median(ours)), float(np.median(theirs)))
    return found
