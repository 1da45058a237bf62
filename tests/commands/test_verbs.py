"""Every verb as a user meets it: what it prints, what it writes, what it says when it cannot."""

import hashlib
import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from bandroid import terminal
from bandroid.cli import app
from bandroid.music.midi_writer import write_midi
from bandroid.music.notes import Notes
from bandroid.music.song import MetreChange, Part, Song, TempoChange


def bandroid(*words: object) -> int:
    """Run a command in this process, as __main__ does."""
    return terminal.run(lambda: app([str(word) for word in words], standalone_mode=False, prog_name="bandroid"))


COUNTING = ("--preset", "instant")
"""these tests are of the verbs; tests/test_tiny.py is of training"""


@pytest.fixture
def band(tmp_path) -> Path:
    """Three small songs of a bass and drums."""
    folder = tmp_path / "band"
    for number in range(3):
        bass = [(480 * step, 240, 36 + (number + 2 * step) % 7, 90) for step in range(32)]
        drums = [(480 * step, 60, 36 if step % 2 else 38, 100) for step in range(32)]
        parts = (Part("Bass", 33, False, Notes.from_rows(bass)), Part("Drums", 0, True, Notes.from_rows(drums)))
        song = Song(480, parts, (TempoChange(0, 120.0),), (MetreChange(0, 4, 4),), title=f"Song {number}")
        write_midi(song, folder / f"song{number}.mid")
    return folder


@pytest.fixture
def style(band) -> str:
    assert bandroid("learn", band, "--name", "mine", *COUNTING) == 0
    return "mine"


def digests(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_learn_says_what_was_used(band, capsys):
    (band / "notes.mid").write_bytes(b"MThd" + bytes(3))
    assert bandroid("learn", band, "--name", "mine", "--hold-out", "song1", *COUNTING) == 0
    out = capsys.readouterr().out
    assert "used     song0.mid: 8 bars of 4/4, 2 parts (bass, drums), 64 notes\n" in out
    assert "used     song1.mid: 8 bars of 4/4, 2 parts (bass, drums), 64 notes, held out\n" in out
    assert "refused  notes.mid: " in out
    assert "bandroid compose mine" in out


def test_learn_as_json(band, capsys):
    assert bandroid("learn", band, "--name", "mine", "--held-out", "30%", "--json", *COUNTING) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["style"] == "mine" and len(report["used"]) == 3
    assert [song["split"] for song in report["used"]].count("held_out") == 1
    assert report["figures"]["bits_per_note_held_out"] > 0


def test_learn_does_not_replace(band, style, capsys):
    assert bandroid("learn", band, "--name", "mine", *COUNTING) == 2
    assert "--force" in capsys.readouterr().err
    assert bandroid("learn", band, "--name", "mine", "--force", *COUNTING) == 0


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--name", "My Band!"], "like 'my-band'"),
        (["--preset", "instnt"], "did you mean instant"),
        (["--held-out", "lots"], "--held-out"),
        (["--hold-out", "sonk1"], "did you mean song1"),
    ],
)
def test_learn_refuses(band, capsys, words, message):
    assert bandroid("learn", band, *(["--name", "x"] if "--name" not in words else []), *words) == 2
    assert message in capsys.readouterr().err


def test_learn_from_nothing(tmp_path, capsys):
    assert bandroid("learn", tmp_path, "--name", "x") == 2
    assert "no music files" in capsys.readouterr().err
    assert bandroid("learn", tmp_path / "nowhere", "--name", "x") == 2
    assert "no such folder" in capsys.readouterr().err


def test_compose_writes_the_layout(style, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert bandroid("compose", style, "--seed", 7, "--bars", 4, "--stems") == 0
    folder = tmp_path / "bandroid-out" / "mine-7"
    assert (folder / "mine-7-1.mid").read_bytes().startswith(b"MThd")
    assert (folder / "mine-7-1.wav").read_bytes().startswith(b"RIFF")
    assert b"<score-partwise" in (folder / "score" / "mine-7-1.musicxml").read_bytes()
    assert b"<svg" in (folder / "score" / "mine-7-1-page-1.svg").read_bytes()
    assert sorted(path.suffix for path in (folder / "pictures").iterdir()) == [".png", ".svg"]
    assert {path.suffix for path in (folder / "stems" / "mine-7-1").iterdir()} == {".mid", ".wav"}
    assert bandroid("compose", style, "--seed", 8, "--bars", 4, "--audio", "none", "--no-score") == 0
    stems = tmp_path / "bandroid-out" / "mine-8" / "stems" / "mine-8-1"
    assert [path.name for path in sorted(stems.iterdir())] == ["01-drums.mid", "02-electric-bass-finger.mid"]
    assert "mine, seed 7" in capsys.readouterr().out


def test_same_seed_same_bytes(style, tmp_path):
    words = ("compose", style, "--seed", 3, "--bars", 2, "--audio", "wav,flac,mp3")
    assert bandroid(*words, "-o", tmp_path / "a") == 0
    assert bandroid(*words, "-o", tmp_path / "b") == 0
    assert digests(tmp_path / "a") == digests(tmp_path / "b")
    assert bandroid(*words[:3], 4, *words[4:], "-o", tmp_path / "c") == 0
    assert not set(digests(tmp_path / "a").values()) & set(digests(tmp_path / "c").values())


def test_the_midi_says_how_it_was_made(style, tmp_path, capsys):
    bandroid("compose", style, "--seed", 5, "--bars", 2, "--audio", "none", "--no-score", "-o", tmp_path)
    capsys.readouterr()
    assert bandroid("inspect", tmp_path / "mine-5-1.mid") == 0
    out = capsys.readouterr().out
    assert '"seed": 5' in out and '"style_hash": "' in out and '"bars": 2' in out


def test_compose_as_json_draws_a_seed(style, tmp_path, capsys):
    capsys.readouterr()
    words = ("--variations", 2, "--bars", 1, "--audio", "none", "--no-score", "--json")
    assert bandroid("compose", style, *words, "-o", tmp_path / "x") == 0
    report = json.loads(capsys.readouterr().out)
    assert len(report["pieces"]) == 2 and isinstance(report["seed"], int)
    assert Path(report["pieces"][1]["midi"]).name == f"mine-{report['seed']}-2.mid"


def test_compose_never_overwrites(style, tmp_path, capsys):
    words = ("compose", style, "--seed", 1, "--bars", 1, "--audio", "none", "--no-score", "-o", tmp_path / "out")
    assert bandroid(*words) == 0
    before = digests(tmp_path / "out")
    assert bandroid(*words, "--temperature", 0.5) == 2
    assert "--force" in capsys.readouterr().err and digests(tmp_path / "out") == before
    assert bandroid(*words, "--force") == 0
    assert digests(tmp_path / "out") == before


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["compose", "mime"], "did you mean mine"),
        (["compose", "mine", "--style", "other"], "two styles at once"),
        (["compose", "mine", "--bars", "0"], "--bars 0"),
        (["compose", "mine", "--bars", "many"], "--bars"),
        (["compose", "mine", "--bar", "3"], "did you mean --bars"),
        (["compose", "mine", "--variations", "-1"], "--variations"),
        (["compose", "mine", "--seed", "-1"], "--seed"),
        (["compose", "mine", "--temperature", "nan"], "--temperature"),
        (["compose", "mine", "--tempo", "1e9"], "--tempo"),
        (["compose", "mine", "--gain", "nan"], "--gain"),
        (["compose", "mine", "--key", "Q"], "--key"),
        (["compose", "mine", "--metre", "4/5"], "--metre"),
        (["compose", "mine", "--instruments", "gitar"], "did you mean guitar"),
        (["compose", "mine", "--soundfont", "nowhere.sf2"], "nowhere.sf2"),
        (["compose", "mine", "-o", "song.wav"], "name a folder"),
        (["kompose"], "did you mean 'compose'"),
        (["styles", "shwo"], "did you mean 'show'"),
        (["styles", "show", "mime"], "did you mean mine"),
        (["styles", "remove", "mime"], "did you mean mine"),
        (["styles", "import", "nowhere.bandroid"], "no such file"),
        (["inspect", "nowhere.mid"], "does not exist"),
        (["render", "nowhere.mid"], "does not exist"),
        (["render", "."], "is a folder"),
        (["play", "nowhere.mid"], "does not exist"),
    ],
)
def test_wishes_that_cannot_be(style, tmp_path, monkeypatch, capsys, words, message):
    monkeypatch.chdir(tmp_path)
    capsys.readouterr()
    before = digests(tmp_path)
    assert bandroid(*words) == 2
    captured = capsys.readouterr()
    assert message in captured.err and captured.err.count("\n") <= 2 and captured.out == ""
    assert digests(tmp_path) == before


def test_render(band, tmp_path, capsys):
    assert bandroid("render", band / "song0.mid", "-o", tmp_path / "out", "--bits", 24, "--mono", "--loop") == 0
    wav = (tmp_path / "out" / "song0.wav").read_bytes()
    assert wav[22:24] == b"\1\0" and wav[34:36] == b"\x18\0"  # one channel, 24 bits
    # 8 bars of 4/4 at 120 bpm last 16 s: exactly so as a loop
    assert int.from_bytes(wav[40:44], "little") == 16 * 44_100 * 3
    assert (tmp_path / "out" / "score" / "song0.musicxml").exists()


def test_render_draws_the_sound(band, tmp_path, capsys):
    words = ("render", band / "song0.mid", "-o", tmp_path / "out", "--no-score", "--force")
    assert bandroid(*words, "--spectrogram") == 0
    picture = tmp_path / "out" / "pictures" / "song0-spectrogram.png"
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert "spectrogram" in capsys.readouterr().out
    assert bandroid(*words) == 0
    assert not picture.exists()  # it showed the sound of before


def test_render_does_not_replace_its_own_source(band, capsys):
    before = digests(band)
    assert bandroid("render", band / "song0.mid", "-o", band, "--audio", "none", "--no-score", "--force") == 2
    assert digests(band) == before


def test_render_of_what_is_no_music(tmp_path, capsys):
    (tmp_path / "song.mid").write_bytes(b"nothing")
    assert bandroid("render", tmp_path / "song.mid", "-o", tmp_path / "out") == 2
    assert not (tmp_path / "out").exists()


def test_inspect_gives_the_roles_to_correct(band, capsys):
    assert bandroid("inspect", band, "--roles") == 0
    text = capsys.readouterr().out
    assert "# song0.mid: 2 = drums" in text or "# song0.mid: 1 = bass" in text
    (band / "bandroid-roles.txt").write_text(text.replace("# song0.mid: 1 = bass", "song0.mid: 1 = lead"))
    assert bandroid("inspect", band) == 0
    assert "song0.mid: 8 bars of 4/4, 2 parts (lead, drums)" in capsys.readouterr().out
    assert bandroid("inspect", band, "--roles", "--json") == 2


def test_inspect_a_file(band, capsys):
    assert bandroid("inspect", band / "song0.mid") == 0
    out = capsys.readouterr().out
    for words in (
        "8 bars, 0:16, 64 notes in 2 parts",
        "4/4",
        "120 quarters a minute",
        "Bass",
        "Electric Bass (finger)",
        "Drums",
        "on the score's grid: 0.0%",
    ):
        assert words in out
    assert bandroid("inspect", band / "song0.mid", "--json") == 0
    (facts,) = json.loads(capsys.readouterr().out)["songs"]
    assert facts["n_bars"] == 8 and [part["role"] for part in facts["parts"]] == ["bass", "drums"]
    assert facts["snapping"] == {"off_grid": 0, "merged": 0, "length_changed": 0}


def test_inspect_a_folder(band, capsys):
    assert bandroid("inspect", band, "--exclude", "song2*") == 0
    assert "2 songs used: 4 parts, 16 bars, 128 notes; 1 refused" in capsys.readouterr().out
    assert bandroid("inspect", band, "--json") == 0
    assert json.loads(capsys.readouterr().out)["snapping"]["off_grid"] == 0


def test_styles(style, tmp_path, capsys):
    assert bandroid("styles", "list") == 0
    assert "mine" in capsys.readouterr().out
    assert bandroid("styles", "show", "mine") == 0
    assert "Song 0" in capsys.readouterr().out
    assert bandroid("styles", "export", "mine", "-o", tmp_path) == 0
    assert bandroid("styles", "remove", "mine") == 0
    assert bandroid("styles", "import", tmp_path / "mine.bandroid") == 0
    capsys.readouterr()
    assert bandroid("styles", "list", "--json") == 0
    assert "mine" in [row["name"] for row in json.loads(capsys.readouterr().out)["styles"]]


def test_doctor(capsys):
    assert bandroid("doctor") == 0
    assert "SoundFont" in capsys.readouterr().out
    assert bandroid("doctor", "--json") == 0
    report = json.loads(capsys.readouterr().out)
    subjects = {finding["subject"] for finding in report["findings"]}
    assert {"Python", "onnxruntime", "training", "SoundFont", "player", "your styles", "trainings"} <= subjects


def test_doctor_where_nothing_can_be_trained(capsys, monkeypatch):
    monkeypatch.setattr("bandroid.doctor.missing_libraries", lambda: ("torch", "onnx"))
    assert bandroid("doctor") == 0, "composing needs none of it"
    assert "torch and onnx missing: pip install 'bandroid[learn]'" in capsys.readouterr().out


def test_help_has_examples(capsys):
    from typer.main import get_command

    def verbs(command, words):
        for name, child in getattr(command, "commands", {}).items():
            yield from verbs(child, [*words, name])
        if not getattr(command, "commands", None):
            yield words

    for words in verbs(get_command(app), []):
        assert bandroid(*words, "--help") == 0
        out = capsys.readouterr().out
        assert f"  bandroid {' '.join(words)}" in out, f"{words} has no example"


def test_whole_process():
    """The real program: version, an unknown verb, no verb; no traceback anywhere."""
    for words, status, expected in ((["--version"], 0, "bandroid 0."), (["kompose"], 2, ""), ([], 0, "Usage")):
        done = subprocess.run([sys.executable, "-m", "bandroid", *words], capture_output=True, text=True)
        assert done.returncode == status and done.stdout.startswith(expected)
        assert "Traceback" not in done.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="Windows sends Ctrl-C to a whole console")
def test_ctrl_c_keeps_what_is_done(style, tmp_path):
    words = ["compose", style, "--variations", "1000", "--bars", "4", "--audio", "none", "--no-score", "-o", "out"]
    running = subprocess.Popen(
        [sys.executable, "-m", "bandroid", *words],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert running.stdout is not None
    for _ in range(5):  # its name and seed, then three lines per piece
        running.stdout.readline()
    running.send_signal(signal.SIGINT)
    _, complaint = running.communicate(timeout=30)
    assert running.returncode == 130 and complaint == "bandroid: stopped; what was finished is kept\n"
    pieces = sorted((tmp_path / "out").rglob("*.*"))
    assert pieces and all(piece.suffix == ".mid" and piece.read_bytes()[:4] == b"MThd" for piece in pieces)


def test_shell_completion(style, monkeypatch, capsys):
    monkeypatch.setenv("_BANDROID_COMPLETE", "complete_bash")
    monkeypatch.setenv("COMP_WORDS", "bandroid compose mi")
    monkeypatch.setenv("COMP_CWORD", "2")
    with pytest.raises(SystemExit):
        app([], standalone_mode=False, prog_name="bandroid")
    assert capsys.readouterr().out.split() == ["mine"]


def test_more_bars_than_a_score_holds(band, capsys):
    notes = Notes.from_rows([(i * 60_000, 60, 60, 80) for i in range(140)])
    parts = (Part("Line", 0, False, notes),)
    song = Song(480, parts, (TempoChange(0, 1000.0),), (MetreChange(0, 1, 16),))
    write_midi(song, band / "long.mid")
    assert bandroid("inspect", band / "long.mid") == 0
    assert "on the score's grid" not in capsys.readouterr().out
    assert bandroid("inspect", band) == 0
    assert "refused  long.mid: has 69,501 bars, and 60,000 is the most\n" in capsys.readouterr().out
    assert bandroid("learn", band, "--name", "mine", *COUNTING) == 0
