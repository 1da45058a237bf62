"""Learn four voices: divide pieces by their tunes, train, export what came of it, write it down."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from bandroid import __version__
from bandroid.bundle.arrays import arrays_to_bytes
from bandroid.bundle.export_chorale import check_chorale_parity, export_chorale
from bandroid.bundle.manifest import Manifest, Training
from bandroid.corpus.collect import UsedSong
from bandroid.critique.copies import HABIT_NAME
from bandroid.critique.fingerprints import INDEX_NAME
from bandroid.generation.chorale_compose import for_cells
from bandroid.generation.chorale_critic import learn_critic
from bandroid.generation.chorale_net import ChoraleRuntime
from bandroid.generation.chorale_style import (
    CHORALE_VERSION,
    CRITIC_NAME,
    GOLDEN_NAME,
    NAME,
    PIECES_NAME,
    ChoraleStyle,
    chorale_golden,
    pieces_to_arrays,
)
from bandroid.generation.sampling import USUAL
from bandroid.models.config import ChoraleModel
from bandroid.presets import Preset
from bandroid.representations.chorale import N_COLUMNS, N_VOICES
from bandroid.settings import as_json
from bandroid.training.chorale import ChoraleTask, nats_per_cell
from bandroid.training.chorale_lessons import ChoraleLessons, prepare
from bandroid.training.loop import Budget, Listener, Outcome, train
from bandroid.training.net_files import NetFiles, eight_bit_copy, exported, figures_of_step, loss_of
from bandroid.training.probe import find_device, on_cores
from bandroid.training.run_folder import RunFolder
from bandroid.training.style_facts import StyleFacts

_GOLDEN_FRAMES = 32
Report = Callable[[int, int], None]


@dataclass(frozen=True, slots=True, eq=False)
class TrainedChorale:
    """All that a style of four voices is written from."""

    lessons: ChoraleLessons
    outcome: Outcome
    net: NetFiles
    style: ChoraleStyle
    """ready to be measured"""
    unseen: tuple[NDArray[np.int64], ...] = ()
    """frames of more pieces that it has not learnt, for a quiz"""

    @property
    def n_notes(self) -> int:
        return self.lessons.n_notes

    @property
    def figures(self) -> dict[str, float]:
        """What the training says of itself, for the card."""
        own = figures_of_step(self.outcome.choice.evaluation)
        own["bits_per_cell_own_held_out"] = own.pop("bits_per_note_own_held_out")
        return own | {name: round(value, 4) for name, value in self.outcome.choice.evaluation.watched.items()}

    @property
    def notes(self) -> list[str]:
        """What a reader of the card should know of the training."""
        return list(self.outcome.sentences)

    def held_out_figures(self, songs: Sequence[UsedSong]) -> dict[str, float]:
        """Return what a cell of pieces costs that it has not seen."""
        pieces = [used.frames for used in songs if used.frames is not None]
        return {"nats_per_cell_held_out": round(nats_per_cell(self.style.runtime, pieces), 4)} if pieces else {}

    def files(
        self, facts: StyleFacts, more_files: Mapping[str, bytes], *, with_weights: bool = True
    ) -> tuple[Manifest, dict[str, bytes]]:
        """Return the style's manifest and files, for bundle.store.save_style.

        Its graphs hold all weights, so `with_weights` adds none.
        """
        style, lessons = self.style, self.lessons
        manifest = Manifest(
            name=facts.name,
            preset=facts.preset,
            summary=facts.summary,
            representation={"name": NAME, "steps_per_quarter": 4},
            model={"chorale": CHORALE_VERSION, "parts": "chorale", **self.net.model},
            defaults={
                "line_ups": [
                    {"opening": opening.as_json(), "habits": habits.as_json()}
                    for opening, habits in zip(lessons.openings, lessons.habits, strict=True)
                ],
                HABIT_NAME: lessons.copy_habit.as_json(),
            },
            training=Training(tuple(facts.songs), tuple(facts.sources), dict(facts.figures), tuple(facts.notes)),
            created_by=f"bandroid {__version__}",
        )
        files = {
            **self.net.graphs,
            **more_files,
            PIECES_NAME: arrays_to_bytes(
                {
                    **pieces_to_arrays(style.pieces, "pieces", N_VOICES),
                    **pieces_to_arrays(self.unseen or style.held_out, "held_out", N_COLUMNS),
                }
            ),
            CRITIC_NAME: arrays_to_bytes(style.critic.to_arrays()),
            GOLDEN_NAME: arrays_to_bytes(chorale_golden(style, lessons.held_out[0][:_GOLDEN_FRAMES])),
            INDEX_NAME: arrays_to_bytes(lessons.index.to_arrays()),
        }
        return manifest, files


def learn_chorale(
    songs: Sequence[UsedSong],
    weights: Sequence[float],
    preset: Preset,
    run: RunFolder,
    budget: Budget,
    *,
    device: str = "auto",
    say: Callable[[str], None] = lambda line: None,
    progress: Callable[[str], AbstractContextManager[Report]],
) -> TrainedChorale:
    """Learn from songs in four voices, each counted by its weight; `run` is held by run_folder.opened.

    It is gone on with where it was broken off; `progress` opens a bar of that name. Raises CorpusError, WishError,
    StyleError, MachineError.
    """
    model, settings = preset.model, preset.training
    assert isinstance(model, ChoraleModel) and settings is not None
    taken = [(used.song, used.frames) for used in songs if used.frames is not None]
    with progress("listening") as report:
        lessons = prepare([song for song, _ in taken], [frames for _, frames in taken], weights, report)
    task = ChoraleTask(lessons, model, settings, find_device(device), run.name)
    with progress("training") as report:
        outcome = train(task, settings, run, task.yardsticks, budget, Listener(say, report))
    task.model.cpu()
    with on_cores(outcome.probe.threads):
        net = exported(
            task.model,
            eight_bit_copy(task.model),
            lambda one: loss_of(task, one),
            lambda one, is_int8: export_chorale(one, is_int8=is_int8),
            check_chorale_parity,
            {"net": as_json(model)},
        )
        with progress("listening to itself") as report:
            critic = learn_critic(ChoraleRuntime(net.graphs), lessons.pieces, for_cells(USUAL), settings.seed, report)
        return TrainedChorale(lessons, outcome, net, replace(task.style(net.graphs), critic=critic))
