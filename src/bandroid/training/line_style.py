"""Learn a style of one line: record, train, export what came of it, write it down."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass

import numpy as np
import torch

from bandroid import __version__
from bandroid.bundle.arrays import arrays_to_bytes
from bandroid.bundle.export_line import check_line_parity, export_line
from bandroid.bundle.graph import rounded
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
from bandroid.training.probe import find_device, on_cores
from bandroid.training.quick_style import MOST_INT8_LOSS, WEIGHTS_NAME, NetFiles, figures_of_step, weights_to_bytes
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
    """Export a trained net, in eight bits where the songs held out lose next to nothing by it, and check the graphs."""
    net = task.model
    small = eight_bit_line(net)
    loss, small_loss = _held_out_loss(task, net), _held_out_loss(task, small)
    is_int8 = small_loss <= loss * (1 + MOST_INT8_LOSS)
    chosen = small if is_int8 else net
    graphs = export_line(chosen, is_int8=is_int8)
    worst = check_line_parity(chosen, graphs)
    model = {
        "net": as_json(net.config),
        "parameters": sum(parameter.numel() for parameter in net.parameters()),
        "weights": "int8" if is_int8 else "float32",
        "parity": float(f"{worst:.0e}"),
    }
    return NetFiles(graphs, model, weights_to_bytes(net.state_dict()))


def eight_bit_line(net: LineNet) -> LineNet:
    """Return a net whose matrices are rounded as graphs of eight-bit constants hold them.

    The table of facts is rounded as it is exported, with what drums add; drums' own share goes into it.
    """
    small = copy.deepcopy(net)
    with torch.no_grad():
        if net.kind.is_drums:
            small.embedding.weight.copy_(net.table())
            small.of_voice.zero_()
        for parameter in small.parameters():
            parameter.copy_(torch.from_numpy(rounded(parameter.detach().cpu().numpy())))
    return small


def _held_out_loss(task: LineTask, net: LineNet) -> float:
    """Return a net's held-out loss in place of the task's own."""
    own = task.model
    task.model = net.eval()
    try:
        with torch.no_grad():
            loss = float(task.evaluate()["loss"])
    finally:
        task.model = own
    return loss if math.isfinite(loss) else math.inf
