"""How a metre is written: its beats, what may be beamed, and which note values may hide which beats.

Times here are `written ticks`, 24 to a quarter: the coarsest grid that holds 32nds (3), 16ths (6), triplets of
8ths (8) and of 16ths (4) exactly. Rules after Gould, Behind Bars (2011), chapter "Grouping": a bar of four beats shows
its middle, compound metres show their dotted beats, a rest never hides a beat.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

WRITTEN_TICKS = 24
"""written ticks per quarter"""

VALUES: dict[int, tuple[str, int]] = {
    192: ("breve", 0),
    144: ("whole", 1),
    96: ("whole", 0),
    72: ("half", 1),
    48: ("half", 0),
    36: ("quarter", 1),
    24: ("quarter", 0),
    18: ("eighth", 1),
    12: ("eighth", 0),
    9: ("16th", 1),
    6: ("16th", 0),
    3: ("32nd", 0),
}
"""written ticks -> MusicXML note type and dots"""

_PLAIN = frozenset(length for length, (_, dots) in VALUES.items() if not dots)
_BAR, _GROUP, _BEAT = 5, 4, 3


@dataclass(frozen=True)
class MetreShape:
    """The weights of one bar's positions."""

    length: int
    """written ticks of a whole bar"""
    is_compound: bool
    span: int
    """written ticks within which the rhythm is straight or triplet: a quarter, or an 8th in metres of 8ths"""
    weight: tuple[int, ...]
    """per written tick, and the bar's end: 5 bar, 4 half-bar, 3 beat, 2, 1, 0 its halvings, -1 between them"""
    beams: tuple[int, ...]
    """where beams break: ascending, from 0 to the bar's end"""
    wide_beams: tuple[int, ...]
    """where beams break if nothing but plain 8ths stands between: halves of 4/4, whole bars of 3/4"""

    def parts_of(self, start: int, end: int) -> tuple[int, ...]:
        """Cut a note from `start` to `end` into written values: positions of the cuts, both ends included."""
        return _cut(self, start, end, False)

    def rests_of(self, start: int, end: int) -> tuple[int, ...]:
        """Cut a silence in the same way; rests are stricter: they hide no beat."""
        return _cut(self, start, end, True)


def written_metre(numerator: int, denominator: int) -> tuple[int, int]:
    """Return the metre that is written: 64ths become the next longer bar in 32nds, all others stay."""
    return (numerator, denominator) if denominator <= 32 else (-(-numerator // 2), 32)


@lru_cache(maxsize=256)
def metre_shape(numerator: int, denominator: int) -> MetreShape:
    """Return the shape of a written metre: 6/8 -> two beats of a dotted quarter."""
    unit = 96 // denominator
    length = unit * numerator
    is_compound = denominator >= 8 and numerator % 3 == 0 and numerator > 3
    groups: list[int] = []
    if is_compound:
        beats = list(range(0, length, 3 * unit))
        groups = [length // 2] if numerator % 12 == 0 else ([3 * unit] if numerator == 6 else [])
    elif denominator >= 8:
        beats = _odd_groups(numerator, unit)
    else:
        beats = list(range(0, length, unit))
        if denominator == 4:
            quarters = {4: [2], 5: [3], 6: [3], 7: [2, 4], 8: [4]}.get(numerator, range(2, numerator - 1, 2))
            groups = [quarter * 24 for quarter in quarters] if numerator > 3 else []
        elif denominator == 2 and numerator == 4:
            groups = [96]
    sub_beat = {True: unit, False: 24 if denominator <= 2 else 12}[is_compound]
    weight = [_halvings(position, sub_beat) for position in range(length + 1)]
    for position in beats:
        weight[position] = _BEAT
    for position in groups:
        weight[position] = _GROUP
    weight[0] = weight[length] = _BAR

    if denominator >= 8:
        beams = wide = (*beats, length)
    else:
        beams = (*range(0, length, 24), length)
        wide = (0, length) if (numerator, denominator) == (3, 4) else (*range(0, length, 48), length)
    return MetreShape(
        length, is_compound, 24 if denominator <= 4 else max(min(unit, 12), 3), tuple(weight), beams, wide
    )


def _odd_groups(numerator: int, unit: int) -> list[int]:
    """Group 8ths or shorter: 5 -> 3 + 2, 7 -> 2 + 2 + 3, 4 -> 2 + 2, 3 -> one group."""
    if numerator <= 3:
        return [0]
    if numerator == 5:
        return [0, 3 * unit]
    return [2 * unit * pair for pair in range(numerator // 2)]


def _halvings(position: int, sub_beat: int) -> int:
    for weight in (2, 1, 0):
        if position % sub_beat == 0:
            return weight
        if sub_beat % 2:
            break
        sub_beat //= 2
    return -1


@lru_cache(maxsize=65536)
def _cut(shape: MetreShape, start: int, end: int, is_rest: bool) -> tuple[int, ...]:
    if end - start in VALUES and (_rest_reads if is_rest else _note_reads)(shape, start, end):
        return start, end
    inner = range(start + 1, end)
    if not inner:
        return start, end
    strongest = max(shape.weight[position] for position in inner)
    at = next(position for position in inner if shape.weight[position] == strongest)
    if strongest < 0:
        return start, end
    return _cut(shape, start, at, is_rest)[:-1] + _cut(shape, at, end, is_rest)


def _note_reads(shape: MetreShape, start: int, end: int) -> bool:
    """Say whether one note value may stand from `start` to `end`."""
    weight = shape.weight
    inner = weight[start + 1 : end]
    hidden = max(inner, default=-1)
    if hidden == _GROUP:
        return weight[start] == _BAR
    if shape.span < 24 and hidden >= _BEAT:
        # Metres of 8ths: only whole beats may be joined, or a plain value would hide what the beats are.
        return min(weight[start], weight[end]) >= _BEAT
    shown = max(weight[start], weight[end])
    if hidden <= shown:
        return True
    # A syncopation of one step (8th quarter 8th, 16th 8th 16th) reads well, across one beat of a simple metre.
    return hidden == shown + 1 and inner.count(hidden) == 1 and end - start in _PLAIN


def _rest_reads(shape: MetreShape, start: int, end: int) -> bool:
    """Say whether one rest may stand from `start` to `end`."""
    weight, length = shape.weight, end - start
    hidden = max(weight[start + 1 : end], default=-1)
    if shape.is_compound:
        # One step, the first two thirds of a beat, whole beats.
        return hidden < weight[start] and (hidden < _BEAT or weight[end] >= _GROUP)
    if hidden >= _BEAT and (_GROUP not in weight and length < shape.length):
        return False
    return length in _PLAIN and hidden < weight[start] and start % length == 0
