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
        n_voices, config = len(net.kind.voices), net.config
        features = rng.normal(size=(n, n_voices * config.features)).astype(np.float32)
        hidden, cell = (rng.normal(size=(n, n_voices * config.decoder)).astype(np.float32) for _ in range(2))
        before = np.stack([rng.integers(0, voice.grid.size + 1, n) for voice in net.kind.voices], axis=1)
        with torch.no_grad():
            arrays = (patches.symbols, patches.velocity, patches.lengths, patches.is_there.astype(np.float32))
            mean, log_variance = net.encode(*map(torch.from_numpy, arrays))
            planned = net.plan(torch.from_numpy(z), torch.from_numpy(patches.lengths))
            written = [_written(net, index, features, hidden, cell, before) for index in range(n_voices)]
        found = runtime.encode(patches)
        pairs = [(found.mean, mean), (found.log_variance, log_variance)]
        pairs += list(zip(runtime.plan(z, patches.lengths), planned, strict=True))
        scores, loudness, *_ = runtime.write(features, before, hidden, cell)
        pairs += [(scores, torch.cat([one for one, _ in written], dim=1))]
        pairs += [(loudness, torch.cat([one for _, one in written], dim=1))]
        worst = max(worst, *(difference(one, other.numpy()) for one, other in pairs))
    net.train(was_training)
    if worst > PARITY:
        raise StyleError(f"the exported net differs from the trained one (by {worst:.2g}): please report this")
    return worst


def _written(
    net: SpaceNet,
    index: int,
    features: NDArray[np.float32],
    hidden: NDArray[np.float32],
    cell: NDArray[np.float32],
    before: NDArray[np.int64],
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return what torch makes of one step of one voice."""
    own = [np.split(part, len(net.kind.voices), axis=1)[index] for part in (features, hidden, cell)]
    arrays = (own[0][:, None], np.concatenate(own[1:], axis=1), before[:, :, None])
    scores, loudness = net.steps(index, *map(torch.from_numpy, arrays))
    return scores[:, 0], loudness[:, 0]


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
    graph, kind, config = Graph("encode", is_int8=is_int8), net.kind, net.config
    n_voices, n_patches, width = len(kind.voices), kind.n_patches, config.width
    symbols = graph.input("symbols", "int64", ["batch", n_patches, n_voices, PATCH_STEPS])
    velocity = graph.input("velocity", "float32", ["batch", n_patches, PATCH_STEPS, kind.n_channels])
    lengths = graph.input("lengths", "int64", ["batch", n_patches])
    is_there = graph.input("is_there", "float32", ["batch", n_voices])
    half_bars, known = [], []
    for index, channel in enumerate(kind.channels):
        voice = net.voice(index)
        known.append(_part(graph, is_there, index, index + 1, 1))
        vectors = graph.node("Gather", _table(graph, voice.symbols), _only(graph, symbols, index, 2))
        loud = _part(graph, velocity, channel.start, channel.stop, 3)
        turned = graph.node("Transpose", graph.weight(as_array(voice.loudness.weight)), perm=[1, 0])
        vectors = graph.node("Add", vectors, graph.node("MatMul", loud, turned))
        x = graph.node("Reshape", vectors, graph.constant([0, 0, PATCH_STEPS * config.embedding]))
        x = append_gelu(graph, append_linear(graph, voice.patch, x))
        x = append_gelu(graph, append_linear(graph, voice.patch2, x))
        half_bars.append(graph.node("Mul", x, graph.node("Unsqueeze", known[-1], graph.constant([2]))))
    everything = _sum(graph, half_bars)
    outputs: tuple[list[str], list[str]] = ([], [])
    low, high = (graph.constant(np.array([limit], dtype=np.float32)) for limit in LOG_VARIANCE_RANGE)
    for index, own in enumerate(half_bars):
        voice = net.voice(index)
        heard = graph.node("Add", own, graph.node("Gather", graph.weight(as_array(voice.lengths.weight)), lengths))
        heard = _with_others(graph, net.hear_others, index, heard, everything, own)
        states = _gru(graph, voice.hear, heard)
        forward = _part(graph, _part(graph, states, n_patches - 1, n_patches, 1), 0, width, 2)
        backward = _part(graph, _part(graph, states, 0, 1, 1), width, 2 * width, 2)
        ends = graph.node("Squeeze", graph.node("Concat", forward, backward, axis=2), graph.constant([1]))
        of_window = append_linear(graph, voice.of_window, ends)
        of_slice = append_linear(graph, voice.of_slice, states)
        for number in range(2):
            n_window, n_slice = config.z_window, config.z_slice
            whole = _part(graph, of_window, number * n_window, (number + 1) * n_window, 1)
            slices = _part(graph, of_slice, number * n_slice, (number + 1) * n_slice, 2)
            flat = graph.node("Reshape", slices, graph.constant([0, n_patches * n_slice]))
            found = graph.node("Concat", whole, flat, axis=1)
            if number == 1:
                found = graph.node("Max", graph.node("Min", found, high), low)
            outputs[number].append(graph.node("Mul", found, known[index]))
    return graph.build(
        (_together(graph, outputs[0], 1), "mean", ["batch", net.z_size]),
        (_together(graph, outputs[1], 1), "log_variance", ["batch", net.z_size]),
    )


def _plan(net: SpaceNet, is_int8: bool) -> bytes:
    graph, kind, config = Graph("plan", is_int8=is_int8), net.kind, net.config
    n_patches, n_voices = kind.n_patches, len(kind.voices)
    z = graph.input("z", "float32", ["batch", net.z_size])
    lengths = graph.input("lengths", "int64", ["batch", n_patches])
    entered = []
    for index in range(n_voices):
        voice, first = net.voice(index), index * net.z_voice
        whole = graph.node("Unsqueeze", _part(graph, z, first, first + config.z_window, 1), graph.constant([1]))
        whole = graph.node("Tile", whole, graph.constant([1, n_patches, 1]))
        slices = _part(graph, z, first + config.z_window, first + net.z_voice, 1)
        slices = graph.node("Reshape", slices, graph.constant([0, n_patches, config.z_slice]))
        x = append_linear(graph, voice.enter, graph.node("Concat", whole, slices, axis=2))
        x = graph.node("Add", x, graph.node("Gather", graph.weight(as_array(voice.lengths.weight)), lengths))
        entered.append(graph.node("Relu", x))
    everything = _sum(graph, entered)
    features, hidden, cell, cells = [], [], [], []
    for index, own in enumerate(entered):
        voice = net.voice(index)
        conducted = _gru(graph, voice.conduct, _with_others(graph, net.conduct_others, index, own, everything, own))
        expanded = append_linear(
            graph, voice.features, append_gelu(graph, append_linear(graph, voice.expand, conducted))
        )
        features.append(graph.node("Reshape", expanded, graph.constant([0, n_patches, PATCH_STEPS, config.features])))
        states = graph.node("Tanh", append_linear(graph, voice.begin, conducted))
        hidden.append(_part(graph, states, 0, config.decoder, 2))
        cell.append(_part(graph, states, config.decoder, 2 * config.decoder, 2))
        cells.append(graph.node("Unsqueeze", append_linear(graph, voice.cells, conducted), graph.constant([2])))
    return graph.build(
        (_together(graph, features, 3), "features", ["batch", n_patches, PATCH_STEPS, n_voices * config.features]),
        (_together(graph, [*hidden, *cell], 2), "states", ["batch", n_patches, 2 * n_voices * config.decoder]),
        (_together(graph, cells, 2), "cells", ["batch", n_patches, n_voices, kind.n_cells]),
    )


def _write(net: SpaceNet, is_int8: bool) -> bytes:
    graph, kind, config = Graph("write", is_int8=is_int8), net.kind, net.config
    n_voices = len(kind.voices)
    features = graph.input("features", "float32", ["batch", n_voices * config.features])
    before = graph.input("before", "int64", ["batch", n_voices])
    hidden, cell = (graph.input(name, "float32", ["batch", n_voices * config.decoder]) for name in ("hidden", "cell"))
    scores, loudness, hiddens, cells = [], [], [], []
    last = [_only(graph, before, index, 1) for index in range(n_voices)]
    for index in range(n_voices):
        voice = net.voice(index)
        heard = graph.node("Gather", _table(graph, voice.before), last[index])
        if len(net.write_others):
            tables = net.write_others[index]
            assert isinstance(tables, nn.ModuleList)
            for other in range(n_voices):
                if other != index:
                    of_other = graph.node("Gather", _table(graph, tables[other]), last[other])
                    heard = graph.node("Add", heard, of_other)
        own = _part(graph, features, index * config.features, (index + 1) * config.features, 1)
        x = graph.node("Unsqueeze", graph.node("Concat", own, heard, axis=1), graph.constant([0]))
        first, end = index * config.decoder, (index + 1) * config.decoder
        starts = (_part(graph, hidden, first, end, 1), _part(graph, cell, first, end, 1))
        written, hidden_after, cell_after = append_lstm(graph, voice.write, x, *starts)
        written = graph.node("Squeeze", written, graph.constant([0]))
        written = graph.node("Add", written, append_linear(graph, voice.skip, own))
        scores.append(append_linear(graph, voice.say, written))
        loudness.append(graph.node("Sigmoid", append_linear(graph, voice.strike, written)))
        hiddens.append(hidden_after)
        cells.append(cell_after)
    return graph.build(
        (_together(graph, scores, 1), "scores", ["batch", sum(voice.grid.size for voice in kind.voices)]),
        (_together(graph, loudness, 1), "loudness", ["batch", kind.n_channels]),
        (_together(graph, hiddens, 1), "hidden_after", ["batch", n_voices * config.decoder]),
        (_together(graph, cells, 1), "cell_after", ["batch", n_voices * config.decoder]),
    )


def _sum(graph: Graph, parts: list[str]) -> str:
    return graph.node("Sum", *parts) if len(parts) > 1 else parts[0]


def _together(graph: Graph, parts: list[str], axis: int) -> str:
    return graph.node("Concat", *parts, axis=axis) if len(parts) > 1 else parts[0]


def _with_others(graph: Graph, layers: nn.ModuleList, index: int, x: str, everything: str, own: str) -> str:
    """Add to x what a voice hears of the others."""
    if not len(layers):
        return x
    layer = layers[index]
    assert isinstance(layer, nn.Linear)
    turned = graph.node("Transpose", graph.weight(as_array(layer.weight)), perm=[1, 0])
    return graph.node("Add", x, graph.node("MatMul", graph.node("Sub", everything, own), turned))


def _table(graph: Graph, voice: nn.Module) -> str:
    assert isinstance(voice, VoiceTable)
    rows = graph.weight(as_array(voice.rows))
    return graph.node("MatMul", graph.constant(voice.bits.numpy()), rows) if voice.is_drums else rows


def _part(graph: Graph, x: str, first: int, end: int, axis: int) -> str:
    return graph.node("Slice", x, graph.constant([first]), graph.constant([end]), graph.constant([axis]))


def _only(graph: Graph, x: str, index: int, axis: int) -> str:
    return graph.node("Squeeze", _part(graph, x, index, index + 1, axis), graph.constant([axis]))


def append_gelu(graph: Graph, x: str) -> str:
    """Append x -> x * (1 + erf(x / sqrt 2)) / 2, as torch computes it."""
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
