"""Takes check-ins: simultaneous ones share one transaction of two network waits - one read, decisions, one write.

Waits on the database from the first byte to the answer: (1) BEGIN and the read go out together; (2) append, lock, fold
and COMMIT go out together. One more when a fence is not yet in this process's memory, two more when the event id was
taken already: its receipt and the day as it stands; one more for taps that name photos. The first punch of a project's
month makes its data key, which costs one more; so does a person who names no project and has several, or one that has
ended: had a first attempt chosen another project than this one would, the repetition would become a second punch.

What arrives while a transaction is under way makes up the next one (backend/kit/gathering.py): nobody waits for
company, and at rush hours a commit, a flush to disk and the planner's and executor's fixed costs are shared.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import msgspec
import psycopg

from backend.attendance.person_days import Day, DayOf, read_days, send_fold, settle_fold
from backend.evidence.photos.uses import Named
from backend.kit.clock import Clock
from backend.kit.crypto import DataKeys
from backend.kit.db import Database, pipelined
from backend.kit.errors import DatabaseAway
from backend.kit.gathering import Gathering
from backend.kit.guards import Actor
from backend.kit.ids import id_instant
from backend.ledger.append import Connection, find_taken, find_taken_on_any, send_append, settle_append
from backend.ledger.data_keys import month_of, obtain_data_key
from backend.ledger.errors import EventConflict
from backend.ledger.fingerprints import Fingerprints
from backend.ledger.model import Appended, DayKey, Entry, Receipt, dedupe_bucket
from backend.ledger.partitions import in_ledger_transaction
from backend.sites.model import day_bounds, work_on, zone_of
from geofences.cache import FenceCache
from mobile_api.errors import EventIdInvalid, SessionEnded, TooManyRefused
from mobile_api.judging import Tap, choose_project, is_fitting, judge, policy_of, worth_of
from mobile_api.photo_uses import send_taken_uses, uses_of
from mobile_api.photo_waits import Examined, PhotoName, PhotoWait, find_examined, send_waits, sort_photos, waits_of
from mobile_api.placing import read_fixes
from mobile_api.proofs import Proofs, again_if_taken
from mobile_api.reading import Asked, Reading, read_for_check_ins
from mobile_api.schemas import CheckInRequest

RETRY_REFUSED_S = 600
MOST_TOGETHER = 32
MOST_WAITING = 2_000
TRANSACTIONS_AT_ONCE = 1

# One row that somebody holds must not hold up everybody else's tap: past this each is tried alone, with the usual
# patience.
SHORT_PATIENCE = "SET LOCAL lock_timeout = '100ms'"


@dataclass(frozen=True, slots=True)
class CheckInResult:
    """What became of the tap, and the day as it stands now."""

    appended: Appended
    day: Day | None


@dataclass(frozen=True, slots=True)
class _Judged:
    """A tap on its way into the ledger; `key` names the day that it changes."""

    entry: Entry
    key: DayKey
    reading: Reading
    waits: Sequence[PhotoWait]
    uses: Sequence[Named]

    @property
    def day_of(self) -> DayOf:
        return self.key.project_id, self.key.person_id, self.key.work_on


_Outcome = CheckInResult | Exception


class CheckIns:
    """The desk of one process that takes check-ins: pools, fences in memory, data keys, clock, and who waits."""

    def __init__(
        self, database: Database, fences: FenceCache, data_keys: DataKeys, fingerprints: Fingerprints, clock: Clock
    ) -> None:
        """Take check-ins into `database`."""
        self._fingerprints = fingerprints
        self._database, self._fences, self._data_keys, self._clock = database, fences, data_keys, clock
        self._gathering: Gathering[Tap, CheckInResult] = Gathering(
            self._take_together,
            most=MOST_TOGETHER,
            at_once=TRANSACTIONS_AT_ONCE,
            most_waiting=MOST_WAITING,
            for_all=(DatabaseAway,),
        )

    async def take(self, actor: Actor, request: CheckInRequest) -> CheckInResult:
        """Judge and record a tap; durable when this returns.

        Raises EventIdInvalid, geofences' faults of a position, SessionEnded, ProjectUnknown, ProjectAmbiguous,
        TooManyRefused, EventConflict; DatabaseAway or Contended when nothing was written and the same request may be
        repeated.
        """
        try:
            bucket = dedupe_bucket(id_instant(request.event_id))
        except ValueError as error:
            raise EventIdInvalid from error
        tap = Tap(actor, request, read_fixes(request.fixes), self._clock.now(), bucket, self._fingerprints.of(request))
        return await self._gathering.submit(tap)

    async def finish(self) -> None:
        """Wait until every tap that was taken on is recorded."""
        await self._gathering.finish()

    async def _take_together(self, taps: Sequence[Tap], *, patient: bool) -> list[_Outcome]:
        async def attempt() -> list[_Outcome]:
            return await again_if_taken(lambda: self._attempt(taps, patient=patient))

        return await in_ledger_transaction(
            self._database,
            attempt,
            received={tap.at.date() for tap in taps},
            buckets={tap.bucket for tap in taps},
        )

    async def _attempt(self, taps: Sequence[Tap], *, patient: bool) -> list[_Outcome]:
        outcomes: dict[int, _Outcome] = {}
        judged: dict[int, _Judged] = {}
        proofs = Proofs()
        async with self._database.connection() as connection:
            async with pipelined(connection):
                if not patient:
                    await connection.execute(SHORT_PATIENCE)
                readings = await read_for_check_ins(connection, [_asked(n, tap) for n, tap in enumerate(taps)])
                examined = await find_examined(connection, _named_photos(taps, readings))
                for place, tap in enumerate(taps):
                    try:
                        one = await self._judge(connection, tap, readings.get(place), proofs, examined)
                    except psycopg.Error:
                        raise  # the transaction is lost, for all of them
                    except Exception as error:  # noqa: BLE001 - it is this tap's, and nobody else's
                        outcomes[place] = error
                    else:
                        if isinstance(one, _Judged):
                            judged[place] = one
                        else:
                            outcomes[place] = one
                entries = [one.entry for one in judged.values()]
                appending = await send_append(connection, entries)
                await send_waits(connection, [wait for one in judged.values() for wait in one.waits])
                await send_taken_uses(connection, [use for one in judged.values() for use in one.uses], taps[-1].at)
                folding = await send_fold(connection, _merged(judged.values()), max(tap.at for tap in taps))
            appended = await settle_append(connection, entries, appending)
            days = await settle_fold(folding)
            settled = list(zip(judged.items(), appended, strict=True))
            repeated = {_day_of(one.reading, done.receipt) for (_, one), done in settled if done.status == "replayed"}
            days |= await read_days(connection, repeated - days.keys())
            outcomes |= {place: _outcome(one, done, days) for (place, one), done in settled}
        return [outcomes[place] for place in range(len(taps))]

    async def _judge(
        self,
        connection: Connection,
        tap: Tap,
        readings: list[Reading] | None,
        proofs: Proofs,
        examined: Mapping[PhotoName, Examined],
    ) -> _Judged | CheckInResult:
        if readings is None:
            raise SessionEnded
        # With one project, still in force, the append itself finds a repetition; else it might be looked for elsewhere,
        # or not at all.
        if tap.request.project_id is None and not (len(readings) == 1 and is_fitting(readings[0], tap.at)):
            known = await _find_repeated(connection, tap, readings)
            if known is not None:
                return known
        reading = choose_project(readings, tap.request.project_id, tap.at)
        policy = policy_of(reading)
        held = await self._fences.get(connection, reading.project_id, reading.fence_version_ids)
        local = tap.at.astimezone(zone_of(reading.time_zone)).time()
        fences = [one.fence for one in held if one.is_open(local)]
        seal = await obtain_data_key(
            connection,
            self._data_keys,
            reading.project_id,
            tap.at,
            key_id=reading.key_id,
            wrapped=reading.wrapped,
        )
        day = work_on(tap.at, reading.time_zone, reading.cutover)
        event = (reading.project_id, reading.phone_id or tap.actor.account_id, str(tap.request.event_id))
        presence = worth_of(tap.proof_id, reading, tap.at, tap.at, taken=proofs.is_taken(tap.proof_id, event))
        photos = sort_photos(reading.person_id, tap.photos, examined)
        entry = judge(tap, reading, day, policy, fences, seal, presence=presence, photos=photos)
        if reading.refused_lately >= policy.refused_per_hour and await find_taken(connection, entry) is None:
            raise TooManyRefused(retry_after_s=RETRY_REFUSED_S)
        proofs.take(entry)
        from_at, to_at = day_bounds(day, reading.time_zone, reading.cutover)
        key = DayKey(reading.project_id, reading.person_id, day, from_at, to_at, if_any=(entry.punch_id,))
        return _Judged(entry, key, reading, waits_of(entry, photos.outstanding), uses_of(entry, tap.photos, day))


def _asked(n: int, tap: Tap) -> Asked:
    actor, request = tap.actor, tap.request
    month = month_of(tap.at)
    return Asked(n, actor.account_id, actor.family_id, request.project_id, tap.at, month, tap.proof_id)


def _named_photos(taps: Sequence[Tap], readings: Mapping[int, Sequence[Reading]]) -> list[PhotoName]:
    found = ((tap, readings.get(place)) for place, tap in enumerate(taps) if tap.photos)
    return [(read[0].person_id, photo) for tap, read in found if read for photo in tap.photos]


def _merged(judged: Iterable[_Judged]) -> list[DayKey]:
    """Return each day once, to be folded if any of its punches is new."""
    merged: dict[DayOf, DayKey] = {}
    for one in judged:
        known = merged.get(one.day_of)
        merged[one.day_of] = (
            one.key if known is None else msgspec.structs.replace(known, if_any=(*known.if_any, one.entry.punch_id))
        )
    return list(merged.values())


def _outcome(one: _Judged, done: Appended, days: dict[DayOf, Day]) -> _Outcome:
    if done.status == "conflict":
        return EventConflict(punch_id=str(done.receipt.punch_id))
    return CheckInResult(done, days.get(_day_of(one.reading, done.receipt)))


async def _find_repeated(connection: Connection, tap: Tap, readings: list[Reading]) -> CheckInResult | None:
    """Return the first answer to a tap that one of the person's projects has taken; raises EventConflict."""
    if not readings:
        return None
    source_id, event_key = readings[0].phone_id or tap.actor.account_id, str(tap.request.event_id)
    by_project = {reading.project_id: reading for reading in readings}
    taken = await find_taken_on_any(connection, by_project, source_id, tap.bucket, event_key)
    if not taken:
        return None
    receipt = next((taken[one] for one in tap.digests if one in taken), None)
    if receipt is None:
        raise EventConflict(punch_id=str(next(iter(taken.values())).punch_id))
    day_of = _day_of(by_project[receipt.project_id], receipt)
    return CheckInResult(Appended("replayed", receipt), (await read_days(connection, (day_of,))).get(day_of))


def _day_of(reading: Reading, receipt: Receipt) -> DayOf:
    on = work_on(receipt.occurred_at, reading.time_zone, reading.cutover)
    return reading.project_id, reading.person_id, on
