"""What is there, what is missing, and where files lie: `bandroid doctor`."""

from __future__ import annotations

import importlib.util
import os
import platform
import shutil
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from importlib import metadata
from pathlib import Path
from typing import Literal

from bandroid import __version__
from bandroid.bundle import store
from bandroid.errors import BandroidError
from bandroid.terminal import logs_folder
from bandroid.training.extra import missing_libraries
from bandroid.training.run_folder import runs_folder

_PACKAGES = (
    *("numpy", "onnxruntime", "mido", "pretty_midi", "soundfile", "verovio", "resvg-py", "typer", "rich"),
    "platformdirs",
)
_LITTLE_SPACE_BYTE = 500 << 20  # a long piece with stems in several formats


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at."""

    subject: str
    state: Literal["good", "absent", "bad"]
    """absent: not there, and nothing needs it; bad: something will not work"""
    words: str


@dataclass(frozen=True, slots=True)
class Examination:
    """All findings."""

    findings: tuple[Finding, ...]

    @property
    def is_well(self) -> bool:
        return all(finding.state != "bad" for finding in self.findings)

    def as_text(self) -> str:
        """Return a table: a mark, the subject, what was found."""
        marks = {"good": "ok ", "absent": "-  ", "bad": "BAD"}
        width = max(len(finding.subject) for finding in self.findings)
        rows = [f"{marks[f.state]} {f.subject:<{width}}  {f.words}" for f in self.findings]
        verdict = "all is well" if self.is_well else "what is marked BAD will not work; the line says what to do"
        return "\n".join([*rows, "", verdict])

    def as_json(self) -> dict[str, object]:
        return {"well": self.is_well, "findings": [asdict(finding) for finding in self.findings]}


def examine() -> Examination:
    """Look at everything that bandroid uses, without changing anything."""
    return Examination(
        (
            Finding("bandroid", "good", __version__),
            _python(),
            Finding("system", "good", platform.platform()),
            Finding("cores", "good", str(os.cpu_count() or 1)),
            *_packages(),
            _training(),
            _soundfont(),
            _engraving(),
            _player(),
            _fluidsynth(),
            *_styles(),
            _folder("your styles", store.styles_folder()),
            _folder("trainings", runs_folder()),
            _folder("logs", logs_folder()),
            _folder("pieces", Path.cwd() / "bandroid-out"),
        )
    )


def _python() -> Finding:
    return Finding("Python", "good", f"{platform.python_version()} ({sys.executable})")


def _packages() -> Iterator[Finding]:
    for name in _PACKAGES:
        try:
            yield Finding(name, "good", metadata.version(name))
        except metadata.PackageNotFoundError:
            yield Finding(name, "bad", "missing: pip install --force-reinstall bandroid")


def _training() -> Finding:
    if missing := missing_libraries():
        words = f"{' and '.join(missing)} missing: pip install 'bandroid[learn]'; without, learn --preset instant"
        return Finding("training", "absent", words)
    return Finding("training", "good", f"PyTorch {metadata.version('torch')}")


def _soundfont() -> Finding:
    from bandroid.render.soundfont import load_soundfont

    try:
        font = load_soundfont()
    except BandroidError as error:
        return Finding("SoundFont", "bad", str(error))
    return Finding("SoundFont", "good", f"{font.path} ({font.path.stat().st_size / 1e6:.1f} MB)")


def _engraving() -> Finding:
    if importlib.util.find_spec("verovio") is None:
        return Finding("engraving", "bad", "verovio is missing: pip install --force-reinstall bandroid")
    return Finding("engraving", "good", "verovio, in a process of its own")


def _player() -> Finding:
    from bandroid.render.play import find_player

    try:
        player = find_player()
    except BandroidError as error:
        return Finding("player", "absent", str(error))
    return Finding("player", "good", " ".join(player) or "Windows itself")


def _fluidsynth() -> Finding:
    found = shutil.which("fluidsynth")
    if found is None:
        return Finding("FluidSynth", "absent", "not installed; bandroid's own synthesizer needs no other")
    return Finding("FluidSynth", "good", f"{found}; only a benchmark uses it, to compare")


def _styles() -> Iterator[Finding]:
    styles, damaged = store.list_styles()
    shipped = [style.name for style in styles if style.is_shipped]
    own = [style.name for style in styles if not style.is_shipped]
    if shipped:
        yield Finding("styles that ship", "good", ", ".join(shipped))
    else:
        yield Finding("styles that ship", "bad", "none: pip install --force-reinstall bandroid")
    if own:
        yield Finding("styles of yours", "good", ", ".join(own))
    else:
        yield Finding("styles of yours", "absent", "none yet: bandroid learn FOLDER --name mine")
    for name, reason in damaged:
        yield Finding(f"style {name}", "bad", reason)


def _folder(subject: str, folder: Path) -> Finding:
    """Say where a folder is, whether we may write there, and how much room is left."""
    nearest = folder
    while not nearest.exists() and nearest != nearest.parent:
        nearest = nearest.parent
    if not os.access(nearest, os.W_OK):
        return Finding(subject, "bad", f"{folder}: you may not write there")
    free_byte = shutil.disk_usage(nearest).free
    words = f"{folder} ({free_byte / 1e9:.1f} GB free)"
    if free_byte < _LITTLE_SPACE_BYTE:
        return Finding(subject, "bad", f"{words}: make some room")
    return Finding(subject, "good", words)
