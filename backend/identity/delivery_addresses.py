"""Keeps where accounts are told of alerts: apps and browsers of their sessions, and what operators set for them.

An address of an app or a browser belongs to the session that named it. It ends with the session, it is one account's
at a time (who logs in on the same phone takes it over), and what it was is erased when it ends.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal, cast
from uuid import UUID

import msgspec
from sqlalchemy import ColumnElement, exists, func, insert, or_, select, update

from backend.identity.audit import record_act
from backend.identity.errors import AccountUnknown, AddressPresent, AddressUnknown, SessionEnded
from backend.identity.services import IdentityServices
from backend.identity.tables import Account, DeliveryAddress, SessionFamily
from backend.kit.clock import Clock
from backend.kit.crypto import Cell
from backend.kit.db import Tx, translate_violations
from backend.kit.guards import Actor
from backend.kit.ids import new_id

AddressKind = Literal["fcm_token", "fcm_installation", "web_push", "wecom", "dingtalk", "email", "sms"]
EndReason = Literal["logged_out", "moved", "replaced", "removed", "dead", "session_over"]
SAME: Final = {"fcm_token": "to", "fcm_installation": "to", "web_push": "endpoint", "email": "to", "sms": "to"}
"""The part by which two addresses of a kind are the same; robots are named by their key."""


@dataclass(frozen=True, slots=True)
class NewAddress:
    """An address of a kind with its parts, which are kept encrypted, and a word to know it by."""

    kind: AddressKind
    parts: Mapping[str, str]
    label: str = ""


@dataclass(frozen=True, slots=True)
class LiveAddress:
    """An address that may be written to now."""

    id: UUID
    account_id: UUID
    kind: AddressKind
    parts: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class SetAddress:
    """An address as administrators see it: never what it is."""

    id: UUID
    kind: str
    label: str
    of_session: bool
    set_at: datetime


async def name_own_address(
    tx: Tx, actor: Actor, address: NewAddress, *, clock: Clock, services: IdentityServices
) -> None:
    """Take the address of the app or browser that holds the actor's session, in place of what it named before.

    Whoever had it before loses it. The same address again changes nothing. Raises SessionEnded.
    """
    now = clock.now()
    digest = _digest(address, services)
    # Two sessions that name one address at once take turns.
    await tx.execute(select(func.pg_advisory_xact_lock(int.from_bytes(digest[:8], signed=True))))
    # Nobody logs this session out meanwhile.
    family = select(SessionFamily.id).where(SessionFamily.id == actor.family_id, *_alive(now)).with_for_update()
    if (await tx.execute(family)).one_or_none() is None:
        raise SessionEnded
    open_ones = await tx.execute(
        select(DeliveryAddress.family_id, DeliveryAddress.digest, DeliveryAddress.account_id).where(
            DeliveryAddress.ended_at.is_(None),
            DeliveryAddress.family_id.is_not(None),
            or_(DeliveryAddress.digest == digest, DeliveryAddress.family_id == actor.family_id),
        )
    )
    if any(row[0] == actor.family_id and row[1] == digest for row in open_ones):
        return
    await _end(tx, DeliveryAddress.family_id == actor.family_id, "replaced", now)
    mine = (DeliveryAddress.digest == digest) & DeliveryAddress.family_id.is_not(None)
    await _end(tx, mine & (DeliveryAddress.account_id == actor.account_id), "replaced", now)
    await _end(tx, mine, "moved", now)
    await _insert(tx, actor.account_id, address, digest, actor.family_id, actor, now, services)


async def own_address_kind(tx: Tx, actor: Actor, *, clock: Clock) -> AddressKind | None:
    """Return of which kind the address of the actor's session is; None when it has none that is written to."""
    statement = select(DeliveryAddress.kind).where(
        DeliveryAddress.family_id == actor.family_id, *_writable(clock.now())
    )
    return cast("AddressKind | None", await tx.scalar(statement))


async def drop_own_address(tx: Tx, actor: Actor, *, clock: Clock) -> None:
    """Forget the address of the actor's session; one that has none is fine."""
    await _end(tx, DeliveryAddress.family_id == actor.family_id, "removed", clock.now())


async def set_address(
    tx: Tx, actor: Actor, account_id: UUID, address: NewAddress, *, clock: Clock, services: IdentityServices
) -> UUID:
    """Set an address for an account and return its id; raises AccountUnknown or AddressPresent."""
    if (await tx.execute(select(Account.id).where(Account.id == account_id))).one_or_none() is None:
        raise AccountUnknown
    digest = _digest(address, services)
    with translate_violations({"uq_delivery_address_set": AddressPresent}):
        address_id = await _insert(tx, account_id, address, digest, None, actor, clock.now(), services)
    detail = {"account_id": account_id, "kind": address.kind, "label": address.label}
    await record_act(tx, actor, "delivery_address.set", "delivery_address", address_id, detail, clock=clock)
    return address_id


async def remove_address(tx: Tx, actor: Actor, account_id: UUID, address_id: UUID, *, clock: Clock) -> None:
    """Take an address from an account; raises AddressUnknown."""
    mine = (DeliveryAddress.id == address_id) & (DeliveryAddress.account_id == account_id)
    if not await _end(tx, mine, "removed", clock.now()):
        raise AddressUnknown
    detail = {"account_id": account_id}
    await record_act(tx, actor, "delivery_address.removed", "delivery_address", address_id, detail, clock=clock)


async def list_addresses(tx: Tx, account_id: UUID, *, clock: Clock) -> list[SetAddress]:
    """Return an account's addresses that may be written to, oldest first; raises AccountUnknown."""
    if (await tx.execute(select(Account.id).where(Account.id == account_id))).one_or_none() is None:
        raise AccountUnknown
    statement = (
        select(
            DeliveryAddress.id,
            DeliveryAddress.kind,
            DeliveryAddress.label,
            DeliveryAddress.family_id.is_not(None),
            DeliveryAddress.set_at,
        )
        .where(DeliveryAddress.account_id == account_id, *_writable(clock.now()))
        .order_by(DeliveryAddress.set_at, DeliveryAddress.id)
        .limit(200)
    )
    return [SetAddress(*row) for row in await tx.execute(statement)]


async def live_addresses(
    tx: Tx, address_ids: Collection[UUID], now: datetime, services: IdentityServices
) -> dict[UUID, LiveAddress]:
    """Return those of the addresses that may still be written to, decrypted."""
    statement = select(
        DeliveryAddress.id, DeliveryAddress.account_id, DeliveryAddress.kind, DeliveryAddress.target
    ).where(DeliveryAddress.id.in_(address_ids), *_writable(now))
    return {
        row[0]: LiveAddress(
            row[0],
            row[1],
            cast("AddressKind", row[2]),
            msgspec.json.decode(services.cipher.decrypt(row[3] or b"", _cell(row[0]))),
        )
        for row in await tx.execute(statement)
    }


async def address_ids_of(
    tx: Tx, account_ids: Collection[UUID], now: datetime
) -> dict[UUID, list[tuple[UUID, AddressKind]]]:
    """Return the addresses of accounts that may be written to, as (id, kind)."""
    statement = select(DeliveryAddress.account_id, DeliveryAddress.id, DeliveryAddress.kind).where(
        DeliveryAddress.account_id.in_(account_ids), *_writable(now)
    )
    found: dict[UUID, list[tuple[UUID, AddressKind]]] = {}
    for account_id, address_id, kind in await tx.execute(statement.order_by(DeliveryAddress.set_at)):
        found.setdefault(account_id, []).append((address_id, cast("AddressKind", kind)))
    return found


async def end_dead_addresses(tx: Tx, address_ids: Collection[UUID], now: datetime) -> int:
    """Erase addresses at which nobody is any more; return how many there were."""
    return await _end(tx, DeliveryAddress.id.in_(address_ids), "dead", now)


async def end_addresses_of_sessions(tx: Tx, families: ColumnElement[bool], reason: EndReason, now: datetime) -> int:
    """Erase the addresses of the sessions that a condition on SessionFamily names."""
    return await _end(tx, DeliveryAddress.family_id.in_(select(SessionFamily.id).where(families)), reason, now)


async def purge_delivery_addresses(tx: Tx, now: datetime) -> int:
    """Erase the addresses of sessions that are over (a daily job); return how many there were."""
    over = or_(SessionFamily.revoked_at.is_not(None), SessionFamily.expires_at <= now)
    return await end_addresses_of_sessions(tx, over, "session_over", now)


def _alive(now: datetime) -> tuple[ColumnElement[bool], ...]:
    return (SessionFamily.revoked_at.is_(None), SessionFamily.expires_at > now)


def _writable(now: datetime) -> tuple[ColumnElement[bool], ...]:
    alive = exists(select(SessionFamily.id).where(SessionFamily.id == DeliveryAddress.family_id, *_alive(now)))
    active = exists(select(Account.id).where(Account.id == DeliveryAddress.account_id, Account.state == "active"))
    return (DeliveryAddress.ended_at.is_(None), or_(DeliveryAddress.family_id.is_(None), alive), active)


async def _end(tx: Tx, condition: ColumnElement[bool], reason: EndReason, now: datetime) -> int:
    statement = update(DeliveryAddress).where(condition, DeliveryAddress.ended_at.is_(None))
    ended = await tx.execute(statement.values(ended_at=now, end_reason=reason, target=None))
    return ended.rowcount


async def _insert(
    tx: Tx,
    account_id: UUID,
    address: NewAddress,
    digest: bytes,
    family_id: UUID | None,
    actor: Actor,
    now: datetime,
    services: IdentityServices,
) -> UUID:
    address_id = new_id(now)
    plain = msgspec.json.encode(dict(address.parts)).decode()
    await tx.execute(
        insert(DeliveryAddress).values(
            id=address_id,
            account_id=account_id,
            kind=address.kind,
            target=services.cipher.encrypt(plain, _cell(address_id)),
            digest=digest,
            label=address.label,
            family_id=family_id,
            set_by=actor.account_id,
            set_at=now,
        )
    )
    return address_id


def _cell(address_id: UUID) -> Cell:
    return Cell("delivery_address", "target", address_id)


def _digest(address: NewAddress, services: IdentityServices) -> bytes:
    same = address.parts[SAME.get(address.kind, "key")]
    return services.index.digest(f"delivery_address.{address.kind}", same.encode())
