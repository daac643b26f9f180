"""Attributes the events of numbers that meant nobody, once a binding says whose they were at the event's own time.

The punch stays as it is: an attribution names the person, a further ruling follows from it, and his day is folded. Each
event is a transaction of its own, taken once however often this runs.
"""

from collections.abc import Sequence
from datetime import date, datetime, time
from typing import Final, NamedTuple
from uuid import UUID

import msgspec
import structlog
from msgspec import Struct

from backend.decision.gate_pass import GateFacts, decide_gate_pass
from backend.gates.events import GateEvent, GatePerson, NumberKind, ReadEvent
from backend.gates.model import Gate
from backend.gates.people import send_people, settle_people
from backend.kit.clock import Clock
from backend.kit.db import Database
from backend.kit.ids import new_id
from backend.ledger.append import Connection, DayFolder
from backend.ledger.model import DayKey, is_dated
from backend.ledger.partitions import in_ledger_transaction
from backend.sites.model import day_bounds, work_on

log = structlog.get_logger()

AT_ONCE: Final = 500
REASON: Final = "binding"

KEEP_STRANGERS = """
INSERT INTO gate_stranger (project_id, kind, value, punch_id, device_id, occurred_at, received_at)
SELECT %(project_id)s, kind, value, punch_id, %(device_id)s, occurred_at, %(now)s
FROM unnest(%(kinds)s::text[], %(values)s::text[], %(punch_ids)s::uuid[], %(instants)s::timestamptz[])
  AS s (kind, value, punch_id, occurred_at)
ON CONFLICT DO NOTHING
"""

FIND = """
SELECT g.project_id, g.kind, g.value, g.punch_id, g.occurred_at FROM gate_stranger g
WHERE EXISTS (SELECT FROM person_binding b WHERE b.project_id = g.project_id AND b.kind = g.kind AND b.value = g.value
  AND b.valid_during @> g.occurred_at)
ORDER BY g.project_id, g.punch_id LIMIT %s
"""

TAKE = """
SELECT p.granted, p.time_quality, s.occurred_at, s.quarantined, s.person_id, r.ruled_by IS NOT NULL, r.policy_version,
  pr.time_zone, pr.cutover
FROM punch_status s
JOIN punch p ON p.project_id = s.project_id AND p.received_at = s.received_at AND p.punch_id = s.punch_id
JOIN ruling r ON r.project_id = s.project_id AND r.punch_id = s.punch_id AND r.ruling_id = s.ruling_id
JOIN project pr ON pr.id = s.project_id
WHERE s.project_id = %s AND s.punch_id = %s
FOR UPDATE OF s
"""

ATTRIBUTE = """
WITH made AS (
  INSERT INTO attribution (project_id, made_at, attribution_id, punch_id, person_id, reason)
  VALUES (%(project_id)s, %(now)s, %(attribution_id)s, %(punch_id)s, %(person_id)s, %(reason)s)
), named AS (
  UPDATE punch_status SET person_id = %(person_id)s,
    ruling_id = coalesce(%(ruling_id)s, ruling_id), seq = seq + (%(ruling_id)s::uuid IS NOT NULL)::integer,
    outcome = coalesce(%(outcome)s, outcome)
  WHERE project_id = %(project_id)s AND punch_id = %(punch_id)s
  RETURNING seq
), ruled AS (
  INSERT INTO ruling (project_id, ruled_at, ruling_id, punch_id, seq, outcome, reasons, policy_version)
  SELECT %(project_id)s, %(now)s, %(ruling_id)s::uuid, %(punch_id)s, seq, %(outcome)s, %(reasons)s::text::jsonb,
    %(policy_version)s FROM named WHERE %(ruling_id)s::uuid IS NOT NULL
)
INSERT INTO ledger_outbox (project_id, kind, entry_id, recorded_at)
SELECT %(project_id)s, kind, entry_id, %(now)s
FROM (VALUES ('attribution', %(attribution_id)s::uuid), ('ruling', %(ruling_id)s::uuid)) AS o (kind, entry_id)
WHERE entry_id IS NOT NULL
"""

FORGET = "DELETE FROM gate_stranger WHERE project_id = %s AND punch_id = %s RETURNING punch_id"


class Stranger(NamedTuple):
    """An event of a number that means nobody yet."""

    kind: NumberKind
    value: str
    punch_id: UUID
    occurred_at: datetime


class _Waiting(Struct, frozen=True):
    project_id: UUID
    kind: NumberKind
    value: str
    punch_id: UUID
    occurred_at: datetime


class _Punch(Struct, frozen=True):
    granted: bool | None
    time_quality: str
    occurred_at: datetime
    quarantined: bool
    person_id: UUID | None
    ruled_by_person: bool
    policy_version: int
    time_zone: str
    cutover: time


async def remember_strangers(connection: Connection, gate: Gate, found: Sequence[Stranger], now: datetime) -> None:
    """Remember events whose numbers mean nobody, in the transaction that records them; nothing is waited for."""
    if found:
        await connection.execute(
            KEEP_STRANGERS,
            {
                "project_id": gate.project_id,
                "device_id": gate.device_id,
                "now": now,
                "kinds": [one.kind for one in found],
                "values": [one.value for one in found],
                "punch_ids": [one.punch_id for one in found],
                "instants": [one.occurred_at for one in found],
            },
        )


async def attribute_strangers(database: Database, fold_days: DayFolder, clock: Clock) -> int:
    """Attribute the events whose numbers are bound by now, some hundred at once; return how many were looked at.

    Raises DatabaseAway or Contended; what was done until then stands.
    """
    async with database.connection() as connection:
        found = await connection.execute(FIND, (AT_ONCE,))
        strangers = [_Waiting(*row) for row in await found.fetchall()]
    for stranger in strangers:

        async def attempt(stranger: _Waiting = stranger) -> None:
            async with database.connection() as connection, connection.transaction():
                await _attribute(connection, fold_days, stranger, clock.now())

        await in_ledger_transaction(database, attempt, received=(clock.now().date(),), buckets=())
    if strangers:
        log.info("gates.strangers_attributed", events=len(strangers))
    return len(strangers)


async def _attribute(connection: Connection, fold_days: DayFolder, stranger: _Waiting, now: datetime) -> None:
    key = (stranger.project_id, stranger.punch_id)
    row = await (await connection.execute(TAKE, key)).fetchone()
    if await (await connection.execute(FORGET, key)).fetchone() is None or row is None:
        return
    punch = _Punch(*row)
    read = ReadEvent(
        GateEvent(
            device_event_id=str(stranger.punch_id),
            seq=0,
            occurred_at=stranger.occurred_at.isoformat(),
            person=GatePerson(kind=stranger.kind, value=stranger.value),
            live=False,
        ),
        punch.occurred_at,
    )
    people = await settle_people(await send_people(connection, stranger.project_id, [read]))
    person = people.named(stranger.kind, stranger.value, punch.occurred_at)
    if person is None or punch.person_id is not None:
        return
    on: date | None = None
    if is_dated(punch.occurred_at) and not punch.quarantined:
        on = work_on(punch.occurred_at, punch.time_zone, punch.cutover)
    ruling = decide_gate_pass(
        GateFacts(
            person_known=True,
            assignment_in_force=on is not None and person.stay_on(on) is not None,
            granted=punch.granted,
            time="quarantined" if punch.quarantined else "suspect" if punch.time_quality == "suspect" else "device",
        )
    )
    # A named person has decided: the name joins the event, the decision stays.
    rules = not punch.ruled_by_person
    await connection.execute(
        ATTRIBUTE,
        {
            "project_id": stranger.project_id,
            "punch_id": stranger.punch_id,
            "person_id": person.person_id,
            "attribution_id": new_id(now),
            "ruling_id": new_id(now) if rules else None,
            "outcome": ruling.outcome if rules else None,
            "reasons": msgspec.json.encode([reason.wire() for reason in ruling.reasons]).decode(),
            "policy_version": punch.policy_version,
            "reason": REASON,
            "now": now,
        },
    )
    if on is not None:
        bounds = day_bounds(on, punch.time_zone, punch.cutover)
        await fold_days(connection, [DayKey(stranger.project_id, person.person_id, on, *bounds)], now)
