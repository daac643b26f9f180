"""Which days are worked: weekends and public holidays of mainland China, and what the city set otherwise (pure).

Holidays and the Saturdays and Sundays that make up for them are those of the State Council's yearly notice, as the
package chinesecalendar keeps them. For a year that it does not have yet, Monday to Friday are worked unless the city's
own days say otherwise; `is_known` tells such a year apart.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Final, Literal

import chinese_calendar

DueDays = Literal["working", "six_day_week", "every"]
"""`working`: by the calendar; `six_day_week`: Monday to Saturday but for public holidays; `every`: each day."""

_SATURDAY: Final = 6
_SUNDAY: Final = 7
_DAY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class WorkCalendar:
    """The calendar with the days that the city set; True is worked."""

    set_days: Mapping[date, bool] = field(default_factory=dict[date, bool])

    def is_working(self, day: date) -> bool:
        """Tell whether a day is worked."""
        known = self.set_days.get(day)
        if known is not None:
            return known
        return bool(chinese_calendar.is_workday(day)) if is_known(day) else day.isoweekday() < _SATURDAY

    def is_due(self, day: date, days: DueDays) -> bool:
        """Tell whether presence is due on a day."""
        if days == "every":
            return True
        if days == "six_day_week" and day.isoweekday() == _SATURDAY and self.set_days.get(day) is not False:
            return not (is_known(day) and _is_public_holiday(day))
        return self.is_working(day)

    def due_between(self, first: date, last: date, days: DueDays) -> list[date]:
        """Return the days from `first` to `last`, both inclusive, on which presence is due."""
        return [
            day for number in range((last - first).days + 1) if self.is_due(day := first + timedelta(days=number), days)
        ]

    def next_working(self, day: date) -> date:
        """Return the day itself if it is worked, else the next one that is, at most 31 days on."""
        for number in range(31):
            if self.is_working(day + number * _DAY):
                return day + number * _DAY
        return day


def is_known(day: date) -> bool:
    """Tell whether the holidays of a day's year are known."""
    return _FIRST_YEAR <= day.year <= _LAST_YEAR


def _is_public_holiday(day: date) -> bool:
    on_holiday, name = chinese_calendar.get_holiday_detail(day)
    return bool(on_holiday and name)


_FIRST_YEAR: Final = min(chinese_calendar.holidays).year
_LAST_YEAR: Final = max(chinese_calendar.holidays).year
