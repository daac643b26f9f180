"""Takes phones' queues: calls that come in together share one transaction, and every item has a result of its own.

Waits on the database: (1) keys that are not in memory; (2) BEGIN, the queues' locks and links; (3) what held at the
items' instants; (4) append, items, days and COMMIT. Repetitions ask for their receipts instead of (3). One more when a
fence is not in memory, when a month's data key is made, when an event id was taken already, when items name photos, and
when a site's policy trusts clocks differently than the default.
"""

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, replace

import psycopg
import structlog

from backend.decision.policy import DEFAULT_POLICY
from backend.kit.clock import Clock
from backend.kit.crypto import DataKeys
from backend.kit.db import Database, pipelined
from backend.kit.errors import Contended, DaogangError, DatabaseAway, InternalFault
from backend.kit.gathering import Gathering
from backend.ledger.append import Connection, Cursor
from backend.ledger.data_keys import month_of
from backend.ledger.model import Entry
from backend.ledger.partitions import in_ledger_transaction
from geofences.cache import FenceCache
from mobile_api.check_in import SHORT_PATIENCE
from mobile_api.judging import policy_of
from mobile_api.offline.anchors import Anchors, Pack, instant
from mobile_api.offline.chains import missing, neighbours
from mobile_api.offline.examining import Examined, Fresh, ItemOutcome, Known, examine
from mobile_api.offline.gaps import close_gaps
from mobile_api.offline.items import ReadItem
from mobile_api.offline.reception import Faulty, Opened, SignedCall, faults, held_anchors, named_keys, open_call
from mobile_api.offline.recording import Place, Round, bucket_of, rejected, settle, write
from mobile_api.offline.records import (
    KnownKey,
    Refusal,
    find_keys,
    lock_queues,
    refusals_of,
)
from mobile_api.offline.schemas import AnchorOut
from mobile_api.offline.weighing import weigh, witness_of
from mobile_api.photo_waits import find_examined
from mobile_api.proofs import again_if_taken
from mobile_api.reading import AskedItem, Reading, read_for_items

log = structlog.get_logger()

MOST_TOGETHER = 12
"""Calls in one transaction; a phone that comes back brings some twenty items."""
MOST_WAITING = 500
TRANSACTIONS_AT_ONCE = 1
KEYS_IN_MEMORY = 1024
"""A key and its anchors take some 5 kB, and phones that come back rarely call often enough to find theirs."""


@dataclass(frozen=True, slots=True)
class SyncOutcome:
    """What became of a call: a result for each item, closed ranges of counters that never came in, a new anchor."""

    results: Sequence[ItemOutcome]
    highest: int
    missing: Sequence[tuple[int, int]]
    anchor: AnchorOut | None


class Syncs:
    """The desk of one process that takes queues: pools, fences and keys in memory, anchors, clock, and who waits."""

    def __init__(
        self, database: Database, fences: FenceCache, data_keys: DataKeys, anchors: Anchors, clock: Clock
    ) -> None:
        """Take queues into `database`."""
        self._database, self._fences, self._data_keys = database, fences, data_keys
        self._anchors, self._clock = anchors, clock
        self._keys: OrderedDict[str, KnownKey] = OrderedDict()
        self._gathering: Gathering[SignedCall, SyncOutcome] = Gathering(
            self._take_together,
            most=MOST_TOGETHER,
            at_once=TRANSACTIONS_AT_ONCE,
            most_waiting=MOST_WAITING,
            for_all=(DatabaseAway,),
        )

    async def take(self, call: SignedCall) -> SyncOutcome:
        """Judge and record a call's items; durable when this returns.

        Raises KeyUnknown or SignatureWrong; DatabaseAway or Contended when nothing was written and the same call may be
        repeated.
        """
        return await self._gathering.submit(call)

    async def finish(self) -> None:
        """Wait until every call that was taken on is through."""
        await self._gathering.finish()

    async def _take_together(self, calls: Sequence[SignedCall], *, patient: bool) -> list[SyncOutcome | Exception]:
        keys = await self._obtain_keys({key for call in calls for key in named_keys(call)})
        errors: dict[int, Exception] = {}
        opened: dict[int, list[Opened]] = {}
        refusals: list[Refusal] = []
        for number, call in enumerate(calls):
            try:
                opened[number] = open_call(call, keys)
            except DaogangError as error:
                errors[number] = error
                if call.key_id in keys:
                    refusals += refusals_of(call.key_id, [error.code], call.at)
            else:
                refusals += refusals_of(call.key_id, faults(opened[number]), call.at)

        async def attempt() -> list[SyncOutcome | Exception]:
            work = Round(calls, opened, keys, list(refusals))
            async with self._database.connection() as connection:
                async with pipelined(connection):
                    if not patient:
                        await connection.execute(SHORT_PATIENCE)
                    sent = await self._record(connection, work)
                await settle(connection, work, *sent)
            return [errors.get(number) or self._outcome(work, number) for number in range(len(calls))]

        if not opened and not refusals:
            return [errors[number] for number in range(len(calls))]
        return await in_ledger_transaction(
            self._database,
            lambda: again_if_taken(attempt),
            received={call.at.date() for call in calls},
            buckets={bucket_of(one) for items in opened.values() for one in items if isinstance(one, ReadItem)},
        )

    async def _obtain_keys(self, named: set[str]) -> dict[str, KnownKey]:
        unknown = named - self._keys.keys()
        if unknown:
            async with self._database.connection() as connection:
                self._keys.update(await find_keys(connection, unknown))
        found: dict[str, KnownKey] = {}
        for key_id in named & self._keys.keys():
            self._keys.move_to_end(key_id)
            found[key_id] = self._keys[key_id]
        while len(self._keys) > KEYS_IN_MEMORY:
            self._keys.popitem(last=False)
        return found

    async def _record(self, connection: Connection, work: Round) -> tuple[list[Entry], Cursor, Cursor | None]:
        """Examine, judge and write; what is returned has been sent, and is settled after the commit."""
        counters: dict[str, list[int]] = {call.key_id: [] for call in work.calls if call.key_id in _keys_of(work)}
        for items in work.opened.values():
            for one in items:
                if isinstance(one, ReadItem):
                    counters.setdefault(one.item.key, []).append(one.item.counter)
        work.queues = await lock_queues(connection, neighbours(counters))
        self._examine(work)
        readings = await self._read(connection, work)
        named = ((reading.person_id, one) for reading, fresh in readings.values() for one in fresh.read.item.photos)
        work.photos = await find_examined(connection, named)
        for place, fresh in sorted(work.fresh.items()):
            try:
                judged = await weigh(
                    connection, work, place, readings.get(place), fences=self._fences, data_keys=self._data_keys
                )
            except psycopg.Error:
                raise  # the transaction is lost, for all of them
            except (Contended, DatabaseAway):
                raise
            except DaogangError as error:
                work.outcomes[place] = rejected(fresh, error)
                work.refusals += refusals_of(work.calls[place[0]].key_id, [error.code], work.calls[place[0]].at)
            except Exception:
                # One bad item never spoils the others; whatever is wrong with it, it is ours to mend.
                log.exception("sync.item")
                work.outcomes[place] = rejected(fresh, InternalFault())
            else:
                work.judged[place] = judged
        sent = await write(connection, work)
        await close_gaps(connection, work, max(call.at for call in work.calls))
        return sent

    def _examine(self, work: Round) -> None:
        for number, items in work.opened.items():
            call = work.calls[number]
            work.anchors[number] = held_anchors(call, work.phone_of(number), self._anchors)
            examined: list[Examined] = examine(
                items,
                phone_id=work.phone_of(number),
                sent=call.sent,
                anchors=work.anchors[number],
                queues=work.queues,
                tolerance=DEFAULT_POLICY.max_clock_error_s * 1000,
            )
            codes: list[str] = []
            for place, one in enumerate(examined):
                if isinstance(one, Fresh):
                    work.fresh[number, place] = one
                elif isinstance(one, Known):
                    work.known[number, place] = one
                else:
                    work.outcomes[number, place] = ItemOutcome("rejected", one.event_id, one.counter, error=one.error)
                    if not isinstance(items[place], Faulty):
                        codes.append(one.error.code)
            work.refusals += refusals_of(call.key_id, codes, call.at)

    async def _read(self, connection: Connection, work: Round) -> dict[Place, tuple[Reading, Fresh]]:
        """Read what held at each item's instant; again where the site's policy or a scanned code moves an instant."""
        places = sorted(work.fresh)
        asked = [_asked(n, work.fresh[place], work.calls[place[0]]) for n, place in enumerate(places)]
        found = await read_for_items(connection, asked)
        moved: list[AskedItem] = []
        for n, reading in found.items():
            tolerance = policy_of(reading).max_clock_error_s
            fresh = work.fresh[places[n]]
            witness = witness_of(reading, fresh)
            if tolerance != DEFAULT_POLICY.max_clock_error_s or witness is not None:
                occurrence = fresh.occurred(tolerance * 1000, witness)
                work.fresh[places[n]] = replace(fresh, occurrence=occurrence)
                if occurrence.at != fresh.occurrence.at:
                    moved.append(_asked(n, work.fresh[places[n]], work.calls[places[n][0]]))
        found |= await read_for_items(connection, moved)
        return {places[n]: (reading, work.fresh[places[n]]) for n, reading in found.items()}

    def _outcome(self, work: Round, number: int) -> SyncOutcome:
        call = work.calls[number]
        seen = work.queues[call.key_id].chain.seen
        newest = max(
            (anchor for anchor in work.anchors[number].values() if instant(anchor.expires_at) > call.at),
            key=lambda anchor: anchor.known_at,
            default=None,
        )
        anchor = None
        if newest is not None and not call.exported:
            pack = Pack(newest.pack_id, newest.known_at, newest.expires_at)
            anchor = self._anchors.make(work.phone_of(number), pack, self._clock.now())
        return SyncOutcome(
            results=[work.outcomes[number, place] for place in range(len(work.opened[number]))],
            highest=seen[-1][1] - 1 if seen else 0,
            missing=missing(seen),
            anchor=anchor,
        )


def _asked(n: int, fresh: Fresh, call: SignedCall) -> AskedItem:
    occurrence, anchor = fresh.occurrence, fresh.anchor
    still_good = anchor is not None and occurrence.earliest <= anchor.expires_at
    return AskedItem(
        n=n,
        phone_id=fresh.phone_id,
        project_id=fresh.read.item.project_id,
        at=instant(occurrence.at),
        earliest=instant(occurrence.earliest),
        latest=instant(occurrence.latest),
        known_at=instant(anchor.known_at) if anchor is not None and still_good else None,
        month=month_of(call.at),
        proof_id=fresh.read.item.proof_id,
    )


def _keys_of(work: Round) -> set[str]:
    return {work.calls[number].key_id for number in work.opened}
