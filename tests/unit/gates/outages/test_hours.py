"""When gates are expected to be alive."""

from datetime import UTC, datetime, time, timedelta
from itertools import pairwise

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.decision.policy import DEFAULT_POLICY, EVERY_DAY, DailyHours, SitePolicy
from backend.gates.outages.hours import Stretch, expected_stretches, without
from backend.sites.model import zone_of

SHANGHAI = "Asia/Shanghai"


def local(text: str, zone: str = SHANGHAI) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=zone_of(zone)).astimezone(UTC)


def spans(policy: SitePolicy, since: str, until: str, zone: str = SHANGHAI) -> list[tuple[str, str]]:
    found = expected_stretches(policy, zone, local(since, zone), local(until, zone))
    return [
        (f"{one.begin.astimezone(zone_of(zone)):%d %H:%M}", f"{one.end.astimezone(zone_of(zone)):%d %H:%M}")
        for one in found
    ]


def test_the_platforms_own_hours_are_six_to_ten_every_day() -> None:
    # The 15th is a Sunday.
    assert spans(DEFAULT_POLICY, "2026-03-14T00:00", "2026-03-16T12:00") == [
        ("14 06:00", "14 22:00"),
        ("15 06:00", "15 22:00"),
        ("16 06:00", "16 12:00"),
    ]


def test_hours_over_midnight_belong_to_the_day_on_which_they_begin() -> None:
    friday_night = DailyHours(from_at=time(22), to_at=time(5), days=frozenset({5}))
    policy = SitePolicy(working_hours=frozenset({friday_night}))
    assert spans(policy, "2026-03-09T00:00", "2026-03-23T00:00") == [
        ("13 22:00", "14 05:00"),
        ("20 22:00", "21 05:00"),
    ]
    assert spans(policy, "2026-03-14T01:00", "2026-03-14T02:00") == [("14 01:00", "14 02:00")]


def test_equal_times_are_the_whole_day_and_touching_days_are_one_stretch() -> None:
    policy = SitePolicy(working_hours=frozenset({DailyHours(from_at=time(0), to_at=time(0))}))
    assert spans(policy, "2026-03-14T03:00", "2026-03-18T09:00") == [("14 03:00", "18 09:00")]


def test_planned_power_off_is_cut_out() -> None:
    whole_day = DailyHours(from_at=time(0), to_at=time(0))
    policy = SitePolicy(
        working_hours=frozenset({whole_day}), power_off=frozenset({DailyHours(from_at=time(22), to_at=time(5, 30))})
    )
    assert spans(policy, "2026-03-14T00:00", "2026-03-15T12:00") == [
        ("14 05:30", "14 22:00"),
        ("15 05:30", "15 12:00"),
    ]


def test_without_working_hours_nothing_is_expected() -> None:
    assert spans(SitePolicy(working_hours=frozenset()), "2026-03-01T00:00", "2026-04-01T00:00") == []


def test_clocks_that_are_put_forward_take_an_hour_away() -> None:
    policy = SitePolicy(working_hours=frozenset({DailyHours(from_at=time(0), to_at=time(6))}))
    zone = "Europe/Berlin"
    (stretch,) = expected_stretches(policy, zone, local("2026-03-29T00:00", zone), local("2026-03-29T12:00", zone))
    assert stretch.end - stretch.begin == timedelta(hours=5)


daily = st.builds(
    DailyHours,
    from_at=st.times(),
    to_at=st.times(),
    days=st.frozensets(st.sampled_from(sorted(EVERY_DAY))),
)
policies = st.builds(
    SitePolicy, working_hours=st.frozensets(daily, max_size=3), power_off=st.frozensets(daily, max_size=2)
)
instants = st.datetimes(datetime(2026, 1, 1), datetime(2026, 2, 1), timezones=st.just(UTC))  # noqa: DTZ001 - bounds


@given(policy=policies, since=instants, days=st.integers(0, 9), probe=st.integers(0, 9 * 24 * 60))
def test_an_instant_is_expected_if_some_hours_hold_it_and_no_power_off_does(
    policy: SitePolicy, since: datetime, days: int, probe: int
) -> None:
    until = since + timedelta(days=days)
    found = expected_stretches(policy, SHANGHAI, since, until)
    assert all(one.begin < one.end for one in found)
    assert all(before.end < after.begin for before, after in pairwise(found))
    at = since + timedelta(minutes=probe)

    def held(hours: frozenset[DailyHours]) -> bool:
        here = at.astimezone(zone_of(SHANGHAI))
        for one in hours:
            over = one.to_at <= one.from_at
            today, before = here.isoweekday() in one.days, (here.isoweekday() - 2) % 7 + 1 in one.days
            clock = here.time()
            if today and one.from_at <= clock and (over or clock < one.to_at):
                return True
            if over and before and clock < one.to_at:
                return True
        return False

    wanted = since <= at < until and held(policy.working_hours) and not held(policy.power_off)
    assert any(one.begin <= at < one.end for one in found) == wanted


@given(
    ends=st.lists(st.integers(0, 500), min_size=2, max_size=12, unique=True),
    taken=st.lists(st.tuples(st.integers(0, 500), st.integers(0, 500)), max_size=6),
    probe=st.integers(0, 500),
)
def test_what_is_taken_out_is_gone_and_nothing_else(ends: list[int], taken: list[tuple[int, int]], probe: int) -> None:
    zero = datetime(2026, 1, 1, tzinfo=UTC)

    def stretch(begin: int, end: int) -> Stretch:
        return Stretch(zero + timedelta(minutes=begin), zero + timedelta(minutes=end))

    ordered = sorted(ends)
    spans = [stretch(*ordered[place : place + 2]) for place in range(0, len(ordered) - 1, 2)]
    gone = [stretch(min(one), max(one)) for one in taken]
    at = zero + timedelta(minutes=probe)
    left = without(spans, gone)
    inside = any(one.begin <= at < one.end for one in spans) and not any(one.begin <= at < one.end for one in gone)
    assert any(one.begin <= at < one.end for one in left) == inside


def test_hours_come_back_from_their_stored_form() -> None:
    policy = SitePolicy(power_off=frozenset({DailyHours(from_at=time(23), to_at=time(5), days=frozenset({1, 2}))}))
    assert msgspec.convert(msgspec.to_builtins(policy), SitePolicy) == policy


@pytest.mark.parametrize("body", [{"from_at": "06:00:00+08:00", "to_at": "07:00:00"}, {"from_at": "06:00:00"}])
def test_hours_are_local_and_have_both_ends(body: dict[str, str]) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"working_hours": [body]}, SitePolicy)
