"""The field over one voice's lines: its sums are those of all lines, and it is told what is given and no more."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from bandroid.bundle.export_chorale import random_frames
from bandroid.representations.chorale import N_PITCHES, N_STREAMS, N_SYMBOLS, REST
from bandroid.representations.chorale_rows import N_INTERVALS
from benchmarks.chorales.crf import (
    CrfModel,
    Scores,
    VoiceCrf,
    around_as_tensors,
    line_costs,
    log_partition,
    marginals,
)

SMALL = CrfModel(width=12, embedding=8, head=10)
ALTO = 1
Frames = NDArray[np.int64]


@pytest.fixture
def net() -> VoiceCrf:
    torch.manual_seed(0)
    return VoiceCrf(SMALL).eval()


def frames_like(n_pieces: int = 2, n_frames: int = 20, seed: int = 0) -> Frames:
    return random_frames(n_pieces, n_frames, np.random.default_rng(seed))


def all_but(frames: Frames, voice: int) -> NDArray[np.bool_]:
    given = np.ones((*frames.shape[:2], N_STREAMS), dtype=np.bool_)
    given[..., voice] = False
    return given


@torch.no_grad()
def scores_of(net: VoiceCrf, frames: Frames, given: NDArray[np.bool_], voice: int = ALTO) -> Scores:
    is_there = torch.ones(frames.shape[:2], dtype=torch.bool)
    scores: Scores = net(around_as_tensors(frames, given, np.full(len(frames), voice)), is_there)
    return scores


def random_scores(n_pieces: int, n_frames: int) -> Scores:
    torch.manual_seed(1)
    shape = (n_pieces, n_frames)
    return Scores(3 * torch.randn(*shape, N_SYMBOLS), 3 * torch.randn(*shape, N_INTERVALS))


def score_of_every_line(scores: Scores) -> torch.Tensor:
    """float[47, 47, 47]: of one piece of three frames, summed by hand."""
    move = torch.full((N_SYMBOLS, N_SYMBOLS), N_INTERVALS - 1)
    pitch = torch.arange(N_PITCHES)
    move[:N_PITCHES, :N_PITCHES] = pitch[None] - pitch[:, None] + N_PITCHES - 1
    cells, moves = scores.cells[0], scores.moves[0][:, move]
    return (
        cells[0][:, None, None] + cells[1][None, :, None] + cells[2][None, None] + moves[1][:, :, None] + moves[2][None]
    )


def test_the_sum_is_that_of_all_lines() -> None:
    scores, there = random_scores(1, 3), torch.ones(1, 3, dtype=torch.bool)
    whole = score_of_every_line(scores)
    wanted = torch.logsumexp(whole.flatten(), dim=0)
    torch.testing.assert_close(log_partition(scores, there)[0], wanted)
    line = torch.tensor([[5, REST, 45]])
    torch.testing.assert_close(line_costs(scores, line, there)[0], wanted - whole[5, REST, 45])
    share = (whole - wanted).exp()
    by_hand = torch.stack([share.sum(dim=(1, 2)), share.sum(dim=(0, 2)), share.sum(dim=(0, 1))])
    torch.testing.assert_close(marginals(scores, there)[0], by_hand, rtol=1e-4, atol=1e-6)


def test_what_follows_a_piece_is_no_part_of_it(net: VoiceCrf) -> None:
    frames, scores = frames_like(), random_scores(2, 20)
    own = torch.arange(20)[None].expand(2, -1) < 13
    line = torch.from_numpy(frames[..., ALTO])
    short = Scores(*(each[:, :13] for each in scores))
    torch.testing.assert_close(line_costs(scores, line, own), line_costs(short, line[:, :13], own[:, :13]))
    # A convolution does not hear what stands there, either.
    around = around_as_tensors(frames, all_but(frames, ALTO), np.full(2, ALTO))
    rows = around.rows.clone()
    rows[:, 13:] = 0
    with torch.no_grad():
        one, other = (net(around._replace(rows=told), own).cells[:, :13] for told in (around.rows, rows))
    assert torch.equal(one, other)


def test_it_is_told_what_is_given_and_no_more(net: VoiceCrf) -> None:
    frames = frames_like()
    other = frames.copy()
    other[..., ALTO] = (frames[..., ALTO] + 3) % N_SYMBOLS
    other[..., 4 + ALTO] = 1 - frames[..., 4 + ALTO]
    given = all_but(frames, ALTO)
    for one, changed in zip(scores_of(net, frames, given), scores_of(net, other, given), strict=True):
        assert torch.equal(one, changed)
    heard = frames.copy()
    heard[:, 19, 0] = (frames[:, 19, 0] + 3) % REST
    assert not torch.equal(scores_of(net, frames, given).cells[:, 0], scores_of(net, heard, given).cells[:, 0])


def test_it_learns_a_line(net: VoiceCrf) -> None:
    """A third below the soprano: after some steps no other line is likely."""
    rng = np.random.default_rng(0)
    frames = frames_like(4, 24)
    frames[..., 0] = np.repeat(rng.integers(20, 40, (4, 6)), 4, axis=1)
    frames[..., ALTO] = frames[..., 0] - 4
    there, line = torch.ones(4, 24, dtype=torch.bool), torch.from_numpy(frames[..., ALTO])
    around = around_as_tensors(frames, all_but(frames, ALTO), np.full(4, ALTO))
    optimizer = torch.optim.AdamW(net.parameters(), lr=0.02)
    before = float(line_costs(net(around, there), line, there).mean().detach())
    for _ in range(40):
        loss = line_costs(net(around, there), line, there).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert float(loss.detach()) < before / 20
    assert torch.equal(marginals(net(around, there), there).argmax(dim=2), line)
