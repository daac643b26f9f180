"""Decides when an event happened whose device wrote a time that cannot be: a named person's decision, on record.

The punch keeps what its device wrote. The decision is an attribution row; the ruling that follows is the gate's own, by
the time decided on, under the name of who decided. A further decision has to name the one that it supersedes.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any, cast
from uuid import UUID

import msgspec

from backend.decision.gate_pass import GateFacts, decide_gate_pass, judge_gate_time
from backend.decision.ruling import Reason, Ruling
from backend.gates.events import GateEvent, GatePerson, ReadEvent
from backend.gates.model import KnownPerson
from backend.gates.outages import queries
from backend.gates.outages.errors import (
    EventUnknown,
    NotQuarantined,
    RedatedAlready,
    RedatingImpossible,
    RuledByPerson,
)
from backend.gates.outages.recording import tell_fact
from backend.gates.outages.schemas import RedatingBody, RedatingOut
from backend.gates.people import send_people, settle_people
from backend.gates.registry.queries import READ
from backend.gates.tools import GateTools
from backend.identity.audit import record_act
from backend.kit.crypto import DataKeys, DecryptionError, data_key_label
from backend.kit.db import AnyRow, Tx
from backend.kit.guards import Actor
from backend.kit.ids import new_id
from backend.ledger.append import Connection
from backend.ledger.data_keys import month_of
from backend.ledger.model import DayKey
from backend.ledger.partitions import in_ledger_transaction
from backend.sites.model import day_bounds, work_on
from backend.sites.projects import require_project

REDATED = "decision.time_redated"

TAKE = """
SELECT p.source, p.source_id, p.received_at, p.time_quality, p.granted, s.person_id, s.occurred_at, s.quarantined,
  s.seq, r.ruled_by, r.reasons::text, r.policy_version, pp.sealed, k.wrapped, d.paired_at, pr.time_zone, pr.cutover
FROM punch_status s
JOIN punch p ON p.project_id = s.project_id AND p.received_at = s.received_at AND p.punch_id = s.punch_id
JOIN ruling r ON r.project_id = s.project_id AND r.punch_id = s.punch_id AND r.ruling_id = s.ruling_id
JOIN project pr ON pr.id = s.project_id
LEFT JOIN gate_device d ON d.project_id = p.project_id AND d.id = p.source_id
LEFT JOIN punch_private pp ON pp.project_id = p.project_id AND pp.received_at = p.received_at
  AND pp.punch_id = p.punch_id
LEFT JOIN data_key k ON k.project_id = p.project_id AND k.key_id = pp.key_id
WHERE s.project_id = %s AND s.punch_id = %s
FOR UPDATE OF s
"""

LAST = """
SELECT attribution_id FROM attribution WHERE project_id = %s AND punch_id = %s AND occurred_at IS NOT NULL
ORDER BY made_at DESC, attribution_id DESC LIMIT 1
"""

WRITE = """
WITH made AS (
  INSERT INTO attribution (project_id, made_at, attribution_id, punch_id, person_id, occurred_at, made_by, reason)
  VALUES (%(project_id)s, %(now)s, %(redating_id)s, %(punch_id)s, %(found_id)s, %(at)s, %(by)s, %(reason)s)
), moved AS (
  UPDATE punch_status SET ruling_id = %(ruling_id)s, seq = seq + 1, outcome = %(outcome)s, occurred_at = %(at)s,
    person_id = %(person_id)s, quarantined = false
  WHERE project_id = %(project_id)s AND punch_id = %(punch_id)s
  RETURNING seq
), ruled AS (
  INSERT INTO ruling (project_id, ruled_at, ruling_id, punch_id, seq, outcome, reasons, policy_version, ruled_by, note)
  SELECT %(project_id)s, %(now)s, %(ruling_id)s, %(punch_id)s, seq, %(outcome)s, %(reasons)s::text::jsonb,
    %(policy_version)s, %(by)s, %(reason)s FROM moved
)
INSERT INTO ledger_outbox (project_id, kind, entry_id, recorded_at) VALUES
  (%(project_id)s, 'attribution', %(redating_id)s, %(now)s), (%(project_id)s, 'ruling', %(ruling_id)s, %(now)s)
"""

_encoder = msgspec.json.Encoder()
_reasons = msgspec.json.Decoder(list[dict[str, Any]])


class _Private(msgspec.Struct, frozen=True):
    presented: tuple[str, str] | None = None


_privates = msgspec.json.Decoder(_Private)


@dataclass(frozen=True, slots=True)
class _Event:
    source: str
    source_id: UUID
    received_at: datetime
    time_quality: str
    granted: bool | None
    person_id: UUID | None
    occurred_at: datetime
    quarantined: bool
    seq: int
    ruled_by: UUID | None
    reasons: str
    policy_version: int
    sealed: bytes | None
    wrapped: bytes | None
    paired_at: datetime | None
    time_zone: str
    cutover: time


async def list_quarantined(
    tx: Tx, actor: Actor, project_id: UUID, *, after: UUID | None, limit: int
) -> Sequence[AnyRow]:
    """Return the events that wait for a decision about their time; raises ProjectUnknown."""
    await require_project(tx, actor, project_id, scope=READ)
    return await queries.list_quarantined(tx, actor, project_id, after=after, limit=limit)


async def redate_event(
    tools: GateTools, actor: Actor, project_id: UUID, punch_id: UUID, body: RedatingBody
) -> RedatingOut:
    """Decide when a quarantined event happened, rule on it by that time, and fold the days that it leaves and joins.

    Raises ProjectUnknown, EventUnknown, NotQuarantined, RuledByPerson, RedatedAlready, RedatingImpossible; DatabaseAway
    or Contended when nothing was written.
    """
    now = tools.clock.now()

    async def attempt() -> RedatingOut:
        async with tools.database.transaction() as tx:
            await require_project(tx, actor, project_id, scope=queries.REDATE)
            if not await queries.sees_event(tx, actor, project_id, punch_id):
                raise EventUnknown
            connection = cast("Connection", (await tx.get_raw_connection()).driver_connection)
            decided = await _redate(tools, connection, actor, project_id, punch_id, body, now)
            detail = {"redating_id": decided.redating_id, "occurred_at": decided.occurred_at.isoformat()}
            await record_act(
                tx, actor, "gate_event.redated", "punch", punch_id, detail, clock=tools.clock, project_id=project_id
            )
            return decided

    return await in_ledger_transaction(tools.database, attempt, received=(now.date(),), buckets=())


async def _redate(
    tools: GateTools,
    connection: Connection,
    actor: Actor,
    project_id: UUID,
    punch_id: UUID,
    body: RedatingBody,
    now: datetime,
) -> RedatingOut:
    row = await (await connection.execute(TAKE, (project_id, punch_id))).fetchone()
    event = None if row is None else _Event(*row)
    if event is None or event.source != "gate" or event.time_quality != "quarantined":
        raise NotQuarantined
    last = await (await connection.execute(LAST, (project_id, punch_id))).fetchone()
    superseded: UUID | None = None if last is None else last[0]
    if superseded != body.supersedes:
        raise RedatedAlready(redating_id=None if superseded is None else str(superseded))
    if event.ruled_by is not None and REDATED not in {one["code"] for one in _reasons.decode(event.reasons)}:
        raise RuledByPerson
    at = body.occurred_at.astimezone(event.received_at.tzinfo)
    quality = judge_gate_time(at, event.received_at, live=False, paired_at=event.paired_at)
    if quality != "device" or at > event.received_at:
        raise RedatingImpossible(received_at=event.received_at.isoformat())
    day = work_on(at, event.time_zone, event.cutover)
    person = await _person(tools.data_keys, connection, project_id, punch_id, event, at)
    ruling = _rule(event, person, day)
    person_id = event.person_id if person is None else person.person_id
    decided = RedatingOut(
        redating_id=new_id(now),
        punch_id=punch_id,
        occurred_at=at,
        person_id=person_id,
        outcome=ruling.outcome,
        reasons=[reason.wire() for reason in ruling.reasons],
        made_by=actor.account_id,
        made_at=now,
        supersedes=superseded,
    )
    await connection.execute(
        WRITE,
        {
            "project_id": project_id,
            "punch_id": punch_id,
            "redating_id": decided.redating_id,
            "ruling_id": new_id(now),
            "found_id": None if person_id == event.person_id else person_id,
            "person_id": person_id,
            "at": at,
            "by": actor.account_id,
            "reason": body.reason,
            "outcome": ruling.outcome,
            "reasons": _encoder.encode(decided.reasons).decode(),
            "policy_version": event.policy_version,
            "now": now,
        },
    )
    days = {
        DayKey(project_id, whose, on, *day_bounds(on, event.time_zone, event.cutover))
        for whose, on in _days(event, person_id, day)
    }
    if days:
        await tools.fold_days(connection, sorted(days), now)
    detail = {"punch_id": str(punch_id), "outcome": ruling.outcome, "made_by": str(actor.account_id)}
    await tell_fact(
        connection,
        project_id,
        "event_redated",
        decided.redating_id,
        device_id=event.source_id,
        occurred_at=at,
        now=now,
        detail=detail,
    )
    return decided


def _rule(event: _Event, person: KnownPerson | None, day: date) -> Ruling:
    facts = GateFacts(
        person_known=person is not None,
        assignment_in_force=person is not None and person.stay_on(day) is not None,
        granted=event.granted,
        time="device",
    )
    ruling = decide_gate_pass(facts)
    return Ruling(ruling.outcome, (*ruling.reasons, Reason(REDATED)))


def _days(event: _Event, person_id: UUID | None, day: date) -> set[tuple[UUID, date]]:
    """Return whose days change: the one that the event joins, and the one of an earlier decision."""
    days: set[tuple[UUID, date]] = set()
    if person_id is not None:
        days.add((person_id, day))
    if event.person_id is not None and not event.quarantined:
        days.add((event.person_id, work_on(event.occurred_at, event.time_zone, event.cutover)))
    return days


async def _person(
    data_keys: DataKeys, connection: Connection, project_id: UUID, punch_id: UUID, event: _Event, at: datetime
) -> KnownPerson | None:
    """Return whom the device meant at that instant: a number may have meant somebody else by the wrong time."""
    presented = _presented(data_keys, project_id, punch_id, event)
    if presented is None:
        if event.person_id is None:
            return None
        presented = "person", str(event.person_id)
    kind, value = presented
    told = GatePerson(kind=cast("Any", kind), value=value)
    read = ReadEvent(GateEvent(device_event_id="-", seq=1, occurred_at="-", person=told, live=False), at)
    people = await settle_people(await send_people(connection, project_id, [read]))
    return people.named(kind, value, at)


def _presented(data_keys: DataKeys, project_id: UUID, punch_id: UUID, event: _Event) -> tuple[str, str] | None:
    if event.sealed is None or event.wrapped is None:
        return None
    month = month_of(event.received_at)
    try:
        key = data_keys.unwrap(bytes(event.wrapped), data_key_label(project_id, f"{month.year:04}-{month.month:02}"))
        return _privates.decode(key.open(bytes(event.sealed), punch_id.bytes)).presented
    except (DecryptionError, msgspec.DecodeError):
        return None
