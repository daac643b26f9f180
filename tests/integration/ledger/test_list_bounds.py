"""Lists whose range begins where the calendar does."""

import pytest
from httpx import AsyncClient

from backend.kit.clock import ManualClock
from backend.kit.db import Database
from backend.kit.keyring import MemoryKeyRing
from tests.support.factories import bearer, make_officer, make_project


@pytest.mark.parametrize("list_and_end", ["punches?until=0001-01-01T00:00:00Z", "person-days?until=0001-01-01"])
async def test_a_range_that_ends_with_the_first_day_there_is_holds_nothing(
    client: AsyncClient, database: Database, keys: MemoryKeyRing, clock: ManualClock, list_and_end: str
) -> None:
    project = await make_project(database)
    city = bearer(keys, clock.now(), await make_officer(database, "city"), "city")
    answer = await client.get(f"/admin/v1/projects/{project.id}/{list_and_end}", headers=city)
    assert (answer.status_code, answer.json()["items"]) == (200, [])
