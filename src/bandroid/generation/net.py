"""A trained net at work, on onnxruntime: it hears what the parts play, and weighs what the counts propose."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bandroid.errors import StyleError
from bandroid.generation.choices import CHOICES, Choice
from bandroid.generation.events import event_after
from bandroid.generation.features import EVENT_SIZES, SIZES, features
from bandroid.generation.ngram import N_CHAINS, Ngram, Prediction
from bandroid.representations.score_cursor import Cursor

EVENT_GRAPH = "hear.onnx"


def graph_name(choice: str) -> str:
    """Return the file name of a choice's graph."""
    return f"{choice}.onnx"


class Net:
    """The graphs of a style, ready to run; one net serves any number of pieces."""

    def __init__(self, graphs: Mapping[str, bytes]) -> None:
        """`graphs` holds ONNX models by file name; raises StyleError for what is none of ours."""
        sessions = {name: open_graph(graphs, name) for name in (EVENT_GRAPH, *map(graph_name, SIZES))}
        state = shapes_of(sessions[EVENT_GRAPH]).get("state", [None])[-1]
        if not isinstance(state, int):
            raise StyleError(f"its {EVENT_GRAPH} is none of ours")
        self.state_size = state
        for name, session in sessions.items():
            if shapes_of(session) != _wanted_shapes(name, state):
                raise StyleError(f"its {name} does not fit the rest of it")
        self._sessions = sessions

    def hear(self, state: NDArray[np.float32], events: NDArray[np.int64]) -> NDArray[np.float32]:
        """float32[B, S], int64[B, T, columns] -> float32[B, S]: the state after some more events."""
        return self._run(EVENT_GRAPH, {"state": state, "events": events})

    def scores(
        self, choice: str, state: NDArray[np.float32], columns: NDArray[np.int64], logs: NDArray[np.float32]
    ) -> NDArray[np.float32]:
        """float32[B, S], int64[B, columns], float32[B, chains, outcomes] -> float32[B, outcomes], not yet masked."""
        return self._run(graph_name(choice), {"state": state, "features": columns, "logs": logs})

    def _run(self, name: str, inputs: Mapping[str, NDArray[Any]]) -> NDArray[np.float32]:
        try:
            found: NDArray[np.float32] = self._sessions[name].run(None, inputs)[0]
        except Exception as error:  # a graph that is not what it says it is
            raise StyleError(f"its {name} cannot be run here ({first_line(error)})") from None
        return found


class NetModel:
    """A net and counts together, walking one song: what generation/stepper.py asks of a model."""

    def __init__(self, net: Net, counts: Ngram) -> None:
        self._net, self._counts = net, counts
        self._states: dict[int, NDArray[np.float32]] = {}
        self._unheard: dict[int, list[tuple[int, ...]]] = {}

    @property
    def cursor(self) -> Cursor:
        return self._counts.cursor

    def predict(self, choice: Choice) -> Prediction:
        """Return the probabilities of a choice that the cursor stands before."""
        counted = self._counts.predict(choice)
        if counted.facts is None:
            return counted
        columns = np.array([features(counted.facts)], dtype=np.int64)
        logs = counted.logs[None].astype(np.float32)
        scores = self._net.scores(choice.name, self._state(self.cursor.part), columns, logs)[0].astype(np.float64)
        scores[counted.probabilities == 0.0] = -np.inf
        odds = np.exp(scores - scores.max())
        return replace(counted, probabilities=odds / odds.sum())

    def observe(self, prediction: Prediction, outcome: int) -> None:
        """Count what came, for the rest of this song."""
        self._counts.observe(prediction, outcome)

    def adjust(self, prediction: Any, outcome: int) -> None:
        """Learn whom to trust above the cells; below, the net itself says so for each place anew."""
        if prediction.facts is None:
            self._counts.adjust(prediction, outcome)

    def advance(self, token: int) -> None:
        """Move the cursor over a token, and remember what it completes."""
        event = event_after(self.cursor, token)
        if event is not None:
            self._unheard.setdefault(self.cursor.part, []).append(event)
        self._counts.advance(token)

    def _state(self, part: int) -> NDArray[np.float32]:
        """Return float32[1, S]: a part's state, all its events heard."""
        state = self._states.get(part)
        if state is None:
            state = np.zeros((1, self._net.state_size), dtype=np.float32)
        events = self._unheard.pop(part, None)
        if events is not None:
            state = self._net.hear(state, np.array([events], dtype=np.int64))
        self._states[part] = state
        return state


def open_graph(graphs: Mapping[str, bytes], name: str) -> Any:
    """Return an onnxruntime session on one thread; raises StyleError where the graph is missing or none."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    # Graphs this small only lose by sharing them out, and a thread that spins takes a core from its neighbours.
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.log_severity_level = 4
    try:
        return onnxruntime.InferenceSession(graphs[name], options, ["CPUExecutionProvider"])
    except KeyError:
        raise StyleError(f"its {name} is missing") from None
    except Exception as error:  # onnxruntime raises a dozen kinds, none of them public
        raise StyleError(f"its {name} cannot be run here ({first_line(error)})") from None


def shapes_of(session: Any) -> dict[str, list[int | str]]:
    """Return what a graph takes and gives; words are dimensions of any size."""
    return {one.name: list(one.shape) for one in (*session.get_inputs(), *session.get_outputs())}


def _wanted_shapes(name: str, state_size: int) -> dict[str, list[int | str]]:
    """Return the shapes that the graph of a name has (bundle/export.py writes them)."""
    if name == EVENT_GRAPH:
        events: list[int | str] = ["batch", "time", len(EVENT_SIZES)]
        return {"state": ["batch", state_size], "events": events, "after": ["batch", state_size]}
    choice = CHOICES[name.removesuffix(".onnx")]
    return {
        "state": ["batch", state_size],
        "features": ["batch", len(SIZES[choice.name])],
        "logs": ["batch", N_CHAINS[choice.name], choice.size],
        "scores": ["batch", choice.size],
    }


def first_line(error: Exception) -> str:
    """Return what an error says, in one line."""
    lines = str(error).strip().splitlines()
    return lines[0][:120] if lines else type(error).__name__
