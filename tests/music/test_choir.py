"""Who sings what, and where all wait."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from bandroid.music.choir import four_voices, is_line, voice_named
from bandroid.music.excerpt import cut_in_two
from bandroid.music.midi_writer import write_midi
from bandroid.music.musicxml_writer import musicxml_text
from bandroid.music.notes import Notes
from bandroid.music.quantize import snap
from bandroid.music.read import read_songs
from bandroid.music.song import Song
from small_choir import small_chorale, tune


@pytest.mark.parametrize(
    ("name", "voice"),
    [("Soprano", 0), ("S", 0), ("Alto 2", 1), ("TENOR", 2), ("Bass", 3), ("Bass Drum and Bell", None), ("Piano", None)],
)
def test_names_of_voices(name: str, voice: int | None) -> None:
    assert voice_named(name) == voice


def test_four_lines_are_four_voices_by_their_height() -> None:
    song = small_chorale()
    mixed = song.with_parts(tuple(replace(song.parts[voice], name=f"Part {voice}") for voice in (2, 0, 3, 1)))
    assert four_voices(mixed) == (1, 3, 0, 2)
    assert four_voices(tune()) is None
    chord = Notes.from_rows([(0, 480, 60, 80), (0, 480, 64, 80)])
    assert not is_line(chord)
    assert four_voices(mixed.with_parts((*mixed.parts[:3], replace(mixed.parts[3], notes=chord)))) is None


def test_fermatas_travel(tmp_path: Path) -> None:
    song = small_chorale()
    assert len(song.fermatas) == 2
    write_midi(song, tmp_path / "song.mid")
    assert read_songs(tmp_path / "song.mid")[0].fermatas == song.fermatas
    for n_staves in (2, 4):
        (tmp_path / "song.musicxml").write_text(musicxml_text(song, n_staves=n_staves))
        back = read_songs(tmp_path / "song.musicxml")[0]
        assert [at / back.ticks_per_quarter for at in back.fermatas] == [at / 480 for at in song.fermatas]
    assert snap(song, 12).song.fermatas == tuple(at // 40 for at in song.fermatas)
    first, second = cut_in_two(song, 4)
    assert (len(first.fermatas), len(second.fermatas)) == (1, 1)
    with pytest.raises(ValueError, match="fermatas"):
        replace(song, fermatas=(5, 5))


def test_fermatas_of_abc(tmp_path: Path) -> None:
    path = tmp_path / "tune.abc"
    path.write_text("X:1\nT:Tune\nM:4/4\nL:1/4\nK:C\nCDE!fermata!F|GAH B2|\n")
    song = read_songs(path)[0]
    assert [at / song.ticks_per_quarter for at in song.fermatas] == [3.0, 6.0]


def test_four_voices_on_two_staves() -> None:
    song = small_chorale()
    closed, apart = musicxml_text(song), musicxml_text(song, n_staves=4)
    assert closed.count("<part id=") == 2 and apart.count("<part id=") == 4
    assert "<part-name>Soprano, Alto</part-name>" in closed and "<part-abbreviation>S. A.</part-abbreviation>" in closed
    assert closed.count("<fermata") == 8 and '<fermata type="inverted"/>' in closed
    # Everything that is sung is on paper: as many heads, ties of long notes apart.
    assert closed.count("<pitch>") == apart.count("<pitch>")
    assert "<voice>1</voice>" in closed and "<voice>2</voice>" in closed
    assert "<clef-octave-change>-1</clef-octave-change>" in apart, "a tenor reads an octave lower"


def test_unisons_have_two_stems(tmp_path: Path) -> None:
    song = small_chorale()
    alto = replace(song.parts[1], notes=song.parts[0].notes)
    closed = musicxml_text(song.with_parts((song.parts[0], alto, *song.parts[2:])))
    assert closed.count("<pitch>") == 2 * len(alto.notes) + len(song.parts[2].notes) + len(song.parts[3].notes)


def test_a_quartet_is_no_choir() -> None:
    song = small_chorale()
    strings = song.with_parts(tuple(replace(part, name=f"Violin {n}") for n, part in enumerate(song.parts)))
    assert musicxml_text(Song(480, strings.parts)).count("<part id=") == 4
