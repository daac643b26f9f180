"""The SELECTs of people: by id, name, whole numbers and last four, always within the rows of the one who asks."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, exists, or_, select

from backend.identity.tables import Account
from backend.kit.db import Tx
from backend.kit.guards import Actor
from backend.sites.queries import READ, city_wide, containing, visible_party, visible_projects
from backend.sites.tables import Assignment, Person, PersonRenaming, Post


@dataclass(frozen=True, slots=True)
class RenamingRow:
    """That a person was given another name."""

    id: UUID
    name_before: str
    name_after: str
    renamed_at: datetime
    renamed_by: UUID


@dataclass(frozen=True, slots=True)
class PersonRow:
    """A person with the numbers still encrypted."""

    id: UUID
    name: str
    document_type: str
    document_cipher: bytes
    phone_cipher: bytes | None
    phone_blind: bytes | None
    created_at: datetime


@dataclass(frozen=True, slots=True)
class PeopleFilter:
    """What a search of people is narrowed to; digests are those of every usable key."""

    words: str | None = None
    document: Sequence[bytes] | None = None
    document_last4: Sequence[bytes] | None = None
    phone: Sequence[bytes] | None = None
    phone_last4: Sequence[bytes] | None = None
    project_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class LoginRow:
    """The account with which a person logs in."""

    person_id: UUID
    account_id: UUID
    phone_blind: bytes | None


_PERSON = (
    Person.id,
    Person.name,
    Person.document_type,
    Person.document_cipher,
    Person.phone_cipher,
    Person.phone_blind,
    Person.created_at,
)


def visible_people(actor: Actor, scope: str = READ) -> ColumnElement[bool]:
    """Limit `Person` rows: those of reached parties, and those the actor entered while nobody assigned them.

    Who acts for the whole city reaches all. Who once held a post stays visible to its party and project: what he did
    there is still to be looked at. Asked row by row; `visible_among_many` asks for the same people once for all rows.
    """
    on_a_reached_post = exists(
        _assigned().where(
            Assignment.person_id == Person.id, visible_party(actor, scope, Assignment.project_id, Post.party_id)
        )
    )
    return or_(city_wide(actor, scope), _entered_and_free(actor), on_a_reached_post)


def visible_among_many(actor: Actor, scope: str = READ) -> ColumnElement[bool]:
    """Limit `Person` rows like `visible_people`, in the form that is quick when most rows are not for the actor."""
    reached = _assigned().where(
        Assignment.project_id.in_(visible_projects(actor, scope)),
        visible_party(actor, scope, Assignment.project_id, Post.party_id),
    )
    return or_(city_wide(actor, scope), _entered_and_free(actor), Person.id.in_(reached))


def _entered_and_free(actor: Actor) -> ColumnElement[bool]:
    return and_(
        Person.created_by == actor.account_id, ~exists(select(Assignment.id).where(Assignment.person_id == Person.id))
    )


def _assigned() -> Select[UUID]:
    return select(Assignment.person_id).join(
        Post, and_(Post.project_id == Assignment.project_id, Post.id == Assignment.post_id)
    )


async def find_person(tx: Tx, actor: Actor, person_id: UUID, *, scope: str = READ) -> PersonRow | None:
    """Return a person if the actor reaches him with `scope`."""
    statement = select(*_PERSON).where(Person.id == person_id, visible_people(actor, scope))
    row = (await tx.execute(statement)).one_or_none()
    return None if row is None else PersonRow(*row)


async def list_people(tx: Tx, actor: Actor, wanted: PeopleFilter, *, limit: int, after: UUID | None) -> list[PersonRow]:
    """Return up to `limit` people the actor reaches who fit all that is wanted, in the order of their entry."""
    by_number = any((wanted.document, wanted.document_last4, wanted.phone, wanted.phone_last4))
    visible = visible_people(actor) if by_number else visible_among_many(actor)
    statement: Select[*tuple[Any, ...]] = select(*_PERSON).where(visible).order_by(Person.id).limit(limit)
    if after is not None:
        statement = statement.where(Person.id > after)
    if wanted.words:
        statement = statement.where(Person.name.like(containing(wanted.words), escape="\\"))
    for column, digests in (
        (Person.document_blind, wanted.document),
        (Person.document_last4_blind, wanted.document_last4),
        (Person.phone_blind, wanted.phone),
        (Person.phone_last4_blind, wanted.phone_last4),
    ):
        if digests is not None:
            statement = statement.where(column.in_(digests))
    if wanted.project_id is not None:
        here = _assigned().where(
            Assignment.project_id == wanted.project_id,
            visible_party(actor, READ, Assignment.project_id, Post.party_id),
        )
        statement = statement.where(Person.id.in_(here))
    return [PersonRow(*row) for row in await tx.execute(statement)]


async def find_by_documents(tx: Tx, digests: Sequence[bytes]) -> dict[tuple[str, bytes], PersonRow]:
    """Return the people with these documents, whoever asks, by type and digest; for use cases that hold the numbers."""
    statement = select(*_PERSON, Person.document_blind).where(Person.document_blind.in_(digests))
    return {(row.document_type, row.document_blind): PersonRow(*row[:-1]) for row in await tx.execute(statement)}


async def is_reached(tx: Tx, actor: Actor, person_id: UUID) -> bool:
    """Tell whether the actor reaches the person."""
    return bool(await tx.scalar(select(Person.id).where(Person.id == person_id, visible_people(actor))))


async def assigned_elsewhere(tx: Tx, actor: Actor, person_ids: Sequence[UUID], *, scope: str) -> frozenset[UUID]:
    """Return those of the people who have, or had, a post on a project that the actor does not reach with `scope`."""
    statement = select(Assignment.person_id).where(
        Assignment.person_id.in_(person_ids), Assignment.project_id.not_in(visible_projects(actor, scope))
    )
    return frozenset(await tx.scalars(statement.distinct()))


async def lock_name(tx: Tx, person_id: UUID) -> str:
    """Return a person's name and lock him until the transaction ends: renamings of one person queue up."""
    statement = select(Person.name).where(Person.id == person_id).with_for_update(key_share=True)
    return (await tx.execute(statement)).scalar_one()


async def list_renamings(tx: Tx, person_id: UUID, *, limit: int, after: UUID | None) -> list[RenamingRow]:
    """Return up to `limit` renamings of a person, latest first, older than the renaming `after`."""
    statement = (
        select(
            PersonRenaming.id,
            PersonRenaming.name_before,
            PersonRenaming.name_after,
            PersonRenaming.renamed_at,
            PersonRenaming.renamed_by,
        )
        .where(PersonRenaming.person_id == person_id)
        .order_by(PersonRenaming.id.desc())
        .limit(limit)
    )
    if after is not None:
        statement = statement.where(PersonRenaming.id < after)
    return [RenamingRow(*row) for row in await tx.execute(statement)]


async def logins_of(tx: Tx, person_ids: Sequence[UUID]) -> dict[UUID, LoginRow]:
    """Return the accounts of these people."""
    statement = select(Account.person_id, Account.id, Account.phone_blind).where(Account.person_id.in_(person_ids))
    found: dict[UUID, LoginRow] = {}
    for person_id, account_id, phone_blind in await tx.execute(statement):
        if person_id is not None:
            found[person_id] = LoginRow(person_id, account_id, phone_blind)
    return found


async def logins_by_phone(tx: Tx, digests: Sequence[bytes]) -> dict[bytes, UUID | None]:
    """Return whose log-ins these phone numbers are (None: staff), by digest."""
    statement = select(Account.phone_blind, Account.person_id).where(Account.phone_blind.in_(digests))
    return {digest: person_id for digest, person_id in await tx.execute(statement) if digest is not None}
