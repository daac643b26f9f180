"""Takes a signed batch into the ledger: everything of it in one transaction, no statement per item.

Waits on the database: (1) the key; (2) BEGIN, nonce and people together; (3) append; (4) days and the device's row
together; (5) its sequence numbers and COMMIT. One more for each part with an event that was known already, two more in
the month's first batch of a project.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from backend.gates.authentication import SignedRequest, authenticate, send_nonce, settle_nonce
from backend.gates.errors import ItemConflict, ItemMalformed
from backend.gates.events import FaultyItem, ReadEvent, ReadItem, read_batch
from backend.gates.judging import Judge, Judged
from backend.gates.model import Gate
from backend.gates.people import send_people, settle_people
from backend.gates.photo_uses import send_gate_uses
from backend.gates.schemas import EventResult, EventsAnswer
from backend.gates.state import send_seqs, send_touch, settle_touch
from backend.gates.strangers import Stranger, remember_strangers
from backend.gates.tools import GateTools
from backend.kit.db import pipelined
from backend.kit.pipelines import send_now
from backend.ledger.append import MANY, Connection, Cursor, send_append, settle_append
from backend.ledger.data_keys import obtain_data_key
from backend.ledger.model import Appended, Entry, dedupe_bucket
from backend.ledger.partitions import in_ledger_transaction

PART_ENDS: Final = (64, 200)
"""Where batches are cut: judging an event takes about half as long as writing it."""


@dataclass(frozen=True, slots=True)
class _Batch:
    request: SignedRequest
    clock_now: datetime
    items: list[ReadItem]
    events: list[ReadEvent]


async def take_events(tools: GateTools, request: SignedRequest) -> EventsAnswer:
    """Verify, judge and record a batch; durable when this returns.

    Raises what `authenticate` raises, NonceReplayed, BodyTooLarge, MalformedBody or InvalidBody (of the envelope);
    DatabaseAway or Contended when nothing was written and the batch may be sent again.
    """
    now = tools.clock.now()
    async with tools.database.connection() as connection:
        gate = await authenticate(connection, tools.secrets, request, now)
    envelope, items = read_batch(request.body)
    events = [item for item in items if isinstance(item, ReadEvent)]
    batch = _Batch(request, envelope.clock_now, items, events)

    async def attempt() -> EventsAnswer:
        return await _attempt(tools, gate, batch, now)

    buckets = {dedupe_bucket(read.at) for read in events}
    return await in_ledger_transaction(tools.database, attempt, received=(now.date(),), buckets=buckets)


async def _attempt(tools: GateTools, gate: Gate, batch: _Batch, now: datetime) -> EventsAnswer:
    async with tools.database.connection() as connection, pipelined(connection):
        nonce = await send_nonce(connection, batch.request.signature, now)
        judged: list[Judged] = []
        appended: list[Appended] = []
        if batch.events:
            asked = await send_people(connection, gate.project_id, batch.events)
            await settle_nonce(nonce)
            people = await settle_people(asked)
            seal = await obtain_data_key(
                connection,
                tools.data_keys,
                gate.project_id,
                now,
                key_id=gate.data_key_id,
                wrapped=gate.wrapped_data_key,
            )
            judged, appended = await _append(
                connection, Judge(gate, people, now, *seal, tools.fingerprints), batch.events
            )
            await send_gate_uses(connection, gate, _with_photos(batch, judged, appended), now)
        else:
            await settle_nonce(nonce)
        days = {
            one.day for one, done in zip(judged, appended, strict=True) if done.status == "new" and one.day is not None
        }
        if days:
            await tools.fold_days(connection, days, now)
        await remember_strangers(connection, gate, _strangers(batch, judged, appended), now)
        touched = await send_touch(
            connection,
            gate,
            now,
            skews_s=((now - batch.clock_now).total_seconds(),),
            last_event_at=_last_event_at(judged, appended),
        )
        await send_now(connection)
        results = _results(batch, judged, appended)
        _, seen = await settle_touch(touched)
        fresh, settled = _seqs(batch, appended)
        expected = await send_seqs(connection, gate, seen, fresh, settled)
    return EventsAnswer(results=results, next_expected_seq=expected, server_time=now)


async def _append(
    connection: Connection, judge: Judge, events: Sequence[ReadEvent]
) -> tuple[list[Judged], list[Appended]]:
    """Judge and append the events in parts: PostgreSQL writes one while the next is judged.

    The parts follow the keys, because keys are locked in their order.
    """
    order = sorted(range(len(events)), key=lambda place: _key(events[place]))
    judged: dict[int, Judged] = {}
    sent: list[tuple[list[int], list[Entry], Cursor]] = []
    for part in _parts(order):
        judged |= {place: judge.judge(events[place]) for place in part}
        for places in _waves(part, judged):
            entries = [judged[place].entry for place in places]
            sent.append((places, entries, await send_append(connection, entries)))
        await send_now(connection)
    appended: dict[int, Appended] = {}
    for places, entries, cursor in sent:
        appended.update(zip(places, await settle_append(connection, entries, cursor), strict=True))
    places = range(len(events))
    return [judged[place] for place in places], [appended[place] for place in places]


def _with_photos(batch: _Batch, judged: Sequence[Judged], appended: Sequence[Appended]) -> list[tuple[Entry, str]]:
    return [
        (one.entry, read.event.photo_sha256)
        for read, one, done in zip(batch.events, judged, appended, strict=True)
        if done.status == "new" and read.event.photo_sha256 is not None
    ]


def _key(read: ReadEvent) -> tuple[date, str]:
    return dedupe_bucket(read.at), read.event.device_event_id


def _parts(order: Sequence[int]) -> Iterator[Sequence[int]]:
    """Cut a batch into parts: a small one first, so that PostgreSQL has something to do soon, then larger ones."""
    begin = 0
    for end in PART_ENDS:
        if len(order) - end < MANY:
            break
        yield order[begin:end]
        begin = end
    yield order[begin:]


def _waves(part: Iterable[int], judged: Mapping[int, Judged]) -> Iterable[list[int]]:
    """Put the second content of an event id after the first: of two within a part the first one sent wins."""
    firsts: dict[tuple[date, str], str] = {}
    waves: tuple[list[int], list[int]] = ([], [])
    for place in part:
        entry = judged[place].entry
        digest = firsts.setdefault((entry.bucket, entry.event_key), entry.payload_digest)
        waves[0 if digest == entry.payload_digest else 1].append(place)
    return filter(None, waves)


def _strangers(batch: _Batch, judged: Iterable[Judged], appended: Iterable[Appended]) -> list[Stranger]:
    return [
        Stranger(person.kind, person.value, one.entry.punch_id, one.entry.occurred_at)
        for read, one, done in zip(batch.events, judged, appended, strict=True)
        if done.status == "new" and one.entry.person_id is None
        for person in (read.event.person,)
        if person.kind != "person"
    ]


def _last_event_at(judged: Iterable[Judged], appended: Iterable[Appended]) -> datetime | None:
    instants = (
        one.entry.occurred_at
        for one, done in zip(judged, appended, strict=True)
        if done.status == "new" and one.entry.time_quality != "quarantined"
    )
    return max(instants, default=None)


def _seqs(batch: _Batch, appended: Sequence[Appended]) -> tuple[list[int], list[int]]:
    fresh: list[int] = []
    settled: list[int] = [item.seq for item in batch.items if isinstance(item, FaultyItem) and item.seq is not None]
    for read, done in zip(batch.events, appended, strict=True):
        if done.status != "replayed":
            (fresh if done.status == "new" else settled).append(read.event.seq)
    return fresh, settled


def _results(batch: _Batch, judged: Sequence[Judged], appended: Sequence[Appended]) -> list[EventResult]:
    done = iter(zip(judged, appended, strict=True))
    return [
        EventResult(
            device_event_id=item.device_event_id, status="rejected", reason=ItemMalformed.code, detail=item.message
        )
        if isinstance(item, FaultyItem)
        else _result(*next(done))
        for item in batch.items
    ]


def _result(judged: Judged, done: Appended) -> EventResult:
    entry, receipt = judged.entry, done.receipt
    if done.status == "conflict":
        return EventResult(
            device_event_id=entry.event_key, status="conflict", reason=ItemConflict.code, punch_id=receipt.punch_id
        )
    recorded = "quarantined" if entry.time_quality == "quarantined" else "accepted"
    return EventResult(
        device_event_id=entry.event_key,
        status="duplicate" if done.status == "replayed" else recorded,
        outcome=receipt.outcome,
        reason=None if receipt.outcome == "counted" else str(receipt.reasons[0]["code"]),
        punch_id=receipt.punch_id,
    )
