from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.attendance.requests.clocks import lapsed_until, last_day, overdue_days
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
