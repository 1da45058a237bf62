"""What is to be said of a style that is written down, whatever it was learnt with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bandroid.bundle.manifest import Source, TrainingSong


@dataclass(frozen=True, slots=True)
class StyleFacts:
    """What a style is called, and what is to be said of it."""

    preset: str
    name: str
    summary: str
    songs: Sequence[TrainingSong]
    figures: Mapping[str, float]
    notes: Sequence[str]
    sources: Sequence[Source] = ()
