"""Reads GeoJSON (RFC 7946), with the `crs` member of its predecessor.

RFC 7946 says WGS-84, but files from Chinese maps and surveyors hold anything; so the coordinate system is declared by
the one who imports, and a `crs` member in the file may only agree with him.
"""

from typing import Final, TypeGuard, cast

import msgspec

from geofences.coordinates import coordinate_system
from geofences.errors import GeoJsonInvalid, GeometryUnsupported, SystemUnknown
from geofences.readers.content import Array, Collector, Content, Figure, Named, Origin, clean_name, path_of

_BEYOND_ALL: Final = 1e300


def read_geojson(content: bytes) -> Content:
    """Read a Geometry, Feature or FeatureCollection; one figure per feature that has a geometry, its type the layer.

    Raises GeoJsonInvalid, GeometryUnsupported, TooManyPositions or TooManyFigures; `where` names the place.
    """
    try:
        document = msgspec.json.decode(content.removeprefix(b"\xef\xbb\xbf"))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise GeoJsonInvalid(where="$", found=str(error)[:120]) from error
    root = _mapping(document, "$")
    named, collector = _named(root), Collector()
    for where, geometry_at, feature in _features(root):
        if feature.get("geometry") is not None:  # RFC 7946 allows features without a place
            collector.add(_figure(feature, where, geometry_at, collector))
    if not collector.figures:
        raise GeoJsonInvalid(where="$", found="no geometry")
    return Content(format="geojson", figures=tuple(collector.figures), named=named)


def _mapping(value: object, where: str) -> dict[str, object]:
    if not isinstance(value, dict):
        raise GeoJsonInvalid(where=where or "$", found=type(value).__name__)
    return cast("dict[str, object]", value)


def _list(value: object, where: str) -> list[object]:
    if not isinstance(value, list):
        raise GeoJsonInvalid(where=where or "$", found=type(value).__name__)
    return cast("list[object]", value)


def _named(document: dict[str, object]) -> Named | None:
    """Read the `crs` member of GeoJSON 2008, which names e.g. `urn:ogc:def:crs:EPSG::4547`."""
    member = document.get("crs")
    if member is None:
        return None
    name = str(_mapping(_mapping(member, "crs").get("properties", {}), "crs.properties").get("name", ""))
    last = name.rsplit(":", 1)[-1]
    written = "wgs84" if last == "CRS84" else f"EPSG:{last}" if last.isdecimal() else name
    try:
        return Named(coordinate_system(written).code, clean_name(name))
    except SystemUnknown:
        return Named(name[:60], clean_name(name))


def _features(document: dict[str, object]) -> list[tuple[str, str, dict[str, object]]]:
    """Return each feature with its place in the file and the place of its geometry."""
    match document.get("type"):
        case "FeatureCollection":
            features = _list(document.get("features"), "features")
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
    return clean_name(name) if isinstance(name, str) else ""


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


def _position(value: object, where: str) -> tuple[float, float]:
    numbers = _list(value, where)
    pair = [float(n) for n in numbers[:2] if _is_number(n)]
    if len(pair) < 2:  # noqa: PLR2004 - x and y
        raise GeoJsonInvalid(where=where, found=str(numbers)[:40])
    return pair[0], pair[1]


def _is_number(value: object) -> TypeGuard[float]:
    # An integer of 400 digits is JSON too, but no float.
    return isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) < _BEYOND_ALL


def _path(value: object, where: str) -> Array:
    return path_of([_position(item, f"{where}[{index}]") for index, item in enumerate(_list(value, where))])


def _rings(value: object, where: str) -> tuple[Array, ...]:
    return tuple(_path(item, f"{where}[{index}]") for index, item in enumerate(_list(value, where)))


def _figure(feature: dict[str, object], where: str, geometry_at: str, collector: Collector) -> Figure:
    """Make a figure of a feature whose geometry stands at `geometry_at`."""
    value = feature["geometry"]
    geometry = _mapping(value, geometry_at)
    coordinates, place = geometry.get("coordinates"), f"{geometry_at}.coordinates".lstrip(".")
    origin = Origin(where, place, _name(feature), str(geometry.get("type")))
    collector.count(_count(value))
    match geometry.get("type"):
        case "Polygon":
            return Figure(kind="area", parts=(_rings(coordinates, place),), origin=origin)
        case "MultiPolygon":
            polygons = enumerate(_list(coordinates, place))
            parts = tuple(_rings(item, f"{place}[{index}]") for index, item in polygons)
            return Figure(kind="area", parts=parts, origin=origin, single=False)
        case "LineString":
            return Figure(kind="line", parts=((_path(coordinates, place),),), origin=origin)
        case "MultiLineString":
            return Figure(kind="line", parts=(_rings(coordinates, place),), origin=origin)
        case "Point":
            return Figure(kind="point", parts=((path_of([_position(coordinates, place)]),),), origin=origin)
        case other:
            raise GeometryUnsupported(where=geometry_at or "$", found=str(other)[:40])
