"""Sets and shows the days that the city works or not by notice of its own; the last row of a day holds."""

from datetime import date

from msgspec import Struct
from sqlalchemy import select, text
from sqlalchemy.dialects.postgresql import distinct_on

from backend.identity.audit import record_act
from backend.kit.clock import Clock
from backend.kit.db import Tx
from backend.kit.guards import Actor
from backend.kit.wire import Name, Wire
from backend.sites.errors import CityNeeded
from backend.sites.queries import WRITE, city_wide
from backend.sites.tables import CalendarDay
from backend.sites.working_days import WorkCalendar, is_known

ONE_BY_ONE = "SELECT pg_advisory_xact_lock(hashtextextended('calendar_day', 0))"

KEEP = """
INSERT INTO calendar_day (on_day, set_at, working, name, set_by)
SELECT :on, greatest(:now, max(set_at) + interval '1 microsecond'), :working, :name, :set_by
FROM calendar_day WHERE on_day = :on
"""


class CalendarDayBody(Wire, frozen=True, kw_only=True):
    """Whether the day is worked, and by what notice or for which occasion."""

    working: bool
    name: Name


class CalendarDayAnswer(Struct, frozen=True, kw_only=True):
    """A day that the city set."""

    on: date
    working: bool
    name: str


class CalendarAnswer(Struct, frozen=True, kw_only=True):
    """A year: its days that are not worked, what the city set, and whether its public holidays are known."""

    year: int
    holidays_known: bool
    days_off: list[date]
    set: list[CalendarDayAnswer]


async def read_calendar(tx: Tx) -> WorkCalendar:
    """Return the calendar with all days that the city set, whoever asks."""
    rows = await tx.execute(
        select(CalendarDay.on_day, CalendarDay.working)
        .ext(distinct_on(CalendarDay.on_day))
        .order_by(CalendarDay.on_day, CalendarDay.set_at.desc())
    )
    return WorkCalendar({row.on_day: row.working for row in rows})


async def show_year(tx: Tx, year: int) -> CalendarAnswer:
    """Return the calendar of a year."""
    first, last = date(year, 1, 1), date(year, 12, 31)
    rows = (
        await tx.execute(
            select(CalendarDay.on_day, CalendarDay.working, CalendarDay.name)
            .ext(distinct_on(CalendarDay.on_day))
            .where(CalendarDay.on_day.between(first, last))
            .order_by(CalendarDay.on_day, CalendarDay.set_at.desc())
        )
    ).all()
    calendar = WorkCalendar({row.on_day: row.working for row in rows})
    worked = set(calendar.due_between(first, last, "working"))
    every = calendar.due_between(first, last, "every")
    return CalendarAnswer(
        year=year,
        holidays_known=is_known(first),
        days_off=[day for day in every if day not in worked],
        set=[CalendarDayAnswer(on=row.on_day, working=row.working, name=row.name) for row in rows],
    )


async def set_day(tx: Tx, actor: Actor, on: date, body: CalendarDayBody, *, clock: Clock) -> CalendarDayAnswer:
    """Say that a day is worked or not; for those who write in the whole city. Raises CityNeeded."""
    if not (await tx.execute(select(city_wide(actor, WRITE)))).scalar_one():
        raise CityNeeded
    # One after the other, each later than the last: of two that are set in one moment the second holds.
    await tx.execute(text(ONE_BY_ONE))
    values = {"on": on, "working": body.working, "name": body.name, "set_by": actor.account_id, "now": clock.now()}
    await tx.execute(text(KEEP), values)
    detail = {"on": on.isoformat(), "working": body.working}
    await record_act(tx, actor, "calendar.day_set", "calendar_day", on.isoformat(), detail, clock=clock)
    return CalendarDayAnswer(on=on, working=body.working, name=body.name)
