"""Chorales: one recurrent net that writes four voices frame by frame, and hears what is given past and future.

    frames so far -> what is heard of them (representations/chorale_rows.py), place in the bar
                  -> two LSTM layers (Hochreiter and Schmidhuber 1997)
    what is given -> a layer both ways over the whole piece, nothing at all where nothing is given
    a frame       -> whether a fermata stands here, then voice after voice in a fixed order: a score for each pitch by
                     itself, by its degree, by its interval from the voice's own last pitch, from the voices of this
                     frame that are chosen or given, from the last pitch of those that are not; and whether a pitch
                     that stays is struck anew

So the chain rule gives an exact likelihood in time order, and the same net harmonises. Scores by interval and degree
are the same in every key. While it learns, weights between frames are dropped (Merity et al. 2018), and what else is
dropped is dropped for a whole piece (Gal and Ghahramani 2016).

Letters: B pieces, T frames, V = 4 voices, C columns of a frame, S = 5 streams that may be given, N = 47 symbols,
R references, F, H numbers.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.func import functional_call
from torch.nn import functional

from bandroid.models.config import ChoraleModel
from bandroid.representations.chorale import (
    CELLS,
    FERMATA,
    MOST_BEATS,
    N_ENDINGS,
    N_PITCHES,
    N_PLACES,
    N_SYMBOLS,
    N_VOICES,
    NO_PITCH,
    REST,
    STRUCK,
    UNKNOWN_FERMATA,
    UNKNOWN_TONIC,
)
from bandroid.representations.chorale_rows import (
    LONGEST_RUN,
    N_DEGREES,
    N_INTERVALS,
    N_REFERENCES,
    OTHERS,
    PAIRS,
    rows_of,
)

TINY = 12
"""numbers that describe what has few values"""


class Rows(NamedTuple):
    """What the net is told: `representations.chorale_rows.Rows` as tensors."""

    heard: Tensor
    told: Tensor
    is_told: Tensor
    fermata: Tensor
    of_voice: Tensor
    references: Tensor
    tonic: Tensor


class Said(NamedTuple):
    """What the net says of each frame."""

    symbols: Tensor
    """float[B, T, V, N]: log-probability of each symbol"""
    anew: Tensor
    """float[B, T, V]: log-odds that a voice whose pitch stays strikes it anew"""
    fermata: Tensor
    """float[B, T]: log-odds of a fermata"""


class Costs(NamedTuple):
    """What frames cost, nats, each by what was chosen before it: all of them together are the piece."""

    cells: Tensor
    """float[B, T, V]"""
    strokes: Tensor
    """float[B, T, V]: 0 where the pitch itself says it"""
    fermatas: Tensor
    """float[B, T]: 0 where nobody knows"""


def rows_as_tensors(
    frames: NDArray[np.int64],
    given: NDArray[np.bool_],
    rank: NDArray[np.int64] | None = None,
    device: torch.device | None = None,
) -> Rows:
    """int64[B, T, C], bool[B, T, S] -> what the net is told; `rank` int64[B, V]: in another order than usual."""
    return Rows(*(torch.from_numpy(array).to(device) for array in rows_of(frames, given, rank)))


class Remembering(nn.Module):
    """An LSTM layer whose weights from frame to frame are dropped while it learns."""

    def __init__(self, n_in: int, width: int, weight_dropout: float) -> None:
        super().__init__()
        self.layer = nn.LSTM(n_in, width, batch_first=True)
        self._weight_dropout = weight_dropout

    def forward(self, x: Tensor) -> Tensor:
        """float[B, T, F] -> float[B, T, H]."""
        if not self.training or not self._weight_dropout:
            states: Tensor = self.layer(x)[0]
            return states
        weights: dict[str, Tensor] = dict(self.layer.named_parameters())
        weights["weight_hh_l0"] = functional.dropout(weights["weight_hh_l0"], self._weight_dropout)
        remembered: Tensor = functional_call(self.layer, weights, (x,))[0]
        return remembered


class ChoraleNet(nn.Module):
    """Rows in, nats out."""

    def __init__(self, config: ChoraleModel) -> None:
        super().__init__()
        self.config = config
        large, small = config.embedding, config.embedding // 2
        facts = fact_tables(config.embedding)
        of_voices = [
            table
            for _ in range(N_VOICES)
            for table in (
                nn.Embedding(N_SYMBOLS + 1, large),
                nn.Embedding(N_SYMBOLS + 1, small),
                nn.Embedding(LONGEST_RUN + 1, TINY),
                nn.Embedding(N_INTERVALS, TINY),
                nn.Embedding(N_DEGREES, TINY),
            )
        ]
        between = [nn.Embedding(N_INTERVALS, small) for _ in PAIRS]
        self.heard = nn.ModuleList([*of_voices, *between, _silent(3), *facts])
        self.told = nn.ModuleList([*told_tables(config.embedding), *facts])
        self.note = nn.Linear(width_of(self.told), config.context)
        self.hear = nn.LSTM(width_of(self.told), config.context, batch_first=True, bidirectional=True)
        self.n_context = 3 * config.context
        self.enter = nn.Linear(width_of(self.heard) + self.n_context, config.width)
        self.first = Remembering(config.width, config.width, config.weight_dropout)
        self.second = Remembering(config.width, config.width, config.weight_dropout)
        self.n_known = config.width + width_of(self.heard) + self.n_context
        self.say_fermata = nn.Linear(self.n_known, 1)
        self.fermata = _silent(3)
        self.others = nn.ModuleList(
            nn.ModuleList(
                table
                for _ in OTHERS[voice]
                for table in (
                    nn.Embedding(N_SYMBOLS + 1, large),
                    nn.Embedding(N_INTERVALS, small),
                    nn.Embedding(N_INTERVALS, small),
                    nn.Embedding(3, TINY),
                )
            )
            for voice in range(N_VOICES)
        )
        n_thought = self.n_known + TINY + width_of(self.others[0])
        self.think = nn.ModuleList(nn.Linear(n_thought, config.head) for _ in range(N_VOICES))
        # By itself, by its degree, by its interval from each reference.
        n_said = N_SYMBOLS + N_DEGREES + N_INTERVALS * N_REFERENCES
        heads = [nn.Linear(config.head, n_said) for _ in range(N_VOICES)]
        for head in heads:
            nn.init.normal_(head.weight, 0.0, 0.02)
        self.say = nn.ModuleList(heads)
        self.say_anew = nn.ModuleList(nn.Linear(config.head, 1) for _ in range(N_VOICES))

    def forward(self, rows: Rows) -> Said:
        """Return what it says of each frame.

        Each cell is told all frames before it, the fermata and the voices before it in ORDER in its own frame, and
        what is given anywhere: in a piece of which nothing is given, nothing else. Facts are told as they are.
        """
        heard = self._drop_heard(looked_up(self.heard, rows.heard))
        context = self._context(rows, heard)
        entered = functional.relu(self.enter(torch.cat([heard, context], dim=2)))
        remembered = self._drop(self.first(self._drop_heard(entered)))
        remembered = self._drop(self.second(remembered) + remembered)
        known = torch.cat([remembered, heard, context], dim=2)
        fermata = self.say_fermata(known)[..., 0].float()
        known = torch.cat([known, self.fermata(rows.fermata)], dim=2)
        scores, anew = zip(*(self._scores(voice, known, rows) for voice in range(N_VOICES)), strict=True)
        symbols = torch.log_softmax(torch.stack(scores, dim=2).float(), dim=3)
        return Said(symbols, torch.stack(anew, dim=2).float(), fermata)

    def _context(self, rows: Rows, like: Tensor) -> Tensor:
        """Return what is heard of what is given: float[B, T, n_context], 0 for a piece of which nothing is."""
        if not bool(rows.is_told.any()):
            return like.new_zeros(*like.shape[:2], self.n_context)
        told = self._drop_heard(looked_up(self.told, rows.told))
        heard = torch.cat([functional.relu(self.note(told)), self.hear(told)[0]], dim=2)
        return self._drop_heard(heard) * rows.is_told[:, None, None]

    def _scores(self, voice: int, known: Tensor, rows: Rows) -> tuple[Tensor, Tensor]:
        """Return scores of a voice's symbols, float[B, T, N], and log-odds of a stroke, float[B, T]."""
        others = self.others[voice]
        assert isinstance(others, nn.ModuleList)
        told = torch.cat([known, looked_up(others, rows.of_voice[:, :, voice])], dim=2)
        thought = self._drop(functional.relu(self.think[voice](told)))
        alone, by_degree, by_interval = self.say[voice](thought).split(
            [N_SYMBOLS, N_DEGREES, N_INTERVALS * N_REFERENCES], dim=2
        )
        scores = alone[..., :N_PITCHES] + score_by_degree(by_degree, rows.tonic)
        by_reference = by_interval.unflatten(2, (N_REFERENCES, N_INTERVALS))
        for number in range(N_REFERENCES):
            scores = scores + score_by_interval(by_reference[:, :, number], rows.references[:, :, voice, number])
        return torch.cat([scores, alone[..., N_PITCHES:]], dim=2), self.say_anew[voice](thought)[..., 0]

    def _drop(self, x: Tensor) -> Tensor:
        return dropped(x, self.config.dropout) if self.training else x

    def _drop_heard(self, x: Tensor) -> Tensor:
        return dropped(x, self.config.feature_dropout) if self.training else x


def costs(said: Said, frames: Tensor) -> Costs:
    """Return what frames int64[B, T, C] cost; the three together are the piece's negative log-likelihood."""
    cells, struck, fermata = frames[..., CELLS], frames[..., STRUCK], frames[..., FERMATA]
    last = torch.cat([torch.full_like(cells[:, :1], NO_PITCH), cells[:, :-1]], dim=1)
    strokes = functional.binary_cross_entropy_with_logits(said.anew, struck.to(said.anew.dtype), reduction="none")
    target = (fermata == 1).to(said.fermata.dtype)
    fermatas = functional.binary_cross_entropy_with_logits(said.fermata, target, reduction="none")
    return Costs(
        -said.symbols.gather(3, cells[..., None])[..., 0],
        torch.where((cells == last) & (cells < REST), strokes, 0.0),
        torch.where(fermata != UNKNOWN_FERMATA, fermatas, 0.0),
    )


def score_by_interval(scores: Tensor, reference: Tensor) -> Tensor:
    """float[B, T, N_INTERVALS], int64[B, T] -> a score for each pitch by its interval, float[B, T, N_PITCHES].

    Where the reference is no pitch all pitches have the same.
    """
    pitch = torch.arange(N_PITCHES, device=reference.device)
    place = torch.where(reference[..., None] < REST, pitch - reference[..., None] + N_PITCHES - 1, N_INTERVALS - 1)
    return scores.gather(2, place)


def score_by_degree(scores: Tensor, tonic: Tensor) -> Tensor:
    """float[B, T, N_DEGREES], int64[B, T] -> a score for each pitch by its degree, float[B, T, N_PITCHES]."""
    pitch = torch.arange(N_PITCHES, device=tonic.device)
    place = torch.where(tonic[..., None] < UNKNOWN_TONIC, (pitch - tonic[..., None]) % 12, N_DEGREES - 1)
    return scores.gather(2, place)


def looked_up(tables: Sequence[nn.Module] | nn.ModuleList, rows: Tensor) -> Tensor:
    """int64[B, T, F] -> float[B, T, H], each column by its own table."""
    return torch.cat([table(rows[..., column]) for column, table in enumerate(tables)], dim=2)


def dropped(x: Tensor, share: float) -> Tensor:
    """Return numbers of which a share is dropped, the same ones in all frames of a piece: float[B, T, F]."""
    return x * functional.dropout(x.new_ones(x.shape[0], 1, x.shape[2]), share)


def width_of(tables: nn.Module) -> int:
    """Return how many numbers `looked_up` finds in a frame."""
    return sum(table.embedding_dim for table in tables.children() if isinstance(table, nn.Embedding))


def told_tables(embedding: int) -> list[nn.Embedding]:
    """Return tables of what is given, column by column of `chorale_rows.told_rows` up to its facts."""
    large, small = embedding, embedding // 2
    of_voices = [
        table
        for _ in range(N_VOICES)
        for table in (
            nn.Embedding(N_SYMBOLS + 1, large),
            nn.Embedding(N_DEGREES, TINY),
            nn.Embedding(3, TINY),
            nn.Embedding(N_SYMBOLS + 1, small),
            nn.Embedding(LONGEST_RUN + 1, TINY),
            nn.Embedding(N_INTERVALS, TINY),
            nn.Embedding(N_SYMBOLS + 1, small),
        )
    ]
    return [*of_voices, nn.Embedding(3, TINY), nn.Embedding(LONGEST_RUN + 1, TINY)]


def fact_tables(embedding: int) -> list[nn.Embedding]:
    """Return tables of a frame's facts, which are known and not written.

    What is seldom met, such as bars of five beats, should say nothing rather than anything.
    """
    return [nn.Embedding(N_PLACES, embedding // 2), _silent(MOST_BEATS + 1), _silent(3), _silent(N_ENDINGS)]


def _silent(n_rows: int) -> nn.Embedding:
    """Return a table of which a row that is never met stays nothing."""
    table = nn.Embedding(n_rows, TINY)
    nn.init.zeros_(table.weight)
    return table
