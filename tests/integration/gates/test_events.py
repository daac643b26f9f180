"""Batches of events end to end: results in order, repetitions, late events, who passed (case 25 of the gates page)."""

import asyncio
import json
from datetime import timedelta
from uuid import uuid4

from backend.kit.clock import ManualClock
from backend.kit.crypto import DataKeys, data_key_label
from backend.kit.db import Database
from backend.kit.keyring import MemoryKeyRing, Purpose
from tests.integration.gates.gate_site import GateSite, bind, days, make_device, minutes, punches, rows, written
from tests.support.factories import make_assignment, make_person, make_project


def statuses(results: list[dict[str, object]]) -> list[object]:
    return [result["status"] for result in results]


async def test_a_mixed_batch_is_answered_item_by_item_in_order(site: GateSite, database: Database) -> None:
    device, (anna, bo, _) = site.device, site.people
    known = device.event(anna, device.clock.now() - minutes(1))
    (first,) = await device.deliver(known)
    fresh, future, malformed = (
        device.event(bo),
        device.event(bo, device.clock.now() + minutes(30)),
        device.event(bo, direction="sideways"),
    )
    results = await device.deliver(fresh, known, future, malformed)
    assert statuses(results) == ["accepted", "duplicate", "quarantined", "rejected"]
    assert [result["device_event_id"] for result in results] == [
        item["device_event_id"] for item in (fresh, known, future, malformed)
    ]
    assert results[1]["punch_id"] == first["punch_id"]
    assert [result.get("outcome") for result in results] == ["counted", "counted", "review", None]
    assert results[2]["reason"] == "decision.time_quarantined"
    assert results[3]["reason"] == "gates.item_malformed"
    assert "direction" in str(results[3]["detail"])
    stored = await punches(database, site)
    assert [(row["event_key"], row["outcome"], row["time_quality"]) for row in stored] == [
        (known["device_event_id"], "counted", "device"),
        (fresh["device_event_id"], "counted", "device"),
        (future["device_event_id"], "review", "quarantined"),
    ]
    assert {row["person_id"] for row in await days(database, site)} == {anna, bo}


async def test_a_punch_tells_where_it_comes_from(site: GateSite, database: Database) -> None:
    device = site.device
    event = device.event(site.people[0], occurred_at="2026-03-16T09:00:00+08:00", live=False)
    await device.deliver(event)
    (punch,) = await punches(database, site)
    assert punch["source"] == "gate"
    assert punch["source_id"] == device.id
    assert punch["trust"] == "signed"
    assert punch["device_time"] == "2026-03-16T09:00:00+08:00"
    assert punch["received_at"] == device.clock.now()
    assert (punch["method"], punch["lane"], punch["granted"]) == ("face", "1", True)
    assert punch["signals"] == ["stored"]
    (outbox,) = await rows(
        database, "SELECT kind, entry_id FROM ledger_outbox WHERE project_id = :id", id=site.project_id
    )
    assert outbox == {"kind": "punch", "entry_id": punch["punch_id"]}


async def test_who_presented_what_lies_sealed_beside_the_punch(
    site: GateSite, database: Database, keys: MemoryKeyRing
) -> None:
    await site.device.deliver(site.device.event(("card", "0042")))
    (private,) = await rows(database, "SELECT * FROM punch_private WHERE project_id = :id", id=site.project_id)
    (key,) = await rows(database, "SELECT wrapped FROM data_key WHERE project_id = :id", id=site.project_id)
    data_keys = DataKeys(keys, site.device.clock.now)
    opened = data_keys.unwrap(bytes(key["wrapped"]), data_key_label(site.project_id, "2026-03"))
    text = opened.open(bytes(private["sealed"]), private["punch_id"].bytes)
    assert text == b'{"person":null,"photo_sha256":null,"presented":["card","0042"]}'
    assert b"0042" not in bytes(private["sealed"])


async def test_direction_is_the_wires_or_the_lanes(site: GateSite, database: Database) -> None:
    device = site.device
    at = device.clock.now()
    await device.deliver(
        device.event(site.people[0], at - minutes(3), direction="out"),
        device.event(site.people[0], at - minutes(2), direction=None),
    )
    found = [(row["direction"], row["direction_source"]) for row in await punches(database, site)]
    assert found == [("out", "wire"), ("in", "lane_default")]


async def test_the_same_batch_twice_is_duplicates_only(site: GateSite, database: Database) -> None:
    device = site.device
    batch = [device.event(person) for person in site.people]
    first = await device.deliver(*batch)
    before = await written(database, site)
    second = await device.deliver(*batch)
    after = await written(database, site)
    assert statuses(first) == ["accepted"] * 3
    assert statuses(second) == ["duplicate"] * 3
    assert [result["punch_id"] for result in second] == [result["punch_id"] for result in first]
    assert after == {**before, "gate_nonce": before["gate_nonce"] + 1}
    assert {row["revision"] for row in await days(database, site)} == {0}


async def test_a_batch_that_comes_again_after_keys_were_replaced_is_duplicates_only(
    site: GateSite, keys: MemoryKeyRing
) -> None:
    device = site.device
    batch = [device.event(person) for person in site.people]
    first = await device.deliver(*batch)
    keys.rotate(Purpose.BLIND_INDEX, device.clock.now())
    again = await device.deliver(*batch, device.event(site.people[0]), {**batch[0], "method": "card"})
    assert statuses(again) == ["duplicate"] * 3 + ["accepted", "conflict"]
    assert [result["punch_id"] for result in again[:3]] == [result["punch_id"] for result in first]


async def test_eight_times_the_same_batch_at_once_is_recorded_once(site: GateSite, database: Database) -> None:
    device = site.device
    batch = [device.event(person, device.clock.now() - minutes(n)) for person in site.people for n in range(1, 11)]
    answers = await asyncio.gather(*(device.send(batch) for _ in range(8)))
    assert {answer.status_code for answer in answers} == {200}
    results = [answer.json()["results"] for answer in answers]
    assert len(await punches(database, site)) == 30
    for place in range(30):
        of_item = [result[place] for result in results]
        assert sorted(one["status"] for one in of_item) == ["accepted"] + ["duplicate"] * 7
        assert len({one["punch_id"] for one in of_item}) == 1
    assert {(row["punches"], row["span_s"]) for row in await days(database, site)} == {(10, 540)}
    assert {answer.json()["next_expected_seq"] for answer in answers} == {31}


async def test_gates_that_deliver_the_same_people_at_once_do_not_get_in_each_others_way(
    site: GateSite, database: Database, keys: MemoryKeyRing
) -> None:
    first = site.device
    async with database.transaction() as tx:
        other = await make_device(tx, first.client, first.clock, keys, site.project_id, site.staff_id)
    now = first.clock.now()
    sendings = [
        device.send(
            [
                device.event(person, now - timedelta(days=day, minutes=turn), live=False)
                for day in (range(6) if turn % 2 else reversed(range(6)))
                for person in (site.people if device is first else site.people[::-1])
            ]
        )
        for turn in range(4)
        for device in (first, other)
    ]
    answers = await asyncio.gather(*sendings)
    assert [answer.status_code for answer in answers] == [200] * 8
    assert [row["punches"] for row in await days(database, site)] == [8] * 18


async def test_the_same_event_within_one_batch_counts_once(site: GateSite, database: Database) -> None:
    device = site.device
    event = device.event(site.people[0])
    other = {**event, "person": {"kind": "person", "value": str(site.people[1])}}
    results = await device.deliver(event, event, other)
    assert statuses(results) == ["accepted", "duplicate", "conflict"]
    (punch,) = await punches(database, site)
    assert punch["person_id"] == site.people[0]


async def test_the_same_id_with_other_content_is_a_conflict_and_the_first_stays(
    site: GateSite, database: Database
) -> None:
    device = site.device
    event = device.event(site.people[0])
    (first,) = await device.deliver(event)
    before = await written(database, site)
    (second,) = await device.deliver({**event, "person": {"kind": "person", "value": str(site.people[1])}})
    assert second == {
        "device_event_id": event["device_event_id"],
        "status": "conflict",
        "reason": "gates.item_conflict",
        "punch_id": first["punch_id"],
    }
    assert await written(database, site) == {**before, "gate_nonce": before["gate_nonce"] + 1}


async def test_sent_later_under_another_number_it_is_still_the_same_event(site: GateSite) -> None:
    device = site.device
    event = device.event(site.people[0])
    await device.deliver(event)
    (again,) = await device.deliver({**event, "live": False, "seq": 77})
    assert again["status"] == "duplicate"


async def test_two_devices_may_use_the_same_event_id(site: GateSite, database: Database, keys: MemoryKeyRing) -> None:
    async with database.transaction() as tx:
        other = await make_device(
            tx, site.device.client, site.device.clock, keys, site.project_id, site.staff_id, default_direction="out"
        )
    event = site.device.event(site.people[0])
    assert statuses(await site.device.deliver(event)) == ["accepted"]
    assert statuses(await other.deliver(event)) == ["accepted"]
    assert len(await punches(database, site)) == 2


async def test_late_events_recompute_the_days_they_touch(site: GateSite, database: Database) -> None:
    device, person = site.device, site.people[0]
    now = device.clock.now()
    yesterday = now - timedelta(days=1)
    await device.deliver(device.event(person, yesterday))
    assert [(row["punches"], row["valid"]) for row in await days(database, site)] == [(1, False)]
    await device.deliver(device.event(person, yesterday + timedelta(hours=8), live=False), device.event(person, now))
    found = [
        (row["work_on"].isoformat(), row["punches"], row["span_s"], row["valid"]) for row in await days(database, site)
    ]
    assert found == [("2026-03-15", 2, 8 * 3600, True), ("2026-03-16", 1, 0, False)]


async def test_a_night_shift_is_one_day_by_the_sites_cut_over(site: GateSite, database: Database) -> None:
    device, person = site.device, site.people[0]
    await device.deliver(
        device.event(person, occurred_at="2026-03-15T22:00:00+08:00", live=False),
        device.event(person, occurred_at="2026-03-16T03:59:59+08:00", live=False),
        device.event(person, occurred_at="2026-03-16T04:00:00+08:00", live=False),
    )
    found = [(row["work_on"].isoformat(), row["punches"]) for row in await days(database, site)]
    assert found == [("2026-03-15", 2), ("2026-03-16", 1)]


async def test_a_number_means_whom_it_meant_at_the_events_own_time(site: GateSite, database: Database) -> None:
    device, (anna, bo, _) = site.device, site.people
    now = device.clock.now()
    change = now - timedelta(hours=2)
    await bind(database, site, "pin", "7", anna, to_at=change)
    await bind(database, site, "pin", "7", bo, from_at=change)
    await bind(database, site, "card", "7", anna)
    await device.deliver(
        device.event(("pin", "7"), change - minutes(1), live=False),
        device.event(("pin", "7"), change, live=False),
        device.event(("card", "7"), now),
        device.event(("employee", "7"), now + minutes(1)),
    )
    assert [row["person_id"] for row in await punches(database, site)] == [anna, bo, anna, None]


async def test_unknown_people_are_kept_for_review(site: GateSite, database: Database, keys: MemoryKeyRing) -> None:
    async with database.transaction() as tx:
        elsewhere = await make_project(tx)
        stranger = (await make_person(tx, keys)).id
        del elsewhere
    device = site.device
    at = device.clock.now()
    results = await device.deliver(
        device.event(("pin", "nobody"), at - minutes(3)),
        device.event(uuid4(), at - minutes(2)),
        device.event(stranger, at - minutes(1)),
    )
    assert {(result["status"], result["reason"]) for result in results} == {("accepted", "decision.person_unknown")}
    assert {(row["person_id"], row["outcome"]) for row in await punches(database, site)} == {(None, "review")}
    assert await days(database, site) == []


async def test_a_pass_outside_of_the_assignment_goes_to_review(
    site: GateSite, database: Database, keys: MemoryKeyRing
) -> None:
    today = site.device.clock.now().date()
    async with database.transaction() as tx:
        person = (await make_person(tx, keys)).id
        await make_assignment(
            tx,
            site.project_id,
            site.post_id,
            person,
            from_on=today - timedelta(days=9),
            to_on=today - timedelta(days=1),
            exit_confirmed_at=site.device.clock.now(),
        )
    (result,) = await site.device.deliver(site.device.event(person))
    assert (result["status"], result["reason"]) == ("accepted", "decision.assignment_not_in_force")
    (day,) = await days(database, site)
    assert (day["punches"], day["in_review"]) == (0, 1)


async def test_refused_and_unclear_passes_are_recorded_but_not_counted(site: GateSite, database: Database) -> None:
    device = site.device
    results = await device.deliver(
        device.event(site.people[0], granted=False), device.event(site.people[1], granted=None)
    )
    assert [result["reason"] for result in results] == ["decision.gate_refused", "decision.gate_unclear"]
    assert [result["outcome"] for result in results] == ["refused", "review"]
    assert {row["person_id"]: row["outcome"] for row in await punches(database, site)} == {
        site.people[0]: "refused",
        site.people[1]: "review",
    }
    assert [row["person_id"] for row in await days(database, site)] == [site.people[1]]


async def test_impossible_times_are_rows_that_belong_to_no_day(site: GateSite, database: Database) -> None:
    device, person = site.device, site.people[0]
    results = await device.deliver(
        device.event(person, occurred_at="2023-01-01T00:00:00+08:00"),
        device.event(person, occurred_at="0001-01-02T00:00:00+08:00"),
        device.event(person, occurred_at="9999-12-31T23:59:59Z"),
        device.event(person, device.clock.now() + minutes(10.1)),
    )
    assert statuses(results) == ["quarantined"] * 4
    assert {row["outcome"] for row in await punches(database, site)} == {"review"}
    assert await days(database, site) == []
    (state,) = await rows(database, "SELECT last_event_at FROM gate_state WHERE device_id = :id", id=device.id)
    assert state["last_event_at"] is None


async def test_a_live_event_with_a_wrong_clock_counts_and_says_so(site: GateSite, database: Database) -> None:
    device = site.device
    (result,) = await device.deliver(device.event(site.people[0], device.clock.now() - minutes(30)))
    assert result["status"] == "accepted"
    (punch,) = await punches(database, site)
    assert (punch["time_quality"], punch["outcome"]) == ("suspect", "counted")


async def test_events_of_a_month_without_partition_make_it(site: GateSite, database: Database) -> None:
    device = site.device
    assert not await rows(database, "SELECT FROM pg_class WHERE relname = 'punch_dedupe_202107'")
    event = device.event(site.people[0], occurred_at="2021-07-05T08:00:00+08:00")
    (result,) = await device.deliver(event)
    assert result["status"] == "quarantined"
    (again,) = await device.deliver(event)
    assert (again["status"], again["punch_id"]) == ("duplicate", result["punch_id"])


async def test_a_batch_of_malformed_items_only_is_answered(site: GateSite, database: Database) -> None:
    before = await written(database, site)
    results = await site.device.deliver(7, {"device_event_id": "x"}, None)
    assert statuses(results) == ["rejected"] * 3
    assert [result["device_event_id"] for result in results] == [None, "x", None]
    after = await written(database, site)
    assert after == {**before, "gate_nonce": 1, "gate_state": 1}


async def test_the_gate_remembers_what_it_waits_for(site: GateSite) -> None:
    device, person = site.device, site.people[0]
    at = device.clock.now()

    async def send(*numbers: int) -> int:
        items = [device.event(person, at - minutes(number), seq=number) for number in numbers]
        return (await device.send(items)).json()["next_expected_seq"]

    assert await send(1, 2, 3) == 4
    assert await send(6, 7) == 4
    assert await send(5, 4) == 8
    assert await send(1) == 2


async def test_clock_skew_of_the_device_is_kept(site: GateSite, database: Database, clock: ManualClock) -> None:
    device = site.device
    body = {"clock_now": (clock.now() - timedelta(seconds=90)).isoformat(), "items": [device.event(site.people[0])]}
    answer = await device.post("/gates/v1/events", json.dumps(body).encode())
    assert answer.status_code == 200
    (state,) = await rows(
        database, "SELECT clock_skew_s, last_seen_at FROM gate_state WHERE device_id = :id", id=device.id
    )
    assert state == {"clock_skew_s": 90.0, "last_seen_at": clock.now()}
