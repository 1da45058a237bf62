"""A trained `line` net at work, on onnxruntime: it hears steps and says what may come, and how hard it is struck."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from bandroid.errors import StyleError
from bandroid.generation.line_facts import N_LOUD, LineKind
from bandroid.generation.net import first_line, open_graph, shapes_of

LINE_GRAPH, LOUD_GRAPH = "line.onnx", "loud.onnx"
LONGEST_MEMORY_STEP = 1024
"""attention looks back so far: 64 bars of 4/4"""

State = tuple[NDArray[np.float32], NDArray[np.float32]]
"""hidden and cell, float32[B, S] each"""


class HeardSteps(NamedTuple):
    """What the net makes of some steps."""

    scores: NDArray[np.float32]
    """float32[B, T, V]"""
    states: NDArray[np.float32]
    """float32[B, T, last layer]: for the velocities"""
    attention: NDArray[np.float32]
    """float32[B, T, 2 A + 1]: query, key, score of looking nowhere; no columns without attention"""
    after: State


class LineRuntime:
    """The graphs of a style, ready to run; one serves any number of pieces."""

    def __init__(self, graphs: Mapping[str, bytes], kind: LineKind) -> None:
        """`graphs` holds ONNX models by file name; raises StyleError for what is none of ours."""
        self._line, self._loud = (open_graph(graphs, name) for name in (LINE_GRAPH, LOUD_GRAPH))
        given = shapes_of(self._line)
        size, last, attention = (given.get(name, [None])[-1] for name in ("hidden", "states", "attention"))
        if not (isinstance(size, int) and isinstance(last, int) and isinstance(attention, int)):
            raise StyleError(f"its {LINE_GRAPH} is none of ours")
        self.kind, self.state_size, self.attention_size = kind, size, max(attention - 1, 0) // 2
        wanted: dict[str, list[int | str]] = {
            "columns": ["batch", "time", len(kind.sizes)],
            "pointers": ["batch", "time", kind.n_pointers],
            "bases": ["batch", "time", 4],
            **{name: ["batch", size] for name in ("hidden", "cell", "hidden_after", "cell_after")},
            "scores": ["batch", "time", kind.grid.size],
            "states": ["batch", "time", last],
            "attention": ["batch", "time", attention],
        }
        loud: dict[str, list[int | str]] = {
            "states": ["batch", last],
            "columns": ["batch", len(kind.loud_sizes)],
            "scores": ["batch", N_LOUD - 1],
        }
        if given != wanted or shapes_of(self._loud) != loud:
            raise StyleError(f"its {LINE_GRAPH} and {LOUD_GRAPH} do not fit together")

    def start(self, n_lines: int = 1) -> State:
        """Return the state before the first step."""
        return np.zeros((n_lines, self.state_size), np.float32), np.zeros((n_lines, self.state_size), np.float32)

    def hear(
        self, columns: NDArray[np.int64], pointers: NDArray[np.int64], bases: NDArray[np.int64], state: State
    ) -> HeardSteps:
        """int64[B, T, columns], int64[B, T, P], int64[B, T, 4], state -> what the net makes of the steps."""
        inputs: dict[str, NDArray[Any]] = {"columns": columns, "pointers": pointers, "bases": bases}
        inputs |= {"hidden": state[0], "cell": state[1]}
        scores, states, attention, hidden, cell = _run(self._line, LINE_GRAPH, inputs)
        return HeardSteps(scores, states, attention, (hidden, cell))

    def loud_scores(self, states: NDArray[np.float32], columns: NDArray[np.int64]) -> NDArray[np.float32]:
        """float32[M, last layer], int64[M, columns] -> scores of velocity classes float32[M, 16]."""
        return _run(self._loud, LOUD_GRAPH, {"states": states, "columns": columns})[0]


def probabilities(scores: NDArray[np.float32]) -> NDArray[np.float64]:
    """float32[..., V] -> float64[..., V] that sum to 1."""
    odds = np.exp(scores.astype(np.float64) - scores.max(axis=-1, keepdims=True))
    shares: NDArray[np.float64] = odds / odds.sum(axis=-1, keepdims=True)
    return shares


def attended(
    shares: NDArray[np.float64],
    attention: NDArray[np.float32],
    keys: NDArray[np.float32],
    symbols: NDArray[np.int32],
) -> NDArray[np.float64]:
    """Mix in what came at earlier steps like this one: float64[V], float32[2 A + 1], float32[M, A], int32[M] -> [V]."""
    size = attention.size // 2
    likeness = np.append(keys @ attention[:size] / np.sqrt(size), attention[-1]).astype(np.float64)
    weight = np.exp(likeness - likeness.max())
    weight /= weight.sum()
    mixed: NDArray[np.float64] = shares * weight[-1] + np.bincount(symbols, weight[:-1], shares.size)
    return mixed


def _run(session: Any, name: str, inputs: Mapping[str, NDArray[Any]]) -> list[NDArray[np.float32]]:
    try:
        found: list[NDArray[np.float32]] = session.run(None, inputs)
    except Exception as error:  # a graph that is not what it says it is
        raise StyleError(f"its {name} cannot be run here ({first_line(error)})") from None
    return found
