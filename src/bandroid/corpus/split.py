"""Divide songs into those to learn from and those held out to judge by: whole songs, or the end of an only one."""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Collection, Sequence

from bandroid.errors import WishError
from bandroid.music.clock import bar_grid
from bandroid.music.excerpt import cut_in_two
from bandroid.music.song import Song

TRAIN, HELD_OUT = "train", "held_out"


def parse_share(text: str) -> float:
    """Read a share: "10%" or "0.1" -> 0.1; raises WishError outside of 0 to 90 %."""
    match = re.fullmatch(r"\s*(\d+(?:[.,]\d+)?)\s*(%?)\s*", text)
    share = float(match[1].replace(",", ".")) / (100 if match[2] else 1) if match else math.nan
    if not 0.0 <= share <= 0.9:
        raise WishError(f"--held-out {text.strip()}: give a share between 0% and 90%, such as 10%")
    return share


def split_songs(
    keys: Sequence[str], named: Collection[int] = (), share: float | None = None, seed: int = 0
) -> tuple[str, ...]:
    """Return "train" or "held_out" per song.

    `keys` are one string per song that depends on its content alone, so that the same songs are drawn whatever
    the files are called or in which order they come. `named` songs are held out first; `share` then fills up with
    drawn ones, at least one. Raises WishError where no song would be left to learn from.
    """
    held_out = set(named)
    if share:
        wanted = max(1, round(share * len(keys)))
        drawn = sorted(range(len(keys)), key=lambda index: hashlib.sha256(f"{seed}:{keys[index]}".encode()).digest())
        held_out.update([index for index in drawn if index not in held_out][: max(wanted - len(held_out), 0)])
    if held_out and len(held_out) == len(keys):
        raise WishError(f"all {len(keys)} usable songs would be held out: leave at least one to learn from")
    return tuple(HELD_OUT if index in held_out else TRAIN for index in range(len(keys)))


def last_bars(song: Song, share: float) -> tuple[Song, Song]:
    """Cut a song into its beginning and its last bars, about `share` of them, at least one: for one or two songs.

    16 bars and 0.25 -> 12 and 4. Both have notes; the ending keeps tempo, metre, key and programs, its own bars from
    tick 0 on. Bars after the last onset do not count. Raises ValueError where all notes stand in one bar.
    """
    onsets = [part.notes.onset_tick for part in song.parts if len(part.notes)]
    if not onsets:
        raise ValueError("a song without notes has no last bars")
    grid = bar_grid(song)
    first, last = grid.bar_of([min(int(o[0]) for o in onsets), max(int(o[-1]) for o in onsets)]).tolist()
    if first == last:
        raise ValueError("a song of one bar cannot be cut")
    n_ending = round(share * (last + 1 - first))
    cut = min(max(last + 1 - n_ending, first + 1), last)
    return cut_in_two(song, cut)
