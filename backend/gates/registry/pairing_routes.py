"""Staff routes of pairing: windows for devices that announce themselves, and numbers that nobody knows."""

from typing import Annotated
from uuid import UUID

from litestar import delete, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter

from backend.gates import errors
from backend.gates.registry import pairing, queries
from backend.gates.registry.device_routes import PageSize
from backend.gates.registry.pairing_schemas import UnknownAnswer, WindowAnswer, WindowBody
from backend.gates.registry.window_queries import WindowRow
from backend.kit.clock import Clock
from backend.kit.db import Tx
from backend.kit.guards import Actor
from backend.kit.wire import Page, page_of
from backend.sites.errors import ProjectUnknown

WINDOWS = "/projects/{project_id:uuid}/gate-pairing-windows"


@post(
    WINDOWS,
    opt={"scope": queries.WRITE, "raises": (ProjectUnknown, errors.WindowEmpty)},
    summary="Let devices announce themselves",
)
async def open_window(
    project_id: FromPath[UUID],
    data: JSONBody[WindowBody],
    tx: NamedDependency[Tx],
    actor: NamedDependency[Actor],
    clock: NamedDependency[Clock],
) -> WindowAnswer:
    """Open a pairing window: a device of that make whose number nobody knows becomes a pending one of this project."""
    return _window(await pairing.open_window(tx, actor, project_id, data, clock=clock))


@get(WINDOWS, opt={"scope": queries.READ, "raises": (ProjectUnknown,)}, summary="Pairing windows of a project")
async def list_windows(
    project_id: FromPath[UUID],
    tx: NamedDependency[Tx],
    actor: NamedDependency[Actor],
    after: FromQuery[UUID | None] = None,
    limit: PageSize = 50,
) -> Page[WindowAnswer]:
    """List pairing windows, past ones too, latest first."""
    rows = await pairing.list_windows(tx, actor, project_id, after=after, limit=limit + 1)
    return page_of(rows, limit, _window, mark=lambda row: row.id)


@delete(
    WINDOWS + "/{window_id:uuid}",
    opt={"scope": queries.WRITE, "raises": (ProjectUnknown, errors.WindowUnknown)},
    summary="Close a pairing window",
)
async def close_window(
    project_id: FromPath[UUID],
    window_id: FromPath[UUID],
    tx: NamedDependency[Tx],
    actor: NamedDependency[Actor],
    clock: NamedDependency[Clock],
) -> None:
    """Close a pairing window before its end; it stays on record."""
    await pairing.close_window(tx, actor, project_id, window_id, clock=clock)


@get("/unknown-gates", opt={"scope": queries.UNKNOWN}, summary="Serial numbers that no device has")
async def list_unknown_gates(
    tx: NamedDependency[Tx], limit: Annotated[int, QueryParameter(ge=1, le=200)] = 50
) -> list[UnknownAnswer]:
    """List the numbers under which strangers called, latest first; nothing of what they sent was kept."""
    return [
        UnknownAnswer(
            vendor=row.vendor,
            serial=row.serial,
            counter=row.counter,
            first_seen_at=row.first_seen_at,
            last_seen_at=row.last_seen_at,
            last_address=row.last_address,
        )
        for row in await pairing.list_unknown(tx, limit=limit)
    ]


def _window(row: WindowRow) -> WindowAnswer:
    return WindowAnswer(
        id=row.id,
        vendor=row.vendor,
        serial_no=row.serial_no,
        from_at=row.from_at,
        to_at=row.to_at,
        reason=row.reason,
        opened_by=row.opened_by,
        met=row.met,
        closed_at=row.closed_at,
        closed_by=row.closed_by,
    )
