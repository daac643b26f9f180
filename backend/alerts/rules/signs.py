"""Signs of forgery, one alert per person, site and day, or per gate (pure)."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from backend.alerts.model import Finding, Number, Site
from backend.alerts.settings import SignSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class SignFact:
    """A sign: at a gate (`device_id`), about a person, or both; a hint and no verdict."""

    site: Site
    sign: str
    at: datetime
    found_at: datetime
    device_id: UUID | None = None
    gate_name: str | None = None
    person_id: UUID | None = None
    person_name: str | None = None
    party_id: UUID | None = None
    punch_id: UUID | None = None


def signs_of_forgery(facts: Iterable[SignFact], settings: SignSettings) -> list[Finding]:
    """Return the first sign of each kind about a person on a site's day, or about a gate, that is not too old."""
    found: dict[tuple[UUID, str], Finding] = {}
    for fact in sorted(facts, key=lambda one: (one.at, one.sign)):
        if fact.sign not in settings.signs or fact.found_at - fact.at > timedelta(hours=settings.max_age_h):
            continue
        finding = _finding(fact, settings)
        found.setdefault((finding.project_id, finding.fact_key), finding)
    return list(found.values())


def _finding(fact: SignFact, settings: SignSettings) -> Finding:
    project_id, day = fact.site.project_id, fact.site.day_of(fact.at)
    numbers: dict[str, Number] = {
        "project": fact.site.project_name,
        "sign": fact.sign,
        "at": fact.site.local(fact.at),
        "day": day.isoformat(),
    }
    if fact.gate_name is not None:
        numbers["gate"] = fact.gate_name
    if fact.person_id is not None:
        subject = f"person:{fact.person_id}"
        # A person's name stands only where his party is known: the alert is then for those who see that party.
        numbers["person"] = fact.person_name or "—"
        words = "alerts.sign_of_person"
    else:
        subject = f"gate:{fact.device_id}"
        words = "alerts.sign_of_gate"
    evidence = [f"/admin/v1/projects/{project_id}/gate-signals"] if fact.device_id is not None else []
    if fact.punch_id is not None:
        evidence.append(f"/admin/v1/projects/{project_id}/punches/{fact.punch_id}")
    return Finding(
        kind="forgery_signs",
        project_id=project_id,
        district_id=fact.site.district_id,
        fact_key=f"{subject}:{fact.sign}:{day}",
        group_key=f"{fact.site.district_id}:{project_id}",
        words=words,
        severity=settings.severity,
        occurred_at=fact.at,
        person_id=fact.person_id,
        party_id=fact.party_id,
        device_id=fact.device_id,
        numbers=numbers,
        evidence=tuple(evidence),
    )
