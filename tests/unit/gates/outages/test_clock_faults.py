"""Whether a device's clock is off."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from backend.gates.outages.clock_faults import KEPT, judge_clock, live_skews_s, typical_skew_s

NOW = datetime(2026, 3, 16, tzinfo=UTC)


def test_a_skew_is_by_how_much_the_device_is_behind() -> None:
    behind, ahead = NOW - timedelta(seconds=90), NOW + timedelta(seconds=30)
    assert live_skews_s([behind], NOW) == [90.0]
    assert live_skews_s([ahead], NOW) == [-30.0]


def test_what_waited_says_nothing_of_the_clock_whatever_the_device_says_of_it() -> None:
    stored = [NOW - timedelta(hours=5, minutes=minute) for minute in range(40)]
    assert live_skews_s([*stored, NOW - timedelta(seconds=4), NOW - timedelta(seconds=50)], NOW) == [50.0, 4.0]


def test_no_live_event_no_skew() -> None:
    assert live_skews_s([], NOW) == []
    assert typical_skew_s([300.0, 300.0]) is None


def test_a_clock_goes_off_once_and_becomes_right_once() -> None:
    assert judge_clock([121.0] * 3, was_off=False) == "off"
    assert judge_clock([121.0] * 20, was_off=True) is None
    assert judge_clock([-1800.0] * 3, was_off=False) == "off"
    assert judge_clock([120.0] * 3, was_off=False) is None
    assert judge_clock([61.0] * 3, was_off=True) is None
    assert judge_clock([60.0] * 3, was_off=True) == "right"
    assert judge_clock([0.0] * 20, was_off=False) is None


def test_some_late_deliveries_do_not_make_a_clock_wrong() -> None:
    assert judge_clock([2.0] * 11 + [9000.0] * 9, was_off=False) is None


@given(live=st.lists(st.integers(-100_000, 100_000), max_size=60))
def test_at_most_twenty_are_kept_each_within_a_minute_of_the_latest(live: list[int]) -> None:
    found = live_skews_s([NOW - timedelta(seconds=one) for one in live], NOW)
    assert len(found) <= KEPT
    assert bool(found) == bool(live)
    assert not found or max(found) - min(found) <= 60
    assert not live or min(found) == min(live)


@given(skews=st.lists(st.floats(-1e6, 1e6), max_size=20), was_off=st.booleans())
def test_no_skews_change_a_clock_twice(skews: list[float], *, was_off: bool) -> None:
    change = judge_clock(skews, was_off=was_off)
    if change is not None:
        assert judge_clock(skews, was_off=change == "off") is None
