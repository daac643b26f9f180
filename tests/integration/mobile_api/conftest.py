"""Fixtures of the phone API: a ground with one person, and how he taps."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from httpx import AsyncClient, Response
from litestar import Litestar

from backend.kit.clock import ManualClock
from backend.kit.db import Database
from backend.kit.keyring import MemoryKeyRing
from tests.support.phones import Ground, Owner, make_ground
from tests.support.queues import PATH, QueuePhone, register

Tap = Callable[..., Awaitable[Response]]
Sync = Callable[..., Awaitable[Response]]
MakeGround = Callable[..., Awaitable[Ground]]


@pytest.fixture
def make(database: Database, keys: MemoryKeyRing, clock: ManualClock) -> MakeGround:
    """Make grounds whose sessions begin now."""

    async def made(**sides: Any) -> Ground:
        return await make_ground(database, keys, clock.now(), **sides)

    return made


@pytest.fixture
async def ground(make: MakeGround) -> Ground:
    """Make a ground with one person."""
    return await make()


@pytest.fixture
def send(client: AsyncClient, clock: ManualClock) -> Tap:
    """Post a check-in with a token of this moment."""

    async def sent(owner: Owner, body: dict[str, Any] | bytes, **headers: str) -> Response:
        how: dict[str, Any] = {"content": body} if isinstance(body, bytes) else {"json": body}
        told = {"Content-Type": "application/json", **owner.headers(clock.now()), **headers}
        return await client.post("/mobile/v1/check-ins", headers=told, **how)

    return sent


@pytest.fixture
async def phone(ground: Ground, database: Database, app: Litestar, clock: ManualClock) -> QueuePhone:
    """Give the person's phone with a key and a pack."""
    phone = QueuePhone(ground.owner.phone_id, clock.now())
    async with database.transaction() as tx:
        await register(tx, phone)
    phone.fetches_pack(app.state.wiring.anchors)
    return phone


@pytest.fixture
def sync(client: AsyncClient, clock: ManualClock) -> Sync:
    """Send a phone's queue, or some items of it, when it is the phone's true time."""

    async def sent(phone: QueuePhone, items: list[Any] | None = None, **changes: Any) -> Response:
        if phone.at > clock.now():
            clock.advance(phone.at - clock.now())
        body = phone.body(items, **changes)
        return await client.post(PATH, content=body, headers=phone.headers(body))

    return sent
