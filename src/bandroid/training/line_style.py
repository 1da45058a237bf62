"""Learn a style of one line: record, train, export what came of it, write it down."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass

import numpy as np
import torch

from bandroid import __version__
from bandroid.bundle.arrays import arrays_to_bytes
from bandroid.bundle.export_line import check_line_parity, export_line
from bandroid.bundle.manifest import Manifest, Training
from bandroid.corpus.collect import UsedSong
from bandroid.corpus.lines import SongLines
from bandroid.critique.copies import HABIT_NAME
from bandroid.critique.fingerprints import INDEX_NAME
from bandroid.generation.line_facts import FACTS_VERSION, LineKind
from bandroid.generation.line_style import CHORDS_NAME, GOLDEN_NAME, LineStyle, kind_to_json, line_golden
from bandroid.models.line import LineNet
from bandroid.presets import Preset, find_preset
from bandroid.representations.line import excerpt
from bandroid.settings import as_json
from bandroid.training.line import LineTask
from bandroid.training.line_evaluation import NO_LINES, evaluate_lines
from bandroid.training.line_lessons import LineLessons, Report, prepare
from bandroid.training.loop import Budget, Listener, Outcome, train
from bandroid.training.net_files import WEIGHTS_NAME, NetFiles, eight_bit_copy, exported, figures_of_step, loss_of
from bandroid.training.probe import find_device, on_cores
from bandroid.training.run_folder import RunFolder
from bandroid.training.style_facts import StyleFacts

_GOLDEN_BARS = 4


@dataclass(frozen=True, slots=True, eq=False)
class TrainedLine:
    """All that a style of one line is written from."""

    lessons: LineLessons
    task: LineTask
    outcome: Outcome
    net: NetFiles

    @property
    def style(self) -> LineStyle:
        """The style, ready to be measured."""
        return self.task.style(self.net.graphs)

    @property
    def n_notes(self) -> int:
        return self.lessons.learnt.n_notes

    def held_out_figures(self, songs: Sequence[UsedSong]) -> dict[str, float]:
        """Return what a note of songs that it has not seen costs it, for the card."""
        return {"bits_per_note_held_out": round(self.bits_per_note(songs), 3)}

    def bits_per_note(self, songs: Sequence[UsedSong]) -> float:
        """Return what songs that it has not seen cost it (training/line_evaluation.py)."""
        style = self.style
        each = (evaluate_lines(style, used.lines.lines) for used in songs if used.lines is not None)
        return sum(each, NO_LINES).bits_per_note

    def files(
        self, facts: StyleFacts, more_files: Mapping[str, bytes], *, with_weights: bool = True
    ) -> tuple[Manifest, dict[str, bytes]]:
        """Return the style's manifest and files, for bundle.store.save_style."""
        weights = {WEIGHTS_NAME: self.net.weights} if with_weights else {}
        return _files(self, facts, {**weights, **more_files})

    @property
    def notes(self) -> list[str]:
        """What a reader of the card should know of the training."""
        return list(self.outcome.sentences)

    @property
    def figures(self) -> dict[str, float]:
        """What the training says of itself, for the card."""
        by_counting = round(self.lessons.ngram_bits_per_note, 4)
        own = figures_of_step(self.outcome.choice.evaluation)
        return {**own, "bits_per_note_own_held_out_by_counting": by_counting}


def learn_line(
    songs: Sequence[SongLines],
    weights: Sequence[float],
    preset: Preset,
    kind: LineKind,
    run: RunFolder,
    budget: Budget,
    *,
    device: str = "auto",
    say: Callable[[str], None] = lambda line: None,
    progress: Callable[[str], AbstractContextManager[Report]],
) -> TrainedLine:
    """Learn from the lines of songs, each counted by its weight; `run` is held by run_folder.opened, and gone on with.

    `progress` opens a bar of that name. Raises CorpusError, WishError, StyleError, MachineError.
    """
    from bandroid.models.config import LineModel

    model, settings = preset.model, preset.training
    assert isinstance(model, LineModel) and settings is not None
    with progress("listening") as report:
        lessons = prepare(songs, weights, kind, report)
    task = LineTask(lessons, model, settings, find_device(device), run.name)
    with progress("training") as report:
        outcome = train(task, settings, run, task.yardsticks, budget, Listener(say, report))
    task.model.cpu()
    with on_cores(outcome.probe.threads):
        return TrainedLine(lessons, task, outcome, _net_files(task))


def _files(
    trained: TrainedLine, facts: StyleFacts, more_files: Mapping[str, bytes]
) -> tuple[Manifest, dict[str, bytes]]:
    learnt, style = trained.lessons.learnt, trained.style
    manifest = Manifest(
        name=facts.name,
        preset=facts.preset,
        summary=facts.summary,
        representation=kind_to_json(trained.lessons.kind),
        model={
            "facts": FACTS_VERSION,
            "parts": find_preset(facts.preset).parts,
            "longest_run": learnt.longest_run,
            "longest_gap_step": learnt.longest_gap_step,
            **trained.net.model,
        },
        defaults={
            "line_ups": [line_up.as_json() for line_up in learnt.line_ups],
            "velocities": learnt.typical.tolist(),
            HABIT_NAME: trained.lessons.copy_habit.as_json(),
        },
        training=Training(tuple(facts.songs), tuple(facts.sources), dict(facts.figures), tuple(facts.notes)),
        created_by=f"bandroid {__version__}",
    )
    # A few bars of a song held out: enough to see that the net says here what it said there.
    line = trained.lessons.held_out[0].line
    n_bars = min(_GOLDEN_BARS, int(np.searchsorted(line.bar_step, len(line))))
    files = {
        **trained.net.graphs,
        **more_files,
        GOLDEN_NAME: arrays_to_bytes(line_golden(style, excerpt(line, 0, n_bars))),
        INDEX_NAME: arrays_to_bytes(learnt.index.to_arrays()),
    }
    if learnt.harmony is not None:
        files[CHORDS_NAME] = arrays_to_bytes(learnt.harmony.to_arrays())
    return manifest, files


def _net_files(task: LineTask) -> NetFiles:
    net = task.model
    return exported(
        net,
        eight_bit_line(net),
        lambda one: loss_of(task, one),
        lambda one, is_int8: export_line(one, is_int8=is_int8),
        check_line_parity,
        {"net": as_json(net.config)},
    )


def eight_bit_line(net: LineNet) -> LineNet:
    """Return a net whose matrices are rounded as graphs of eight-bit constants hold them.

    What drums add to the table of facts goes into the table, as it does in the graphs.
    """
    whole = copy.deepcopy(net)
    if net.kind.is_drums:
        with torch.no_grad():
            whole.embedding.weight.copy_(net.table())
            whole.of_voice.zero_()
    return eight_bit_copy(whole)
