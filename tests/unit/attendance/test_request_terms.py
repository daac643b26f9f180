from datetime import UTC, date, datetime, timedelta
from typing import Literal
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.attendance.requests.clocks import lapsed_until, last_day, overdue_days
from backend.attendance.requests.rules import AppealRule, DatedRule, MakeUpRule, rule_in_force
from backend.attendance.requests.terms import filing_since
from backend.sites.working_days import WorkCalendar

PLAIN = WorkCalendar()
DAYS = st.dates(date(2025, 1, 1), date(2026, 12, 1))
TERMS = st.integers(1, 20)


def test_a_term_leaves_out_the_spring_festival_and_counts_the_saturdays_worked_for_it() -> None:
    # 2025: off from 28 January to 4 February, worked on Sunday 26 January and Saturday 8 February.
    assert last_day(PLAIN, date(2025, 1, 24), 1) == date(2025, 1, 26)
    assert last_day(PLAIN, date(2025, 1, 24), 3) == date(2025, 2, 5)
    assert last_day(PLAIN, date(2025, 1, 24), 7) == date(2025, 2, 10)


def test_seven_and_fifteen_working_days_out_of_a_plain_week() -> None:
    monday = date(2026, 3, 16)
    assert last_day(PLAIN, monday, 7) == date(2026, 3, 25)
    assert last_day(PLAIN, monday, 15) == date(2026, 4, 7)  # 6 April is off for Qingming


def test_the_citys_own_days_move_a_term() -> None:
    friday = date(2026, 3, 20)
    city = WorkCalendar({date(2026, 3, 23): False, date(2026, 3, 21): True})
    assert (last_day(city, friday, 1), last_day(city, friday, 2)) == (date(2026, 3, 21), date(2026, 3, 24))


@given(DAYS, TERMS)
def test_the_last_day_is_worked_and_as_many_days_are_worked_up_to_it(day: date, term: int) -> None:
    last = last_day(PLAIN, day, term)
    assert PLAIN.is_working(last)
    assert len(PLAIN.due_between(day + timedelta(days=1), last, "working")) == term


@given(DAYS, TERMS)
def test_what_has_lapsed_is_what_is_overdue(today: date, term: int) -> None:
    until = lapsed_until(PLAIN, today, term)
    assert last_day(PLAIN, until, term) < today
    assert last_day(PLAIN, until + timedelta(days=1), term) >= today


@given(DAYS, st.sampled_from(["make_up", "appeal"]), st.lists(st.tuples(st.integers(-30, 3), TERMS), max_size=4))
def test_one_may_file_since_the_earliest_day_whose_own_term_still_runs(
    today: date, kind: Literal["make_up", "appeal"], changes: list[tuple[int, int]]
) -> None:
    set_at = datetime(2025, 1, 1, tzinfo=UTC)
    rules = [
        DatedRule(UUID(int=place), kind, None, None, today + timedelta(days=ahead), set_at, {"file_within": term})
        for place, (ahead, term) in enumerate(changes)
    ]

    def is_open(day: date) -> bool:
        rule, _ = rule_in_force(rules, kind, day)
        assert isinstance(rule, MakeUpRule | AppealRule)
        return last_day(PLAIN, day, rule.file_within) >= today

    days = [today - timedelta(days=number) for number in range(90)]
    assert filing_since(PLAIN, rules, kind, today) == min(day for day in days if is_open(day))


def test_days_before_a_term_was_shortened_keep_theirs() -> None:
    # Thursday the 19th: since Tuesday one working day, for Monday and before the platform's seven of appeals.
    shorter = DatedRule(
        UUID(int=1), "appeal", None, None, date(2026, 3, 17), datetime(2026, 3, 1, tzinfo=UTC), {"file_within": 1}
    )
    assert filing_since(PLAIN, [shorter], "appeal", date(2026, 3, 19)) == date(2026, 3, 10)
    assert filing_since(PLAIN, [], "appeal", date(2026, 3, 19)) == date(2026, 3, 10)
    # Wednesday the 18th still runs once those of before are over, Tuesday no longer.
    assert filing_since(PLAIN, [shorter], "appeal", date(2026, 3, 26)) == date(2026, 3, 25)


@given(DAYS, st.integers(0, 40))
def test_overdue_counts_working_days_after_the_last_one(due_on: date, later: int) -> None:
    today = due_on + timedelta(days=later)
    worked = sum(PLAIN.is_working(due_on + timedelta(days=number)) for number in range(1, later + 1))
    assert overdue_days(PLAIN, due_on, today) == worked


@pytest.mark.parametrize("early", [1, 30])
def test_nothing_is_overdue_before_its_last_day_is_over(early: int) -> None:
    due_on = date(2026, 3, 25)
    assert overdue_days(PLAIN, due_on, due_on) == 0
    assert overdue_days(PLAIN, due_on, due_on - timedelta(days=early)) == 0


def test_the_end_of_time_ends_a_term() -> None:
    assert last_day(PLAIN, date.max, 5) == date.max
