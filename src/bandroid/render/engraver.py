"""The engraver: a program of its own, so that a crash of the native library ends this process and no other.

Reads one JSON object on standard input, {"musicxml": text, "options": verovio's options, "hides_silent_staves": bool},
and writes one on standard output, {"pages": [SVG text]} or {"error": text}. It imports nothing of bandroid:
`engraving.py` runs it as a file.
"""

from __future__ import annotations

import json
import os
import re
import sys
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

MUSIC_FONT = "Leipzig"
TEXT_FONTS = (
    "'Times New Roman', Times, 'Liberation Serif', 'DejaVu Serif Condensed', 'DejaVu Serif', 'Noto Serif', serif"
)
"""verovio asks for Times alone, and where there is none, renderers draw nothing"""
_LETTERS = {
    0xE260: "b", 0xE261: "♮", 0xE262: "#", 0xE263: "##", 0xE264: "bb",
    0xEA63: "bb", 0xEA64: "b", 0xEA65: "♮", 0xEA66: "#", 0xEA67: "##",
    0xED60: "b", 0xED61: "♮", 0xED62: "#", 0xED63: "##", 0xED64: "bb",
    0xE550: "\u00a0", 0xE551: "\u00a0", 0xE552: "\u00a0",
}  # fmt: skip
"""signs of the music font (SMuFL code points) inside of words -> letters that every font has"""

_SPACE = 0.25
"""of the font's size: the width of a space"""
_TEXT = re.compile(r"<text\b[^>]*(?:(?<=/)>|(?<!/)>.*?</text>)", re.DOTALL)
_INHERITED = ("font-family", "font-size", "font-style", "font-weight", "text-anchor")


def engrave_pages(musicxml: str, options: dict[str, Any], hides_silent_staves: bool) -> list[str]:
    """Return the SVG of each page; raises ValueError where the library does not read the score.

    Staves that are silent for a whole system are left out of it from the second page on, if wished.
    """
    import verovio

    toolkit = verovio.toolkit()
    toolkit.setOptions(options)
    if not toolkit.loadData(musicxml):
        raise ValueError(toolkit.getLog().strip() or "no reason given")
    if hides_silent_staves:
        # MusicXML has no word for it that verovio reads; its own format has.
        toolkit.loadData(toolkit.getMEI().replace("<scoreDef ", '<scoreDef optimize="true" ', 1))
    glyphs = Path(toolkit.getResourcePath()) / MUSIC_FONT
    return [_self_contained(toolkit.renderToSVG(page + 1), glyphs) for page in range(toolkit.getPageCount())]


def _self_contained(svg: str, glyphs: Path) -> str:
    """Write all words flat, in fonts that machines have; draw the music signs among them as paths or letters."""
    svg = _TEXT.sub(lambda match: _flat_text(match[0], glyphs), svg)
    return svg.replace('font-family="Times, serif"', f'font-family="{TEXT_FONTS}"')


def _flat_text(text: str, glyphs: Path) -> str:
    """Rewrite a <text> of nested spans as one <text> per place, without white space between the words.

    Renderers other than browsers lose the place of a text that begins with white space or with an empty span.
    """
    lines: list[tuple[dict[str, str], list[tuple[dict[str, str], str]]]] = []
    for style, place, words in _runs(ET.fromstring(text), {}):
        if place:
            lines.append((place, []))
        if lines and words:
            lines[-1][1].append((style, words.replace("\u00a0", " ")))
    return "".join(_write_line(place, runs, glyphs) for place, runs in lines if runs)


def _runs(element: ET.Element, inherited: dict[str, str]) -> Iterator[tuple[dict[str, str], dict[str, str], str]]:
    """Yield (style, place if the element states one, words) of an element and what is in it."""
    style = inherited | {name: element.attrib[name] for name in _INHERITED if name in element.attrib}
    place: dict[str, str] = {name: element.attrib[name] for name in ("x", "y") if name in element.attrib}
    is_leaf = not len(element)
    if place or is_leaf:
        if len(place) < 2:
            place = {}
        yield style, place, (element.text or "") if is_leaf else ""
    for child in element:
        if child.tag != "title":
            yield from _runs(child, style)


def _write_line(place: dict[str, str], runs: list[tuple[dict[str, str], str]], glyphs: Path) -> str:
    x, y = float(place["x"]), float(place["y"])
    drawn = ""
    style, words = runs[0]
    if style.get("font-family") == MUSIC_FONT and ord(words[0]) not in _LETTERS:
        # The note of a metronome mark opens the line: draw it, and move the rest along.
        drawn, advance = _draw(words, x, y, float(style["font-size"].removesuffix("px")) / 1000, glyphs)
        x += advance
        runs = runs[1:]
    plain = [style for style, _ in runs if style.get("font-family") != MUSIC_FONT]
    if not plain:
        return drawn
    outer = plain[0]
    spans = []
    for style, words in runs:
        if style.get("font-family") == MUSIC_FONT:
            style, words = outer, "".join(_LETTERS.get(ord(sign), " ") for sign in words)
        changed = [name for name in _INHERITED[1:4] if style.get(name) != outer.get(name)]
        own = "".join(f' {name}="{style.get(name, "normal")}"' for name in changed)
        spans.append(f"<tspan{own}>{escape(words)}</tspan>" if own else escape(words))
    if spans[0].startswith(" "):
        x, spans[0] = x + _SPACE * float(outer.get("font-size", "405px").removesuffix("px")), spans[0].lstrip()
    attributes = "".join(f' {name}="{outer[name]}"' for name in _INHERITED[1:] if name in outer)
    fonts = f'font-family="{TEXT_FONTS}" font-stretch="condensed"'  # of wide fonts the narrow cut, if there is one
    return f'{drawn}<text x="{x:.0f}" y="{y:.0f}" {fonts}{attributes}>{"".join(spans)}</text>'


def _draw(signs: str, x: float, y: float, scale: float, glyphs: Path) -> tuple[str, float]:
    """Return paths for signs of the music font at a place, and how far they reach."""
    drawn, advance = [], 0.0
    for sign in signs:
        if sign.isspace():
            advance += 120 * scale
            continue
        outline, width = _glyph(glyphs, f"{ord(sign):04X}")
        shape = f"translate({x + advance:.0f}, {y:.0f}) scale({scale:g}, {-scale:g})"
        drawn.append(f'<path transform="{shape}" d="{outline}"/>')
        advance += width * scale
    return "".join(drawn), advance


@lru_cache(maxsize=64)
def _glyph(glyphs: Path, code: str) -> tuple[str, float]:
    """Return a glyph's outline, and its width in thousandths of the font's size."""
    try:
        drawing = (glyphs / f"{code}.xml").read_text(encoding="utf-8")
        sizes = glyphs.with_suffix(".xml").read_text(encoding="utf-8")
    except OSError:
        return "", 0.0
    outline = re.search(r'\bd="([^"]*)"', drawing)
    width = re.search(rf'<g c="{code}"[^>]*h-a-x="([\d.]+)"', sizes)
    return (outline[1] if outline else ""), (float(width[1]) if width else 400.0)


def main() -> int:
    """Serve one request."""
    # What the library prints must not mix with the answer.
    answer_to = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    request = json.loads(sys.stdin.buffer.read())
    try:
        answer: dict[str, Any] = {"pages": engrave_pages(**request)}
    except ValueError as error:
        answer = {"error": str(error)}
    json.dump(answer, answer_to)
    answer_to.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
