"""The yearly service record out of what the ledger and the requests have."""

import io
from datetime import date
from uuid import uuid4

import pytest
from httpx import AsyncClient
from openpyxl import load_workbook
from sqlalchemy import text

from backend.kit.clock import ManualClock
from backend.kit.db import Database
from backend.kit.keyring import MemoryKeyRing
from backend.ledger.rulings import NewRuling, write_ruling
from tests.integration.reports.conftest import LAST_WEEK, Attend, Quarter
from tests.support.factories import bearer, make_officer
from tests.support.requests import make_leave

pytestmark = pytest.mark.anyio


async def test_a_year_of_service(
    client: AsyncClient, quarter: Quarter, attend: Attend, database: Database, keys: MemoryKeyRing, clock: ManualClock
) -> None:
    site = quarter.site
    manager = site.people["project_manager"].id
    await attend(site, "project_manager", [0, 1, 2])
    await attend(site, "project_manager", [3], source="make_up")
    await attend(site, "safety_officer", [0], outcome="review")
    async with database.transaction() as tx:
        await make_leave(tx, site, "project_manager", LAST_WEEK[4], LAST_WEEK[4])
        query = "SELECT punch_id FROM punch_status WHERE project_id = :p AND outcome = 'review' ORDER BY occurred_at"
        punches = [row[0] for row in await tx.execute(text(query), {"p": site.project.id})]
    async with database.connection() as connection, connection.transaction():
        ruling = NewRuling(
            project_id=site.project.id, punch_id=punches[0], seq=1, outcome="refused", by=uuid4(), note="不在场"
        )
        await write_ruling(connection, ruling, clock.now())
    path = f"/admin/v1/projects/{site.project.id}/service-record"
    answer = await client.get(path, params={"year": 2026}, headers=quarter.officer)
    assert answer.status_code == 200, answer.text
    record = answer.json()
    assert (record["year"], record["until"]) == (2026, "2026-03-15")
    people = {one["posts"][0]["post_kind"]: one for one in record["people"]}
    assert list(people) == ["project_manager", "safety_officer", "chief_supervisor"]
    (post,) = people["project_manager"]["posts"]
    march = post["months"][-1]
    assert (march["month"], march["valid"], march["own"], march["make_up_days"], march["leave_days"]) == (
        3,
        4000,
        3000,
        1,
        1,
    )
    assert post["valid"] == sum(month["valid"] for month in post["months"])
    assert date.fromisoformat(post["held"][0]["from_on"]) <= LAST_WEEK[0]
    assert people["project_manager"]["leaves"] == [{"first_on": "2026-03-13", "last_on": "2026-03-13"}]
    assert people["project_manager"]["make_ups"] == {"counted": 2, "review": 0, "refused": 0}
    assert people["safety_officer"]["rulings"] == {"counted": 0, "review": 0, "refused": 1}
    rates = await client.get(f"/admin/v1/projects/{site.project.id}/rates", headers=quarter.officer)
    (same,) = [one for one in rates.json()["items"] if one["person_id"] == str(manager)]
    assert (march["due"], march["valid"], march["rate"]) == (same["due"], same["valid"], same["rate"])
    one = await client.get(path, params={"year": 2026, "person_id": str(manager)}, headers=quarter.officer)
    assert [person["person_id"] for person in one.json()["people"]] == [str(manager)]
    book = await client.get(f"{path}/xlsx", params={"year": 2026}, headers=quarter.officer)
    assert "全年" in load_workbook(io.BytesIO(book.content)).sheetnames
    assert (await client.get(path, params={"year": 2026}, headers=quarter.foreign)).status_code == 404
    supervisor = await make_officer(database, "supervisor", project_id=site.project.id, party_id=site.parties["007"].id)
    beside = bearer(keys, clock.now(), supervisor, "supervisor")
    own = await client.get(path, params={"year": 2026}, headers=beside)
    assert [person["posts"][0]["post_kind"] for person in own.json()["people"]] == ["chief_supervisor"]
    later = await client.get(path, params={"year": 2027}, headers=quarter.officer)
    assert later.json()["until"] is None
    assert all(post["months"] == [] for person in later.json()["people"] for post in person["posts"])
