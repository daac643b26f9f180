"""Binds installed phone apps to accounts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal
from uuid import UUID

from sqlalchemy.dialects.postgresql import insert

from backend.identity import session_queries
from backend.identity.audit import record_act
from backend.identity.errors import PhoneLocked
from backend.identity.installations import recognise
from backend.identity.phone_bindings import Binding, PhoneLimits, end_bindings_of, open_binding
from backend.identity.tables import Phone
from backend.kit.clock import Clock
from backend.kit.db import Tx
from backend.kit.ids import new_id

Platform = Literal["android", "ios", "web"]


@dataclass(frozen=True, slots=True)
class PhoneClaim:
    """What an app says of itself at log-in: its install id, platform, and the secret that its browser was given."""

    install_id: UUID
    platform: Platform
    secret: str | None = None


@dataclass(frozen=True, slots=True)
class BoundPhone:
    """A bound phone, with what is noted as a signal but not refused."""

    id: UUID
    has_key: bool
    secret: str
    other_phones: int
    other_accounts: int
    binding: Binding


async def bind_phone(tx: Tx, account_id: UUID, claim: PhoneClaim, *, limits: PhoneLimits, clock: Clock) -> BoundPhone:
    """Bind the phone, or renew its binding.

    The same install id is the same phone, and so is another one whose browser shows the secret that it was given (its
    storage was cleared). That and every new binding are audit events. Other phones of the person and other people on
    the phone are counted; where there are more than `limits` allow, they give way, and this one waits to be confirmed.
    Raises PhoneLocked.
    """
    now = clock.now()
    installation = await recognise(tx, account_id, claim.install_id, claim.secret)
    before = await session_queries.find_phone(tx, account_id, claim.install_id)
    if before is not None and before.locked_at is not None:
        raise PhoneLocked
    values: dict[str, Any] = {
        "platform": claim.platform,
        "revoked_at": None,
        "install_secret_hash": installation.digest,
    }
    if before is None or before.revoked_at is not None:
        values["bound_at"] = now
    statement = insert(Phone).values(
        id=new_id(now),
        account_id=account_id,
        install_id=claim.install_id,
        install_secret_hash=installation.digest,
        platform=claim.platform,
        bound_at=now,
    )
    statement = statement.on_conflict_do_update(constraint="uq_phone_install", set_=values)
    phone_id = (await tx.execute(statement.returning(Phone.id))).scalar_one()
    phones, accounts = await session_queries.count_other_phones(tx, account_id, claim.install_id)
    binding = await open_binding(tx, account_id, phone_id, claim.install_id, limits, now)
    detail = {
        "account_id": account_id,
        "platform": claim.platform,
        "other_phones": phones,
        "other_accounts": accounts,
        "awaits": binding.awaits,
    }
    if installation.recognised:
        await record_act(tx, None, "phone.recognised", "phone", phone_id, detail, clock=clock)
    if "bound_at" in values:
        await record_act(tx, None, "phone.bound", "phone", phone_id, detail, clock=clock)
    has_key = await session_queries.find_key_attestation(tx, phone_id) is not None
    return BoundPhone(phone_id, has_key, installation.secret, phones, accounts, binding)


async def revoke_phones(tx: Tx, account_id: UUID, *, clock: Clock) -> int:
    """Unbind every phone of an account (its number changed hands, or it was disabled); return how many."""
    return await end_bindings_of(tx, account_id, "number_changed", clock.now())
