"""Commands to terminals: four that only read, queued by a named person, sent one at a time, answered, given up."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from httpx import AsyncClient
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from backend.gates.commands.model import DELIVERIES, OPEN_AT_ONCE, REPEAT_AFTER
from backend.gates.reconciliation.checking import reconcile_gates
from backend.identity.roles import Role
from backend.kit.clock import ManualClock
from backend.kit.db import Database
from backend.kit.keyring import MemoryKeyRing
from tests.integration.gates.desks import Office, office
from tests.integration.gates.gate_site import GateSite, rows
from tests.integration.gates.terminals import PushTerminal, local, make_terminal
from tests.support.factories import bearer, grant_role, make_staff

DAY = {"from_at": "2026-03-15T00:00:00+08:00", "to_at": "2026-03-16T00:00:00+08:00"}
FORBIDDEN = (
    "SHELL",
    "shell",
    "PutFile",
    "GetFile",
    "AC_UNLOCK",
    "unlock",
    "CLEAR LOG",
    "CHECK",
    "REBOOT",
    "SET OPTION",
)


@pytest.fixture
async def terminal(database: Database, client: AsyncClient, clock: ManualClock, site: GateSite) -> PushTerminal:
    """Give an active terminal of the site."""
    return await make_terminal(database, client, clock, site.project_id)


async def ask(desk: Office, terminal: PushTerminal, kind: str, **more: Any) -> Any:
    """Queue a command that must be taken."""
    return await desk.take("POST", f"/gates/{terminal.id}/commands", {"kind": kind, "reason": "核对存量", **more})


async def poll(terminal: PushTerminal) -> str:
    """Poll for commands."""
    answer = await terminal.get("/iclock/getrequest")
    assert answer.status_code == 200
    return answer.text


async def answer(terminal: PushTerminal, body: str) -> None:
    """Answer commands."""
    taken = await terminal.post(body, "/iclock/devicecmd")
    assert (taken.status_code, taken.text) == (200, "OK")


async def states(desk: Office, terminal: PushTerminal) -> list[str]:
    """Return what became of the terminal's commands, first to last."""
    found = await desk.take("GET", f"/gates/{terminal.id}/commands")
    return [one["state"] for one in reversed(found["items"])]


async def test_commands_are_sent_one_at_a_time_and_answered(
    desk: Office, terminal: PushTerminal, database: Database
) -> None:
    await ask(desk, terminal, "info")
    await ask(desk, terminal, "verify_sum_attlog", **DAY)
    await terminal.attlog(
        "7\t2026-03-15 08:00:00\t0\t1", "8\t2026-03-15 08:00:01\t0\t1", "9\t2026-03-16 00:00:00\t0\t1"
    )
    assert await states(desk, terminal) == ["waiting", "waiting"]
    assert await poll(terminal) == "C:q1:INFO\n"
    assert await poll(terminal) == "OK"
    assert await states(desk, terminal) == ["sent", "waiting"]
    await answer(terminal, "ID=q1&Return=0&CMD=INFO\nFWVersion=Ver 8.0.4\nTransactionCount=1234\n")
    state = await terminal.state()
    assert (state["reported_count"], state["firmware"]) == (1234, "Ver 8.0.4")
    assert await poll(terminal) == (
        "C:q2:VERIFY SUM ATTLOG StartTime=2026-03-15 00:00:00\tEndTime=2026-03-15 23:59:59\n"
    )
    await answer(terminal, "ID=q2&Return=0&CMD=VERIFY SUM&AttlogSum=5\nID=q2&Return=0&CMD=VERIFY SUM&AttlogSum=9\n")
    assert await poll(terminal) == "OK"
    assert await states(desk, terminal) == ["done", "done"]
    counted = (await desk.take("GET", f"/gates/{terminal.id}/commands"))["items"][0]
    assert (counted["told"], counted["held"], counted["code"]) == (5, 2, 0)
    acts = await rows(database, "SELECT action FROM audit_event WHERE object_id = :id ORDER BY at", id=str(terminal.id))
    assert [act["action"] for act in acts] == ["gate_command.queued"] * 2


async def test_an_unanswered_command_is_sent_again_and_given_up(
    desk: Office, terminal: PushTerminal, clock: ManualClock
) -> None:
    await ask(desk, terminal, "log")
    await ask(desk, terminal, "info")
    for _ in range(DELIVERIES):
        assert await poll(terminal) == "C:q1:LOG\n"
        assert await poll(terminal) == "OK"
        clock.advance(REPEAT_AFTER)
    assert await poll(terminal) == "C:q2:INFO\n"
    assert await states(desk, terminal) == ["unanswered", "sent"]
    clock.advance(timedelta(hours=24))
    assert await poll(terminal) == "OK"
    assert await states(desk, terminal) == ["unanswered", "unanswered"]
    # An answer that comes late is one all the same.
    await answer(terminal, "ID=q1&Return=-1002&CMD=LOG\n")
    assert await states(desk, terminal) == ["failed", "unanswered"]


async def test_a_terminal_answers_for_itself_alone(
    desk: Office, terminal: PushTerminal, database: Database, client: AsyncClient, clock: ManualClock, site: GateSite
) -> None:
    other = await make_terminal(database, client, clock, site.project_id)
    await ask(desk, terminal, "info")
    assert await poll(other) == "OK"
    await answer(other, "ID=q1&Return=0&CMD=INFO\n")
    # What was never sent has no answer.
    await answer(terminal, "ID=q1&Return=0&CMD=INFO\n")
    assert await states(desk, terminal) == ["waiting"]


@pytest.mark.parametrize("state", ["pending", "blocked"])
async def test_who_is_not_active_is_sent_nothing(
    state: str, desk: Office, terminal: PushTerminal, database: Database
) -> None:
    await ask(desk, terminal, "info")
    async with database.transaction() as tx:
        await tx.execute(text("UPDATE gate_device SET state = :s WHERE id = :id"), {"s": state, "id": terminal.id})
    assert await poll(terminal) == "OK"
    refused = await desk.call("POST", f"/gates/{terminal.id}/commands", {"kind": "info", "reason": "核对"})
    assert (refused.status_code, refused.json()["code"]) == (409, "gates.device_not_active")


async def test_case_23_no_role_can_queue_anything_else(
    database: Database, client: AsyncClient, clock: ManualClock, keys: MemoryKeyRing, terminal: PushTerminal
) -> None:
    url = f"/admin/v1/projects/{terminal.project_id}/gates/{terminal.id}/commands"
    for role in Role:
        async with database.transaction() as tx:
            account = await make_staff(tx)
        await _grant(database, account, role, terminal)
        headers = bearer(keys, clock.now(), account, role)
        for kind in FORBIDDEN:
            tries: list[dict[str, Any]] = [
                {"kind": kind, "reason": "x"},
                {"kind": "info", "reason": "x", "command": kind},
                {"kind": f"info\n{kind}", "reason": "x"},
                {"kind": ["info", kind], "reason": "x"},
            ]
            for body in tries:
                refused = await client.post(url, json=body, headers=headers)
                assert refused.status_code in {400, 403, 404, 422}, (role, body, refused.text)
    assert await terminal.table("gate_command") == []
    assert await poll(terminal) == "OK"


async def _grant(database: Database, account: UUID, role: Role, terminal: PushTerminal) -> None:
    """Grant a role with the widest rows that it may have."""
    city = role in {Role.OPERATOR, Role.CITY, Role.AUDITOR}
    async with database.transaction() as tx:
        district = await tx.scalar(text("SELECT district_id FROM project WHERE id = :id"), {"id": terminal.project_id})
        if role == Role.DISTRICT:
            await grant_role(tx, account, role, district_id=district)
        elif city:
            await grant_role(tx, account, role)
        elif role not in {Role.KEY_PERSON, Role.VENDOR}:
            await grant_role(tx, account, role, project_id=terminal.project_id)


@pytest.mark.parametrize("kind", [*FORBIDDEN, "INFO", "check"])
async def test_case_23_the_database_knows_no_other_kind(
    kind: str, database: Database, site: GateSite, terminal: PushTerminal, clock: ManualClock
) -> None:
    statement = """
        INSERT INTO gate_command (project_id, id, device_id, number, kind, asked_at, asked_by, reason, expires_at)
        VALUES (:p, gen_random_uuid(), :d, 1, :kind, :now, :by, 'x', :until)"""
    now = clock.now()
    values = {"p": site.project_id, "d": terminal.id, "kind": kind, "by": site.staff_id}
    with pytest.raises(IntegrityError, match="ck_gate_command_kind"):
        async with database.transaction() as tx:
            await tx.execute(text(statement), {**values, "now": now, "until": now + timedelta(hours=1)})


async def test_bounds_of_what_can_be_asked(
    desk: Office, terminal: PushTerminal, site: GateSite, clock: ManualClock
) -> None:
    path = f"/gates/{terminal.id}/commands"

    async def code(**body: Any) -> str:
        refused = await desk.call("POST", path, {"reason": "核对", **body})
        return str(refused.json().get("code", refused.status_code))

    assert await code(kind="info", **DAY) == "gates.command_period_wrong"
    assert await code(kind="query_attlog") == "gates.command_period_wrong"
    long = {"from_at": "2026-01-01T00:00:00Z", "to_at": "2026-02-10T00:00:00Z"}
    assert await code(kind="query_attlog", **long) == "gates.command_period_wrong"
    for days in (-1, 0, 8):
        expires = (clock.now() + timedelta(days=days)).isoformat()
        assert await code(kind="info", expires_at=expires) == "gates.command_expiry_wrong"
    native = await desk.call("POST", f"/gates/{site.device.id}/commands", {"kind": "info", "reason": "核对"})
    assert (native.status_code, native.json()["code"]) == (409, "gates.takes_no_commands")
    unknown = await desk.call("POST", f"/gates/{site.project_id}/commands", {"kind": "info", "reason": "核对"})
    assert (unknown.status_code, unknown.json()["code"]) == (404, "gates.device_unknown")
    for _ in range(OPEN_AT_ONCE):
        await ask(desk, terminal, "info")
    assert await code(kind="info") == "gates.commands_waiting"
    page = await desk.take("GET", path, limit=4)
    rest = await desk.take("GET", path, limit=10, after=page["next"])
    assert (len(page["items"]), len(rest["items"]), rest["next"]) == (4, OPEN_AT_ONCE - 4, None)


async def test_who_manages_the_site_s_gates_alone_asks_nothing(admin: Office, terminal: PushTerminal) -> None:
    refused = await admin.call("POST", f"/gates/{terminal.id}/commands", {"kind": "info", "reason": "核对"})
    assert refused.status_code == 403
    assert (await admin.take("GET", f"/gates/{terminal.id}/commands"))["items"] == []


async def test_a_day_that_a_device_counted_more_of_is_asked_for_by_one_call(
    database: Database, keys: MemoryKeyRing, desk: Office, site: GateSite, terminal: PushTerminal, clock: ManualClock
) -> None:
    at = clock.now() - timedelta(days=1)
    await terminal.attlog(f"7\t{local(at)}\t0\t1")
    await ask(desk, terminal, "verify_sum_attlog", **DAY)
    await poll(terminal)
    await answer(terminal, "ID=q1&Return=0&CMD=VERIFY SUM&AttlogSum=3\n")
    for _ in range(2):
        assert await reconcile_gates(database, clock) == 0
    (task,) = (await desk.take("GET", "/gate-tasks", gate_id=str(terminal.id)))["items"]
    told = {name: task["evidence"][name] for name in ("work_on", "reported", "held", "missing")}
    assert (task["kind"], told) == (
        "events_missing",
        {"work_on": "2026-03-14", "reported": 3, "held": 1, "missing": 2},
    )
    operator = await office(database, keys, site, "operator")
    asked = await operator.take("POST", f"/gate-tasks/{task['id']}/request", {"reason": "补传缺失记录"})
    assert [one["kind"] for one in asked] == ["query_attlog", "verify_sum_attlog"]
    assert (await poll(terminal)).startswith(
        "C:q2:DATA QUERY ATTLOG StartTime=2026-03-14 04:00:00\tEndTime=2026-03-15 23"
    )
    lines = [f"{pin}\t{local(at)}\t0\t1" for pin in (7, 8, 9)]
    await terminal.attlog(*lines)
    await answer(terminal, "ID=q2&Return=0&CMD=DATA\n")
    assert (await poll(terminal)).startswith("C:q3:VERIFY SUM ATTLOG ")
    await answer(terminal, "ID=q3&Return=0&CMD=VERIFY SUM&AttlogSum=3\n")
    assert len(await terminal.rows()) == 3
    (counted, *_) = (await desk.take("GET", f"/gates/{terminal.id}/commands"))["items"]
    assert (counted["told"], counted["held"], counted["state"]) == (3, 3, "done")
    assert await reconcile_gates(database, clock) == 0
    assert len((await desk.take("GET", "/gate-tasks", gate_id=str(terminal.id)))["items"]) == 1
    await desk.take("POST", f"/gate-tasks/{task['id']}/done", {"note": "已补传"})
    again = await operator.call("POST", f"/gate-tasks/{task['id']}/request", {"reason": "再次"})
    assert (again.status_code, again.json()["code"]) == (409, "gates.task_done")
