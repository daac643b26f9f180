"""Gates that are down, mute, declared down, and back; outages that go on for too long (pure)."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from backend.alerts.model import Ending, Finding, Found, Number, RuleKind, Site
from backend.alerts.settings import GateSettings, LongSettings

OF_OUTAGE: Final[dict[str, RuleKind]] = {"silent": "gate_down", "mute": "gate_mute", "declared": "gate_declared"}
"""Which rule tells of which kind of outage."""

CAUSES: Final = {
    "recovered": "alerts.cause_recovered",
    "expired": "alerts.cause_expired",
    "withdrawn": "alerts.cause_withdrawn",
    "out_of_use": "alerts.cause_out_of_use",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class OutageFact:
    """An outage that became known at `known_at`, and its end with when that became known."""

    site: Site
    outage_id: UUID
    device_id: UUID
    gate_name: str
    kind: str
    from_at: datetime
    known_at: datetime
    reason: str | None = None
    end_known_at: datetime | None = None
    end_cause: str | None = None


def gates_down(outages: Iterable[OutageFact], settings: GateSettings, kind: RuleKind, at: datetime) -> Found:
    """Return the outages of the rule's kind that go on at `at`, and the ends that are known by then.

    What is over when it becomes known is no alert: it is on record, and nobody can do anything about it any more.
    """
    found = Found()
    for one in outages:
        if OF_OUTAGE.get(one.kind) != kind or one.known_at > at:
            continue
        key = f"outage:{one.outage_id}"
        if one.end_known_at is not None and one.end_known_at <= at:
            cause = CAUSES[one.end_cause or "recovered"]
            found.endings.append(Ending(kind=kind, project_id=one.site.project_id, fact_key=key, cause=cause))
        else:
            found.findings.append(_down(one, settings, kind, key))
    return found


def long_outages(outages: Iterable[OutageFact], settings: LongSettings, at: datetime) -> Found:
    """Return the outages that have lasted longer than the rule allows, and the ends of such."""
    limit = timedelta(hours=settings.hours)
    found = Found()
    for one in outages:
        key = f"outage:{one.outage_id}"
        if one.end_known_at is not None and one.end_known_at <= at:
            cause = CAUSES[one.end_cause or "recovered"]
            found.endings.append(Ending(kind="outage_long", project_id=one.site.project_id, fact_key=key, cause=cause))
        elif at - one.from_at > limit:
            numbers = {**_numbers(one), "hours": round((at - one.from_at) / timedelta(hours=1), 1)}
            found.findings.append(
                Finding(
                    kind="outage_long",
                    project_id=one.site.project_id,
                    district_id=one.site.district_id,
                    fact_key=key,
                    group_key=str(one.site.district_id),
                    words="alerts.outage_long",
                    severity=settings.severity,
                    occurred_at=one.from_at,
                    device_id=one.device_id,
                    numbers=numbers,
                    evidence=_evidence(one),
                )
            )
    return found


def _down(one: OutageFact, settings: GateSettings, kind: RuleKind, key: str) -> Finding:
    return Finding(
        kind=kind,
        project_id=one.site.project_id,
        district_id=one.site.district_id,
        fact_key=key,
        group_key=str(one.site.district_id),
        words=f"alerts.{kind}",
        severity=settings.severity,
        occurred_at=one.from_at,
        device_id=one.device_id,
        numbers=_numbers(one),
        evidence=_evidence(one),
    )


def _numbers(one: OutageFact) -> dict[str, Number]:
    numbers: dict[str, Number] = {
        "project": one.site.project_name,
        "gate": one.gate_name,
        "since": one.site.local(one.from_at),
    }
    return numbers if one.reason is None else {**numbers, "reason": one.reason[:200]}


def _evidence(one: OutageFact) -> tuple[str, ...]:
    return (f"/admin/v1/projects/{one.site.project_id}/gate-outages",)
