"""Staff routes of reconciliation: gaps, counted days, and the list of tasks."""

from datetime import date
from typing import Annotated
from uuid import UUID

from litestar import Router, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter

from backend.gates import errors
from backend.gates.commands.queries import SEND
from backend.gates.commands.routes import QUEUING, command_answer
from backend.gates.commands.schemas import CommandAnswer, RequestBody
from backend.gates.reconciliation import service
from backend.gates.reconciliation.queries import GapRow, TaskRow
from backend.gates.reconciliation.schemas import DayCountAnswer, GapAnswer, TaskAnswer, TaskDoneBody
from backend.gates.registry.queries import READ, WRITE
from backend.kit import messages
from backend.kit.clock import Clock
from backend.kit.db import Tx
from backend.kit.guards import Actor
from backend.kit.wire import Page, page_of
from backend.sites.errors import ProjectUnknown

PROJECT = "/projects/{project_id:uuid}"
PageSize = Annotated[int, QueryParameter(ge=1, le=200)]
IsOpen = Annotated[bool | None, QueryParameter(name="open", description="false: only what has ended")]


@get(
    PROJECT + "/gate-gaps",
    opt={"scope": READ, "raises": (ProjectUnknown,)},
    summary="Numbers of gates' events that did not arrive",
)
async def list_gaps(
    project_id: FromPath[UUID],
    tx: NamedDependency[Tx],
    actor: NamedDependency[Actor],
    gate_id: FromQuery[UUID | None] = None,
    is_open: IsOpen = None,
    after: FromQuery[UUID | None] = None,
    limit: PageSize = 50,
) -> Page[GapAnswer]:
    """List gaps, latest first, ended ones too unless `open` says otherwise."""
    rows = await service.list_project_gaps(
        tx, actor, project_id, gate_id=gate_id, is_open=is_open, after=after, limit=limit + 1
    )
    return page_of(rows, limit, _gap, mark=lambda row: row.id)


@get(
    PROJECT + "/gate-day-counts",
    opt={"scope": READ, "raises": (ProjectUnknown,)},
    summary="What gates counted on a day, against the ledger",
)
async def list_day_counts(
    project_id: FromPath[UUID],
    tx: NamedDependency[Tx],
    actor: NamedDependency[Actor],
    clock: NamedDependency[Clock],
    on: FromQuery[date | None] = None,
) -> list[DayCountAnswer]:
    """List a day (yesterday) of each gate as it was counted last; days are counted every hour for a week."""
    return [
        DayCountAnswer(
            gate_id=row.device_id,
            gate_name=row.name,
            work_on=row.work_on,
            computed_at=row.computed_at,
            events=row.events,
            refused=row.refused,
            counted_from_at=row.counted_from_at,
            counted_to_at=row.counted_to_at,
            reported=row.reported,
            held=row.held,
            missing=row.missing,
        )
        for row in await service.list_project_day_counts(tx, actor, project_id, on, clock=clock)
    ]


@get(
    PROJECT + "/gate-tasks",
    opt={"scope": READ, "raises": (ProjectUnknown,)},
    summary="What somebody should look after at the gates",
)
async def list_tasks(
    project_id: FromPath[UUID],
    tx: NamedDependency[Tx],
    actor: NamedDependency[Actor],
    language: NamedDependency[str],
    gate_id: FromQuery[UUID | None] = None,
    is_open: IsOpen = None,
    after: FromQuery[UUID | None] = None,
    limit: PageSize = 50,
) -> Page[TaskAnswer]:
    """List tasks, latest first, done ones too unless `open` says otherwise."""
    rows = await service.list_project_tasks(
        tx, actor, project_id, gate_id=gate_id, is_open=is_open, after=after, limit=limit + 1
    )
    return page_of(rows, limit, lambda row: _task(row, language), mark=lambda row: row.id)


@post(
    PROJECT + "/gate-tasks/{task_id:uuid}/done",
    status_code=200,
    opt={"scope": WRITE, "raises": (ProjectUnknown, errors.TaskUnknown, errors.TaskDone)},
    summary="Sign a task as done",
)
async def do_task(
    project_id: FromPath[UUID],
    task_id: FromPath[UUID],
    data: JSONBody[TaskDoneBody],
    tx: NamedDependency[Tx],
    actor: NamedDependency[Actor],
    clock: NamedDependency[Clock],
    language: NamedDependency[str],
) -> TaskAnswer:
    """Say what came of a task; who said it and when stays on record."""
    return _task(await service.do_task(tx, actor, project_id, task_id, data.note, clock=clock), language)


@post(
    PROJECT + "/gate-tasks/{task_id:uuid}/request",
    opt={"scope": SEND, "raises": (*QUEUING, errors.TaskUnknown, errors.TaskDone, errors.NothingToAsk)},
    summary="Have the gate of a task send the day again and count it",
)
async def ask_again(
    project_id: FromPath[UUID],
    task_id: FromPath[UUID],
    data: JSONBody[RequestBody],
    tx: NamedDependency[Tx],
    actor: NamedDependency[Actor],
    clock: NamedDependency[Clock],
) -> list[CommandAnswer]:
    """Queue both commands for the device; what it sends again is recognised, and its count is compared with ours."""
    rows = await service.ask_again(tx, actor, project_id, task_id, data.reason, clock=clock)
    return [command_answer(row, clock.now()) for row in rows]


def _gap(row: GapRow) -> GapAnswer:
    return GapAnswer(
        id=row.id,
        gate_id=row.device_id,
        kind=row.kind,
        from_no=row.from_no,
        to_no=row.to_no,
        found_at=row.found_at,
        evidence=row.evidence,
        ended_at=row.ended_at,
        cause=row.cause,
    )


def _task(row: TaskRow, language: str) -> TaskAnswer:
    words = messages.text(language, f"gate_task.{row.kind}", row.evidence)
    return TaskAnswer(
        id=row.id,
        gate_id=row.device_id,
        kind=row.kind,  # pyright: ignore[reportArgumentType] - the database's CHECK says so
        title=words.title,
        advice=words.advice,
        opened_at=row.opened_at,
        evidence=row.evidence,
        done_at=row.done_at,
        done_by=row.done_by,
        note=row.note,
    )


def reconciliation_router() -> Router:
    """Join the routes of this file."""
    return Router(
        path="/admin/v1", route_handlers=[list_gaps, list_day_counts, list_tasks, ask_again, do_task], tags=["Gates"]
    )
