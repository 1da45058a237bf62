"""Windows of sheets: so that a piece of 32 bars is held against 32 bars of a song, and not against all of it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from bandroid.representations.sheet import CELL, Sheet


def window(sheet: Sheet, first_bar: int, n_bars: int) -> Sheet:
    """Cut out some bars, with all parts that sound anywhere in them and no other.

    A composed file holds only parts that sound. So a song's part that has not come in yet is left out too: counted, its
    rests would make every song look more silent than a piece can be. Raises ValueError where nothing sounds.
    """
    n_parts = len(sheet.parts)
    cell, inside = np.divmod(sheet.notes, CELL)
    bar, part = np.divmod(cell, n_parts)
    chosen = (bar >= first_bar) & (bar < first_bar + n_bars)
    heard = np.unique(part[chosen])
    if not heard.size:
        raise ValueError(f"nothing sounds from bar {first_bar} to {first_bar + n_bars - 1}")
    again = (bar[chosen] - first_bar) * heard.size + np.searchsorted(heard, part[chosen])
    parts = tuple(sheet.parts[index] for index in heard.tolist())
    return Sheet(parts, sheet.bars[first_bar : first_bar + n_bars], again * CELL + inside[chosen])


def reordered(sheet: Sheet, order: Sequence[int] | NDArray[np.int64]) -> Sheet:
    """Play whole bars, the entire band's, in another order: bar i becomes what bar `order[i]` was."""
    place = np.empty(len(sheet.bars), dtype=np.int64)
    place[np.asarray(order)] = np.arange(len(sheet.bars))
    cell, inside = np.divmod(sheet.notes, CELL)
    bar, part = np.divmod(cell, len(sheet.parts))
    notes = np.sort((place[bar] * len(sheet.parts) + part) * CELL + inside)
    return Sheet(sheet.parts, tuple(sheet.bars[index] for index in order), notes)
