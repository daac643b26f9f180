"""The nearest edge is the nearest, whatever the edges; those within reach are all of those within reach."""

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from geofences import edge_search
from geofences.edge_search import Array, Edges


def edges(points: list[tuple[float, float]]) -> Edges:
    at = np.array(points)
    step = np.diff(at, axis=0)
    length = np.hypot(step[:, 0], step[:, 1])
    return Edges(at[:-1, 0], at[:-1, 1], step[:, 0] / length, step[:, 1] / length, length)


def by_shapely(points: list[tuple[float, float]], x: Array, y: Array) -> Array:
    return np.asarray(shapely.distance(shapely.LineString(points), shapely.points(x, y)))


coordinates = st.tuples(st.integers(-1_000, 1_000), st.integers(-1_000, 1_000))


@given(
    points=st.lists(coordinates, min_size=2, max_size=40, unique=True),
    places=st.lists(st.tuples(st.floats(-1_500.0, 1_500.0), st.floats(-1_500.0, 1_500.0)), min_size=1, max_size=20),
    east_m=st.sampled_from([0.0, 38_500_000.0]),
    north_m=st.sampled_from([0.0, 3_400_000.0]),
)
def test_any_line(
    points: list[tuple[float, float]], places: list[tuple[float, float]], east_m: float, north_m: float
) -> None:
    moved = [(x + east_m, y + north_m) for x, y in points]
    x, y = (np.array(one) for one in zip(*[(x + east_m, y + north_m) for x, y in places], strict=True))
    line = edges(moved)
    edge, distance2 = line.nearest(x, y)
    wanted = by_shapely(moved, x, y)
    assert np.sqrt(distance2) == pytest.approx(wanted, abs=1e-6)
    assert line.distances2(edge, x, y) == pytest.approx(distance2)


def test_in_the_middle_of_a_circle_all_edges_are_alike_and_one_is_found() -> None:
    angles = np.linspace(0.0, 2.0 * np.pi, 721)
    ring = list(zip((100.0 * np.cos(angles)).tolist(), (100.0 * np.sin(angles)).tolist(), strict=True))
    x, y = np.array([0.0, 1e-9, 99.0]), np.array([0.0, 0.0, 0.0])
    _, distance2 = edges(ring).nearest(x, y)
    assert np.sqrt(distance2) == pytest.approx(by_shapely(ring, x, y), abs=1e-9)


def test_few_samples_do_not_make_it_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(edge_search, "_SAMPLES", 3)
    rng = np.random.default_rng(4)
    points = list(zip(rng.uniform(0, 50_000, 30).tolist(), rng.uniform(0, 200, 30).tolist(), strict=True))
    x, y = rng.uniform(0, 50_000, 500), rng.uniform(-50, 250, 500)
    _, distance2 = edges(points).nearest(x, y)
    assert np.sqrt(distance2) == pytest.approx(by_shapely(points, x, y), abs=1e-6)


@given(
    points=st.lists(coordinates, min_size=2, max_size=30, unique=True),
    places=st.lists(coordinates, min_size=1, max_size=20),
    reach_m=st.floats(1.0, 500.0),
    pairs=st.sampled_from([1, 50, 1_000_000]),
)
def test_all_edges_within_reach_are_among_the_near_ones(
    points: list[tuple[float, float]], places: list[tuple[float, float]], reach_m: float, pairs: int
) -> None:
    line = edges(points)
    x, y = (np.array(one, dtype=np.float64) for one in zip(*places, strict=True))
    reach = np.full(len(x), reach_m)
    near = {
        (int(place), int(edge))
        for begin, rows, position, which in line.near(x, y, reach, pairs)
        for place, edge in zip(position, which, strict=True)
        if begin <= place < begin + rows
    }
    everywhere = np.arange(len(line.x))
    for place in range(len(x)):
        within = np.flatnonzero(line.distances2(everywhere, x[place], y[place]) <= reach_m**2)
        assert {(place, int(edge)) for edge in within} <= near
