"""Says when a site's gates are expected to be alive: in working hours outside of planned power-off (pure)."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from backend.decision.policy import DailyHours, SitePolicy
from backend.sites.model import zone_of

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, order=True)
class Stretch:
    """A span of time in UTC, from `begin` until before `end`."""

    begin: datetime
    end: datetime


def expected_stretches(policy: SitePolicy, time_zone: str, since: datetime, until: datetime) -> list[Stretch]:
    """Return the spans between `since` and `until` in which gates are expected to be alive, in order, apart."""
    zone = zone_of(time_zone)
    awake = _joined(_daily(policy.working_hours, zone, since, until))
    asleep = _joined(_daily(policy.power_off, zone, since, until))
    return without(awake, asleep)


def without(stretches: Iterable[Stretch], taken: Iterable[Stretch]) -> list[Stretch]:
    """Return what is left of spans that are in order and apart, once others are taken out of them."""
    return [part for part in _without(stretches, _joined(taken)) if part.begin < part.end]


def _daily(hours: Collection[DailyHours], zone: ZoneInfo, since: datetime, until: datetime) -> Iterable[Stretch]:
    """Yield the spans of daily hours, cut to `since` and `until`; those that begin the day before reach into it."""
    if not hours or since >= until:
        return
    # Two days earlier: hours of the day before may last over midnight, and the local date may be behind the UTC one.
    day, last = since.astimezone(zone).date() - 2 * _DAY, until.astimezone(zone).date()
    while day <= last:
        for one in hours:
            if day.isoweekday() in one.days:
                begin, end = _span(one, day, zone)
                if max(begin, since) < min(end, until):
                    yield Stretch(max(begin, since), min(end, until))
        day += _DAY


def _span(hours: DailyHours, day: date, zone: ZoneInfo) -> tuple[datetime, datetime]:
    ends_on = day + _DAY if hours.to_at <= hours.from_at else day
    begin = datetime.combine(day, hours.from_at, zone).astimezone(UTC)
    return begin, datetime.combine(ends_on, hours.to_at, zone).astimezone(UTC)


def _joined(stretches: Iterable[Stretch]) -> list[Stretch]:
    joined: list[Stretch] = []
    for one in sorted(stretches):
        if joined and one.begin <= joined[-1].end:
            joined[-1] = Stretch(joined[-1].begin, max(joined[-1].end, one.end))
        else:
            joined.append(one)
    return joined


def _without(stretches: Iterable[Stretch], taken: Sequence[Stretch]) -> Iterable[Stretch]:
    for one in stretches:
        begin = one.begin
        for gap in taken:
            if gap.end <= begin or gap.begin >= one.end:
                continue
            if gap.begin > begin:
                yield Stretch(begin, gap.begin)
            begin = gap.end
        if begin < one.end:
            yield Stretch(begin, one.end)
