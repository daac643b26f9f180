"""Follows the ledger and the gates' refusals, and writes what speaks of misuse: further facts, each once.

Passes are looked at by cursor, some seconds after they were recorded and never in their own transaction: a rule that
fails, or is slow, stops no gate. What concerns a whole day is looked at every hour until the day has ended.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

import structlog

from backend.gates.misuse import queries
from backend.gates.misuse.failing import failing_gates
from backend.gates.misuse.queries import Site
from backend.gates.misuse.rules import Journey, Pass, bursts, impossible_journeys, is_foreign_crowd
from backend.gates.misuse.signals import Signal, write_signals
from backend.kit.clock import Clock
from backend.kit.db import Database, Tx
from backend.sites.model import day_bounds, work_on

log = structlog.get_logger()

FOLLOWER: Final = "misuse"
AT_ONCE: Final = 500
"""Entries of one transaction."""
STEPS: Final = 200
"""Transactions of one run: after an outage the follower catches up in several."""


async def follow_ledger(database: Database, clock: Clock) -> int:
    """Look at all that was recorded since the last call; return how many entries that were."""
    looked = 0
    for _ in range(STEPS):
        async with database.transaction() as tx:
            step = await take_step(tx, clock.now())
        looked += step
        if step < AT_ONCE:
            break
    return looked


async def take_step(tx: Tx, now: datetime) -> int:
    """Look at the next entries in the caller's transaction; return how many there were."""
    after = await queries.lock_cursor(tx, FOLLOWER)
    entries = await queries.entries_since(tx, after, now, AT_ONCE)
    if not entries:
        return 0
    punches = [entry for entry in entries if entry.kind == "punch"]
    if punches:
        passes = await queries.passes_around(tx, punches, now)
        await write_signals(tx, _signals(passes, {entry.punch_id for entry in punches}), now)
    await queries.advance_cursor(tx, FOLLOWER, entries[-1].outbox_id)
    return len(entries)


def _signals(passes: Mapping[UUID, tuple[Pass, UUID]], new: set[UUID]) -> list[Signal]:
    """Return what the new passes say together with those around them."""
    found: list[Signal] = []
    for journey in impossible_journeys(one for one, _ in passes.values()):
        if new & {journey.first.punch_id, journey.second.punch_id}:
            found += [_journey_signal(journey, end, passes[end.punch_id][1]) for end in (journey.first, journey.second)]
    by_gate: dict[tuple[UUID, UUID], list[Pass]] = {}
    for one, _ in passes.values():
        by_gate.setdefault((one.person_id, one.device_id), []).append(one)
    for own in by_gate.values():
        for burst in bursts(one.at for one in own):
            within = [one for one in own if burst.from_at <= one.at <= burst.to_at]
            if not new & {one.punch_id for one in within}:
                continue
            first = min(within, key=lambda one: (one.at, one.punch_id))
            found.append(
                Signal(
                    project_id=passes[first.punch_id][1],
                    device_id=first.device_id,
                    person_id=first.person_id,
                    kind="card_burst",
                    # Within an hour one burst is told once, however it grows while it is looked at.
                    subject=f"{first.person_id}:{burst.from_at:%Y-%m-%dT%H}",
                    from_at=burst.from_at,
                    to_at=burst.to_at,
                    evidence={
                        "passes": burst.passes,
                        "seconds": round((burst.to_at - burst.from_at).total_seconds()),
                        "punches": [str(one.punch_id) for one in within[:50]],
                    },
                )
            )
    return found


def _journey_signal(journey: Journey, end: Pass, project_id: UUID) -> Signal:
    other = journey.second if end is journey.first else journey.first
    return Signal(
        project_id=project_id,
        device_id=end.device_id,
        person_id=end.person_id,
        kind="impossible_journey",
        subject=f"{journey.first.punch_id}:{journey.second.punch_id}",
        from_at=journey.first.at,
        to_at=journey.second.at,
        evidence={
            "distance_m": round(journey.distance_m),
            "took_s": round(journey.took_s),
            "least_s": round(journey.least_s),
            "punch_id": str(end.punch_id),
            "other_punch_id": str(other.punch_id),
            "other_gate_id": str(other.device_id),
        },
    )


async def look_at_days(database: Database, clock: Clock) -> int:
    """Look at the present and the past day of every site, and at refusals; return how many sites failed."""
    now = clock.now()
    async with database.transaction() as tx:
        found = await queries.sites(tx)
        await write_signals(tx, [*await _network_signals(tx, now), *await _identity_signals(tx, now)], now)
    failed = 0
    for site in found:
        try:
            async with database.transaction() as tx:
                await look_at_site(tx, site, now)
        except Exception:  # whatever it was, the next site does not hang on it
            failed += 1
            log.exception("gates.misuse_failed", project_id=str(site.id))
    return failed


async def look_at_site(tx: Tx, site: Site, now: datetime) -> None:
    """Look at who passed the gates of a site today and yesterday, and at its outages, in the caller's transaction."""
    await write_signals(tx, await failing_gates(tx, site, now), now)
    today = work_on(now, site.time_zone, site.cutover)
    for on in (today - timedelta(days=1), today):
        from_at, to_at = day_bounds(on, site.time_zone, site.cutover)
        signals = [
            Signal(
                project_id=site.id,
                device_id=crowd.device_id,
                person_id=None,
                kind=kind,
                subject=on.isoformat(),
                from_at=crowd.from_at,
                to_at=crowd.to_at,
                evidence={"work_on": on.isoformat(), "people": crowd.people, "foreign": crowd.foreign},
            )
            for kind, crowd in [
                *(("foreign_crowd", crowd) for crowd in await queries.crowds(tx, site.id, on, from_at, to_at)),
                *(("displaced", crowd) for crowd in await queries.displaced(tx, site.id, from_at, to_at)),
            ]
            if kind == "displaced" or is_foreign_crowd(crowd.people, crowd.foreign)
        ]
        await write_signals(tx, signals, now)


async def _network_signals(tx: Tx, now: datetime) -> list[Signal]:
    return [
        Signal(
            project_id=one.project_id,
            device_id=one.device_id,
            person_id=None,
            kind="foreign_token" if one.reason == "token" else "foreign_network",
            subject=f"{one.address}:{one.on}",
            from_at=one.first_at,
            to_at=one.last_at,
            evidence={"address": one.address, "times": one.counter, "on": one.on.isoformat()},
        )
        for one in await queries.refusals(tx, now - timedelta(days=2))
    ]


async def _identity_signals(tx: Tx, now: datetime) -> list[Signal]:
    return [
        Signal(
            project_id=project_id,
            device_id=device_id,
            person_id=None,
            kind="foreign_identity",
            subject=f"{claimed}:{at.date()}",
            from_at=at,
            to_at=at,
            evidence={"claimed": claimed},
        )
        for project_id, device_id, claimed, at in await queries.foreign_identities(tx, now - timedelta(days=2))
    ]
