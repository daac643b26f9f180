"""Whatever is drawn becomes a valid area that can be evaluated, or an error of ours that names its place."""

import math
from uuid import UUID

import pytest
import shapely
from hypothesis import event, given, settings
from hypothesis import strategies as st

from geofences.coordinates import CoordinateSystem, coordinate_system, from_wgs84
from geofences.drawing import (
    CircleDrawing,
    CorridorDrawing,
    Drawing,
    PointDrawing,
    PolygonDrawing,
    Position,
    WidthDrawing,
    shape_from,
)
from geofences.errors import ShapeFault
from geofences.evaluation import EvaluationPolicy, evaluate
from geofences.materialise import materialise
from geofences.preparation import prepare_fence
from geofences.shapes import Cap, Corridor

SYSTEMS = [coordinate_system(code) for code in ("wgs84", "gcj02", "bd09", "EPSG:4547", "EPSG:4526", "EPSG:2435")]
# Coarse steps make coinciding, collinear and crossing parts likely.
STEP = st.integers(-12, 12).map(lambda step: step * 25e-5)
PLACE = st.tuples(STEP, STEP)
PATH = st.lists(PLACE, min_size=2, max_size=9)
# Points round a centre in order of their direction make a ring that mostly does not cross itself.
ROUND = st.lists(PLACE, min_size=3, max_size=9, unique=True).map(
    lambda path: sorted(path, key=lambda step: math.atan2(step[1], step[0]))
)
SIZE = st.sampled_from([0.5, 1.0, 3.0, 12.0, 40.0, 90.0, 250.0, 499.0, 500.0, 501.0])
POLICY = EvaluationPolicy()


def placed(system: CoordinateSystem, steps: tuple[float, float]) -> Position:
    x, y = from_wgs84(system, 114.1 + steps[0], 30.6 + steps[1])
    return float(x), float(y)


@st.composite
def drawings(draw: st.DrawFn) -> tuple[Drawing, CoordinateSystem]:
    system = draw(st.sampled_from(SYSTEMS))

    def path(kind: st.SearchStrategy[list[tuple[float, float]]] = PATH) -> list[Position]:
        return [placed(system, steps) for steps in draw(kind)]

    kind = draw(st.sampled_from(["polygon", "polygon", "corridor", "corridor", "circle", "point"]))
    if kind == "polygon":
        rings = st.one_of(ROUND, PATH)
        parts = [[path(rings)] for _ in range(draw(st.integers(0, 3)))]
        if parts and draw(st.booleans()):
            parts[0].append(path(rings))
        return PolygonDrawing(coordinates=parts), system
    if kind == "corridor":
        widths = [WidthDrawing(left_m=draw(SIZE), right_m=draw(SIZE))]
        if draw(st.booleans()):
            before = WidthDrawing(to_m=300.0, left_m=draw(SIZE), right_m=draw(SIZE))
            widths = [before, WidthDrawing(from_m=300.0, left_m=draw(SIZE), right_m=draw(SIZE))]
        caps: list[Cap] = ["flat", "round"]
        cap = draw(st.sampled_from(caps))
        return CorridorDrawing(coordinates=path(), widths=widths, cap=cap), system
    place = placed(system, draw(PLACE))
    if kind == "circle":
        return CircleDrawing(coordinates=place, radius_m=draw(SIZE)), system
    return PointDrawing(coordinates=place, radius_m=draw(SIZE)), system


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
