"""The chorale net: what it says is a probability, in an order, of what it may know."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from bandroid.bundle.export_chorale import check_chorale_parity, export_chorale, random_frames
from bandroid.generation.chorale_net import ChoraleRuntime
from bandroid.models.chorale import ChoraleNet, Said, costs, rows_as_tensors
from bandroid.models.config import ChoraleModel
from bandroid.representations.chorale import CELLS, FERMATA, N_STREAMS, N_SYMBOLS, REST, STRUCK
from bandroid.representations.chorale_rows import ORDER

SMALL = ChoraleModel(width=12, embedding=8, head=10, context=6)
Frames = NDArray[np.int64]


@pytest.fixture
def net() -> ChoraleNet:
    torch.manual_seed(0)
    return ChoraleNet(SMALL).eval()


def frames_like(n_pieces: int = 2, n_frames: int = 20, seed: int = 0) -> Frames:
    return random_frames(n_pieces, n_frames, np.random.default_rng(seed))


def nothing(frames: Frames) -> NDArray[np.bool_]:
    return np.zeros((*frames.shape[:2], N_STREAMS), dtype=np.bool_)


def said(net: ChoraleNet, frames: Frames, given: NDArray[np.bool_] | None = None) -> Said:
    with torch.no_grad():
        return net(rows_as_tensors(frames, nothing(frames) if given is None else given))


def test_probabilities_sum_to_one(net: ChoraleNet) -> None:
    total = said(net, frames_like()).symbols.exp().sum(dim=3)
    torch.testing.assert_close(total, torch.ones_like(total))


def test_the_future_changes_nothing_bit_for_bit(net: ChoraleNet) -> None:
    """Neither later frames nor their number, where nothing is given."""
    frames = frames_like()
    other = frames.copy()
    other[:, 12:, :9] = frames_like(seed=1)[:, 12:, :9]
    one, changed, cut = said(net, frames), said(net, other), said(net, frames[:, :12])
    for name in ("symbols", "anew", "fermata"):
        whole, later, short = (getattr(which, name) for which in (one, changed, cut))
        assert torch.equal(whole[:, :12], later[:, :12])
        assert torch.equal(whole[:, :12], short)
        assert not torch.equal(whole[:, 13:], later[:, 13:])


@pytest.mark.parametrize("place", range(4))
def test_a_frame_is_written_in_order(net: ChoraleNet, place: int) -> None:
    """A voice hears those before it in its frame, not itself nor those after it."""
    frames, voice = frames_like(), ORDER[place]
    other = frames.copy()
    other[:, 9, voice] = (frames[:, 9, voice] + 5) % REST
    one, changed = said(net, frames).symbols[:, 9], said(net, other).symbols[:, 9]
    for later, heard in enumerate(ORDER):
        assert torch.equal(one[:, heard], changed[:, heard]) == (later <= place)


def test_the_fermata_is_known_to_its_frame_and_not_to_itself(net: ChoraleNet) -> None:
    frames = frames_like()
    frames[:, :, FERMATA] = 0
    torch.nn.init.normal_(net.fermata.weight)
    other = frames.copy()
    other[:, 9, FERMATA] = 1
    one, changed = said(net, frames), said(net, other)
    assert torch.equal(one.fermata[:, 9], changed.fermata[:, 9])
    assert not torch.equal(one.symbols[:, 9], changed.symbols[:, 9])


def test_the_chain_rule_counts_every_piece_once(net: ChoraleNet) -> None:
    """All that a frame may be, voice after voice, is certain: its probabilities sum to one."""
    frames = frames_like(1, 3)
    total = 0.0
    for soprano in range(N_SYMBOLS):
        last = frames.copy()
        last[0, 2, 0] = soprano
        total += float(said(net, last).symbols[0, 2, 0, soprano].exp())
    assert total == pytest.approx(1.0, abs=1e-5)


def test_what_is_given_is_heard_before_it_comes(net: ChoraleNet) -> None:
    frames = frames_like()
    given = nothing(frames)
    given[:, :, 3] = True
    other = frames.copy()
    other[:, 15:, 3] = (frames[:, 15:, 3] + 7) % REST
    one, changed = said(net, frames, given).symbols, said(net, other, given).symbols
    assert not torch.equal(one[:, 4, 0], changed[:, 4, 0])
    # The soprano hears the bass of its own frame, which is written after it, where that is given.
    alone = frames.copy()
    alone[:, 4, 3] = (frames[:, 4, 3] + 3) % REST
    assert not torch.equal(said(net, frames, given).symbols[:, 4, 0], said(net, alone, given).symbols[:, 4, 0])


def test_what_is_not_given_is_not_heard_before_it_comes(net: ChoraleNet) -> None:
    frames = frames_like()
    given = nothing(frames)
    given[:, :, 0] = True
    other = frames.copy()
    other[:, 15:, 1:4] = frames_like(seed=5)[:, 15:, 1:4]
    assert torch.equal(said(net, frames, given).symbols[:, :15], said(net, other, given).symbols[:, :15])


def test_one_piece_of_a_batch_hears_nothing_of_another(net: ChoraleNet) -> None:
    frames = frames_like(3)
    given = nothing(frames)
    given[1, :, 0] = True
    together, alone = said(net, frames, given).symbols, said(net, frames[:1]).symbols
    torch.testing.assert_close(together[:1], alone, rtol=1e-5, atol=1e-6)


def test_costs_are_those_of_what_stands_there(net: ChoraleNet) -> None:
    frames = frames_like()
    what = said(net, frames)
    cost = costs(what, torch.from_numpy(frames))
    assert cost.cells[1, 3, 2] == -what.symbols[1, 3, 2, frames[1, 3, 2]]
    moved = frames[:, 1:, CELLS] != frames[:, :-1, CELLS]
    assert not bool(cost.strokes[:, 1:][torch.from_numpy(moved)].any()), "a pitch that is new says itself that it is"
    held = ~moved & (frames[:, 1:, CELLS] < REST)
    assert bool((cost.strokes[:, 1:][torch.from_numpy(held)] > 0).all())


def test_a_stroke_is_either_or(net: ChoraleNet) -> None:
    frames = frames_like()
    frames[0, 5, CELLS] = frames[0, 4, CELLS] = 20
    shares = 0.0
    for anew in (0, 1):
        frames[0, 5, STRUCK.start] = anew
        shares += float(costs(said(net, frames), torch.from_numpy(frames)).strokes[0, 5, 0].neg().exp())
    assert shares == pytest.approx(1.0, abs=1e-5)


def test_graphs_say_what_torch_says(net: ChoraleNet) -> None:
    graphs = export_chorale(net, is_int8=False)
    assert graphs == export_chorale(net, is_int8=False)
    assert check_chorale_parity(net, graphs) < 1e-4
    frames = frames_like(2, 30)
    given = nothing(frames)
    given[0, :, 0] = True
    with torch.no_grad():
        wanted = costs(said(net, frames, given), torch.from_numpy(frames))
    found = ChoraleRuntime(graphs).nats(frames, given)
    for one, other in zip(found, wanted, strict=True):
        np.testing.assert_allclose(one, other.numpy(), atol=1e-4)
