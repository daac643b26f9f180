"""Shapes become areas whose metres are metres."""

import itertools
import math

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from geofences.construction import build_circle, build_corridor, build_multipolygon, build_polygon
from geofences.coordinates import WGS84, from_wgs84, to_wgs84
from geofences.errors import SizeInvalid, TooManyVertices
from geofences.materialise import SAG_M, materialise, polygon_of, strip
from geofences.projection import ground_distance_m
from geofences.shapes import Cap, Corridor, WidthRange
from tests.support.fences import PLANE, metres


def in_plane(area: shapely.MultiPolygon) -> shapely.MultiPolygon:
    return shapely.transform(area, lambda path: np.column_stack(from_wgs84(PLANE, path[:, 0], path[:, 1])))


def test_a_circle_is_round_to_a_decimetre() -> None:
    for radius_m in (5.0, 50.0, 800.0, 5_000.0):
        made = materialise(build_circle(WGS84, (114.0, 30.6), radius_m))
        distances = [
            ground_distance_m(114.0, 30.6, lon, lat)[0]
            for lon, lat in shapely.get_coordinates(shapely.segmentize(made.area, 1e-5))[::7]
        ]
        assert max(distances) <= radius_m * 1.000001 + 1e-3
        assert min(distances) >= radius_m - SAG_M - 1e-3


def test_a_corridor_of_constant_width_is_a_flat_buffer(metro: Corridor) -> None:
    axis = np.column_stack(from_wgs84(PLANE, *np.array(metro.centreline).T))
    expected = shapely.buffer(shapely.LineString(axis), 50.0, cap_style="flat", quad_segs=128)
    made = in_plane(materialise(metro).area)
    assert shapely.hausdorff_distance(expected.boundary, made.boundary) <= SAG_M + 0.05
    assert made.area == pytest.approx(expected.area, rel=1e-4)


def test_no_corner_of_a_corridor_is_off_its_width(metro: Corridor) -> None:
    line = shapely.LineString(np.column_stack(from_wgs84(PLANE, *np.array(metro.centreline).T)))
    corners = shapely.points(shapely.get_coordinates(in_plane(materialise(metro).area)))
    # 4 mm: the chords of 1 km between two corners sag less than that from their straight lines in the plane.
    assert shapely.distance(corners, line).max() == pytest.approx(50.0, abs=0.004)


@settings(max_examples=100, deadline=None)
@given(
    turns=st.lists(st.floats(-2.9, 2.9), min_size=1, max_size=12),
    steps=st.lists(st.floats(2.0, 300.0), min_size=13, max_size=13),
    left_m=st.floats(1.0, 60.0),
    right_m=st.floats(1.0, 60.0),
)
def test_a_strip_holds_its_axis_and_nothing_beyond_its_width(
    turns: list[float], steps: list[float], left_m: float, right_m: float
) -> None:
    heading, path = 0.0, [(0.0, 0.0)]
    for turn, step in zip([0.0, *turns], steps, strict=False):
        heading += turn
        path.append((path[-1][0] + step * math.cos(heading), path[-1][1] + step * math.sin(heading)))
    axis = np.array(path)
    raw_m = np.append(0.0, np.cumsum(np.hypot(*np.diff(axis, axis=0).T)))
    area = strip(axis, raw_m, (WidthRange(0.0, None, left_m, right_m),), cap="flat", cap_end="flat")
    line = shapely.LineString(axis)
    assert area.is_valid
    assert shapely.buffer(line, max(left_m, right_m) + 0.02, quad_segs=64).covers(area)
    assert area.buffer(0.01).covers(line)
    narrow = shapely.buffer(line, min(left_m, right_m) - SAG_M - 0.01, cap_style="flat", quad_segs=64)
    assert shapely.difference(narrow, area).area <= 1e-3 * narrow.area + 0.01


def test_no_sector_of_an_outer_bend_is_lost() -> None:
    """An overlay in plain floating point left the sector at (3.94, -0.49) out of this strip."""
    heading, path = 0.0, [(0.0, 0.0)]
    for turn in (0.0, -0.25, 1.0, 0.0):
        heading += turn
        path.append((path[-1][0] + 2.0 * math.cos(heading), path[-1][1] + 2.0 * math.sin(heading)))
    axis = np.array(path)
    area = strip(axis, np.linspace(0.0, 8.0, 5), (WidthRange(0.0, None, 1.0, 2.0),), cap="flat", cap_end="flat")
    assert area.covers(shapely.Point(4.45, -1.23))
    assert area.area == pytest.approx(24.9925, abs=1e-3)


def test_left_and_right_and_their_changes_lie_where_they_are_said() -> None:
    widths = [WidthRange(0.0, 400.0, 10.0, 30.0), WidthRange(400.0, None, 60.0, 5.0)]
    area = in_plane(materialise(build_corridor(PLANE, metres([(0.0, 0.0), (1000.0, 0.0)]), widths)).area)
    inside = {(200, 9.9), (200, -29.9), (399.9, -29.9), (400.1, 59.9), (900, 59.9), (900, -4.9), (0.1, 0), (999.9, 0)}
    outside = {
        (200, 10.1),
        (200, -30.1),
        (399.9, 10.1),
        (400.1, -5.1),
        (900, 60.1),
        (900, -5.1),
        (-0.1, 0),
        (1000.1, 0),
    }
    assert {place for place in inside | outside if area.covers(shapely.Point(metres([place])[0]))} == inside


def test_round_caps_reach_as_far_as_the_width() -> None:
    line = metres([(0.0, 0.0), (1000.0, 0.0)])
    caps: list[tuple[Cap, float]] = [("flat", 0.0), ("round", 50.0)]
    for cap, reach in caps:
        corridor = build_corridor(PLANE, line, [WidthRange(0.0, None, 50.0, 50.0)], cap=cap)
        west, _, east, _ = in_plane(materialise(corridor).area).bounds
        assert west == pytest.approx(line[0][0] - reach, abs=SAG_M)
        assert east == pytest.approx(line[1][0] + reach, abs=SAG_M)


def test_a_hairpin_with_legs_closer_than_the_width_is_one_area_without_slits() -> None:
    line = metres([(0.0, 0.0), (1000.0, 0.0), (1000.0, 30.0), (0.0, 30.0)])
    made = materialise(build_corridor(PLANE, line, [WidthRange(0.0, None, 20.0, 20.0)]))
    assert len(made.area.geoms) == 1
    assert len(made.area.geoms[0].interiors) == 0


def test_the_buffer_widens_on_all_sides() -> None:
    square = build_polygon(PLANE, [metres([(0.0, 0.0), (100.0, 0.0), (100.0, 100.0), (0.0, 100.0)])])
    made = materialise(square, 10.0)
    west, south, east, north = in_plane(made.area).bounds
    assert (east - west, north - south) == (pytest.approx(120.0, abs=1e-3), pytest.approx(120.0, abs=1e-3))
    assert made.area_m2 == pytest.approx(100 * 100 + 4 * 100 * 10 + math.pi * 100, rel=1e-3)
    for wrong in (-1.0, math.nan, 1e9):
        with pytest.raises(SizeInvalid):
            materialise(square, wrong)


def test_an_area_of_very_many_corners_is_not_widened() -> None:
    turn = np.linspace(0.0, 2.0 * math.pi, 6_000, endpoint=False)
    wide = build_polygon(PLANE, [metres([(900.0 * math.cos(t), 900.0 * math.sin(t)) for t in turn.tolist()])])
    assert materialise(wide).vertices > 5_000
    with pytest.raises(TooManyVertices):
        materialise(wide, 10.0)


def test_the_same_shape_gives_the_same_bytes(metro: Corridor) -> None:
    assert materialise(metro, 5.0).wkb == materialise(metro, 5.0).wkb


def test_what_is_materialised_is_valid_in_degrees_and_has_short_edges() -> None:
    big = build_polygon(
        WGS84, [[(114.0, 30.0), (114.3, 30.0), (114.3, 30.3)], [(114.2, 30.1), (114.25, 30.1), (114.25, 30.15)]]
    )
    area = materialise(big).area
    assert area.is_valid
    path = shapely.get_coordinates(area.geoms[0].exterior)
    steps = [ground_distance_m(*a, *b)[0] for a, b in itertools.pairwise(path)]
    assert max(steps) <= 1_001.0
    assert area.area == pytest.approx(0.3 * 0.3 / 2 - 0.05 * 0.05 / 2, rel=1e-4)
    assert materialise(polygon_of(area)).area_m2 == pytest.approx(materialise(big).area_m2, rel=1e-8)


def test_a_fence_of_several_parts_keeps_them() -> None:
    squares = [[metres([(x, 0.0), (x + 10.0, 0.0), (x + 10.0, 10.0), (x, 10.0)])] for x in (0.0, 100.0, 105.0)]
    made = materialise(build_multipolygon(PLANE, squares))
    assert len(made.area.geoms) == 2
    assert made.area_m2 == pytest.approx(100.0 + 150.0, rel=1e-4)


def test_the_zone_is_that_of_the_middle() -> None:
    lon, lat = to_wgs84(PLANE, 500_000.0, 3_386_000.0)
    made = materialise(build_circle(WGS84, (float(lon), float(lat)), 10.0))
    assert made.zone == 4547
