"""Days as a site counts them, and what its assignments leave doubly held or empty (pure).

Days are `date`s in the site's time zone; ranges of days are closed, [from_on, to_on], as people write them.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

from backend.sites.errors import TimeZoneUnknown

DEFAULT_TIME_ZONE: Final = "Asia/Shanghai"
DEFAULT_CUTOVER: Final = time(4)
_DAY: Final = timedelta(days=1)


@lru_cache(maxsize=64)
def zone_of(name: str) -> ZoneInfo:
    """Return the IANA time zone of that name; raises TimeZoneUnknown."""
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError) as error:  # OSError: the name of a folder of the database
        raise TimeZoneUnknown(time_zone=name[:64]) from error


def day_bounds(day: date, time_zone: str, cutover: time) -> tuple[datetime, datetime]:
    """Return the instants (UTC) at which the site's day begins and ends; the end belongs to the next day.

    The day lasts from `cutover` in local wall-clock time to `cutover` of the next calendar day: a night shift from
    22:00 to 04:00 lies within one day when the cut-over is 04:00.
    """
    zone = zone_of(time_zone)
    begin = datetime.combine(day, cutover, zone).astimezone(UTC)
    return begin, datetime.combine(day + _DAY, cutover, zone).astimezone(UTC)


def work_on(at: datetime, time_zone: str, cutover: time) -> date:
    """Return the site's day to which the aware instant `at` belongs (see `day_bounds`)."""
    day = at.astimezone(zone_of(time_zone)).date()
    begin, end = day_bounds(day, time_zone, cutover)
    if at < begin:
        return day - _DAY
    return day if at < end else day + _DAY


@dataclass(frozen=True, slots=True)
class Stay:
    """One assignment as the duty on a post sees it.

    `to_on` is the filed last day, inclusive; None means open. `exit_confirmed` tells whether the leaving was confirmed:
    until then the holder keeps the duty, whatever last day was filed, so that nobody leaves a post by letting a date
    pass.
    """

    assignment_id: UUID
    person_id: UUID
    from_on: date
    to_on: date | None
    exit_confirmed: bool

    @property
    def duty_to_on(self) -> date | None:
        """Return the last day of duty, None while the exit is not confirmed."""
        return self.to_on if self.exit_confirmed else None

    def on_duty(self, day: date) -> bool:
        """Tell whether the holder has the duty on that day."""
        last = self.duty_to_on
        return self.from_on <= day and (last is None or day <= last)


@dataclass(frozen=True, slots=True)
class Span:
    """A run of days on which the same people hold a post; `to_on` None means from there on."""

    from_on: date
    to_on: date | None
    assignment_ids: tuple[UUID, ...]

    @property
    def holders(self) -> int:
        """Return how many hold the post in these days."""
        return len(self.assignment_ids)


def held_spans(stays: Iterable[Stay], since: date, until: date | None = None) -> list[Span]:
    """Cut the days from `since` to `until` (inclusive, None: open) into runs with the same holders, in order.

    The spans touch and cover all the days asked for. A person who is filed twice for the same days counts once:
    the earlier assignment is named.
    """
    wanted = sorted(
        (stay for stay in stays if _touches(stay, since, until)), key=lambda stay: (stay.from_on, stay.assignment_id)
    )
    cuts = {since}
    for stay in wanted:
        if stay.from_on > since:
            cuts.add(stay.from_on)
        last = stay.duty_to_on
        if last is not None and last < date.max and (until is None or last < until):
            cuts.add(last + _DAY)
    begins = sorted(cuts)
    spans: list[Span] = []
    for place, begin in enumerate(begins):
        end = begins[place + 1] - _DAY if place + 1 < len(begins) else until
        holders = {stay.person_id: stay.assignment_id for stay in reversed(wanted) if stay.on_duty(begin)}
        ids = tuple(stay.assignment_id for stay in wanted if stay.assignment_id in holders.values())
        if spans and spans[-1].assignment_ids == ids:
            spans[-1] = Span(spans[-1].from_on, end, ids)
        else:
            spans.append(Span(begin, end, ids))
    return spans


def overlaps(stays: Iterable[Stay], seats: int, since: date, until: date | None = None) -> list[Span]:
    """Return the runs of days on which more people hold the post than it has seats: a fact to report, not an error."""
    return [span for span in held_spans(stays, since, until) if span.holders > seats]


def vacancies(stays: Iterable[Stay], seats: int, since: date, until: date | None = None) -> list[Span]:
    """Return the runs of days on which fewer people hold the post than it has seats."""
    return [span for span in held_spans(stays, since, until) if span.holders < seats]


def most_at_once(ranges: Iterable[tuple[date, date | None]]) -> int:
    """Return how many of the closed ranges of days meet on the busiest day (sweep over their ends)."""
    steps: list[tuple[date, int]] = []
    for from_on, to_on in ranges:
        steps.append((from_on, 1))
        if to_on is not None and to_on < date.max:
            steps.append((to_on + _DAY, -1))
    busiest = now = 0
    for _, step in sorted(steps):
        now += step
        busiest = max(busiest, now)
    return busiest


def _touches(stay: Stay, since: date, until: date | None) -> bool:
    last = stay.duty_to_on
    return (until is None or stay.from_on <= until) and (last is None or last >= since)
