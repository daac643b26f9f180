"""Shapes become GeoJSON (RFC 7946) again, in any coordinate system."""

from collections.abc import Mapping, Sequence
from typing import TypeAlias

import msgspec
import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from geofences.coordinates import CoordinateSystem, from_wgs84
from geofences.shapes import Point

Array: TypeAlias = NDArray[np.float64]


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
