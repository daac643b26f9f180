"""Lets appeals on which nobody decided in time go one office up: to the district, then to the city."""

from datetime import timedelta
from typing import Final, cast

from sqlalchemy import select

from backend.attendance.requests import filing_queries, queries
from backend.attendance.requests.clocks import last_day
from backend.attendance.requests.errors import RequestMoved
from backend.attendance.requests.filing_queries import SiteRow
from backend.attendance.requests.kinds import CITY_LEVEL
from backend.attendance.requests.recording import NewStep, take_step
from backend.attendance.requests.rules import AppealRule, rule_in_force
from backend.attendance.requests.tables import RequestState
from backend.kit.clock import Clock
from backend.kit.db import AnyRow, Database, Tx
from backend.sites.calendar_days import read_calendar
from backend.sites.model import work_on

AT_ONCE: Final = 200
_DAY: Final = timedelta(days=1)


async def escalate_appeals(database: Database, clock: Clock) -> int:
    """Move the appeals whose last day is over and return how many; the city's stay with it, shown as overdue."""
    async with database.transaction() as tx:
        # No zone on earth is more than a day ahead; each site's own day is asked below.
        query = (
            select(RequestState.project_id, RequestState.request_id)
            .where(
                RequestState.state == "deciding",
                RequestState.kind == "appeal",
                RequestState.level < CITY_LEVEL,
                RequestState.due_on < clock.now().date() + _DAY,
            )
            .order_by(RequestState.due_on, RequestState.request_id)
            .limit(AT_ONCE)
            .with_for_update(skip_locked=True)
        )
        waiting = (await tx.execute(query)).all()
        return sum([await _escalate(tx, row, clock) for row in waiting])


async def _escalate(tx: Tx, waiting: AnyRow, clock: Clock) -> int:
    row = await queries.find_request(tx, waiting.project_id, waiting.request_id)
    if row is None:
        return 0
    now = clock.now()
    today = work_on(now, row.time_zone, row.cutover)
    if today <= row.due_on:
        return 0
    site = SiteRow(row.project_id, row.project_name, row.district_id, row.time_zone, row.cutover)
    rule = cast("AppealRule", rule_in_force(await filing_queries.list_rules(tx, site), "appeal", today)[0])
    due_on = last_day(await read_calendar(tx), today, rule.decide_within)
    step = NewStep(kind="escalated", at=now, account_id=None, level=row.level + 1, due_on=due_on)
    try:
        await take_step(tx, row, step)
    except RequestMoved:
        return 0
    return 1
