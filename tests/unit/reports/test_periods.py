from datetime import UTC, date, datetime, time, timedelta

from hypothesis import given
from hypothesis import strategies as st

from backend.reports.bulletins.periods import due_at, last_period, period_before, period_of

SIX = time(6)
DAYS = st.dates(date(2000, 1, 1), date(2100, 1, 1))


def test_a_week_is_monday_to_sunday() -> None:
    assert period_of("weekly", date(2026, 3, 11)) == (date(2026, 3, 9), date(2026, 3, 15))
    assert period_of("weekly", date(2026, 3, 15)) == (date(2026, 3, 9), date(2026, 3, 15))
    assert period_of("daily", date(2026, 3, 15)) == (date(2026, 3, 15), date(2026, 3, 15))


def test_the_period_before() -> None:
    assert period_before("weekly", date(2026, 3, 9)) == (date(2026, 3, 2), date(2026, 3, 8))
    assert period_before("daily", date(2026, 3, 1)) == (date(2026, 2, 28), date(2026, 2, 28))


def test_a_bulletin_is_due_when_the_morning_after_has_come_in_the_city() -> None:
    due = datetime(2026, 3, 15, 22, 0, tzinfo=UTC)  # Monday 06:00 in Wuhan
    assert due_at(date(2026, 3, 15), SIX) == due
    assert last_period("weekly", due, SIX) == (date(2026, 3, 9), date(2026, 3, 15))
    assert last_period("weekly", due - timedelta(seconds=1), SIX) == (date(2026, 3, 2), date(2026, 3, 8))
    assert last_period("daily", due, SIX) == (date(2026, 3, 15), date(2026, 3, 15))


@given(DAYS, st.sampled_from(["daily", "weekly"]))
def test_periods_follow_each_other_without_gap(day: date, kind: str) -> None:
    first, last = period_of(kind, day)  # type: ignore[arg-type] - one of its words
    assert first <= day <= last
    before = period_before(kind, first)  # type: ignore[arg-type] - one of its words
    assert before[1] + timedelta(days=1) == first


@given(st.integers(0, 3_000_000_000).map(lambda second: datetime.fromtimestamp(second, UTC)), st.times())
def test_the_last_period_is_due_and_the_next_one_is_not(now: datetime, ready: time) -> None:
    ready = ready.replace(tzinfo=None)
    found = last_period("weekly", now, ready)
    assert found is not None
    assert due_at(found[1], ready) <= now
    assert due_at(found[1] + timedelta(days=7), ready) > now
