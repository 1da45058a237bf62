"""docs/cli.md, written from the command line itself, and a check of every link between pages."""

from __future__ import annotations

import argparse
import os
import re
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
CLI_PAGE = ROOT / "docs" / "cli.md"
_WIDTH = "100"

_HEAD = """# The command line

Written by `scripts/docs` from the command line itself: change the code, not this page.

"""


def cli_reference() -> str:
    """Return docs/cli.md: the help of every verb, in the order of `bandroid --help`."""
    os.environ["COLUMNS"] = _WIDTH
    from typer.main import get_command

    from bandroid.cli import app

    return _HEAD + "\n".join(_pages("bandroid", get_command(app), None))


def _pages(name: str, command: Any, parent: Any) -> list[str]:
    context = command.make_context(name, [], parent=parent, resilient_parsing=True)
    title = "##" if parent is None else "###"
    pages = [f"{title} {context.command_path}\n\n```\n{command.get_help(context).rstrip()}\n```\n"]
    for verb, child in getattr(command, "commands", {}).items():
        pages += _pages(verb, child, context)
    return pages


def broken_links() -> list[str]:
    """Return "page: target" for each link in a Markdown page that leads to no file of the repository."""
    pages = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "benchmarks").rglob("*.md")]
    pages += (ROOT / "recipes").rglob("*.md")
    broken = []
    for page in sorted(pages):
        for target in re.findall(r"\]\(([^)\s]+)\)", page.read_text(encoding="utf-8")):
            is_elsewhere = re.match(r"[a-z]+:", target) or target.startswith("#")
            if not is_elsewhere and not (page.parent / target.partition("#")[0]).exists():
                broken.append(f"{page.relative_to(ROOT)}: {target}")
    return broken


def main() -> int:
    """Write docs/cli.md, or with --check compare it; return 1 where something is not current."""
    parser = argparse.ArgumentParser(prog="scripts/docs", description=__doc__)
    parser.add_argument("--check", action="store_true", help="change nothing, only say what is not current")
    options = parser.parse_args()
    faults = [f"no such page: {link}" for link in broken_links()]
    if not options.check:
        CLI_PAGE.write_text(cli_reference(), encoding="utf-8")
    elif CLI_PAGE.read_text(encoding="utf-8") != cli_reference():
        faults.append("docs/cli.md is not current: run scripts/docs")
    for fault in faults:
        print(fault, file=sys.stderr)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
