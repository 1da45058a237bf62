"""`bandroid styles ...`: which styles there are, and moving them about."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bandroid import terminal
from bandroid.commands.options import Force, Json, Out, complete_style

if TYPE_CHECKING:
    from bandroid.bundle.store import Bundle

app = typer.Typer(
    help="Styles: those that ship, and your own.",
    rich_markup_mode=None,
    no_args_is_help=False,
    context_settings={"max_content_width": 100},
)

Name = Annotated[str, typer.Argument(metavar="STYLE", help="A style's name.", autocompletion=complete_style)]


@app.callback(invoke_without_command=True)
def _styles(context: typer.Context) -> None:
    """Styles: those that ship, and your own."""
    if context.invoked_subcommand is None:
        terminal.say(context.get_help())


@app.command("list")
def list_styles(as_json: Json = False) -> None:
    """List all styles.

    \b
    bandroid styles list
    """
    from bandroid.bundle import store

    styles, damaged = store.list_styles()
    if as_json:
        rows = [_row(style) for style in styles]
        faults = [{"name": name, "reason": reason} for name, reason in damaged]
        terminal.print_json({"styles": rows, "damaged": faults, "folder": store.styles_folder()})
        return
    width = max((len(style.name) for style in styles), default=0)
    for style in styles:
        n_songs = sum(song.split == "train" for song in style.manifest.training.songs)
        whose = "ships" if style.is_shipped else "yours"
        default = ", default" if style.name == store.DEFAULT_STYLE else ""
        facts = f"{style.manifest.preset}, {n_songs} songs, {whose}{default}"
        terminal.say(f"{style.name:<{width}}  {style.manifest.summary} ({facts})")
    for _, reason in damaged:
        terminal.complain(reason)
    if not styles:
        terminal.say("no styles yet: bandroid learn FOLDER --name mine")


@app.command()
def show(name: Name, as_json: Json = False) -> None:
    """Show a style's card: what it was learnt from, how well it does, what rights it carries.

    \b
    bandroid styles show rock
    """
    from bandroid.bundle import store
    from bandroid.bundle.card import card_text

    style = store.find_style(name)
    style.check()
    if as_json:
        import json

        terminal.print_json({**_row(style), "manifest": json.loads(style.manifest.to_bytes())})
        return
    terminal.say(card_text(style.manifest).rstrip())
    terminal.say(f"\nhash {style.style_hash}\nlies in {style.folder}")


@app.command()
def export(name: Name, out: Out = None, force: Force = False, as_json: Json = False) -> None:
    """Write a style as one file, NAME.bandroid, to give to others.

    \b
    bandroid styles export mine
    bandroid styles export mine -o backup
    """
    from bandroid.bundle import store

    if out is not None and out.suffix.lower() != ".bandroid":
        out = out / f"{name}.bandroid"
    path = store.export_style(name, out, force=force)
    if as_json:
        terminal.print_json({"name": name, "file": path, "size_byte": path.stat().st_size})
    else:
        terminal.say(f"wrote {path} ({path.stat().st_size / 1e6:.1f} MB)")


@app.command("import")
def import_style(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A .bandroid file, or a style's folder.")],
    name: Annotated[str | None, typer.Option(metavar="NAME", help="Another name than its own.")] = None,
    force: Force = False,
    as_json: Json = False,
) -> None:
    """Bring in a style from a file, every byte checked. A style is data: nothing in it is ever run.

    \b
    bandroid styles import friend.bandroid
    bandroid styles import friend.bandroid --name theirs
    """
    from bandroid.bundle import store
    from bandroid.generation.styles import check_any_golden

    style = store.import_style(file, name=name, force=force, try_out=check_any_golden)
    if as_json:
        terminal.print_json(_row(style))
    else:
        terminal.say(f"brought in {style.name}: {style.manifest.summary}\ntry it: bandroid compose {style.name}")


@app.command()
def remove(name: Name, as_json: Json = False) -> None:
    """Delete one of your own styles.

    \b
    bandroid styles remove mine
    """
    from bandroid.bundle import store

    store.remove_style(name)
    if as_json:
        terminal.print_json({"removed": name})
    else:
        terminal.say(f"removed {name}")


def _row(style: Bundle) -> dict[str, Any]:
    return {
        "name": style.name,
        "summary": style.manifest.summary,
        "preset": style.manifest.preset,
        "songs": sum(song.split == "train" for song in style.manifest.training.songs),
        "shipped": style.is_shipped,
        "size_byte": style.size_byte,
        "hash": style.style_hash,
        "folder": style.folder,
    }
