"""Routes of fence files: import GeoJSON, export a version."""

from dataclasses import dataclass
from typing import Annotated, Any, Literal
from uuid import UUID

from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.openapi.datastructures import ResponseSpec
from litestar.openapi.spec import OpenAPIMediaType, Operation, RequestBody, Schema
from litestar.openapi.spec.enums import OpenAPIType
from litestar.params import FromPath, FromQuery, QueryParameter

from backend.kit.clock import Clock
from backend.kit.db import Tx
from backend.kit.errors import BodyTooLarge
from backend.kit.guards import Actor
from backend.sites.errors import ProjectUnknown
from geofences import errors, export
from geofences.addressing import PROJECT, READS, SHAPE_FAULTS, UNKNOWN, VERSION, WRITES, Number, SystemName
from geofences.coordinates import coordinate_system
from geofences.importing import Import, import_geojson
from geofences.readers.geojson import MAX_BYTES, Wishes
from geofences.schemas import ImportAnswer, imported_answer

GEOJSON = "application/geo+json"

FILE_FAULTS = (
    *SHAPE_FAULTS,
    errors.FileTooLarge,
    errors.GeoJsonInvalid,
    errors.SystemContradicted,
    errors.GeometryUnsupported,
    errors.WidthMissing,
    errors.RadiusMissing,
    errors.LinesApart,
    errors.NameMissing,
    errors.FenceNameTaken,
    BodyTooLarge,
)
Metres = Annotated[float | None, QueryParameter(ge=0, le=10_000_000, description="metres")]


@dataclass
class GeoJsonUpload(Operation):
    """Documents a body that is read raw."""

    def __post_init__(self) -> None:
        """Name the media type."""
        schema = Schema(type=OpenAPIType.OBJECT, description="RFC 7946, coordinates (x, y) in the declared system")
        self.request_body = RequestBody(content={GEOJSON: OpenAPIMediaType(schema=schema)}, required=True)


@post(
    f"{PROJECT}/fence-imports",
    status_code=200,
    opt=WRITES | {"raises": (ProjectUnknown, *FILE_FAULTS), "body": True},
    summary="Import fences from GeoJSON",
    operation_class=GeoJsonUpload,
    request_max_body_size=MAX_BYTES,
)
async def import_fences(  # noqa: PLR0913, PLR0917 - what a file cannot say itself
    project_id: FromPath[UUID],
    request: Request[Any, Any, Any],
    tx: NamedDependency[Tx],
    actor: NamedDependency[Actor],
    clock: NamedDependency[Clock],
    language: NamedDependency[str],
    crs: SystemName,
    dry_run: FromQuery[bool] = True,  # noqa: FBT002 - a query parameter
    name: Annotated[str | None, QueryParameter(min_length=1, max_length=190)] = None,
    left_m: Metres = None,
    right_m: Metres = None,
    cap: FromQuery[Literal["flat", "round"]] = "flat",
    start_m: Annotated[float, QueryParameter(ge=0, le=10_000_000, description="chainage of a line's first point")] = 0,
    radius_m: Metres = None,
    point_kind: FromQuery[Literal["point", "circle"]] = "point",
    buffer_m: Annotated[float, QueryParameter(ge=0, le=500)] = 0,
) -> ImportAnswer:
    """Show what is in a file (`dry_run=true`, the default), or make a draft of each of its features, all or none.

    Lines need `left_m` and `right_m`, points `radius_m`.
    """
    wishes = Wishes(left_m=left_m, right_m=right_m, cap=cap, start_m=start_m, radius_m=radius_m, point_kind=point_kind)
    file = Import(
        content=await request.body(), system=coordinate_system(crs), wishes=wishes, buffer_m=buffer_m, name=name
    )
    found = await import_geojson(tx, actor, project_id, file, dry_run=dry_run, clock=clock)
    return ImportAnswer(dry_run=dry_run, fences=[imported_answer(one, language) for one in found])


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
    headers = {"Content-Disposition": f'attachment; filename="fence-{fence_id}-{number}.geojson"'}
    return Response(content, media_type=GEOJSON, headers=headers)


HANDLERS = (import_fences, export_version)
