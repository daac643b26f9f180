"""The narrow SELECTs that rates are reckoned by: projects, published rules, days that the city set, leave."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, time
from uuid import UUID

from sqlalchemy import and_, select
from sqlalchemy.dialects.postgresql import distinct_on

from backend.attendance.rates.force import PublishedRules
from backend.attendance.rates.rule_model import read_rules
from backend.attendance.rates.tables import RuleSet, RuleSetPublication, RuleSetVersion
from backend.kit.db import AnyRow, Tx
from backend.sites.tables import CalendarDay, Project


@dataclass(frozen=True, slots=True)
class ProjectDays:
    """What of a project decides about its days."""

    project_id: UUID
    district_id: UUID
    time_zone: str
    cutover: time
    starts_on: date | None
    ends_on: date | None
    finished: bool


async def read_projects(tx: Tx, project_ids: Sequence[UUID] | None) -> list[ProjectDays]:
    """Return projects, all of them for None; whoever asks."""
    query = select(
        Project.id,
        Project.district_id,
        Project.time_zone,
        Project.cutover,
        Project.starts_on,
        Project.ends_on,
        Project.status == "finished",
    )
    if project_ids is not None:
        query = query.where(Project.id.in_(project_ids))
    return [ProjectDays(*row) for row in await tx.execute(query)]


_VERSION = (
    RuleSet.id,
    RuleSetVersion.version,
    RuleSet.name,
    RuleSet.district_id,
    RuleSet.project_id,
    RuleSetVersion.valid_from,
    RuleSetVersion.valid_to,
    RuleSetVersion.body,
)


async def read_published(tx: Tx) -> list[PublishedRules]:
    """Return every published version of every rule set, in the order of publication."""
    query = (
        select(*_VERSION, RuleSetPublication.rank)
        .join(RuleSetVersion, RuleSetVersion.rule_set_id == RuleSet.id)
        .join(
            RuleSetPublication,
            and_(
                RuleSetPublication.rule_set_id == RuleSetVersion.rule_set_id,
                RuleSetPublication.version == RuleSetVersion.version,
            ),
        )
        .order_by(RuleSetPublication.rank)
    )
    return [_rules(row, row.rank) for row in await tx.execute(query)]


async def read_version(tx: Tx, rule_set_id: UUID, version: int) -> PublishedRules | None:
    """Return a version as if it were published, a draft too; whoever asks."""
    query = (
        select(*_VERSION)
        .join(RuleSetVersion, RuleSetVersion.rule_set_id == RuleSet.id)
        .where(RuleSet.id == rule_set_id, RuleSetVersion.version == version)
    )
    row = (await tx.execute(query)).one_or_none()
    return None if row is None else _rules(row, 0)


def _rules(row: AnyRow, rank: int) -> PublishedRules:
    return PublishedRules(
        rule_set_id=row.id,
        version=row.version,
        name=row.name,
        district_id=row.district_id,
        project_id=row.project_id,
        valid_from=row.valid_from,
        valid_to=row.valid_to,
        rank=rank,
        rules=read_rules(row.body),
    )


async def read_set_days(tx: Tx, first: date, last: date) -> dict[date, bool]:
    """Return the days that the city set itself: worked or not."""
    query = (
        select(CalendarDay.on_day, CalendarDay.working)
        .ext(distinct_on(CalendarDay.on_day))
        .where(CalendarDay.on_day.between(first, last))
        .order_by(CalendarDay.on_day, CalendarDay.set_at.desc())
    )
    return {row.on_day: row.working for row in await tx.execute(query)}
