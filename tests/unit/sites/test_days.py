from datetime import UTC, date, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.sites.errors import TimeZoneUnknown
from backend.sites.model import day_bounds, work_on, zone_of

FOUR = time(4)
WUHAN = "Asia/Shanghai"
INSTANTS = st.datetimes(datetime(2000, 1, 1), datetime(2040, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - bounds
ZONES = st.sampled_from([WUHAN, "Asia/Urumqi", "UTC", "America/New_York", "Australia/Lord_Howe", "Pacific/Apia"])
CUTOVERS = st.times(max_value=time(11, 59))


@pytest.mark.parametrize(
    ("at", "day"),
    [
        (datetime(2026, 3, 16, 1, 30, tzinfo=UTC), date(2026, 3, 16)),  # 09:30 local
        (datetime(2026, 3, 15, 23, 0, tzinfo=UTC), date(2026, 3, 16)),  # 07:00: not the UTC day
        (
            datetime(2026, 3, 16, 19, 59, 59, tzinfo=UTC),
            date(2026, 3, 16),
        ),  # 03:59:59 of the 17th: the night shift's end
        (datetime(2026, 3, 16, 20, 0, tzinfo=UTC), date(2026, 3, 17)),  # 04:00: the new day
        (datetime(2026, 3, 16, 14, 0, tzinfo=UTC), date(2026, 3, 16)),  # 22:00: the night shift's beginning
    ],
)
def test_the_day_begins_at_the_cutover_in_the_site_s_zone(at: datetime, day: date) -> None:
    assert work_on(at, WUHAN, FOUR) == day


def test_the_bounds_of_a_day_are_utc_instants() -> None:
    begin, end = day_bounds(date(2026, 3, 16), WUHAN, FOUR)
    assert begin == datetime(2026, 3, 15, 20, tzinfo=UTC)
    assert end == datetime(2026, 3, 16, 20, tzinfo=UTC)
    assert begin.tzinfo is UTC


@given(at=INSTANTS, zone=ZONES, cutover=CUTOVERS)
def test_every_instant_lies_in_its_own_day(at: datetime, zone: str, cutover: time) -> None:
    begin, end = day_bounds(work_on(at, zone, cutover), zone, cutover)
    assert begin <= at < end


@given(at=INSTANTS, zone=ZONES, cutover=CUTOVERS, later=st.timedeltas(timedelta(0), timedelta(days=3)))
def test_later_instants_never_fall_on_earlier_days(at: datetime, zone: str, cutover: time, later: timedelta) -> None:
    assert work_on(at, zone, cutover) <= work_on(at + later, zone, cutover)


@given(day=st.dates(date(2000, 1, 1), date(2040, 1, 1)), zone=ZONES, cutover=CUTOVERS)
def test_days_follow_each_other_without_a_gap(day: date, zone: str, cutover: time) -> None:
    assert day_bounds(day, zone, cutover)[1] == day_bounds(day + timedelta(days=1), zone, cutover)[0]


@pytest.mark.parametrize("name", ["Asia/Wuhan", "", "../etc/passwd", "Asia", "\x00", "GMT+8x"])
def test_an_unknown_zone_is_an_error_of_ours(name: str) -> None:
    with pytest.raises(TimeZoneUnknown):
        zone_of(name)
