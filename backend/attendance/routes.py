"""Staff routes of attendance: a project's person-days, one of them with its entries, who was on post."""

from datetime import date
from typing import Annotated
from uuid import UUID

from litestar import Router, get
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, QueryParameter

from backend.attendance import service
from backend.attendance.errors import DayUnknown
from backend.attendance.queries import READ
from backend.attendance.schemas import OnPostAnswer, PersonDayOut
from backend.kit.clock import Clock
from backend.kit.cursors import CursorInvalid
from backend.kit.db import Tx
from backend.kit.guards import Actor
from backend.kit.wire import Page
from backend.sites.errors import ProjectUnknown


@get(
    "/projects/{project_id:uuid}/person-days",
    opt={"scope": READ, "raises": (ProjectUnknown, CursorInvalid)},
    summary="Person-days of a project",
)
async def list_days(
    project_id: FromPath[UUID],
    tx: NamedDependency[Tx],
    actor: NamedDependency[Actor],
    clock: NamedDependency[Clock],
    since: FromQuery[date | None] = None,
    until: FromQuery[date | None] = None,
    after: FromQuery[str | None] = None,
    limit: Annotated[int, QueryParameter(ge=1, le=200)] = 50,
) -> Page[PersonDayOut]:
    """List days by date and person; both ends belong to the range."""
    return await service.list_project_days(
        tx, actor, project_id, clock=clock, since=since, until=until, after=after, limit=limit
    )


@get(
    "/projects/{project_id:uuid}/people/{person_id:uuid}/person-days/{on:date}",
    opt={"scope": READ, "raises": (ProjectUnknown, DayUnknown)},
    summary="One person-day with the punches that made it",
)
async def get_day(
    project_id: FromPath[UUID],
    person_id: FromPath[UUID],
    on: FromPath[date],
    tx: NamedDependency[Tx],
    actor: NamedDependency[Actor],
) -> PersonDayOut:
    """Show a day, the rule it was judged by, and its entries."""
    return await service.show_day(tx, actor, project_id, person_id, on)


@get(
    "/projects/{project_id:uuid}/on-post",
    opt={"scope": READ, "raises": (ProjectUnknown,)},
    summary="Who was on post on a day",
)
async def get_on_post(
    project_id: FromPath[UUID],
    tx: NamedDependency[Tx],
    actor: NamedDependency[Actor],
    clock: NamedDependency[Clock],
    on: FromQuery[date | None] = None,
    key_only: FromQuery[bool] = False,  # noqa: FBT002 - Litestar's way to declare a query parameter
) -> OnPostAnswer:
    """List every post with its holders on that day, present or not, and the vacant ones; key posts first."""
    return await service.show_on_post(tx, actor, project_id, on, key_only=key_only, clock=clock)


def attendance_router() -> Router:
    """Join the routes of this file."""
    return Router(path="/admin/v1", route_handlers=[list_days, get_day, get_on_post], tags=["Attendance"])
