"""Staff's use of reconciliation: gaps, days, and tasks that somebody does and signs for."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import insert

from backend.gates.commands.model import LONGEST_PERIOD
from backend.gates.commands.queries import SEND, CommandRow
from backend.gates.commands.service import Asking, queue_commands
from backend.gates.errors import NothingToAsk, TaskDone, TaskUnknown
from backend.gates.reconciliation import queries
from backend.gates.reconciliation.queries import DayCountRow, GapRow, TaskRow
from backend.gates.reconciliation.tables import GateTaskEnd
from backend.gates.registry.queries import READ, WRITE
from backend.identity.audit import record_act
from backend.kit.clock import Clock
from backend.kit.db import Tx, translate_violations
from backend.kit.guards import Actor
from backend.sites.model import day_bounds, work_on
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


async def ask_again(
    tx: Tx, actor: Actor, project_id: UUID, task_id: UUID, reason: str, *, clock: Clock
) -> list[CommandRow]:
    """Ask the device of a task to send its day again, and then to count it.

    Raises ProjectUnknown, TaskUnknown, TaskDone, NothingToAsk (numbers without a day), or what `queue_commands` raises.
    """
    project = await require_project(tx, actor, project_id, scope=SEND)
    task = await queries.find_task(tx, project_id, task_id)
    if task is None:
        raise TaskUnknown
    if task.done_at is not None:
        raise TaskDone
    if task.kind != "events_missing":
        raise NothingToAsk
    on = date.fromisoformat(task.evidence["work_on"])
    from_at, to_at = _period(task.evidence, day_bounds(on, project.time_zone, project.cutover))
    askings = [Asking("query_attlog", from_at, to_at), Asking("verify_sum_attlog", from_at, to_at)]
    return await queue_commands(tx, actor, project_id, task.device_id, askings, reason, clock=clock)


def _period(evidence: Mapping[str, Any], day: tuple[datetime, datetime]) -> tuple[datetime, datetime]:
    """Return the day together with the time between the device's two reports, unless that is too long to be asked."""
    told = [datetime.fromisoformat(evidence[name]) for name in ("counted_from_at", "counted_to_at") if evidence[name]]
    from_at, to_at = min((day[0], *told)), max((day[1], *told))
    return (from_at, to_at) if to_at - from_at <= LONGEST_PERIOD else day


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
