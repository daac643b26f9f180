"""The SELECTs of log-in and sessions: names, numbers, codes, token families and phones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import exists, func, select, true
from sqlalchemy.orm import aliased

from backend.identity.refresh import Presented
from backend.identity.sms_codes import IssuedCode
from backend.identity.tables import Account, Phone, PhoneKeyRow, RefreshToken, SessionFamily, SmsCode
from backend.kit.db import Tx


@dataclass(frozen=True, slots=True)
class LogInRow:
    """What a log-in needs to know of an account."""

    id: UUID
    person_id: UUID | None
    password_hash: str | None
    state: str


@dataclass(frozen=True, slots=True)
class FamilyRow:
    """A locked session family with the state of its account."""

    id: UUID
    account_id: UUID
    person_id: UUID | None
    phone_id: UUID | None
    expires_at: datetime
    revoked_at: datetime | None
    account_state: str


@dataclass(frozen=True, slots=True)
class PhoneRow:
    """A bound phone."""

    id: UUID
    revoked_at: datetime | None
    locked_at: datetime | None


async def find_by_username(tx: Tx, username: str) -> LogInRow | None:
    """Return the account of a user name (lower case)."""
    statement = select(Account.id, Account.person_id, Account.password_hash, Account.state)
    row = (await tx.execute(statement.where(Account.username == username))).one_or_none()
    return None if row is None else LogInRow(*row)


async def find_by_phone(tx: Tx, digests: Sequence[bytes]) -> LogInRow | None:
    """Return the person's account of a phone number, given every digest it may be stored under."""
    statement = select(Account.id, Account.person_id, Account.password_hash, Account.state)
    statement = statement.where(Account.phone_blind.in_(digests), Account.kind == "person")
    row = (await tx.execute(statement)).first()
    return None if row is None else LogInRow(*row)


async def lock_last_code(tx: Tx, digests: Sequence[bytes]) -> tuple[IssuedCode, datetime] | None:
    """Return the last code of a number with the instant of its issue, locked: attempts on it queue up."""
    statement = (
        select(
            SmsCode.id,
            SmsCode.code_hash,
            SmsCode.expires_at,
            SmsCode.attempts,
            SmsCode.used_at.is_not(None).label("used"),
            SmsCode.issued_at,
        )
        .where(SmsCode.phone_blind.in_(digests))
        .order_by(SmsCode.issued_at.desc(), SmsCode.id.desc())
        .limit(1)
        .with_for_update()
    )
    row = (await tx.execute(statement)).one_or_none()
    return None if row is None else (IssuedCode(*row[:5]), row[5])


async def find_token_family(tx: Tx, secret_hash: bytes) -> tuple[UUID, UUID] | None:
    """Return (token id, family id) of a refresh token."""
    statement = select(RefreshToken.id, RefreshToken.family_id).where(RefreshToken.secret_hash == secret_hash)
    row = (await tx.execute(statement)).one_or_none()
    return None if row is None else (row[0], row[1])


async def lock_family(tx: Tx, family_id: UUID) -> FamilyRow:
    """Lock a family until the transaction ends: refreshes of one session queue up here."""
    statement = (
        select(
            SessionFamily.id,
            SessionFamily.account_id,
            Account.person_id,
            SessionFamily.phone_id,
            SessionFamily.expires_at,
            SessionFamily.revoked_at,
            Account.state,
        )
        .join(Account, Account.id == SessionFamily.account_id)
        .where(SessionFamily.id == family_id)
        .with_for_update(of=SessionFamily)
    )
    return FamilyRow(*(await tx.execute(statement)).one())


async def find_presented(tx: Tx, token_id: UUID, family: FamilyRow) -> Presented:
    """Return what is on record about a token; read after the family's lock, in a statement of its own."""
    sibling, child = aliased(RefreshToken), aliased(RefreshToken)
    sibling_used = exists(
        select(sibling.id).where(
            sibling.parent_id == RefreshToken.parent_id, sibling.id != RefreshToken.id, sibling.used_at.is_not(None)
        )
    )
    children = select(func.count(), func.count(child.used_at)).where(child.parent_id == token_id).subquery("children")
    statement = (
        select(RefreshToken.used_at.is_not(None), RefreshToken.expires_at, sibling_used, children)
        .join(children, true())
        .where(RefreshToken.id == token_id)
    )
    used, expires_at, has_used_sibling, child_count, used_children = (await tx.execute(statement)).one()
    return Presented(
        used=used,
        expires_at=expires_at,
        family_expires_at=family.expires_at,
        family_revoked=family.revoked_at is not None,
        sibling_used=has_used_sibling,
        children=child_count,
        child_used=used_children > 0,
    )


async def find_phone(tx: Tx, account_id: UUID, install_id: UUID) -> PhoneRow | None:
    """Return the phone with this install id of an account."""
    statement = select(Phone.id, Phone.revoked_at, Phone.locked_at)
    statement = statement.where(Phone.account_id == account_id, Phone.install_id == install_id)
    row = (await tx.execute(statement)).one_or_none()
    return None if row is None else PhoneRow(*row)


async def find_key_attestation(tx: Tx, phone_id: UUID) -> str | None:
    """Return what is known of the key that a phone signs with now; None if it has none."""
    found = select(PhoneKeyRow.attestation).where(PhoneKeyRow.phone_id == phone_id, PhoneKeyRow.ended_at.is_(None))
    return await tx.scalar(found)


async def count_other_phones(tx: Tx, account_id: UUID, install_id: UUID) -> tuple[int, int]:
    """Return (other live phones of this account, other accounts that live on this phone): both are signals."""
    others = select(func.count()).where(
        Phone.account_id == account_id, Phone.install_id != install_id, Phone.revoked_at.is_(None)
    )
    shared = select(func.count()).where(
        Phone.account_id != account_id, Phone.install_id == install_id, Phone.revoked_at.is_(None)
    )
    row = (await tx.execute(select(others.scalar_subquery(), shared.scalar_subquery()))).one()
    return row[0], row[1]
