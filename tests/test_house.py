"""The house itself: imports run one way and stay light, docs are current, the README's commands are right."""

import ast
import json
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import bandroid
from scripts import documentation

ROOT = Path(__file__).resolve().parent.parent
SOURCE = ROOT / "src" / "bandroid"

ORDER = (
    ("errors",),
    ("files", "near", "settings"),
    ("music",),
    ("representations",),
    ("models.config",),
    ("presets",),
    ("bundle",),
    ("critique",),
    ("generation",),
    ("render",),
    ("corpus",),
    ("palette", "quiz"),
    ("models",),
    ("bundle.graph",),
    (
        "bundle.export",
        "bundle.export_line",
        "bundle.space_nodes",
        "bundle.export_space",
        "bundle.export_personal",
        "bundle.export_ear",
        "bundle.export_chorale",
    ),
    ("training",),
    ("terminal",),
    ("commands", "doctor"),
    ("api",),
    ("cli", "cli_palette", "cli_choir"),
    ("__main__",),
)
"""rooms from the ground up; a room imports from rooms below it and from itself (a few files stand apart: how large
models are is known without the models, and graphs are written where torch is)"""
LEVEL = {room: level for level, rooms in enumerate(ORDER) for room in rooms}

COMMAND_1 = "python3 -m venv .venv && .venv/bin/pip install -c constraints.txt . && .venv/bin/bandroid compose"
COMMAND_2 = (
    "python3 -m venv .venv-dev && .venv-dev/bin/pip install -c constraints.txt -e '.[dev]' && .venv-dev/bin/pytest"
)


def imports_of(path: Path) -> set[str]:
    """Every module of ours that a file imports, wherever in it."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return {name for name in found if name.startswith("bandroid.")}


def room(path_or_module: Path | str) -> str:
    if isinstance(path_or_module, Path):
        parts = path_or_module.relative_to(SOURCE).with_suffix("").parts
    else:
        parts = tuple(path_or_module.split(".")[1:])
    return ".".join(parts[:2]) if ".".join(parts[:2]) in LEVEL else parts[0]


TORCH_FILES = (
    "bundle/export.py",
    "bundle/export_line.py",
    "bundle/export_personal.py",
    "bundle/export_space.py",
    "bundle/export_ear.py",
    "bundle/export_chorale.py",
    "bundle/space_nodes.py",
    "bundle/graph.py",
)
"""beside the rooms models and training"""

FILES = sorted(path for path in SOURCE.rglob("*.py") if path.name != "__init__.py" or path.parent != SOURCE)


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(SOURCE)))
def test_imports_run_one_way(path):
    if room(path) == "styles":
        return
    for module in imports_of(path):
        if room(module) != "__version__":
            assert LEVEL[room(module)] <= LEVEL[room(path)], f"{path.name} must not import {module}"


def test_rooms_are_all_known():
    rooms = {path.stem if path.is_file() else path.name for path in SOURCE.iterdir()}
    assert rooms - {"__init__", "__pycache__", "py", "styles"} <= set(LEVEL)


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(SOURCE)))
def test_torch_stays_in_its_rooms(path):
    """The base installation has no torch: whoever composes does without."""
    if room(path) in ("models", "training") or path.relative_to(SOURCE).as_posix() in TORCH_FILES:
        return
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        names += [node.module] if isinstance(node, ast.ImportFrom) and node.module else []
        assert not {name.split(".")[0] for name in names} & {"torch", "safetensors", "onnx", "tensorboard"}


def modules_after(program: str) -> set[str]:
    command = f"import sys, json\n{program}\nprint(json.dumps(sorted(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", command], capture_output=True, text=True, check=True)
    return {name.split(".")[0] for name in json.loads(done.stdout.splitlines()[-1])}


HEAVY = {"numpy", "mido", "soundfile", "verovio", "resvg_py", "pretty_midi", "rich", "pydantic", "torch"}


def test_import_bandroid_is_light():
    assert not modules_after("import bandroid") & (HEAVY | {"typer"})


def test_help_is_light():
    help_of = "from bandroid.cli import app\ntry:\n    app(['{}'], standalone_mode=False)\nexcept SystemExit: pass"
    assert not modules_after(help_of.format("--help")) & HEAVY
    assert not modules_after(help_of.format("--version")) & HEAVY


def test_python_api():
    for name in bandroid.__all__:
        assert getattr(bandroid, name) is not None
    with pytest.raises(AttributeError):
        _ = bandroid.nothing


def test_readme_holds_the_two_commands_as_lines():
    lines = (ROOT / "README.md").read_text(encoding="utf-8").splitlines()
    assert lines.count(COMMAND_1) == 1
    assert lines.count(COMMAND_2) == 1


def test_readme_names_only_verbs_that_exist():
    from typer.main import get_command

    from bandroid.cli import app

    verbs = set(get_command(app).commands)
    for page in [ROOT / "README.md", *(ROOT / "docs").glob("*.md")]:
        for fence in page.read_text(encoding="utf-8").split("```")[1::2]:
            for line in fence.splitlines():
                words = line.removeprefix("$ ").split()
                if words[:1] == ["bandroid"] and len(words) > 1 and words[1].isalpha():
                    assert words[1] in verbs, f"{page.name}: {line}"


def test_cli_reference_is_current():
    assert documentation.CLI_PAGE.read_text(encoding="utf-8") == documentation.cli_reference(), "run scripts/docs"


def test_links_between_pages_lead_somewhere():
    assert documentation.broken_links() == []


def test_constraints_pin_every_dependency():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pins = {line.split("==")[0].lower().replace("_", "-") for line in lines if "==" in line and line[0] != "#"}
    extras = project["optional-dependencies"]
    wanted = project["dependencies"] + extras["dev"] + extras["learn"]
    assert "bandroid[learn]" in wanted
    wanted.remove("bandroid[learn]")  # that is ourselves
    names = {wish.split(">")[0].split("=")[0].strip().lower().replace("_", "-") for wish in wanted}
    assert names <= pins
    assert "torch==2.13.0" in " ".join(lines)


def test_no_network_anywhere():
    """R4: no module of ours can open a connection."""
    forbidden = {"socket", "ssl", "http", "urllib", "ftplib", "smtplib", "requests", "httpx", "aiohttp", "webbrowser"}
    for path in FILES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module] if isinstance(node, ast.ImportFrom) and node.module else []
            assert not {name.split(".")[0] for name in names} & forbidden, path
