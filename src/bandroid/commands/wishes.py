"""A musician's words on the command line -> values: "6/8", "Bbm", "guitar,bass,drums"."""

from __future__ import annotations

import re
import secrets
from pathlib import Path
from typing import TYPE_CHECKING

from bandroid.errors import WishError

if TYPE_CHECKING:
    from bandroid.generation.compose import Wish
    from bandroid.generation.primer import Primer
    from bandroid.generation.sampling import Sampling
    from bandroid.music.song import Song

DEFAULT_BARS = 16
_HIGHEST_DRAWN_SEED = 1_000_000
"""short enough to say and type again"""

_LETTERS = {"c": 0, "d": 2, "e": 4, "f": 5, "g": 7, "a": 9, "b": 11, "h": 11}
_ACCIDENTALS = {"": 0, "#": 1, "♯": 1, "b": -1, "♭": -1, "is": 1, "es": -1, "s": -1}
_MINORS = ("m", "min", "minor", "moll")
_MAJORS = ("", "maj", "major", "dur")


def metre(text: str) -> tuple[int, int]:
    """Read a metre: "6/8" -> (6, 8); raises WishError."""
    found = re.fullmatch(r"\s*(\d{1,3})\s*/\s*(\d{1,2})\s*", text)
    if not found or int(found[2]) not in (1, 2, 4, 8, 16, 32, 64) or not int(found[1]):
        raise WishError(f"--metre {text!r}: write it as 4/4, 3/4 or 6/8")
    return int(found[1]), int(found[2])


def key(text: str) -> tuple[int, bool]:
    """Read a key: tonic's pitch class, 0 (C) to 11 (B), and whether minor: "Bbm" -> (10, True); raises WishError."""
    found = re.fullmatch(r"\s*([A-Ha-h])(#|b|♯|♭|is|es|s)?[\s-]*([A-Za-z]*)\s*", text)
    mode = found[3] if found else "?"
    is_minor = mode.lower() in _MINORS and mode != "M"
    if not found or not (is_minor or mode == "M" or mode.lower() in _MAJORS):
        raise WishError(f"--key {text!r}: write it as C, F#, Bb, or with m for minor: Am, F#m, Bbm")
    return (_LETTERS[found[1].lower()] + _ACCIDENTALS[found[2] or ""]) % 12, is_minor


def programs(text: str) -> tuple[int, ...]:
    """Read a line-up: "guitar,bass,drums" -> General MIDI programs, or DRUMS; raises WishError."""
    from bandroid.music.general_midi import parse_program

    words = [word.strip() for word in re.split(r"[,;+]", text) if word.strip()]
    if not words:
        raise WishError("--instruments names none: write them with commas, like guitar,bass,drums")
    return tuple(parse_program(word) for word in words)


def sampling(temperature: float, top_p: float | None, min_p: float | None) -> Sampling:
    """Gather how freely notes are drawn, the usual way where nothing is said; raises WishError out of range."""
    from bandroid.generation.sampling import USUAL, Sampling

    return Sampling(
        temperature,
        USUAL.top_p if top_p is None else top_p,
        USUAL.min_p if min_p is None else min_p,
    )


def primer_of(text: str) -> Primer:
    """Read a primer: a typed list, or the one song of a file; raises WishError, MusicFileError."""
    from bandroid.generation.primer import is_typed, primer_from_song, read_primer

    if is_typed(text):
        return read_primer(text)
    from bandroid.commands.continue_song import read_one_song

    song = read_one_song(Path(text).expanduser())
    return primer_from_song(song, lead_of(song))


def lead_of(song: Song) -> int | None:
    """Return which part has the tune, a voice before any other lead; None where none is known to."""
    from bandroid.corpus.roles import guess_roles

    roles = [role.role for role in guess_roles(song)]
    leads = [i for i, role in enumerate(roles) if role in ("vocal line", "lead") and len(song.parts[i].notes)]
    voices = [i for i in leads if roles[i] == "vocal line"]
    return max(voices or leads, key=lambda i: len(song.parts[i].notes), default=None)


def music_wish(
    bars: int | None,
    how: Sampling,
    tempo: float | None,
    metre_text: str | None,
    key_text: str | None,
    instruments: str | None,
    *,
    copy_guard: bool,
    steps: int | None = None,
    primer: Primer | None = None,
    chords: str | None = None,
) -> Wish:
    """Gather what a new piece shall be; raises WishError where a value cannot be.

    It has 16 bars where nothing is said; over chords, so many more that the chart ends with it.
    """
    from bandroid.generation.chart import read_chart
    from bandroid.generation.compose import Wish

    if bars is not None and steps is not None:
        raise WishError("--bars and --steps both say how long: leave one of them out")
    chart = None if chords is None else read_chart(chords)
    usual_bars = DEFAULT_BARS if chart is None else -(-DEFAULT_BARS // len(chart.bars)) * len(chart.bars)
    return Wish(
        n_bars=usual_bars if bars is None else bars,
        n_steps=steps,
        primer=primer,
        chart=chart,
        tempo_qpm=tempo,
        metre=None if metre_text is None else metre(metre_text),
        key=None if key_text is None else key(key_text),
        programs=None if instruments is None else programs(instruments),
        sampling=how,
        copy_guard=copy_guard,
    )


def drawn_seed(seed: int | None) -> int:
    """Return a seed as it is, or draw one where none was given."""
    return secrets.randbelow(_HIGHEST_DRAWN_SEED) if seed is None else seed
