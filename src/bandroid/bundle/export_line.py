"""A trained `line` net as ONNX graphs: one that hears steps and scores what comes, one for velocities; checked against
torch. What attention does with its queries and keys is done by the runtime (generation/line_net.py)."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from onnx import TensorProto
from torch import nn

from bandroid.bundle.export import PARITY, as_array, difference, random_columns
from bandroid.bundle.graph import Graph
from bandroid.errors import StyleError
from bandroid.generation.line_facts import N_LOUD
from bandroid.generation.line_net import LINE_GRAPH, LOUD_GRAPH, LineRuntime
from bandroid.models.line import LOUD_WIDTH, MIDDLE_C, N_INTERVALS, N_PITCHES, LineNet
from bandroid.representations.grid import FIRST_NOTE, LOWEST_PITCH

_SHAPES = ((1, 1), (3, 7), (8, 40))
"""lines and steps that parity is checked at"""


def export_line(net: LineNet, *, is_int8: bool) -> dict[str, bytes]:
    """Return the graphs by file name; the same weights give the same bytes. `check_line_parity` says if they are
    right.
    """
    return {LINE_GRAPH: _line(net, is_int8), LOUD_GRAPH: _loud(net, is_int8)}


def check_line_parity(net: LineNet, graphs: dict[str, bytes]) -> float:
    """Return the largest difference between graphs and torch at three shapes; raises StyleError above PARITY."""
    was_training, runtime, rng, worst = net.training, LineRuntime(graphs, net.kind), np.random.default_rng(0), 0.0
    net.eval()
    kind, size = net.kind, net.state_size
    for n_lines, n_steps in _SHAPES:
        columns = random_columns(kind.sizes, (n_lines, n_steps), rng)
        pointers = rng.integers(0, kind.grid.size + 1, (n_lines, n_steps, kind.n_pointers))
        bases = random_columns((kind.grid.size, 12, 12, 11), (n_lines, n_steps), rng)
        bases[:, :, 0] = np.where(bases[:, :, 0] < FIRST_NOTE, 0, bases[:, :, 0])
        state = tuple(rng.normal(size=(n_lines, size)).astype(np.float32) for _ in range(2))
        loud_columns = random_columns(kind.loud_sizes, (n_steps,), rng)
        with torch.no_grad():
            wanted = net.hear(
                torch.from_numpy(columns),
                torch.from_numpy(pointers),
                torch.from_numpy(bases),
                (torch.from_numpy(state[0]), torch.from_numpy(state[1])),
            )
            loud = net.loud_scores(wanted.states[0], torch.from_numpy(loud_columns))
        found = runtime.hear(columns, pointers, bases, (state[0], state[1]))
        pairs = [(found.scores, wanted.scores), (found.states, wanted.states), (found.attention, wanted.attention)]
        pairs += list(zip(found.after, wanted.after, strict=True))
        pairs.append((runtime.loud_scores(found.states[0], loud_columns), loud))
        worst = max(worst, *(difference(a, b.numpy()) for a, b in pairs))
    net.train(was_training)
    if worst > PARITY:
        raise StyleError(f"the exported net differs from the trained one (by {worst:.2g}): please report this")
    return worst


def _line(net: LineNet, is_int8: bool) -> bytes:
    """Columns, pointers, bases and state -> scores, states, attention, state after."""
    graph, kind = Graph("line", is_int8=is_int8), net.kind
    columns = graph.input("columns", "int64", ["batch", "time", len(kind.sizes)])
    pointers = graph.input("pointers", "int64", ["batch", "time", kind.n_pointers])
    bases = graph.input("bases", "int64", ["batch", "time", 4])
    starts = [graph.input(name, "float32", ["batch", net.state_size]) for name in ("hidden", "cell")]
    rows = graph.node("Add", columns, graph.constant(net.offset.numpy()))
    if not net.config.lookback:
        rows = graph.node("Gather", rows, graph.constant(net.used_columns), axis=2)
        # An input must be used.
        nothing = graph.node("Mul", graph.node("ReduceSum", pointers, graph.constant([2])), graph.constant([0]))
        rows = graph.node("Add", rows, nothing)
    found = graph.node("Gather", graph.weight(as_array(net.table())), rows)
    facts = graph.node("ReduceSum", found, graph.constant([2]), keepdims=0)
    x = graph.node("Transpose", facts, perm=[1, 0, 2])
    split = [[start] for start in starts]
    if len(net.config.layers) > 1:
        split = [
            graph.nodes("Split", [s, graph.constant(net.config.layers)], len(net.config.layers), axis=1) for s in starts
        ]
    afters: list[tuple[str, str]] = []
    for lstm, h, c in zip(net.layers, *split, strict=True):
        assert isinstance(lstm, nn.LSTM)
        x, *after = append_lstm(graph, lstm, x, h, c)
        afters.append((after[0], after[1]))
    states = graph.node("Transpose", x, perm=[1, 0, 2])
    z = graph.node("Concat", states, facts, axis=2)
    for layer in (net.hidden, net.hidden2):
        z = graph.node("Relu", append_linear(graph, layer, z))
    scores = append_linear(graph, net.out, z)
    if kind.is_drums:
        struck = append_linear(graph, net.relatives["struck"], z)
        scores = graph.node("Add", scores, graph.node("MatMul", struck, graph.constant(net.bits.numpy().T)))
        nothing = graph.node("Cast", graph.node("ReduceSum", bases, graph.constant([2])), to=TensorProto.FLOAT)
        scores = graph.node("Add", scores, graph.node("Mul", nothing, graph.constant(np.zeros(1, dtype=np.float32))))
    else:
        by_pitch = _by_pitch(graph, net, z, bases)
        scores = graph.node("Add", scores, graph.node("Pad", by_pitch, graph.constant([0, 0, FIRST_NOTE, 0, 0, 0])))
    if net.config.lookback:
        meant = graph.node("Unsqueeze", pointers, graph.constant([3]))
        outcome = graph.constant(np.arange(1, kind.grid.size + 1)[None, None, None])
        is_meant = graph.node("Cast", graph.node("Equal", meant, outcome), to=TensorProto.FLOAT)
        strength = graph.node("Unsqueeze", append_linear(graph, net.relatives["pointers"], z), graph.constant([2]))
        pointed = graph.node("Squeeze", graph.node("MatMul", strength, is_meant), graph.constant([2]))
        scores = graph.node("Add", scores, pointed)
    if net.config.attention:
        attention = append_linear(graph, net.relatives["attention"], z)
    else:
        attention = graph.node("Slice", z, graph.constant([0]), graph.constant([0]), graph.constant([2]))
    after = [graph.node("Concat", *part, axis=1) if len(part) > 1 else part[0] for part in zip(*afters, strict=True)]
    return graph.build(
        (scores, "scores", ["batch", "time", kind.grid.size]),
        (states, "states", ["batch", "time", net.config.layers[-1]]),
        (attention, "attention", ["batch", "time", 2 * net.config.attention + 1 if net.config.attention else 0]),
        (after[0], "hidden_after", ["batch", net.state_size]),
        (after[1], "cell_after", ["batch", net.state_size]),
    )


def append_lstm(graph: Graph, lstm: nn.LSTM, x: str, hidden: str, cell: str) -> tuple[str, str, str]:
    """Append a layer: float32[T, B, in], float32[B, units] twice -> all states float32[T, B, units], both last ones."""
    weights = dict(lstm.named_parameters())
    zero = graph.constant([0])

    def gates(name: str) -> NDArray[np.float32]:
        # torch keeps input, forget, cell, output; ONNX wants input, output, forget, cell.
        into, forget, new, out = np.split(as_array(weights[name]), 4)
        return np.concatenate([into, out, forget, new])

    inputs = [
        x,
        graph.node("Unsqueeze", graph.weight(gates("weight_ih_l0")), zero),
        graph.node("Unsqueeze", graph.weight(gates("weight_hh_l0")), zero),
        graph.constant(np.concatenate([gates("bias_ih_l0"), gates("bias_hh_l0")])[None]),
        "",
        graph.node("Unsqueeze", hidden, zero),
        graph.node("Unsqueeze", cell, zero),
    ]
    states, last, last_cell = graph.nodes("LSTM", inputs, 3, hidden_size=lstm.hidden_size)
    squeezed = (graph.node("Squeeze", one, zero) for one in (last, last_cell))
    return graph.node("Squeeze", states, graph.constant([1])), *squeezed  # type: ignore[return-value]


def _by_pitch(graph: Graph, net: LineNet, z: str, bases: str) -> str:
    pitch = np.arange(N_PITCHES)[None, None]
    last, tonic, root, quality = graph.nodes("Split", [bases, graph.constant([1, 1, 1, 1])], 4, axis=2)
    is_first = graph.node("Equal", last, graph.constant([0]))
    base = graph.node("Where", is_first, graph.constant([MIDDLE_C]), last)
    interval = graph.node("Sub", graph.constant(pitch + FIRST_NOTE + N_INTERVALS // 2), base)
    interval = graph.node("Min", graph.node("Max", interval, graph.constant([0])), graph.constant([N_INTERVALS - 1]))
    twelve, height = graph.constant([12]), graph.constant(pitch + LOWEST_PITCH)
    degree = graph.node("Mod", graph.node("Sub", height, tonic), twelve)
    scores = graph.node(
        "Add",
        graph.node("GatherElements", append_linear(graph, net.relatives["interval"], z), interval, axis=2),
        graph.node("GatherElements", append_linear(graph, net.relatives["degree"], z), degree, axis=2),
    )
    if not net.kind.has_chords:
        nothing = graph.node("Cast", graph.node("Mul", root, graph.constant([0])), to=TensorProto.FLOAT)
        return graph.node("Add", scores, nothing)
    over_root = graph.node("Mod", graph.node("Sub", height, root), twelve)
    # One table of roles, a row of twelve for each quality; no chord reads the first, and is masked.
    row = graph.node(
        "Mul", graph.node("Max", graph.node("Sub", quality, graph.constant([1])), graph.constant([0])), twelve
    )
    role = graph.node("Gather", graph.constant(net.roles.numpy().reshape(-1)), graph.node("Add", row, over_root))
    over = graph.node(
        "Add",
        graph.node("GatherElements", append_linear(graph, net.relatives["over_root"], z), over_root, axis=2),
        graph.node("GatherElements", append_linear(graph, net.relatives["role"], z), role, axis=2),
    )
    is_there = graph.node("Cast", graph.node("Greater", quality, graph.constant([0])), to=TensorProto.FLOAT)
    return graph.node("Add", scores, graph.node("Mul", over, is_there))


def _loud(net: LineNet, is_int8: bool) -> bytes:
    """A step's state and a struck voice's columns -> scores of velocity classes."""
    graph = Graph("loud", is_int8=is_int8)
    states = graph.input("states", "float32", ["batch", net.config.layers[-1]])
    columns = graph.input("columns", "int64", ["batch", len(net.kind.loud_sizes)])
    rows = graph.node("Add", columns, graph.constant(net.loud_offset.numpy()))
    found = graph.node("Gather", graph.weight(as_array(net.loud_embedding.weight)), rows)
    facts = graph.node("ReduceSum", found, graph.constant([1]), keepdims=0)
    z = graph.node("Relu", graph.node("Add", facts, append_linear(graph, net.loud_state, states)))
    assert net.loud_out.in_features == LOUD_WIDTH
    return graph.build((append_linear(graph, net.loud_out, z), "scores", ["batch", N_LOUD - 1]))


def append_linear(graph: Graph, layer: nn.Module, x: str) -> str:
    """Append x @ weight.T + bias for x of any number of dimensions."""
    assert isinstance(layer, nn.Linear)
    turned = graph.node("Transpose", graph.weight(as_array(layer.weight)), perm=[1, 0])
    return graph.node("Add", graph.node("MatMul", x, turned), graph.constant(as_array(layer.bias)))
