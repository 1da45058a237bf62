"""What every model over scores can do: say what comes next, and go on. Who walks, writes or measures needs no more.

`generation/ngram.py` is one; a net is another. `walk` leads a model through music that is there already, `go_on` in
generation/compose.py lets it write.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from bandroid.critique.fingerprints import Index
from bandroid.generation.choices import Choice, outcomes
from bandroid.generation.lineup import LineUp
from bandroid.representations.score_cursor import Cursor


class Forecast(Protocol):
    """What a model says of one choice."""

    @property
    def choice(self) -> Choice: ...

    @property
    def probabilities(self) -> NDArray[np.float64]:
        """float64[choice.size]; sums to 1, zero where the grammar forbids"""
        ...


class Stepper(Protocol):
    """A model at some place of one song. It begins at the start of a song, before the first token."""

    @property
    def cursor(self) -> Cursor:
        """Where in the song the model stands."""
        ...

    def predict(self, choice: Choice) -> Forecast:
        """Return the probabilities of a choice that the cursor stands before."""
        ...

    def observe(self, prediction: Any, outcome: int) -> None:
        """Learn what came, for the rest of this song. The cursor must still stand before it."""
        ...

    def adjust(self, prediction: Any, outcome: int) -> None:
        """Learn whom of its own voices to trust, for the rest of this song, from music that is not its own."""
        ...

    def advance(self, token: int) -> None:
        """Move the cursor over a token."""
        ...


class Steering(Protocol):
    """What keeps a piece within bounds while it is written."""

    fired: dict[str, int]
    """how often something was ruled out, by why"""

    def steer(self, cursor: Cursor, choice: Choice, probabilities: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return float64[choice.size] in place of the model's probabilities; they need not sum to 1."""
        ...


class Style(Protocol):
    """What composing needs of a style."""

    @property
    def name(self) -> str: ...

    @property
    def style_hash(self) -> str: ...

    @property
    def line_ups(self) -> tuple[LineUp, ...]: ...

    @property
    def index(self) -> Index | None:
        """fingerprints of the songs that it was learnt from"""
        ...

    def model(self) -> Stepper:
        """Return a model at the start of a song."""
        ...

    def copy_guard(self) -> Steering | None:
        """Return what keeps one piece from copying those songs; None where the style knows too little."""
        ...


def walk(model: Stepper, tokens: Iterable[int]) -> Iterator[tuple[Forecast, int]]:
    """Lead a model over tokens, learning on the way; yields each prediction with the outcome that came."""
    for token in tokens:
        for choice, outcome in outcomes(model.cursor, token):
            prediction = model.predict(choice)
            model.observe(prediction, outcome)
            model.adjust(prediction, outcome)
            yield prediction, outcome
        model.advance(token)
