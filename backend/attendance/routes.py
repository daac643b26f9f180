"""Staff routes of attendance: a project's person-days, one of them with its entries, who was on post."""

from datetime import date
from typing import Annotated
from uuid import UUID

from litestar import Router, get
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, QueryParameter

from backend.attendance import city_posts, service
from backend.attendance.errors import DayUnknown
from backend.attendance.queries import READ
from backend.attendance.schemas import CityOnPost, OnPostAnswer, PersonDayOut, ProjectOnPost
from backend.kit.clock import Clock
from backend.kit.cursors import CursorInvalid
from backend.kit.db import Tx
from backend.kit.guards import Actor
from backend.kit.wire import Page
from backend.sites.errors import DistrictUnknown, ProjectUnknown


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
    language: NamedDependency[str],
    on: FromQuery[date | None] = None,
    key_only: FromQuery[bool] = False,  # noqa: FBT002 - Litestar's way to declare a query parameter
) -> OnPostAnswer:
    """List every post with its holders on that day, present or not, and the vacant ones; key posts first."""
    return await service.show_on_post(tx, actor, project_id, on, key_only=key_only, language=language, clock=clock)


@get("/on-post", opt={"scope": READ}, summary="Posts filled and empty, by district")
async def get_city_on_post(
    tx: NamedDependency[Tx],
    actor: NamedDependency[Actor],
    clock: NamedDependency[Clock],
    on: FromQuery[date | None] = None,
) -> CityOnPost:
    """Count the posts of the projects that are being built and that the caller sees: today, unless told otherwise."""
    return await city_posts.show_city(tx, actor, on, clock=clock)


@get(
    "/districts/{district_id:uuid}/on-post",
    opt={"scope": READ, "raises": (DistrictUnknown,)},
    summary="Posts filled and empty, by project of a district",
)
async def get_district_on_post(
    district_id: FromPath[UUID],
    tx: NamedDependency[Tx],
    actor: NamedDependency[Actor],
    clock: NamedDependency[Clock],
    on: FromQuery[date | None] = None,
) -> list[ProjectOnPost]:
    """Count the posts of each project that is being built, by name: today, unless told otherwise."""
    return await city_posts.list_district(tx, actor, district_id, on, clock=clock)


def attendance_router() -> Router:
    """Join the routes of this file."""
    return Router(
        path="/admin/v1",
        route_handlers=[list_days, get_day, get_on_post, get_city_on_post, get_district_on_post],
        tags=["Attendance"],
    )
