"""The SELECTs of liveness that need assignments; each takes the person, so that rows are always his own."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import case, exists, or_, select

from backend.kit.db import Tx
from backend.sites.tables import Assignment
from mobile_api.queries import DAY


async def is_posted(tx: Tx, person_id: UUID, project_id: UUID, now: datetime) -> bool:
    """Tell whether a person has a post on a project these days, a day's grace on both sides."""
    duty_to_on = case((Assignment.exit_confirmed_at.is_not(None), Assignment.to_on))
    posted = exists(
        select(Assignment.id).where(
            Assignment.person_id == person_id,
            Assignment.project_id == project_id,
            Assignment.from_on <= now.date() + DAY,
            or_(duty_to_on.is_(None), duty_to_on >= now.date() - DAY),
        )
    )
    return bool(await tx.scalar(select(posted)))
