"""Lets appeals on which nobody decided in time go one office up: to the district, then to the city."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from sqlalchemy import select

from backend.attendance.requests import queries
from backend.attendance.requests.clocks import last_day
from backend.attendance.requests.errors import RequestMoved
from backend.attendance.requests.kinds import CITY_LEVEL
from backend.attendance.requests.recording import NewStep, take_step
from backend.attendance.requests.rules import DatedRule
from backend.attendance.requests.tables import RequestState
from backend.attendance.requests.terms import decision_term, list_term_rules
from backend.kit.clock import Clock
from backend.kit.db import AnyRow, Database, Tx
from backend.sites.calendar_days import read_calendar
from backend.sites.model import work_on
from backend.sites.working_days import WorkCalendar

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
        if not waiting:
            return 0
        rules, calendar = await list_term_rules(tx), await read_calendar(tx)
        return sum([await _escalate(tx, row, rules, calendar, clock) for row in waiting])


async def _escalate(tx: Tx, waiting: AnyRow, rules: Sequence[DatedRule], calendar: WorkCalendar, clock: Clock) -> int:
    row = await queries.find_request(tx, waiting.project_id, waiting.request_id)
    if row is None:
        return 0
    now = clock.now()
    today = work_on(now, row.time_zone, row.cutover)
    if today <= row.due_on:
        return 0
    due_on = last_day(calendar, today, decision_term(rules, row.project_id, row.district_id, today))
    step = NewStep(kind="escalated", at=now, account_id=None, level=row.level + 1, due_on=due_on)
    try:
        await take_step(tx, row, step)
    except RequestMoved:
        return 0
    return 1
