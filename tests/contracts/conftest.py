"""Fixtures of the contracts: towns, and the routes of the application."""

from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
from httpx import AsyncClient
from litestar import Litestar

from backend.kit.clock import ManualClock
from backend.kit.db import Database
from backend.kit.keyring import MemoryKeyRing
from tests.support.apps import client_of
from tests.support.town import Town, close_offices, make_town

MakeTown = Callable[[], Awaitable[Town]]


@pytest.fixture
async def make(app: Litestar, database: Database, keys: MemoryKeyRing, clock: ManualClock) -> AsyncIterator[MakeTown]:
    """Make towns, whose officers hear of nothing any more after the test."""
    towns: list[Town] = []

    async def made() -> Town:
        towns.append(await make_town(app, database, keys, clock))
        return towns[-1]

    yield made
    await close_offices(database, towns, clock)


@pytest.fixture
async def quiet(app: Litestar, clock: ManualClock) -> AsyncIterator[AsyncClient]:
    """Give a client that keeps no cookies and follows nothing."""
    del clock
    async with client_of(app) as client:
        yield client
