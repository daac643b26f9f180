"""The SELECTs of requests: what the actor may see of them, and whether he decides on one."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, or_, select
from sqlalchemy.orm import aliased

from backend.attendance.requests.kinds import CITY_LEVEL, DISTRICT_LEVEL, OPEN, PARTY_LEVEL, RequestKind, State
from backend.attendance.requests.tables import RequestClaim, RequestFiling, RequestState, RequestStep
from backend.identity.tables import Account
from backend.kit.db import AnyRow, Tx
from backend.kit.guards import Actor
from backend.ledger.tables import Ruling
from backend.sites.person_rights import decides_for_others, sees_person
from backend.sites.queries import city_wide, supervised_projects, visible_projects
from backend.sites.tables import Company, Person, Project, ProjectParty

READ = "requests.read"
ENDORSE = "requests.endorse"
DECIDE = "requests.decide"

_STATE_OF = and_(RequestState.project_id == RequestFiling.project_id, RequestState.request_id == RequestFiling.id)
Deputy = aliased(Person)


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
            RequestState.last_on.label("stands_until"),
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
