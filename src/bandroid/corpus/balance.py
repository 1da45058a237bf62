"""Equal shares for every folder: two bands learnt together are heard alike, however many songs each has."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from bandroid.corpus.collect import Corpus, UsedSong


def song_weights(songs: Sequence[UsedSong]) -> tuple[float, ...]:
    """Return how much each song counts so that all folders have equally many bars, at least 1.

    Folders of 30 and 10 bars -> 1 for each song of the first, 3 for each of the second. One folder -> 1 throughout.
    Songs named as files count to the folder that they lie in. Subfolders belong to the folder that was named.
    """
    bars: Counter[object] = Counter()
    for song in songs:
        bars[song.folder] += song.n_bars
    most = max(bars.values(), default=0)
    return tuple(most / bars[song.folder] for song in songs)


def balance_remarks(corpus: Corpus) -> tuple[str, ...]:
    """Say how folders were balanced, one sentence per folder that counts more than once; nothing for one folder."""
    weights = dict(zip((song.folder for song in corpus.train), song_weights(corpus.train), strict=True))
    return tuple(
        f"{folder.name}: each song counts {weight:.3g} times, so that every folder has an equal share"
        for folder, weight in weights.items()
        if weight > 1.005
    )
