"""Cut ABC text: a file into tunes, a line of music into tokens.

Source: the ABC music notation standard 2.1 (abcnotation.com, December 2011), sections 2, 4 and 8.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field

_NOTE = r"(\^\^?|__?|=)?(\d*/\d*(?=[A-Ga-g]))?([A-Ga-g])([,']*)(\d*/*\d*)"
NOTE = re.compile(_NOTE + "(-?)")
"""groups: accidental, part of a tone, letter, octave marks, length, tie"""
GRACE_COLUMN = re.compile(rf"\[[^\]]*\]|{_NOTE}")
"""a grace note, or several at once in brackets"""
TOKEN = re.compile(
    rf"""
      (?P<note>{_NOTE})
    | (?P<space>[\s`]+)
    | (?P<inline>\[[A-Za-z]:[^\]]{{0,500}}\])
    | (?P<bar>\.?\[?\|[|:]*\]?|:+[|:]*\]?)
    | (?P<ending>\[?\d+(?:[,.\-]+\d+)*\.?)
    | (?P<rest>[zxZX]\d*/*\d*)
    | (?P<broken><+|>+)
    | (?P<tie>-)
    | (?P<tuplet>\(\d(?::\d*)?(?::\d*)?)
    | (?P<slur>[()])
    | (?P<chord>\[[^\[\]|]{{0,200}}\]\d*/*\d*)
    | (?P<grace>\{{[^{{}}]{{0,200}}\}})
    | (?P<quoted>"[^"]{{0,500}}")
    | (?P<mark>![^!\s|]{{1,50}}!|\+(?:[A-Za-z.]{{1,50}}|\d)\+)
    | (?P<overlay>&+)
    | (?P<ornament>[H-WYh-w.~*$]|y\d*)
    | (?P<other>.)
    """,
    re.VERBOSE,
)
"""one sign, or one group of signs, of a line of music; `lastgroup` says which. Runs have bounds, so that reading takes
time in proportion to a line's length, whatever is in it."""

_SYLLABLE = re.compile(r"\\-|[ \-_*|~]|[^ \-_*|~\\]+|\\")
_TUNE_START = re.compile(r"X:")
_UNNUMBERED_START = re.compile(r"T:")
_BODY_FIELD = re.compile(r"([A-Zmrsw+]):(?![|:])")
_COMMENT = re.compile(r"(?<!\\)%.*")
_ACCENT = re.compile(r"\\([`'^~\"uvco,])([A-Za-z])")
_COMBINING = {
    "`": "\u0300", "'": "\u0301", "^": "\u0302", "~": "\u0303", '"': "\u0308", "u": "\u0306", "v": "\u030c",
    "c": "\u0327", ",": "\u0327", "o": "\u030a",
}  # fmt: skip


@dataclass(slots=True)
class TuneText:
    """The lines of one tune."""

    number: str
    """what its X: says; "" where it has none"""
    header: list[str] = field(default_factory=list)
    """up to and with K:"""
    body: list[str] = field(default_factory=list)


def decode(content: bytes) -> str:
    """Return the text of an ABC file: UTF-8, else Latin-1, as older files are."""
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("latin-1")


def split_tunes(text: str) -> list[TuneText]:
    """Return the tunes of a file.

    A tune begins with X: (or, where that was forgotten, with T:) and ends with a blank line.
    What stands before the first tune (M:, L:, I: and so on) holds for all of them.
    """
    shared: list[str] = []
    tunes: list[TuneText] = []
    tune: TuneText | None = None
    has_key = False
    block = ""  # %%begintext ... %%endtext and the like are for print
    for line in text.replace("\r\n", "\n").replace("\r", "\n").split("\n"):
        if block or line.startswith("%%begin"):
            block = "" if block and line.startswith("%%end" + block) else block or line[7:].strip()[:20] or "text"
            continue
        if _TUNE_START.match(line) or (tune is None and _UNNUMBERED_START.match(line)):
            is_numbered = line.startswith("X:")
            tune = TuneText(line[2:].split("%")[0].strip() if is_numbered else "", list(shared))
            if not is_numbered:
                tune.header.append(line)
            tunes.append(tune)
            has_key = False
        elif tune is None:
            if not tunes and (line.startswith("%%") or re.match(r"[LMIR]:", line)):
                shared.append(line)
        elif has_key:
            if line.startswith("+:") and tune.body:
                tune.body[-1] += " " + line[2:]
            elif line.strip():
                tune.body.append(line)
            elif tune.body:
                tune = None
        elif line.strip():
            tune.header.append(line)
            has_key = line.startswith("K:")
    return tunes


def without_comment(line: str) -> str:
    """Cut off what follows a % that is not escaped."""
    return _COMMENT.sub("", line) if "%" in line else line


def body_field(line: str) -> tuple[str, str] | None:
    """Return (letter, value) where a line of the body is a field: "w:la la" -> ("w", "la la"); None for music."""
    found = _BODY_FIELD.match(line)
    return (found[1], line[2:].strip()) if found else None


def with_accents(text: str) -> str:
    """Return text with its accents written as letters: \\'e -> é."""
    if "\\" in text:
        return _ACCENT.sub(lambda m: unicodedata.normalize("NFC", m[2] + _COMBINING[m[1]]), text)
    return text


def plain_text(text: str) -> str:
    """Return readable words: accents as letters, control characters gone."""
    text = with_accents(text)
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())[:200]


def parse_multiplier(text: str) -> tuple[int, int]:
    """Return a note's length as (numerator, denominator) of the unit length: "3/2" -> (3, 2), "//" -> (1, 4)."""
    if not text:
        return 1, 1
    upper, slashes, lower = text.partition("/")
    numerator = int(upper[:6]) if upper else 1
    if not slashes:
        return numerator, 1
    digits = lower.lstrip("/")
    n_slashes = 1 + len(lower) - len(digits)
    denominator = int(digits[:6]) if digits else 2 ** min(n_slashes, 12)
    return numerator, denominator or 1


def align_syllables(words: str) -> list[str]:
    """Return what each note sings: "time~out- a--gain *" -> "time out-", "a-", "", "gain", "". A bar line gives "|"."""
    syllables: list[str] = []
    text = ""
    for sign in _SYLLABLE.findall(words):
        if sign in " -_*|":
            if text:
                syllables.append(text + "-" if sign == "-" else text)
            elif sign == "-" and syllables:
                if syllables[-1] not in ("", "|") and not syllables[-1].endswith("-"):
                    syllables[-1] += "-"
                    syllables.append("")
                elif syllables[-1] != "|":
                    syllables.append("")
            if sign in "_*":
                syllables.append("")
            elif sign == "|":
                syllables.append("|")
            text = ""
        else:
            text += {"~": " ", "\\-": "-"}.get(sign, sign)
    return [*syllables, text] if text else syllables


def parse_endings(text: str) -> tuple[int, ...]:
    """Return the numbers of an ending: "1,3" -> (1, 3), "1-3" -> (1, 2, 3)."""
    numbers: list[int] = []
    for piece in re.findall(r"\d+(?:-\d+)?", text):
        first, _, last = (part[:3] for part in piece.partition("-"))
        numbers += range(int(first), min(int(last or first), int(first) + 31) + 1)
    return tuple(numbers[:32]) or (1,)
