"""When an account is told: at once, or after its quiet hours and days off (pure)."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated, Final, Literal

from msgspec import Meta

from backend.alerts.model import RANK, RuleKind, Severity
from backend.kit.wire import Wire
from backend.sites.model import DEFAULT_TIME_ZONE, zone_of
from backend.sites.working_days import WorkCalendar

LocalTime = Annotated[time, Meta(tz=False)]
_DAY: Final = timedelta(days=1)

UPDATE_AFTER: Final = (timedelta(minutes=2), timedelta(minutes=10), timedelta(minutes=30), timedelta(hours=1))
"""How long a group that grew waits to be told again: the first time, the second, and so on."""


class Preferences(Wire, frozen=True, kw_only=True):
    """How an account wants to be told, in the local time of `time_zone`.

    From `quiet_from` to `quiet_to` nothing is sent but what is critical (equal times: no quiet hours), nor on days off
    with `working_days_only`. Below `least_severity`, and of `muted` kinds, alerts lie in the inbox alone; critical ones
    cannot be muted. With `single` off they come in the digest alone, if `digest` asks for one.
    """

    quiet_from: LocalTime = time(22)
    quiet_to: LocalTime = time(7)
    working_days_only: bool = False
    time_zone: Annotated[str, Meta(min_length=1, max_length=64)] = DEFAULT_TIME_ZONE
    language: Literal["zh-CN", "en"] = "zh-CN"
    least_severity: Severity = "info"
    muted: frozenset[RuleKind] = frozenset()
    single: bool = True
    digest: Literal["none", "daily", "weekly"] = "none"


DEFAULT_PREFERENCES: Final = Preferences()


def is_told(preferences: Preferences, kind: str, severity: str) -> bool:
    """Tell whether the channels tell the account of it at all; the inbox holds it in any case."""
    if severity == "critical":
        return True
    return preferences.single and kind not in preferences.muted and RANK[severity] >= RANK[preferences.least_severity]


def due_at(now: datetime, severity: str, preferences: Preferences, calendar: WorkCalendar) -> datetime:
    """Return from when on the channels may tell: now, or when the account's quiet time is over."""
    if severity == "critical":
        return now
    zone = zone_of(preferences.time_zone)
    local = now.astimezone(zone)
    day, at = local.date(), local.time()
    if _is_quiet(at, preferences):
        # Quiet hours that began this evening end tomorrow.
        if preferences.quiet_from > preferences.quiet_to and at >= preferences.quiet_from:
            day += _DAY
    elif not preferences.working_days_only or calendar.is_working(day):
        return now
    else:
        day += _DAY
    if preferences.working_days_only:
        day = calendar.next_working(day)
    return max(now, _at(day, preferences))


def _is_quiet(at: time, preferences: Preferences) -> bool:
    begin, end = preferences.quiet_from, preferences.quiet_to
    if begin == end:
        return False
    return begin <= at < end if begin < end else at >= begin or at < end


def _at(day: date, preferences: Preferences) -> datetime:
    zone = zone_of(preferences.time_zone)
    return datetime.combine(day, preferences.quiet_to, zone).astimezone(UTC)
