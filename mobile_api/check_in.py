"""One check-in: one read, a pure decision, one write, in one transaction of two network waits.

Waits on the database from the first byte to the answer: (1) BEGIN and the read go out together; (2) append, lock, fold
and COMMIT go out together. One more when a fence is not yet in this process's memory, two more when the event id was
taken already: its receipt and the day as it stands. The first punch of a project's month makes its data key, which
costs one more; so does a person of several projects who names none: had a first attempt chosen another project than
this one would, the repetition would become a second punch.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

import msgspec

from backend.attendance.person_days import Day, read_day, send_fold, settle_fold
from backend.decision.checkin import CheckInFacts, decide_check_in
from backend.decision.placement import Placement
from backend.decision.policy import DEFAULT_POLICY, DEFAULT_VERSION, Signal, SitePolicy
from backend.kit.canonical import canonical_bytes, digest
from backend.kit.clock import Clock
from backend.kit.crypto import DataKeys
from backend.kit.db import Database, pipelined
from backend.kit.guards import Actor
from backend.kit.ids import id_instant, new_id
from backend.ledger.append import Connection, find_taken, find_taken_on_any, send_append, settle_append
from backend.ledger.data_keys import MonthKey, month_of, obtain_data_key
from backend.ledger.errors import EventConflict
from backend.ledger.model import Appended, DayKey, Entry, Receipt, dedupe_bucket
from backend.ledger.partitions import in_ledger_transaction
from backend.sites.model import day_bounds, work_on, zone_of
from geofences.cache import FenceCache
from geofences.choice import Fix
from geofences.coordinates import CoordinateSystem
from geofences.evaluation import Fence
from mobile_api.errors import EventIdInvalid, ProjectAmbiguous, ProjectUnknown, SessionEnded, TooManyRefused
from mobile_api.placing import fix_signals, place, read_fixes
from mobile_api.reading import Reading, read_for_check_in
from mobile_api.schemas import CheckInRequest

RETRY_REFUSED_S = 600


@dataclass(frozen=True, slots=True)
class CheckInResult:
    """What became of the tap, and the day as it stands now."""

    appended: Appended
    day: Day | None


@dataclass(frozen=True, slots=True)
class Tap:
    """One request as it came in: who, what, the fixes in WGS-84, when by our clock, and its dedupe bucket."""

    actor: Actor
    request: CheckInRequest
    fixes: Sequence[tuple[Fix, CoordinateSystem]]
    at: datetime
    bucket: date


@dataclass(frozen=True, slots=True)
class CheckInTools:
    """What a check-in needs besides the request: pools, fences in memory, data keys and the clock."""

    database: Database
    fences: FenceCache
    data_keys: DataKeys
    clock: Clock


async def check_in(tools: CheckInTools, actor: Actor, request: CheckInRequest) -> CheckInResult:
    """Judge and record a tap; durable when this returns.

    Raises EventIdInvalid, geofences' faults of a position, SessionEnded, ProjectUnknown, ProjectAmbiguous,
    TooManyRefused, EventConflict; DatabaseAway or Contended when nothing was written and the same request may be
    repeated.
    """
    try:
        bucket = dedupe_bucket(id_instant(request.event_id))
    except ValueError as error:
        raise EventIdInvalid from error
    tap = Tap(actor, request, read_fixes(request.fixes), tools.clock.now(), bucket)

    async def attempt() -> CheckInResult:
        return await _attempt(tools, tap)

    return await in_ledger_transaction(tools.database, attempt, received=tap.at.date(), buckets=(bucket,))


async def _attempt(tools: CheckInTools, tap: Tap) -> CheckInResult:
    async with tools.database.connection() as connection:
        async with pipelined(connection):
            alive, readings = await read_for_check_in(
                connection,
                account_id=tap.actor.account_id,
                family_id=tap.actor.family_id,
                project_id=tap.request.project_id,
                now=tap.at,
                month=month_of(tap.at),
            )
            if not alive:
                raise SessionEnded
            if tap.request.project_id is None and len(readings) > 1:
                known = await _find_repeated(connection, tap, readings)
                if known is not None:
                    return known
            reading = choose_project(readings, tap.request.project_id, tap.at)
            policy = _policy_of(reading)
            held = await tools.fences.get(connection, reading.project_id, reading.fence_version_ids)
            local = tap.at.astimezone(zone_of(reading.time_zone)).time()
            fences = [one.fence for one in held if one.is_open(local)]
            seal = await obtain_data_key(
                connection,
                tools.data_keys,
                reading.project_id,
                tap.at,
                key_id=reading.key_id,
                wrapped=reading.wrapped,
            )
            day = work_on(tap.at, reading.time_zone, reading.cutover)
            entry = judge(tap, reading, day, policy, fences, seal)
            if reading.refused_lately >= policy.refused_per_hour and await find_taken(connection, entry) is None:
                raise TooManyRefused(retry_after_s=RETRY_REFUSED_S)
            appending = await send_append(connection, (entry,))
            from_at, to_at = day_bounds(day, reading.time_zone, reading.cutover)
            key = DayKey(reading.project_id, reading.person_id, day, from_at, to_at, if_punch=entry.punch_id)
            folding = await send_fold(connection, (key,), tap.at)
        (appended,) = await settle_append(connection, (entry,), appending)
        if appended.status == "conflict":
            raise EventConflict(punch_id=str(appended.receipt.punch_id))
        if appended.status == "replayed":
            return CheckInResult(appended, await _day_of(connection, reading, appended.receipt))
        (folded,) = await settle_fold(folding)
    return CheckInResult(appended, folded)


async def _find_repeated(connection: Connection, tap: Tap, readings: list[Reading]) -> CheckInResult | None:
    """Return the first answer to a tap that one of the person's projects has taken; raises EventConflict."""
    source_id, event_key = readings[0].phone_id or tap.actor.account_id, str(tap.request.event_id)
    by_project = {reading.project_id: reading for reading in readings}
    taken = await find_taken_on_any(connection, by_project, source_id, tap.bucket, event_key)
    if taken is None:
        return None
    payload_digest, receipt = taken
    if payload_digest != digest(tap.request).hex():
        raise EventConflict(punch_id=str(receipt.punch_id))
    day = await _day_of(connection, by_project[receipt.project_id], receipt)
    return CheckInResult(Appended("replayed", receipt), day)


async def _day_of(connection: Connection, reading: Reading, receipt: Receipt) -> Day | None:
    on = work_on(receipt.occurred_at, reading.time_zone, reading.cutover)
    return await read_day(connection, reading.project_id, reading.person_id, on)


def _policy_of(reading: Reading) -> SitePolicy:
    return DEFAULT_POLICY if reading.policy_body is None else msgspec.convert(reading.policy_body, SitePolicy)


def choose_project(readings: list[Reading], wanted: UUID | None, at: datetime) -> Reading:
    """Return the project that the punch is for: the one named, else the only one with an assignment in force.

    Raises ProjectUnknown or ProjectAmbiguous (with the candidates).
    """
    if wanted is not None:
        if not readings:
            raise ProjectUnknown
        return readings[0]
    fitting = [one for one in readings if one.standing.in_force(work_on(at, one.time_zone, one.cutover))]
    if len(fitting) != 1:
        candidates = [{"project_id": str(one.project_id), "name": one.project_name} for one in fitting or readings]
        raise ProjectAmbiguous(candidates=candidates)
    return fitting[0]


def judge(tap: Tap, reading: Reading, day: date, policy: SitePolicy, fences: Sequence[Fence], seal: MonthKey) -> Entry:
    """Decide the tap and build its ledger entry."""
    placement, chosen = place(fences, tap.fixes, policy)
    signals = fix_signals(chosen, policy) | _signals(tap, reading, policy)
    ruling = decide_check_in(
        CheckInFacts(
            site_mode=reading.site_mode,
            project_building=reading.status == "building",
            assignment_in_force=reading.standing.in_force(day),
            # Outages are confirmed by the gates' module; until one is, the phone path of a gate site is closed.
            phone_path_open=False,
            has_fence=bool(fences),
            placement=placement,
            no_fix_reason=tap.request.no_fix_reason,
            signals=frozenset(signals),
        ),
        policy,
    )
    punch_id = new_id(tap.at)
    private = canonical_bytes({"person": reading.person_name, "fixes": tap.request.fixes})
    sealed = seal.key.seal(private, punch_id.bytes)
    reasons = tuple(reason.wire() for reason in ruling.reasons)
    return Entry(
        project_id=reading.project_id,
        punch_id=punch_id,
        received_at=tap.at,
        source="phone",
        source_id=reading.phone_id or tap.actor.account_id,
        event_key=str(tap.request.event_id),
        bucket=tap.bucket,
        person_id=reading.person_id,
        section_id=reading.standing.section_on(day),
        # On line the server's time rules; what the phone's clock says stays a claim.
        occurred_at=tap.at,
        device_time=tap.request.claimed_at.isoformat(),
        time_quality="online",
        direction=tap.request.direction or "unknown",
        direction_source="none" if tap.request.direction is None else "person",
        trust="phone" if reading.phone_id else "session",
        method="online",
        policy_version=DEFAULT_VERSION if reading.policy_version is None else reading.policy_version,
        signals=tuple(sorted(signals)),
        payload_digest=digest(tap.request).hex(),
        private_digest=sealed.commitment.hex(),
        key_id=seal.key_id,
        sealed=sealed.ciphertext.hex(),
        ruling_id=new_id(tap.at),
        outcome=ruling.outcome,
        reasons=reasons,
        receipt=Receipt(
            punch_id=punch_id,
            project_id=reading.project_id,
            received_at=tap.at,
            occurred_at=tap.at,
            outcome=ruling.outcome,
            reasons=reasons,
        ),
        **({} if placement is None else _evaluation(placement)),
    )


def _signals(tap: Tap, reading: Reading, policy: SitePolicy) -> set[Signal]:
    signals: set[Signal] = set()
    if reading.shared_phone:
        signals.add("shared_phone")
    if abs((tap.at - tap.request.claimed_at).total_seconds()) > policy.max_clock_error_s:
        signals.add("clock_off")
    return signals


def _evaluation(placement: Placement) -> dict[str, Any]:
    return {
        "fence_version_id": placement.fence_version_id,
        "covered": placement.covered,
        "signed_distance_m": placement.signed_distance_m,
        "probability": placement.probability,
        "accuracy_m": placement.accuracy_m,
        "sigma_m": placement.sigma_m,
        "chainage_m": placement.chainage_m,
        "offset_m": placement.offset_m,
    }
