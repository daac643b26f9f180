"""The working calendar over HTTP: public holidays, and the city's own days over them."""

from datetime import timedelta

from httpx import AsyncClient

from backend.kit.clock import ManualClock
from backend.kit.db import Database
from backend.kit.keyring import MemoryKeyRing
from tests.support.factories import bearer, make_district, make_officer

# A working Tuesday of a year that no other test looks at.
DAY = "2024-11-05"


async def test_the_city_sets_days_over_the_public_calendar_and_a_district_does_not(
    client: AsyncClient, database: Database, keys: MemoryKeyRing, clock: ManualClock
) -> None:
    city = bearer(keys, clock.now(), await make_officer(database, "city"), "city")
    district_id = await make_district(database)
    district = bearer(keys, clock.now(), await make_officer(database, "district", district_id=district_id), "district")
    path, year = f"/admin/v1/calendar-days/{DAY}", "/admin/v1/calendar-days?year=2024"
    before = (await client.get(year, headers=district)).json()
    assert before["holidays_known"] is True
    assert "2024-10-01" in before["days_off"]
    assert "2024-02-04" not in before["days_off"]  # a Sunday that makes up for the spring festival
    assert DAY not in before["days_off"]
    refused = await client.put(path, headers=district, json={"working": False, "name": "停工"})
    assert refused.status_code == 403
    for working in (True, False):
        clock.advance(timedelta(seconds=1))
        answer = await client.put(path, headers=city, json={"working": working, "name": "停工"})
        assert answer.status_code == 200, answer.text
    after = (await client.get(year, headers=district)).json()
    assert DAY in after["days_off"]
    assert after["set"] == [{"on": DAY, "working": False, "name": "停工"}]
