"""Spell the chord symbols of MusicXML as musicians write them: F#m7b5, C7(b9)/E."""

from __future__ import annotations

import xml.etree.ElementTree as ET

KIND_SUFFIXES = {
    "major": "",
    "minor": "m",
    "augmented": "+",
    "diminished": "dim",
    "dominant": "7",
    "major-seventh": "maj7",
    "minor-seventh": "m7",
    "diminished-seventh": "dim7",
    "augmented-seventh": "+7",
    "half-diminished": "m7b5",
    "major-minor": "m(maj7)",
    "minor-major": "m(maj7)",
    "major-sixth": "6",
    "minor-sixth": "m6",
    "dominant-ninth": "9",
    "major-ninth": "maj9",
    "minor-ninth": "m9",
    "augmented-ninth": "+9",
    "dominant-11th": "11",
    "major-11th": "maj11",
    "minor-11th": "m11",
    "dominant-13th": "13",
    "major-13th": "maj13",
    "minor-13th": "m13",
    "suspended-second": "sus2",
    "suspended-fourth": "sus4",
    "maj69": "6/9",
    "power": "5",
    "pedal": " pedal",
    "Neapolitan": " Neapolitan",
    "Italian": " Italian sixth",
    "French": " French sixth",
    "German": " German sixth",
    "Tristan": " Tristan chord",
    "other": "",
}
"""what follows the root where a file spells no text of its own (kind values of MusicXML 4.0)"""
NO_CHORD = "N.C."

_LINE_OF_FIFTHS = "FCGDAEB"
_ALTERATIONS = {-2: "bb", -1: "b", 0: "", 1: "#", 2: "##"}
_MAX_TEXT = 40


def spell_harmony(harmony: ET.Element, transpose_fifths: int = 0) -> str | None:
    """Return the chord symbol of a <harmony> element; None where it names no root (Roman numerals).

    `transpose_fifths` says how far along the line of fifths the part sounds from where it is written
    (-2 for an instrument in B flat).
    """
    kind = harmony.find("kind")
    name = (kind.text or "").strip() if kind is not None else ""
    if name == "none":
        return NO_CHORD
    root = _spell_note(harmony.find("root"), "root", transpose_fifths)
    if root is None:
        return None
    text = kind.get("text") if kind is not None else None
    suffix = KIND_SUFFIXES.get(name, "") if text is None else _plain(text)
    degrees = [_spell_degree(degree) for degree in harmony.findall("degree")]
    # A text like "7b9" has said it already.
    degrees = [degree for degree in degrees if degree and degree.removeprefix("add") not in suffix]
    if text is not None and suffix.endswith(("sus", "sus4")) and suffix[:1].isdigit():
        degrees = []  # "7sus": the seventh is a degree that the text has said, too
    bass = _spell_note(harmony.find("bass"), "bass", transpose_fifths)
    extra = f"({','.join(degrees)})" if degrees else ""
    return f"{root}{suffix}{extra}" + (f"/{bass}" if bass and bass != root else "")


def _spell_note(note: ET.Element | None, name: str, transpose_fifths: int) -> str | None:
    if note is None:
        return None
    step = (note.findtext(f"{name}-step") or "").strip().upper()
    if len(step) != 1 or step not in _LINE_OF_FIFTHS:
        return None
    try:
        alter = round(float(note.findtext(f"{name}-alter") or 0))
    except (ValueError, OverflowError):
        alter = 0
    position = _LINE_OF_FIFTHS.index(step) + 7 * max(-2, min(2, alter)) + transpose_fifths
    alter, place = divmod(position, 7)
    while not -1 <= alter <= 1 and transpose_fifths:  # B double flat is spelt A
        position += 12 if alter < 0 else -12
        alter, place = divmod(position, 7)
    return _LINE_OF_FIFTHS[place] + _ALTERATIONS[alter]


def _spell_degree(degree: ET.Element) -> str:
    value = (degree.findtext("degree-value") or "").strip()
    kind = (degree.findtext("degree-type") or "add").strip()
    try:
        alter = round(float(degree.findtext("degree-alter") or 0))
    except (ValueError, OverflowError):
        alter = 0
    if not value.isdigit():
        return ""
    if kind == "subtract":
        return f"no{value}"
    sign = _ALTERATIONS.get(alter, "")
    return f"{sign}{value}" if sign else f"add{value}"


def _plain(text: str) -> str:
    """Write the signs of fonts as letters: 7♭9 -> 7b9."""
    for sign, letter in (("♭", "b"), ("♯", "#"), ("𝄫", "bb"), ("𝄪", "##")):
        text = text.replace(sign, letter)
    return "".join(c for c in text if c.isprintable()).strip()[:_MAX_TEXT]
