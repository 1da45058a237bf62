"""An instant style of the small band, learnt once."""

from __future__ import annotations

import pytest

from bandroid.generation.counts import FrozenCounts
from bandroid.generation.style import ScoreStyle
from bandroid.training.instant import learn_instant
from small_band import small_band


@pytest.fixture(scope="session")
def small_style() -> ScoreStyle:
    learnt = learn_instant(small_band())
    counts = FrozenCounts(learnt.counts)
    return ScoreStyle("small", "0" * 64, counts, learnt.weights, learnt.order, learnt.line_ups)
