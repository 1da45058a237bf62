"""The `score` representation: a song as tokens, bar by bar, part by part, each bar of a part written once.

60 to 75 % of the notes of band music stand in part-bars that repeat an earlier bar of the same part, onset for onset
and pitch for pitch. So each cell (one part in one bar) is *silent*, a *repeat* of one of the part's most recent
distinct cells, such a cell *transposed*, or *new*, and then its notes follow.

    start  (part, its velocities)...  bar metre tempo  cell cell ...  bar  cell cell ...  end
    a new cell:   new  (position pitch length velocity)...  cell_end      drums: (position drum velocity)

`encode` and `decode` are inverse on a song in normal form (`snap`): decode(encode(song)) == snap(song).
`Cursor` walks tokens one by one: it is the grammar, the decoder and the context of every model over scores.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bandroid.music.song import Song
from bandroid.representations.score_cursor import Cursor
from bandroid.representations.score_vocabulary import MAX_TRANSPOSITION, METRES, N_RECENT, VOCABULARY
from bandroid.representations.sheet import CELL, Sheet, sheet_and_loss, song_from_sheet

__all__ = ["VOCABULARY", "Cursor", "decode", "encode", "sheet_from_tokens", "snap", "tokens_from_sheet"]


def encode(song: Song) -> NDArray[np.int32]:
    """Write a song as int32[T] token ids; raises ValueError for a song without notes."""
    return tokens_from_sheet(sheet_and_loss(song)[0])


def decode(tokens: NDArray[np.int32]) -> Song:
    """Read int32[T] token ids back; raises ValueError where they break the grammar or stop early."""
    return song_from_sheet(sheet_from_tokens(tokens))


def snap(song: Song) -> Song:
    """Bring a song into the normal form that the tokens can say (see representations/sheet.py)."""
    return song_from_sheet(sheet_and_loss(song)[0])


def sheet_from_tokens(tokens: NDArray[np.int32]) -> Sheet:
    """Read tokens into a sheet; raises ValueError where they break the grammar or stop early."""
    cursor = Cursor()
    for token in np.asarray(tokens).tolist():
        cursor.push(token)
    return cursor.sheet()


def tokens_from_sheet(sheet: Sheet) -> NDArray[np.int32]:
    """Write a sheet as int32[T] token ids."""
    offset = {family.name: VOCABULARY.offset(family.name) for family in VOCABULARY.families}
    n_parts = len(sheet.parts)
    tokens = [offset["start"]]
    for part in sheet.parts:
        tokens.append(offset["kit" if part.is_drum else "part"] + part.program)
        tokens.extend(offset["typical_velocity"] + velocity for velocity in part.velocities)

    # All notes as tokens at once; cells then take their slice.
    cell, inside = np.divmod(sheet.notes, CELL)
    is_drum = np.array([part.is_drum for part in sheet.parts])[cell % n_parts]
    written = np.stack(
        [
            inside // (128 * 256) + offset["position"],
            inside // 256 % 128 + np.where(is_drum, offset["drum"], offset["pitch"]),
            np.where(is_drum, -1, inside // 16 % 16 + offset["length"]),
            inside % 16 + offset["velocity"],
        ],
        axis=1,
    )
    flat = written[written >= 0].tolist()
    token_stop = np.cumsum(4 - is_drum).tolist()
    first = np.flatnonzero(np.append(True, np.diff(cell) != 0))
    # The shape of a cell is its content with pitches counted from its first note.
    size = np.diff(np.append(first, cell.size))
    shape = inside - np.repeat(inside[first] // 256 % 128, size) * 256
    contents = {
        number: (start, start + count)
        for number, start, count in zip(cell[first].tolist(), first.tolist(), size.tolist(), strict=True)
    }
    pitch = (inside // 256 % 128).tolist()
    recent: list[list[tuple[bytes, bytes, int]]] = [[] for _ in sheet.parts]
    before = None
    for number, bar in enumerate(sheet.bars):
        tokens.append(offset["bar"])
        metre = (bar.numerator, bar.denominator)
        if before is None or metre != (before.numerator, before.denominator):
            tokens.append(offset["metre"] + METRES.index(metre))
        if bar.length_tick != bar.full_length_tick:
            tokens.append(offset["cut"] + bar.length_tick)
        if before is None or bar.tempo_qpm != before.tempo_qpm:
            tokens.append(offset["tempo"] + bar.tempo_qpm)
        before = bar
        for index, part in enumerate(sheet.parts):
            span = contents.get(number * n_parts + index)
            if span is None:
                tokens.append(offset["silent"])
                continue
            start, stop = span
            content, form = inside[start:stop].tobytes(), shape[start:stop].tobytes()
            mine = recent[index]
            rank = next((k for k, known in enumerate(mine) if known[0] == content), None)
            if rank is not None:
                tokens.append(offset["repeat"] + rank)
                mine.insert(0, mine.pop(rank))
                continue
            rank = None if part.is_drum else next((k for k, known in enumerate(mine) if known[1] == form), None)
            interval = pitch[start] - mine[rank][2] if rank is not None else 0
            if rank is not None and abs(interval) <= MAX_TRANSPOSITION:
                tokens.append(offset["transposed"] + rank)
                tokens.append(offset["interval"] + interval)
            else:
                tokens.append(offset["new"])
                tokens.extend(flat[token_stop[start - 1] if start else 0 : token_stop[stop - 1]])
                tokens.append(offset["cell_end"])
            mine.insert(0, (content, form, pitch[start]))
            del mine[N_RECENT:]
    tokens.append(offset["end"])
    return np.array(tokens, dtype=np.int32)
