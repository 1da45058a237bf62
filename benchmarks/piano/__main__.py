"""How many bits does `piano-mozart` need for a note of Mozart that it has not seen, beside a plain n-gram?

python -m benchmarks.piano [--style piano-mozart] [--instant]
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence

import numpy as np

from bandroid.bundle.store import Bundle, find_style
from bandroid.corpus.collect import UsedSong, collect
from bandroid.generation.lesson import Lesson, lesson
from bandroid.generation.style import load_style
from bandroid.training.evaluation import KEY_BITS, lesson_figures
from benchmarks.figures import DATA, Figure, log, run
from benchmarks.piano.plain_ngram import PlainNgram, best_order

VALIDATION_SHARE = 0.1
"""of the training songs: on these the n-gram chooses its order"""


def measure(options: argparse.Namespace) -> list[Figure]:
    """Score the style on the songs that its manifest names as held out, and n-grams of its very training songs."""
    bundle = find_style(options.style)
    train, held_out = songs_of(bundle, options)
    lessons = [lesson(used.song) for used in held_out]
    n_notes = sum(int(one.sheet.notes.size) for one in lessons)
    log(f"{options.style}: {len(train)} songs learnt, {len(held_out)} held out with {n_notes:,} notes")

    plain, within_grammar, adaptive = ngram_bits([lesson(used.song).tokens for used in train], lessons)
    style = load_style(bundle)
    bits = 0.0
    for used, one in zip(held_out, lessons, strict=True):
        figures = lesson_figures(style.model(), one)
        log(f"{used.name}: {figures.bits_per_note:.3f} bits per note, {figures.n_notes:,} notes")
        bits += figures.bits
    found = [
        Figure("piano_bits_per_note_ratio", bits / plain, "x", "lower", floor=0.85, goal=0.7),
        Figure.report("piano_bits_per_note", bits / n_notes, "bits/note"),
        Figure.report("piano_ngram_bits_per_note", plain / n_notes, "bits/note"),
        Figure.report("piano_grammar_ngram_bits_per_note", within_grammar / n_notes, "bits/note"),
        Figure.report("piano_adaptive_ngram_bits_per_note", adaptive / n_notes, "bits/note"),
        Figure.report("piano_over_grammar_ngram", bits / within_grammar, "x"),
        Figure.report("piano_over_adaptive_ngram", bits / adaptive, "x"),
    ]
    if options.instant:
        found.append(Figure.report("piano_instant_bits_per_note", instant_bits_per_note(train, held_out), "bits/note"))
    return found


def songs_of(bundle: Bundle, options: argparse.Namespace) -> tuple[list[UsedSong], list[UsedSong]]:
    """Read a style's songs from the data: those that it learnt, and those held out."""
    songs = bundle.manifest.training.songs
    corpus = collect([(options.data or DATA) / song.file for song in songs], parts=bundle.manifest.learnt_parts)
    by_hash = {used.sha256: used for used in corpus.used}
    missing = [song.file for song in songs if song.sha256 not in by_hash]
    if missing:
        raise SystemExit(f"other data than the style's: {', '.join(missing[:3])}")
    train = [by_hash[song.sha256] for song in songs if song.split == "train"]
    return train, [by_hash[song.sha256] for song in songs if song.split == "held-out"]


def ngram_bits(train: Sequence[Sequence[int]], held_out: Sequence[Lesson]) -> tuple[float, float, float]:
    """Return what held-out songs cost a plain n-gram of the training songs.

    As it is; told what the grammar allows; and counting along each song.
    """
    order = np.random.default_rng(0).permutation(len(train)).tolist()
    n_validation = max(round(len(train) * VALIDATION_SHARE), 1)
    validation, rest = order[:n_validation], order[n_validation:]
    k = best_order([train[index] for index in rest], [train[index] for index in validation])
    log(f"the n-gram looks back {k} tokens")
    model = PlainNgram(k)
    for tokens in train:
        model.count(tokens)
    # The key is paid for as it is for the style.
    static = sum(model.bits(one.tokens) + KEY_BITS for one in held_out)
    within_grammar = sum(model.bits_within_grammar(one.tokens) + KEY_BITS for one in held_out)
    adaptive = 0.0
    for one in held_out:
        adaptive += model.adaptive_bits(one.tokens) + KEY_BITS
        model.forget(one.tokens)
    return static, within_grammar, adaptive


def instant_bits_per_note(train: Sequence[UsedSong], held_out: Sequence[UsedSong]) -> float:
    """Return what the preset `instant` needs, learnt from the same songs."""
    from bandroid.training.instant import bits_per_note, learn_instant

    return bits_per_note(learn_instant([used.song for used in train]), [used.song for used in held_out])


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.piano")
    parser.add_argument("--style", default="piano-mozart", help="another style of the preset piano")
    parser.add_argument("--instant", action="store_true", help="also learn the same songs by counting: minutes")
    return parser


if __name__ == "__main__":
    run("piano", measure, packages=("bandroid", "numpy", "onnxruntime"), parser=_parser())
