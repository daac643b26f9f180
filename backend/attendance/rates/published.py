"""Reads what was published of a project's month: figures as they were when somebody published them, for good."""

from datetime import timedelta
from uuid import UUID

from sqlalchemy import and_, or_, select

from backend.attendance.rates.computations import read_month
from backend.attendance.rates.schemas import PublishedRate, PublishedRates
from backend.attendance.rates.tables import RateComputation, RateComputationEnd, RateFigure, RatePublication
from backend.kit.clock import Clock
from backend.kit.db import AnyRow, Tx
from backend.kit.guards import Actor
from backend.sites.model import work_on
from backend.sites.projects import require_project
from backend.sites.queries import visible_party
from backend.sites.tables import Company, Person, Post, ProjectParty

READ = "attendance.read"


async def show_published(tx: Tx, actor: Actor, project_id: UUID, month: str | None, *, clock: Clock) -> PublishedRates:
    """Return the figures of the last publication that covers the project's month (last month unless told).

    A publication of the city, of the district or of the project itself covers it; nothing published is no error. Of
    other parties' people only those see the figures who see their days. `month` is written as `2026-03`.
    Raises ProjectUnknown.
    """
    project = await require_project(tx, actor, project_id, scope=READ)
    today = work_on(clock.now(), project.time_zone, project.cutover)
    first = (today.replace(day=1) - timedelta(days=1)).replace(day=1) if month is None else read_month(month)
    covers = or_(
        RateComputation.project_id == project_id,
        and_(
            RateComputation.project_id.is_(None),
            or_(RateComputation.district_id.is_(None), RateComputation.district_id == project.district_id),
        ),
    )
    publication = (
        await tx.execute(
            select(
                RateComputation.id,
                RatePublication.published_at,
                RatePublication.note,
                RatePublication.replaces,
                RateComputationEnd.digest,
            )
            .join(RatePublication, RatePublication.computation_id == RateComputation.id)
            .join(RateComputationEnd, RateComputationEnd.computation_id == RateComputation.id)
            .where(RateComputation.month == first, covers)
            .order_by(RatePublication.published_at.desc(), RateComputation.no.desc())
            .limit(1)
        )
    ).one_or_none()
    items = [] if publication is None else await _figures(tx, actor, project_id, publication.id)
    names = PublishedRate.__struct_fields__
    return PublishedRates(
        project_id=project_id,
        month=f"{first:%Y-%m}",
        computation_id=None if publication is None else publication.id,
        published_at=None if publication is None else publication.published_at,
        note=None if publication is None else publication.note,
        replaces=None if publication is None else publication.replaces,
        digest=None if publication is None else publication.digest.hex(),
        items=[PublishedRate(**{name: getattr(row, name) for name in names}) for row in items],
    )


async def _figures(tx: Tx, actor: Actor, project_id: UUID, computation_id: UUID) -> list[AnyRow]:
    query = (
        select(
            RateFigure.person_id,
            Person.name.label("person_name"),
            RateFigure.post_id,
            RateFigure.post_kind,
            Company.name.label("company_name"),
            RateFigure.rule_set_id,
            RateFigure.rule_version,
            RateFigure.due,
            RateFigure.valid,
            RateFigure.own,
            RateFigure.likely,
            RateFigure.covered,
            RateFigure.rate,
            RateFigure.verdict,
        )
        .join(Post, and_(Post.project_id == RateFigure.project_id, Post.id == RateFigure.post_id))
        .join(ProjectParty, and_(ProjectParty.project_id == Post.project_id, ProjectParty.id == Post.party_id))
        .join(Company, Company.id == ProjectParty.company_id)
        .join(Person, Person.id == RateFigure.person_id)
        .where(
            RateFigure.project_id == project_id,
            RateFigure.computation_id == computation_id,
            visible_party(actor, READ, Post.project_id, Post.party_id),
        )
        .order_by(RateFigure.post_kind, Person.name, RateFigure.person_id, RateFigure.post_id)
    )
    return list((await tx.execute(query)).all())
