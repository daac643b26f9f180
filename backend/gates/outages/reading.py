"""Reads what the watch over a project's gates decides by: signs of life and passes as gaps, open outages, paths."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec

from backend.decision.policy import DEFAULT_POLICY, SitePolicy
from backend.gates.outages.phone_paths import Down, InUse
from backend.ledger.append import Connection

FIRST_LOOK = timedelta(days=1)
"""How far back the first look at a gate goes."""
REMEMBERED = timedelta(days=2)
"""Outages that ended so long ago can no longer make a path."""

SITE = """
SELECT p.time_zone, p.cutover, p.site_mode, (SELECT s.body FROM site_policy s
  WHERE s.project_id = p.id AND s.valid_from <= %(now)s ORDER BY s.version DESC LIMIT 1)
FROM project p WHERE p.id = %(project_id)s
"""

# Signs of life are heartbeats, events, terminals' polls and whatever else was heard last, to the second.
# Only gaps come back: hours of calling every ten seconds make one row. LAG's default is where the last look ended.
GATES = """
SELECT g.id, g.entrance, g.heartbeat_interval_s, g.paired_at, g.backlog, g.ever_passed, g.skews, g.clock_off,
  seen.begin_at, seen.last_at, seen.gaps, passed.begin_at, passed.last_at, passed.gaps,
  (SELECT coalesce(json_agg(json_build_array(o.from_at, coalesce(e.ended_at, %(now)s))), '[]')::text
   FROM gate_outage o LEFT JOIN gate_outage_end e ON e.project_id = o.project_id AND e.outage_id = o.id
   WHERE o.project_id = g.project_id AND o.device_id = g.id AND o.kind = 'silent'
     AND (e.ended_at IS NULL OR e.ended_at > coalesce(g.pass_at, g.sign_at)))
FROM (
  SELECT d.project_id, d.id, d.entrance, d.heartbeat_interval_s, d.paired_at, s.backlog,
    s.last_event_at IS NOT NULL AS ever_passed, s.recent_skews_s AS skews, coalesce(w.clock_off, false) AS clock_off,
    date_trunc('second', s.last_seen_at) AS last_seen_at,
    coalesce(w.sign_at, (SELECT min(h.received_at) FROM gate_heartbeat h WHERE h.project_id = d.project_id
        AND h.device_id = d.id AND h.received_at >= %(first)s), date_trunc('second', s.last_seen_at)) AS sign_at,
    w.pass_at
  FROM gate_device d
  JOIN gate_state s ON s.project_id = d.project_id AND s.device_id = d.id
  LEFT JOIN gate_watch w ON w.project_id = d.project_id AND w.device_id = d.id
  WHERE d.project_id = %(project_id)s AND d.state = 'active'
) g
CROSS JOIN LATERAL (
  SELECT g.sign_at AS begin_at, greatest(max(at), g.sign_at) AS last_at,
    coalesce(json_agg(json_build_array(before, at) ORDER BY at)
      FILTER (WHERE at - before > interval '120 seconds'), '[]')::text AS gaps
  FROM (
    SELECT at, lag(at, 1, g.sign_at) OVER (ORDER BY at) AS before FROM (
      SELECT h.received_at FROM gate_heartbeat h WHERE h.project_id = g.project_id AND h.device_id = g.id
        AND h.received_at > g.sign_at AND h.received_at <= %(now)s
      UNION ALL
      SELECT t.at FROM gate_sign t WHERE t.project_id = g.project_id AND t.device_id = g.id
        AND t.at > g.sign_at AND t.at <= %(now)s
      UNION ALL
      SELECT date_trunc('second', p.received_at) FROM punch p WHERE p.project_id = g.project_id
        AND p.received_at >= g.sign_at + interval '1 second' AND p.received_at <= %(now)s
        AND p.source = 'gate' AND p.source_id = g.id
      UNION ALL
      SELECT g.last_seen_at WHERE g.last_seen_at > g.sign_at
    ) sign (at)
  ) one
) seen
CROSS JOIN LATERAL (
  SELECT coalesce(g.pass_at, g.sign_at) AS begin_at, greatest(max(at), coalesce(g.pass_at, g.sign_at)) AS last_at,
    coalesce(json_agg(json_build_array(before, at) ORDER BY at)
      FILTER (WHERE at - before > make_interval(secs => %(mute_s)s)), '[]')::text AS gaps
  FROM (
    SELECT at, lag(at, 1, coalesce(g.pass_at, g.sign_at)) OVER (ORDER BY at) AS before FROM (
      SELECT date_trunc('second', p.received_at) FROM punch p WHERE p.project_id = g.project_id
        AND p.received_at >= coalesce(g.pass_at, g.sign_at) + interval '1 second' AND p.received_at <= %(now)s
        AND p.source = 'gate' AND p.source_id = g.id AND p.granted IS DISTINCT FROM false
    ) pass (at)
  ) one
) passed
ORDER BY g.id
"""

# The end of a silence is the next sign of life, that of muteness the next pass; the instants are whole seconds.
OPEN_OUTAGES = """
SELECT o.id, o.device_id, o.kind, o.from_at, o.expires_at, d.state,
  CASE o.kind
    WHEN 'silent' THEN coalesce(
      least(
        (SELECT min(h.received_at) FROM gate_heartbeat h WHERE h.project_id = o.project_id
          AND h.device_id = o.device_id AND h.received_at > o.last_sign_at),
        (SELECT min(t.at) FROM gate_sign t WHERE t.project_id = o.project_id
          AND t.device_id = o.device_id AND t.at > o.last_sign_at),
        (SELECT date_trunc('second', min(p.received_at)) FROM punch p WHERE p.project_id = o.project_id
          AND p.received_at >= o.last_sign_at + interval '1 second' AND p.received_at <= %(now)s
          AND p.source = 'gate' AND p.source_id = o.device_id)),
      (SELECT date_trunc('second', s.last_seen_at) FROM gate_state s WHERE s.project_id = o.project_id
        AND s.device_id = o.device_id AND s.last_seen_at >= o.last_sign_at + interval '1 second'))
    WHEN 'mute' THEN (SELECT date_trunc('second', min(p.received_at)) FROM punch p WHERE p.project_id = o.project_id
      AND p.received_at >= o.last_sign_at + interval '1 second' AND p.received_at <= %(now)s
      AND p.source = 'gate' AND p.source_id = o.device_id AND p.granted IS DISTINCT FROM false)
  END
FROM gate_outage o
JOIN gate_device d ON d.project_id = o.project_id AND d.id = o.device_id
WHERE o.project_id = %(project_id)s AND NOT EXISTS (
  SELECT FROM gate_outage_end e WHERE e.project_id = o.project_id AND e.outage_id = o.id)
ORDER BY o.id
"""

DOWN = """
SELECT o.id, o.device_id, o.from_at, coalesce(e.ended_at, o.expires_at)
FROM gate_outage o LEFT JOIN gate_outage_end e ON e.project_id = o.project_id AND e.outage_id = o.id
WHERE o.project_id = %(project_id)s
  AND (e.outage_id IS NULL OR greatest(e.ended_at, e.recorded_at) >= %(since)s)
ORDER BY o.id
"""

FORMER = """
SELECT d.id, d.entrance, coalesce(d.paired_at, s.last_seen_at), s.last_seen_at
FROM gate_device d JOIN gate_state s ON s.project_id = d.project_id AND s.device_id = d.id
WHERE d.project_id = %(project_id)s AND d.state <> 'active' AND s.last_seen_at >= %(since)s
"""

PATHS = """
SELECT id, entrance, from_at, until_at FROM phone_path
WHERE project_id = %(project_id)s AND (until_at IS NULL OR until_at >= %(since)s OR known_at >= %(since)s)
ORDER BY from_at
"""

# Days of the same hours on which somebody passed; each day is one look into the punches of those hours.
CROWD = """
SELECT (SELECT count(*) FROM assignment a WHERE a.project_id = %(project_id)s AND a.from_on <= %(on)s
    AND (a.exit_confirmed_at IS NULL OR a.to_on IS NULL OR a.to_on >= %(on)s)),
  (SELECT count(*) FROM generate_series(1, %(days)s) AS ago WHERE EXISTS (
    SELECT FROM punch p WHERE p.project_id = %(project_id)s
      AND p.received_at >= %(from_at)s - make_interval(days => ago)
      AND p.received_at < %(to_at)s - make_interval(days => ago)
      AND p.source = 'gate' AND p.source_id = %(device_id)s AND p.granted IS DISTINCT FROM false))
"""

Gaps = list[tuple[datetime, datetime]]
_gaps = msgspec.json.Decoder(Gaps)


@dataclass(frozen=True, slots=True)
class Signs:
    """Signs of one kind since the last look: where it began, the last one, long gaps."""

    begin_at: datetime
    last_at: datetime
    gaps: Gaps


@dataclass(frozen=True, slots=True)
class WatchedGate:
    """A gate in use, with all that was heard of it since the last look; `silent` are spans of its recorded silences."""

    device_id: UUID
    entrance: str
    interval_s: int
    paired_at: datetime | None
    backlog: int
    ever_passed: bool
    skews: Sequence[float]
    clock_off: bool
    signs: Signs
    passes: Signs
    silent: Gaps


@dataclass(frozen=True, slots=True)
class OpenOutage:
    """An outage without an end; `back_at` is when the gate was heard of, or passed somebody, again."""

    outage_id: UUID
    device_id: UUID
    kind: str
    from_at: datetime
    expires_at: datetime | None
    device_state: str
    back_at: datetime | None


@dataclass(frozen=True, slots=True)
class KnownPath:
    """A path as it is recorded."""

    path_id: UUID
    entrance: str
    from_at: datetime
    until_at: datetime | None


@dataclass(frozen=True, slots=True)
class WatchedSite:
    """What the watch needs to know of a site."""

    time_zone: str
    site_mode: str
    policy: SitePolicy


async def read_site(connection: Connection, project_id: UUID, now: datetime) -> WatchedSite:
    """Return a project's zone, mode and policy."""
    row = await (await connection.execute(SITE, {"project_id": project_id, "now": now})).fetchone()
    if row is None:
        msg = f"no project {project_id}"
        raise LookupError(msg)
    policy = DEFAULT_POLICY if row[3] is None else msgspec.convert(row[3], SitePolicy)
    return WatchedSite(row[0], row[2], policy)


async def read_gates(connection: Connection, project_id: UUID, now: datetime, *, mute_s: int) -> list[WatchedGate]:
    """Return the gates in use: active, and heard of at least once."""
    values = {
        "project_id": project_id,
        "now": now,
        "first": now - FIRST_LOOK,
        "mute_s": mute_s,
    }
    return [_gate(row) for row in await (await connection.execute(GATES, values)).fetchall()]


def _gate(row: Sequence[Any]) -> WatchedGate:
    device_id, entrance, interval_s, paired_at, backlog, ever_passed, skews, clock_off = row[:8]
    signs, passes = _signs(*row[8:11]), _signs(*row[11:14])
    return WatchedGate(
        device_id,
        entrance,
        interval_s,
        paired_at,
        backlog or 0,
        ever_passed,
        skews or (),
        clock_off,
        signs,
        passes,
        _gaps.decode(row[14]),
    )


def _signs(begin_at: datetime, last_at: datetime, gaps: str) -> Signs:
    return Signs(begin_at, last_at, _gaps.decode(gaps))


async def read_open_outages(connection: Connection, project_id: UUID, now: datetime) -> list[OpenOutage]:
    """Return the outages that have not ended."""
    found = await connection.execute(OPEN_OUTAGES, {"project_id": project_id, "now": now})
    return [OpenOutage(*row) for row in await found.fetchall()]


async def read_down(connection: Connection, project_id: UUID, now: datetime) -> list[Down]:
    """Return the outages that are open or ended lately."""
    found = await connection.execute(DOWN, {"project_id": project_id, "since": now - REMEMBERED})
    return [Down(*row) for row in await found.fetchall()]


async def read_former(connection: Connection, project_id: UUID, now: datetime) -> list[InUse]:
    """Return the gates that are not active any more but were heard of lately."""
    found = await connection.execute(FORMER, {"project_id": project_id, "since": now - REMEMBERED})
    return [InUse(*row) for row in await found.fetchall()]


async def read_paths(connection: Connection, project_id: UUID, now: datetime) -> list[KnownPath]:
    """Return the paths that are open or became known or ended lately."""
    found = await connection.execute(PATHS, {"project_id": project_id, "since": now - REMEMBERED})
    return [KnownPath(*row) for row in await found.fetchall()]


async def read_crowd(
    connection: Connection,
    project_id: UUID,
    device_id: UUID,
    *,
    on: date,
    hours: tuple[datetime, datetime],
    days: int,
) -> tuple[int, int]:
    """Return how many are assigned on a local day, and on how many of the days before somebody passed in the hours."""
    values = {
        "project_id": project_id,
        "device_id": device_id,
        "on": on,
        "from_at": hours[0],
        "to_at": hours[1],
        "days": days,
    }
    row = await (await connection.execute(CROWD, values)).fetchone()
    if row is None:
        msg = "an aggregate returns its row"
        raise RuntimeError(msg)
    return row[0], row[1]
