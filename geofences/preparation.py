"""Stored areas become fences that are ready to evaluate, alone or as the union of several."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, TypeAlias
from uuid import UUID

import numpy as np
import shapely
from numpy.typing import NDArray

from geofences.chainage import END_M
from geofences.complexity import too_tangled
from geofences.coordinates import zone_of, zone_transformers
from geofences.evaluation import Fence
from geofences.projection import Axis, prepare_axis, raw_distances
from geofences.stationing import Equation, Stationing, build_stationing

Array: TypeAlias = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class AxisReference:
    """What an alignment says of a corridor's axis: its id, its labels, the continuous chainage at every vertex."""

    alignment_id: UUID
    stationing: Stationing
    chainage_m: tuple[float, ...]


def reference_of(stored: Sequence[Any]) -> AxisReference | None:
    """Build the reference from what is stored, None for a centreline of its own.

    In order: the axis' chainages, alignment id, prefix, the alignment's first and last chainage, labels behind and
    ahead of its breaks.
    """
    chainage_m, alignment_id, prefix, from_m, to_m, back_m, ahead_m = stored
    if chainage_m is None:
        return None
    equations = tuple(Equation(back, ahead) for back, ahead in zip(back_m, ahead_m, strict=True))
    return AxisReference(alignment_id, build_stationing(prefix, from_m, to_m, equations), tuple(chainage_m))


def prepare_fence(
    version_id: UUID,
    area_wkb: bytes,
    axis_wkb: bytes | None = None,
    axis_start_m: float = 0.0,
    *,
    reference: AxisReference | None = None,
    fence_id: UUID | None = None,
    extra_wkb: bytes | None = None,
) -> Fence:
    """Prepare one version from its stored area and axis (well-known binary, EPSG:4326 lon, lat).

    Without a `reference` chainage begins at `axis_start_m` and grows as on the ground.
    """
    area = shapely.from_wkb(area_wkb)
    zone = _zone_of_area(area)
    plane = _in_plane(area, zone)
    fence = _from_plane((version_id,), plane, zone, None, area_wkb)
    extra = None if extra_wkb is None else _in_plane(shapely.from_wkb(extra_wkb), zone)
    if axis_wkb is None:
        return replace(fence, fence_id=fence_id, extra=extra)
    axis = _axis(
        shapely.get_coordinates(shapely.from_wkb(axis_wkb)), zone, axis_start_m, reference, float(shapely.area(plane))
    )
    return replace(
        fence,
        axis=axis,
        fence_id=fence_id,
        alignment_id=None if reference is None else reference.alignment_id,
        stationing=_own_labels(axis) if reference is None else reference.stationing,
        extra=extra,
    )


def _own_labels(axis: Axis) -> Stationing | None:
    """Return the labels of a centreline of its own, None beyond the last label that there is."""
    return build_stationing("K", axis.start_m, axis.end_m) if axis.end_m < END_M else None


def union_of(fences: Sequence[Fence]) -> Fence:
    """Prepare the union of several fences, for the probability of being in any of them.

    Probabilities may be added only where fences do not overlap; the probability over their union holds always. The
    union has no alignment. The last 256 unions are kept, by version ids. Raises ValueError for no fence at all.
    """
    if not fences:
        msg = "the union of no fences"
        raise ValueError(msg)
    return fences[0] if len(fences) == 1 else _union(tuple(sorted(fences, key=lambda fence: fence.version_ids)))


@lru_cache(maxsize=256)
def _union_of_areas(version_ids: tuple[UUID, ...], areas: tuple[bytes, ...]) -> Fence:
    zone = _zone_of_area(shapely.GeometryCollection([shapely.from_wkb(area) for area in areas]))
    planes = [_in_plane(shapely.from_wkb(area), zone) for area in areas]
    if too_tangled([shapely.get_coordinates(ring) for ring in shapely.get_rings(shapely.get_parts(planes))]):
        # Two combs laid across each other would hold up every check-in for minutes. Side by side their edges still give
        # cover exactly; where they overlap, the distance is that to the nearest of all edges and P is at most one.
        return _from_plane(version_ids, shapely.GeometryCollection(planes), zone, None, b"")
    return _from_plane(version_ids, shapely.union_all(planes), zone, None, b"")


def _union(fences: tuple[Fence, ...]) -> Fence:
    ids = tuple(version_id for fence in fences for version_id in fence.version_ids)
    return _union_of_areas(ids, tuple(fence.area_wkb for fence in fences))


def _zone_of_area(area: shapely.Geometry) -> int:
    lons = shapely.get_coordinates(area)[:, 0]
    return zone_of(float(lons.min() + lons.max()) / 2.0)


def _axis(lonlat: Array, zone: int, start_m: float, reference: AxisReference | None, area_m2: float) -> Axis:
    forward, _ = zone_transformers(zone)
    x, y = forward.transform(lonlat[:, 0], lonlat[:, 1])
    ground_m = raw_distances(lonlat[:, 0], lonlat[:, 1])
    # Of a strip this is the mean half-width; areas beside it make it more, and it is only a measure of reach.
    half_width_m = area_m2 / (2.0 * float(ground_m[-1])) if ground_m[-1] else 0.0
    if reference is None:
        return prepare_axis(x, y, ground_m, start_m, half_width_m)
    chainage_m = np.array(reference.chainage_m, dtype=np.float64)
    return prepare_axis(x, y, chainage_m - chainage_m[0], float(chainage_m[0]), half_width_m)


def _in_plane(area: shapely.Geometry, zone: int) -> shapely.Geometry:
    forward, _ = zone_transformers(zone)

    def move(lonlat: Array) -> Array:
        return np.column_stack(forward.transform(lonlat[:, 0], lonlat[:, 1]))

    return shapely.transform(area, move)


def _from_plane(
    version_ids: tuple[UUID, ...], area: shapely.Geometry, zone: int, axis: Axis | None, area_wkb: bytes
) -> Fence:
    """Take the edges out of an area in the plane, turned so that the inside is on their left."""
    polygons = shapely.orient_polygons(area)
    rings = shapely.get_rings(shapely.get_parts(shapely.get_parts(polygons)))
    paths = [shapely.get_coordinates(ring) for ring in rings]
    begin = np.vstack([path[:-1] for path in paths])
    step = np.vstack([np.diff(path, axis=0) for path in paths])
    end_y = np.concatenate([path[1:, 1] for path in paths])
    length = np.hypot(step[:, 0], step[:, 1])
    keep = length > 0.0
    begin, step, end_y, length = begin[keep], step[keep], end_y[keep], length[keep]
    forward, backward = zone_transformers(zone)
    return Fence(
        version_ids=version_ids,
        zone=zone,
        x=np.ascontiguousarray(begin[:, 0]),
        y=np.ascontiguousarray(begin[:, 1]),
        end_y=end_y,
        ux=step[:, 0] / length,
        uy=step[:, 1] / length,
        length=length,
        axis=axis,
        forward=forward,
        backward=backward,
        area_wkb=area_wkb,
    )
