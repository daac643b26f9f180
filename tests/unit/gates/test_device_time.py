"""Times as terminals write them."""

from datetime import UTC, date, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.gates.device_time import (
    count_time,
    read_counted_time,
    read_device_time,
    read_time_offset,
    write_local,
    write_zone,
    zone_of,
)

SHANGHAI = ZoneInfo("Asia/Shanghai")
AT = datetime(2026, 9, 28, 0, 0, tzinfo=UTC)


def test_a_time_without_offset_is_of_the_device_s_zone() -> None:
    read = read_device_time("2024-07-28 01:25:24", SHANGHAI)
    assert read == (datetime(2024, 7, 27, 17, 25, 24, tzinfo=UTC), "2024-07-28 01:25:24", date(2024, 7, 1))


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("2026-04-15T09:17:32+03:00", datetime(2026, 4, 15, 6, 17, 32, tzinfo=UTC)),
        ("2026-04-15T09:17:32Z", datetime(2026, 4, 15, 9, 17, 32, tzinfo=UTC)),
        ("2026-04-15 09:17:32.125-0530", datetime(2026, 4, 15, 14, 47, 32, tzinfo=UTC)),
        ("2026/4/5 9:7:2", datetime(2026, 4, 5, 1, 7, 2, tzinfo=UTC)),
        ("1899-12-30 00:00:00", datetime(1899, 12, 29, 15, 54, 17, tzinfo=UTC)),
    ],
)
def test_other_spellings(text: str, at: datetime) -> None:
    read = read_device_time(text, SHANGHAI)
    assert read is not None
    assert read.at == at


@pytest.mark.parametrize(
    "text",
    [
        "",
        "0000-00-00 00:00:00",
        "2026-02-30 10:00:00",
        "2026-01-01 24:00:00",
        "2026-01-01",
        "10:00:00",
        "DateTime=2026",
        "0001-01-01 00:00:00",
        "9999-12-31 23:59:59-14:00",
        "٢٠٢٦-01-01 00:00:00",
        "2026-01-01 00:00:00 x",
    ],
)
def test_what_is_no_time_is_none(text: str) -> None:
    assert read_device_time(text, SHANGHAI) is None


def test_offsets_decide_before_the_zone_and_the_text_s_own_first() -> None:
    row = read_device_time("2026-09-28 07:58:01", UTC, offset_s=28_800)
    assert row is not None
    assert row.at == datetime(2026, 9, 27, 23, 58, 1, tzinfo=UTC)
    own = read_device_time("2026-09-28T07:58:01+03:00", SHANGHAI, offset_s=0)
    assert own is not None
    assert own.at == datetime(2026, 9, 28, 4, 58, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("+28800", 28_800),
        ("-18000", -18_000),
        ("19800", 19_800),
        ("+0", 0),
        ("50400", 50_400),
        ("-50400", -50_400),
        ("0", None),
        ("4", None),
        ("901", None),
        ("51300", None),
        ("", None),
        ("+8", None),
        ("28800.0", None),
    ],
)
def test_a_row_s_offset_is_taken_only_if_it_can_be_one(text: str, seconds: int | None) -> None:
    assert read_time_offset(text) == seconds


@pytest.mark.parametrize(
    ("zone", "form", "text"),
    [
        ("Asia/Shanghai", None, "8"),
        ("Asia/Shanghai", "hours", "8"),
        ("Asia/Shanghai", "minutes", "480"),
        ("Asia/Shanghai", "seconds", "28800"),
        ("+05:30", "minutes", "330"),
        ("+05:30", "hours", "5:30"),
        ("-03:30", "hours", "-3:30"),
        ("-03:30", "minutes", "-210"),
        ("UTC", "hours", "0"),
    ],
)
def test_a_zone_is_written_as_the_device_wants_it(zone: str, form: str | None, text: str) -> None:
    assert write_zone(zone_of(zone), AT, form) == text  # type: ignore[arg-type] - the registry's word


@pytest.mark.parametrize("name", ["", "Nowhere/Atlantis", "+8", "../etc/passwd", "Asia", "+05:75", "/etc/localtime"])
def test_what_is_no_zone_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match=r"^"):
        zone_of(name)


def test_the_count_of_the_vendor_s_formula() -> None:
    at = datetime(2017, 1, 10, 11, 49, 32, tzinfo=UTC)
    count = ((17 * 372) + 0 * 31 + 9) * 86_400 + 11 * 3600 + 49 * 60 + 32
    assert count_time(at) == count
    read = read_counted_time(count, UTC)
    assert read is not None
    assert read.at == at


@given(st.datetimes(datetime.fromisoformat("2000-01-01"), datetime.fromisoformat("2099-12-31"), timezones=st.just(UTC)))
def test_counted_times_come_back(at: datetime) -> None:
    read = read_counted_time(count_time(at), UTC)
    assert read is not None
    assert read.at == at.replace(microsecond=0)


@given(st.integers(-(10**15), 10**15))
def test_any_count_is_a_time_or_none(count: int) -> None:
    read = read_counted_time(count, SHANGHAI)
    assert read is None or read.at.year >= 1999


@given(st.text())
def test_any_text_is_a_time_or_none(text: str) -> None:
    assert read_device_time(text, SHANGHAI) is None or any(sign.isdigit() for sign in text)


@given(
    st.datetimes(datetime.fromisoformat("2020-01-01"), datetime.fromisoformat("2039-12-31")),
    st.integers(-56, 56).map(lambda quarters: quarters * 900),
)
def test_a_written_time_is_read_as_the_same_instant(local: datetime, offset_s: int) -> None:
    zone = timezone(timedelta(seconds=offset_s))
    read = read_device_time(local.strftime("%Y-%m-%d %H:%M:%S"), zone)
    assert read is not None
    assert read.at == local.replace(microsecond=0, tzinfo=zone).astimezone(UTC)
    assert write_local(zone, read.at)[:19] == local.isoformat(timespec="seconds")
