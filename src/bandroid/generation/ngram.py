"""The n-gram over scores: Witten-Bell estimates along several chains of contexts, mixed, adaptive while it composes.

Every choice has several chains of contexts (generation/cell_contexts.py, note_contexts.py). Along a chain, the
estimate of a longer context backs off to the shorter one after Witten and Bell (IEEE Trans. Information Theory 37(4),
1991, method C): p(x | c_k) = (n(x, c_k) + t(c_k) p(x | c_k-1)) / (n(c_k) + t(c_k)), t the number of different
outcomes. Counts of the style and of the song so far add up, the song's own weighing more. The chains' estimates are
then mixed by weighted geometric mean, with a weight set per choice and per depth that the chains reached, learnt
online as in context mixing (Mahoney 2005, PAQ): the gradient of the log-likelihood is what a weight moves along.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from bandroid.errors import StyleError
from bandroid.generation import cell_contexts
from bandroid.generation.cell_contexts import CellFacts, Chains, IntervalFacts
from bandroid.generation.choices import Choice, allowed_mask, outcomes
from bandroid.generation.counts import TOTAL, Counts, Entry
from bandroid.generation.note_contexts import NoteContexts
from bandroid.generation.note_facts import DrumFacts, LengthFacts, PitchFacts, PositionFacts, VelocityFacts
from bandroid.representations.score_cursor import Cursor

CONTEXTS_VERSION = 2
"""raised when a chain of contexts changes: counts of other contexts mean nothing any more"""
SONG_WEIGHT = 6.0
"""how much one count in the song so far weighs against one in the style; 3 to 12 differ by 0.01 bits per note"""
LEARNING_RATE = 0.005
"""step of the mixing weights; chosen on held-out songs of Band A among 0.002 to 0.05"""
LONGEST_ORDER = 7
"""no chain has more features"""
_LONGEST_STEP = 3.0  # in nats: one surprise must not throw the weights over
SUM_OF_WEIGHTS = 1.2
"""chains see different things, so together they may be surer than each alone"""
N_CHAINS = {"cell": 5, "interval": 2, "position": 7, "pitch": 8, "drum": 6, "length": 6, "velocity": 6}
"""how many chains a choice has that a net is asked for"""

WeightKey = tuple[str, int]
Facts = CellFacts | IntervalFacts | PositionFacts | PitchFacts | DrumFacts | LengthFacts | VelocityFacts


class Table(Protocol):
    """What gives the counts of a context."""

    def get(self, context: int) -> Entry | None: ...


@dataclass(frozen=True, slots=True, eq=False)
class Prediction:
    """Probabilities of a choice's outcomes, and what it takes to learn from the one that came."""

    choice: Choice
    probabilities: NDArray[np.float64]
    """float64[choice.size]; sums to 1, zero where the grammar forbids"""
    logs: NDArray[np.float64]
    """float64[chains, choice.size]: what each chain by itself estimates, before the grammar forbids"""
    facts: Facts | None
    """what may tell the outcome; None for the choices above the cells"""
    _chains: list[list[int]]
    _weight_key: WeightKey

    @property
    def contexts(self) -> list[int]:
        """All contexts of this choice, as hashes."""
        return _all_contexts(self.choice, self._chains)


class Ngram:
    """A model that walks one song at a time; `begin` starts a new one."""

    def __init__(
        self,
        style: Table,
        weights: Mapping[WeightKey, NDArray[np.float64]] | None = None,
        order: int = LONGEST_ORDER,
    ) -> None:
        """`order` is how many features of a chain count at most."""
        self.weights: dict[WeightKey, NDArray[np.float64]] = dict(weights or {})
        """per choice and depths that its chains reached: float64[chains]"""
        self._style = style
        self._order = order
        self._song = Counts()
        self._cursor = Cursor()
        self._notes = NoteContexts(self._cursor)

    @property
    def cursor(self) -> Cursor:
        """Where in the song the model stands."""
        return self._cursor

    def begin(self) -> None:
        """Forget the song; the style and the weights stay."""
        self._song = Counts()
        self._cursor = Cursor()
        self._notes = NoteContexts(self._cursor)

    def predict(self, choice: Choice) -> Prediction:
        """Return the probabilities of a choice that the cursor stands before."""
        facts, chains = self._look(choice)
        order_0 = np.full(choice.size, 1.0 / choice.size)
        self._refine(order_0, choice.index)
        estimates = np.empty((len(chains), choice.size))
        depths = 0
        for row, chain in enumerate(chains):
            estimate, depth = order_0.copy(), 0
            for context in chain:
                if not self._refine(estimate, context):
                    break
                depth += 1
            estimates[row] = estimate
            depths = depths * 4 + (min(depth, 3) if len(chains) < 5 else min(depth, 4) // 2)
        logs = np.log(estimates)
        key = (choice.name, depths)
        logits = self._weights_of(key, len(chains)) @ logs
        logits[~allowed_mask(self._cursor, choice)] = -np.inf
        odds = np.exp(logits - logits.max())
        return Prediction(choice, odds / odds.sum(), logs, facts, chains, key)

    def contexts(self, choice: Choice) -> list[int]:
        """Return all contexts of a choice that the cursor stands before, as hashes."""
        return _all_contexts(choice, self._look(choice)[1])

    def observe(self, prediction: Prediction, outcome: int) -> None:
        """Count the outcome that came into the song so far. The cursor must still stand before it."""
        self._song.add(prediction.contexts, outcome)

    def adjust(self, prediction: Prediction, outcome: int) -> None:
        """Move the mixing weights towards what would have predicted the outcome better."""
        likely = prediction.probabilities > 0
        expected = prediction.logs[:, likely] @ prediction.probabilities[likely]
        step = np.clip(prediction.logs[:, outcome] - expected, -_LONGEST_STEP, _LONGEST_STEP)
        name, _ = prediction._weight_key
        self.weights[prediction._weight_key] = (
            self._weights_of(prediction._weight_key, step.size) + LEARNING_RATE * step
        )
        # Depths not met yet start from what the choice as a whole has learnt.
        self.weights[name, _COMMON] = self._weights_of((name, _COMMON), step.size) + 0.1 * LEARNING_RATE * step

    def advance(self, token: int) -> None:
        """Move the cursor over a token."""
        self._cursor.advance(token)

    def walk(self, tokens: Iterable[int], adjust: bool) -> Iterator[tuple[Prediction, int]]:
        """Walk a whole song, learning on the way; yields each prediction with the outcome that came."""
        self.begin()
        for token in tokens:
            for choice, outcome in outcomes(self._cursor, token):
                prediction = self.predict(choice)
                self.observe(prediction, outcome)
                if adjust:
                    self.adjust(prediction, outcome)
                yield prediction, outcome
            self._cursor.advance(token)

    def _look(self, choice: Choice) -> tuple[Facts | None, Chains]:
        """Return what may tell the outcome: as facts, if a net may be told, and hashed into chains."""
        facts: Facts | None = None
        match choice.name:
            case "part":
                chains = cell_contexts.part_chains(self._cursor)
            case "bar":
                chains = cell_contexts.bar_chains(self._cursor)
            case "frame":
                chains = cell_contexts.frame_chains(self._cursor)
            case _:
                facts = self._facts(choice)
                chains = facts.chains()
        # The last four bits name the choice, so that contexts of different choices never meet.
        return facts, [[(c & ~15) | choice.index for c in chain[: self._order]] for chain in chains]

    def _facts(self, choice: Choice) -> Facts:
        match choice.name:
            case "cell":
                return cell_contexts.cell_facts(self._cursor)
            case "interval":
                return cell_contexts.interval_facts(self._cursor)
            case "position":
                return self._notes.position()
            case "pitch":
                return self._notes.pitch()
            case "drum":
                return self._notes.drum()
            case "length":
                return self._notes.length()
            case _:
                return self._notes.velocity()

    def _weights_of(self, key: WeightKey, n_chains: int) -> NDArray[np.float64]:
        known = self.weights.get(key)
        if known is None:
            known = self.weights.get((key[0], _COMMON))
        if known is None:
            return np.full(n_chains, SUM_OF_WEIGHTS / n_chains)
        if known.size != n_chains:
            raise StyleError("the style's mixing weights do not fit; learn it again")
        return known

    def _refine(self, estimate: NDArray[np.float64], context: int) -> bool:
        """Move an estimate, in place, from a shorter context to this longer one; False where it was never met."""
        style, song = self._style.get(context), self._song.get(context)
        if style is None and song is None:
            return False
        total, different = 0.0, 0
        if style is not None:
            total, different = style[TOTAL], len(style) - 1
        if song is not None:
            total += SONG_WEIGHT * song[TOTAL]
            different = len(song) - 1 if style is None else len(style.keys() | song.keys()) - 1
        scale = 1.0 / (total + different)
        estimate *= different * scale
        for entry, weight in ((style, scale), (song, SONG_WEIGHT * scale)):
            if entry is not None:
                for outcome, count in entry.items():
                    if outcome >= 0:
                        estimate[outcome] += count * weight
        return True


_COMMON = -1
"""stands for any depths in a weight key"""


def _all_contexts(choice: Choice, chains: Chains) -> list[int]:
    return [choice.index, *(context for chain in chains for context in chain)]
