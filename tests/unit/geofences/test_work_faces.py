"""Who is at a work face and who is not, along the line and with the error of his fix."""

from dataclasses import replace
from uuid import UUID

import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from geofences.construction import build_corridor
from geofences.coordinates import to_wgs84
from geofences.evaluation import EvaluationPolicy, Fence, evaluate
from geofences.preparation import prepare_fence
from geofences.shapes import WidthRange
from geofences.work_faces import FaceMissed, WorkFace, missed_face
from tests.support.fences import EAST_M, NORTH_M, PLANE, metres, prepared

POLICY = EvaluationPolicy()
FENCE = UUID(int=7)
WIDTHS = [WidthRange(0.0, None, 20.0, 20.0)]
ROAD = replace(prepared(build_corridor(PLANE, metres([(0, 0), (3_000, 0)]), WIDTHS)), fence_id=FENCE)
FACE = WorkFace(FENCE, "2号掌子面", "K1+000", "K1+200")
FAR_FACE = WorkFace(FENCE, "3号掌子面", "K2+500", "K2+600")
SIGMA_M = 1.3 * 0.662 * 10.0


def missed(fence: Fence, x: float, y: float, *faces: WorkFace, accuracy_m: float = 10.0) -> FaceMissed | None:
    lon, lat = (float(one) for one in to_wgs84(PLANE, EAST_M + x, NORTH_M + y))
    found = evaluate(fence, lon, lat, accuracy_m, "android", POLICY)
    return missed_face(fence, found, lon, lat, faces)


@given(x=st.floats(5.0, 2_995.0), y=st.floats(-19.0, 19.0), accuracy_m=st.floats(1.0, 60.0))
def test_whoever_is_farther_off_along_the_line_than_twice_his_error_is_told(
    x: float, y: float, accuracy_m: float
) -> None:
    found = missed(ROAD, x, y, FACE, FAR_FACE, accuracy_m=accuracy_m)
    off = {FACE: max(1_000.0 - x, x - 1_200.0, 0.0), FAR_FACE: max(2_500.0 - x, x - 2_600.0, 0.0)}
    nearest = min(off, key=off.__getitem__)
    slack_m = 2.0 * POLICY.sigma_m(accuracy_m, "android")
    if off[nearest] < slack_m - 0.01:
        assert found is None
    elif off[nearest] > slack_m + 0.01:
        assert found is not None
        assert found.distance_m == pytest.approx(off[nearest], abs=0.01)
        # In the middle between two faces rounding tells which is nearer.
        assert found.face is nearest or abs(off[FACE] - off[FAR_FACE]) < 0.02


def test_the_nearest_face_is_named_with_its_range() -> None:
    found = missed(ROAD, 2_300.0, 3.0, FACE, FAR_FACE)
    assert found is not None
    assert found.face.range == "3号掌子面 K2+500–K2+600"
    assert found.distance_m == pytest.approx(200.0, abs=0.01)


def test_without_a_face_of_this_corridor_nobody_is_told_anything() -> None:
    other = FACE._replace(fence_id=UUID(int=8))
    taken_away = FACE._replace(begin="K7+000", end="K8+000")
    assert missed(ROAD, 100.0, 0.0) is None
    assert missed(ROAD, 100.0, 0.0, other) is None
    assert missed(ROAD, 100.0, 0.0, taken_away) is None
    assert missed(ROAD, 100.0, 0.0, other, taken_away, FACE) is not None


def test_a_fix_outside_has_a_reason_of_its_own() -> None:
    assert missed(ROAD, 100.0, 15.0, FACE) is not None
    assert missed(ROAD, 100.0, 300.0, FACE) is None


def test_a_fence_without_a_line_has_no_faces() -> None:
    assert missed(replace(ROAD, axis=None, stationing=None), 100.0, 0.0, FACE) is None


def test_camps_beside_the_strip_belong_to_no_face() -> None:
    strip = shapely.from_wkb(ROAD.area_wkb)
    camp = shapely.Polygon(
        [
            tuple(float(one) for one in to_wgs84(PLANE, EAST_M + x, NORTH_M + y))
            for x, y in ((300, 15), (500, 15), (500, 120), (300, 120))
        ]
    )
    axis = shapely.LineString(
        [tuple(float(one) for one in to_wgs84(PLANE, EAST_M + x, NORTH_M)) for x in (0, 1_500, 3_000)]
    )
    fence = prepare_fence(
        UUID(int=1),
        shapely.to_wkb(shapely.union(strip, camp)),
        shapely.to_wkb(axis),
        fence_id=FENCE,
        extra_wkb=shapely.to_wkb(shapely.MultiPolygon([camp])),
    )
    assert missed(fence, 400.0, 60.0, FACE) is None, "in the camp"
    assert missed(fence, 400.0, 15.0 - 1.5 * SIGMA_M, FACE) is None, "near enough to it"
    assert missed(fence, 400.0, -15.0, FACE) is not None, "on the strip"
    assert missed(fence, 700.0, 15.0, FACE) is not None, "on the strip, elsewhere"


def test_where_legs_run_close_the_other_leg_may_be_meant() -> None:
    hairpin = replace(
        prepared(build_corridor(PLANE, metres([(0, 0), (1_000, 0), (1_000, 30), (0, 30)]), WIDTHS)), fence_id=FENCE
    )
    # Beside K0+500 on the first leg lies K1+530 of the second.
    back = WorkFace(FENCE, "回程", "K1+500", "K1+560")
    assert missed(hairpin, 500.0, 10.0, back) is None
    assert missed(hairpin, 200.0, 10.0, back) is not None
