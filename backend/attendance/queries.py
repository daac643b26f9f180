"""Every SELECT of attendance's staff routes, limited to the people whom the actor may see."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Date, and_, cast, func, literal, or_, select

from backend.attendance.tables import PersonDay
from backend.kit.db import AnyRow, Tx
from backend.kit.guards import Actor
from backend.sites.person_rights import sees_person
from backend.sites.posts import KEY_POSTS
from backend.sites.queries import visible_party, visible_projects
from backend.sites.tables import Assignment, Company, District, Person, Post, Project, ProjectParty

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


def _on_duty(on: Any) -> ColumnElement[bool]:  # noqa: ANN401 - a day or a column of days
    return and_(
        Assignment.project_id == Post.project_id,
        Assignment.post_id == Post.id,
        Assignment.from_on <= on,
        # The filed holder keeps the duty until his exit is confirmed.
        or_(Assignment.to_on.is_(None), Assignment.exit_confirmed_at.is_(None), Assignment.to_on >= on),
    )


async def list_posts_on(tx: Tx, actor: Actor, project_id: UUID, on: date) -> Sequence[AnyRow]:
    """Return every post of a project with its holders on a day and their days; nulls for a vacant post."""
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
            PersonDay.in_review,
            PersonDay.valid,
            PersonDay.provisional,
            PersonDay.sources,
        )
        .join(ProjectParty, and_(ProjectParty.project_id == Post.project_id, ProjectParty.id == Post.party_id))
        .join(Company, Company.id == ProjectParty.company_id)
        .outerjoin(Assignment, _on_duty(on))
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


async def count_posts_by_project(
    tx: Tx, actor: Actor, *, on: date | None, now: datetime, district_id: UUID | None
) -> Sequence[AnyRow]:
    """Return of every project that is being built how many posts were filled on a day, each project's own today else.

    Counts what `list_posts_on` lists: a holder of two posts twice, posts of other parties for nobody but their own.
    """
    today = cast(func.timezone(Project.time_zone, now) - Project.cutover, Date)
    sites = (
        select(
            Project.id,
            Project.name,
            Project.site_mode,
            Project.district_id,
            District.code.label("district_code"),
            District.name.label("district_name"),
            (today if on is None else literal(on, Date)).label("work_on"),
        )
        .join(District, District.id == Project.district_id)
        .where(Project.status == "building", Project.id.in_(visible_projects(actor, READ)))
    )
    if district_id is not None:
        sites = sites.where(Project.district_id == district_id)
    place = sites.subquery("site")
    held = Assignment.person_id.is_not(None)
    is_key = Post.kind.in_(sorted(KEY_POSTS))
    was_there = PersonDay.punches > 0

    def counted(*conditions: ColumnElement[bool]) -> ColumnElement[int]:
        return func.count().filter(*conditions)

    query = (
        select(
            place,
            counted(held).label("holders"),
            counted(held, was_there).label("present"),
            counted(held, PersonDay.valid.is_(True)).label("valid"),
            counted(held, is_key).label("key_holders"),
            counted(held, is_key, was_there).label("key_present"),
            counted(Post.id.is_not(None), ~held).label("vacant_posts"),
            counted(held, PersonDay.in_review > 0).label("in_review"),
        )
        .select_from(place)
        .outerjoin(
            Post, and_(Post.project_id == place.c.id, visible_party(actor, READ, Post.project_id, Post.party_id))
        )
        .outerjoin(Assignment, _on_duty(place.c.work_on))
        .outerjoin(
            PersonDay,
            and_(
                PersonDay.project_id == Post.project_id,
                PersonDay.person_id == Assignment.person_id,
                PersonDay.work_on == place.c.work_on,
            ),
        )
        .group_by(*place.c)
        .order_by(place.c.district_code, place.c.name, place.c.id)
    )
    return (await tx.execute(query)).all()
