"""Many fixes at once are judged as each alone: side, cover, distance, exact probability, and the fix to judge by."""

import math
from uuid import UUID

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geofences.bulk_chainages import chainages, chainages_within
from geofences.bulk_evaluation import (
    INSIDE,
    OUTSIDE,
    ManyFixes,
    add_distances,
    choose_many,
    evaluate_many,
)
from geofences.choice import Fix, choose_fix
from geofences.construction import build_polygon
from geofences.coordinates import to_wgs84
from geofences.evaluation import SIGMA_PER_ACCURACY, Evaluation, EvaluationPolicy, Fence, evaluate
from geofences.materialise import materialise
from geofences.preparation import prepare_fence, union_of
from geofences.projection import Stretch, nearest_on, place_on
from tests.support.fences import EAST_M, NORTH_M, PLANE, metres, prepared

POLICY = EvaluationPolicy()
ALIKE = 1e-8  # how close the probabilities of arrays, by quadrature, come to Owen's T
SIDES = ("inside", "uncertain", "outside")


def star(radii: list[float]) -> list[tuple[float, float]]:
    angles = [2.0 * math.pi * index / len(radii) for index in range(len(radii))]
    return [(radius * math.cos(angle), radius * math.sin(angle)) for radius, angle in zip(radii, angles, strict=True)]


def polygon(radii: list[float], *, hole: bool = False, number: int = 1, east_m: float = 0.0) -> Fence:
    rings = [metres([(x + east_m, y) for x, y in star(radii)])]
    if hole:
        rings.append(metres([(x + east_m, y) for x, y in star([0.4 * radius for radius in radii])]))
    return prepare_fence(UUID(int=number), materialise(build_polygon(PLANE, rings)).wkb)


def many(fixes: list[Fix]) -> ManyFixes:
    return ManyFixes(
        np.array([one.lon for one in fixes]),
        np.array([one.lat for one in fixes]),
        np.array([one.accuracy_m for one in fixes]),
        np.array([SIGMA_PER_ACCURACY[one.platform] for one in fixes]),
        np.array([one.age_s for one in fixes]),
        np.array([one.mock for one in fixes]),
    )


@st.composite
def taken_fixes(draw: st.DrawFn, least: int = 1, most: int = 30) -> list[Fix]:
    places = draw(
        st.lists(
            st.tuples(
                st.floats(-400.0, 400.0),
                st.floats(-400.0, 400.0),
                st.floats(0.0, 200.0),
                st.sampled_from(["android", "ios", "web"]),
                st.sampled_from([0.0, 5.0, 9.0]),
                st.booleans(),
            ),
            min_size=least,
            max_size=most,
        )
    )
    found: list[Fix] = []
    for x, y, accuracy_m, platform, age_s, mock in places:
        lon, lat = to_wgs84(PLANE, EAST_M + x, NORTH_M + y)
        found.append(Fix(float(lon), float(lat), accuracy_m, platform, age_s, mock))
    return found


def alone(fence: Fence, one: Fix, policy: EvaluationPolicy = POLICY) -> Evaluation:
    return evaluate(fence, one.lon, one.lat, one.accuracy_m, one.platform, policy)


@settings(max_examples=120)
@given(
    radii=st.lists(st.floats(20.0, 300.0), min_size=3, max_size=60),
    hole=st.booleans(),
    fixes=taken_fixes(),
    cap_m=st.sampled_from([10.0, 50.0, 150.0]),
    count=st.sampled_from([0.3, 0.5, 0.9]),
    tail=st.sampled_from([0.01, 0.3, 0.5]),
    refused=st.sampled_from([0.05, 0.25]),
)
def test_many_are_judged_as_each_alone(
    radii: list[float], *, hole: bool, fixes: list[Fix], cap_m: float, count: float, tail: float, refused: float
) -> None:
    fence = polygon(radii, hole=hole)
    policy = EvaluationPolicy(
        accuracy_cap_m=cap_m, count_probability=count, counted_tail=tail, refuse_probability=refused
    )
    found = evaluate_many(fence, many(fixes), policy)
    exact = evaluate_many(fence, many(fixes), policy, exact=True)
    assert exact.exact.all()
    for index, fix in enumerate(fixes):
        one = alone(fence, fix, policy)
        assert SIDES[found.side[index]] == SIDES[exact.side[index]] == one.side
        assert bool(found.covered[index]) is one.covered
        assert found.signed_distance_m[index] == pytest.approx(one.signed_distance_m, abs=1e-9)
        assert found.sigma_m[index] == one.sigma_m
        assert exact.probability[index] == pytest.approx(one.probability, abs=ALIKE)
        # Where it is not exact it is a true bound.
        bound = found.probability[index]
        if found.exact[index]:
            assert bound == pytest.approx(one.probability, abs=ALIKE)
        elif one.covered:
            assert bound <= one.probability + 1e-9
        else:
            assert bound >= one.probability - 1e-9


@given(
    radii=st.lists(st.floats(20.0, 300.0), min_size=3, max_size=30),
    punches=st.lists(taken_fixes(most=5), min_size=1, max_size=12),
)
def test_the_fix_to_judge_by_is_the_same(radii: list[float], punches: list[list[Fix]]) -> None:
    fence = polygon(radii)
    fixes = [fix for punch in punches for fix in punch]
    first = np.cumsum([0, *map(len, punches)])[:-1]
    found = evaluate_many(fence, many(fixes), POLICY)
    chosen = choose_many(fence, first, many(fixes), found)
    for index, punch in enumerate(punches):
        alike = [alone(fence, fix) for fix in punch]
        mine = int(chosen[index] - first[index])
        theirs, _ = choose_fix(punch, [one.sigma_m for one in alike], alike.__getitem__)
        # Probabilities agree to some digits only: two fixes that are equal but for those may change places.
        assert mine == theirs or (
            punch[mine].age_s == punch[theirs].age_s
            and alike[mine].side == alike[theirs].side
            and alike[mine].probability == pytest.approx(alike[theirs].probability, abs=ALIKE)
        )


@given(radii=st.lists(st.floats(20.0, 300.0), min_size=3, max_size=30), fixes=taken_fixes())
def test_sides_alone_are_the_same_sides(radii: list[float], fixes: list[Fix]) -> None:
    fence = polygon(radii)
    whole, sides = evaluate_many(fence, many(fixes), POLICY), evaluate_many(fence, many(fixes), POLICY, sides_only=True)
    assert (whole.side == sides.side).all()
    assert (whole.covered == sides.covered).all()
    left_out = np.flatnonzero(sides.covered & (sides.signed_distance_m == 0.0))
    add_distances(fence, sides, left_out)
    assert sides.signed_distance_m == pytest.approx(whole.signed_distance_m, abs=1e-9)


def test_a_union_is_judged_like_one(metro_fence: Fence) -> None:
    union = union_of([polygon([80.0] * 12, number=1), polygon([70.0] * 9, number=2, east_m=100.0)])
    rng = np.random.default_rng(3)
    lon, lat = to_wgs84(PLANE, EAST_M + rng.uniform(-150, 250, 400), NORTH_M + rng.uniform(-150, 150, 400))
    fixes = [Fix(float(x), float(y), 12.0, "android") for x, y in zip(lon, lat, strict=True)]
    found = evaluate_many(union, many(fixes), POLICY, exact=True)
    for index, fix in enumerate(fixes):
        one = alone(union, fix)
        assert (SIDES[found.side[index]], bool(found.covered[index])) == (one.side, one.covered)
        assert found.probability[index] == pytest.approx(one.probability, abs=ALIKE)
    assert metro_fence.edges > 100


def test_on_an_edge_and_far_away_it_is_the_same_too() -> None:
    fence = polygon([100.0, 100.0, 100.0, 100.0])
    corner = fence.backward.transform(fence.x[0], fence.y[0])
    fixes = [
        Fix(float(corner[0]), float(corner[1]), 10.0, "ios"),
        Fix(118.0, 32.0, 10.0, "web"),
        Fix(100.0, 40.0, 1e6, "android"),
    ]
    found = evaluate_many(fence, many(fixes), POLICY)
    for index, fix in enumerate(fixes):
        one = alone(fence, fix)
        assert SIDES[found.side[index]] == one.side
        assert found.signed_distance_m[index] == pytest.approx(one.signed_distance_m, abs=1e-3)
    assert found.signed_distance_m[1] < -300_000.0
    assert [int(side) for side in found.side] == [INSIDE, OUTSIDE, OUTSIDE]


def test_chainages_are_those_of_the_nearest_place(metro_fence: Fence) -> None:
    axis = metro_fence.axis
    assert axis is not None
    rng = np.random.default_rng(5)
    at = rng.integers(0, len(axis.x), 300)
    x, y = axis.x[at] + rng.normal(0, 40, 300), axis.y[at] + rng.normal(0, 40, 300)
    found, distance_m = chainages(axis, x, y)
    for index in range(len(x)):
        nearest = nearest_on(axis, float(x[index]), float(y[index]))
        assert nearest is not None
        assert found[index] == pytest.approx(nearest.chainage_m, abs=1e-6)
        assert distance_m[index] == pytest.approx(nearest.distance_m, abs=1e-6)


@given(
    ends=st.lists(st.floats(-500.0, 45_000.0), min_size=2, max_size=6),
    reach_m=st.floats(0.0, 300.0),
    seed=st.integers(0, 1_000),
)
def test_chainages_in_sections_are_those_of_each_alone(
    ends: list[float], reach_m: float, seed: int, metro_fence: Fence
) -> None:
    axis = metro_fence.axis
    assert axis is not None
    cuts = sorted(ends)
    within = [Stretch(begin, end) for begin, end in zip(cuts[::2], cuts[1::2], strict=False)]
    rng = np.random.default_rng(seed)
    at = rng.integers(0, len(axis.x), 20)
    x, y = axis.x[at] + rng.normal(0, 150, 20), axis.y[at] + rng.normal(0, 150, 20)
    found, distance_m = chainages_within(axis, x, y, np.full(20, reach_m), within)
    for index in range(len(x)):
        place = place_on(axis, float(x[index]), float(y[index]), reach_m, within)
        assert place is not None
        assert distance_m[index] == pytest.approx(place.distance_m, abs=1e-6)
        assert found[index] == pytest.approx(place.chainage_m, abs=1e-4)


def test_a_fence_of_one_edge_run_is_cut_into_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    from geofences import bulk_evaluation

    fence = prepared(build_polygon(PLANE, [metres(star([90.0, 140.0] * 20))]))
    rng = np.random.default_rng(7)
    lon, lat = to_wgs84(PLANE, EAST_M + rng.uniform(-160, 160, 500), NORTH_M + rng.uniform(-160, 160, 500))
    fixes = many([Fix(float(x), float(y), 15.0, "android") for x, y in zip(lon, lat, strict=True)])
    whole = evaluate_many(fence, fixes, POLICY, exact=True)
    monkeypatch.setattr(bulk_evaluation, "_PAIRS", 100)
    pieces = evaluate_many(fence, fixes, POLICY, exact=True)
    assert (whole.side == pieces.side).all()
    assert np.allclose(whole.probability, pieces.probability, atol=1e-12, rtol=0)
