"""Calls that take what has to be made first: log-ins, their renewal, a password of one's own, a log that is sealed."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from httpx import AsyncClient
from litestar import Litestar
from sqlalchemy import select, update

from backend.identity.passwords import Passwords
from backend.identity.roles import Role
from backend.identity.sms import read_outbox
from backend.identity.tables import Account, PhoneBinding
from backend.kit.db import Database
from backend.ledger.seals.proofs import read_head
from backend.ledger.seals.sealing import seal_next
from tests.support.calls import Call
from tests.support.seals import sealed_ledger
from tests.support.town import MINE, PASSWORD, Town

PHONE = {"install_id": "0195a0b0-0000-4000-8000-000000000001", "platform": "android"}


@dataclass(frozen=True)
class Door:
    """Where one logs in: a town, its application and a client of it."""

    town: Town
    app: Litestar
    client: AsyncClient
    database: Database

    async def answered(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """Make a call that must succeed."""
        answer = await self.client.post(path, json=body)
        assert answer.is_success, answer.text
        return answer.json()


async def staff_log_in(door: Door) -> Call:
    """Give the town's accounts a password; log in as its operator."""
    hashed = await Passwords(memory_kib=64, passes=1).hash(PASSWORD)
    async with door.database.transaction() as tx:
        accounts = set(door.town.accounts.values()) - {door.town.accounts[Role.KEY_PERSON]}
        await tx.execute(update(Account).where(Account.id.in_(accounts)).values(password_hash=hashed))
        name = await tx.scalar(select(Account.username).where(Account.id == door.town.accounts[Role.OPERATOR]))
    return Call(json={"username": name, "password": PASSWORD})


async def staff_renewal(door: Door) -> Call:
    """Log in, then renew."""
    answer = await door.answered("/admin/v1/session", (await staff_log_in(door)).json)
    return Call(json={"refresh_token": answer["refresh_token"]})


async def new_password(door: Door) -> Call:
    """Change the password that one has."""
    await staff_log_in(door)
    return Call(json={"current": PASSWORD, "new": f"{PASSWORD}-new"})


async def sealed_log(door: Door) -> Call:
    """Have a sealer begin the log unless one has; transactions of others may hold its first entry back for a while."""
    async with door.database.connection() as connection:
        known = await read_head(connection)
    if known is None:
        async with sealed_ledger(str(door.database.pool.conninfo)) as ledger, asyncio.timeout(60):
            while not (await seal_next(ledger.tools, ledger.sealing, 1)).entries:
                pass
    return Call(params={"old_size": 1})


async def phone_log_in(door: Door) -> Call:
    """Ask for a code and read it from the outbox."""
    number = door.town.site.people[MINE].phone
    await door.answered("/mobile/v1/session/code", {"phone_number": number})
    code = [sms.code for sms in read_outbox(door.app.state.settings.sms_outbox) if sms.phone_number == number][-1]
    return Call(json={"phone_number": number, "code": code, "phone": PHONE})


async def phone_renewal(door: Door) -> Call:
    """Log in by code, then renew."""
    answer = await door.answered("/mobile/v1/session", (await phone_log_in(door)).json)
    return Call(json={"refresh_token": answer["refresh_token"]})


async def waiting_phone(door: Door) -> Call:
    """Let the person's phone wait to be confirmed."""
    async with door.database.transaction() as tx:
        await tx.execute(
            update(PhoneBinding).where(PhoneBinding.phone_id == door.town.phone.phone_id).values(awaits="replacement")
        )
    return Call()


LOG_INS: dict[str, Callable[[Door], Awaitable[Call]]] = {
    "POST /mobile/v1/phone/witness-codes": waiting_phone,
    "POST /admin/v1/session": staff_log_in,
    "POST /admin/v1/session/refresh": staff_renewal,
    "PUT /admin/v1/me/password": new_password,
    "POST /mobile/v1/session": phone_log_in,
    "POST /mobile/v1/session/refresh": phone_renewal,
    "GET /admin/v1/ledger/consistency": sealed_log,
}
