"""Settings that a user can change by name."""

from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bandroid.errors import WishError
from bandroid.settings import apply, as_json, from_json, setting, settings_of, text_of


@dataclass(frozen=True)
class Net:
    layers: tuple[int, ...] = setting((160,), "units of each layer", least=8, most=512)
    dropout: float = setting(0.3, "share left out", least=0.0, most=0.9)
    is_deep: bool = setting(False, "deep or not")


@dataclass(frozen=True)
class Course:
    learning_rate: float = setting(1e-3, "how far a step goes", least=1e-7, most=1.0)
    steps: int = setting(100, "how many", least=1)
    precision: str = setting("auto", "numbers", choices=("auto", "fp32"))


def test_apply_parses_by_type():
    wishes = ["learning_rate=5e-4", "layers=128,64", "is-deep=Yes", "precision=fp32", "steps= 7 "]
    net, course = apply((Net(), Course()), wishes)
    assert net == Net(layers=(128, 64), is_deep=True)
    assert course == Course(learning_rate=5e-4, steps=7, precision="fp32")


def test_apply_changes_nothing_without_wishes():
    assert apply((Net(), Course()), []) == (Net(), Course())


@pytest.mark.parametrize(
    ("wish", "message"),
    [
        ("dropuot=0.1", "there is no setting called 'dropuot'; did you mean dropout? (there is also layers, is_deep, "),
        ("lr=0.1", "did you mean learning_rate"),
        ("qqq=1", "there is no setting called 'qqq'; there is layers, dropout, is_deep, learning_rate, steps and prec"),
        ("dropout=2", "dropout=2 is out of range: 0 to 0.9"),
        ("steps=0", "steps=0 is out of range: 1 or more"),
        ("layers=128,4", "layers=128,4 is out of range: 8 to 512 (each of them)"),
        ("layers=", "whole numbers with commas"),
        ("steps=1.5", "steps=1.5: it takes a whole number"),
        ("learning_rate=nan", "it takes a number"),
        ("is_deep=maybe", "it takes yes or no"),
        ("precision=fp8", "choose auto or fp32"),
        ("dropout", "write it as name=value, for example --set layers=160"),
        ("=3", "write it as name=value"),
    ],
)
def test_what_cannot_be_is_said(wish, message):
    with pytest.raises(WishError) as caught:
        apply((Net(), Course()), [wish])
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_setting_given_twice_contradicts_itself():
    with pytest.raises(WishError, match="given twice"):
        apply((Net(),), ["dropout=0.1", "dropout=0.2"])


def test_two_settings_of_one_name_are_a_mistake_of_ours():
    with pytest.raises(ValueError, match="two settings"):
        settings_of((Net(), Net()))


@given(
    st.builds(
        Net,
        layers=st.lists(st.integers(8, 512), min_size=1, max_size=4).map(tuple),
        dropout=st.floats(0.0, 0.9),
        is_deep=st.booleans(),
    )
)
def test_json_and_text_hold_every_value(net):
    assert from_json(Net, as_json(net)) == net
    wishes = [f"{one.name}={text_of(one.value)}" for one in settings_of((net,)).values()]
    assert apply((Net(),), wishes) == (net,)


def test_from_json_is_checked():
    assert from_json(Net, {}) == Net()
    with pytest.raises(WishError, match="out of range"):
        from_json(Net, {"dropout": 3.0})
    with pytest.raises(WishError, match="no setting"):
        from_json(Net, {"width": 3})
