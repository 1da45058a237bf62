"""The latent spaces' net: what costs something, what is heard, what may not be seen."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from bandroid.bundle.export_space import check_space_parity, export_space
from bandroid.generation.space_net import SpaceRuntime
from bandroid.models.config import SpaceModel
from bandroid.models.vae import SpaceNet, Windows, capacity
from bandroid.representations.chord_grid import N_ABOVE, N_LENGTHS, N_LOWEST, symbols_from
from bandroid.representations.window import (
    FIRST_REPEAT,
    NEW,
    SILENT,
    WINDOW_KINDS,
    Frames,
    Patches,
    Voice,
    Window,
    frames_of,
    patches_of,
)
from bandroid.training.net_files import eight_bit_copy

SMALL = SpaceModel(z_window=3, z_slice=2, width=12, decoder=10, embedding=6, features=5, dropout=0.0)
NAMES = ("melody-2bar", "drums-2bar", "trio-16bar", "ensemble-1bar", "band-16bar")


def net_of(name: str) -> SpaceNet:
    torch.manual_seed(0)
    net = SpaceNet(SMALL, WINDOW_KINDS[name]).eval()
    with torch.no_grad():  # what is heard of others is nothing at first; here it shall be something
        for parameter in (
            *net.hear_others.parameters(),
            *net.conduct_others.parameters(),
            *net.write_others.parameters(),
        ):
            parameter.normal_(0.0, 0.3)
    return net


def random_symbols(voice: Voice, n_steps: int, rng: np.random.Generator) -> NDArray[np.int64]:
    if not voice.is_part:
        return rng.integers(0, voice.grid.size, n_steps)
    above = rng.random((n_steps, N_ABOVE)) < 0.05
    return symbols_from(rng.integers(0, N_LOWEST, n_steps), above, rng.integers(0, N_LENGTHS, n_steps))


def drawn(name: str, n: int, bar_steps: int = 16, is_there: tuple[bool, ...] | None = None) -> list[Window]:
    kind, rng = WINDOW_KINDS[name], np.random.default_rng(1)
    found = []
    for _ in range(n):
        n_steps = kind.n_bars * bar_steps
        symbols = np.array([random_symbols(voice, n_steps, rng) for voice in kind.voices])
        velocity = np.zeros((n_steps, kind.n_channels), dtype=np.int32)
        for index, (voice, channel) in enumerate(zip(kind.voices, kind.channels, strict=True)):
            velocity[:, channel] = 90 * voice.grid.struck(symbols[index])
        there = np.array(is_there or (True,) * len(kind.voices))
        found.append(Window(symbols * there[:, None], velocity, bar_steps, there))
    return found


def batch(patches: Patches) -> Windows:
    arrays = (patches.symbols, patches.velocity, patches.cells, patches.lengths, patches.players)
    return Windows(*map(torch.from_numpy, arrays))


@pytest.mark.parametrize("name", NAMES)
def test_graphs_say_what_the_net_says(name: str) -> None:
    net = net_of(name)
    assert check_space_parity(net, export_space(net, is_int8=False)) < 2e-4
    small = eight_bit_copy(net)
    assert check_space_parity(small, export_space(small, is_int8=True)) < 2e-4


@pytest.mark.parametrize("name", NAMES)
def test_steps_beyond_a_short_half_bar_cost_nothing(name: str) -> None:
    net, patches = net_of(name), patches_of(drawn(name, 2, bar_steps=12), WINDOW_KINDS[name])
    shown = batch(patches)
    with torch.no_grad():
        mean, _ = net.encode(shown.symbols, shown.velocity, shown.lengths, shown.players)
        features, states, _ = net.plan(mean, shown.lengths, shown.players)
        torch.manual_seed(3)
        plain, _ = net(shown, 1.0)
    assert features.shape[2] == 8 and states.shape[:2] == (2, WINDOW_KINDS[name].n_patches)
    n_counted = int((patches.cells == NEW).sum()) * 6
    # No step costs less than nothing, and none of those beyond is among them.
    assert 0 < float(plain.steps.sum()) < 60 * n_counted


def test_only_new_cells_cost_steps() -> None:
    kind, net = WINDOW_KINDS["drums-2bar"], net_of("drums-2bar")
    symbols = np.tile(np.array([1, 0, 4, 0, 2, 0, 4, 0], dtype=np.int32), 4)[None]
    symbols[0, 8:16] = 0
    velocity = np.where(symbols.T > 0, 90, 0).astype(np.int32) * np.ones((1, 9), np.int32)
    patches = patches_of([Window(symbols, velocity, 16, np.array([True]))], kind)
    assert patches.cells[0, :, 0].tolist() == [NEW, SILENT, FIRST_REPEAT + 1, FIRST_REPEAT]
    all_new = replace(patches, cells=np.full_like(patches.cells, NEW))
    with torch.no_grad():
        torch.manual_seed(0)
        once, _ = net(batch(patches), 1.0)
        torch.manual_seed(0)
        always, _ = net(batch(all_new), 1.0)
    assert 0 < float(once.steps) < float(always.steps)


def test_a_voice_that_is_not_there_costs_nothing_and_says_nothing() -> None:
    name = "trio-16bar"
    net, windows = net_of(name), drawn(name, 2, is_there=(True, False, True))
    patches = patches_of(windows, WINDOW_KINDS[name])
    noisy = replace(patches, symbols=patches.symbols.copy())
    noisy.symbols[:, :, 1] = 30
    with torch.no_grad():
        mean, log_variance = net.encode(
            *(getattr(batch(patches), f) for f in ("symbols", "velocity", "lengths")), batch(patches).players
        )
        again, _ = net.encode(
            *(getattr(batch(noisy), f) for f in ("symbols", "velocity", "lengths")), batch(noisy).players
        )
    assert torch.equal(mean, again)
    own = slice(net.z_voice, 2 * net.z_voice)
    assert not mean[:, own].any() and not log_variance[:, own].any()


def test_steps_do_not_see_what_comes() -> None:
    """Changing a later step of a half bar leaves the scores of all before it, and its own, bit for bit."""
    net, rng = net_of("melody-2bar"), np.random.default_rng(0)
    features = torch.from_numpy(rng.normal(size=(1, 8, SMALL.features)).astype(np.float32))
    states = torch.from_numpy(rng.normal(size=(1, 2 * SMALL.decoder)).astype(np.float32))
    before = torch.from_numpy(rng.integers(0, 90, (1, 1, 8)))
    changed = before.clone()
    changed[0, 0, 5] += 1
    with torch.no_grad():
        one, other = (net.steps(0, features, states, which, torch.ones(1, 1))[0] for which in (before, changed))
    assert torch.equal(one[:, :5], other[:, :5])
    assert not torch.equal(one[:, 5:], other[:, 5:])


def test_voices_hear_each_others_last_step() -> None:
    net, rng = net_of("trio-16bar"), np.random.default_rng(0)
    features = torch.from_numpy(rng.normal(size=(1, 2, SMALL.features)).astype(np.float32))
    states = torch.zeros(1, 2 * SMALL.decoder)
    before = torch.tensor([[[0, 0], [0, 0], [0, 0]]])
    heard = before.clone()
    heard[0, 2, 1] = 3  # the drums
    with torch.no_grad():
        one, other = (net.steps(0, features, states, which, torch.ones(1, 3))[0] for which in (before, heard))
    assert torch.equal(one[:, 0], other[:, 0])
    assert not torch.equal(one[:, 1], other[:, 1])


def test_z_is_paid_for_beyond_its_free_bits() -> None:
    kl = torch.full((4, 10), np.log(2.0))  # ten bits
    assert float(capacity(kl, 0.5, 0.0)) == pytest.approx(5 * np.log(2), rel=1e-5)
    assert float(capacity(kl, 0.5, 12.0)) == 0.0


@pytest.mark.parametrize("name", NAMES)
def test_what_is_written_is_a_window(name: str) -> None:
    """Whatever z says, cells point at what was, notes keep in range, and what is struck has a velocity."""
    kind, net = WINDOW_KINDS[name], net_of(name)
    runtime = SpaceRuntime(export_space(net, is_int8=False), kind)
    z = np.random.default_rng(0).normal(size=(5, net.z_size)).astype(np.float32) * 3
    for window in runtime.decode(z, frames_of(drawn(name, 5, bar_steps=14), kind)):
        assert window.bar_steps == 14
        for index, (voice, channel) in enumerate(zip(kind.voices, kind.channels, strict=True)):
            struck = voice.grid.struck(window.symbols[index])
            assert ((window.velocity[:, channel] > 0) == struck).all()


@pytest.mark.parametrize("name", ["trio-16bar", "ensemble-1bar"])
def test_writing_is_the_same_alone_and_among_others(name: str) -> None:
    kind, net = WINDOW_KINDS[name], net_of(name)
    runtime = SpaceRuntime(export_space(net, is_int8=False), kind)
    z = np.random.default_rng(0).normal(size=(3, net.z_size)).astype(np.float32)
    frames = frames_of(drawn(name, 3), kind)
    together = runtime.decode(z, frames)
    for row, window in enumerate(together):
        alone = runtime.decode(z[row : row + 1], frames.rows(slice(row, row + 1)))[0]
        np.testing.assert_array_equal(alone.symbols, window.symbols)


def test_parts_are_one_kind_and_change_places() -> None:
    """Whoever plays a part is written alike wherever he stands, and hears the others alike."""
    kind, net = WINDOW_KINDS["ensemble-1bar"], net_of("ensemble-1bar")
    with torch.no_grad():
        net.net(0).cells.bias[NEW] += 10.0
    runtime = SpaceRuntime(export_space(net, is_int8=False), kind)
    z = np.random.default_rng(3).normal(size=(1, net.z_size)).astype(np.float32) * 3
    players = np.array([[5, 4, 0, 7, 0, 0, 0, 0, 1]])
    order = np.array([3, 0, 2, 1, 4, 5, 6, 7, 8])
    lengths = np.array([[8, 8]])
    turned = z.reshape(1, 9, -1)[:, order].reshape(1, -1)
    (one,) = runtime.decode(z, Frames(lengths, players))
    (other,) = runtime.decode(turned, Frames(lengths, players[:, order]))
    np.testing.assert_array_equal(one.symbols[order], other.symbols)
    assert one.symbols[:8].any() and not one.symbols[players[0] == 0].any()


def test_a_part_that_nobody_plays_is_heard_by_nobody() -> None:
    kind, net = WINDOW_KINDS["ensemble-1bar"], net_of("ensemble-1bar")
    runtime = SpaceRuntime(export_space(net, is_int8=False), kind)
    z = np.random.default_rng(2).normal(size=(1, net.z_size)).astype(np.float32)
    other = z.copy()
    other[:, 2 * net.z_voice : 3 * net.z_voice] += 5.0
    frames = Frames(np.array([[8, 8]]), np.array([[5, 4, 0, 7, 0, 0, 0, 0, 1]]))
    one, again = (runtime.decode(at, frames)[0] for at in (z, other))
    np.testing.assert_array_equal(one.symbols, again.symbols)


def test_who_plays_a_part_is_heard() -> None:
    kind, net = WINDOW_KINDS["ensemble-1bar"], net_of("ensemble-1bar")
    windows = drawn("ensemble-1bar", 1)
    patches = patches_of(windows, kind)
    other = patches.players.copy()
    other[0, 0] = 9
    with torch.no_grad():
        shown = batch(patches)
        one, _ = net.encode(shown.symbols, shown.velocity, shown.lengths, shown.players)
        again, _ = net.encode(shown.symbols, shown.velocity, shown.lengths, torch.from_numpy(other))
    own = slice(0, net.z_voice)
    assert not torch.equal(one[:, own], again[:, own])


def test_many_windows_are_heard_in_parts() -> None:
    kind, net = WINDOW_KINDS["ensemble-1bar"], net_of("ensemble-1bar")
    runtime = SpaceRuntime(export_space(net, is_int8=False), kind)
    patches = patches_of(drawn("ensemble-1bar", 7), kind)
    whole = runtime.encode(patches)
    runtime.most_at_once = 3
    np.testing.assert_allclose(runtime.encode(patches).mean, whole.mean, atol=1e-6)
    z = np.random.default_rng(0).normal(size=(7, net.z_size)).astype(np.float32)
    assert len(runtime.decode(z, patches.frames)) == 7


def test_a_batch_of_drums_alone_teaches_drums() -> None:
    kind, net = WINDOW_KINDS["ensemble-1bar"], net_of("ensemble-1bar")
    windows = drawn("ensemble-1bar", 2, is_there=(*[False] * 8, True))
    costs, _ = net(batch(patches_of(windows, kind)), 0.3)
    costs.steps.sum().backward()
    assert float(costs.steps.detach().min()) > 0
    assert net.net(1).say.weight.grad is not None and net.net(0).say.weight.grad is not None
    assert float(net.net(1).say.weight.grad.abs().sum()) > 0 and not net.net(0).say.weight.grad.any()
