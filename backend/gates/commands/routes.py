"""Staff routes of commands to terminals: ask one of four things that only read, and see what became of it."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from litestar import Router, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody, QueryParameter

from backend.gates import errors
from backend.gates.commands import service
from backend.gates.commands.model import state_of
from backend.gates.commands.queries import SEND, CommandRow
from backend.gates.commands.schemas import CommandAnswer, CommandBody
from backend.gates.registry.device_routes import GATE, PageSize
from backend.gates.registry.queries import READ
from backend.kit.clock import Clock
from backend.kit.db import Tx
from backend.kit.guards import Actor
from backend.kit.wire import Page, page_of
from backend.sites.errors import ProjectUnknown

Cursor = Annotated[int | None, QueryParameter(ge=1, le=2**31 - 1, description="number of the last one that was read")]

QUEUING = (
    ProjectUnknown,
    errors.DeviceUnknown,
    errors.DeviceNotActive,
    errors.TakesNoCommands,
    errors.CommandPeriodWrong,
    errors.CommandExpiryWrong,
    errors.CommandsWaiting,
)


@get(
    GATE + "/commands",
    opt={"scope": READ, "raises": (ProjectUnknown, errors.DeviceUnknown)},
    summary="What a terminal was asked",
)
async def list_commands(
    project_id: FromPath[UUID],
    gate_id: FromPath[UUID],
    tx: NamedDependency[Tx],
    actor: NamedDependency[Actor],
    clock: NamedDependency[Clock],
    after: Cursor = None,
    limit: PageSize = 50,
) -> Page[CommandAnswer]:
    """List commands, latest first, with what became of each."""
    rows = await service.list_device_commands(tx, actor, project_id, gate_id, after=after, limit=limit + 1, clock=clock)
    now = clock.now()
    return page_of(rows, limit, lambda row: command_answer(row, now), mark=lambda row: row.number)


@post(GATE + "/commands", opt={"scope": SEND, "raises": QUEUING}, summary="Ask a terminal")
async def send_command(
    project_id: FromPath[UUID],
    gate_id: FromPath[UUID],
    data: JSONBody[CommandBody],
    tx: NamedDependency[Tx],
    actor: NamedDependency[Actor],
    clock: NamedDependency[Clock],
) -> CommandAnswer:
    """Queue one of four commands, all of which only read; a ZKTeco terminal fetches it with one of its next polls.

    They are sent in order, one at a time: the next one when this one is answered, expired or given up.
    """
    row = await service.send_command(tx, actor, project_id, gate_id, data, clock=clock)
    return command_answer(row, clock.now())


def command_answer(row: CommandRow, now: datetime) -> CommandAnswer:
    """Return a command as the API tells it."""
    return CommandAnswer(
        id=row.id,
        gate_id=row.device_id,
        number=row.number,
        kind=row.kind,
        from_at=row.from_at,
        to_at=row.to_at,
        state=state_of(sent=row.sent, last_sent_at=row.last_sent_at, code=row.code, expires_at=row.expires_at, now=now),
        reason=row.reason,
        asked_at=row.asked_at,
        asked_by=row.asked_by,
        expires_at=row.expires_at,
        times_sent=row.sent,
        last_sent_at=row.last_sent_at,
        answered_at=row.answered_at,
        code=row.code,
        told=row.told,
        held=row.held,
    )


def command_router() -> Router:
    """Join the routes of this file."""
    return Router(path="/admin/v1", route_handlers=[list_commands, send_command], tags=["Gates"])
