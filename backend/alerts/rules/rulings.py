"""What offices ruled on people's punches without being asked, and what counts undecided, told to the person (pure)."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from backend.alerts.model import Ending, Finding, Found, Number, Site
from backend.alerts.rules.requests import shown_note
from backend.alerts.settings import RulingSettings
from backend.attendance.requests.clocks import last_day
from backend.sites.working_days import WorkCalendar

OF_REQUESTS: Final = frozenset({"attendance.made_up", "attendance.appeal_upheld"})
"""Reasons of rulings that somebody asked for: his request's step tells him."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RulingFact:
    """A ruling by a named person, or by a term that ended (`office` None), and whose punch it is about.

    `seq` numbers the ruling, `last_seq` the one that holds by now. `reason` is its first code. `dated` False: the punch
    has no time that can be. `appeal_within` are the working days in which the project's people may appeal.
    """

    site: Site
    punch_id: UUID
    occurred_at: datetime
    dated: bool
    seq: int
    last_seq: int
    outcome: str
    reason: str | None
    note: str | None
    at: datetime
    person_id: UUID
    party_id: UUID | None
    office: str | None
    appeal_within: int


def rulings_made(fact: RulingFact, settings: RulingSettings, calendar: WorkCalendar) -> Found:
    """Return what the person is told of a ruling, and that what he was told of the punch before is over.

    What was ruled on again before anybody was told of it is not told.
    """
    ended = [
        Ending(
            kind="ruling_made",
            project_id=fact.site.project_id,
            fact_key=f"{fact.punch_id}:{seq}",
            cause="alerts.cause_went_on",
        )
        for seq in range(1, fact.seq)
    ]
    if fact.last_seq != fact.seq or fact.reason in OF_REQUESTS:
        return Found(endings=ended)
    on = fact.site.day_of(fact.occurred_at) if fact.dated else fact.site.day_of(fact.at)
    numbers: dict[str, Number] = {
        "project": fact.site.project_name,
        "at": fact.site.local(fact.occurred_at) if fact.dated else "—",
        "office": fact.office or "term",
        "note": shown_note(fact.note),
    }
    if fact.outcome == "refused":
        until = last_day(calendar, fact.site.day_of(fact.at), fact.appeal_within)
        numbers["until"] = until.isoformat()
    finding = Finding(
        kind="ruling_made",
        project_id=fact.site.project_id,
        district_id=fact.site.district_id,
        fact_key=f"{fact.punch_id}:{fact.seq}",
        # Many of his punches ruled on at once are one entry.
        group_key=f"{fact.site.project_id}:{fact.person_id}",
        words="alerts.ruling_undecided" if fact.office is None else f"alerts.ruling_{fact.outcome}",
        severity=settings.severity,
        occurred_at=fact.at,
        numbers=numbers,
        evidence=(f"/mobile/v1/my-month?month={on:%Y-%m}",),
        person_id=fact.person_id,
        party_id=fact.party_id,
        roles=frozenset({"person"}),
    )
    return Found([finding], ended)
