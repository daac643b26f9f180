"""A database of each test's own: rules look at every site there is."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from backend.kit.clock import ManualClock
from backend.kit.db import Database
from tests.support.cities import City, make_city


@pytest.fixture
async def own_database(fresh_database: str) -> AsyncIterator[Database]:
    """Give a database that nothing else writes to, opened."""
    database = Database(fresh_database, min_size=1, max_size=4)
    async with database.opened():
        yield database


@pytest.fixture
def at_dawn(clock: ManualClock) -> ManualClock:
    """Give the clock at 06:00 in Wuhan, on a Monday, with the night's quiet hours over an hour later."""
    clock.advance(timedelta(hours=-3, minutes=-30))
    return clock


@pytest.fixture
async def city(own_database: Database, at_dawn: ManualClock) -> City:
    """Give a city of two districts with three sites each, at 06:00."""
    return await make_city(own_database, at_dawn, districts=2, sites=6)
