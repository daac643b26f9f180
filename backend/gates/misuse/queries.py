"""The SELECTs of misuse: what was recorded since the last look, what stands around it, and the signals for staff."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import case, null, select, text

from backend.gates.misuse.rules import DISPLACED_PEOPLE, TRAVEL_WINDOW, Outage, Pass, Place
from backend.gates.misuse.tables import GateSignal
from backend.gates.registry.queries import READ
from backend.kit.db import Tx
from backend.kit.guards import Actor
from backend.sites.person_rights import sees_person

SETTLE: Final = timedelta(minutes=1)
"""No transaction lives as long (db.py ends idle ones after 30 s): whatever was recorded earlier is there or never."""
LATE: Final = timedelta(days=14)
"""Events of an outage arrive late; what is older than that is not held against other passes."""

CLAIMED_AHEAD: Final = timedelta(minutes=10)
"""A punch is received at most so long before the instant that it claims."""

CURSOR = """
INSERT INTO gate_follower AS f (name, outbox_id) VALUES (:name, 0)
ON CONFLICT (name) DO UPDATE SET outbox_id = f.outbox_id RETURNING f.outbox_id
"""

ADVANCE = "UPDATE gate_follower SET outbox_id = :outbox_id WHERE name = :name"

# Rows get their numbers before they are committed: the first one that is not settled ends the look.
SINCE = """
SELECT id, project_id, entry_id, kind, recorded_at <= :settled
FROM ledger_outbox WHERE id > :after ORDER BY id LIMIT :limit
"""

# Whoever passed a gate in these entries, with his other passes around them, on whatever project.
PASSES = """
WITH met AS (
  SELECT DISTINCT s.person_id, min(s.occurred_at) OVER (PARTITION BY s.person_id) AS first_at,
    max(s.occurred_at) OVER (PARTITION BY s.person_id) AS last_at
  FROM unnest(CAST(:projects AS uuid[]), CAST(:punches AS uuid[])) AS e (project_id, punch_id)
  JOIN punch_status s ON s.project_id = e.project_id AND s.punch_id = e.punch_id
  WHERE s.source = 'gate' AND s.person_id IS NOT NULL AND NOT s.quarantined AND s.outcome <> 'refused'
    AND s.occurred_at >= :late
)
SELECT s.person_id, s.punch_id, s.project_id, p.source_id, s.occurred_at, ST_X(d.place), ST_Y(d.place),
  d.place_radius_m
FROM met
JOIN punch_status s ON s.person_id = met.person_id
  AND s.occurred_at BETWEEN met.first_at - CAST(:window AS interval) AND met.last_at + CAST(:window AS interval)
JOIN punch p ON p.project_id = s.project_id AND p.received_at = s.received_at AND p.punch_id = s.punch_id
JOIN gate_device d ON d.project_id = p.project_id AND d.id = p.source_id
WHERE s.source = 'gate' AND NOT s.quarantined AND s.outcome <> 'refused' AND d.place IS NOT NULL
ORDER BY s.person_id, s.occurred_at
LIMIT 50000
"""

# A journey's signal stands at both gates: the one that many people cannot have reached is the odd one.
JOURNEYS = """
SELECT device_id, count(DISTINCT person_id), min(from_at), max(to_at)
FROM gate_signal
WHERE project_id = :project_id AND kind = 'impossible_journey' AND to_at >= :from_at AND to_at < :to_at
GROUP BY device_id HAVING count(DISTINCT person_id) >= :people
"""

# Nobody can tell unknown people apart: each is taken to pass twice, in and out.
CROWDS = """
SELECT p.source_id, count(DISTINCT p.person_id) + (count(*) FILTER (WHERE p.person_id IS NULL) + 1) / 2,
  count(DISTINCT p.person_id) FILTER (WHERE NOT EXISTS (
    SELECT FROM assignment a WHERE a.project_id = p.project_id AND a.person_id = p.person_id AND a.from_on <= :on
      AND (a.to_on IS NULL OR a.to_on >= :on OR a.exit_confirmed_at IS NULL)))
    + (count(*) FILTER (WHERE p.person_id IS NULL) + 1) / 2,
  min(p.occurred_at), max(p.occurred_at)
FROM punch p
WHERE p.project_id = :project_id AND p.received_at >= :from_at AND p.source = 'gate'
  AND p.granted IS DISTINCT FROM false AND p.time_quality <> 'quarantined'
  AND p.occurred_at >= :from_at AND p.occurred_at < :to_at
GROUP BY p.source_id
"""

REFUSALS = """
SELECT project_id, device_id, reason, on_utc, address, counter, first_at, last_at FROM gate_refusal
WHERE reason IN ('network', 'token') AND last_at >= :since
"""

FOREIGN_IDENTITIES = """
SELECT project_id, device_id, detail ->> 'claimed', at FROM gate_remark
WHERE kind = 'alarm' AND code = 'spoke_for_another' AND received_at >= :since
"""

# An outage that went on when the gate was taken out of use ended with that.
OUTAGES = """
SELECT o.device_id, o.from_at, greatest(coalesce(e.ended_at, least(o.expires_at, :now)), o.from_at)
FROM gate_outage o
LEFT JOIN gate_outage_end e ON e.project_id = o.project_id AND e.outage_id = o.id
WHERE o.project_id = :project_id AND o.from_at >= :since
"""

TAPS = """
SELECT DISTINCT s.person_id, s.occurred_at
FROM unnest(CAST(:from_at AS timestamptz[]), CAST(:to_at AS timestamptz[])) AS w (from_at, to_at)
JOIN punch p ON p.project_id = :project_id AND p.received_at >= :since AND p.source = 'phone'
  AND p.occurred_at >= w.from_at AND p.occurred_at < w.to_at
JOIN punch_status s ON s.project_id = p.project_id AND s.punch_id = p.punch_id
WHERE s.person_id IS NOT NULL AND NOT s.quarantined
"""

SITES = """
SELECT DISTINCT p.id, p.time_zone, p.cutover FROM gate_device d JOIN project p ON p.id = d.project_id
WHERE d.state = 'active' ORDER BY p.id
"""


@dataclass(frozen=True, slots=True)
class NewEntry:
    """An entry of the ledger that nobody looked at yet."""

    outbox_id: int
    project_id: UUID
    punch_id: UUID
    kind: str


@dataclass(frozen=True, slots=True)
class Site:
    """A project with gates."""

    id: UUID
    time_zone: str
    cutover: time


@dataclass(frozen=True, slots=True)
class Crowd:
    """How many different people passed a gate on a day, and how many of them are not of its site."""

    device_id: UUID
    people: int
    foreign: int
    from_at: datetime
    to_at: datetime


@dataclass(frozen=True, slots=True)
class Refused:
    """An address from which calls in a device's name were refused on a day (UTC), and for which reason."""

    project_id: UUID
    device_id: UUID
    reason: str
    on: date
    address: str
    counter: int
    first_at: datetime
    last_at: datetime


@dataclass(frozen=True, slots=True)
class SignalRow:
    """A signal as an actor may see it: without the person whom he may not see."""

    id: UUID
    device_id: UUID
    person_id: UUID | None
    kind: str
    from_at: datetime
    to_at: datetime
    found_at: datetime
    evidence: dict[str, Any]


async def lock_cursor(tx: Tx, name: str) -> int:
    """Return how far a follower has looked, and keep others of its name waiting until the transaction ends."""
    return int((await tx.execute(text(CURSOR), {"name": name})).scalar_one())


async def advance_cursor(tx: Tx, name: str, outbox_id: int) -> None:
    """Note how far a follower has looked."""
    await tx.execute(text(ADVANCE), {"name": name, "outbox_id": outbox_id})


async def entries_since(tx: Tx, after: int, now: datetime, limit: int) -> list[NewEntry]:
    """Return what was recorded after a row of the outbox, up to the first row that is not settled yet."""
    found: list[NewEntry] = []
    asked = {"after": after, "settled": now - SETTLE, "limit": limit}
    for row in await tx.execute(text(SINCE), asked):
        if not row[4]:
            break
        found.append(NewEntry(row[0], row[1], row[2], row[3]))
    return found


async def passes_around(tx: Tx, entries: Collection[NewEntry], now: datetime) -> dict[UUID, tuple[Pass, UUID]]:
    """Return the passes of the people of these entries and those around them: by punch, with their project."""
    asked = {
        "projects": [entry.project_id for entry in entries],
        "punches": [entry.punch_id for entry in entries],
        "window": TRAVEL_WINDOW,
        "late": now - LATE,
    }
    return {
        row[1]: (Pass(row[0], row[1], row[3], row[4], Place(row[5], row[6], float(row[7]))), row[2])
        for row in await tx.execute(text(PASSES), asked)
    }


async def sites(tx: Tx) -> list[Site]:
    """Return the projects that have gates in use."""
    return [Site(*row) for row in await tx.execute(text(SITES))]


async def crowds(tx: Tx, project_id: UUID, on: date, from_at: datetime, to_at: datetime) -> list[Crowd]:
    """Count the people of each gate on a day; unknown ones count once per event."""
    asked = {"project_id": project_id, "on": on, "from_at": from_at, "to_at": to_at}
    return [Crowd(*row) for row in await tx.execute(text(CROWDS), asked)]


async def displaced(tx: Tx, project_id: UUID, from_at: datetime, to_at: datetime) -> list[Crowd]:
    """Return the gates to which a day's impossible journeys lead, of as many people as count; `foreign` is all."""
    asked = {"project_id": project_id, "from_at": from_at, "to_at": to_at, "people": DISPLACED_PEOPLE}
    return [Crowd(row[0], row[1], row[1], row[2], row[3]) for row in await tx.execute(text(JOURNEYS), asked)]


async def outages_since(tx: Tx, project_id: UUID, since: datetime, now: datetime) -> list[tuple[UUID, Outage]]:
    """Return the outages of a project's gates that began since an instant; one that goes on lasts until now."""
    asked = {"project_id": project_id, "since": since, "now": now}
    return [(row[0], Outage(row[1], row[2])) for row in await tx.execute(text(OUTAGES), asked)]


async def phone_taps(tx: Tx, project_id: UUID, outages: Sequence[Outage]) -> list[tuple[UUID, datetime]]:
    """Return who punched by phone, and when, while a gate was down."""
    if not outages:
        return []
    asked = {
        "project_id": project_id,
        "from_at": [outage.from_at for outage in outages],
        "to_at": [outage.to_at for outage in outages],
        "since": min(outage.from_at for outage in outages) - CLAIMED_AHEAD,
    }
    return [(row[0], row[1]) for row in await tx.execute(text(TAPS), asked)]


async def refusals(tx: Tx, since: datetime) -> list[Refused]:
    """Return from where calls came in a device's name that its networks do not hold, or without its token."""
    return [Refused(*row) for row in await tx.execute(text(REFUSALS), {"since": since})]


async def foreign_identities(tx: Tx, since: datetime) -> list[tuple[UUID, UUID, str, datetime]]:
    """Return the terminals that spoke for others since an instant: project, device, whom they claimed to be, when."""
    rows = await tx.execute(text(FOREIGN_IDENTITIES), {"since": since})
    return [(row[0], row[1], row[2], row[3]) for row in rows]


async def list_signals(
    tx: Tx, actor: Actor, project_id: UUID, *, gate_id: UUID | None, kind: str | None, after: UUID | None, limit: int
) -> list[SignalRow]:
    """Return a page of a project's signals, latest first; a person whom the actor may not see is left out of them."""
    seen = sees_person(actor, READ, GateSignal.project_id, GateSignal.person_id)
    columns = (
        GateSignal.id,
        GateSignal.device_id,
        case((seen, GateSignal.person_id), else_=null()),
        GateSignal.kind,
        GateSignal.from_at,
        GateSignal.to_at,
        GateSignal.found_at,
        GateSignal.evidence,
    )
    statement = select(*columns).where(GateSignal.project_id == project_id)
    if gate_id is not None:
        statement = statement.where(GateSignal.device_id == gate_id)
    if kind is not None:
        statement = statement.where(GateSignal.kind == kind)
    if after is not None:
        statement = statement.where(GateSignal.id < after)
    return [SignalRow(*row) for row in await tx.execute(statement.order_by(GateSignal.id.desc()).limit(limit))]
