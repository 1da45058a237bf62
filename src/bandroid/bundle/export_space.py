"""A trained latent space as ONNX graphs: encoder, conductor, one step of the decoder; checked against torch.

Encoder and conductor run once a window; they and the decoder are kept in eight bits where that costs nothing.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from onnx import TensorProto
from torch import nn

from bandroid.bundle.export import PARITY, as_array, difference
from bandroid.bundle.export_line import append_linear, append_lstm
from bandroid.bundle.graph import Graph
from bandroid.bundle.space_nodes import Rows, added, append_gelu, append_gru, append_symbols, part, together
from bandroid.errors import StyleError
from bandroid.generation.space_net import ENCODE_GRAPH, PLAN_GRAPH, WRITE_GRAPH, SpaceRuntime
from bandroid.models.vae import LOG_VARIANCE_RANGE, SpaceNet
from bandroid.representations.chord_grid import N_ABOVE, N_LENGTHS, N_LOWEST, symbols_from
from bandroid.representations.window import N_PLAYERS, NOBODY, PATCH_STEPS, Frames, Patches, Voice, patch_lengths

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
        everybody = np.maximum(patches.players, 1)
        features = rng.normal(size=(n, n_voices * config.features)).astype(np.float32)
        hidden, cell = (rng.normal(size=(n, n_voices * config.decoder)).astype(np.float32) for _ in range(2))
        before = np.stack([_random_symbols(voice, (n,), rng) for voice in net.kind.voices], axis=1)
        unheard = np.array([voice.grid.size for voice in net.kind.voices])
        before = np.where(rng.random(before.shape) < 0.1, unheard, before)
        with torch.no_grad():
            arrays = (patches.symbols, patches.velocity, patches.lengths, patches.players)
            mean, log_variance = net.encode(*map(torch.from_numpy, arrays))
            planned = net.plan(*map(torch.from_numpy, (z, patches.lengths, everybody)))
            said = (features, hidden, cell, before, patches.players)
            written = [_written(net, index, *said) for index in range(n_voices)]
        found = runtime.encode(patches)
        pairs = [(found.mean, mean), (found.log_variance, log_variance)]
        pairs += list(zip(runtime.plan(z, Frames(patches.lengths, everybody)), planned, strict=True))
        scores, loudness, *_ = runtime.write(features, before, hidden, cell, patches.players)
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
    players: NDArray[np.int64],
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return what torch makes of one step of one voice."""
    own = [np.split(part, len(net.kind.voices), axis=1)[index] for part in (features, hidden, cell)]
    arrays = (own[0][:, None], np.concatenate(own[1:], axis=1), before[:, :, None], players)
    scores, loudness = net.steps(index, *map(torch.from_numpy, arrays))
    return scores[:, 0], loudness[:, 0]


def _random_patches(net: SpaceNet, n: int, rng: np.random.Generator) -> Patches:
    kind = net.kind
    symbols = np.stack([_random_symbols(voice, (n, kind.n_patches, PATCH_STEPS), rng) for voice in kind.voices], axis=2)
    return Patches(
        symbols,
        rng.random((n, kind.n_patches, PATCH_STEPS, kind.n_channels)).astype(np.float32),
        np.zeros((n, kind.n_patches, len(kind.voices)), dtype=np.int64),
        np.stack([patch_lengths(int(rng.integers(2, 2 * PATCH_STEPS + 1)), kind.n_bars) for _ in range(n)]),
        rng.integers(1, N_PLAYERS, (n, len(kind.voices))) * (rng.random((n, len(kind.voices))) < 0.8),
    )


def _random_symbols(voice: Voice, shape: tuple[int, ...], rng: np.random.Generator) -> NDArray[np.int64]:
    if not voice.is_part:
        return rng.integers(0, voice.grid.size, shape)
    above = rng.random((*shape, N_ABOVE)) < 0.05
    return symbols_from(rng.integers(0, N_LOWEST, shape), above, rng.integers(0, N_LENGTHS, shape))


def _encode(net: SpaceNet, is_int8: bool) -> bytes:
    graph, kind, config = Graph("encode", is_int8=is_int8), net.kind, net.config
    n_voices, n_patches, width = len(kind.voices), kind.n_patches, config.width
    symbols = graph.input("symbols", "int64", ["batch", n_patches, n_voices, PATCH_STEPS])
    velocity = graph.input("velocity", "float32", ["batch", n_patches, PATCH_STEPS, kind.n_channels])
    lengths = graph.input("lengths", "int64", ["batch", n_patches])
    is_there = graph.input("is_there", "float32", ["batch", n_voices])
    players = graph.input("players", "int64", ["batch", n_voices]) if kind.has_parts else ""
    half_bars, known = [], []
    for number, group in enumerate(net.groups):
        voice, rows = net.net(number), Rows(graph, group)
        known.append(rows.take(is_there, [n_voices], 1, [1]))
        own = rows.take(symbols, [n_patches, n_voices, PATCH_STEPS], 2, [n_patches, PATCH_STEPS])
        vectors = append_symbols(graph, voice.symbols, own)
        channels = [n_patches, PATCH_STEPS, kind.n_channels]
        first, each = kind.channels[group[0]].start, kind.voices[group[0]].grid.n_voices
        loud = rows.take(velocity, channels, 3, [n_patches, PATCH_STEPS, each], first, each)
        turned = graph.node("Transpose", graph.weight(as_array(voice.loudness.weight)), perm=[1, 0])
        vectors = graph.node("Add", vectors, graph.node("MatMul", loud, turned))
        x = graph.node("Reshape", vectors, graph.constant([0, 0, PATCH_STEPS * config.embedding]))
        x = append_gelu(graph, append_linear(graph, voice.patch, x))
        x = append_gelu(graph, append_linear(graph, voice.patch2, x))
        half_bars.append(graph.node("Mul", x, graph.node("Unsqueeze", known[-1], graph.constant([2]))))
    everything = _everything(graph, net, half_bars)
    outputs: tuple[list[str], list[str]] = ([], [])
    low, high = (graph.constant(np.array([limit], dtype=np.float32)) for limit in LOG_VARIANCE_RANGE)
    for number, (group, own) in enumerate(zip(net.groups, half_bars, strict=True)):
        voice, rows = net.net(number), Rows(graph, group)
        heard = graph.node("Add", own, _about(graph, net, rows, number, lengths, players))
        heard = _with_others(graph, net.hear_others, number, heard, rows.shared(everything, [n_patches, width]), own)
        states = append_gru(graph, voice.hear, heard)
        forward = part(graph, part(graph, states, n_patches - 1, n_patches, 1), 0, width, 2)
        backward = part(graph, part(graph, states, 0, 1, 1), width, 2 * width, 2)
        ends = graph.node("Squeeze", graph.node("Concat", forward, backward, axis=2), graph.constant([1]))
        of_window = append_linear(graph, voice.of_window, ends)
        of_slice = append_linear(graph, voice.of_slice, states)
        for half in range(2):
            n_window, n_slice = config.z_window, config.z_slice
            whole = part(graph, of_window, half * n_window, (half + 1) * n_window, 1)
            slices = part(graph, of_slice, half * n_slice, (half + 1) * n_slice, 2)
            flat = graph.node("Reshape", slices, graph.constant([0, n_patches * n_slice]))
            found = graph.node("Concat", whole, flat, axis=1)
            if half == 1:
                found = graph.node("Max", graph.node("Min", found, high), low)
            outputs[half].append(rows.put(graph.node("Mul", found, known[number]), [net.z_voice], 1))
    return graph.build(
        (together(graph, outputs[0], 1), "mean", ["batch", net.z_size]),
        (together(graph, outputs[1], 1), "log_variance", ["batch", net.z_size]),
    )


def _plan(net: SpaceNet, is_int8: bool) -> bytes:
    graph, kind, config = Graph("plan", is_int8=is_int8), net.kind, net.config
    n_patches, n_voices, width = kind.n_patches, len(kind.voices), config.width
    z = graph.input("z", "float32", ["batch", net.z_size])
    lengths = graph.input("lengths", "int64", ["batch", n_patches])
    players = graph.input("players", "int64", ["batch", n_voices]) if kind.has_parts else ""
    entered = []
    for number, group in enumerate(net.groups):
        voice, rows = net.net(number), Rows(graph, group)
        own = rows.take(z, [net.z_size], 1, [net.z_voice], group[0] * net.z_voice, net.z_voice)
        whole = graph.node("Unsqueeze", part(graph, own, 0, config.z_window, 1), graph.constant([1]))
        whole = graph.node("Tile", whole, graph.constant([1, n_patches, 1]))
        slices = part(graph, own, config.z_window, net.z_voice, 1)
        slices = graph.node("Reshape", slices, graph.constant([0, n_patches, config.z_slice]))
        x = append_linear(graph, voice.enter, graph.node("Concat", whole, slices, axis=2))
        x = graph.node("Relu", graph.node("Add", x, _about(graph, net, rows, number, lengths, players)))
        if kind.has_parts:
            somebody = _somebody(graph, rows.take(players, [n_voices], 1, [1]))
            x = graph.node("Mul", x, graph.node("Unsqueeze", somebody, graph.constant([2])))
        entered.append(x)
    everything = _everything(graph, net, entered)
    features, hidden, cell, cells = [], [], [], []
    for number, (group, own) in enumerate(zip(net.groups, entered, strict=True)):
        voice, rows = net.net(number), Rows(graph, group)
        all_others = rows.shared(everything, [n_patches, width])
        conducted = append_gru(
            graph, voice.conduct, _with_others(graph, net.conduct_others, number, own, all_others, own)
        )
        expanded = append_linear(
            graph, voice.features, append_gelu(graph, append_linear(graph, voice.expand, conducted))
        )
        of_steps = graph.node("Reshape", expanded, graph.constant([0, n_patches, PATCH_STEPS, config.features]))
        features.append(rows.put(of_steps, [n_patches, PATCH_STEPS, config.features], 3))
        states = graph.node("Tanh", append_linear(graph, voice.begin, conducted))
        first, second = (part(graph, states, at, at + config.decoder, 2) for at in (0, config.decoder))
        hidden.append(rows.put(first, [n_patches, config.decoder], 2))
        cell.append(rows.put(second, [n_patches, config.decoder], 2))
        each = graph.node("Unsqueeze", append_linear(graph, voice.cells, conducted), graph.constant([2]))
        cells.append(rows.put(each, [n_patches, 1, kind.n_cells], 2))
    return graph.build(
        (together(graph, features, 3), "features", ["batch", n_patches, PATCH_STEPS, n_voices * config.features]),
        (together(graph, [*hidden, *cell], 2), "states", ["batch", n_patches, 2 * n_voices * config.decoder]),
        (together(graph, cells, 2), "cells", ["batch", n_patches, n_voices, kind.n_cells]),
    )


def _write(net: SpaceNet, is_int8: bool) -> bytes:
    graph, kind, config = Graph("write", is_int8=is_int8), net.kind, net.config
    n_voices, units = len(kind.voices), len(kind.voices) * config.decoder
    features = graph.input("features", "float32", ["batch", n_voices * config.features])
    before = graph.input("before", "int64", ["batch", n_voices])
    players = graph.input("players", "int64", ["batch", n_voices]) if kind.has_parts else ""
    hidden, cell = (graph.input(name, "float32", ["batch", units]) for name in ("hidden", "cell"))
    somebody = _somebody(graph, players) if players else ""
    scores, loudness, hiddens, cells = [], [], [], []
    for number, group in enumerate(net.groups):
        voice, rows = net.net(number), Rows(graph, group)
        last = rows.take(before, [n_voices], 1, [])
        heard = append_symbols(graph, voice.before, last)
        others = _others(graph, net, number, before, somebody)
        if others:
            heard = graph.node("Add", heard, rows.shared(others, [config.embedding]))
        if others and len(group) > 1:
            heard = graph.node("Sub", heard, append_symbols(graph, net.heard_table(number, number), last))
        first = group[0] * config.features
        own = rows.take(features, [n_voices * config.features], 1, [config.features], first, config.features)
        x = graph.node("Unsqueeze", graph.node("Concat", own, heard, axis=1), graph.constant([0]))
        first = group[0] * config.decoder
        begun, kept = (rows.take(one, [units], 1, [config.decoder], first, config.decoder) for one in (hidden, cell))
        written, hidden_after, cell_after = append_lstm(graph, voice.write, x, begun, kept)
        written = graph.node("Squeeze", written, graph.constant([0]))
        written = graph.node("Add", written, append_linear(graph, voice.skip, own))
        grid = kind.voices[group[0]].grid
        scores.append(rows.put(append_linear(graph, voice.say, written), [grid.n_scores], 1))
        loud = graph.node("Sigmoid", append_linear(graph, voice.strike, written))
        loudness.append(rows.put(loud, [grid.n_voices], 1))
        hiddens.append(rows.put(hidden_after, [config.decoder], 1))
        cells.append(rows.put(cell_after, [config.decoder], 1))
    return graph.build(
        (together(graph, scores, 1), "scores", ["batch", sum(voice.grid.n_scores for voice in kind.voices)]),
        (together(graph, loudness, 1), "loudness", ["batch", kind.n_channels]),
        (together(graph, hiddens, 1), "hidden_after", ["batch", units]),
        (together(graph, cells, 1), "cell_after", ["batch", units]),
    )


def _everything(graph: Graph, net: SpaceNet, each: list[str]) -> str:
    """Append the sum over all voices, float32[batch, P, H]."""
    row = [net.kind.n_patches, net.config.width]
    return added(graph, [Rows(graph, group).summed(x, row) for group, x in zip(net.groups, each, strict=True)])


def _somebody(graph: Graph, players: str) -> str:
    """Append where somebody plays, as float32."""
    return graph.node("Cast", graph.node("Greater", players, graph.constant([NOBODY])), to=TensorProto.FLOAT)


def _about(graph: Graph, net: SpaceNet, rows: Rows, number: int, lengths: str, players: str) -> str:
    """Append what is known beforehand of each half bar."""
    voice, n_patches = net.net(number), net.kind.n_patches
    known = graph.node("Gather", graph.weight(as_array(voice.lengths.weight)), rows.shared(lengths, [n_patches]))
    if voice.players is None:
        return known
    who = rows.take(players, [len(net.kind.voices)], 1, [1])
    return graph.node("Add", known, graph.node("Gather", graph.weight(as_array(voice.players.weight)), who))


def _others(graph: Graph, net: SpaceNet, number: int, before: str, somebody: str) -> str:
    """Append what a group hears of all voices' last symbols, float32[batch, E]; nothing where it is alone."""
    found = []
    n_voices, width = len(net.kind.voices), net.config.embedding
    for other, group in enumerate(net.groups):
        if not len(net.write_others) or (other == number and len(group) == 1):
            continue
        rows = Rows(graph, group)
        vectors = append_symbols(graph, net.heard_table(number, other), rows.take(before, [n_voices], 1, []))
        if somebody:
            vectors = graph.node("Mul", vectors, rows.take(somebody, [n_voices], 1, [1]))
        found.append(rows.summed(vectors, [width]))
    return added(graph, found) if found else ""


def _with_others(graph: Graph, layers: nn.ModuleList, index: int, x: str, everything: str, own: str) -> str:
    """Add to x what a voice hears of the others."""
    if not len(layers):
        return x
    layer = layers[index]
    assert isinstance(layer, nn.Linear)
    turned = graph.node("Transpose", graph.weight(as_array(layer.weight)), perm=[1, 0])
    return graph.node("Add", x, graph.node("MatMul", graph.node("Sub", everything, own), turned))
