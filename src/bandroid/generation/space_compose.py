"""Compose with a latent space: points are drawn where the training's windows lie, and written down.

A piece longer than the space's window walks through it: from one drawn point to another, a window at each stride.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np

from bandroid.errors import WishError
from bandroid.generation.compose import MAX_BARS, Piece, Wish
from bandroid.generation.latent import path
from bandroid.generation.lineup import DRUMS
from bandroid.generation.space_place import FROM_ANCHOR
from bandroid.generation.space_song import cast_band, judged, space_song
from bandroid.generation.space_style import SpaceBand, SpaceStyle
from bandroid.music.song import Song
from bandroid.music.theory import estimate_key, key_name
from bandroid.representations.sheet import TEMPO_RANGE_QPM
from bandroid.representations.window import MOST_BAR_STEPS

_MOST_TRIES = 8
"""that a point is drawn in, until it is no silence and copies no more than the band itself"""
_NEAREST = 0.3
"""how far a band's first try is from the window that it begins with"""


def compose_space(
    style: SpaceStyle,
    wish: Wish,
    seed: int,
    variation: int = 1,
    report: Callable[[int, int], None] = lambda done, total: None,
) -> Piece:
    """Compose one piece; the same style, wish, seed and variation give the same piece. Raises WishError."""
    for flag, value in (("--primer", wish.primer), ("--chords", wish.chart), ("--steps", wish.n_steps)):
        if value is not None:
            raise WishError(f"{flag}: style {style.name} is a latent space, which cannot heed it; leave it out")
    rng = np.random.default_rng([seed, variation])
    band = _band(style, wish, rng)
    n_windows = -(-wish.n_bars // style.kind.n_bars)
    most = style.copy_habit.share_p95 if style.copy_habit is not None and wish.copy_guard else 1.0
    for tries in range(1, _MOST_TRIES + 1):
        # The nearer to music that there is, the better a band holds together, and the more it copies.
        how_far = min(_NEAREST + 0.1 * (tries - 1), FROM_ANCHOR) if wish.copy_guard else FROM_ANCHOR
        ends, players = style.draw(rng, 2 if n_windows > 1 else 1, band, _n_pitched(wish), how_far)
        cast = cast_band(style, players, wish.programs, DRUMS)
        z = path(ends[0], ends[1], n_windows) if n_windows > 1 else ends
        frames = style.frames(n_windows, band.bar_steps, cast.player_numbers)
        windows = style.runtime.decode(z, frames, wish.sampling, rng)
        song = space_song(style, windows, cast, f"{style.name} {seed}-{variation}", n_bars=wish.n_bars)
        if not song.n_notes and tries < _MOST_TRIES:
            continue
        habits, found = judged(song, style.index)
        if found is None or found.share <= most:
            break
    song = _in_key(song, wish)
    report(wish.n_bars, wish.n_bars)
    key = estimate_key(song)
    return Piece(
        song=song,
        habits=habits,
        key=key_name(key.tonic, key.is_minor) if key else "no key",
        steered={"copies": tries - 1} if tries > 1 else {},
        copies=found,
        comment=comment_of(
            style,
            seed=seed,
            variation=variation,
            bars=wish.n_bars,
            tempo_qpm=wish.tempo_qpm,
            metre=wish.metre,
            key=wish.key,
            programs=wish.programs,
            temperature=wish.sampling.temperature,
            top_p=wish.sampling.top_p,
            min_p=wish.sampling.min_p,
            copy_guard=wish.copy_guard,
        ),
    )


def comment_of(style: SpaceStyle, **options: object) -> str:
    """Return what it takes to make the piece again."""
    values: Mapping[str, object] = {"style": style.name, "style_hash": style.style_hash, **options}
    return json.dumps({name: value for name, value in values.items() if value is not None})


def _band(style: SpaceStyle, wish: Wish, rng: np.random.Generator) -> SpaceBand:
    """Draw a song's frame and bring it to the wish; raises WishError."""
    if wish.n_bars > MAX_BARS:
        raise WishError(f"--bars {wish.n_bars} is out of range: 1 to {MAX_BARS}")
    bands = style.bands
    if wish.metre is not None:
        if 16 * wish.metre[0] // wish.metre[1] > MOST_BAR_STEPS or 16 * wish.metre[0] % wish.metre[1]:
            raise WishError(
                f"--metre {wish.metre[0]}/{wish.metre[1]}: bars of a latent space last a whole note at most"
            )
        fits = tuple(band for band in bands if band.metre == wish.metre)
        bands = fits or tuple(replace(band, metre=wish.metre) for band in bands)
    # Whoever plays all voices, before songs that lack some.
    whole = [band for band in bands if all(band.players)] or list(bands)
    band = whole[int(rng.integers(len(whole)))]
    if wish.key is not None and all(voice.is_drums for voice in style.kind.voices):
        raise WishError(f"--key: style {style.name} plays drums alone; leave it out")
    low, high = TEMPO_RANGE_QPM
    return band if wish.tempo_qpm is None else replace(band, tempo_qpm=min(max(wish.tempo_qpm, low), high))


def _n_pitched(wish: Wish) -> int | None:
    """Return how many instruments with a pitch are wished for."""
    return None if wish.programs is None else sum(program != DRUMS for program in wish.programs)


def _in_key(song: Song, wish: Wish) -> Song:
    """Move a song into the wished key, the shorter way; of another mode, into the key with as many sharps."""
    key = estimate_key(song)
    if wish.key is None or key is None:
        return song
    tonic, is_minor = wish.key
    shift = (tonic + 3 * is_minor - key.tonic - 3 * key.is_minor + 5) % 12 - 5
    moved = song.with_parts(
        tuple(part if part.is_drum else replace(part, notes=part.notes.transpose(shift)) for part in song.parts)
    )
    fifths = (7 * ((tonic + 3 * is_minor) % 12) + 5) % 12 - 5
    return replace(moved, keys=tuple(replace(change, fifths=fifths) for change in song.keys))
