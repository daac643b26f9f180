"""Routes of files with fences in them, of any format: look at one, or make drafts of what is in it."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Annotated, Any, Final, Literal
from uuid import UUID

import msgspec
from litestar import Request, post
from litestar.di import NamedDependency, Provide
from litestar.openapi.spec import OpenAPIMediaType, Operation, RequestBody, Schema
from litestar.openapi.spec.enums import OpenAPIFormat, OpenAPIType
from litestar.params import FromPath, FromQuery, QueryParameter

from backend.kit.clock import Clock
from backend.kit.db import Database
from backend.kit.errors import BodyTooLarge
from backend.kit.guards import Actor
from backend.sites.errors import ProjectUnknown
from geofences import errors, importing, queries
from geofences.addressing import PROJECT, SHAPE_FAULTS, WRITES
from geofences.file_reader import FileReader
from geofences.readers import errors as refusals
from geofences.readers.content import MAX_BYTES, Format
from geofences.reading_schemas import SurveyAnswer, survey_answer
from geofences.schemas import ImportAnswer, imported_answer
from geofences.survey_report import Order, Survey

MEDIA_TYPES: Final = (
    "application/octet-stream",
    "application/geo+json",
    "application/vnd.google-earth.kml+xml",
    "application/vnd.google-earth.kmz",
    "application/gpx+xml",
    "application/zip",
    "image/vnd.dxf",
    "text/csv",
)
READING_FAULTS: Final = (
    ProjectUnknown,
    errors.SystemUnknown,
    errors.SystemContradicted,
    errors.GeoJsonInvalid,
    errors.GeometryUnsupported,
    refusals.FormatUnknown,
    refusals.FormatContradicted,
    refusals.FileUnreadable,
    refusals.ArchiveRefused,
    refusals.XmlRefused,
    refusals.TooManyPositions,
    refusals.TooManyFigures,
    refusals.ColumnsUnclear,
    refusals.LayerUnknown,
    refusals.ZonePrefixWrong,
    refusals.DatumSuspected,
    refusals.FileExhausting,
    refusals.ReadersBusy,
    refusals.UploadSlow,
    BodyTooLarge,
)
IMPORT_FAULTS: Final = (
    *READING_FAULTS,
    *SHAPE_FAULTS,
    refusals.SystemMissing,
    refusals.FileChanged,
    errors.WidthMissing,
    errors.RadiusMissing,
    errors.LinesApart,
    errors.NameMissing,
    errors.FenceNameTaken,
)
Metres = Annotated[float | None, QueryParameter(ge=0, le=10_000_000, description="metres")]
Checked = Annotated[
    bool, QueryParameter(description="go on although another datum seems to fit better: you have looked at the map")
]


@dataclass
class FenceFile(Operation):
    """Documents a body that is read raw."""

    def __post_init__(self) -> None:
        """Name the media types; the content decides what it is."""
        file = Schema(type=OpenAPIType.STRING, format=OpenAPIFormat.BINARY)
        self.request_body = RequestBody(
            content={name: OpenAPIMediaType(schema=file) for name in MEDIA_TYPES}, required=True
        )


async def provide_order(  # noqa: PLR0913, PLR0917 - what a file cannot say itself
    crs: Annotated[
        str | None,
        QueryParameter(
            min_length=4,
            max_length=12,
            description="`wgs84`, `cgcs2000`, `gcj02`, `bd09` or `EPSG:<code>`; only left out where the file names one",
        ),
    ] = None,
    file_format: Annotated[Format | None, QueryParameter(description="what it must be; the content tells")] = None,
    layer: Annotated[list[str] | None, QueryParameter(max_items=50, description="only figures of these layers")] = None,
    rows: Annotated[
        Literal["line", "area", "points"] | None, QueryParameter(description="what the rows of a table are")
    ] = None,
    simplify: Annotated[bool, QueryParameter(description="make a centreline of a walked track")] = True,  # noqa: FBT002 - Litestar's way to declare a query parameter
    left_m: Metres = None,
    right_m: Metres = None,
    cap: FromQuery[Literal["flat", "round"]] = "flat",
    start_m: Annotated[float, QueryParameter(ge=0, le=10_000_000, description="chainage of a line's first point")] = 0,
    radius_m: Metres = None,
    point_kind: FromQuery[Literal["point", "circle"]] = "point",
    buffer_m: Annotated[float, QueryParameter(ge=0, le=500)] = 0,
) -> Order:
    """Gather what is asked about a file."""
    return Order(
        crs=crs,
        format=file_format,
        layers=tuple(layer or ()),
        rows=rows,
        simplify=simplify,
        left_m=left_m,
        right_m=right_m,
        cap=cap,
        start_m=start_m,
        radius_m=radius_m,
        point_kind=point_kind,
        buffer_m=buffer_m,
    )


ORDER: Final = {"order": Provide(provide_order)}


@post(
    f"{PROJECT}/fence-file-previews",
    status_code=200,
    opt=WRITES | {"raises": READING_FAULTS, "body": True},
    summary="Look at a file with fences in it",
    operation_class=FenceFile,
    request_max_body_size=MAX_BYTES,
    dependencies=ORDER,
)
async def preview_file(  # noqa: PLR0913, PLR0917 - the file, the order, and what every route of a file takes
    project_id: FromPath[UUID],
    request: Request[Any, Any, Any],
    order: NamedDependency[Order],
    database: NamedDependency[Database],
    file_reader: NamedDependency[FileReader],
    actor: NamedDependency[Actor],
    clock: NamedDependency[Clock],
    language: NamedDependency[str],
    datum_checked: Checked = False,  # noqa: FBT002 - a query parameter
) -> SurveyAnswer:
    """Tell what a GeoJSON, KML, KMZ, GPX, zipped Shapefile, DXF or CSV holds and would become; nothing is stored.

    Without `crs` the system that the file names is used; where it names none, nothing is drawn, the evidence is told.
    """
    survey = await _survey(
        database, file_reader, actor, project_id, request.stream(), order, clock, datum_checked=datum_checked
    )
    return survey_answer(survey, language)


@post(
    f"{PROJECT}/fence-imports",
    status_code=200,
    opt=WRITES | {"raises": IMPORT_FAULTS, "body": True},
    summary="Make drafts of a file with fences in it",
    operation_class=FenceFile,
    request_max_body_size=MAX_BYTES,
    dependencies=ORDER,
)
async def import_fences(  # noqa: PLR0913, PLR0917 - the file, what becomes of it, and what every writing route takes
    project_id: FromPath[UUID],
    request: Request[Any, Any, Any],
    order: NamedDependency[Order],
    database: NamedDependency[Database],
    file_reader: NamedDependency[FileReader],
    actor: NamedDependency[Actor],
    clock: NamedDependency[Clock],
    language: NamedDependency[str],
    dry_run: FromQuery[bool] = True,  # noqa: FBT002 - a query parameter
    name: Annotated[str | None, QueryParameter(min_length=1, max_length=190)] = None,
    digest: Annotated[
        str | None, QueryParameter(pattern="^[0-9a-f]{64}$", description="of the preview: refuse any other file")
    ] = None,
    datum_checked: Checked = False,  # noqa: FBT002 - a query parameter
) -> ImportAnswer:
    """Make a draft of each figure of the chosen layers, all or none; tell only what would be made with `dry_run`.

    Lines need `left_m` and `right_m`, points `radius_m`. The first figure that cannot be a fence refuses the file.
    """
    strict = msgspec.structs.replace(order, strict=True)
    survey = await _survey(
        database, file_reader, actor, project_id, request.stream(), strict, clock, datum_checked=datum_checked
    )
    if digest not in {None, survey.digest}:
        raise refusals.FileChanged
    ready = await importing.make_ready(survey, order.buffer_m)
    async with database.transaction() as tx:
        found = await importing.import_figures(tx, actor, project_id, ready, name=name, dry_run=dry_run, clock=clock)
    return ImportAnswer(dry_run=dry_run, fences=[imported_answer(one, language) for one in found])


async def _survey(
    database: Database,
    file_reader: FileReader,
    actor: Actor,
    project_id: UUID,
    body: AsyncIterator[bytes],
    order: Order,
    clock: Clock,
    *,
    datum_checked: bool,
) -> Survey:
    """Check the caller's rights, take the body and survey it; no transaction is open while it arrives or is read."""
    async with database.transaction() as tx:
        await queries.require_project(tx, actor, project_id, queries.WRITE)
    survey = await file_reader.survey(body, order)
    if not datum_checked:
        async with database.transaction() as tx:
            await importing.refuse_wrong_datum(tx, project_id, survey, at=clock.now())
    return survey


HANDLERS = (preview_file, import_fences)
