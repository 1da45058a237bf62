"""The line net: its graphs say what it says, it sees no step that is to come, and it is the same in every key."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from bandroid.bundle.export_line import check_line_parity, export_line
from bandroid.generation.line_facts import Facts, LineKind, line_facts, transposed
from bandroid.generation.line_net import LineRuntime, attended, probabilities
from bandroid.models.config import LineModel
from bandroid.models.line import LineNet, Lines
from bandroid.representations.grid import ONE_DRUM, DrumGrid, MelodyGrid
from tests.generation.test_line_facts import some_line

KINDS = {
    "drums": LineKind(DrumGrid()),
    "one-drum": LineKind(DrumGrid(ONE_DRUM)),
    "melody": LineKind(MelodyGrid()),
    "jazz": LineKind(MelodyGrid(), has_chords=True),
}


def small_net(kind: LineKind, **settings: object) -> LineNet:
    torch.manual_seed(3)
    net = LineNet(LineModel(layers=(16,), embedding=8, width=16, **settings), kind).eval()  # type: ignore[arg-type]
    with torch.no_grad():
        for parameter in net.parameters():
            parameter.add_(0.1 * torch.randn_like(parameter))
    return net


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
@pytest.mark.parametrize("settings", [{}, {"attention": 8}, {"lookback": False}, {"layers": (12, 20)}])
def test_graphs_say_what_the_net_says(kind: LineKind, settings: dict[str, object]) -> None:
    torch.manual_seed(1)
    net = LineNet(LineModel(**{"layers": (16,), "embedding": 8, "width": 16, **settings}), kind)  # type: ignore[arg-type]
    for is_int8 in (False, True):
        graphs = export_line(net, is_int8=is_int8)
        assert graphs == export_line(net, is_int8=is_int8)
    assert check_line_parity(net, export_line(net, is_int8=False)) < 1e-4


@pytest.mark.parametrize("attention", (0, 8))
@pytest.mark.parametrize("kind", [KINDS["drums"], KINDS["jazz"]], ids=("drums", "jazz"))
def test_step_by_step_it_says_what_it_says_at_once(kind: LineKind, attention: int) -> None:
    net, line = small_net(kind, attention=attention), some_line(kind, 7, 4)
    facts, n = line_facts(line, kind, 0, len(line)), len(line)
    with torch.no_grad():
        wanted = net.logs(_batch(facts, line.symbols))[0][0].exp().numpy()
    assert np.allclose(wanted.sum(axis=1), 1, atol=1e-4)
    runtime = LineRuntime(export_line(net, is_int8=False), kind)
    state, keys = runtime.start(), np.zeros((n, attention), dtype=np.float32)
    for t in range(n):
        one = line_facts(line, kind, t, t + 1)
        heard = runtime.hear(one.columns[None], one.pointers[None], one.bases[None], state)
        shares, state = probabilities(heard.scores[0, 0]), heard.after
        if attention:
            shares = attended(shares, heard.attention[0, 0], keys[:t], line.symbols[:t])
            keys[t] = heard.attention[0, 0, attention : 2 * attention]
        assert np.allclose(shares, wanted[t], atol=1e-4)


def test_what_it_says_of_a_melody_moves_with_the_music() -> None:
    kind = KINDS["jazz"]
    net, line = small_net(kind), some_line(kind, 9, 4)
    with torch.no_grad():
        net.out.weight[2:] = net.out.weight[2]  # what it makes of absolute heights aside
        net.out.bias[2:] = net.out.bias[2]
    facts = line_facts(line, kind, 0, len(line))
    with torch.no_grad():
        here = net.hear(*_inputs(facts)).scores[0, 40:].numpy()
        there = net.hear(*_inputs(transposed(facts, kind, 5))).scores[0, 40:].numpy()
    assert np.allclose(here[:, 12:80], there[:, 17:85], atol=1e-4)


@pytest.mark.parametrize("attention", (0, 8))
def test_its_losses_are_what_it_says_of_what_came(attention: int) -> None:
    kind = KINDS["drums"]
    net, line = small_net(kind, attention=attention), some_line(kind, 5, 4)
    batch = _batch(line_facts(line, kind, 0, len(line)), line.symbols)
    with torch.no_grad():
        losses, _, loud = net(batch)
        logs = net.logs(batch)[0][0]
    assert np.allclose(losses, -logs[torch.arange(len(line)), torch.from_numpy(line.symbols).long()], atol=1e-4)
    assert loud.numel() == 0


def _inputs(facts: Facts) -> tuple[torch.Tensor, ...]:
    return tuple(torch.from_numpy(a[None]) for a in (facts.columns, facts.pointers, facts.bases))


def _batch(facts: Facts, symbols: np.ndarray) -> Lines:  # type: ignore[type-arg]
    n = len(symbols)
    nothing = torch.zeros(0, dtype=torch.int64)
    there = torch.ones((1, n), dtype=torch.bool)
    no_rows = torch.zeros((0, 7), dtype=torch.int64)
    return Lines(torch.from_numpy(symbols.astype(np.int64))[None], *_inputs(facts), there, nothing, no_rows, nothing)
