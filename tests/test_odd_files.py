"""Every odd file of the data is read or refused as its row in the index expects."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bandroid.errors import MusicFileError
from bandroid.music.read import read_songs
from benchmarks.odd_files.expectations import Outcome, holds


def outcome(path: Path) -> Outcome:
    try:
        songs = read_songs(path)
    except MusicFileError as error:
        assert "\n" not in error.reason
        return Outcome(0, 0, 0, False, error.reason, 0.0, 0.0)
    parts = [part for song in songs for part in song.parts]
    return Outcome(
        n_notes=sum(song.n_notes for song in songs),
        n_parts=len(parts),
        n_programs=len({part.program for part in parts}),
        has_drums=any(part.is_drum for part in parts),
        text="; ".join(remark for song in songs for remark in song.remarks),
        second=0.0,
        peak_mb=0.0,
    )


def test_odd_files_are_read_or_refused_as_expected(data: Path) -> None:
    rows = [json.loads(line) for line in (data / "index.jsonl").read_text(encoding="utf-8").splitlines()]
    odd = [row for row in rows if row["file"].startswith("odd_midi/")]
    assert len(odd) > 100
    assert not [row["file"] for row in odd if not holds(row["expect"], outcome(data / row["file"]))]


@pytest.mark.parametrize(
    ("expect", "n_notes", "text", "is_good"),
    [
        ("reads 16 notes", 16, "", True),
        ("16 notes", 15, "", False),
        ("reads", 0, "is damaged", False),
        ("refused as not MIDI", 0, "is a Doom MUS file", True),
        ("refused as not MIDI", 3, "", False),
        ("clear message or repaired read; never a traceback", 0, "is empty", True),
        ("clear message or repaired read; never a traceback", 0, "", False),
        ("reads, with the limit said", 256, "300 parts are more than the limit of 128", True),
        ("reads, with the limit said", 256, "", False),
        ("sings and dances", 16, "", False),
    ],
)
def test_what_an_expectation_means(expect: str, n_notes: int, text: str, is_good: bool) -> None:
    assert holds(expect, Outcome(n_notes, 1, 1, False, text, 0.1, 50.0)) is is_good
