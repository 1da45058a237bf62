"""`bandroid evaluate`: how well a style knows songs that it has not learnt."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bandroid import terminal

if TYPE_CHECKING:
    from bandroid.bundle.manifest import Manifest
    from bandroid.corpus.collect import Corpus, UsedSong
    from bandroid.training.evaluation import Figures

_NAME_WIDTH = 44
_EXPLANATION = (
    "all: bits for a note, everything paid for; new: for a note that is written out; repeat: for the choice of a "
    "bar of a part (again, silent, or new). Fewer is better."
)


def evaluate(style: str, folders: Sequence[Path], *, exclude: Sequence[str], as_json: bool) -> None:
    """Measure a style on every song below some folders, those that it has learnt apart."""
    from bandroid.bundle import store
    from bandroid.corpus.collect import EXCLUDED, collect
    from bandroid.corpus.report import counted
    from bandroid.generation.counts import Counts
    from bandroid.generation.ngram import Ngram
    from bandroid.generation.style import load_style
    from bandroid.training.evaluation import NOTHING, song_figures

    bundle = store.find_style(style)
    loaded = load_style(bundle)
    with terminal.progress("reading", quiet=as_json) as report:
        corpus = collect(
            folders,
            exclude=exclude,
            on_progress=lambda done, total, _: report(done, total),
            parts=bundle.manifest.learnt_parts,
        )
    _require_songs(corpus)
    rows: list[tuple[UsedSong, Figures, bool]] = []
    untaught = NOTHING
    with terminal.progress(f"evaluating {style}", quiet=as_json) as report:
        for done, used in enumerate(corpus.used, 1):
            rows.append((used, song_figures(loaded.model(), used.song), _was_learnt(used, bundle.manifest)))
            if not rows[-1][2]:
                untaught += song_figures(Ngram(Counts()), used.song)
            report(done, len(corpus.used))
    unseen = sum((figures for _, figures, was_learnt in rows if not was_learnt), NOTHING)
    learnt = sum((figures for _, figures, was_learnt in rows if was_learnt), NOTHING)
    if as_json:
        terminal.print_json(
            {
                "style": bundle.name,
                "style_hash": bundle.style_hash,
                "unseen": unseen.as_json() if unseen.n_songs else None,
                "untaught": untaught.as_json() if unseen.n_songs else None,
                "learnt": learnt.as_json() if learnt.n_songs else None,
                "songs": [
                    {"name": used.name, "learnt": was_learnt, **figures.as_json()} for used, figures, was_learnt in rows
                ],
                "refused": [{"name": refusal.name, "reason": refusal.reason} for refusal in corpus.refused],
            }
        )
        return
    terminal.say(f"{'':{_NAME_WIDTH}}  notes    all    new  repeat")
    for used, figures, was_learnt in rows:
        terminal.say(_row(used.name, figures) + ("  learnt: says nothing" if was_learnt else ""))
    for refusal in corpus.refused:
        if refusal.reason != EXCLUDED:
            terminal.say(f"refused  {refusal.name}: {refusal.reason}")
    if not unseen.n_songs:
        terminal.say(f"{bundle.name} has learnt every one of these songs: its figures say nothing; take others")
        return
    terminal.say(_row(f"{counted(unseen.n_songs, 'song')} that it has not learnt", unseen))
    terminal.say(_row("the same without any style", untaught))
    terminal.say(_choices_line(unseen))
    terminal.say(_EXPLANATION)


def _require_songs(corpus: Corpus) -> None:
    from bandroid.errors import CorpusError

    if not corpus.used:
        reasons = "; ".join(f"{refusal.name}: {refusal.reason}" for refusal in corpus.refused[:2])
        raise CorpusError(f"none of {len(corpus.refused)} music files can be used ({reasons})")


def _was_learnt(used: UsedSong, manifest: Manifest) -> bool:
    """Whether the file, byte for byte, is among those that the style was learnt from."""
    return any(song.sha256 == used.sha256 and song.split == "train" for song in manifest.training.songs)


def _row(name: str, figures: Figures) -> str:
    name = name if len(name) <= _NAME_WIDTH else f"{name[: _NAME_WIDTH - 3]}..."
    bits = f"{figures.bits_per_note:7.2f}{figures.bits_new:7.2f}{figures.bits_repeat:8.2f}"
    return f"{name:{_NAME_WIDTH}}{figures.n_notes:7,}{bits}"


def _choices_line(figures: Figures) -> str:
    """Say what each kind of choice costs: for one of them, and for a note of the song."""
    table: dict[str, Any] = {name: n for name, n in figures.n_of.items() if n}
    costs = [f"{name} {figures.bits_of[name] / n:.2f} (x {n:,})" for name, n in table.items()]
    return f"bits for a choice: {', '.join(costs)}"
