"""Turn one voice of one bar into written values: ties, dots, tuplets, rests, beams.

Times are written ticks (24 a quarter) from the start of the bar.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from bandroid.music.notation.metre_shape import VALUES, MetreShape

_FLAGS = {12: 1, 18: 1, 6: 2, 9: 2, 3: 3}
"""written value -> flags of its stem"""


class Stretch(NamedTuple):
    """Some of a voice in a bar: notes that sound, or silence."""

    start: int
    end: int
    notes: tuple[int, ...]
    """indices into the part's written notes; () for silence"""
    is_tied_from: bool = False
    """the notes sound on from the bar before"""
    is_tied_on: bool = False
    """the notes sound on into the bar after"""
    is_staccato: bool = False
    """the notes sound for the first half of it"""


@dataclass(slots=True)
class Value:
    """One written note, chord or rest."""

    start: int
    length: int
    """written ticks that it lasts"""
    nominal: int
    """written ticks of its note value, leaving the tuplet aside: a key of `metre_shape.VALUES`"""
    notes: tuple[int, ...]
    """indices into the part's written notes; () for a rest"""
    is_tied_from: bool = False
    is_tied_on: bool = False
    is_staccato: bool = False
    is_triplet: bool = False
    tuplet: str = ""
    """"start" on the first and "stop" on the last of three in the time of two"""
    beams: list[str] = field(default_factory=list)
    """per beam, the primary one first: begin, continue, end, forward hook, backward hook"""


class Bar(NamedTuple):
    """The frame that a voice fills."""

    length: int
    skip: int
    """what a pickup leaves out at the start of its metre"""
    shape: MetreShape


class Triplet(NamedTuple):
    """Three in the time of two."""

    start: int
    end: int


def write_voice(notes: Sequence[Stretch], bar: Bar) -> list[Value]:
    """Return the written values of one voice, with rests between its notes, and beams."""
    triplets = _triplets(notes, bar)
    return _write(_with_staccato(notes, bar, triplets), bar, triplets)


def write_hits(hits: Sequence[Stretch], bar: Bar) -> list[Value]:
    """Return the values of a drum voice: each hit lasts until the next one, as far as one value in its beat says it."""
    triplets = _triplets(hits, bar)
    edges = [edge - bar.skip for edge in bar.shape.beams if 0 < edge - bar.skip < bar.length] + [bar.length]
    lasting = []
    for number, hit in enumerate(hits):
        triplet = next((t for t in triplets if t.start <= hit.start < t.end), None)
        limit = triplet.end if triplet else next(edge for edge in edges if edge > hit.start)
        limit = min([limit, *(t.start for t in triplets if t.start > hit.start)])
        if number + 1 < len(hits):
            limit = min(limit, hits[number + 1].start)
        fits = _fits_in_triplet(triplet, hit.start) if triplet else _fits_plainly(bar, hit.start)
        longest = max((value for value in fits if hit.start + value <= limit), default=limit - hit.start)
        lasting.append(hit._replace(end=hit.start + longest))
    return _write(lasting, bar, triplets)


def _fits_plainly(bar: Bar, start: int) -> list[int]:
    at = start + bar.skip
    room = bar.length - start
    return [value for value in VALUES if value <= room and len(bar.shape.parts_of(at, at + value)) == 2]


def _fits_in_triplet(triplet: Triplet, start: int) -> tuple[int, ...]:
    third = (triplet.end - triplet.start) // 3
    if (start - triplet.start) % third:
        return (third // 2,)
    return (2 * third, third, third // 2) if third > 4 else (2 * third, third)


def _triplets(notes: Sequence[Stretch], bar: Bar) -> list[Triplet]:
    """Find where three stand in the time of two: over a half, a quarter or an 8th."""
    edges = {edge for note in notes for edge in (note.start, note.end)}
    if all(edge % 3 == 0 for edge in edges):
        return []
    if bar.shape.span < 24:
        return _short_triplets(edges, range(-bar.skip % 12, bar.length - 11, 12))
    found: list[Triplet] = []
    start = -bar.skip % 24
    if start:
        found += _short_triplets(edges, range(start % 12, start - 11, 12))
    while start < bar.length:
        inner = {edge - start for edge in edges if start < edge < start + 48}
        is_half = (start + bar.skip) % 48 == 0 or bar.shape.length == 72
        if inner == {16, 32} and is_half and start + 48 <= bar.length:
            found.append(Triplet(start, start + 48))
            start += 48
            continue
        inner = {edge for edge in inner if edge < 24}
        if start + 24 > bar.length:
            found += _short_triplets(edges, range(start, bar.length - 11, 12))
        elif any(edge % 3 for edge in inner):
            middle = start + 12
            in_halves = 12 in inner or max(inner) < 12 or min(inner) > 12
            is_crossed = any(note.start < middle < note.end for note in notes)
            if in_halves and not is_crossed and any(edge % 8 for edge in inner):
                found += _short_triplets(edges, (start, middle))
            else:
                found.append(Triplet(start, start + 24))
        start += 24
    return found


def _short_triplets(edges: set[int], starts: Sequence[int]) -> list[Triplet]:
    return [Triplet(start, start + 12) for start in starts if start + 4 in edges or start + 8 in edges]


def _with_staccato(notes: Sequence[Stretch], bar: Bar, triplets: Sequence[Triplet]) -> list[Stretch]:
    """Write a 16th and the 16th rest behind it as a staccato 8th, and so 32nds: a dot is read faster than a rest."""
    dotted = []
    for number, note in enumerate(notes):
        length = note.end - note.start
        end = note.start + 2 * length
        room = notes[number + 1].start if number + 1 < len(notes) else bar.length
        if (
            length in (3, 6)
            and end <= room
            and (note.start + bar.skip) % (2 * length) == 0
            and len(bar.shape.parts_of(note.start + bar.skip, end + bar.skip)) == 2
            and not (note.is_tied_from or note.is_tied_on)
            and not any(t.start < end and note.start < t.end for t in triplets)
        ):
            note = note._replace(end=end, is_staccato=True)
        dotted.append(note)
    return dotted


def _write(notes: Sequence[Stretch], bar: Bar, triplets: Sequence[Triplet]) -> list[Value]:
    values: list[Value] = []
    position = 0
    for note in notes:
        if note.start > position:
            values += _write_stretch(Stretch(position, note.start, ()), bar, triplets)
        values += _write_stretch(note, bar, triplets)
        position = note.end
    if position < bar.length:
        values += _write_stretch(Stretch(position, bar.length, ()), bar, triplets)
    for triplet in triplets:
        inside = [value for value in values if triplet.start <= value.start < triplet.end]
        inside[0].tuplet, inside[-1].tuplet = "start", "stop"
    _beam(values, bar)
    return values


def _write_stretch(stretch: Stretch, bar: Bar, triplets: Sequence[Triplet]) -> list[Value]:
    """Cut notes or silence at the edges of triplets, then into values."""
    start, end, notes, is_tied_from, is_tied_on, is_staccato = stretch
    values: list[Value] = []
    while start < end:
        triplet = next((t for t in triplets if t.end > start), None)
        if triplet is None or triplet.start >= end:
            upto, cuts = end, _plain_cuts(start, end, not notes, bar)
        elif triplet.start > start:
            upto, cuts = triplet.start, _plain_cuts(start, triplet.start, not notes, bar)
        else:
            upto = min(end, triplet.end)
            cuts = _triplet_cuts(start, upto, triplet)
        is_triplet = triplet is not None and triplet.start <= start
        for first, last in itertools.pairwise(cuts):
            length = last - first
            nominal = length * 3 // 2 if is_triplet else length
            values.append(Value(first, length, nominal, notes, is_staccato=is_staccato, is_triplet=is_triplet))
        start = upto
    if notes:
        for value in values:
            value.is_tied_from = value.is_tied_on = True
        values[0].is_tied_from, values[-1].is_tied_on = is_tied_from, is_tied_on
    return values


def _plain_cuts(start: int, end: int, is_rest: bool, bar: Bar) -> list[int]:
    cut = bar.shape.rests_of if is_rest else bar.shape.parts_of
    return [position - bar.skip for position in cut(start + bar.skip, end + bar.skip)]


def _triplet_cuts(start: int, end: int, triplet: Triplet) -> list[int]:
    third = (triplet.end - triplet.start) // 3
    cuts = [start]
    while start < end:
        fits = [length for length in _fits_in_triplet(triplet, start) if start + length <= end]
        start += max(fits, default=end - start)
        cuts.append(start)
    # Three thirds in one are no tuplet at all; halves of thirds left over join what follows.
    return cuts if third else [cuts[0], end]


def _beam(values: Sequence[Value], bar: Bar) -> None:
    """Beam what stands between two edges of the metre; plain 8ths may fill a wider group."""
    shape = bar.shape
    first = 0
    for low, high in zip(shape.wide_beams, shape.wide_beams[1:], strict=False):
        last = first
        while last < len(values) and values[last].start + bar.skip < high:
            last += 1
        group = values[first:last]
        if shape.wide_beams is shape.beams or all(v.notes and v.nominal == 12 and not v.is_triplet for v in group):
            _beam_group(group, low - bar.skip)
        else:
            edges = [edge for edge in shape.beams if low <= edge < high]
            for edge, following in zip(edges, [*edges[1:], high], strict=True):
                _beam_group([v for v in group if edge <= v.start + bar.skip < following], edge - bar.skip)
        first = last


def _beam_group(group: Sequence[Value], origin: int) -> None:
    """Beam the runs of flagged notes in a group; a short rest inside stays under the beam."""
    run: list[Value] = []
    for value in [*group, None]:
        if value is not None and value.nominal in _FLAGS and (value.notes or (run and value.nominal < 12)):
            run.append(value)
            continue
        while run and not run[-1].notes:
            run.pop()
        notes = [v for v in run if v.notes]
        if len(notes) > 1:
            _beam_run(notes, origin)
        run = []


def _beam_run(notes: Sequence[Value], origin: int) -> None:
    flags = [_FLAGS[value.nominal] for value in notes]
    last = len(notes) - 1
    for i, value in enumerate(notes):
        for beam in range(1, flags[i] + 1):
            before = i > 0 and flags[i - 1] >= beam
            after = i < last and flags[i + 1] >= beam
            if before and after:
                value.beams.append("continue")
            elif after:
                value.beams.append("begin")
            elif before:
                value.beams.append("end")
            else:
                # A lone 16th belongs to the 8th that it shares a half beat with.
                leans_forward = i == 0 or (i < last and (value.start - origin) % 12 == 0)
                value.beams.append("forward hook" if leans_forward else "backward hook")
