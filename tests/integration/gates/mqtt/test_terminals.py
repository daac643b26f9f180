"""Face terminals on a real broker, with their records in the ledger."""

import asyncio
import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from litestar import Litestar

from backend.bridge import refresh_broker
from backend.gates.dialects.mqtt.bridge import Bridge, Message, run_bridge
from backend.gates.dialects.mqtt.records import LedgerRecords
from backend.gates.misuse.following import look_at_days
from backend.kit.clock import ManualClock
from backend.kit.db import Database
from backend.kit.errors import DatabaseAway
from tests.integration.gates.desks import Office, gate
from tests.integration.gates.gate_site import GateSite, bind, minutes, punches, rows
from tests.support.brokers import SOON_S, Broker, broker, terminal

AT = "2026-03-16 09:29:58"
BACKLOG = {"Sendintime": 0, "PushType": 2}


class Paired:
    """A registered terminal with its login at the broker."""

    def __init__(self, gate_id: UUID, name: str, password: str) -> None:
        self.id, self.name, self.password = gate_id, name, password


async def pair(desk: Office, **changes: Any) -> Paired:
    made = await desk.take("POST", "/gates", gate(vendor="mqtt", default_direction="in", **changes))
    await desk.take("PATCH", f"/gates/{made['id']}", {"state": "active"})
    login = await desk.take("POST", f"/gates/{made['id']}/broker-login")
    return Paired(UUID(made["id"]), login["username"], login["password"])


@asynccontextmanager
async def bridged(made: Broker, bridge: Bridge) -> AsyncGenerator[None]:
    ready = asyncio.Event()
    running = asyncio.create_task(run_bridge(bridge, made.address, ready.set))
    async with asyncio.timeout(SOON_S):
        await ready.wait()
    try:
        yield
    finally:
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running


@pytest.fixture
def records(app: Litestar) -> LedgerRecords:
    return LedgerRecords(app.state.gate_tools)


async def _soon(_seconds: float) -> None:
    await asyncio.sleep(0.01)


@pytest.fixture
def bridge(records: LedgerRecords, clock: ManualClock) -> Bridge:
    return Bridge(records, clock, _soon)


def rec(terminal_name: str, **info: Any) -> Message:
    body = {"operator": "RecPush", "info": {"facesluiceId": terminal_name, "VerifyStatus": "1", "time": AT, **info}}
    return Message(f"mqtt/face/{terminal_name}/Rec", json.dumps(body).encode())


def acked(answers: list[Any]) -> list[Any]:
    return [json.loads(answer.payload)["info"]["SnapOrRecordID"] for answer in answers]


async def test_case_21_mqtt(
    tmp_path: Path, database: Database, site: GateSite, desk: Office, bridge: Bridge, clock: ManualClock
) -> None:
    one, two = await pair(desk), await pair(desk)
    await bind(database, site, "employee", "E1", site.people[0])
    with broker(tmp_path, {}) as made:
        await refresh_broker(database, made.folder)
        async with (
            bridged(made, bridge),
            line(made, one) as first,
            line(made, two) as second,
        ):
            # Acknowledged after the commit.
            await first.push("Rec", "RecPush", RecordID="389", customId="E1", VerifyStatus="1", Sendintime=1, time=AT)
            assert (await first.heard())["info"] == {"PushAckType": 2, "SnapOrRecordID": 389}
            assert [(punch["outcome"], punch["source_id"]) for punch in await punches(database, site)] == [
                ("counted", one.id)
            ]
            # Without a number, three times: one event, and nothing to acknowledge it by.
            for _ in range(3):
                await first.push("Rec", "RecPush", customId="E1", VerifyStatus="1", time="2026-03-16 09:29:59")
            # Somebody whom nobody knows.
            await first.push("Rec", "RecPush", RecordID="390", customId="E9", VerifyStatus="1", time=AT)
            assert (await first.heard())["info"]["SnapOrRecordID"] == 390
            # In the name of another terminal, then in its own.
            await second.push("Rec", "RecPush", RecordID="1", customId="E1", time=AT, facesluiceId=one.name)
            await second.push("Rec", "RecPush", RecordID="2", customId="", VerifyStatus="3", time=AT)
            assert (await second.heard())["info"]["SnapOrRecordID"] == 2
    kept = await punches(database, site)
    assert sorted((punch["device_time"], punch["person_id"] == site.people[0]) for punch in kept) == [
        (AT, False),
        (AT, True),
        ("2026-03-16 09:29:59", True),
    ]
    assert {(punch["trust"], punch["direction"], punch["direction_source"]) for punch in kept} == {
        ("token", "in", "lane_default")
    }
    remarks = await rows(database, "SELECT code FROM gate_remark WHERE device_id = :id ORDER BY code", id=two.id)
    assert [row["code"] for row in remarks] == ["face_unknown", "spoke_for_another"]
    assert await look_at_days(database, clock) == 0
    (signal,) = (await desk.take("GET", "/gate-signals", kind="foreign_identity"))["items"]
    assert (signal["gate_id"], signal["evidence"]) == (str(two.id), {"claimed": one.name})


def line(made: Broker, paired: Paired) -> Any:
    return terminal(made, paired.name, paired.password)


async def test_records_after_an_outage_come_late_twice_and_count_once(
    database: Database, site: GateSite, desk: Office, bridge: Bridge, clock: ManualClock
) -> None:
    one = await pair(desk)
    await bind(database, site, "employee", "E1", site.people[0])
    clock.advance(minutes(300))
    backlog = [rec(one.name, RecordID=n, customId="E1", time=f"2026-03-16 09:0{n}:00", **BACKLOG) for n in range(1, 9)]
    assert acked(await bridge.handle(backlog)) == list(range(1, 9))
    assert acked(await bridge.handle(backlog)) == list(range(1, 9))
    kept = await punches(database, site)
    assert [(punch["signals"], punch["time_quality"]) for punch in kept] == [(["stored"], "device")] * 8
    state = await rows(database, "SELECT recent_skews_s FROM gate_state WHERE device_id = :id", id=one.id)
    assert state[0]["recent_skews_s"] == []


async def test_numbers_that_begin_anew_are_new_events_and_a_default_clock_is_quarantined(
    database: Database, site: GateSite, desk: Office, bridge: Bridge
) -> None:
    one = await pair(desk)
    await bind(database, site, "employee", "E1", site.people[0])
    told = [("2", AT), ("2", "2023-01-01 00:00:00"), ("2", "2026-03-16 09:15:00")]
    answers = await bridge.handle([rec(one.name, RecordID=n, customId="E1", time=time) for n, time in told])
    assert acked(answers) == [2, 2, 2]
    kept = await punches(database, site)
    assert [punch["time_quality"] for punch in kept] == ["quarantined", "device", "device"]


async def test_what_cannot_be_read_is_kept_without_its_picture_and_acknowledged(
    database: Database, desk: Office, bridge: Bridge
) -> None:
    one = await pair(desk)
    answers = await bridge.handle([rec(one.name, RecordID=7, time="昨天", pic="data:image/jpeg;base64," + "A" * 5000)])
    assert acked(answers) == [7]
    (unread,) = await rows(database, "SELECT reason, text FROM gate_unread_line WHERE device_id = :id", id=one.id)
    assert unread["reason"] == "the time is no instant"
    assert "[cut]" in unread["text"]
    assert "AAAA" not in unread["text"]


async def test_while_the_database_is_away_nothing_is_acknowledged_and_the_rest_waits(
    database: Database, site: GateSite, desk: Office, records: LedgerRecords, clock: ManualClock
) -> None:
    one = await pair(desk)
    tries: list[float] = []

    class Away(LedgerRecords):
        async def find_gate(self, serial_no: str, now: Any) -> Any:
            if len(tries) < 3:
                raise DatabaseAway
            return await super().find_gate(serial_no, now)

    async def pause(seconds: float) -> None:
        tries.append(seconds)

    bridge = Bridge(Away(records.tools), clock, pause)
    assert acked(await bridge.handle([rec(one.name, RecordID=5, customId="E1")])) == [5]
    assert (tries, len(await punches(database, site))) == ([0.5, 1.0, 2.0], 1)


async def test_one_record_that_cannot_be_written_does_not_hold_back_the_others(
    database: Database, site: GateSite, desk: Office, bridge: Bridge, monkeypatch: pytest.MonkeyPatch
) -> None:
    from backend.gates.dialects.mqtt import records as module

    one = await pair(desk)
    real = module.record_translated

    async def record(tools: Any, where: Any, delivery: Any, **more: Any) -> Any:
        if any(event.number == "poison" for event in delivery.events):
            raise RuntimeError("cannot be")
        return await real(tools, where, delivery, **more)

    monkeypatch.setattr(module, "record_translated", record)
    told = [rec(one.name, RecordID=n, customId="poison" if n == 2 else "E1") for n in (1, 2, 3)]
    assert acked(await bridge.handle(told)) == [1, 2, 3]
    assert len(await punches(database, site)) == 2
    (unread,) = await rows(database, "SELECT reason FROM gate_unread_line WHERE device_id = :id", id=one.id)
    assert unread["reason"] == "not recorded: RuntimeError"


async def test_a_sign_of_life_is_noted_and_the_brokers_word_of_a_lost_line_is_none(
    database: Database, desk: Office, bridge: Bridge, clock: ManualClock
) -> None:
    one = await pair(desk)

    def sign(operator: str) -> Message:
        body = {"operator": operator, "info": {"facesluiceId": one.name}}
        return Message("mqtt/face/basic", json.dumps(body).encode())

    assert len(await bridge.handle([sign("Online")])) == 1
    seen = clock.now()
    clock.advance(minutes(3))
    assert await bridge.handle([sign("Offline")]) == []
    (state,) = await rows(database, "SELECT last_seen_at FROM gate_state WHERE device_id = :id", id=one.id)
    assert state["last_seen_at"] == seen
    remarks = await rows(database, "SELECT code FROM gate_remark WHERE device_id = :id ORDER BY at", id=one.id)
    assert [row["code"] for row in remarks] == ["line_up", "line_lost"]


async def test_a_blocked_terminal_loses_its_login_and_a_new_password_ends_the_old_one(
    tmp_path: Path, database: Database, desk: Office, clock: ManualClock
) -> None:
    one, two = await pair(desk), await pair(desk)
    await refresh_broker(database, tmp_path)
    before = _logins(tmp_path)
    assert {one.name, two.name} <= set(before)
    clock.advance(minutes(1))
    await desk.take("PATCH", f"/gates/{one.id}", {"state": "blocked"})
    await desk.take("POST", f"/gates/{two.id}/broker-login")
    assert await refresh_broker(database, tmp_path)
    after = _logins(tmp_path)
    assert one.name not in after
    assert after[two.name] != before[two.name]
    assert not await refresh_broker(database, tmp_path)


def _logins(folder: Path) -> dict[str, str]:
    return dict(line.split(":", 1) for line in (folder / "passwords").read_text().splitlines())


@pytest.mark.parametrize("changes", [{"vendor": "native"}, {"vendor": "mqtt", "serial_no": "AA:BB:CC:DD"}])
async def test_only_mqtt_terminals_get_a_login(desk: Office, changes: dict[str, str]) -> None:
    made = await desk.take("POST", "/gates", gate(**changes))
    answer = await desk.call("POST", f"/gates/{made['id']}/broker-login")
    assert (answer.status_code, answer.json()["code"]) == (409, "gates.broker_login_impossible")


async def test_the_zone_of_the_registry_makes_the_instant(
    database: Database, site: GateSite, desk: Office, bridge: Bridge, clock: ManualClock
) -> None:
    one: Paired = await pair(desk, time_zone="Asia/Kolkata")
    clock.advance(minutes(180))
    await bridge.handle([rec(one.name, RecordID=1, customId="E1", time="2026-03-16 09:30:00")])
    (kept,) = await punches(database, site)
    assert kept["occurred_at"].isoformat() == "2026-03-16T04:00:00+00:00"


async def test_networks_that_nobody_could_hold_are_not_taken(desk: Office) -> None:
    networks = ["203.0.113.0/24"]
    refused = await desk.call("POST", "/gates", gate(vendor="mqtt", networks=networks))
    assert (refused.status_code, refused.json()["code"]) == (409, "gates.networks_unseen")
    paired = await desk.take("POST", "/gates", gate(vendor="mqtt"))
    refused = await desk.call("PATCH", f"/gates/{paired['id']}", {"networks": networks})
    assert (refused.status_code, refused.json()["code"]) == (409, "gates.networks_unseen")
    assert (await desk.take("PATCH", f"/gates/{paired['id']}", {"networks": []}))["networks"] == []
