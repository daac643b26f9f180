"""Chainage and offset of a position: sides, ends, bends, hairpins and sections."""

import itertools
import math

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from geofences.coordinates import WGS84
from geofences.projection import Axis, Stretch, candidates_on, nearest_on, prepare_axis, raw_distances
from geofences.shapes import Corridor
from tests.support.fences import metro_coordinates

NUMBER = st.floats(-500.0, 500.0)


def plane_axis(path: list[tuple[float, float]], start_m: float = 0.0) -> Axis:
    x, y = np.array(path, dtype=float).T
    return prepare_axis(x, y, np.append(0.0, np.cumsum(np.hypot(np.diff(x), np.diff(y)))), start_m)


STRAIGHT = plane_axis([(0.0, 0.0), (400.0, 0.0), (1000.0, 0.0)], start_m=3_000.0)
# Two legs 30 m apart, joined at the east: 500 m out on the first is 1 530 m on the second.
HAIRPIN = plane_axis([(0.0, 0.0), (1000.0, 0.0), (1000.0, 30.0), (0.0, 30.0)])


@pytest.mark.parametrize(
    ("place", "chainage_m", "offset_m", "overrun_m"),
    [
        ((420.0, 6.2), 3_420.0, 6.2, 0.0),
        ((420.0, -6.2), 3_420.0, -6.2, 0.0),
        ((400.0, 3.0), 3_400.0, 3.0, 0.0),
        ((0.0, 0.0), 3_000.0, 0.0, 0.0),
        ((-30.0, 4.0), 3_000.0, 4.0, 30.0),
        ((1_040.0, -4.0), 4_000.0, -4.0, 40.0),
    ],
)
def test_left_is_positive_and_ends_are_told(
    place: tuple[float, float], chainage_m: float, offset_m: float, overrun_m: float
) -> None:
    found = nearest_on(STRAIGHT, *place)
    assert found is not None
    assert found.chainage_m == pytest.approx(chainage_m, abs=1e-9)
    assert found.offset_m == pytest.approx(offset_m, abs=1e-9)
    assert found.overrun_m == pytest.approx(overrun_m, abs=1e-9)
    assert found.distance_m == pytest.approx(math.hypot(offset_m, overrun_m), abs=1e-9)


@given(turn=st.floats(-3.0, 3.0).filter(lambda turn: abs(turn) > 0.05), share=st.floats(0.02, 0.98))
def test_in_the_outer_angle_of_a_bend_the_side_is_the_outer_one(turn: float, share: float) -> None:
    axis = plane_axis([(-100.0, 0.0), (0.0, 0.0), (100.0 * math.cos(turn), 100.0 * math.sin(turn))])
    # Directions between the two normals of the outer side.
    outward = turn * share - math.copysign(math.pi / 2.0, turn)
    found = nearest_on(axis, 7.0 * math.cos(outward), 7.0 * math.sin(outward))
    assert found is not None
    assert found.chainage_m == pytest.approx(100.0, abs=1e-6)
    assert found.offset_m == pytest.approx(-math.copysign(7.0, turn), abs=1e-6)
    assert found.overrun_m == 0.0


@pytest.mark.parametrize("turn", [1e-15, -1e-15, 0.0])
@pytest.mark.parametrize("side", [3.0, -3.0])
def test_at_a_corner_that_is_none_the_side_is_that_of_the_edges(turn: float, side: float) -> None:
    axis = plane_axis([(-100.0, 0.0), (0.0, 0.0), (100.0, 100.0 * turn)])
    for past in (-1e-13, 0.0, 1e-13):
        found = nearest_on(axis, past, side)
        assert found is not None
        assert found.offset_m == pytest.approx(side)


def test_a_hairpin_gives_both_candidates_and_a_section_chooses() -> None:
    first, second = candidates_on(HAIRPIN, 500.0, 14.0, reach_m=40.0)
    assert (first.chainage_m, second.chainage_m) == (pytest.approx(500.0), pytest.approx(1_530.0))
    # Two metres further the nearest leg is the other one: the bare projection jumps by a kilometre.
    moved = nearest_on(HAIRPIN, 500.0, 16.0)
    assert moved is not None
    assert moved.chainage_m == pytest.approx(1_530.0)
    held = nearest_on(HAIRPIN, 500.0, 16.0, [Stretch(0.0, 900.0)])
    assert held is not None
    assert (held.chainage_m, held.offset_m) == (pytest.approx(500.0), pytest.approx(16.0))


def test_only_candidates_within_reach_are_returned() -> None:
    assert [round(one.chainage_m) for one in candidates_on(HAIRPIN, 500.0, 14.0, reach_m=15.0)] == [500]
    assert candidates_on(HAIRPIN, 500.0, 300.0, reach_m=15.0) == ()


def test_a_corner_that_two_edges_share_is_one_candidate() -> None:
    bend = plane_axis([(0.0, 0.0), (100.0, 0.0), (100.0, 100.0)])
    assert [one.chainage_m for one in candidates_on(bend, 110.0, -10.0, reach_m=50.0)] == [pytest.approx(100.0)]


def test_sections_cut_edges_and_may_be_several() -> None:
    sections = [Stretch(3_100.0, 3_200.0), Stretch(3_600.0, 3_700.0)]
    for x, expected, overrun in [(50.0, 3_100.0, 50.0), (150.0, 3_150.0, 0.0), (390.0, 3_200.0, 190.0)]:
        found = nearest_on(STRAIGHT, x, 5.0, sections)
        assert found is not None
        assert (found.chainage_m, found.overrun_m) == (pytest.approx(expected), pytest.approx(overrun))
        assert found.offset_m == pytest.approx(5.0)
    assert [one.chainage_m for one in candidates_on(STRAIGHT, 420.0, 0.0, 1_000.0, sections)] == [
        pytest.approx(3_600.0),
        pytest.approx(3_200.0),
    ]
    assert nearest_on(STRAIGHT, 500.0, 0.0, [Stretch(9_000.0, 9_100.0)]) is None


@given(path=st.lists(st.tuples(NUMBER, NUMBER), min_size=2, max_size=12), place=st.tuples(NUMBER, NUMBER))
def test_the_nearest_place_is_shapely_s(path: list[tuple[float, float]], place: tuple[float, float]) -> None:
    if len(set(path)) < 2 or min((math.dist(a, b) for a, b in itertools.pairwise(path))) < 1e-3:
        path = [(0.0, 0.0), *((x + 1_000.0 * i, y) for i, (x, y) in enumerate(path, 1))]
    line = shapely.LineString(path)
    found = nearest_on(plane_axis(path), *place)
    assert found is not None
    assert found.distance_m == pytest.approx(line.distance(shapely.Point(place)), abs=1e-6)
    on_line = line.interpolate(found.chainage_m)
    assert math.dist(on_line.coords[0], (found.x, found.y)) < 1e-6
    assert abs(found.offset_m) == pytest.approx(math.sqrt(max(found.distance_m**2 - found.overrun_m**2, 0.0)), abs=1e-5)


def test_the_metro_line_is_as_long_as_on_the_ground(metro: Corridor) -> None:
    lon, lat = np.array(metro.centreline).T
    # Geodesic length; in the plane of EPSG:4547 it would be 1 m more.
    assert raw_distances(lon, lat)[-1] == pytest.approx(40_709.5, abs=0.1)
    assert len(metro.centreline) > len(metro_coordinates(WGS84))
