"""When a rule that looks at a time of day is due at a site (pure)."""

from datetime import UTC, date, datetime, time, timedelta

from backend.alerts.model import Site
from backend.sites.model import zone_of

_DAY = timedelta(days=1)


def moment_of(site: Site, on: date, at: time) -> datetime:
    """Return the instant (UTC) at which the local time `at` comes on a site's day.

    A time before the site's cut-over belongs to the night that ends the day.
    """
    calendar_day = on + _DAY if at < site.cutover else on
    return datetime.combine(calendar_day, at, zone_of(site.time_zone)).astimezone(UTC)


def due_day(site: Site, at: time, looked_at: datetime, now: datetime) -> date | None:
    """Return the site's present day if its moment came after `looked_at` and has come by `now`.

    Moments of days that are over are not made up for: nobody can act on an alert about them any more.
    """
    on = site.day_of(now)
    return on if looked_at < moment_of(site, on, at) <= now else None
