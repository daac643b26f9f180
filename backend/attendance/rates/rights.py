"""For which rows somebody may set rules: the city, his district, or projects that he supervises."""

from uuid import UUID

from sqlalchemy import and_, or_, select

from backend.identity.tables import RoleGrant
from backend.kit.db import Tx
from backend.kit.guards import Actor
from backend.sites.errors import CityNeeded, DistrictUnknown, ProjectUnknown
from backend.sites.queries import city_wide, live_grant, supervised_projects
from backend.sites.tables import District, Project

RULES = "rates.rules"
STOP_WORK = "rates.stop_work"


async def require_rows(tx: Tx, actor: Actor, scope: str, district_id: UUID | None, project_id: UUID | None) -> None:
    """See to it that the actor supervises the project, the district, or (neither named) the city.

    Raises ProjectUnknown, DistrictUnknown or CityNeeded.
    """
    if project_id is not None:
        if not await supervises(tx, actor, scope, project_id):
            raise ProjectUnknown
    elif district_id is not None:
        whole = and_(RoleGrant.district_id.is_(None), RoleGrant.project_id.is_(None))
        query = (
            select(District.id)
            .join(RoleGrant, or_(whole, RoleGrant.district_id == District.id))
            .where(live_grant(actor, scope), District.id == district_id)
            .limit(1)
        )
        if (await tx.execute(query)).first() is None:
            raise DistrictUnknown
    elif not await tx.scalar(select(city_wide(actor, scope))):
        raise CityNeeded


async def supervises(tx: Tx, actor: Actor, scope: str, project_id: UUID) -> bool:
    """Tell whether the actor reaches the project with a scope as a supervisor of its district or the city."""
    query = supervised_projects(actor, scope).where(Project.id == project_id).limit(1)
    return (await tx.execute(query)).first() is not None
