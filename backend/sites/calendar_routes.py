"""Routes of the working calendar."""

from datetime import date
from typing import Annotated

from litestar import get, put
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody, QueryParameter

from backend.kit.clock import Clock
from backend.kit.db import Tx
from backend.kit.guards import Actor
from backend.sites import calendar_days, queries
from backend.sites.calendar_days import CalendarAnswer, CalendarDayAnswer, CalendarDayBody
from backend.sites.errors import CityNeeded

Year = Annotated[int | None, QueryParameter(ge=2000, le=2100)]


@get("/calendar-days", opt={"scope": queries.READ}, summary="Days off of a year")
async def show_calendar(tx: NamedDependency[Tx], clock: NamedDependency[Clock], year: Year = None) -> CalendarAnswer:
    """Show the days of a year (this one unless told) that are not worked, and what the city set itself."""
    return await calendar_days.show_year(tx, year or clock.now().year)


@put(
    "/calendar-days/{on:date}",
    opt={"scope": queries.WRITE, "raises": (CityNeeded,)},
    summary="Set a day",
)
async def set_calendar_day(
    on: FromPath[date],
    data: JSONBody[CalendarDayBody],
    tx: NamedDependency[Tx],
    actor: NamedDependency[Actor],
    clock: NamedDependency[Clock],
) -> CalendarDayAnswer:
    """Say that the city works on a day, or does not, whatever the public calendar says."""
    return await calendar_days.set_day(tx, actor, on, data, clock=clock)


HANDLERS = [show_calendar, set_calendar_day]
