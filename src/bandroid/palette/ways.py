"""What a latent space is for: hear songs again, vary them, blend them, steer them, lead from one to the next.

Each way gives `Piece`s; the same style, songs, wishes and seed give the same pieces.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from bandroid.errors import WishError
from bandroid.generation.attributes import VELOCITY, measure_windows
from bandroid.generation.compose import Piece
from bandroid.generation.latent import direction_between, grid, path, towards
from bandroid.generation.personal_net import PersonalRuntime
from bandroid.generation.sampling import Sampling
from bandroid.generation.space_compose import comment_of
from bandroid.generation.space_judge import steered, walked
from bandroid.generation.space_song import judged, space_song
from bandroid.generation.space_style import SpaceBand, SpaceStyle
from bandroid.music.song import Song
from bandroid.music.theory import estimate_key, key_name
from bandroid.palette.fragment import Fragment
from bandroid.representations.window import Frames, Window, frames_of, patches_of

MOST_STEPS, MOST_SIZE, MOST_BETWEEN = 1001, 64, 16
_MARK = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


@dataclass(frozen=True, slots=True)
class Turn:
    """How to move a point. Raises WishError where amounts are out of range."""

    amount: float = 0.0
    """how far the neighbours are: 0 the same, 1 anything"""
    attributes: Mapping[str, float] = field(default_factory=dict)
    """by how many deviations each attribute is to change"""
    direction: NDArray[np.float32] | None = None
    """float32[Z]: what makes music more like one folder and less like another"""
    strength: float = 1.0
    """how much of that"""

    def __post_init__(self) -> None:
        if not 0.0 <= self.amount <= 1.0:
            raise WishError(f"--amount {self.amount:g} is out of range: 0 (the same) to 1 (anything)")
        for name, value in self.attributes.items():
            if not -5.0 <= value <= 5.0:
                raise WishError(f"--set {name}={value:g} is out of range: -5 to +5 of its usual deviations")


def places(style: SpaceStyle, windows: Sequence[Window]) -> NDArray[np.float32]:
    """Return where windows lie, float32[N, Z]; voices that they lack, but for parts, where they would likely lie."""
    patches = patches_of(windows, style.kind)
    mean = style.runtime.encode(patches).mean
    # A personal space's numbers are nobody's alone; whoever lacks a part lacks nothing.
    if isinstance(style.runtime, PersonalRuntime) or style.kind.has_parts:
        return mean
    per_voice = mean.shape[1] // len(style.kind.voices)
    known = np.repeat(patches.is_there, per_voice, axis=1)
    return np.array([style.place.completed(z, is_known) for z, is_known in zip(mean, known, strict=True)])


def reconstruct(style: SpaceStyle, heard: Fragment, title: str) -> Piece:
    """Write down what the space hears in a song, as long as the song."""
    windows = style.runtime.decode(places(style, heard.windows), frames_of(heard.windows, style.kind))
    song = space_song(style, windows, heard.band, title, n_bars=heard.n_bars)
    return _piece(style, song, {"verb": "reconstruct", "bars": heard.n_bars})


def vary(style: SpaceStyle, heard: Fragment, turn: Turn, title: str, how: Sampling, seed: int, variation: int) -> Piece:
    """Write a neighbour of a song, as long as the song."""
    windows = turned(style, heard, turn, how, seed, variation)
    song = space_song(style, windows, heard.band, title, n_bars=heard.n_bars)
    options = {"verb": "vary", "seed": seed, "variation": variation, "amount": turn.amount}
    return _piece(style, song, {**options, **{f"set {name}": value for name, value in turn.attributes.items()}})


def turned(style: SpaceStyle, heard: Fragment, turn: Turn, how: Sampling, seed: int, variation: int) -> list[Window]:
    """Turn all windows of a song alike, so that what comes again still does."""
    rng = np.random.default_rng([seed, variation])
    points = places(style, heard.windows)
    if turn.amount:
        points = towards(points, style.place.draw(rng, 1), turn.amount, style.place)
    if turn.direction is not None:
        points = points + np.float32(turn.strength) * turn.direction
    points = points.astype(np.float32)
    frames = frames_of(heard.windows, style.kind)
    if not turn.attributes:
        return style.runtime.decode(points, frames, how, rng)
    steered_points = steered(style, points, frames, _known(style, turn.attributes))
    windows = style.runtime.decode(steered_points, frames, how, rng)
    if VELOCITY not in turn.attributes:
        return windows
    return _as_loud(windows, style.runtime.decode(points, frames), style, turn.attributes[VELOCITY])


def more_like(style: SpaceStyle, more: Sequence[Window], less: Sequence[Window]) -> NDArray[np.float32]:
    """Return what sets some windows apart from others, float32[Z]: without others, from the space's middle."""
    if not more and not less:
        raise WishError("--more-like, --less-like: neither folder holds anything that the space hears")
    middle = style.place.mean[None]
    return direction_between(
        places(style, more) if more else middle,
        places(style, less) if less else middle,
    )


def interpolate(
    style: SpaceStyle, a: Fragment, b: Fragment, n_steps: int, title: str, *, keep_ends: bool
) -> tuple[Piece, tuple[Piece, ...]]:
    """Return a path from one fragment to another: as one piece, and each of its steps.

    The ends are what the space hears in A and B; with `keep_ends` A and B themselves stand there. All play in A's
    tempo and metre. Raises WishError for fewer than two steps, or metres that differ.
    """
    if not 2 <= n_steps <= MOST_STEPS:
        raise WishError(f"--steps {n_steps} is out of range: 2 to {MOST_STEPS}")
    _check_metres([a, b])
    ends = places(style, [a.windows[0], b.windows[0]])
    z = path(ends[0], ends[1], n_steps)
    frames = _between(style, [a.windows[0], b.windows[0]], np.linspace(0.0, 1.0, n_steps))
    windows = walked(style, z, frames, np.random.default_rng(0))
    if keep_ends:
        windows[0], windows[-1] = a.windows[0], b.windows[0]
    return _walk(style, windows, _together(a.band, b.band), title, {"verb": "interpolate", "steps": n_steps})


def wander(
    style: SpaceStyle, n_points: int, n_steps: int, band: SpaceBand, title: str, seed: int
) -> tuple[Piece, tuple[Piece, ...]]:
    """Return a path between drawn points, `n_steps` from each to the next."""
    if not 2 <= n_points <= 100:
        raise WishError(f"--random {n_points} is out of range: 2 to 100 points")
    if not 2 <= n_steps <= MOST_STEPS:
        raise WishError(f"--steps {n_steps} is out of range: 2 to {MOST_STEPS}")
    points, band = style.draw(np.random.default_rng(seed), n_points, band)
    legs = [path(one, other, n_steps) for one, other in itertools.pairwise(points)]
    rng = np.random.default_rng(seed)
    windows: list[Window] = []
    for leg in legs:
        written = walked(style, leg, style.frames(len(leg), band.bar_steps, band.player_numbers), rng)
        windows += written[1:] if windows else written
    return _walk(style, windows, band, title, {"verb": "interpolate", "random": n_points, "seed": seed})


def usual_band(style: SpaceStyle, seed: int) -> SpaceBand:
    """Return a frame of the style's own songs, whole ones before others."""
    whole = [band for band in style.bands if all(band.players)] or list(style.bands)
    return whole[seed % len(whole)]


def corners(style: SpaceStyle, four: Sequence[Fragment], size: int, title: str) -> list[list[Piece]]:
    """Return a grid of pieces between four fragments: A and B above, C and D below; in A's tempo and metre."""
    if not 2 <= size <= MOST_SIZE:
        raise WishError(f"--size {size} is out of range: 2 to {MOST_SIZE}")
    if len(four) != 4:
        raise WishError(f"--corners: name four songs, not {len(four)}")
    _check_metres(four)
    z = grid(list(places(style, [one.windows[0] for one in four])), size)
    is_far = [2 * number >= size - 1 for number in range(size)]
    nearest = [four[2 * down + right].windows[0] for down, right in itertools.product(is_far, is_far)]
    windows = style.runtime.decode(z.reshape(size * size, -1), frames_of(nearest, style.kind))
    band = functools.reduce(_together, [one.band for one in four])
    pieces = [
        _piece(
            style,
            space_song(style, [window], band, f"{title} {row + 1}-{column + 1}"),
            {"verb": "interpolate", "size": size, "row": row + 1, "column": column + 1},
        )
        for (row, column), window in zip(itertools.product(range(size), range(size)), windows, strict=True)
    ]
    return [pieces[first : first + size] for first in range(0, size * size, size)]


def chain(style: SpaceStyle, songs: Sequence[Fragment], n_between: int, title: str) -> Piece:
    """Join fragments into one track: each as it is, and between them windows that lead from one to the next."""
    if len(songs) < 2:
        raise WishError("chain: name two songs at least")
    if not 0 <= n_between <= MOST_BETWEEN:
        raise WishError(f"--between {n_between} is out of range: 0 to {MOST_BETWEEN} windows")
    _check_metres(songs)
    windows: list[Window] = []
    labels: list[str] = []
    for number, (one, following) in enumerate(itertools.zip_longest(songs, songs[1:])):
        windows += one.windows
        labels += [_MARK[number % 26]] + [""] * (len(one.windows) - 1)
        if following is not None:
            ends = places(style, [one.windows[-1], following.windows[0]])
            if n_between:
                z = path(ends[0], ends[1], n_between + 2)
                frames = _between(style, [one.windows[-1], following.windows[0]], np.linspace(0.0, 1.0, n_between + 2))
                windows += walked(style, z, frames, np.random.default_rng(number))[1:-1]
                labels += [f"{_MARK[number % 26]}-{_MARK[(number + 1) % 26]}"] + [""] * (n_between - 1)
    band = functools.reduce(_together, [one.band for one in songs])
    song = space_song(style, windows, band, title, labels=labels)
    return _piece(style, song, {"verb": "chain", "between": n_between})


def _between(style: SpaceStyle, ends: Sequence[Window], shares: NDArray[np.float64]) -> Frames:
    """Return what a path is written into: the players of the end that is nearer come and go at the middle."""
    return frames_of([ends[int(share >= 0.5)] for share in shares], style.kind)


def _together(band: SpaceBand, other: SpaceBand) -> SpaceBand:
    """Return a band with another's players where it has none."""
    return replace(band, players=tuple(own or one for own, one in zip(band.players, other.players, strict=True)))


def _known(style: SpaceStyle, attributes: Mapping[str, float]) -> Mapping[str, float]:
    """Return the wishes as they are; raises WishError for an attribute that this space has not."""
    for name in attributes:
        if name not in style.attributes:
            raise WishError(f"--set {name}: this space has {', '.join(style.attributes)}")
    return attributes


def _as_loud(windows: Sequence[Window], before: Sequence[Window], style: SpaceStyle, amount: float) -> list[Window]:
    """Make up for what the space leaves of a wish for loudness: all strokes harder or softer by as much."""
    column = style.attributes.index(VELOCITY)
    means = [float(measure_windows(each, style.kind)[:, column].mean()) for each in (before, windows)]
    missing = means[0] + amount * float(style.place.deviation[column]) - means[1]
    louder = [np.where(w.velocity > 0, np.clip(np.rint(w.velocity + missing), 1, 127), 0) for w in windows]
    return [replace(w, velocity=loud.astype(np.int32)) for w, loud in zip(windows, louder, strict=True)]


def _walk(
    style: SpaceStyle, windows: Sequence[Window], band: SpaceBand, title: str, options: Mapping[str, object]
) -> tuple[Piece, tuple[Piece, ...]]:
    labels = [str(number) for number in range(1, len(windows) + 1)]
    whole = _piece(style, space_song(style, windows, band, title, labels=labels), options)
    each = tuple(
        _piece(style, space_song(style, [window], band, f"{title} {label}"), {**options, "step": int(label)})
        for window, label in zip(windows, labels, strict=True)
    )
    return whole, each


def _piece(style: SpaceStyle, song: Song, options: Mapping[str, object]) -> Piece:
    key = estimate_key(song)
    habits, found = judged(song, style.index) if song.n_notes else (style.bands[0].habits, None)
    return Piece(
        song=song,
        habits=habits,
        key=key_name(key.tonic, key.is_minor) if key else "no key",
        steered={},
        copies=found,
        comment=comment_of(style, **options),
    )


def _check_metres(fragments: Sequence[Fragment]) -> None:
    lengths = [one.windows[0].bar_steps for one in fragments]
    if len(set(lengths)) > 1:
        words = " and ".join(f"{length} 16ths" for length in dict.fromkeys(lengths))
        raise WishError(f"the songs' bars differ in length ({words}): take songs of one metre")
