"""The SELECTs of a person's own month: his projects in it, and his requests that are not decided."""

from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import or_, select

from backend.attendance.requests.tables import RequestState
from backend.kit.db import Tx
from backend.sites.queries import ProjectRow
from backend.sites.tables import Assignment, District, Project

_OPEN = ("deputy", "endorsing", "deciding")


async def list_own_projects(tx: Tx, person_id: UUID, first: date, last: date) -> list[ProjectRow]:
    """Return the projects on which a person has or had the duty of a post between two days, by name."""
    on_duty = select(Assignment.project_id).where(
        Assignment.person_id == person_id,
        Assignment.from_on <= last,
        or_(Assignment.to_on.is_(None), Assignment.exit_confirmed_at.is_(None), Assignment.to_on >= first),
    )
    query = (
        select(
            Project.id,
            Project.registration_no,
            Project.name,
            Project.district_id,
            District.name,
            Project.category,
            Project.status,
            Project.site_mode,
            Project.time_zone,
            Project.cutover,
            Project.starts_on,
            Project.ends_on,
            Project.created_at,
        )
        .join(District, District.id == Project.district_id)
        .where(Project.id.in_(on_duty))
        .order_by(Project.name, Project.id)
    )
    return [ProjectRow(*row) for row in await tx.execute(query)]


async def list_pending(tx: Tx, person_id: UUID) -> list[dict[str, Any]]:
    """Return a person's requests that wait for somebody, the oldest day first."""
    query = (
        select(
            RequestState.project_id,
            RequestState.request_id,
            RequestState.kind,
            RequestState.state,
            RequestState.first_on,
            RequestState.last_on,
        )
        .where(RequestState.person_id == person_id, RequestState.state.in_(_OPEN))
        .order_by(RequestState.first_on, RequestState.request_id)
        .limit(200)
    )
    return [dict(row) for row in (await tx.execute(query)).mappings()]
