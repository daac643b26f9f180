"""Who is on leave on a project, for those who see its people."""

from datetime import date, datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import and_, or_, select
from sqlalchemy.orm import aliased

from backend.attendance.requests.queries import DECIDE, READ
from backend.attendance.requests.schemas import LeaveOut
from backend.attendance.requests.tables import RequestFiling, RequestState
from backend.kit.db import Tx
from backend.kit.guards import Actor
from backend.sites.errors import ProjectUnknown
from backend.sites.model import DEFAULT_CUTOVER, DEFAULT_TIME_ZONE, work_on
from backend.sites.person_rights import decides_for_others, sees_person
from backend.sites.queries import find_project
from backend.sites.tables import Person

SPAN: Final = timedelta(days=31)
MOST: Final = 1000


def today_of(now: datetime) -> date:
    """Return the city's day."""
    return work_on(now, DEFAULT_TIME_ZONE, DEFAULT_CUTOVER)


async def list_leave(
    tx: Tx, actor: Actor, project_id: UUID, *, since: date | None, until: date | None, now: datetime
) -> list[LeaveOut]:
    """Return the approved leave that touches [since, until], by first day; raises ProjectUnknown."""
    project = await find_project(tx, actor, project_id, scope=READ)
    if project is None:
        raise ProjectUnknown
    first = since or work_on(now, project.time_zone, project.cutover)
    last = until or (first + SPAN if first < date.max - SPAN else date.max)
    deputy = aliased(Person)
    query = (
        select(
            RequestFiling.id,
            RequestFiling.person_id,
            Person.name,
            RequestFiling.reason,
            RequestState.first_on,
            RequestState.last_on,
            RequestFiling.deputy_id,
            deputy.name,
        )
        .join(
            RequestState,
            and_(RequestState.project_id == RequestFiling.project_id, RequestState.request_id == RequestFiling.id),
        )
        .join(Person, Person.id == RequestFiling.person_id)
        .outerjoin(deputy, deputy.id == RequestFiling.deputy_id)
        .where(
            RequestState.project_id == project_id,
            RequestState.kind == "leave",
            RequestState.state == "approved",
            RequestState.first_on <= last,
            RequestState.last_on >= first,
            or_(
                sees_person(actor, READ, RequestFiling.project_id, RequestFiling.person_id),
                decides_for_others(actor, DECIDE, RequestFiling.project_id, RequestFiling.person_id),
            ),
        )
        .order_by(RequestState.first_on, RequestFiling.id)
        .limit(MOST)
    )
    return [
        LeaveOut(
            request_id=row[0],
            person_id=row[1],
            person_name=row[2],
            leave_kind=row[3],
            first_on=row[4],
            last_on=row[5],
            deputy_id=row[6],
            deputy_name=row[7],
        )
        for row in await tx.execute(query)
    ]
