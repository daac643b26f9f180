"""The SELECTs of the field pack: where a person is posted in the coming days, by which rules, within which fences."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import and_, case, exists, func, or_, select, true

from backend.gates.outages.tables import PhonePath
from backend.kit.db import Tx
from backend.sites.tables import Assignment, Company, Post, Project, ProjectParty, SitePolicyVersion
from geofences.period_queries import instant, known
from geofences.tables import FencePeriod, FenceRow, FenceVersion
from mobile_api.queries import DAY


@dataclass(frozen=True, slots=True)
class PostedRow:
    """An assignment of the coming days with its project and the policy in force there."""

    project_id: UUID
    project_name: str
    registration_no: str
    site_mode: Literal["gate", "phone", "either"]
    status: str
    time_zone: str
    cutover: time
    post: str
    party: str
    section_id: UUID | None
    from_on: date
    to_on: date | None
    policy_version: int | None
    policy_body: Any
    gates_down: bool


@dataclass(frozen=True, slots=True)
class PeriodRow:
    """A time for which a fence version is in force, with what a phone keeps of it (daily hours as `HH:MM`)."""

    project_id: UUID
    version_id: UUID
    name: str
    kind: Literal["polygon", "corridor", "circle", "point"]
    opens_at: str | None
    closes_at: str | None
    valid_from: datetime
    valid_until: datetime | None


async def list_posted(tx: Tx, person_id: UUID, now: datetime, until: datetime) -> list[PostedRow]:
    """Return a person's assignments that hold at some time between two instants, a day's grace on both sides."""
    duty_to_on = case((Assignment.exit_confirmed_at.is_not(None), Assignment.to_on))
    policy = (
        select(SitePolicyVersion.version, SitePolicyVersion.body)
        .where(SitePolicyVersion.project_id == Project.id, SitePolicyVersion.valid_from <= instant(now))
        .order_by(SitePolicyVersion.version.desc())
        .limit(1)
        .lateral("policy")
    )
    gates_down = exists(
        select(PhonePath.id).where(
            PhonePath.project_id == Project.id,
            PhonePath.from_at <= instant(now),
            or_(PhonePath.until_at.is_(None), PhonePath.until_at > instant(now)),
        )
    )
    rows = await tx.execute(
        select(
            Project.id,
            Project.name,
            Project.registration_no,
            Project.site_mode,
            Project.status,
            Project.time_zone,
            Project.cutover,
            Post.kind,
            Company.name,
            Assignment.section_id,
            Assignment.from_on,
            duty_to_on,
            policy.c.version,
            policy.c.body,
            gates_down,
        )
        .select_from(Assignment)
        .join(Project, Project.id == Assignment.project_id)
        .join(Post, and_(Post.project_id == Assignment.project_id, Post.id == Assignment.post_id))
        .join(ProjectParty, and_(ProjectParty.project_id == Post.project_id, ProjectParty.id == Post.party_id))
        .join(Company, Company.id == ProjectParty.company_id)
        .outerjoin(policy, true())
        .where(
            Assignment.person_id == person_id,
            Assignment.from_on <= until.date() + DAY,
            or_(duty_to_on.is_(None), duty_to_on >= now.date() - DAY),
        )
        .order_by(Assignment.from_on, Assignment.id)
        .limit(200)
    )
    return [PostedRow(*row) for row in rows]


async def list_fence_periods(tx: Tx, project_ids: Sequence[UUID], now: datetime, until: datetime) -> list[PeriodRow]:
    """Return the times between two instants for which fences of the projects are in force, as known now."""
    rows = await tx.execute(
        select(
            FencePeriod.project_id,
            FencePeriod.version_id,
            FenceRow.name,
            FenceVersion.kind,
            func.to_char(FenceVersion.opens_at, "HH24:MI"),
            func.to_char(FenceVersion.closes_at, "HH24:MI"),
            func.lower(FencePeriod.valid_during),
            func.upper(FencePeriod.valid_during),
        )
        .join(
            FenceVersion,
            and_(FenceVersion.project_id == FencePeriod.project_id, FenceVersion.id == FencePeriod.version_id),
        )
        .join(FenceRow, and_(FenceRow.project_id == FencePeriod.project_id, FenceRow.id == FencePeriod.fence_id))
        .where(
            FencePeriod.project_id.in_(project_ids),
            known(),
            FencePeriod.valid_during.op("&&")(func.tstzrange(instant(now), instant(until), "[)")),
        )
        .order_by(FencePeriod.version_id, func.lower(FencePeriod.valid_during))
    )
    return [PeriodRow(*row) for row in rows]
