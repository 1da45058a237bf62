"""What do two minutes of learning give? python -m benchmarks.learn_quick"""

from __future__ import annotations

import argparse
import shutil
import statistics
import tempfile
from collections.abc import Sequence
from pathlib import Path

from bandroid.corpus.collect import collect
from bandroid.critique.copies import copies
from bandroid.critique.fingerprints import fingerprints
from bandroid.critique.habits import measure as measure_habits
from bandroid.generation.lesson import lesson
from bandroid.representations.sheet import Sheet
from benchmarks.command_line import bandroid, composed_sheets
from benchmarks.figures import Figure, log, run, wall_second
from benchmarks.learn_quick import habits_ratio, unseen
from benchmarks.learn_quick.copies import copied_share, leave_one_out
from benchmarks.learn_quick.habits_ratio import off_by, opening_habits, ratio

BAND = "freedoom/band_lola_harvey"
HELD_OUT = ("d_map02", "d_map08", "d_e3m3")
MINUTES, FOLD_MINUTES = 2.0, 1.0
STYLE = "band"
N_PIECES, SEED = 12, 0
LEAST_COPY_FLOOR = 0.04


def measure(options: argparse.Namespace) -> list[Figure]:
    """Learn a band within two minutes, then hold what it composes against the songs."""
    band: Path = options.data / BAND
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        figures = _learning(home, band, options)
        corpus = collect([band], hold_out=[f"{name}*" for name in HELD_OUT])
        sheets = {used.name: lesson(used.song).sheet for used in corpus.used}
        learnt = [sheets[used.name] for used in corpus.train]
        held_out = [sheets[used.name] for used in corpus.held_out]
        pieces = composed_sheets(home, STYLE, n_bars=habits_ratio.N_BARS, n_pieces=N_PIECES, seed=SEED)
        figures += _habits(pieces, list(sheets.values()))
        figures += _copying(pieces, learnt, held_out)
        if not options.without_auc:
            first = unseen.Fold(STYLE, tuple(used.name for used in corpus.held_out))
            figures += _telling_apart(home, band, sheets, first, options)
    return figures


def _learning(home: Path, band: Path, options: argparse.Namespace) -> list[Figure]:
    """Run the whole command, export included, and let the style judge the songs held out."""
    words = [word for name in HELD_OUT for word in ("--hold-out", _glob(name))]
    command = ("learn", band, *_budget(options, options.minutes), *words, "--name", STYLE)
    log("bandroid", *command)
    learn_second = wall_second(lambda: bandroid(home, *command))
    log(f"learnt in {learn_second:.1f} s")
    songs = home / "held-out"
    songs.mkdir()
    for name in HELD_OUT:
        for path in band.glob(_glob(name)):
            shutil.copy(path, songs)
    bits = bandroid(home, "evaluate", STYLE, songs)["unseen"]
    if not bits or bits["songs"] != len(HELD_OUT):
        raise SystemExit(f"the style was to be judged on {len(HELD_OUT)} songs that it has not learnt, not {bits}")
    limit_second = 60 * options.minutes
    return [
        # A tenth more for what surrounds the training: starting Python, reading the folder.
        Figure("learn_s", round(learn_second, 1), "s", "lower", floor=1.1 * limit_second, goal=limit_second),
        Figure("bits_band_a", bits["bits_per_note"], "bits/note", "lower", floor=1.75, goal=1.35),
        Figure.report("bits_new", bits["bits_new"], "bits/note"),
        Figure.report("bits_repeat", bits["bits_repeat"], "bits/cell"),
    ]


def _glob(name: str) -> str:
    return f"{name}*"


def _budget(options: argparse.Namespace, minutes: float) -> list[object]:
    """Return what `learn` is told; an instant style takes the seconds that it takes."""
    timed = [] if options.preset == "instant" else ["--minutes", minutes]
    return ["--preset", options.preset, *timed]


def _habits(pieces: Sequence[Sheet], songs: Sequence[Sheet]) -> list[Figure]:
    ours, theirs = opening_habits(pieces), opening_habits(songs)
    for line in habits_ratio.table(ours, theirs, [measure_habits(song) for song in songs]):
        log(line)
    figures = []
    for name, habit in habits_ratio.FIGURES.items():
        raw = ratio(ours, theirs, habit)
        log(f"{name}: pieces over songs {raw:.3f}")
        figures.append(Figure(name, round(off_by(raw), 3), "x", "lower", floor=1.5, goal=1.18))
    return figures


def _copying(pieces: Sequence[Sheet], learnt: Sequence[Sheet], held_out: Sequence[Sheet]) -> list[Figure]:
    """Measure copies with the product, and once more with the oracle."""
    index = fingerprints(learnt)
    found = [copies(piece, index) for piece in pieces]
    by_product = sum(one.n_copied for one in found) / max(sum(one.n_windows for one in found), 1)
    by_oracle = copied_share(pieces, learnt)
    alone = leave_one_out(learnt)
    usual = statistics.median(alone)
    log("copied 2-bar windows of each piece: " + " ".join(f"{copied_share([piece], learnt):.3f}" for piece in pieces))
    log("of each song in the other songs:    " + " ".join(f"{share:.3f}" for share in sorted(alone)))
    log(f"of unseen songs: {copied_share(held_out, learnt):.4f}; longest run {max(o.longest_run_bars for o in found)}")
    floor = max(LEAST_COPY_FLOOR, 2 * usual)
    return [
        Figure("copy_2bar", round(by_product, 4), "share", "lower", floor=floor, goal=usual),
        # The product's fingerprints against whole windows; checksums of 32 bits may fall together now and then.
        Figure("copy_2bar_off_oracle", round(abs(by_product - by_oracle), 5), "share", "lower", floor=0.002, goal=0.0),
    ]


def _telling_apart(
    home: Path, band: Path, sheets: dict[str, Sheet], first: unseen.Fold, options: argparse.Namespace
) -> list[Figure]:
    budget = _budget(options, options.fold_minutes)
    folds = unseen.learn_more_folds(home, band, sorted(sheets), first, budget)
    answer = unseen.ask(home, folds, sheets, SEED)
    unseen.log_answer(folds, answer)
    shuffle = round(answer.bar_shuffle.auc, 3)
    return [
        Figure("auc_vs_unseen", round(unseen.mean_auc(folds, answer), 3), "AUC", "lower", floor=shuffle, goal=0.75),
        Figure("auc_bar_shuffle", shuffle, "AUC", "higher", floor=0.9, goal=0.9),
        Figure.report("auc_real", round(answer.real.auc, 3), "AUC"),
    ]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.learn_quick")
    parser.add_argument("--preset", default="quick", help="another preset to put to the same test")
    parser.add_argument("--minutes", type=float, default=MINUTES, help="for the style whose figures these are")
    parser.add_argument(
        "--fold-minutes", type=float, default=FOLD_MINUTES, help="for each style of the two-sample test"
    )
    parser.add_argument("--without-auc", action="store_true", help="leave out the two-sample test and its three styles")
    return parser


if __name__ == "__main__":
    run("learn_quick", measure, packages=("bandroid", "numpy", "torch", "onnxruntime"), parser=_parser())
