"""Fences to judge by: the real metro line as a corridor, and figures drawn in metres."""

from collections.abc import Sequence
from importlib.resources import files
from uuid import UUID

import msgspec
import shapely

from geofences.coordinates import GCJ02, WGS84, CoordinateSystem, coordinate_system
from geofences.evaluation import Fence
from geofences.materialise import materialise
from geofences.preparation import prepare_fence
from geofences.shapes import Corridor, Shape

Line = list[list[float]]

PLANE = coordinate_system("EPSG:4547")
# A place on the central meridian 114 E: there the plane's metres are true and its north is north.
EAST_M, NORTH_M = 500_000.0, 3_386_000.0


def metres(path: Sequence[tuple[float, float]]) -> Line:
    """Put a figure drawn in metres round the place on the meridian; coordinates in EPSG:4547."""
    return [[EAST_M + x, NORTH_M + y] for x, y in path]


def metro_coordinates(system: CoordinateSystem) -> Line:
    """Read the metro line's coordinates as published in WGS-84 or GCJ-02."""
    name = {WGS84.code: "wgs84", GCJ02.code: "gcj02"}[system.code]
    text = (files("backend") / "demo_data" / f"wuhan_metro_line11_osm_{name}.geojson").read_bytes()
    return msgspec.json.decode(text)["features"][0]["geometry"]["coordinates"]


def prepared(shape: Shape, number: int = 1) -> Fence:
    """Materialise and prepare a shape as the version with a made-up id."""
    axis = shapely.to_wkb(shapely.LineString(shape.centreline)) if isinstance(shape, Corridor) else None
    start_m = shape.start_m if isinstance(shape, Corridor) else 0.0
    return prepare_fence(UUID(int=number), materialise(shape).wkb, axis, start_m)
