"""Which days a bulletin is of, and when it is due (pure)."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Final

from backend.reports.bulletins.facts import Kind
from backend.sites.model import zone_of

CITY_ZONE: Final = "Asia/Shanghai"
"""Days of bulletins are the city's, whatever zone a project has."""
_WEEK: Final = timedelta(days=7)
_DAY: Final = timedelta(days=1)


def period_of(kind: Kind, day: date) -> tuple[date, date]:
    """Return the first and the last day of the bulletin that a day falls in: itself, or its Monday to Sunday."""
    if kind == "daily":
        return day, day
    first = day - timedelta(days=day.weekday())
    return first, first + 6 * _DAY


def period_before(kind: Kind, from_on: date) -> tuple[date, date]:
    """Return the period before the one that begins on a day."""
    return period_of(kind, from_on - _DAY)


def last_period(kind: Kind, now: datetime, ready_at: time) -> tuple[date, date] | None:
    """Return the last period whose bulletin is due: it ended, and `ready_at` (the city's time) of the next day is past.

    None in the first days of the calendar.
    """
    local = now.astimezone(zone_of(CITY_ZONE))
    today = local.date() if local.time() >= ready_at else local.date() - _DAY
    first, _ = period_of(kind, today)
    return None if first.year < 2 else period_before(kind, first)  # noqa: PLR2004 - nothing lies before the year 1


def due_at(to_on: date, ready_at: time) -> datetime:
    """Return the instant at which the bulletin of a period that ends on a day is due."""
    return datetime.combine(to_on + _DAY, ready_at, zone_of(CITY_ZONE)).astimezone(UTC)
