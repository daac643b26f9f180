"""Holds the items of a call against what is known of their queues: which are new, and when they were made (pure)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal
from uuid import UUID

from backend.decision.occurrence import Before, Held, Occurrence, Sent, Witness, find_occurrence
from backend.ledger.model import Receipt
from mobile_api.offline.anchors import Anchor, instant
from mobile_api.offline.chains import Link, Linked
from mobile_api.offline.errors import ChainTruncated, CounterLeap
from mobile_api.offline.items import ReadItem
from mobile_api.offline.reception import Faulty, Opened, held_of
from mobile_api.offline.records import Queue


@dataclass(frozen=True, slots=True)
class Fresh:
    """An item that is not known yet, with its place in the chain and the instant as far as it can be told."""

    read: ReadItem
    phone_id: UUID
    sent: Sent
    held: Held | None
    anchor: Anchor | None
    linked: Linked
    occurrence: Occurrence
    key_ended: bool

    def occurred(self, tolerance: int, witness: Witness | None = None) -> Occurrence:
        """Return when it happened, for a wall clock that may be off by `tolerance` milliseconds."""
        whole = not self.linked.gap and not self.linked.doubts
        return find_occurrence(
            self.read.item.made,
            self.held,
            self.sent,
            self.linked.before,
            whole=whole,
            tolerance=tolerance,
            witness=witness,
        )


@dataclass(frozen=True, slots=True)
class Known:
    """An item that came in before; `status` is that of its first time, None if that was a moment ago in this call."""

    read: ReadItem
    phone_id: UUID
    status: str | None


ItemStatus = Literal["recorded", "duplicate", "conflict", "rejected"]
Examined = Fresh | Known | Faulty


@dataclass(frozen=True, slots=True)
class ItemOutcome:
    """What became of an item: its receipt, or why it was not recorded."""

    status: ItemStatus
    event_id: UUID | None
    counter: int | None
    receipt: Receipt | None = None
    error: Exception | None = None
    photos: Sequence[str] = ()


def examine(
    opened: Sequence[Opened],
    *,
    phone_id: UUID,
    sent: Sent,
    anchors: Mapping[UUID, Anchor],
    queues: Mapping[str, Queue],
    tolerance: int,
) -> list[Examined]:
    """Examine a call's items in the order of their counters, whatever their order in the call; results in its order."""
    examined: dict[int, Examined] = {}
    places = range(len(opened))
    for place in sorted(places, key=lambda place: _counter_of(opened[place])):
        one = opened[place]
        examined[place] = (
            one if isinstance(one, Faulty) else _examine(one, phone_id, sent, anchors, queues[one.item.key], tolerance)
        )
    return [examined[place] for place in places]


def _counter_of(opened: Opened) -> int:
    return 0 if isinstance(opened, Faulty) else opened.item.counter


def _examine(
    read: ReadItem, phone_id: UUID, sent: Sent, anchors: Mapping[UUID, Anchor], queue: Queue, tolerance: int
) -> Examined:
    item, chain = read.item, queue.chain
    linked = chain.examine(item.counter, item.prev, read.digest)
    if linked.repeated:
        return Known(read, phone_id, queue.statuses.get(read.digest))
    if chain.is_truncated(item.counter, item.prev):
        return Faulty(ChainTruncated(), item.event_id, item.counter)
    if chain.leaps(item.counter):
        return Faulty(CounterLeap(highest=chain.highest), item.event_id, item.counter)
    anchor = None if item.anchor is None else anchors.get(item.anchor.id)
    held = held_of(read, anchors)
    occurrence = find_occurrence(
        item.made, held, sent, linked.before, whole=not linked.gap and not linked.doubts, tolerance=tolerance
    )
    chain.add(Link(item.counter, item.prev, read.digest, Before(item.made.reading, occurrence.earliest)))
    ended = queue.ended_at is not None and instant(occurrence.earliest) > queue.ended_at
    return Fresh(read, phone_id, sent, held, anchor, linked, occurrence, ended)
