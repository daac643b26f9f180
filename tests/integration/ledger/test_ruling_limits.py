"""What a ruling cannot do: count a time that cannot be, or decide on the people of one's own party."""

from datetime import UTC, date, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from httpx import AsyncClient, Response
from sqlalchemy import insert, update

from backend.identity.tables import RoleGrant
from backend.kit.clock import ManualClock
from backend.kit.db import Database
from backend.kit.keyring import MemoryKeyRing
from backend.ledger.append import send_append, settle_append
from backend.ledger.model import Entry
from backend.sites.tables import ProjectParty
from tests.support.factories import (
    MADE_AT,
    MadeParty,
    MadeSite,
    bearer,
    make_assignment,
    make_officer,
    make_person,
    make_post,
    make_site,
)
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


@pytest.fixture
async def punches(desk: Desk, made: MadeSite) -> dict[str, Entry]:
    """Append a punch in review of each holder of a post, and one of nobody."""
    at = desk.now - timedelta(minutes=5)
    found = {post: entry(made.project.id, person.id, at, outcome="review") for post, person in made.people.items()}
    found["nobody"] = entry(made.project.id, None, at, outcome="review")
    await append(desk.database, list(found.values()), desk.now)
    return found


@pytest.mark.parametrize("of_party", [False, True], ids=["project", "party"])
async def test_the_supervising_party_rules_on_others_and_not_on_its_own(
    desk: Desk, made: MadeSite, punches: dict[str, Entry], *, of_party: bool
) -> None:
    party = {"party_id": made.parties["007"].id} if of_party else {}
    supervisor = await desk.officer("supervisor", project_id=made.project.id, **party)
    for post in ("project_manager", "owner_representative"):
        answer = await desk.rule(supervisor, punches[post], "counted")
        assert answer.status_code == 201, answer.text
    refused = await desk.rule(supervisor, punches["chief_supervisor"], "counted")
    assert (refused.status_code, refused.json()["code"]) == (403, "ledger.own_party")
    district = await desk.officer("district", district_id=made.project.district_id)
    assert (await desk.rule(district, punches["chief_supervisor"], "counted")).status_code == 201
    assert (await desk.rule(district, punches["nobody"], "refused")).status_code == 201


async def test_the_supervising_party_sees_the_punches_on_which_it_rules(
    desk: Desk, made: MadeSite, punches: dict[str, Entry]
) -> None:
    supervisor = await desk.officer("supervisor", project_id=made.project.id, party_id=made.parties["007"].id)
    path = f"/admin/v1/projects/{made.project.id}/punches"
    listed = (await desk.client.get(path, headers=supervisor)).json()["items"]
    known = {person.id for person in made.people.values()}
    assert {item["person_id"] for item in listed} == {str(person_id) for person_id in known}
    shown = await desk.client.get(f"{path}/{punches['project_manager'].punch_id}", headers=supervisor)
    assert shown.json()["punch"]["person_name"] == made.people["project_manager"].name
    hidden = await desk.client.get(f"{path}/{punches['nobody'].punch_id}", headers=supervisor)
    assert (hidden.status_code, hidden.json()["code"]) == (404, "ledger.punch_unknown")
    # Nothing else of other parties: the person himself stays with his own.
    person = await desk.client.get(f"/admin/v1/people/{made.people['project_manager'].id}", headers=supervisor)
    assert person.status_code == 404


@pytest.mark.parametrize("of_party", [False, True], ids=["project", "party"])
async def test_who_might_be_of_the_own_party_is_left_to_the_district(
    desk: Desk, made: MadeSite, punches: dict[str, Entry], keys: MemoryKeyRing, *, of_party: bool
) -> None:
    """Nobody yet, somebody without a post here, and who works for the supervising company in another capacity."""
    party = {"party_id": made.parties["007"].id} if of_party else {}
    supervisor = await desk.officer("supervisor", project_id=made.project.id, **party)
    stranger = await make_person(desk.database, keys)
    twice = made.people["project_manager"]
    async with desk.database.transaction() as tx:
        second = uuid4()
        await tx.execute(
            insert(ProjectParty).values(
                project_id=made.project.id,
                id=second,
                company_id=made.parties["007"].company_id,
                kind="001",
                created_at=MADE_AT,
            )
        )
        same_company = MadeParty(second, made.project.id, made.parties["007"].company_id, "", "001")
        post = await make_post(tx, same_company, kind="technical_lead")
        await make_assignment(tx, made.project.id, post, twice.id, from_on=date(2025, 1, 1), to_on=date(2025, 2, 1))
    at = desk.now - timedelta(minutes=3)
    foreign = entry(made.project.id, stranger.id, at, outcome="review")
    await append(desk.database, [foreign], desk.now)
    # Who may read the whole project sees them and is told why; to the party they are unknown.
    expected = (404, "ledger.punch_unknown") if of_party else (403, "ledger.own_party")
    for one in (punches["nobody"], foreign, punches["project_manager"]):
        answer = await desk.rule(supervisor, one, "counted")
        assert (answer.status_code, answer.json()["code"]) == expected
    assert (await desk.rule(supervisor, punches["owner_representative"], "counted")).status_code == 201


async def test_a_grant_for_a_party_that_does_not_supervise_rules_on_nobody(
    desk: Desk, made: MadeSite, punches: dict[str, Entry]
) -> None:
    misplaced = await desk.officer("supervisor", project_id=made.project.id, party_id=made.parties["009"].id)
    statuses = {post: (await desk.rule(misplaced, one, "counted")).status_code for post, one in punches.items()}
    assert statuses == {
        "project_manager": 403,
        "chief_supervisor": 404,
        "owner_representative": 404,
        "nobody": 404,
    }


async def test_a_revoked_grant_rules_no_more(desk: Desk, made: MadeSite, punches: dict[str, Entry]) -> None:
    supervisor = await desk.officer("supervisor", project_id=made.project.id, party_id=made.parties["007"].id)
    async with desk.database.transaction() as tx:
        await tx.execute(update(RoleGrant).where(RoleGrant.project_id == made.project.id).values(revoked_at=desk.now))
    answer = await desk.rule(supervisor, punches["project_manager"], "counted")
    assert (answer.status_code, answer.json()["code"]) == (404, "sites.project_unknown")
