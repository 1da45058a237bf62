"""Voices told whole from those that are given: trained on the 229 training chorales alone, asked for Bach's cells."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from bandroid.representations.chorale import CELLS, ENDING, N_STREAMS, N_VOICES, REST, TONIC, endings
from bandroid.representations.chorale_rows import given_cells
from bandroid.training.chorale_lessons import drawn, padded
from benchmarks.chorales.crf import VoiceCrf, around_as_tensors, line_costs, marginals
from benchmarks.chorales.net import BATCH, Pieces, Recipe
from benchmarks.chorales.writing import task_of

TO_THREE, TO_SOPRANO = (0, 1, 2), (0,)
"""voices that are given: all but the bass, the soprano alone"""
_MAJOR = np.isin(np.arange(12), (0, 2, 4, 5, 7, 9, 11))


def loss(net: VoiceCrf, learn: Pieces, rng: np.random.Generator, given_voices: Sequence[int]) -> Tensor:
    """Draw pieces, in any key, and return what a cell costs of one of each piece's voices that are not given."""
    batch = drawn(learn, BATCH, rng)
    for piece in batch:
        piece[:, ENDING] = endings(len(piece))
    frames, is_there = padded(batch)
    asked = rng.choice([voice for voice in range(N_VOICES) if voice not in given_voices], len(batch))
    given = np.zeros((*is_there.shape, N_STREAMS), dtype=np.bool_)
    given[..., list(given_voices)] = is_there[..., None]
    own = torch.from_numpy(is_there)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        scores = net(around_as_tensors(in_their_keys(frames, given), given, asked), own)
    line = torch.from_numpy(frames[..., CELLS][np.arange(len(asked)), :, asked])
    return line_costs(scores, line, own).sum() / own.sum()


def recipe(given_voices: Sequence[int]) -> Recipe:
    """How a net learns that sings to these voices."""
    return Recipe(6e-3, 1.0, partial(loss, given_voices=given_voices))


@torch.no_grad()
def token_error(net: VoiceCrf, pieces: Pieces, given_voices: Sequence[int]) -> float:
    """Return the share of cells that are not Bach's, of the voices that are not given.

    Each cell is the likeliest one there over all lines: that loses fewest cells (minimum Bayes risk; Kumar and Byrne
    2004).
    """
    open_voices = [voice for voice in range(N_VOICES) if voice not in given_voices]
    wrong = total = 0
    for piece in pieces:
        task = task_of(piece, given_voices, len(open_voices))
        own = torch.ones(task.frames.shape[:2], dtype=torch.bool)
        around = around_as_tensors(in_their_keys(task.frames, task.given), task.given, np.array(open_voices))
        said = marginals(net(around, own), own).argmax(dim=2).numpy()
        wrong += int((piece[:, open_voices] != said.T).sum())
        total += said.size
    return wrong / max(total, 1)


def in_their_keys(frames: NDArray[np.int64], given: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Return frames whose tonic is that of the major scale that most of what is given lies in: the file names no key.

    In minor that is the relative major's. Like chords then have like degrees in every key.
    """
    told = given_cells(frames, given)
    counts = np.stack([((told < REST) & (told % 12 == tone)).sum(axis=(1, 2)) for tone in range(12)], axis=1)
    fits = np.stack([counts[:, np.roll(_MAJOR, tonic)].sum(axis=1) for tonic in range(12)], axis=1)
    named = frames.copy()
    named[..., TONIC] = fits.argmax(axis=1)[:, None]
    return named
