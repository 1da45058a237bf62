"""What each part does, and the file in which a user says otherwise."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from bandroid.corpus.role_rules import corrected_roles, read_roles, roles_template
from bandroid.corpus.roles import ROLES, guess_roles
from bandroid.errors import CorpusError
from bandroid.music.notes import Notes
from bandroid.music.read import read_songs
from bandroid.music.song import Part, Song, TextEvent

Band = Callable[..., Song]

LINE = Notes.from_rows([(bar * 1920 + beat * 480, 480, 70 + beat, 80) for bar in range(8) for beat in range(4)])
CHORDS = Notes.from_rows([(bar * 1920, 1900, pitch, 80) for bar in range(8) for pitch in (60, 64, 67)])
LOW = Notes.from_rows([(bar * 1920, 480, 36, 80) for bar in range(8)])


def role_of(part: Part) -> str:
    return guess_roles(Song(480, (part,)))[0].role


def test_a_band_by_its_names(band: Band) -> None:
    assert [role.role for role in guess_roles(band(1))] == ["lead", "chords", "bass", "drums"]


@pytest.mark.parametrize(
    ("part", "role"),
    [
        (Part("", 0, True, LOW), "drums"),
        (Part("Lead Vox", 80, False, LINE), "vocal line"),
        (Part("x", 0, False, LINE, lyrics=(TextEvent(0, "la"),)), "vocal line"),
        (Part("", 53, False, LINE), "vocal line"),
        (Part("BASS", 0, False, LOW), "bass"),
        (Part("", 33, False, LOW), "bass"),
        (Part("", 29, False, LOW), "bass"),
        (Part("Bassoon", 70, False, LINE), "lead"),
        (Part("Bass clarinet", 71, False, LINE), "lead"),
        (Part("Rhythm gtr", 29, False, CHORDS), "chords"),
        (Part("", 29, False, CHORDS), "chords"),
        (Part("", 122, False, LINE), "other"),
        (Part("", 0, False, Notes.empty()), "other"),
        (Part("melody", 0, False, CHORDS), "chords"),
    ],
)
def test_single_parts(part: Part, role: str) -> None:
    assert role_of(part) == role


def test_every_guess_says_why(band: Band) -> None:
    assert all(guess.why and guess.role in ROLES for guess in guess_roles(band(1)))
    assert guess_roles(Song(480, ())) == ()


def test_bass_and_drums_of_real_songs(data: Path) -> None:
    for name in ("24-needlessly-striking", "38-positive-thrill"):
        song = read_songs(data / f"simutrans/band_shunter/{name}.mid")[0]
        roles = {part.name.strip(): guess.role for part, guess in zip(song.parts, guess_roles(song), strict=True)}
        assert roles["Bass"] == "bass" and roles["Drums"] == "drums" and roles["Melody"] == "lead"


def test_corrections(tmp_path: Path, band: Band) -> None:
    path = tmp_path / "bandroid-roles.txt"
    path.write_text(
        "# a comment\n\nsong.mid: 2 = Bass\nSONG.mid: Lead Synth = vocals\n*.mid: 9 = lead\nsong: 7 = lead\n"
    )
    rules = read_roles(path)
    assert [rule.line for rule in rules] == [3, 4, 5, 6]
    assert all(rule.fits("folder/song.mid") for rule in rules)
    assert [rule.fits("other.mid") for rule in rules] == [False, False, True, False]
    song = band(1)
    roles, remarks = corrected_roles(song, guess_roles(song), rules)
    assert [role.role for role in roles] == ["vocal line", "bass", "bass", "drums"]
    assert roles[1].why == "bandroid-roles.txt, line 3"
    # A pattern may fit songs of fewer parts; a rule for this very song must not miss.
    assert remarks == ("bandroid-roles.txt, line 6: this song has no part '7'",)


@pytest.mark.parametrize(
    ("line", "message"),
    [("song.mid 2 bass", "line 1: write it as"), ("song.mid: 2 = bas", "did you mean bass"), ("a: 1 = x", "roles are")],
)
def test_wrong_lines_say_what_to_write(tmp_path: Path, line: str, message: str) -> None:
    path = tmp_path / "bandroid-roles.txt"
    path.write_text(line)
    with pytest.raises(CorpusError, match=message):
        read_roles(path)


def test_the_template_changes_nothing_until_it_is_edited(tmp_path: Path, band: Band) -> None:
    song = replace(band(1), title="x")
    path = tmp_path / "bandroid-roles.txt"
    text = roles_template([("a.mid", song, guess_roles(song))])
    path.write_text(text)
    assert read_roles(path) == ()
    path.write_text(text.replace("# a.mid: 3 = bass", "a.mid: 3 = lead"))
    assert [(rule.part, rule.role) for rule in read_roles(path)] == [("3", "lead")]
