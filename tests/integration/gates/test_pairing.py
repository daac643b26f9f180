"""Devices that nobody registered: inside a pairing window they become pending, outside they are counted."""

import asyncio
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from backend.gates.registry import pairing
from backend.gates.registry.pairing import DEVICES_PER_WINDOW, Met, meet_unknown
from backend.gates.tasks import forget_nonces
from backend.kit.db import Database
from backend.kit.keyring import MemoryKeyRing
from tests.integration.gates.desks import PLACE, Office, office
from tests.integration.gates.gate_site import GateSite, minutes, rows
from tests.support.factories import draw_code, make_project

WINDOWS = "/gate-pairing-windows"


def serial() -> str:
    return f"ZK{draw_code(12)}"


async def meet(database: Database, serial_no: str, now: datetime, **changes: Any) -> Met:
    asked: dict[str, Any] = {"vendor": "zkteco", "serial_no": serial_no, "address": "203.0.113.7", **changes}
    async with database.connection() as connection:
        return await meet_unknown(connection, now=now, **asked)


async def pending(database: Database, serial_no: str) -> list[dict[str, Any]]:
    return await rows(database, "SELECT * FROM gate_device WHERE serial_no = :serial_no", serial_no=serial_no)


async def counted(database: Database, serial_no: str) -> list[dict[str, Any]]:
    return await rows(database, "SELECT * FROM gate_unknown_seen WHERE serial = :serial_no", serial_no=serial_no)


async def test_case_2_outside_a_window_a_stranger_is_counted_and_not_stored(site: GateSite, database: Database) -> None:
    """Acceptance 2, pairing: no row of a device, counter +1 with each call."""
    now, number = site.device.clock.now(), serial()
    assert [await meet(database, number, now + minutes(n)) for n in range(3)] == ["counted"] * 3
    assert not await pending(database, number)
    (seen,) = await counted(database, number)
    assert (seen["counter"], seen["first_seen_at"], seen["last_seen_at"]) == (3, now, now + minutes(2))


async def test_case_2_inside_a_window_a_stranger_becomes_a_pending_gate(
    site: GateSite, desk: Office, database: Database
) -> None:
    """Acceptance 2, pairing: pending inside the window, once; it delivers after somebody completed and activated it."""
    now, number = site.device.clock.now(), serial()
    window = await desk.take("POST", WINDOWS, {"vendor": "zkteco", "reason": "东门新装", "serial_no": number})
    assert window["to_at"] == "2026-03-16T01:45:00Z"
    assert [await meet(database, number, now + minutes(n)) for n in range(2)] == ["pending"] * 2
    (row,) = await pending(database, number)
    assert (row["project_id"], row["state"], row["vendor"]) == (site.project_id, "pending", "zkteco")
    assert not await counted(database, number)
    path = f"/gates/{row['id']}"
    shown = await desk.take("GET", path)
    assert (shown["place"], shown["entrance"], shown["lane"]) == (None, None, None)
    assert shown["networks"] == ["203.0.113.7/32"]
    early = await desk.call("PATCH", path, {"state": "active"})
    assert (early.status_code, early.json()["code"]) == (409, "gates.device_incomplete")
    whole = {"entrance": "东门", "lane": "3", "place": PLACE, "state": "active", "networks": []}
    assert (await desk.take("PATCH", path, whole))["state"] == "active"
    (listed,) = (await desk.take("GET", WINDOWS))["items"]
    assert (listed["id"], listed["met"]) == (window["id"], 1)


async def test_a_window_lets_in_no_other_make_number_or_time(site: GateSite, desk: Office, database: Database) -> None:
    now, number = site.device.clock.now(), serial()
    body = {"vendor": "zkteco", "reason": "新装", "serial_no": number, "to_at": (now + minutes(5)).isoformat()}
    await desk.take("POST", WINDOWS, body)
    assert await meet(database, number, now, vendor="mqtt") == "counted"
    assert await meet(database, serial(), now) == "counted"
    assert await meet(database, number, now - minutes(1)) == "counted"
    assert await meet(database, number, now + minutes(5)) == "counted"
    assert await meet(database, number, now + minutes(4)) == "pending"


async def test_a_closed_window_lets_nobody_in(site: GateSite, desk: Office, database: Database) -> None:
    now, number = site.device.clock.now(), serial()
    window = await desk.take("POST", WINDOWS, {"vendor": "zkteco", "reason": "新装", "serial_no": number})
    await desk.take("DELETE", f"{WINDOWS}/{window['id']}")
    await desk.take("DELETE", f"{WINDOWS}/{window['id']}")
    assert await meet(database, number, now + minutes(1)) == "counted"
    (listed,) = (await desk.take("GET", WINDOWS))["items"]
    assert listed["closed_at"] == "2026-03-16T01:30:00Z"
    acts = await rows(
        database, "SELECT action FROM audit_event WHERE project_id = :id ORDER BY action", id=site.project_id
    )
    assert [act["action"] for act in acts] == ["gate_window.closed", "gate_window.opened"]


async def test_a_stranger_whom_two_projects_await_is_let_in_by_its_number_alone(
    site: GateSite, database: Database, keys: MemoryKeyRing
) -> None:
    """Windows without a number at two projects: nobody can tell where a stranger belongs."""
    # Far from the other tests' windows, of whatever project, since they concern every stranger of the make.
    site.device.clock.set(site.device.clock.now() + timedelta(days=400))
    desk = await office(database, keys, site)
    now, number = site.device.clock.now(), serial()
    other = await make_project(database)
    theirs = await office(database, keys, site, "project_admin", project_id=other.id)
    theirs.project_id = other.id
    await desk.take("POST", WINDOWS, {"vendor": "mqtt", "reason": "新装"})
    assert await meet(database, serial(), now, vendor="mqtt") == "pending"
    await theirs.take("POST", WINDOWS, {"vendor": "mqtt", "reason": "新装"})
    assert await meet(database, number, now, vendor="mqtt") == "counted"
    await theirs.take("POST", WINDOWS, {"vendor": "mqtt", "reason": "新装", "serial_no": number})
    assert await meet(database, number, now, vendor="mqtt") == "pending"
    (row,) = await pending(database, number)
    assert row["project_id"] == other.id


async def test_a_window_meets_no_crowd(site: GateSite, database: Database, keys: MemoryKeyRing) -> None:
    """Whoever tries numbers while a window is open makes twenty pending rows and no more."""
    site.device.clock.set(site.device.clock.now() + timedelta(days=500))
    desk = await office(database, keys, site)
    now = site.device.clock.now()
    await desk.take("POST", WINDOWS, {"vendor": "hikvision", "reason": "新装"})
    numbers = [serial() for _ in range(DEVICES_PER_WINDOW + 5)]
    met = await asyncio.gather(*(meet(database, number, now, vendor="hikvision") for number in numbers))
    assert (met.count("pending"), met.count("counted")) == (DEVICES_PER_WINDOW, 5)


@pytest.mark.parametrize("number", ["", "a b", "x" * 65, "\0\0\0", "序列号", "'; DROP TABLE gate_device --"])
async def test_what_is_no_serial_number_is_counted_among_others(
    site: GateSite, database: Database, number: str
) -> None:
    before = sum(row["counter"] for row in await counted(database, "*"))
    assert await meet(database, number, site.device.clock.now()) == "counted"
    assert sum(row["counter"] for row in await counted(database, "*")) == before + 1


async def test_numbers_tried_without_end_make_no_rows_without_end(
    site: GateSite, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pairing, "SERIALS_KEPT", 0)
    number = serial()
    assert await meet(database, number, site.device.clock.now()) == "counted"
    assert not await counted(database, number)


@pytest.mark.parametrize("late", [timedelta(0), timedelta(hours=1, seconds=1), timedelta(minutes=-5)])
async def test_a_window_has_an_end_within_the_hour(site: GateSite, desk: Office, late: timedelta) -> None:
    body = {"vendor": "zkteco", "reason": "新装", "to_at": (site.device.clock.now() + late).isoformat()}
    answer = await desk.call("POST", WINDOWS, body)
    assert (answer.status_code, answer.json()["code"]) == (422, "gates.window_empty")


async def test_windows_come_in_pages_and_foreign_ones_not_at_all(
    site: GateSite, desk: Office, database: Database, keys: MemoryKeyRing
) -> None:
    opened = [await desk.take("POST", WINDOWS, {"vendor": "zkteco", "reason": "x", "serial_no": serial()})]
    for _ in range(4):
        site.device.clock.advance(minutes(1))
        opened.append(await desk.take("POST", WINDOWS, {"vendor": "zkteco", "reason": "x", "serial_no": serial()}))
    first = await desk.take("GET", WINDOWS, limit=3)
    rest = await desk.take("GET", WINDOWS, limit=3, after=first["next"])
    found = [window["id"] for window in [*first["items"], *rest["items"]]]
    assert (found, rest["next"]) == ([window["id"] for window in reversed(opened)], None)
    other = await make_project(database)
    theirs = await office(database, keys, site, "project_admin", project_id=other.id)
    theirs.project_id = other.id
    answer = await theirs.call("DELETE", f"{WINDOWS}/{UUID(opened[0]['id'])}")
    assert (answer.status_code, answer.json()["code"]) == (404, "gates.window_unknown")


async def test_who_runs_the_platform_sees_whom_nobody_knows(
    site: GateSite, database: Database, keys: MemoryKeyRing
) -> None:
    number, now = serial(), site.device.clock.now() + timedelta(days=900)
    await meet(database, number, now)
    operator = await office(database, keys, site, "operator", **dict[str, UUID]())
    answer = await operator.client.get("/admin/v1/unknown-gates?limit=200", headers=dict(operator.headers))
    (seen,) = [one for one in answer.json() if one["serial"] == number]
    assert (seen["vendor"], seen["counter"], seen["last_address"]) == ("zkteco", 1, "203.0.113.7")


async def test_strangers_who_gave_up_are_forgotten(site: GateSite, database: Database) -> None:
    now, kept, gone = site.device.clock.now(), serial(), serial()
    await meet(database, kept, now - timedelta(days=89))
    await meet(database, gone, now - timedelta(days=91))
    async with database.transaction() as tx:
        await forget_nonces(tx, now)
    assert (len(await counted(database, kept)), await counted(database, gone)) == (1, [])
