"""Play a written score into a Song: repeats unfolded, ties joined, grace notes given their time."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from math import gcd, lcm
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from bandroid.music.bar_lines import metre_changes, metre_length_unit
from bandroid.music.notes import Notes
from bandroid.music.repeats import play_order
from bandroid.music.song import KeyChange, MetreChange, Part, Song, TempoChange, TextEvent
from bandroid.music.written import (
    MAX_NOTES,
    MAX_QUARTERS,
    TIE_STARTS,
    TIE_STOPS,
    UNITS_PER_QUARTER,
    NotationError,
    WrittenBar,
    WrittenPart,
    WrittenScore,
)

FAMILIAR_TICKS = 480
"""ticks per quarter that sequencers use: we take the smallest multiple that is exact"""
MAX_TICKS = 30_240
"""a MIDI file can state 32,767 at most; this is the last one below it that divides by 2 to 10"""
ROUNDED_TICKS = 10_080
"""ticks per quarter where no exact number is small enough"""
GRACE_UNIT = UNITS_PER_QUARTER // 8
"""a grace note lasts a 32nd: 60 ms at 120 quarters a minute"""
FINEST_GRACE_UNIT = UNITS_PER_QUARTER // 32
"""where there is little room, it lasts a multiple of a 128th, so that the clock need not be finer for it"""

_ONSET, _LENGTH, _PITCH, _VELOCITY, _VOICE, _TIES, _GRACE = range(7)
_NEAR = 16
"""rows looked at for the chord beside a grace note or the other end of a tie; no hand plays more"""
_Value = TypeVar("_Value")
_Table = NDArray[np.int64]


def perform(score: WrittenScore) -> Song:
    """Return the song that a written score sounds like; its remarks say what was not played as written.

    Raises NotationError where it has no notes, too many of them, or lasts too long.
    """
    remarks = list(score.remarks)
    order = _unfold(score, remarks)
    bars = [score.bars[bar] for bar, _ in order]
    if sum(bar.length_unit for bar in bars) > MAX_QUARTERS * UNITS_PER_QUARTER:
        raise NotationError(f"it would last longer than {MAX_QUARTERS:,} quarter notes")
    onset_unit = np.concatenate([[0], np.cumsum([bar.length_unit for bar in bars], dtype=np.int64)])
    tables = [_sounding_notes(part, order, onset_unit) for part in score.parts]
    ticks_per_quarter = _resolution([onset_unit, *(table[:, : _LENGTH + 1] for table in tables)], remarks)
    units_per_tick = UNITS_PER_QUARTER // ticks_per_quarter

    def tick(unit: int) -> int:
        return (int(unit) + units_per_tick // 2) // units_per_tick

    timed_bars = list(zip(onset_unit.tolist(), bars, strict=False))
    metres = {tick(at): metre for at, metre in metre_changes([(b.length_unit, b.metre) for b in bars])}
    tempos = _in_force([bar.tempos for bar in score.bars], order, onset_unit, tick)
    keys = _in_force([bar.keys for bar in score.bars], order, onset_unit, tick)
    _remark_on_bars(score.bars, remarks)
    _remark_on_verses(score, order, remarks)
    return Song(
        ticks_per_quarter,
        tuple(
            _part(part, table, units_per_tick, _lyrics(part, order, onset_unit, tick))
            for part, table in zip(score.parts, tables, strict=True)
        ),
        tempos=tuple(TempoChange(at, qpm) for at, qpm in tempos),
        metres=tuple(MetreChange(at, *metre) for at, metre in sorted(metres.items())),
        keys=tuple(KeyChange(at, *key) for at, key in keys),
        chords=_texts(((at, bar.chords) for at, bar in timed_bars), tick),
        markers=_texts(((at, bar.markers) for at, bar in timed_bars), tick),
        fermatas=tuple(sorted({tick(at + at_unit) for at, bar in timed_bars for at_unit in bar.fermatas})),
        title=score.title,
        remarks=tuple(remarks),
    )


def _unfold(score: WrittenScore, remarks: list[str]) -> list[tuple[int, int]]:
    """Return (bar, time) in playing order; as written, with a remark, where unfolding would explode."""
    notes_in_bar = np.zeros(len(score.bars), dtype=np.int64)
    for part in score.parts:
        notes_in_bar += np.bincount([note.bar for note in part.notes], minlength=len(score.bars))
    n_written = int(notes_in_bar.sum())
    if not n_written:
        raise NotationError("there is not one note in it")
    if n_written > MAX_NOTES:
        raise NotationError(f"it holds {n_written:,} notes; {MAX_NOTES:,} is the most that is read")
    order: list[tuple[int, int]] = []
    for section in score.sections or [range(len(score.bars))]:
        played = play_order([score.bars[bar].marks for bar in section])
        if played is None or int(notes_in_bar[[bar for bar, _ in order]].sum()) > MAX_NOTES:
            break
        order += [(section[bar], time) for bar, time in played]
    else:
        n_played = int(notes_in_bar[[bar for bar, _ in order]].sum())
        if 0 < n_played <= MAX_NOTES:
            return order
    remarks.append("its repeats would make it endless, or leave no note; it is played once through as written")
    return [(bar, 1) for bar in range(len(score.bars))]


def _sounding_notes(part: WrittenPart, order: Sequence[tuple[int, int]], onset_unit: _Table) -> _Table:
    """Return int64[N, 7]: the part's notes in playing order, times from the start of the song, nothing left to do."""
    if not part.notes:
        return np.zeros((0, 7), dtype=np.int64)
    written = np.array(part.notes, dtype=np.int64)
    played = np.array([bar for bar, _ in order], dtype=np.int64)
    first = np.searchsorted(written[:, 0], played, side="left")
    count = np.searchsorted(written[:, 0], played, side="right") - first
    index = np.repeat(first - (np.cumsum(count) - count), count) + np.arange(count.sum())
    table = written[index, 1:]
    table[:, _ONSET] += np.repeat(onset_unit[:-1], count)
    if table[:, _GRACE].any():
        _place_graces(table)
    if (table[:, _TIES] & TIE_STARTS).any():
        table = _join_ties(table)
    # Two voices in unison are one note on one instrument: the longer one.
    table = table[np.lexsort((-table[:, _LENGTH], table[:, _PITCH], table[:, _ONSET]))]
    is_first = np.ones(len(table), dtype=bool)
    is_first[1:] = np.any(table[1:, [_ONSET, _PITCH]] != table[:-1, [_ONSET, _PITCH]], axis=1)
    return table[is_first]


def _join_ties(table: _Table) -> _Table:
    """Let each tied note last to the end of its chain, and drop the notes that only continue it.

    The note that continues a tie says so, or else is of the same voice: not all files write both ends of a tie.
    """
    onsets, lengths, pitches, _, voices, ties, _ = table.T.tolist()
    at_place: defaultdict[tuple[int, int], list[int]] = defaultdict(list)
    for row, place in enumerate(zip(onsets, pitches, strict=True)):
        at_place[place].append(row)
    head: dict[int, int] = {}  # a continuing row -> the row that sounds for it
    starts = np.flatnonzero(table[:, _TIES] & TIE_STARTS)
    for row in starts[np.argsort(table[starts, _ONSET], kind="stable")].tolist():
        free = at_place.get((onsets[row] + lengths[row], pitches[row]), [])
        candidates = [
            (not ties[other] & TIE_STOPS, voices[other] != voices[row], other)
            for other in free[:_NEAR]
            if ties[other] & TIE_STOPS or voices[other] == voices[row]
        ]
        if candidates:
            other = min(candidates)[2]
            free.remove(other)
            head[other] = head.get(row, row)
            table[head[other], _LENGTH] += lengths[other]
    return np.delete(table, list(head), axis=0)


def _place_graces(table: _Table) -> None:
    """Give grace notes time before their main note, which keeps its beat; at the very start they come on the beat."""
    for voice in np.unique(table[table[:, _GRACE] > 0, _VOICE]):
        rows = np.flatnonzero(table[:, _VOICE] == voice).tolist()
        at = 0
        while at < len(rows):
            first = at
            while at < len(rows) and _is_same_group(table, rows[first], rows[at], rows[max(at - 1, first)]):
                at += 1
            if at == first:
                at += 1
            else:
                _place_group(table, rows[max(first - _NEAR, 0) : first], rows[first:at], rows[at : at + _NEAR])


def _is_same_group(table: _Table, first: int, row: int, row_before: int) -> bool:
    return bool(0 < table[row, _GRACE] <= table[row_before, _GRACE] and table[row, _ONSET] == table[first, _ONSET])


def _place_group(table: _Table, before: Sequence[int], group: Sequence[int], after: Sequence[int]) -> None:
    main_unit = int(table[group[0], _ONSET])
    count = int(table[group[0], _GRACE])
    sounding: list[int] = []  # the chord that ends where the main note begins
    free_unit = main_unit
    for row in reversed(before):
        end_unit = int(table[row, _ONSET] + table[row, _LENGTH])
        if end_unit == main_unit and (not sounding or table[row, _ONSET] == table[sounding[0], _ONSET]):
            sounding.append(row)
            free_unit = int(table[row, _LENGTH]) // 2
        elif not sounding and end_unit < main_unit:
            free_unit = main_unit - end_unit
            break
        else:
            break
    step_unit = _grace_length(free_unit // count)
    if step_unit:
        for row in group:
            table[row, _ONSET] = main_unit - step_unit * table[row, _GRACE]
            table[row, _LENGTH] = step_unit
        for row in sounding:
            if not table[row, _TIES] & TIE_STARTS:
                table[row, _LENGTH] -= step_unit * count
        return
    mains = [row for row in after if table[row, _ONSET] == main_unit and not table[row, _GRACE]]
    free_unit = min((int(table[row, _LENGTH]) // 2 for row in mains), default=count * GRACE_UNIT)
    step_unit = _grace_length(free_unit // count) or 1
    for row in group:
        table[row, _ONSET] = main_unit + step_unit * (count - table[row, _GRACE])
        table[row, _LENGTH] = step_unit
    for row in mains:
        table[row, _ONSET] += step_unit * count
        table[row, _LENGTH] = max(int(table[row, _LENGTH]) - step_unit * count, 1)


def _grace_length(free_unit: int) -> int:
    length_unit = min(free_unit, GRACE_UNIT)
    return length_unit - length_unit % FINEST_GRACE_UNIT or length_unit


def _resolution(unit_arrays: Iterable[_Table], remarks: list[str]) -> int:
    """Return ticks per quarter at which all times are whole; else a good number, with a remark."""
    common_unit = UNITS_PER_QUARTER
    for array in unit_arrays:
        common_unit = gcd(common_unit, int(np.gcd.reduce(array, axis=None)))
    exact = UNITS_PER_QUARTER // common_unit
    for multiple in (FAMILIAR_TICKS, 48, 16):  # 16: a bar of any n/64 is a whole number of ticks
        if lcm(exact, multiple) <= MAX_TICKS:
            return lcm(exact, multiple)
    remarks.append("its rhythms are finer than a MIDI clock: notes were moved by up to a 20,000th of a beat")
    return ROUNDED_TICKS


def _part(part: WrittenPart, table: _Table, units_per_tick: int, lyrics: tuple[TextEvent, ...]) -> Part:
    onset_tick = (table[:, _ONSET] + units_per_tick // 2) // units_per_tick
    end_tick = (table[:, _ONSET] + table[:, _LENGTH] + units_per_tick // 2) // units_per_tick
    notes = Notes(onset_tick, np.maximum(end_tick - onset_tick, 1), table[:, _PITCH], table[:, _VELOCITY])
    return Part(part.name, part.program, part.is_drum, notes, lyrics, part.volume, part.pan)


def _lyrics(
    part: WrittenPart, order: Sequence[tuple[int, int]], onset_unit: _Table, tick: Callable[[int], int]
) -> tuple[TextEvent, ...]:
    """Sing verse 2 the second time through, and the only verse there is every time."""
    if not part.syllables:
        return ()
    verses: defaultdict[int, defaultdict[int, dict[int, str]]] = defaultdict(lambda: defaultdict(dict))
    for syllable in part.syllables:
        verses[syllable.bar][syllable.onset_unit].setdefault(syllable.verse, syllable.text)
    events = [
        TextEvent(tick(start_unit + at), texts.get(time) or texts[min(texts)])
        for (bar, time), start_unit in zip(order, onset_unit.tolist(), strict=False)
        for at, texts in sorted(verses.get(bar, {}).items())
    ]
    return tuple(events)


def _in_force(
    inside: Sequence[Sequence[tuple[int, _Value]]],
    order: Sequence[tuple[int, int]],
    onset_unit: _Table,
    tick: Callable[[int], int],
) -> list[tuple[int, _Value]]:
    """Return (tick, value) where a value changes; a bar that is jumped to brings back what was in force there.

    `inside` holds the changes of each written bar, as (units from its start, value).
    """
    at_start: list[_Value | None] = []  # per written bar: what is in force as it begins
    value: _Value | None = None
    for changes in inside:
        at_start.append(value)
        value = changes[-1][1] if changes else value
    if value is None:
        return []
    found: dict[int, _Value] = {}
    current: _Value | None = None
    for (bar, _), start_unit in zip(order, onset_unit.tolist(), strict=False):
        first = at_start[bar]
        if first is not None and first != current:
            found[tick(start_unit)] = current = first
        for at_unit, value in inside[bar]:
            if value != current:
                found[tick(start_unit + at_unit)] = current = value
    return sorted(found.items())


def _texts(bars: Iterable[tuple[int, Sequence[tuple[int, str]]]], tick: Callable[[int], int]) -> tuple[TextEvent, ...]:
    """Return what is written at each tick, the first where several are."""
    texts: dict[int, str] = {}
    for onset_unit, inside in bars:
        for at_unit, text in inside:
            texts.setdefault(tick(onset_unit + at_unit), text)
    return tuple(TextEvent(at, text) for at, text in sorted(texts.items()))


def _remark_on_bars(bars: Sequence[WrittenBar], remarks: list[str]) -> None:
    overfull = [
        number for number, bar in enumerate(bars, 1) if bar.metre and bar.length_unit > metre_length_unit(bar.metre)
    ]
    if overfull:
        shown = ", ".join(map(str, overfull[:5])) + (" ..." if len(overfull) > 5 else "")
        remarks.append(f"{len(overfull)} bars hold more than their metre allows, kept as written (bar {shown})")


def _remark_on_verses(score: WrittenScore, order: Sequence[tuple[int, int]], remarks: list[str]) -> None:
    last_verse = max((s.verse for part in score.parts for s in part.syllables), default=1)
    last_time = max((time for _, time in order), default=1)
    if last_verse > last_time:
        remarks.append(f"it has {last_verse} verses of text under the same notes; the first {last_time} were kept")
