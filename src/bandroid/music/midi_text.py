"""Words in MIDI files: bytes of unknown encoding -> clean text."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

MAX_TEXT = 100
"""letters kept of a name or a lyric: 64 KiB of track name is no name"""


def decode_text(content: bytes) -> str:
    """Decode as UTF-8, else as Shift-JIS where that gives Japanese, else as Latin-1; control characters go.

    b"Fl\\xf6te" -> "Flöte". Spaces at the ends stay: in lyrics they part words.
    """
    content = content[: 4 * MAX_TEXT]
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        if len(content) == 4 * MAX_TEXT and error.start >= len(content) - 3:
            text = content[: error.start].decode("utf-8")  # our own cut went through a letter
        else:
            text = _japanese(content) or content.decode("latin-1")
    return "".join(letter for letter in text if letter.isprintable())[:MAX_TEXT]


def counted(n: int, thing: str) -> str:
    """Return a number with its noun: 1 note, 2,500 notes."""
    return f"{n:,} {thing}" if n == 1 else f"{n:,} {thing}s"


def numbered(thing: str, numbers: Sequence[int]) -> str:
    """Return things with their numbers: track 3; tracks 3, 4 and 9; tracks 1, 2, 3 and 9 more."""
    if len(numbers) == 1:
        return f"{thing} {numbers[0]}"
    shown = numbers if len(numbers) <= 5 else numbers[:3]
    last = str(shown[-1]) if shown is numbers else f"{len(numbers) - 3} more"
    front = shown[:-1] if shown is numbers else shown
    return f"{thing}s {', '.join(map(str, front))} and {last}"


def _japanese(content: bytes) -> str:
    """Decode Shift-JIS; "" unless most of it is kana or kanji: "Präludium" in Latin-1 also decodes, to one kanji."""
    try:
        text = content.decode("cp932")
    except UnicodeDecodeError:
        return ""
    wide = [_is_wide(letter) for letter in text]
    is_pair = any(a and b for a, b in pairwise(wide))
    return text if is_pair and 4 * sum(wide) >= len(content) else ""


def _is_wide(letter: str) -> bool:
    return "぀" <= letter <= "ヿ" or "一" <= letter <= "鿿"
