"""What a net is told before each choice, and of each event: small integers, one embedding table each.

The facts are those that the counts use (generation/cell_contexts.py, note_facts.py), put so that a net generalises
from them: pitches as intervals from the last one, places as distances from the last onset. Every column of a choice
has its own table; `SIZES` says how many rows it needs. Event columns describe what a part has just played, for the
recurrence.
"""

from __future__ import annotations

from bandroid.generation.cell_contexts import CellFacts, IntervalFacts
from bandroid.generation.ngram import Facts
from bandroid.generation.note_facts import DrumFacts, LengthFacts, PitchFacts, PositionFacts, VelocityFacts
from bandroid.representations.score_vocabulary import N_RECENT, VOCABULARY

FEATURES_VERSION = 1
"""raised when a column changes: a net that learnt other columns means nothing any more"""
_SILENT, _NEW = VOCABULARY.token("silent", 0), VOCABULARY.token("new", 0)
_REPEAT, _TRANSPOSED = VOCABULARY.offset("repeat"), VOCABULARY.offset("transposed")
_END = 999  # of a reference: nothing follows there
_FAMILIES, _PARTS = 17, 16
_N_RANKS = 12
_CELLS = 3 + _N_RANKS + 1  # none, silent, new, a repeat by rank, transposed
_FARTHEST = 24
_INTERVALS = 2 * _FARTHEST + 2
_FARTHEST_TICK = 48
_DISTANCES = 2 * _FARTHEST_TICK + 3
_PITCHES, _POSITIONS, _LENGTHS = 129, 193, 17
_MOST_SOUNDING, _MOST_LATELY = 3, 7

SIZES: dict[str, tuple[int, ...]] = {
    "cell": (
        _FAMILIES,
        _PARTS,
        *(_CELLS,) * 5,
        _CELLS,
        18,
        _CELLS,
        5,
        _CELLS + 1,
        3,
        10,
        16,
        16,
        *(2 + 2 * N_RECENT + 1,) * 2,
    ),
    "interval": (_FAMILIES, _PARTS, _N_RANKS + 1),
    "position": (
        *(_FAMILIES, _PARTS, _DISTANCES, _POSITIONS, 13, 9, _DISTANCES, 9, _DISTANCES),
        *(_DISTANCES, _DISTANCES, _DISTANCES, 4, _PITCHES, _POSITIONS, 16, _DISTANCES),
        *(_POSITIONS + 1,) * 4,
    ),
    "pitch": (
        *(_FAMILIES, _PARTS, 12, 16, 7, _PITCHES, 2, _INTERVALS, _INTERVALS, _INTERVALS, 2, _INTERVALS),
        *(_INTERVALS, 13, 13, _INTERVALS, _INTERVALS, 5, 13),
        *(_PITCHES,) * 5,
        *(_MOST_SOUNDING + 1,) * 12,
        *(_MOST_LATELY + 1,) * 12,
    ),
    "drum": (_PARTS, 12, _POSITIONS, _PITCHES, _PITCHES, _PITCHES, _PITCHES, _PITCHES, _PITCHES, 2, 1024, 16),
    "length": (
        *(_FAMILIES, _PARTS, 12, 16, 2, _LENGTHS, _LENGTHS, _LENGTHS, _LENGTHS, _LENGTHS, _LENGTHS),
        *(_DISTANCES, _DISTANCES, _LENGTHS, _PITCHES, _POSITIONS),
    ),
    "velocity": (_FAMILIES, _PARTS, 12, 16, 2, 37, 37, 37, 18, 18, 48, 48, 17, 17, 17, _PITCHES, 17, 17),
}
"""columns of each choice that a net is asked for, as numbers of rows"""
POINTERS: dict[str, tuple[int, ...]] = {
    "cell": (16, 17),
    "interval": (),
    "position": (17, 18, 19, 20),
    "pitch": (19, 20, 21, 22, 23),
    "drum": (6, 7, 8),
    "length": (5, 8, 9, 10, 13),
    "velocity": (8, 9, 16, 17),
}
"""columns that name an outcome, counted from 1 (0: none): what followed there and then, what a partner does now"""
TONES = 24
"""column of a pitch at which two rows of twelve begin: what sounds in the other parts, what sounded lately"""
PITCH_LAST, PITCH_BASS, PITCH_PARTNER, POSITION_LAST = 5, 13, 21, 3
"""columns that relative scores are taken from, 1 more than: the last pitch, the bass' pitch class, the partner's pitch,
the last onset"""
EVENT_SIZES = (2, _FAMILIES, _CELLS, 16, 13, 16, _DISTANCES, _PITCHES, _INTERVALS, _LENGTHS, 17)
"""columns of an event: a cell or a note, who, how the cell was written, bar, place, step, pitch, interval, ..."""


def features(facts: Facts) -> tuple[int, ...]:
    """Return the columns of a choice, each within its table."""
    match facts:
        case CellFacts():
            return _of_cell(facts)
        case IntervalFacts():
            return facts.family, min(facts.part, _PARTS - 1), min(facts.rank, _N_RANKS)
        case PositionFacts():
            return _of_position(facts)
        case PitchFacts():
            return _of_pitch(facts)
        case DrumFacts():
            return _of_drum(facts)
        case LengthFacts():
            return _of_length(facts)
        case VelocityFacts():
            return _of_velocity(facts)


def cell_event(family: int, token: int, bar: int) -> tuple[int, ...]:
    """Return the columns of an event: a part's cell was silent, new, repeated or transposed."""
    return 0, family, _cell(token), bar % 16, 0, 0, 0, 0, 0, 0, 0


def note_event(
    family: int, position: int, last: int, pitch: int, last_pitch: int, length: int, velocity: int
) -> tuple[int, ...]:
    """Return the columns of an event: a part's note; `last` and `last_pitch` are the note's before, -1 for none."""
    return (
        *(1, family, 0, 0, position % 12 + 1, min(position // 12, 15), _distance(position, last)),
        *(pitch + 1, _interval(pitch, last_pitch), length + 1, velocity + 1),
    )


def _of_cell(f: CellFacts) -> tuple[int, ...]:
    return (
        *(f.family, min(f.part, _PARTS - 1), *map(_cell, f.lately), _cell(f.expected), min(f.match, 17)),
        *(_cell(f.ensemble), f.agreement, _CELLS if f.before == -2 else _cell(f.before), f.n_new, f.rest),
        *(f.bar % 16, min(f.bar, 15), max(f.expected - _SILENT + 1, 0), max(f.ensemble - _SILENT + 1, 0)),
    )


def _of_position(f: PositionFacts) -> tuple[int, ...]:
    return (
        *(
            f.family,
            min(f.part, _PARTS - 1),
            _distance(f.end, f.last),
            f.last + 1,
            f.last % 12 + 1 if f.last >= 0 else 0,
        ),
        *(min(f.chord, 8), f.step + 1 if f.step < _DISTANCES - 1 else _DISTANCES - 1, min(f.chord_before, 8)),
        *(min(f.step_before + 1, _DISTANCES - 1), _distance(f.first, f.last), _distance(f.second, f.last)),
        *(_distance(f.partner, f.last), f.likeness, f.pitch + 1, f.bar_length),
        *(f.bar % 16, _distance(f.kick, f.last)),
        *map(_next_place, (f.first, f.second, f.partner, f.kick)),
    )


def _of_pitch(f: PitchFacts) -> tuple[int, ...]:
    is_old, last = divmod(f.lately[0], 1000) if f.lately[0] >= 0 else (0, -1)
    is_later, first = divmod(f.first, 200) if f.first >= 0 else (0, -1)
    second = f.second % 200 if f.second >= 0 else -1
    return (
        *(f.family, min(f.part, _PARTS - 1), f.position % 12, min(f.position // 12, 15), min(f.n_here, 6)),
        *(last + 1, is_old, _interval(f.lately[1], last), _interval(f.lately[2], f.lately[1])),
        *(_interval(first, last), is_later, _interval(second, last), _interval(f.partner, last)),
        *(f.bass % 12 + 1 if f.bass >= 0 else 0, (last - f.bass) % 12 + 1 if last >= 0 and f.bass >= 0 else 0),
        *(_interval(f.voice, last), _interval(f.sequence, last), f.shared),
        f.partner % 12 + 1 if f.partner >= 0 else 0,
        *(first + 1, second + 1, f.partner + 1, f.voice + 1, f.sequence + 1 if 0 <= f.sequence < 128 else 0),
        *(min(n, _MOST_SOUNDING) for n in f.sounding),
        *(min(n.bit_length(), _MOST_LATELY) for n in f.lately_sounded),
    )


def _of_drum(f: DrumFacts) -> tuple[int, ...]:
    lately = (*f.lately, -1, -1, -1)[:3]
    is_later, first = divmod(f.first, 200) if f.first >= 0 else (0, -1)
    second = f.second % 200 if f.second >= 0 else -1
    return (
        *(min(f.part, _PARTS - 1), f.position % 12, f.position, lately[0] + 1, lately[1] + 1, lately[2] + 1),
        *(f.last + 1, first + 1, second + 1, is_later, f.stack * 0x9E3779B1 % 2**32 >> 22, f.bar % 16),
    )


def _of_length(f: LengthFacts) -> tuple[int, ...]:
    lately = f.lately
    return (
        *(f.family, min(f.part, _PARTS - 1), f.position % 12, min(f.position // 12, 15), int(f.in_chord)),
        *(lately[0] + 1, lately[1] + 1, lately[2] + 1, f.first + 1, f.second + 1, f.partner + 1),
        *(_distance(f.gap, 0), _distance(f.partner_gap, 0), f.same_pitch + 1, f.pitch + 1, f.left),
    )


def _of_velocity(f: VelocityFacts) -> tuple[int, ...]:
    lately, same = f.lately, f.same_pitch
    return (
        *(f.family, min(f.part, _PARTS - 1), f.position % 12, min(f.position // 12, 15), int(f.in_chord)),
        *(lately[0] + 1, lately[1] + 1, lately[2] + 1, f.first + 1, f.second + 1, same[0] + 1, same[1] + 1),
        *(min(f.n_typical, 16), f.loud, f.middle, f.pitch),
        *(lately[0] % 20 + 1 if lately[0] >= 0 else 0, same[0] % 30 + 1 if same[0] >= 0 else 0),
    )


def _cell(token: int) -> int:
    """Put a cell's token as 0 none, 1 silent, 2 new, 3 ... a repeat by rank, the last transposed."""
    if token < 0:
        return 0
    if token in (_SILENT, _NEW):
        return 1 + token - _SILENT
    if token < _REPEAT + N_RECENT:
        return 3 + min(token - _REPEAT, _N_RANKS - 1)
    return _CELLS - 1


def _interval(pitch: int, base: int) -> int:
    """Put an interval as 1 ... _INTERVALS - 1; 0 where one of the two is missing."""
    if pitch < 0 or base < 0:
        return 0
    return max(-_FARTHEST, min(_FARTHEST, pitch - base)) + _FARTHEST + 1


def _next_place(position: int) -> int:
    """Put a place as the outcome that writes it, counted from 1: 1 for the cell's end, 0 for nothing."""
    return 1 if position == _END else position + 2 if position >= 0 else 0


def _distance(position: int, base: int) -> int:
    """Put a distance in ticks as 2 ... _DISTANCES - 1, 1 for an end, 0 for nothing; from -1 where there is no base."""
    if position == _END:
        return 1
    if position < 0:
        return 0
    return max(-_FARTHEST_TICK, min(_FARTHEST_TICK, position - base)) + _FARTHEST_TICK + 2
