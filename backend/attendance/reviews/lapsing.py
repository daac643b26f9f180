"""Counts punches on which nobody decided in time, in the name of the rule and with a reason of its own.

What has no person, or a time that cannot be, is left: there is nobody whom waiting would wrong, and no day to count on.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time
from typing import Final
from uuid import UUID

from backend.attendance.requests.clocks import lapsed_until
from backend.attendance.requests.terms import list_term_rules, review_term
from backend.kit.clock import Clock
from backend.kit.db import Database
from backend.ledger.append import DayFolder
from backend.ledger.errors import RulingStale
from backend.ledger.model import DayKey
from backend.ledger.partitions import in_ledger_transaction
from backend.ledger.rulings import NewRuling, write_ruling
from backend.sites.calendar_days import read_calendar
from backend.sites.model import day_bounds, work_on

AT_ONCE: Final = 200

PROJECTS = """
SELECT p.id, p.district_id, p.time_zone, p.cutover FROM project p
WHERE EXISTS (SELECT FROM punch_status s WHERE s.project_id = p.id AND s.outcome = 'review')
  AND (%(only)s::uuid IS NULL OR p.id = %(only)s)
ORDER BY p.id
"""

# The clock runs from the ruling that sent the punch to review, not from the punch: it may have been counted before.
UNDECIDED = """
SELECT s.punch_id, s.seq
FROM punch_status s
JOIN ruling r ON r.project_id = s.project_id AND r.punch_id = s.punch_id AND r.ruling_id = s.ruling_id
WHERE s.project_id = %s AND s.outcome = 'review' AND s.received_at < %s AND r.ruled_at < %s
  AND s.person_id IS NOT NULL AND NOT s.quarantined
ORDER BY s.received_at, s.punch_id LIMIT %s
"""


@dataclass(frozen=True, slots=True)
class _Due:
    """A project whose punches that came into review before `before` have waited for `term` working days."""

    project_id: UUID
    before: datetime
    term: int


async def count_undecided(database: Database, clock: Clock, fold: DayFolder, *, project_id: UUID | None = None) -> int:
    """Count the punches whose term is over, of one project or of all, and return how many.

    What somebody decides meanwhile stands.
    """
    counted, now = 0, clock.now()
    for due in await _due(database, now, project_id):
        while True:
            looked, ruled = await _count_some(database, due, now, fold)
            counted += ruled
            if looked < AT_ONCE:
                break
    return counted


async def _due(database: Database, now: datetime, only: UUID | None) -> list[_Due]:
    async with database.transaction() as tx:
        rules, calendar = await list_term_rules(tx), await read_calendar(tx)
    async with database.connection() as connection:
        projects: Sequence[tuple[UUID, UUID, str, time]] = await (
            await connection.execute(PROJECTS, {"only": only})
        ).fetchall()
    found: list[_Due] = []
    for project_id, district_id, time_zone, cutover in projects:
        today = work_on(now, time_zone, cutover)
        term = review_term(rules, project_id, district_id, today)
        _, end = day_bounds(lapsed_until(calendar, today, term), time_zone, cutover)
        found.append(_Due(project_id, end, term))
    return found


async def _count_some(database: Database, due: _Due, now: datetime, fold: DayFolder) -> tuple[int, int]:
    async def attempt() -> tuple[int, int]:
        async with database.connection() as connection, connection.transaction():
            given = (due.project_id, due.before, due.before, AT_ONCE)
            rows = await (await connection.execute(UNDECIDED, given)).fetchall()
            days, ruled = set[DayKey](), 0
            for punch_id, seq in rows:
                ruling = NewRuling(
                    project_id=due.project_id,
                    punch_id=punch_id,
                    seq=seq,
                    outcome="counted",
                    reasons=({"code": "attendance.review_undecided", "days": due.term},),
                )
                try:
                    day = await write_ruling(connection, ruling, now)
                except RulingStale:
                    continue
                ruled += 1
                if day is not None:
                    days.add(day)
            if days:
                await fold(connection, sorted(days), now)
            return len(rows), ruled

    return await in_ledger_transaction(database, attempt, received=(now.date(),), buckets=())
