"""ATTLOG as several makers write it."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.gates.dialects.zkteco.requests import read_ask
from backend.gates.dialects.zkteco.translation import translate
from backend.gates.translation import Translation

SHANGHAI = ZoneInfo("Asia/Shanghai")
NOW = datetime(2026, 9, 28, 0, 0, tzinfo=UTC)
ATTLOG = read_ask([("SN", "TEST0001"), ("table", "ATTLOG"), ("Stamp", "9999")])
NO_TABLE = read_ask([("sn", "TEST0001")])


def read(body: str, ask: object = ATTLOG) -> Translation:
    return translate(ask, body.encode(), SHANGHAI, NOW)  # type: ignore[arg-type] - one of the two above


def told(translation: Translation) -> list[tuple[str, str, str | None]]:
    return [(event.number, event.device_time, event.wire_direction) for event in translation.events]


PLAIN = [("7", "2026-09-28 07:58:01", "in")]


@pytest.mark.parametrize(
    "line",
    [
        "7\t2026-09-28 07:58:01\t0\t1\t\t0\t0\t\r\n",
        "7\t2026-09-28 07:58:01\t0\t1\t0",
        "7\t2026-09-28 07:58:01\t0",
        "7 2026-09-28 07:58:01 0 1 0 0\n",
        "7   2026-09-28 07:58:01   0   1",
        "TABLE=ATTLOG\r\n7\t2026-09-28 07:58:01\t0\t1\r\n",
        "ATTLOG\t7\t2026-09-28 07:58:01\t0\t1",
        "ATTLOG 7 2026-09-28 07:58:01 0 1",
        "7\t2026-09-28T07:58:01\t0\t1",
        "\n\n7\t2026-09-28 07:58:01\t0\t1\n\n",
        "7\t2026-09-28 07:58:01\t0\t1\r",
    ],
)
@pytest.mark.parametrize("ask", [ATTLOG, NO_TABLE], ids=["table", "no table"])
def test_every_separator_seen_means_the_same(line: str, ask: object) -> None:
    found = read(line, ask)
    assert told(found) == PLAIN
    assert {event.event_key for event in found.events} == {"att|7|2026-09-28 07:58:01|0"}
    assert (found.unread, found.answer) == ((), b"OK: 1")


def test_the_job_code_of_a_long_row_is_no_offset() -> None:
    row = "982\t2016-02-25 12:08:21\t1\t0\t9001\t0\t0\t1\t2\t3\t3600\t5\t6\t1.0\t2.0\t3.0"
    (event,) = read(row).events
    assert event.at == datetime(2016, 2, 25, 4, 8, 21, tzinfo=UTC)
    assert event.device_time == "2016-02-25 12:08:21"


@pytest.mark.parametrize(
    ("column", "rest", "at"),
    [
        ("+28800", "\teyJ9", datetime(2026, 9, 27, 23, 58, 1, tzinfo=UTC)),
        ("+10800", "\t", datetime(2026, 9, 28, 4, 58, 1, tzinfo=UTC)),
        ("-18000", "", datetime(2026, 9, 28, 12, 58, 1, tzinfo=UTC)),
        # Not offsets: then the zone of the registry holds.
        ("4", "", datetime(2026, 9, 27, 23, 58, 1, tzinfo=UTC)),
        ("+901", "", datetime(2026, 9, 27, 23, 58, 1, tzinfo=UTC)),
        ("+51300", "", datetime(2026, 9, 27, 23, 58, 1, tzinfo=UTC)),
        ("0", "", datetime(2026, 9, 27, 23, 58, 1, tzinfo=UTC)),
        ("+10800", "\tx\ty", datetime(2026, 9, 27, 23, 58, 1, tzinfo=UTC)),
    ],
)
def test_an_offset_is_taken_from_rows_of_eleven_or_twelve_columns(column: str, rest: str, at: datetime) -> None:
    row = f"1007\t2026-09-28 07:58:01\t0\t15\t0\t0\t0\t0\t36.2\t36.2\t{column}{rest}"
    assert [event.at for event in read(row).events] == [at]


@pytest.mark.parametrize(("status", "direction"), [("0", "in"), ("1", "out"), ("255", None), ("15", None), ("4", None)])
def test_status_is_a_hint_at_most(status: str, direction: str | None) -> None:
    (event,) = read(f"7\t2026-09-28 07:58:01\t{status}\t1").events
    assert (event.wire_direction, event.direction_is_wired) == (direction, False)


def test_lines_that_cannot_be_read_are_told_with_their_number() -> None:
    body = (
        "1\t2026-09-28 07:00:00\t0\t1\n"
        "garbage\n"
        "2\t2026-13-45 99:00:00\t0\t1\n"
        "PIN=3 DateTime=2026-09-28 07:00:00\n"
        "4 2026-09-28 07:00:03 0 1\n"
        "\t2026-09-28 07:00:00\t0\t1\n"
        "5\t1899-12-30 00:00:00\t0\t1\n"
    )
    found = read(body)
    assert [event.number for event in found.events] == ["1", "4", "5"]
    assert [(line.number, line.reason) for line in found.unread] == [
        (2, "not_a_row"),
        (3, "no_time"),
        (4, "no_person"),
        (6, "no_person"),
    ]
    assert found.answer == b"OK: 7"


def test_live_is_what_is_new() -> None:
    body = "1\t2026-09-28 07:59:58\t0\t1\n1\t2026-09-28 07:00:00\t1\t1\n1\t2026-09-28 09:00:00\t1\t1\n"
    found = read(body)
    assert [event.live for event in found.events] == [True, False, True]
    assert found.liveness.skews_s == (-3600.0,), "what waited for a later one of the same body shows how long"


def test_a_burst_tells_nothing_of_the_clock() -> None:
    body = "".join(f"1\t2026-09-28 07:59:{second:02}\t0\t1\n" for second in range(10))
    assert read(body).liveness.skews_s == ()


def test_the_key_keeps_a_repetition_apart_from_another_status_in_the_same_second() -> None:
    keys = [event.event_key for event in read("7\t2026-09-28 07:58:01\t0\t1\n7\t2026-09-28 07:58:01\t1\t1\n").events]
    assert len(set(keys)) == 2


def test_long_bodies_are_numbered_through() -> None:
    rows = [f"{number}\t2026-09-28 07:00:00\t0\t1\t\t0\t0\t" for number in range(1, 6001)]
    rows[5500] = "broken"
    found = read("\r\n".join(rows))
    assert len(found.events) == 5999
    assert [line.number for line in found.unread] == [5501]
    assert found.answer == b"OK: 6000"


def test_the_month_is_the_text_s_own() -> None:
    (event,) = read("7\t2026-10-01 00:00:01\t0\t1").events
    assert (event.at.month, event.own_month.month) == (9, 10)


@given(
    st.lists(
        st.tuples(
            st.from_regex(r"\A[0-9A-Za-z]{1,24}\Z"),
            st.datetimes(datetime.fromisoformat("2000-01-01"), datetime.fromisoformat("2099-01-01")),
            st.integers(0, 255),
        ),
        max_size=30,
    ),
    st.sampled_from(["\t", " "]),
    st.sampled_from(["\n", "\r\n", "\r"]),
)
def test_rows_come_back(rows: list[tuple[str, datetime, int]], gap: str, end: str) -> None:
    body = end.join(f"{pin}{gap}{at:%Y-%m-%d %H:%M:%S}{gap}{status}{gap}1" for pin, at, status in rows)
    found = read(body)
    expected = [(pin, f"{at:%Y-%m-%d %H:%M:%S}".zfill(19)) for pin, at, _ in rows if pin.upper() != "ATTLOG"]
    assert [(event.number, event.device_time) for event in found.events] == expected


@given(st.binary(max_size=400))
def test_no_bytes_break_it(body: bytes) -> None:
    found = translate(ATTLOG, body, SHANGHAI, NOW)
    assert found.answer.startswith(b"OK: ")
    for event in found.events:
        assert 1 <= len(event.event_key) <= 200
        assert event.at <= NOW + timedelta(days=366 * 8000)
