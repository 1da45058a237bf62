from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from bandroid.generation.compose import Wish, compose
from bandroid.generation.plan import NEW, SECTION_BARS, SILENT, Plan, forms_of, make_plan
from bandroid.generation.style import ScoreStyle
from bandroid.representations.sheet import sheet_and_loss
from small_band import small_song

forms = st.lists(st.integers(0, 5), min_size=1, max_size=80)


def test_a_form_numbers_contents_by_first_appearance() -> None:
    sheet, _ = sheet_and_loss(small_song(1))
    for part, form in enumerate(forms_of(sheet)):
        assert len(form) == len(sheet.bars)
        seen = [number for number in dict.fromkeys(form) if number]
        assert seen == list(range(1, len(seen) + 1)), part


def test_a_song_that_is_long_enough_lends_a_stretch_as_it_is() -> None:
    form = [1] * 8 + [2, 3] * 4 + [0] * 8 + [1] * 8
    for seed in range(20):
        (wishes,) = make_plan([form], 16, np.random.default_rng(seed)).wishes
        starts = [
            start
            for start in range(0, 17, SECTION_BARS)
            if all((wish == SILENT) == (number == 0) for wish, number in zip(wishes, form[start:], strict=False))
        ]
        assert starts


def test_what_comes_again_points_to_the_last_bar_that_had_it() -> None:
    (wishes,) = make_plan([[1, 1, 0, 2, 1]], 5, np.random.default_rng(0)).wishes
    assert wishes == (NEW, 0, SILENT, NEW, 1)


def test_parts_of_one_song_stay_together() -> None:
    melody, shadow = [1, 2, 3, 4] * 10, [5, 6, 7, 8] * 10
    plan = make_plan([melody, shadow], 24, np.random.default_rng(3))
    assert plan.wishes[0] == plan.wishes[1]


def test_whoever_must_be_heard_is_planned_to_play() -> None:
    form = [0] * 72 + [1] * 8
    for seed in range(20):
        plan = make_plan([form], 8, np.random.default_rng(seed), is_everybody_heard=True)
        assert any(wish != SILENT for wish in plan.wishes[0])


@given(st.lists(forms, min_size=1, max_size=4), st.integers(1, 200), st.integers(0, 1000))
def test_a_plan_has_all_bars_and_looks_back_only(some: list[list[int]], n_bars: int, seed: int) -> None:
    plan = make_plan(some, n_bars, np.random.default_rng(seed))
    for wishes in plan.wishes:
        assert len(wishes) == n_bars
        assert all(wish in (SILENT, NEW) or 0 <= wish < bar for bar, wish in enumerate(wishes))


def test_a_part_without_a_form_is_left_alone() -> None:
    plan = make_plan([[]], 16, np.random.default_rng(0))
    assert plan == Plan(((),)) and plan.wish(0, 3) is None


def test_a_piece_heeds_its_plan(small_style: ScoreStyle) -> None:
    """Songs of the small band rest and repeat; so do pieces, in shares that are near theirs."""
    songs = [line_up.habits for line_up in small_style.line_ups]
    pieces = [compose(small_style, Wish(24), 1, number).habits for number in range(1, 7)]
    silent = float(np.median([one.silent_share for one in songs]))
    assert abs(float(np.median([one.silent_share for one in pieces])) - silent) < 0.15
