"""Scores as pages: whole, readable, the same every time, and never a crash of ours."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from bandroid.errors import MachineError
from bandroid.music.musicxml_writer import musicxml_text
from bandroid.music.notes import Notes
from bandroid.music.song import Part, Song, TempoChange, TextEvent
from bandroid.render import engraving, lettering
from bandroid.render.engraving import engrave, page_options, svg_to_png

QUARTER = 24
PNG = b"\x89PNG\r\n\x1a\n"


def _band(n_parts: int = 2, n_bars: int = 4) -> Song:
    beats = range(n_bars * 4)
    lead = Notes.from_rows([(beat * QUARTER, QUARTER, 60 + beat % 12, 80) for beat in beats])
    drums = Notes.from_rows([(beat * QUARTER, 1, 42 if beat % 2 else 36, 90) for beat in beats])
    parts = [Part(f"Guitar {number}", 27, False, lead) for number in range(n_parts - 1)]
    return Song(
        QUARTER,
        (*parts, Part("Drums", 0, True, drums)),
        tempos=(TempoChange(0, 96.0),),
        chords=(TextEvent(0, "F#m7b5/Bb"),),
        markers=(TextEvent(0, "Intro"),),
        title="Käse & Wein",
    )


@pytest.fixture(scope="module")
def pages() -> list[str]:
    return engrave(musicxml_text(_band()))


def test_a_page_is_a4_and_has_its_words(pages: list[str]) -> None:
    root = ET.fromstring(pages[0])
    _, _, width, height = map(float, (root.get("viewBox") or "").split())
    assert (round(width), round(height)) == (210, 297)
    words = ["".join(text.itertext()) for text in root.iter("{http://www.w3.org/2000/svg}text")]
    for expected in ("Käse & Wein", "Guitar 0", "Drums", "Intro", "F#m7b5/Bb", "= 96"):
        assert expected in words


def test_a_page_needs_no_music_font(pages: list[str]) -> None:
    assert "Leipzig" not in pages[0] and "@font-face" not in pages[0]
    assert not re.search("[\ue000-\uf8ff]", pages[0]), "no signs of a music font inside of words"


def test_the_same_score_gives_the_same_bytes(pages: list[str]) -> None:
    assert engrave(musicxml_text(_band())) == pages


def test_a_long_score_has_several_pages() -> None:
    pages = engrave(musicxml_text(_band(n_parts=6, n_bars=80)))
    assert len(pages) > 1
    assert all(page.count('class="measure"') for page in pages)


def test_one_player_reads_larger_notes_than_fourteen() -> None:
    scales = [page_options(n)["scale"] for n in (1, 2, 4, 8, 14, 30, 200)]
    assert scales == sorted(scales, reverse=True)
    assert scales[0] == 80 and scales[-1] >= 5  # type: ignore[operator]


def test_what_the_engraver_cannot_read_is_a_plain_sentence() -> None:
    with pytest.raises(MachineError, match="the score was not engraved"):
        engrave("this is no score")


def test_a_score_that_fits_no_page_is_refused_at_once() -> None:
    with pytest.raises(MachineError, match="100 staves"):
        engrave(musicxml_text(_band(n_parts=100, n_bars=1)))


@pytest.mark.parametrize(
    ("program", "words"),
    [
        ("import os, signal\nos.kill(os.getpid(), signal.SIGSEGV)", "crashed"),
        ("raise SystemExit('oops')", "oops"),
        ("import time\ntime.sleep(20)", "more than"),
        ("import verovio_is_gone", "crashed"),
    ],
)
def test_a_crash_of_the_engraver_stays_with_it(
    program: str, words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "engraver.py").write_text(program, encoding="utf-8")
    monkeypatch.setattr(engraving, "__file__", str(tmp_path / "engraving.py"))
    with pytest.raises(MachineError, match=words):
        engrave(musicxml_text(_band()), timeout_second=1.0)


def test_pages_become_pictures(pages: list[str]) -> None:
    assert svg_to_png(pages[0], 400).startswith(PNG)
    with pytest.raises(MachineError, match="not drawn"):
        svg_to_png("<svg")


def test_words_are_drawn_on_a_machine_without_fonts(monkeypatch: pytest.MonkeyPatch) -> None:
    svg = (
        '<svg xmlns="http://www.w3.org/2000/svg" width="200" height="40" font-family="None of them">'
        '<text x="{}" y="30" font-size="20px" text-anchor="{}">Pré <tspan font-size="20px">1&amp;2</tspan></text></svg>'
    )
    blank = svg_to_png(svg.replace("Pré", "").replace("1&amp;2", "").format(10, "start"), 200)
    monkeypatch.setattr(engraving, "has_font", lambda families: False)
    drawn = svg_to_png(svg.format(10, "start"), 200)
    assert drawn != blank
    assert drawn != svg_to_png(svg.format(190, "end"), 200)


def test_every_printable_letter_has_strokes() -> None:
    letters = "".join(chr(code) for code in range(33, 127))
    escaped = letters.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    path = lettering.with_strokes(f'<text x="0" y="20" font-size="10">{escaped}</text>')
    question = lettering.with_strokes('<text x="0" y="20" font-size="10">?</text>')
    assert path.count("M") >= len(letters)
    assert lettering.with_strokes('<text x="0" y="20" font-size="10">日</text>') == question
