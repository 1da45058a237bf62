"""A trained `quick` net as ONNX graphs: one that hears events, one for each kind of choice; checked against torch."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from onnx import TensorProto
from torch import Tensor, nn

from bandroid.bundle.graph import Graph
from bandroid.errors import StyleError
from bandroid.generation.features import (
    EVENT_SIZES,
    PITCH_BASS,
    PITCH_LAST,
    PITCH_PARTNER,
    POINTERS,
    POSITION_LAST,
    SIZES,
    TONES,
)
from bandroid.generation.net import EVENT_GRAPH, Net, graph_name
from bandroid.generation.ngram import N_CHAINS
from bandroid.models.quick import MIDDLE_C, Head, QuickNet, Recurrence

PARITY = 2e-4
"""how far the graphs' numbers may be from torch's: the same sums in another order"""
_SHAPES = ((1, 1), (3, 7), (16, 40))
"""batch and events that parity is checked at"""


def export_quick(net: QuickNet, *, is_int8: bool) -> dict[str, bytes]:
    """Return the graphs by file name; the same weights give the same bytes. `check_parity` says whether they are right.

    Eight-bit graphs are what their rounded weights say: what that costs is measured on songs (training/quick_style.py).
    """
    graphs = {EVENT_GRAPH: _hearing(net.recurrence, is_int8)}
    for name in SIZES:
        head = net.heads[name]
        assert isinstance(head, Head)
        graphs[graph_name(name)] = _choosing(head, name, sum(net.config.layers), is_int8)
    return graphs


def check_parity(net: QuickNet, graphs: dict[str, bytes]) -> float:
    """Return the largest difference between graphs and torch at three shapes; raises StyleError above PARITY."""
    was_training, runtime, rng, worst = net.training, Net(graphs), np.random.default_rng(0), 0.0
    net.eval()
    for n_batch, n_events in _SHAPES:
        events = random_columns(EVENT_SIZES, (n_batch, n_events), rng)
        state = rng.normal(size=(n_batch, sum(net.config.layers))).astype(np.float32)
        with torch.no_grad():
            wanted = net.recurrence(torch.from_numpy(events), torch.from_numpy(state))[:, -1].numpy()
        worst = max(worst, difference(runtime.hear(state, events), wanted))
        for name in SIZES:
            columns = random_columns(SIZES[name], (n_batch,), rng)
            logs = np.log(rng.dirichlet(np.ones(Head(net.config, name).choice.size), (n_batch, N_CHAINS[name])))
            logs = logs.astype(np.float32)
            with torch.no_grad():
                inputs = (torch.from_numpy(a) for a in (state, columns, logs))
                wanted = net.heads[name](*inputs).numpy()
            worst = max(worst, difference(runtime.scores(name, state, columns, logs), wanted))
    net.train(was_training)
    if worst > PARITY:
        raise StyleError(f"the exported net differs from the trained one (by {worst:.2g}): please report this")
    return worst


def difference(found: NDArray[np.float32], wanted: NDArray[np.float32]) -> float:
    """Return the largest difference; infinite where either holds what is no number."""
    if not found.size and not wanted.size:
        return 0.0
    largest = float(np.abs(found - wanted).max())
    return largest if np.isfinite(largest) else np.inf


def random_columns(sizes: tuple[int, ...], shape: tuple[int, ...], rng: np.random.Generator) -> NDArray[np.int64]:
    """Return int64[*shape, columns]: any rows of tables of these sizes."""
    return np.stack([rng.integers(0, size, shape) for size in sizes], axis=-1)


def _hearing(recurrence: Recurrence, is_int8: bool) -> bytes:
    """State float32[B, S], events int64[B, T, columns] -> state float32[B, S] after the last event."""
    graph = Graph("hear", is_int8=is_int8)
    state = graph.input("state", "float32", ["batch", sum(recurrence.sizes)])
    events = graph.input("events", "int64", ["batch", "time", len(EVENT_SIZES)])
    x = _embedded(graph, recurrence.embedding, recurrence.offset, events, axis=2)
    x = graph.node("Transpose", x, perm=[1, 0, 2])
    starts = [state]
    if len(recurrence.sizes) > 1:
        starts = graph.nodes("Split", [state, graph.constant(recurrence.sizes)], len(recurrence.sizes), axis=1)
    ends = []
    for gru, start in zip(recurrence.layers, starts, strict=True):
        assert isinstance(gru, nn.GRU)
        x, end = _gru(graph, gru, x, start)
        ends.append(end)
    after = graph.node("Concat", *ends, axis=1) if len(ends) > 1 else ends[0]
    return graph.build((after, "after", ["batch", sum(recurrence.sizes)]))


def _gru(graph: Graph, gru: nn.GRU, x: str, start: str) -> tuple[str, str]:
    """Append a layer: float32[T, B, in], float32[B, units] -> all states float32[T, B, units], the last one."""
    weights = dict(gru.named_parameters())
    zero = graph.constant([0])

    def gates(name: str) -> NDArray[np.float32]:
        # torch keeps reset, update, new; ONNX wants update, reset, new.
        reset, update, new = np.split(as_array(weights[name]), 3)
        return np.concatenate([update, reset, new])

    inputs = [
        x,
        graph.node("Unsqueeze", graph.weight(gates("weight_ih_l0")), zero),
        graph.node("Unsqueeze", graph.weight(gates("weight_hh_l0")), zero),
        graph.constant(np.concatenate([gates("bias_ih_l0"), gates("bias_hh_l0")])[None]),
        "",
        graph.node("Unsqueeze", start, zero),
    ]
    states, last = graph.nodes("GRU", inputs, 2, hidden_size=gru.hidden_size, linear_before_reset=1)
    return graph.node("Squeeze", states, graph.constant([1])), graph.node("Squeeze", last, zero)


def _choosing(head: Head, name: str, state_size: int, is_int8: bool) -> bytes:
    """State, features and the counts' log probabilities -> scores float32[B, outcomes]."""
    graph = Graph(name, is_int8=is_int8)
    size = head.choice.size
    state = graph.input("state", "float32", ["batch", state_size])
    features = graph.input("features", "int64", ["batch", len(SIZES[name])])
    logs = graph.input("logs", "float32", ["batch", N_CHAINS[name], size])
    z = _embedded(graph, head.embedding, head.offset, features, axis=1)
    z = graph.node("Relu", graph.node("Add", z, _linear(graph, head.state, state)))
    z = graph.node("Relu", _linear(graph, head.hidden, z))
    gates = graph.node("Unsqueeze", _linear(graph, head.gate, z), graph.constant([1]))
    counted = graph.node("Squeeze", graph.node("MatMul", gates, logs), graph.constant([1]))
    scores = graph.node("Add", _linear(graph, head.out, z), counted)
    if POINTERS[name]:
        scores = graph.node("Add", scores, _by_pointer(graph, head, z, features, name, size))
    if name == "pitch":
        for part in (_by_interval(graph, head, z, features), _by_tone(graph, head, z, features)):
            scores = graph.node("Add", scores, part)
    elif name == "position":
        last = _column_less_one(graph, features, POSITION_LAST)
        step = graph.node("Sub", graph.constant(np.arange(size - 1)[None]), last)
        by_step = _gathered(graph, head.relatives["step"], z, _clipped(graph, step, 0, size - 1))
        scores = graph.node("Add", scores, graph.node("Pad", by_step, graph.constant([0, 1, 0, 0])))
    return graph.build((scores, "scores", ["batch", size]))


def _by_pointer(graph: Graph, head: Head, z: str, features: str, name: str, size: int) -> str:
    meant = graph.node("Gather", features, graph.constant(POINTERS[name]), axis=1)
    meant = graph.node("Unsqueeze", meant, graph.constant([2]))
    is_meant = graph.node("Equal", meant, graph.constant(np.arange(1, size + 1)[None, None]))
    strength = graph.node("Unsqueeze", _linear(graph, head.relatives["pointers"], z), graph.constant([1]))
    pointed = graph.node("MatMul", strength, graph.node("Cast", is_meant, to=TensorProto.FLOAT))
    return graph.node("Squeeze", pointed, graph.constant([1]))


def _by_interval(graph: Graph, head: Head, z: str, features: str) -> str:
    pitch = graph.constant(np.arange(128)[None])
    last = _column_less_one(graph, features, PITCH_LAST)
    is_first = graph.node("Less", last, graph.constant([0]))
    base = graph.node("Where", is_first, graph.constant([MIDDLE_C]), last)
    scores = _gathered(graph, head.relatives["interval"], z, _from_base(graph, pitch, base))
    bass, partner = (_column_less_one(graph, features, column) for column in (PITCH_BASS, PITCH_PARTNER))
    above = graph.node("Mod", graph.node("Sub", pitch, bass), graph.constant([12]))
    for base, which, place in (
        (bass, "over_bass", above),
        (partner, "over_partner", _from_base(graph, pitch, partner)),
    ):
        is_there = graph.node("Cast", graph.node("GreaterOrEqual", base, graph.constant([0])), to=TensorProto.FLOAT)
        found = _gathered(graph, head.relatives[which], z, place)
        scores = graph.node("Add", scores, graph.node("Mul", found, is_there))
    return scores


def _by_tone(graph: Graph, head: Head, z: str, features: str) -> str:
    turn = np.arange(12)
    around = TONES + 12 * np.arange(2)[:, None, None] + (turn[:, None] + turn) % 12
    tones = graph.node("Cast", graph.node("Gather", features, graph.constant(around), axis=1), to=TensorProto.FLOAT)
    liked = graph.node("Reshape", _linear(graph, head.relatives["tones"], z), graph.constant([-1, 2, 1, 12]))
    by_class = graph.node("ReduceSum", graph.node("Mul", tones, liked), graph.constant([1, 3]), keepdims=0)
    return graph.node("Gather", by_class, graph.constant(np.arange(128) % 12), axis=1)


def _from_base(graph: Graph, pitch: str, base: str) -> str:
    interval = graph.node("Sub", pitch, base)
    return _clipped(graph, graph.node("Add", interval, graph.constant([64])), 0, 127)


def _embedded(graph: Graph, table: nn.Embedding, offset: Tensor, columns: str, axis: int) -> str:
    rows = graph.node("Add", columns, graph.constant(offset.numpy()))
    found = graph.node("Gather", graph.weight(as_array(table.weight)), rows)
    return graph.node("ReduceSum", found, graph.constant([axis]), keepdims=0)


def _linear(graph: Graph, layer: Any, x: str) -> str:
    return graph.linear(x, as_array(layer.weight), as_array(layer.bias))


def _gathered(graph: Graph, layer: Any, z: str, place: str) -> str:
    return graph.node("GatherElements", _linear(graph, layer, z), place, axis=1)


def _column_less_one(graph: Graph, features: str, column: int) -> str:
    found = graph.node("Gather", features, graph.constant([column]), axis=1)
    return graph.node("Sub", found, graph.constant([1]))


def _clipped(graph: Graph, x: str, low: int, high: int) -> str:
    return graph.node("Clip", x, graph.constant(np.array(low)), graph.constant(np.array(high)))


def as_array(parameter: Tensor) -> NDArray[np.float32]:
    """Return a tensor as float32, on the processor."""
    array: NDArray[np.float32] = parameter.detach().cpu().float().numpy()
    return array
