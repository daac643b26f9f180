"""The copy for phones is small, valid and nowhere more than a metre off, held against Shapely's own measures."""

import math
from itertools import pairwise

import msgspec
import numpy as np
import pytest
import shapely
from hypothesis import event, given, settings

from geofences.construction import build_circle, build_corridor, build_multipolygon, build_polygon
from geofences.coordinates import WGS84, CoordinateSystem, from_wgs84, zone_of, zone_transformers
from geofences.drawing import Drawing, shape_from
from geofences.errors import AreaInvalid, ShapeFault
from geofences.field_copy import LIMIT_BYTES, FieldCopy, MadeCopy, line_of, make_copy, rings_of
from geofences.materialise import Materialised, materialise
from geofences.projection import raw_distances
from geofences.shapes import Corridor, Shape, WidthRange
from geofences.simplification import distance_to_edge, weights_of_line, weights_of_ring
from tests.support.fences import PLANE, metres, metro_coordinates
from tests.unit.geofences.test_any_drawing import drawings


def copied(shape: Shape, buffer_m: float = 0.0) -> tuple[Materialised, MadeCopy]:
    area = materialise(shape, buffer_m)
    axis = shapely.to_wkb(shapely.LineString(shape.centreline)) if isinstance(shape, Corridor) else None
    return area, make_copy(area.wkb, axis, shape.start_m if isinstance(shape, Corridor) else 0.0)


def drawn(copy: FieldCopy) -> shapely.MultiPolygon:
    return shapely.MultiPolygon([shapely.Polygon(rings[0], rings[1:]) for rings in rings_of(copy)])


def in_metres(geometry: shapely.Geometry, zone: int) -> shapely.Geometry:
    forward, _ = zone_transformers(zone)
    # What is straight in degrees is bent in the plane: the copy is measured as it lies, not by its corners.
    fine = shapely.segmentize(geometry, 0.001)
    return shapely.transform(fine, lambda path: np.column_stack(forward.transform(path[:, 0], path[:, 1])))


def farthest_m(area: Materialised, copy: FieldCopy) -> float:
    """Hausdorff distance of both boundaries in the zone, both ways, with places every 2 m at least."""
    published, kept = in_metres(area.area.boundary, area.zone), in_metres(drawn(copy).boundary, area.zone)
    return max(directed_m(published, kept), directed_m(kept, published))


def directed_m(one: shapely.Geometry, other: shapely.Geometry) -> float:
    places = shapely.points(shapely.get_coordinates(shapely.segmentize(one, 2.0)))
    shapely.prepare(other)
    return float(shapely.distance(places, other).max())


def ragged(vertices: int, roughness: float) -> Shape:
    turn = np.linspace(0.0, 2.0 * math.pi, vertices, endpoint=False)
    rng = np.random.default_rng(3)
    radius = 0.02 * (1.0 + 0.1 * np.sin(17.0 * turn) + roughness * rng.uniform(-1.0, 1.0, vertices))
    ring = np.column_stack([114.3 + radius * np.cos(turn), 30.6 + radius * np.sin(turn)])
    return build_polygon(WGS84, [ring.tolist()])


@settings(max_examples=150)
@given(drawings())
def test_whatever_is_drawn_has_a_copy_within_a_metre(drawing: tuple[Drawing, CoordinateSystem]) -> None:
    try:
        shape = shape_from(*drawing)
        area = materialise(shape)
    except ShapeFault:
        event("refused")
        return
    axis = shapely.to_wkb(shapely.LineString(shape.centreline)) if isinstance(shape, Corridor) else None
    try:
        made = make_copy(area.wkb, axis)
    except AreaInvalid:
        # Only what a hair holds together has no copy: some 5 cm decide whether it is an area at all.
        assert shapely.minimum_clearance(area.area) < 5e-7
        event("hair")
        return
    event(f"scale {made.copy.scale}")
    kept = drawn(made.copy)
    assert kept.is_valid
    assert len(kept.geoms) == len(area.area.geoms)
    for one, other in zip(area.area.geoms, kept.geoms, strict=True):
        assert len(one.interiors) == len(other.interiors)
    assert farthest_m(area, made.copy) <= made.copy.deviation_m <= 1.0
    assert made.fits


def test_the_metro_line_becomes_seven_kilobytes() -> None:
    shape = build_corridor(WGS84, metro_coordinates(WGS84), [WidthRange(0.0, None, 50.0, 50.0)], start_m=1_000.0)
    area, made = copied(shape)
    assert made.fits
    assert len(made.body) < 7_000
    assert farthest_m(area, made.copy) <= made.copy.deviation_m < 0.25
    line = line_of(made.copy)
    assert line is not None
    lonlat, chainage = line
    assert chainage[0] == pytest.approx(1_000.0, abs=0.05)
    raw = raw_distances(*np.array(shape.centreline).T)
    assert chainage[-1] == pytest.approx(1_000.0 + raw[-1], abs=0.06)
    assert np.all(np.diff(chainage) > 0.0)
    assert len(lonlat) == len(chainage)


def test_chainages_hold_although_vertices_are_left_out() -> None:
    """A line drawn with a vertex every 5 m: between the vertices that are kept, lengths are those of the original."""
    x = np.arange(0.0, 4_000.0, 5.0)
    path = list(zip(x.tolist(), (200.0 * np.sin(x / 300.0)).tolist(), strict=True))
    _, made = copied(build_corridor(PLANE, metres(path), [WidthRange(0.0, None, 15.0, 15.0)]))
    line = line_of(made.copy)
    assert line is not None
    lonlat, chainage = line
    assert len(lonlat) < len(path) / 3
    for place, expected in zip(lonlat.tolist(), chainage.tolist(), strict=True):
        x_here = from_wgs84(PLANE, *place)[0] - from_wgs84(PLANE, *lonlat[0].tolist())[0]
        before = x[x <= x_here + 0.2]
        length = np.sum(np.hypot(np.diff(before), np.diff(200.0 * np.sin(before / 300.0))))
        assert expected == pytest.approx(length, abs=0.5)


def test_the_most_exact_copy_that_fits_is_taken() -> None:
    area, made = copied(ragged(20_000, 0.00002))
    assert made.fits
    assert made.published_vertices > 20_000 - 5
    assert farthest_m(area, made.copy) <= made.copy.deviation_m <= 1.0
    assert len(made.body) > LIMIT_BYTES / 4


def test_what_cannot_be_small_enough_says_so_and_is_as_small_as_can_be() -> None:
    area, made = copied(ragged(6_000, 0.003))
    assert not made.fits
    assert LIMIT_BYTES < len(made.body) < 60_000
    assert drawn(made.copy).is_valid
    assert farthest_m(area, made.copy) <= made.copy.deviation_m <= 1.0
    assert made.copy.deviation_m > 0.5, "the coarsest copy that is still within a metre"


def test_a_strait_thinner_than_the_rounding_stays_open() -> None:
    """Two parts 2 cm apart, and a hole of 3 cm: a millionth of a degree would close them."""
    left = [[(0, 0), (100, 0), (100, 100), (0, 100), (0, 0)], [(50, 50), (50, 50.03), (50.03, 50.03), (50, 50)]]
    right = [[(100.02, 0), (200, 0), (200, 100), (100.02, 100), (100.02, 0)]]
    shape = build_multipolygon(PLANE, [[metres(ring) for ring in part] for part in (left, right)])
    area, made = copied(shape)
    assert made.copy.scale > 10**6
    kept = drawn(made.copy)
    assert kept.is_valid
    assert len(kept.geoms) == 2
    assert sum(len(part.interiors) for part in kept.geoms) == 1
    assert farthest_m(area, made.copy) <= made.copy.deviation_m <= 1.0


def test_a_spike_that_would_cross_its_neighbour_keeps_its_vertices() -> None:
    """A comb with teeth 0.5 m apart: leaving vertices out at random would let them cross."""
    path: list[tuple[float, float]] = [(0.0, -50.0)]
    for tooth in range(200):
        x = tooth * 1.0
        path += [(x, 0.0), (x + 0.2, 80.0 + 0.3 * (tooth % 3)), (x + 0.5, 80.0), (x + 0.6, 0.0)]
    path += [(200.0, -50.0), (0.0, -50.0)]
    area, made = copied(build_polygon(PLANE, [metres(path)]))
    assert drawn(made.copy).is_valid
    assert farthest_m(area, made.copy) <= made.copy.deviation_m <= 1.0


def test_positions_farther_off_than_said_are_inside_both_or_outside_both() -> None:
    shape = build_corridor(WGS84, metro_coordinates(WGS84), [WidthRange(0.0, None, 12.0, 30.0)], cap="round")
    area, made = copied(shape)
    rng = np.random.default_rng(8)
    edge = shapely.get_coordinates(area.area)
    places = edge[rng.integers(0, len(edge), 4_000)] + rng.normal(0.0, 1e-4, (4_000, 2))
    boundary, kept = in_metres(area.area.boundary, area.zone), drawn(made.copy)
    inside = clear = 0
    for place in places.tolist():
        point = shapely.Point(place)
        if shapely.distance(in_metres(point, area.zone), boundary) > made.copy.deviation_m:
            clear += 1
            inside += area.area.contains(point)
            assert area.area.contains(point) == kept.contains(point)
    assert clear > 3_600
    assert 400 < inside < 3_600


def test_the_same_fence_gives_the_same_bytes_and_they_read_back() -> None:
    area, made = copied(build_circle(PLANE, metres([(0, 0)])[0], 80.0))
    again = make_copy(area.wkb)
    assert made.body == again.body
    assert msgspec.json.decode(made.body, type=FieldCopy) == made.copy
    assert made.copy.axis is None
    (ring,) = made.copy.parts[0]
    assert len(ring) == 2 * made.vertices, "the closing vertex is left out"


def test_no_edge_is_joined_beyond_a_kilometre() -> None:
    shape = build_corridor(WGS84, [[114.0, 30.6], [114.6, 30.6]], [WidthRange(0.0, None, 20.0, 20.0)])
    area, made = copied(shape)
    for ring in rings_of(made.copy)[0]:
        x, y = zone_transformers(zone_of(114.3))[0].transform(ring[:, 0], ring[:, 1])
        assert max(math.dist(*pair) for pair in pairwise(zip(x, y, strict=True))) <= 1_001.0
    assert farthest_m(area, made.copy) <= made.copy.deviation_m


def test_weights_are_what_douglas_and_peucker_ask_for() -> None:
    rng = np.random.default_rng(4)
    path = np.column_stack([np.arange(200.0), rng.normal(0.0, 1.0, 200).cumsum()])
    weights = weights_of_line(path, 0.1)
    for tolerance_m in (0.2, 0.5, 1.0, 3.0):
        kept = np.flatnonzero(weights > tolerance_m)
        expected = shapely.get_coordinates(
            shapely.simplify(shapely.LineString(path), tolerance_m, preserve_topology=False)
        )
        assert np.array_equal(path[kept], expected)
        for begin, end in pairwise(kept.tolist()):
            assert distance_to_edge(path[begin : end + 1], path[begin], path[end]).max() <= tolerance_m


def test_a_ring_keeps_a_triangle() -> None:
    turn = np.linspace(0.0, 2.0 * math.pi, 33)
    tiny = 0.01 * np.column_stack([np.cos(turn), np.sin(turn)])
    assert np.count_nonzero(weights_of_ring(tiny, 0.1) > 1.0) >= 4
