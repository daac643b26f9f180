"""Staff routes of what terminals sent besides events: unread lines, remarks, and whom they have enrolled."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from litestar import Router, get
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, QueryParameter
from msgspec import Struct

from backend.gates import envelope_queries, errors
from backend.gates.registry import devices, queries
from backend.gates.registry.device_routes import GATE, PageSize
from backend.gates.translation import RemarkKind
from backend.kit.clock import Clock
from backend.kit.cursors import CursorInvalid
from backend.kit.db import Tx
from backend.kit.guards import Actor
from backend.kit.wire import Page
from backend.sites.errors import ProjectUnknown

READS = {"scope": queries.WRITE, "raises": (ProjectUnknown, errors.DeviceUnknown, CursorInvalid)}
LARGEST_NUMBER = 2**31 - 1
LARGEST_ID = 2**63 - 1

Cursor = Annotated[str | None, QueryParameter(max_length=100)]


class UnreadLineAnswer(Struct, frozen=True, kw_only=True):
    """A line that could not be read; `sha256` is of the body as it came, which came `times` times."""

    envelope_id: UUID
    number: int
    reason: str
    text: str
    received_at: datetime
    subject: str
    sha256: str
    times: int


class RemarkAnswer(Struct, frozen=True, kw_only=True):
    """A fact about a device that is no event of a person; `at` is the device's own time where it named one."""

    id: int
    kind: RemarkKind
    code: str
    at: datetime | None
    received_at: datetime
    detail: dict[str, Any]


class TerminalUserAnswer(Struct, frozen=True, kw_only=True):
    """A person that the terminal has enrolled; `name_replaced` says that some bytes of the name were no text."""

    number: str
    name: str
    name_replaced: bool
    told_at: datetime


@get(GATE + "/unread-lines", opt=READS, summary="What a terminal sent and nobody could read")
async def list_unread_lines(
    project_id: FromPath[UUID],
    gate_id: FromPath[UUID],
    tx: NamedDependency[Tx],
    actor: NamedDependency[Actor],
    clock: NamedDependency[Clock],
    after: Cursor = None,
    limit: PageSize = 50,
) -> Page[UnreadLineAnswer]:
    """List lines that were acknowledged although they could not be read, those of the latest body first."""
    place = None if after is None else _read_place(after)
    await devices.show_device(tx, actor, project_id, gate_id, clock=clock)
    rows = await envelope_queries.list_unread(tx, project_id, gate_id, after=place, limit=limit + 1)
    items = [
        UnreadLineAnswer(
            envelope_id=row.envelope_id,
            number=row.number,
            reason=row.reason,
            text=row.text,
            received_at=row.received_at,
            subject=row.subject,
            sha256=row.sha256.hex(),
            times=row.times,
        )
        for row in rows[:limit]
    ]
    more = f"{items[-1].envelope_id}.{items[-1].number}" if len(rows) > limit else None
    return Page(items=items, next=more)


@get(GATE + "/remarks", opt=READS, summary="What a terminal told or did besides events")
async def list_remarks(
    project_id: FromPath[UUID],
    gate_id: FromPath[UUID],
    tx: NamedDependency[Tx],
    actor: NamedDependency[Actor],
    clock: NamedDependency[Clock],
    kind: FromQuery[RemarkKind | None] = None,
    after: Annotated[int | None, QueryParameter(ge=1, le=LARGEST_ID)] = None,
    limit: PageSize = 50,
) -> Page[RemarkAnswer]:
    """List tampering, alarms, doors, counters, gaps, conflicts and what was not kept, latest first."""
    await devices.show_device(tx, actor, project_id, gate_id, clock=clock)
    rows = await envelope_queries.list_remarks(tx, project_id, gate_id, kind=kind, before=after, limit=limit + 1)
    items = [
        RemarkAnswer(id=row.id, kind=row.kind, code=row.code, at=row.at, received_at=row.received_at, detail=row.detail)
        for row in rows[:limit]
    ]
    return Page(items=items, next=str(items[-1].id) if len(rows) > limit else None)


@get(GATE + "/terminal-users", opt=READS, summary="Whom a terminal has enrolled by its own account")
async def list_terminal_users(
    project_id: FromPath[UUID],
    gate_id: FromPath[UUID],
    tx: NamedDependency[Tx],
    actor: NamedDependency[Actor],
    clock: NamedDependency[Clock],
    after: Annotated[str | None, QueryParameter(max_length=64, pattern=r"^[^\x00-\x1f\x7f]+$")] = None,
    limit: PageSize = 50,
) -> Page[TerminalUserAnswer]:
    """List numbers with the names that the terminal gives them: a help to bind them, which decides nothing."""
    await devices.show_device(tx, actor, project_id, gate_id, clock=clock)
    rows = await envelope_queries.list_users(tx, project_id, gate_id, after=after, limit=limit + 1)
    items = [
        TerminalUserAnswer(number=row.number, name=row.name, name_replaced=row.replaced, told_at=row.told_at)
        for row in rows[:limit]
    ]
    return Page(items=items, next=items[-1].number if len(rows) > limit else None)


def _read_place(cursor: str) -> tuple[UUID, int]:
    envelope_id, _, number = cursor.partition(".")
    try:
        place = UUID(envelope_id), int(number)
    except ValueError as error:
        raise CursorInvalid from error
    if not 0 <= place[1] <= LARGEST_NUMBER:
        raise CursorInvalid
    return place


def envelope_router() -> Router:
    """Join the routes of this file."""
    return Router(
        path="/admin/v1", route_handlers=[list_unread_lines, list_remarks, list_terminal_users], tags=["Gates"]
    )
