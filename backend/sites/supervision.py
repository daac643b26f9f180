"""Who may set data for a place: the city for the city, a district's supervisors for the district and its projects."""

from typing import Any
from uuid import UUID

from sqlalchemy import Select, and_, or_, select

from backend.identity.tables import RoleGrant
from backend.kit.db import Tx
from backend.kit.guards import Actor
from backend.sites.errors import CityNeeded, DistrictUnknown, ProjectUnknown
from backend.sites.queries import city_wide, live_grant, supervised_projects
from backend.sites.tables import District, Project


def supervised_districts(actor: Actor, scope: str) -> Select[UUID]:
    """Select the ids of the districts that the actor's live grants of the city or of a district reach with a scope."""
    return (
        select(District.id)
        .join(RoleGrant, or_(_whole_city(), RoleGrant.district_id == District.id))
        .where(live_grant(actor, scope))
    )


async def require_supervision(
    tx: Tx, actor: Actor, scope: str, *, district_id: UUID | None, project_id: UUID | None
) -> None:
    """See to it that the actor supervises the project, the district, or (neither named) the city.

    Raises CityNeeded, DistrictUnknown or ProjectUnknown.
    """
    if project_id is not None:
        if await tx.scalar(supervised_projects(actor, scope).where(Project.id == project_id).limit(1)) is None:
            raise ProjectUnknown
    elif district_id is not None:
        if await tx.scalar(supervised_districts(actor, scope).where(District.id == district_id).limit(1)) is None:
            raise DistrictUnknown
    elif not await tx.scalar(select(city_wide(actor, scope))):
        raise CityNeeded


def _whole_city() -> Any:  # noqa: ANN401 - a condition in SQL
    return and_(RoleGrant.district_id.is_(None), RoleGrant.project_id.is_(None))
