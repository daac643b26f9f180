"""Fixtures of the contracts: towns, and the routes of the application."""

from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
from httpx import AsyncClient
from litestar import Litestar

from backend.kit.clock import ManualClock
from backend.kit.db import Database
from backend.kit.keyring import MemoryKeyRing
from tests.support.apps import client_of
from tests.support.town import Town, make_town

MakeTown = Callable[[], Awaitable[Town]]


@pytest.fixture
async def make(app: Litestar, database: Database, keys: MemoryKeyRing, clock: ManualClock) -> MakeTown:
    """Make towns."""

    async def made() -> Town:
        return await make_town(app, database, keys, clock)

    return made


@pytest.fixture
async def quiet(app: Litestar, clock: ManualClock) -> AsyncIterator[AsyncClient]:
    """Give a client that keeps no cookies and follows nothing."""
    del clock
    async with client_of(app) as client:
        yield client
