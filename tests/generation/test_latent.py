"""Ways through a space: they begin and end where they should, and go no further than asked."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from bandroid.errors import WishError
from bandroid.generation.latent import direction_between, grid, moved, path, slerp, towards
from bandroid.generation.space_place import Place

POINTS = arrays(np.float32, 6, elements=st.floats(-3, 3, width=32))


def place() -> Place:
    rng = np.random.default_rng(0)
    factors = rng.normal(size=(6, 2)).astype(np.float32)
    direction = np.eye(2, 6, dtype=np.float32)
    tenth, none = np.full(6, 0.1, np.float32), np.zeros((0, 6), np.float32)
    return Place(np.ones(6, np.float32), factors, tenth, none, tenth, direction, np.zeros(2), np.ones(2))


@given(a=POINTS, b=POINTS)
def test_a_path_begins_at_a_and_ends_at_b(a: np.ndarray, b: np.ndarray) -> None:  # type: ignore[type-arg]
    way = path(a, b, 5)
    np.testing.assert_allclose(way[0], a, atol=1e-4)
    np.testing.assert_allclose(way[-1], b, atol=1e-4)
    assert np.isfinite(way).all()


def test_an_arc_keeps_its_distance_from_the_middle() -> None:
    a, b = np.array([1, 0, 0], np.float32), np.array([0, 1, 0], np.float32)
    assert np.linalg.norm(slerp(a, b, 0.5)) == pytest.approx(1.0, abs=1e-6)
    assert np.linalg.norm(slerp(3 * a, b, 0.5)) == pytest.approx(2.0, abs=1e-6)


@given(points=st.lists(POINTS, min_size=4, max_size=4))
def test_a_grid_has_its_corners(points: list[np.ndarray]) -> None:  # type: ignore[type-arg]
    cells = grid(points, 3)
    assert cells.shape == (3, 3, 6)
    found = (cells[0, 0], cells[0, 2], cells[2, 0], cells[2, 2])
    for one, corner in zip(found, points, strict=True):
        np.testing.assert_allclose(one, corner, atol=1e-4)


def test_points_go_as_far_towards_others_as_asked() -> None:
    z, others = np.full((3, 6), 2.0, np.float32), place().draw(np.random.default_rng(1), 3)
    np.testing.assert_allclose(towards(z, others, 0.0, place()), z, atol=1e-6)
    np.testing.assert_allclose(towards(z, others, 1.0, place()), others, atol=1e-6)
    near, far = (np.abs(towards(z, others, amount, place()) - z).mean() for amount in (0.1, 0.8))
    assert near < far


def test_what_goes_towards_others_stays_spread_as_the_space_is() -> None:
    one, other = (place().draw(np.random.default_rng(seed), 4000) for seed in (1, 2))
    np.testing.assert_allclose(np.cov(towards(one, other, 0.6, place()).T), np.cov(one.T), atol=0.4)


def test_sliders_move_along_their_own_directions() -> None:
    z = np.zeros(6, np.float32)
    np.testing.assert_allclose(moved(z, {"b": -1.5}, ("a", "b"), place()), [0, -1.5, 0, 0, 0, 0])
    with pytest.raises(WishError, match="this space has a, b"):
        moved(z, {"loud": 1.0}, ("a", "b"), place())


def test_a_home_made_slider_leads_from_one_folder_to_the_other() -> None:
    more, less = np.full((3, 6), 2.0, np.float32), np.full((5, 6), -1.0, np.float32)
    np.testing.assert_allclose(direction_between(more, less), np.full(6, 3.0))


def test_what_is_not_known_is_put_where_it_most_likely_lies() -> None:
    """Two numbers that go together: the one that is known says what the other is."""
    factors = np.array([[1.0], [2.0]], np.float32)
    little, nothing = np.full(2, 0.01, np.float32), np.zeros(1)
    direction = np.zeros((1, 2), np.float32)
    none = np.zeros((0, 2), np.float32)
    where = Place(np.zeros(2, np.float32), factors, little, none, little, direction, nothing, nothing + 1)
    found = where.completed(np.array([0.5, 0.0], np.float32), np.array([True, False]))
    np.testing.assert_allclose(found, [0.5, 1.0], atol=1e-2)


def test_what_is_drawn_from_anchors_stays_near_one_of_them() -> None:
    from dataclasses import replace

    anchors = np.array([[9, 9, 9, 9, 9, 9], [-9, -9, -9, -9, -9, -9]], np.float32)
    where = replace(place(), factors=np.full((6, 1), 0.01, np.float32), anchors=anchors)
    drawn = where.draw(np.random.default_rng(0), 50)
    assert {bool(point.mean() > 0) for point in drawn} == {True, False}
    # A bit nearer to the middle, 1, than the anchor is: 8 and 10 away become 6.9 and 8.7.
    assert {round(float(abs(point.mean() - 1)), 1) for point in drawn} <= {6.9, 7.0, 8.6, 8.7}
