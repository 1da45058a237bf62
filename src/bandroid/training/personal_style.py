"""Learn a folder's own space within a large one, and write it down: a style that carries both."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager

from bandroid.bundle.export_personal import LARGE, check_personal_parity, export_personal
from bandroid.bundle.store import Bundle
from bandroid.corpus.voices import SongVoices
from bandroid.errors import WishError
from bandroid.generation.space_net import EAR_GRAPH, ENCODE_GRAPH, PLAN_GRAPH, WRITE_GRAPH
from bandroid.generation.styles import load_space_style_for
from bandroid.models.config import PersonalModel
from bandroid.presets import Preset
from bandroid.settings import as_json
from bandroid.training.loop import Budget, Listener, train
from bandroid.training.net_files import NetFiles, eight_bit_copy, weights_to_bytes
from bandroid.training.personal import PersonalTask
from bandroid.training.probe import find_device, on_cores
from bandroid.training.run_folder import RunFolder
from bandroid.training.space_lessons import Report, prepare
from bandroid.training.space_style import TrainedSpace


def learn_personal(
    songs: Sequence[SongVoices],
    weights: Sequence[float],
    preset: Preset,
    base: Bundle,
    run: RunFolder,
    budget: Budget,
    *,
    device: str = "auto",
    say: Callable[[str], None] = lambda line: None,
    progress: Callable[[str], AbstractContextManager[Report]],
) -> TrainedSpace:
    """Learn where a folder's music lies in the space `base`; `run` is held by run_folder.opened, and gone on with.

    Raises CorpusError, WishError, StyleError, MachineError.
    """
    model, settings = preset.model, preset.training
    assert isinstance(model, PersonalModel) and settings is not None
    style = load_space_style_for(base)
    if "narrow.onnx" in base.manifest.files:
        raise WishError(f"--from {base.name}: it is a folder's own space already; take the large one it lies in")
    names = (ENCODE_GRAPH, PLAN_GRAPH, WRITE_GRAPH, EAR_GRAPH)
    graphs = {name: base.read(name) for name in names if name in base.manifest.files}
    with progress("listening") as report:
        lessons = prepare(songs, weights, style.kind, report)
    task = PersonalTask(lessons, graphs, model, settings, find_device(device), run.name)
    with progress("training") as report:
        outcome = train(task, settings, run, task.yardsticks, budget, Listener(say, report))
    task.model.cpu()
    with on_cores(outcome.probe.threads):
        if task.model.centre.numel() >= LARGE:
            task.model = eight_bit_copy(task.model)
        own = export_personal(task.model)
        facts = {
            "net": as_json(model),
            "base": base.name,
            "base_hash": base.style_hash,
            "parity": float(f"{check_personal_parity(task.model, own):.0e}"),
        }
        net = NetFiles({**graphs, **own}, facts, weights_to_bytes(task.model.state_dict()))
        return TrainedSpace(lessons, outcome, net, task.style(net.graphs))
