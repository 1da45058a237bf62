"""What the fields of an ABC tune mean: keys, metres, lengths, tempos, the order of parts, voices.

Source: the ABC music notation standard 2.1 (abcnotation.com, December 2011), sections 3, 4.6 and 7.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from fractions import Fraction

from bandroid.music.written import Metre

LINE_OF_FIFTHS = "FCGDAEB"
STEPS = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
"""semitones above C"""
ALTERATIONS = {"^^": 2, "^": 1, "=": 0, "_": -1, "__": -2}
MAX_SECTIONS = 1000

_MODES = {"ion": 0, "maj": 0, "mix": -1, "dor": -2, "aeo": -3, "min": -3, "phr": -4, "loc": -5, "lyd": 1}
"""how many fifths a mode's signature lies from that of major"""
_MINOR_MODES = frozenset({"dor", "aeo", "min", "phr", "loc"})
_KEY = re.compile(r"([A-G])([#b♯♭]?)\s*([A-Za-z]*)")
_ACCIDENTAL = re.compile(r"(?<![A-Za-z=])(\^\^|\^|__|_|=)([A-Ga-g])(?![A-Za-z])")
_PARAMETER = re.compile(r"([A-Za-z-]+)\s*=\s*(\"[^\"]*\"|[^\s\"]+)")
_CLEF_SHIFT = re.compile(r"(?:treble|alto|tenor|bass|perc|none|clef=\"?[A-Za-z]+)\d?([+-]8)")
_BEATS = re.compile(r"((?:\d+\s*/\s*\d+\s*)+|[A-Ga-g]\d*\s*)=\s*(\d+(?:\.\d+)?)")


@dataclass(frozen=True, slots=True)
class Key:
    """A key signature, and what it does to each step."""

    fifths: int = 0
    is_minor: bool = False
    is_stated: bool = True
    """False for K:none"""
    alterations: dict[str, int] = field(default_factory=dict)
    """step -> semitones; a step that is missing is natural"""


def parse_key(text: str) -> Key | None:
    """Return the key of a K: field: "Ador" -> one sharp, a minor third; None where it names none (K:clef=bass)."""
    text = text.strip()
    if not text:
        return Key(is_stated=False)
    if text[:2] in ("HP", "Hp"):
        return Key(2, False, True, {"F": 1, "C": 1})
    found = _KEY.match(text)
    if text.lower().startswith("none"):
        key, rest = Key(is_stated=False), text[4:]
    elif found:
        tonic, sign, mode = found.groups()
        is_exact = mode.lower() == "exp"
        mode = "min" if mode == "m" else mode[:3].lower()
        fifths = LINE_OF_FIFTHS.index(tonic) - 1 + {"": 0, "#": 7, "♯": 7, "b": -7, "♭": -7}[sign]
        fifths += _MODES.get(mode, 0)
        key = Key(_within_seven(fifths), mode in _MINOR_MODES, True, {} if is_exact else _signature(fifths))
        rest = text[found.end() if mode in _MODES or is_exact or not mode else found.start(3) :]
    else:
        return None
    changes = {step.upper(): ALTERATIONS[sign] for sign, step in _ACCIDENTAL.findall(rest)}
    if re.search(r"\bexp\b", rest):
        return Key(key.fifths, key.is_minor, key.is_stated, changes)
    return Key(key.fifths, key.is_minor, key.is_stated, key.alterations | changes)


def _signature(fifths: int) -> dict[str, int]:
    alterations = {step: (fifths + 6 - place) // 7 for place, step in enumerate(LINE_OF_FIFTHS)}
    return {step: alter for step, alter in alterations.items() if alter}


def _within_seven(fifths: int) -> int:
    while abs(fifths) > 7:
        fifths -= 12 if fifths > 0 else -12
    return fifths


def parse_metre(text: str) -> Metre | None:
    """Return the metre of an M: field: "C|" -> (2, 2), "(2+3)/8" -> (5, 8); None where there is none."""
    text = text.split("%")[0].strip().strip('"')
    if text in ("C", "c"):
        return 4, 4
    if text in ("C|", "c|"):
        return 2, 2
    found = re.match(r"\(?\s*(\d{1,3}(?:\s*\+\s*\d{1,3})*)\s*\)?\s*/\s*(\d{1,2})", text)
    if not found:
        return None
    upper = sum(int(count) for count in found[1].split("+"))
    lower = int(found[2])
    return (upper, lower) if 1 <= upper <= 255 and lower in (1, 2, 4, 8, 16, 32, 64) else None


def parse_length(text: str) -> Fraction | None:
    """Return the unit note length of an L: field as a share of a whole note: "1/8" -> 1/8."""
    found = re.match(r"\s*(\d{1,3})\s*(?:/\s*(\d{1,4}))?", text)
    if not found or int(found[2] or 1) == 0 or int(found[1]) == 0:
        return None
    return Fraction(int(found[1]), int(found[2] or 1))


def default_length(metre: Metre | None) -> Fraction:
    """Return the unit note length where L: is missing: a 16th in metres below 3/4, else an eighth (3.1.7)."""
    return Fraction(1, 16) if metre and Fraction(*metre) < Fraction(3, 4) else Fraction(1, 8)


def parse_tempo(text: str, unit_length: Fraction) -> float | None:
    """Return quarters a minute of a Q: field: '"Slow" 3/8=50' -> 75; "120" counts unit notes; None for words alone."""
    text = re.sub(r'"[^"]*"', " ", text).strip()
    found = _BEATS.match(text)
    if found:
        beats = found[1].strip()
        if beats[0].isalpha():
            beat = unit_length * int(beats[1:] or 1)
        else:
            pairs = re.findall(r"(\d{1,4})\s*/\s*(\d{1,4})", beats)
            if any(int(lower) == 0 for _, lower in pairs):
                return None
            beat = sum((Fraction(int(upper), int(lower)) for upper, lower in pairs), Fraction(0))
        per_minute = float(found[2][:10])
    elif re.fullmatch(r"\d{1,4}(\.\d{1,4})?", text):
        beat, per_minute = unit_length, float(text)
    else:
        return None
    tempo_qpm = float(4 * beat) * per_minute
    return tempo_qpm if 1.0 <= tempo_qpm <= 10_000.0 else None


def parse_part_order(text: str) -> list[str]:
    """Return the parts of a header's P: field in playing order: "A2(BC)2" -> A A B C B C."""
    tokens = re.findall(r"[A-Za-z]|\d{1,3}|[()]", text)
    stack: list[list[str]] = [[]]
    last: list[str] = []  # what a number after it repeats
    for token in tokens:
        if token == "(":
            stack.append([])
            last = []
        elif token == ")" and len(stack) > 1:
            last = stack.pop()
            stack[-1] += last
        elif token.isdigit():
            stack[-1] += last * min(max(int(token) - 1, 0), MAX_SECTIONS)
            last = []
        elif token.isalpha():
            last = [token]
            stack[-1].append(token)
        if sum(map(len, stack)) > MAX_SECTIONS:
            break
    return [part for level in stack for part in level][:MAX_SECTIONS]


def parse_parameters(text: str) -> dict[str, str]:
    """Return the name=value settings of a K: or V: field, quotes removed."""
    return {name.lower(): value.strip('"').strip() for name, value in _PARAMETER.findall(text)}


def parse_shift(text: str) -> int | None:
    """Return by how many semitones a K: or V: field makes notes sound elsewhere; None where it does not say.

    "treble-8" -> -12, "octave=1" -> 12, "transpose=-2" -> -2.
    """
    found = _CLEF_SHIFT.search(text)
    shift = {"+8": 12, "-8": -12}[found[1]] if found else 0
    is_said = bool(found)
    parameters = parse_parameters(text)
    for name, semitones in (("octave", 12), ("transpose", 1)):
        if re.fullmatch(r"[+-]?\d{1,2}", parameters.get(name, "")):
            shift += semitones * int(parameters[name])
            is_said = True
    return shift if is_said else None
