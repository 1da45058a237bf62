"""Weights come back out of a space's graphs, whatever the export made of them."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from bandroid.bundle.export_space import export_space
from bandroid.models.config import SpaceModel
from bandroid.models.vae import SpaceNet
from bandroid.representations.window import WINDOW_KINDS
from bandroid.training.graph_weights import weights_of_graphs
from bandroid.training.net_files import eight_bit_copy

SMALL = SpaceModel(z_window=3, z_slice=2, width=40, decoder=10, embedding=6, features=5)


def net_of(name: str) -> SpaceNet:
    torch.manual_seed(1)
    net = SpaceNet(SMALL, WINDOW_KINDS[name])
    with torch.no_grad():  # layers between voices are nothing at first
        for parameter in net.parameters():
            parameter.normal_()
    return net


@pytest.mark.parametrize("name", ["melody-2bar", "drums-2bar", "trio-16bar", "ensemble-1bar"])
@pytest.mark.parametrize("is_int8", [False, True])
def test_weights_come_back(name: str, is_int8: bool) -> None:
    net = net_of(name)
    kept = eight_bit_copy(net) if is_int8 else net
    wanted = {key: tensor.clone() for key, tensor in kept.named_parameters()}
    found = weights_of_graphs(export_space(kept, is_int8=is_int8), SpaceNet(SMALL, WINDOW_KINDS[name]))
    for key, tensor in found.items():
        torch.testing.assert_close(tensor, wanted[key], rtol=1e-6, atol=1e-6)
    # What a single line hears of itself is in no graph.
    missing = {key for key in wanted if key not in found}
    assert all(key.startswith("write_others") for key in missing) and len(missing) <= 3


def test_graphs_of_another_shape_are_refused() -> None:
    graphs = export_space(net_of("melody-2bar"), is_int8=False)
    with pytest.raises(ValueError, match="shape"):
        weights_of_graphs(graphs, SpaceNet(replace(SMALL, width=44), WINDOW_KINDS["melody-2bar"]))
