"""What may tell which cell comes next, and what a song's frame looks like: contexts of the choices above the notes.

A cell depends on what this part played lately, on what followed the last time this part had come the same way, and
on what it played when the parts before it in the bar played what they play now. Each function returns chains of
hashed features, the most telling feature first (generation/ngram.py).
"""

from __future__ import annotations

from bandroid.generation.counts import hash_chain
from bandroid.representations.score_cursor import Content, Cursor
from bandroid.representations.score_vocabulary import VOCABULARY

Chains = list[list[int]]

_SILENT, _NEW = VOCABULARY.token("silent", 0), VOCABULARY.token("new", 0)
_REPEAT = VOCABULARY.offset("repeat")
_NOTHING = -1
_LONGEST_MATCH = 16
_MEMORY_BARS = 512  # so that a piece may go on for ever at the same speed


def family_of(cursor: Cursor) -> int:
    """Return what plays: 0 to 15 for a General MIDI family, 16 for drums."""
    part = cursor.parts[cursor.part]
    return 16 if part.is_drum else part.program // 8


def cell_chains(cursor: Cursor) -> Chains:
    """Contexts of: silent, new, the k-th recent cell again, or transposed."""
    part, bar = cursor.part, len(cursor.bars) - 1
    kinds, history = cursor.kinds[part], cursor.history[part]
    lately = [kinds[-i] if i <= len(kinds) else _NOTHING for i in range(1, 6)]
    followed, match = _what_followed(history)
    expected = _as_token(followed, cursor.recent[part])
    beside, agreement = _what_was_beside(cursor, bar)
    ensemble = _as_token(beside, cursor.recent[part])
    before = cursor.kinds[part - 1][bar] if part else -2
    n_new = min(2, sum(cursor.kinds[other][bar] == _NEW for other in range(part)))
    rest = _bars_of_rest(cursor)
    match_class = min(match, 4) if match < 6 else 5 if match < 12 else 6
    return [
        hash_chain(1, family_of(cursor), *lately),
        hash_chain(2, expected, match_class, n_new, bar % 4, lately[0]),
        hash_chain(3, ensemble, agreement, expected, match_class, before),
        hash_chain(4, bar % 8, rest, before, lately[0], ensemble),
        hash_chain(5, part, min(rest, 5), lately[0], expected),
    ]


def interval_chains(cursor: Cursor) -> Chains:
    """Contexts of: how far a repeated cell is transposed."""
    return [hash_chain(16, family_of(cursor), cursor.rank), hash_chain(17, cursor.part, cursor.rank)]


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
