"""What a latent space's scores say of a step: the likeliest symbol, a drawn one, what one costs. No torch.

Scores of a part stand in this order: the lowest note (90), what is struck above it (48, each by itself), the length
(16); everyone else has one for each symbol.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bandroid.generation.sampling import Sampling, draw
from bandroid.representations.chord_grid import (
    N_ABOVE,
    N_LOWEST,
    above_of,
    length_class_of,
    lowest_of,
    symbols_from,
)
from bandroid.representations.grid import FIRST_NOTE
from bandroid.representations.window import Voice

_ENDS = (N_LOWEST, N_LOWEST + N_ABOVE)


def likeliest(voice: Voice, scores: NDArray[np.float32]) -> NDArray[np.int64]:
    """float32[..., n_scores] -> int64[...]."""
    if not voice.is_part:
        found: NDArray[np.int64] = scores.argmax(axis=-1)
        return found
    lowest, above, length = np.split(scores, _ENDS, axis=-1)
    return symbols_from(lowest.argmax(axis=-1), above > 0, length.argmax(axis=-1))


def drawn(voice: Voice, scores: NDArray[np.float32], how: Sampling, rng: np.random.Generator) -> int:
    """Draw one symbol, float32[n_scores]; what is struck above a lowest note is drawn note by note."""
    if not voice.is_part:
        return draw(_shares(scores), how, rng)
    lowest, above, length = np.split(scores, _ENDS)
    note = draw(_shares(lowest), how, rng)
    if note < FIRST_NOTE:
        return 0
    share = 1.0 / (1.0 + np.exp(-above.astype(np.float64)))
    struck = np.array([draw(np.array([1.0 - one, one]), how, rng) if one > 0.01 else 0 for one in share])
    lasting = draw(_shares(length), how, rng)
    return int(symbols_from(np.array(note), struck.astype(np.bool_), np.array(lasting)))


def nats_of(voice: Voice, scores: NDArray[np.float32], symbols: NDArray[np.int64]) -> NDArray[np.float64]:
    """float32[..., n_scores], int64[...] -> what symbols cost, float64[...]."""
    if not voice.is_part:
        return outcome_nats(scores, symbols)
    lowest, above, length = np.split(scores, _ENDS, axis=-1)
    is_struck = lowest_of(symbols) >= FIRST_NOTE
    signed = np.where(above_of(symbols), -above, above).astype(np.float64)
    rest = np.logaddexp(0.0, signed).sum(axis=-1) + outcome_nats(length, length_class_of(symbols))
    nats: NDArray[np.float64] = outcome_nats(lowest, lowest_of(symbols)) + rest * is_struck
    return nats


def outcome_nats(scores: NDArray[np.float32], outcome: NDArray[np.int64]) -> NDArray[np.float64]:
    """float32[..., n], int64[...] -> what outcomes cost, each one of n: float64[...]."""
    exact = scores.astype(np.float64)
    largest = exact.max(axis=-1, keepdims=True)
    total = np.log(np.exp(exact - largest).sum(axis=-1)) + largest[..., 0]
    found: NDArray[np.float64] = total - np.take_along_axis(exact, outcome[..., None], axis=-1)[..., 0]
    return found


def _shares(scores: NDArray[np.float32]) -> NDArray[np.float64]:
    odds = np.exp(scores.astype(np.float64) - scores.max())
    shares: NDArray[np.float64] = odds / odds.sum()
    return shares
