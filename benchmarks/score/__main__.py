"""How many bits does the instant style need for a note of songs that it has not seen? python -m benchmarks.score"""

from __future__ import annotations

import argparse

from bandroid.corpus.collect import collect
from bandroid.training.instant import bits_per_note, learn_instant
from benchmarks.figures import DATA, Figure, log, run

BAND = "freedoom/band_lola_harvey"
HELD_OUT = ("d_map02*", "d_map08*", "d_e3m3*")


def measure(options: argparse.Namespace) -> list[Figure]:
    """Learn the other 14 songs of Band A by counting, then pay for every token of the three."""
    corpus = collect([(options.data or DATA) / BAND], hold_out=HELD_OUT)
    log(f"{len(corpus.train)} songs to learn, {len(corpus.held_out)} held out")
    learnt = learn_instant([song.song for song in corpus.train])
    for song in corpus.held_out:
        log(f"{song.name}: {bits_per_note(learnt, [song.song]):.3f} bits per note")
    bits = bits_per_note(learnt, [song.song for song in corpus.held_out])
    return [Figure("ngram_bits_band_a", bits, "bits/note", "lower", floor=2.6, goal=2.2)]


if __name__ == "__main__":
    run("score", measure)
