"""Answers for the key register: its steps in a period, and the totals of a year."""

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from typing import Final
from uuid import UUID

from backend.gates.errors import PeriodEmpty, RegisterTooLong
from backend.gates.registry import key_queries, queries
from backend.gates.registry.key_queries import StepRow
from backend.gates.registry.key_schemas import KeyTotals
from backend.gates.registry.register_files import STEPS
from backend.kit.clock import Clock
from backend.kit.db import Tx
from backend.kit.guards import Actor
from backend.sites.model import zone_of
from backend.sites.projects import require_project

MOST_STEPS: Final = 50_000
LONGEST_DAYS: Final = 3660
CITY_ZONE: Final = "Asia/Shanghai"
"""The register's days and years are the city's, whatever zone a project has."""


async def read_register(tx: Tx, actor: Actor, project_id: UUID | None, *, from_on: date, to_on: date) -> list[StepRow]:
    """Return the steps made on days from `from_on` to `to_on`, both included, of the projects that the actor sees.

    Raises ProjectUnknown, PeriodEmpty or RegisterTooLong.
    """
    if project_id is not None:
        await require_project(tx, actor, project_id, scope=queries.READ)
    if not timedelta(0) <= to_on - from_on <= timedelta(days=LONGEST_DAYS) or to_on == date.max or from_on == date.min:
        raise PeriodEmpty
    from_at, to_at = _begin(from_on), _begin(to_on + timedelta(days=1))
    wanted = MOST_STEPS + 1
    rows = await key_queries.list_register(
        tx, actor, queries.READ, project_id, from_at=from_at, to_at=to_at, limit=wanted
    )
    if len(rows) == wanted:
        raise RegisterTooLong(limit=MOST_STEPS)
    return rows


async def report_year(tx: Tx, actor: Actor, year: int, *, clock: Clock) -> tuple[list[KeyTotals], list[StepRow]]:
    """Return the year's totals by project and its steps; live keys are counted at its end, or now.

    Raises RegisterTooLong.
    """
    rows = await read_register(tx, actor, None, from_on=date(year, 1, 1), to_on=date(year, 12, 31))
    end = min(_begin(date(year + 1, 1, 1)), clock.now())
    live = await key_queries.count_live_keys(tx, actor, queries.READ, end)
    names = {row.project_id: (row.registration_no, row.project_name) for row in rows}
    names |= {found.project_id: (found.registration_no, found.project_name) for found in live}
    counted = Counter((row.project_id, row.step) for row in rows)
    standing = {found.project_id: found.live for found in live}
    totals = [
        KeyTotals(
            project_id=project_id,
            registration_no=registration_no,
            project_name=project_name,
            **{step: counted[project_id, step] for step in STEPS},
            live_at_end=standing.get(project_id, 0),
        )
        for project_id, (registration_no, project_name) in sorted(names.items(), key=lambda item: item[1])
    ]
    return totals, rows


def _begin(on: date) -> datetime:
    return datetime(on.year, on.month, on.day, tzinfo=zone_of(CITY_ZONE)).astimezone(UTC)
