"""`bandroid learn`: folders of music -> a style, and a report per file."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from bandroid import terminal
from bandroid.commands.learning import check_can_learn, learn_wish, make_style

if TYPE_CHECKING:
    from bandroid.corpus.collect import Corpus
    from bandroid.presets import LearntParts


def learn(
    *,
    folders: Sequence[Path],
    preset: str | None,
    name: str | None,
    minutes: float | None,
    steps: int | None,
    settings: Sequence[str],
    device: str,
    resume: bool,
    hold_out: Sequence[str],
    held_out: str | None,
    exclude: Sequence[str],
    force: bool,
    as_json: bool,
) -> None:
    """Read, learn, test on what was held out, save, and say what was used."""
    from bandroid.bundle.manifest import suggest_name
    from bandroid.corpus.report import corpus_json, counted, report_text

    name = name or suggest_name(folders[0].resolve().stem)
    wish = learn_wish(
        preset=preset,
        settings=settings,
        name=name,
        minutes=minutes,
        steps=steps,
        device=device,
        resume=resume,
        force=force,
    )
    check_can_learn(name, wish, force=force)
    corpus = collect_songs(folders, hold_out, held_out, exclude, parts=wish.preset.parts, quiet=as_json)
    if not as_json:
        terminal.say(report_text(corpus, with_parts=False))
    style = make_style(corpus, name, wish, force=force, quiet=as_json)
    figures, notes = dict(style.manifest.training.figures), style.manifest.training.notes
    if as_json:
        facts = {
            "style": name,
            "preset": wish.preset.name,
            "style_hash": style.style_hash,
            "folder": style.folder,
            "figures": figures,
        }
        facts["notes"] = notes
        terminal.print_json({**facts, **corpus_json(corpus)})
        return
    if "bits_per_note_held_out" in figures:
        terminal.say(f"it needs {figures['bits_per_note_held_out']:.2f} bits for a note of the songs held out")
    for note in notes:
        terminal.say(note)
    terminal.say(f"learnt {name} from {counted(len(corpus.train), 'song')}: bandroid compose {name}")


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
