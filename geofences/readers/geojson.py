"""GeoJSON (RFC 7946) files become shapes, with a preview of what was understood, and shapes become GeoJSON again.

RFC 7946 says WGS-84, but files from Chinese maps and surveyors hold anything; so the coordinate system is declared by
the one who imports, and a `crs` member in the file may only agree with him.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias, TypeGuard, cast

import msgspec
import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from geofences.construction import build_polygon
from geofences.coordinates import CoordinateSystem, coordinate_system, from_wgs84
from geofences.drawing import (
    CircleDrawing,
    CorridorDrawing,
    Drawing,
    PointDrawing,
    PolygonDrawing,
    Position,
    corridor_of,
    shape_from,
)
from geofences.errors import (
    FileTooLarge,
    GeoJsonInvalid,
    GeometryUnsupported,
    LinesApart,
    RadiusMissing,
    SystemContradicted,
    SystemUnknown,
    TooManyVertices,
    WidthMissing,
)
from geofences.projection import ground_distance_m
from geofences.shapes import MAX_VERTICES, Cap, Point, Shape

Array: TypeAlias = NDArray[np.float64]

MAX_BYTES: Final = 5_000_000
MAX_FEATURES: Final = 1_000
# Each piece is compared with all others: thousands of them keep a processor busy for minutes.
MAX_PIECES: Final = 500
_BEYOND_ALL: Final = 1e300
# Ends of line pieces that are this near are one place: drawing programs round to the centimetre.
_JOIN_M: Final = 0.5

PointKind: TypeAlias = Literal["circle", "point"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """What the file cannot say: half-widths of lines (metres), cap, start chainage, and what points become."""

    left_m: float | None = None
    right_m: float | None = None
    cap: Cap = "flat"
    start_m: float = 0.0
    radius_m: float | None = None
    point_kind: PointKind = "point"


@dataclass(frozen=True, slots=True)
class Found:
    """One fence found in a file: its name (empty if it has none), its place there, what is drawn and its shape."""

    name: str
    where: str
    drawing: Drawing
    shape: Shape


def read_geojson(content: bytes, system: CoordinateSystem, wishes: Wishes) -> tuple[Found, ...]:
    """Read a Geometry, Feature or FeatureCollection whose coordinates are (x, y) in `system`; one result per feature.

    Polygons become polygons, lines corridors (the pieces of a MultiLineString are joined), points circles or fixed
    points. Raises FileTooLarge, GeoJsonInvalid, SystemContradicted, GeometryUnsupported, WidthMissing, RadiusMissing,
    LinesApart, TooManyVertices or another ShapeFault; `where` names the place in the file.
    """
    if len(content) > MAX_BYTES:
        raise FileTooLarge(limit_bytes=MAX_BYTES)
    try:
        document = msgspec.json.decode(content.removeprefix(b"\xef\xbb\xbf"))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise GeoJsonInvalid(where="$", found=str(error)[:120]) from error
    _check_system(document, system)
    found: list[Found] = []
    vertices = 0
    for where, place, feature in _features(document):
        geometry = feature.get("geometry")
        if geometry is None:  # RFC 7946 allows features without a place
            continue
        vertices += _count(geometry)
        if vertices > MAX_VERTICES:
            raise TooManyVertices(where=place, limit=MAX_VERTICES, found=vertices)
        found.append(Found(_name(feature), where, *_drawn(geometry, place, system, wishes)))
    if not found:
        raise GeoJsonInvalid(where="$", found="no geometry")
    return tuple(found)


def write_geojson(
    area: BaseGeometry, system: CoordinateSystem, properties: Mapping[str, object], axis: Sequence[Point] = ()
) -> bytes:
    """Write an area (EPSG:4326) and its alignment as a FeatureCollection in `system`.

    Degrees have 9 decimals (0.1 mm), metres 4. For systems other than WGS-84 the member `crs` names the system, since
    RFC 7946 knows no other; the same name stands in the property `coordinate_system`.
    """
    decimals = 9 if system.kind == "geographic" else 4

    def move(lonlat: Array) -> Array:
        return np.round(np.column_stack(from_wgs84(system, lonlat[:, 0], lonlat[:, 1])), decimals)

    told = {**properties, "coordinate_system": system.code}
    geometries = [area, *([shapely.LineString(axis)] if axis else [])]
    features = [
        {
            "type": "Feature",
            "properties": {**told, "role": role},
            "geometry": shapely.geometry.mapping(shapely.transform(geometry, move)),
        }
        for role, geometry in zip(("area", "alignment"), geometries, strict=False)
    ]
    document: dict[str, object] = {"type": "FeatureCollection", "features": features}
    if system.code != "wgs84":
        document["crs"] = {"type": "name", "properties": {"name": system.code}}
    return msgspec.json.encode(document)


def _mapping(value: object, where: str) -> dict[str, object]:
    if not isinstance(value, dict):
        raise GeoJsonInvalid(where=where or "$", found=type(value).__name__)
    return cast("dict[str, object]", value)


def _list(value: object, where: str) -> list[object]:
    if not isinstance(value, list):
        raise GeoJsonInvalid(where=where or "$", found=type(value).__name__)
    return cast("list[object]", value)


def _check_system(document: object, system: CoordinateSystem) -> None:
    """Compare with the `crs` member of GeoJSON 2008, which names e.g. `urn:ogc:def:crs:EPSG::4547`."""
    member = _mapping(document, "$").get("crs")
    if member is None:
        return
    name = str(_mapping(_mapping(member, "crs").get("properties", {}), "crs.properties").get("name", ""))
    last = name.rsplit(":", 1)[-1]
    written = "wgs84" if last == "CRS84" else f"EPSG:{last}" if last.isdecimal() else name
    try:
        found = coordinate_system(written).code
    except SystemUnknown:
        found = name[:60]
    alike = {"EPSG:4326": "wgs84", "EPSG:4490": "cgcs2000"}
    if alike.get(found, found) != alike.get(system.code, system.code):
        raise SystemContradicted(declared=system.code, found=found)


def _features(document: dict[str, object]) -> list[tuple[str, str, dict[str, object]]]:
    """Return each feature with its place in the file and the place of its geometry."""
    match document.get("type"):
        case "FeatureCollection":
            features = _list(document.get("features"), "features")
            if len(features) > MAX_FEATURES:
                raise GeoJsonInvalid(where="features", found=f"{len(features)} > {MAX_FEATURES}")
            found: list[tuple[str, str, dict[str, object]]] = []
            for index, item in enumerate(features):
                where = f"features[{index}]"
                feature = _mapping(item, where)
                if feature.get("type") != "Feature":
                    raise GeoJsonInvalid(where=f"{where}.type", found=str(feature.get("type"))[:40])
                found.append((where, f"{where}.geometry", feature))
            return found
        case "Feature":
            return [("", "geometry", document)]
        case _:
            return [("", "", {"geometry": document})]


def _name(feature: dict[str, object]) -> str:
    properties = feature.get("properties")
    name = cast("dict[str, object]", properties).get("name") if isinstance(properties, dict) else None
    return name[:200] if isinstance(name, str) else ""


def _count(geometry: object) -> int:
    """Count the positions of a geometry without recursion, so that a hostile depth costs nothing."""
    total = 0
    waiting: list[object] = [geometry]
    while waiting:
        item = waiting.pop()
        if isinstance(item, dict):
            waiting.append(cast("dict[str, object]", item).get("coordinates"))
        elif isinstance(item, list):
            members = cast("list[object]", item)
            if members and isinstance(members[0], (int, float)):
                total += 1
            else:
                waiting.extend(members)
    return total


def _position(value: object, where: str) -> Position:
    numbers = _list(value, where)
    pair = [float(n) for n in numbers[:2] if _is_number(n)]
    if len(pair) < 2:  # noqa: PLR2004 - x and y
        raise GeoJsonInvalid(where=where, found=str(numbers)[:40])
    return pair[0], pair[1]


def _is_number(value: object) -> TypeGuard[float]:
    # An integer of 400 digits is JSON too, but no float.
    return isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) < _BEYOND_ALL


def _positions(value: object, where: str) -> list[Position]:
    return [_position(item, f"{where}[{index}]") for index, item in enumerate(_list(value, where))]


def _rings(value: object, where: str) -> list[list[Position]]:
    return [_positions(item, f"{where}[{index}]") for index, item in enumerate(_list(value, where))]


def _drawn(value: object, where: str, system: CoordinateSystem, wishes: Wishes) -> tuple[Drawing, Shape]:
    """Return what a geometry draws and its shape, whose faults name their place in the geometry's own nesting."""
    geometry = _mapping(value, where)
    coordinates, place = geometry.get("coordinates"), f"{where}.coordinates".lstrip(".")
    match geometry.get("type"):
        case "Polygon":
            rings = _rings(coordinates, place)
            return PolygonDrawing(coordinates=[rings]), build_polygon(system, rings, place)
        case "MultiPolygon":
            parts = [_rings(item, f"{place}[{index}]") for index, item in enumerate(_list(coordinates, place))]
            return _with_shape(PolygonDrawing(coordinates=parts), system, place)
        case "LineString":
            return _with_shape(_corridor(_positions(coordinates, place), place, wishes), system, place)
        case "MultiLineString":
            line = _joined(_rings(coordinates, place), place, system)
            return _with_shape(_corridor(line, place, wishes), system, place)
        case "Point":
            if wishes.radius_m is None:
                raise RadiusMissing(where=place)
            kind = CircleDrawing if wishes.point_kind == "circle" else PointDrawing
            drawing = kind(coordinates=_position(coordinates, place), radius_m=wishes.radius_m)
            return _with_shape(drawing, system, place)
        case other:
            raise GeometryUnsupported(where=where or "$", found=str(other)[:40])


def _with_shape(drawing: Drawing, system: CoordinateSystem, where: str) -> tuple[Drawing, Shape]:
    return drawing, shape_from(drawing, system, where)


def _corridor(line: list[Position], where: str, wishes: Wishes) -> CorridorDrawing:
    if wishes.left_m is None or wishes.right_m is None:
        raise WidthMissing(where=where)
    return corridor_of(line, wishes.left_m, wishes.right_m, wishes.cap, wishes.start_m)


def _joined(pieces: list[list[Position]], where: str, system: CoordinateSystem) -> list[Position]:
    """Join the pieces of a line end to end, in the direction of the first.

    Raises LinesApart if they do not meet, GeoJsonInvalid for more than 500 of them.
    """
    if len(pieces) > MAX_PIECES:
        raise GeoJsonInvalid(where=where, found=f"{len(pieces)} > {MAX_PIECES}")
    waiting = [piece for piece in pieces if piece]
    if not waiting:
        return []
    line = waiting.pop(0)
    while waiting:
        gaps: list[tuple[float, int, bool, bool]] = []
        for index, piece in enumerate(waiting):
            for at_end in (True, False):
                here = line[-1] if at_end else line[0]
                # A piece joins with its near end; if that is the wrong one for our direction, it is turned.
                gaps.append((_gap_m(here, piece[0], system), index, at_end, not at_end))
                gaps.append((_gap_m(here, piece[-1], system), index, at_end, at_end))
        gap, index, at_end, turned = min(gaps)
        if gap > _JOIN_M:
            raise LinesApart(where=where, pieces=len(pieces), gap_m=round(gap, 2))
        piece = waiting.pop(index)
        piece = piece[::-1] if turned else piece
        line = line + piece[1:] if at_end else piece[:-1] + line
    return line


def _gap_m(a: Position, b: Position, system: CoordinateSystem) -> float:
    if system.kind == "projected":
        return math.hypot(a[0] - b[0], a[1] - b[1])
    if not all(abs(position[1]) <= 90.0 for position in (a, b)):  # noqa: PLR2004 - swapped axes are told later
        return 0.0
    return ground_distance_m(a[0], a[1], b[0], b[1])[0]
