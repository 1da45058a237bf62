"""Learn with a net, whatever the preset's kind: what `learn` and the recipes ask for, and what they get."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, Protocol

from bandroid.bundle.manifest import Manifest
from bandroid.bundle.store import Bundle
from bandroid.corpus.collect import UsedSong
from bandroid.generation.line_facts import LINE_KINDS
from bandroid.models.chorale import ChoraleNet
from bandroid.models.config import ChoraleModel, LineModel, QuickModel, SpaceModel
from bandroid.models.line import LineNet
from bandroid.models.quick import QuickNet
from bandroid.models.vae import SpaceNet
from bandroid.presets import Preset
from bandroid.representations.window import WINDOW_KINDS
from bandroid.training.chorale_style import learn_chorale
from bandroid.training.line_style import learn_line
from bandroid.training.loop import Budget
from bandroid.training.personal_style import learn_personal
from bandroid.training.probe import find_device
from bandroid.training.quick import check_size
from bandroid.training.quick_style import learn_quick
from bandroid.training.run_folder import RunFolder
from bandroid.training.space_style import learn_space
from bandroid.training.style_facts import StyleFacts

Report = Callable[[int, int], None]


class TrainedStyle(Protocol):
    """A training that is over."""

    @property
    def n_notes(self) -> int:
        """Notes that it learnt from."""
        ...

    @property
    def figures(self) -> dict[str, float]:
        """What the training says of itself, for the card."""
        ...

    @property
    def notes(self) -> list[str]:
        """What a reader of the card should know of the training."""
        ...

    def held_out_figures(self, songs: Sequence[UsedSong]) -> dict[str, float]:
        """Return figures of songs that it has not seen, for the card."""
        ...

    def files(
        self, facts: StyleFacts, more_files: Mapping[str, bytes], *, with_weights: bool = True
    ) -> tuple[Manifest, dict[str, bytes]]:
        """Return the style's manifest and files, for bundle.store.save_style; its weights are to learn further from."""
        ...


def check_can_train(preset: Preset, device: str) -> None:
    """Raise WishError, MachineError for a net or a device that cannot be."""
    match preset.model:
        case QuickModel() as config:
            check_size(lambda: QuickNet(config))
        case LineModel() as line_config:
            check_size(lambda: LineNet(line_config, LINE_KINDS[preset.parts]))
        case ChoraleModel() as chorale_config:
            check_size(lambda: ChoraleNet(chorale_config))
        case SpaceModel() as space_config:
            check_size(lambda: SpaceNet(space_config, WINDOW_KINDS[preset.parts]))
    find_device(device)


def learn_with_net(
    songs: Sequence[UsedSong],
    weights: Sequence[float],
    preset: Preset,
    run: RunFolder,
    budget: Budget,
    *,
    start: Sequence[Bundle] = (),
    device: str = "auto",
    say: Callable[[str], None] = lambda line: None,
    progress: Callable[[str], AbstractContextManager[Report]],
) -> TrainedStyle:
    """Learn from songs, each counted by its weight; `run` is held by run_folder.opened, and gone on with.

    `start` are styles to begin with; `progress` opens a bar of that name. Raises CorpusError, WishError, StyleError,
    MachineError.
    """
    ways: dict[str, Any] = {"device": device, "say": say, "progress": progress}
    if preset.kind == "chorale":
        return learn_chorale(songs, weights, preset, run, budget, **ways)
    if preset.parts in LINE_KINDS:
        lines = [used.lines for used in songs if used.lines is not None]
        return learn_line(lines, weights, preset, LINE_KINDS[preset.parts], run, budget, **ways)
    if preset.kind == "personal":
        voices = [used.voices for used in songs if used.voices is not None]
        return learn_personal(voices, weights, preset, start[0], run, budget, **ways)
    if preset.parts in WINDOW_KINDS:
        voices = [used.voices for used in songs if used.voices is not None]
        return learn_space(voices, weights, preset, WINDOW_KINDS[preset.parts], run, budget, start=start, **ways)
    return learn_quick([used.song for used in songs], weights, preset, run, budget, **ways)
