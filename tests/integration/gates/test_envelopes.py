"""What terminals sent besides events: shown to who keeps the site's gates, and purged after two years."""

from datetime import timedelta

import pytest
from httpx import AsyncClient
from sqlalchemy import text

from backend.gates.envelopes import KEPT, purge_envelopes
from backend.kit.clock import ManualClock
from backend.kit.db import Database
from backend.kit.keyring import MemoryKeyRing
from tests.integration.gates.desks import Office, office
from tests.integration.gates.gate_site import GateSite
from tests.integration.gates.terminals import PushTerminal, local, make_terminal


@pytest.fixture
async def terminal(database: Database, client: AsyncClient, clock: ManualClock, site: GateSite) -> PushTerminal:
    """Give an active terminal of the site."""
    return await make_terminal(database, client, clock, site.project_id)


@pytest.fixture
async def desk(database: Database, keys: MemoryKeyRing, site: GateSite) -> Office:
    """Give somebody who keeps the site's gates."""
    return await office(database, keys, site)


async def test_unread_lines_are_shown_in_pages(terminal: PushTerminal, desk: Office, clock: ManualClock) -> None:
    await terminal.attlog("one", "two", "three")
    clock.advance(timedelta(seconds=1))
    await terminal.post("WHAT", table="OPERLOG")
    path, found, after = f"/gates/{terminal.id}/unread-lines", [], None
    while True:
        page = await desk.take("GET", path, limit=2, **({} if after is None else {"after": after}))
        found += [(line["subject"], line["number"], line["reason"], line["text"]) for line in page["items"]]
        after = page["next"]
        if after is None:
            break
    assert found == [
        ("operlog", 1, "not_a_record", "WHAT"),
        ("attlog", 1, "not_a_row", "one"),
        ("attlog", 2, "not_a_row", "two"),
        ("attlog", 3, "not_a_row", "three"),
    ]


@pytest.mark.parametrize("after", ["x", "0.1", "0195a0b0-0000-7000-8000-000000000001.99999999999", "0195a0b0.x"])
async def test_a_cursor_of_nobody_is_refused(after: str, terminal: PushTerminal, desk: Office) -> None:
    answer = await desk.call("GET", f"/gates/{terminal.id}/unread-lines", after=after)
    assert (answer.status_code, answer.json()["code"]) == (422, "request.cursor")


async def test_remarks_are_shown_latest_first_and_by_kind(terminal: PushTerminal, desk: Office) -> None:
    at = local(terminal.clock.now())
    await terminal.post(f"OPLOG 21\t0\t{at}\t0\nOPLOG 4\t0\t{at}\t0\n", table="OPERLOG")
    path = f"/gates/{terminal.id}/remarks"
    everything = await desk.take("GET", path)
    assert {one["code"] for one in everything["items"]} == {"clock_set", "menu_entered"}
    tampering = await desk.take("GET", path, kind="tamper")
    assert [one["detail"]["operation"] for one in tampering["items"]] == [21]
    first = await desk.take("GET", path, limit=1)
    rest = await desk.take("GET", path, limit=1, after=first["next"])
    assert first["items"] + rest["items"] == everything["items"]


async def test_a_terminal_s_people_are_shown_with_its_own_names(terminal: PushTerminal, desk: Office) -> None:
    await terminal.post("USER PIN=1\tName=甲\nUSER PIN=2\tName=乙\nUSER PIN=1\tName=丙\n", table="OPERLOG")
    page = await desk.take("GET", f"/gates/{terminal.id}/terminal-users")
    assert [(one["number"], one["name"]) for one in page["items"]] == [("1", "丙"), ("2", "乙")]


async def test_what_is_two_years_old_is_purged_and_the_events_stay(
    terminal: PushTerminal, database: Database, clock: ManualClock
) -> None:
    at = local(clock.now())
    await terminal.attlog(f"7\t{at}\t0\t1", "broken")
    await terminal.post(f"OPLOG 21\t0\t{at}\t0\n", table="OPERLOG")
    kept = ("gate_envelope", "gate_unread_line", "gate_remark")
    later = clock.now() + KEPT
    async with database.connection() as connection:
        await purge_envelopes(connection, later)
    assert [len(await terminal.table(name)) for name in kept] == [2, 1, 1]
    async with database.connection() as connection:
        assert await purge_envelopes(connection, later + timedelta(seconds=1)) >= 2
    assert [len(await terminal.table(name)) for name in kept] == [0, 0, 0]
    assert len(await terminal.rows()) == 1


async def test_remarks_cannot_be_changed(terminal: PushTerminal, database: Database) -> None:
    await terminal.post(f"OPLOG 21\t0\t{local(terminal.clock.now())}\t0\n", table="OPERLOG")
    with pytest.raises(Exception, match="permission denied"):
        async with database.transaction() as tx:
            await tx.execute(text("UPDATE gate_remark SET code = 'nothing' WHERE device_id = :id"), {"id": terminal.id})
