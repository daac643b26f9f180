"""Routes of fence files that leave the house: export a version."""

from typing import Any
from uuid import UUID

from litestar import Response, get
from litestar.di import NamedDependency
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import FromPath

from backend.kit.attachments import attached
from backend.kit.db import Tx
from backend.kit.guards import Actor
from geofences import errors, export
from geofences.addressing import READS, UNKNOWN, VERSION, Number, SystemName
from geofences.coordinates import coordinate_system

GEOJSON = "application/geo+json"


@get(
    f"{VERSION}/geojson",
    media_type=GEOJSON,
    responses={
        200: ResponseSpec(
            dict[str, Any], generate_examples=False, description="RFC 7946 FeatureCollection", media_type=GEOJSON
        )
    },
    opt=READS | {"raises": (*UNKNOWN, errors.SystemUnknown)},
    summary="Export a version as GeoJSON",
)
async def export_version(
    project_id: FromPath[UUID],
    fence_id: FromPath[UUID],
    number: Number,
    tx: NamedDependency[Tx],
    actor: NamedDependency[Actor],
    crs: SystemName = "wgs84",
) -> Response[bytes]:
    """Give the area, and the alignment of a corridor, in any coordinate system."""
    content = await export.export_geojson(tx, actor, project_id, fence_id, number, system=coordinate_system(crs))
    return attached(content, GEOJSON, f"fence-{fence_id}-{number}.geojson")


HANDLERS = (export_version,)
