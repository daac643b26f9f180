"""Plays an alert rule over past days for whoever works at the machine, and writes down what it would have sent."""

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from uuid import UUID

from backend.alerts.preview import preview_over
from backend.alerts.schemas import PreviewBody, PreviewOut
from backend.kit.clock import Clock
from backend.kit.db import Database
from backend.sites.model import DEFAULT_TIME_ZONE, zone_of


def last_month(today: date) -> tuple[date, date]:
    """Return the first and the last day of the month before a day."""
    last = today.replace(day=1) - timedelta(days=1)
    return last.replace(day=1), last


async def preview_days(
    database: Database,
    clock: Clock,
    rule: str,
    *,
    first: date | None = None,
    last: date | None = None,
    project_id: UUID | None = None,
    language: str = "zh-CN",
) -> PreviewOut:
    """Return what a rule would have sent from one day to another, both inclusive (the month before, unless given).

    Days are those of the city. Raises RuleKindUnknown or SpanInvalid.
    """
    zone = zone_of(DEFAULT_TIME_ZONE)
    begin, end = last_month(clock.now().astimezone(zone).date())
    begin, end = first or begin, last or end
    until = datetime.combine(end + timedelta(days=1), time(), zone)
    body = PreviewBody(
        since=datetime.combine(begin, time(), zone), until=min(until, clock.now()), project_id=project_id
    )
    async with database.transaction() as tx:
        return await preview_over(tx, rule, body, None, language=language, clock=clock)


def lines_of(preview: PreviewOut) -> Iterator[str]:
    """Yield the preview as lines: the sums, each day, the alerts with their time and project."""
    more = "" if preview.complete else ", and more"
    yield f"{preview.alerts} alerts in {preview.groups} messages on {preview.projects} projects{more}"
    zone = zone_of(DEFAULT_TIME_ZONE)
    for day, alerts in preview.by_day.items():
        yield f"{day}\t{alerts}"
    for item in preview.items:
        yield f"{item.at.astimezone(zone):%Y-%m-%d %H:%M}\t{item.severity}\t{item.project_id}\t{item.title}"
