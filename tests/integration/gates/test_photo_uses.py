"""Photos of gates are noted as uses of their passes: as the event names them, or as a terminal links them."""

from datetime import timedelta
from hashlib import sha256
from typing import Any

import pytest
from httpx import AsyncClient
from sqlalchemy import text

from backend.evidence.photos.uses import lock_follower, move_follower
from backend.gates.photo_uses import FOLLOWER, SETTLE, follow_gate_photos
from backend.kit.clock import ManualClock
from backend.kit.db import Database
from tests.integration.gates.gate_site import GateSite, bind
from tests.integration.gates.terminals import PushTerminal, local, make_terminal
from tests.integration.gates.test_iclock import JPEG

USES = "SELECT * FROM photo_use WHERE project_id = :id ORDER BY occurred_at"


@pytest.fixture
async def terminal(database: Database, client: AsyncClient, clock: ManualClock, site: GateSite) -> PushTerminal:
    return await make_terminal(database, client, clock, site.project_id)


@pytest.fixture(autouse=True)
async def nothing_behind(database: Database, clock: ManualClock) -> None:
    """Begin to follow now: what other tests sent lies behind."""
    async with database.transaction() as tx:
        await lock_follower(tx, FOLLOWER, clock.now())
        await move_follower(tx, FOLLOWER, clock.now() - timedelta(seconds=1))


async def uses(database: Database, site: GateSite) -> list[dict[str, Any]]:
    async with database.transaction() as tx:
        return [dict(row) for row in (await tx.execute(text(USES), {"id": site.project_id})).mappings()]


async def test_an_event_names_its_photo(site: GateSite, database: Database) -> None:
    digest = sha256(b"of a pass")
    event = site.device.event(site.people[0], photo_sha256=digest.hexdigest())
    (result,) = await site.device.deliver(event)
    await site.device.deliver(event)
    (use,) = await uses(database, site)
    assert (str(use["punch_id"]), use["device_id"]) == (result["punch_id"], site.device.id)
    assert (bytes(use["sha256"]), use["person_id"]) == (digest.digest(), site.people[0])


async def test_a_terminal_links_its_photo_by_number_and_time(
    terminal: PushTerminal, site: GateSite, database: Database, clock: ManualClock
) -> None:
    await bind(database, site, "employee", "7", site.people[0])
    at = clock.now() - timedelta(minutes=1)
    head = f"PIN={at + timedelta(hours=8):%Y%m%d%H%M%S}-7.jpg\nSN={terminal.serial_no}\nsize=20\nCMD=uploadphoto\0"
    # Terminals send photos before their events and after them.
    assert (await terminal.post(head.encode() + JPEG, table="ATTPHOTO")).text == "OK"
    assert (await terminal.attlog(f"7\t{local(at)}\t0\t1", f"17\t{local(at)}\t0\t1")).text == "OK: 2"
    await follow_gate_photos(database, clock)
    assert await uses(database, site) == [], "its event may still come"
    clock.advance(SETTLE)
    for _ in range(2):
        await follow_gate_photos(database, clock)
    (use,) = await uses(database, site)
    assert (use["sha256"], use["device_id"]) == (sha256(JPEG).digest(), terminal.id)
    rows = await terminal.rows()
    assert use["punch_id"] == next(row["punch_id"] for row in rows if row["event_key"].startswith("att|7|"))
    assert use["work_on"].isoformat() == "2026-03-16"


async def test_a_photo_without_a_pass_is_of_none(
    terminal: PushTerminal, site: GateSite, database: Database, clock: ManualClock
) -> None:
    head = b"PIN=20260316092900-1007.jpg\nSN=X\nsize=4\nCMD=uploadphoto\0"
    await terminal.post(head + JPEG, table="ATTPHOTO")
    clock.advance(SETTLE)
    assert await follow_gate_photos(database, clock) >= 1
    assert await uses(database, site) == []
