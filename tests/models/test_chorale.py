"""The chorale net: what it says is a probability, in an order, of what it may know."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor

from bandroid.models.chorale import ORDER, ChoraleNet, cell_nats, interval, past_of
from bandroid.models.config import ChoraleModel
from bandroid.representations.chorale import N_SYMBOLS, NO_PITCH, REST, cells_of, room, transposed

SMALL = ChoraleModel(width=12, embedding=8, head=10, context=6)


@pytest.fixture
def net() -> ChoraleNet:
    torch.manual_seed(0)
    return ChoraleNet(SMALL).eval()


def cells_like(n_pieces: int = 2, n_frames: int = 20, seed: int = 0) -> Tensor:
    rng = np.random.default_rng(seed)
    cells = rng.integers(0, N_SYMBOLS, (n_pieces, n_frames, 4))
    held = rng.random((n_pieces, n_frames, 4)) < 0.6
    for frame in range(1, n_frames):
        cells[:, frame] = np.where(held[:, frame], cells[:, frame - 1], cells[:, frame])
    return torch.from_numpy(cells)


def said(net: ChoraleNet, cells: Tensor, given: Tensor | None = None) -> Tensor:
    with torch.no_grad():
        return net(cells, torch.zeros_like(cells, dtype=torch.bool) if given is None else given)


def test_probabilities_sum_to_one(net: ChoraleNet) -> None:
    total = said(net, cells_like()).exp().sum(dim=3)
    torch.testing.assert_close(total, torch.ones_like(total))


def test_the_future_changes_nothing_bit_for_bit(net: ChoraleNet) -> None:
    """Neither later frames nor their number, where nothing is given."""
    cells = cells_like()
    other = cells.clone()
    other[:, 12:] = cells_like(seed=1)[:, 12:]
    one, changed, cut = said(net, cells), said(net, other), said(net, cells[:, :12])
    assert torch.equal(one[:, :12], changed[:, :12])
    assert torch.equal(one[:, :12], cut)
    assert not torch.equal(one[:, 12:], changed[:, 12:])


@pytest.mark.parametrize("place", range(4))
def test_a_frame_is_written_in_order(net: ChoraleNet, place: int) -> None:
    """A voice hears those before it in its frame, not itself nor those after it."""
    cells, voice = cells_like(), ORDER[place]
    other = cells.clone()
    other[:, 9, voice] = (cells[:, 9, voice] + 5) % REST
    one, changed = said(net, cells)[:, 9], said(net, other)[:, 9]
    for later, heard in enumerate(ORDER):
        assert torch.equal(one[:, heard], changed[:, heard]) == (later <= place)


def test_the_chain_rule_counts_every_piece_once(net: ChoraleNet) -> None:
    """All that a frame may be, voice after voice, is certain: its probabilities sum to one."""
    cells = cells_like(1, 3)
    total = 0.0
    for soprano in range(N_SYMBOLS):
        last = cells.clone()
        last[0, 2, 0] = soprano
        total += float(said(net, last)[0, 2, 0, soprano].exp())
    assert total == pytest.approx(1.0, abs=1e-5)


def test_what_is_given_is_heard_before_it_comes(net: ChoraleNet) -> None:
    cells = cells_like()
    given = torch.zeros_like(cells, dtype=torch.bool)
    given[:, :, 3] = True
    other = cells.clone()
    other[:, 15:, 3] = (cells[:, 15:, 3] + 7) % REST
    one, changed = said(net, cells, given), said(net, other, given)
    assert not torch.equal(one[:, 4, 0], changed[:, 4, 0])
    # The soprano hears the bass of its own frame, which is written after it, where that is given.
    alone = cells.clone()
    alone[:, 4, 3] = (cells[:, 4, 3] + 3) % REST
    assert not torch.equal(said(net, cells, given)[:, 4, 0], said(net, alone, given)[:, 4, 0])


def test_one_piece_of_a_batch_hears_nothing_of_another(net: ChoraleNet) -> None:
    cells = cells_like(3)
    given = torch.zeros_like(cells, dtype=torch.bool)
    given[1, :, 0] = True
    together, alone = said(net, cells, given), said(net, cells[:1])
    torch.testing.assert_close(together[:1], alone, rtol=1e-5, atol=1e-6)


def test_past_is_what_was() -> None:
    cells = torch.tensor([[[5], [5], [7], [7], [7], [5]]]).expand(1, 6, 4)
    past = past_of(cells)
    assert past.last[0, :, 0].tolist() == [NO_PITCH, 5, 5, 7, 7, 7]
    assert past.before[0, :, 0].tolist() == [NO_PITCH, NO_PITCH, NO_PITCH, 5, 5, 5]
    assert past.run[0, :, 0].tolist() == [0, 0, 1, 0, 1, 2]


def test_intervals_of_rests_are_none() -> None:
    found = interval(torch.tensor([0, 45, REST, NO_PITCH, 3]), torch.tensor([45, 0, 3, 3, REST]))
    assert found.tolist() == [0, 90, 91, 91, 91]


def test_costs_are_those_of_what_stands_there(net: ChoraleNet) -> None:
    cells = cells_like()
    log_shares = said(net, cells)
    assert cell_nats(log_shares, cells)[1, 3, 2] == -log_shares[1, 3, 2, cells[1, 3, 2]]


def test_cells_move_within_their_room() -> None:
    cells = cells_of(np.array([[72, 65, 60, -1], [74, 65, 59, 36]]))
    assert cells[0].tolist() == [36, 29, 24, REST]
    assert room(cells) == (0, 7)
    assert transposed(cells, 7)[1].tolist() == [45, 36, 30, 7] and transposed(cells, 7)[0, 3] == REST
    with pytest.raises(ValueError, match=r"36\.\.81"):
        cells_of(np.array([[82, 60, 60, 60]]))
