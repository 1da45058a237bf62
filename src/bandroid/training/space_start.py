"""Begin a latent space with spaces that were trained before: `learn --from STYLE`.

A voice takes over the net of a voice of the same name, else of one that has the same symbols, parts that of parts or
of a line: three voices over 16 bars begin with melodies and drums of two. What does not fit (more half bars, so more
that a cell may be) begins anew.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from bandroid.bundle.store import Bundle
from bandroid.errors import StyleError, WishError
from bandroid.generation.space_net import ENCODE_GRAPH, PLAN_GRAPH, WRITE_GRAPH
from bandroid.generation.space_style import NAME
from bandroid.models.vae import SpaceNet
from bandroid.representations.window import WINDOW_KINDS, Voice, WindowKind, kind_to_json
from bandroid.settings import as_json
from bandroid.training.graph_weights import weights_of_graphs

_SIZES = ("z_window", "z_slice", "width", "decoder", "embedding", "features")
"""settings that must be the same"""


def begin_with(net: SpaceNet, styles: Sequence[Bundle]) -> None:
    """Give a net's voices the weights of other spaces; raises WishError where a style can give none."""
    given = [(bundle, *_opened(bundle, net)) for bundle in styles]
    helped: set[str] = set()
    with torch.no_grad():
        for number, group in enumerate(net.groups):
            for bundle, kind, weights in given:
                source = _like(net.kind.voices[group[0]], kind)
                if source is not None:
                    _take(net.net(number).state_dict(), weights, f"voices.{source}.")
                    helped.add(bundle.name)
                    break
        for _, kind, weights in given:
            if _meanings(kind) == _meanings(net.kind):
                _take(net.state_dict(), weights, "")
    for bundle, kind, _ in given:
        if bundle.name not in helped:
            names = ", ".join(kind.names)
            raise WishError(f"--from {bundle.name}: it knows {names}, which this space has not; leave it out")


def _opened(bundle: Bundle, net: SpaceNet) -> tuple[WindowKind, dict[str, Tensor]]:
    manifest = bundle.manifest
    if manifest.representation.get("name") != NAME:
        raise WishError(f"--from {bundle.name}: it is no latent space; take one (bandroid styles list)")
    kind = next((one for one in WINDOW_KINDS.values() if kind_to_json(one) == manifest.representation), None)
    own: dict[str, Any] = as_json(net.config)
    theirs: Any = manifest.model.get("net", {})
    different = [name for name in _SIZES if own[name] != theirs.get(name)]
    if kind is None or different:
        raise WishError(
            f"--from {bundle.name}: its {', '.join(different) or 'representation'} differ from the preset's: leave "
            "--set for sizes out"
        )
    graphs = {name: bundle.read(name) for name in (ENCODE_GRAPH, PLAN_GRAPH, WRITE_GRAPH)}
    try:
        weights = weights_of_graphs(graphs, SpaceNet(net.config, kind))
    except Exception as error:  # onnx raises many kinds for what is no graph
        raise StyleError(f"style {bundle.name}: its weights cannot be read ({error})") from None
    return kind, weights


def _like(voice: Voice, kind: WindowKind) -> int | None:
    """Return which group of voices of a kind is most like one; None where none has its symbols."""
    first = [kind.voices[group[0]] for group in kind.groups]
    same = [number for number, other in enumerate(first) if other.grid == voice.grid]
    if voice.is_part and not same:  # a line is a part that strikes one note at a time
        same = [number for number, other in enumerate(first) if other.is_line]
    by_name = [number for number in same if first[number].name == voice.name]
    found = by_name or same
    return found[0] if found else None


def _meanings(kind: WindowKind) -> list[str]:
    """Return what each net is of: where they are the same, what voices hear of each other is, too."""
    return [kind.voices[group[0]].name for group in kind.groups]


def _take(own: dict[str, Tensor], weights: dict[str, Tensor], prefix: str) -> None:
    """Copy what has the same name; of a longer table the rows that both have."""
    for name, tensor in own.items():
        found = weights.get(prefix + name)
        if found is None or found.dim() != tensor.dim() or found.shape[1:] != tensor.shape[1:]:
            continue
        n = min(len(found), len(tensor))
        tensor[:n].copy_(found[:n].float())
