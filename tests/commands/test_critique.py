"""`bandroid critique` says what was copied from where, and never falls over a file."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bandroid import terminal
from bandroid.bundle.store import open_style, save_style
from bandroid.cli import app
from bandroid.critique.fingerprints import INDEX_NAME, load_index
from bandroid.errors import StyleError
from bandroid.music.midi_writer import write_midi
from bandroid.music.notes import Notes
from bandroid.music.song import MetreChange, Part, Song, TempoChange

BAR = 4 * 480


def bandroid(*words: object) -> int:
    """Run a command in this process, as __main__ does."""
    return terminal.run(lambda: app([str(word) for word in words], standalone_mode=False, prog_name="bandroid"))


def _song(pitches: list[int], title: str, n_bars: int = 8) -> Song:
    """A bass line of eighths that goes up by one every bar, and its drums; C sounds most."""
    bass = [
        (bar * BAR + i * 240, 200, pitch + (bar % 4 if i % 4 else 0), 90)
        for bar in range(n_bars)
        for i, pitch in enumerate(pitches)
    ]
    drums = [(bar * BAR + i * 480, 60, 36 + (bar + i) % 2 * 2, 100) for bar in range(n_bars) for i in range(4)]
    parts = (Part("Bass", 33, False, Notes.from_rows(bass)), Part("Drums", 0, True, Notes.from_rows(drums)))
    return Song(480, parts, (TempoChange(0, 120.0),), (MetreChange(0, 4, 4),), title=title)


LINES = ([36, 40, 43, 40, 36, 43, 40, 43], [36, 36, 43, 41, 40, 38, 36, 31], [36, 48, 43, 31, 40, 41, 38, 47])


@pytest.fixture
def style(tmp_path: Path) -> str:
    for number, line in enumerate(LINES):
        write_midi(_song(line, f"Song {number}"), tmp_path / "band" / f"song{number}.mid")
    assert bandroid("learn", tmp_path / "band", "--name", "mine", "--preset", "instant") == 0
    return "mine"


def _piece(folder: Path, name: str = "piece.mid", shift: int = 2) -> Path:
    """A piece whose last four bars are the third song's bars 2 to 5, moved."""
    new = _song([36, 38, 40, 41, 36, 45, 43, 31], "", 4).parts[0].notes
    quoted = _song(LINES[2], "").parts[0].notes
    rows = [
        *zip(*(array.tolist() for array in (new.onset_tick, new.length_tick, new.pitch, new.velocity)), strict=True),
        *(
            (onset + 3 * BAR, length, pitch + shift, velocity)
            for onset, length, pitch, velocity in zip(
                quoted.onset_tick.tolist(),
                quoted.length_tick.tolist(),
                quoted.pitch.tolist(),
                quoted.velocity.tolist(),
                strict=True,
            )
            if BAR <= onset < 5 * BAR
        ),
    ]
    part = Part("", 33, False, Notes.from_rows(rows))
    path = folder / name
    write_midi(Song(480, (part,), (TempoChange(0, 120.0),), (MetreChange(0, 4, 4),)), path)
    return path


def test_a_quotation_is_named(style: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    piece = _piece(tmp_path / "out")
    assert bandroid("critique", piece, "--style", style) == 0
    out = capsys.readouterr().out
    assert f"{piece}: red\n" in out
    assert "copies   42.9% of its 7 pairs of bars; the band's songs copy" in out
    assert "longest  4 bars in a row" in out
    assert "Electric Bass (finger), bars 5-8: 'Song 2', Electric Bass (finger), bars 2-5" in out


def test_json(style: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _piece(tmp_path / "out")
    capsys.readouterr()
    assert bandroid("critique", tmp_path / "out", "--style", style, "--json") == 0
    report = json.loads(capsys.readouterr().out)
    assert report["style"] == "mine" and report["refused"] == []
    assert report["band"]["copies"]["n_songs"] == 3
    (piece,) = report["pieces"]
    assert (piece["windows"], piece["windows_copied"], piece["longest_run_bars"]) == (7, 3, 4)
    (match,) = piece["matches"]
    assert (match["song"], match["file"], match["bars"], match["song_bars"]) == ("Song 2", "song2.mid", [5, 8], [2, 5])
    assert piece["verdict"] == "red" and not piece["is_training_song"]
    assert set(piece["unusual"]) <= set(piece["habits"])


def test_a_song_of_the_band_is_known(style: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert bandroid("critique", tmp_path / "band", "--style", style) == 0
    out = capsys.readouterr().out
    assert out.count("red, for the style was learnt from this very song") == 3
    assert "3 pieces: 0 green, 0 amber, 3 red; copied 100.0% (median)" in out


def test_what_compose_writes_beside_its_pieces_is_left_out(
    style: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    words = ["--bars", 4, "--variations", 2, "--seed", 1, "--audio", "none", "--no-score", "-o", out]
    assert bandroid("compose", style, *words) == 0
    assert len(list(out.rglob("*.mid"))) > 2
    capsys.readouterr()
    assert bandroid("critique", out, "--style", style, "--json") == 0
    assert len(json.loads(capsys.readouterr().out)["pieces"]) == 2


def test_a_bad_file_does_not_take_the_others_down(
    style: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bad = _piece(tmp_path / "out").with_name("bad.mid")
    bad.write_bytes(b"MThd")
    assert bandroid("critique", tmp_path / "out", "--style", style) == 0
    out = capsys.readouterr().out
    assert "piece.mid: red" in out and f"{bad}: not compared: " in out
    assert bandroid("critique", bad, "--style", style) == 2
    assert str(bad) in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["critique", "nowhere", "--style", "mine"], "no such folder"),
        (["critique", ".", "--style", "mien"], "did you mean mine"),
        (["critique", "."], "--style"),
    ],
)
def test_what_cannot_be(
    style: str,
    words: list[str],
    message: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    assert bandroid(*words) == 2
    assert message in capsys.readouterr().err


def test_an_empty_folder(style: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "empty").mkdir()
    assert bandroid("critique", tmp_path / "empty", "--style", style) == 2
    assert "no music file here" in capsys.readouterr().err


def test_a_style_without_fingerprints_says_so(style: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from bandroid.bundle.store import find_style

    bundle = find_style(style)
    others = {name: bundle.read(name) for name in bundle.manifest.files if name not in (INDEX_NAME, "CARD.md")}
    save_style(bundle.manifest, others, force=True)
    assert load_index(find_style(style)) is None
    assert bandroid("critique", _piece(tmp_path / "out"), "--style", style) == 2
    assert "learn it again" in capsys.readouterr().err


def test_fingerprints_that_do_not_fit_are_refused(style: str, tmp_path: Path) -> None:
    from bandroid.bundle.arrays import arrays_to_bytes
    from bandroid.bundle.store import find_style

    bundle = find_style(style)
    arrays = {**bundle.arrays(INDEX_NAME)}
    arrays["shape"] = arrays["shape"][:-1]
    files = {name: bundle.read(name) for name in bundle.manifest.files if name != "CARD.md"}
    save_style(bundle.manifest, {**files, INDEX_NAME: arrays_to_bytes(arrays)}, into=tmp_path / "styles")
    with pytest.raises(StyleError, match="does not fit together"):
        load_index(open_style(tmp_path / "styles" / style))
