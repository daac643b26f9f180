"""Terms in working days: until when one may file, until when is to be decided, what has lapsed (pure).

As with every term of a Chinese authority the day itself does not count, and the last day counts to its end.
"""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Final

from backend.sites.working_days import WorkCalendar

_DAY: Final = timedelta(days=1)
_FARTHEST: Final = 366
"""Days within which the longest term ends: nobody sets a whole year free."""


def last_day(calendar: WorkCalendar, from_on: date, term: int) -> date:
    """Return the `term`-th working day after `from_on`: the last day of the term."""
    day, left = from_on, term
    for _ in range(_FARTHEST):
        if left == 0 or day == date.max:
            break
        day += _DAY
        left -= calendar.is_working(day)
    return day


def lapsed_until(calendar: WorkCalendar, today: date, term: int) -> date:
    """Return the latest day whose term has ended before `today`: whatever began on it or earlier is overdue."""
    day = today - _DAY
    for _ in range(_FARTHEST):
        if last_day(calendar, day, term) < today:
            break
        day -= _DAY
    return day


def open_since(calendar: WorkCalendar, today: date, term_on: Callable[[date], int], longest: int) -> date:
    """Return the earliest day whose own term still runs `today`; no day's term is longer than `longest`.

    Where a term was shortened, a later day may have lapsed before an earlier one.
    """
    day = lapsed_until(calendar, today, longest) + _DAY
    while day < today and last_day(calendar, day, term_on(day)) < today:
        day += _DAY
    return day


def overdue_days(calendar: WorkCalendar, due_on: date, today: date) -> int:
    """Return how many working days have begun since the last day of a term; 0 while it runs."""
    if today <= due_on:
        return 0
    return len(calendar.due_between(due_on + _DAY, today, "working"))
