"""Fixtures of the phone API: a ground with one person, and how he taps."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from httpx import AsyncClient, Response

from backend.kit.clock import ManualClock
from backend.kit.db import Database
from backend.kit.keyring import MemoryKeyRing
from tests.support.phones import Ground, Owner, make_ground

Tap = Callable[..., Awaitable[Response]]
MakeGround = Callable[..., Awaitable[Ground]]


@pytest.fixture
def make(database: Database, keys: MemoryKeyRing, clock: ManualClock) -> MakeGround:
    """Make grounds whose sessions begin now."""

    async def made(**sides: Any) -> Ground:  # noqa: ANN401 - those of make_ground
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
