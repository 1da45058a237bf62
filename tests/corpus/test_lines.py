"""Which lines songs offer: drums together, top lines of chords, swing taken out, long rests cut."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from bandroid.corpus.lines import song_lines
from bandroid.errors import CorpusError
from bandroid.generation.line_facts import LINE_KINDS
from bandroid.music.notes import Notes
from bandroid.music.read import read_songs
from bandroid.music.song import MetreChange, Part, Song, TextEvent
from bandroid.representations.grid import FIRST_NOTE, LOWEST_PITCH

SCALE = [(480 * i, 480, 60 + 2 * (i % 7), 70 + i) for i in range(16)]


def song(*parts: Part) -> Song:
    return Song(480, parts, (), (MetreChange(0, 4, 4),))


def part(name: str, rows: list[tuple[int, int, int, int]], program: int = 73, is_drum: bool = False) -> Part:
    return Part(name, program, is_drum, Notes.from_rows(rows))


def test_chords_give_their_top_line_with_a_word() -> None:
    chords = [(tick, length, pitch + extra, 80) for tick, length, pitch, _ in SCALE for extra in (0, -5, -9)]
    found = song_lines(song(part("Melody", chords)), LINE_KINDS["melody"])
    (line,) = found.lines
    pitches = line.symbols[line.symbols >= FIRST_NOTE] - FIRST_NOTE + LOWEST_PITCH
    assert pitches.tolist() == [row[2] for row in SCALE]
    assert any("plays chords: its top line is taken" in remark for remark in found.remarks)


def test_velocities_and_bars_are_kept() -> None:
    (line,) = song_lines(song(part("Lead", SCALE)), LINE_KINDS["melody"]).lines
    assert line.velocity[line.velocity > 0].tolist() == [row[3] for row in SCALE]
    assert line.bar_step.tolist() == [0, 16, 32, 48, 64]


def test_all_drums_are_one_line() -> None:
    kick, hat = [(960 * i, 60, 36, 100) for i in range(8)], [(240 * i, 60, 42, 60) for i in range(32)]
    both = song(part("Kick", kick, 0, True), part("Hats", hat, 0, True))
    (line,) = song_lines(both, LINE_KINDS["drums"]).lines
    assert line.symbols[:9].tolist() == [5, 0, 4, 0, 4, 0, 4, 0, 5]
    (one,) = song_lines(both, LINE_KINDS["one-drum"]).lines
    assert set(one.symbols.tolist()) == {0, 1}


def test_a_long_rest_cuts_a_line_in_two() -> None:
    rows = [*SCALE, *[(tick + 8 * 1920, length, pitch, 80) for tick, length, pitch, _ in SCALE]]
    first, second = song_lines(song(part("Lead", rows)), LINE_KINDS["melody"]).lines
    assert np.array_equal(first.symbols, second.symbols)


def test_songs_without_the_part_say_so() -> None:
    lead = song(part("Lead", SCALE))
    with pytest.raises(CorpusError, match="has no drums"):
        song_lines(lead, LINE_KINDS["drums"])
    with pytest.raises(CorpusError, match="has no melody"):
        song_lines(song(part("", [(0, 60, 36, 80)], 0, True)), LINE_KINDS["melody"])
    with pytest.raises(CorpusError, match="too short"):
        song_lines(song(part("Lead", SCALE[:2])), LINE_KINDS["melody"])


def test_chords_are_the_songs_own_or_worked_out() -> None:
    lead = song(part("Lead", SCALE))
    named = replace(lead, chords=(TextEvent(0, "C"), TextEvent(1920, "Weird"), TextEvent(3840, "G7")))
    (line,) = song_lines(named, LINE_KINDS["lead"]).lines
    assert line.chord[[0, 16, 32]].tolist() == [1, 0, 73]
    found = song_lines(
        song(part("Lead", SCALE), part("Chords", [(0, 7680, p, 80) for p in (48, 52, 55)], 0)), LINE_KINDS["lead"]
    )
    assert "chords worked out from the notes" in found.remarks
    assert found.lines[0].chord[0] == 1


def test_real_songs(data: Path) -> None:
    for name in ("freedoom/band_lola_harvey", "simutrans/other"):
        for path in sorted((data / name).glob("*.mid"))[:4]:
            (one,) = read_songs(path)
            for kind in LINE_KINDS.values():
                try:
                    found = song_lines(one, kind)
                except CorpusError:
                    continue
                assert all(kind.grid.struck(line.symbols).any() for line in found.lines)
                assert found.song.ticks_per_quarter == 4
