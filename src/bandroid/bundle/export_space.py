"""A trained latent space as ONNX graphs: encoder, conductor, one step of the decoder; checked against torch.

Encoder and conductor run once a window; they and the decoder are kept in eight bits where that costs nothing.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from bandroid.bundle.export import PARITY, as_array, difference
from bandroid.bundle.export_line import append_linear, append_lstm
from bandroid.bundle.graph import Graph
from bandroid.errors import StyleError
from bandroid.generation.space_net import ENCODE_GRAPH, PLAN_GRAPH, WRITE_GRAPH, SpaceRuntime
from bandroid.models.vae import LOG_VARIANCE_RANGE, SpaceNet, VoiceTable
from bandroid.representations.window import PATCH_STEPS, Patches, patch_lengths

_SIZES = (1, 3, 16)
"""windows that parity is checked at"""


def export_space(net: SpaceNet, *, is_int8: bool) -> dict[str, bytes]:
    """Return the graphs by file name; the same weights give the same bytes."""
    return {ENCODE_GRAPH: _encode(net, is_int8), PLAN_GRAPH: _plan(net, is_int8), WRITE_GRAPH: _write(net, is_int8)}


def check_space_parity(net: SpaceNet, graphs: dict[str, bytes]) -> float:
    """Return the largest difference between graphs and torch at three sizes; raises StyleError above PARITY."""
    was_training, runtime, rng, worst = net.training, SpaceRuntime(graphs, net.kind), np.random.default_rng(0), 0.0
    net.eval()
    for n in _SIZES:
        patches = _random_patches(net, n, rng)
        z = rng.normal(size=(n, net.z_size)).astype(np.float32)
        features = rng.normal(size=(n, 1, net.config.features)).astype(np.float32)
        states = rng.normal(size=(n, 2 * net.config.decoder)).astype(np.float32)
        before = np.stack([rng.integers(0, voice.grid.size + 1, n) for voice in net.kind.voices], axis=1)
        with torch.no_grad():
            arrays = (patches.symbols, patches.velocity, patches.lengths, patches.is_there)
            mean, log_variance = net.encode(*map(torch.from_numpy, arrays))
            planned = net.plan(torch.from_numpy(z), torch.from_numpy(patches.lengths))
            written = net.steps(*map(torch.from_numpy, (features, states, before[:, :, None])))
        found = runtime.encode(patches)
        pairs = [(found.mean, mean), (found.log_variance, log_variance)]
        pairs += list(zip(runtime.plan(z, patches.lengths), planned, strict=True))
        hidden, cell = np.split(states, 2, axis=1)
        scores, loudness, *_ = runtime.write(features[:, 0], before, hidden, cell)
        pairs += [(scores, written[0][:, 0]), (loudness, written[1][:, 0])]
        worst = max(worst, *(difference(one, other.numpy()) for one, other in pairs))
    net.train(was_training)
    if worst > PARITY:
        raise StyleError(f"the exported net differs from the trained one (by {worst:.2g}): please report this")
    return worst


def _random_patches(net: SpaceNet, n: int, rng: np.random.Generator) -> Patches:
    kind = net.kind
    symbols = np.stack(
        [rng.integers(0, voice.grid.size, (n, kind.n_patches, PATCH_STEPS)) for voice in kind.voices], axis=2
    )
    return Patches(
        symbols,
        rng.random((n, kind.n_patches, PATCH_STEPS, kind.n_channels)).astype(np.float32),
        np.zeros((n, kind.n_patches, len(kind.voices)), dtype=np.int64),
        np.stack([patch_lengths(int(rng.integers(2, 2 * PATCH_STEPS + 1)), kind.n_bars) for _ in range(n)]),
        rng.random((n, len(kind.voices))) < 0.8,
    )


def _encode(net: SpaceNet, is_int8: bool) -> bytes:
    graph, kind = Graph("encode", is_int8=is_int8), net.kind
    n_voices, n_patches = len(kind.voices), kind.n_patches
    symbols = graph.input("symbols", "int64", ["batch", n_patches, n_voices, PATCH_STEPS])
    velocity = graph.input("velocity", "float32", ["batch", n_patches, PATCH_STEPS, kind.n_channels])
    lengths = graph.input("lengths", "int64", ["batch", n_patches])
    is_there = graph.input("is_there", "float32", ["batch", n_voices])
    heard = graph.node("Gather", graph.weight(as_array(net.lengths.weight)), lengths)
    for index, channel in enumerate(kind.channels):
        these = _only(graph, symbols, index, 2)
        vectors = graph.node("Gather", _table(graph, net.symbols[index]), these)
        loud = _part(graph, velocity, channel.start, channel.stop, 3)
        loudness, patches = net.loudness[index], net.patches[index]
        assert isinstance(loudness, nn.Linear) and isinstance(patches, nn.Sequential)
        turned = graph.node("Transpose", graph.weight(as_array(loudness.weight)), perm=[1, 0])
        vectors = graph.node("Add", vectors, graph.node("MatMul", loud, turned))
        x = graph.node("Reshape", vectors, graph.constant([0, 0, PATCH_STEPS * net.config.embedding]))
        hidden, out = (layer for layer in patches if isinstance(layer, nn.Linear))
        x = _gelu(graph, append_linear(graph, out, _gelu(graph, append_linear(graph, hidden, x))))
        there = graph.node("Unsqueeze", _part(graph, is_there, index, index + 1, 1), graph.constant([2]))
        heard = graph.node("Add", heard, graph.node("Mul", x, there))
    width = net.config.width
    states = _gru(graph, net.hear, heard)
    forward = _part(graph, _part(graph, states, n_patches - 1, n_patches, 1), 0, width, 2)
    backward = _part(graph, _part(graph, states, 0, 1, 1), width, 2 * width, 2)
    ends = graph.node("Squeeze", graph.node("Concat", forward, backward, axis=2), graph.constant([1]))
    of_window, of_slice = append_linear(graph, net.of_window, ends), append_linear(graph, net.of_slice, states)
    outputs = []
    for number in range(2):
        n_window, n_slice = net.config.z_window, net.config.z_slice
        whole = _part(graph, of_window, number * n_window, (number + 1) * n_window, 1)
        slices = _part(graph, of_slice, number * n_slice, (number + 1) * n_slice, 2)
        flat = graph.node("Reshape", slices, graph.constant([0, n_patches * n_slice]))
        outputs.append(graph.node("Concat", whole, flat, axis=1))
    low, high = (graph.constant(np.array([limit], dtype=np.float32)) for limit in LOG_VARIANCE_RANGE)
    log_variance = graph.node("Max", graph.node("Min", outputs[1], high), low)
    return graph.build(
        (outputs[0], "mean", ["batch", net.z_size]),
        (log_variance, "log_variance", ["batch", net.z_size]),
    )


def _plan(net: SpaceNet, is_int8: bool) -> bytes:
    graph, kind, config = Graph("plan", is_int8=is_int8), net.kind, net.config
    n_patches, n_voices = kind.n_patches, len(kind.voices)
    z = graph.input("z", "float32", ["batch", net.z_size])
    lengths = graph.input("lengths", "int64", ["batch", n_patches])
    whole = graph.node("Unsqueeze", _part(graph, z, 0, config.z_window, 1), graph.constant([1]))
    whole = graph.node("Tile", whole, graph.constant([1, n_patches, 1]))
    slices = _part(graph, z, config.z_window, net.z_size, 1)
    slices = graph.node("Reshape", slices, graph.constant([0, n_patches, config.z_slice]))
    entered = append_linear(graph, net.enter, graph.node("Concat", whole, slices, axis=2))
    entered = graph.node("Add", entered, graph.node("Gather", graph.weight(as_array(net.lengths.weight)), lengths))
    conducted = _gru(graph, net.conduct, graph.node("Relu", entered))
    features = append_linear(graph, net.features, _gelu(graph, append_linear(graph, net.expand, conducted)))
    features = graph.node("Reshape", features, graph.constant([0, n_patches, PATCH_STEPS, config.features]))
    cells = append_linear(graph, net.cells, conducted)
    cells = graph.node("Reshape", cells, graph.constant([0, n_patches, n_voices, kind.n_cells]))
    states = graph.node("Tanh", append_linear(graph, net.begin, conducted))
    return graph.build(
        (features, "features", ["batch", n_patches, PATCH_STEPS, config.features]),
        (states, "states", ["batch", n_patches, 2 * config.decoder]),
        (cells, "cells", ["batch", n_patches, n_voices, kind.n_cells]),
    )


def _write(net: SpaceNet, is_int8: bool) -> bytes:
    graph, kind, config = Graph("write", is_int8=is_int8), net.kind, net.config
    features = graph.input("features", "float32", ["batch", config.features])
    before = graph.input("before", "int64", ["batch", len(kind.voices)])
    hidden, cell = (graph.input(name, "float32", ["batch", config.decoder]) for name in ("hidden", "cell"))
    heard = ""
    for index, table in enumerate(net.before):
        these = _only(graph, before, index, 1)
        found = graph.node("Gather", _table(graph, table), these)
        heard = found if not heard else graph.node("Add", heard, found)
    x = graph.node("Unsqueeze", graph.node("Concat", features, heard, axis=1), graph.constant([0]))
    written, hidden_after, cell_after = append_lstm(graph, net.write, x, hidden, cell)
    written = graph.node("Squeeze", written, graph.constant([0]))
    written = graph.node("Add", written, append_linear(graph, net.skip, features))
    return graph.build(
        (append_linear(graph, net.say, written), "scores", ["batch", net.say.out_features]),
        (graph.node("Sigmoid", append_linear(graph, net.strike, written)), "loudness", ["batch", kind.n_channels]),
        (hidden_after, "hidden_after", ["batch", config.decoder]),
        (cell_after, "cell_after", ["batch", config.decoder]),
    )


def _table(graph: Graph, voice: nn.Module) -> str:
    assert isinstance(voice, VoiceTable)
    rows = graph.weight(as_array(voice.rows))
    return graph.node("MatMul", graph.constant(voice.bits.numpy()), rows) if voice.is_drums else rows


def _part(graph: Graph, x: str, first: int, end: int, axis: int) -> str:
    return graph.node("Slice", x, graph.constant([first]), graph.constant([end]), graph.constant([axis]))


def _only(graph: Graph, x: str, index: int, axis: int) -> str:
    return graph.node("Squeeze", _part(graph, x, index, index + 1, axis), graph.constant([axis]))


def _gelu(graph: Graph, x: str) -> str:
    """x -> x * (1 + erf(x / sqrt 2)) / 2, as torch computes it."""
    inside = graph.node("Erf", graph.node("Mul", x, graph.constant(np.array([0.5**0.5], dtype=np.float32))))
    half = graph.node("Mul", x, graph.constant(np.array([0.5], dtype=np.float32)))
    return graph.node("Mul", half, graph.node("Add", inside, graph.constant(np.array([1.0], dtype=np.float32))))


def _gru(graph: Graph, gru: nn.GRU, x: str) -> str:
    """Append a layer both ways: float32[B, T, in] -> float32[B, T, 2 * units]."""
    weights = dict(gru.named_parameters())

    def gates(name: str) -> NDArray[np.float32]:
        # torch keeps reset, update, new; ONNX wants update, reset, hidden.
        both = []
        for way in ("", "_reverse"):
            reset, update, new = np.split(as_array(weights[name + way]), 3)
            both.append(np.concatenate([update, reset, new]))
        return np.stack(both)

    def matrix(name: str) -> str:
        both = gates(name)
        n_ways, n_rows, n_columns = both.shape
        flat = graph.weight(both.reshape(n_ways * n_rows, n_columns))
        return graph.node("Reshape", flat, graph.constant([n_ways, n_rows, n_columns]))

    inputs = [
        graph.node("Transpose", x, perm=[1, 0, 2]),
        matrix("weight_ih_l0"),
        matrix("weight_hh_l0"),
        graph.constant(np.concatenate([gates("bias_ih_l0"), gates("bias_hh_l0")], axis=1)),
    ]
    states, _ = graph.nodes(
        "GRU", inputs, 2, hidden_size=gru.hidden_size, linear_before_reset=1, direction="bidirectional"
    )
    # float32[T, 2, B, units]: both ways side by side.
    turned = graph.node("Transpose", states, perm=[2, 0, 1, 3])
    return graph.node("Reshape", turned, graph.constant([0, 0, 2 * gru.hidden_size]))
