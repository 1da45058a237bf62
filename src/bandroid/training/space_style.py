"""Learn a latent space: gather windows, train, export what came of it, find where songs lie in it, write it down."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace

from bandroid import __version__
from bandroid.bundle.arrays import arrays_to_bytes
from bandroid.bundle.export_space import check_space_parity, export_space
from bandroid.bundle.manifest import Manifest, Training
from bandroid.bundle.store import Bundle
from bandroid.corpus.collect import UsedSong
from bandroid.corpus.voices import SongVoices, judging_windows
from bandroid.critique.copies import HABIT_NAME
from bandroid.critique.fingerprints import INDEX_NAME
from bandroid.generation.space_style import GOLDEN_NAME, PLACE_NAME, SPACE_VERSION, SpaceStyle, space_golden
from bandroid.models.config import SpaceModel
from bandroid.presets import Preset
from bandroid.representations.window import WindowKind, kind_to_json, parts_of, patches_of
from bandroid.settings import as_json
from bandroid.training.ear import learn_ear
from bandroid.training.loop import Budget, Listener, Outcome, train
from bandroid.training.net_files import NetFiles, eight_bit_copy, exported, figures_of_step, loss_of
from bandroid.training.probe import find_device, on_cores
from bandroid.training.run_folder import RunFolder
from bandroid.training.space import SpaceTask
from bandroid.training.space_evaluation import accuracy
from bandroid.training.space_lessons import Report, SpaceLessons, prepare
from bandroid.training.space_start import begin_with
from bandroid.training.style_facts import StyleFacts

MOST_INT8_LOSS = 0.03
"""eight bits may cost this share of the held-out loss: half of that is z, which rounding moves a little, and onsets
that come back differ by a few in a thousand"""
_GOLDEN_WINDOWS = 2
_MOST_WINDOWS = 1000


@dataclass(frozen=True, slots=True, eq=False)
class TrainedSpace:
    """All that a latent space is written from."""

    lessons: SpaceLessons
    outcome: Outcome
    net: NetFiles
    style: SpaceStyle
    """ready to be measured"""
    ear_bits: float = math.nan
    """what a step of held-out windows costs the ear; nan where there is none"""

    @property
    def n_notes(self) -> int:
        return self.lessons.n_notes

    @property
    def figures(self) -> dict[str, float]:
        """What the training says of itself, for the card."""
        own = figures_of_step(self.outcome.choice.evaluation)
        own["bits_per_step_own_held_out"] = own.pop("bits_per_note_own_held_out")
        ear = {} if math.isnan(self.ear_bits) else {"ear_bits_per_step_own_held_out": round(self.ear_bits, 4)}
        watched = {name: round(value, 3) for name, value in self.outcome.choice.evaluation.watched.items()}
        return {
            **own,
            "onsets_right_own_held_out": round(self.outcome.choice.evaluation.held_out_accuracy or 0.0, 4),
            **watched,
            **ear,
        }

    @property
    def notes(self) -> list[str]:
        """What a reader of the card should know of the training."""
        return list(self.outcome.sentences)

    def held_out_figures(self, songs: Sequence[UsedSong]) -> dict[str, float]:
        """Return how well windows of songs that it has not seen come back."""
        windows = judging_windows(
            [used.voices for used in songs if used.voices is not None], self.lessons.kind, _MOST_WINDOWS
        )
        if not windows:
            return {}
        patches = patches_of(windows, self.lessons.kind)
        right, onsets = accuracy(self.style.runtime, patches, self.style.runtime.encode(patches).mean)
        return {"steps_right_held_out": round(right, 4), "onsets_right_held_out": round(onsets, 4)}

    def files(
        self, facts: StyleFacts, more_files: Mapping[str, bytes], *, with_weights: bool = True
    ) -> tuple[Manifest, dict[str, bytes]]:
        """Return the style's manifest and files, for bundle.store.save_style.

        Its graphs hold all weights (training/graph_weights.py), so `with_weights` adds none.
        """
        return _files(self, facts, more_files)


def learn_space(
    songs: Sequence[SongVoices],
    weights: Sequence[float],
    preset: Preset,
    kind: WindowKind,
    run: RunFolder,
    budget: Budget,
    *,
    start: Sequence[Bundle] = (),
    device: str = "auto",
    say: Callable[[str], None] = lambda line: None,
    progress: Callable[[str], AbstractContextManager[Report]],
) -> TrainedSpace:
    """Learn from the voices of songs, each counted by its weight; `run` is held by run_folder.opened, and gone on with.

    `start` are spaces to begin with; `progress` opens a bar of that name. Raises CorpusError, WishError, StyleError,
    MachineError.
    """
    model, settings = preset.model, preset.training
    assert isinstance(model, SpaceModel) and settings is not None
    with progress("listening") as report:
        lessons = prepare(songs, weights, kind, report)
    task = SpaceTask(lessons, model, settings, find_device(device), run.name)
    begin_with(task.model, start)
    with progress("training") as report:
        outcome = train(task, settings, run, task.yardsticks, budget, Listener(say, report))
    task.model.cpu()
    with on_cores(outcome.probe.threads), progress("hearing") as report:
        net = _net_files(task)
        ear, ear_bits = learn_ear(lessons, outcome.choice.evaluation.step, settings.seed, report)
        net = replace(net, graphs={**net.graphs, **ear})
        return TrainedSpace(lessons, outcome, net, task.style(net.graphs), ear_bits)


def _net_files(task: SpaceTask) -> NetFiles:
    net = task.model
    return exported(
        net,
        eight_bit_copy(net),
        lambda one: loss_of(task, one),
        lambda one, is_int8: export_space(one, is_int8=is_int8),
        check_space_parity,
        {"net": as_json(net.config)},
        MOST_INT8_LOSS,
    )


def _files(
    trained: TrainedSpace, facts: StyleFacts, more_files: Mapping[str, bytes]
) -> tuple[Manifest, dict[str, bytes]]:
    style, lessons = trained.style, trained.lessons
    manifest = Manifest(
        name=facts.name,
        preset=facts.preset,
        summary=facts.summary,
        representation=kind_to_json(lessons.kind),
        model={"space": SPACE_VERSION, "parts": parts_of(lessons.kind), **trained.net.model},
        defaults={"line_ups": [band.as_json() for band in style.bands], HABIT_NAME: lessons.copy_habit.as_json()},
        training=Training(tuple(facts.songs), tuple(facts.sources), dict(facts.figures), tuple(facts.notes)),
        created_by=f"bandroid {__version__}",
    )
    n_golden = min(_GOLDEN_WINDOWS, len(lessons.held_out))
    files = {
        **trained.net.graphs,
        **more_files,
        PLACE_NAME: arrays_to_bytes(style.place.to_arrays()),
        GOLDEN_NAME: arrays_to_bytes(space_golden(style, lessons.held_out.rows(slice(0, n_golden)))),
        INDEX_NAME: arrays_to_bytes(lessons.index.to_arrays()),
    }
    return manifest, files
