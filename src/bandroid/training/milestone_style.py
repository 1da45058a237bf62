"""A milestone as a style: weights from the way there, in place of those that were kept in the end.

All that was counted stays as it is; graphs, weights, golden outputs and figures are the milestone's. So epoch 25 can be
heard against epoch 150.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, TypeVar

import numpy as np
import torch
from torch import Tensor, nn

from bandroid.bundle.arrays import arrays_to_bytes
from bandroid.bundle.export import check_parity, export_quick
from bandroid.bundle.export_chorale import check_chorale_parity, export_chorale
from bandroid.bundle.export_line import check_line_parity, export_line
from bandroid.bundle.manifest import CARD_NAME, Manifest
from bandroid.bundle.store import Bundle, find_style, style_names
from bandroid.errors import RunError, WishError
from bandroid.generation.chorale_net import ChoraleRuntime
from bandroid.generation.chorale_style import GOLDEN_NAME as CHORALE_GOLDEN_NAME
from bandroid.generation.chorale_style import NAME as CHORALE
from bandroid.generation.chorale_style import chorale_golden, load_chorale_style
from bandroid.generation.line_net import LineRuntime
from bandroid.generation.line_style import GOLDEN_NAME, golden_line, line_golden, load_line_style
from bandroid.generation.line_style import NAME as LINE
from bandroid.generation.space_style import NAME as WINDOW
from bandroid.generation.style import COUNTS_NAME, load_style
from bandroid.models.chorale import ChoraleNet
from bandroid.models.config import ChoraleModel, LineModel, QuickModel
from bandroid.models.line import LineNet
from bandroid.models.quick import QuickNet
from bandroid.settings import from_json
from bandroid.training.instant import Learnt
from bandroid.training.judging import Evaluation
from bandroid.training.line_style import eight_bit_line
from bandroid.training.milestones import load_milestone
from bandroid.training.net_files import WEIGHTS_NAME, eight_bit_copy, figures_of_step, weights_to_bytes
from bandroid.training.run_folder import RunFolder
from bandroid.training.score_bundle import score_style

Net = TypeVar("Net", bound=nn.Module)
_CURVES_NAME = "curves.svg"
_OF_THE_END = ("bits_per_note_held_out", "nats_per_cell_held_out")
"""figures that were measured on the weights kept in the end, and that the milestone was not measured for"""


def style_of_milestone(run: RunFolder, finished: Bundle, step: int, name: str) -> tuple[Manifest, dict[str, bytes]]:
    """Return manifest and files of a new style, for bundle.store.save_style; `finished` is what the run ended with.

    Raises RunError where the milestone is not there or does not fit, and where `finished` came from another run;
    StyleError where `finished` is damaged.
    """
    check_from_run(run, finished)
    if finished.manifest.representation.get("name") == WINDOW:
        raise RunError(
            f"run {run.name} trains a latent space, and where music lies in it was measured at the end alone: its "
            f"milestones cannot become styles; learn ... --steps {step} --name other trains to that step"
        )
    weights, evaluation = load_milestone(run, step)
    if finished.manifest.representation.get("name") == LINE:
        return _of_line(run, finished, evaluation, weights, name)
    if finished.manifest.representation.get("name") == CHORALE:
        return _of_chorale(run, finished, evaluation, weights, name)
    old, model = finished.manifest, finished.manifest.model
    style = load_style(finished)
    if style.index is None:
        raise RunError(f"style {finished.name} travels without fingerprints of its songs: learn it again with --force")
    is_int8 = model.get("weights") == "int8"
    net = _with_weights(run, step, QuickModel, QuickNet, model, weights)
    exported = eight_bit_copy(net) if is_int8 else net
    graphs = export_quick(exported, is_int8=is_int8)
    parity = check_parity(exported, graphs)
    counts = {key: array for key, array in finished.arrays(COUNTS_NAME).items() if not key.startswith("weight")}
    figures = {key: value for key, value in old.training.figures.items() if key not in _OF_THE_END}
    learnt = Learnt(
        counts=counts,
        weights=dict(style.weights),
        order=style.order,
        line_ups=style.line_ups,
        n_notes=int(figures.get("notes", 0)),
        index=style.index,
    )
    more_files = {WEIGHTS_NAME: weights_to_bytes(net.state_dict())}
    if _CURVES_NAME in old.files:
        more_files[_CURVES_NAME] = finished.read(_CURVES_NAME)
    return score_style(
        learnt,
        preset=old.preset,
        name=name,
        summary=f"{old.summary}: step {step} of {run.name}",
        songs=old.training.songs,
        sources=old.training.sources,
        figures=figures | figures_of_step(evaluation),
        notes=[*_notes_of_songs(run, old), _sentence(run, evaluation)],
        graphs=graphs,
        net={**model, "parity": float(f"{parity:.0e}")},
        more_files=more_files,
    )


def _of_line(
    run: RunFolder, finished: Bundle, evaluation: Evaluation, weights: Mapping[str, Tensor], name: str
) -> tuple[Manifest, dict[str, bytes]]:
    """Do the same for a style of one line."""
    old, kind = finished.manifest, load_line_style(finished).kind
    is_int8 = old.model.get("weights") == "int8"
    net = _with_weights(run, evaluation.step, LineModel, lambda config: LineNet(config, kind), old.model, weights)
    exported = eight_bit_line(net) if is_int8 else net
    graphs = export_line(exported, is_int8=is_int8)
    parity = check_line_parity(exported, graphs)
    style = replace(load_line_style(finished), runtime=LineRuntime(graphs, kind))
    golden = line_golden(style, golden_line(finished))
    new_files = {**graphs, GOLDEN_NAME: arrays_to_bytes(golden), WEIGHTS_NAME: weights_to_bytes(net.state_dict())}
    return _rewritten(run, finished, evaluation, name, new_files, parity, figures_of_step(evaluation))


def _of_chorale(
    run: RunFolder, finished: Bundle, evaluation: Evaluation, weights: Mapping[str, Tensor], name: str
) -> tuple[Manifest, dict[str, bytes]]:
    """Do the same for a style of four voices."""
    model, style = finished.manifest.model, load_chorale_style(finished)
    is_int8 = model.get("weights") == "int8"
    net = _with_weights(run, evaluation.step, ChoraleModel, ChoraleNet, model, weights)
    exported = eight_bit_copy(net) if is_int8 else net
    graphs = export_chorale(exported, is_int8=is_int8)
    parity = check_chorale_parity(exported, graphs)
    frames = np.asarray(finished.arrays(CHORALE_GOLDEN_NAME)["frames"], dtype=np.int64)
    golden = chorale_golden(replace(style, runtime=ChoraleRuntime(graphs)), frames)
    figures = figures_of_step(evaluation)
    figures["bits_per_cell_own_held_out"] = figures.pop("bits_per_note_own_held_out")
    new_files = {**graphs, CHORALE_GOLDEN_NAME: arrays_to_bytes(golden)}
    return _rewritten(run, finished, evaluation, name, new_files, parity, figures)


def _rewritten(
    run: RunFolder,
    finished: Bundle,
    evaluation: Evaluation,
    name: str,
    new_files: Mapping[str, bytes],
    parity: float,
    new_figures: Mapping[str, float],
) -> tuple[Manifest, dict[str, bytes]]:
    """Return a style with some files in place of its own, and what is to be said of it now."""
    old = finished.manifest
    files = {file_name: finished.read(file_name) for file_name in old.files}
    files.pop(CARD_NAME, None)
    files |= new_files
    figures = {key: value for key, value in old.training.figures.items() if key not in _OF_THE_END}
    training = replace(
        old.training,
        figures=figures | dict(new_figures),
        notes=(*_notes_of_songs(run, old), _sentence(run, evaluation)),
    )
    manifest = replace(
        old,
        name=name,
        summary=f"{old.summary}: step {evaluation.step} of {run.name}",
        model={**old.model, "parity": float(f"{parity:.0e}")},
        training=training,
        files={},
    )
    return manifest, files


def finished_style(run: RunFolder) -> Bundle:
    """Return the style that a run ended with; raises RunError where there is none yet, or not any more."""
    if run.name not in style_names():
        raise _unfinished(run)
    return find_style(run.name)


def check_from_run(run: RunFolder, finished: Bundle) -> None:
    """Raise RunError where a run has no end yet, or where a style is not what it ended with."""
    facts, manifest = run.facts(), finished.manifest
    if not facts.outcome:
        raise _unfinished(run)
    learnt = sorted(song.sha256 for song in facts.songs if song.split == "train")
    in_style = sorted(song.sha256 for song in manifest.training.songs if song.split == "train")
    is_same = manifest.preset == facts.preset and learnt == in_style
    if not is_same or manifest.training.figures.get("steps") != facts.outcome.get("step"):
        raise RunError(
            f"style {finished.name} did not come from run {run.name} as it is now: "
            f"bandroid learn ... --name {run.name} --resume writes it again"
        )


def _unfinished(run: RunFolder) -> RunError:
    return RunError(
        f"run {run.name} has not come to a style of its own yet: bandroid learn ... --name {run.name} --resume "
        "first (with --steps 1 it ends where it is)"
    )


def _with_weights(
    run: RunFolder,
    step: int,
    kind: type[Any],
    net_of: Callable[[Any], Net],
    model: Mapping[str, Any],
    weights: Mapping[str, Tensor],
) -> Net:
    """Return the style's net with a milestone's weights, `kind` its configuration; raises RunError for a misfit."""
    try:
        net = net_of(from_json(kind, model["net"]))
        averaged = {name: tensor.float() for name, tensor in weights.items()}
        with torch.no_grad():
            net.load_state_dict(averaged)
    except (KeyError, TypeError, RuntimeError, WishError):
        raise RunError(f"run {run.name}: the milestone of step {step} does not fit the net of its style") from None
    return net.eval()


def _notes_of_songs(run: RunFolder, manifest: Manifest) -> list[str]:
    """Return a style's notes without the sentences on how its training ended."""
    outcome = run.facts().outcome or {}
    of_the_end = [str(outcome[word]) for word in ("ended_because", "kept_because") if outcome.get(word)]
    return [note for note in manifest.training.notes if not any(note.endswith(words) for words in of_the_end)]


def _sentence(run: RunFolder, one: Evaluation) -> str:
    problem = f"; its sample {one.problem}" if one.problem else ""
    kept = (run.facts().outcome or {}).get("step")
    which = "what was kept in the end" if one.step == kept else f"step {kept} was kept in the end"
    return f"a milestone of run {run.name}: step {one.step}, epoch {one.epoch:.1f}; {which}{problem}"
