"""How long and large the figures of a file are on the ground, and where they lie; no fence is made of them."""

from collections.abc import Sequence

import msgspec
import numpy as np
import shapely

from geofences.coordinates import CoordinateSystem, in_china, to_wgs84, zone_of, zone_transformers
from geofences.readers.content import Array, Figure, stacked


class Box(msgspec.Struct, frozen=True):
    """Least and greatest x and y."""

    west: float
    south: float
    east: float
    north: float


def measured(figures: Sequence[Figure], system: CoordinateSystem) -> tuple[float, float] | None:
    """Length of the lines and area of the rings in the zone of their middle; None if any position is out of China."""
    path = stacked(figures)
    if not len(path):
        return 0.0, 0.0
    lon, lat = to_wgs84(system, path[:, 0], path[:, 1])
    if not in_china(lon, lat).all():
        return None
    forward, _ = zone_transformers(zone_of(float(np.median(lon))))
    plane = np.column_stack(forward.transform(lon, lat))
    length, area, begin = 0.0, 0.0, 0
    for figure in figures:
        for part in figure.parts:
            for index, one in enumerate(part):
                piece = plane[begin : begin + len(one)]
                begin += len(one)
                if figure.kind == "line":
                    length += float(np.hypot(*np.diff(piece, axis=0).T).sum())
                elif figure.kind == "area" and len(piece) > 2:  # noqa: PLR2004 - a triangle
                    area += shapely.Polygon(piece).area * (-1.0 if index else 1.0)
    return length, area


def box_of(path: Array) -> Box | None:
    """Bounds of the finite positions of a path; None if it has none."""
    finite = path[np.isfinite(path).all(axis=1)]
    return Box(*finite.min(axis=0).tolist(), *finite.max(axis=0).tolist()) if len(finite) else None
