"""A net at work says, token by token, what torch says of the whole song; what is no net is refused."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace

import numpy as np
import pytest
import torch

from bandroid.bundle.export import export_quick
from bandroid.errors import StyleError
from bandroid.generation.choices import outcomes
from bandroid.generation.counts import Counts
from bandroid.generation.features import EVENT_SIZES
from bandroid.generation.lesson import lesson
from bandroid.generation.net import EVENT_GRAPH, Net, NetModel, graph_name
from bandroid.generation.ngram import Ngram
from bandroid.generation.stepper import walk
from bandroid.training.quick import batch
from bandroid.training.recording import contexts_of, count, record
from small_band import small_song, varied_band, varied_song
from tiny_net import CONFIG, random_net


@pytest.fixture(scope="module")
def graphs() -> dict[str, bytes]:
    return export_quick(random_net(), is_int8=False)


@pytest.fixture(scope="module")
def counts() -> Counts:
    counts = Counts()
    for song in varied_band(2, 4):
        count(counts, contexts_of(lesson(song)), 1)
    return counts


@pytest.mark.parametrize("song", [varied_song(9, 6), small_song(0, 8)], ids=["varied", "small"])
def test_walking_agrees_with_learning(song, graphs: dict[str, bytes], counts: Counts) -> None:
    """What a song costs token by token in composing is what it costs in training, choice by choice."""
    one, net = lesson(song), random_net()
    recording = record(Ngram(counts), one, 0, 10**6)
    wanted: dict[tuple[int, str], list[float]] = {}
    for part, passage in enumerate(recording.passages):
        these = batch([passage], torch.device("cpu"))
        with torch.no_grad():
            for name, (losses, _) in net(these.events, these.choices).items():
                wanted[part, name] = losses.tolist()
    found: dict[tuple[int, str], list[float]] = defaultdict(list)
    model = NetModel(Net(graphs), Ngram(counts))
    for token in one.tokens:
        for choice, outcome in outcomes(model.cursor, token):
            prediction = model.predict(choice)
            model.observe(prediction, outcome)
            assert prediction.probabilities.sum() == pytest.approx(1.0)
            if prediction.facts is not None:
                found[model.cursor.part, choice.name].append(-float(np.log(prediction.probabilities[outcome])))
        model.advance(token)
    assert found.keys() == wanted.keys() and len({name for _, name in found}) >= 5
    for key, losses in wanted.items():
        # Training has the counts' logarithms in 16 bits, and what is certain costs nothing in either.
        assert found[key] == pytest.approx(losses, rel=0.01, abs=0.02), key


def test_the_future_does_not_change_the_past(graphs: dict[str, bytes], counts: Counts) -> None:
    one, other = (lesson(varied_song(5, n_bars)).tokens for n_bars in (3, 6))
    n_same = next(i for i, (a, b) in enumerate(zip(one, other, strict=False)) if a != b)
    walks = [
        [prediction.probabilities for prediction, _ in walk(NetModel(Net(graphs), Ngram(counts)), tokens[:n_same])]
        for tokens in (one, other)
    ]
    assert len(walks[0]) > 20
    for a, b in zip(*walks, strict=True):
        assert np.array_equal(a, b)


def test_one_net_serves_several_pieces(graphs: dict[str, bytes], counts: Counts) -> None:
    net, tokens = Net(graphs), lesson(varied_song(5, 2)).tokens
    first = [p.probabilities[o] for p, o in walk(NetModel(net, Ngram(counts)), tokens)]
    for _ in walk(NetModel(net, Ngram(counts)), lesson(varied_song(6, 2)).tokens):
        pass
    assert [p.probabilities[o] for p, o in walk(NetModel(net, Ngram(counts)), tokens)] == first


@pytest.mark.parametrize("name", [EVENT_GRAPH, graph_name("cell"), graph_name("velocity")])
@pytest.mark.parametrize("content", [b"", b"garbage" * 99, None], ids=["empty", "garbage", "cut off"])
def test_what_is_no_net_is_refused_in_one_line(name: str, content: bytes | None, graphs: dict[str, bytes]) -> None:
    broken = {**graphs, name: graphs[name][: len(graphs[name]) // 2] if content is None else content}
    with pytest.raises(StyleError, match=name) as caught:
        Net(broken)
    assert "\n" not in str(caught.value) and len(str(caught.value)) < 250


def test_a_missing_graph_is_named(graphs: dict[str, bytes]) -> None:
    with pytest.raises(StyleError, match=r"its pitch\.onnx is missing"):
        Net({name: content for name, content in graphs.items() if name != "pitch.onnx"})


def test_graphs_that_do_not_belong_together_are_refused(graphs: dict[str, bytes]) -> None:
    with pytest.raises(StyleError, match=r"pitch\.onnx does not fit"):
        Net({**graphs, "pitch.onnx": graphs["length.onnx"]})
    with pytest.raises(StyleError, match=r"hear\.onnx does not fit"):
        Net({**graphs, EVENT_GRAPH: graphs["cell.onnx"]})
    larger = export_quick(random_net(replace(CONFIG, layers=(16,))), is_int8=False)
    with pytest.raises(StyleError, match=r"drum\.onnx does not fit"):
        Net({**graphs, "drum.onnx": larger["drum.onnx"]})


def test_a_graph_that_cannot_hear_what_it_is_told_is_refused(graphs: dict[str, bytes]) -> None:
    """A hostile graph may say that it takes any event, and have no row for it."""
    net, far = Net(graphs), np.full((1, 1, len(EVENT_SIZES)), 10**6)
    with pytest.raises(StyleError, match=r"hear\.onnx cannot be run") as caught:
        net.hear(np.zeros((1, net.state_size), dtype=np.float32), far)
    assert "\n" not in str(caught.value)
