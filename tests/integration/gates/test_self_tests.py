"""The self-test of a device: passed by a live event that arrived within the minute, by nothing else."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

from backend.kit.db import Database
from tests.integration.gates.desks import Office, gate
from tests.integration.gates.gate_site import GateSite, minutes, punches


async def start(desk: Office, site: GateSite) -> str:
    test = await desk.take("POST", f"/gates/{site.device.id}/self-tests")
    assert (test["result"], test["punch_id"], test["until_at"]) == ("waiting", None, "2026-03-16T01:31:00Z")
    return f"/gates/{site.device.id}/self-tests/{test['id']}"


async def result(desk: Office, path: str) -> tuple[str, Any]:
    shown = await desk.take("GET", path)
    return shown["result"], shown["punch_id"]


async def test_an_event_within_the_minute_passes_and_is_named(site: GateSite, desk: Office, database: Database) -> None:
    path, device = await start(desk, site), site.device
    device.clock.advance(timedelta(seconds=40))
    assert await result(desk, path) == ("waiting", None)
    await device.deliver(device.event(site.people[0]))
    (punch,) = await punches(database, site)
    assert await result(desk, path) == ("passed", str(punch["punch_id"]))
    device.clock.advance(minutes(5))
    assert await result(desk, path) == ("passed", str(punch["punch_id"]))


async def test_nothing_within_the_minute_fails(site: GateSite, desk: Office) -> None:
    path, device = await start(desk, site), site.device
    device.clock.advance(timedelta(seconds=60))
    assert await result(desk, path) == ("failed", None)
    device.clock.advance(timedelta(seconds=1))
    await device.deliver(device.event(site.people[0]))
    assert await result(desk, path) == ("failed", None)


async def test_what_shows_nothing(site: GateSite, desk: Office) -> None:
    """Events from before, stored ones, repetitions, heartbeats: none of them says that presenting a face works."""
    device = site.device
    before = device.event(site.people[0])
    await device.deliver(before)
    device.clock.advance(timedelta(milliseconds=1))
    path = f"/gates/{device.id}/self-tests/{(await desk.take('POST', f'/gates/{device.id}/self-tests'))['id']}"
    device.clock.advance(timedelta(seconds=5))
    await device.deliver(before)
    await device.deliver(device.event(site.people[1], live=False))
    assert await result(desk, path) == ("waiting", None)
    device.clock.advance(minutes(1))
    assert await result(desk, path) == ("failed", None)


async def test_a_stranger_at_a_device_with_a_wrong_clock_shows_that_it_delivers(site: GateSite, desk: Office) -> None:
    path, device = await start(desk, site), site.device
    await device.deliver(device.event(("pin", "4711"), device.clock.now() - timedelta(days=4000)))
    shown = await desk.take("GET", path)
    assert (shown["result"], shown["person_known"]) == ("passed", False)


async def test_only_an_active_device_is_tested(site: GateSite, desk: Office) -> None:
    made = await desk.take("POST", "/gates", gate())
    answer = await desk.call("POST", f"/gates/{made['id']}/self-tests")
    assert (answer.status_code, answer.json()["code"]) == (409, "gates.device_not_active")
    for path, code in (
        (f"/gates/{uuid4()}/self-tests", "gates.device_unknown"),
        (f"/gates/{site.device.id}/self-tests/{uuid4()}", "gates.self_test_unknown"),
    ):
        method = "POST" if code == "gates.device_unknown" else "GET"
        missing = await desk.call(method, path)
        assert (missing.status_code, missing.json()["code"]) == (404, code)
