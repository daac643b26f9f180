"""Whatever is drawn becomes a valid area that can be evaluated, or an error of ours that names its place."""

import math
from uuid import UUID

import pytest
import shapely
from hypothesis import event, given, settings
from hypothesis import strategies as st

from geofences.coordinates import CoordinateSystem
from geofences.drawing import Drawing, PolygonDrawing, shape_from
from geofences.errors import ShapeFault
from geofences.evaluation import EvaluationPolicy, evaluate
from geofences.materialise import materialise
from geofences.preparation import prepare_fence
from geofences.shapes import Corridor
from tests.support.drawings import PLACE, SYSTEMS, drawings, placed

POLICY = EvaluationPolicy()


@settings(max_examples=300)
@given(drawn=drawings(), buffer_m=st.sampled_from([0.0, 0.0, 5.0, 500.0]), steps=PLACE)
def test_it_is_an_area_or_a_fault(
    drawn: tuple[Drawing, CoordinateSystem], buffer_m: float, steps: tuple[float, float]
) -> None:
    drawing, system = drawn
    try:
        shape = shape_from(drawing, system)
        made = materialise(shape, buffer_m)
    except ShapeFault as fault:
        event(type(fault).__name__)
        if "where" not in fault.detail:
            raise
        return
    event(f"area of a {drawing.__struct_config__.tag}")
    assert isinstance(made.area, shapely.MultiPolygon)
    assert made.area.is_valid
    assert not made.area.is_empty
    assert made.area_m2 > 0.0
    axis = shapely.to_wkb(shapely.LineString(shape.centreline)) if isinstance(shape, Corridor) else None
    fence = prepare_fence(UUID(int=1), made.wkb, axis)
    lon, lat = 114.1 + steps[0], 30.6 + steps[1]
    result = evaluate(fence, lon, lat, 10.0, "android", POLICY)
    assert 0.0 <= result.probability <= 1.0
    assert math.isfinite(result.signed_distance_m)
    if abs(result.signed_distance_m) > 0.02:
        assert result.covered is made.area.covers(shapely.Point(lon, lat))
        assert (result.signed_distance_m > 0.0) is result.covered
    assert (result.chainage_m is None) is (axis is None)


@pytest.mark.parametrize("system", SYSTEMS, ids=lambda system: system.code)
def test_the_same_site_is_the_same_area_in_every_system(system: CoordinateSystem) -> None:
    corners = [(0.0, 0.0), (0.004, 0.0), (0.004, 0.003), (0.0, 0.003)]
    ring = [placed(system, corner) for corner in corners]
    area = materialise(shape_from(PolygonDrawing(coordinates=[[ring]]), system)).area
    expected = shapely.Polygon([(114.1 + x, 30.6 + y) for x, y in corners])
    assert area.symmetric_difference(expected).area < 1e-4 * expected.area
