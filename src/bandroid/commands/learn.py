"""`bandroid learn`: folders of music -> a style, and a report per file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bandroid import terminal
from bandroid.commands.learning import check_can_learn, learn_wish, make_style
from bandroid.errors import BandroidError, WishError

if TYPE_CHECKING:
    from bandroid.corpus.collect import Corpus
    from bandroid.presets import LearntParts


@dataclass(frozen=True, slots=True)
class LearnOptions:
    """How songs are learnt, whichever folder they come from."""

    preset: str | None
    minutes: float | None
    steps: int | None
    settings: Sequence[str]
    device: str
    resume: bool
    hold_out: Sequence[str]
    held_out: str | None
    exclude: Sequence[str]
    force: bool
    start: Sequence[str] = ()
    """styles that a latent space begins with"""


def learn(folders: Sequence[Path], *, name: str | None, options: LearnOptions, as_json: bool) -> None:
    """Read, learn, test on what was held out, save, and say what was used: one style of all folders."""
    facts = _learn_one(folders, name or _name_of(folders[0]), options, quiet=as_json)
    if as_json:
        terminal.print_json(facts)


def learn_each(folders: Sequence[Path], *, name: str | None, options: LearnOptions, as_json: bool) -> None:
    """Learn a style of each folder, one after the other, named as the folder; what one cannot do stops no other.

    Files among the folders are passed over, as `FOLDERS/*` may bring some. Raises WishError where two styles would have
    one name, and where none could be learnt, the error of the first.
    """
    if name is not None:
        raise WishError("--each names every style after its folder: leave --name out")
    chosen = [folder for folder in folders if folder.is_dir()] or list(folders)
    names = [_name_of(folder) for folder in chosen]
    twice = next((one for one in names if names.count(one) > 1), None)
    if twice is not None:
        raise WishError(f"--each: two folders would make a style called {twice}; rename one of them")
    learnt: list[dict[str, Any]] = []
    failed: list[tuple[str, BandroidError]] = []
    for number, (folder, one) in enumerate(zip(chosen, names, strict=True), 1):
        if not as_json:
            terminal.say(f"{'' if number == 1 else chr(10)}{one} ({number} of {len(chosen)}): {folder}")
        try:
            learnt.append(_learn_one([folder], one, options, quiet=as_json))
        except BandroidError as error:
            failed.append((one, error))
            terminal.complain(f"{one}: {error}")
    if as_json:
        refusals = [{"name": one, "reason": str(error)} for one, error in failed]
        terminal.print_json({"styles": learnt, "failed": refusals})
    else:
        terminal.say(_each_said(learnt, [one for one, _ in failed]))
    if failed and not learnt:
        raise failed[0][1]


def _each_said(learnt: Sequence[Mapping[str, Any]], failed: Sequence[str]) -> str:
    lines = [""]
    for facts in learnt:
        bits = facts["figures"].get("bits_per_note_held_out", facts["figures"].get("bits_per_note_own_held_out"))
        known = "" if bits is None else f", {bits:.2f} bits for a note of songs held out"
        n_songs = int(facts["figures"]["songs"])
        lines.append(f"{facts['style']}: {n_songs} song{'' if n_songs == 1 else 's'}{known}")
    if failed:
        lines.append(f"not learnt: {', '.join(failed)}")
    return "\n".join(lines)


def _name_of(folder: Path) -> str:
    from bandroid.bundle.manifest import suggest_name

    return suggest_name(folder.resolve().stem)


def _learn_one(folders: Sequence[Path], name: str, options: LearnOptions, *, quiet: bool) -> dict[str, Any]:
    """Learn one style, and return what --json says of it."""
    from bandroid.corpus.report import corpus_json, counted, report_text

    wish = learn_wish(
        preset=options.preset,
        settings=options.settings,
        name=name,
        minutes=options.minutes,
        steps=options.steps,
        device=options.device,
        resume=options.resume,
        force=options.force,
        start=options.start,
    )
    check_can_learn(name, wish, force=options.force)
    corpus = collect_songs(
        folders, options.hold_out, options.held_out, options.exclude, parts=wish.preset.parts, quiet=quiet
    )
    if not quiet:
        terminal.say(report_text(corpus, with_parts=False))
    style = make_style(corpus, name, wish, force=options.force, quiet=quiet)
    figures, notes = dict(style.manifest.training.figures), style.manifest.training.notes
    if not quiet:
        if "bits_per_note_held_out" in figures:
            terminal.say(f"it needs {figures['bits_per_note_held_out']:.2f} bits for a note of the songs held out")
        for note in notes:
            terminal.say(note)
        terminal.say(f"learnt {name} from {counted(len(corpus.train), 'song')}: bandroid compose {name}")
    return {
        "style": name,
        "preset": wish.preset.name,
        "style_hash": style.style_hash,
        "folder": style.folder,
        "figures": figures,
        "notes": notes,
        **corpus_json(corpus),
    }


def collect_songs(
    folders: Sequence[Path],
    hold_out: Sequence[str],
    held_out: str | None,
    exclude: Sequence[str],
    *,
    parts: LearntParts,
    quiet: bool,
) -> Corpus:
    """Read all songs below some folders, as far as a preset learns their parts: those to learn and those held out."""
    from bandroid.corpus.collect import collect
    from bandroid.corpus.split import parse_share

    share = parse_share(held_out) if held_out is not None else None
    with terminal.progress("reading", quiet=quiet) as report:
        return collect(
            folders,
            hold_out=hold_out,
            held_out_share=share,
            exclude=exclude,
            on_progress=lambda done, total, _: report(done, total),
            parts=parts,
        )
