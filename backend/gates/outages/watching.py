"""Watches the gates of a site: finds outages, their ends and clocks that are off, and records each once.

A look reads what was heard since the last one and judges the gaps, so that it finds the same after having been away for
hours as it would have found every minute.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from uuid import UUID

import structlog

from backend.gates.outages import reading
from backend.gates.outages.clock_faults import judge_clock, typical_skew_s
from backend.gates.outages.hours import Stretch, expected_stretches
from backend.gates.outages.muteness import USUAL_DAYS, Crowd, find_muteness, is_expected
from backend.gates.outages.phone_paths import InUse, find_paths
from backend.gates.outages.reading import OpenOutage, WatchedGate, WatchedSite
from backend.gates.outages.recording import (
    Ending,
    Opening,
    keep_paths,
    lock_outages,
    record_endings,
    record_openings,
    tell_fact,
)
from backend.gates.outages.silence import Silence, judge_gaps, silence_limit
from backend.kit.clock import Clock
from backend.kit.db import Database
from backend.kit.ids import new_id
from backend.ledger.append import Connection
from backend.sites.model import zone_of

log = structlog.get_logger()

LONGEST_LOOK = timedelta(days=62)

# A look takes some milliseconds, most of them for months of punches, and thousands of sites may be down at once: one
# statement says where there is something to see. That is where a gate fell silent since the last look, where one that
# was silent was heard again or one that was mute passed somebody, where something has run out or a gate was taken out
# of use, and where the last look is long ago.
WATCHED = """
SELECT d.project_id FROM gate_device d
JOIN gate_state s ON s.project_id = d.project_id AND s.device_id = d.id
LEFT JOIN gate_watch w ON w.project_id = d.project_id AND w.device_id = d.id
CROSS JOIN LATERAL (SELECT make_interval(secs => greatest(120, 3 * d.heartbeat_interval_s)) AS silence) allowed
WHERE d.state = 'active' AND (w.looked_at IS NULL OR w.looked_at < %(long_ago)s
  OR (s.last_seen_at + silence < %(now)s AND s.last_seen_at + silence >= w.looked_at))
UNION
SELECT o.project_id FROM gate_outage o
JOIN gate_device d ON d.project_id = o.project_id AND d.id = o.device_id
LEFT JOIN gate_state s ON s.project_id = o.project_id AND s.device_id = o.device_id
WHERE NOT EXISTS (SELECT FROM gate_outage_end e WHERE e.project_id = o.project_id AND e.outage_id = o.id)
  AND (d.state <> 'active' OR o.expires_at <= %(now)s OR CASE o.kind
    WHEN 'silent' THEN date_trunc('second', s.last_seen_at) > o.last_sign_at
    WHEN 'mute' THEN s.last_event_at > o.last_sign_at ELSE false END)
UNION
SELECT p.project_id FROM phone_path p WHERE p.shut_at IS NULL AND p.until_at <= %(now)s
ORDER BY project_id
"""
SELDOM = timedelta(minutes=5)
"""How often a site is looked at where nothing has changed."""

REMEMBER = """
INSERT INTO gate_watch (project_id, device_id, sign_at, pass_at, clock_off, looked_at) VALUES (%s, %s, %s, %s, %s, %s)
ON CONFLICT (project_id, device_id) DO UPDATE SET sign_at = excluded.sign_at, pass_at = excluded.pass_at,
  clock_off = excluded.clock_off, looked_at = excluded.looked_at
"""


FORGET_SIGNS = "DELETE FROM gate_sign WHERE at < %s"
KEPT = timedelta(days=3)
"""How long signs of life are kept that leave no other trace: no look is as late."""


async def watch_gates(database: Database, clock: Clock) -> int:
    """Look at every site where that is due, each in its own transaction; returns how many were looked at.

    One that fails is told in the log and does not hold up the others; the next look sees what it missed.
    """
    async with database.connection() as connection:
        now = clock.now()
        await connection.execute(FORGET_SIGNS, (now - KEPT,))
        due = await connection.execute(WATCHED, {"now": now, "long_ago": now - SELDOM})
        projects = [row[0] for row in await due.fetchall()]
    looked = 0
    for project_id in projects:
        try:
            await watch_site(database, project_id, clock.now())
            looked += 1
        except Exception:  # whatever it was, the next site does not hang on it
            log.exception("gates.watch_failed", project_id=str(project_id))
    return looked


async def watch_site(database: Database, project_id: UUID, now: datetime) -> None:
    """Look at the gates of a project as of `now` and record what changed; raises DatabaseAway or Contended."""
    async with database.connection() as connection, connection.transaction():
        await lock_outages(connection, project_id)
        await look(connection, project_id, now)


async def look(connection: Connection, project_id: UUID, now: datetime) -> None:
    """Look in the caller's transaction, which holds the lock of the project's outages."""
    site = await reading.read_site(connection, project_id, now)
    mute_s = site.policy.mute_after_s
    gates = await reading.read_gates(connection, project_id, now, mute_s=mute_s)
    openings: list[Opening] = []
    for gate in gates:
        openings += await _openings(connection, project_id, site, gate, now)
    opened = await record_openings(connection, project_id, openings, now)
    standing = await reading.read_open_outages(connection, project_id, now)
    ended = await record_endings(connection, project_id, _endings(standing, now), now)
    known = await reading.read_paths(connection, project_id, now)
    if site.site_mode == "gate" or known:
        in_use = [InUse(gate.device_id, gate.entrance, gate.paired_at or gate.signs.begin_at) for gate in gates]
        down = await reading.read_down(connection, project_id, now) if site.site_mode == "gate" else []
        if down:
            in_use += await reading.read_former(connection, project_id, now)
        recent = now - reading.REMEMBERED
        wanted = [one for one in find_paths(in_use, down) if one.until_at is None or one.until_at > recent]
        await keep_paths(connection, project_id, wanted, known, now)
    for gate in gates:
        await _note_clock(connection, project_id, gate, now)
    if opened or ended:
        log.info("gates.outages", project_id=str(project_id), opened=len(opened), ended=len(ended))


async def _openings(
    connection: Connection, project_id: UUID, site: WatchedSite, gate: WatchedGate, now: datetime
) -> list[Opening]:
    since = min(gate.signs.begin_at, gate.passes.begin_at)
    # A gate that was forgotten in a drawer has been silent since it was last heard of, whatever the hours are by now.
    expected = expected_stretches(site.policy, site.time_zone, max(since, now - LONGEST_LOOK), now)
    limit = silence_limit(gate.interval_s)
    silences = judge_gaps(gate.signs.gaps, gate.signs.last_at, now, limit, expected)
    openings = [
        _opening("silent", gate, silence, now, {"interval_s": gate.interval_s, "limit_s": int(limit.total_seconds())})
        for silence in silences
    ]
    if gate.backlog:
        return openings
    mute_limit = timedelta(seconds=site.policy.mute_after_s)
    silent = [Stretch(*span) for span in gate.silent] + [Stretch(one.from_at, one.until_at or now) for one in silences]
    for mute in find_muteness(gate.passes.gaps, gate.passes.last_at, silent, now, mute_limit, expected):
        crowd = await _crowd(connection, project_id, site, gate, mute)
        if is_expected(crowd):
            evidence = {
                "limit_s": site.policy.mute_after_s,
                "people_assigned": crowd.people,
                "days_with_passes_of_last_seven": crowd.usual_days,
            }
            openings.append(_opening("mute", gate, mute, now, evidence))
    return openings


def _opening(kind: str, gate: WatchedGate, silence: Silence, now: datetime, evidence: Mapping[str, int]) -> Opening:
    return Opening(
        id=new_id(now),
        device_id=gate.device_id,
        kind="silent" if kind == "silent" else "mute",
        from_at=silence.from_at,
        last_sign_at=silence.last_sign_at,
        back_at=silence.until_at,
        evidence={
            **evidence,
            "last_sign_at": silence.last_sign_at.isoformat(),
            "certain_at": silence.certain_at.isoformat(),
        },
    )


async def _crowd(
    connection: Connection, project_id: UUID, site: WatchedSite, gate: WatchedGate, mute: Silence
) -> Crowd:
    people, usual_days = await reading.read_crowd(
        connection,
        project_id,
        gate.device_id,
        on=mute.from_at.astimezone(zone_of(site.time_zone)).date(),
        hours=(mute.from_at, mute.certain_at),
        days=USUAL_DAYS,
    )
    return Crowd(people=people, usual_days=usual_days, ever_passed=gate.ever_passed)


def _endings(standing: Iterable[OpenOutage], now: datetime) -> list[Ending]:
    endings: list[Ending] = []
    for one in standing:
        if one.back_at is not None:
            endings.append(Ending(outage_id=one.outage_id, ended_at=one.back_at, cause="recovered"))
        elif one.expires_at is not None and one.expires_at <= now:
            endings.append(Ending(outage_id=one.outage_id, ended_at=one.expires_at, cause="expired"))
        elif one.device_state != "active":
            endings.append(Ending(outage_id=one.outage_id, ended_at=max(now, one.from_at), cause="out_of_use"))
    return endings


async def _note_clock(connection: Connection, project_id: UUID, gate: WatchedGate, now: datetime) -> None:
    """Tell once that a clock went off or became right, and remember how far the look has come."""
    change = judge_clock(gate.skews, was_off=gate.clock_off)
    if change is not None:
        detail = {"median_skew_s": typical_skew_s(gate.skews), "events": len(gate.skews)}
        await tell_fact(
            connection,
            project_id,
            f"clock_{change}",
            gate.device_id,
            device_id=gate.device_id,
            occurred_at=now,
            now=now,
            detail=detail,
        )
    clock_off = gate.clock_off if change is None else change == "off"
    await connection.execute(
        REMEMBER, (project_id, gate.device_id, gate.signs.last_at, gate.passes.last_at, clock_off, now)
    )
