"""Every kind of fence becomes a valid area in EPSG:4326, built in metres in the site's own CGCS2000 3-degree zone.

Lengths in the zone are true within 257 ppm anywhere in it (1.3 cm in a half-width of 50 m), so that a buffer of 50 m is
50 m; in degrees or in web Mercator it is not. Round forms are drawn with chords that sag at most 0.1 m.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np
import shapely
from numpy.typing import NDArray

from geofences.complexity import MAX_CROSSINGS, too_tangled
from geofences.construction import MAX_CHORD_M, shape_of_area
from geofences.coordinates import zone_of, zone_transformers
from geofences.errors import ShapeEmpty, SizeInvalid, TooManyVertices, TooTangled
from geofences.projection import raw_distances
from geofences.shapes import (
    MAX_BUFFER_M,
    MAX_VERTICES,
    Cap,
    Circle,
    Corridor,
    FixedPoint,
    MultiPolygon,
    Point,
    Polygon,
    Ring,
    Shape,
    WidthRange,
)

Array: TypeAlias = NDArray[np.float64]

SAG_M: Final = 0.1
MAX_WIDENED_VERTICES: Final = 5_000
# Overlay on a grid of 0.1 mm: sound whatever the pieces, and no slivers from the last digits.
_GRID_M: Final = 0.0001
_CLOSING_M: Final = 0.001
_SPARED_M: Final = (0.03, SAG_M, 0.3)
"""How far a strip of too many corners may be moved to leave some of them out, least first."""


@dataclass(frozen=True, slots=True)
class Materialised:
    """A fence as an area.

    `area` is a valid MultiPolygon in EPSG:4326 (lon, lat) without edges over 1 km; `zone` the EPSG code of the zone it
    was built in; `area_m2` its size in square metres; `vertices` the number of its corners.
    """

    area: shapely.MultiPolygon
    zone: int
    area_m2: float
    vertices: int

    @property
    def wkb(self) -> bytes:
        """The area as well-known binary, without SRID."""
        return shapely.to_wkb(self.area)


def materialise(shape: Shape, buffer_m: float = 0.0) -> Materialised:
    """Build the area of a shape, widened on all sides by `buffer_m` metres (the approved tolerance).

    Exclusions are cut out last: the tolerance does not reach into them. A strip of more than 20 000 corners is
    simplified by up to 0.3 m. The same input gives the same area bit for bit.
    Raises SizeInvalid if the buffer is negative or beyond 500 m, TooManyVertices if an area to be widened has more than
    5 000 corners, TooTangled, and ShapeEmpty if the exclusions leave nothing.
    """
    if not 0.0 <= buffer_m <= MAX_BUFFER_M:
        raise SizeInvalid(where="buffer_m", value_m=buffer_m, least_m=0.0, most_m=MAX_BUFFER_M)
    zone = zone_of(_middle_lon(shape))
    area = _in_zone(shape, zone)
    if buffer_m > 0.0:
        # Every corner becomes an arc of up to 40 chords: with 20 000 of them that takes minutes.
        corners = len(shapely.get_coordinates(area))
        if corners > MAX_WIDENED_VERTICES:
            raise TooManyVertices(where="", limit=MAX_WIDENED_VERTICES, found=corners)
        # A buffer's arcs are inscribed, like all round forms here.
        area = shapely.buffer(area, buffer_m, quad_segs=max(_chords(buffer_m, math.pi / 2.0), 4))
    area = shapely.union_all([area], grid_size=_GRID_M)
    if isinstance(shape, Corridor) and shape.exclusions:
        area = _without(area, [_polygon_in_zone(one, zone) for one in shape.exclusions])
    if isinstance(shape, Corridor):
        area = _spared(area)
    area_m2 = float(shapely.area(area))
    back = _moved(shapely.segmentize(area, MAX_CHORD_M), zone, to_zone=False)
    if not shapely.is_valid(back):  # degrees round differently; what then crosses is thinner than a hair
        back = shapely.make_valid(back)
    parts = [part for part in shapely.get_parts(back) if isinstance(part, shapely.Polygon) and not part.is_empty]
    whole = shapely.orient_polygons(shapely.MultiPolygon(parts))
    return Materialised(whole, zone, area_m2, len(shapely.get_coordinates(whole)))


def _spared(area: shapely.Geometry) -> shapely.Geometry:
    """Leave corners of a strip in the plane out if it has more than a fence may have, by as little as does.

    A centreline of the 5 000 vertices that are allowed has two corners for each, and chords in each outer bend.
    """
    fewer = area
    for tolerance_m in _SPARED_M:
        if len(shapely.get_coordinates(fewer)) <= MAX_VERTICES:
            break
        fewer = shapely.simplify(area, tolerance_m, preserve_topology=True)
    return fewer


def joined(areas: Sequence[Polygon]) -> shapely.MultiPolygon:
    """Return areas (degrees) as one, parts that overlap joined."""
    whole = shapely.union_all([shapely.Polygon(one.shell, one.holes) for one in areas])
    return shapely.MultiPolygon([part for part in shapely.get_parts(whole) if isinstance(part, shapely.Polygon)])


def polygon_of(area: shapely.MultiPolygon) -> Polygon | MultiPolygon:
    """Return a materialised area as a shape; raises ShapeEmpty if there is none."""
    return shape_of_area(area)


def _middle_lon(shape: Shape) -> float:
    lons = [point.lon for point in _outline(shape)]
    return (min(lons) + max(lons)) / 2.0


def _outline(shape: Shape) -> tuple[Point, ...]:
    match shape:
        case Polygon(shell=shell):
            return shell
        case MultiPolygon(polygons=polygons):
            return tuple(point for polygon in polygons for point in polygon.shell)
        case Corridor(centreline=line):
            return line
        case Circle(centre=centre):
            return (centre,)
        case FixedPoint(at=at):
            return (at,)


def _in_zone(shape: Shape, zone: int) -> shapely.Geometry:
    match shape:
        case Polygon():
            return _polygon_in_zone(shape, zone)
        case MultiPolygon(polygons=polygons):
            return shapely.union_all([_polygon_in_zone(polygon, zone) for polygon in polygons], grid_size=_GRID_M)
        case Corridor():
            return _corridor_in_zone(shape, zone)
        case Circle(centre=at, radius_m=radius_m) | FixedPoint(at=at, radius_m=radius_m):
            return _disc(_path((at,), zone)[0], radius_m)


def _corridor_in_zone(shape: Corridor, zone: int) -> shapely.Geometry:
    if shape.chainages:
        along_m = np.array(shape.chainages, dtype=np.float64) - shape.chainages[0]
    else:
        along_m = raw_distances(*np.array(shape.centreline, dtype=np.float64).T)
    line = _path(shape.centreline, zone)
    area = strip(line, along_m, shape.widths, cap=shape.cap, cap_end=shape.cap_end or shape.cap)
    if not shape.areas:
        return area
    pieces = [area, *(_polygon_in_zone(one, zone) for one in shape.areas)]
    _refuse_tangle(pieces, "areas")
    return _closed(shapely.union_all(pieces, grid_size=_GRID_M))


def _without(area: shapely.Geometry, holes: list[shapely.Polygon]) -> shapely.Geometry:
    """Cut holes out of an area in the plane; raises TooTangled, and ShapeEmpty if nothing is left."""
    _refuse_tangle([area, *holes], "exclusions")
    rest: shapely.Geometry = shapely.difference(area, shapely.union_all(holes, grid_size=_GRID_M), grid_size=_GRID_M)
    if shapely.is_empty(rest):
        raise ShapeEmpty(where="exclusions")
    return rest


def _refuse_tangle(pieces: Sequence[shapely.Geometry], where: str) -> None:
    rings = shapely.get_rings(shapely.get_parts(pieces))
    if too_tangled([shapely.get_coordinates(ring) for ring in rings]):
        raise TooTangled(where=where, limit=MAX_CROSSINGS)


def _path(points: Ring, zone: int) -> Array:
    forward, _ = zone_transformers(zone)
    lonlat = np.array(points, dtype=np.float64)
    return np.column_stack(forward.transform(lonlat[:, 0], lonlat[:, 1]))


def _polygon_in_zone(polygon: Polygon, zone: int) -> shapely.Polygon:
    return shapely.Polygon(_path(polygon.shell, zone), [_path(hole, zone) for hole in polygon.holes])


def _moved(geometry: shapely.Geometry, zone: int, *, to_zone: bool) -> shapely.Geometry:
    transformer = zone_transformers(zone)[0 if to_zone else 1]

    def move(path: Array) -> Array:
        return np.column_stack(transformer.transform(path[:, 0], path[:, 1]))

    return shapely.transform(geometry, move)


def _chords(radius_m: float, angle: float) -> int:
    """Chords that an arc needs so that none sags more than SAG_M (sag = r - r cos(step / 2))."""
    step = math.pi if radius_m <= SAG_M else 2.0 * math.acos(1.0 - SAG_M / radius_m)
    return max(math.ceil(angle / step), 1)


def _disc(centre: Array, radius_m: float) -> shapely.Polygon:
    count = max(_chords(radius_m, 2.0 * math.pi), 16)
    turn = np.linspace(0.0, 2.0 * math.pi, count, endpoint=False)
    return shapely.Polygon(centre + radius_m * np.column_stack([np.cos(turn), np.sin(turn)]))


def strip(
    axis: Array, raw_m: Array, widths: tuple[WidthRange, ...], *, cap: Cap, cap_end: Cap
) -> shapely.Polygon | shapely.MultiPolygon:
    """Build the area beside an axis (n x 2 metres) from its own rectangles and the sectors that fill its outer bends.

    `raw_m` are the distances along the axis at its points, by which the ranges of `widths` are measured.

    One-sided buffers and offset curves of a whole line fail on bends tighter than the width (an offset curve of +30 m
    on a 20 m bend comes out empty); rectangles and sectors cannot.
    """
    pieces: list[shapely.Polygon] = []
    axis, spans = _split(axis, raw_m, widths)
    step = np.diff(axis, axis=0)
    heading = np.arctan2(step[:, 1], step[:, 0])
    for index, (left_m, right_m) in enumerate(spans):
        a, b = axis[index], axis[index + 1]
        normal = np.array([-math.sin(heading[index]), math.cos(heading[index])])
        pieces.append(
            shapely.Polygon([a + normal * left_m, a - normal * right_m, b - normal * right_m, b + normal * left_m])
        )
        if index:
            before = spans[index - 1]
            came, turn = heading[index - 1], math.remainder(float(heading[index] - heading[index - 1]), 2.0 * math.pi)
            # The outer side of a left bend is the right one. Where the width changes in it, the narrower one fills it.
            if turn > 0.0:
                pieces.append(_sector(a, came - math.pi / 2.0, turn, min(right_m, before[1])))
            else:
                pieces.append(_sector(a, came + math.pi / 2.0, turn, min(left_m, before[0])))
    begin, end, quarter = heading[0], heading[-1], math.pi / 2.0
    if cap == "round":
        pieces.append(_sector(axis[0], begin + quarter, quarter, spans[0][0]))
        pieces.append(_sector(axis[0], begin + math.pi, quarter, spans[0][1]))
    if cap_end == "round":
        pieces.append(_sector(axis[-1], end - quarter, quarter, spans[-1][1]))
        pieces.append(_sector(axis[-1], end, quarter, spans[-1][0]))
    # Without the grid the overlay has been seen to lose a whole sector where edges meet in the last digit.
    return _closed(shapely.union_all([piece for piece in pieces if piece.area > 0.0], grid_size=_GRID_M))


def _closed(area: shapely.Geometry) -> shapely.Polygon | shapely.MultiPolygon:
    """Close the hair-thin slits that stay open where pieces meet in the last digit: 1 mm out and 1 mm in again."""
    wider = shapely.buffer(area, _CLOSING_M, join_style="mitre", mitre_limit=10.0)
    closed = shapely.buffer(wider, -_CLOSING_M, join_style="mitre", mitre_limit=10.0)
    if not shapely.is_valid(closed):
        # One drawing in a thousand has a mitre that crosses its neighbour by less than a hair; blunt corners do not.
        closed = shapely.buffer(shapely.buffer(area, _CLOSING_M, join_style="bevel"), -_CLOSING_M, join_style="bevel")
    return closed


def _sector(apex: Array, begin: float, turn: float, radius_m: float) -> shapely.Polygon:
    """Draw the sector of a disc from the angle `begin` over `turn` radians (both signs)."""
    angles = begin + np.linspace(0.0, turn, _chords(radius_m, abs(turn)) + 1)
    arc = apex + radius_m * np.column_stack([np.cos(angles), np.sin(angles)])
    return shapely.Polygon(np.vstack([apex, arc]))


def _split(axis: Array, along: Array, widths: tuple[WidthRange, ...]) -> tuple[Array, list[tuple[float, float]]]:
    """Put a vertex at each change of width; return the axis and (left, right) of each of its edges."""
    cuts = np.array([span.from_m for span in widths[1:] if span.from_m < along[-1]])
    marks = np.union1d(along, cuts)
    split = np.column_stack([np.interp(marks, along, axis[:, 0]), np.interp(marks, along, axis[:, 1])])
    owner: list[int] = np.searchsorted(cuts, marks[:-1], side="right").tolist()
    return split, [(widths[index].left_m, widths[index].right_m) for index in owner]
