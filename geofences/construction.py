"""Declared coordinates become valid shapes in WGS-84, or an error that names the place of the fault.

What has one evident meaning is put right silently: a ring that is not closed is closed, a ring that runs the wrong way
round is turned, repeated points are dropped, parts of one fence that overlap are joined. Everything else is an error.

An edge is straight in the system in which it was declared. Edges longer than 1 km are therefore divided before they are
converted: the chord of a 60 km east-west line lies 42 m off it, that of a 1 km line 1.2 cm.
"""

import re
from collections.abc import Sequence
from typing import Final, TypeAlias

import numpy as np
import shapely
from numpy.typing import NDArray

from geofences.complexity import MAX_CROSSINGS, too_tangled
from geofences.coordinates import CoordinateSystem, check_position, checked_wgs84
from geofences.errors import (
    HoleMisplaced,
    SelfCrossing,
    ShapeEmpty,
    SizeInvalid,
    TooFewPoints,
    TooManyVertices,
    TooTangled,
    WidthsInvalid,
)
from geofences.shapes import (
    MAX_HALF_WIDTH_M,
    MAX_LINE_VERTICES,
    MAX_RADIUS_M,
    MAX_VERTICES,
    MIN_SIZE_M,
    Cap,
    Circle,
    Corridor,
    FixedPoint,
    MultiPolygon,
    Point,
    Polygon,
    Ring,
    WidthRange,
)

Position: TypeAlias = Sequence[float]
"""x and y as declared (longitude or easting first); further numbers, such as a height, are ignored."""
Array: TypeAlias = NDArray[np.float64]

MAX_CHORD_M: Final = 1_000.0
_LEAST_AREA_DEG2: Final = 1e-14  # about 1 cm2
_METRES_PER_DEGREE: Final = 111_320.0
_REASON_PLACE: Final = re.compile(r"\[(\S+) (\S+)\]")


def build_polygon(
    system: CoordinateSystem, rings: Sequence[Sequence[Position]], where: str = "coordinates"
) -> Polygon | MultiPolygon:
    """Make one polygon from an outer ring and holes, coordinates (x, y) in `system`.

    Raises ShapeFault: NotFinite, AxesSwapped, OutOfChina, TooFewPoints, TooManyVertices, SelfCrossing, HoleMisplaced or
    ShapeEmpty.
    """
    return build_multipolygon(system, [rings], where, single=True)


def build_multipolygon(
    system: CoordinateSystem,
    polygons: Sequence[Sequence[Sequence[Position]]],
    where: str = "coordinates",
    *,
    single: bool = False,
) -> Polygon | MultiPolygon:
    """Make one fence from several polygons; parts that overlap or share an edge are joined.

    `single` leaves the polygon's index out of the place of faults. Returns a Polygon if one part remains. Raises like
    `build_polygon`.
    """
    _limit_vertices(sum(len(ring) for rings in polygons for ring in rings), where)
    parts: list[shapely.Polygon] = []
    for index, rings in enumerate(polygons):
        parts.append(_valid_part(system, rings, where if single else f"{where}[{index}]"))
    if not parts:
        raise ShapeEmpty(where=where)
    if len(parts) > 1 and too_tangled([shapely.get_coordinates(ring) for ring in shapely.get_rings(parts)]):
        raise TooTangled(where=where, limit=MAX_CROSSINGS)
    area = parts[0] if len(parts) == 1 else shapely.union_all(parts)
    return shape_of_area(area)


def shape_of_area(area: shapely.Geometry) -> Polygon | MultiPolygon:
    """Turn a valid Shapely area in EPSG:4326 into a shape with outer rings counter-clockwise and holes clockwise.

    Lines and points that an overlay left behind are dropped. Raises ShapeEmpty if no area is left.
    """
    parts = [part for part in shapely.get_parts(area) if isinstance(part, shapely.Polygon) and not part.is_empty]
    if not parts:
        raise ShapeEmpty(where="")
    polygons = tuple(
        Polygon(_ring(part.exterior, clockwise=False), tuple(_ring(hole, clockwise=True) for hole in part.interiors))
        for part in parts
    )
    return polygons[0] if len(polygons) == 1 else MultiPolygon(polygons)


def build_corridor(
    system: CoordinateSystem,
    line: Sequence[Position],
    widths: Sequence[WidthRange],
    *,
    cap: Cap = "flat",
    start_m: float = 0.0,
    where: str = "coordinates",
) -> Corridor:
    """Make a corridor from a centreline (x, y) in `system` and half-widths in metres.

    `widths` are consecutive ranges from 0 to the end (the last `to_m` is None). Raises ShapeFault: NotFinite,
    AxesSwapped, OutOfChina, TooFewPoints, TooManyVertices, TooTangled, SizeInvalid or WidthsInvalid. A centreline may
    cross itself.
    """
    check_widths(widths)
    centreline = build_line(system, line, where)
    return Corridor(centreline, tuple(widths), cap, start_m)


def build_line(system: CoordinateSystem, line: Sequence[Position], where: str = "coordinates") -> tuple[Point, ...]:
    """Make a line of an alignment or centreline from coordinates (x, y) in `system`; it may cross itself.

    Edges over 1 km are divided. Raises ShapeFault: NotFinite, AxesSwapped, OutOfChina, TooFewPoints, TooManyVertices
    (5 000) or TooTangled.
    """
    _limit_vertices(len(line), where, MAX_LINE_VERTICES)
    lon, lat = _converted(system, line, where, closed=False)
    if too_tangled([np.column_stack([lon, lat])]):
        raise TooTangled(where=where, limit=MAX_CROSSINGS)
    return tuple(Point(a, b) for a, b in zip(lon.tolist(), lat.tolist(), strict=True))


def build_circle(system: CoordinateSystem, centre: Position, radius_m: float, where: str = "coordinates") -> Circle:
    """Make a circle from its centre (x, y) in `system` and its radius in metres; raises ShapeFault."""
    _check_size(radius_m, MAX_RADIUS_M, "radius_m")
    return Circle(_one(system, centre, where), radius_m)


def build_fixed_point(
    system: CoordinateSystem, at: Position, radius_m: float, where: str = "coordinates"
) -> FixedPoint:
    """Make a fixed point from its position (x, y) in `system` and its radius in metres; raises ShapeFault."""
    _check_size(radius_m, MAX_RADIUS_M, "radius_m")
    return FixedPoint(_one(system, at, where), radius_m)


def _one(system: CoordinateSystem, position: Position, where: str) -> Point:
    return Point(*check_position(system, position[0], position[1], where))


def _limit_vertices(found: int, where: str, limit: int = MAX_VERTICES) -> None:
    if found > limit:
        raise TooManyVertices(where=where, limit=limit, found=found)


def _check_size(value_m: float, most_m: float, where: str) -> None:
    if not MIN_SIZE_M <= value_m <= most_m:  # false for NaN too
        shown = value_m if np.isfinite(value_m) else str(value_m)
        raise SizeInvalid(where=where, value_m=shown, least_m=MIN_SIZE_M, most_m=most_m)


def check_widths(widths: Sequence[WidthRange]) -> None:
    """Check that half-widths are lengths a corridor can have, and that their ranges follow each other from 0 on.

    Raises SizeInvalid or WidthsInvalid.
    """
    for index, span in enumerate(widths):
        _check_size(span.left_m, MAX_HALF_WIDTH_M, f"widths[{index}].left_m")
        _check_size(span.right_m, MAX_HALF_WIDTH_M, f"widths[{index}].right_m")
    if not widths:
        raise WidthsInvalid(where="widths", from_m=0.0, to_m=None)
    ends = [0.0, *(span.to_m for span in widths)]
    for index, (begin, span) in enumerate(zip(ends, widths, strict=False)):
        last = index == len(widths) - 1
        runs_on = span.to_m is None if last else span.to_m is not None and span.to_m > span.from_m
        if span.from_m != begin or not runs_on:
            raise WidthsInvalid(where=f"widths[{index}]", from_m=span.from_m, to_m=span.to_m)


def _converted(
    system: CoordinateSystem, positions: Sequence[Position], where: str, *, closed: bool
) -> tuple[Array, Array]:
    """Check, close, divide and convert one path; raise with the index that the caller counts."""
    raw = np.array([(position[0], position[1]) for position in positions], dtype=np.float64).reshape(-1, 2)
    checked_wgs84(system, raw[:, 0], raw[:, 1], where) if len(raw) else None
    if closed and len(raw):
        raw = np.vstack([raw, raw[:1]])
    keep = np.append(True, (np.diff(raw, axis=0) != 0).any(axis=1)) if len(raw) else np.zeros(0, dtype=bool)
    raw = raw[keep]
    needed = 4 if closed else 2
    if len(raw) < needed:
        raise TooFewPoints(where=where, needed=needed - closed, found=max(len(raw) - closed, 0))
    return checked_wgs84(system, *_divided(system, raw, where), where)


def _divided(system: CoordinateSystem, path: Array, where: str) -> tuple[Array, Array]:
    """Divide edges longer than MAX_CHORD_M into equal parts, in the plane of the declared system."""
    step = np.diff(path, axis=0)
    if system.kind == "geographic":
        shrink = np.cos(np.radians((path[:-1, 1] + path[1:, 1]) / 2.0))
        lengths = np.hypot(step[:, 0] * shrink, step[:, 1]) * _METRES_PER_DEGREE
    else:
        lengths = np.hypot(step[:, 0], step[:, 1])
    parts = np.maximum(np.ceil(lengths / MAX_CHORD_M).astype(int), 1)
    _limit_vertices(int(parts.sum()), where)
    pieces: list[Array] = [
        start + delta * np.arange(count)[:, np.newaxis] / count
        for start, delta, count in zip(path[:-1], step, parts.tolist(), strict=True)
    ]
    whole = np.vstack([*pieces, path[-1:]])
    return whole[:, 0], whole[:, 1]


def _valid_part(system: CoordinateSystem, rings: Sequence[Sequence[Position]], where: str) -> shapely.Polygon:
    if not rings:
        raise ShapeEmpty(where=where)
    paths = [
        np.column_stack(_converted(system, ring, f"{where}[{index}]", closed=True)) for index, ring in enumerate(rings)
    ]
    for index, path in enumerate(paths):
        ring = shapely.Polygon(path)
        if ring.area < _LEAST_AREA_DEG2 and shapely.minimum_rotated_rectangle(ring).area < _LEAST_AREA_DEG2:
            raise ShapeEmpty(where=f"{where}[{index}]")
        _raise_if_invalid(ring, f"{where}[{index}]")
    part = shapely.Polygon(paths[0], paths[1:])
    _raise_if_invalid(part, where)
    return part


def _raise_if_invalid(area: shapely.Polygon, where: str) -> None:
    reason = shapely.is_valid_reason(area)
    if reason == "Valid Geometry":
        return
    found = _REASON_PLACE.search(reason)
    place: dict[str, object] = {"where": where}
    if found:
        place |= {"lon": round(float(found[1]), 7), "lat": round(float(found[2]), 7)}
    if reason.startswith(("Self-intersection", "Ring Self-intersection")):
        raise SelfCrossing(**place)
    if reason.startswith("Too few points"):
        raise ShapeEmpty(**place)
    raise HoleMisplaced(**place)


def _ring(ring: shapely.LinearRing, *, clockwise: bool) -> Ring:
    path = shapely.get_coordinates(ring)
    if _signed_area(path) > 0 if clockwise else _signed_area(path) < 0:
        path = path[::-1]
    return tuple(Point(lon, lat) for lon, lat in path.tolist())


def _signed_area(path: Array) -> float:
    """Twice the area, positive for counter-clockwise rings; relative to the first point so that no digits are lost."""
    x, y = (path - path[0]).T
    return float(np.dot(x[:-1], y[1:]) - np.dot(x[1:], y[:-1]))
