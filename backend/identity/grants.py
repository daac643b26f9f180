"""Gives and takes offices: a role over a district, a project, a party of a project, or the city."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import insert, update

from backend.identity import queries
from backend.identity.audit import record_act
from backend.identity.authority import require_authority
from backend.identity.errors import (
    AccountUnknown,
    GrantPresent,
    GrantRowsWrong,
    GrantTargetUnknown,
    GrantUnknown,
    NotStaffAccount,
)
from backend.identity.roles import Role, Rows, rows_allowed, rows_wanted
from backend.identity.tables import RoleGrant
from backend.kit.clock import Clock
from backend.kit.db import Tx, translate_violations
from backend.kit.guards import Actor
from backend.kit.ids import new_id

_VIOLATIONS = {
    "uq_role_grant_live": GrantPresent,
    "fk_role_grant_district": GrantTargetUnknown,
    "fk_role_grant_project": GrantTargetUnknown,
    "fk_role_grant_party": GrantTargetUnknown,
    "ck_role_grant_rows": GrantRowsWrong,
}


@dataclass(frozen=True, slots=True)
class Grant:
    """A role and the rows it reaches; a party is always named together with its project."""

    role: Role
    district_id: UUID | None = None
    project_id: UUID | None = None
    party_id: UUID | None = None

    def rows(self) -> Rows | None:
        """Return what the grant names; None when the combination means nothing."""
        match (self.district_id is not None, self.project_id is not None, self.party_id is not None):
            case (False, False, False):
                return Rows.CITY
            case (True, False, False):
                return Rows.DISTRICT
            case (False, True, False):
                return Rows.PROJECT
            case (False, True, True):
                return Rows.PARTY
            case _:
                return None


async def grant_role(tx: Tx, actor: Actor | None, account_id: UUID, grant: Grant, *, clock: Clock) -> UUID:
    """Give a staff account a role and return the grant's id; it takes effect at the account's next refresh.

    `actor` None is the installation itself. Raises `GrantRowsWrong` (a district officer without a district
    would be the whole city's), `AccountUnknown`, `NotStaffAccount`, `OwnAccount`, `GrantBeyondOwn`,
    `GrantPresent` or `GrantTargetUnknown`.
    """
    rows = grant.rows()
    if rows is None or not rows_allowed(grant.role, rows):
        raise GrantRowsWrong(role=grant.role.value, wanted=" / ".join(rows_wanted(grant.role)) or "-")
    account = await queries.lock_account(tx, account_id)
    if account is None:
        raise AccountUnknown
    if account.kind != "staff":
        raise NotStaffAccount
    if actor is not None:
        held = await queries.roles_of(tx, account_id, None)
        await require_authority(tx, actor, account_id, held | {grant.role.value})
    now = clock.now()
    grant_id = new_id(now)
    with translate_violations(_VIOLATIONS):
        await tx.execute(
            insert(RoleGrant).values(
                id=grant_id,
                account_id=account_id,
                role=grant.role.value,
                district_id=grant.district_id,
                project_id=grant.project_id,
                party_id=grant.party_id,
                granted_by=None if actor is None else actor.account_id,
                granted_at=now,
            )
        )
    await record_act(
        tx,
        actor,
        "role.granted",
        "account",
        account_id,
        {
            "grant_id": grant_id,
            "role": grant.role.value,
            "district_id": grant.district_id,
            "party_id": grant.party_id,
        },
        clock=clock,
        project_id=grant.project_id,
    )
    return grant_id


async def revoke_grant(tx: Tx, actor: Actor, account_id: UUID, grant_id: UUID, *, clock: Clock) -> None:
    """Take a role back: its rows are closed at once, its scopes within the life of an access token.

    Raises `AccountUnknown`, `GrantUnknown`, `OwnAccount` or `GrantBeyondOwn`.
    """
    account = await queries.lock_account(tx, account_id)
    if account is None:
        raise AccountUnknown
    await require_authority(tx, actor, account_id, await queries.roles_of(tx, account_id, None))
    statement = (
        update(RoleGrant)
        .where(RoleGrant.id == grant_id, RoleGrant.account_id == account_id, RoleGrant.revoked_at.is_(None))
        .values(revoked_at=clock.now())
        .returning(RoleGrant.role, RoleGrant.project_id)
    )
    row = (await tx.execute(statement)).one_or_none()
    if row is None:
        raise GrantUnknown
    detail = {"grant_id": grant_id, "role": row[0]}
    await record_act(tx, actor, "role.revoked", "account", account_id, detail, clock=clock, project_id=row[1])
