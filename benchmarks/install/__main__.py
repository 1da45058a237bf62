"""How much does the base installation put on the disk, and does it stay without PyTorch?"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.figures import ROOT, Figure, log, run

_NOT_OURS = {"pip", "setuptools", "_distutils_hack", "distutils-precedence.pth", "pkg_resources", "wheel"}
"""what a fresh environment holds before anything is installed"""


def measure(options: argparse.Namespace) -> list[Figure]:
    """Install bandroid into a fresh environment, as the README's first command does, and weigh it."""
    with tempfile.TemporaryDirectory() as folder:
        python = _fresh_environment(Path(folder))
        packages = Path(_output(python, "import sysconfig; print(sysconfig.get_paths()['purelib'])"))
        sizes = {entry.name: _size_byte(entry) for entry in packages.iterdir() if not _is_from_venv(entry.name)}
        styles_byte = _size_byte(packages / "bandroid" / "styles")
        for name, size_byte in sorted(sizes.items(), key=lambda item: -item[1])[:12]:
            log(f"{size_byte / 1e6:8.1f} MB  {name}")
        log(f"{styles_byte / 1e6:8.1f} MB  bandroid/styles (not counted)")
        has_torch = _output(python, "import importlib.util as u; print(u.find_spec('torch') is not None)") == "True"
    base_mb = (sum(sizes.values()) - styles_byte) / 1e6
    return [
        Figure("base_mb", round(base_mb, 1), "MB", "lower", floor=260, goal=235),
        Figure("torch_absent", float(not has_torch), "yes = 1", "higher", floor=1, goal=1),
    ]


def _fresh_environment(folder: Path) -> Path:
    subprocess.run([sys.executable, "-m", "venv", folder], check=True)
    python = folder / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
    log("installing, a minute or so ...")
    command = [python, "-m", "pip", "install", "-q", "-c", ROOT / "constraints.txt", ROOT]
    subprocess.run(command, check=True, stdout=sys.stderr)
    return python


def _is_from_venv(name: str) -> bool:
    return name in _NOT_OURS or name.split("-")[0] in _NOT_OURS


def _size_byte(path: Path) -> int:
    """Return what files hold, whatever the disk rounds them up to."""
    if path.is_file():
        return path.stat().st_size
    return sum(file.stat().st_size for file in path.rglob("*") if file.is_file())


def _output(python: Path, program: str) -> str:
    return subprocess.run([python, "-c", program], check=True, capture_output=True, text=True).stdout.strip()


if __name__ == "__main__":
    run("install", measure, packages=("bandroid", "numpy", "verovio", "pip"))
