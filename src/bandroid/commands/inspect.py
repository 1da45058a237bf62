"""`bandroid inspect`: what is in a file, or file by file in a folder, and what writing it as a score loses."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from bandroid import terminal
from bandroid.errors import WishError

if TYPE_CHECKING:
    from bandroid.music.song import Song


def inspect(paths: Sequence[Path], *, exclude: Sequence[str], roles: bool, as_json: bool) -> None:
    """Show one file in full, or several and folders as a report; or the roles of their parts, to be corrected."""
    if roles and as_json:
        raise WishError("--roles is a text to correct, --json the report; take one of them")
    if roles:
        _print_roles(paths, exclude)
    elif len(paths) == 1 and not paths[0].is_dir() and not exclude:
        _inspect_file(paths[0], as_json)
    else:
        _inspect_folders(paths, exclude, as_json)


def _inspect_file(path: Path, as_json: bool) -> None:
    from bandroid.corpus.describe import describe_file, song_text
    from bandroid.music.midi_reader import read_comment
    from bandroid.music.read import MIDI_SUFFIXES

    def loss_of(song: Song) -> Mapping[str, str | int | float]:
        loss = loss_in_score([song])
        return loss if as_json else _in_words(loss)

    songs = describe_file(path, loss_of)
    made_by = read_comment(path) if path.suffix.lower() in MIDI_SUFFIXES else None
    if as_json:
        terminal.print_json({"file": path, "made_by": made_by, "songs": [song.to_json() for song in songs]})
        return
    for song in songs:
        terminal.say(song_text(song))
    if made_by:
        terminal.say(f"made by bandroid: {made_by}")


def _print_roles(paths: Sequence[Path], exclude: Sequence[str]) -> None:
    from bandroid.corpus.collect import collect
    from bandroid.corpus.role_rules import roles_template

    corpus = collect(paths, exclude=exclude)
    terminal.say(roles_template((used.name, used.song, used.roles) for used in corpus.used).rstrip())


def _inspect_folders(paths: Sequence[Path], exclude: Sequence[str], as_json: bool) -> None:
    from bandroid.corpus.collect import collect
    from bandroid.corpus.describe import describe_folder, folder_text

    with terminal.progress("reading", quiet=as_json) as report:
        corpus = collect(paths, exclude=exclude, on_progress=lambda done, total, _: report(done, total))
    loss = loss_in_score(used.song for used in corpus.used)
    if as_json:
        terminal.print_json({**describe_folder(corpus).to_json(), "snapping": loss})
    else:
        in_all = {"all songs together": _in_words(loss)} if corpus.used else None
        terminal.say(folder_text(describe_folder(corpus, in_all)))


def loss_in_score(songs: Iterable[Song]) -> dict[str, float]:
    """Return what writing songs as a score loses, in shares of their notes; nothing where none can be written."""
    from bandroid.music.clock import bar_grid
    from bandroid.representations.sheet import MAX_BARS, sheet_and_loss

    losses = [sheet_and_loss(song)[1] for song in songs if song.n_notes and bar_grid(song).n_bars <= MAX_BARS]
    if not losses:
        return {}
    n_notes = sum(loss.n_notes for loss in losses)
    counts = {
        "off_grid": sum(loss.n_off_grid for loss in losses),
        "merged": sum(loss.n_merged for loss in losses),
        "length_changed": sum(loss.n_length_changed for loss in losses),
    }
    return {what: round(count / n_notes, 5) for what, count in counts.items()}


_IN_WORDS = {
    "off_grid": "of notes off its 12 steps per quarter",
    "merged": "fall on another of their part",
    "length_changed": "change their length by more than a quarter",
}


def _in_words(loss: dict[str, float]) -> dict[str, str]:
    return {_IN_WORDS[what]: f"{share:.1%}" for what, share in loss.items()}
