"""`bandroid continue` as a user meets it."""

import json
from pathlib import Path

import pytest

import bandroid as api
from bandroid import terminal
from bandroid.cli import app
from bandroid.music.midi_writer import write_midi
from bandroid.music.read import read_songs
from small_band import small_song

QUIET = ("--audio", "none", "--no-score")


def bandroid(*words: object) -> int:
    return terminal.run(lambda: app([str(word) for word in words], standalone_mode=False, prog_name="bandroid"))


@pytest.fixture
def song(tmp_path) -> Path:
    write_midi(small_song(4), tmp_path / "My Song.mid")
    return tmp_path / "My Song.mid"


def test_it_writes_the_song_and_its_new_bars(song, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert bandroid("continue", song, "--style", "rock", "--bars", 4, "--seed", 7, "--variations", 2, *QUIET) == 0
    out = capsys.readouterr().out
    assert "My Song.mid, on in rock, seed 7" in out
    assert "bars 17 to 20 are new: " in out
    folder = tmp_path / "bandroid-out" / "my-song-continued-7"
    one, other = (read_songs(folder / f"my-song-continued-7-{number}.mid")[0] for number in (1, 2))
    assert one.parts != other.parts
    assert one.n_notes > small_song(4).n_notes
    assert len(list((folder / "stems" / "my-song-continued-7-1").iterdir())) == 3


def test_as_json(song, tmp_path, capsys):
    assert bandroid("continue", song, "--bars", 2, "--json", "-o", tmp_path / "out", *QUIET) == 0
    report = json.loads(capsys.readouterr().out)
    (piece,) = report["pieces"]
    assert report["style"] == "rock" and isinstance(report["seed"], int)
    assert piece["first_new_bar"] == 17 and piece["new_notes"] > 0
    assert Path(piece["midi"]).parent == tmp_path / "out"


def test_it_never_overwrites(song, tmp_path, capsys):
    words = ("continue", song, "--bars", 1, "--seed", 1, "-o", tmp_path / "out", *QUIET)
    assert bandroid(*words) == 0
    assert bandroid(*words) == 2
    assert "--force" in capsys.readouterr().err
    assert bandroid(*words, "--force") == 0


def test_the_song_itself_is_never_written_over(tmp_path, capsys):
    name = "a" * 60 + "-continued-1-1"
    write_midi(small_song(), tmp_path / f"{name}.mid")
    before = (tmp_path / f"{name}.mid").read_bytes()
    words = ("continue", tmp_path / f"{name}.mid", "--bars", 1, "--seed", 1, "-o", tmp_path, "--force", *QUIET)
    assert bandroid(*words) == 2
    assert "would be written over" in capsys.readouterr().err
    assert (tmp_path / f"{name}.mid").read_bytes() == before


def test_an_abc_tune_goes_on(tmp_path, capsys):
    tune = "X:1\nT:Waltz\nM:3/4\nL:1/4\nK:D\n|:D F A|d2 A|B G E|F3:|\n"
    (tmp_path / "waltz.abc").write_text(tune)
    assert bandroid("continue", tmp_path / "waltz.abc", "--style", "folk", "--bars", 4, "-o", tmp_path, *QUIET) == 0
    assert "bars 9 to 12 are new" in capsys.readouterr().out


TUNES = "X:1\nT:One\nM:4/4\nL:1/4\nK:C\nCDEF|GABc|\n\nX:2\nT:Two\nM:4/4\nL:1/4\nK:C\ncBAG|FEDC|\n"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["tunes.abc"], "holds 2 songs, and one can go on at a time"),
        (["nothing.mid"], "does not exist"),
        (["."], "is a folder"),
        (["song.mid", "--style", "rok"], "did you mean rock"),
        (["song.mid", "--bars", "0"], "--bars 0 is out of range"),
        (["song.mid", "--variations", "0"], "--variations"),
        (["song.mid", "--top-p", "0"], "--top-p 0 is out of range"),
        (["song.mid", "--min-p", "1"], "--min-p 1 is out of range"),
        (["song.mid", "--temperature", "9"], "--temperature 9 is out of range"),
    ],
)
def test_it_refuses_in_one_line(tmp_path, monkeypatch, capsys, words, message):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "tunes.abc").write_text(TUNES)
    write_midi(small_song(), tmp_path / "song.mid")
    assert bandroid("continue", *words, *QUIET) == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1
    assert not (tmp_path / "bandroid-out").exists()


def test_top_p_and_min_p_change_the_music(tmp_path):
    def notes(*words: object) -> bytes:
        folder = tmp_path / "-".join(map(str, words)).strip("-")
        assert bandroid("compose", "folk", "--bars", 4, "--seed", 2, *words, *QUIET, "-o", folder) == 0
        return (folder / "folk-2-1.mid").read_bytes()

    usual = notes("--temperature", 1)
    assert notes("--top-p", 0.95) == usual
    assert notes("--min-p", 0) == usual
    assert len({usual, notes("--top-p", 0.3), notes("--min-p", 0.6)}) == 3


def test_python_api(song):
    (piece,) = api.continue_song(song, bars=3, seed=5)
    (again,) = api.continue_song(read_songs(song)[0], "rock", bars=3, seed=5)
    assert piece.song == again.song
    assert piece.first_new_bar == 17
    (safe,) = api.continue_song(song, bars=3, seed=5, temperature=0.5, top_p=0.2, min_p=0.1)
    comment = json.loads(safe.comment)
    assert (comment["temperature"], comment["top_p"], comment["min_p"]) == (0.5, 0.2, 0.1)
