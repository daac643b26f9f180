"""Punches in review that nobody has decided on for too long (pure)."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from backend.alerts.model import Finding, Site
from backend.alerts.settings import ReviewSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueFact:
    """The punches in review of a site: of each day that has any, how many, and when the day ended."""

    site: Site
    days: tuple[tuple[date, int, datetime], ...]


def ageing_queue(fact: QueueFact, settings: ReviewSettings, on: date, by: datetime) -> list[Finding]:
    """Return one finding per site and day when enough punches have waited too long since the end of their day."""
    limit = timedelta(hours=settings.older_than_h)
    old = [(day, waiting) for day, waiting, ended_at in fact.days if by - ended_at > limit and waiting > 0]
    count = sum(waiting for _, waiting in old)
    if count < settings.at_least:
        return []
    oldest = min(day for day, _ in old)
    return [
        Finding(
            kind="review_ageing",
            project_id=fact.site.project_id,
            district_id=fact.site.district_id,
            fact_key=on.isoformat(),
            group_key=f"{fact.site.district_id}:{on}",
            words="alerts.review_ageing",
            severity=settings.severity,
            occurred_at=by,
            numbers={
                "project": fact.site.project_name,
                "punches": count,
                "oldest": oldest.isoformat(),
                "hours": round(settings.older_than_h, 1),
            },
            evidence=(f"/admin/v1/projects/{fact.site.project_id}/punches?outcome=review",),
        )
    ]
