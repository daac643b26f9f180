"""A store of photos with a database of its own, and a person who sends some."""

from collections.abc import AsyncIterator
from pathlib import Path
from uuid import UUID

import pytest

from backend.kit.clock import ManualClock
from backend.kit.db import Database
from backend.kit.keyring import MemoryKeyRing
from tests.support.evidence import House, make_house
from tests.support.factories import make_person


@pytest.fixture
async def house(fresh_database: str, clock: ManualClock, keys: MemoryKeyRing, tmp_path: Path) -> AsyncIterator[House]:
    """Give a house on a database of its own: whatever waits there is this test's."""
    database = Database(fresh_database, max_size=3)
    await database.open()
    house = make_house(database, clock, tmp_path / "blobs", keys)
    yield house
    await house.examiner.close()
    await database.close()


@pytest.fixture
async def person_id(house: House) -> UUID:
    """Give a person."""
    async with house.database.transaction() as tx:
        return (await make_person(tx, house.keys)).id
