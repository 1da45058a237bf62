"""`bandroid learn`: folders of music -> a style, and a report per file."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from bandroid import terminal
from bandroid.commands.options import check_preset

if TYPE_CHECKING:
    from bandroid.bundle.manifest import TrainingSong
    from bandroid.bundle.store import Bundle
    from bandroid.corpus.collect import Corpus, UsedSong


def learn(
    *,
    folders: Sequence[Path],
    preset: str,
    name: str | None,
    hold_out: Sequence[str],
    held_out: str | None,
    exclude: Sequence[str],
    force: bool,
    as_json: bool,
) -> None:
    """Read, learn, test on what was held out, save, and say what was used."""
    from bandroid.bundle import store
    from bandroid.bundle.manifest import suggest_name
    from bandroid.corpus.report import corpus_json, counted, report_text

    check_preset(preset)
    name = name or suggest_name(folders[0].resolve().stem)
    store.check_can_save(name, force=force)
    corpus = collect_songs(folders, hold_out, held_out, exclude, quiet=as_json)
    if not as_json:
        terminal.say(report_text(corpus, with_parts=False))
    style = learn_instant_style(corpus, name, force=force, quiet=as_json)
    figures, notes = dict(style.manifest.training.figures), style.manifest.training.notes
    if as_json:
        facts = {"style": name, "style_hash": style.style_hash, "folder": style.folder, "figures": figures}
        facts["notes"] = notes
        terminal.print_json({**facts, **corpus_json(corpus)})
        return
    if "bits_per_note_held_out" in figures:
        terminal.say(f"it needs {figures['bits_per_note_held_out']:.2f} bits for a note of the songs held out")
    for note in notes:
        terminal.say(note)
    terminal.say(f"learnt {name} from {counted(len(corpus.train), 'song')}: bandroid compose {name}")


def collect_songs(
    folders: Sequence[Path], hold_out: Sequence[str], held_out: str | None, exclude: Sequence[str], *, quiet: bool
) -> Corpus:
    """Read all songs below some folders, divided into those to learn and those held out."""
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
        )


def learn_instant_style(corpus: Corpus, name: str, *, force: bool, quiet: bool) -> Bundle:
    """Count a corpus, test on what was held out, and save the style; raises CorpusError for no songs."""
    from bandroid.bundle import store
    from bandroid.corpus.balance import balance_remarks, song_weights
    from bandroid.corpus.report import expectation
    from bandroid.training.instant import bits_per_note, learn_instant
    from bandroid.training.score_bundle import score_style

    corpus.require_songs()
    with terminal.progress("learning", quiet=quiet) as report:
        learnt = learn_instant([used.song for used in corpus.train], report, song_weights(corpus.train))
    figures = {"songs": float(len(corpus.train)), "notes": float(learnt.n_notes)}
    if corpus.held_out:
        with terminal.progress("testing", quiet=quiet):
            figures["held_out_songs"] = float(len(corpus.held_out))
            bits = bits_per_note(learnt, [used.song for used in corpus.held_out])
            figures["bits_per_note_held_out"] = round(bits, 3)
    n_songs = len(corpus.train)
    manifest, files = score_style(
        learnt,
        preset="instant",
        name=name,
        summary=f"learnt from {n_songs} song{'' if n_songs == 1 else 's'} of yours",
        songs=[training_song(used) for used in corpus.used],
        figures=figures,
        notes=[note for note in (*balance_remarks(corpus), expectation(n_songs)) if note],
    )
    return store.save_style(manifest, files, force=force)


def training_song(used: UsedSong, author: str = "", licence: str = "") -> TrainingSong:
    """Describe a song for a style's manifest; what bandroid cannot know stays empty."""
    from bandroid.bundle.manifest import TrainingSong

    return TrainingSong(
        title=used.song.title or PurePosixPath(used.name).stem,
        author=author,
        licence=licence,
        file=used.name,
        sha256=used.sha256,
        split="train" if used.split == "train" else "held-out",
    )
