"""The SELECTs of reconciliation: what the job compares, and what staff see of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID

from psycopg.types.multirange import Multirange
from sqlalchemy import and_, select, text
from sqlalchemy.dialects.postgresql import distinct_on

from backend.gates.reconciliation.counting import Gap, Report
from backend.gates.reconciliation.tables import GateDayCount, GateGap, GateGapEnd, GateTask, GateTaskEnd
from backend.gates.sequence import Ranges
from backend.gates.tables import GateDevice
from backend.kit.db import Tx

FUTURE = timedelta(minutes=10)
"""A gate's event is received at most so long before its own time, or it is quarantined."""

PROJECTS = """
SELECT DISTINCT p.id, p.time_zone, p.cutover FROM gate_device d JOIN project p ON p.id = d.project_id
WHERE d.state = 'active' ORDER BY p.id
"""

DEVICES = """
SELECT d.id, d.vendor, s.seen_seqs, s.reported_count, s.reported_at
FROM gate_device d JOIN gate_state s ON s.project_id = d.project_id AND s.device_id = d.id
WHERE d.project_id = :project_id AND d.state = 'active' ORDER BY d.id
"""

OPEN_GAPS = """
SELECT g.device_id, g.id, g.from_no, g.to_no, g.found_at FROM gate_gap g
LEFT JOIN gate_gap_end e ON e.project_id = g.project_id AND e.gap_id = g.id
WHERE g.project_id = :project_id AND e.gap_id IS NULL
"""

REPORTS = """
SELECT c.device_id, c.reported_at, c.reported FROM gate_count c
WHERE c.project_id = :project_id AND c.reported_at < :to_at AND c.reported_at >= coalesce(
  (SELECT max(b.reported_at) FROM gate_count b WHERE b.project_id = c.project_id AND b.device_id = c.device_id
     AND b.reported_at < :from_at), :from_at)
ORDER BY c.device_id, c.reported_at
"""

# A gate's punches of a day or of a counting period, each period with a name.
HELD = """
SELECT w.name, count(*), count(*) FILTER (WHERE p.granted IS FALSE)
FROM unnest(CAST(:names AS text[]), CAST(:devices AS uuid[]), CAST(:from_at AS timestamptz[]),
  CAST(:to_at AS timestamptz[])) AS w (name, device_id, from_at, to_at)
JOIN punch p ON p.project_id = :project_id AND p.received_at >= :since AND p.source = 'gate'
  AND p.source_id = w.device_id AND p.occurred_at >= w.from_at AND p.occurred_at < w.to_at
GROUP BY w.name
"""

# What devices counted when they were asked to, beyond what the ledger held then.
COUNTED_MORE = """
SELECT c.id, c.device_id, c.from_at, c.to_at, a.told, a.held
FROM gate_command c JOIN gate_command_answer a ON a.project_id = c.project_id AND a.command_id = c.id
WHERE c.project_id = :project_id AND a.answered_at >= :since AND a.told > a.held
ORDER BY a.answered_at
"""

OPEN_DAYS = """
SELECT t.device_id, t.evidence->>'work_on' FROM gate_task t
LEFT JOIN gate_task_end e ON e.project_id = t.project_id AND e.task_id = t.id
WHERE t.project_id = :project_id AND t.kind = 'events_missing' AND e.task_id IS NULL
"""

LAST_COUNTS = """
SELECT DISTINCT ON (device_id, work_on) device_id, work_on, events, refused, counted_from_at, counted_to_at, reported,
  held, missing
FROM gate_day_count WHERE project_id = :project_id AND work_on >= :since
ORDER BY device_id, work_on, computed_at DESC
"""


@dataclass(frozen=True, slots=True)
class CheckedProject:
    """A project whose gates are checked."""

    id: UUID
    time_zone: str
    cutover: time


@dataclass(frozen=True, slots=True)
class CheckedDevice:
    """What a device told of its numbers and of how many events it holds."""

    id: UUID
    vendor: str
    seen: Ranges
    report: Report | None


@dataclass(frozen=True, slots=True)
class OpenGap:
    """A gap that is on record and has not ended."""

    id: UUID
    gap: Gap
    found_at: datetime


@dataclass(frozen=True, slots=True)
class CountedMore:
    """That a device, when it was asked to count a period, had `told` events where the ledger held `held`."""

    command_id: UUID
    device_id: UUID
    from_at: datetime
    to_at: datetime
    told: int
    held: int


@dataclass(frozen=True, slots=True)
class Window:
    """Instants between which a device's events are counted, the second one excluded."""

    name: str
    device_id: UUID
    from_at: datetime
    to_at: datetime


@dataclass(frozen=True, slots=True)
class GapRow:
    """A gap with its end, if it ended."""

    id: UUID
    device_id: UUID
    kind: str
    from_no: int
    to_no: int
    found_at: datetime
    evidence: dict[str, Any]
    ended_at: datetime | None
    cause: str | None


@dataclass(frozen=True, slots=True)
class DayCountRow:
    """A device's day as it was counted last."""

    device_id: UUID
    name: str
    work_on: date
    computed_at: datetime
    events: int
    refused: int
    counted_from_at: datetime | None
    counted_to_at: datetime | None
    reported: int | None
    held: int | None
    missing: int | None


@dataclass(frozen=True, slots=True)
class TaskRow:
    """A task with what came of it."""

    id: UUID
    device_id: UUID
    kind: str
    opened_at: datetime
    evidence: dict[str, Any]
    done_at: datetime | None
    done_by: UUID | None
    note: str | None


async def checked_projects(tx: Tx) -> list[CheckedProject]:
    """Return the projects that have gates in use."""
    return [CheckedProject(*row) for row in await tx.execute(text(PROJECTS))]


async def checked_devices(tx: Tx, project_id: UUID) -> list[CheckedDevice]:
    """Return the gates in use that ever spoke."""
    found: list[CheckedDevice] = []
    for row in await tx.execute(text(DEVICES), {"project_id": project_id}):
        seqs: Multirange[int] = row.seen_seqs
        seen: Ranges = tuple((part.lower or 0, part.upper or 0) for part in seqs)
        at, count = row.reported_at, row.reported_count
        report = None if at is None or count is None else Report(at, count)
        found.append(CheckedDevice(row.id, row.vendor, seen, report))
    return found


async def open_gaps(tx: Tx, project_id: UUID) -> dict[UUID, list[OpenGap]]:
    """Return the gaps that did not end, by device."""
    found: dict[UUID, list[OpenGap]] = {}
    for row in await tx.execute(text(OPEN_GAPS), {"project_id": project_id}):
        found.setdefault(row.device_id, []).append(OpenGap(row.id, Gap(row.from_no, row.to_no), row.found_at))
    return found


async def reports_of(tx: Tx, project_id: UUID, from_at: datetime, to_at: datetime) -> dict[UUID, list[Report]]:
    """Return what devices reported between two instants, each with the last report before the first one."""
    found: dict[UUID, list[Report]] = {}
    asked = {"project_id": project_id, "from_at": from_at, "to_at": to_at}
    for row in await tx.execute(text(REPORTS), asked):
        found.setdefault(row.device_id, []).append(Report(row.reported_at, row.reported))
    return found


async def held_events(tx: Tx, project_id: UUID, windows: Sequence[Window]) -> dict[str, tuple[int, int]]:
    """Count the ledger's events of each window, all and refused ones; windows without any are left out."""
    if not windows:
        return {}
    asked = {
        "project_id": project_id,
        "since": min(window.from_at for window in windows) - FUTURE,
        "names": [window.name for window in windows],
        "devices": [window.device_id for window in windows],
        "from_at": [window.from_at for window in windows],
        "to_at": [window.to_at for window in windows],
    }
    return {row[0]: (row[1], row[2]) for row in await tx.execute(text(HELD), asked)}


async def last_counts(tx: Tx, project_id: UUID, since: date) -> dict[tuple[UUID, date], tuple[Any, ...]]:
    """Return how days were counted last, from a date on: the numbers in the order of the table's columns."""
    rows = await tx.execute(text(LAST_COUNTS), {"project_id": project_id, "since": since})
    return {(row[0], row[1]): tuple(row[2:]) for row in rows}


async def counted_more(tx: Tx, project_id: UUID, since: datetime) -> list[CountedMore]:
    """Return the counts that were asked for and answered since an instant, and were more than ours."""
    rows = await tx.execute(text(COUNTED_MORE), {"project_id": project_id, "since": since})
    return [CountedMore(*row) for row in rows]


async def days_with_tasks(tx: Tx, project_id: UUID) -> set[tuple[UUID, str]]:
    """Return the days of devices for which a task stands open already: device and ISO date."""
    rows = await tx.execute(text(OPEN_DAYS), {"project_id": project_id})
    return {(row[0], row[1]) for row in rows}


async def list_gaps(
    tx: Tx, project_id: UUID, *, gate_id: UUID | None, is_open: bool | None, after: UUID | None, limit: int
) -> list[GapRow]:
    """Return a page of a project's gaps, latest first."""
    joined = and_(GateGapEnd.project_id == GateGap.project_id, GateGapEnd.gap_id == GateGap.id)
    columns = (
        GateGap.id,
        GateGap.device_id,
        GateGap.kind,
        GateGap.from_no,
        GateGap.to_no,
        GateGap.found_at,
        GateGap.evidence,
        GateGapEnd.ended_at,
        GateGapEnd.cause,
    )
    statement = select(*columns).outerjoin(GateGapEnd, joined).where(GateGap.project_id == project_id)
    if gate_id is not None:
        statement = statement.where(GateGap.device_id == gate_id)
    if is_open is not None:
        statement = statement.where(GateGapEnd.ended_at.is_(None) if is_open else GateGapEnd.ended_at.is_not(None))
    if after is not None:
        statement = statement.where(GateGap.id < after)
    return [GapRow(*row) for row in await tx.execute(statement.order_by(GateGap.id.desc()).limit(limit))]


async def list_day_counts(tx: Tx, project_id: UUID, work_on: date) -> list[DayCountRow]:
    """Return how a day of each gate was counted last."""
    columns = (
        GateDayCount.device_id,
        GateDevice.name,
        GateDayCount.work_on,
        GateDayCount.computed_at,
        GateDayCount.events,
        GateDayCount.refused,
        GateDayCount.counted_from_at,
        GateDayCount.counted_to_at,
        GateDayCount.reported,
        GateDayCount.held,
        GateDayCount.missing,
    )
    joined = and_(GateDevice.project_id == GateDayCount.project_id, GateDevice.id == GateDayCount.device_id)
    statement = (
        select(*columns)
        .join(GateDevice, joined)
        .where(GateDayCount.project_id == project_id, GateDayCount.work_on == work_on)
        .ext(distinct_on(GateDayCount.device_id))
        .order_by(GateDayCount.device_id, GateDayCount.computed_at.desc())
    )
    return [DayCountRow(*row) for row in await tx.execute(statement)]


_TASK = (
    GateTask.id,
    GateTask.device_id,
    GateTask.kind,
    GateTask.opened_at,
    GateTask.evidence,
    GateTaskEnd.done_at,
    GateTaskEnd.done_by,
    GateTaskEnd.note,
)
_TASK_END = and_(GateTaskEnd.project_id == GateTask.project_id, GateTaskEnd.task_id == GateTask.id)


async def list_tasks(
    tx: Tx, project_id: UUID, *, gate_id: UUID | None, is_open: bool | None, after: UUID | None, limit: int
) -> list[TaskRow]:
    """Return a page of a project's tasks, latest first."""
    statement = select(*_TASK).outerjoin(GateTaskEnd, _TASK_END).where(GateTask.project_id == project_id)
    if gate_id is not None:
        statement = statement.where(GateTask.device_id == gate_id)
    if is_open is not None:
        statement = statement.where(GateTaskEnd.done_at.is_(None) if is_open else GateTaskEnd.done_at.is_not(None))
    if after is not None:
        statement = statement.where(GateTask.id < after)
    return [TaskRow(*row) for row in await tx.execute(statement.order_by(GateTask.id.desc()).limit(limit))]


async def find_task(tx: Tx, project_id: UUID, task_id: UUID) -> TaskRow | None:
    """Return one task of a project."""
    statement = (
        select(*_TASK)
        .outerjoin(GateTaskEnd, _TASK_END)
        .where(GateTask.project_id == project_id, GateTask.id == task_id)
    )
    row = (await tx.execute(statement)).one_or_none()
    return None if row is None else TaskRow(*row)
