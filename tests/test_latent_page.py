"""Every command of docs/latent.md, in its order, with the spaces that ship; own ones are trained for a moment."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from bandroid import terminal
from bandroid.cli import app
from bandroid.music.midi_writer import write_midi
from tests.small_band import small_song
from tests.training.test_line_style import tune

PAGE = Path(__file__).resolve().parent.parent / "docs" / "latent.md"


def commands() -> list[list[str]]:
    fences = re.findall(r"```sh\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    return [shlex.split(line) for fence in fences for line in fence.splitlines()]


def made_short(words: list[str]) -> list[str]:
    """Train for a moment; write MIDI files alone."""
    if words[1] == "learn":
        return [*words, "--steps", "2", "--set", "evaluate_every=2", "--set", "batch_size=4", "--set", "threads=1"]
    if words[1] == "evaluate":
        return words
    words = ["4" if word == "32" else word for word in words]
    return [*words, "--audio", "none", "--no-score", "--force"]


def test_every_command_of_the_page(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("BANDROID_HOME", str(tmp_path / "home"))
    for number, name in enumerate(("song", "beat", "a", "b", "c", "d")):
        write_midi(small_song(number, n_bars=16), Path(f"{name}.mid"))
    write_midi(tune(1), Path("tune.mid"))
    for folder in ("my-band", "waltzes", "marches"):
        for number in range(4):
            write_midi(small_song(number * 2, n_bars=20), Path(folder) / f"song-{number}.mid")
    lines = commands()
    assert len(lines) >= 17
    for words in lines:
        status = terminal.run(
            lambda words=words: app(made_short(words)[1:], standalone_mode=False, prog_name="bandroid")
        )
        assert status == 0, f"{shlex.join(words)}: {capsys.readouterr().err}"
