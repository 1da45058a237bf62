"""Paths do not turn back, and sliders do what they say as far as the space can."""

from __future__ import annotations

import itertools

import numpy as np

from bandroid.generation.attributes import measure_windows
from bandroid.generation.latent import path
from bandroid.generation.space_judge import cost_nats, kl_nats, music_nats, steered, walked
from bandroid.generation.space_style import SpaceStyle
from bandroid.representations.window import patches_of


def test_a_path_never_comes_nearer_to_its_beginning(drums: SpaceStyle) -> None:
    rng = np.random.default_rng(0)
    for seed in range(3):
        a, b = drums.place.draw(np.random.default_rng(seed), 2) * 2
        windows = walked(drums, path(a, b, 7), drums.frames(7, 16), rng)
        same = [float((window.symbols == windows[0].symbols).mean()) for window in windows]
        assert len(windows) == 7
        assert all(one >= other for one, other in itertools.pairwise(same[:-1]))


def test_the_ends_are_what_the_points_say(trio: SpaceStyle) -> None:
    z = path(*trio.place.draw(np.random.default_rng(1), 2), 4)
    windows = walked(trio, z, trio.frames(4, 12), np.random.default_rng(0))
    plain = trio.runtime.decode(z, trio.frames(4, 12))
    for at in (0, -1):
        np.testing.assert_array_equal(windows[at].symbols, plain[at].symbols)


def test_costs_are_those_of_music_and_of_z(drums: SpaceStyle) -> None:
    windows = drums.runtime.decode(drums.place.draw(np.random.default_rng(2), 5), drums.frames(5, 16))
    patches = patches_of(windows, drums.kind)
    posterior = drums.runtime.encode(patches)
    parts = music_nats(drums.runtime, patches, posterior.mean) + kl_nats(posterior)
    np.testing.assert_allclose(cost_nats(drums.runtime, windows), parts)
    assert (kl_nats(posterior) > 0).all() and (parts > kl_nats(posterior)).all()


def test_a_slider_comes_no_farther_from_the_wish_than_its_weakest_move(drums: SpaceStyle) -> None:
    z, frames = drums.place.draw(np.random.default_rng(3), 2), drums.frames(2, 16)
    column = drums.attributes.index("density")
    before = measure_windows(drums.runtime.decode(z, frames), drums.kind)[:, column].mean()
    moved = steered(drums, z, frames, {"density": 1.0})
    after = measure_windows(drums.runtime.decode(moved, frames), drums.kind)[:, column].mean()
    assert moved.shape == z.shape and not np.array_equal(moved, z)
    assert np.isfinite([before, after]).all()
