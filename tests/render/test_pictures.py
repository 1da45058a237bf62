"""Piano rolls and spectrograms: everything is in the picture, and it is the same picture every time."""

from __future__ import annotations

import re
import struct
import xml.etree.ElementTree as ET
import zlib

import numpy as np
import pytest

from bandroid.music.notes import Notes
from bandroid.music.song import MetreChange, Part, Song, TextEvent
from bandroid.render.pictures import piano_roll_svg
from bandroid.render.spectrogram import png_bytes, spectrogram_png

BEAT = 12
_SVG = "{http://www.w3.org/2000/svg}"


def _song(n_bars: int = 4, n_parts: int = 3) -> Song:
    beats = range(n_bars * 4)
    lines = [
        Part(f"Part <{number}>", 0, False, Notes.from_rows([(b * BEAT, BEAT, 48 + number + b % 12, 80) for b in beats]))
        for number in range(n_parts - 1)
    ]
    drums = Part("Drums", 0, True, Notes.from_rows([(b * BEAT, 1, 36 if b % 2 else 38, 100) for b in beats]))
    return Song(BEAT, (*lines, drums), markers=(TextEvent(0, "Intro"), TextEvent(4 * BEAT, "Verse")), title="A & B")


def _size(svg: str) -> tuple[float, float]:
    root = ET.fromstring(svg)
    return float(root.get("width") or 0), float(root.get("height") or 0)


def _words(svg: str) -> list[str]:
    return [text.text or "" for text in ET.fromstring(svg).iter(f"{_SVG}text")]


def _note_boxes(svg: str) -> int:
    groups = ET.fromstring(svg).iter(f"{_SVG}g")
    return sum((path.get("d") or "").count("M") for group in groups for path in group)


def test_every_note_is_drawn_once() -> None:
    song = _song()
    assert _note_boxes(piano_roll_svg(song)) == song.n_notes


def test_words_say_what_is_where() -> None:
    words = _words(piano_roll_svg(_song()))
    for expected in ("A & B", "Part <0>", "Drums", "Intro", "Verse", "C4", "Bass Drum", "Acoustic Snare", "1", "4"):
        assert expected in words


def test_a_pickup_is_bar_zero() -> None:
    song = Song(
        BEAT,
        (Part("Lead", 0, False, Notes.from_rows([(0, BEAT, 60, 80), (BEAT, 4 * BEAT, 62, 80)])),),
        metres=(MetreChange(0, 4, 4), MetreChange(BEAT, 4, 4)),
    )
    assert {"0", "1"} <= set(_words(piano_roll_svg(song)))


def test_soft_notes_are_paler() -> None:
    notes = Notes.from_rows([(0, BEAT, 60, 10), (BEAT, BEAT, 60, 120)])
    svg = piano_roll_svg(Song(BEAT, (Part("Lead", 0, False, notes),)))
    opacity = [float(value) for value in re.findall(r'fill-opacity="([\d.]+)"', svg)]
    assert len(opacity) == 2 and opacity[0] < opacity[1]


@pytest.mark.parametrize(("n_bars", "most_rows"), [(1, 1), (32, 1), (33, 2), (200, 9), (2000, 16)])
def test_long_songs_wrap(n_bars: int, most_rows: int) -> None:
    width, height = _size(piano_roll_svg(_song(n_bars, n_parts=2)))
    assert width == 1600
    assert height <= max(900, 110 + most_rows * 330)


def test_songs_of_one_row_fit_a_screen() -> None:
    notes = Notes.from_rows([(index * BEAT, BEAT, pitch, 80) for index, pitch in enumerate(range(0, 128, 3))])
    song = Song(BEAT, (Part("Everything", 0, False, notes),))
    assert _size(piano_roll_svg(song))[1] <= 900


@pytest.mark.parametrize("parts", [(), (Part("Nobody", 0, False, Notes.empty()),)])
def test_a_song_without_notes_has_a_picture(parts: tuple[Part, ...]) -> None:
    assert _note_boxes(piano_roll_svg(Song(BEAT, parts))) == 0


def test_the_same_song_gives_the_same_bytes() -> None:
    assert piano_roll_svg(_song()) == piano_roll_svg(_song())


def test_png_holds_its_pixels() -> None:
    pixels = np.arange(2 * 3 * 3, dtype=np.uint8).reshape(2, 3, 3)
    png = png_bytes(pixels)
    assert png[:8] == b"\x89PNG\r\n\x1a\n"
    assert struct.unpack(">II", png[16:24]) == (3, 2)
    length = struct.unpack(">I", png[33:37])[0]
    lines = zlib.decompress(png[41 : 41 + length])
    assert lines == b"".join(b"\0" + pixels[row].tobytes() for row in range(2))


@pytest.mark.parametrize("n_samples", [0, 100, 44_100])
def test_a_spectrogram_of_any_length(n_samples: int) -> None:
    second = np.arange(n_samples) / 44_100
    mono = np.sin(2 * np.pi * 440 * second).astype(np.float32)
    assert spectrogram_png(mono, 44_100).startswith(b"\x89PNG")
    assert spectrogram_png(np.stack([mono, mono], axis=1), 44_100) == spectrogram_png(mono, 44_100)
