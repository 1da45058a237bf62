"""A trained space within a space as two ONNX graphs, checked against torch."""

from __future__ import annotations

import numpy as np
import torch

from bandroid.bundle.export import PARITY, as_array, difference
from bandroid.bundle.export_line import append_linear
from bandroid.bundle.graph import Graph
from bandroid.bundle.space_nodes import append_gelu
from bandroid.errors import StyleError
from bandroid.generation.net import open_graph
from bandroid.generation.personal_net import NARROW_GRAPH, WIDEN_GRAPH
from bandroid.models.personal import PersonalNet

LARGE = 4096
"""numbers of z from which graphs are kept in eight bits: those of a band of 16 bars would take 35 MB"""


def export_personal(net: PersonalNet) -> dict[str, bytes]:
    """Return the graphs by file name, in eight bits for a large space; the same weights give the same bytes."""
    size, own = net.centre.numel(), net.config.z_personal
    is_int8 = size >= LARGE
    narrow = Graph("narrow", is_int8=is_int8)
    z = narrow.input("z", "float32", ["batch", size])
    ordered = narrow.node("Sub", z, narrow.constant(as_array(net.centre)))
    ordered = narrow.node("Div", ordered, narrow.constant(as_array(net.scale)))
    both = append_linear(narrow, net.narrow, append_gelu(narrow, append_linear(narrow, net.enter, ordered)))
    mean, spread = narrow.nodes("Split", [both, narrow.constant([own, own])], 2, axis=1)
    low, high = (narrow.constant(np.array([limit], dtype=np.float32)) for limit in (-10.0, 4.0))
    spread = narrow.node("Max", narrow.node("Min", spread, high), low)
    widen = Graph("widen", is_int8=is_int8)
    personal = widen.input("personal", "float32", ["batch", own])
    found = append_linear(widen, net.leave, append_gelu(widen, append_linear(widen, net.widen, personal)))
    found = widen.node("Mul", found, widen.constant(as_array(net.scale)))
    found = widen.node("Add", found, widen.constant(as_array(net.centre)))
    return {
        NARROW_GRAPH: narrow.build((mean, "mean", ["batch", own]), (spread, "log_variance", ["batch", own])),
        WIDEN_GRAPH: widen.build((found, "z", ["batch", size])),
    }


def check_personal_parity(net: PersonalNet, graphs: dict[str, bytes]) -> float:
    """Return the largest difference between graphs and torch; raises StyleError above PARITY."""
    rng, worst = np.random.default_rng(0), 0.0
    was_training = net.training
    net.eval()
    narrow, widen = open_graph(graphs, NARROW_GRAPH), open_graph(graphs, WIDEN_GRAPH)
    for n in (1, 5):
        z = rng.normal(size=(n, net.centre.numel())).astype(np.float32)
        own = rng.normal(size=(n, net.config.z_personal)).astype(np.float32)
        with torch.no_grad():
            wanted = [*net.encode(torch.from_numpy(z)), net.decode(torch.from_numpy(own))]
        found = [*narrow.run(None, {"z": z}), *widen.run(None, {"personal": own})]
        worst = max(worst, *(difference(one, other.numpy()) for one, other in zip(found, wanted, strict=True)))
    net.train(was_training)
    if worst > PARITY:
        raise StyleError(f"the exported net differs from the trained one (by {worst:.2g}): please report this")
    return worst
