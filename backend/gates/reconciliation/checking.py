"""Compares the gates of a project with the ledger, and writes what is missing; a job runs it every hour.

Everything it writes is a further fact: gaps and their ends, days counted anew when their numbers changed, tasks once.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final
from uuid import UUID

import msgspec
import structlog
from sqlalchemy import text

from backend.gates.reconciliation import queries
from backend.gates.reconciliation.counting import (
    DAY_PATIENCE,
    EDGE,
    PATIENCE,
    Gap,
    Period,
    compare_gaps,
    counting_period,
    missing_events,
)
from backend.gates.reconciliation.queries import CheckedDevice, CheckedProject, OpenGap, Window
from backend.kit.clock import Clock
from backend.kit.db import Database, Tx
from backend.kit.ids import new_id
from backend.sites.model import day_bounds, work_on

log = structlog.get_logger()

DAYS_BACK: Final = 7
"""Days that are counted again each time: what arrives later than that changes no comparison."""

# Two workers must not both find the same gap; the second one finds it on record.
ALONE = "SELECT pg_advisory_xact_lock(hashtext('gate_reconciliation'), hashtext(:project_id))"

NOTE_COUNT = """
INSERT INTO gate_count (project_id, device_id, reported_at, reported)
VALUES (:project_id, :device_id, :reported_at, :reported) ON CONFLICT DO NOTHING
"""

OPEN_GAP = """
INSERT INTO gate_gap (project_id, id, device_id, kind, from_no, to_no, found_at, evidence)
VALUES (:project_id, :id, :device_id, :kind, :from_no, :to_no, :now, CAST(:evidence AS jsonb))
"""

END_GAP = "INSERT INTO gate_gap_end (project_id, gap_id, ended_at, cause) VALUES (:project_id, :gap_id, :now, :cause)"

COUNT_DAY = """
INSERT INTO gate_day_count (project_id, device_id, work_on, computed_at, events, refused, counted_from_at,
  counted_to_at, reported, held, missing)
VALUES (:project_id, :device_id, :work_on, :now, :events, :refused, :counted_from_at, :counted_to_at, :reported, :held,
  :missing)
ON CONFLICT DO NOTHING
"""

OPEN_TASK = """
INSERT INTO gate_task (project_id, id, device_id, kind, subject, opened_at, evidence)
VALUES (:project_id, :id, :device_id, :kind, :subject, :now, CAST(:evidence AS jsonb)) ON CONFLICT DO NOTHING
"""


@dataclass(frozen=True, slots=True)
class _Day:
    on: date
    from_at: datetime
    to_at: datetime


async def reconcile_gates(database: Database, clock: Clock) -> int:
    """Check the gates of all projects, each in its own transaction; return how many projects failed, which are told."""
    async with database.transaction() as tx:
        projects = await queries.checked_projects(tx)
    failed = 0
    for project in projects:
        try:
            async with database.transaction() as tx:
                await check_project(tx, project, clock.now())
        except Exception:  # whatever it was, the next project does not hang on it
            failed += 1
            log.exception("gates.reconciliation_failed", project_id=str(project.id))
    return failed


async def check_project(tx: Tx, project: CheckedProject, now: datetime) -> None:
    """Compare one project's gates with the ledger, in the caller's transaction."""
    await tx.execute(text(ALONE), {"project_id": str(project.id)})
    devices = await queries.checked_devices(tx, project.id)
    gaps = await queries.open_gaps(tx, project.id)
    for device in devices:
        await _note_report(tx, project.id, device)
        await _follow_gaps(tx, project.id, device, gaps.get(device.id, []), now)
    await _count_days(tx, project, devices, now)
    await _follow_counts(tx, project, now)


async def _note_report(tx: Tx, project_id: UUID, device: CheckedDevice) -> None:
    if device.report is not None:
        values = {"reported_at": device.report.at, "reported": device.report.count}
        await tx.execute(text(NOTE_COUNT), {"project_id": project_id, "device_id": device.id, **values})


async def _follow_gaps(
    tx: Tx, project_id: UUID, device: CheckedDevice, known: Sequence[OpenGap], now: datetime
) -> None:
    opened, ended = compare_gaps({gap.id: gap.gap for gap in known}, device.seen)
    same = {"project_id": project_id, "now": now}
    for gap_id, cause in ended.items():
        await tx.execute(text(END_GAP), {**same, "gap_id": gap_id, "cause": cause})
    for gap in opened:
        evidence = _json({"seen": [list(part) for part in device.seen if _touches(part, gap)]})
        # Terminals that count by themselves call it a serial number, and begin anew with other hardware.
        kind = "sequence" if device.vendor == "native" else "serial"
        row = {"id": new_id(now), "device_id": device.id, "kind": kind, "from_no": gap.from_no, "to_no": gap.to_no}
        await tx.execute(text(OPEN_GAP), {**same, **row, "evidence": evidence})
    for gap in known:
        if gap.id not in ended and now - gap.found_at >= PATIENCE:
            numbers = {"from_no": gap.gap.from_no, "to_no": gap.gap.to_no, "found_at": gap.found_at.isoformat()}
            await _open_task(tx, project_id, device.id, "numbers_missing", f"gap:{gap.id}", numbers, now)


def _touches(part: tuple[int, int], gap: Gap) -> bool:
    return part[1] == gap.from_no or part[0] == gap.to_no + 1


async def _count_days(tx: Tx, project: CheckedProject, devices: Sequence[CheckedDevice], now: datetime) -> None:
    days = _days(project, now)
    reports = await queries.reports_of(tx, project.id, days[0].from_at, days[-1].to_at)
    periods = {
        (device.id, day.on): counting_period(reports.get(device.id, []), day.from_at, day.to_at)
        for device in devices
        for day in days
    }
    windows = [
        Window(f"d|{device.id}|{day.on}", device.id, day.from_at, day.to_at) for device in devices for day in days
    ]
    windows += [
        Window(f"p|{device_id}|{on}", device_id, period.from_at - EDGE, period.to_at + EDGE)
        for (device_id, on), period in periods.items()
        if period is not None and period.growth is not None
    ]
    held = await queries.held_events(tx, project.id, windows)
    before = await queries.last_counts(tx, project.id, days[0].on)
    for device in devices:
        for day in days:
            numbers = _numbers(held, device.id, day.on, periods[device.id, day.on])
            if tuple(numbers.values()) != before.get((device.id, day.on)):
                values = {"project_id": project.id, "device_id": device.id, "work_on": day.on, "now": now}
                await tx.execute(text(COUNT_DAY), {**values, **numbers})
            if (numbers["missing"] or 0) > 0 and now - day.to_at >= DAY_PATIENCE:
                evidence = {"work_on": day.on.isoformat(), **_told(numbers)}
                subject = f"day:{device.id}:{day.on}"
                await _open_task(tx, project.id, device.id, "events_missing", subject, evidence, now)


async def _follow_counts(tx: Tx, project: CheckedProject, now: datetime) -> None:
    """Make a task of what a device counted beyond the ledger when it was asked to, where none stands open."""
    standing = await queries.days_with_tasks(tx, project.id)
    for one in await queries.counted_more(tx, project.id, now - timedelta(days=DAYS_BACK)):
        on = work_on(one.from_at, project.time_zone, project.cutover).isoformat()
        if (one.device_id, on) in standing:
            continue
        standing.add((one.device_id, on))
        numbers = {"reported": one.told, "held": one.held, "missing": one.told - one.held}
        period = {"counted_from_at": one.from_at.isoformat(), "counted_to_at": one.to_at.isoformat()}
        evidence = {"work_on": on, **numbers, **period}
        await _open_task(tx, project.id, one.device_id, "events_missing", f"count:{one.command_id}", evidence, now)


def _days(project: CheckedProject, now: datetime) -> list[_Day]:
    """Return the last days that have ended, and the present one, oldest first."""
    today = work_on(now, project.time_zone, project.cutover)
    dates = [today - timedelta(days=back) for back in range(DAYS_BACK, -1, -1)]
    return [_Day(on, *day_bounds(on, project.time_zone, project.cutover)) for on in dates]


def _numbers(held: Mapping[str, tuple[int, int]], device_id: UUID, on: date, period: Period | None) -> dict[str, Any]:
    """Return the numbers of a day in the order of the table's columns."""
    events, refused = held.get(f"d|{device_id}|{on}", (0, 0))
    counted = held.get(f"p|{device_id}|{on}", (0, 0))[0]
    growth = None if period is None else period.growth
    return {
        "events": events,
        "refused": refused,
        "counted_from_at": None if period is None else period.from_at,
        "counted_to_at": None if period is None else period.to_at,
        "reported": growth,
        "held": None if growth is None else counted,
        "missing": missing_events(period, counted),
    }


def _told(numbers: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value.isoformat() if isinstance(value, datetime) else value for name, value in numbers.items()}


async def _open_task(
    tx: Tx, project_id: UUID, device_id: UUID, kind: str, subject: str, evidence: Mapping[str, Any], now: datetime
) -> None:
    row = {"project_id": project_id, "id": new_id(now), "device_id": device_id, "kind": kind, "subject": subject}
    await tx.execute(text(OPEN_TASK), {**row, "now": now, "evidence": _json(evidence)})


def _json(value: Mapping[str, Any]) -> str:
    return msgspec.json.encode(value).decode()
