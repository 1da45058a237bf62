"""Every command of docs/classics.md, in its order, on small songs and small nets."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from bandroid import terminal
from bandroid.cli import app
from bandroid.music.midi_writer import write_midi
from tests.training.test_line_style import SMALL, tune

PAGE = Path(__file__).resolve().parent.parent / "docs" / "classics.md"


def commands() -> list[list[str]]:
    fences = re.findall(r"```sh\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    return [shlex.split(line) for fence in fences for line in fence.splitlines()]


def made_short(words: list[str]) -> list[str]:
    """Train small nets for a moment; write MIDI files alone."""
    if words[1] == "learn":
        return [*words, "--steps", "2", *(word for one in SMALL for word in ("--set", one))]
    if words[1] == "compose":
        return [*words, "--audio", "none", "--no-score", "--seed", "1", "--force"]
    return words


def test_every_command_of_the_page(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("BANDROID_HOME", str(tmp_path / "home"))
    for number in range(4):
        for folder in ("my-band", "composers/Bach"):
            Path(folder).mkdir(parents=True, exist_ok=True)
            write_midi(tune(number, swing=True), Path(folder) / f"song-{number}.mid")
    Path("other-drummers").mkdir()
    write_midi(tune(8), Path("other-drummers/beat.mid"))
    write_midi(tune(9, n_bars=2), Path("beat.mid"))
    lines = commands()
    assert len(lines) >= 14
    for words in lines:
        words = [name for word in words for name in (map(str, sorted(Path().glob(word))) if "/*" in word else [word])]
        status = terminal.run(
            lambda words=words: app(made_short(words)[1:], standalone_mode=False, prog_name="bandroid")
        )
        assert status == 0, f"{shlex.join(words)}: {capsys.readouterr().err}"
