"""The ear: what it says is a probability, what is to come is not heard, and its graph says the same."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from bandroid.bundle.export_ear import check_ear_parity, export_ear
from bandroid.models.ear import Ear
from bandroid.representations.window import PATCH_STEPS, WINDOW_KINDS, patch_lengths
from bandroid.training.net_files import eight_bit_copy

NAMES = ("melody-2bar", "drums-2bar", "melody-16bar")


def ear_of(name: str) -> Ear:
    torch.manual_seed(0)
    return Ear(WINDOW_KINDS[name].voices[0]).eval()


@pytest.mark.parametrize("name", NAMES)
def test_the_graph_says_what_the_ear_says(name: str) -> None:
    net, kind = ear_of(name), WINDOW_KINDS[name]
    assert check_ear_parity(net, kind, export_ear(net, kind, is_int8=False)) < 2e-4
    small = eight_bit_copy(net)
    assert check_ear_parity(small, kind, export_ear(small, kind, is_int8=True)) < 2e-4


def test_all_that_a_step_may_be_is_certain() -> None:
    """Windows that differ in their last step alone share the probability of what came before."""
    net, lengths = ear_of("melody-2bar"), torch.from_numpy(patch_lengths(16, 2))[None]
    symbols = torch.from_numpy(np.random.default_rng(0).integers(0, 90, (1, 4, PATCH_STEPS)))
    every = symbols.repeat(90, 1, 1)
    every[:, 3, 7] = torch.arange(90)
    with torch.no_grad():
        nats = net(every, lengths.repeat(90, 1))
        shorter = net(symbols, torch.tensor([[8, 8, 8, 7]]))
    # The half bar's length is told, so a shorter window is another question; its cost is of the same size.
    assert float(torch.logsumexp(-nats, dim=0)) < 0.0
    assert float((torch.logsumexp(-nats, dim=0) + shorter).abs()) < 1.0


def test_steps_beyond_a_short_half_bar_cost_nothing() -> None:
    net, lengths = ear_of("drums-2bar"), torch.from_numpy(patch_lengths(12, 2))[None]
    symbols = torch.from_numpy(np.random.default_rng(0).integers(0, 512, (1, 4, PATCH_STEPS)))
    other = symbols.clone()
    other[:, :, 6:] = 5
    with torch.no_grad():
        assert torch.equal(net(symbols, lengths), net(other, lengths))
