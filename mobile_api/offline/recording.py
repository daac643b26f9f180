"""Writes what became of a transaction's calls, and gives every item its result after the commit."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Final, TypeAlias
from uuid import UUID

from backend.attendance.person_days import send_fold
from backend.kit.ids import id_instant, new_id
from backend.ledger.append import Connection, Cursor, send_append, settle_append
from backend.ledger.model import Appended, DayKey, Entry, dedupe_bucket
from mobile_api.offline.anchors import Anchor, instant
from mobile_api.offline.chains import Ranges, with_counters
from mobile_api.offline.examining import Fresh, ItemOutcome, ItemStatus, Known
from mobile_api.offline.items import ReadItem
from mobile_api.offline.reception import Opened, SignedCall
from mobile_api.offline.records import (
    Alarm,
    KeptClocks,
    KeptItem,
    KnownKey,
    Queue,
    Refusal,
    WantedReceipt,
    find_receipts,
    send_kept,
    settle_kept,
)
from mobile_api.photo_waits import Examined, PhotoName, PhotoWait, send_waits
from mobile_api.proof_waits import ProofWait, send_proof_waits
from mobile_api.proofs import Proofs

STATUSES: Final[dict[str, ItemStatus]] = {"recorded": "recorded", "online": "duplicate", "conflict": "conflict"}
"""What the phone is told of the statuses under which items are kept: a tap that had come in on line is no news."""

Place: TypeAlias = tuple[int, int]
"""Number of a call in its transaction, and of an item in its call."""


@dataclass(frozen=True, slots=True)
class JudgedItem:
    """An item on its way into the ledger."""

    fresh: Fresh
    entry: Entry
    day: DayKey | None
    waits: Sequence[PhotoWait] = ()
    proof_wait: ProofWait | None = None


@dataclass(slots=True)
class Round:
    """A transaction's work as it goes on."""

    calls: Sequence[SignedCall]
    opened: dict[int, list[Opened]]
    keys: Mapping[str, KnownKey]
    refusals: list[Refusal]
    queues: dict[str, Queue] = field(default_factory=dict[str, Queue])
    anchors: dict[int, dict[UUID, Anchor]] = field(default_factory=dict[int, dict[UUID, Anchor]])
    photos: Mapping[PhotoName, Examined] = field(default_factory=dict[PhotoName, Examined])
    fresh: dict[Place, Fresh] = field(default_factory=dict[Place, Fresh])
    known: dict[Place, Known] = field(default_factory=dict[Place, Known])
    judged: dict[Place, JudgedItem] = field(default_factory=dict[Place, JudgedItem])
    proofs: Proofs = field(default_factory=Proofs)
    outcomes: dict[Place, ItemOutcome] = field(default_factory=dict[Place, ItemOutcome])

    def phone_of(self, number: int) -> UUID:
        """Return the phone whose key signed a call."""
        return self.keys[self.calls[number].key_id].phone_id


async def write(connection: Connection, work: Round) -> tuple[list[Entry], Cursor, Cursor | None]:
    """Send everything that is new; of two items with one event id the one with the lower counter is it."""
    entries: list[Entry] = []
    kept: list[KeptItem] = []
    firsts: set[tuple[UUID, UUID, str]] = set()
    order = sorted(work.judged, key=lambda place: (work.judged[place].fresh.read.item.counter, place))
    for place in order:
        one = work.judged[place]
        name = (one.entry.project_id, one.entry.source_id, one.entry.event_key)
        if beaten := name in firsts:
            pass
        else:
            firsts.add(name)
            entries.append(one.entry)
        kept.append(_kept(one, beaten=beaten))
    appending = await send_append(connection, entries)
    await send_waits(connection, [wait for one in work.judged.values() for wait in one.waits])
    await send_proof_waits(connection, [one.proof_wait for one in work.judged.values() if one.proof_wait is not None])
    keeping = await send_kept(connection, kept, _note_seen(work), _alarms(work), work.refusals)
    days = [one.day for one in work.judged.values() if one.day is not None]
    await send_fold(connection, _merged(days), max(call.at for call in work.calls))
    return entries, appending, keeping


async def settle(
    connection: Connection, work: Round, entries: list[Entry], appending: Cursor, keeping: Cursor | None
) -> None:
    """Give every item its result, after the commit."""
    statuses = await settle_kept(keeping)
    appended = dict(
        zip(
            ((one.project_id, one.source_id, one.event_key) for one in entries),
            await settle_append(connection, entries, appending),
            strict=True,
        )
    )
    by_digest: dict[str, ItemOutcome] = {}
    for place, one in work.judged.items():
        done: Appended = appended[one.entry.project_id, one.entry.source_id, one.entry.event_key]
        status = statuses.get(one.fresh.read.digest, "conflict")
        outcome = _taken(one.fresh.read, STATUSES[status], done)
        work.outcomes[place] = by_digest[one.fresh.read.digest] = outcome
    wanted = [
        WantedReceipt(
            n=n,
            project_id=known.read.item.project_id,
            source_id=known.phone_id,
            bucket=bucket_of(known.read),
            event_key=str(known.read.item.event_id),
        )
        for n, known in enumerate(work.known.values())
    ]
    receipts = await find_receipts(connection, wanted)
    for n, (place, known) in enumerate(work.known.items()):
        status = known.status
        if status is None and known.read.digest in by_digest:
            status = by_digest[known.read.digest].status
        receipt = receipts.get(n)
        if receipt is None:
            # Its first copy stands in this very call, and was not recorded.
            first = next(
                one
                for other, one in work.outcomes.items()
                if other in work.fresh and work.fresh[other].read.digest == known.read.digest
            )
            work.outcomes[place] = first
            continue
        work.outcomes[place] = _taken(
            known.read, "conflict" if status == "conflict" else "duplicate", Appended("replayed", receipt)
        )


def _taken(read: ReadItem, status: ItemStatus, done: Appended) -> ItemOutcome:
    return ItemOutcome(
        status, read.item.event_id, read.item.counter, receipt=done.receipt, photos=tuple(read.item.photos)
    )


def rejected(fresh: Fresh, error: Exception) -> ItemOutcome:
    """Return the outcome of an item that was read but not recorded."""
    return ItemOutcome("rejected", fresh.read.item.event_id, fresh.read.item.counter, error=error)


def _kept(one: JudgedItem, *, beaten: bool) -> KeptItem:
    item, occurrence = one.fresh.read.item, one.fresh.occurrence
    return KeptItem(
        key_id=item.key,
        counter=item.counter,
        digest=one.fresh.read.digest,
        prev=item.prev,
        event_id=item.event_id,
        project_id=item.project_id,
        punch_id=one.entry.punch_id,
        source_id=one.fresh.phone_id,
        bucket=one.entry.bucket,
        beaten=beaten,
        received_at=one.entry.received_at,
        wall_at=instant(item.at),
        mono_ms=item.mono_ms,
        boot=item.boot,
        earliest_at=instant(occurrence.earliest),
        latest_at=instant(occurrence.latest),
        photos=item.photos,
        clocks=KeptClocks(held=one.fresh.held, sent=one.fresh.sent, clock=item.clock) if one.fresh.linked.gap else None,
    )


def _note_seen(work: Round) -> dict[str, Ranges]:
    """Take up the counters of what is recorded, and of nothing else that was looked at."""
    rejected = {place for place in work.fresh if place not in work.judged}
    changed: dict[str, Ranges] = {}
    for key_id, queue in work.queues.items():
        counters = [one.fresh.read.item.counter for one in work.judged.values() if one.fresh.read.item.key == key_id]
        if counters or rejected:
            queue.chain.seen = with_counters(queue.before, counters)
        if counters:
            changed[key_id] = queue.chain.seen
    return changed


def _alarms(work: Round) -> list[Alarm]:
    return [
        Alarm(
            id=new_id(one.entry.received_at),
            key_id=one.fresh.read.item.key,
            counter=one.fresh.read.item.counter,
            digest=one.fresh.read.digest,
            raised_at=one.entry.received_at,
        )
        for one in work.judged.values()
        if "counter_reused" in one.fresh.linked.doubts
    ]


def _merged(days: Sequence[DayKey]) -> list[DayKey]:
    """Return each day once, to be folded if any of its punches is new."""
    merged: dict[tuple[UUID, UUID, date], list[DayKey]] = {}
    for day in days:
        merged.setdefault((day.project_id, day.person_id, day.work_on), []).append(day)
    return [
        DayKey(
            same[0].project_id,
            same[0].person_id,
            same[0].work_on,
            same[0].from_at,
            same[0].to_at,
            if_any=tuple(punch_id for day in same for punch_id in day.if_any),
        )
        for same in merged.values()
    ]


def bucket_of(read: ReadItem) -> date:
    """Return the month in which an item's event id is looked for."""
    return dedupe_bucket(id_instant(read.item.event_id))
