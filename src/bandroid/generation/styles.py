"""Styles of any kind: loaded from a bundle, tried out, composed with. The one place that tells kinds apart."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TypeAlias

from bandroid.bundle.store import Bundle, list_styles
from bandroid.errors import StyleError, WishError
from bandroid.generation.chorale_compose import compose_chorale
from bandroid.generation.chorale_style import NAME as CHORALE
from bandroid.generation.chorale_style import ChoraleStyle, check_chorale_golden, load_chorale_style
from bandroid.generation.compose import Piece, Wish, compose
from bandroid.generation.continuation import continue_song
from bandroid.generation.line_compose import compose_line
from bandroid.generation.line_style import NAME as LINE
from bandroid.generation.line_style import LineStyle, check_line_golden, load_line_style
from bandroid.generation.space_compose import compose_space
from bandroid.generation.space_style import NAME as WINDOW
from bandroid.generation.space_style import SpaceStyle, check_space_golden, load_space_style
from bandroid.generation.style import ScoreStyle, check_golden, load_style
from bandroid.music.clock import bar_grid
from bandroid.representations.sheet import TICKS_PER_QUARTER

AnyStyle: TypeAlias = ScoreStyle | LineStyle | SpaceStyle | ChoraleStyle
Report: TypeAlias = Callable[[int, int], None]


def load_any_style(bundle: Bundle) -> AnyStyle:
    """Load a style from its bundle, every file checked; raises StyleError."""
    if bundle.manifest.representation.get("name") == LINE:
        return load_line_style(bundle)
    if bundle.manifest.representation.get("name") == WINDOW:
        return load_space_style(bundle)
    if bundle.manifest.representation.get("name") == CHORALE:
        return load_chorale_style(bundle)
    return load_style(bundle)


def load_score_style(bundle: Bundle, verb: str) -> ScoreStyle:
    """Load a style that writes scores, for a verb that needs one; raises StyleError, which says what does instead."""
    style = load_any_style(bundle)
    if isinstance(style, LineStyle):
        raise StyleError(
            f"{verb}: style {style.name} writes one line; "
            f"bandroid compose {style.name} --primer SONG.mid goes on from a song"
        )
    if isinstance(style, SpaceStyle):
        raise StyleError(
            f"{verb}: style {style.name} is a latent space; bandroid vary, interpolate and chain go with it"
        )
    if isinstance(style, ChoraleStyle):
        raise StyleError(f"{verb}: style {style.name} writes four voices; bandroid harmonise and infill go with it")
    return style


def load_chorale_style_for(bundle: Bundle) -> ChoraleStyle:
    """Load a style of four voices, for a verb that needs one; raises StyleError, which names those that there are."""
    style = load_any_style(bundle)
    if isinstance(style, ChoraleStyle):
        return style
    choirs = [one.name for one in list_styles()[0] if one.manifest.representation.get("name") == CHORALE]
    there = f"these do: {', '.join(choirs)}" if choirs else "learn one with --preset chorale"
    raise StyleError(f"style {style.name} does not write four voices, and this takes one that does; {there}")


def usual_bars(style: AnyStyle) -> int | None:
    """Return how many bars a piece of a style has where nobody says: a latent space's window; None for the usual 16."""
    return style.kind.n_bars if isinstance(style, SpaceStyle) else None


def load_space_style_for(bundle: Bundle) -> SpaceStyle:
    """Load a latent space, for a verb that needs one; raises StyleError, which names those that there are."""
    style = load_any_style(bundle)
    if isinstance(style, SpaceStyle):
        return style
    spaces = [one.name for one in list_styles()[0] if one.manifest.representation.get("name") == WINDOW]
    there = f"these do: {', '.join(spaces)}" if spaces else "learn one with --preset melody-2bar or trio-16bar"
    raise StyleError(f"style {style.name} is no latent space, and this takes one; {there}")


def check_any_golden(bundle: Bundle) -> None:
    """Load a style and make sure that it works here as it did where it was made; raises StyleError."""
    match load_any_style(bundle):
        case LineStyle() as style:
            check_line_golden(style, bundle)
        case ChoraleStyle() as style:
            check_chorale_golden(style, bundle)
        case SpaceStyle() as style:
            check_space_golden(style, bundle)
        case ScoreStyle() as style:
            check_golden(style, bundle)


def compose_any(
    style: AnyStyle, wish: Wish, seed: int, variation: int = 1, report: Report = lambda done, total: None
) -> Piece:
    """Compose one piece; the same style, wish, seed and variation give the same piece.

    `report` is called after each bar with bars done and bars in all. Raises WishError where the wish cannot be met.
    """
    if isinstance(style, LineStyle):
        return compose_line(style, wish, seed, variation, report)
    if isinstance(style, SpaceStyle):
        return compose_space(style, wish, seed, variation, report)
    if isinstance(style, ChoraleStyle):
        return compose_chorale(style, wish, seed, variation, report)
    if wish.chart is not None:
        raise WishError(f"--chords: style {style.name} plays no leads over chords; learn one with --preset jazz")
    if wish.primer is None:
        return compose(style, _in_bars(wish, *_metre_of(style, wish)), seed, variation, report)
    return _go_on(style, wish, seed, variation, report)


def _go_on(style: ScoreStyle, wish: Wish, seed: int, variation: int, report: Report) -> Piece:
    """Begin with a primer: a song goes on for what is left of the wished length."""
    assert wish.primer is not None
    if (wish.tempo_qpm, wish.metre, wish.key, wish.programs) != (None, None, None, None):
        raise WishError("--primer: the piece goes on in its tempo, metre, key and instruments; leave the others out")
    song = wish.primer.song
    grid = bar_grid(song, wish.primer.end_tick)
    last = int(grid.numerator[-1]), int(grid.denominator[-1])
    wish = _in_bars(wish, *last)
    n_more = wish.n_bars - grid.n_bars
    if n_more < 1:
        raise WishError(f"--bars {wish.n_bars}: the primer alone takes {grid.n_bars}; ask for more")
    return continue_song(style, song, replace(wish, n_bars=n_more, primer=None), seed, variation, report)


def _in_bars(wish: Wish, numerator: int, denominator: int) -> Wish:
    """Put a length in 16ths as bars, the last one begun."""
    if wish.n_steps is None:
        return wish
    bar_tick = 4 * TICKS_PER_QUARTER * numerator // denominator
    return replace(wish, n_bars=max(-(-wish.n_steps * TICKS_PER_QUARTER // (4 * bar_tick)), 1), n_steps=None)


def _metre_of(style: ScoreStyle, wish: Wish) -> tuple[int, int]:
    return wish.metre or style.line_ups[0].metre
