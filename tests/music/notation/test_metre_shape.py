"""Note values as a musician groups them."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bandroid.music.notation.metre_shape import VALUES, metre_shape, written_metre


@pytest.mark.parametrize(
    ("metre", "start", "end", "cuts"),
    [
        ((4, 4), 0, 96, (0, 96)),  # a whole note
        ((4, 4), 0, 72, (0, 72)),  # a dotted half on the first beat
        ((4, 4), 24, 72, (24, 48, 72)),  # beat 2 to 4 shows the middle
        ((4, 4), 24, 96, (24, 48, 96)),
        ((4, 4), 12, 36, (12, 36)),  # 8th quarter 8th
        ((4, 4), 36, 60, (36, 48, 60)),  # ... but not over the middle
        ((4, 4), 18, 36, (18, 24, 36)),
        ((4, 4), 0, 60, (0, 48, 60)),
        ((3, 4), 0, 72, (0, 72)),
        ((2, 2), 24, 72, (24, 72)),  # alla breve: quarter half quarter
        ((6, 8), 0, 72, (0, 72)),
        ((6, 8), 24, 48, (24, 36, 48)),  # the second dotted beat is seen
        ((9, 8), 0, 108, (0, 36, 108)),
        ((12, 8), 0, 144, (0, 144)),
        ((7, 8), 0, 84, (0, 24, 48, 84)),
        ((5, 4), 0, 120, (0, 72, 120)),
    ],
)
def test_notes_show_the_beats(metre: tuple[int, int], start: int, end: int, cuts: tuple[int, ...]) -> None:
    assert metre_shape(*metre).parts_of(start, end) == cuts


@pytest.mark.parametrize(
    ("metre", "start", "end", "cuts"),
    [
        ((4, 4), 48, 96, (48, 96)),
        ((4, 4), 24, 72, (24, 48, 72)),
        ((4, 4), 12, 36, (12, 24, 36)),
        ((3, 4), 0, 48, (0, 24, 48)),  # two quarter rests, as usual in 3/4
        ((6, 8), 0, 36, (0, 36)),
        ((6, 8), 12, 36, (12, 24, 36)),
    ],
)
def test_rests_hide_no_beat(metre: tuple[int, int], start: int, end: int, cuts: tuple[int, ...]) -> None:
    assert metre_shape(*metre).rests_of(start, end) == cuts


@settings(deadline=None, max_examples=200)
@given(st.data())
def test_every_stretch_can_be_written(data: st.DataObject) -> None:
    numerator = data.draw(st.integers(1, 13))
    shape = metre_shape(numerator, data.draw(st.sampled_from([2, 4, 8, 16, 32])))
    start = data.draw(st.integers(0, shape.length // 3 - 1)) * 3
    end = data.draw(st.integers(start // 3 + 1, shape.length // 3)) * 3
    for cuts in (shape.parts_of(start, end), shape.rests_of(start, end)):
        assert (cuts[0], cuts[-1]) == (start, end)
        assert all(later - earlier in VALUES for earlier, later in itertools.pairwise(cuts))


def test_sixty_fourths_become_thirty_seconds() -> None:
    assert written_metre(13, 64) == (7, 32)
    assert written_metre(7, 8) == (7, 8)
