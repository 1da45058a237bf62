"""Graphs say what the trained net says, at any shape; the same weights give the same bytes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import onnx
import pytest
import torch

from bandroid.bundle.export import PARITY, check_parity, export_quick
from bandroid.bundle.graph import in_eight_bits, rounded
from bandroid.errors import StyleError
from bandroid.generation.features import SIZES
from bandroid.generation.net import EVENT_GRAPH, graph_name
from bandroid.models.config import QuickModel
from bandroid.training.net_files import eight_bit_copy
from tiny_net import CONFIG, random_net

LARGE = QuickModel(layers=(40,), embedding=32, width=48)
"""large enough that its matrices are worth eight bits"""


@pytest.mark.parametrize("config", [CONFIG, replace(CONFIG, layers=(12,)), LARGE], ids=["two layers", "one", "large"])
@pytest.mark.parametrize("is_int8", [False, True], ids=["fp32", "int8"])
def test_graphs_say_what_the_net_says(config: QuickModel, is_int8: bool) -> None:
    net = random_net(config)
    chosen = eight_bit_copy(net) if is_int8 else net
    graphs = export_quick(chosen, is_int8=is_int8)
    assert graphs.keys() == {EVENT_GRAPH, *map(graph_name, SIZES)}
    assert check_parity(chosen, graphs) <= PARITY


def test_eight_bits_are_a_quarter_and_not_the_same() -> None:
    net = random_net(LARGE)
    large, small = export_quick(net, is_int8=False), export_quick(eight_bit_copy(net), is_int8=True)
    assert sum(map(len, small.values())) < 0.45 * sum(map(len, large.values()))
    with pytest.raises(StyleError, match="differs"):
        check_parity(net, small)


@pytest.mark.parametrize("is_int8", [False, True])
def test_the_same_weights_give_the_same_bytes(is_int8: bool) -> None:
    one, again, other = (export_quick(random_net(LARGE, seed), is_int8=is_int8) for seed in (1, 1, 2))
    assert one == again and all(one[name] != other[name] for name in one)


def parameter_names() -> list[str]:
    return [name for name, _ in random_net().named_parameters()]


@pytest.mark.parametrize("name", parameter_names())
def test_one_wrong_weight_is_noticed(name: str) -> None:
    net = random_net()
    graphs = export_quick(net, is_int8=False)
    with torch.no_grad():
        # Shifted by one place: a row mixed up, as a transposed matrix would be.
        tensor = net.get_parameter(name)
        tensor.copy_(tensor.flatten().roll(1).view_as(tensor))
    with pytest.raises(StyleError, match="please report"):
        check_parity(net, graphs)


def test_a_weight_that_is_no_number_is_noticed() -> None:
    net = random_net()
    with torch.no_grad():
        net.get_parameter("heads.pitch.out.bias")[3] = torch.nan
    with pytest.raises(StyleError, match="please report"):
        check_parity(net, export_quick(net, is_int8=False))


def test_parity_leaves_the_net_as_it_was() -> None:
    net = random_net().train()
    check_parity(net, export_quick(net, is_int8=False))
    assert net.training


def test_graphs_hold_nothing_but_plain_operators() -> None:
    for content in export_quick(random_net(), is_int8=True).values():
        model = onnx.load_from_string(content)
        assert [entry.domain for entry in model.opset_import] == [""]
        assert not model.functions and not any(tensor.external_data for tensor in model.graph.initializer)


def test_eight_bits_keep_each_row_to_half_a_step() -> None:
    rng = np.random.default_rng(0)
    value = (rng.normal(size=(40, 50)) * rng.uniform(0.001, 100, (40, 1))).astype(np.float32)
    value[7] = 0
    levels, scale = in_eight_bits(value)
    assert levels.dtype == np.int8 and levels.min() >= -127
    assert (np.abs(rounded(value) - value) <= scale * 0.501).all() and not rounded(value)[7].any()
    assert rounded(value[:2]) is value[:2] or np.array_equal(rounded(value[:2]), value[:2])  # too small to round
