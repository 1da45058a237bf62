"""What graphs of latent spaces are put together from: voices as rows, symbols as vectors, layers both ways."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from onnx import TensorProto
from torch import nn

from bandroid.bundle.export import as_array
from bandroid.bundle.graph import Graph
from bandroid.models.voice_symbols import CHORD_ROWS, VoiceTable
from bandroid.representations.chord_grid import N_ABOVE, N_LENGTHS


class Rows:
    """The voices of one net as rows: a batch of windows becomes one of windows times voices, and comes back."""

    def __init__(self, graph: Graph, group: tuple[int, ...]) -> None:
        self._graph, self._group, self._n = graph, group, len(group)

    def take(
        self, x: str, dims: Sequence[int], axis: int, row: Sequence[int], first: int | None = None, size: int = 1
    ) -> str:
        """[batch, *dims] -> [batch * n, *row]: along `axis` each voice has `size` numbers, from `first` on."""
        first = self._group[0] if first is None else first
        own = part(self._graph, x, first, first + self._n * size, axis)
        if self._n == 1:
            return own if len(row) == len(dims) else self._graph.node("Squeeze", own, self._graph.constant([axis]))
        apart = [0, *dims[: axis - 1], self._n, size, *dims[axis:]]
        own = self._graph.node("Reshape", own, self._graph.constant(apart))
        order = [0, axis, *(one for one in range(1, len(apart)) if one != axis)]
        own = self._graph.node("Transpose", own, perm=order)
        return self._graph.node("Reshape", own, self._graph.constant([-1, *row]))

    def put(self, x: str, row: Sequence[int], axis: int) -> str:
        """[batch * n, *row] -> [batch, *row with n times as many along `axis`]."""
        if self._n == 1:
            return x
        apart = self._graph.node("Reshape", x, self._graph.constant([-1, self._n, *row]))
        order = [0, *range(2, axis + 1), 1, *range(axis + 1, len(row) + 2)]
        turned = self._graph.node("Transpose", apart, perm=order)
        together = [-1, *row[: axis - 1], self._n * row[axis - 1], *row[axis:]]
        return self._graph.node("Reshape", turned, self._graph.constant(together))

    def shared(self, x: str, dims: Sequence[int]) -> str:
        """[batch, *dims], the same for all voices -> [batch * n, *dims]."""
        if self._n == 1:
            return x
        apart = self._graph.node("Unsqueeze", x, self._graph.constant([1]))
        times = self._graph.constant([1, self._n, *(1 for _ in dims)])
        return self._graph.node("Reshape", self._graph.node("Tile", apart, times), self._graph.constant([-1, *dims]))

    def summed(self, x: str, row: Sequence[int]) -> str:
        """[batch * n, *row] -> [batch, *row]."""
        if self._n == 1:
            return x
        apart = self._graph.node("Reshape", x, self._graph.constant([-1, self._n, *row]))
        return self._graph.node("ReduceSum", apart, self._graph.constant([1]), keepdims=0)


def append_symbols(graph: Graph, table: VoiceTable, symbols: str) -> str:
    """Append int64[...] -> float32[..., E], a voice's symbols as vectors."""
    rows = graph.weight(as_array(table.rows))
    if table.is_drums:
        return graph.node("Gather", graph.node("MatMul", graph.constant(table.bits.numpy()), rows), symbols)
    if not table.is_part:
        return graph.node("Gather", rows, symbols)
    ends = np.cumsum([0, *CHORD_ROWS]).tolist()
    lowest = graph.node("Mod", symbols, graph.constant([1 << 8]))
    unheard = graph.node("GreaterOrEqual", symbols, graph.constant([table.size]))
    number = graph.node("Where", unheard, graph.constant([ends[1]]), lowest)
    vectors = graph.node("Gather", part(graph, rows, 0, ends[2], 0), number)
    length = graph.node("Mod", graph.node("Div", symbols, graph.constant([1 << 8])), graph.constant([N_LENGTHS]))
    is_struck = graph.node("Cast", graph.node("Greater", lowest, graph.constant([0])), to=TensorProto.FLOAT)
    of_length = graph.node("Gather", part(graph, rows, ends[2], ends[3], 0), length)
    last = graph.constant([-1])
    vectors = graph.node("Add", vectors, graph.node("Mul", of_length, graph.node("Unsqueeze", is_struck, last)))
    powers = graph.constant([1 << (12 + interval) for interval in range(N_ABOVE)])
    above = graph.node("Mod", graph.node("Div", graph.node("Unsqueeze", symbols, last), powers), graph.constant([2]))
    struck = graph.node("Cast", above, to=TensorProto.FLOAT)
    return graph.node("Add", vectors, graph.node("MatMul", struck, part(graph, rows, ends[3], ends[4], 0)))


def append_gelu(graph: Graph, x: str) -> str:
    """Append x -> x * (1 + erf(x / sqrt 2)) / 2, as torch computes it."""
    inside = graph.node("Erf", graph.node("Mul", x, graph.constant(np.array([0.5**0.5], dtype=np.float32))))
    half = graph.node("Mul", x, graph.constant(np.array([0.5], dtype=np.float32)))
    return graph.node("Mul", half, graph.node("Add", inside, graph.constant(np.array([1.0], dtype=np.float32))))


def append_gru(graph: Graph, gru: nn.GRU, x: str) -> str:
    """Append a layer both ways: float32[B, T, in] -> float32[B, T, 2 * units]."""
    weights = dict(gru.named_parameters())

    def gates(name: str) -> NDArray[np.float32]:
        # torch keeps reset, update, new; ONNX wants update, reset, hidden.
        both = []
        for way in ("", "_reverse"):
            reset, update, new = np.split(as_array(weights[name + way]), 3)
            both.append(np.concatenate([update, reset, new]))
        return np.stack(both)

    def matrix(name: str) -> str:
        both = gates(name)
        n_ways, n_rows, n_columns = both.shape
        flat = graph.weight(both.reshape(n_ways * n_rows, n_columns))
        return graph.node("Reshape", flat, graph.constant([n_ways, n_rows, n_columns]))

    inputs = [
        graph.node("Transpose", x, perm=[1, 0, 2]),
        matrix("weight_ih_l0"),
        matrix("weight_hh_l0"),
        graph.constant(np.concatenate([gates("bias_ih_l0"), gates("bias_hh_l0")], axis=1)),
    ]
    states, _ = graph.nodes(
        "GRU", inputs, 2, hidden_size=gru.hidden_size, linear_before_reset=1, direction="bidirectional"
    )
    # float32[T, 2, B, units]: both ways side by side.
    turned = graph.node("Transpose", states, perm=[2, 0, 1, 3])
    return graph.node("Reshape", turned, graph.constant([0, 0, 2 * gru.hidden_size]))


def added(graph: Graph, parts: list[str]) -> str:
    return graph.node("Sum", *parts) if len(parts) > 1 else parts[0]


def together(graph: Graph, parts: list[str], axis: int) -> str:
    return graph.node("Concat", *parts, axis=axis) if len(parts) > 1 else parts[0]


def part(graph: Graph, x: str, first: int, end: int, axis: int) -> str:
    return graph.node("Slice", x, graph.constant([first]), graph.constant([end]), graph.constant([axis]))
