"""Finds whose fences lie at a position, among all fences of all projects that the actor reaches."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import and_, exists, func, select

from backend.kit.db import Tx
from backend.kit.guards import Actor
from backend.sites.queries import visible_projects
from backend.sites.tables import Project
from geofences.period_queries import known, valid_at
from geofences.queries import READ
from geofences.shapes import Kind
from geofences.tables import FencePart, FencePeriod, FenceRow, FenceVersion

MOST_AT_PLACE = 100


@dataclass(frozen=True, slots=True)
class FoundRow:
    """A version in force that covers the position, its approved buffer included."""

    project_id: UUID
    project_name: str
    fence_id: UUID
    fence_name: str
    version_id: UUID
    number: int
    kind: Kind


async def list_covering(tx: Tx, actor: Actor, lon: float, lat: float, at: datetime) -> list[FoundRow]:
    """Return the versions in force at an instant that cover (lon, lat) in degrees, EPSG:4326.

    At most MOST_AT_PLACE + 1, by name of project and fence.
    """
    place = func.ST_SetSRID(func.ST_MakePoint(lon, lat), 4326)
    # A position on the seam of two parts lies in both. What small parts cover is found before anything else is asked.
    here = (
        select(FencePart.project_id, FencePart.version_id)
        .where(func.ST_Covers(FencePart.area, place))
        .distinct()
        .cte("here")
        .prefix_with("MATERIALIZED")
    )
    in_force = exists().where(
        FencePeriod.project_id == here.c.project_id, FencePeriod.version_id == here.c.version_id, known(), valid_at(at)
    )
    rows = await tx.execute(
        select(
            Project.id,
            Project.name,
            FenceRow.id,
            FenceRow.name,
            FenceVersion.id,
            FenceVersion.number,
            FenceVersion.kind,
        )
        .select_from(here)
        .join(
            FenceVersion,
            and_(FenceVersion.project_id == here.c.project_id, FenceVersion.id == here.c.version_id),
        )
        .join(FenceRow, and_(FenceRow.project_id == here.c.project_id, FenceRow.id == FenceVersion.fence_id))
        .join(Project, Project.id == here.c.project_id)
        .where(in_force, here.c.project_id.in_(visible_projects(actor, READ)))
        .order_by(Project.name, FenceRow.name, FenceVersion.id)
        .limit(MOST_AT_PLACE + 1)
    )
    return [FoundRow(*row) for row in rows]
