"""Drawings of any kind as hypothesis makes them, in coarse steps round one place, so that much touches or crosses."""

import math

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
)
from geofences.shapes import Cap

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


def placed(system: CoordinateSystem, steps: tuple[float, float]) -> Position:
    """Return the position so many degrees from the place, in a system."""
    x, y = from_wgs84(system, 114.1 + steps[0], 30.6 + steps[1])
    return float(x), float(y)


@st.composite
def drawings(draw: st.DrawFn) -> tuple[Drawing, CoordinateSystem]:
    """Draw a fence and the system that it is drawn in."""
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
