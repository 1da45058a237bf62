"""`bandroid presets ...`: what kinds of styles can be learnt, and what can be set in each."""

from __future__ import annotations

import textwrap
from typing import Annotated

import typer

from bandroid import terminal
from bandroid.commands.options import Json, complete_preset
from bandroid.presets import DEFAULT_PRESET, PRESETS, Preset, find_preset
from bandroid.settings import Setting, text_of

app = typer.Typer(
    help="Presets: kinds of styles to learn, and their settings.",
    rich_markup_mode=None,
    no_args_is_help=False,
    context_settings={"max_content_width": 100},
)

_WIDTH = 100


@app.callback(invoke_without_command=True)
def _presets(context: typer.Context) -> None:
    """Presets: kinds of styles to learn, and their settings."""
    if context.invoked_subcommand is None:
        terminal.say(context.get_help())


@app.command("list")
def list_presets(as_json: Json = False) -> None:
    """List all presets.

    \b
    bandroid presets list
    """
    if as_json:
        terminal.print_json({"presets": [_facts(preset) for preset in PRESETS], "default": DEFAULT_PRESET})
        return
    width = max(len(preset.name) for preset in PRESETS)
    for preset in PRESETS:
        remarks = ["default"] if preset.name == DEFAULT_PRESET else []
        remarks += ["needs PyTorch: pip install 'bandroid[learn]'"] if preset.needs_torch else []
        words = f" ({', '.join(remarks)})" if remarks else ""
        terminal.say(f"{preset.name:<{width}}  {preset.summary}{words}")


@app.command()
def show(
    name: Annotated[str, typer.Argument(metavar="PRESET", help="A preset's name.", autocompletion=complete_preset)],
    as_json: Json = False,
) -> None:
    """Show what can be set in a preset: defaults, ranges, meanings.

    \b
    bandroid presets show quick
    bandroid learn my-band --preset quick --set learning_rate=5e-4 --set layers=128,128
    """
    preset = find_preset(name)
    if as_json:
        terminal.print_json(_facts(preset))
        return
    terminal.say(f"{preset.name}: {preset.summary}")
    settings = list(preset.settings.values())
    if not settings:
        terminal.say("there is nothing to set")
        return
    terminal.say()
    for row in _table(settings):
        terminal.say(row)
    terminal.say(
        f"\nbandroid learn FOLDER --preset {preset.name} --set {settings[0].name}={text_of(settings[0].value)}"
    )


def _table(settings: list[Setting]) -> list[str]:
    """Return a row per setting: name, default, what it may be, what it means (on further lines where it is long)."""
    rows = [("setting", "default", "may be", "what it is")]
    rows += [(one.name, text_of(one.value), one.allowed, one.help) for one in settings]
    widths = [max(len(row[column]) for row in rows) + 2 for column in range(3)]
    indent = sum(widths)
    lines = []
    for row in rows:
        words = textwrap.wrap(row[3], max(_WIDTH - indent, 30))
        head = "".join(word.ljust(width) for word, width in zip(row[:3], widths, strict=True))
        lines.append(head + words[0])
        lines += [" " * indent + more for more in words[1:]]
    return lines


def _facts(preset: Preset) -> dict[str, object]:
    return {
        "name": preset.name,
        "summary": preset.summary,
        "needs_torch": preset.needs_torch,
        "settings": {
            one.name: {"default": one.value, "may_be": one.allowed, "help": one.help}
            for one in preset.settings.values()
        },
    }
