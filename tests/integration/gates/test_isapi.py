"""ISAPI terminals that post to a URL of their own, over HTTP and on the database."""

import gzip
from datetime import timedelta
from typing import Any

import msgspec
import pytest
from httpx import AsyncClient

from backend.gates.bodies import UNPACKED_LIMIT
from backend.gates.reconciliation.checking import reconcile_gates
from backend.kit.clock import ManualClock
from backend.kit.db import Database
from tests.integration.gates.desks import Office
from tests.integration.gates.gate_site import GateSite, bind
from tests.integration.gates.terminals import PushTerminal, make_terminal
from tests.support.factories import draw_code

MULTIPART = "multipart/form-data; boundary=MIME_boundary"
PICTURE = b"\xff\xd8\xff\xe0 picture \xff\xd9"


def card() -> str:
    """Draw a network card's address."""
    from random import randbytes

    return ":".join(f"{part:02x}" for part in b"\x02" + randbytes(5))


@pytest.fixture
async def terminal(database: Database, client: AsyncClient, clock: ManualClock, site: GateSite) -> PushTerminal:
    """Give an active terminal with a token, whose card the registry knows."""
    return await make_terminal(database, client, clock, site.project_id, vendor="hikvision", mac=card())


async def mac_of(terminal: PushTerminal) -> str:
    """Return the card that the registry knows."""
    (row,) = await terminal.rows("SELECT mac FROM gate_device WHERE id = :device_id AND project_id = :project_id")
    return row["mac"]


def alert(
    terminal: PushTerminal,
    mac: str | None,
    serial: int = 1234,
    seconds: int = 8,
    **access: Any,
) -> dict[str, Any]:
    """Return a pass as the terminal tells it, some seconds ago."""
    at = (terminal.clock.now() - timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%S+00:00")
    return {
        "ipAddress": "192.168.1.64",
        **({} if mac is None else {"macAddress": mac.upper()}),
        "dateTime": at,
        "eventType": "AccessControllerEvent",
        "eventState": "active",
        "AccessControllerEvent": {
            "majorEventType": 5,
            "subEventType": 75,
            "employeeNoString": "EMP-142",
            "serialNo": serial,
            "currentEvent": True,
            "attendanceStatus": "checkOut",
            **access,
        },
    }


def xml(message: dict[str, Any]) -> bytes:
    """Return the same message in XML."""

    def element(name: str, value: Any) -> str:
        if isinstance(value, dict):
            return f"<{name}>{''.join(element(key, one) for key, one in value.items())}</{name}>"
        return f"<{name}>{str(value).lower() if isinstance(value, bool) else value}</{name}>"

    return element("EventNotificationAlert", message).encode()


def mime(message: dict[str, Any]) -> bytes:
    """Return the same message with a picture; the lengths of parts are wrong, as they are in the field."""
    return (
        b'--MIME_boundary\r\nContent-Disposition: form-data; name="event_log"\r\nContent-Type: application/json\r\n'
        b"Content-Length: 5\r\n\r\n" + msgspec.json.encode(message) + b"\r\n--MIME_boundary\r\n"
        b'Content-Disposition: form-data; name="Picture"; filename="Picture.jpg"\r\nContent-Type: image/jpeg\r\n'
        b"Content-Length: 1\r\n\r\n" + PICTURE + b"\r\n--MIME_boundary--\r\n"
    )


async def test_case_18_one_event_in_three_forms_is_one(
    terminal: PushTerminal, database: Database, site: GateSite
) -> None:
    await bind(database, site, "employee", "EMP-142", site.people[0])
    message = alert(terminal, await mac_of(terminal))
    for body, kind in (
        (msgspec.json.encode(message), "application/json"),
        (mime(message), MULTIPART),
        (mime(message), MULTIPART),
        (xml(message), "application/xml"),
        (xml(message), "text/plain"),
    ):
        answer = await terminal.alert(body, kind)
        assert (answer.status_code, answer.text) == (200, "OK")
    (row,) = await terminal.rows()
    assert (row["person_id"], row["outcome"], row["trust"]) == (site.people[0], "counted", "token")
    assert (row["direction"], row["direction_source"], row["method"]) == ("out", "wire", "face")
    (link,) = await terminal.table("gate_photo_link")
    assert (link["subject"], link["size"], link["kept"]) == (row["event_key"], len(PICTURE), True)
    assert [kept["sha256"].hex() for kept in await terminal.table("gate_photo")] == [link["sha256"]]
    assert await terminal.table("gate_remark") == []
    for envelope in await terminal.table("gate_envelope"):
        assert PICTURE not in bytes(envelope["sealed"])


@pytest.mark.parametrize(
    "body",
    [
        b'<!DOCTYPE x [<!ENTITY a "b">]><EventNotificationAlert>&a;</EventNotificationAlert>',
        b'<!DOCTYPE x SYSTEM "file:///etc/passwd"><EventNotificationAlert/>',
    ],
)
async def test_case_18_xml_that_could_unfold_is_refused(body: bytes, terminal: PushTerminal) -> None:
    assert (await terminal.alert(body, "application/xml")).status_code == 200
    assert await terminal.rows() == []
    assert [line["reason"] for line in await terminal.table("gate_unread_line")] == ["xml_refused"]


@pytest.mark.parametrize("kind", ["heartBeat", "videoloss"])
async def test_case_19_signs_of_life_are_nothing_else(kind: str, terminal: PushTerminal) -> None:
    body = msgspec.json.encode({"eventType": kind, "eventState": "inactive"})
    assert (await terminal.alert(body)).status_code == 200
    assert (await terminal.state())["last_seen_at"] == terminal.clock.now()
    for table in ("gate_envelope", "gate_unread_line", "gate_remark"):
        assert await terminal.table(table) == []


async def test_case_19_stored_events_are_marked(terminal: PushTerminal) -> None:
    mac = await mac_of(terminal)
    await terminal.alert(msgspec.json.encode(alert(terminal, mac, currentEvent=False, seconds=90_000)))
    (row,) = await terminal.rows()
    assert (row["signals"], row["time_quality"]) == (["stored"], "device")
    assert (await terminal.state())["recent_skews_s"] == []


async def test_case_19_a_gap_in_the_numbers_is_told_once(terminal: PushTerminal) -> None:
    mac = await mac_of(terminal)
    for serial, seconds in ((1234, 60), (1240, 50), (1241, 40)):
        message = msgspec.json.encode(alert(terminal, mac, serial, seconds))
        for _ in range(2):
            await terminal.alert(message)
    remarks = await terminal.table("gate_remark")
    assert [(one["kind"], one["detail"]) for one in remarks] == [("gap", {"first": 1235, "last": 1239, "missing": 5})]
    await terminal.alert(msgspec.json.encode(alert(terminal, mac, 1237, 55, currentEvent=False)))
    state = await terminal.state()
    assert [(part.lower, part.upper) for part in state["seen_seqs"]] == [(1234, 1235), (1237, 1238), (1240, 1242)]
    assert len(await terminal.table("gate_remark")) == 1


async def test_case_19_a_gap_is_a_task_until_its_events_come(
    terminal: PushTerminal, database: Database, desk: Office, clock: ManualClock
) -> None:
    mac = await mac_of(terminal)
    for serial, seconds in ((1234, 60), (1240, 50)):
        await terminal.alert(msgspec.json.encode(alert(terminal, mac, serial, seconds)))
    for _ in range(2):
        assert await reconcile_gates(database, clock) == 0
        clock.advance(timedelta(hours=1))
    (gap,) = (await desk.take("GET", "/gate-gaps", gate_id=str(terminal.id)))["items"]
    assert (gap["kind"], gap["from_no"], gap["to_no"], gap["cause"]) == ("serial", 1235, 1239, None)
    (task,) = (await desk.take("GET", "/gate-tasks", gate_id=str(terminal.id)))["items"]
    assert (task["kind"], task["evidence"]["from_no"]) == ("numbers_missing", 1235)
    for serial in range(1235, 1240):
        late = alert(terminal, mac, serial, 7300 + serial, currentEvent=False)
        await terminal.alert(msgspec.json.encode(late))
    assert await reconcile_gates(database, clock) == 0
    (gap,) = (await desk.take("GET", "/gate-gaps", gate_id=str(terminal.id)))["items"]
    assert gap["cause"] == "arrived"
    assert [(part.lower, part.upper) for part in (await terminal.state())["seen_seqs"]] == [(1234, 1241)]


async def test_numbers_that_the_device_skips_itself_are_no_gap(terminal: PushTerminal) -> None:
    mac = await mac_of(terminal)
    await terminal.alert(msgspec.json.encode(alert(terminal, mac, 1234, 60)))
    await terminal.alert(msgspec.json.encode(alert(terminal, mac, 1240, 50, frontSerialNo=1234)))
    await terminal.alert(msgspec.json.encode(alert(terminal, mac, 1250, 40, frontSerialNo=1244)))
    remarks = [one["detail"] for one in await terminal.table("gate_remark")]
    assert remarks == [{"first": 1241, "last": 1244, "missing": 4}]


async def test_case_19_a_reset_device_counts_anew_and_doubles_nothing(terminal: PushTerminal) -> None:
    mac, other = await mac_of(terminal), card()
    for serial, seconds in ((1234, 60), (1235, 50)):
        await terminal.alert(msgspec.json.encode(alert(terminal, mac, serial, seconds)))
    for serial, seconds in ((1, 40), (2, 30)):
        await terminal.alert(msgspec.json.encode(alert(terminal, other, serial, seconds)))
    # A number of before, at the same second as before: by the other card it is another event.
    await terminal.alert(msgspec.json.encode(alert(terminal, other, 1235, 50, currentEvent=False)))
    assert len(await terminal.rows()) == 5
    remarks = [(one["kind"], one["code"]) for one in await terminal.table("gate_remark")]
    assert remarks.count(("hardware", "other_card")) == 1
    assert (1, 3) in [(part.lower, part.upper) for part in (await terminal.state())["seen_seqs"]]


async def test_a_count_that_falls_back_is_told(terminal: PushTerminal) -> None:
    mac = await mac_of(terminal)
    for serial, seconds in ((1234, 60), (1235, 50), (1, 40), (2, 30)):
        await terminal.alert(msgspec.json.encode(alert(terminal, mac, serial, seconds)))
    remarks = [(one["kind"], one["code"]) for one in await terminal.table("gate_remark")]
    assert remarks == [("hardware", "count_restarted")]
    assert len(await terminal.rows()) == 4


async def test_case_20_a_wrong_token_is_a_path_that_is_not_there(
    terminal: PushTerminal, database: Database, client: AsyncClient, clock: ManualClock, site: GateSite
) -> None:
    blocked = await make_terminal(database, client, clock, site.project_id, vendor="hikvision", state="blocked")
    body = msgspec.json.encode(alert(terminal, None))
    nowhere = await client.post("/gates/nowhere", content=body)
    for token in ("wrong", "x" * 5000, terminal.token[:-1], terminal.serial_no, blocked.token):
        answer = await client.post(f"/gates/hikvision/{token}", content=body)
        assert answer.status_code == 404
        said, silent = answer.json(), nowhere.json()
        assert {**said, "request_id": ""} == {**silent, "request_id": ""}
    assert await terminal.rows() == []


async def test_case_20_a_card_of_another_terminal_is_held_back(
    terminal: PushTerminal, database: Database, client: AsyncClient, clock: ManualClock, site: GateSite
) -> None:
    other = await make_terminal(database, client, clock, site.project_id, vendor="hikvision", mac=card())
    body = msgspec.json.encode(alert(terminal, await mac_of(other)))
    for _ in range(2):
        assert (await terminal.alert(body)).status_code == 200
    assert await terminal.rows() == []
    assert await other.rows() == []
    assert [line["reason"] for line in await terminal.table("gate_unread_line")] == ["card_of_another_device"]
    assert [one["code"] for one in await terminal.table("gate_remark")] == ["card_of_another_device"]


async def test_case_23_another_network_is_a_path_that_is_not_there(
    database: Database, client: AsyncClient, clock: ManualClock, site: GateSite
) -> None:
    far = await make_terminal(database, client, clock, site.project_id, vendor="hikvision", networks=["203.0.113.0/24"])
    assert (await far.alert(msgspec.json.encode(alert(far, None)))).status_code == 404
    assert [one["reason"] for one in await far.table("gate_refusal")] == ["network"]


async def test_alerts_of_cameras_are_kept_as_unread(terminal: PushTerminal) -> None:
    body = xml({"macAddress": await mac_of(terminal), "dateTime": "2026-03-16T09:00:00+08:00", "eventType": "PIR"})
    assert (await terminal.alert(body, "application/xml")).status_code == 200
    assert [line["text"] for line in await terminal.table("gate_unread_line")] == ["eventType=PIR"]


async def test_names_reach_no_list(terminal: PushTerminal) -> None:
    name = f"张{draw_code(6)}"
    message = alert(terminal, await mac_of(terminal), name=name)
    await terminal.alert(msgspec.json.encode(message))
    await terminal.alert(msgspec.json.encode({**message, "dateTime": "soon"}))
    stored = [await terminal.table(one) for one in ("gate_remark", "gate_unread_line")]
    assert name not in repr([*stored, await terminal.rows()])


async def test_a_packed_alert_is_read_and_a_bomb_is_not(terminal: PushTerminal) -> None:
    mac = await mac_of(terminal)
    packed = gzip.compress(msgspec.json.encode(alert(terminal, mac, 5, 30)))
    for _ in range(2):
        assert (await terminal.alert(packed)).status_code == 200
    assert len(await terminal.rows()) == 1
    assert (await terminal.alert(gzip.compress(b" " * (UNPACKED_LIMIT + 1)))).status_code == 200
    assert [line["reason"] for line in await terminal.table("gate_unread_line")] == ["unpacked_too_large"]
