"""Holders of key posts over the days: absent on many due days in a row, or short of the month's share (pure)."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from backend.alerts.model import Finding, Site
from backend.alerts.settings import AbsentSettings, ForecastSettings
from backend.sites.working_days import WorkCalendar


@dataclass(frozen=True, slots=True, kw_only=True)
class DutyFact:
    """A holder of a post since `from_on`, with the days on which he had any punch, and those that were valid.

    A punch in review is presence here: whoever decides on it may be slow, and the holder was told to wait.
    """

    site: Site
    assignment_id: UUID
    post_kind: str
    party_id: UUID
    company_name: str
    person_id: UUID
    name: str
    from_on: date
    present: frozenset[date]
    valid: frozenset[date]


LOOK_BACK_DAYS = 100
"""How many calendar days of presence are read: thresholds go to 60 due days."""


def absences(
    facts: Iterable[DutyFact], settings: AbsentSettings, on: date, by: datetime, calendar: WorkCalendar
) -> list[Finding]:
    """Return who was absent on so many due days in a row up to the day before `on` as one of the thresholds says.

    Told on the day on which the threshold is reached, and no more on the days after: the fact is the threshold of that
    row of days.
    """
    due = calendar.due_between(on - timedelta(days=LOOK_BACK_DAYS), on - timedelta(days=1), settings.days)
    found: list[Finding] = []
    for fact in facts:
        if fact.post_kind not in settings.posts or on in fact.present:
            continue
        missed = _missed(fact, due)
        reached = max((limit for limit in settings.thresholds if limit <= len(missed)), default=None)
        if reached is None:
            continue
        # What the row of days is told by must stay when its beginning slides out of what is read.
        since = max(fact.present, default=fact.from_on)
        numbers = {
            "project": fact.site.project_name,
            "person": fact.name,
            "post_kind": fact.post_kind,
            "company": fact.company_name,
            "days": len(missed),
            "since": missed[0].isoformat(),
        }
        found.append(
            Finding(
                kind="absent_days",
                project_id=fact.site.project_id,
                district_id=fact.site.district_id,
                fact_key=f"{fact.assignment_id}:{since}:{reached}",
                group_key=f"{fact.site.district_id}:{on}",
                words="alerts.absent_days",
                severity=settings.severity,
                occurred_at=by,
                person_id=fact.person_id,
                party_id=fact.party_id,
                numbers=numbers,
                evidence=(_days_path(fact, missed[0], on),),
            )
        )
    return found


def _missed(fact: DutyFact, due: Sequence[date]) -> list[date]:
    """Return the last due days in a row without any punch, oldest first; the days of the row, not those before."""
    missed: list[date] = []
    for day in reversed(due):
        if day < fact.from_on or day in fact.present:
            break
        missed.append(day)
    missed.reverse()
    # A punch on a day off between two missed ones is presence too: the row begins after it.
    last = max((day for day in fact.present if missed and day > missed[0]), default=None)
    return missed if last is None else [day for day in missed if day > last]


def forecasts(
    facts: Iterable[DutyFact], settings: ForecastSettings, on: date, by: datetime, calendar: WorkCalendar
) -> list[Finding]:
    """Return whose month, carried on as it was up to the day before `on`, ends below the share."""
    first = on.replace(day=1)
    last = (first + timedelta(days=31)).replace(day=1) - timedelta(days=1)
    due = calendar.due_between(first, last, settings.days)
    found: list[Finding] = []
    for fact in facts:
        if fact.post_kind not in settings.posts:
            continue
        own = [day for day in due if day >= fact.from_on]
        past = [day for day in own if day < on]
        if len(past) < settings.after_due_days:
            continue
        valid = sum(first <= day < on for day in fact.valid)
        forecast = project_share(valid, len(past), len(own))
        if forecast >= settings.share:
            continue
        lost = valid + len(own) - len(past) < math.ceil(settings.share * len(own) - 1e-9)
        found.append(_forecast(fact, settings, by, valid, len(past), len(own), forecast, lost=lost))
    return found


def project_share(valid: int, past: int, due: int) -> float:
    """Return valid ÷ due days of a month of `due` days that goes on as its first `past` ones; at most 1.

    (valid + (due - past)·valid/past) ÷ due, which is valid ÷ past.
    """
    return min(1.0, valid / past) if past and due else 1.0


def _forecast(
    fact: DutyFact,
    settings: ForecastSettings,
    by: datetime,
    valid: int,
    past: int,
    due: int,
    forecast: float,
    *,
    lost: bool,
) -> Finding:
    month = f"{fact.site.day_of(by):%Y-%m}"
    return Finding(
        kind="forecast_low",
        project_id=fact.site.project_id,
        district_id=fact.site.district_id,
        fact_key=f"{fact.assignment_id}:{month}" + (":lost" if lost else ""),
        group_key=f"{fact.site.district_id}:{fact.site.day_of(by)}",
        words="alerts.forecast_lost" if lost else "alerts.forecast_low",
        severity=settings.severity,
        occurred_at=by,
        person_id=fact.person_id,
        party_id=fact.party_id,
        numbers={
            "project": fact.site.project_name,
            "person": fact.name,
            "post_kind": fact.post_kind,
            "company": fact.company_name,
            "valid": valid,
            "past": past,
            "due": due,
            "percent": round(100 * forecast),
            "wanted": round(100 * settings.share),
        },
        evidence=(_days_path(fact, fact.site.day_of(by).replace(day=1), fact.site.day_of(by)),),
    )


def _days_path(fact: DutyFact, since: date, until: date) -> str:
    return f"/admin/v1/projects/{fact.site.project_id}/person-days?since={since}&until={until}"
