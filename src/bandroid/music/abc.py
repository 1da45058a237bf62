"""Read ABC: every tune of an .abc file -> Songs. The only way in for ABC files.

Text becomes tokens (`abc_tokens.py`), the tokens of each voice its notes (`abc_voice.py`), fields their meaning
(`abc_fields.py`), all of it a written score, and `perform.py` plays that.
Source: the ABC music notation standard 2.1 (abcnotation.com, December 2011).
"""

from __future__ import annotations

from pathlib import Path

from bandroid.errors import AbcError
from bandroid.files import read_at_most
from bandroid.music.abc_tokens import TuneText, decode, split_tunes
from bandroid.music.abc_tune import TuneReader
from bandroid.music.perform import perform
from bandroid.music.song import Song
from bandroid.music.written import NotationError

MAX_TUNES = 5_000
"""more tunes than in any collection; each takes up to 2 ms"""
MAX_BYTES = 16 << 20
"""the largest collections of tunes have a few MiB"""


def read_abc(path: Path) -> tuple[Song, ...]:
    """Return every tune of an ABC file as a song, as it is played: repeats unfolded, ties joined.

    Chord symbols and lyrics are kept. A tune that cannot be read is left out, and the first song's remarks say so.
    Raises AbcError where no tune is left.
    """
    tunes = split_tunes(decode(read_at_most(path, MAX_BYTES, AbcError)))
    if not tunes:
        raise AbcError(path, "no tune in it: a tune of ABC begins with a line X:1")
    if len(tunes) > MAX_TUNES:
        raise AbcError(path, f"it holds {len(tunes):,} tunes, and {MAX_TUNES:,} is the most: split it")
    songs: list[Song] = []
    left_out: list[str] = []
    for tune in tunes:
        try:
            songs.append(perform(TuneReader(tune).read()))
        except NotationError as error:
            left_out.append(f"tune {_name(tune)} was left out: {error}")
    if not songs:
        more = f" ({len(left_out)} tunes like this)" if len(left_out) > 1 else ""
        raise AbcError(path, left_out[0] + more)
    return (songs[0].with_remarks(*left_out), *songs[1:])


def _name(tune: TuneText) -> str:
    title = next((line[2:].strip() for line in tune.header if line.startswith("T:")), "")
    return " ".join(filter(None, (f"X:{tune.number[:20]}" if tune.number else "", f'"{title[:60]}"' if title else "")))
