"""Binds installed phone apps to accounts and keeps the keys they sign with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal
from uuid import UUID

from sqlalchemy.dialects.postgresql import insert

from backend.identity import session_queries
from backend.identity.audit import record_act
from backend.identity.errors import PhoneLocked
from backend.identity.phone_bindings import Binding, PhoneLimits, end_bindings_of, open_binding
from backend.identity.phone_keys import key_thumbprint, read_public_key
from backend.identity.tables import Phone
from backend.kit.clock import Clock
from backend.kit.db import Tx
from backend.kit.ids import new_id

Platform = Literal["android", "ios", "web"]


@dataclass(frozen=True, slots=True)
class CheckedClaim:
    """A phone's claim whose key has been read."""

    install_id: UUID
    platform: Platform
    public_key: bytes | None


@dataclass(frozen=True, slots=True)
class PhoneClaim:
    """What an app says of itself at log-in: its install id, platform and, if it has one, its public key."""

    install_id: UUID
    platform: Platform
    public_key: str | None = None

    def checked(self) -> CheckedClaim:
        """Read the key; raises `PublicKeyMalformed`."""
        key = None if self.public_key is None else read_public_key(self.public_key)
        return CheckedClaim(self.install_id, self.platform, key)


@dataclass(frozen=True, slots=True)
class BoundPhone:
    """A bound phone, with what is noted as a signal but not refused."""

    id: UUID
    has_key: bool
    other_phones: int
    other_accounts: int
    binding: Binding


async def bind_phone(tx: Tx, account_id: UUID, claim: CheckedClaim, *, limits: PhoneLimits, clock: Clock) -> BoundPhone:
    """Bind the phone, or renew its binding.

    The same install id with another key is a re-keyed phone (storage evicted), not a new one; a log-in
    without a key keeps the one on record. Both and every new binding are audit events that name keys by
    thumbprint. Other phones of the person and other people on the phone are counted; where there are more than `limits`
    allow, they give way, and this one waits to be confirmed. Raises PhoneLocked.
    """
    now = clock.now()
    before = await session_queries.find_phone(tx, account_id, claim.install_id)
    if before is not None and before.locked_at is not None:
        raise PhoneLocked
    values: dict[str, Any] = {"platform": claim.platform, "revoked_at": None}
    rekeyed = claim.public_key is not None and before is not None and before.public_key != claim.public_key
    if claim.public_key is not None:
        values["public_key"] = claim.public_key
    if before is None or rekeyed or before.revoked_at is not None:
        values["bound_at"] = now
    statement = insert(Phone).values(
        id=new_id(now),
        account_id=account_id,
        install_id=claim.install_id,
        public_key=claim.public_key,
        platform=claim.platform,
        bound_at=now,
    )
    statement = statement.on_conflict_do_update(constraint="uq_phone_install", set_=values)
    row = (await tx.execute(statement.returning(Phone.id, Phone.public_key))).one()
    phones, accounts = await session_queries.count_other_phones(tx, account_id, claim.install_id)
    binding = await open_binding(tx, account_id, row[0], claim.install_id, limits, now)
    if "bound_at" in values:
        detail = {
            "account_id": account_id,
            "platform": claim.platform,
            "key": _thumbprint(row[1]),
            "key_before": _thumbprint(before.public_key if before else None),
            "other_phones": phones,
            "other_accounts": accounts,
            "awaits": binding.awaits,
        }
        action = "phone.rekeyed" if rekeyed else "phone.bound"
        await record_act(tx, None, action, "phone", row[0], detail, clock=clock)
    return BoundPhone(row[0], row[1] is not None, phones, accounts, binding)


async def revoke_phones(tx: Tx, account_id: UUID, *, clock: Clock) -> int:
    """Unbind every phone of an account (its number changed hands, or it was disabled); return how many."""
    return await end_bindings_of(tx, account_id, "number_changed", clock.now())


def _thumbprint(key: bytes | None) -> str | None:
    return None if key is None else key_thumbprint(key)
