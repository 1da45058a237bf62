"""Learn a style with a net: count, record, train, export what came of it, in eight bits where that costs nothing."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass

from bandroid.bundle.export import check_parity, export_quick
from bandroid.bundle.manifest import Manifest
from bandroid.corpus.collect import UsedSong
from bandroid.generation.features import FEATURES_VERSION
from bandroid.generation.style import ScoreStyle
from bandroid.models.config import QuickModel
from bandroid.music.song import Song
from bandroid.presets import Preset
from bandroid.settings import as_json
from bandroid.training.evaluation import evaluate
from bandroid.training.loop import Budget, Listener, Outcome, train
from bandroid.training.net_files import WEIGHTS_NAME, NetFiles, eight_bit_copy, exported, figures_of_step, loss_of
from bandroid.training.probe import find_device, on_cores
from bandroid.training.quick import QuickTask
from bandroid.training.quick_lessons import QuickLessons, Report, prepare
from bandroid.training.run_folder import RunFolder
from bandroid.training.score_bundle import score_style
from bandroid.training.style_facts import StyleFacts

_LISTENING_SHARE = 0.6
"""of the time that there is; the rest is for training"""
_TELLING_SHARE = 0.05
"""of the songs; sooner, nobody knows how long the rest takes"""


@dataclass(frozen=True, slots=True, eq=False)
class Trained:
    """All that a style with a net is written from."""

    lessons: QuickLessons
    task: QuickTask
    outcome: Outcome
    net: NetFiles

    @property
    def style(self) -> ScoreStyle:
        """The style, ready to be measured."""
        return self.task.style(self.net.graphs)

    @property
    def n_notes(self) -> int:
        return self.lessons.learnt.n_notes

    def held_out_figures(self, songs: Sequence[UsedSong]) -> dict[str, float]:
        """Return what a note of songs that it has not seen costs it, for the card."""
        return {"bits_per_note_held_out": round(self.bits_per_note(songs), 3)}

    def bits_per_note(self, songs: Sequence[UsedSong]) -> float:
        """Return what songs that it has not seen cost it (training/evaluation.py)."""
        return evaluate(self.style.model, [used.song for used in songs]).bits_per_note

    def files(
        self, facts: StyleFacts, more_files: Mapping[str, bytes], *, with_weights: bool = True
    ) -> tuple[Manifest, dict[str, bytes]]:
        """Return the style's manifest and files, for bundle.store.save_style."""
        weights = {WEIGHTS_NAME: self.net.weights} if with_weights else {}
        return score_style(
            self.lessons.learnt,
            preset=facts.preset,
            name=facts.name,
            summary=facts.summary,
            songs=facts.songs,
            sources=facts.sources,
            figures=facts.figures,
            notes=facts.notes,
            graphs=self.net.graphs,
            net=self.net.model,
            more_files={**weights, **more_files},
        )

    @property
    def notes(self) -> list[str]:
        """What a reader of the card should know of the training."""
        n_recorded, n_songs = self.lessons.n_recorded, self.lessons.n_songs
        if n_recorded == n_songs:
            return list(self.outcome.sentences)
        some = f"all {n_songs} songs are counted; its net was trained and tested on {n_recorded} of them"
        return [some, *self.outcome.sentences]

    @property
    def figures(self) -> dict[str, float]:
        """What the training says of itself, for the card."""
        by_counting = round(self.lessons.ngram_bits_per_note, 4)
        return {
            **figures_of_step(self.outcome.choice.evaluation),
            "bits_per_note_own_held_out_by_counting": by_counting,
        }


def learn_quick(
    songs: Sequence[Song],
    weights: Sequence[float],
    preset: Preset,
    run: RunFolder,
    budget: Budget,
    *,
    device: str = "auto",
    say: Callable[[str], None] = lambda line: None,
    progress: Callable[[str], AbstractContextManager[Report]],
) -> Trained:
    """Learn from songs, each counted by its weight; `run` is held by run_folder.opened, and gone on with.

    `progress` opens a bar of that name. Raises CorpusError, WishError, StyleError, MachineError.
    """
    model, settings = preset.model, preset.training
    assert isinstance(model, QuickModel) and settings is not None
    target = find_device(device)
    with progress("listening") as report:
        lessons = _lessons(songs, weights, round(preset.counts_mb * 1e6), run, budget, say, report)
    task = QuickTask(lessons, model, settings, target, run.name)
    with progress("training") as report:
        outcome = train(task, settings, run, task.yardsticks, budget, Listener(say, report))
    task.model.cpu()
    with on_cores(outcome.probe.threads):
        return Trained(lessons, task, outcome, net_files(task))


def _lessons(
    songs: Sequence[Song],
    weights: Sequence[float],
    most_byte: int,
    run: RunFolder,
    budget: Budget,
    say: Callable[[str], None],
    report: Report,
) -> QuickLessons:
    """Prepare songs: as many of them as when the run began, or as many as leave enough of its time to train in."""
    before, begun_second, n_songs = run.facts().n_recorded, time.monotonic(), len(songs)
    left_second = math.inf if budget.deadline_second is None else budget.deadline_second - begun_second
    counting_second, is_told = math.nan, False

    def is_time_up() -> bool:
        return before is None and time.monotonic() - begun_second > _LISTENING_SHARE * left_second

    def told(done: int, total: int) -> None:
        nonlocal counting_second, is_told
        report(done, total)
        now_second = time.monotonic()
        if done == 0:  # all songs are ready, none is counted
            counting_second = now_second
        elif not is_told and n_songs * _TELLING_SHARE <= done < n_songs:
            needed_second = counting_second - begun_second + (now_second - counting_second) * n_songs / done
            if needed_second > left_second:
                is_told = True
                say(
                    f"counting {n_songs} songs takes about {needed_second / 60:.0f} minutes, and leaves none to train "
                    "in: give it more of them, or fewer songs"
                )

    lessons = prepare(songs, weights, told, most_byte=most_byte, most_recorded=before, is_time_up=is_time_up)
    if before is None:
        run.change_facts(n_recorded=lessons.n_recorded)
    return lessons


def net_files(task: QuickTask) -> NetFiles:
    """Export a task's net as it stands. Raises StyleError where the graphs are not what was trained."""
    net = task.model
    return exported(
        net,
        eight_bit_copy(net),
        lambda one: loss_of(task, one),
        lambda one, is_int8: export_quick(one, is_int8=is_int8),
        check_parity,
        {"features": FEATURES_VERSION, "net": as_json(net.config)},
    )
