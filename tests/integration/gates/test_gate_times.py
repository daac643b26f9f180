"""Times that cannot be and clocks that are off (cases 7 and 22 of the gates page)."""

import json
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from httpx import Response

from backend.kit.db import Database
from backend.kit.keyring import MemoryKeyRing
from tests.integration.gates.desks import Office
from tests.integration.gates.gate_site import bind
from tests.integration.gates.outage_site import OutageSite


async def events_of(site: OutageSite) -> list[dict[str, Any]]:
    return await site.rows("SELECT * FROM punch WHERE project_id = :project_id ORDER BY event_key")


async def redate(
    office: Office, punch_id: str, at: datetime, supersedes: str | None = None, reason: str = "停电后时钟回零"
) -> Response:
    body = {"occurred_at": at.isoformat(), "reason": reason, "supersedes": supersedes}
    return await office.call("POST", f"/punches/{punch_id}/redatings", body)


@pytest.mark.parametrize("written", ["+30", "2023-01-01T00:00:00+08:00"])
async def test_22_an_impossible_time_waits_for_a_named_persons_decision(
    outage_site: OutageSite, keys: MemoryKeyRing, written: str
) -> None:
    site = outage_site
    owner, now = site.ground.owner, site.clock.now()
    at = (now + timedelta(minutes=30)).isoformat() if written == "+30" else written
    # The device was set up in 2026: whatever it tells of 2023 is from before.
    (result,) = await site.device.deliver(site.device.event(owner.person_id, occurred_at=at))
    assert result["status"] == "quarantined"
    assert await site.days() == []
    admin = await site.officer(keys)
    (waiting,) = (await admin.take("GET", "/quarantined-events"))["items"]
    assert (waiting["punch_id"], waiting["device_time"]) == (result["punch_id"], at)
    assert waiting["gate_id"] == str(site.device.id)
    (before,) = await events_of(site)

    true = now - timedelta(minutes=40)
    answer = await redate(admin, result["punch_id"], true)
    assert answer.status_code == 201, answer.text
    assert answer.json()["outcome"] == "counted"
    assert [one["code"] for one in answer.json()["reasons"]] == ["decision.gate_passed", "decision.time_redated"]
    assert (await admin.take("GET", "/quarantined-events"))["items"] == []
    assert await events_of(site) == [before]  # the raw row is as it was
    (day,) = await site.days()
    assert (day["person_id"], day["first_at"], day["punches"]) == (owner.person_id, true, 1)
    (made,) = await site.rows("SELECT * FROM attribution WHERE project_id = :project_id")
    assert (made["occurred_at"], made["reason"]) == (true, "停电后时钟回零")
    assert str(made["made_by"]) == answer.json()["made_by"]
    shown = await admin.take("GET", f"/punches/{result['punch_id']}")
    assert shown["punch"]["redated_to"] == true.isoformat().replace("+00:00", "Z")
    assert [one["reason"] for one in shown["attributions"]] == ["停电后时钟回零"]
    assert [one["ruled_by"] for one in shown["rulings"]] == [None, answer.json()["made_by"]]
    assert (await site.facts())[-1] == "event_redated"


async def test_22_a_second_decision_names_the_one_that_it_supersedes(
    outage_site: OutageSite, keys: MemoryKeyRing
) -> None:
    site = outage_site
    event = site.device.event(site.ground.owner.person_id, occurred_at="2000-01-01T00:00:00+08:00")
    (result,) = await site.device.deliver(event)
    admin, district = (
        await site.officer(keys),
        await site.officer(keys, "district", district_id=site.ground.project.district_id),
    )
    yesterday, today = site.clock.now() - timedelta(days=1), site.clock.now() - timedelta(hours=1)
    first = (await redate(admin, result["punch_id"], yesterday)).json()
    refused = await redate(district, result["punch_id"], today)
    assert (refused.status_code, refused.json()["code"]) == (409, "gates.redated_already")
    assert refused.json()["redating_id"] == first["redating_id"]
    site.wait(1)
    second = await redate(district, result["punch_id"], today, supersedes=first["redating_id"], reason="核对监控")
    assert second.status_code == 201, second.text
    stale = await redate(admin, result["punch_id"], yesterday, supersedes=first["redating_id"])
    assert (stale.status_code, stale.json()["code"]) == (409, "gates.redated_already")
    assert [(day["work_on"], day["punches"]) for day in await site.days()] == [
        (date(2026, 3, 15), 0),
        (date(2026, 3, 16), 1),
    ]
    shown = await admin.take("GET", f"/punches/{result['punch_id']}")
    assert [one["reason"] for one in shown["attributions"]] == ["停电后时钟回零", "核对监控"]


async def test_whom_a_number_meant_is_asked_of_the_time_decided_on(
    outage_site: OutageSite, keys: MemoryKeyRing, database: Database
) -> None:
    site = outage_site
    begun = site.clock.now() - timedelta(days=2)
    whose: Any = type("Site", (), {"project_id": site.project_id, "staff_id": site.ground.staff_id})
    await bind(database, whose, "card", "C77", site.ground.owner.person_id, from_at=begun)
    event = site.device.event(("card", "C77"), occurred_at="2000-01-01T00:00:00+08:00")
    (result,) = await site.device.deliver(event)
    admin = await site.officer(keys)
    (waiting,) = (await admin.take("GET", "/quarantined-events"))["items"]
    assert waiting["person_id"] is None
    answer = await redate(admin, result["punch_id"], site.clock.now() - timedelta(hours=1))
    assert answer.json()["person_id"] == str(site.ground.owner.person_id)
    (day,) = await site.days()
    assert (day["person_id"], day["punches"]) == (site.ground.owner.person_id, 1)


async def test_an_event_cannot_have_happened_after_it_came_in_or_before_its_gate(
    outage_site: OutageSite, keys: MemoryKeyRing
) -> None:
    site = outage_site
    event = site.device.event(site.ground.owner.person_id, occurred_at="2000-01-01T00:00:00+08:00")
    (result,) = await site.device.deliver(event)
    admin = await site.officer(keys)
    for at in (site.clock.now() + timedelta(seconds=1), datetime(2021, 1, 1, tzinfo=UTC)):
        answer = await redate(admin, result["punch_id"], at)
        assert (answer.status_code, answer.json()["code"]) == (422, "gates.redating_impossible")
    assert await site.rows("SELECT FROM attribution WHERE project_id = :project_id") == []


async def test_only_times_in_doubt_are_decided_on(outage_site: OutageSite, keys: MemoryKeyRing) -> None:
    site = outage_site
    (result,) = await site.device.deliver(site.device.event(site.ground.owner.person_id))
    answer = await redate(await site.officer(keys), result["punch_id"], site.clock.now() - timedelta(hours=1))
    assert (answer.status_code, answer.json()["code"]) == (409, "gates.not_quarantined")


async def test_what_a_person_ruled_stands(outage_site: OutageSite, keys: MemoryKeyRing) -> None:
    site = outage_site
    event = site.device.event(site.ground.owner.person_id, occurred_at="2000-01-01T00:00:00+08:00")
    (result,) = await site.device.deliver(event)
    district = await site.officer(keys, "district", district_id=site.ground.project.district_id)
    ruling = {"outcome": "refused", "note": "无此人", "seq": 1}
    await district.take("POST", f"/punches/{result['punch_id']}/rulings", ruling)
    answer = await redate(district, result["punch_id"], site.clock.now() - timedelta(hours=1))
    assert (answer.status_code, answer.json()["code"]) == (409, "gates.ruled_by_person")


async def test_22_a_clock_that_is_off_is_one_fact_however_many_events_show_it(outage_site: OutageSite) -> None:
    site = outage_site
    await site.live(20)
    await site.watch()
    behind = timedelta(seconds=300)

    async def live_by(skew: timedelta, count: int) -> None:
        for _ in range(count):
            site.wait(1)
            there = (site.clock.now() - skew).isoformat()
            await site.beat(clock_now=there)
            event = site.device.event(site.ground.owner.person_id, site.clock.now() - skew)
            body = {"clock_now": there, "items": [event]}
            answer = await site.device.post("/gates/v1/events", json.dumps(body).encode())
            assert answer.status_code == 200, answer.text
            await site.watch()

    await live_by(behind, 12)
    assert (await site.facts()).count("clock_off") == 1
    (fact,) = await site.rows("SELECT detail FROM gate_fact WHERE project_id = :project_id AND kind = 'clock_off'")
    assert fact["detail"]["median_skew_s"] > 120
    await live_by(timedelta(0), 12)
    await live_by(timedelta(0), 3)
    assert [kind for kind in await site.facts() if kind.startswith("clock")] == ["clock_off", "clock_right"]


async def test_22_a_burst_of_replays_does_not_move_the_skew(outage_site: OutageSite) -> None:
    site = outage_site
    await site.live(5)
    owner, now = site.ground.owner, site.clock.now()
    stored = [
        site.device.event(owner.person_id, now - timedelta(minutes=count), live=False) for count in range(300, 0, -1)
    ]
    for begin in range(0, len(stored), 30):
        await site.device.deliver(*stored[begin : begin + 30])
    await site.watch()
    assert "clock_off" not in await site.facts()
    (state,) = await site.rows("SELECT recent_skews_s FROM gate_state WHERE project_id = :project_id")
    assert max(map(abs, state["recent_skews_s"])) < 1


async def test_7_late_events_on_both_sides_of_the_cut_over_land_on_their_own_work_days(
    outage_site: OutageSite,
) -> None:
    """The site's day begins at 04:00 in its zone, whatever zone the device writes in."""
    site = outage_site
    person = site.ground.owner.person_id
    await site.device.deliver(
        site.device.event(person, occurred_at="2026-03-15T23:30:00+05:30", live=False),  # 02:00 on the 16th there
        site.device.event(person, occurred_at="2026-03-16T01:45:00+05:30", live=False),  # 04:15 on the 16th there
    )
    assert [(day["work_on"], day["punches"]) for day in await site.days()] == [
        (date(2026, 3, 15), 1),
        (date(2026, 3, 16), 1),
    ]


async def test_24_late_events_recompute_the_days_they_touch_and_both_sources_are_named(
    outage_site: OutageSite,
) -> None:
    site = outage_site
    owner, other = site.ground.owners[:2]
    await site.live(2)
    site.wait(10)
    await site.watch()
    begun = site.clock.now()
    assert (await site.tapped(owner))[0] == "counted"
    site.wait(1)
    (before,) = await site.days()
    assert before["sources"] == ["phone"]
    site.wait(300)
    stored = [
        site.device.event(owner.person_id, begun - timedelta(minutes=3), live=False),
        site.device.event(other.person_id, begun + timedelta(minutes=5), live=False),
        site.device.event(owner.person_id, begun + timedelta(minutes=270), live=False),
    ]
    await site.beat(backlog=3, oldest_unsent_at=stored[0]["occurred_at"])
    await site.device.deliver(*stored)
    await site.watch()
    after = {day["person_id"]: day for day in await site.days()}
    mine = after[owner.person_id]
    assert (mine["sources"], mine["punches"], mine["valid"]) == (["gate", "phone"], 3, True)
    assert mine["revision"] > before["revision"]
    assert after[other.person_id]["sources"] == ["gate"]
    (outage,) = await site.outages()
    assert (outage["backlog"], outage["oldest_event_at"]) == (3, begun - timedelta(minutes=3))
    # Once more, as devices do: nothing changes.
    revision = mine["revision"]
    assert {one["status"] for one in await site.device.deliver(*stored)} == {"duplicate"}
    (again,) = [day for day in await site.days() if day["person_id"] == owner.person_id]
    assert again["revision"] == revision


async def test_25_a_pass_and_a_tap_within_a_minute_are_two_rows_and_one_beginning(outage_site: OutageSite) -> None:
    site = outage_site
    owner = site.ground.owner
    await site.live(2)
    site.wait(10)
    await site.watch()
    passed_at = site.clock.now() - timedelta(seconds=50)
    assert (await site.tapped(owner))[0] == "counted"
    tapped_at = site.clock.now()
    site.wait(30)
    await site.device.deliver(site.device.event(owner.person_id, passed_at, live=False))
    states = await site.states()
    assert [(one["source"], one["outcome"]) for one in states] == [("gate", "counted"), ("phone", "counted")]
    (day,) = await site.days()
    assert (day["first_at"], day["last_at"]) == (passed_at, tapped_at)
    assert day["sources"] == ["gate", "phone"]
    assert day["entries"] == [one["punch_id"] for one in states]
    assert not day["valid"]
