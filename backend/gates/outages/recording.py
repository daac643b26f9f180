"""Writes openings and ends of outages with their facts, and keeps the paths that follow from them.

Whoever calls holds `LOCK` of the project: so there is one opening and one end, whoever finds them first.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

import msgspec

from backend.gates.outages.hours import Stretch, without
from backend.gates.outages.phone_paths import NEVER, Path
from backend.gates.outages.reading import KnownPath
from backend.kit.ids import new_id
from backend.ledger.append import Connection

LOCK = "SELECT pg_advisory_xact_lock(hashtextextended('gate_outages ' || %s::text, 0))"

# What was found under another sign of the same silence is not opened again: a sign that left no row of its own, such as
# a repeated batch, is known only until the next one.
OPEN = """
WITH opened AS (
  INSERT INTO gate_outage (project_id, id, device_id, kind, last_sign_at, from_at, recorded_at, evidence,
    declaration_id, declared_by, reason, expires_at)
  SELECT %(project_id)s, g.id, g.device_id, g.kind, g.last_sign_at, g.from_at, %(now)s, g.evidence, g.declaration_id,
    g.declared_by, g.reason, g.expires_at
  FROM json_to_recordset(%(given)s::text::json) AS g (id uuid, device_id uuid, kind text, last_sign_at timestamptz,
    back_at timestamptz, from_at timestamptz, evidence jsonb, declaration_id uuid, declared_by uuid, reason text,
    expires_at timestamptz)
  WHERE g.kind = 'declared' OR NOT EXISTS (
    SELECT FROM gate_outage o WHERE o.project_id = %(project_id)s AND o.device_id = g.device_id AND o.kind = g.kind
      AND o.last_sign_at >= g.last_sign_at AND o.last_sign_at < coalesce(g.back_at, 'infinity'))
  ORDER BY g.id
  ON CONFLICT DO NOTHING
  RETURNING id, device_id, kind, from_at, evidence, reason, expires_at
), told AS (
  INSERT INTO gate_fact (project_id, device_id, kind, subject_id, occurred_at, recorded_at, detail)
  SELECT %(project_id)s, device_id, 'outage_opened', id, from_at, %(now)s,
    evidence || jsonb_strip_nulls(jsonb_build_object('kind', kind, 'reason', reason, 'expires_at', expires_at))
  FROM opened
)
SELECT id FROM opened
"""

# The backlog is what the device told first after it came back, or what has arrived by now, whichever is more.
END = """
WITH given AS (
  SELECT g.*, o.device_id, o.kind, o.from_at, told.backlog, told.oldest_unsent_at, late.arrived, late.oldest_at
  FROM json_to_recordset(%(given)s::text::json) AS g (outage_id uuid, ended_at timestamptz, cause text, ended_by uuid,
    reason text)
  JOIN gate_outage o ON o.project_id = %(project_id)s AND o.id = g.outage_id
  LEFT JOIN LATERAL (
    SELECT backlog, oldest_unsent_at FROM gate_heartbeat h WHERE h.project_id = o.project_id
      AND h.device_id = o.device_id AND h.received_at >= g.ended_at ORDER BY h.received_at LIMIT 1) told ON true
  CROSS JOIN LATERAL (
    SELECT count(*) AS arrived, min(p.occurred_at) AS oldest_at FROM punch p WHERE p.project_id = o.project_id
      AND p.received_at >= g.ended_at AND p.source = 'gate' AND p.source_id = o.device_id
      AND p.time_quality <> 'quarantined' AND p.occurred_at >= o.from_at AND p.occurred_at < g.ended_at) late
), ended AS (
  INSERT INTO gate_outage_end (project_id, outage_id, ended_at, recorded_at, cause, backlog, oldest_event_at, ended_by,
    reason)
  SELECT %(project_id)s, outage_id, ended_at, %(now)s, cause, greatest(backlog, arrived)::integer,
    least(oldest_unsent_at, oldest_at), ended_by, reason
  FROM given ORDER BY outage_id
  ON CONFLICT DO NOTHING
  RETURNING outage_id, ended_at, cause, backlog, oldest_event_at, reason
), told AS (
  INSERT INTO gate_fact (project_id, device_id, kind, subject_id, occurred_at, recorded_at, detail)
  SELECT %(project_id)s, g.device_id, 'outage_ended', e.outage_id, e.ended_at, %(now)s, jsonb_strip_nulls(
    jsonb_build_object('kind', g.kind, 'cause', e.cause, 'backlog', e.backlog, 'oldest_event_at', e.oldest_event_at,
      'oldest_event_age_s', extract(epoch FROM e.ended_at - e.oldest_event_at)::integer,
      'lasted_s', extract(epoch FROM e.ended_at - g.from_at)::integer, 'reason', e.reason))
  FROM ended e JOIN given g USING (outage_id)
)
SELECT outage_id FROM ended
"""

LET_IN = """
WITH made AS (
  INSERT INTO phone_path (project_id, id, entrance, from_at, until_at, known_at, outage_ids, cursor_at, cursor_id)
  SELECT %(project_id)s, g.id, g.entrance, g.from_at, g.until_at, %(now)s, g.outage_ids, g.from_at, %(nobody)s
  FROM json_to_recordset(%(given)s::text::json) AS g (id uuid, entrance text, from_at timestamptz,
    until_at timestamptz, outage_ids uuid[])
  RETURNING id, entrance, from_at, outage_ids
)
INSERT INTO gate_fact (project_id, kind, subject_id, occurred_at, recorded_at, detail)
SELECT %(project_id)s, 'phones_let_in', id, from_at, %(now)s,
  jsonb_build_object('entrance', entrance, 'outage_ids', to_jsonb(outage_ids))
FROM made
"""

BOUND = """
UPDATE phone_path p SET until_at = g.until_at
FROM json_to_recordset(%(given)s::text::json) AS g (id uuid, until_at timestamptz)
WHERE p.project_id = %(project_id)s AND p.id = g.id
"""

SHUT_OUT = """
WITH shut AS (
  UPDATE phone_path SET shut_at = %(now)s
  WHERE project_id = %(project_id)s AND until_at <= %(now)s AND shut_at IS NULL
  RETURNING id, entrance, until_at
)
INSERT INTO gate_fact (project_id, kind, subject_id, occurred_at, recorded_at, detail)
SELECT %(project_id)s, 'phones_shut_out', id, until_at, %(now)s, jsonb_build_object('entrance', entrance) FROM shut
"""

TELL = """
INSERT INTO gate_fact (project_id, device_id, kind, subject_id, occurred_at, recorded_at, detail)
VALUES (%(project_id)s, %(device_id)s, %(kind)s, %(subject_id)s, %(occurred_at)s, %(now)s, %(detail)s::text::jsonb)
"""

Cause = Literal["recovered", "expired", "withdrawn", "out_of_use"]
_encoder = msgspec.json.Encoder()


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """An outage to record: found by its last sign of life, or declared by a person with reason and end."""

    id: UUID
    device_id: UUID
    kind: Literal["silent", "mute", "declared"]
    from_at: datetime
    evidence: dict[str, Any]
    last_sign_at: datetime | None = None
    back_at: datetime | None = None
    declaration_id: UUID | None = None
    declared_by: UUID | None = None
    reason: str | None = None
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """The end of an outage to record; `ended_by` and `reason` for one that a person takes back."""

    outage_id: UUID
    ended_at: datetime
    cause: Cause
    ended_by: UUID | None = None
    reason: str | None = None


async def lock_outages(connection: Connection, project_id: UUID) -> None:
    """Wait for whoever else writes outages of the project; held until the transaction ends."""
    await connection.execute(LOCK, (project_id,))


async def record_openings(
    connection: Connection, project_id: UUID, openings: Sequence[Opening], now: datetime
) -> set[UUID]:
    """Record outages that are not on record yet and return the ids of those."""
    if not openings:
        return set()
    values = {"project_id": project_id, "now": now, "given": _encoder.encode(openings).decode()}
    return {row[0] for row in await (await connection.execute(OPEN, values)).fetchall()}


async def record_endings(
    connection: Connection, project_id: UUID, endings: Sequence[Ending], now: datetime
) -> set[UUID]:
    """Record the ends of outages that have none yet, with what was missing, and return their ids."""
    if not endings:
        return set()
    values = {"project_id": project_id, "now": now, "given": _encoder.encode(endings).decode()}
    return {row[0] for row in await (await connection.execute(END, values)).fetchall()}


async def keep_paths(
    connection: Connection, project_id: UUID, wanted: Iterable[Path], known: Sequence[KnownPath], now: datetime
) -> None:
    """Record new paths, and where known ones end; those that nothing keeps open any more end now.

    What became known once stays as it was: when more of the past turns out to have been without gates, that part is a
    path of its own, so that what was held in it is ruled on anew too.
    """
    fresh: list[dict[str, Any]] = []
    bounds: dict[UUID, datetime | None] = {}
    kept: set[UUID] = set()
    for path in wanted:
        spans: list[Stretch] = []
        for one in known:
            if _is_same(one, path):
                kept.add(one.path_id)
                until_at = one.until_at
                if until_at != path.until_at and (until_at is None or until_at > now):
                    bounds[one.path_id] = until_at = path.until_at
                spans.append(Stretch(one.from_at, until_at or NEVER))
        fresh += [
            {
                "id": new_id(now),
                "entrance": path.entrance,
                "from_at": part.begin,
                "until_at": None if part.end == NEVER else part.end,
                "outage_ids": [str(one) for one in path.outage_ids],
            }
            for part in without([Stretch(path.from_at, path.until_at or NEVER)], spans)
        ]
    for one in known:
        if one.path_id not in kept and (one.until_at is None or one.until_at > now):
            bounds[one.path_id] = max(now, one.from_at)
    if fresh:
        given = {"project_id": project_id, "now": now, "nobody": UUID(int=0), "given": _list(fresh)}
        await connection.execute(LET_IN, given)
    if bounds:
        given = [{"id": path_id, "until_at": until_at} for path_id, until_at in bounds.items()]
        await connection.execute(BOUND, {"project_id": project_id, "given": _encoder.encode(given).decode()})
    if known or fresh:
        await connection.execute(SHUT_OUT, {"project_id": project_id, "now": now})


async def tell_fact(
    connection: Connection,
    project_id: UUID,
    kind: str,
    subject_id: UUID,
    *,
    device_id: UUID | None,
    occurred_at: datetime,
    now: datetime,
    detail: dict[str, Any],
) -> None:
    """Record that something happened, for those who follow."""
    values = {
        "project_id": project_id,
        "device_id": device_id,
        "kind": kind,
        "subject_id": subject_id,
        "occurred_at": occurred_at,
        "now": now,
        "detail": _encoder.encode(detail).decode(),
    }
    await connection.execute(TELL, values)


def _is_same(known: KnownPath, path: Path) -> bool:
    if known.entrance != path.entrance:
        return False
    begins_before_end = known.until_at is None or path.from_at < known.until_at
    return begins_before_end and (path.until_at is None or known.from_at < path.until_at)


def _list(rows: list[dict[str, Any]]) -> str:
    # A JSON array is no uuid[]: PostgreSQL reads its own spelling of one.
    return _encoder.encode([row | {"outage_ids": "{" + ",".join(row["outage_ids"]) + "}"} for row in rows]).decode()
