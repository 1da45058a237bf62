"""A trained chorale net at work, on onnxruntime: it hears frames and what is given, and says what a voice may sing.

hear.onnx       what is given of whole pieces -> what is heard of it in each frame
remember.onnx   frames heard, and the state before them -> what is known in each, the odds of a fermata, the state after
soprano.onnx .. a frame known, its fermata, the voices chosen in it -> scores of one voice's symbols, odds of a stroke
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from bandroid.errors import StyleError
from bandroid.generation.net import open_graph, shapes_of
from bandroid.generation.space_net import run_graph
from bandroid.music.choir import VOICES
from bandroid.representations.chorale import (
    CELLS,
    FERMATA,
    N_PITCHES,
    N_SYMBOLS,
    N_VOICES,
    NO_PITCH,
    REST,
    STRUCK,
    UNKNOWN_FERMATA,
)
from bandroid.representations.chorale_rows import (
    N_DEGREES,
    N_HEARD,
    N_INTERVALS,
    N_OF_VOICE,
    N_REFERENCES,
    N_TOLD,
    degree,
    interval,
    rows_of,
)

HEAR_GRAPH, REMEMBER_GRAPH = "hear.onnx", "remember.onnx"
VOICE_GRAPHS = tuple(f"{voice}.onnx" for voice in VOICES)
N_SAID = N_SYMBOLS + N_DEGREES + N_INTERVALS * N_REFERENCES
_FRAMES_AT_ONCE = 4096
"""frames whose scores are kept at once: 12 MB"""

Floats = NDArray[np.float32]
Ints = NDArray[np.int64]
State = tuple[Floats, Floats]
"""hidden and cell, float32[B, S] each"""


class Known(NamedTuple):
    """What the net makes of some frames before their voices are chosen."""

    known: Floats
    """float32[B, T, K]"""
    fermata: Floats
    """float32[B, T]: log-odds"""
    after: State


class Nats(NamedTuple):
    """What frames cost, nats, each by what was chosen before it."""

    cells: NDArray[np.float64]
    """float64[B, T, V]"""
    strokes: NDArray[np.float64]
    """float64[B, T, V]: 0 where the pitch itself says it"""
    fermatas: NDArray[np.float64]
    """float64[B, T]: 0 where nobody knows"""


class ChoraleRuntime:
    """The graphs of a style, ready to run; one serves any number of pieces."""

    def __init__(self, graphs: Mapping[str, bytes]) -> None:
        """`graphs` holds ONNX models by file name; raises StyleError for what is none of ours."""
        self._hear, self._remember = (open_graph(graphs, name) for name in (HEAR_GRAPH, REMEMBER_GRAPH))
        self._voices = tuple(open_graph(graphs, name) for name in VOICE_GRAPHS)
        shapes = shapes_of(self._remember)
        size, known, context = (shapes.get(name, [None])[-1] for name in ("hidden", "known", "context"))
        if not (isinstance(size, int) and isinstance(known, int) and isinstance(context, int)):
            raise StyleError(f"its {REMEMBER_GRAPH} is none of ours")
        self.state_size, self.context_size = size, context
        of_voice: dict[str, list[int | str]] = {
            "known": ["batch", known],
            "fermata": ["batch"],
            "others": ["batch", N_OF_VOICE],
            "said": ["batch", N_SAID],
            "anew": ["batch", 1],
        }
        wanted: dict[str, dict[str, list[int | str]]] = {
            HEAR_GRAPH: {"told": ["batch", "time", N_TOLD], "context": ["batch", "time", context]},
            REMEMBER_GRAPH: {
                "heard": ["batch", "time", N_HEARD],
                "context": ["batch", "time", context],
                **{name: ["batch", size] for name in ("hidden", "cell", "hidden_after", "cell_after")},
                "known": ["batch", "time", known],
                "fermata": ["batch", "time", 1],
            },
            **dict.fromkeys(VOICE_GRAPHS, of_voice),
        }
        sessions = (self._hear, self._remember, *self._voices)
        for session, (name, expected) in zip(sessions, wanted.items(), strict=True):
            if shapes_of(session) != expected:
                raise StyleError(f"its {name} does not fit the others")

    def start(self, n_pieces: int) -> State:
        """Return the state before the first frame."""
        nothing = np.zeros((n_pieces, self.state_size), np.float32)
        return nothing, nothing

    def hear(self, told: Ints, is_told: NDArray[np.bool_]) -> Floats:
        """int64[B, T, N_TOLD], bool[B] -> what is heard of what is given, float32[B, T, C]; 0 where nothing is."""
        if not is_told.any():
            return np.zeros((*told.shape[:2], self.context_size), np.float32)
        heard = run_graph(self._hear, HEAR_GRAPH, {"told": told})[0]
        return heard * is_told[:, None, None].astype(np.float32)

    def remember(self, heard: Ints, context: Floats, state: State) -> Known:
        """int64[B, T, N_HEARD], float32[B, T, C], state -> what is known of each frame."""
        inputs: dict[str, NDArray[Any]] = {"heard": heard, "context": context, "hidden": state[0], "cell": state[1]}
        known, fermata, hidden, cell = run_graph(self._remember, REMEMBER_GRAPH, inputs)
        return Known(known, fermata[..., 0], (hidden, cell))

    def say(
        self, voice: int, known: Floats, fermata: Ints, others: Ints, references: Ints, tonic: Ints
    ) -> tuple[Floats, Floats]:
        """Of N frames: float32[N, K], int64[N], int64[N, 12], int64[N, 7], int64[N] -> log-shares [N, 47], odds [N].

        The odds are that a pitch that stays is struck anew.
        """
        inputs: dict[str, NDArray[Any]] = {"known": known, "fermata": fermata, "others": others}
        said, anew = run_graph(self._voices[voice], VOICE_GRAPHS[voice], inputs)
        return log_shares(said, references, tonic), anew[:, 0]

    def nats(self, frames: Ints, given: NDArray[np.bool_]) -> Nats:
        """int64[B, T, C], bool[B, T, S] -> what each frame costs, where what is given is known from the first on."""
        rows = rows_of(frames, given)
        context = self.hear(rows.told, rows.is_told)
        found = self.remember(rows.heard, context, self.start(len(frames)))
        n = frames.shape[0] * frames.shape[1]
        known, fermata, tonic = found.known.reshape(n, -1), rows.fermata.reshape(n), rows.tonic.reshape(n)
        cells = frames[..., CELLS].reshape(n, N_VOICES)
        cost, odds = np.zeros((n, N_VOICES)), np.zeros((n, N_VOICES))
        for voice in range(N_VOICES):
            others = rows.of_voice[:, :, voice].reshape(n, -1)
            references = rows.references[:, :, voice].reshape(n, -1)
            for at in range(0, n, _FRAMES_AT_ONCE):
                cut = slice(at, at + _FRAMES_AT_ONCE)
                shares, anew = self.say(voice, known[cut], fermata[cut], others[cut], references[cut], tonic[cut])
                cost[cut, voice] = -np.take_along_axis(shares, cells[cut, voice, None], axis=1)[:, 0]
                odds[cut, voice] = anew
        shape = frames.shape[:2]
        last = np.concatenate([np.full_like(frames[:, :1, CELLS], NO_PITCH), frames[:, :-1, CELLS]], axis=1)
        may_stay = (frames[..., CELLS] == last) & (last < REST)
        strokes = np.where(may_stay, nats_of_odds(odds.reshape(*shape, N_VOICES), frames[..., STRUCK] == 1), 0.0)
        is_known = frames[..., FERMATA] != UNKNOWN_FERMATA
        fermatas = np.where(is_known, nats_of_odds(found.fermata, frames[..., FERMATA] == 1), 0.0)
        return Nats(cost.reshape(*shape, N_VOICES), strokes, fermatas)


def log_shares(said: Floats, references: Ints, tonic: Ints) -> Floats:
    """float32[N, N_SAID], int64[N, R], int64[N] -> log-probability of each symbol, float32[N, 47]."""
    pitch = np.arange(N_PITCHES)
    scores = said[:, :N_SYMBOLS].copy()
    by_degree = said[:, N_SYMBOLS : N_SYMBOLS + N_DEGREES]
    scores[:, :N_PITCHES] += np.take_along_axis(by_degree, degree(pitch, tonic[:, None]), axis=1)
    by_interval = said[:, N_SYMBOLS + N_DEGREES :].reshape(len(said), N_REFERENCES, N_INTERVALS)
    places = interval(pitch, references[..., None])
    scores[:, :N_PITCHES] += np.take_along_axis(by_interval, places, axis=2).sum(axis=1)
    scores -= scores.max(axis=1, keepdims=True)
    normalised: Floats = scores - np.log(np.exp(scores).sum(axis=1, keepdims=True))
    return normalised


def nats_of_odds(log_odds: NDArray[np.floating], is_so: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return what it costs that something is so, or is not."""
    cost: NDArray[np.float64] = np.logaddexp(0.0, np.where(is_so, -log_odds, log_odds).astype(np.float64))
    return cost
