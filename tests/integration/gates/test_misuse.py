"""What speaks of misuse is found behind the gates' backs, with evidence, once."""

from collections.abc import Sequence
from datetime import date, timedelta
from hashlib import sha256
from typing import Any
from uuid import UUID, uuid4

import pytest
from httpx import AsyncClient
from sqlalchemy import func, insert, text, update

from backend.gates.misuse.following import AT_ONCE, follow_ledger, look_at_days
from backend.gates.outages.tables import GateOutage, GateOutageEnd
from backend.gates.tables import GateDevice
from backend.kit.clock import ManualClock
from backend.kit.db import Database
from backend.kit.keyring import MemoryKeyRing
from tests.integration.gates.desks import Office, office
from tests.integration.gates.gate_site import HEARTBEAT, Device, GateSite, make_device, minutes, rows
from tests.integration.gates.terminals import make_terminal
from tests.support.factories import draw_code, make_assignment, make_party, make_person, make_post, make_project
from tests.support.ledgers import append, entry

START = """
INSERT INTO gate_follower (name, outbox_id) SELECT 'misuse', coalesce(max(id), 0) FROM ledger_outbox
ON CONFLICT (name) DO UPDATE SET outbox_id = excluded.outbox_id
"""


@pytest.fixture
async def desk(database: Database, keys: MemoryKeyRing, site: GateSite) -> Office:
    """Give an officer's desk, with all that earlier tests recorded looked at."""
    async with database.transaction() as tx:
        await tx.execute(text(START))
    return await office(database, keys, site)


async def put(database: Database, device: Device, lon: float, lat: float) -> None:
    place = func.ST_SetSRID(func.ST_MakePoint(lon, lat), 4326)
    async with database.transaction() as tx:
        await tx.execute(update(GateDevice).where(GateDevice.id == device.id).values(place=place))


async def far_gate(
    database: Database, keys: MemoryKeyRing, site: GateSite, people: Sequence[UUID], *, lon: float = 114.2
) -> Device:
    """Make a gate 29 km to the west, on a project of its own with some of the same people."""
    async with database.transaction() as tx:
        project = await make_project(tx)
        party = await make_party(tx, project.id)
        post_id = await make_post(tx, party, seats=1000)
        for person_id in people:
            await make_assignment(tx, project.id, post_id, person_id)
        device = await make_device(tx, site.device.client, site.device.clock, keys, project.id, site.staff_id)
    await put(database, device, lon, 30.5)
    return device


async def follow(database: Database, clock: ManualClock) -> int:
    clock.advance(minutes(1.1))
    return await follow_ledger(database, clock)


async def signals(desk: Office, **wanted: Any) -> list[dict[str, Any]]:
    return (await desk.take("GET", "/gate-signals", **wanted))["items"]


async def test_one_person_at_two_distant_gates_is_told_at_both_with_its_numbers(
    database: Database, keys: MemoryKeyRing, site: GateSite, desk: Office, clock: ManualClock
) -> None:
    person = site.people[0]
    other = await far_gate(database, keys, site, [person])
    await site.device.deliver(site.device.event(person))
    clock.advance(minutes(2))
    await other.deliver(other.event(person))
    await follow(database, clock)
    (found,) = await signals(desk)
    assert (found["kind"], found["gate_id"], found["person_id"]) == (
        "impossible_journey",
        str(site.device.id),
        str(person),
    )
    evidence = found["evidence"]
    assert (evidence["took_s"], evidence["other_gate_id"]) == (120, str(other.id))
    assert evidence["distance_m"] == pytest.approx(28_650, abs=150)
    at_other = await rows(database, "SELECT kind FROM gate_signal WHERE device_id = :id", id=other.id)
    assert [row["kind"] for row in at_other] == ["impossible_journey"]


async def test_passes_that_come_late_are_held_against_those_around_them_and_told_once(
    database: Database, keys: MemoryKeyRing, site: GateSite, desk: Office, clock: ManualClock
) -> None:
    person, then = site.people[0], clock.now()
    other = await far_gate(database, keys, site, [person])
    await site.device.deliver(site.device.event(person))
    await follow(database, clock)
    assert await signals(desk) == []
    clock.advance(timedelta(hours=5))
    late = other.event(person, then + minutes(1), live=False)
    await other.deliver(late)
    await follow(database, clock)
    assert len(await signals(desk)) == 1
    await other.deliver(late)
    await follow(database, clock)
    async with database.transaction() as tx:
        await tx.execute(text("UPDATE gate_follower SET outbox_id = outbox_id - 1"))
    await follow(database, clock)
    assert len(await signals(desk)) == 1


async def test_nothing_is_looked_at_before_every_earlier_transaction_has_ended(
    database: Database, site: GateSite, desk: Office, clock: ManualClock
) -> None:
    del desk
    await site.device.deliver(site.device.event(site.people[0]))
    assert await follow_ledger(database, clock) == 0
    assert await follow(database, clock) == 1


async def test_ordinary_days_give_no_signal(
    database: Database, keys: MemoryKeyRing, site: GateSite, desk: Office, clock: ManualClock
) -> None:
    person = site.people[0]
    other = await far_gate(database, keys, site, [person])
    for device, after in ((site.device, 0), (site.device, 0.2), (other, 45), (site.device, 300)):
        clock.advance(minutes(after))
        await device.deliver(device.event(person))
    refused = other.event(person, granted=False)
    await other.deliver(refused)
    await follow(database, clock)
    assert await look_at_days(database, clock) == 0
    assert await signals(desk) == []


async def test_a_burst_of_one_card_is_told_once(
    database: Database, site: GateSite, desk: Office, clock: ManualClock
) -> None:
    begin = clock.now()
    events = [site.device.event(site.people[1], begin + timedelta(seconds=20 * place)) for place in range(9)]
    clock.advance(minutes(4))
    await site.device.deliver(*events[:8])
    await follow(database, clock)
    await site.device.deliver(events[8])
    await follow(database, clock)
    (found,) = await signals(desk, kind="card_burst")
    assert (found["person_id"], found["evidence"]["passes"]) == (str(site.people[1]), 8)
    assert len(found["evidence"]["punches"]) == 8
    assert found["title"] == "同一人 140 秒内连续通过 8 次"


async def test_three_people_who_cannot_have_come_say_that_the_gate_stands_elsewhere(
    database: Database, keys: MemoryKeyRing, site: GateSite, desk: Office, clock: ManualClock
) -> None:
    other = await far_gate(database, keys, site, site.people)
    await site.device.deliver(*(site.device.event(person) for person in site.people))
    clock.advance(minutes(1))
    await other.deliver(*(other.event(person) for person in site.people))
    await follow(database, clock)
    assert await look_at_days(database, clock) == 0
    (found,) = await signals(desk, kind="displaced")
    assert (found["evidence"]["people"], found["person_id"]) == (3, None)


async def test_a_gate_that_passes_other_people_is_told(
    database: Database, site: GateSite, desk: Office, clock: ManualClock
) -> None:
    strangers = [site.device.event(("card", f"9{place}")) for place in range(20)]
    await site.device.deliver(*strangers, *(site.device.event(person) for person in site.people))
    for _ in range(2):
        assert await look_at_days(database, clock) == 0
    (found,) = await signals(desk, gate_id=str(site.device.id))
    assert (found["kind"], found["evidence"]) == (
        "foreign_crowd",
        {"work_on": date(2026, 3, 16).isoformat(), "people": 13, "foreign": 10},
    )


async def test_calls_from_outside_of_the_gates_networks_are_told(
    database: Database, site: GateSite, desk: Office, clock: ManualClock
) -> None:
    await desk.take("PATCH", f"/gates/{site.device.id}", {"networks": ["203.0.113.0/24"]})
    body = b'{"clock_now":"2026-03-16T09:30:00+08:00","backlog":0}'
    for _ in range(2):
        headers = {**site.device.sign(HEARTBEAT, body), "X-Forwarded-For": "198.51.100.9"}
        answer = await site.device.client.post(HEARTBEAT, content=body, headers=headers)
        assert answer.status_code == 403
    assert await look_at_days(database, clock) == 0
    (found,) = await signals(desk)
    assert (found["kind"], found["evidence"]["address"], found["evidence"]["times"]) == (
        "foreign_network",
        "198.51.100.9",
        2,
    )


async def test_whoever_may_not_see_the_person_sees_the_signal_without_him(
    database: Database, keys: MemoryKeyRing, site: GateSite, desk: Office, clock: ManualClock
) -> None:
    begin = clock.now()
    stranger = (await make_person(database, keys)).id
    async with database.transaction() as tx:
        party = await make_party(tx, site.project_id)
        await make_assignment(tx, site.project_id, await make_post(tx, party, seats=5), stranger)
        mine = await make_party(tx, site.project_id)
    await site.device.deliver(*(site.device.event(stranger, begin + timedelta(seconds=place)) for place in range(8)))
    await follow(database, clock)
    (seen,) = await signals(desk)
    assert seen["person_id"] == str(stranger)
    owner = await office(database, keys, site, "owner", project_id=site.project_id, party_id=mine.id)
    answer = await owner.call("GET", "/gate-signals")
    if answer.status_code == 200:
        assert [one["person_id"] for one in answer.json()["items"]] == [None]
    else:
        assert answer.json()["code"] == "request.scope_missing"


async def test_many_entries_are_followed_in_steps(
    database: Database, site: GateSite, desk: Office, clock: ManualClock
) -> None:
    del desk
    begin = clock.now() - timedelta(hours=20)
    count = AT_ONCE + 20
    events = [site.device.event(("card", f"7{place}"), begin + minutes(place)) for place in range(count)]
    await site.device.deliver(*events[:400])
    await site.device.deliver(*events[400:])
    assert await follow(database, clock) == count


async def test_a_gate_that_fails_at_the_same_hours_for_the_same_person_is_told(
    database: Database, site: GateSite, desk: Office, clock: ManualClock
) -> None:
    person, now = site.people[0], clock.now()
    begins = [now - timedelta(days=back) for back in range(1, 6)]
    for begin in begins:
        sign = {"id": uuid4(), "last_sign_at": begin - minutes(5)}
        values = {"project_id": site.project_id, "device_id": site.device.id, "kind": "silent", "evidence": {}}
        async with database.transaction() as tx:
            await tx.execute(insert(GateOutage).values(**values, **sign, from_at=begin, recorded_at=begin))
            end = {"ended_at": begin + minutes(50), "recorded_at": begin + minutes(51), "cause": "recovered"}
            await tx.execute(insert(GateOutageEnd).values(project_id=site.project_id, outage_id=sign["id"], **end))
        await append(database, [entry(site.project_id, person, begin + minutes(10), source="phone")], begin)
    await append(database, [entry(site.project_id, site.people[1], begins[0] + minutes(9), source="phone")], begins[0])
    for _ in range(2):
        assert await look_at_days(database, clock) == 0
    found = {one["kind"]: one for one in await signals(desk)}
    assert len(await signals(desk)) == len(found) == 3
    assert found["fails_often"]["evidence"] == {"outages": 5}
    assert found["fails_at_hours"]["evidence"] == {"outages": 5, "of": 5, "from_time": "09:30", "to_time": "11:30"}
    assert (found["fails_for_people"]["person_id"], found["fails_for_people"]["evidence"]["met"]) == (str(person), 5)


async def test_calls_without_the_gate_s_token_are_told(
    database: Database, client: AsyncClient, site: GateSite, desk: Office, clock: ManualClock
) -> None:
    digest = sha256(draw_code(20).encode()).digest()
    keyed = await make_terminal(database, client, clock, site.project_id, access_token_digest=digest)
    for _ in range(3):
        assert (await keyed.get("/iclock/getrequest")).text == "OK"
    for _ in range(2):
        assert await look_at_days(database, clock) == 0
    (found,) = await signals(desk)
    assert (found["kind"], found["gate_id"], found["evidence"]["times"]) == ("foreign_token", str(keyed.id), 3)
    assert "令牌" in found["title"]
