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
FindTown = Callable[[str], Awaitable[Town]]


@pytest.fixture
async def make(app: Litestar, database: Database, keys: MemoryKeyRing, clock: ManualClock) -> AsyncIterator[MakeTown]:
    """Make towns, whose officers hear of nothing any more after the test."""
    towns: list[Town] = []

    async def made() -> Town:
        towns.append(await make_town(app, database, keys, clock))
        return towns[-1]

    yield made
    await close_offices(database, towns, clock)


@pytest.fixture(scope="module")
async def _standing(app: Litestar, database: Database, _app_clock: ManualClock) -> AsyncIterator[dict[str, Town]]:
    """Keep the towns that stand as long as a module's tests; their officers hear of nothing any more after these."""
    del app  # stops after them
    towns: dict[str, Town] = {}
    yield towns
    await close_offices(database, list(towns.values()), _app_clock)


@pytest.fixture
def standing(
    _standing: dict[str, Town], app: Litestar, database: Database, keys: MemoryKeyRing, clock: ManualClock
) -> FindTown:
    """Find a town by its name, made when a test of the module first asks: for tests that leave a town as it is.

    A town takes two hundred statements, more than most of these tests.
    """

    async def found(name: str) -> Town:
        if name not in _standing:
            _standing[name] = await make_town(app, database, keys, clock)
        return _standing[name]

    return found


@pytest.fixture
async def quiet(app: Litestar, clock: ManualClock) -> AsyncIterator[AsyncClient]:
    """Give a client that keeps no cookies and follows nothing."""
    del clock
    async with client_of(app) as client:
        yield client
