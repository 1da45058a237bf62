"""Any music file finds its reader, by what is inside first and by its name second."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from midi_building import file, note

from bandroid.errors import MidiError, MusicFileError
from bandroid.music.read import SUFFIXES, read_songs


def test_midi_by_name_and_by_content(tmp_path: Path) -> None:
    for name in ("a.mid", "A.MID", "a.kar", "a.rmi", "a.xml", "a.data", "a"):
        path = tmp_path / name
        path.write_bytes(file(note(60)))
        (song,) = read_songs(path)
        assert song.n_notes == 1


def test_a_midi_name_without_midi_inside_is_explained_by_the_midi_reader(tmp_path: Path) -> None:
    path = tmp_path / "a.mid"
    path.write_bytes(b"\x1f\x8b" + b"\0" * 30)
    with pytest.raises(MidiError, match="unpack it first"):
        read_songs(path)


def test_lead_sheets_and_tunes(data: Path) -> None:
    (sheet,) = read_songs(next(iter(sorted((data / "openewld").rglob("*.mxl")))))
    assert sheet.n_notes
    tunes = read_songs(next(iter(sorted((data / "abc_irish").rglob("*.abc")))))
    assert tunes and all(tune.n_notes for tune in tunes)


def test_what_is_no_music_is_said(tmp_path: Path) -> None:
    text = tmp_path / "notes.txt"
    text.write_text("buy milk", encoding="utf-8")
    cases = {text: "no music file", tmp_path: "is a folder", tmp_path / "none.mid": "does not exist"}
    if hasattr(os, "mkfifo"):
        os.mkfifo(tmp_path / "pipe.mid")
        cases[tmp_path / "pipe.mid"] = "is a device"
    for path, reason in cases.items():
        with pytest.raises(MusicFileError, match=reason):
            read_songs(path)


def test_suffixes_are_lower_case() -> None:
    assert {".mid", ".mxl", ".abc"} <= set(SUFFIXES)
    assert all(suffix == suffix.lower() and suffix.startswith(".") for suffix in SUFFIXES)
