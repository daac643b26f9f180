"""Routes of fences for staff: list, draw, import, look at, publish, export, and ask about a position."""

from dataclasses import dataclass
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec
from litestar import Request, Response, Router, get, post
from litestar.di import NamedDependency
from litestar.openapi.datastructures import ResponseSpec
from litestar.openapi.spec import OpenAPIMediaType, Operation, RequestBody, Schema
from litestar.openapi.spec.enums import OpenAPIType
from litestar.params import FromPath, FromQuery, JSONBody, PathParameter, QueryParameter

from backend.kit.clock import Clock
from backend.kit.db import Tx
from backend.kit.errors import BodyTooLarge
from backend.kit.guards import Actor
from backend.kit.wire import Page
from backend.sites.errors import ProjectUnknown, SectionUnknown
from geofences import drafting, errors, export, judging, publication, queries
from geofences.coordinates import coordinate_system
from geofences.drawing import Drawing
from geofences.importing import Import, import_geojson
from geofences.readers.geojson import MAX_BYTES, Wishes
from geofences.schemas import (
    DraftBody,
    EvaluationAnswer,
    EvaluationBody,
    FenceAnswer,
    FenceBody,
    FenceDetailAnswer,
    ImportAnswer,
    MadeAnswer,
    PreviewAnswer,
    PublishBody,
    VersionAnswer,
    VersionDetailAnswer,
    evaluation_answer,
    fence_answer,
    imported_answer,
    preview_answer,
    version_answer,
)

GEOJSON = "application/geo+json"
PROJECT = "/admin/v1/projects/{project_id:uuid}"
FENCES = f"{PROJECT}/fences"
FENCE = FENCES + "/{fence_id:uuid}"
VERSION = FENCE + "/versions/{number:int}"

POSITION_FAULTS = (errors.SystemUnknown, errors.NotFinite, errors.AxesSwapped, errors.OutOfChina)
SHAPE_FAULTS = (
    *POSITION_FAULTS,
    errors.TooFewPoints,
    errors.TooManyVertices,
    errors.SelfCrossing,
    errors.TooTangled,
    errors.HoleMisplaced,
    errors.ShapeEmpty,
    errors.SizeInvalid,
    errors.WidthsInvalid,
    errors.AreaInvalid,
    errors.HoursInvalid,
)
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
UNKNOWN = (ProjectUnknown, errors.FenceUnknown, errors.VersionUnknown)
READS = {"scope": queries.READ}
WRITES = {"scope": queries.WRITE}
PUBLISHES = {"scope": queries.PUBLISH}

Limit = Annotated[int, QueryParameter(ge=1, le=200, description="rows per page")]
SystemName = Annotated[
    str,
    QueryParameter(min_length=4, max_length=12, description="`wgs84`, `cgcs2000`, `gcj02`, `bd09` or `EPSG:<code>`"),
]
Number = Annotated[int, PathParameter(ge=1, le=1_000_000, description="version number")]
Metres = Annotated[float | None, QueryParameter(ge=0, le=10_000_000, description="metres")]


@dataclass
class GeoJsonUpload(Operation):
    """Documents a body that is read raw."""

    def __post_init__(self) -> None:
        """Name the media type."""
        schema = Schema(type=OpenAPIType.OBJECT, description="RFC 7946, coordinates (x, y) in the declared system")
        self.request_body = RequestBody(content={GEOJSON: OpenAPIMediaType(schema=schema)}, required=True)


@get(FENCES, opt=READS | {"raises": (ProjectUnknown,)}, summary="List the fences of a project")
async def list_fences(
    project_id: FromPath[UUID],
    tx: NamedDependency[Tx],
    actor: NamedDependency[Actor],
    clock: NamedDependency[Clock],
    limit: Limit = 50,
    after: FromQuery[UUID | None] = None,
) -> Page[FenceAnswer]:
    """List in the order of their making."""
    await queries.require_project(tx, actor, project_id, queries.READ)
    found = await queries.list_fences(tx, project_id, at=clock.now(), limit=limit + 1, after=after)
    items = [fence_answer(row) for row in found[:limit]]
    return Page(items=items, next=str(items[-1].id) if len(found) > limit else None)


@post(
    FENCES,
    opt=WRITES | {"raises": (ProjectUnknown, SectionUnknown, errors.FenceNameTaken, *SHAPE_FAULTS)},
    summary="Draw a fence",
)
async def create_fence(
    project_id: FromPath[UUID],
    data: JSONBody[FenceBody],
    tx: NamedDependency[Tx],
    actor: NamedDependency[Actor],
    clock: NamedDependency[Clock],
) -> MadeAnswer:
    """Make a fence with its first version as a draft; nobody is judged by it before it is published."""
    made = await drafting.create_fence(
        tx, actor, project_id, data.draft(), name=data.name, section_id=data.section_id, clock=clock
    )
    return msgspec.convert(made, MadeAnswer, from_attributes=True)


@post(
    f"{PROJECT}/fence-previews",
    status_code=200,
    opt=WRITES | {"raises": (ProjectUnknown, *SHAPE_FAULTS)},
    summary="Look at what a drawing becomes",
)
async def preview_fence(
    project_id: FromPath[UUID],
    data: JSONBody[DraftBody],
    tx: NamedDependency[Tx],
    actor: NamedDependency[Actor],
    language: NamedDependency[str],
) -> PreviewAnswer:
    """Check and measure a drawing; nothing is stored."""
    await queries.require_project(tx, actor, project_id, queries.WRITE)
    return preview_answer(await drafting.preview_draft(data.draft()), language)


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


@post(
    f"{PROJECT}/fence-evaluations",
    status_code=200,
    opt=READS | {"raises": (*UNKNOWN, errors.NoFenceInForce, errors.AccuracyInvalid, *POSITION_FAULTS)},
    summary="Ask the fences about a position",
)
async def evaluate_position(
    project_id: FromPath[UUID],
    data: JSONBody[EvaluationBody],
    tx: NamedDependency[Tx],
    actor: NamedDependency[Actor],
    clock: NamedDependency[Clock],
) -> EvaluationAnswer:
    """Judge a position as a check-in would be judged; nothing is recorded."""
    return evaluation_answer(await judging.judge_position(tx, actor, project_id, data.question(), clock=clock))


@get(FENCE, opt=READS | {"raises": UNKNOWN[:2]}, summary="Show a fence with its versions")
async def show_fence(
    project_id: FromPath[UUID], fence_id: FromPath[UUID], tx: NamedDependency[Tx], actor: NamedDependency[Actor]
) -> FenceDetailAnswer:
    """Show all versions, latest first."""
    await queries.require_project(tx, actor, project_id, queries.READ)
    fence = await queries.find_fence(tx, project_id, fence_id)
    if fence is None:
        raise errors.FenceUnknown
    versions = [version_answer(row) for row in await queries.list_versions(tx, project_id, fence_id)]
    return FenceDetailAnswer(id=fence_id, name=fence[0], section_id=fence[1], versions=versions)


@post(
    f"{FENCE}/versions",
    opt=WRITES | {"raises": (*UNKNOWN[:2], *SHAPE_FAULTS)},
    summary="Draw a further version of a fence",
)
async def draft_version(
    project_id: FromPath[UUID],
    fence_id: FromPath[UUID],
    data: JSONBody[DraftBody],
    tx: NamedDependency[Tx],
    actor: NamedDependency[Actor],
    clock: NamedDependency[Clock],
) -> MadeAnswer:
    """Make a draft; the version in force goes on until a later one is published."""
    made = await drafting.draft_version(tx, actor, project_id, fence_id, data.draft(), clock=clock)
    return msgspec.convert(made, MadeAnswer, from_attributes=True)


@get(VERSION, opt=READS | {"raises": UNKNOWN}, summary="Show a version with what was drawn")
async def show_version(
    project_id: FromPath[UUID],
    fence_id: FromPath[UUID],
    number: Number,
    tx: NamedDependency[Tx],
    actor: NamedDependency[Actor],
) -> VersionDetailAnswer:
    """Show the drawing in the numbers in which it came."""
    version = await queries.require_version(tx, actor, project_id, fence_id, number)
    drawn = await queries.find_drawing(tx, project_id, fence_id, number)
    return VersionDetailAnswer(version=version_answer(version), shape=msgspec.convert(drawn, Drawing))


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


@post(
    f"{VERSION}/submission",
    status_code=200,
    opt=WRITES | {"raises": (*UNKNOWN, errors.StateForbids)},
    summary="Submit a draft for publication",
)
async def submit_version(
    project_id: FromPath[UUID],
    fence_id: FromPath[UUID],
    number: Number,
    tx: NamedDependency[Tx],
    actor: NamedDependency[Actor],
    clock: NamedDependency[Clock],
) -> VersionAnswer:
    """Hand the draft in; its shape cannot change from now on."""
    return version_answer(await publication.submit_version(tx, actor, project_id, fence_id, number, clock=clock))


@post(
    f"{VERSION}/publication",
    status_code=200,
    opt=PUBLISHES
    | {
        "raises": (
            *UNKNOWN,
            errors.StateForbids,
            errors.SecondPersonNeeded,
            errors.Backdated,
            errors.TooFarAhead,
            errors.ValidityOverlaps,
        )
    },
    summary="Publish a version",
)
async def publish_version(
    project_id: FromPath[UUID],
    fence_id: FromPath[UUID],
    number: Number,
    data: JSONBody[PublishBody],
    tx: NamedDependency[Tx],
    actor: NamedDependency[Actor],
    clock: NamedDependency[Clock],
) -> VersionAnswer:
    """Put the version in force, now or from `valid_from` on; the one in force then ends."""
    version = await publication.publish_version(
        tx, actor, project_id, fence_id, number, valid_from=data.valid_from, clock=clock
    )
    return version_answer(version)


@post(
    f"{VERSION}/withdrawal",
    status_code=200,
    opt=PUBLISHES | {"raises": (*UNKNOWN, errors.StateForbids)},
    summary="Withdraw a version",
)
async def withdraw_version(
    project_id: FromPath[UUID],
    fence_id: FromPath[UUID],
    number: Number,
    tx: NamedDependency[Tx],
    actor: NamedDependency[Actor],
    clock: NamedDependency[Clock],
) -> VersionAnswer:
    """Drop a draft, or end a published version now; past punches stay judged by it."""
    return version_answer(await publication.withdraw_version(tx, actor, project_id, fence_id, number, clock=clock))


def fences_router() -> Router:
    """Join the routes of this file."""
    return Router(
        path="/",
        route_handlers=[
            list_fences,
            create_fence,
            preview_fence,
            import_fences,
            evaluate_position,
            show_fence,
            draft_version,
            show_version,
            export_version,
            submit_version,
            publish_version,
            withdraw_version,
        ],
        tags=["fences"],
    )
