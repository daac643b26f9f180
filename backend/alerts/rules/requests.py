"""Requests that wait for somebody, and what became of them, told to whom it concerns (pure).

Whom a step waits for is not told who asks: a leave or an appeal is read where rights hold, in the request itself.
"""

import re
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Final, Literal
from uuid import UUID

from backend.alerts.model import Ending, Finding, Found, Number, Site
from backend.alerts.settings import MovedSettings, WaitingSettings
from backend.attendance.requests.course import ENDINGS

Kind = Literal["request_waiting", "request_moved"]

PARTY_OFFICES: Final = {"007": "supervisor", "008": "owner"}
"""Offices that decide for their party: never on their own party's people."""
HIGHER: Final = {1: "district", 2: "city"}
"""Who decides alone once an appeal went up."""
OWN_STEPS: Final = frozenset({"filed", "withdrawn"})
"""Steps of the person himself: he knows."""
NOTE_SHOWN: Final = 200
_STOOD_IN: Final = "/mobile/v1/requests?as_deputy=true"
_DEPUTYS: Final = ":deputy"
"""What his deputy is told of a step is an alert beside the person's own."""
_ID_NUMBER: Final = re.compile(r"\d{17}[\dXx]|\d{15}")


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestFact:
    """A step of a request as it was announced, and where the request stands by now.

    `seq` numbers the step, `last_seq` the last one that was taken. `office` is that of who took it, None for a term
    that ended; `own`: the person took it himself; `party_kind` the side that he belongs to (national code); `last_on`
    the day with which leave that was shortened ends.
    """

    site: Site
    request_id: UUID
    kind: str
    step: str
    state: str
    level: int
    seq: int
    last_seq: int
    due_on: date
    at: datetime
    person_id: UUID
    party_id: UUID
    party_kind: str
    deputy_id: UUID | None
    office: str | None
    note: str | None
    own: bool = False
    last_on: date | None = None


def who_decides(fact: RequestFact) -> frozenset[str]:
    """Return the offices of whom one is waited for; `person` is the deputy.

    The city may decide on everything, and is told of what went up to it alone.
    """
    if fact.state == "deputy":
        return frozenset({"person"})
    if fact.state == "endorsing":
        return frozenset({"project_admin"})
    if fact.level in HIGHER:
        return frozenset({HIGHER[fact.level]})
    others = {office for party, office in PARTY_OFFICES.items() if party != fact.party_kind}
    return frozenset(others | {"district"})


def requests_waiting(fact: RequestFact, settings: WaitingSettings) -> Found:
    """Return what now waits for whom, and that what waited before the step does no longer."""
    ended = _ended("request_waiting", fact)
    if fact.state not in {"deputy", "endorsing", "deciding"} or fact.last_seq != fact.seq:
        return Found(endings=ended)
    waits = f"deciding_{fact.level}" if fact.state == "deciding" else fact.state
    numbers: dict[str, Number] = {
        "project": fact.site.project_name,
        "request_kind": fact.kind,
        "due_on": fact.due_on.isoformat(),
    }
    is_deputys = fact.state == "deputy"
    path = _STOOD_IN
    if not is_deputys:
        path = f"/admin/v1/projects/{fact.site.project_id}/requests/{fact.request_id}"
    finding = Finding(
        kind="request_waiting",
        project_id=fact.site.project_id,
        district_id=fact.site.district_id,
        fact_key=f"{fact.request_id}:{fact.seq}",
        # Those of one audience alone are told as one.
        group_key=f"{fact.deputy_id if is_deputys else fact.site.district_id}:{waits}:{fact.party_kind}",
        words=f"alerts.request_waits_{waits}",
        severity=settings.severity,
        occurred_at=fact.at,
        numbers=numbers,
        evidence=(path,),
        person_id=fact.deputy_id if is_deputys else None,
        party_id=fact.party_id if is_deputys else None,
        roles=who_decides(fact),
    )
    return Found([finding], ended)


def requests_moved(fact: RequestFact, settings: MovedSettings) -> Found:
    """Return what became of a request for who asked and, of leave that ended, for his deputy; what was told is over."""
    findings = [] if fact.own or fact.step in OWN_STEPS else [_told_himself(fact, settings)]
    ended = _ended("request_moved", fact)
    if fact.step in ENDINGS and fact.deputy_id is not None:
        findings.append(_told_deputy(fact, fact.deputy_id, settings))
        ended += [replace(one, fact_key=one.fact_key + _DEPUTYS) for one in ended]
    return Found(findings, ended)


def _told_himself(fact: RequestFact, settings: MovedSettings) -> Finding:
    numbers: dict[str, Number] = {
        "project": fact.site.project_name,
        "request_kind": fact.kind,
        "step": fact.step,
        "office": fact.office or "term",
        "note": shown_note(fact.note),
    }
    words = f"alerts.request_{fact.state}" if fact.state in {"approved", "rejected"} else "alerts.request_moved"
    if fact.step in ENDINGS:
        words = "alerts.request_ended"
    if words == "alerts.request_moved":
        numbers["next"] = f"deciding_{fact.level}"
    return Finding(
        kind="request_moved",
        project_id=fact.site.project_id,
        district_id=fact.site.district_id,
        fact_key=f"{fact.request_id}:{fact.seq}",
        group_key=str(fact.request_id),
        words=words,
        severity=settings.severity,
        occurred_at=fact.at,
        numbers=numbers,
        evidence=(f"/mobile/v1/requests/{fact.request_id}",),
        person_id=fact.person_id,
        party_id=fact.party_id,
        roles=frozenset({"person"}),
    )


def _told_deputy(fact: RequestFact, deputy_id: UUID, settings: MovedSettings) -> Finding:
    """Return until when the deputy stands in; by whom and why the leave was ended is not for him."""
    numbers: dict[str, Number] = {"project": fact.site.project_name}
    if fact.last_on is not None:
        numbers["last_on"] = fact.last_on.isoformat()
    return Finding(
        kind="request_moved",
        project_id=fact.site.project_id,
        district_id=fact.site.district_id,
        fact_key=f"{fact.request_id}:{fact.seq}{_DEPUTYS}",
        group_key=f"{fact.request_id}{_DEPUTYS}",
        words=f"alerts.deputy_{fact.step}",
        severity=settings.severity,
        occurred_at=fact.at,
        numbers=numbers,
        evidence=(_STOOD_IN,),
        person_id=deputy_id,
        party_id=fact.party_id,
        roles=frozenset({"person"}),
    )


def shown_note(note: str | None) -> str:
    """Return an office's note as far as it is told: cut, and without ID numbers."""
    return _ID_NUMBER.sub("…", note or "—")[:NOTE_SHOWN]


def _ended(kind: Kind, fact: RequestFact) -> list[Ending]:
    """Return that every earlier step's alert is over."""
    return [
        Ending(
            kind=kind,
            project_id=fact.site.project_id,
            fact_key=f"{fact.request_id}:{seq}",
            cause="alerts.cause_went_on",
        )
        for seq in range(1, fact.seq)
    ]
