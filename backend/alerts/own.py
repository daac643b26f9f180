"""What an account decides about its own alerts: how it is told, and who is told instead while its holder is away."""

from datetime import timedelta
from typing import Final
from uuid import UUID

import msgspec
from sqlalchemy import exists, insert, select, text, update

from backend.alerts.errors import DelegateInvalid, DelegationTaken, DelegationUnknown, SpanInvalid
from backend.alerts.recipients import READ, read_preferences
from backend.alerts.schemas import DelegationBody, DelegationOut
from backend.alerts.tables import AlertDelegation
from backend.alerts.telling_times import Preferences
from backend.identity.audit import record_act
from backend.identity.roles import roles_with
from backend.identity.tables import Account, RoleGrant
from backend.kit.clock import Clock
from backend.kit.db import AnyRow, Tx
from backend.kit.guards import Actor
from backend.kit.ids import new_id
from backend.sites.model import zone_of

LONGEST: Final = timedelta(days=90)
GRACE: Final = timedelta(minutes=5)

KEEP = """
INSERT INTO alert_preference (account_id, body, set_at) VALUES (:account_id, CAST(:body AS jsonb), :now)
ON CONFLICT (account_id) DO UPDATE SET body = excluded.body, set_at = excluded.set_at
"""

# One account's delegations are made one after the other, so that two never overlap.
ONE_BY_ONE = "SELECT pg_advisory_xact_lock(hashtextextended('alert_delegation ' || CAST(:account_id AS text), 0))"


async def show_preferences(tx: Tx, actor: Actor) -> Preferences:
    """Return how the actor is told."""
    return (await read_preferences(tx, {actor.account_id}))[actor.account_id]


async def set_preferences(tx: Tx, actor: Actor, body: Preferences, *, clock: Clock) -> Preferences:
    """Keep how the actor wants to be told; raises TimeZoneUnknown."""
    zone_of(body.time_zone)
    values = {"account_id": actor.account_id, "body": msgspec.json.encode(body).decode(), "now": clock.now()}
    await tx.execute(text(KEEP), values)
    return body


async def list_delegations(tx: Tx, actor: Actor) -> list[DelegationOut]:
    """Return the actor's delegations, latest first."""
    rows = (await tx.execute(_delegations(actor).order_by(AlertDelegation.set_at.desc()).limit(50))).all()
    return [_out(row) for row in rows]


async def delegate_alerts(tx: Tx, actor: Actor, body: DelegationBody, *, clock: Clock) -> DelegationOut:
    """Have somebody told instead of the actor for a while; he is told of what he may see himself.

    Raises SpanInvalid, DelegateInvalid (nobody of that name, not active, or nobody who reads alerts) or
    DelegationTaken.
    """
    now = clock.now()
    from_at = body.from_at or now
    if from_at < now - GRACE or not max(from_at, now) < body.until_at <= from_at + LONGEST:
        raise SpanInvalid
    delegate = await _find_delegate(tx, actor, body.username)
    await tx.execute(text(ONE_BY_ONE), {"account_id": actor.account_id})
    taken = select(AlertDelegation.id).where(
        AlertDelegation.account_id == actor.account_id,
        AlertDelegation.ended_at.is_(None),
        AlertDelegation.from_at < body.until_at,
        AlertDelegation.until_at > from_at,
    )
    if (await tx.execute(taken.limit(1))).first() is not None:
        raise DelegationTaken
    made = new_id(now)
    await tx.execute(
        insert(AlertDelegation).values(
            id=made,
            account_id=actor.account_id,
            delegate_id=delegate,
            from_at=from_at,
            until_at=body.until_at,
            note=body.note,
            set_by=actor.account_id,
            set_at=now,
        )
    )
    detail = {"delegate_id": delegate, "until_at": body.until_at.isoformat()}
    await record_act(tx, actor, "alerts.delegated", "alert_delegation", made, detail, clock=clock)
    return _out((await tx.execute(_delegations(actor).where(AlertDelegation.id == made))).one())


async def end_delegation(tx: Tx, actor: Actor, delegation_id: UUID, *, clock: Clock) -> DelegationOut:
    """End a delegation of the actor's now; ended ones stay as they are. Raises DelegationUnknown."""
    own = (AlertDelegation.id == delegation_id, AlertDelegation.account_id == actor.account_id)
    now = clock.now()
    ended = await tx.execute(
        update(AlertDelegation).where(*own, AlertDelegation.ended_at.is_(None)).values(ended_at=now)
    )
    row = (await tx.execute(_delegations(actor).where(AlertDelegation.id == delegation_id))).one_or_none()
    if row is None:
        raise DelegationUnknown
    if ended.rowcount:
        await record_act(tx, actor, "alerts.delegation_ended", "alert_delegation", delegation_id, {}, clock=clock)
    return _out(row)


async def _find_delegate(tx: Tx, actor: Actor, username: str) -> UUID:
    reads = exists(
        select(RoleGrant.id).where(
            RoleGrant.account_id == Account.id,
            RoleGrant.revoked_at.is_(None),
            RoleGrant.role.in_(sorted(roles_with(READ))),
        )
    )
    query = select(Account.id).where(
        Account.username == username.lower(), Account.state == "active", Account.id != actor.account_id, reads
    )
    found = (await tx.execute(query)).scalar_one_or_none()
    if found is None:
        raise DelegateInvalid
    return found


def _delegations(actor: Actor):  # noqa: ANN202 - a SELECT
    return (
        select(
            AlertDelegation.id,
            AlertDelegation.from_at,
            AlertDelegation.until_at,
            AlertDelegation.note,
            AlertDelegation.ended_at,
            Account.display_name,
        )
        .join(Account, Account.id == AlertDelegation.delegate_id)
        .where(AlertDelegation.account_id == actor.account_id)
    )


def _out(row: AnyRow) -> DelegationOut:
    return DelegationOut(
        id=row.id,
        delegate=row.display_name,
        from_at=row.from_at,
        until_at=row.until_at,
        note=row.note,
        ended_at=row.ended_at,
    )
