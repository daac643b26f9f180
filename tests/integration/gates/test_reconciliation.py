"""What gates count against the ledger: gaps, days, and tasks that somebody signs."""

from datetime import datetime, timedelta

import pytest
from sqlalchemy import text

from backend.gates.reconciliation.checking import check_project, reconcile_gates
from backend.gates.reconciliation.queries import CheckedProject, checked_projects
from backend.kit.clock import ManualClock
from backend.kit.db import Database
from backend.kit.keyring import MemoryKeyRing
from tests.integration.gates.desks import Office, office
from tests.integration.gates.gate_site import GateSite, minutes, rows

FACTS = ("gate_gap", "gate_gap_end", "gate_count", "gate_day_count", "gate_task")


@pytest.fixture
async def desk(database: Database, keys: MemoryKeyRing, site: GateSite) -> Office:
    return await office(database, keys, site)


async def check(database: Database, site: GateSite, now: datetime) -> None:
    async with database.transaction() as tx:
        project = next(one for one in await checked_projects(tx) if one.id == site.project_id)
        await check_project(tx, CheckedProject(project.id, project.time_zone, project.cutover), now)


async def deliver(site: GateSite, *numbers: int, at: datetime | None = None) -> None:
    await site.device.deliver(*(site.device.event(site.people[0], at, seq=number) for number in numbers))


async def report(database: Database, site: GateSite, count: int, at: datetime) -> None:
    statement = "UPDATE gate_state SET reported_count = :count, reported_at = :at WHERE device_id = :device_id"
    async with database.transaction() as tx:
        await tx.execute(text(statement), {"count": count, "at": at, "device_id": site.device.id})


async def facts(database: Database, site: GateSite) -> dict[str, int]:
    return {
        table: len(await rows(database, f"SELECT 1 FROM {table} WHERE project_id = :id", id=site.project_id))
        for table in FACTS
    }


async def test_numbers_that_do_not_arrive_are_a_gap_and_after_an_hour_a_task(
    database: Database, site: GateSite, desk: Office, clock: ManualClock
) -> None:
    await deliver(site, 1, 2, 5)
    await check(database, site, clock.now())
    gap = (await desk.take("GET", "/gate-gaps", open=True))["items"][0]
    assert (gap["from_no"], gap["to_no"], gap["ended_at"]) == (3, 4, None)
    assert (await desk.take("GET", "/gate-tasks"))["items"] == []

    clock.advance(timedelta(hours=1))
    await check(database, site, clock.now())
    task = (await desk.take("GET", "/gate-tasks", open=True))["items"][0]
    assert (task["kind"], task["gate_id"], task["evidence"]["from_no"]) == ("numbers_missing", str(site.device.id), 3)
    assert task["title"] == "第 3 至 4 号记录一直没有到达"

    await deliver(site, 3, 4)
    await check(database, site, clock.now())
    assert (await desk.take("GET", "/gate-gaps", open=True))["items"] == []
    ended = (await desk.take("GET", "/gate-gaps", gate_id=str(site.device.id)))["items"][0]
    assert (ended["cause"], ended["id"]) == ("arrived", gap["id"])


async def test_a_task_is_done_once_by_somebody_who_says_what_came_of_it(
    database: Database, site: GateSite, desk: Office, clock: ManualClock
) -> None:
    await deliver(site, 1, 3)
    for _ in range(2):
        await check(database, site, clock.now())
        clock.advance(timedelta(hours=2))
    task = (await desk.take("GET", "/gate-tasks"))["items"][0]
    done = await desk.take("POST", f"/gate-tasks/{task['id']}/done", {"note": "设备已补传"})
    assert (done["note"], done["done_at"] is None) == ("设备已补传", False)
    again = await desk.call("POST", f"/gate-tasks/{task['id']}/done", {"note": "再次"})
    assert (again.status_code, again.json()["code"]) == (409, "gates.task_done")
    assert (await desk.take("GET", "/gate-tasks", open=True))["items"] == []
    blank = await desk.call("POST", f"/gate-tasks/{task['id']}/done", {"note": "  "})
    assert blank.status_code == 400 or blank.json()["code"] == "request.invalid"
    unknown = await desk.call("POST", f"/gate-tasks/{site.project_id}/done", {"note": "x"})
    assert (unknown.status_code, unknown.json()["code"]) == (404, "gates.task_unknown")


async def test_what_a_device_counts_beyond_the_ledger_is_missing_and_after_a_day_a_task(
    database: Database, site: GateSite, desk: Office, clock: ManualClock
) -> None:
    morning = clock.now()
    await deliver(site, 1)
    await report(database, site, 100, morning)
    await check(database, site, morning)
    clock.advance(timedelta(hours=4))
    await deliver(site, 2, 3)
    await report(database, site, 105, clock.now())
    await check(database, site, clock.now())
    day = await desk.take("GET", "/gate-day-counts", on="2026-03-16")
    # The event at the edge of the period may belong to either side: it is held to be one of the five.
    assert [(one["events"], one["reported"], one["held"], one["missing"]) for one in day] == [(3, 5, 3, 2)]
    assert (await desk.take("GET", "/gate-tasks"))["items"] == []

    clock.advance(timedelta(days=2))
    await check(database, site, clock.now())
    task = (await desk.take("GET", "/gate-tasks"))["items"][0]
    assert (task["kind"], task["evidence"]["missing"]) == ("events_missing", 2)
    assert task["title"] == "2026-03-16 设备比平台多记了 2 条"


async def test_late_events_are_counted_anew_and_earlier_counts_stay(
    database: Database, site: GateSite, desk: Office, clock: ManualClock
) -> None:
    then = clock.now()
    await deliver(site, 1)
    await check(database, site, clock.now())
    clock.advance(timedelta(hours=5))
    await deliver(site, 2, at=then + minutes(30))
    await check(database, site, clock.now())
    assert [one["events"] for one in await desk.take("GET", "/gate-day-counts", on="2026-03-16")] == [2]
    kept = await rows(
        database,
        "SELECT events FROM gate_day_count WHERE project_id = :id AND work_on = '2026-03-16' ORDER BY computed_at",
        id=site.project_id,
    )
    assert [row["events"] for row in kept] == [1, 2]


async def test_checking_again_writes_nothing(database: Database, site: GateSite, clock: ManualClock) -> None:
    await deliver(site, 1, 4)
    await report(database, site, 7, clock.now())
    for _ in range(2):
        await check(database, site, clock.now())
        clock.advance(minutes(70))
    before = await facts(database, site)
    await check(database, site, clock.now())
    assert await facts(database, site) == before
    assert (before["gate_gap"], before["gate_task"]) == (1, 1)


async def test_a_cleared_memory_is_counted_as_nothing(
    database: Database, site: GateSite, desk: Office, clock: ManualClock
) -> None:
    for count in (100, 3):
        await deliver(site, count)
        await report(database, site, count, clock.now())
        await check(database, site, clock.now())
        clock.advance(minutes(30))
    day = (await desk.take("GET", "/gate-day-counts", on="2026-03-16"))[0]
    assert (day["reported"], day["held"], day["missing"], day["counted_to_at"] is None) == (None, None, None, False)


async def test_the_job_checks_every_project(database: Database, site: GateSite, clock: ManualClock) -> None:
    await deliver(site, 1, 3)
    assert await reconcile_gates(database, clock) == 0
    assert (await facts(database, site))["gate_gap"] == 1


async def test_facts_are_never_changed(database: Database, site: GateSite, clock: ManualClock) -> None:
    await deliver(site, 1, 3)
    await check(database, site, clock.now())
    for statement in ("UPDATE gate_gap SET to_no = 9", "DELETE FROM gate_gap"):
        with pytest.raises(Exception, match="permission denied"):
            async with database.transaction() as tx:
                await tx.execute(text(statement))
