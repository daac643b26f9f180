"""Staff's use of reconciliation: gaps, days, and tasks that somebody does and signs for."""

from datetime import date, timedelta
from uuid import UUID

from sqlalchemy import insert

from backend.gates.errors import TaskDone, TaskUnknown
from backend.gates.reconciliation import queries
from backend.gates.reconciliation.queries import DayCountRow, GapRow, TaskRow
from backend.gates.reconciliation.tables import GateTaskEnd
from backend.gates.registry.queries import READ, WRITE
from backend.identity.audit import record_act
from backend.kit.clock import Clock
from backend.kit.db import Tx, translate_violations
from backend.kit.guards import Actor
from backend.sites.model import work_on
from backend.sites.projects import require_project

_VIOLATIONS = {"pk_gate_task_end": TaskDone}


async def list_project_gaps(
    tx: Tx,
    actor: Actor,
    project_id: UUID,
    *,
    gate_id: UUID | None,
    is_open: bool | None,
    after: UUID | None,
    limit: int,
) -> list[GapRow]:
    """Return a page of a project's gaps, latest first; raises ProjectUnknown."""
    await require_project(tx, actor, project_id, scope=READ)
    return await queries.list_gaps(tx, project_id, gate_id=gate_id, is_open=is_open, after=after, limit=limit)


async def list_project_day_counts(
    tx: Tx, actor: Actor, project_id: UUID, on: date | None, *, clock: Clock
) -> list[DayCountRow]:
    """Return how a day (None: yesterday) of each gate was counted last; raises ProjectUnknown."""
    project = await require_project(tx, actor, project_id, scope=READ)
    day = on or work_on(clock.now(), project.time_zone, project.cutover) - timedelta(days=1)
    return await queries.list_day_counts(tx, project_id, day)


async def list_project_tasks(
    tx: Tx,
    actor: Actor,
    project_id: UUID,
    *,
    gate_id: UUID | None,
    is_open: bool | None,
    after: UUID | None,
    limit: int,
) -> list[TaskRow]:
    """Return a page of a project's tasks, latest first; raises ProjectUnknown."""
    await require_project(tx, actor, project_id, scope=READ)
    return await queries.list_tasks(tx, project_id, gate_id=gate_id, is_open=is_open, after=after, limit=limit)


async def do_task(tx: Tx, actor: Actor, project_id: UUID, task_id: UUID, note: str, *, clock: Clock) -> TaskRow:
    """Sign a task as done, with what came of it; raises ProjectUnknown, TaskUnknown or TaskDone."""
    await require_project(tx, actor, project_id, scope=WRITE)
    task = await queries.find_task(tx, project_id, task_id)
    if task is None:
        raise TaskUnknown
    now = clock.now()
    values = {"done_at": now, "done_by": actor.account_id, "note": note}
    with translate_violations(_VIOLATIONS):
        await tx.execute(insert(GateTaskEnd).values(project_id=project_id, task_id=task_id, **values))
    detail = {"kind": task.kind, "gate_id": str(task.device_id)}
    await record_act(tx, actor, "gate_task.done", "gate_task", task_id, detail, clock=clock, project_id=project_id)
    done = await queries.find_task(tx, project_id, task_id)
    if done is None:
        raise TaskUnknown
    return done
