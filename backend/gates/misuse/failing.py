"""Looks at a site's outages of the last fourteen days: a gate that fails often, at set hours, or for some people."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from backend.gates.misuse import queries
from backend.gates.misuse.queries import Site
from backend.gates.misuse.rules import OUTAGE_WINDOW, Outage, failing_hours, fails_often, merged_outages, same_people
from backend.gates.misuse.signals import Signal
from backend.kit.db import Tx
from backend.sites.model import zone_of


async def failing_gates(tx: Tx, site: Site, now: datetime) -> list[Signal]:
    """Return what the outages of a site's gates say; the same is told again only in another week."""
    since = now - OUTAGE_WINDOW
    by_device: dict[UUID, list[Outage]] = defaultdict(list)
    for device_id, outage in await queries.outages_since(tx, site.id, since, now):
        by_device[device_id].append(outage)
    found: list[Signal] = []
    for device_id, told in by_device.items():
        outages = merged_outages(told)
        taps = await queries.phone_taps(tx, site.id, outages)
        found += _signals(site, device_id, outages, taps, now)
    return found


def _signals(
    site: Site, device_id: UUID, outages: Sequence[Outage], taps: Sequence[tuple[UUID, datetime]], now: datetime
) -> list[Signal]:
    week = f"{now.isocalendar().year}-W{now.isocalendar().week:02}"

    def signal(kind: str, subject: str, evidence: dict[str, object], person_id: UUID | None = None) -> Signal:
        return Signal(
            project_id=site.id,
            device_id=device_id,
            person_id=person_id,
            kind=kind,
            subject=subject,
            from_at=outages[0].from_at,
            to_at=max(outage.to_at for outage in outages),
            evidence=evidence,
        )

    found: list[Signal] = []
    if fails_often(outages):
        found.append(signal("fails_often", week, {"outages": len(outages)}))
    habit = failing_hours(outages, zone_of(site.time_zone))
    if habit is not None:
        span = {"from_time": _clock(habit.from_minute), "to_time": _clock(habit.to_minute)}
        found.append(signal("fails_at_hours", week, {"outages": habit.outages, "of": habit.of, **span}))
    for person_id, met in same_people(outages, taps).items():
        evidence: dict[str, object] = {"outages": len(outages), "met": met}
        found.append(signal("fails_for_people", f"{person_id}:{week}", evidence, person_id))
    return found


def _clock(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"
