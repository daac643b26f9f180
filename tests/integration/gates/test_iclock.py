"""Terminals that push under `/iclock`: the cases of docs/gate-terminals.md, over HTTP and on the database."""

import asyncio
import base64
import dataclasses
import gzip
import zlib
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from http import HTTPStatus
from uuid import uuid4

import pytest
from httpx import AsyncClient
from litestar import Litestar

from backend.gates.bodies import UNPACKED_LIMIT
from backend.gates.pacing import Pace
from backend.gates.tools import GateTools
from backend.gates.uploads import UPLOAD_LIMIT
from backend.kit.clock import ManualClock
from backend.kit.crypto import DataKey, DataKeys, data_key_label
from backend.kit.db import Database
from backend.kit.keyring import MemoryKeyRing
from tests.integration.gates.desks import office
from tests.integration.gates.gate_site import GateSite, bind, days, rows
from tests.integration.gates.terminals import PushTerminal, local, make_terminal
from tests.support.factories import draw_code

JPEG = b"\xff\xd8\xff\xe0\0\0picture\0\xff\xd9"


@pytest.fixture
async def terminal(database: Database, client: AsyncClient, clock: ManualClock, site: GateSite) -> PushTerminal:
    """Give an active terminal of the site."""
    return await make_terminal(database, client, clock, site.project_id)


async def counted(database: Database, serial: str) -> int:
    """Return how often an unknown number called."""
    found = await rows(database, "SELECT counter FROM gate_unknown_seen WHERE serial = :serial", serial=serial)
    return found[0]["counter"] if found else 0


async def test_case_01_a_known_terminal_gets_its_settings(terminal: PushTerminal) -> None:
    answer = await terminal.get(options="all", pushver="2.2.14", language="83", pushcommkey="4a95")
    lines = answer.text.splitlines()
    assert (answer.status_code, answer.headers["content-type"].split(";")[0]) == (200, "text/plain")
    assert lines[0] == f"GET OPTION FROM: {terminal.serial_no}"
    assert "TimeZone=8" in lines
    assert not [line for line in lines if "Stamp=0" in line or "Photo\t" in line or "FP" in line]
    assert "TransFlag=TransData AttLog\tOpLog" in lines
    assert answer.headers["date"] == "Mon, 16 Mar 2026 01:30:00 GMT"
    assert (await terminal.state())["last_seen_at"] == terminal.clock.now()


@pytest.mark.parametrize("state", ["pending", "blocked"])
async def test_case_02_strangers_and_blocked_terminals_hear_the_same(
    state: str, database: Database, client: AsyncClient, clock: ManualClock, site: GateSite
) -> None:
    held_back = await make_terminal(database, client, clock, site.project_id, state=state)
    stranger = PushTerminal(client, database, clock, site.project_id, uuid4(), f"X{held_back.serial_no}", "")
    heard = []
    for one in (held_back, stranger):
        answers = [
            await one.get(options="all", pushver="2.2.14"),
            await one.attlog(f"7\t{local(clock.now())}\t0\t1"),
            await one.get("/iclock/getrequest"),
            await one.get("/iclock/rtdata", type="time"),
            await one.get("/iclock/cdata", type="time"),
            await one.get("/iclock/push"),
        ]
        heard.append(
            [(answer.status_code, answer.text, dict(answer.headers) | {"x-request-id": ""}) for answer in answers]
        )
        assert await counted(database, one.serial_no) == len(answers)
        assert await one.rows() == []
        assert await one.table("gate_envelope") == []
    assert heard[0] == heard[1]
    assert {(status, text) for status, text, _ in heard[0]} == {(200, "OK")}


async def test_a_number_that_none_can_be_is_answered_blandly(client: AsyncClient) -> None:
    for query in ("", "SN=", "SN=%00%ff", "SN=" + "x" * 500, "sn=a&SN=b", "&".join(f"a{n}=1" for n in range(500))):
        answer = await client.get(f"/iclock/cdata?{query}")
        assert (answer.status_code, answer.text) == (200, "OK")


async def test_case_03_one_body_by_three_paths_is_three_events(terminal: PushTerminal) -> None:
    now = terminal.clock.now()
    body = "".join(f"{pin}\t{local(now - timedelta(seconds=pin))}\t0\t1\t\t0\t0\t\r\n" for pin in (1, 2, 4))
    first = await terminal.post(body, table="ATTLOG", Stamp="9999")
    second = await terminal.post(body, "/iclock/cdata/", table="ATTLOG", Stamp="9999")
    third = await terminal.client.post(
        "/iclock/cdata.aspx", params={"sn": terminal.serial_no, "table": "ATTLOG"}, content=body.encode()
    )
    assert [(answer.status_code, answer.text) for answer in (first, second, third)] == [(200, "OK: 3")] * 3
    assert len(await terminal.rows()) == 3
    (envelope,) = await terminal.table("gate_envelope")
    assert (envelope["times"], envelope["rows"], envelope["subject"]) == (3, 3, "attlog")


async def test_case_04_what_cannot_be_read_is_acknowledged_kept_and_shown(terminal: PushTerminal) -> None:
    at = terminal.clock.now() - timedelta(hours=1)
    answer = await terminal.attlog(
        f"1\t{local(at)}\t0\t1\t\t0\t0\t",
        "broken line",
        f"2 {local(at)} 0 1 0 0",
        "3\t0000-00-00 00:00:00\t0\t1",
        "4\t1899-12-30 00:00:00\t0\t1",
        f"PIN=5 DateTime={local(at)}",
        f"6\t{local(at)}\t255\t1",
    )
    assert (answer.status_code, answer.text) == (200, "OK: 7")
    found = await terminal.rows()
    assert [row["event_key"].split("|")[1] for row in found] == ["4", "1", "2", "6"]
    assert (found[0]["time_quality"], found[0]["outcome"]) == ("quarantined", "review")
    assert {row["time_quality"] for row in found[1:]} == {"device"}
    unread = await terminal.table("gate_unread_line")
    assert sorted((row["number"], row["reason"]) for row in unread) == [
        (2, "not_a_row"),
        (4, "no_time"),
        (6, "no_person"),
    ]


async def test_case_07_zone_and_its_form_come_from_the_registry(
    database: Database, client: AsyncClient, clock: ManualClock, site: GateSite
) -> None:
    one = await make_terminal(database, client, clock, site.project_id, time_zone="+05:30", zone_form="minutes")
    assert "TimeZone=330" in (await one.get(options="all", pushver="2.4.0")).text.splitlines()
    await bind(database, site, "pin", "7", site.people[0])
    # 00:10 by the device on the 16th is 18:40 UTC of the 15th, 02:40 of the 16th on site: still the 15th's day.
    await one.attlog("7\t2026-03-16 00:10:00\t0\t1", "7\t2026-03-15 14:00:00\t0\t1")
    found = await one.rows()
    assert [row["occurred_at"] for row in found] == [
        datetime(2026, 3, 15, 8, 30, tzinfo=UTC),
        datetime(2026, 3, 15, 18, 40, tzinfo=UTC),
    ]
    assert [(row["work_on"].isoformat(), row["punches"]) for row in await days(database, site)] == [("2026-03-15", 2)]


async def test_a_zone_may_be_set_as_an_offset(
    database: Database, keys: MemoryKeyRing, site: GateSite, terminal: PushTerminal
) -> None:
    desk = await office(database, keys, site)
    for zone, status in (("+05:30", 200), ("Asia/Kolkata", 200), ("+15:00", 422), ("+5", 422)):
        changed = await desk.call("PATCH", f"/gates/{terminal.id}", {"time_zone": zone, "zone_form": "minutes"})
        assert changed.status_code == status, zone
        assert "TimeZone=330" in (await terminal.get(options="all")).text


async def test_setting_the_zone_right_makes_no_event_new(terminal: PushTerminal, database: Database) -> None:
    row = "7\t2026-03-01 00:30:00\t0\t1"
    await terminal.attlog(row)
    async with database.transaction() as tx:
        from sqlalchemy import text

        await tx.execute(text("UPDATE gate_device SET time_zone = 'UTC' WHERE id = :id"), {"id": terminal.id})
    await terminal.attlog(row, "8\t2026-03-01 00:30:00\t0\t1")
    assert [found["event_key"].split("|")[1] for found in await terminal.rows()] == ["7", "8"]


@pytest.mark.parametrize(
    ("lane", "status", "direction", "source"),
    [
        ("out", "255", "out", "lane_default"),
        ("out", "15", "out", "lane_default"),
        ("out", "0", "out", "lane_default"),
        ("in", "1", "in", "lane_default"),
        ("unknown", "1", "out", "wire"),
        ("unknown", "255", "unknown", "none"),
    ],
)
async def test_case_08_the_lane_says_the_direction(
    lane: str,
    status: str,
    direction: str,
    source: str,
    database: Database,
    client: AsyncClient,
    clock: ManualClock,
    site: GateSite,
) -> None:
    one = await make_terminal(database, client, clock, site.project_id, default_direction=lane)
    await one.attlog(f"7\t{local(clock.now())}\t{status}\t1")
    assert [(row["direction"], row["direction_source"]) for row in await one.rows()] == [(direction, source)]


async def test_case_09_a_full_re_upload_adds_nothing(
    terminal: PushTerminal, database: Database, site: GateSite
) -> None:
    await bind(database, site, "pin", "3", site.people[0])
    begin = terminal.clock.now() - timedelta(days=20)
    all_rows = [f"{number % 50}\t{local(begin + timedelta(seconds=97 * number))}\t0\t1" for number in range(3000)]
    for begin_at in range(0, 3000, 1000):
        assert (await terminal.attlog(*all_rows[begin_at : begin_at + 1000])).text == "OK: 1000"
    before = [(row["punch_id"], row["outcome"]) for row in await terminal.rows()]
    revisions = [(row["work_on"], row["revision"]) for row in await days(database, site)]
    assert len(before) == 3000
    # Cut elsewhere, so that no body is one that came before.
    for begin_at in range(0, 3000, 1500):
        assert (await terminal.attlog(*all_rows[begin_at : begin_at + 1500])).text == "OK: 1500"
    assert [(row["punch_id"], row["outcome"]) for row in await terminal.rows()] == before
    assert [(row["work_on"], row["revision"]) for row in await days(database, site)] == revisions
    assert await terminal.table("gate_remark") == []


async def test_other_content_under_a_known_key_is_a_recorded_conflict(terminal: PushTerminal) -> None:
    at = local(terminal.clock.now())
    await terminal.attlog(f"7\t{at}\t0\t1")
    for _ in range(2):
        assert (await terminal.attlog(f"7\t{at}\t0\t15")).text == "OK: 1"
    # Within one body as well: the first one stays.
    await terminal.attlog(f"8\t{at}\t0\t1", f"8\t{at}\t0\t15", f"8\t{at}\t0\t1")
    found = await terminal.rows()
    assert [(row["event_key"].split("|")[1], row["method"]) for row in found] == [("7", "verify_1"), ("8", "verify_1")]
    remarks = await terminal.table("gate_remark")
    assert sorted((one["kind"], one["detail"]["event_key"][:5]) for one in remarks) == [
        ("conflict", "att|7"),
        ("conflict", "att|8"),
    ]


async def test_case_13_templates_go_nowhere_and_tampering_marks_the_day(
    terminal: PushTerminal, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    day = local(terminal.clock.now())[:10]
    template = "TVNTUjIxAAADjIsECAUHCc7QAAAfjmkBAAAAg" * 8
    body = (
        f"OPLOG 4\t14\t{day} 08:01:02\t0\t0\t0\t0\r\n"
        f"FP PIN=1007\tFID=0\tSize=1240\tValid=1\tTMP={template}\r\nxyzzy{template[:40]}\tOPAQ==\r\n"
        f"OPLOG 21\t0\t{day} 08:05:00\t0\t0\t0\t0\r\n"
        f"OPLOG 22\t0\t{day} 08:06:00\t0\t0\t0\t0\r\n"
        f"OPLOG 23\t0\t{day} 08:07:00\t0\t0\t0\t0\r\n"
        "USER PIN=1007\tName=张三\tPri=0\tPasswd=4711\tCard=[0000000000]\r\n"
    )
    assert (await terminal.post(body, table="OPERLOG", Stamp="9999")).text == "OK: 6"
    assert await terminal.table("gate_unread_line") == []
    remarks = await terminal.table("gate_remark")
    assert sorted(one["code"] for one in remarks if one["kind"] == "tamper") == [
        "clock_set",
        "factory_reset",
        "records_deleted",
    ]
    await terminal.attlog(f"7\t{day} 08:20:00\t0\t1", f"7\t{day[:8]}01 08:20:00\t0\t1")
    assert [("device_tampered" in row["signals"]) for row in await terminal.rows()] == [False, True]
    logged = caplog.text + "".join(capsys.readouterr())
    stored = repr([await terminal.table(name) for name in ("gate_remark", "gate_unread_line", "gate_terminal_user")])
    for secret in (template[:30], "xyzzy", "4711"):
        assert secret not in logged + stored


async def test_an_envelope_holds_the_body_without_secrets(terminal: PushTerminal, site: GateSite) -> None:
    await terminal.post(
        "USER PIN=1\tName=甲\tPasswd=4711\nFP PIN=1\tTMP=SECRET\nmore SECRET\nOPLOG 4\t1\t2026-03-16 09:00:00\n",
        table="OPERLOG",
    )
    (envelope,) = await terminal.table("gate_envelope")
    key = await data_key(terminal, site)
    kept = zlib.decompress(key.open(envelope["sealed"], envelope["id"].bytes)).decode()
    assert kept == "USER PIN=1\tName=甲\tPasswd=[cut]\nFP [cut]\nOPLOG 4\t1\t2026-03-16 09:00:00\n"


async def data_key(terminal: PushTerminal, site: GateSite) -> DataKey:
    (row,) = await terminal.rows("SELECT * FROM data_key WHERE project_id = :project_id")
    tools = terminal.client._transport.app.state.gate_tools  # type: ignore[attr-defined] - httpx keeps it so
    label = data_key_label(site.project_id, f"{row['month']:%Y-%m}")
    keys: DataKeys = tools.data_keys
    return keys.unwrap(bytes(row["wrapped"]), label)


@pytest.mark.parametrize(
    ("name", "shown", "replaced"),
    [("张三".encode("gb18030"), "张三", False), ("张三".encode(), "张三", False), (b"\xd5\xc5\xff\xff", None, True)],
)
async def test_case_14_names_come_in_any_encoding(
    name: bytes,
    shown: str | None,
    replaced: bool,
    terminal: PushTerminal,
) -> None:
    answer = await terminal.post(b"USER PIN=1007\tName=" + name + b"\tPri=0\tVerify=0\n", table="OPERLOG")
    assert (answer.status_code, answer.text) == (200, "OK: 1")
    (user,) = await terminal.table("gate_terminal_user")
    assert (user["number"], user["replaced"]) == ("1007", replaced)
    assert "�" in user["name"] if shown is None else user["name"] == shown


async def test_case_15_photos_are_linked_or_leave_a_record(terminal: PushTerminal) -> None:
    head = b"PIN=20260316092900-1007.jpg\nSN=X\nsize=4\nCMD=uploadphoto\0"
    for _ in range(2):
        assert (await terminal.post(head + JPEG, table="ATTPHOTO")).text == "OK"
    (link,) = await terminal.table("gate_photo_link")
    assert (link["subject"], link["size"], link["kept"]) == ("1007|2026-03-16 09:29:00", len(JPEG), True)
    (kept,) = await terminal.table("gate_photo")
    assert (kept["sha256"].hex(), kept["size_bytes"]) == (link["sha256"], len(JPEG))
    assert (await terminal.post(head.replace(b"-1007", b"") + JPEG, table="ATTPHOTO")).text == "OK"
    assert (await terminal.post(head + b"\xff\xd8" + b"x" * 1_000_001, table="ATTPHOTO")).text == "OK"
    assert (await terminal.post(b"x" * (UPLOAD_LIMIT + 1), table="ATTPHOTO")).status_code == 200
    dropped = [one["code"] for one in await terminal.table("gate_remark")]
    assert sorted(dropped) == ["body_too_large", "photo_of_failed_attempt", "photo_too_large"]
    assert len(await terminal.table("gate_photo_link")) == 1


async def test_case_15_bombs_are_not_unfolded(terminal: PushTerminal) -> None:
    bomb = gzip.compress(b"1\t2026-03-16 09:00:00\t0\t1\n" * (UNPACKED_LIMIT // 20))
    answer = await terminal.post(bomb, table="ATTLOG", ContentType="tgz")
    assert answer.status_code == 200
    assert await terminal.rows() == []
    assert [line["reason"] for line in await terminal.table("gate_unread_line")] == ["unpacked_too_large"]


async def test_packed_bodies_are_read(terminal: PushTerminal) -> None:
    row = f"7\t{local(terminal.clock.now())}\t0\t1\n".encode()
    assert (await terminal.post(gzip.compress(row), table="ATTLOG", ContentType="tgz")).text == "OK: 1"
    assert len(await terminal.rows()) == 1


async def test_case_16_passes_and_door_events_of_controllers(
    terminal: PushTerminal, database: Database, site: GateSite
) -> None:
    await bind(database, site, "pin", "41235478", site.people[0])
    at = local(terminal.clock.now())
    fields = [
        f"time={at}",
        "pin=41235478",
        "cardno=0",
        "eventaddr=1",
        "event=0",
        "inoutstatus=1",
        "verifytype=0000000000100001",
        "index=13355",
    ]
    door = f"time={at}\tpin=0\tcardno=0\teventaddr=1\tevent=27\tinoutstatus=1\tverifytype=0\tindex=21"
    refused = f"time={at}\tpin=41235478\tcardno=0\teventaddr=1\tevent=24\tinoutstatus=0\tverifytype=1\tindex=13356"
    assert (await terminal.post("\r\n".join(["\t".join(fields), door]), table="rtlog")).text == "OK"
    assert (await terminal.post("\t".join(reversed(fields)), table="rtlog")).text == "OK"
    (only,) = await terminal.rows()
    assert (only["outcome"], only["direction"], only["method"]) == ("counted", "out", "verify_0000000000100001")
    assert [(one["kind"], one["code"]) for one in await terminal.table("gate_remark")] == [("audit", "event_27")]
    await terminal.post(refused, table="rtlog")
    assert [(row["granted"], row["outcome"]) for row in await terminal.rows()] == [
        (True, "counted"),
        (False, "refused"),
    ]
    assert [day["punches"] for day in await days(database, site)] == [1]


async def test_case_17_tables_registration_and_turnstile_counters(
    terminal: PushTerminal, database: Database, client: AsyncClient, clock: ManualClock, site: GateSite
) -> None:
    body = "user uid=5\tcardno=\tpin=4\tpassword=77\tgroup=1\r\nuser uid=6\tpin=5\tname=Li\r\n"
    answer = await terminal.post(body, table="tabledata", tablename="user", count="2")
    assert answer.content == b"user=2"
    pending = await make_terminal(database, client, clock, site.project_id, state="pending")
    assert (await pending.post("DeviceType=acc,~DeviceName=F20/M", "/iclock/registry")).status_code == 406
    registered = await terminal.post("DeviceType=acc,FirmVer=Ver 8.0.1.3-20151229", "/iclock/registry")
    assert registered.text.startswith("RegistryCode=")
    assert len(registered.text) <= len("RegistryCode=") + 32
    settings = (await terminal.get(pushver="3.0.1", options="all")).text.splitlines()
    assert {"registry=ok", registered.text, "TransTables=Transaction", "Realtime=1"} <= set(settings)
    assert (await terminal.state())["firmware"] == "Ver 8.0.1.3-20151229"
    counters = "irstate=1\tirsensecount=2\tincount=2\toutcount=5\talarmcount=1\truncount=1\r\n"
    assert (await terminal.post(counters, table="irstate")).text == "OK"
    (telemetry,) = await terminal.table("gate_remark")
    assert (telemetry["kind"], telemetry["detail"]["incount"], telemetry["detail"]["outcount"]) == ("telemetry", 2, 5)


async def test_the_time_is_told_in_both_protocols(terminal: PushTerminal) -> None:
    assert (await terminal.get(type="time")).text == "Time=2026-03-16T09:30:00+08:00"
    count = ((26 * 372) + 2 * 31 + 15) * 86_400 + 1 * 3600 + 30 * 60
    assert (await terminal.get("/iclock/rtdata", type="time")).text == f"DateTime={count},ServerTZ=+0800"


async def test_a_poll_tells_the_terminal_s_own_count(terminal: PushTerminal) -> None:
    answer = await terminal.get("/iclock/getrequest", INFO="Ver 2.0.12-20150625,3,5,1234,192.168.16.27,10,7,15,0,111")
    assert answer.text == "OK"
    state = await terminal.state()
    assert (state["reported_count"], state["firmware"]) == (1234, "Ver 2.0.12-20150625")
    assert (await terminal.get("/iclock/ping")).text == "OK"


async def test_case_22_impossible_times_wait_and_bursts_do_not_move_the_clock(terminal: PushTerminal) -> None:
    now = terminal.clock.now()
    await terminal.attlog(f"7\t{local(now + timedelta(minutes=30))}\t0\t1", "7\t2023-01-01 00:00:00\t0\t1")
    assert {row["time_quality"] for row in await terminal.rows()} == {"quarantined"}
    before = (await terminal.state())["recent_skews_s"]
    await terminal.attlog(*(f"9\t{local(now - timedelta(seconds=number))}\t0\t1" for number in range(40)))
    assert (await terminal.state())["recent_skews_s"] == before
    await terminal.attlog(f"9\t{local(now - timedelta(seconds=100))}\t1\t1")
    assert (await terminal.state())["recent_skews_s"] == [*before, 100.0]


async def test_case_22_a_slow_clock_is_seen_where_the_terminal_was_in_touch_all_the_time(
    terminal: PushTerminal, clock: ManualClock
) -> None:
    async def pass_late(hours: float) -> None:
        await terminal.attlog(f"9\t{local(clock.now() - timedelta(hours=hours))}\t0\t1")

    await pass_late(2)
    assert (await terminal.state())["recent_skews_s"] == []
    for _ in range(24):
        clock.advance(timedelta(seconds=30))
        await terminal.get("/iclock/getrequest")
    await pass_late(2)
    await pass_late(1.99)
    assert (await terminal.state())["recent_skews_s"] == pytest.approx([7200, 7164], abs=1)
    # After a break it may be what was stored.
    clock.advance(timedelta(minutes=20))
    await terminal.get("/iclock/getrequest")
    await pass_late(0.5)
    assert len((await terminal.state())["recent_skews_s"]) == 2


async def test_photos_are_asked_for_where_the_register_says_so(
    database: Database, keys: MemoryKeyRing, site: GateSite, terminal: PushTerminal
) -> None:
    desk = await office(database, keys, site)
    assert (await desk.take("GET", f"/gates/{terminal.id}"))["wants_photos"] is False
    for wanted, flags in ((True, "AttLog\tOpLog\tAttPhoto"), (False, "AttLog\tOpLog")):
        changed = await desk.take("PATCH", f"/gates/{terminal.id}", {"wants_photos": wanted})
        assert changed["wants_photos"] is wanted
        lines = (await terminal.get(options="all", pushver="2.2.14")).text.splitlines()
        assert f"TransFlag=TransData {flags}" in lines


async def test_case_23_a_strange_place_or_token_is_refused_and_put_on_record(
    database: Database, client: AsyncClient, clock: ManualClock, site: GateSite
) -> None:
    far = await make_terminal(database, client, clock, site.project_id, networks=["203.0.113.0/24"])
    secret = f"k7f3{draw_code(12)}".lower()
    digest = sha256(secret.encode()).digest()
    keyed = await make_terminal(database, client, clock, site.project_id, access_token_digest=digest)
    row = f"7\t{local(clock.now())}\t0\t1"
    for one in (far, keyed):
        assert (await one.attlog(row)).text == "OK"
        assert await one.rows() == []
    assert [one["reason"] for one in await far.table("gate_refusal")] == ["network"]
    assert [one["reason"] for one in await keyed.table("gate_refusal")] == ["token"]
    assert (await keyed.get(options="all", pushcommkey="wrong")).text == "OK"
    assert (await keyed.get(options="all", pushcommkey=secret)).text.startswith("GET OPTION FROM")
    assert (await keyed.attlog(row)).text == "OK: 1"
    assert [found["trust"] for found in await keyed.rows()] == ["token"]


async def test_a_token_may_be_the_first_label_of_the_host(
    database: Database, client: AsyncClient, clock: ManualClock, site: GateSite
) -> None:
    secret = f"k7f3{draw_code(12)}"
    digest = sha256(secret.lower().encode()).digest()
    keyed = await make_terminal(database, client, clock, site.project_id, access_token_digest=digest)
    answer = await client.post(
        "/iclock/cdata",
        params={"SN": keyed.serial_no, "table": "ATTLOG"},
        content=f"7\t{local(clock.now())}\t0\t1".encode(),
        headers={"Host": f"{secret}.gates.example:8081"},
    )
    assert answer.text == "OK: 1"


async def test_case_23_a_question_about_a_person_is_answered_without_data(terminal: PushTerminal) -> None:
    await terminal.post("USER PIN=1007\tName=张三\n", table="OPERLOG")
    answer = await terminal.get(table="RemoteAtt", PIN="1007")
    assert (answer.status_code, answer.text) == (200, "OK")


async def test_case_23_keys_are_not_logged(
    terminal: PushTerminal, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    await terminal.get(options="all", pushcommkey="4a9594af164f2b9779b59e8554b5df26")
    await terminal.post("x", table="ATTLOG", pushcommkey="4a9594af164f2b9779b59e8554b5df26")
    # What the client of this test says of its own requests is not ours.
    ours = [record.getMessage() for record in caplog.records if not record.name.startswith("httpx")]
    assert "4a9594af" not in "".join(ours) + "".join(capsys.readouterr())


async def test_unknown_tables_are_acknowledged_and_shown(terminal: PushTerminal) -> None:
    answer = await terminal.post("BIODATA Pin=1\tTmp=SECRETSECRET\nmore SECRET\n", table="BIODATA")
    assert (answer.status_code, answer.text) == (200, "OK")
    (line,) = await terminal.table("gate_unread_line")
    assert line["reason"] == "table_unknown"
    assert "SECRET" not in line["text"]


async def test_a_translator_s_fault_keeps_the_body_and_does_not_block_the_terminal(
    terminal: PushTerminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    from backend.gates.dialects.zkteco import exchange

    def fail(*_: object) -> None:
        raise LookupError

    row = f"7\t{local(terminal.clock.now())}\t0\t1"
    with monkeypatch.context() as broken:
        broken.setattr(exchange, "translate_part", fail)
        assert (await terminal.attlog(row)).status_code == 200
    (envelope,) = await terminal.table("gate_envelope")
    assert envelope["recorded_at"] is None
    assert [line["reason"] for line in await terminal.table("gate_unread_line")] == ["translator_fault"]
    # The same bytes are taken once the fault is mended.
    assert (await terminal.attlog(row)).text == "OK: 1"
    assert len(await terminal.rows()) == 1


async def test_an_unknown_number_is_kept_without_a_person(terminal: PushTerminal, database: Database) -> None:
    await terminal.attlog(f"4711\t{local(terminal.clock.now())}\t0\t1")
    (row,) = await terminal.rows()
    assert (row["person_id"], row["outcome"], row["trust"]) == (None, "review", "allow_listed")
    (stranger,) = await rows(
        database, "SELECT * FROM gate_stranger WHERE punch_id = :punch_id", punch_id=row["punch_id"]
    )
    assert (stranger["kind"], stranger["value"]) == ("pin", "4711")


async def test_who_calls_too_often_is_sent_away_and_loses_nothing(
    app: Litestar, terminal: PushTerminal, site: GateSite, clock: ManualClock, database: Database, client: AsyncClient
) -> None:
    tools: GateTools = app.state.gate_tools
    app.state.gate_tools = dataclasses.replace(tools, pace=Pace(per_s=10, at_once=3, monotonic=lambda: 0.0))
    try:
        stranger = PushTerminal(client, database, clock, site.project_id, uuid4(), f"X{terminal.serial_no}", "")
        row = f"7\t{local(clock.now())}\t0\t1"
        heard: list[list[tuple[int, str, str | None]]] = []
        for one in (terminal, stranger):
            answers = [await one.get("/iclock/getrequest") for _ in range(3)] + [await one.attlog(row)]
            heard.append([(answer.status_code, answer.text, answer.headers.get("retry-after")) for answer in answers])
        assert heard[0] == heard[1] == [(200, "OK", None)] * 3 + [(429, "", "1")]
        assert await terminal.rows() == []
    finally:
        app.state.gate_tools = tools
    assert (await terminal.attlog(row)).text == "OK: 1"


async def test_photos_come_under_their_older_path_too(terminal: PushTerminal) -> None:
    at = terminal.clock.now() - timedelta(minutes=1)
    head = f"PIN={at + timedelta(hours=8):%Y%m%d%H%M%S}-7.jpg\nSN={terminal.serial_no}\nsize=20\nCMD=uploadphoto\0"
    for query in ({"table": "ATTPHOTO"}, {}):
        answer = await terminal.post(head.encode() + JPEG, "/iclock/fdata", **query)
        assert (answer.status_code, answer.text) == (200, "OK")
    assert [row["subject"] for row in await terminal.table("gate_photo_link")] == [f"7|{local(at)}"]


async def test_paths_that_nobody_knows_are_acknowledged_kept_and_shown(
    terminal: PushTerminal, client: AsyncClient
) -> None:
    answers = [
        await terminal.get("/iclock/edata"),
        await terminal.post("whatever=1", "/iclock/service/upload", table="NEWTABLE"),
        await client.post("/iclock/service/upload", params={"SN": "X" + terminal.serial_no}, content=b"x"),
    ]
    assert [(answer.status_code, answer.text) for answer in answers] == [(200, "OK")] * 3
    assert [line["reason"] for line in await terminal.table("gate_unread_line")] == ["table_unknown"]


async def test_odd_ends_of_lines_and_bodies(terminal: PushTerminal) -> None:
    at = [local(terminal.clock.now() - timedelta(seconds=number)) for number in range(9)]
    bodies = (
        f"1\t{at[0]}\t0\t1\r2\t{at[1]}\t0\t1\r",
        f"\r\n\n3\t{at[2]}\t0\t1",
        f"4\t{at[3]}\t0\t1\r\n\0\0\0",
        f"\ufeff5\t{at[4]}",
        f"6\t{at[5].replace('-', '/')}\t0\t1\n",
    )
    answers = [await terminal.post(body, table="ATTLOG") for body in bodies]
    assert [answer.text for answer in answers] == ["OK: 2", "OK: 1", "OK: 1", "OK: 1", "OK: 1"]
    several = gzip.compress(f"7\t{at[6]}\t0\t1\n".encode()) + gzip.compress(f"8\t{at[7]}\t0\t1\n".encode())
    assert (await terminal.post(several, table="ATTLOG")).text == "OK: 2"
    packed = zlib.compress(f"9\t{at[8]}\t0\t1\n".encode())
    assert (await terminal.post(packed, table="ATTLOG")).text == "OK: 1"
    assert sorted(row["event_key"].split("|")[1] for row in await terminal.rows()) == list("123456789")
    assert await terminal.table("gate_unread_line") == []


async def test_case_05_and_06_job_codes_are_no_offset_and_a_row_s_own_offset_comes_first(
    database: Database, client: AsyncClient, clock: ManualClock, site: GateSite
) -> None:
    one = await make_terminal(database, client, clock, site.project_id, time_zone="+05:30")
    job = "982\t2026-03-15 12:08:21\t1\t0\t9001\t0\t0\t0\t0\t0\t4\t0\t0\t0\t0\t0"
    place = base64.b64encode(b'{"GPSinfo": {"longitude": "114.08", "latitude": "22.76"}}').decode()
    own = f"1007\t2026-03-15 07:58:01\t0\t15\t0\t0\t0\t0\t36.2\t36.2\t+28800\t{place}"
    assert (await one.attlog(job, own)).text == "OK: 2"
    found = {row["event_key"].split("|")[1]: row for row in await one.rows()}
    assert found["982"]["device_time"] == "2026-03-15 12:08:21"
    assert found["982"]["occurred_at"] == datetime(2026, 3, 15, 6, 38, 21, tzinfo=UTC)
    assert found["1007"]["occurred_at"] == datetime(2026, 3, 14, 23, 58, 1, tzinfo=UTC)
    # The place that the terminal claims stays in the raw body, and decides nothing.
    assert place not in str(found)
    (envelope,) = await one.table("gate_envelope")
    key = await data_key(one, site)
    assert zlib.decompress(key.open(envelope["sealed"], envelope["id"].bytes)) == f"{job}\r\n{own}\r\n".encode()


async def test_case_12_a_burst_of_5000_rows_beside_live_terminals_is_stored_whole(
    database: Database, client: AsyncClient, clock: ManualClock, site: GateSite, terminal: PushTerminal
) -> None:
    others = [await make_terminal(database, client, clock, site.project_id) for _ in range(20)]
    begin = clock.now() - timedelta(days=2)
    burst = [f"{number}\t{local(begin + timedelta(seconds=number))}\t0\t1" for number in range(5000)]

    async def live(one: PushTerminal) -> list[str]:
        rows = (f"7\t{local(clock.now() - timedelta(seconds=number))}\t0\t1" for number in range(5))
        return [await acknowledged(one, row) for row in rows]

    async def acknowledged(one: PushTerminal, row: str) -> str:
        # As terminals do: what was not taken for want of a free connection is sent again.
        while (answer := await one.attlog(row)).status_code == HTTPStatus.SERVICE_UNAVAILABLE:
            continue
        return answer.text

    whole, answers = await asyncio.gather(terminal.attlog(*burst), asyncio.gather(*(live(one) for one in others)))
    assert (whole.status_code, whole.text) == (200, "OK: 5000")
    assert answers == [["OK: 1"] * 5] * 20
    assert len(await terminal.rows()) == 5000
    assert [len(await one.rows()) for one in others] == [5] * 20
