"""harmonise, infill and quiz as a user meets them: what they print and write, and what they say when they cannot."""

from __future__ import annotations

import base64
import json
import re
from dataclasses import replace
from pathlib import Path

import pytest

from bandroid import api, terminal
from bandroid.bundle.store import find_style
from bandroid.cli import app
from bandroid.generation.chorale_style import ChoraleStyle
from bandroid.generation.styles import check_any_golden, load_any_style
from bandroid.music.midi_writer import write_midi
from bandroid.music.read import read_songs
from small_band import small_song
from small_choir import small_chorale, tune

SMALL = (
    "width=16",
    "embedding=8",
    "head=16",
    "context=8",
    "batch_size=4",
    "threads=1",
    "precision=fp32",
    "evaluate_every=5",
)
QUIET = ("--audio", "none", "--no-score")
STYLE = ("--style", "choir")


def bandroid(*words: object) -> int:
    """Run a command in this process, as __main__ does."""
    return terminal.run(lambda: app([str(word) for word in words], standalone_mode=False, prog_name="bandroid"))


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with one style of four voices."""
    folder, choir = tmp_path_factory.mktemp("home"), tmp_path_factory.mktemp("choir")
    for number in range(6):
        write_midi(small_chorale(shift=number - 3, seed=number), choir / f"chorale-{number}.mid")
    write_midi(small_song(0), choir / "band.mid")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BANDROID_HOME", str(folder))
        api.learn([choir], name="choir", preset="chorale", steps=10, settings=SMALL, device="cpu")
    return folder


@pytest.fixture(autouse=True)
def _at_home(home: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("BANDROID_HOME", str(home))
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def melody(tmp_path: Path) -> Path:
    path = tmp_path / "tune.mid"
    write_midi(tune(), path)
    return path


def test_a_style_of_four_voices() -> None:
    bundle = find_style("choir")
    check_any_golden(bundle)
    style = load_any_style(bundle)
    assert isinstance(style, ChoraleStyle) and style.held_out and len(style.openings) >= 5
    assert {song.file for song in bundle.manifest.training.songs} == {f"chorale-{number}.mid" for number in range(6)}
    assert bundle.manifest.training.figures["bits_per_cell_own_held_out"] > 0
    assert bundle.size_byte < 10e6


def test_a_milestone_becomes_a_style(melody: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert bandroid("runs", "export", "choir", "--step", "5", "--name", "early") == 0
    check_any_golden(find_style("early"))
    assert bandroid("harmonise", melody, "--style", "early", *QUIET, "-o", tmp_path / "out") == 0
    assert bandroid("continue", melody, "--style", "early", *QUIET) == 2
    assert "writes four voices" in capsys.readouterr().err


def test_harmonise(melody: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ("harmonise", melody, *STYLE, "--seed", 3, "--variations", 2, "--audio", "none", "-o", tmp_path / "out")
    assert bandroid(*words) == 0
    said = capsys.readouterr().out
    assert "to its soprano, in C major, seed 3" in said and "nats a cell" in said
    for number in (1, 2):
        song = read_songs(tmp_path / "out" / f"tune-harmonised-3-{number}.mid")[0]
        assert [part.name for part in song.parts] == ["Soprano", "Alto", "Tenor", "Bass"]
        assert song.parts[0].notes.pitch.tolist() == tune().parts[0].notes.pitch.tolist()
        assert (tmp_path / "out" / "score" / f"tune-harmonised-3-{number}.musicxml").read_text().count("<part id=") == 2
        assert len(list((tmp_path / "out" / "stems" / f"tune-harmonised-3-{number}").iterdir())) == 4
    first = (tmp_path / "out" / "tune-harmonised-3-1.mid").read_bytes()
    assert bandroid(*words) == 2 and "--force replaces it" in capsys.readouterr().err
    assert bandroid(*words, "--force") == 0
    assert (tmp_path / "out" / "tune-harmonised-3-1.mid").read_bytes() == first


def test_harmonise_as_json(melody: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert bandroid("harmonise", melody, *STYLE, "--seed", 3, *QUIET, "--json", "-o", tmp_path / "out") == 0
    found = json.loads(capsys.readouterr().out)
    piece = found["pieces"][0]
    assert found["style"] == "choir" and piece["key"] == "C major"
    assert all({"bar", "kind", "says"} == set(fault) for fault in piece["faults"])


def test_what_is_given(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    song = small_chorale(n_bars=2)
    path = tmp_path / "choir.mid"
    write_midi(song, path)
    assert bandroid("harmonise", path, *STYLE, "--given", "alto,bass", "--seed", 1, *QUIET, "-o", tmp_path / "one") == 0
    new = read_songs(tmp_path / "one" / "choir-harmonised-1.mid")[0]
    for voice in (1, 3):
        assert new.parts[voice].notes.pitch.tolist() == song.parts[voice].notes.pitch.tolist()
    write_midi(song.with_parts((song.parts[0], song.parts[3])), path)
    assert bandroid("harmonise", path, *STYLE, "--seed", 1, *QUIET, "-o", tmp_path / "two") == 0
    assert "to its soprano and bass" in capsys.readouterr().out


def test_any_part_of_a_band(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    band = small_song(0)
    path = tmp_path / "band.mid"
    write_midi(band, path)
    name = next(part.name for part in band.parts if not part.is_drum)
    words = ("harmonise", path, *STYLE, "--seed", 1, *QUIET)
    assert bandroid(*words, "--parts", name, "--given", "bass", "-o", tmp_path / "one") == 0
    assert "to its bass" in capsys.readouterr().out
    assert bandroid(*words, "-o", tmp_path / "two") == 0
    assert bandroid(*words, "--parts", "no such part", "-o", tmp_path / "three") == 2
    assert "part" in capsys.readouterr().err and not (tmp_path / "three").exists()


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--given", "violin"), "voice"),
        (("--given", "alto,alto"), "twice"),
        (("--key", "H flat sharp"), "--key"),
        (("--variations", "0"), "--variations"),
        (("--tempo", "9999"), "--tempo"),
        (("--temperature", "9"), "--temperature"),
        (("--instruments", "organ,flute"), "one instrument"),
        (("--staves", "3"), "--staves"),
        (("--style", "rock"), "does not write four voices"),
        (("--parts", "1,1"), "one part for each"),
    ],
)
def test_odd_wishes(melody: Path, words: tuple[str, ...], says: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert bandroid("harmonise", melody, *STYLE, *words, *QUIET) == 2
    said = capsys.readouterr().err
    assert says in said and len(said.strip().splitlines()) == 1 and "Traceback" not in said
    assert not Path("bandroid-out").exists()


def test_odd_files(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    empty, drums = tmp_path / "empty.abc", tmp_path / "drums.mid"
    empty.write_text("X:1\nT:Nothing\nK:C\n|\n")
    song = small_song(0)
    write_midi(song.with_parts(tuple(part for part in song.parts if part.is_drum)), drums)
    for path in (empty, drums, tmp_path / "none.mid"):
        assert bandroid("harmonise", path, *STYLE, *QUIET) == 2
        assert len(capsys.readouterr().err.strip().splitlines()) == 1
    assert not Path("bandroid-out").exists()


def test_notation_knows_its_metre(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A tune that repeats in three, written in four."""
    path = tmp_path / "tune.abc"
    path.write_text("X:1\nT:Tune\nM:4/4\nL:1/4\nK:C\n" + "ceg ceg ceg ceg |" * 3 + "c4|]\n")
    assert bandroid("harmonise", path, *STYLE, "--seed", 1, *QUIET, "-o", tmp_path / "out") == 0
    assert "read as" not in capsys.readouterr().err
    new = read_songs(tmp_path / "out" / "tune-harmonised-1.mid")[0]
    assert (new.metres[0].numerator, new.metres[0].denominator) == (4, 4)


def test_infill(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "hymn.mid"
    song = small_chorale()
    write_midi(song, path)
    words = ("infill", path, *STYLE, "--seed", 2, *QUIET)
    assert bandroid(*words, "--at", "3-4", "--parts", "tenor,bass", "-o", tmp_path / "out") == 0
    assert "bars 3 to 4 of tenor and bass anew" in capsys.readouterr().out
    new = read_songs(tmp_path / "out" / "hymn-infilled-2.mid")[0]
    assert new.parts[0].notes.pitch.tolist() == song.parts[0].notes.pitch.tolist()
    for odd in (("--at", "3-99"), ("--at", "four"), ("--at", "2", "--parts", "drums")):
        assert bandroid(*words, *odd, "-o", tmp_path / "odd") == 2
        assert len(capsys.readouterr().err.strip().splitlines()) == 1
    write_midi(replace(tune(), title="One"), path)
    assert bandroid(*words, "--at", "1", "-o", tmp_path / "odd") == 2
    assert "four voices" in capsys.readouterr().err


def test_compose(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ("compose", *STYLE, "--bars", 4, "--key", "G minor", "--seed", 1, *QUIET)
    assert bandroid(*words, "-o", tmp_path / "out") == 0
    assert "G minor" in capsys.readouterr().out
    assert bandroid(*words, "--chords", "C F", "-o", tmp_path / "odd") == 2
    assert "--chords" in capsys.readouterr().err


def test_quiz(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ("quiz", *STYLE, "--pairs", 5, "--bars", 2, "--seed", 1, "-o", tmp_path / "quiz")
    assert bandroid(*words) == 0
    page = (tmp_path / "quiz" / "quiz.html").read_text()
    data = json.loads(re.search(r"const quiz = (.*);\n", page)[1].replace("<\\/", "</"))  # type: ignore[index]
    kinds = [question["kind"] for question in data["questions"]]
    assert kinds == ["all voices", "alto and tenor and bass", "bass", "alto", "tenor"]
    for question in data["questions"]:
        one, other = (base64.b64decode(sound) for sound in question["sounds"])
        assert one != other and min(len(one), len(other)) > 5_000
    assert "http" not in page.replace("http-equiv", "").split("<script>")[0]
    assert bandroid(*words) == 2 and "--force" in capsys.readouterr().err
    assert bandroid("quiz", "--style", "rock", "-o", tmp_path / "other") == 2
    assert "--songs FOLDER" in capsys.readouterr().err


def test_quiz_of_any_style(tmp_path: Path) -> None:
    folder = tmp_path / "band"
    write_midi(small_song(0, n_bars=12), folder / "one.mid")
    words = (
        "quiz",
        "--style",
        "rock",
        "--songs",
        folder,
        "--pairs",
        2,
        "--bars",
        4,
        "--seed",
        1,
        "-o",
        tmp_path / "quiz",
    )
    assert bandroid(*words) == 0
    assert "the band or machine?" in (tmp_path / "quiz" / "quiz.html").read_text()


def test_evaluate(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "more"
    write_midi(small_chorale(shift=2, seed=40), folder / "new.mid")
    assert bandroid("evaluate", "choir", folder) == 0
    assert "nats for a 16th of a voice" in capsys.readouterr().out
    assert bandroid("evaluate", "choir", folder, "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert 0 < found["unseen"]["pitch_nats"] < found["untaught"]["pitch_nats"]
