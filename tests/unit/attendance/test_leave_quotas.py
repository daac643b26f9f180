from collections import Counter
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.attendance.requests.kinds import CHOSEN
from backend.attendance.requests.quotas import BlackOut, Excess, Taken, black_out_of, days_of, first_excess, spent_on
from backend.attendance.requests.rules import LeaveQuota, LeaveRule
from backend.sites.working_days import WorkCalendar

PLAIN = WorkCalendar()
PUBLISHED = LeaveRule()
EVERY = LeaveRule(days="every", quotas=(LeaveQuota(per_month=6, per_year=20),))


def week(first: date, days: int, kind: str = "personal") -> Taken:
    return Taken(kind, first, first + timedelta(days=days - 1))


def test_six_days_a_month_and_not_seven() -> None:
    # Monday 9 to Monday 16 March 2026: six working days.
    assert first_excess(PLAIN, PUBLISHED, ["builder"], week(date(2026, 3, 9), 8), []) is None
    assert first_excess(PLAIN, PUBLISHED, ["builder"], week(date(2026, 3, 9), 9), []) == Excess(
        "month", "2026-03", 6, 0, 7
    )


def test_what_was_asked_for_before_uses_up_the_quota() -> None:
    before = [week(date(2026, 3, 2), 5), week(date(2026, 3, 24), 1, "annual")]
    assert first_excess(PLAIN, PUBLISHED, ["builder"], week(date(2026, 3, 26), 1), before) == Excess(
        "month", "2026-03", 6, 6, 1
    )
    assert first_excess(PLAIN, PUBLISHED, ["builder"], week(date(2026, 4, 1), 1), before) is None


def test_a_leave_across_months_counts_in_each() -> None:
    # Six working days in April and five in May 2026, with Labour Day off between.
    assert (
        first_excess(PLAIN, PUBLISHED, ["builder"], Taken("annual", date(2026, 4, 23), date(2026, 5, 11)), []) is None
    )
    excess = first_excess(PLAIN, PUBLISHED, ["builder"], Taken("annual", date(2026, 4, 22), date(2026, 5, 11)), [])
    assert excess == Excess("month", "2026-04", 6, 0, 7)


def test_twenty_days_a_year() -> None:
    before = [week(date(2026, month, 1), 5) for month in (1, 3, 5, 7)]
    assert first_excess(PLAIN, EVERY, ["builder"], week(date(2026, 9, 1), 1), before) == Excess(
        "year", "2026", 20, 20, 1
    )
    assert first_excess(PLAIN, EVERY, ["builder"], week(date(2027, 1, 1), 1), before) is None


@pytest.mark.parametrize("kind", ["sick", "work_injury", "marriage", "maternity", "bereavement"])
def test_what_befalls_a_person_is_never_refused(kind: str) -> None:
    nothing = LeaveRule(quotas=(LeaveQuota(per_month=0, per_year=0),))
    asked = week(date(2026, 3, 2), 28, kind)
    assert first_excess(PLAIN, nothing, ["builder"], asked, [week(date(2026, 2, 2), 5)]) is None
    assert black_out_of([BlackOut("塔吊安装", date(2026, 1, 1), date(2026, 12, 31), ())], ["builder"], asked) is None


def test_a_quota_of_posts_and_kinds_is_about_those_alone() -> None:
    rule = LeaveRule(quotas=(LeaveQuota(posts=("project_manager",), kinds=("business",), per_month=1),))
    two_days = week(date(2026, 3, 2), 2, "business")
    assert first_excess(PLAIN, rule, ["builder"], two_days, []) is None
    assert first_excess(PLAIN, rule, ["project_manager"], week(date(2026, 3, 2), 2), []) is None
    assert first_excess(PLAIN, rule, ["builder", "project_manager"], two_days, []) == Excess(
        "month", "2026-03", 1, 0, 2
    )


spans = st.builds(
    week,
    st.dates(date(2026, 1, 1), date(2026, 12, 1)),
    st.integers(1, 12),
    st.sampled_from([*sorted(CHOSEN), "sick"]),
)


@given(st.lists(spans, max_size=6), spans, st.integers(0, 8), st.integers(0, 25))
def test_no_month_and_no_year_goes_beyond_its_quota(before: list[Taken], asked: Taken, month: int, year: int) -> None:
    rule = LeaveRule(quotas=(LeaveQuota(per_month=month, per_year=year),))
    excess = first_excess(PLAIN, rule, ["builder"], asked, before)
    used = [day for one in before if one.kind in CHOSEN for day in days_of(PLAIN, rule, one.first_on, one.last_on)]
    wanted = days_of(PLAIN, rule, asked.first_on, asked.last_on) if asked.kind in CHOSEN else []
    months, years = Counter((day.year, day.month) for day in used), Counter(day.year for day in used)
    too_many = any(
        months[of] + count > month for of, count in Counter((day.year, day.month) for day in wanted).items()
    ) or any(years[of] + count > year for of, count in Counter(day.year for day in wanted).items())
    assert (excess is not None) == too_many


@pytest.mark.parametrize(
    ("posts", "first_on", "met"),
    [
        (("project_manager",), date(2026, 9, 28), True),
        (("project_manager",), date(2026, 10, 8), False),
        (("safety_officer",), date(2026, 10, 1), False),
        ((), date(2026, 10, 7), True),
    ],
)
def test_a_black_out_is_of_days_and_posts(posts: tuple[str, ...], first_on: date, *, met: bool) -> None:
    out = BlackOut("国庆", date(2026, 10, 1), date(2026, 10, 7), posts)
    asked = week(first_on, 4)
    assert (black_out_of([out], ["project_manager"], asked) is out) == met


def test_what_is_left_of_a_quota_is_said_by_month_and_year() -> None:
    before = [week(date(2026, 3, 2), 5), week(date(2026, 2, 27), 1, "annual"), week(date(2026, 3, 9), 5, "sick")]
    month, year = spent_on(PLAIN, PUBLISHED, ["builder"], before, date(2026, 3, 20))
    assert (month.span, month.of, month.quota, month.used) == ("month", "2026-03", 6, 5)
    assert (year.span, year.of, year.quota, year.used) == ("year", "2026", 20, 6)
    assert set(month.kinds) == CHOSEN


def test_a_quota_of_other_posts_is_not_told() -> None:
    chiefs = LeaveRule(quotas=(LeaveQuota(posts=("project_manager",), per_month=2), LeaveQuota(kinds=("sick",))))
    assert spent_on(PLAIN, chiefs, ["builder"], [], date(2026, 3, 20)) == []
    (only,) = spent_on(PLAIN, chiefs, ["builder", "project_manager"], [], date(2026, 3, 20))
    assert (only.span, only.quota, only.used) == ("month", 2, 0)


@given(st.integers(0, 27), st.integers(1, 8), st.lists(st.integers(0, 27), max_size=6))
def test_what_is_told_as_left_is_what_can_be_asked_for(first: int, days: int, taken: list[int]) -> None:
    """A leave within one month is refused if, and only if, it asks for more than a quota was said to have left."""
    begin = date(2026, 3, 1)
    before = [week(begin + timedelta(days=one), 1) for one in sorted(set(taken))]
    asked = Taken(
        "personal", begin + timedelta(days=first), min(begin + timedelta(days=first + days - 1), date(2026, 3, 31))
    )
    wanted = len(days_of(PLAIN, EVERY, asked.first_on, asked.last_on))
    left = [one.quota - one.used for one in spent_on(PLAIN, EVERY, ["builder"], before, begin)]
    assert (first_excess(PLAIN, EVERY, ["builder"], asked, before) is not None) == (wanted > min(left))
