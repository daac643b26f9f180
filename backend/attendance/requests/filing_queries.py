"""The SELECTs that taking a request needs: posts, deputies, rules, days without leave, what was asked for before."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, time
from typing import Final
from uuid import UUID

from sqlalchemy import ColumnElement, and_, func, or_, select

from backend.attendance.requests.quotas import BlackOut, Taken
from backend.attendance.requests.rules import DatedRule
from backend.attendance.requests.tables import LeaveBlackOut, RequestClaim, RequestFiling, RequestRule, RequestState
from backend.kit.db import AnyRow, Tx
from backend.sites.tables import Assignment, Person, Post, Project

_GONE = ("rejected", "withdrawn")
DATED_RULES: Final = select(
    RequestRule.id,
    RequestRule.kind,
    RequestRule.district_id,
    RequestRule.project_id,
    RequestRule.valid_from,
    RequestRule.set_at,
    RequestRule.body,
)
"""What is set, as a DatedRule has it: its fields in their order."""


@dataclass(frozen=True, slots=True)
class SiteRow:
    """The project of a request, as its days are counted."""

    id: UUID
    name: str
    district_id: UUID
    time_zone: str
    cutover: time


async def lock_person(tx: Tx, person_id: UUID) -> None:
    """Keep other filings of the person waiting until the transaction ends."""
    await tx.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(f"request:{person_id}", 0))))


def on_duty(first_on: date, last_on: date) -> ColumnElement[bool]:
    """Limit `Assignment` rows to those that have the duty on all of these days (exits count once confirmed)."""
    return and_(
        Assignment.from_on <= first_on,
        or_(Assignment.to_on.is_(None), Assignment.exit_confirmed_at.is_(None), Assignment.to_on >= last_on),
    )


async def find_own_site(tx: Tx, person_id: UUID, project_id: UUID) -> SiteRow | None:
    """Return a project on which the person has, or had, a post."""
    query = select(Project.id, Project.name, Project.district_id, Project.time_zone, Project.cutover).where(
        Project.id == project_id,
        select(Assignment.id).where(Assignment.project_id == project_id, Assignment.person_id == person_id).exists(),
    )
    row = (await tx.execute(query)).one_or_none()
    return None if row is None else SiteRow(*row)


async def posts_held(tx: Tx, project_id: UUID, person_id: UUID, on: date) -> list[tuple[str, UUID]]:
    """Return the posts that a person holds on a day, each with its party."""
    query = (
        select(Post.kind, Post.party_id)
        .join(Assignment, and_(Assignment.project_id == Post.project_id, Assignment.post_id == Post.id))
        .where(Assignment.project_id == project_id, Assignment.person_id == person_id, on_duty(on, on))
        .order_by(Post.kind, Post.id)
    )
    return [(row[0], row[1]) for row in await tx.execute(query)]


async def list_deputies(
    tx: Tx, project_id: UUID, party_id: UUID, person_id: UUID, posts: frozenset[str], first_on: date, last_on: date
) -> Sequence[AnyRow]:
    """Return who could stand in: on duty on a fitting post of the party in all of the days, and not on leave."""
    away = (
        select(RequestState.request_id)
        .where(
            RequestState.project_id == project_id,
            RequestState.person_id == Assignment.person_id,
            RequestState.kind == "leave",
            RequestState.state.not_in(_GONE),
            RequestState.first_on <= last_on,
            RequestState.last_on >= first_on,
        )
        .exists()
    )
    query = (
        select(Person.id, Person.name, Post.kind)
        .select_from(Assignment)
        .join(Post, and_(Post.project_id == Assignment.project_id, Post.id == Assignment.post_id))
        .join(Person, Person.id == Assignment.person_id)
        .where(
            Assignment.project_id == project_id,
            Assignment.person_id != person_id,
            Post.party_id == party_id,
            Post.kind.in_(sorted(posts)),
            on_duty(first_on, last_on),
            ~away,
        )
        .order_by(Post.kind, Person.name, Person.id)
        .limit(200)
    )
    return (await tx.execute(query)).all()


async def list_rules(tx: Tx, site: SiteRow) -> list[DatedRule]:
    """Return the rules of a project, its district and the city."""
    query = DATED_RULES.where(
        or_(
            RequestRule.project_id == site.id,
            RequestRule.district_id == site.district_id,
            and_(RequestRule.project_id.is_(None), RequestRule.district_id.is_(None)),
        )
    )
    return [DatedRule(*row) for row in await tx.execute(query)]


async def list_black_outs(tx: Tx, site: SiteRow, first_on: date, last_on: date) -> list[BlackOut]:
    """Return the days without leave of project, district and city that touch a span."""
    query = select(LeaveBlackOut.name, LeaveBlackOut.first_on, LeaveBlackOut.last_on, LeaveBlackOut.posts).where(
        LeaveBlackOut.lifted_at.is_(None),
        LeaveBlackOut.first_on <= last_on,
        LeaveBlackOut.last_on >= first_on,
        or_(
            LeaveBlackOut.project_id == site.id,
            LeaveBlackOut.district_id == site.district_id,
            and_(LeaveBlackOut.project_id.is_(None), LeaveBlackOut.district_id.is_(None)),
        ),
    )
    return [BlackOut(row[0], row[1], row[2], tuple(row[3])) for row in await tx.execute(query)]


async def list_taken(tx: Tx, project_id: UUID, person_id: UUID, first_on: date, last_on: date) -> list[Taken]:
    """Return a person's leave on a project, asked for or approved, that touches a span."""
    query = (
        select(RequestFiling.reason, RequestState.first_on, RequestState.last_on)
        .join(
            RequestState,
            and_(RequestState.project_id == RequestFiling.project_id, RequestState.request_id == RequestFiling.id),
        )
        .where(
            RequestState.project_id == project_id,
            RequestState.person_id == person_id,
            RequestState.kind == "leave",
            RequestState.state.not_in(_GONE),
            RequestState.first_on <= last_on,
            RequestState.last_on >= first_on,
        )
    )
    return [Taken(*row) for row in await tx.execute(query)]


async def count_make_ups(tx: Tx, project_id: UUID, person_id: UUID, first_on: date, last_on: date) -> int:
    """Return how many punches of days in a span a person has asked for as make-ups, refused ones aside."""
    query = select(func.count()).where(
        RequestClaim.project_id == project_id,
        RequestClaim.person_id == person_id,
        RequestClaim.kind == "make_up",
        RequestClaim.stands,
        RequestClaim.work_on >= first_on,
        RequestClaim.work_on <= last_on,
    )
    return int((await tx.scalar(query)) or 0)
