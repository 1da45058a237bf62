"""docs/tutorial.md is run: every command of its `sh` blocks, in order, in a folder and a home of their own.

The songs are small ones under the tutorial's names. What is substituted, and nothing else:

- `learn` gets `--preset tiny --steps 6`, so that it takes seconds (`--resume` keeps its preset: `--steps 7` alone);
- `--set layers=256` becomes `--set layers=24`: wider than `tiny`, as it is wider than `quick`;
- `--step` of a milestone becomes 5, the first one that such a training keeps.

Outputs are not compared: they depend on the songs. Every file that the page names by its place must be there at the
end.
"""

from __future__ import annotations

import re
import shlex
import shutil
from pathlib import Path

import pytest

from bandroid import terminal
from bandroid.cli import app
from bandroid.music.midi_writer import write_midi
from small_band import small_song

PAGE = Path(__file__).resolve().parent.parent / "docs" / "tutorial.md"
SONGS = {
    "my-band/Under_Maintenance.mid": (0, 8),
    "my-band/Cautious_Progress.mid": (2, 8),
    "my-band/The_Long_Road.mid": (5, 8),
    "my-band/The_Zenith.mid": (9, 8),
    "unheard/Dark_Underworld.mid": (7, 8),
    "unheard/Syntax_Error.mid": (3, 8),
    "other-band/Moonstone.mid": (4, 8),
    "other-band/Voidgaze.mid": (8, 8),
}
"""by place: how far from C, and bars"""
OUTPUTS = ("out", "wish", "calm", "go-on", "compared", "early", "together", "kept", "longer")


def commands() -> list[list[str]]:
    """Return the words of each command, as the page has them."""
    blocks = re.findall(r"^```sh\n(.*?)^```", PAGE.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
    return [shlex.split(line, comments=True) for block in blocks for line in block.splitlines() if line.strip()]


def named_files() -> set[str]:
    """Return the files in output folders that the page names, in its text or in its listings."""
    places = re.findall(rf"\b(?:{'|'.join(OUTPUTS)})/[\w./-]*\.\w+", PAGE.read_text(encoding="utf-8"))
    return {place.rstrip(".") for place in places}


def made_short(words: list[str]) -> list[str]:
    """Substitute what the module says."""
    words = [word.replace("layers=256", "layers=24") for word in words]
    if words[1] == "learn":
        return [*words, *(("--steps", "7") if "--resume" in words else ("--preset", "tiny", "--steps", "6"))]
    if "--step" in words:
        at = words.index("--step") + 1
        return [*words[:at], "5", *words[at + 1 :]]
    return words


def run(words: list[str], capsys: pytest.CaptureFixture[str]) -> int:
    """Run one command as a shell would: `bandroid` in this process, `cp`, and `> FILE`."""
    *words, target = (*words[:-2], words[-1]) if ">" in words else (*words, "")
    if words[0] == "cp":
        shutil.copyfile(words[1], words[2])
        return 0
    assert words[0] == "bandroid", words
    status = terminal.run(lambda: app(made_short(words)[1:], standalone_mode=False, prog_name="bandroid"))
    printed = capsys.readouterr()
    assert status == 0, f"{shlex.join(words)}: {printed.err}"
    if target:
        Path(target).write_text(printed.out, encoding="utf-8")
    return status


def test_every_command_of_the_tutorial(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    for place, (key, n_bars) in SONGS.items():
        write_midi(small_song(key, n_bars, 100.0 + 5 * key), Path(place))
    lines = commands()
    assert len(lines) >= 20
    for words in lines:
        assert run(words, capsys) == 0
        for flag in ("-o", ">"):
            if flag in words:
                made = Path(words[words.index(flag) + 1])
                assert made.is_file() or any(made.iterdir()), shlex.join(words)
    missing = {place for place in named_files() if not Path(place).exists()}
    assert not missing


def test_the_verbs_that_the_tutorial_promises():
    verbs = {words[1] for words in commands() if words[0] == "bandroid"}
    assert verbs >= {"inspect", "learn", "compose", "critique", "continue", "evaluate", "presets", "compare", "render"}


def test_pictures_are_there_and_small():
    for place in re.findall(r"!\[[^]]*\]\(([^)]+)\)", PAGE.read_text(encoding="utf-8")):
        assert 0 < (PAGE.parent / place).stat().st_size < 150_000, place
