"""How much of a piece stands in the training songs already, counted the plain way: the oracle of `copy_2bar`.

A window is two neighbouring bars of one part that hold 6 notes or more of 3 different pitches or more. It is copied
where some part of a training song plays the same onsets and pitches in two neighbouring bars of the same length; on
pitched parts moved up or down by any interval, on drums as they are. Lengths and velocities of notes do not count. The
product measures the same with fingerprints (critique/copies.py); nothing of that is used here.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from bandroid.representations.sheet import CELL, Sheet

N_BARS = 2
LEAST_NOTES, LEAST_PITCHES = 6, 3

Window = tuple[object, ...]


def windows(sheet: Sheet) -> list[Window]:
    """Return every window of every part as what makes it equal to another, in the order of parts and bars."""
    cells: dict[tuple[int, int], list[tuple[int, int]]] = {}
    for code in sheet.notes.tolist():
        cell, inside = divmod(code, CELL)
        bar, part = divmod(cell, len(sheet.parts))
        cells.setdefault((part, bar), []).append((inside // (128 * 256), inside // 256 % 128))
    found: list[Window] = []
    for index, part in enumerate(sheet.parts):
        for bar in range(len(sheet.bars) - N_BARS + 1):
            notes = [
                (offset, position, pitch)
                for offset in range(N_BARS)
                for position, pitch in cells.get((index, bar + offset), ())
            ]
            if len(notes) < LEAST_NOTES or len({pitch for _, _, pitch in notes}) < LEAST_PITCHES:
                continue
            zero = 0 if part.is_drum else notes[0][2]
            lengths = tuple(one.length_tick for one in sheet.bars[bar : bar + N_BARS])
            heard = ((offset, position, pitch - zero) for offset, position, pitch in notes)
            found.append((part.is_drum, lengths, *heard))
    return found


def copied_share(sheets: Iterable[Sheet], songs: Iterable[Sheet]) -> float:
    """Return the share of all windows of some pieces that stand in songs; 0 where they have none."""
    known = {window for song in songs for window in windows(song)}
    is_copied = [window in known for sheet in sheets for window in windows(sheet)]
    return sum(is_copied) / len(is_copied) if is_copied else 0.0


def leave_one_out(songs: Sequence[Sheet]) -> list[float]:
    """Return the share of each song that stands in the others: how much the band repeats itself."""
    return [copied_share([song], [*songs[:index], *songs[index + 1 :]]) for index, song in enumerate(songs)]
