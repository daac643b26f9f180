"""What face terminals publish, read without ever failing."""

import json
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.gates.dialects.mqtt.translation import (
    PAYLOAD_LIMIT,
    FacePass,
    Foreign,
    LifeSign,
    Noted,
    Snapshot,
    TurnedAway,
    Unread,
    answer_topic,
    online_ack,
    own_id,
    push_ack,
    terminal_of,
    translate,
)
from backend.gates.translation import TranslatedEvent

ID = "005a213b000b93cc"
REC = f"mqtt/face/{ID}/Rec"
SHANGHAI = ZoneInfo("Asia/Shanghai")
SAMPLES = Path(__file__).parents[5] / "shared" / "data" / "gates" / "mqtt"


def rec_push(**changes: Any) -> bytes:
    info = {
        "facesluiceId": ID,
        "customId": "EMP10001",
        "personId": "22",
        "RecordID": "389",
        "VerifyStatus": "1",
        "PushType": 0,
        "Sendintime": 1,
        "time": "2026-03-16 09:29:58",
        **changes,
    }
    kept = {name: value for name, value in info.items() if value is not ...}
    return json.dumps({"operator": "RecPush", "info": kept}, ensure_ascii=False).encode()


def heard(**changes: Any) -> FacePass:
    found = translate(REC, rec_push(**changes), SHANGHAI)
    assert isinstance(found, FacePass)
    return found


def test_a_record_says_who_passed_when_and_what_its_acknowledgement_names() -> None:
    assert heard() == FacePass(
        terminal=ID,
        event=TranslatedEvent(
            event_key="rec:389@2026-03-16 09:29:58",
            number_kind="employee",
            number="EMP10001",
            at=datetime(2026, 3, 16, 1, 29, 58, tzinfo=UTC),
            device_time="2026-03-16 09:29:58",
            own_month=date(2026, 3, 1),
            live=True,
            granted=True,
            content=("employee", "EMP10001", True),
            method="face",
        ),
        record_id=389,
    )


@pytest.mark.parametrize(
    ("changes", "key"),
    [
        ({"RecordID": 389}, "rec:389@2026-03-16 09:29:58"),
        ({"RecordID": ...}, "who:employee:EMP10001@2026-03-16 09:29:58"),
        ({"RecordID": ""}, "who:employee:EMP10001@2026-03-16 09:29:58"),
        ({"RecordID": 0}, "who:employee:EMP10001@2026-03-16 09:29:58"),
        ({"RecordID": ..., "customId": ""}, "who:pin:22@2026-03-16 09:29:58"),
        ({"RecordID": ..., "customId": "", "personId": "-1"}, "who:employee:@2026-03-16 09:29:58"),
        ({"RecordID": "2", "time": "2023-01-01 00:00:00"}, "rec:2@2023-01-01 00:00:00"),
    ],
)
def test_the_key_is_the_record_or_the_person_with_the_time_as_it_was_written(changes: dict[str, Any], key: str) -> None:
    assert heard(**changes).event.event_key == key


def test_a_number_that_begins_anew_is_another_event() -> None:
    assert heard().event.event_key != heard(time="2026-03-17 07:00:00").event.event_key


def test_a_long_key_is_shortened_to_its_digest() -> None:
    numbers = [f"{'r' * 63}{number}" for number in range(2)]
    keys = {heard(RecordID=number, time="2026-03-16 09:29:58 +08:00").event.event_key for number in numbers}
    assert len(keys) == 2
    assert all(len(key) <= 100 for key in keys)


@pytest.mark.parametrize(
    ("status", "granted"), [("1", True), (1, True), ("0", False), (2, False), ("3", False), (..., None), ("?", None)]
)
def test_only_status_1_is_a_pass(status: object, granted: bool | None) -> None:
    assert heard(VerifyStatus=status).event.granted is granted


@pytest.mark.parametrize(
    ("changes", "live"),
    [
        ({}, True),
        ({"PushType": ...}, True),
        ({"Sendintime": "1", "PushType": "0"}, True),
        ({"Sendintime": 0}, False),
        ({"PushType": 2}, False),
        ({"Sendintime": ..., "PushType": ...}, False),
    ],
)
def test_backlog_is_told_by_its_marks_and_silence_claims_nothing(changes: dict[str, Any], live: bool) -> None:
    assert heard(**changes).event.live is live


@pytest.mark.parametrize("told", [ID, f"@@@{ID}", f"platform@@@{ID}", f"{ID}@@@", ...])
def test_the_terminal_of_the_topic_may_be_named_with_a_mark(told: object) -> None:
    assert heard(facesluiceId=told).terminal == ID


@pytest.mark.parametrize("told", ["005a213b000b93cd", f"{ID}@@@other", "@@@other", ID + "0", ID.upper()])
def test_a_record_that_speaks_for_another_terminal_is_refused(told: str) -> None:
    assert translate(REC, rec_push(facesluiceId=told), SHANGHAI) == Foreign(ID, told)


def test_somebody_whom_the_terminal_does_not_know_is_remarked_and_acknowledged() -> None:
    found = translate(REC, rec_push(customId="", personId="", VerifyStatus="3"), SHANGHAI)
    assert isinstance(found, TurnedAway)
    assert (found.record_id, found.remark.kind, found.remark.key) == (389, "audit", "face|rec:389@2026-03-16 09:29:58")


def test_somebody_unknown_who_was_let_through_is_an_event_of_nobody() -> None:
    assert heard(customId="", personId="").event.number == ""
    assert heard(customId="", personId="", VerifyStatus=...).event.granted is None


def test_a_picture_of_a_stranger_is_acknowledged_and_not_kept() -> None:
    body = {
        "operator": "StrSnapPush",
        "info": {"facesluiceId": ID, "SnapID": "7", "pic": "data:image/jpeg;base64,QQ=="},
    }
    assert translate(f"mqtt/face/{ID}/Snap", json.dumps(body).encode(), SHANGHAI) == Snapshot(ID, 7)


@pytest.mark.parametrize(
    "time", ["", "yesterday", "2026-02-30 08:00:00", "0000-00-00 00:00:00", ..., None, [], "2026-03-16"]
)
def test_a_record_without_a_time_is_told_with_its_number(time: object) -> None:
    found = translate(REC, rec_push(time=time), SHANGHAI)
    assert isinstance(found, Unread)
    assert (found.terminal, found.record_id) == (ID, 389)


def test_a_time_is_read_in_the_terminals_zone_unless_it_names_its_own() -> None:
    kolkata = ZoneInfo("Asia/Kolkata")
    found = [translate(REC, rec_push(time=text), kolkata) for text in ("2026-03-16 00:10:00", "2026-03-16T00:10:00Z")]
    assert [one.event.at for one in found if isinstance(one, FacePass)] == [
        datetime(2026, 3, 15, 18, 40, tzinfo=UTC),
        datetime(2026, 3, 16, 0, 10, tzinfo=UTC),
    ]


def test_chinese_text_may_be_in_gb18030() -> None:
    body = rec_push(personName="张三").decode()
    assert translate(REC, body.encode("gb18030"), SHANGHAI) == translate(REC, body.encode(), SHANGHAI)


def test_bytes_in_no_encoding_do_not_cost_the_record() -> None:
    body = rec_push(personName="x").replace(b'"personName": "x"', b'"personName": "\xff\xff"')
    assert isinstance(translate(REC, b"\xef\xbb\xbf" + body + b"\0\0", SHANGHAI), FacePass)


@pytest.mark.parametrize("kind", ["online", "heartbeat", "offline"])
def test_signs_of_life_name_their_terminal(kind: str) -> None:
    topic = f"mqtt/face/{'heartbeat' if kind == 'heartbeat' else 'basic'}"
    operator = {"online": "Online", "heartbeat": "HeartBeat", "offline": "Offline"}[kind]
    body = {"operator": operator, "info": {"facesluiceId": ID, "ip": "192.168.2.202"}}
    found = translate(topic, json.dumps(body).encode(), SHANGHAI)
    assert found == LifeSign(terminal=ID, kind=kind)  # pyright: ignore[reportArgumentType] - one of its words


def test_a_sign_of_life_of_nobody_is_told() -> None:
    assert isinstance(translate("mqtt/face/basic", b'{"operator":"Online","info":{}}', SHANGHAI), Unread)


@pytest.mark.parametrize("operator", ["PushAck-Ack", "EditPerson-Ack", "Other", ""])
def test_what_asks_for_nothing_is_noted(operator: str) -> None:
    body = {"operator": operator, "info": {"facesluiceId": ID}}
    assert isinstance(translate(f"mqtt/face/{ID}/Ack", json.dumps(body).encode(), SHANGHAI), Noted)


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b'"RecPush"',
        b"[" * 100_000,
        b'{"info":' * 50_000,
        b"\x00",
        b"1" * 5000,
        b"9" * 200_000,
    ],
)
def test_what_is_no_json_object_is_told(payload: bytes) -> None:
    assert isinstance(translate(REC, payload, SHANGHAI), Unread)


def test_a_message_above_the_limit_is_not_looked_into() -> None:
    assert translate(REC, rec_push(pic="A" * PAYLOAD_LIMIT), SHANGHAI) == Unread(ID, "too large")


@pytest.mark.parametrize(
    ("topic", "terminal"),
    [
        (REC, ID),
        ("mqtt/face/basic", None),
        (f"mqtt/face/{ID}", None),
        ("mqtt/face//Rec", None),
        ("other/face/x/Rec", None),
    ],
)
def test_the_topic_names_the_terminal(topic: str, terminal: str | None) -> None:
    assert terminal_of(topic) == terminal


def test_answers_have_the_documented_form() -> None:
    assert json.loads(push_ack("record", 490805, "MSG-ACK-1001")) == {
        "operator": "PushAck",
        "messageId": "MSG-ACK-1001",
        "info": {"PushAckType": 2, "SnapOrRecordID": 490805},
    }
    assert json.loads(push_ack("snap", 7, "m"))["info"] == {"PushAckType": 1, "SnapOrRecordID": 7}
    assert json.loads(online_ack(ID, "m"))["info"] == {"facesluiceId": ID, "result": "ok", "detail": ""}
    assert answer_topic(ID) == f"mqtt/face/{ID}"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=10,
)
FIELDS = st.sampled_from(
    ["facesluiceId", "customId", "personId", "RFIDCard", "RecordID", "VerifyStatus", "PushType", "Sendintime", "time"]
)
OPERATORS = st.sampled_from(["RecPush", "VerifyPush", "StrSnapPush", "Online", "HeartBeat", "Offline", "X-Ack"])
TOPICS = st.sampled_from([REC, f"mqtt/face/{ID}/Snap", "mqtt/face/basic", "mqtt/face/heartbeat"]) | st.text(max_size=40)


def _kept(found: object) -> list[str]:
    match found:
        case FacePass():
            return [found.event.event_key, found.event.device_time, found.event.number]
        case LifeSign():
            return [found.terminal]
        case _:
            return []


@given(TOPICS, OPERATORS | JSON, st.dictionaries(FIELDS, JSON | st.sampled_from([ID, "2026-03-16 09:29:58"])))
def test_any_json_is_read_into_what_the_database_can_store(topic: str, operator: object, info: dict[str, Any]) -> None:
    body = json.dumps({"operator": operator, "info": info}).encode()
    found = translate(topic, body, SHANGHAI)
    for text in _kept(found):
        assert "\0" not in text
        text.encode()
    if isinstance(found, FacePass):
        assert len(found.event.event_key) <= 100
        assert found.event.at.utcoffset() is not None


@given(TOPICS, st.binary(max_size=400))
def test_any_bytes_are_read_without_an_error(topic: str, payload: bytes) -> None:
    translate(topic, payload, SHANGHAI)


@given(st.integers(0, 400), st.binary(max_size=8))
def test_a_record_spoilt_anywhere_is_read_without_an_error(place: int, noise: bytes) -> None:
    good = rec_push(personName="张三", pic="data:image/jpeg;base64,/9j/2Q==")
    translate(REC, good[:place] + noise + good[place + len(noise) :], SHANGHAI)


@given(st.text(max_size=20))
def test_stripping_a_mark_twice_changes_nothing(told: str) -> None:
    assert own_id(own_id(told)) == own_id(told)


@pytest.mark.skipif(not SAMPLES.exists(), reason="the sample payloads are not part of the project")
@pytest.mark.parametrize(
    ("name", "topic", "kind"),
    [
        ("recpush_spec.json", REC, FacePass),
        ("online.json", "mqtt/face/basic", LifeSign),
        ("offline_lwt.json", "mqtt/face/basic", LifeSign),
        ("heartbeat.json", "mqtt/face/heartbeat", LifeSign),
    ],
)
def test_sample_payloads_are_understood(name: str, topic: str, kind: type) -> None:
    assert isinstance(translate(topic, (SAMPLES / name).read_bytes(), SHANGHAI), kind)
