"""A net at work on one line: it hears every step, says what may come, and writes down what does."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from bandroid.generation.line_facts import loud_facts
from bandroid.generation.line_net import (
    LONGEST_MEMORY_STEP,
    LineRuntime,
    State,
    attended,
    probabilities,
)
from bandroid.generation.line_step import step_facts
from bandroid.representations.grid import FIRST_NOTE
from bandroid.representations.line import Line


@dataclass(frozen=True, slots=True, eq=False)
class Place:
    """Where a writer stood, to come back to."""

    step: int
    state: State


class LineWriter:
    """Walks along `n_steps` of a frame whose bars, chords and key are known; symbols and velocities are filled in."""

    def __init__(self, runtime: LineRuntime, frame: Line, n_steps: int) -> None:
        n_voices = runtime.kind.grid.n_voices
        self._runtime = runtime
        self.line = replace(
            frame,
            symbols=np.zeros(n_steps, dtype=np.int32),
            velocity=np.zeros((n_steps, n_voices), dtype=np.int32),
            chord=frame.chord[:n_steps],
        )
        self.step = 0
        """the step that comes next"""
        self._state = runtime.start()
        self._keys = np.zeros((n_steps, runtime.attention_size), dtype=np.float32)
        self._heard: NDArray[np.float32] | None = None
        """of the step that comes next, float32[last layer]; None before its forecast"""

    def forecast(self) -> NDArray[np.float64]:
        """Hear all up to here, and return the probabilities of the next symbol, float64[V]. Once for each step."""
        step, size = self.step, self._runtime.attention_size
        facts = step_facts(self.line, self._runtime.kind, step)
        heard = self._runtime.hear(facts.columns[None], facts.pointers[None], facts.bases[None], self._state)
        self._state, self._heard = heard.after, heard.states[0, 0]
        shares = probabilities(heard.scores[0, 0])
        if not size:
            return shares
        attention = heard.attention[0, 0]
        self._keys[step] = attention[size : 2 * size]
        first = max(step - LONGEST_MEMORY_STEP, 0)
        return attended(shares, attention, self._keys[first:step], self.line.symbols[first:step])

    def loudness(self, symbol: int) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Return the voices that a symbol would strike now, int64[M], and probabilities of their classes float64[M,
        16].

        After `forecast`; what the symbol is told of stands in the line already.
        """
        assert self._heard is not None
        self.line.symbols[self.step] = symbol
        if symbol < (1 if self._runtime.kind.is_drums else FIRST_NOTE):
            return np.zeros(0, dtype=np.int64), np.zeros((0, 16))
        _, columns = loud_facts(self.line, self._runtime.kind, self.step, self.step + 1)
        states = np.repeat(self._heard[None], len(columns), axis=0)
        return columns[:, 0], probabilities(self._runtime.loud_scores(states, columns))

    def accept(self, symbol: int, velocity: NDArray[np.integer]) -> None:
        """Write down what came, with int[voices] velocities, and go on."""
        self.line.symbols[self.step] = symbol
        self.line.velocity[self.step] = velocity
        self._heard = None
        self.step += 1

    def place(self) -> Place:
        """Return where it stands; before the forecast of a step."""
        return Place(self.step, self._state)

    def go_back(self, place: Place) -> None:
        """Stand where it stood; what was written since is written over."""
        self.step, self._state, self._heard = place.step, place.state, None
