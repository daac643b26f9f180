"""Starts, refreshes and ends sessions; a second hand on a refresh token ends the whole family.

A refusal that must leave a trace (a revoked family, a counted attempt) cannot be an exception inside the
transaction, since an exception undoes it. Use cases of that kind *return* the error; the edge commits and
then raises it (`settled`).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar
from uuid import UUID

from sqlalchemy import ColumnElement, insert, update

from backend.identity import queries, session_queries
from backend.identity.audit import record_act
from backend.identity.delivery_addresses import end_addresses_of_sessions
from backend.identity.errors import RefreshExhausted, SessionEnded, SessionRevoked
from backend.identity.refresh import Lifetimes, Verdict, draw_secret, hash_secret, judge
from backend.identity.services import IdentityServices
from backend.identity.tables import RefreshToken, SessionFamily
from backend.identity.tokens import Holder
from backend.kit.clock import Clock
from backend.kit.db import Tx
from backend.kit.errors import DaogangError
from backend.kit.guards import Actor
from backend.kit.ids import new_id

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Session:
    """What a client gets: a short access token, a refresh token shown once, and who he is."""

    access_token: str
    access_expires_at: datetime
    refresh_token: str
    refresh_expires_at: datetime
    account_id: UUID
    person_id: UUID | None
    phone_id: UUID | None
    roles: frozenset[str]


def settled(outcome: T | DaogangError) -> T:
    """Raise an outcome that is a refusal; called after the transaction was committed."""
    if isinstance(outcome, DaogangError):
        raise outcome
    return outcome


async def start_session(
    tx: Tx,
    account_id: UUID,
    person_id: UUID | None,
    phone_id: UUID | None,
    lifetimes: Lifetimes,
    *,
    clock: Clock,
    services: IdentityServices,
) -> Session:
    """Open a session family for someone who has just proved who he is."""
    now = clock.now()
    family_id = new_id(now)
    ends_at = now + lifetimes.whole
    await tx.execute(
        insert(SessionFamily).values(
            id=family_id,
            account_id=account_id,
            phone_id=phone_id,
            created_at=now,
            expires_at=ends_at,
            key_attestation=None if phone_id is None else await session_queries.find_key_attestation(tx, phone_id),
        )
    )
    family = session_queries.FamilyRow(family_id, account_id, person_id, phone_id, ends_at, None, "active")
    return await _issue(tx, family, None, now, services)


async def refresh_session(
    tx: Tx, refresh_token: str, *, clock: Clock, services: IdentityServices
) -> Session | DaogangError:
    """Exchange a refresh token for the next one and a new access token.

    Returns `SessionEnded` (unknown, expired or revoked), `RefreshExhausted` (retried too often; the
    session lives) or `SessionRevoked` (used by two hands: the family is revoked in this transaction,
    which must therefore be committed). Concurrent calls for one session take turns.
    """
    found = await session_queries.find_token_family(tx, hash_secret(refresh_token))
    if found is None:
        return SessionEnded()
    token_id, family_id = found
    family = await session_queries.lock_family(tx, family_id)
    now = clock.now()
    verdict = judge(await session_queries.find_presented(tx, token_id, family), now)
    if verdict is Verdict.REUSED:
        await _revoke(tx, SessionFamily.id == family.id, "refresh_reused", now)
        await record_act(
            tx,
            None,
            "session.revoked",
            "account",
            family.account_id,
            {"reason": "refresh_reused", "family_id": family.id, "phone_id": family.phone_id},
            clock=clock,
        )
        return SessionRevoked()
    if verdict is Verdict.EXHAUSTED:
        return RefreshExhausted()
    if verdict is Verdict.ENDED or family.account_state != "active":
        return SessionEnded()
    if verdict is Verdict.ROTATE:
        await tx.execute(update(RefreshToken).where(RefreshToken.id == token_id).values(used_at=now))
    return await _issue(tx, family, token_id, now, services)


async def end_session(tx: Tx, actor: Actor, *, clock: Clock) -> None:
    """Log out: the session that the actor's token belongs to cannot be refreshed any more, nor pushed to."""
    now = clock.now()
    await _revoke(tx, SessionFamily.id == actor.family_id, "logged_out", now)
    await end_addresses_of_sessions(tx, SessionFamily.id == actor.family_id, "logged_out", now)


async def end_all_sessions(tx: Tx, account_id: UUID, reason: str, *, clock: Clock) -> int:
    """Revoke every live session of an account; return how many there were.

    Access tokens already issued hold until they expire, fifteen minutes at most, but reach no rows.
    """
    return await _revoke(tx, SessionFamily.account_id == account_id, reason, clock.now())


async def _revoke(tx: Tx, condition: ColumnElement[bool], reason: str, now: datetime) -> int:
    statement = update(SessionFamily).where(condition, SessionFamily.revoked_at.is_(None))
    outcome = await tx.execute(statement.values(revoked_at=now, revoke_reason=reason))
    return outcome.rowcount


async def _issue(
    tx: Tx, family: session_queries.FamilyRow, parent_id: UUID | None, now: datetime, services: IdentityServices
) -> Session:
    lifetimes = services.staff_lifetimes if family.person_id is None else services.phone_lifetimes
    expires_at = min(now + lifetimes.idle, family.expires_at)
    secret = draw_secret()
    await tx.execute(
        insert(RefreshToken).values(
            id=new_id(now),
            family_id=family.id,
            parent_id=parent_id,
            secret_hash=hash_secret(secret),
            issued_at=now,
            expires_at=expires_at,
        )
    )
    roles = await queries.roles_of(tx, family.account_id, family.person_id)
    access = services.access.issue(Holder(family.account_id, family.person_id, family.id, roles), now)
    return Session(
        access_token=access.token,
        access_expires_at=access.expires_at,
        refresh_token=secret,
        refresh_expires_at=expires_at,
        account_id=family.account_id,
        person_id=family.person_id,
        phone_id=family.phone_id,
        roles=roles,
    )
