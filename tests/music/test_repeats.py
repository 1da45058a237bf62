"""Bars are played in the order that their signs say, and every set of signs comes to an end."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bandroid.music.repeats import BarMarks, play_order


def played(score: str) -> str:
    """Play bars like "|:A 1B:| 2C Fine D DC": signs, one capital letter, signs; endings are digits before it."""
    bars: list[BarMarks] = []
    names: list[str] = []
    for opening, endings, name, closing in re.findall(r"(\|:|\$|@|)(\d*)([A-Z])(:\||:3|\.fine|\.to|\.dc|\.ds|)", score):
        bars.append(
            BarMarks(
                opens_repeat=opening == "|:",
                is_segno=opening == "$",
                is_coda=opening == "@",
                endings=tuple(map(int, endings)),
                times={":|": 2, ":3": 3}.get(closing, 0),
                is_fine=closing == ".fine",
                to_coda=closing == ".to",
                da_capo=closing == ".dc",
                dal_segno=closing == ".ds",
            )
        )
        names.append(name)
    order = play_order(bars)
    assert order is not None
    return "".join(names[bar] for bar, _ in order)


@pytest.mark.parametrize(
    ("score", "order"),
    [
        ("A B", "AB"),
        ("A B:|", "ABAB"),
        ("A |:B C:| D", "ABCBCD"),
        ("|:A:3 B", "AAAB"),
        ("|:A 1B:| 2C D.fine E.dc", "ABACDEACD"),
        ("A 1B:| 2C:| |:D E:|", "ABACDEDE"),
        ("A 1B:| C D:|", "ABACDCD"),  # a first ending alone
        ("A:| 2B", "AAB"),  # a second ending alone
        ("|:A 12B:| 3C D", "ABABACD"),
        ("|:A 1B:| 3C", "ABABAC"),
        ("|:A 1B:| 1C.fine D E.dc", "ABACDEAC"),
        ("A |:B 2C:| 2D", "ABCBD"),
        ("A 1B 2C", "ABAC"),  # the sign of the first ending is missing
        ("|:A 1B 1C:| 2D 2E |:F 1G:| 2H", "ABCADEFGFH"),
        ("A |:B |:C:| D:|", "ABCCDD"),
        ("A $B C.to D E.ds @F G", "ABCDEBCFG"),
        ("A $B C.to D E.ds @F:|", "ABCDEBCFF"),  # the coda is new: its repeat is taken
        ("A B.fine C.dc", "ABCAB"),
        ("A B C.dc", "ABC"),
        ("A $B C.ds D", "ABCBCD"),
    ],
)
def test_bars_are_played_in_order(score: str, order: str) -> None:
    assert played(score) == order


def test_the_time_counts_within_a_section() -> None:
    bars = [BarMarks(), BarMarks(times=2), BarMarks()]
    assert play_order(bars) == [(0, 1), (1, 1), (0, 2), (1, 2), (2, 1)]


def test_unfolding_has_a_limit() -> None:
    assert play_order([BarMarks(times=32)], limit=10) is None


MARKS = st.builds(
    BarMarks,
    opens_repeat=st.booleans(),
    times=st.integers(0, 40),
    endings=st.lists(st.integers(0, 5), max_size=2).map(tuple),
    is_segno=st.booleans(),
    is_coda=st.booleans(),
    to_coda=st.booleans(),
    is_fine=st.booleans(),
    da_capo=st.booleans(),
    dal_segno=st.booleans(),
)


@given(st.lists(MARKS, max_size=12))
def test_any_signs_come_to_an_end(bars: list[BarMarks]) -> None:
    order = play_order(bars, limit=5000)
    assert order is None or all(0 <= bar < len(bars) and time >= 1 for bar, time in order)


@given(st.integers(0, 20))
def test_without_signs_all_bars_are_played_once(n_bars: int) -> None:
    assert play_order([BarMarks(is_fine=True) for _ in range(n_bars)]) == [(bar, 1) for bar in range(n_bars)]
