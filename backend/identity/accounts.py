"""Opens and administers accounts: staff and persons, passwords, phone numbers, and whether they may come in."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import insert, update

from backend.identity import queries, session_queries
from backend.identity.audit import record_act
from backend.identity.authority import require_authority, require_office
from backend.identity.errors import (
    AccountUnknown,
    CredentialsWrong,
    NotStaffAccount,
    PersonHasAccount,
    PhoneNumberTaken,
    UsernameTaken,
)
from backend.identity.masking import mask_phone_number
from backend.identity.passwords import draw_password, require_strong
from backend.identity.phone_numbers import read_phone_number
from backend.identity.phones import revoke_phones
from backend.identity.services import IdentityServices
from backend.identity.sessions import end_all_sessions
from backend.identity.tables import Account
from backend.kit.clock import Clock
from backend.kit.crypto import Cell, Looked
from backend.kit.db import Tx, translate_violations
from backend.kit.guards import Actor
from backend.kit.ids import new_id

_VIOLATIONS = {
    "uq_account_username": UsernameTaken,
    "uq_account_phone_blind": PhoneNumberTaken,
    "uq_account_person_id": PersonHasAccount,
}


@dataclass(frozen=True, slots=True)
class AccountView:
    """An account as it may be shown: phone number masked, grants beside it."""

    id: UUID
    kind: str
    display_name: str
    username: str | None
    person_id: UUID | None
    phone_number_masked: str | None
    state: str
    created_at: datetime
    disabled_at: datetime | None
    grants: list[queries.GrantRow]


@dataclass(frozen=True, slots=True)
class StaffOpening:
    """A staff account to open; without a password one is drawn."""

    username: str
    display_name: str
    password: str | None = None


@dataclass(frozen=True, slots=True)
class Opened:
    """The new account, and the drawn password, which is told once and stored nowhere."""

    account_id: UUID
    first_password: str | None


async def open_staff_account(
    tx: Tx, actor: Actor | None, command: StaffOpening, *, clock: Clock, services: IdentityServices
) -> Opened:
    """Open a staff account without any role: it can log in and do nothing until roles are granted.

    `actor` None is the installation itself (first operator, demo). Raises `UsernameTaken`,
    `PasswordTooWeak`, or `GrantBeyondOwn` for an administrator who has lost his office.
    """
    if actor is not None:
        await require_office(tx, actor)
    username = command.username.strip().lower()
    drawn = draw_password() if command.password is None else None
    password = drawn if command.password is None else command.password
    require_strong(password or "", username)
    hashed = await services.passwords.hash(password or "")
    now = clock.now()
    account_id = new_id(now)
    with translate_violations(_VIOLATIONS):
        await tx.execute(
            insert(Account).values(
                id=account_id,
                kind="staff",
                display_name=command.display_name,
                username=username,
                password_hash=hashed,
                state="active",
                created_at=now,
            )
        )
    await record_act(tx, actor, "account.opened", "account", account_id, {"kind": "staff"}, clock=clock)
    return Opened(account_id, drawn)


async def open_person_account(
    tx: Tx,
    actor: Actor | None,
    person_id: UUID,
    display_name: str,
    phone_number: str,
    *,
    clock: Clock,
    services: IdentityServices,
) -> UUID:
    """Open the account with which a person logs in by SMS code, and return its id.

    Raises `PhoneNumberMalformed`, `PersonHasAccount`, or `PhoneNumberTaken`: a number that is on another
    account never inherits that person (recycled numbers), someone has to look.
    """
    number = read_phone_number(phone_number)
    await _require_free(tx, number, services)
    now = clock.now()
    account_id = new_id(now)
    with translate_violations(_VIOLATIONS):
        await tx.execute(
            insert(Account).values(
                id=account_id,
                kind="person",
                display_name=display_name,
                person_id=person_id,
                state="active",
                created_at=now,
                **_phone_columns(account_id, number, services),
            )
        )
    detail = {"kind": "person", "person_id": person_id}
    await record_act(tx, actor, "account.opened", "account", account_id, detail, clock=clock)
    return account_id


async def rename_person_account(tx: Tx, person_id: UUID, name: str) -> None:
    """Show the person's account, if he has one, under his new name; the renaming itself is an act of sites."""
    await tx.execute(update(Account).where(Account.person_id == person_id).values(display_name=name))


async def change_phone_number(
    tx: Tx, actor: Actor, account_id: UUID, phone_number: str, *, clock: Clock, services: IdentityServices
) -> AccountView:
    """Give an account another phone number; its sessions and bound phones end, since the old number may be anybody's.

    Raises `AccountUnknown`, `PhoneNumberMalformed`, `PhoneNumberTaken`, `GrantBeyondOwn` or `OwnAccount`.
    """
    number = read_phone_number(phone_number)
    await _lock_for(tx, actor, account_id)
    await _require_free(tx, number, services, but=account_id)
    with translate_violations(_VIOLATIONS):
        await tx.execute(
            update(Account).where(Account.id == account_id).values(**_phone_columns(account_id, number, services))
        )
    ended = await end_all_sessions(tx, account_id, "phone_number_changed", clock=clock)
    phones = await revoke_phones(tx, account_id, clock=clock)
    detail = {"sessions_ended": ended, "phones_revoked": phones}
    await record_act(tx, actor, "phone_number.changed", "account", account_id, detail, clock=clock)
    return await show_account(tx, actor, account_id, services=services)


async def disable_account(
    tx: Tx, actor: Actor, account_id: UUID, *, clock: Clock, services: IdentityServices
) -> AccountView:
    """Shut an account out and end its sessions; disabling twice is the same as once.

    Raises `AccountUnknown`, `OwnAccount` or `GrantBeyondOwn`.
    """
    account = await _lock_for(tx, actor, account_id)
    if account.state == "active":
        await tx.execute(
            update(Account).where(Account.id == account_id).values(state="disabled", disabled_at=clock.now())
        )
        ended = await end_all_sessions(tx, account_id, "account_disabled", clock=clock)
        await record_act(tx, actor, "account.disabled", "account", account_id, {"sessions_ended": ended}, clock=clock)
    return await show_account(tx, actor, account_id, services=services)


async def enable_account(
    tx: Tx, actor: Actor, account_id: UUID, *, clock: Clock, services: IdentityServices
) -> AccountView:
    """Let a disabled account in again; its old sessions stay ended. Raises like `disable_account`."""
    account = await _lock_for(tx, actor, account_id)
    if account.state == "disabled":
        await tx.execute(update(Account).where(Account.id == account_id).values(state="active", disabled_at=None))
        await record_act(tx, actor, "account.enabled", "account", account_id, clock=clock)
    return await show_account(tx, actor, account_id, services=services)


async def reset_password(tx: Tx, actor: Actor, account_id: UUID, *, clock: Clock, services: IdentityServices) -> str:
    """Give a staff account a drawn password, end its sessions, and return the password once.

    Raises `AccountUnknown`, `NotStaffAccount`, `OwnAccount` (change one's own instead) or `GrantBeyondOwn`.
    """
    account = await _lock_for(tx, actor, account_id)
    if account.kind != "staff":
        raise NotStaffAccount
    password = draw_password()
    hashed = await services.passwords.hash(password)
    await tx.execute(update(Account).where(Account.id == account_id).values(password_hash=hashed))
    ended = await end_all_sessions(tx, account_id, "password_reset", clock=clock)
    await record_act(tx, actor, "password.reset", "account", account_id, {"sessions_ended": ended}, clock=clock)
    return password


async def change_own_password(
    tx: Tx, actor: Actor, current: str, new: str, *, clock: Clock, services: IdentityServices
) -> None:
    """Change one's own password; every session ends, this one too.

    Raises `CredentialsWrong` (the current one), `PasswordTooWeak` or `NotStaffAccount`.
    """
    account = await queries.lock_account(tx, actor.account_id)
    if account is None or account.username is None:
        raise NotStaffAccount
    row = await session_queries.find_by_username(tx, account.username)
    check = await services.passwords.check(None if row is None else row.password_hash, current)
    if not check.right:
        raise CredentialsWrong
    require_strong(new, account.username)
    hashed = await services.passwords.hash(new)
    await tx.execute(update(Account).where(Account.id == account.id).values(password_hash=hashed))
    ended = await end_all_sessions(tx, account.id, "password_changed", clock=clock)
    await record_act(tx, actor, "password.changed", "account", account.id, {"sessions_ended": ended}, clock=clock)


async def show_account(tx: Tx, actor: Actor, account_id: UUID, *, services: IdentityServices) -> AccountView:
    """Return an account the actor may see; raises `AccountUnknown` otherwise."""
    account = await queries.find_account(tx, account_id, actor)
    if account is None:
        raise AccountUnknown
    return view_account(account, await queries.grants_of(tx, [account_id]), services)


async def show_own_account(tx: Tx, actor: Actor, *, services: IdentityServices) -> AccountView:
    """Return the actor's own account; raises `AccountUnknown` when it is gone."""
    account = await queries.find_account(tx, actor.account_id)
    if account is None:
        raise AccountUnknown
    return view_account(account, await queries.grants_of(tx, [account.id]), services)


async def list_accounts(
    tx: Tx, actor: Actor, *, limit: int, after: UUID | None, role: str | None, services: IdentityServices
) -> list[AccountView]:
    """Return up to `limit` accounts the actor may see, with their live grants (two statements in all)."""
    accounts = await queries.list_accounts(tx, actor, limit=limit, after=after, role=role)
    grants: dict[UUID, list[queries.GrantRow]] = {}
    for grant in await queries.grants_of(tx, [account.id for account in accounts]):
        grants.setdefault(grant.account_id, []).append(grant)
    return [view_account(account, grants.get(account.id, []), services) for account in accounts]


def view_account(
    account: queries.AccountRow, grants: list[queries.GrantRow], services: IdentityServices
) -> AccountView:
    """Mask what must be masked."""
    masked = None
    if account.phone_cipher is not None:
        masked = mask_phone_number(services.cipher.decrypt(account.phone_cipher, _phone_cell(account.id)))
    return AccountView(
        id=account.id,
        kind=account.kind,
        display_name=account.display_name,
        username=account.username,
        person_id=account.person_id,
        phone_number_masked=masked,
        state=account.state,
        created_at=account.created_at,
        disabled_at=account.disabled_at,
        grants=grants,
    )


async def _lock_for(tx: Tx, actor: Actor, account_id: UUID) -> queries.AccountRow:
    """Lock an account the actor may administer; one he may not even see is unknown to him."""
    if await queries.find_account(tx, account_id, actor) is None:
        raise AccountUnknown
    account = await queries.lock_account(tx, account_id)
    if account is None:
        raise AccountUnknown
    await require_authority(tx, actor, account_id, await queries.roles_of(tx, account_id, None))
    return account


async def _require_free(tx: Tx, number: str, services: IdentityServices, but: UUID | None = None) -> None:
    """Look under every digest of the number: the unique constraint sees only the active key's."""
    if await queries.phone_number_taken(tx, services.index.whole_candidates(Looked.PHONE_NUMBER, number), but):
        raise PhoneNumberTaken


def _phone_cell(account_id: UUID) -> Cell:
    return Cell("account", "phone_cipher", account_id)


def _phone_columns(account_id: UUID, number: str, services: IdentityServices) -> dict[str, bytes]:
    return {
        "phone_cipher": services.cipher.encrypt(number, _phone_cell(account_id)),
        "phone_blind": services.index.whole(Looked.PHONE_NUMBER, number),
    }
