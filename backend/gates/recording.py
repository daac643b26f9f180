"""Takes the translated events of any terminal into the ledger, with its remarks and signs of life.

Up to 500 events are one transaction: what was there already is found by one read and costs nothing more, so that a
terminal may send its whole memory again. Everything is durable when `record_translated` returns.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final
from uuid import UUID

import msgspec
from msgspec import Struct

from backend.gates.counting import Counted
from backend.gates.events import GateEvent, GatePerson, ReadEvent
from backend.gates.judging import Judge, Judged
from backend.gates.model import Gate
from backend.gates.people import send_people, settle_people
from backend.gates.remarks import keep_photos, keep_remarks, keep_unread, keep_users, tampered_instants
from backend.gates.state import leave_sign, send_touch, was_in_touch
from backend.gates.strangers import Stranger, remember_strangers
from backend.gates.terminal_state import Counts, follow_serials, lock_count, tell_state
from backend.gates.tools import GateTools
from backend.gates.translation import EventPhoto, Liveness, Remark, TerminalUser, TranslatedEvent, Trust, UnreadLine
from backend.kit.db import pipelined
from backend.ledger.append import Connection, send_append, settle_append
from backend.ledger.data_keys import obtain_data_key
from backend.ledger.model import Entry, dedupe_bucket
from backend.ledger.partitions import in_ledger_transaction
from backend.sites.model import work_on

AT_ONCE: Final = 500
"""Events of one transaction."""

TAMPERED: Final = "device_tampered"
"""The signal of events of a day on which somebody set the device's clock or deleted from its memory."""

KNOWN = """
SELECT k.place::integer - 1, encode(d.payload_digest, 'hex')
FROM unnest(%(buckets)s::date[], %(keys)s::text[]) WITH ORDINALITY AS k (bucket, event_key, place)
CROSS JOIN LATERAL (
  SELECT payload_digest FROM punch_dedupe t
  WHERE t.project_id = %(project_id)s AND t.source_id = %(device_id)s AND t.bucket = k.bucket
    AND t.event_key = k.event_key
  LIMIT 1) d
"""

SETTLE_ENVELOPE = """
UPDATE gate_envelope SET recorded_at = CASE WHEN %s THEN %s::timestamptz END, rows = %s, unread = %s
WHERE project_id = %s AND id = %s
"""


class Delivery(Struct, frozen=True, kw_only=True):
    """What one request of a terminal amounts to, or a part of it.

    `serials` only of devices that count their events. The part that ends the envelope names it with the number of its
    `rows`; `whole` says that nothing of it failed, so that the same bytes have nothing to add.
    """

    events: Sequence[TranslatedEvent] = ()
    remarks: Sequence[Remark] = ()
    unread: Sequence[UnreadLine] = ()
    photos: Sequence[EventPhoto] = ()
    liveness: Liveness = Liveness()
    serials: Sequence[Counted] = ()
    users: Sequence[TerminalUser] = ()
    envelope_id: UUID | None = None
    rows: int = 0
    whole: bool = False


class Recorded(Struct, frozen=True):
    """How many events were new, known already, or other content under a known key (the first stays)."""

    new: int
    replayed: int
    conflicts: int


@dataclass(frozen=True, slots=True)
class _One:
    """An event with what the ledger knows it by."""

    event: TranslatedEvent
    bucket: date
    digests: tuple[str, ...]
    """The one to store, then those under keys that were replaced."""


async def record_translated(
    tools: GateTools, gate: Gate, delivery: Delivery, *, trust: Trust, now: datetime
) -> Recorded:
    """Record a delivery; raises DatabaseAway or Contended when it may be sent again.

    Of several events under one key the first stays; another content under a known key is kept as a remark.
    """
    ones = [_One(event, _bucket(event), tools.fingerprints.of(event.content)) for event in delivery.events]
    chunks = [ones[begin : begin + AT_ONCE] for begin in range(0, len(ones), AT_ONCE)] or [[]]
    counts = [0, 0, 0]
    for number, chunk in enumerate(chunks, 1):
        last = delivery if number == len(chunks) else None

        async def attempt(chunk: list[_One] = chunk, last: Delivery | None = last) -> Recorded:
            return await _attempt(tools, gate, chunk, last, trust=trust, now=now)

        buckets = {one.bucket for one in chunk}
        done = await in_ledger_transaction(tools.database, attempt, received=(now.date(),), buckets=buckets)
        for place, count in enumerate((done.new, done.replayed, done.conflicts)):
            counts[place] += count
    return Recorded(*counts)


async def _attempt(
    tools: GateTools, gate: Gate, chunk: list[_One], last: Delivery | None, *, trust: Trust, now: datetime
) -> Recorded:
    async with tools.database.connection() as connection, pipelined(connection):
        fresh, conflicts = await _sort_out(connection, gate, chunk)
        known = len(chunk) - len(fresh) - len(conflicts)
        judged: list[Judged] = []
        if fresh:
            judged = await _judge(connection, tools, gate, fresh, trust=trust, now=now)
            entries = [one.entry for one in judged]
            appended = await settle_append(connection, entries, await send_append(connection, entries))
            # Between the read above and the append somebody else may have been faster.
            late = [one for one, done in zip(fresh, appended, strict=True) if done.status == "conflict"]
            conflicts += late
            known += sum(1 for done in appended if done.status == "replayed")
            judged = [one for one, done in zip(judged, appended, strict=True) if done.status == "new"]
            days = {one.day for one in judged if one.day is not None}
            if days:
                await tools.fold_days(connection, days, now)
            await _remember_strangers(connection, gate, judged, fresh, now)
        remarks = [_conflict(one) for one in conflicts]
        if last is not None:
            remarks += last.remarks
        if judged or last is not None:
            remarks += await _touch(connection, gate, judged, last, now)
        await keep_remarks(connection, gate, remarks, now)
    return Recorded(len(judged), known, len(conflicts))


async def _touch(
    connection: Connection, gate: Gate, judged: Sequence[Judged], last: Delivery | None, now: datetime
) -> list[Remark]:
    """Note the sign of life, locking the device's row, and what came besides events; return what its count tells."""
    counts = last is not None and (bool(last.serials) or last.liveness.mac is not None)
    asked = await lock_count(connection, gate) if counts else None
    instants = [one.entry.occurred_at for one in judged if one.entry.time_quality != "quarantined"]
    skews: Sequence[float] = ()
    # What came before says nothing of the clock now.
    if last is not None and (judged or not last.events):
        skews = last.liveness.skews_s
        if last.liveness.doubtful_skews_s and await was_in_touch(connection, gate, now):
            skews = last.liveness.doubtful_skews_s
    await send_touch(connection, gate, now, skews_s=skews, last_event_at=max(instants, default=None))
    await leave_sign(connection, gate, now)
    if last is None:
        return []
    await keep_unread(connection, gate, last.envelope_id, last.unread, now)
    await keep_photos(connection, gate, last.photos, now)
    await keep_users(connection, gate, last.users, now)
    await tell_state(connection, gate, last.liveness, now)
    if last.envelope_id is not None:
        values = (last.whole, now, last.rows, len(last.unread), gate.project_id, last.envelope_id)
        await connection.execute(SETTLE_ENVELOPE, values)
    if asked is None:
        return []
    live = [one.entry.occurred_at for one in judged if "stored" not in one.entry.signals]
    # Of a delivery that was known already no number is new.
    serials = last.serials if judged or not last.events else ()
    told = Counts(serials, bool(judged), max(live, default=None))
    return await follow_serials(connection, gate, asked, told, mac=last.liveness.mac, now=now)


async def _sort_out(connection: Connection, gate: Gate, chunk: list[_One]) -> tuple[list[_One], list[_One]]:
    """Return the events that are not known yet, by key and each once, and those with other content under a key."""
    firsts: dict[tuple[date, str], _One] = {}
    conflicts: list[_One] = []
    for one in chunk:
        first = firsts.setdefault((one.bucket, one.event.event_key), one)
        if first.digests != one.digests:
            conflicts.append(one)
    ordered = [firsts[key] for key in sorted(firsts)]
    if not ordered:
        return [], conflicts
    found = await connection.execute(
        KNOWN,
        {
            "project_id": gate.project_id,
            "device_id": gate.device_id,
            "buckets": [one.bucket for one in ordered],
            "keys": [one.event.event_key for one in ordered],
        },
    )
    known: dict[int, str] = {row[0]: row[1] for row in await found.fetchall()}
    conflicts += [ordered[place] for place, before in known.items() if before not in ordered[place].digests]
    return [one for place, one in enumerate(ordered) if place not in known], conflicts


async def _judge(
    connection: Connection, tools: GateTools, gate: Gate, fresh: Sequence[_One], *, trust: Trust, now: datetime
) -> list[Judged]:
    reads = [_read_event(one.event, gate) for one in fresh]
    asked = await send_people(connection, gate.project_id, reads)
    tampered = await tampered_instants(connection, gate, [read.at for read in reads])
    people = await settle_people(asked)
    seal = await obtain_data_key(
        connection, tools.data_keys, gate.project_id, now, key_id=gate.data_key_id, wrapped=gate.wrapped_data_key
    )
    judge = Judge(gate, people, now, *seal, tools.fingerprints)
    days = _days(gate, await tampered())
    return [_marked(judge.judge(read), one, trust, days, gate) for read, one in zip(reads, fresh, strict=True)]


def _read_event(event: TranslatedEvent, gate: Gate) -> ReadEvent:
    """Return the event in the form of the native interface, its direction settled between wire and lane."""
    lane_decides = not event.direction_is_wired and gate.default_direction in {"in", "out"}
    return ReadEvent(
        GateEvent(
            device_event_id=event.event_key,
            seq=0,
            occurred_at=event.device_time,
            person=GatePerson(kind=event.number_kind, value=event.number),
            live=event.live,
            direction=None if lane_decides else event.wire_direction,
            granted=event.granted,
            method=event.method,
        ),
        event.at,
    )


def _marked(judged: Judged, one: _One, trust: Trust, tampered: set[date], gate: Gate) -> Judged:
    entry: Entry = judged.entry
    signals = (*entry.signals, *one.event.signals)
    if tampered and _day(gate, one.event.at) in tampered:
        signals = (*signals, TAMPERED)
    marked = msgspec.structs.replace(
        entry,
        bucket=one.bucket,
        payload_digest=one.digests[0],
        earlier_digests=one.digests[1:],
        trust=trust,
        signals=tuple(dict.fromkeys(signals)),
    )
    return Judged(marked, judged.day)


def _days(gate: Gate, instants: Iterable[datetime]) -> set[date]:
    return {day for at in instants if (day := _day(gate, at)) is not None}


def _day(gate: Gate, at: datetime) -> date | None:
    """Return the site's day of an instant; None at the calendar's edges, which have none."""
    try:
        return work_on(at, gate.time_zone, gate.cutover)
    except (OverflowError, ValueError):
        return None


def _bucket(event: TranslatedEvent) -> date:
    month = event.own_month
    return dedupe_bucket(event.at.replace(year=month.year, month=month.month, day=1))


def _conflict(one: _One) -> Remark:
    event = one.event
    detail = {"event_key": event.event_key, "device_time": event.device_time, "digest": one.digests[0]}
    key = f"conflict|{one.digests[0][:32]}|{event.event_key}"[:300]
    return Remark(kind="conflict", code="other_content", key=key, at=event.at, detail=detail)


async def _remember_strangers(
    connection: Connection, gate: Gate, judged: Sequence[Judged], fresh: Sequence[_One], now: datetime
) -> None:
    events = {(one.bucket, one.event.event_key): one.event for one in fresh}
    found = [
        Stranger(event.number_kind, event.number, one.entry.punch_id, one.entry.occurred_at)
        for one in judged
        if one.entry.person_id is None
        for event in (events[one.entry.bucket, one.entry.event_key],)
    ]
    await remember_strangers(connection, gate, found, now)
