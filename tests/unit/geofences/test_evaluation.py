"""Containment probability, distance and verdict: against closed forms, Monte Carlo and Shapely."""

import math
from collections.abc import Callable
from uuid import UUID

import numpy as np
import pytest
import shapely
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy.special import ndtr

from geofences.construction import build_circle, build_corridor, build_polygon
from geofences.coordinates import GCJ02, WGS84, from_wgs84, to_wgs84
from geofences.errors import AccuracyInvalid
from geofences.evaluation import EvaluationPolicy, Fence, Platform, evaluate, measure, side_of
from geofences.map_datums import wgs84_to_gcj02
from geofences.materialise import materialise
from geofences.preparation import prepare_fence, union_of
from geofences.projection import Stretch, ground_distance_m
from geofences.shapes import Corridor, WidthRange
from tests.support.fences import EAST_M, NORTH_M, PLANE, metres, metro_coordinates, prepared

POLICY = EvaluationPolicy()
# sigma as the platform says it, without floor and inflation.
BARE = EvaluationPolicy(sigma_floor_m=0.001, sigma_inflation=1.0)


def at(x: float, y: float) -> tuple[float, float]:
    lon, lat = to_wgs84(PLANE, EAST_M + x, NORTH_M + y)
    return float(lon), float(lat)


def star(radii: list[float], turn: float = 0.0) -> list[tuple[float, float]]:
    angles = [turn + 2.0 * math.pi * index / len(radii) for index in range(len(radii))]
    return [(radius * math.cos(angle), radius * math.sin(angle)) for radius, angle in zip(radii, angles, strict=True)]


@pytest.mark.parametrize(
    ("platform", "accuracy_m", "sigma_m"),
    [("android", 20.0, 17.212), ("ios", 20.0, 18.382), ("web", 20.0, 17.212), ("android", 0.0, 5.0), ("ios", 5.0, 5.0)],
)
def test_sigma_is_the_platform_s_inflated_and_floored(platform: Platform, accuracy_m: float, sigma_m: float) -> None:
    assert POLICY.sigma_m(accuracy_m, platform) == pytest.approx(sigma_m)


@pytest.mark.parametrize("accuracy_m", [-1.0, math.nan, math.inf])
def test_a_fix_without_a_position_has_no_sigma(accuracy_m: float) -> None:
    with pytest.raises(AccuracyInvalid):
        POLICY.sigma_m(accuracy_m, "ios")


@settings(max_examples=60)
@given(half_width_m=st.floats(5.0, 60.0), offset_m=st.floats(-120.0, 120.0), accuracy_m=st.floats(3.0, 80.0))
def test_on_a_straight_corridor_it_is_the_closed_form(
    straight_fence: Callable[[float], Fence], half_width_m: float, offset_m: float, accuracy_m: float
) -> None:
    half_width_m = round(half_width_m)  # as many fences, not as many examples
    result = evaluate(straight_fence(half_width_m), *at(0.0, offset_m), accuracy_m, "android", BARE)
    w, o, sigma_m = half_width_m, offset_m, 0.662 * accuracy_m
    assert result.sigma_m == pytest.approx(sigma_m)
    assert result.probability == pytest.approx(ndtr((w - o) / sigma_m) - ndtr((-w - o) / sigma_m), abs=1e-6)
    assert result.signed_distance_m == pytest.approx(w - abs(o), abs=1e-3)
    assert result.offset_m == pytest.approx(o, abs=1e-3)
    assert result.chainage_m == pytest.approx(1_000.0, abs=0.02)


@settings(max_examples=80)
@given(
    radii=st.lists(st.floats(20.0, 200.0), min_size=3, max_size=40),
    hole=st.booleans(),
    x=st.floats(-400.0, 400.0),
    y=st.floats(-400.0, 400.0),
)
def test_cover_and_distance_are_shapely_s(radii: list[float], *, hole: bool, x: float, y: float) -> None:
    rings = [metres(star(radii))]
    if hole:
        rings.append(metres(star([radius * 0.5 for radius in radii])))
    made = materialise(build_polygon(PLANE, rings))
    fence = prepare_fence(UUID(int=1), made.wkb)
    # Judged in the very plane of the fence, so that what differs is not the projection.
    plane = shapely.transform(made.area, lambda path: np.column_stack(from_wgs84(PLANE, path[:, 0], path[:, 1])))
    spot = shapely.Point(EAST_M + x, NORTH_M + y)
    covered, signed_m, probability, near_x, near_y = measure(fence, spot.x, spot.y, 0.01)
    distance = plane.boundary.distance(spot)
    assert abs(signed_m) == pytest.approx(distance, abs=1e-6)
    assert plane.boundary.distance(shapely.Point(near_x, near_y)) < 1e-6
    assume(distance > 1e-5)
    assert covered is plane.covers(spot)
    assert (signed_m > 0) is covered
    if distance > 0.06:  # six sigma
        assert probability == pytest.approx(float(covered), abs=1e-7)


@pytest.mark.parametrize("seed", range(12))
def test_the_probability_is_what_monte_carlo_finds(seed: int) -> None:
    rng = np.random.default_rng(seed)
    radii = rng.uniform(15.0, 80.0, int(rng.integers(5, 30))).tolist()
    rings = [metres(star(radii)), metres(star([radius * 0.4 for radius in radii]))]
    made = materialise(build_polygon(PLANE, rings))
    fence = prepare_fence(UUID(int=1), made.wkb)
    plane = shapely.transform(made.area, lambda path: np.column_stack(from_wgs84(PLANE, path[:, 0], path[:, 1])))
    shapely.prepare(plane)
    sigma_m = float(rng.uniform(5.0, 40.0))
    x, y = EAST_M + rng.normal(0.0, 40.0), NORTH_M + rng.normal(0.0, 40.0)
    probability = measure(fence, x, y, sigma_m)[2]
    draws = 200_000
    share = shapely.contains_xy(plane, rng.normal(x, sigma_m, draws), rng.normal(y, sigma_m, draws)).mean()
    deviation = math.sqrt(max(probability * (1.0 - probability), 1e-4) / draws)
    assert abs(share - probability) < 4.5 * deviation


@pytest.mark.parametrize("sigma_m", [0.5, 5.0, 30.0, 300.0])
def test_on_edges_and_corners_the_probability_is_that_of_the_angle(sigma_m: float) -> None:
    size = 20.0 * sigma_m
    corner = [(0.0, 0.0), (size, 0.0), (size, size), (0.0, size)]
    path = np.array([*corner, corner[0]])
    fence = prepare_fence(UUID(int=1), materialise(build_polygon(PLANE, [metres(star([50.0] * 4))])).wkb)
    step = np.diff(path, axis=0)
    length = np.hypot(*step.T)
    square = Fence(
        version_ids=fence.version_ids,
        zone=fence.zone,
        x=path[:-1, 0],
        y=path[:-1, 1],
        end_y=path[1:, 1],
        ux=step[:, 0] / length,
        uy=step[:, 1] / length,
        length=length,
        axis=None,
        forward=fence.forward,
        backward=fence.backward,
        area_wkb=b"",
    )
    covered, signed_m, at_edge, *_ = measure(square, size / 2.0, 0.0, sigma_m)
    assert (covered, signed_m) == (True, 0.0)
    assert at_edge == pytest.approx(0.5, abs=1e-5)
    covered, signed_m, at_corner, *_ = measure(square, 0.0, 0.0, sigma_m)
    assert (covered, signed_m) == (True, 0.0)
    assert at_corner == pytest.approx(0.25, abs=1e-5)


def test_every_corner_of_a_real_fence_is_covered(metro_fence: Fence) -> None:
    area = shapely.from_wkb(metro_fence.area_wkb)
    for lon, lat in shapely.get_coordinates(area)[::5]:
        result = evaluate(metro_fence, float(lon), float(lat), 10.0, "android", POLICY)
        assert result.covered
        assert 0.1 < result.probability < 0.9


def test_the_way_to_the_fence_is_told(straight_fence: Callable[[float], Fence]) -> None:
    fence = straight_fence(20.0)
    for (x, y), bearing, distance_m in [
        ((0.0, 202.0), 180.0, -182.0),
        ((0.0, -202.0), 0.0, -182.0),
        ((1_300.0, 0.0), 270.0, -300.0),
        ((0.0, 15.0), 0.0, 5.0),
    ]:
        result = evaluate(fence, *at(x, y), 10.0, "android", POLICY)
        assert result.signed_distance_m == pytest.approx(distance_m, abs=0.01)
        assert math.cos(math.radians(result.bearing_deg - bearing)) == pytest.approx(1.0, abs=1e-4)


def test_the_bearing_is_from_true_north_also_at_the_edge_of_a_zone() -> None:
    # 1.4 degrees west of its meridian grid north is 0.7 degrees off true north.
    fence = prepared(build_circle(WGS84, (112.6, 30.6), 50.0))
    result = evaluate(fence, 112.6, 30.65, 10.0, "android", POLICY)
    distance_m, azimuth = ground_distance_m(112.6, 30.65, result.nearest_lon, result.nearest_lat)
    assert result.bearing_deg == pytest.approx(azimuth, abs=0.01)
    assert -result.signed_distance_m == pytest.approx(distance_m, rel=3e-4)


def test_far_away_it_is_the_distance_on_the_ellipsoid(metro_fence: Fence) -> None:
    beijing = (116.4, 39.9)
    result = evaluate(metro_fence, *beijing, 10.0, "ios", POLICY)
    distance_m, _ = ground_distance_m(*beijing, result.nearest_lon, result.nearest_lat)
    assert (result.side, result.covered, result.probability) == ("outside", False, 0.0)
    assert -result.signed_distance_m == pytest.approx(distance_m, rel=1e-9)
    assert 1_000_000 < distance_m < 1_100_000
    for corner in [(73.0, 54.0), (135.2, 3.0)]:
        assert math.isfinite(evaluate(metro_fence, *corner, 10.0, "ios", POLICY).signed_distance_m)


@pytest.mark.parametrize(
    ("probability", "accuracy_m", "signed_distance_m", "side"),
    [
        (0.5, 500.0, -1.0, "inside"),
        (0.49, 100.0, 1.0, "inside"),
        (0.49, 100.1, 1.0, "uncertain"),
        (0.49, 10.0, -5.0, "uncertain"),
        (0.49, 10.0, -4.5, "inside"),
        (0.05, 10.0, -20.0, "uncertain"),
        (0.049, 10.0, -20.0, "outside"),
        (0.01, 100.1, 1.0, "outside"),
        (0.01, 10.0, -4.5, "inside"),
        (0.3, 45.0, -4.5, "uncertain"),
    ],
)
def test_the_rule(probability: float, accuracy_m: float, signed_distance_m: float, side: str) -> None:
    sigma_m, covered = POLICY.sigma_m(accuracy_m, "android"), signed_distance_m >= 0.0
    found = side_of(
        probability, accuracy_m, POLICY, covered=covered, signed_distance_m=signed_distance_m, sigma_m=sigma_m
    )
    assert found == side


def test_a_thin_corridor_can_be_passed(straight_fence: Callable[[float], Fence]) -> None:
    # 20 m wide, accuracy 30 m: the probability can nowhere reach one half, yet who stands in it is inside.
    result = evaluate(straight_fence(10.0), *at(0.0, 3.0), 30.0, "android", POLICY)
    assert result.probability < 0.5
    assert result.side == "inside"


def test_the_union_of_overlapping_fences_does_not_count_twice() -> None:
    left = prepared(build_polygon(PLANE, [metres([(-60, -20), (10, -20), (10, 20), (-60, 20)])]), 1)
    right = prepared(build_polygon(PLANE, [metres([(-10, -20), (60, -20), (60, 20), (-10, 20)])]), 2)
    whole = prepared(build_polygon(PLANE, [metres([(-60, -20), (60, -20), (60, 20), (-60, 20)])]), 3)
    place = at(0.0, 15.0)
    single = [evaluate(fence, *place, 20.0, "android", POLICY).probability for fence in (left, right)]
    together = evaluate(union_of([right, left]), *place, 20.0, "android", POLICY)
    expected = evaluate(whole, *place, 20.0, "android", POLICY)
    assert sum(single) > expected.probability + 0.1
    assert together.probability == pytest.approx(expected.probability, abs=1e-6)
    assert together.signed_distance_m == pytest.approx(expected.signed_distance_m, abs=1e-4)
    assert set(together.version_ids) == {UUID(int=1), UUID(int=2)}
    assert union_of([left, right]) is union_of([right, left])
    assert union_of([left]) is left
    with pytest.raises(ValueError, match="no fences"):
        union_of([])


def test_combs_laid_across_each_other_are_not_overlaid_for_minutes() -> None:
    teeth = [(10.0 * (index // 2), 0.0 if (index + 1) // 2 % 2 else 900.0) for index in range(200)]
    comb = [*teeth, (1_000.0, -50.0), (-10.0, -50.0)]
    upright = prepared(build_polygon(PLANE, [metres(comb)]), 1)
    lying = prepared(build_polygon(PLANE, [metres([(y, x) for x, y in comb])]), 2)
    whole = union_of([upright, lying])
    assert whole.edges >= upright.edges + lying.edges
    for place in [(5.0, 400.0), (15.0, 15.0), (500.0, -20.0), (-30.0, -60.0), (403.0, 407.0)]:
        single = [evaluate(fence, *at(*place), 3.0, "android", BARE).covered for fence in (upright, lying)]
        together = evaluate(whole, *at(*place), 3.0, "android", BARE)
        assert together.covered is any(single)
        assert 0.0 <= together.probability <= 1.0


def test_sections_restrict_the_chainage_only(straight_fence: Callable[[float], Fence]) -> None:
    fence = straight_fence(20.0)
    free = evaluate(fence, *at(0.0, 5.0), 10.0, "android", POLICY)
    held = evaluate(fence, *at(0.0, 5.0), 10.0, "android", POLICY, [Stretch(0.0, 970.0)])
    assert (free.chainage_m, held.chainage_m) == (pytest.approx(1_000.0, abs=0.02), pytest.approx(970.0))
    # Nobody who stands far from his section is told that he is at its end.
    for elsewhere in (Stretch(0.0, 900.0), Stretch(5_000.0, 6_000.0)):
        away = evaluate(fence, *at(0.0, 5.0), 10.0, "android", POLICY, [elsewhere])
        assert (away.chainage_m, away.offset_m) == (free.chainage_m, free.offset_m)
        assert free.probability == held.probability == away.probability


def test_on_a_hairpin_the_section_holds_the_chainage() -> None:
    line = metres([(0.0, 0.0), (1_000.0, 0.0), (1_000.0, 30.0), (0.0, 30.0)])
    fence = prepared(build_corridor(PLANE, line, [WidthRange(0.0, None, 12.0, 12.0)]))
    for y in (0.0, 10.0, 16.0, 30.0):
        told = [
            evaluate(fence, *at(500.0, y), 8.0, "android", POLICY, [stretch]).chainage_m
            for stretch in (Stretch(0.0, 900.0), Stretch(1_100.0, 2_030.0))
        ]
        assert told == [pytest.approx(500.0, abs=0.02), pytest.approx(1_530.0, abs=0.02)]


def test_the_metro_line_judges_alike_in_both_datums(metro: Corridor, metro_fence: Fence) -> None:
    """The corridor drawn in GCJ-02 coordinates of the same line, and fixes read in GCJ-02, give the same verdicts."""
    widths = [WidthRange(0.0, None, 50.0, 50.0)]
    # The corners after division: an edge that is straight in one datum bends in the other, 6 cm in a kilometre.
    exact = np.column_stack(wgs84_to_gcj02(*np.array(metro.centreline).T)).tolist()
    published = metro_coordinates(GCJ02)
    rng = np.random.default_rng(11)
    corners = np.array(metro.centreline)
    fixes = corners[rng.integers(0, len(corners), 200)] + rng.normal(0.0, 6e-4, (200, 2))
    # The published line has its own edges of up to 3 km, straight in GCJ-02, and is rounded to 7 decimals.
    for coordinates, tolerance_m in ((exact, 1e-3), (published, 0.35)):
        drawn = prepared(build_corridor(GCJ02, coordinates, widths), 2)
        sides: set[str] = set()
        for lon, lat in fixes.tolist():
            read_lon, read_lat = to_wgs84(GCJ02, *from_wgs84(GCJ02, lon, lat))
            one = evaluate(metro_fence, lon, lat, 15.0, "android", POLICY)
            other = evaluate(drawn, float(read_lon), float(read_lat), 15.0, "android", POLICY)
            assert other.signed_distance_m == pytest.approx(one.signed_distance_m, abs=tolerance_m)
            assert other.offset_m == pytest.approx(one.offset_m, abs=tolerance_m)
            assert other.side == one.side
            sides.add(one.side)
        assert sides == {"inside", "uncertain", "outside"}


def test_the_wrong_datum_puts_the_metro_line_off_itself(metro_fence: Fence) -> None:
    distances = [
        -evaluate(metro_fence, lon, lat, 10.0, "android", POLICY).signed_distance_m + 50.0
        for lon, lat in metro_coordinates(GCJ02)
    ]
    assert 150.0 < float(np.median(distances)) < 450.0
    assert max(distances) < 650.0
