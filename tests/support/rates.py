"""Rule sets as tests write them, and a second reckoning of days, straight from what was punched."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date, timedelta
from uuid import UUID, uuid4

from backend.attendance.rates.evaluation import Seen
from backend.attendance.rates.force import PLATFORM, PublishedRules
from backend.attendance.rates.rule_model import RuleBody
from backend.ledger.model import Entry

EPOCH = date(2020, 1, 1)


def published(
    rules: RuleBody,
    *,
    valid_from: date = EPOCH,
    valid_to: date | None = None,
    district_id: UUID | None = None,
    project_id: UUID | None = None,
    rank: int = 1,
) -> PublishedRules:
    """Return a published version of these rules."""
    return replace(
        PLATFORM,
        rule_set_id=uuid4(),
        name="规则",
        valid_from=valid_from,
        valid_to=valid_to,
        district_id=district_id,
        project_id=project_id,
        rank=rank,
        rules=rules,
    )


def seen_of(entries: Iterable[Entry]) -> Seen:
    """Return what a day's entries come to."""
    kept = list(entries)
    if not kept:
        return Seen()
    instants = [one.occurred_at for one in kept]
    return Seen(
        len(kept),
        int((max(instants) - min(instants)).total_seconds()),
        any(one.direction == "in" for one in kept),
        any(one.direction == "out" for one in kept),
    )


def seen_three(entries: Sequence[Entry]) -> tuple[Seen, Seen, Seen]:
    """Return a day's entries as they count, without make-ups, and with those in review."""
    dated = [one for one in entries if one.outcome != "refused" and one.time_quality != "quarantined"]
    counted = [one for one in dated if one.outcome == "counted"]
    return seen_of(counted), seen_of(one for one in counted if one.source != "make_up"), seen_of(dated)


def days_between(first: date, last: date) -> list[date]:
    """Return the days from `first` to `last`, both inclusive."""
    return [first + timedelta(days=number) for number in range((last - first).days + 1)]
