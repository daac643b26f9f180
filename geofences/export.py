"""Versions of fences as files for other people's programs."""

import asyncio
from uuid import UUID

import shapely

from backend.kit.db import Tx
from backend.kit.guards import Actor
from geofences import queries
from geofences.coordinates import CoordinateSystem
from geofences.errors import VersionUnknown
from geofences.geojson_writing import write_geojson
from geofences.shapes import Point


async def export_geojson(
    tx: Tx, actor: Actor, project_id: UUID, fence_id: UUID, number: int, *, system: CoordinateSystem
) -> bytes:
    """Return the area and alignment of a version as GeoJSON in `system`.

    Raises ProjectUnknown, FenceUnknown or VersionUnknown.
    """
    version = await queries.require_version(tx, actor, project_id, fence_id, number)
    geometry = await queries.find_geometry(tx, project_id, fence_id, number)
    if geometry is None:
        raise VersionUnknown
    told = {
        "name": geometry.fence_name,
        "fence_id": str(fence_id),
        "version_id": str(version.id),
        "number": number,
        "state": version.state,
        "kind": version.kind,
        "valid_from": None if version.valid_from is None else version.valid_from.isoformat(),
        "valid_until": None if version.valid_until is None else version.valid_until.isoformat(),
    }

    def write() -> bytes:
        area = shapely.from_wkb(geometry.area_wkb)
        axis: list[Point] = []
        if geometry.axis_wkb is not None:
            axis = [Point(*pair) for pair in shapely.get_coordinates(shapely.from_wkb(geometry.axis_wkb)).tolist()]
        return write_geojson(area, system, told, axis)

    return await asyncio.to_thread(write)
