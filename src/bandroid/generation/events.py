"""What a part has just played, as events for the recurrence of a net: one for each cell, one for each note."""

from __future__ import annotations

from bandroid.generation.cell_contexts import family_of
from bandroid.generation.features import cell_event, note_event
from bandroid.representations.score_cursor import Cursor
from bandroid.representations.score_vocabulary import VOCABULARY

_POSITION, _PITCH = 128 * 256, 256  # what they are worth in a note's code
_FIRST_CELL, _AFTER_CELLS = VOCABULARY.starts["silent"], VOCABULARY.starts["interval"]
_VELOCITY = VOCABULARY.offset("velocity")
_FIRST_VELOCITY = VOCABULARY.starts["velocity"]
_AFTER_VELOCITIES = _FIRST_VELOCITY + VOCABULARY.family("velocity").size


def event_after(cursor: Cursor, token: int) -> tuple[int, ...] | None:
    """Return the event that a token completes, for the part that the cursor stands in; None for most tokens.

    The cursor must still stand before the token. A cell is an event once its kind is known, a note with its velocity.
    """
    if _FIRST_CELL <= token < _AFTER_CELLS:
        return cell_event(family_of(cursor), token, len(cursor.bars) - 1)
    if not _FIRST_VELOCITY <= token < _AFTER_VELOCITIES:
        return None
    last = cursor.content[-1] if cursor.content else None
    return note_event(
        family=family_of(cursor),
        position=cursor.position,
        last=-1 if last is None else last // _POSITION,
        pitch=cursor.pitch,
        last_pitch=-1 if last is None else last // _PITCH % 128,
        length=-1 if cursor.parts[cursor.part].is_drum else cursor.length,
        velocity=token - _VELOCITY,
    )
