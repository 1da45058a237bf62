"""Which step is kept, and when training stops."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bandroid.training.judging import (
    Evaluation,
    Yardsticks,
    candidates,
    choose,
    has_jumped,
    line_of,
    reason_to_stop,
)

HABIT = Yardsticks(copy_habit=0.05)


def rows_of(*losses, copies=None, problems=None):
    """One test every 100 steps."""
    copies = copies or {}
    problems = problems or {}
    return [
        Evaluation(100 * n, float(n), 1.0, 0.5, loss, 0.6, copies.get(n, 0.01), problems.get(n), 1e-3, float(n))
        for n, loss in enumerate(losses, 1)
    ]


def test_the_lowest_held_out_loss_is_kept():
    choice = choose(rows_of(2.0, 1.5, 1.2, 1.4), HABIT)
    assert choice.step == 300
    assert choice.because == "step 300: lowest held-out loss (1.200 bits per note)"


def test_within_one_per_cent_the_earlier_step_is_kept():
    choice = choose(rows_of(2.0, 1.205, 1.2, 1.4), HABIT)
    assert choice.step == 200
    assert "within 1 % of the lowest held-out loss" in choice.because and "step 300" in choice.because


def test_steps_that_copy_are_left_out():
    choice = choose(rows_of(2.0, 1.5, 1.3, 1.1, copies={4: 0.2}), HABIT)
    assert choice.step == 300
    assert choice.because.endswith("before copies rise above the band's own habit of quoting itself")


def test_silent_steps_are_left_out():
    assert choose(rows_of(2.0, 1.5, 1.3, problems={3: "is silent"}), HABIT).step == 200


def test_where_all_copy_the_lowest_loss_is_kept_and_it_is_said():
    choice = choose(rows_of(2.0, 1.5, copies={1: 0.2, 2: 0.3}), HABIT)
    assert choice.step == 200
    assert "no step keeps to the band's own habit of quoting itself (5.0 %): this one copies 30 %" in choice.because


def test_where_all_are_silent_it_is_said():
    choice = choose(rows_of(2.0, 1.5, problems={1: "is silent", 2: "is silent"}), HABIT)
    assert choice.step == 200 and "its sample is silent" in choice.because


def test_nothing_can_be_kept_of_no_numbers():
    assert choose(rows_of(math.nan, math.inf), HABIT) is None
    assert choose([], HABIT) is None


@given(
    st.lists(
        st.tuples(st.sampled_from([1.0, 1.002, 1.004, 1.006, 1.012, 1.02, 1.5]), st.sampled_from([0.01, 0.2])),
        min_size=1,
        max_size=12,
    )
)
def test_whatever_comes_the_choice_was_a_candidate_from_its_own_test_on(rows):
    """Only the weights of candidates are held: none that is chosen later may have been given up before."""
    evaluations = rows_of(*(loss for loss, _ in rows), copies={n: copy for n, (_, copy) in enumerate(rows, 1)})
    held: set[int] = set()
    for n in range(1, len(evaluations) + 1):
        so_far = evaluations[:n]
        held = (held | {so_far[-1].step}) & {one.step for one in candidates(so_far, 0.05)}
        assert choose(so_far, HABIT).step in held


def stop(evaluations, **changes):
    return reason_to_stop(evaluations, HABIT, **{"patience": 3, "copy_patience": 2, **changes})


def test_it_stops_when_patience_is_worn_out():
    assert stop(rows_of(2.0, 1.5, 1.6, 1.6)) is None
    why = stop(rows_of(2.0, 1.5, 1.6, 1.6, 1.6))
    assert why == "it did not get better on the songs held out since step 200 (3 tests)"


def test_a_hair_is_no_gain():
    """Else a loss that falls by nothing worth having would go on for ever."""
    assert stop(rows_of(1.0, 0.99995, 0.9999, 0.99985)) is not None
    assert stop(rows_of(1.0, 0.99, 0.98, 0.97, 0.96)) is None


def test_it_stops_when_it_copies_for_several_tests():
    assert stop(rows_of(2.0, 1.5, 1.2, copies={1: 0.3, 3: 0.2})) is None
    why = stop(rows_of(2.0, 1.5, 1.2, copies={2: 0.06, 3: 0.2}))
    assert why == "it copies more than the band quotes itself (20 % against 5.0 %, 2 tests in a row)"
    assert stop(rows_of(2.0, 1.5, 1.2, copies={2: 0.06, 3: 0.2}), copy_patience=0) is None


def test_tests_before_a_collapse_wear_no_patience_out():
    evaluations = rows_of(1.0, 1.5, 1.5, 1.5)
    assert stop(evaluations) is not None
    assert stop(evaluations, n_before=3) is None


def test_training_accuracy_has_no_say():
    """Learning by heart: what is learnt gets better and better, what is held out does not."""
    rows = [
        Evaluation(n, n, 1.0 / n, 1.0 - 0.1 / n, loss, 0.6, 0.01, None, 1e-3, n)
        for n, loss in enumerate((2.0, 1.4, 1.5, 1.6, 1.8), 1)
    ]
    assert stop(rows) is not None
    assert choose(rows, HABIT).step == 2


@pytest.mark.parametrize(
    ("recent", "loss", "unigram", "jumps"),
    [
        ([1.0] * 20, 3.5, 3.0, True),
        ([1.0] * 20, 3.5, None, True),
        ([1.0] * 20, 3.5, 4.0, False),  # three times as much, but still better than guessing
        ([1.0] * 20, 2.5, 2.0, False),
        ([1.0] * 5, 9.0, 3.0, False),  # too early to say what is usual
    ],
)
def test_a_jump(recent, loss, unigram, jumps):
    assert has_jumped(recent, loss, unigram) is jumps


def test_the_line_of_a_test():
    (one,) = rows_of(1.25, copies={1: 0.12})
    line = line_of(one, HABIT, is_best=True)
    assert "step   100" in line and "held out 1.250 (60 % right)" in line
    assert "copies 12 % (the band 5.0 %)" in line and line.endswith("best so far")


def test_json_holds_what_is_no_number():
    (one,) = rows_of(math.nan)
    assert one.as_json()["held_out_loss"] is None
    again = Evaluation.from_json(one.as_json())
    assert math.isnan(again.held_out_loss) and not again.is_sound
