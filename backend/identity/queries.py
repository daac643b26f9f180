"""The SELECTs of accounts, grants and the audit log, with who may see which rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, exists, or_, select
from sqlalchemy.orm import aliased

from backend.identity.roles import Role, roles_with
from backend.identity.tables import Account, AuditEvent, RoleGrant, SessionFamily
from backend.kit.db import Tx
from backend.kit.guards import Actor


@dataclass(frozen=True, slots=True)
class AccountRow:
    """An account without its secrets; the phone number is still encrypted."""

    id: UUID
    kind: str
    display_name: str
    username: str | None
    person_id: UUID | None
    phone_cipher: bytes | None
    state: str
    created_at: datetime
    disabled_at: datetime | None


@dataclass(frozen=True, slots=True)
class GrantRow:
    """One live grant."""

    id: UUID
    account_id: UUID
    role: str
    district_id: UUID | None
    project_id: UUID | None
    party_id: UUID | None
    granted_at: datetime


@dataclass(frozen=True, slots=True)
class AuditRow:
    """One act of the audit log."""

    id: UUID
    at: datetime
    actor_id: UUID | None
    action: str
    object_type: str
    object_id: str
    project_id: UUID | None
    detail: dict[str, Any]
    request_id: str | None


_ACCOUNT = (
    Account.id,
    Account.kind,
    Account.display_name,
    Account.username,
    Account.person_id,
    Account.phone_cipher,
    Account.state,
    Account.created_at,
    Account.disabled_at,
)
_GRANT = (
    RoleGrant.id,
    RoleGrant.account_id,
    RoleGrant.role,
    RoleGrant.district_id,
    RoleGrant.project_id,
    RoleGrant.party_id,
    RoleGrant.granted_at,
)
_AUDIT = (
    AuditEvent.id,
    AuditEvent.at,
    AuditEvent.actor_id,
    AuditEvent.action,
    AuditEvent.object_type,
    AuditEvent.object_id,
    AuditEvent.project_id,
    AuditEvent.detail,
    AuditEvent.request_id,
)


def is_still_in(actor: Actor) -> ColumnElement[bool]:
    """Tell in SQL whether the actor's account is active and his session not revoked, whatever his token still says.

    Part of every condition on rows: who was shut out a minute ago reaches nothing with the rest of his token's life.
    """
    own, session = aliased(Account), aliased(SessionFamily)
    return and_(
        exists(select(own.id).where(own.id == actor.account_id, own.state == "active")),
        ~exists(select(session.id).where(session.id == actor.family_id, session.revoked_at.is_not(None))),
    )


def _city_wide(actor: Actor, scope: str) -> ColumnElement[bool]:
    """Tell in SQL whether the actor holds, now, a role with `scope` over the whole city."""
    mine = aliased(RoleGrant)
    return exists(
        select(mine.id).where(
            mine.account_id == actor.account_id,
            mine.revoked_at.is_(None),
            mine.role.in_(sorted(roles_with(scope))),
            mine.district_id.is_(None),
            mine.project_id.is_(None),
            is_still_in(actor),
        )
    )


def visible_accounts(actor: Actor) -> ColumnElement[bool]:
    """Limit `Account` rows: all for city-wide readers, else those who share a district or project with a grant."""
    mine, theirs = aliased(RoleGrant), aliased(RoleGrant)
    shared = exists(
        select(theirs.id)
        .join(
            mine,
            or_(
                and_(mine.district_id.is_not(None), mine.district_id == theirs.district_id),
                and_(mine.project_id.is_not(None), mine.project_id == theirs.project_id),
            ),
        )
        .where(
            theirs.account_id == Account.id,
            theirs.revoked_at.is_(None),
            mine.account_id == actor.account_id,
            mine.revoked_at.is_(None),
            mine.role.in_(sorted(roles_with("identity.accounts.read"))),
            is_still_in(actor),
        )
    )
    return or_(_city_wide(actor, "identity.accounts.read"), shared)


def visible_audit(actor: Actor) -> ColumnElement[bool]:
    """Limit `AuditEvent` rows: all for city-wide readers, else those of projects granted by name."""
    mine = aliased(RoleGrant)
    granted = select(mine.project_id).where(
        mine.account_id == actor.account_id,
        mine.revoked_at.is_(None),
        mine.project_id.is_not(None),
        mine.role.in_(sorted(roles_with("audit.read"))),
        is_still_in(actor),
    )
    return or_(_city_wide(actor, "audit.read"), AuditEvent.project_id.in_(granted))


async def find_account(tx: Tx, account_id: UUID, actor: Actor | None = None) -> AccountRow | None:
    """Return an account; with `actor`, only if he may see it."""
    statement = select(*_ACCOUNT).where(Account.id == account_id)
    if actor is not None:
        statement = statement.where(visible_accounts(actor))
    row = (await tx.execute(statement)).one_or_none()
    return None if row is None else AccountRow(*row)


async def lock_account(tx: Tx, account_id: UUID) -> AccountRow | None:
    """Return an account and lock it until the transaction ends: acts on one account queue up."""
    row = (await tx.execute(select(*_ACCOUNT).where(Account.id == account_id).with_for_update())).one_or_none()
    return None if row is None else AccountRow(*row)


async def list_accounts(
    tx: Tx, actor: Actor, *, limit: int, after: UUID | None, role: str | None = None
) -> list[AccountRow]:
    """Return up to `limit` visible accounts in the order of their ids (that of their creation)."""
    statement = select(*_ACCOUNT).where(visible_accounts(actor)).order_by(Account.id).limit(limit)
    if after is not None:
        statement = statement.where(Account.id > after)
    if role is not None:
        held = exists(
            select(RoleGrant.id).where(
                RoleGrant.account_id == Account.id, RoleGrant.role == role, RoleGrant.revoked_at.is_(None)
            )
        )
        statement = statement.where(held)
    return [AccountRow(*row) for row in await tx.execute(statement)]


async def grants_of(tx: Tx, account_ids: Sequence[UUID]) -> list[GrantRow]:
    """Return the live grants of these accounts, oldest first."""
    statement = (
        select(*_GRANT)
        .where(RoleGrant.account_id.in_(account_ids), RoleGrant.revoked_at.is_(None))
        .order_by(RoleGrant.account_id, RoleGrant.granted_at, RoleGrant.id)
    )
    return [GrantRow(*row) for row in await tx.execute(statement)]


async def roles_of(tx: Tx, account_id: UUID, person_id: UUID | None) -> frozenset[str]:
    """Return the roles an account holds now; who has a person's account is a key person by that alone."""
    statement = select(RoleGrant.role).where(RoleGrant.account_id == account_id, RoleGrant.revoked_at.is_(None))
    granted = set(await tx.scalars(statement))
    return frozenset(granted | ({Role.KEY_PERSON.value} if person_id is not None else set()))


async def roles_held_by(tx: Tx, actor: Actor) -> frozenset[str]:
    """Return the roles that the actor holds now; none once his account is disabled or his session revoked."""
    statement = select(RoleGrant.role).where(
        RoleGrant.account_id == actor.account_id, RoleGrant.revoked_at.is_(None), is_still_in(actor)
    )
    return frozenset(await tx.scalars(statement))


async def phone_number_taken(tx: Tx, digests: Sequence[bytes], but: UUID | None = None) -> bool:
    """Tell whether another account than `but` has the phone number."""
    statement = select(Account.id).where(Account.phone_blind.in_(digests))
    if but is not None:
        statement = statement.where(Account.id != but)
    return (await tx.execute(statement.limit(1))).first() is not None


async def list_audit(
    tx: Tx,
    actor: Actor,
    *,
    limit: int,
    before: UUID | None = None,
    action: str | None = None,
    object_type: str | None = None,
    object_id: str | None = None,
) -> list[AuditRow]:
    """Return up to `limit` visible acts, newest first, older than the act `before`."""
    statement = select(*_AUDIT).where(visible_audit(actor)).order_by(AuditEvent.id.desc()).limit(limit)
    if before is not None:
        statement = statement.where(AuditEvent.id < before)
    if action is not None:
        statement = statement.where(AuditEvent.action == action)
    if object_type is not None:
        statement = statement.where(AuditEvent.object_type == object_type)
    if object_id is not None:
        statement = statement.where(AuditEvent.object_id == object_id)
    return [AuditRow(*row) for row in await tx.execute(statement)]
