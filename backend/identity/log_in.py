"""Logs people in: staff by password, key personnel by a code sent to their phone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import delete, insert, update

from backend.identity import queries, session_queries
from backend.identity.delivery_addresses import purge_delivery_addresses
from backend.identity.errors import (
    CodeExhausted,
    CodeTooSoon,
    CodeWrong,
    CredentialsWrong,
    PhoneHeld,
    TooManyAttempts,
    TooManyCodes,
)
from backend.identity.phone_bindings import LimitsOf, PhoneLimits
from backend.identity.phone_numbers import read_phone_number
from backend.identity.phones import BoundPhone, PhoneClaim, bind_phone
from backend.identity.rates import Bucket, count_attempt, give_back, purge_counters, subject_digest
from backend.identity.services import IdentityServices
from backend.identity.sessions import Session, start_session
from backend.identity.sms_codes import CodeVerdict, draw_code, hash_code, judge_code, wait_before_resend
from backend.identity.tables import Account, RefreshToken, SmsCode
from backend.kit.clock import Clock
from backend.kit.crypto import Looked
from backend.kit.db import Database, Tx
from backend.kit.errors import DaogangError, TooMany
from backend.kit.ids import new_id

_HOUR: Final = timedelta(hours=1)
_NAME_ATTEMPTS: Final = Bucket("password-name", timedelta(minutes=15), 10)
_ADDRESS_ATTEMPTS: Final = Bucket("password-address", _HOUR, 150)
_KEEP: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class CodeRequest:
    """A number that wants a log-in code, and the address that asks (None: not known)."""

    phone_number: str
    address: str | None


@dataclass(frozen=True, slots=True)
class CodeToSend:
    """A code for the edge to send once it is committed; never logged."""

    id: UUID
    phone_number: str
    code: str
    at: datetime


@dataclass(frozen=True, slots=True)
class CodeRequested:
    """The same answer for every number; `to_send` is None when nobody has it."""

    expires_at: datetime
    resend_after_s: int
    to_send: CodeToSend | None


async def request_sms_code(tx: Tx, command: CodeRequest, *, clock: Clock, services: IdentityServices) -> CodeRequested:
    """Make a log-in code for a phone number.

    Does the same work and gives the same answer whether the number is known or not. Raises
    `SmsNotConfigured`, `PhoneNumberMalformed`, `CodeTooSoon` or `TooManyCodes`.
    """
    services.sms.require_ready()
    number = read_phone_number(command.phone_number)
    policy, now = services.sms_policy, clock.now()
    per_phone = Bucket("code-phone", _HOUR, policy.codes_per_phone)
    # The counter's row is locked first: two requests at once for one number cannot both be the first.
    await _count(tx, per_phone, number, services, now, TooManyCodes)
    if command.address is not None:
        per_address = Bucket("code-address", _HOUR, policy.codes_per_address)
        await _count(tx, per_address, command.address, services, now, TooManyCodes)
    digests = services.index.whole_candidates(Looked.PHONE_NUMBER, number)
    last = await session_queries.lock_last_code(tx, digests)
    wait = wait_before_resend(None if last is None else last[1], policy=policy, now=now)
    if wait > 0:
        raise CodeTooSoon(retry_after_s=wait)
    code_id, code = new_id(now), draw_code()
    expires_at = now + policy.valid_for
    await tx.execute(
        insert(SmsCode).values(
            id=code_id,
            phone_blind=services.index.whole(Looked.PHONE_NUMBER, number),
            code_hash=hash_code(services.index, code_id, code),
            issued_at=now,
            expires_at=expires_at,
            attempts=0,
        )
    )
    account = await session_queries.find_by_phone(tx, digests)
    known = account is not None and account.state == "active"
    to_send = CodeToSend(code_id, number, code, now) if known else None
    return CodeRequested(expires_at, int(policy.resend_after.total_seconds()), to_send)


@dataclass(frozen=True, slots=True)
class CodeRedemption:
    """A code typed into a phone app, with what identifies the installation."""

    phone_number: str
    code: str
    phone: PhoneClaim
    address: str | None


@dataclass(frozen=True, slots=True)
class PhoneSession:
    """A session on a bound phone."""

    session: Session
    phone: BoundPhone


async def redeem_sms_code(
    tx: Tx, command: CodeRedemption, *, clock: Clock, services: IdentityServices, limits_of: LimitsOf | None = None
) -> PhoneSession | DaogangError:
    """Exchange a code for a session and bind the phone.

    Returns (so that the attempt stays counted; see `sessions.settled`) `CodeWrong`, `CodeExhausted` or
    `PhoneHeld`. What `limits_of` knows of the person is how many phones he may have.
    Raises `PhoneNumberMalformed`, `PhoneLocked` or `TooManyAttempts`.
    """
    number = read_phone_number(command.phone_number)
    policy, now = services.sms_policy, clock.now()
    per_address = Bucket("redeem-address", _HOUR, policy.failures_per_address)
    if command.address is not None:
        await _count(tx, per_address, command.address, services, now, TooManyAttempts)
    digests = services.index.whole_candidates(Looked.PHONE_NUMBER, number)
    last = await session_queries.lock_last_code(tx, digests)
    issued = None if last is None else last[0]
    verdict = judge_code(issued, command.code, index=services.index, policy=policy, now=now)
    account = await session_queries.find_by_phone(tx, digests)
    if verdict is CodeVerdict.EXHAUSTED:
        return CodeExhausted()
    if issued is not None:
        right = verdict is CodeVerdict.RIGHT
        values = {"attempts": issued.attempts + 1} | ({"used_at": now} if right else {})
        await tx.execute(update(SmsCode).where(SmsCode.id == issued.id).values(values))
    if verdict is CodeVerdict.RIGHT and account is not None:
        # Read again under lock: a number that is being taken away opens no session after that has ended all.
        await queries.lock_account(tx, account.id)
        account = await session_queries.find_by_phone(tx, digests)
    if verdict is not CodeVerdict.RIGHT or account is None or account.state != "active":
        return CodeWrong()
    if command.address is not None:
        await give_back(tx, per_address, subject_digest(services.index, per_address, command.address), now)
    limits = PhoneLimits() if limits_of is None else await limits_of(tx, account.person_id, now)
    phone = await bind_phone(tx, account.id, command.phone, limits=limits, clock=clock)
    if phone.binding.is_held:
        return PhoneHeld()
    session = await start_session(
        tx, account.id, account.person_id, phone.id, services.phone_lifetimes, clock=clock, services=services
    )
    return PhoneSession(session, phone)


@dataclass(frozen=True, slots=True)
class PasswordLogIn:
    """A staff log-in, and the address it comes from (None: not known)."""

    username: str
    password: str
    address: str | None


async def log_in_with_password(
    database: Database, command: PasswordLogIn, *, clock: Clock, services: IdentityServices
) -> Session:
    """Log a staff member in.

    Runs two short transactions: the attempt is counted and committed first, then the password is checked
    with no connection held, since that takes some 30 ms on purpose. Raises `CredentialsWrong` (the same
    answer and work for unknown names, disabled accounts and wrong passwords) or `TooManyAttempts`.
    """
    username = command.username.strip().lower()
    counted = [(_NAME_ATTEMPTS, username)]
    if command.address is not None:
        counted.append((_ADDRESS_ATTEMPTS, command.address))
    began = clock.now()
    async with database.transaction() as tx:
        for bucket, subject in counted:
            await _count(tx, bucket, subject, services, began, TooManyAttempts)
        account = await session_queries.find_by_username(tx, username)
    active = account is not None and account.state == "active"
    check = await services.passwords.check(account.password_hash if account and active else None, command.password)
    if account is None or not check.right:
        raise CredentialsWrong
    async with database.transaction() as tx:
        locked = await queries.lock_account(tx, account.id)
        if locked is None or locked.state != "active":
            raise CredentialsWrong
        on_file = await session_queries.find_by_username(tx, username)
        if on_file != account:
            # The hash changed while this one was checked: a reset ends all sessions, so this one must not begin after.
            check = await services.passwords.check(None if on_file is None else on_file.password_hash, command.password)
            if not check.right:
                raise CredentialsWrong
        if check.new_hash is not None:
            await tx.execute(update(Account).where(Account.id == account.id).values(password_hash=check.new_hash))
        for bucket, subject in counted:
            await give_back(tx, bucket, subject_digest(services.index, bucket, subject), began)
        return await start_session(
            tx, account.id, account.person_id, None, services.staff_lifetimes, clock=clock, services=services
        )


async def purge_log_in_traces(tx: Tx, *, clock: Clock) -> int:
    """Delete codes, counters and refresh tokens that ended more than a day ago (a daily job); return how many.

    Push addresses of sessions that are over are erased with them.
    """
    before = clock.now() - _KEEP
    codes = await tx.execute(delete(SmsCode).where(SmsCode.expires_at < before))
    tokens = await tx.execute(delete(RefreshToken).where(RefreshToken.expires_at < before))
    addresses = await purge_delivery_addresses(tx, clock.now())
    return codes.rowcount + tokens.rowcount + addresses + await purge_counters(tx, before)


async def _count(
    tx: Tx, bucket: Bucket, subject: str, services: IdentityServices, now: datetime, refusal: type[TooMany]
) -> None:
    if not await count_attempt(tx, bucket, subject_digest(services.index, bucket, subject), now):
        raise refusal(retry_after_s=bucket.retry_after_s(now))
