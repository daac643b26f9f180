"""What a ruling cannot do: count a time that cannot be, or decide on the people of one's own party."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from httpx import AsyncClient, Response

from backend.kit.clock import ManualClock
from backend.kit.db import Database
from backend.kit.keyring import MemoryKeyRing
from backend.ledger.append import send_append, settle_append
from backend.ledger.model import Entry
from tests.support.factories import MadeSite, bearer, make_officer, make_site
from tests.support.ledgers import append, entry


class Desk:
    """Officers of one site who rule on punches."""

    def __init__(self, client: AsyncClient, database: Database, keys: MemoryKeyRing, now: datetime) -> None:
        self.client, self.database, self.keys, self.now = client, database, keys, now

    async def officer(self, role: str, **rows: UUID) -> dict[str, str]:
        """Make an officer and return his log-in."""
        return bearer(self.keys, self.now, await make_officer(self.database, role, **rows), role)

    async def rule(self, officer: dict[str, str], one: Entry, outcome: str) -> Response:
        """Rule on an entry that nobody has ruled on."""
        return await self.client.post(
            f"/admin/v1/projects/{one.project_id}/punches/{one.punch_id}/rulings",
            headers=officer,
            json={"outcome": outcome, "note": "核实过", "seq": 1},
        )


@pytest.fixture
def desk(client: AsyncClient, database: Database, keys: MemoryKeyRing, clock: ManualClock) -> Desk:
    """Give the desk."""
    return Desk(client, database, keys, clock.now())


@pytest.fixture
async def made(database: Database, keys: MemoryKeyRing) -> MadeSite:
    """Make a site with people of contractor, supervisor and owner."""
    return await make_site(database, keys, accounts=False)


@pytest.mark.parametrize("at", [datetime(9999, 12, 31, 20, tzinfo=UTC), datetime(1, 1, 1, tzinfo=UTC)])
async def test_a_time_that_cannot_be_is_refused_but_never_counted(desk: Desk, made: MadeSite, at: datetime) -> None:
    one = entry(
        made.project.id,
        made.people["project_manager"].id,
        desk.now,
        occurred_at=at,
        time_quality="quarantined",
        outcome="review",
    )
    async with desk.database.connection() as connection, connection.transaction():
        await settle_append(connection, [one], await send_append(connection, [one]))
    city = await desk.officer("city")
    counted = await desk.rule(city, one, "counted")
    assert (counted.status_code, counted.json()["code"]) == (409, "ledger.time_quarantined")
    refused = await desk.rule(city, one, "refused")
    assert refused.status_code == 201, refused.text
    assert refused.json()["punch"]["outcome"] == "refused"


async def test_the_supervising_party_rules_on_others_and_not_on_its_own(desk: Desk, made: MadeSite) -> None:
    theirs, own = (
        entry(made.project.id, made.people[post].id, desk.now - timedelta(minutes=5), outcome="review")
        for post in ("project_manager", "chief_supervisor")
    )
    await append(desk.database, [theirs, own], desk.now)
    supervisor = await desk.officer("supervisor", project_id=made.project.id)
    assert (await desk.rule(supervisor, theirs, "counted")).status_code == 201
    refused = await desk.rule(supervisor, own, "counted")
    assert (refused.status_code, refused.json()["code"]) == (403, "ledger.own_party")
    district = await desk.officer("district", district_id=made.project.district_id)
    assert (await desk.rule(district, own, "counted")).status_code == 201
