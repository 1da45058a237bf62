"""Bars as they are written: ties, triplets, dots, rests, beams."""

from __future__ import annotations

import itertools

from hypothesis import given, settings
from hypothesis import strategies as st

from bandroid.music.notation.metre_shape import VALUES, metre_shape
from bandroid.music.notation.note_values import Bar, Stretch, Value, write_hits, write_voice

FOUR_FOUR = Bar(96, 0, metre_shape(4, 4))


def _written(*spans: tuple[int, int], bar: Bar = FOUR_FOUR) -> list[Value]:
    return write_voice([Stretch(start, end, (0,)) for start, end in spans], bar)


def _said(values: list[Value]) -> list[str]:
    """Say values in short: "quarter", "rest half", "eighth." for a dotted one, "~" for a tie on, "3" in a triplet."""
    return [
        ("" if value.notes else "rest ")
        + VALUES[value.nominal][0]
        + "." * VALUES[value.nominal][1]
        + "~" * value.is_tied_on
        + "3" * value.is_triplet
        + "'" * value.is_staccato
        for value in values
    ]


def test_a_note_over_the_middle_is_tied() -> None:
    assert _said(_written((0, 24), (24, 72), (72, 96))) == ["quarter", "quarter~", "quarter", "quarter"]


def test_triplets_have_brackets_and_beams() -> None:
    values = _written((0, 8), (8, 16), (16, 24), (24, 96))
    assert _said(values) == ["eighth3", "eighth3", "eighth3", "quarter~", "half"]
    assert [value.tuplet for value in values[:3]] == ["start", "", "stop"]
    assert [value.beams for value in values[:3]] == [["begin"], ["continue"], ["end"]]


def test_a_triplet_over_a_half_is_of_quarters() -> None:
    assert _said(_written((0, 16), (16, 32), (32, 48), (48, 96))) == ["quarter3", "quarter3", "quarter3", "half"]


def test_half_a_beat_may_be_a_triplet_of_sixteenths() -> None:
    assert _said(_written((0, 4), (4, 8), (8, 12), (12, 24), (24, 96)))[:4] == ["16th3", "16th3", "16th3", "eighth"]


def test_swing_is_written_as_triplets() -> None:
    assert _said(_written((0, 16), (16, 24), (24, 40), (40, 48), (48, 96))) == [
        "quarter3", "eighth3", "quarter3", "eighth3", "half",
    ]  # fmt: skip


def test_a_sixteenth_and_its_rest_are_a_staccato_eighth() -> None:
    assert _said(_written((0, 6), (12, 18), (24, 48)))[:3] == ["eighth'", "eighth'", "quarter"]


def test_beams_show_the_beats() -> None:
    sixteenth_group = _written((0, 12), (12, 18), (18, 24), (24, 36), (36, 48), (48, 60), (60, 72), (72, 84), (84, 96))
    assert [value.beams for value in sixteenth_group] == [
        ["begin"], ["continue", "begin"], ["end", "end"], ["begin"], ["end"],
        ["begin"], ["continue"], ["continue"], ["end"],
    ]  # fmt: skip


def test_dotted_rhythm_has_a_hook() -> None:
    values = _written((0, 18), (18, 24), (24, 96))
    assert [value.beams for value in values[:2]] == [["begin"], ["end", "backward hook"]]


def test_six_eight_is_beamed_by_dotted_quarters() -> None:
    bar = Bar(72, 0, metre_shape(6, 8))
    values = _written(*((start, start + 12) for start in range(0, 72, 12)), bar=bar)
    assert [value.beams[0] for value in values] == ["begin", "continue", "end"] * 2


def test_drum_hits_are_short_and_never_tied() -> None:
    values = write_hits([Stretch(at, at, (0,)) for at in (0, 16, 24, 42, 60)], FOUR_FOUR)
    assert _said(values) == [
        "quarter3", "eighth3", "eighth.", "16th", "rest eighth", "eighth", "rest quarter",
    ]  # fmt: skip


_METRES = st.sampled_from([(4, 4), (3, 4), (6, 8), (12, 8), (7, 8), (2, 2), (5, 4), (9, 8), (3, 8), (7, 16), (5, 32)])


@st.composite
def _bars(draw: st.DrawFn) -> tuple[Bar, list[Stretch]]:
    """Draw a bar, perhaps a pickup, and notes whose ends lie on one grid per beat, as `paper` leaves them."""
    shape = metre_shape(*draw(_METRES))
    skip = draw(st.sampled_from([0, 0, 3, 6, 12, 24, 30])) % shape.length
    length = shape.length - skip
    edges = sorted({edge - skip for edge in range(0, shape.length + 1, shape.span) if edge > skip} | {0, length})
    places: set[int] = set()
    for start, end in itertools.pairwise(edges):
        unit = draw(st.sampled_from([unit for unit in (6, 8, 3, 4) if (end - start) % unit == 0] or [3]))
        places |= set(draw(st.lists(st.sampled_from(range(start, end + 1, unit)), max_size=6)))
    ordered = sorted(places)
    chosen = draw(st.lists(st.booleans(), min_size=len(ordered), max_size=len(ordered)))
    spans = zip(ordered, ordered[1:], chosen[1:], strict=False)
    return Bar(length, skip, shape), [Stretch(start, end, (0,)) for start, end, is_note in spans if is_note]


@settings(deadline=None, max_examples=300)
@given(_bars())
def test_values_fill_the_bar_and_say_the_notes(drawn: tuple[Bar, list[Stretch]]) -> None:
    bar, notes = drawn
    for values in (write_voice(notes, bar), write_hits([note._replace(end=note.start) for note in notes], bar)):
        assert [value.start for value in values] == [sum(v.length for v in values[:i]) for i in range(len(values))]
        assert sum(value.length for value in values) == bar.length
        assert all(value.nominal in VALUES and value.length > 0 for value in values)
        assert [v.start for v in values if v.notes and not v.is_tied_from] == [note.start for note in notes]
        assert [v.tuplet for v in values if v.tuplet] == ["start", "stop"] * (sum(v.tuplet != "" for v in values) // 2)
    sounding = []
    for value in write_voice(notes, bar):
        if value.notes:
            length = value.length // 2 if value.is_staccato else value.length
            if value.is_tied_from:
                sounding[-1] += length
            else:
                sounding.append(length)
    assert sounding == [note.end - note.start for note in notes]
