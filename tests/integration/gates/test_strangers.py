"""Events of numbers that meant nobody find their person when the number is bound, at their own time, once."""

from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from httpx import AsyncClient
from sqlalchemy import text

from backend.attendance.person_days import send_fold
from backend.gates.strangers import attribute_strangers
from backend.kit.clock import ManualClock
from backend.kit.db import Database
from tests.integration.gates.gate_site import GateSite, bind, days, rows
from tests.integration.gates.terminals import PushTerminal, local, make_terminal


@pytest.fixture
async def terminal(database: Database, client: AsyncClient, clock: ManualClock, site: GateSite) -> PushTerminal:
    """Give a terminal of the site that knows two passes of a number that nobody bound."""
    one = await make_terminal(database, client, clock, site.project_id)
    at = clock.now() - timedelta(hours=5)
    await one.attlog(f"4711\t{local(at)}\t0\t1", f"4711\t{local(at + timedelta(hours=4, minutes=30))}\t0\t1")
    return one


async def attribute(database: Database, clock: ManualClock) -> None:
    await attribute_strangers(database, send_fold, clock)


async def strangers(database: Database, site: GateSite) -> int:
    return len(
        await rows(database, "SELECT FROM gate_stranger WHERE project_id = :project_id", project_id=site.project_id)
    )


async def rulings(database: Database, punch_id: UUID) -> list[tuple[int, str]]:
    found = await rows(database, "SELECT seq, outcome FROM ruling WHERE punch_id = :id ORDER BY seq", id=punch_id)
    return [(row["seq"], row["outcome"]) for row in found]


async def test_a_binding_attributes_what_came_before_it(
    terminal: PushTerminal, database: Database, clock: ManualClock, site: GateSite
) -> None:
    assert {row["outcome"] for row in await terminal.rows()} == {"review"}
    await attribute(database, clock)
    assert await days(database, site) == []
    await bind(database, site, "pin", "4711", site.people[0])
    for _ in range(2):
        await attribute(database, clock)
    found = await terminal.rows()
    assert {(row["person_id"], row["attributed_to"], row["outcome"]) for row in found} == {
        (None, site.people[0], "counted")
    }
    assert [await rulings(database, row["punch_id"]) for row in found] == [[(1, "review"), (2, "counted")]] * 2
    (day,) = await days(database, site)
    assert (day["person_id"], day["punches"], day["valid"]) == (site.people[0], 2, True)
    made = await rows(
        database, "SELECT reason FROM attribution WHERE project_id = :project_id", project_id=site.project_id
    )
    assert [row["reason"] for row in made] == ["binding", "binding"]
    assert await strangers(database, site) == 0


async def test_a_binding_holds_for_its_own_time_alone(
    terminal: PushTerminal, database: Database, clock: ManualClock, site: GateSite
) -> None:
    await bind(database, site, "pin", "4711", site.people[0], from_at=clock.now() - timedelta(hours=2))
    await attribute(database, clock)
    assert [row["attributed_to"] for row in await terminal.rows()] == [None, site.people[0]]
    assert await strangers(database, site) == 1


async def test_a_named_person_s_ruling_stays(
    terminal: PushTerminal, database: Database, clock: ManualClock, site: GateSite
) -> None:
    ruled = (await terminal.rows())[0]["punch_id"]
    async with database.transaction() as tx:
        await tx.execute(
            text(
                "WITH named AS (INSERT INTO ruling (project_id, ruled_at, ruling_id, punch_id, seq, outcome, reasons,"
                " policy_version, ruled_by, note) SELECT project_id, :now, gen_random_uuid(), punch_id, 2, 'refused',"
                " '[]', 0, :by, 'x' FROM punch_status WHERE punch_id = :id RETURNING ruling_id)"
                " UPDATE punch_status SET outcome = 'refused', seq = 2, ruling_id = (SELECT ruling_id FROM named)"
                " WHERE punch_id = :id"
            ),
            {"now": clock.now(), "by": site.staff_id, "id": ruled},
        )
    await bind(database, site, "pin", "4711", site.people[0])
    await attribute(database, clock)
    found = {row["punch_id"]: (row["attributed_to"], row["outcome"]) for row in await terminal.rows()}
    assert found.pop(ruled) == (site.people[0], "refused")
    assert set(found.values()) == {(site.people[0], "counted")}
    assert await rulings(database, ruled) == [(1, "review"), (2, "refused")]


async def test_an_impossible_time_is_counted_for_nobody(
    terminal: PushTerminal, database: Database, clock: ManualClock, site: GateSite
) -> None:
    await terminal.attlog("4712\t2019-01-01 00:00:00\t0\t1")
    await bind(database, site, "pin", "4712", site.people[0], from_at=clock.now().replace(year=2018))
    await attribute(database, clock)
    first = (await terminal.rows())[0]
    assert (first["attributed_to"], first["outcome"]) == (site.people[0], "review")
    assert await days(database, site) == []


async def test_events_of_our_own_interface_find_their_person_too(
    database: Database, clock: ManualClock, site: GateSite
) -> None:
    at = clock.now() - timedelta(hours=5)
    late = at + timedelta(hours=4, minutes=30)
    unknown = [site.device.event(("card", "88"), at, live=False), site.device.event(("card", "88"), late)]
    nobody = site.device.event(uuid4(), at, live=False)
    known = site.device.event(site.people[1], at, live=False)
    for _ in range(2):
        await site.device.deliver(*unknown, nobody, known)
    assert await strangers(database, site) == 2, "an id that is nobody's will mean nobody later"
    await bind(database, site, "card", "88", site.people[0])
    for _ in range(2):
        await attribute(database, clock)
    assert await strangers(database, site) == 0
    found = {(day["person_id"], day["punches"], day["valid"]) for day in await days(database, site)}
    assert found == {(site.people[0], 2, True), (site.people[1], 1, False)}
