"""What benchmarks/compose counts with."""

from bandroid.generation.compose import Wish, compose
from bandroid.generation.counts import FrozenCounts
from bandroid.generation.style import ScoreStyle
from bandroid.training.instant import learn_instant
from benchmarks.compose.__main__ import CountingStyle
from small_band import small_band


def test_every_choice_is_counted_and_the_piece_stays_the_same() -> None:
    learnt = learn_instant(small_band())
    style = ScoreStyle("small", "0" * 64, FrozenCounts(learnt.counts), learnt.weights, learnt.order, learnt.line_ups)
    counting = CountingStyle(style)
    piece = compose(counting, Wish(n_bars=4), seed=1)
    assert piece.song == compose(style, Wish(n_bars=4), seed=1).song
    # One choice a cell at least.
    assert counting.n_choices >= 4 * len(piece.song.parts)
    before = counting.n_choices
    compose(counting, Wish(n_bars=4), seed=1)
    assert counting.n_choices == 2 * before
