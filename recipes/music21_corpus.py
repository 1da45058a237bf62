"""Music21's corpus of chorales, as a recipe reads it: where it lies, what is left out, which pieces share a tune.

The corpus comes with the package of the extra `recipes`; nothing of music21 itself is run, our reader reads its files.
"""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bandroid.bundle.manifest import TrainingSong
from bandroid.corpus.collect import Corpus, UsedSong
from bandroid.corpus.split import HELD_OUT, TRAIN
from bandroid.corpus.tunes import tune_groups
from bandroid.critique.chorale_runs import stretches
from bandroid.errors import MachineError
from bandroid.music.choir import four_voices
from bandroid.music.read import read_songs
from bandroid.representations.chorale import CELLS, cells_of
from bandroid.representations.chorale_song import frames_of_song, once_through

PREFIX = "music21:"
LICENCE = "public domain; encodings by permission, see the corpus licence"
_WINDOW_STEPS = 12
_SAME_SHARE = 0.3
"""of a test piece's windows that stand in a file, in whatever key: the same setting, if with other passing notes"""


def corpus_folder() -> Path:
    """Return where music21 keeps its corpus; raises MachineError where it is not installed."""
    found = importlib.util.find_spec("music21")
    if found is None or found.origin is None:
        raise MachineError("this recipe reads music21's corpus: pip install -c constraints.txt -e '.[recipes]'")
    return Path(found.origin).parent / "corpus"


def places(pattern: str) -> list[Path]:
    """Return the files of a pattern such as "music21:bach/bwv*.mxl"."""
    return sorted(corpus_folder().glob(pattern.removeprefix(PREFIX)))


def frames_of(files: Sequence[Path], names: Sequence[str]) -> list[NDArray[np.int64]]:
    """Return the frames of files in four voices, once through, int64[T, C] each."""
    found = []
    for file in files:
        if file.name in names:
            song = read_songs(file)[0]
            if (sung := four_voices(song)) is not None:
                found.append(once_through(frames_of_song(song, sung)))
    return found


@cache
def names_of_pieces(files: tuple[Path, ...], table: Path, split: str) -> tuple[str, ...]:
    """Return the names of files that hold a piece of a split of the JSB chorales, found by their notes."""
    pieces = [cells_of(np.array(rows)) for rows in json.loads(table.read_text())[split]]
    wanted = [set(stretches(piece, _WINDOW_STEPS)) for piece in pieces]
    found = []
    for file in files:
        song = read_songs(file)[0]
        sung = four_voices(song)
        if sung is None:
            continue
        own = set(stretches(once_through(frames_of_song(song, sung))[:, CELLS], _WINDOW_STEPS))
        if any(len(own & other) > _SAME_SHARE * min(len(other), len(own) or 1) for other in wanted):
            found.append(file.name)
    return tuple(found)


def with_tunes_on_one_side(corpus: Corpus, share: float) -> Corpus:
    """Hold out a share of pieces, all settings of a tune or none."""
    pieces = [used.frames for used in corpus.used if used.frames is not None]
    groups = np.array(tune_groups(pieces))
    order = np.random.default_rng(0).permutation(np.unique(groups))
    out: set[int] = set()
    for group in order.tolist():
        own = np.flatnonzero(groups == group).tolist()
        if len(out) + len(own) <= share * len(pieces):
            out |= set(own)
    used = (replace(one, split=HELD_OUT if index in out else TRAIN) for index, one in enumerate(corpus.used))
    return replace(corpus, used=tuple(used))


def credit(song: UsedSong) -> TrainingSong:
    """Describe a piece for the card."""
    file = song.path.relative_to(corpus_folder()).as_posix()
    split = "train" if song.split == TRAIN else "held-out"
    title = (song.song.title or song.path.stem).removesuffix(".mxl")
    return TrainingSong(title, "Johann Sebastian Bach", LICENCE, f"music21/{file}", song.sha256, split)  # type: ignore[arg-type]
