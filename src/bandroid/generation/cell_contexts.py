"""What may tell which cell comes next, and what a song's frame looks like: contexts of the choices above the notes.

A cell depends on what this part played lately, on what followed the last time this part had come the same way, and
on what it played when the parts before it in the bar played what they play now. Such facts are what a net is told
(generation/features.py); hashed into chains, the most telling first, they are what is counted (generation/ngram.py).
"""

from __future__ import annotations

from typing import NamedTuple

from bandroid.generation.counts import hash_chain
from bandroid.representations.score_cursor import Content, Cursor
from bandroid.representations.score_vocabulary import VOCABULARY

Chains = list[list[int]]

_SILENT, _NEW = VOCABULARY.token("silent", 0), VOCABULARY.token("new", 0)
_REPEAT = VOCABULARY.offset("repeat")
_NOTHING = -1
_LONGEST_MATCH = 16
_MEMORY_BARS = 512  # so that a piece may go on for ever at the same speed


DRUM_FAMILY = 16


def family_of(cursor: Cursor) -> int:
    """Return what plays: 0 to 15 for a General MIDI family, DRUM_FAMILY for drums."""
    part = cursor.parts[cursor.part]
    return DRUM_FAMILY if part.is_drum else part.program // 8


class CellFacts(NamedTuple):
    """What may tell which cell a part plays next; cells as the tokens that would write them now, -1 for none."""

    part: int
    family: int
    lately: tuple[int, ...]
    """how the part's last five cells were written, the last first"""
    expected: int
    """what followed the longest earlier match of the way that led here"""
    match: int
    """how many bars long that match is"""
    ensemble: int
    """what the part played when the parts before it agreed best with what they play now"""
    agreement: int
    """how well they agreed, 0 to 4"""
    before: int
    """how the part before wrote its cell of this bar; -2 for the first part"""
    n_new: int
    """how many of the parts before play something new in this bar, at most 2"""
    rest: int
    """for how many bars this part has been silent, 9 for long"""
    bar: int

    def chains(self) -> Chains:
        """Contexts of: silent, new, the k-th recent cell again, or transposed."""
        lately, match = self.lately, self.match
        match_class = min(match, 4) if match < 6 else 5 if match < 12 else 6
        return [
            hash_chain(1, self.family, *lately),
            hash_chain(2, self.expected, match_class, self.n_new, self.bar % 4, lately[0]),
            hash_chain(3, self.ensemble, self.agreement, self.expected, match_class, self.before),
            hash_chain(4, self.bar % 8, self.rest, self.before, lately[0], self.ensemble),
            hash_chain(5, self.part, min(self.rest, 5), lately[0], self.expected),
        ]


def cell_facts(cursor: Cursor) -> CellFacts:
    """Look back along a cursor that stands before a cell."""
    part, bar = cursor.part, len(cursor.bars) - 1
    kinds, history, recent = cursor.kinds[part], cursor.history[part], cursor.recent[part]
    followed, match = _what_followed(history)
    beside, agreement = _what_was_beside(cursor, bar)
    return CellFacts(
        part=part,
        family=family_of(cursor),
        lately=tuple(kinds[-i] if i <= len(kinds) else _NOTHING for i in range(1, 6)),
        expected=_as_token(followed, recent),
        match=match,
        ensemble=_as_token(beside, recent),
        agreement=agreement,
        before=cursor.kinds[part - 1][bar] if part else -2,
        n_new=min(2, sum(cursor.kinds[other][bar] == _NEW for other in range(part))),
        rest=_bars_of_rest(cursor),
        bar=bar,
    )


class IntervalFacts(NamedTuple):
    """What may tell how far a repeated cell is transposed."""

    part: int
    family: int
    rank: int
    """which recent cell it is"""

    def chains(self) -> Chains:
        """Contexts of: an interval."""
        return [hash_chain(16, self.family, self.rank), hash_chain(17, self.part, self.rank)]


def interval_facts(cursor: Cursor) -> IntervalFacts:
    """Look back along a cursor that stands before an interval."""
    return IntervalFacts(cursor.part, family_of(cursor), cursor.rank)


def bar_chains(cursor: Cursor) -> Chains:
    """Contexts of: one more bar, or the end of the song."""
    return [hash_chain(10, min(len(cursor.bars), 100) // 10)]


def frame_chains(cursor: Cursor) -> Chains:
    """Contexts of: a bar's metre, length and tempo, or nothing new."""
    return [hash_chain(11, len(cursor.bars) == 1, cursor.n_frame), hash_chain(12, len(cursor.bars) % 4)]


def part_chains(cursor: Cursor) -> Chains:
    """Contexts of: the next part, or one more velocity of this part."""
    parts = cursor.parts
    instrument, loudest, other = _NOTHING, _NOTHING, _NOTHING
    if parts:
        instrument = parts[-1].program + (128 if parts[-1].is_drum else 0)
        loudest = parts[-1].velocities[-1] if parts[-1].velocities else _NOTHING
    if len(parts) > 1:
        other = parts[-2].velocities[-1]
    return [
        hash_chain(13, len(parts), instrument, loudest),
        hash_chain(14, loudest // 8, instrument),
        hash_chain(15, loudest, other),
    ]


def _what_followed(history: list[Content]) -> tuple[Content | None, int]:
    """Return the cell that came after the longest earlier match of the way that led here, and how long it was."""
    n = len(history)
    best, longest = None, 0
    for at in range(n - 2, max(n - _MEMORY_BARS, -1), -1):
        if history[at] == history[-1]:
            match = 1
            while match < _LONGEST_MATCH and at >= match and history[at - match] == history[n - 1 - match]:
                match += 1
            if match > longest:
                best, longest = history[at + 1], match
    return best, longest


def _what_was_beside(cursor: Cursor, bar: int) -> tuple[Content | None, int]:
    """Return what this part played when the parts before it agreed best with now, and how well: 0 to 4."""
    others = range(cursor.part)
    now = [cursor.history[other][bar] for other in others]
    best, most = None, 0
    for at in range(bar - 1, max(bar - _MEMORY_BARS, -1), -1):
        # A sounding cell that agrees says more than a silent one.
        agreement = sum(2 if cell else 1 for o, cell in zip(others, now, strict=True) if cursor.history[o][at] == cell)
        if agreement > most:
            best, most = cursor.history[cursor.part][at], agreement
    if best is None:
        return None, 0
    return best, 1 + 3 * most // sum(2 if cell else 1 for cell in now)


def _as_token(content: Content | None, recent: list[Content]) -> int:
    """Return the token that would write this cell now."""
    if content is None:
        return _NOTHING
    if not content:
        return _SILENT
    return _REPEAT + recent.index(content) if content in recent else _NEW


def _bars_of_rest(cursor: Cursor) -> int:
    """Return for how many bars this part has been silent; 9 for long, or for a part that has not begun."""
    if not cursor.recent[cursor.part]:
        return 9
    rest = 0
    for content in reversed(cursor.history[cursor.part]):
        if content or rest == 9:
            break
        rest += 1
    return rest
