"""Declared coordinates become valid shapes, or an error that names the place."""

import itertools
import math

import numpy as np
import pytest
import shapely

from geofences.construction import build_circle, build_corridor, build_fixed_point, build_multipolygon, build_polygon
from geofences.coordinates import GCJ02, WGS84, coordinate_system
from geofences.errors import (
    AxesSwapped,
    HoleMisplaced,
    NotFinite,
    OutOfChina,
    SelfCrossing,
    ShapeEmpty,
    ShapeFault,
    SizeInvalid,
    TooFewPoints,
    TooManyVertices,
    TooTangled,
    WidthsInvalid,
)
from geofences.map_datums import wgs84_to_gcj02
from geofences.shapes import MultiPolygon, Polygon, Ring, WidthRange
from tests.support.fences import metres

SQUARE = [(114.0, 30.0), (114.01, 30.0), (114.01, 30.01), (114.0, 30.01)]
HOLE = [(114.002, 30.002), (114.004, 30.002), (114.004, 30.004), (114.002, 30.004)]


def shifted(ring: list[tuple[float, float]], by: float) -> list[tuple[float, float]]:
    return [(lon + by, lat) for lon, lat in ring]


def signed_area(ring: Ring) -> float:
    return sum(a.lon * b.lat - b.lon * a.lat for a, b in itertools.pairwise(ring))


def test_rings_are_closed_turned_and_cleaned() -> None:
    messy = [*reversed(SQUARE), SQUARE[-1], SQUARE[-1]]
    polygon = build_polygon(WGS84, [messy, HOLE])
    assert isinstance(polygon, Polygon)
    assert polygon.shell[0] == polygon.shell[-1]
    assert signed_area(polygon.shell) > 0 > signed_area(polygon.holes[0])
    assert set(polygon.shell) >= set(SQUARE)


def test_a_third_number_is_ignored() -> None:
    with_height = build_polygon(WGS84, [[(lon, lat, 23.5) for lon, lat in SQUARE]])
    assert with_height == build_polygon(WGS84, [SQUARE])


@pytest.mark.parametrize(
    ("rings", "fault", "where"),
    [
        ([[SQUARE[0], SQUARE[2], SQUARE[1], SQUARE[3]]], SelfCrossing, "coordinates[0]"),
        ([SQUARE, [HOLE[0], HOLE[2], HOLE[1], HOLE[3]]], SelfCrossing, "coordinates[1]"),
        ([SQUARE, shifted(HOLE, 0.007)], SelfCrossing, "coordinates"),
        ([SQUARE, shifted(HOLE, 0.5)], HoleMisplaced, "coordinates"),
        ([SQUARE, HOLE, [(114.0025, 30.0025), (114.0035, 30.0025), (114.003, 30.0035)]], HoleMisplaced, "coordinates"),
        ([SQUARE[:2]], TooFewPoints, "coordinates[0]"),
        ([SQUARE, []], TooFewPoints, "coordinates[1]"),
        ([[(114.0, 30.0), (114.1, 30.1), (114.2, 30.2)]], ShapeEmpty, "coordinates[0]"),
        ([], ShapeEmpty, "coordinates"),
        ([[*SQUARE[:2], (math.nan, 30.01)]], NotFinite, "coordinates[0][2]"),
        ([[(lat, lon) for lon, lat in SQUARE]], AxesSwapped, "coordinates[0][0]"),
        ([[*SQUARE[:3], (14.0, 30.01)]], OutOfChina, "coordinates[0][3]"),
    ],
)
def test_a_fault_names_its_place(rings: list[list[tuple[float, float]]], fault: type[ShapeFault], where: str) -> None:
    with pytest.raises(fault) as caught:
        build_polygon(WGS84, rings)
    assert caught.value.detail["where"] == where


def test_a_crossing_is_given_as_a_position() -> None:
    with pytest.raises(SelfCrossing) as caught:
        build_polygon(WGS84, [[SQUARE[0], SQUARE[2], SQUARE[1], SQUARE[3]]])
    assert (caught.value.detail["lon"], caught.value.detail["lat"]) == (114.005, 30.005)


def test_faults_in_one_of_several_polygons_name_it() -> None:
    with pytest.raises(TooFewPoints) as caught:
        build_multipolygon(WGS84, [[SQUARE], [SQUARE[:1]]])
    assert caught.value.detail["where"] == "coordinates[1][0]"


def test_parts_that_overlap_or_touch_become_one_and_others_stay() -> None:
    overlapping = build_multipolygon(WGS84, [[SQUARE], [shifted(SQUARE, 0.005)]])
    assert isinstance(overlapping, Polygon)
    assert {shell.lon for shell in overlapping.shell} >= {114.0, 114.015}
    apart = build_multipolygon(WGS84, [[SQUARE], [shifted(SQUARE, 0.5)]])
    assert isinstance(apart, MultiPolygon)
    assert len(apart.polygons) == 2


def test_more_vertices_than_allowed_are_refused_before_any_work() -> None:
    ring = [(114.0 + math.cos(i) / 100, 30.0 + math.sin(i) / 100) for i in range(20_001)]
    with pytest.raises(TooManyVertices) as caught:
        build_polygon(WGS84, [ring])
    assert caught.value.detail == {"where": "coordinates", "limit": 20_000, "found": 20_001}


def test_a_centreline_has_fewer_vertices_and_narrower_widths() -> None:
    line = [(114.0 + index * 1e-5, 30.0) for index in range(5_001)]
    with pytest.raises(TooManyVertices) as caught:
        build_corridor(WGS84, line, [WidthRange(0.0, None, 20.0, 20.0)])
    assert caught.value.detail["limit"] == 5_000
    with pytest.raises(SizeInvalid):
        build_corridor(WGS84, line[:2], [WidthRange(0.0, None, 501.0, 20.0)])


def test_a_scribble_is_refused_before_it_is_overlaid() -> None:
    rng = np.random.default_rng(1)
    scribble = rng.uniform(0.0, 0.05, (3_000, 2)) + np.array([114.0, 30.0])
    triangles = rng.uniform(0.0, 0.05, (2_000, 1, 3, 2)) + np.array([114.0, 30.0])
    with pytest.raises(TooTangled):
        build_corridor(WGS84, scribble.tolist(), [WidthRange(0.0, None, 1.0, 1.0)])
    with pytest.raises(TooTangled):
        build_multipolygon(WGS84, triangles.tolist())


@pytest.mark.parametrize("system", ["wgs84", "gcj02", "bd09", "EPSG:4547", "EPSG:3857"])
@pytest.mark.parametrize("number", [1e308, -1e308, 1e9, 5e-324])
def test_numbers_beyond_all_bounds_are_out_of_china(system: str, number: float) -> None:
    with pytest.raises(OutOfChina):
        build_circle(coordinate_system(system), (number, number), 50.0)


def test_long_edges_are_divided_where_they_are_straight() -> None:
    # Straight in the surveyor's plane: the middle of the edge must not sag to the chord of longitude and latitude.
    corridor = build_corridor(
        coordinate_system("EPSG:4547"), metres([(-30_000.0, 0.0), (30_000.0, 0.0)]), [WidthRange(0.0, None, 20.0, 20.0)]
    )
    assert len(corridor.centreline) == 61
    lats = [point.lat for point in corridor.centreline]
    assert (max(lats) - min(lats)) * 111_000 == pytest.approx(42.0, abs=3.0)


def test_gcj02_input_is_stored_in_wgs84() -> None:
    polygon = build_polygon(WGS84, [SQUARE])
    as_gcj = [tuple(float(number) for number in wgs84_to_gcj02(lon, lat)) for lon, lat in SQUARE]
    same = build_polygon(GCJ02, [as_gcj])
    assert isinstance(polygon, Polygon)
    assert isinstance(same, Polygon)
    # The long edges of the two are straight in different systems; the corners are the same places.
    for corner in SQUARE:
        assert min(math.dist(corner, point) for point in same.shell) < 1e-9


@pytest.mark.parametrize("radius_m", [0.0, -5.0, 0.4, 5_001.0, math.nan, math.inf])
def test_a_radius_must_be_a_length(radius_m: float) -> None:
    for build in (build_circle, build_fixed_point):
        with pytest.raises(SizeInvalid):
            build(WGS84, (114.0, 30.0), radius_m)


@pytest.mark.parametrize(
    ("widths", "fault"),
    [
        ([], WidthsInvalid),
        ([WidthRange(0.0, None, 0.0, 20.0)], SizeInvalid),
        ([WidthRange(0.0, None, 20.0, math.nan)], SizeInvalid),
        ([WidthRange(5.0, None, 20.0, 20.0)], WidthsInvalid),
        ([WidthRange(0.0, 100.0, 20.0, 20.0)], WidthsInvalid),
        ([WidthRange(0.0, 100.0, 20.0, 20.0), WidthRange(110.0, None, 20.0, 20.0)], WidthsInvalid),
        ([WidthRange(0.0, 0.0, 20.0, 20.0), WidthRange(0.0, None, 20.0, 20.0)], WidthsInvalid),
        ([WidthRange(0.0, None, 20.0, 20.0), WidthRange(100.0, None, 20.0, 20.0)], WidthsInvalid),
    ],
)
def test_widths_must_run_from_start_to_end(widths: list[WidthRange], fault: type[ShapeFault]) -> None:
    with pytest.raises(fault):
        build_corridor(WGS84, SQUARE, widths)


def test_a_line_needs_two_different_points() -> None:
    with pytest.raises(TooFewPoints):
        build_corridor(WGS84, [SQUARE[0], SQUARE[0]], [WidthRange(0.0, None, 20.0, 20.0)])


def test_a_polygon_is_what_shapely_sees_in_it() -> None:
    polygon = build_polygon(WGS84, [SQUARE, HOLE])
    assert isinstance(polygon, Polygon)
    seen = shapely.Polygon(polygon.shell, polygon.holes)
    assert seen.is_valid
    assert seen.area == pytest.approx(0.01**2 - 0.002**2, rel=1e-9)
