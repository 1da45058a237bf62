"""Engrave a score: MusicXML -> SVG pages, SVG -> PNG.

The library that engraves is native code and has crashed on files of others; it runs in a child process, so that a
crash costs one score and one plain sentence.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

from bandroid.errors import MachineError
from bandroid.render.lettering import has_font, with_strokes

_A4_MM = (210, 297)
_STAFF_SIZES = ((1, 80), (2, 76), (4, 64), (8, 54), (12, 48), (20, 42))
"""(up to so many staves, scale in per cent): staves of 6 mm for one player, 3 mm for a full score"""
_UNITS_PER_STAFF, _UNITS_PER_PAGE = 2100, 2_700_000
"""verovio's units that a staff with its distance takes, and that a page has at a scale of 1 per cent"""
_FEW_STAVES = 4
"""more staves than this, and those that are silent for a whole system are left out of it"""
_TIMEOUT_SECOND = 120.0
"""a hundred times what a usual song takes"""
_MOST_STAVES = 60
"""more do not fit on a page at any size that can be read"""
PNG_WIDTH_PIXEL = 1654
"""A4 at 200 dots per inch"""


def engrave(musicxml: str, timeout_second: float = _TIMEOUT_SECOND) -> list[str]:
    """Return the SVG text of each A4 page; the same score gives the same pages.

    Raises MachineError where the engraver crashes, takes longer than `timeout_second` or is missing, or where the
    score has more staves than a page holds.
    """
    n_staves = _count_staves(musicxml)
    if n_staves > _MOST_STAVES:
        raise MachineError(
            f"the score was not engraved: {n_staves} staves do not fit on a page; "
            "the .musicxml opens in any notation program"
        )
    request = json.dumps(
        {"musicxml": musicxml, "options": page_options(n_staves), "hides_silent_staves": n_staves > _FEW_STAVES}
    )
    program = Path(__file__).with_name("engraver.py")
    try:
        # -P: names in this folder must not stand in for Python's own modules.
        child = subprocess.run(
            [sys.executable, "-P", str(program)],
            input=request.encode(),
            capture_output=True,
            timeout=timeout_second,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise MachineError(
            f"the score was not engraved: it took more than {timeout_second:g} s; "
            "the .musicxml opens in any notation program"
        ) from None
    except OSError as error:
        raise MachineError(f"the score was not engraved: the engraver did not start ({error})") from error
    if child.returncode != 0:
        raise MachineError(f"the score was not engraved: {_last_words(child.returncode, child.stderr)}")
    answer = json.loads(child.stdout)
    if "error" in answer:
        raise MachineError(f"the score was not engraved: the engraver does not read it ({answer['error'][:200]})")
    pages: list[str] = answer["pages"]
    return pages


def page_options(n_staves: int) -> dict[str, object]:
    """Return verovio's options for a score of so many staves on A4."""
    scale = next((scale for most, scale in _STAFF_SIZES if n_staves <= most), _STAFF_SIZES[-1][1])
    scale = max(min(scale, _UNITS_PER_PAGE // (_UNITS_PER_STAFF * (n_staves + 2))), 5)
    return {
        "pageWidth": _A4_MM[0] * 10,
        "pageHeight": _A4_MM[1] * 10,
        "pageMarginLeft": 120,
        "pageMarginRight": 100,
        "pageMarginTop": 100,
        "pageMarginBottom": 100,
        "scale": scale,
        "scaleToPageSize": True,
        "mmOutput": True,
        "svgViewBox": True,
        "footer": "none",
        "justifyVertically": True,
        "systemDivider": "none",
        "spacingSystem": 8,
        "breaks": "auto",
        "lyricWordSpace": 2.5,
        "smuflTextFont": "none",  # the engraver draws these signs itself
        "xmlIdSeed": 1,  # the same ids every time
    }


def svg_to_png(svg: str, width_pixel: int = PNG_WIDTH_PIXEL) -> bytes:
    """Return an SVG as a PNG on white.

    Words are drawn with the machine's fonts, or where it has none, with our own strokes.

    Raises MachineError where the SVG cannot be drawn.
    """
    import resvg_py

    families = re.search(r'font-family="([^"]*)"', svg)
    if families is not None and not has_font(families[1]):
        svg = with_strokes(svg)
    try:
        return bytes(resvg_py.svg_to_bytes(svg_string=svg, width=width_pixel, background="#ffffff"))
    except ValueError as error:
        raise MachineError(f"the picture was not drawn: {error}") from error


def _count_staves(musicxml: str) -> int:
    """Count staves without parsing: one per part, and those that <staves> adds."""
    n_parts = len(re.findall(r"<score-part ", musicxml))
    return n_parts + sum(int(n) - 1 for n in re.findall(r"<staves>(\d{1,2})</staves>", musicxml))


def _last_words(status: int, stderr: bytes) -> str:
    words = stderr.decode("utf-8", "replace").strip().splitlines()
    if "No module named 'verovio'" in (words[-1] if words else ""):
        return "the library verovio is missing; pip install verovio"
    how = f"signal {-status}" if status < 0 else (words[-1][:200] if words else f"status {status}")
    return f"the engraver crashed ({how}); the .musicxml opens in any notation program"
