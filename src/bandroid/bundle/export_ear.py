"""A trained ear as an ONNX graph, checked against torch."""

from __future__ import annotations

import numpy as np
import torch

from bandroid.bundle.export import PARITY, as_array, difference
from bandroid.bundle.export_line import append_linear, append_lstm
from bandroid.bundle.graph import Graph
from bandroid.bundle.space_nodes import append_symbols
from bandroid.errors import StyleError
from bandroid.generation.net import open_graph
from bandroid.generation.space_net import EAR_GRAPH
from bandroid.models.ear import PLACE, WIDTH, Ear
from bandroid.representations.window import PATCH_STEPS, WindowKind, patch_lengths


def export_ear(net: Ear, kind: WindowKind, *, is_int8: bool) -> dict[str, bytes]:
    """Return the graph by its file name; the same weights give the same bytes."""
    graph, n_patches = Graph("ear", is_int8=is_int8), kind.n_patches
    n_steps, size = n_patches * PATCH_STEPS, net.voice.grid.size
    symbols = graph.input("symbols", "int64", ["batch", n_patches, PATCH_STEPS])
    lengths = graph.input("lengths", "int64", ["batch", n_patches])
    last = graph.constant([-1])
    is_inside = graph.node("Less", graph.constant(np.arange(PATCH_STEPS)), graph.node("Unsqueeze", lengths, last))
    shown = graph.node("Where", is_inside, symbols, graph.constant([size]))
    # One step later, "not heard" before the first: padded in front, cut at the end.
    flat = graph.node("Reshape", shown, graph.constant([0, n_steps]))
    padded = graph.node("Pad", flat, graph.constant([0, 1, 0, 0]), graph.constant(np.array(size)))
    before = graph.node("Slice", padded, graph.constant([0]), graph.constant([n_steps]), graph.constant([1]))
    half = np.arange(n_patches)[:, None] % 2 * PATCH_STEPS + np.arange(PATCH_STEPS)
    places = graph.constant(as_array(net.places.weight)[half][None])
    of_lengths = graph.node("Gather", graph.weight(as_array(net.lengths.weight)), lengths)
    where = graph.node("Add", places, graph.node("Unsqueeze", of_lengths, graph.constant([2])))
    where = graph.node("Reshape", where, graph.constant([0, n_steps, PLACE]))
    x = graph.node("Concat", append_symbols(graph, net.symbols, before), where, axis=2)
    x = graph.node("Transpose", x, perm=[1, 0, 2])
    # Zeros of the batch's size: each window begins with an empty memory.
    batch = graph.node("Slice", graph.node("Shape", symbols), graph.constant([0]), graph.constant([1]))
    shape = graph.node("Concat", batch, graph.constant([WIDTH]), axis=0)
    empty = graph.node("Expand", graph.constant(np.zeros((1, 1), dtype=np.float32)), shape)
    heard, _, _ = append_lstm(graph, net.listen, x, empty, empty)
    scores = graph.node("LogSoftmax", append_linear(graph, net.say, heard), axis=2)
    wanted = graph.node("Transpose", graph.node("Reshape", symbols, graph.constant([0, n_steps])), perm=[1, 0])
    each = graph.node("GatherElements", scores, graph.node("Unsqueeze", wanted, last), axis=2)
    each = graph.node("Transpose", graph.node("Squeeze", each, last), perm=[1, 0])
    counted = graph.node("Where", graph.node("Reshape", is_inside, graph.constant([0, n_steps])), each, _zero(graph))
    nats = graph.node("Neg", graph.node("ReduceSum", counted, graph.constant([1]), keepdims=0))
    return {EAR_GRAPH: graph.build((nats, "nats", ["batch"]))}


def check_ear_parity(net: Ear, kind: WindowKind, graphs: dict[str, bytes]) -> float:
    """Return the largest difference between graph and torch, in nats a step; raises StyleError above PARITY."""
    rng, worst, session = np.random.default_rng(0), 0.0, open_graph(graphs, EAR_GRAPH)
    for n in (1, 5):
        symbols = rng.integers(0, net.voice.grid.size, (n, kind.n_patches, PATCH_STEPS))
        lengths = np.stack([patch_lengths(int(rng.integers(2, 2 * PATCH_STEPS + 1)), kind.n_bars) for _ in range(n)])
        with torch.no_grad():
            wanted = net(torch.from_numpy(symbols), torch.from_numpy(lengths)).numpy()
        found = session.run(None, {"symbols": symbols, "lengths": lengths})[0]
        worst = max(worst, difference(found / lengths.sum(axis=1), wanted / lengths.sum(axis=1)))
    if worst > PARITY:
        raise StyleError(f"the exported ear differs from the trained one (by {worst:.2g}): please report this")
    return worst


def _zero(graph: Graph) -> str:
    return graph.constant(np.array([0.0], dtype=np.float32))
