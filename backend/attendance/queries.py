"""Every SELECT of attendance's staff routes, limited to the people whom the actor may see."""

from collections.abc import Sequence
from datetime import date
from uuid import UUID

from sqlalchemy import and_, or_, select

from backend.attendance.tables import PersonDay
from backend.kit.db import AnyRow, Tx
from backend.kit.guards import Actor
from backend.sites.person_rights import sees_person
from backend.sites.queries import visible_party
from backend.sites.tables import Assignment, Company, Person, Post, ProjectParty

READ = "attendance.read"


async def list_days(
    tx: Tx, actor: Actor, project_id: UUID, *, since: date, until: date, after: tuple[date, UUID] | None, limit: int
) -> Sequence[AnyRow]:
    """Return a project's person-days with `since` <= work_on <= `until`, by day and person."""
    query = (
        select(PersonDay, Person.name.label("person_name"))
        .join(Person, Person.id == PersonDay.person_id)
        .where(
            PersonDay.project_id == project_id,
            PersonDay.work_on >= since,
            PersonDay.work_on <= until,
            sees_person(actor, READ, PersonDay.project_id, PersonDay.person_id),
        )
        .order_by(PersonDay.work_on, PersonDay.person_id)
        .limit(limit)
    )
    if after is not None:
        day, person_id = after
        query = query.where(
            PersonDay.work_on >= day,
            or_(PersonDay.work_on > day, PersonDay.person_id > person_id),
        )
    return (await tx.execute(query)).all()


async def find_day(tx: Tx, actor: Actor, project_id: UUID, person_id: UUID, work_on: date) -> AnyRow | None:
    """Return one person-day."""
    query = (
        select(PersonDay, Person.name.label("person_name"))
        .join(Person, Person.id == PersonDay.person_id)
        .where(
            PersonDay.project_id == project_id,
            PersonDay.person_id == person_id,
            PersonDay.work_on == work_on,
            sees_person(actor, READ, PersonDay.project_id, PersonDay.person_id),
        )
    )
    return (await tx.execute(query)).one_or_none()


async def list_posts_on(tx: Tx, actor: Actor, project_id: UUID, on: date) -> Sequence[AnyRow]:
    """Return every post of a project with its holders on a day and their days; nulls for a vacant post."""
    on_duty = and_(
        Assignment.project_id == Post.project_id,
        Assignment.post_id == Post.id,
        Assignment.from_on <= on,
        # The filed holder keeps the duty until his exit is confirmed.
        or_(Assignment.to_on.is_(None), Assignment.exit_confirmed_at.is_(None), Assignment.to_on >= on),
    )
    query = (
        select(
            Post.id.label("post_id"),
            Post.kind.label("post_kind"),
            ProjectParty.kind.label("party_kind"),
            Company.name.label("company_name"),
            Assignment.person_id,
            Person.name.label("person_name"),
            PersonDay.first_at,
            PersonDay.last_at,
            PersonDay.punches,
            PersonDay.valid,
            PersonDay.provisional,
            PersonDay.sources,
        )
        .join(ProjectParty, and_(ProjectParty.project_id == Post.project_id, ProjectParty.id == Post.party_id))
        .join(Company, Company.id == ProjectParty.company_id)
        .outerjoin(Assignment, on_duty)
        .outerjoin(Person, Person.id == Assignment.person_id)
        .outerjoin(
            PersonDay,
            and_(
                PersonDay.project_id == Post.project_id,
                PersonDay.person_id == Assignment.person_id,
                PersonDay.work_on == on,
            ),
        )
        .where(Post.project_id == project_id, visible_party(actor, READ, Post.project_id, Post.party_id))
        .order_by(ProjectParty.kind, Post.kind, Person.name, Assignment.person_id)
    )
    return (await tx.execute(query)).all()
