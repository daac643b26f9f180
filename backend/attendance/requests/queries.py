"""The SELECTs of requests: what the actor may see of them, and what is needed to take and decide one."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, func, or_, select
from sqlalchemy.orm import aliased

from backend.attendance.requests.kinds import CITY_LEVEL, DISTRICT_LEVEL, OPEN, PARTY_LEVEL, RequestKind, State
from backend.attendance.requests.quotas import BlackOut, Taken
from backend.attendance.requests.rules import DatedRule
from backend.attendance.requests.tables import (
    LeaveBlackOut,
    RequestClaim,
    RequestFiling,
    RequestRule,
    RequestState,
    RequestStep,
)
from backend.identity.tables import Account
from backend.kit.db import AnyRow, Tx
from backend.kit.guards import Actor
from backend.ledger.tables import Ruling
from backend.sites.person_rights import decides_for_others, sees_person
from backend.sites.queries import city_wide, supervised_projects, visible_projects
from backend.sites.tables import Assignment, Company, Person, Post, Project, ProjectParty

READ = "requests.read"
ENDORSE = "requests.endorse"
DECIDE = "requests.decide"

_STATE_OF = and_(RequestState.project_id == RequestFiling.project_id, RequestState.request_id == RequestFiling.id)
Deputy = aliased(Person)
_GONE = ("rejected", "withdrawn")


@dataclass(frozen=True, slots=True)
class SiteRow:
    """The project of a request, as its days are counted."""

    id: UUID
    name: str
    district_id: UUID
    time_zone: str
    cutover: time


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestFilter:
    """What a list of requests is narrowed to."""

    project_id: UUID | None = None
    district_id: UUID | None = None
    person_id: UUID | None = None
    kind: RequestKind | None = None
    state: State | None = None
    only_open: bool = False
    due_before: date | None = None
    waiting_for_me: bool = False


def _requests() -> Select[*tuple[Any, ...]]:
    return (
        select(
            RequestFiling,
            RequestState.state,
            RequestState.seq,
            RequestState.level,
            RequestState.due_on,
            RequestState.changed_at,
            Person.name.label("person_name"),
            Deputy.name.label("deputy_name"),
            Company.name.label("company_name"),
            ProjectParty.kind.label("party_kind"),
            Project.name.label("project_name"),
            Project.district_id,
            Project.time_zone,
            Project.cutover,
        )
        .join(RequestState, _STATE_OF)
        .join(Person, Person.id == RequestFiling.person_id)
        .join(Project, Project.id == RequestFiling.project_id)
        .join(
            ProjectParty,
            and_(ProjectParty.project_id == RequestFiling.project_id, ProjectParty.id == RequestFiling.party_id),
        )
        .join(Company, Company.id == ProjectParty.company_id)
        .outerjoin(Deputy, Deputy.id == RequestFiling.deputy_id)
    )


def _reached(actor: Actor) -> ColumnElement[bool]:
    project_id, person_id = RequestFiling.project_id, RequestFiling.person_id
    return or_(
        sees_person(actor, READ, project_id, person_id), decides_for_others(actor, DECIDE, project_id, person_id)
    )


def _waits_for(actor: Actor) -> ColumnElement[bool]:
    """Tell in SQL whether the actor could take the next step now."""
    project_id, person_id = RequestFiling.project_id, RequestFiling.person_id
    decides = or_(
        and_(RequestState.level == PARTY_LEVEL, decides_for_others(actor, DECIDE, project_id, person_id)),
        and_(RequestState.level <= DISTRICT_LEVEL, project_id.in_(supervised_projects(actor, DECIDE))),
        city_wide(actor, DECIDE),
    )
    return and_(
        RequestFiling.filed_by != actor.account_id,
        or_(
            and_(RequestState.state == "endorsing", project_id.in_(visible_projects(actor, ENDORSE))),
            and_(RequestState.state == "deciding", decides),
        ),
    )


async def list_requests(
    tx: Tx, actor: Actor, wanted: RequestFilter, *, before: tuple[datetime, UUID] | None, limit: int
) -> Sequence[AnyRow]:
    """Return the requests that the actor sees, latest first."""
    query = _requests().where(_reached(actor))
    for column, value in (
        (RequestFiling.project_id, wanted.project_id),
        (Project.district_id, wanted.district_id),
        (RequestFiling.person_id, wanted.person_id),
        (RequestFiling.kind, wanted.kind),
        (RequestState.state, wanted.state),
    ):
        if value is not None:
            query = query.where(column == value)
    if wanted.only_open or wanted.due_before is not None:
        query = query.where(RequestState.state.in_(sorted(OPEN)))
    if wanted.due_before is not None:
        query = query.where(RequestState.due_on < wanted.due_before)
    if wanted.waiting_for_me:
        query = query.where(_waits_for(actor))
    return (await tx.execute(_page(query, before, limit))).all()


async def list_own(
    tx: Tx, person_id: UUID, *, as_deputy: bool, before: tuple[datetime, UUID] | None, limit: int
) -> Sequence[AnyRow]:
    """Return a person's own requests, or those that name him as deputy, latest first."""
    mine = RequestFiling.deputy_id if as_deputy else RequestFiling.person_id
    return (await tx.execute(_page(_requests().where(mine == person_id), before, limit))).all()


def _page(
    query: Select[*tuple[Any, ...]], before: tuple[datetime, UUID] | None, limit: int
) -> Select[*tuple[Any, ...]]:
    if before is not None:
        at, request_id = before
        query = query.where(
            RequestFiling.filed_at <= at,
            or_(RequestFiling.filed_at < at, RequestFiling.id < request_id),
        )
    return query.order_by(RequestFiling.filed_at.desc(), RequestFiling.id.desc()).limit(limit)


async def find_request(tx: Tx, project_id: UUID, request_id: UUID, *, actor: Actor | None = None) -> AnyRow | None:
    """Return a request, to those alone whom it concerns if an actor is named."""
    query = _requests().where(RequestFiling.project_id == project_id, RequestFiling.id == request_id)
    if actor is not None:
        query = query.where(_reached(actor))
    return (await tx.execute(query)).one_or_none()


async def find_by_id(tx: Tx, request_id: UUID) -> AnyRow | None:
    """Return a request by its id alone, whoever asks."""
    return (await tx.execute(_requests().where(RequestFiling.id == request_id))).one_or_none()


async def lock_request(tx: Tx, project_id: UUID, request_id: UUID) -> None:
    """Keep others from moving the request until the transaction ends."""
    await tx.execute(
        select(RequestState.seq)
        .where(RequestState.project_id == project_id, RequestState.request_id == request_id)
        .with_for_update()
    )


async def lock_person(tx: Tx, person_id: UUID) -> None:
    """Keep other filings of the person waiting until the transaction ends."""
    await tx.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(f"request:{person_id}", 0))))


async def list_steps(tx: Tx, project_id: UUID, request_id: UUID) -> Sequence[AnyRow]:
    """Return a request's steps, first to last."""
    query = (
        select(RequestStep, Account.display_name)
        .outerjoin(Account, Account.id == RequestStep.account_id)
        .where(RequestStep.project_id == project_id, RequestStep.request_id == request_id)
        .order_by(RequestStep.seq)
    )
    return (await tx.execute(query)).all()


async def list_claims(tx: Tx, keys: Sequence[tuple[UUID, UUID]]) -> dict[UUID, list[AnyRow]]:
    """Return the punches that requests (project and id) ask for, by request, in before out."""
    found: dict[UUID, list[AnyRow]] = {}
    if not keys:
        return found
    query = (
        select(RequestClaim)
        .where(
            RequestClaim.project_id.in_({project_id for project_id, _ in keys}),
            RequestClaim.request_id.in_([request_id for _, request_id in keys]),
        )
        .order_by(RequestClaim.request_id, RequestClaim.direction)
    )
    for row in await tx.execute(query):
        found.setdefault(row.request_id, []).append(row)
    return found


async def decides_for_party(tx: Tx, actor: Actor, project_id: UUID, person_id: UUID) -> bool:
    """Tell whether the actor decides on the person's requests as another party of the project."""
    return bool(await tx.scalar(select(decides_for_others(actor, DECIDE, project_id, person_id))))


async def decides_for_public(tx: Tx, actor: Actor, project_id: UUID) -> int | None:
    """Return up to which level the actor decides on a project for the district or the city; None for others."""
    if await tx.scalar(select(city_wide(actor, DECIDE))):
        return CITY_LEVEL
    query = supervised_projects(actor, DECIDE).where(Project.id == project_id).limit(1)
    return None if await tx.scalar(query) is None else DISTRICT_LEVEL


async def who_ruled(tx: Tx, project_id: UUID, punch_id: UUID) -> set[UUID]:
    """Return the accounts that ruled on a punch."""
    query = select(Ruling.ruled_by).where(
        Ruling.project_id == project_id, Ruling.punch_id == punch_id, Ruling.ruled_by.is_not(None)
    )
    return {by for (by,) in await tx.execute(query) if by is not None}


async def may_endorse(tx: Tx, actor: Actor, project_id: UUID) -> bool:
    """Tell whether the actor administers the project."""
    query = visible_projects(actor, ENDORSE).where(Project.id == project_id).limit(1)
    return await tx.scalar(query) is not None


# --- what filing needs to know ----------------------------------------------------------------------


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
    query = select(
        RequestRule.id,
        RequestRule.kind,
        RequestRule.district_id,
        RequestRule.project_id,
        RequestRule.valid_from,
        RequestRule.set_at,
        RequestRule.body,
    ).where(
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
        .join(RequestState, _STATE_OF)
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
