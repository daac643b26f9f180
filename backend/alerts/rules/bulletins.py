"""Bulletins that were issued, told to the offices of what they are about: the city, or one district (pure)."""

from collections.abc import Iterable
from typing import Final
from uuid import UUID

from backend.alerts.model import PLATFORM, Finding, Number
from backend.alerts.rules.announced import Announced
from backend.alerts.settings import BulletinSettings

ISSUED: Final = "bulletins.issued"
_FULL: Final = 100


def district_of(fact: Announced) -> UUID | None:
    """Return the district whose bulletin it is; None for the city's."""
    found = fact.detail.get("district_id")
    return UUID(found) if isinstance(found, str) else None


def issued_bulletins(facts: Iterable[Announced], settings: BulletinSettings) -> list[Finding]:
    """Return a finding for each edition. Each is an entry of its own: a later edition never hides in an earlier one."""
    found: list[Finding] = []
    for fact in facts:
        if fact.kind != ISSUED or fact.detail.get("kind") not in settings.bulletins:
            continue
        bulletin_id, _, edition = fact.subject.partition(":")
        again = edition != "1"
        first, last = str(fact.detail.get("from_on", "")), str(fact.detail.get("to_on", ""))
        numbers: dict[str, Number] = {
            "bulletin": str(fact.detail["kind"]),
            "district": str(fact.detail.get("district") or "")[:100],
            "period": first if first == last else f"{first}–{last}",
            "edition": edition,
            "rate": _rate(fact.detail.get("rate")),
            "failing": str(fact.detail.get("failing", "—")),
        }
        path = f"/admin/v1/bulletins/{bulletin_id}"
        found.append(
            Finding(
                kind="bulletin_issued",
                project_id=PLATFORM,
                district_id=district_of(fact),
                fact_key=fact.subject,
                group_key=fact.subject,
                words="alerts.bulletin_reissued" if again else "alerts.bulletin_issued",
                severity=settings.severity,
                occurred_at=fact.occurred_at,
                numbers=numbers,
                evidence=tuple(f"{path}{form}?edition={edition}" for form in ("", "/page", "/pdf", "/xlsx")),
            )
        )
    return found


def _rate(hundredths: object) -> str:
    """Write a rate with two decimals; nothing was due where there is none."""
    return f"{hundredths // _FULL}.{hundredths % _FULL:02d}%" if isinstance(hundredths, int) else "—"
