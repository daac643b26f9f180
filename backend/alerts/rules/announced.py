"""What others announced: a fence's tolerance raised, and failures of the platform itself (pure)."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final

from backend.alerts.model import PLATFORM, Ending, Finding, Found, Number, Site
from backend.alerts.settings import ToleranceSettings, TroubleSettings

TOLERANCE_RAISED: Final = "fences.tolerance_raised"
TROUBLE_WORDS: Final[Mapping[str, tuple[str, tuple[str, ...]]]] = MappingProxyType(
    {
        "push": ("alerts.trouble_push", ("/admin/v1/alert-channels",)),
        "rules": ("alerts.trouble_rules", ("/admin/v1/alert-rules",)),
        "facts": ("alerts.trouble_facts", ("/admin/v1/alert-facts-set-aside",)),
        "seals": ("alerts.trouble_seals", ("/health/ready",)),
        "backup": ("alerts.trouble_backup", ("/health/ready",)),
    }
)
"""What is said of whose failure, and where one looks; of all others `alerts.platform_trouble`."""
REASONS: Final = ("reason", "trouble")
"""Where an announcement says why."""
FAILED: Final = ".failed"
RESTORED: Final = ".restored"


@dataclass(frozen=True, slots=True, kw_only=True)
class Announced:
    """A fact as it was announced; `site` None is the platform itself."""

    id: int
    kind: str
    site: Site | None
    subject: str
    occurred_at: datetime
    detail: Mapping[str, Any]


def raised_tolerances(facts: Iterable[Announced], settings: ToleranceSettings) -> list[Finding]:
    """Return the publications that raised a fence's buffer by as much as the rule asks for, metres."""
    found: list[Finding] = []
    for fact in facts:
        if fact.kind != TOLERANCE_RAISED or fact.site is None:
            continue
        before, after = float(fact.detail.get("before_m", 0)), float(fact.detail.get("after_m", 0))
        if after - before < max(settings.from_m, 1e-9):
            continue
        numbers: dict[str, Number] = {
            "project": fact.site.project_name,
            "fence": str(fact.detail.get("fence", "—"))[:100],
            "before_m": round(before, 1),
            "after_m": round(after, 1),
            "at": fact.site.local(fact.occurred_at),
        }
        fence = fact.detail.get("fence_id")
        found.append(
            Finding(
                kind="fence_tolerance",
                project_id=fact.site.project_id,
                district_id=fact.site.district_id,
                fact_key=fact.subject,
                group_key=str(fact.site.district_id),
                words="alerts.fence_tolerance",
                severity=settings.severity,
                occurred_at=fact.occurred_at,
                numbers=numbers,
                evidence=(f"/admin/v1/projects/{fact.site.project_id}/fences/{fence}",) if fence else (),
            )
        )
    return found


def troubles(facts: Iterable[Announced], settings: TroubleSettings, standing: Collection[str]) -> Found:
    """Return failures of the platform and what restored them: `module.failed` and `module.restored` of one subject.

    `standing` are the keys of the alerts that are not resolved: while one stands, a repeated failure is no other fact.
    A failure that was restored within the same look was over before anybody could be told.
    """
    open_keys = {key.rpartition(":")[0]: key for key in standing}
    found: dict[str, Finding] = {}
    ended: list[Ending] = []
    for fact in facts:
        module = fact.kind.partition(".")[0]
        subject = f"{module}:{fact.subject}"[:180]
        if fact.kind.endswith(RESTORED):
            found.pop(subject, None)
            if (key := open_keys.pop(subject, None)) is not None:
                cause = "alerts.cause_restored"
                ended.append(Ending(kind="platform_trouble", project_id=PLATFORM, fact_key=key, cause=cause))
        elif fact.kind.endswith(FAILED) and subject not in open_keys and subject not in found:
            numbers: dict[str, Number] = {"module": module, "subject": fact.subject[:100]}
            reason = next((why for name in REASONS if isinstance(why := fact.detail.get(name), str)), None)
            if reason is not None:
                numbers["reason"] = reason[:200]
            words, evidence = TROUBLE_WORDS.get(module, ("alerts.platform_trouble", ()))
            found[subject] = Finding(
                kind="platform_trouble",
                project_id=PLATFORM,
                fact_key=f"{subject}:{fact.id}",
                group_key=module,
                words=words,
                severity=settings.severity,
                occurred_at=fact.occurred_at,
                numbers=numbers,
                evidence=evidence,
            )
    return Found(list(found.values()), ended)
