"""Whether an imported drawing fits what is known of a project only under another datum than the one declared.

What is known are the fences in force. A drawing whose numbers lie hundreds of metres off them as declared, and on top
of them under another map datum, was declared wrongly (or they were). Without a fence nothing can be suspected: one
place looks as good as another 590 m off. Nothing is ever accepted or moved on a suspicion.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np
import shapely
from numpy.typing import NDArray

from geofences.coordinates import BD09, GCJ02, WGS84, CoordinateSystem, in_china, to_wgs84, zone_of, zone_transformers
from geofences.projection import ground_distance_m

Array: TypeAlias = NDArray[np.float64]

NEAR_M: Final = 30.0
"""As suspected, four fifths of the drawing lie within this of what is known, and"""
FAR_M: Final = 100.0
"""as declared, its median lies beyond this: the datums lie 550-1 310 m apart round Wuhan."""
_SHARE: Final = 0.8
_COARSE_M: Final = 5.0
_MAP_DATUMS: Final = (WGS84, GCJ02, BD09)
_WGS_ALIKE: Final = frozenset({"cgcs2000", "EPSG:4326", "EPSG:4490"})


@dataclass(frozen=True, slots=True)
class Misfit:
    """A mistake of datum that would explain where a drawing lies.

    `moved_m` is how far the mistake moves the drawing; the distances are medians of its positions from the nearest
    known fence (metres, 0 inside), as declared and as suspected.
    """

    declared: str
    suspected: str
    moved_m: float
    declared_distance_m: float
    suspected_distance_m: float


def find_misfit(
    sample: Sequence[tuple[float, float]], declared: CoordinateSystem, known: Sequence[shapely.Geometry]
) -> Misfit | None:
    """Look for a datum under which a drawing fits the known areas (EPSG:4326) though it does not as declared.

    `sample` are positions (x, y) of the drawing in the system declared. None if it fits, if no datum makes it fit, or
    if the system declared is in metres: those numbers are in no map datum.
    """
    named = WGS84 if declared.code in _WGS_ALIKE else declared
    if named not in _MAP_DATUMS or not known or not sample:
        return None
    x, y = np.array(sample, dtype=np.float64).T
    where = {system.code: np.column_stack(to_wgs84(system, x, y)) for system in _MAP_DATUMS}
    if not in_china(*where[named.code].T).all():
        return None
    areas = _Areas(known)
    off = {code: areas.distances(lonlat) for code, lonlat in where.items()}
    if float(np.median(off[named.code])) <= FAR_M:
        return None
    fits = [code for code in where if code != named.code and np.mean(off[code] <= NEAR_M) >= _SHARE]
    if not fits:
        return None
    suspected = min(fits, key=lambda code: float(np.mean(off[code])))
    here, there = where[named.code][0], where[suspected][0]
    return Misfit(
        named.code,
        suspected,
        round(ground_distance_m(here[0], here[1], there[0], there[1])[0], 1),
        round(float(np.median(off[named.code])), 1),
        round(float(np.median(off[suspected])), 1),
    )


class _Areas:
    """The known areas in the plane, in metres, coarse enough to be quick."""

    def __init__(self, known: Sequence[shapely.Geometry]) -> None:
        lons = shapely.get_coordinates(list(known))[:, 0]
        self._zone = zone_of(float(np.median(lons)))
        self._known = shapely.simplify([shapely.transform(one, self._to_plane) for one in known], _COARSE_M)

    def _to_plane(self, lonlat: Array) -> Array:
        forward, _ = zone_transformers(self._zone)
        return np.column_stack(forward.transform(lonlat[:, 0], lonlat[:, 1]))

    def distances(self, lonlat: Array) -> Array:
        """Distance of each position from the nearest area, in metres."""
        points = shapely.points(self._to_plane(lonlat))
        return np.min([shapely.distance(one, points) for one in self._known], axis=0)
