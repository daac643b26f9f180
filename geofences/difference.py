"""What a new version of a fence gains and loses against another: as area in square metres, and as geometry (pure)."""

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import Geod

from geofences.errors import TooTangled

# Overlays leave slivers of rounding along edges that both share; a millimetre is less than any survey.
_GRID_DEG = 1e-8
_MOST_CROSSINGS = 20_000
# So many edges are looked at together that one step never has more than some ten million pairs.
_STEP = 500


@dataclass(frozen=True, slots=True)
class Difference:
    """Gained is what lies in the second area only, lost what lies in the first only; MultiPolygons in EPSG:4326.

    Areas in square metres on the ellipsoid.
    """

    gained: shapely.MultiPolygon
    lost: shapely.MultiPolygon
    gained_m2: float
    lost_m2: float
    kept_m2: float


def difference_of(before: shapely.Geometry | None, after: shapely.Geometry) -> Difference:
    """Compare two valid areas (EPSG:4326, longitude first); without a first one all is gained.

    Raises TooTangled when they cross each other in more places than any worksite does.
    """
    earlier = shapely.MultiPolygon() if before is None else before
    _refuse_tangle(_edges(earlier), _edges(after))
    gained = _polygons(shapely.difference(after, earlier, grid_size=_GRID_DEG))
    lost = _polygons(shapely.difference(earlier, after, grid_size=_GRID_DEG))
    kept = _polygons(shapely.intersection(earlier, after, grid_size=_GRID_DEG))
    return Difference(gained, lost, _area_m2(gained), _area_m2(lost), _area_m2(kept))


def _edges(area: shapely.Geometry) -> NDArray[np.object_]:
    paths = [shapely.get_coordinates(ring) for ring in shapely.get_rings(shapely.get_parts(area))]
    pairs = [np.stack((path[:-1], path[1:]), axis=1) for path in paths]
    ends = np.concatenate(pairs) if pairs else np.zeros((0, 2, 2))
    return np.atleast_1d(np.asarray(shapely.linestrings(ends), dtype=np.object_))


def _refuse_tangle(first: NDArray[np.object_], second: NDArray[np.object_]) -> None:
    """Look before the overlay: areas that cross in very many places would take minutes. Shared edges do not cross."""
    tree, met = shapely.STRtree(first), 0
    for begin in range(0, len(second), _STEP):
        met += tree.query(second[begin : begin + _STEP], predicate="crosses").shape[1]
        if met > _MOST_CROSSINGS:
            raise TooTangled(where="", limit=_MOST_CROSSINGS)


def _polygons(found: shapely.Geometry) -> shapely.MultiPolygon:
    """Keep the areas of what an overlay left; shared edges are no area."""
    parts = shapely.get_parts(shapely.get_parts([found]))
    return shapely.MultiPolygon([part for part in parts if isinstance(part, shapely.Polygon) and not part.is_empty])


def _area_m2(area: shapely.MultiPolygon) -> float:
    geod = Geod(ellps="GRS80")
    return sum(abs(float(geod.geometry_area_perimeter(part)[0])) for part in shapely.orient_polygons(area).geoms)
