"""What stands on a step of a voice, to a net: as a vector that it hears, as scores that it says.

A line's step is one of its symbols, a drummer's a set of classes (one of as many symbols as there are sets), a part's
a lowest note, what is struck above it and a length (representations/grid.py, chord_grid.py).
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from bandroid.representations.chord_grid import N_ABOVE, N_LENGTHS, N_LOWEST
from bandroid.representations.grid import DrumGrid
from bandroid.representations.window import Voice

CHORD_ROWS = (N_LOWEST, 1, N_LENGTHS, N_ABOVE)
"""what the rows of a part's table stand for, in order: the lowest note, not heard, lengths, what is struck above"""


class VoiceTable(nn.Module):
    """A voice's symbols as vectors of E numbers; the voice's size as a symbol stands for what is not heard."""

    bits: Tensor

    def __init__(self, voice: Voice, width: int) -> None:
        super().__init__()
        self.is_drums, self.is_part, self.size = voice.is_drums, voice.is_part, voice.grid.size
        n_rows = sum(CHORD_ROWS) if self.is_part else voice.grid.n_voices + 2 if self.is_drums else self.size + 1
        self.rows = nn.Parameter(0.3 * torch.randn(n_rows, width))
        if isinstance(voice.grid, DrumGrid):
            # Of each symbol: which classes are struck, whether any is heard, and whether none is.
            struck = torch.tensor(voice.grid.struck(np.arange(self.size, dtype=np.int32))).float()
            known = torch.zeros(self.size + 1, n_rows)
            known[:-1, : voice.grid.n_voices] = struck
            known[:-1, -2] = (~struck.bool().any(dim=1)).float()
            known[-1, -1] = 1.0
            self.register_buffer("bits", known, persistent=False)

    def table(self) -> Tensor:
        """Return float[size + 1, E], for what is no part."""
        return self.bits @ self.rows if self.is_drums else self.rows

    def forward(self, symbols: Tensor) -> Tensor:
        """int64[...] -> float[..., E]."""
        if not self.is_part:
            return functional.embedding(symbols, self.table())
        lowest, length, above = parts_of_symbols(symbols)
        of_lowest, unheard, of_length, of_above = self.rows.split(CHORD_ROWS)  # type: ignore[no-untyped-call]
        is_struck = (lowest > 0)[..., None].to(self.rows.dtype)
        number = torch.where(symbols >= self.size, N_LOWEST, lowest)
        vectors = functional.embedding(number, torch.cat([of_lowest, unheard]))
        vectors = vectors + functional.embedding(length, of_length) * is_struck
        together: Tensor = vectors + above.to(self.rows.dtype) @ of_above
        return together


def parts_of_symbols(symbols: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Return a part's symbols taken apart: lowest note and length int64[...], what is above bool[..., 48]."""
    shifts = 12 + torch.arange(N_ABOVE, device=symbols.device)
    return symbols & 0xFF, symbols >> 8 & (N_LENGTHS - 1), (symbols[..., None] >> shifts & 1).bool()


def symbol_nats(voice: Voice, scores: Tensor, symbols: Tensor) -> Tensor:
    """float[..., n_scores], int64[...] -> what symbols cost, float[...]."""
    if not voice.is_part:
        return _cross_entropy(scores, symbols)
    lowest, length, above = parts_of_symbols(symbols)
    of_lowest, of_above, of_length = scores.split((N_LOWEST, N_ABOVE, N_LENGTHS), dim=-1)  # type: ignore[no-untyped-call]
    together = functional.binary_cross_entropy_with_logits(of_above, above.to(scores.dtype), reduction="none")
    return _cross_entropy(of_lowest, lowest) + (together.sum(dim=-1) + _cross_entropy(of_length, length)) * (lowest > 0)


def is_foreseen(voice: Voice, scores: Tensor, symbols: Tensor) -> Tensor:
    """float[..., n_scores], int64[...] -> bool[...]: where the likeliest is right, however long it is to sound."""
    if not voice.is_part:
        return scores.argmax(dim=-1) == symbols
    lowest, _, above = parts_of_symbols(symbols)
    said = scores[..., N_LOWEST : N_LOWEST + N_ABOVE] > 0
    return (scores[..., :N_LOWEST].argmax(dim=-1) == lowest) & ((said == above).all(dim=-1) | (lowest == 0))


def _cross_entropy(scores: Tensor, outcome: Tensor) -> Tensor:
    nats = functional.cross_entropy(scores.flatten(0, -2), outcome.flatten(), reduction="none")
    return nats.reshape(outcome.shape)
