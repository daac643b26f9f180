"""Staff routes of outages, of what happened at gates, and of events whose time cannot be."""

from dataclasses import dataclass
from typing import Annotated, Any, Literal
from uuid import UUID

from litestar import Request, Response, Router, get, post
from litestar.di import NamedDependency
from litestar.openapi.spec import OpenAPIMediaType, Operation, RequestBody, Schema
from litestar.openapi.spec.enums import OpenAPIFormat, OpenAPIType
from litestar.params import FromPath, FromQuery, JSONBody, PathParameter, QueryParameter

from backend.evidence.photos.errors import ExaminersBusy
from backend.gates.errors import DeviceUnknown
from backend.gates.outages import declaring, errors, photos, queries, redating
from backend.gates.outages.photos import OutagePhotoRow
from backend.gates.outages.schemas import (
    DeclarationBody,
    GateFactOut,
    OutageEndOut,
    OutageKind,
    OutageOut,
    OutagePhotoOut,
    QuarantinedOut,
    RedatingBody,
    RedatingOut,
    WithdrawalBody,
)
from backend.gates.registry.queries import READ
from backend.gates.tools import GateTools
from backend.kit.attachments import JPEG, picture
from backend.kit.blobs import BlobsAway
from backend.kit.clock import Clock
from backend.kit.db import AnyRow, Tx
from backend.kit.guards import Actor
from backend.kit.wire import Page, page_of
from backend.sites.errors import ProjectUnknown

OUTAGES = "/projects/{project_id:uuid}/gate-outages"
PHOTOS = "/projects/{project_id:uuid}/outage-declarations/{declaration_id:uuid}/photos"
PageSize = Annotated[int, QueryParameter(ge=1, le=200)]
Cursor = Annotated[int, QueryParameter(ge=0, le=2**63 - 1, description="id of the last fact that was read")]


@dataclass
class PhotoBodyOperation(Operation):
    """The operation that takes a photo as its body."""

    def __post_init__(self) -> None:
        """Add the body."""
        file = Schema(type=OpenAPIType.STRING, format=OpenAPIFormat.BINARY)
        kinds = ("image/jpeg", "image/png", "image/webp")
        self.request_body = RequestBody(content={kind: OpenAPIMediaType(schema=file) for kind in kinds}, required=True)


@get("/gate-outages", opt={"scope": READ}, summary="Outages of all gates")
async def list_all_outages(
    tx: NamedDependency[Tx],
    actor: NamedDependency[Actor],
    which: FromQuery[Literal["open", "all"]] = "open",
    kind: FromQuery[OutageKind | None] = None,
    after: FromQuery[UUID | None] = None,
    limit: PageSize = 50,
) -> Page[OutageOut]:
    """List the outages of the projects that the caller sees, latest record first; only open ones unless told."""
    rows = await declaring.list_outages(
        tx, actor, project_id=None, only_open=which == "open", kind=kind, after=after, limit=limit + 1
    )
    return _page(rows, limit)


@get(OUTAGES, opt={"scope": READ, "raises": (ProjectUnknown,)}, summary="Outages of a project's gates")
async def list_outages(
    project_id: FromPath[UUID],
    tx: NamedDependency[Tx],
    actor: NamedDependency[Actor],
    which: FromQuery[Literal["open", "all"]] = "all",
    kind: FromQuery[OutageKind | None] = None,
    after: FromQuery[UUID | None] = None,
    limit: PageSize = 50,
) -> Page[OutageOut]:
    """List found and declared outages, latest record first, with their ends and what was delivered late."""
    rows = await declaring.list_outages(
        tx, actor, project_id=project_id, only_open=which == "open", kind=kind, after=after, limit=limit + 1
    )
    return _page(rows, limit)


@post(
    OUTAGES,
    opt={
        "scope": queries.DECLARE,
        "raises": (
            ProjectUnknown,
            DeviceUnknown,
            errors.GateNotInUse,
            errors.OutageSpanInvalid,
            errors.OutageDeclared,
            errors.OutageQuotaUsed,
        ),
    },
    summary="Declare that gates are down",
)
async def declare_outage(
    project_id: FromPath[UUID],
    data: JSONBody[DeclarationBody],
    tx: NamedDependency[Tx],
    actor: NamedDependency[Actor],
    clock: NamedDependency[Clock],
) -> list[OutageOut]:
    """Declare an outage with its reason and end; phones are let in where no other gate of the entrance works."""
    return [_outage(row) for row in await declaring.declare_outage(tx, actor, project_id, data, clock=clock)]


@post(
    OUTAGES + "/{outage_id:uuid}/withdrawal",
    status_code=200,
    opt={
        "scope": queries.DECLARE,
        "raises": (ProjectUnknown, errors.OutageUnknown, errors.OutageNotDeclared, errors.OutageEnded),
    },
    summary="Take a declared outage back",
)
async def withdraw_outage(
    project_id: FromPath[UUID],
    outage_id: FromPath[UUID],
    data: JSONBody[WithdrawalBody],
    tx: NamedDependency[Tx],
    actor: NamedDependency[Actor],
    clock: NamedDependency[Clock],
) -> OutageOut:
    """End a declared outage now; what was let in by phone until now stays as it was ruled."""
    return _outage(await declaring.withdraw_outage(tx, actor, project_id, outage_id, data, clock=clock))


@post(
    PHOTOS,
    opt={
        "scope": queries.DECLARE,
        "body": True,
        "raises": (
            ProjectUnknown,
            errors.OutageUnknown,
            errors.OutagePhotoRefused,
            errors.OutagePhotosFull,
            ExaminersBusy,
            BlobsAway,
        ),
    },
    request_max_body_size=photos.BODY_LIMIT,
    summary="Add a photo to a declared outage",
    operation_class=PhotoBodyOperation,
)
async def add_outage_photo(
    project_id: FromPath[UUID],
    declaration_id: FromPath[UUID],
    request: Request[Any, Any, Any],
    tx: NamedDependency[Tx],
    actor: NamedDependency[Actor],
    gate_tools: NamedDependency[GateTools],
) -> OutagePhotoOut:
    """Keep a photo (JPEG, PNG or WebP, up to five of a declaration) without its metadata, at most 1280 pixels wide."""
    media_type = request.headers.get("content-type", "").split(";")[0].strip().lower()
    content = await request.body()
    return _photo(await photos.add_photo(gate_tools, tx, actor, project_id, declaration_id, content, media_type))


@get(PHOTOS, opt={"scope": READ, "raises": (ProjectUnknown, errors.OutageUnknown)}, summary="Photos of an outage")
async def list_outage_photos(
    project_id: FromPath[UUID],
    declaration_id: FromPath[UUID],
    tx: NamedDependency[Tx],
    actor: NamedDependency[Actor],
) -> list[OutagePhotoOut]:
    """List the photos of a declared outage in order of adding."""
    return [_photo(row) for row in await photos.list_photos(tx, actor, project_id, declaration_id)]


@get(
    PHOTOS + "/{digest:str}",
    opt={"scope": READ, "raises": (ProjectUnknown, errors.OutagePhotoUnknown, BlobsAway)},
    summary="One photo of an outage",
    media_type=JPEG,
)
async def get_outage_photo(
    project_id: FromPath[UUID],
    declaration_id: FromPath[UUID],
    digest: Annotated[str, PathParameter(pattern="^[0-9a-f]{64}$", description="SHA-256 of what is kept")],
    tx: NamedDependency[Tx],
    actor: NamedDependency[Actor],
    gate_tools: NamedDependency[GateTools],
) -> Response[bytes]:
    """Show a photo; gone with the project's data key of its month."""
    content = await photos.read_photo(gate_tools, tx, actor, project_id, declaration_id, digest)
    return picture(content)


@get(
    "/projects/{project_id:uuid}/gate-facts",
    opt={"scope": READ, "raises": (ProjectUnknown,)},
    summary="What happened at a project's gates",
)
async def list_facts(
    project_id: FromPath[UUID],
    tx: NamedDependency[Tx],
    actor: NamedDependency[Actor],
    after: Cursor = 0,
    limit: PageSize = 50,
) -> list[GateFactOut]:
    """List facts in the order of the record: outages and their ends, phones let in, clocks that are off, re-datings."""
    return [
        GateFactOut(
            id=row.id,
            project_id=row.project_id,
            gate_id=row.device_id,
            kind=row.kind,
            subject_id=row.subject_id,
            occurred_at=row.occurred_at,
            recorded_at=row.recorded_at,
            detail=row.detail,
        )
        for row in await declaring.list_facts(tx, actor, project_id, after=after, limit=limit)
    ]


@get(
    "/projects/{project_id:uuid}/quarantined-events",
    opt={"scope": READ, "raises": (ProjectUnknown,)},
    summary="Events whose time cannot be",
)
async def list_quarantined(
    project_id: FromPath[UUID],
    tx: NamedDependency[Tx],
    actor: NamedDependency[Actor],
    after: FromQuery[UUID | None] = None,
    limit: PageSize = 50,
) -> Page[QuarantinedOut]:
    """List the events that wait for somebody to decide when they happened, oldest receipt first."""
    rows = await redating.list_quarantined(tx, actor, project_id, after=after, limit=limit + 1)
    return page_of(rows, limit, _quarantined, mark=lambda row: row.punch_id)


@post(
    "/projects/{project_id:uuid}/punches/{punch_id:uuid}/redatings",
    opt={
        "scope": queries.REDATE,
        "raises": (
            ProjectUnknown,
            errors.EventUnknown,
            errors.NotQuarantined,
            errors.RuledByPerson,
            errors.RedatedAlready,
            errors.RedatingImpossible,
        ),
    },
    summary="Decide when an event happened",
)
async def redate_event(
    project_id: FromPath[UUID],
    punch_id: FromPath[UUID],
    data: JSONBody[RedatingBody],
    actor: NamedDependency[Actor],
    gate_tools: NamedDependency[GateTools],
) -> RedatingOut:
    """Give an event whose device wrote an impossible time the time at which it happened, under the caller's name."""
    return await redating.redate_event(gate_tools, actor, project_id, punch_id, data)


def _page(rows: list[AnyRow], limit: int) -> Page[OutageOut]:
    return page_of(rows, limit, _outage, mark=lambda row: row.id)


def _quarantined(row: AnyRow) -> QuarantinedOut:
    return QuarantinedOut(
        punch_id=row.punch_id,
        gate_id=row.source_id,
        gate_name=row.gate_name,
        lane=row.lane,
        device_time=row.device_time,
        received_at=row.received_at,
        person_id=row.person_id,
        person_name=row.person_name,
        granted=row.granted,
    )


def _photo(row: OutagePhotoRow) -> OutagePhotoOut:
    return OutagePhotoOut(sha256=row.sha256, added_at=row.added_at, added_by=row.added_by, size_bytes=row.size_bytes)


def _outage(row: AnyRow) -> OutageOut:
    end = None
    if row.ended_at is not None:
        end = OutageEndOut(
            ended_at=row.ended_at,
            recorded_at=row.end_recorded_at,
            cause=row.cause,
            backlog=row.backlog,
            oldest_event_at=row.oldest_event_at,
            ended_by=row.ended_by,
            reason=row.end_reason,
        )
    return OutageOut(
        id=row.id,
        project_id=row.project_id,
        project_name=row.project_name,
        site_mode=row.site_mode,
        gate_id=row.device_id,
        gate_name=row.gate_name,
        entrance=row.entrance,
        kind=row.kind,
        last_sign_at=row.last_sign_at,
        from_at=row.from_at,
        recorded_at=row.recorded_at,
        evidence=row.evidence,
        declaration_id=row.declaration_id,
        declared_by=row.declared_by,
        reason=row.reason,
        expires_at=row.expires_at,
        late_events=row.late_events,
        phones_from=row.phones_from,
        phones_until=row.phones_until,
        end=end,
    )


def outages_router() -> Router:
    """Join the routes of this file."""
    return Router(
        path="/admin/v1",
        route_handlers=[
            list_all_outages,
            list_outages,
            declare_outage,
            withdraw_outage,
            add_outage_photo,
            list_outage_photos,
            get_outage_photo,
            list_facts,
            list_quarantined,
            redate_event,
        ],
        tags=["Gates"],
    )
