"""A trained chorale net as ONNX graphs: what is given, what is remembered, four voices; checked against torch."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from bandroid.bundle.export import PARITY, as_array, difference
from bandroid.bundle.export_line import append_linear, append_lstm
from bandroid.bundle.graph import Graph
from bandroid.errors import StyleError
from bandroid.generation.chorale_net import HEAR_GRAPH, N_SAID, REMEMBER_GRAPH, VOICE_GRAPHS, ChoraleRuntime
from bandroid.models.chorale import ChoraleNet, costs, rows_as_tensors
from bandroid.representations.chorale import N_COLUMNS, N_ENDINGS, N_PLACES, N_STREAMS, N_SYMBOLS, N_VOICES
from bandroid.representations.chorale_rows import N_HEARD, N_OF_VOICE, N_TOLD

_SHAPES = ((1, 1), (3, 7), (8, 40))
"""pieces and frames that parity is checked at"""


def export_chorale(net: ChoraleNet, *, is_int8: bool) -> dict[str, bytes]:
    """Return the graphs by file name; the same weights give the same bytes. `check_chorale_parity` says if right."""
    voices = {name: _voice(net, voice, is_int8) for voice, name in enumerate(VOICE_GRAPHS)}
    return {HEAR_GRAPH: _hear(net, is_int8), REMEMBER_GRAPH: _remember(net, is_int8), **voices}


def check_chorale_parity(net: ChoraleNet, graphs: dict[str, bytes]) -> float:
    """Return the largest difference between graphs and torch at three shapes; raises StyleError above PARITY."""
    was_training, runtime, rng, worst = net.training, ChoraleRuntime(graphs), np.random.default_rng(0), 0.0
    net.eval()
    for shape in _SHAPES:
        frames = random_frames(*shape, rng)
        given = rng.random((*shape, N_STREAMS)) < 0.3
        given[0] = False
        with torch.no_grad():
            wanted = costs(net(rows_as_tensors(frames, given)), torch.from_numpy(frames))
        found = runtime.nats(frames, given)
        pairs = zip(found, wanted, strict=True)
        worst = max(worst, *(difference(one.astype(np.float32), other.numpy()) for one, other in pairs))
    net.train(was_training)
    if worst > PARITY:
        raise StyleError(f"the exported net differs from the trained one (by {worst:.2g}): please report this")
    return worst


def random_frames(n_pieces: int, n_frames: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """Return frames as any could be, int64[B, T, C]."""
    shape = (n_pieces, n_frames)
    columns = [rng.integers(0, N_SYMBOLS, shape) for _ in range(N_VOICES)]
    columns += [rng.integers(0, 2, shape) for _ in range(N_VOICES)]
    columns += [rng.integers(0, size, shape) for size in (3, N_PLACES, 9, 13, 3, N_ENDINGS)]
    frames = np.stack(columns, axis=-1)
    assert frames.shape[-1] == N_COLUMNS
    for frame in range(1, n_frames):
        held = rng.random((n_pieces, N_VOICES)) < 0.6
        frames[:, frame, :N_VOICES] = np.where(held, frames[:, frame - 1, :N_VOICES], frames[:, frame, :N_VOICES])
    return frames


def _hear(net: ChoraleNet, is_int8: bool) -> bytes:
    graph = Graph("hear", is_int8=is_int8)
    rows = graph.input("told", "int64", ["batch", "time", N_TOLD])
    x = _looked_up(graph, net.told, rows, N_TOLD)
    noted = graph.node("Relu", append_linear(graph, net.note, x))
    heard = graph.node("Concat", noted, append_lstm_both_ways(graph, net.hear, x), axis=2)
    return graph.build((heard, "context", ["batch", "time", net.n_context]))


def _remember(net: ChoraleNet, is_int8: bool) -> bytes:
    graph, width = Graph("remember", is_int8=is_int8), net.config.width
    rows = graph.input("heard", "int64", ["batch", "time", N_HEARD])
    context = graph.input("context", "float32", ["batch", "time", net.n_context])
    hidden = graph.input("hidden", "float32", ["batch", 2 * width])
    cell = graph.input("cell", "float32", ["batch", 2 * width])
    heard = _looked_up(graph, net.heard, rows, N_HEARD)
    x = graph.node("Relu", append_linear(graph, net.enter, graph.node("Concat", heard, context, axis=2)))
    x = graph.node("Transpose", x, perm=[1, 0, 2])
    before = [graph.nodes("Split", [state, graph.constant([width, width])], 2, axis=1) for state in (hidden, cell)]
    first, *after_first = append_lstm(graph, net.first.layer, x, before[0][0], before[1][0])
    second, *after_second = append_lstm(graph, net.second.layer, first, before[0][1], before[1][1])
    remembered = graph.node("Transpose", graph.node("Add", second, first), perm=[1, 0, 2])
    known = graph.node("Concat", remembered, heard, context, axis=2)
    after = [graph.node("Concat", *pair, axis=1) for pair in zip(after_first, after_second, strict=True)]
    return graph.build(
        (known, "known", ["batch", "time", net.n_known]),
        (append_linear(graph, net.say_fermata, known), "fermata", ["batch", "time", 1]),
        (after[0], "hidden_after", ["batch", 2 * width]),
        (after[1], "cell_after", ["batch", 2 * width]),
    )


def _voice(net: ChoraleNet, voice: int, is_int8: bool) -> bytes:
    graph = Graph("voice", is_int8=is_int8)
    known = graph.input("known", "float32", ["batch", net.n_known])
    fermata = graph.input("fermata", "int64", ["batch"])
    others = graph.input("others", "int64", ["batch", N_OF_VOICE])
    told = graph.node("Gather", graph.weight(as_array(net.fermata.weight)), fermata)
    tables = net.others[voice]
    assert isinstance(tables, nn.ModuleList)
    x = graph.node("Concat", known, told, _looked_up(graph, tables, others, N_OF_VOICE, axis=1), axis=1)
    thought = graph.node("Relu", append_linear(graph, net.think[voice], x))
    return graph.build(
        (append_linear(graph, net.say[voice], thought), "said", ["batch", N_SAID]),
        (append_linear(graph, net.say_anew[voice], thought), "anew", ["batch", 1]),
    )


def _looked_up(graph: Graph, tables: nn.ModuleList, rows: str, n_columns: int, axis: int = 2) -> str:
    """Append tables' rows one after another: int64[..., F] -> float32[..., H]."""
    columns = graph.nodes("Split", [rows, graph.constant([1] * n_columns)], n_columns, axis=axis)
    found = []
    for table, column in zip(tables, columns, strict=True):
        assert isinstance(table, nn.Embedding)
        found.append(graph.node("Gather", graph.weight(as_array(table.weight)), column))
    return graph.node("Squeeze", graph.node("Concat", *found, axis=axis + 1), graph.constant([axis]))


def append_lstm_both_ways(graph: Graph, lstm: nn.LSTM, x: str) -> str:
    """Append a layer both ways from nothing: float32[B, T, in] -> float32[B, T, 2 units]."""
    weights = dict(lstm.named_parameters())

    def gates(name: str) -> NDArray[np.float32]:
        # torch keeps input, forget, cell, output; ONNX wants input, output, forget, cell.
        into, forget, new, out = np.split(as_array(weights[name]), 4)
        return np.concatenate([into, out, forget, new])

    zero, both = graph.constant([0]), []
    for suffix in ("_l0", "_l0_reverse"):
        bias = np.concatenate([gates(f"bias_ih{suffix}"), gates(f"bias_hh{suffix}")])
        both.append(
            (
                graph.node("Unsqueeze", graph.weight(gates(f"weight_ih{suffix}")), zero),
                graph.node("Unsqueeze", graph.weight(gates(f"weight_hh{suffix}")), zero),
                graph.constant(bias[None]),
            )
        )
    weighed = [graph.node("Concat", one, other, axis=0) for one, other in zip(*both, strict=True)]
    inputs = [graph.node("Transpose", x, perm=[1, 0, 2]), *weighed]
    states = graph.nodes("LSTM", inputs, 1, hidden_size=lstm.hidden_size, direction="bidirectional")[0]
    # [T, ways, B, units] -> [B, T, ways x units]
    turned = graph.node("Transpose", states, perm=[2, 0, 1, 3])
    return graph.node("Reshape", turned, graph.constant([0, 0, 2 * lstm.hidden_size]))
