"""ISAPI alerts in every form that terminals give them."""

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.gates.dialects.hikvision.translation import Alerts, translate

SHANGHAI = ZoneInfo("Asia/Shanghai")
NOW = datetime(2026, 4, 15, 6, 17, 40, tzinfo=UTC)
MULTIPART = {"content-type": "multipart/form-data; boundary=MIME_boundary"}
PICTURE = b"\xff\xd8\xff\xe0 a picture\r\n--not the boundary\r\n\xff\xd9"
MAC = "01:17:24:45:d9:f4"


def alert(changes: dict[str, Any] | None = None, **access: Any) -> dict[str, Any]:
    return {
        "ipAddress": "192.168.1.64",
        "macAddress": MAC.upper(),
        "dateTime": "2026-04-15T09:17:32+03:00",
        "activePostCount": 1,
        "eventType": "AccessControllerEvent",
        "eventState": "active",
        "AccessControllerEvent": {
            "majorEventType": 5,
            "subEventType": 75,
            "employeeNoString": "EMP-142",
            "name": "测试人",
            "serialNo": 1234,
            "frontSerialNo": 1233,
            "currentVerifyMode": "cardOrFaceOrFp",
            "currentEvent": True,
            "attendanceStatus": "checkIn",
            **access,
        },
        **(changes or {}),
    }


def xml(message: dict[str, Any]) -> bytes:
    def element(name: str, value: Any) -> str:
        if isinstance(value, dict):
            inner = "".join(element(key, one) for key, one in value.items())
            return f"<{name}>{inner}</{name}>"
        return f"<{name}>{str(value).lower() if isinstance(value, bool) else value}</{name}>"

    body = "".join(element(name, value) for name, value in message.items())
    space = "http://www.isapi.org/ver20/XMLSchema"
    root = f'<EventNotificationAlert xmlns="{space}">{body}</EventNotificationAlert>'
    return f'<?xml version="1.0" encoding="UTF-8"?>{root}'.encode()


def mime(message: bytes, *, kind: str = "application/json", name: str = "event_log", length: int = 746) -> bytes:
    return (
        (
            f'--MIME_boundary\r\nContent-Disposition: form-data; name="{name}"\r\nContent-Type: {kind}\r\n'
            f"Content-Length: {length}\r\n\r\n"
        ).encode()
        + message
        + (
            b'\r\n--MIME_boundary\r\nContent-Disposition: form-data; name="Picture"; filename="Picture.jpg"\r\n'
            b"Content-Type: image/jpeg\r\nContent-Length: 4\r\nContent-ID: pictureImage\r\n\r\n"
        )
        + PICTURE
        + b"\r\n--MIME_boundary--\r\n"
    )


def encoded(message: dict[str, Any]) -> bytes:
    return msgspec.json.encode(message)


def read(body: bytes, headers: dict[str, str] | None = None, home_mac: str | None = None) -> Alerts:
    return translate(headers or {}, body, SHANGHAI, NOW, home_mac=home_mac)


FORMS = {
    "JSON": (encoded(alert()), {"content-type": "application/json"}),
    "XML": (xml(alert()), {"content-type": "application/xml"}),
    "multipart": (mime(encoded(alert())), MULTIPART),
    "multipart of XML": (mime(xml(alert()), kind="application/xml"), MULTIPART),
    "another name": (mime(encoded(alert()), name="AccessControllerEvent"), MULTIPART),
    "wrong length": (mime(encoded(alert()), length=3), MULTIPART),
    "no header": (mime(encoded(alert())), {}),
    "quoted boundary": (mime(encoded(alert())), {"content-type": 'multipart/form-data; boundary="MIME_boundary"'}),
    "line feeds alone": (mime(encoded(alert())).replace(b"\r\n", b"\n"), MULTIPART),
    "wrapped": (encoded({"EventNotificationAlert": alert()}), {}),
    "a list": (encoded([alert()]), {}),  # type: ignore[arg-type] - any JSON
    "byte order mark": (b"\xef\xbb\xbf" + encoded(alert()), {}),
    "numbers as texts": (encoded(alert(majorEventType="5", subEventType="75", serialNo="1234")), {}),
    "GB18030": (msgspec.json.encode(alert()).decode().encode("gb18030"), {}),
}


@pytest.mark.parametrize("form", FORMS)
def test_the_same_event_in_every_form_is_one_event(form: str) -> None:
    body, headers = FORMS[form]
    (event,) = read(body, headers).translation.events
    (wanted,) = read(encoded(alert())).translation.events
    assert event == wanted
    assert event.event_key == "hik|1234|2026-04-15 09:17:32+03:00"
    assert (event.number_kind, event.number, event.granted, event.method) == ("employee", "EMP-142", True, "face")
    assert (event.at, event.live) == (datetime(2026, 4, 15, 6, 17, 32, tzinfo=UTC), True)


def test_a_picture_belongs_to_its_event() -> None:
    (photo,) = read(mime(encoded(alert())), MULTIPART).translation.photos
    assert (photo.event_key, photo.number) == ("hik|1234|2026-04-15 09:17:32+03:00", "EMP-142")
    assert photo.content == PICTURE


def test_a_picture_of_nobody_is_not_kept() -> None:
    found = read(mime(encoded(alert(subEventType=76, employeeNoString=""))), MULTIPART).translation
    assert found.photos == ()
    assert [(one.kind, one.code) for one in found.remarks] == [("audit", "event_5_76"), ("dropped", "photo_of_nobody")]


BOMB = b'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]><x>&b;</x>'


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (BOMB, "xml_refused"),
        (b'<!DOCTYPE x SYSTEM "file:///etc/passwd"><x/>', "xml_refused"),
        (b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><x>&e;</x>', "xml_refused"),
        (mime(BOMB, kind="application/xml"), "xml_refused"),
        (b"<a><b></a>", "not_json_or_xml"),
        (b"<" + b"a>" * 9, "not_json_or_xml"),
        (b"[" * 100_000, "not_json_or_xml"),
        (b"{", "not_json_or_xml"),
        (b"[1, 2]", "not_json_or_xml"),
        (b"   ", "empty"),
        (b"<a>" + b"x" * 1_000_001 + b"</a>", "message_too_large"),
        (b"<a>" * 30_000 + b"</a>" * 30_000, "not_json_or_xml"),
    ],
)
def test_what_is_no_message_is_told(body: bytes, reason: str) -> None:
    found = read(body, MULTIPART)
    told = [line.reason for line in found.translation.unread]
    assert told in ([reason], ["not_an_access_event"])
    assert (told == [reason]) != (body.startswith(b"<a><a>"))
    assert found.translation.events == ()
    assert b"root:" not in repr(found).encode()


@pytest.mark.parametrize("kind", ["heartBeat", "videoloss", "heartbeat"])
def test_life_signs_are_nothing_else(kind: str) -> None:
    body = encoded({"eventType": kind, "eventState": "active", "dateTime": "2026-04-15T09:17:32+03:00"})
    found = read(body)
    assert found.life_sign
    assert (found.translation.events, found.translation.unread, found.translation.remarks) == ((), (), ())


def test_other_alerts_are_told_as_unread() -> None:
    found = read(xml({"eventType": "PIR", "macAddress": "c6:e6:61:0a:46:37", "dateTime": "2023-04-06T22:22:21+01:00"}))
    assert [(line.reason, line.text) for line in found.translation.unread] == [("not_an_access_event", "eventType=PIR")]
    assert found.macs == ("c6:e6:61:0a:46:37",)


@pytest.mark.parametrize(
    ("changes", "granted"),
    [
        ({"subEventType": 1}, True),
        ({"subEventType": 38}, True),
        ({"subEventType": 76}, False),
        ({"subEventType": 9999}, None),
        ({"majorEventType": 2}, None),
    ],
)
def test_pairs_that_nobody_mapped_grant_nothing(changes: dict[str, Any], granted: bool | None) -> None:
    (event,) = read(encoded(alert(**changes))).translation.events
    assert event.granted == granted


@pytest.mark.parametrize("pair", [(5, 21), (3, 121), (5, 214)])
def test_what_the_device_does_itself_is_a_remark(pair: tuple[int, int]) -> None:
    found = read(encoded(alert(majorEventType=pair[0], subEventType=pair[1]))).translation
    assert found.events == ()
    assert [one.kind for one in found.remarks] == ["audit"]


@pytest.mark.parametrize(
    ("given", "kind", "number"),
    [
        ({}, "employee", "EMP-142"),
        ({"employeeNoString": "", "employeeNo": 142}, "employee", "142"),
        ({"employeeNoString": "", "cardNo": "0012345678"}, "card", "0012345678"),
    ],
)
def test_who_it_was(given: dict[str, Any], kind: str, number: str) -> None:
    (event,) = read(encoded(alert(**given))).translation.events
    assert (event.number_kind, event.number) == (kind, number)


@pytest.mark.parametrize(
    ("status", "direction"),
    [
        ("checkIn", "in"),
        ("breakIn", "in"),
        ("overtimeIn", "in"),
        ("checkOut", "out"),
        ("breakOut", "out"),
        ("overTimeOut", "out"),
        ("overtimeOut", "out"),
        ("undefined", None),
        ("absent", None),
        ("", None),
    ],
)
def test_directions(status: str, direction: str | None) -> None:
    (event,) = read(encoded(alert(attendanceStatus=status))).translation.events
    assert (event.wire_direction, event.direction_is_wired) == (direction, True)


@pytest.mark.parametrize(("current", "live"), [(True, True), (False, False), ("false", False), (None, True)])
def test_stored_events_are_told_apart(current: object, live: bool) -> None:
    found = read(encoded(alert(currentEvent=current)))
    assert [event.live for event in found.translation.events] == [live]
    assert bool(found.translation.liveness.skews_s) == live


def test_another_card_counts_by_itself() -> None:
    (home,) = read(encoded(alert()), home_mac=MAC).translation.events
    (other,) = read(encoded(alert()), home_mac="02:00:00:00:00:01").translation.events
    (unsaid,) = read(encoded(alert({"macAddress": ""})), home_mac=MAC).translation.events
    assert home.event_key == unsaid.event_key != other.event_key


def test_serials_are_told_with_the_one_before() -> None:
    assert read(encoded(alert())).serials == ((1234, 1233),)


@pytest.mark.parametrize("text", ["", "yesterday", "2026-04-15T25:17:32+03:00"])
def test_a_message_without_a_time_is_unread_and_names_nobody(text: str) -> None:
    (line,) = read(encoded(alert({"dateTime": text}))).translation.unread
    assert line.reason == "no_time"
    assert "EMP-142" not in line.text
    assert "测试人" not in line.text


@given(st.binary(max_size=300), st.sampled_from([b"", b"--MIME_boundary\r\n", b"<a>", b"{", b"--x\r\n\r\n{}\r\n--x"]))
def test_no_bytes_break_it(body: bytes, head: bytes) -> None:
    for headers in ({}, MULTIPART):
        found = read(head + body, headers)
        assert found.translation.events == ()


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


@given(
    st.dictionaries(st.sampled_from(["macAddress", "dateTime", "eventType", "AccessControllerEvent"]), values),
    st.dictionaries(
        st.sampled_from(["majorEventType", "subEventType", "serialNo", "employeeNoString", "cardNo"]), values
    ),
)
def test_no_values_break_it(changes: dict[str, Any], access: dict[str, Any]) -> None:
    found = read(encoded(alert(changes, **access)))
    for event in found.translation.events:
        assert 1 <= len(event.event_key) <= 200
        assert 1 <= len(event.number) <= 64


def as_xml(encoding: str, declared: str) -> bytes:
    return xml(alert()).decode().replace("UTF-8", declared).encode(encoding)


@pytest.mark.parametrize(
    "body",
    [
        msgspec.json.encode(alert()) + b"\0\0",
        msgspec.json.encode(alert()) + b"\r\n--MIME_boundary--\r\n",
        b"\xef\xbb\xbf" + msgspec.json.encode(alert()),
        msgspec.json.encode(alert()).decode().encode("gb18030"),
        msgspec.json.encode(alert()).decode().encode("utf-16"),
        as_xml("gb18030", "GB2312"),
        as_xml("utf-8", "GB2312"),
        as_xml("utf-16", "UTF-16"),
        as_xml("utf-8", "x-unheard-of"),
        xml(alert()) + b"\0",
    ],
)
def test_encodings_and_ends_of_buffers_do_not_hide_an_event(body: bytes) -> None:
    found = translate({}, body, SHANGHAI, NOW)
    assert [event.event_key for event in found.translation.events] == ["hik|1234|2026-04-15 09:17:32+03:00"]


def test_several_messages_after_one_another_are_several() -> None:
    body = b"\r\n".join(msgspec.json.encode(alert(serialNo=number)) for number in (1, 2, 3))
    assert [one.number for one in translate({}, body + b" rest", SHANGHAI, NOW).serials] == [1, 2, 3]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-16-le"])
def test_a_dtd_is_refused_in_any_encoding(encoding: str) -> None:
    dtd = '<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "c">]><a><eventType>&b;</eventType></a>'
    mark = b"\xff\xfe" if encoding == "utf-16-le" else b""
    found = translate({}, mark + dtd.encode(encoding), SHANGHAI, NOW)
    assert [line.reason for line in found.translation.unread] == ["xml_refused"]
