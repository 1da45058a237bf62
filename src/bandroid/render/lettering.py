"""Letters drawn as strokes, for machines without fonts: a title must not vanish because a server has none.

Each letter is a few strokes on a grid 4 wide (m, w: 6): two digits a point, x then y, the base line at y 2, small
letters up to 6, capitals up to 8, tails down to 0. A lone point is a dot.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from xml.sax.saxutils import unescape

_STROKES = {
    "A": "022842 1535", "B": "02083847463505 3544433202", "C": "4738180703123243", "D": "02082846442202",
    "E": "48080242 0535", "F": "480802 0535", "G": "47381807031232434525", "H": "0208 4248 0545",
    "I": "0828 1812 0222", "J": "3833221203", "K": "0208 480542", "L": "080242", "M": "0208254842",
    "N": "02084248", "O": "183847433212030718", "P": "02083847463505", "Q": "183847433212030718 2442",
    "R": "02083847463505 2542", "S": "473818070615354443321203", "T": "0848 2822", "U": "080312324348",
    "V": "082248", "W": "0812365268", "X": "0248 0842", "Y": "082548 2522", "Z": "08480242",
    "a": "4536160503123243 4642", "b": "0802 0516364543321203", "c": "4536160503123243",
    "d": "4842 4536160503123243", "e": "04444536160503123243", "f": "38281712 0636",
    "g": "4641301001 4536160503123243", "h": "0802 0516364542", "i": "0602 08", "j": "161100 18",
    "k": "0802 360432", "l": "080312", "m": "0602 0516263532 3546566562", "n": "0602 0516364542",
    "o": "163645433212030516", "p": "0600 0516364543321203", "q": "4640 4536160503123243", "r": "0602 051636",
    "s": "45361605143443321203", "t": "18132232 0636", "u": "0603123243 4642", "v": "062246", "w": "0612355266",
    "x": "0246 0642", "y": "0622 4610", "z": "06460242",
    "0": "183847433212030718", "1": "072822 0242", "2": "07183847460242", "3": "0718384746354443321203 2535",
    "4": "32380444", "5": "480805354443321203", "6": "4738180703123243443505", "7": "084812",
    "8": "15354647381807061504031232434435", "9": "4515060718384743321203",
    ".": "02", ",": "1201", ":": "02 05", ";": "05 1201", "-": "0424", "_": "0141", "+": "0444 2226", "=": "0343 0545",
    "/": "0238", "\\": "0832", "(": "18060412", ")": "08161402", "[": "18080212", "]": "08181202",
    "{": "28171605141322", "}": "08171625141302", "<": "360432", ">": "063402", "'": "0806", '"': "0806 2826",
    "!": "0804 02", "?": "071828373614 12", "#": "1218 3238 0444 0646", "$": "473818070615354443321203 2129",
    "%": "0248 08 42", "&": "420607182837360403122244", "*": "2428 0547 0745", "@": "183847433212030718 25",
    "^": "062846", "`": "0817", "|": "0109", "~": "04153445", " ": "",
}  # fmt: skip
_X_SHARE, _Y_SHARE = 0.082, 0.118
"""a grid step as a share of the font's size"""
_GAP = 2
"""grid steps between letters"""
_THIN_SHARE, _BOLD_SHARE = 0.065, 0.115
"""strokes as a share of the font's size"""

_TEXT = re.compile(r"<text\b([^>]*)>(.*?)</text>", re.DOTALL)
_ATTRIBUTE = re.compile(r'([\w-]+)="([^"]*)"')


def has_font(families: str) -> bool:
    """Say whether this machine can draw words in one of these fonts."""
    return _has_font(families)


def with_strokes(svg: str) -> str:
    """Return an SVG whose texts are drawn as strokes; each <text> states x, y, and its size in pixels."""
    return _TEXT.sub(_draw_text, svg)


@lru_cache(maxsize=8)
def _has_font(families: str) -> bool:
    import resvg_py

    frame = '<svg xmlns="http://www.w3.org/2000/svg" width="40" height="40">{}</svg>'
    words = f'<text x="4" y="32" font-size="30" font-family="{families}">M</text>'
    drawn, blank = (bytes(resvg_py.svg_to_bytes(svg_string=frame.format(inner))) for inner in (words, ""))
    return drawn != blank


def _draw_text(match: re.Match[str]) -> str:
    style = dict(_ATTRIBUTE.findall(match[1]))
    size = float(style.get("font-size", "16").removesuffix("px"))
    words = _plain(unescape(re.sub(r"<[^>]*>", "", match[2]), {"&quot;": '"', "&#123;": "{"}))
    x, y = float(style["x"]), float(style["y"])
    steps = sum(_width(letter) + _GAP for letter in words) - _GAP
    x -= {"middle": 0.5, "end": 1.0}.get(style.get("text-anchor", "start"), 0.0) * steps * size * _X_SHARE
    path = []
    for letter in words:
        for stroke in _STROKES[letter].split():
            points = [
                f"{x + int(stroke[i]) * size * _X_SHARE:.1f} {y - (int(stroke[i + 1]) - 2) * size * _Y_SHARE:.1f}"
                for i in range(0, len(stroke), 2)
            ]
            path.append(f"M{points[0]}" + ("".join(f"L{point}" for point in points[1:]) or "h0"))
        x += (_width(letter) + _GAP) * size * _X_SHARE
    thickness = size * (_BOLD_SHARE if style.get("font-weight") == "bold" else _THIN_SHARE)
    return (
        f'<path fill="none" stroke="{style.get("fill", "currentColor")}" stroke-width="{thickness:.2f}" '
        f'stroke-linecap="round" stroke-linejoin="round" d="{"".join(path)}"/>'
    )


def _plain(words: str) -> str:
    """Leave accents out, and put a question mark for letters that have no strokes."""
    letters = unicodedata.normalize("NFKD", words.replace("ß", "ss").replace("♮", ""))
    return "".join(c if c in _STROKES else "?" for c in letters if not unicodedata.combining(c))


def _width(letter: str) -> int:
    return max((int(x) for stroke in _STROKES[letter].split() for x in stroke[::2]), default=2)
