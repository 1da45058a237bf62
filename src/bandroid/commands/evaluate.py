"""`bandroid evaluate`: how well a style knows songs that it has not learnt."""

from __future__ import annotations

import functools
import operator
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from bandroid import terminal

if TYPE_CHECKING:
    from bandroid.bundle.manifest import Manifest
    from bandroid.corpus.collect import Corpus, UsedSong
    from bandroid.generation.chorale_style import ChoraleStyle
    from bandroid.generation.line_style import LineStyle
    from bandroid.generation.space_style import SpaceStyle
    from bandroid.generation.style import ScoreStyle
    from bandroid.generation.styles import AnyStyle
    from bandroid.training.chorale_evaluation import ChoraleFigures
    from bandroid.training.evaluation import Figures
    from bandroid.training.line_evaluation import LineFigures
    from bandroid.training.space_evaluation import SpaceFigures

_NAME_WIDTH = 44


class _Measure(Protocol):
    """How songs are measured, and how that is said."""

    header: str
    explanation: str

    def song(self, used: UsedSong) -> Any:
        """Return what a song costs the style: figures that add up."""
        ...

    def untaught(self, used: UsedSong) -> Any:
        """Return what it costs without any style."""
        ...

    def row(self, figures: Any) -> str:
        """Write figures below the header."""
        ...

    def details(self, figures: Any) -> str:
        """Say more of all songs together; "" for nothing."""
        ...


class _OfScores:
    """Bits for a note of scores, and what each kind of choice costs."""

    header = "  notes    all    new  repeat"
    explanation = (
        "all: bits for a note, everything paid for; new: for a note that is written out; repeat: for the choice of a "
        "bar of a part (again, silent, or new). Fewer is better."
    )

    def __init__(self, style: ScoreStyle) -> None:
        self._style = style

    def song(self, used: UsedSong) -> Figures:
        from bandroid.training.evaluation import song_figures

        return song_figures(self._style.model(), used.song)

    def untaught(self, used: UsedSong) -> Figures:
        from bandroid.generation.counts import Counts
        from bandroid.generation.ngram import Ngram
        from bandroid.training.evaluation import song_figures

        return song_figures(Ngram(Counts()), used.song)

    def row(self, figures: Figures) -> str:
        bits = f"{figures.bits_per_note:7.2f}{figures.bits_new:7.2f}{figures.bits_repeat:8.2f}"
        return f"{figures.n_notes:7,}{bits}"

    def details(self, figures: Figures) -> str:
        table: dict[str, Any] = {name: n for name, n in figures.n_of.items() if n}
        costs = [f"{name} {figures.bits_of[name] / n:.2f} (x {n:,})" for name, n in table.items()]
        return f"bits for a choice: {', '.join(costs)}"


class _OfLines:
    """Bits for a note of lines, nats for a step of them."""

    header = "  notes    all  loudness  nats a step"
    explanation = (
        "all: bits for a note, its loudness too; nats a step: what Melody RNN and Drums RNN call loss, of the notes "
        "alone, for a 16th. Fewer is better."
    )

    def __init__(self, style: LineStyle) -> None:
        self._style = style

    def song(self, used: UsedSong) -> LineFigures:
        from bandroid.training.line_evaluation import evaluate_lines

        assert used.lines is not None
        return evaluate_lines(self._style, used.lines.lines)

    def untaught(self, used: UsedSong) -> LineFigures:
        from bandroid.training.line_evaluation import blind_figures

        assert used.lines is not None
        return blind_figures(self._style.kind, used.lines.lines)

    def row(self, figures: LineFigures) -> str:
        bits = f"{figures.bits_per_note:7.2f}{figures.loud_bits_per_note:10.2f}{figures.nats_per_step:13.3f}"
        return f"{figures.n_notes:7,}{bits}"

    def details(self, figures: LineFigures) -> str:
        return ""


class _OfSpaces:
    """How much of a song's windows comes back from a latent space."""

    header = "windows   right  onsets  wrong z"
    explanation = (
        "right: share of the 16ths of every voice that come back when a window is written from its place in the space "
        "alone; onsets: of those where something begins; wrong z: right when written from another window's place. "
        "More is better, and wrong z should be far below."
    )

    def __init__(self, style: SpaceStyle) -> None:
        self._style = style

    def song(self, used: UsedSong) -> SpaceFigures:
        from bandroid.training.space_evaluation import evaluate_voices

        assert used.voices is not None
        return evaluate_voices(self._style.runtime, used.voices)

    def untaught(self, used: UsedSong) -> SpaceFigures:
        from bandroid.training.space_evaluation import previous_bar

        assert used.voices is not None
        return previous_bar(self._style.kind, used.voices)

    def row(self, figures: SpaceFigures) -> str:
        shares = f"{figures.right:8.3f}{figures.onsets_right:8.3f}{figures.right_wrong_z:9.3f}"
        return f"{figures.n_windows:7,}{shares}"

    def details(self, figures: SpaceFigures) -> str:
        return "without any style: every bar as the one before"


class _OfChorales:
    """Nats for a 16th of a voice."""

    header = "  notes    all  pitches  changed"
    explanation = (
        "all: nats for a 16th of a voice, strokes and fermatas too; pitches: of these alone; changed: of those that "
        "are not the one before. Fewer is better."
    )

    def __init__(self, style: ChoraleStyle) -> None:
        self._style = style

    def song(self, used: UsedSong) -> ChoraleFigures:
        from bandroid.training.chorale_evaluation import evaluate_chorale

        assert used.frames is not None
        return evaluate_chorale(self._style.runtime, used.frames, used.song.n_notes)

    def untaught(self, used: UsedSong) -> ChoraleFigures:
        from bandroid.training.chorale_evaluation import untaught_chorale

        assert used.frames is not None
        return untaught_chorale(used.frames, used.song.n_notes)

    def row(self, figures: ChoraleFigures) -> str:
        return f"{figures.n_notes:7,}{figures.nats:7.3f}{figures.pitch_nats:9.3f}{figures.changed_nats:9.3f}"

    def details(self, figures: ChoraleFigures) -> str:
        return "without any style: every pitch alike"


def _measure_of(style: AnyStyle) -> _Measure:
    from bandroid.generation.chorale_style import ChoraleStyle
    from bandroid.generation.line_style import LineStyle
    from bandroid.generation.space_style import SpaceStyle

    if isinstance(style, SpaceStyle):
        return _OfSpaces(style)
    if isinstance(style, ChoraleStyle):
        return _OfChorales(style)
    return _OfLines(style) if isinstance(style, LineStyle) else _OfScores(style)


def evaluate(style: str, folders: Sequence[Path], *, exclude: Sequence[str], as_json: bool) -> None:
    """Measure a style on every song below some folders, those that it has learnt apart."""
    from bandroid.bundle import store
    from bandroid.corpus.collect import EXCLUDED, collect
    from bandroid.corpus.report import counted
    from bandroid.generation.styles import load_any_style

    bundle = store.find_style(style)
    loaded = load_any_style(bundle)
    measure = _measure_of(loaded)
    with terminal.progress("reading", quiet=as_json) as report:
        corpus = collect(
            folders,
            exclude=exclude,
            on_progress=lambda done, total, _: report(done, total),
            parts=bundle.manifest.learnt_parts,
        )
    _require_songs(corpus)
    rows: list[tuple[UsedSong, Any, bool]] = []
    blind: list[Any] = []
    with terminal.progress(f"evaluating {style}", quiet=as_json) as report:
        for done, used in enumerate(corpus.used, 1):
            rows.append((used, measure.song(used), _was_learnt(used, bundle.manifest)))
            if not rows[-1][2]:
                blind.append(measure.untaught(used))
            report(done, len(corpus.used))
    unseen = _together([figures for _, figures, was_learnt in rows if not was_learnt])
    learnt = _together([figures for _, figures, was_learnt in rows if was_learnt])
    untaught = _together(blind)
    if as_json:
        terminal.print_json(
            {
                "style": bundle.name,
                "style_hash": bundle.style_hash,
                "unseen": unseen.as_json() if unseen else None,
                "untaught": untaught.as_json() if untaught else None,
                "learnt": learnt.as_json() if learnt else None,
                "songs": [
                    {"name": used.name, "learnt": was_learnt, **figures.as_json()} for used, figures, was_learnt in rows
                ],
                "refused": [{"name": refusal.name, "reason": refusal.reason} for refusal in corpus.refused],
            }
        )
        return
    terminal.say(f"{'':{_NAME_WIDTH}}{measure.header}")
    for used, figures, was_learnt in rows:
        terminal.say(_row(used.name, measure.row(figures)) + ("  learnt: says nothing" if was_learnt else ""))
    for refusal in corpus.refused:
        if refusal.reason != EXCLUDED:
            terminal.say(f"refused  {refusal.name}: {refusal.reason}")
    if not unseen:
        terminal.say(f"{bundle.name} has learnt every one of these songs: its figures say nothing; take others")
        return
    terminal.say(_row(f"{counted(unseen.n_songs, 'song')} that it has not learnt", measure.row(unseen)))
    terminal.say(_row("the same without any style", measure.row(untaught)))
    for line in (measure.details(unseen), measure.explanation):
        if line:
            terminal.say(line)


def _together(figures: list[Any]) -> Any:
    """Add figures up; None for none."""
    return functools.reduce(operator.add, figures) if figures else None


def _require_songs(corpus: Corpus) -> None:
    from bandroid.errors import CorpusError

    if not corpus.used:
        reasons = "; ".join(f"{refusal.name}: {refusal.reason}" for refusal in corpus.refused[:2])
        raise CorpusError(f"none of {len(corpus.refused)} music files can be used ({reasons})")


def _was_learnt(used: UsedSong, manifest: Manifest) -> bool:
    """Whether the file, byte for byte, is among those that the style was learnt from."""
    return any(song.sha256 == used.sha256 and song.split == "train" for song in manifest.training.songs)


def _row(name: str, figures: str) -> str:
    name = name if len(name) <= _NAME_WIDTH else f"{name[: _NAME_WIDTH - 3]}..."
    return f"{name:{_NAME_WIDTH}}{figures}"
