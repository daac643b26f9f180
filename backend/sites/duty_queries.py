"""The SELECTs of posts, assignments and policy versions, with typed rows."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Select, and_, func, or_, select

from backend.kit.db import Tx
from backend.kit.guards import Actor
from backend.sites.model import Stay
from backend.sites.posts import UNWATCHED_POSTS
from backend.sites.queries import READ, visible_party
from backend.sites.tables import Assignment, Company, Person, Post, ProjectParty, SitePolicyVersion


@dataclass(frozen=True, slots=True)
class PostRow:
    """A post with the party it belongs to."""

    id: UUID
    project_id: UUID
    kind: str
    seats: int
    party_id: UUID
    party_kind: str
    company_name: str


@dataclass(frozen=True, slots=True)
class AssignmentRow:
    """An assignment with the names of person, post and company."""

    id: UUID
    project_id: UUID
    post_id: UUID
    post_kind: str
    party_id: UUID
    party_kind: str
    company_name: str
    person_id: UUID
    person_name: str
    section_id: UUID | None
    from_on: date
    to_on: date | None
    exit_confirmed_at: datetime | None


@dataclass(frozen=True, slots=True)
class AssignmentFilter:
    """What a list of assignments is narrowed to; `on` keeps those on duty that day."""

    on: date | None = None
    person_id: UUID | None = None
    post_id: UUID | None = None
    kind: str | None = None


@dataclass(frozen=True, slots=True)
class PolicyRow:
    """One version of a site's policy."""

    project_id: UUID
    version: int
    valid_from: datetime
    body: dict[str, Any]
    set_by: UUID
    set_at: datetime


_POST = (
    Post.id,
    Post.project_id,
    Post.kind,
    Post.seats,
    Post.party_id,
    ProjectParty.kind.label("party_kind"),
    Company.name.label("company_name"),
)
_ASSIGNMENT = (
    Assignment.id,
    Assignment.project_id,
    Assignment.post_id,
    Post.kind.label("post_kind"),
    Post.party_id,
    ProjectParty.kind.label("party_kind"),
    Company.name.label("company_name"),
    Assignment.person_id,
    Person.name.label("person_name"),
    Assignment.section_id,
    Assignment.from_on,
    Assignment.to_on,
    Assignment.exit_confirmed_at,
)
_POLICY = (
    SitePolicyVersion.project_id,
    SitePolicyVersion.version,
    SitePolicyVersion.valid_from,
    SitePolicyVersion.body,
    SitePolicyVersion.set_by,
    SitePolicyVersion.set_at,
)


def _posts(actor: Actor, project_id: UUID, scope: str) -> Select[*tuple[Any, ...]]:
    return (
        select(*_POST)
        .join(ProjectParty, and_(ProjectParty.project_id == Post.project_id, ProjectParty.id == Post.party_id))
        .join(Company, Company.id == ProjectParty.company_id)
        .where(Post.project_id == project_id, visible_party(actor, scope, Post.project_id, Post.party_id))
        .order_by(ProjectParty.kind, Post.id)
    )


async def list_posts(tx: Tx, actor: Actor, project_id: UUID) -> list[PostRow]:
    """Return the posts of a project's parties that the actor reaches."""
    return [PostRow(*row) for row in await tx.execute(_posts(actor, project_id, READ))]


async def find_post(tx: Tx, actor: Actor, project_id: UUID, post_id: UUID, *, scope: str = READ) -> PostRow | None:
    """Return a post if the actor reaches it with `scope`."""
    row = (await tx.execute(_posts(actor, project_id, scope).where(Post.id == post_id))).one_or_none()
    return None if row is None else PostRow(*row)


def _assignments(actor: Actor, project_id: UUID, scope: str) -> Select[*tuple[Any, ...]]:
    return (
        select(*_ASSIGNMENT)
        .join(Post, and_(Post.project_id == Assignment.project_id, Post.id == Assignment.post_id))
        .join(ProjectParty, and_(ProjectParty.project_id == Post.project_id, ProjectParty.id == Post.party_id))
        .join(Company, Company.id == ProjectParty.company_id)
        .join(Person, Person.id == Assignment.person_id)
        .where(Assignment.project_id == project_id, visible_party(actor, scope, Assignment.project_id, Post.party_id))
    )


async def list_assignments(
    tx: Tx, actor: Actor, project_id: UUID, wanted: AssignmentFilter, *, limit: int, after: UUID | None
) -> list[AssignmentRow]:
    """Return up to `limit` assignments of a project that the actor reaches, in the order of their entry."""
    statement = _assignments(actor, project_id, READ).order_by(Assignment.id).limit(limit)
    if after is not None:
        statement = statement.where(Assignment.id > after)
    if wanted.on is not None:
        statement = statement.where(
            Assignment.from_on <= wanted.on,
            or_(Assignment.to_on.is_(None), Assignment.exit_confirmed_at.is_(None), Assignment.to_on >= wanted.on),
        )
    if wanted.person_id is not None:
        statement = statement.where(Assignment.person_id == wanted.person_id)
    if wanted.post_id is not None:
        statement = statement.where(Assignment.post_id == wanted.post_id)
    if wanted.kind is not None:
        statement = statement.where(Post.kind == wanted.kind)
    return [AssignmentRow(*row) for row in await tx.execute(statement)]


async def find_assignment(
    tx: Tx, actor: Actor, project_id: UUID, assignment_id: UUID, *, scope: str = READ, lock: bool = False
) -> AssignmentRow | None:
    """Return an assignment if the actor reaches it with `scope`; `lock` keeps others from changing it meanwhile."""
    statement = _assignments(actor, project_id, scope).where(Assignment.id == assignment_id)
    if lock:
        statement = statement.with_for_update(of=Assignment)
    row = (await tx.execute(statement)).one_or_none()
    return None if row is None else AssignmentRow(*row)


async def list_stays(tx: Tx, actor: Actor, project_id: UUID, *, post_id: UUID | None = None) -> list[tuple[UUID, Stay]]:
    """Return (post id, stay) of the assignments of a project that the actor reaches, on one post or on all watched.

    Posts of workers are not watched: they have as many seats as there is work.
    """
    wanted = Post.kind.not_in(sorted(UNWATCHED_POSTS)) if post_id is None else Post.id == post_id
    statement = (
        select(
            Assignment.post_id,
            Assignment.id,
            Assignment.person_id,
            Assignment.from_on,
            Assignment.to_on,
            Assignment.exit_confirmed_at.is_not(None),
        )
        .join(Post, and_(Post.project_id == Assignment.project_id, Post.id == Assignment.post_id))
        .where(
            Assignment.project_id == project_id,
            wanted,
            visible_party(actor, READ, Assignment.project_id, Post.party_id),
        )
        .order_by(Assignment.from_on, Assignment.id)
    )
    return [(row[0], Stay(*row[1:])) for row in await tx.execute(statement)]


async def find_policy(tx: Tx, project_id: UUID, at: datetime) -> PolicyRow | None:
    """Return the policy version in force at an instant: of those valid by then the highest."""
    statement = (
        select(*_POLICY)
        .where(SitePolicyVersion.project_id == project_id, SitePolicyVersion.valid_from <= at)
        .order_by(SitePolicyVersion.version.desc())
        .limit(1)
    )
    row = (await tx.execute(statement)).one_or_none()
    return None if row is None else PolicyRow(*row)


async def list_policies(tx: Tx, project_id: UUID) -> list[PolicyRow]:
    """Return all policy versions of a site, newest first."""
    statement = (
        select(*_POLICY)
        .where(SitePolicyVersion.project_id == project_id)
        .order_by(SitePolicyVersion.version.desc())
        .limit(200)
    )
    return [PolicyRow(*row) for row in await tx.execute(statement)]


async def last_policy_version(tx: Tx, project_id: UUID) -> int:
    """Return the number of the newest version, 0 when there is none."""
    statement = select(func.max(SitePolicyVersion.version)).where(SitePolicyVersion.project_id == project_id)
    return int(await tx.scalar(statement) or 0)
