"""The security protocol's tables."""

import random
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.gates.dialects.zkteco.requests import read_ask
from backend.gates.dialects.zkteco.translation import translate
from backend.gates.translation import Translation

SHANGHAI = ZoneInfo("Asia/Shanghai")
NOW = datetime(2026, 9, 28, 3, 40, 50, tzinfo=UTC)
RTLOG = read_ask([("SN", "TEST0001"), ("table", "rtlog")])
FACE = {
    "time": "2026-09-28 11:40:45",
    "pin": "41235478",
    "cardno": "0",
    "eventaddr": "1",
    "event": "0",
    "inoutstatus": "0",
    "verifytype": "1",
    "index": "13355",
    "sitecode": "0",
    "linkid": "0",
    "maskflag": "0",
    "temperature": "0",
}


def line(gap: str = "\t", **changes: str) -> str:
    return gap.join(f"{name}={value}" for name, value in {**FACE, **changes}.items())


def read(body: str, ask: object = RTLOG) -> Translation:
    return translate(ask, body.encode(), SHANGHAI, NOW)  # type: ignore[arg-type] - an Ask


def test_a_pass_and_a_door_event() -> None:
    found = read(line() + "\r\n" + line(pin="0", event="27", index="21", inoutstatus="1", time="2017-01-10 11:49:32"))
    (event,) = found.events
    assert (event.event_key, event.number, event.granted) == ("acc|13355|2026-09-28 11:40:45", "41235478", True)
    assert (event.wire_direction, event.direction_is_wired, event.live) == ("in", True, True)
    (remark,) = found.remarks
    assert (remark.kind, remark.code, remark.key) == ("audit", "event_27", "acc|21|2017-01-10 11:49:32")
    assert found.answer == b"OK"


def test_the_order_and_the_gaps_of_fields_do_not_matter() -> None:
    wanted = read(line()).events
    fields = list(FACE.items())
    for seed in range(20):
        random.Random(seed).shuffle(fields)
        for gap in ("\t", " "):
            assert read(gap.join(f"{name}={value}" for name, value in fields)).events == wanted


def test_a_mask_of_ways_of_recognition_survives() -> None:
    (event,) = read(line(verifytype="0000000000100001")).events
    assert event.method == "verify_0000000000100001"


@pytest.mark.parametrize(
    ("code", "granted"),
    [
        ("0", True),
        ("19", True),
        ("200", True),
        ("253", True),
        ("20", False),
        ("22", False),
        ("24", False),
        ("27", False),
        ("29", False),
        ("69", False),
        ("99", False),
        ("101", None),
        ("254", None),
        ("4005", None),
        ("6000", None),
    ],
)
def test_only_normal_events_grant(code: str, granted: bool | None) -> None:
    assert [event.granted for event in read(line(event=code)).events] == [granted]


def test_alarms_without_a_person_are_told_as_such() -> None:
    (remark,) = read(line(pin="0", event="102")).remarks
    assert remark.kind == "alarm"


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (line(time="soon"), "no_time"),
        (line(event="x"), "not_a_record"),
        ("no fields here", "not_a_record"),
        (line(pin="x" * 65), "no_person"),
        (line(name="x" * 5000), "line_too_long"),
    ],
)
def test_what_cannot_be_read_is_told(body: str, reason: str) -> None:
    found = read(body)
    assert [(one.number, one.reason) for one in found.unread] == [(1, reason)]
    assert found.answer == b"OK"


def test_an_uploaded_table_is_acknowledged_by_name_and_count() -> None:
    ask = read_ask([("SN", "T"), ("table", "tabledata"), ("tablename", "user"), ("count", "2")])
    found = read("user uid=5\tcardno=\tpin=4\tpassword=\tgroup=1\r\nuser uid=6\tpin=5\n", ask)
    assert found.answer == b"user=2"
    assert (found.events, found.unread) == ((), ())


def test_stored_passes_are_the_live_ones_again() -> None:
    count = ((26 * 372) + 8 * 31 + 27) * 86_400 + 11 * 3600 + 40 * 60 + 45
    ask = read_ask([("SN", "T"), ("table", "tabledata"), ("tablename", "transaction"), ("count", "1")])
    stored = (
        f"transaction cardno=0\tpin=41235478\tverified=1\tdoorid=1\teventtype=0\tinoutstate=0\t"
        f"time_second={count}\tindex=13355\tsitecode=0\tlinkid=0"
    )
    found = read(stored, ask)
    assert found.answer == b"transaction=1"
    (event,), (live,) = found.events, read(line()).events
    assert (event.event_key, event.content, event.at) == (live.event_key, live.content, live.at)


def test_turnstile_counters_are_telemetry() -> None:
    body = "irstate=1\tirsensecount=2\tincount=2\toutcount=3\talarmcount=1\truncount=1\r\n"
    for ask in (read_ask([("table", "irstate")]), read_ask([])):
        (remark,) = read(body, ask).remarks
        assert (remark.kind, remark.detail["incount"], remark.detail["outcount"]) == ("telemetry", 2, 3)


def test_states_are_signs_of_life_alone() -> None:
    found = read(
        "time=2017-01-10 15:42:40\tsensor=00\trelay=00\talarm=0200000000000000", read_ask([("table", "rtstate")])
    )
    assert (found.events, found.remarks, found.unread, found.answer) == ((), (), (), b"OK")


@given(st.binary(max_size=400), st.sampled_from(["rtlog", "rtstate", "irstate", "tabledata", "options", "biodata", ""]))
def test_no_bytes_break_it(body: bytes, table: str) -> None:
    ask = read_ask([("SN", "T"), ("table", table), ("tablename", "transaction")])
    found = translate(ask, body, SHANGHAI, NOW)
    assert found.answer.startswith((b"OK", b"transaction="))
    assert all(1 <= len(event.event_key) <= 200 for event in found.events)


@given(st.dictionaries(st.sampled_from(sorted(FACE)), st.text(max_size=30)))
def test_no_values_break_it(values: dict[str, str]) -> None:
    found = read(line(**values))
    assert all(1 <= len(event.number) <= 64 for event in found.events)
